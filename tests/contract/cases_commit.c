/* What one commit does: each operation against each state of its document, conflicts with their
 * index, all or nothing. */
#include "contract.h"

/* The states a document can be in when an operation meets it. */
static const char *const STATES[] = {"absent", "at-1", "at-2"};

static void state_make(Contract *contract, const char *key, int state)
{
    if (state == 0) {
        return;
    }
    contract_insert(contract, STORE_META, key, contract_body(contract->arena, 1));
    if (state == 2) {
        StoreBatch *batch = contract_batch(contract);
        store_batch_replace(batch, STORE_META, str_from(key), 1, contract_body(contract->arena, 2));
        MUST(store_commit(contract->store, batch, contract_deadline(), NULL));
    }
}

static const char *const OPERATIONS[] = {"insert",   "replace-1", "replace-2", "delete-1",
                                         "delete-2", "require-1", "require-2", "require-absent"};
#define OPERATION_COUNT (sizeof OPERATIONS / sizeof OPERATIONS[0])

static void operation_add(Contract *contract, StoreBatch *batch, size_t operation, const char *key)
{
    Str name = str_from(key);
    DocBody body = contract_body(contract->arena, 100 + (int64_t)operation);
    switch (operation) {
    case 0:
        store_batch_insert(batch, STORE_META, name, body);
        break;
    case 1:
    case 2:
        store_batch_replace(batch, STORE_META, name, operation, body);
        break;
    case 3:
    case 4:
        store_batch_delete(batch, STORE_META, name, operation - 2);
        break;
    case 5:
    case 6:
        store_batch_require(batch, STORE_META, name, operation - 4);
        break;
    default:
        store_batch_require_absent(batch, STORE_META, name);
        break;
    }
}

/* A document that was made anew is not taken for the one before. */
static void made_anew(Contract *contract)
{
    Str key = STR("anew");
    DocBody body = contract_body(contract->arena, 1);
    StoreBatch *batch = contract_batch(contract);
    store_batch_insert_as(batch, STORE_META, key, 7, body);
    MUST(store_commit(contract->store, batch, contract_deadline(), NULL));
    contract_check(contract,
                   contract_get(contract->store, contract->arena, STORE_META, "anew").version == 7,
                   "the version asked for");
    batch = contract_batch(contract);
    store_batch_delete(batch, STORE_META, key, 7);
    MUST(store_commit(contract->store, batch, contract_deadline(), NULL));
    batch = contract_batch(contract);
    store_batch_insert_as(batch, STORE_META, key, 9, body);
    MUST(store_commit(contract->store, batch, contract_deadline(), NULL));
    batch = contract_batch(contract);
    store_batch_replace(batch, STORE_META, key, 7, body);
    Error error = store_commit(contract->store, batch, contract_deadline(), NULL);
    contract_check(contract, error.reason == REASON_STORE_CONFLICT, "who holds the older one");
    batch = contract_batch(contract);
    store_batch_replace(batch, STORE_META, key, 9, body);
    MUST(store_commit(contract->store, batch, contract_deadline(), NULL));
    batch = contract_batch(contract);
    store_batch_insert_as(batch, STORE_META, STR("bad"), 0, body);
    error = store_commit(contract->store, batch, contract_deadline(), NULL);
    contract_check(contract, error.reason == REASON_STORE_MISUSE, "no version");
}

static void one_operation(Contract *contract)
{
    char key[64];
    char what[64];
    for (size_t operation = 0; operation < OPERATION_COUNT; operation++) {
        for (int state = 0; state < 3; state++) {
            (void)snprintf(key, sizeof key, "%s.%s", OPERATIONS[operation], STATES[state]);
            (void)snprintf(what, sizeof what, "%s on %s", OPERATIONS[operation], STATES[state]);
            state_make(contract, key, state);
            StoreBatch *batch = contract_batch(contract);
            operation_add(contract, batch, operation, key);
            contract_commit(contract, what, batch);
            StoreDoc doc = contract_get(contract->store, contract->arena, STORE_META, key);
            contract_doc(contract, &doc);
        }
    }
}

/* Each pair of operations on two documents in each pair of states: what is refused, and that the
 * other one of the pair left no trace. */
static void two_operations(Contract *contract)
{
    char keys[2][32];
    char what[96];
    for (size_t pair = 0; pair < OPERATION_COUNT * OPERATION_COUNT; pair++) {
        size_t first = pair / OPERATION_COUNT;
        size_t second = pair % OPERATION_COUNT;
        int states[2] = {(int)(pair % 3), (int)(pair / 3 % 3)};
        StoreBatch *batch = contract_batch(contract);
        for (int i = 0; i < 2; i++) {
            (void)snprintf(keys[i], sizeof keys[i], "p%zu.%d", pair, i);
            state_make(contract, keys[i], states[i]);
            operation_add(contract, batch, i == 0 ? first : second, keys[i]);
        }
        (void)snprintf(what, sizeof what, "%s on %s, %s on %s", OPERATIONS[first],
                       STATES[states[0]], OPERATIONS[second], STATES[states[1]]);
        contract_commit(contract, what, batch);
    }
    contract_dump(contract, STORE_META);
}

/* Four hundred operations of which the last one fails, then without it. */
static void all_or_nothing(Contract *contract)
{
    char key[32];
    for (int round = 0; round < 2; round++) {
        StoreBatch *batch = contract_batch(contract);
        for (int i = 0; i < 400; i++) {
            StoreCollection collection = i % 2 == 0 ? STORE_KEYS : STORE_LINKS;
            (void)snprintf(key, sizeof key, "k%03d", i);
            store_batch_insert(batch, collection, str_from(key),
                               contract_body_text(contract->arena, "s", "subject", i));
        }
        if (round == 0) {
            store_batch_require(batch, STORE_KEYS, STR("gone"), 1);
        }
        contract_commit(contract, round == 0 ? "with a failing end" : "whole", batch);
        StoreFind find = {.collection = STORE_LINKS, .index = "by_subject", .equal_count = 1};
        find.equal[0] = STORE_TEXT(STR("subject"));
        StoreSnapshot *snapshot = NULL;
        int64_t count = -1;
        MUST(store_snapshot_open(contract->store, contract_deadline(), &snapshot));
        MUST(store_count(snapshot, &find, &count));
        (void)store_snapshot_close(snapshot);
        contract_say(contract, "links: %d\n", (int)count);
    }
}

/* The first operation that fails names the error, also when later ones would fail as well. */
static void first_failure_wins(Contract *contract)
{
    contract_insert(contract, STORE_KEYS, "here", contract_body(contract->arena, 1));
    StoreBatch *batch = contract_batch(contract);
    store_batch_require(batch, STORE_KEYS, STR("here"), 1);
    store_batch_require_absent(batch, STORE_META, STR("none"));
    store_batch_insert(batch, STORE_META, STR("new"), contract_body(contract->arena, 2));
    store_batch_replace(batch, STORE_META, STR("missing"), 1, contract_body(contract->arena, 3));
    store_batch_require_absent(batch, STORE_TOKENS, STR("t"));
    store_batch_delete(batch, STORE_META, STR("missing-too"), 4);
    contract_say(contract, "operations: %zu\n", store_batch_count(batch));
    contract_commit(contract, "two would fail", batch);
    contract_dump(contract, STORE_META);
}

/* The same key in two collections is two documents; an index member may come, change and go with a
 * replace. */
static void collections_are_apart(Contract *contract)
{
    contract_insert(contract, STORE_KEYS, "same", contract_body(contract->arena, 1));
    contract_insert(contract, STORE_PERSONS, "same",
                    contract_body_text(contract->arena, "t", "kasai", 2));
    StoreBatch *batch = contract_batch(contract);
    store_batch_delete(batch, STORE_KEYS, STR("same"), 1);
    store_batch_replace(batch, STORE_PERSONS, STR("same"), 1, contract_body(contract->arena, 3));
    contract_commit(contract, "both in one batch", batch);
    contract_dump(contract, STORE_KEYS);
    contract_dump(contract, STORE_PERSONS);
}

static void life_of_a_document(Contract *contract)
{
    char what[32];
    StoreBatch *batch = NULL;
    for (uint64_t version = 0; version < 4; version++) {
        batch = contract_batch(contract);
        DocBody body = contract_body(contract->arena, (int64_t)version);
        if (version == 0) {
            store_batch_insert(batch, STORE_META, STR("doc"), body);
        } else {
            store_batch_replace(batch, STORE_META, STR("doc"), version, body);
        }
        (void)snprintf(what, sizeof what, "write %d", (int)version);
        contract_commit(contract, what, batch);
    }
    contract_dump(contract, STORE_META);
    batch = contract_batch(contract);
    store_batch_delete(batch, STORE_META, STR("doc"), 4);
    contract_commit(contract, "delete", batch);
    contract_dump(contract, STORE_META);
    contract_insert(contract, STORE_META, "doc", contract_body(contract->arena, 9));
    contract_dump(contract, STORE_META);
}

static void empty_batch(Contract *contract)
{
    contract_commit(contract, "nothing", contract_batch(contract));
}

const ContractCase CASES_COMMIT[] = {
    {"one operation on each state", one_operation},
    {"pairs of operations", two_operations},
    {"all or nothing over many", all_or_nothing},
    {"the first failure wins", first_failure_wins},
    {"collections are apart", collections_are_apart},
    {"life of a document", life_of_a_document},
    {"made anew", made_anew},
    {"an empty batch", empty_batch},
    {NULL, NULL},
};
