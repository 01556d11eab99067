#include "lease.h"

#include <string.h>

#define FORMAT 2
#define ARENA_BYTES ((size_t)256 << 10)

/* Both documents of a lease as they stand. */
typedef struct LeaseState {
    Str key;
    Str fence_key;
    uint64_t version; /* 0: never taken */
    uint64_t fence;
    Str owner; /* "": released */
    int64_t until_us;
} LeaseState;

static Error name_check(Str name, size_t bytes_max)
{
    ENSURE(name.n >= 1 && name.n <= bytes_max, STORE_MISUSE, "lease");
    for (size_t i = 0; i < name.n; i++) {
        ENSURE(name.p[i] > ' ' && name.p[i] <= '~', STORE_MISUSE, "lease");
    }
    return OK;
}

static Error keys_make(Arena *arena, Str name, LeaseState *ret_state)
{
    Str parts[] = {name, STR("/fence")};
    ret_state->key = name;
    return str_join_in(arena, parts, 2, &ret_state->fence_key);
}

static Error state_read(LeaseCall call, Arena *arena, Str name, LeaseState *ret_state)
{
    LeaseState state = {.owner = STR_EMPTY};
    StoreDoc docs[2];
    int32_t format = 0;
    TRY(keys_make(arena, name, &state));
    Str keys[] = {state.key, state.fence_key};
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    TRY(store_snapshot_open(call.store, call.deadline, &snapshot));
    TRY(store_get_many(snapshot, arena, STORE_LEASES, keys, 2, docs));
    state.version = docs[0].version;
    state.fence = docs[1].version;
    ENSURE((state.version == 0) == (state.fence == 0), STORE_CORRUPT, "lease");
    if (state.version != 0) {
        TRY(doc_format(docs[0].body, &format));
        ENSURE(format == FORMAT, STORE_NEWER, "lease");
        TRY(doc_get_text(docs[0].body, "o", &state.owner));
        TRY(doc_get_int(docs[0].body, "u", &state.until_us));
    }
    *ret_state = state;
    return OK;
}

static Error body_in(Arena *arena, const Str *owner, int64_t until_us, DocBody *ret_body)
{
    DocWriter *writer = doc_writer_in(arena, FORMAT);
    ENSURE_ALLOC(writer, arena);
    if (owner != NULL) {
        doc_put_text(writer, "o", *owner);
        doc_put_int(writer, "u", until_us);
    }
    return doc_finish(writer, ret_body);
}

Error lease_documents_in(Arena *arena, Str name, Str owner, int64_t until_us,
                         LeaseDocuments *ret_documents)
{
    LeaseState state;
    LeaseDocuments documents = {.key = name};
    TRY(keys_make(arena, name, &state));
    documents.fence_key = state.fence_key;
    TRY(body_in(arena, &owner, until_us, &documents.body));
    TRY(body_in(arena, NULL, 0, &documents.fence_body));
    *ret_documents = documents;
    return OK;
}

/* Somebody else's commit came first: what that means to the caller. */
static Error commit_as(LeaseCall call, const StoreBatch *batch, Error beaten)
{
    Error error = store_commit(call.store, batch, call.deadline, NULL);
    bool is_beaten = error.reason == REASON_STORE_CONFLICT || error.reason == REASON_STORE_EXISTS;
    return is_beaten ? beaten : error;
}

static Error term_end(LeaseCall call, int64_t term_us, int64_t *ret_until_us)
{
    int64_t now = call.clock->now_us(call.clock);
    ENSURE(term_us > 0 && !__builtin_add_overflow(now, term_us, ret_until_us), STORE_MISUSE,
           "term");
    return OK;
}

/* Gives the lease to an owner ("": nobody) under a new fence. */
static Error take(LeaseCall call, Arena *arena, const LeaseState *state, Str owner,
                  int64_t until_us, Error beaten)
{
    LeaseDocuments to;
    TRY(lease_documents_in(arena, state->key, owner, until_us, &to));
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    if (state->version == 0) {
        store_batch_insert(batch, STORE_LEASES, to.key, to.body);
        store_batch_insert(batch, STORE_LEASES, to.fence_key, to.fence_body);
    } else {
        store_batch_replace(batch, STORE_LEASES, to.key, state->version, to.body);
        store_batch_replace(batch, STORE_LEASES, to.fence_key, state->fence, to.fence_body);
    }
    return commit_as(call, batch, beaten);
}

static void text_keep(char *out, Str text)
{
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
}

Error lease_acquire(LeaseCall call, Str name, Str owner, int64_t term_us, Lease *ret_lease)
{
    TRY(name_check(name, LEASE_NAME_BYTES_MAX));
    TRY(name_check(owner, LEASE_OWNER_BYTES_MAX));
    int64_t until_us = 0;
    TRY(term_end(call, term_us, &until_us));
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    LeaseState state;
    TRY(state_read(call, arena, name, &state));
    bool is_free = state.owner.n == 0 || str_eq(state.owner, owner) ||
                   state.until_us <= call.clock->now_us(call.clock);
    ENSURE(is_free, LEASE_HELD, NULL);
    TRY(take(call, arena, &state, owner, until_us, FAIL(LEASE_HELD, NULL)));
    Lease lease = {.until_us = until_us, .fence = state.fence + 1};
    text_keep(lease.name, name);
    text_keep(lease.owner, owner);
    *ret_lease = lease;
    return OK;
}

/* Reads the state and makes sure that the lease is still its holder's. */
static Error held_read(LeaseCall call, Arena *arena, const Lease *lease, LeaseState *ret_state)
{
    LeaseState state;
    TRY(state_read(call, arena, str_from(lease->name), &state));
    bool is_held = state.fence == lease->fence && str_eq(state.owner, str_from(lease->owner));
    ENSURE(is_held, LEASE_LOST, NULL);
    *ret_state = state;
    return OK;
}

Error lease_renew(LeaseCall call, Lease *lease, int64_t term_us)
{
    int64_t until_us = 0;
    TRY(term_end(call, term_us, &until_us));
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    LeaseState state;
    DocBody body = {STR_EMPTY};
    TRY(held_read(call, arena, lease, &state));
    TRY(body_in(arena, &state.owner, until_us, &body));
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    store_batch_replace(batch, STORE_LEASES, state.key, state.version, body);
    store_batch_require(batch, STORE_LEASES, state.fence_key, state.fence);
    TRY(commit_as(call, batch, FAIL(LEASE_LOST, NULL)));
    lease->until_us = until_us;
    return OK;
}

Error lease_release(LeaseCall call, Lease *lease)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    LeaseState state;
    TRY(held_read(call, arena, lease, &state));
    TRY(take(call, arena, &state, STR_EMPTY, 0, FAIL(LEASE_LOST, NULL)));
    lease->until_us = 0;
    return OK;
}

Error lease_fence(StoreBatch *batch, Arena *arena, const Lease *lease)
{
    LeaseState state;
    TRY(keys_make(arena, str_from(lease->name), &state));
    ENSURE(lease->fence >= 1, STORE_MISUSE, "lease");
    store_batch_require(batch, STORE_LEASES, state.fence_key, lease->fence);
    return OK;
}
