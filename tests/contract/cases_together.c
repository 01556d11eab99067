/* Threads and processes that get into each other's way: nothing is lost, nothing happens twice, no
 * write skew. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "store_race.h"

#define ROUNDS 20
#define ACCOUNTS 4
#define TRANSFERS 60
#define START 1000

/* Two threads begin their commits at one barrier. */
typedef struct Rival {
    Store *store;
    pthread_barrier_t *barrier;
    const char *changes;
    const char *requires;
    int64_t n;
    uint64_t version;
    bool is_insert;
    Error result;
} Rival;

static void *rival_run(void *context)
{
    Rival *rival = context;
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    StoreBatch *batch = store_batch_in(arena);
    DocBody body = contract_body(arena, rival->n);
    if (rival->is_insert) {
        store_batch_insert(batch, STORE_META, str_from(rival->changes), body);
    } else {
        store_batch_replace(batch, STORE_META, str_from(rival->changes), rival->version, body);
    }
    if (rival->requires != NULL) {
        store_batch_require(batch, STORE_META, str_from(rival->requires), rival->version);
    }
    (void)pthread_barrier_wait(rival->barrier); /* either return value means that all have come */
    rival->result = store_commit(rival->store, batch, contract_deadline(), NULL);
    return NULL;
}

/* How many of two rivals won; the others must have been told why not. */
static int rivals_run(Contract *contract, Rival *rivals, ErrorReason refusal)
{
    pthread_barrier_t barrier;
    pthread_t threads[2];
    int wins = 0;
    if (pthread_barrier_init(&barrier, NULL, 2) != 0) {
        abort();
    }
    for (int i = 0; i < 2; i++) {
        rivals[i].store = contract->store;
        rivals[i].barrier = &barrier;
        if (pthread_create(&threads[i], NULL, rival_run, &rivals[i]) != 0) {
            abort();
        }
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL); /* both exist */
        wins += !FAILED(rivals[i].result);
        if (FAILED(rivals[i].result) && rivals[i].result.reason != refusal) {
            contract_result(contract, "unexpected", rivals[i].result);
        }
    }
    (void)pthread_barrier_destroy(&barrier); /* nobody waits */
    return wins;
}

/* Each changes one document and relies on the other one: both at once would be write skew. */
static void write_skew(Contract *contract)
{
    int both = 0;
    char keys[2][32];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) {
            (void)snprintf(keys[i], sizeof keys[i], "r%d.%d", round, i);
            contract_insert(contract, STORE_META, keys[i], contract_body(contract->arena, 0));
        }
        Rival rivals[2] = {{.changes = keys[0], .requires = keys[1], .n = 1, .version = 1},
                           {.changes = keys[1], .requires = keys[0], .n = 1, .version = 1}};
        both += rivals_run(contract, rivals, REASON_STORE_CONFLICT) == 2;
        int64_t sum = contract_number(contract->store, STORE_META, keys[0]) +
                      contract_number(contract->store, STORE_META, keys[1]);
        both += sum == 2;
    }
    contract_check(contract, both == 0, "never both");
}

static void same_insert(Contract *contract)
{
    int ones = 0;
    char key[32];
    for (int round = 0; round < ROUNDS; round++) {
        (void)snprintf(key, sizeof key, "i%d", round);
        Rival rivals[2] = {{.changes = key, .n = 1, .is_insert = true},
                           {.changes = key, .n = 2, .is_insert = true}};
        int wins = rivals_run(contract, rivals, REASON_STORE_EXISTS);
        int64_t winner = FAILED(rivals[0].result) ? 2 : 1;
        ones += wins == 1 && contract_number(contract->store, STORE_META, key) == winner;
    }
    contract_check(contract, ones == ROUNDS, "always one, and its value");
}

static void same_replace(Contract *contract)
{
    int ones = 0;
    contract_insert(contract, STORE_META, "doc", contract_body(contract->arena, 0));
    for (int round = 0; round < ROUNDS; round++) {
        Rival rivals[2] = {{.changes = "doc", .n = 1, .version = (uint64_t)round + 1},
                           {.changes = "doc", .n = 2, .version = (uint64_t)round + 1}};
        ones += rivals_run(contract, rivals, REASON_STORE_CONFLICT) == 1;
    }
    contract_check(contract, ones == ROUNDS, "always one");
}

typedef struct Mover {
    Store *store;
    uint64_t seed;
    int done;
} Mover;

static void account_key(char key[32], uint64_t account)
{
    (void)snprintf(key, 32, "account%d", (int)account);
}

/* Moves 1 from one account to another, as often as it takes. */
static void move_one(Mover *mover, uint64_t from, uint64_t to)
{
    char keys[2][32];
    account_key(keys[0], from);
    account_key(keys[1], to);
    for (;;) {
        CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
        StoreSnapshot *view = NULL;
        StoreBatch *batch = store_batch_in(arena);
        MUST(store_snapshot_open(mover->store, contract_deadline(), &view));
        for (int i = 0; i < 2; i++) {
            StoreDoc doc;
            int64_t n = 0;
            MUST(store_get(view, arena, STORE_META, str_from(keys[i]), &doc));
            MUST(doc_get_int(doc.body, "n", &n));
            store_batch_replace(batch, STORE_META, str_from(keys[i]), doc.version,
                                contract_body(arena, n + (i == 0 ? -1 : 1)));
        }
        (void)store_snapshot_close(view);
        Error error = store_commit(mover->store, batch, contract_deadline(), NULL);
        if (!FAILED(error)) {
            return;
        }
        if (error.reason != REASON_STORE_CONFLICT) {
            contract_must(error, "transfer");
        }
    }
}

static void *mover_run(void *context)
{
    Mover *mover = context;
    for (int i = 0; i < TRANSFERS; i++) {
        mover->seed = mover->seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t from = mover->seed >> 33;
        move_one(mover, from % ACCOUNTS, (from + 1 + (from >> 8) % (ACCOUNTS - 1)) % ACCOUNTS);
        mover->done++;
    }
    return NULL;
}

static void transfers(Contract *contract)
{
    char key[32];
    int64_t sum = 0;
    Mover movers[2] = {{contract->store, 1, 0}, {contract->store, 2, 0}};
    pthread_t threads[2];
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        account_key(key, i);
        contract_insert(contract, STORE_META, key, contract_body(contract->arena, START));
    }
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, mover_run, &movers[i]) != 0) {
            abort();
        }
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL); /* both exist */
    }
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        account_key(key, i);
        sum += contract_number(contract->store, STORE_META, key);
    }
    contract_say(contract, "transfers: %d\n", movers[0].done + movers[1].done);
    contract_say(contract, "sum: %d\n", (int)sum);
}

/* Two processes raise one counter by reading, replacing and trying again. */
static void two_processes(Contract *contract)
{
    bool is_sqlite = strcmp(contract->kind, "sqlite") == 0;
    int each = is_sqlite ? 500 : 60; /* the MongoDB of the tests is slow */
    contract_insert(contract, STORE_META, "counter", contract_body(contract->arena, 0));
    RaceProcess processes[2];
    for (int i = 0; i < 2; i++) {
        processes[i] =
            race_start(contract->kind, contract_location(contract->kind, contract->name), each);
    }
    for (int i = 0; i < 2; i++) {
        long told = race_told(processes[i], -1);
        contract_check(contract, race_wait(processes[i]) == 0 && told == each,
                       "worker did its part");
        race_done(processes[i]);
    }
    int64_t n = contract_number(contract->store, STORE_META, "counter");
    contract_check(contract, n == 2 * each, "none lost, none twice");
}

const ContractCase CASES_TOGETHER[] = {
    {"write skew", write_skew},
    {"the same insert twice", same_insert},
    {"the same replace twice", same_replace},
    {"transfers keep the sum", transfers},
    {"two processes", two_processes},
    {NULL, NULL},
};
