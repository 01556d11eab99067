#include "migrate.h"

#include "migrate_steps.h"

#define FORMAT 1
#define ARENA_BYTES ((size_t)64 << 20)
#define VERSION_KEY STR("store")

typedef struct VersionState {
    uint64_t doc_version; /* 0: no document */
    int64_t version;
} VersionState;

static Error version_parse(const StoreDoc *doc, VersionState *ret_state)
{
    VersionState state = {.doc_version = doc->version};
    if (doc->version != 0) {
        int32_t format = 0;
        TRY(doc_format(doc->body, &format));
        ENSURE(format == FORMAT, STORE_NEWER, "store");
        TRY(doc_get_int(doc->body, "v", &state.version));
        ENSURE(state.version >= 1, STORE_CORRUPT, "store");
    }
    *ret_state = state;
    return OK;
}

static Error state_read(Store *store, Deadline deadline, VersionState *ret_state)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    StoreDoc doc;
    TRY(store_snapshot_open(store, deadline, &snapshot));
    TRY(store_get(snapshot, arena, STORE_META, VERSION_KEY, &doc));
    return version_parse(&doc, ret_state);
}

Error store_version_read(Store *store, Deadline deadline, int64_t *ret_version)
{
    VersionState state;
    TRY(state_read(store, deadline, &state));
    *ret_version = state.version;
    return OK;
}

static Error version_put(Arena *arena, StoreBatch *batch, const VersionState *state,
                         int64_t version)
{
    DocBody body = {STR_EMPTY};
    DocWriter *writer = doc_writer_in(arena, FORMAT);
    ENSURE_ALLOC(writer, arena);
    doc_put_int(writer, "v", version);
    TRY(doc_finish(writer, &body));
    if (state->doc_version == 0) {
        store_batch_insert(batch, STORE_META, VERSION_KEY, body);
    } else {
        store_batch_replace(batch, STORE_META, VERSION_KEY, state->doc_version, body);
    }
    return OK;
}

/* Another node may do the same work: whoever comes second reads again and goes on from there. */
static Error beaten_is_ok(Error error)
{
    bool is_beaten = error.reason == REASON_STORE_CONFLICT || error.reason == REASON_STORE_EXISTS;
    return is_beaten ? OK : error;
}

static Error collection_check_empty(StoreSnapshot *snapshot, Arena *arena,
                                    StoreCollection collection)
{
    static const char *const NO_MEMBERS[] = {NULL};
    StoreFind find = {.collection = collection, .limit = 1, .members = NO_MEMBERS};
    StoreDoc *docs = NULL;
    size_t count = 0;
    TRY(store_find(snapshot, arena, &find, &docs, &count));
    ENSURE(count == 0, STORE_NOT_PREPARED, "version document");
    return OK;
}

/* A store without a version must hold nothing: a half restored one must not pass for a new one.
 * Version and emptiness are read in one view, since another node may mark the store and write to it
 * meanwhile. */
static Error emptiness_check(Store *store, Arena *arena, Deadline deadline)
{
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    StoreDoc doc;
    TRY(store_snapshot_open(store, deadline, &snapshot));
    TRY(store_get(snapshot, arena, STORE_META, VERSION_KEY, &doc));
    for (unsigned c = 0; doc.version == 0 && c < STORE_COLLECTION_COUNT_; c++) {
        /* Commit markers come and go by themselves. */
        if (c != STORE_COMMITS) {
            TRY(collection_check_empty(snapshot, arena, (StoreCollection)c));
        }
    }
    return OK;
}

static Error store_mark(Store *store, int64_t version, Deadline deadline)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    TRY(emptiness_check(store, arena, deadline));
    VersionState none = {0};
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    TRY(version_put(arena, batch, &none, version));
    return store_commit(store, batch, deadline, NULL);
}

static Error step_run(Store *store, const MigrationStep *step, const VersionState *state,
                      Deadline deadline)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    MigrationRun run = {store, deadline, arena, store_batch_in(arena)};
    ENSURE_ALLOC(run.last, arena);
    TRY(step->run(&run));
    TRY(version_put(arena, run.last, state, step->from + 1));
    return store_commit(store, run.last, deadline, NULL);
}

static const MigrationStep *step_find(const MigrationStep *steps, size_t count, int64_t from)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].from == from) {
            return &steps[i];
        }
    }
    return NULL;
}

Error store_migrate_by(Store *store, const MigrationStep *steps, size_t step_count, int64_t target,
                       Deadline deadline)
{
    for (;;) {
        VersionState state;
        ENSURE(!deadline_has_passed(deadline), DEADLINE, NULL);
        TRY(state_read(store, deadline, &state));
        if (state.doc_version == 0) {
            TRY(beaten_is_ok(store_mark(store, target, deadline)));
            continue;
        }
        ENSURE(state.version <= target, STORE_NEWER, "store");
        if (state.version == target) {
            return OK;
        }
        const MigrationStep *step = step_find(steps, step_count, state.version);
        ENSURE(step != NULL, STORE_NOT_PREPARED, "migration");
        TRY(beaten_is_ok(step_run(store, step, &state, deadline)));
    }
}

Error store_migrate(Store *store, Deadline deadline)
{
    return store_migrate_by(store, MIGRATION_STEPS, MIGRATION_STEP_COUNT, STORE_VERSION, deadline);
}
