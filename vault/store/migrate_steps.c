#include "migrate_steps.h"

#include "counter.h"

#define CHUNK_LISTS 500
#define ARENA_BYTES ((size_t)8 << 20)

/* Where the walk over the lists stands: behind all rows of `list`. */
typedef struct ListCursor {
    char list[COUNTER_NAME_BYTES_MAX + 1];
    size_t n;
    bool has_started;
    bool is_done;
} ListCursor;

/* A row that comes after all rows of the list: the walk resumes behind it. */
static Error list_end_in(Arena *arena, const ListCursor *cursor, StoreDoc *ret_doc)
{
    StoreDoc doc = {.key = STR("~"), .version = 1};
    DocWriter *writer = doc_writer_in(arena, 1);
    ENSURE_ALLOC(writer, arena);
    doc_put_text(writer, "l", str_bytes(cursor->list, cursor->n));
    doc_put_int(writer, "n", INT64_MAX);
    TRY(doc_finish(writer, &doc.body));
    *ret_doc = doc;
    return OK;
}

static Error cursor_set(ListCursor *cursor, Str list)
{
    ENSURE(list.n <= COUNTER_NAME_BYTES_MAX - sizeof VIEW_COUNTER_2_PREFIX, STORE_CORRUPT, "list");
    for (size_t i = 0; i < list.n; i++) {
        cursor->list[i] = list.p[i];
    }
    cursor->n = list.n;
    cursor->has_started = true;
    return OK;
}

static Error list_next(StoreSnapshot *snapshot, Arena *arena, ListCursor *cursor)
{
    static const char *const NO_MEMBERS[] = {NULL};
    StoreFind find = {
        .collection = STORE_VIEW_ROWS, .index = "by_list", .limit = 1, .members = NO_MEMBERS};
    StoreDoc end;
    StoreDoc *docs = NULL;
    size_t count = 0;
    Str list = STR_EMPTY;
    if (cursor->has_started) {
        TRY(list_end_in(arena, cursor, &end));
        find.after = &end;
    }
    TRY(store_find(snapshot, arena, &find, &docs, &count));
    cursor->is_done = count == 0;
    if (cursor->is_done) {
        return OK;
    }
    TRY(doc_get_text(docs[0].body, "l", &list));
    return cursor_set(cursor, list);
}

/* Adds the list's counter to the batch unless an earlier, broken run made it. */
static Error list_counter_add(StoreSnapshot *snapshot, Arena *arena, StoreBatch *batch,
                              const ListCursor *cursor, int64_t next)
{
    Str parts[] = {STR(VIEW_COUNTER_2_PREFIX), str_bytes(cursor->list, cursor->n)};
    Str name = STR_EMPTY;
    Str key = STR_EMPTY;
    DocBody body = {STR_EMPTY};
    StoreDoc doc;
    ENSURE(next >= 1, STORE_CORRUPT, "view rows without their counter");
    TRY(str_join_in(arena, parts, 2, &name));
    TRY(counter_document_in(arena, name, next, &key, &body));
    TRY(store_get(snapshot, arena, STORE_META, key, &doc));
    if (doc.version == 0) {
        store_batch_insert(batch, STORE_META, key, body);
    }
    return OK;
}

static Error chunk_run(MigrationRun *run, ListCursor *cursor, int64_t next)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    TRY(store_snapshot_open(run->store, run->deadline, &snapshot));
    for (size_t i = 0; i < CHUNK_LISTS && !cursor->is_done; i++) {
        TRY(list_next(snapshot, arena, cursor));
        if (!cursor->is_done) {
            TRY(list_counter_add(snapshot, arena, batch, cursor, next));
        }
    }
    return store_commit(run->store, batch, run->deadline, NULL);
}

/* The common counter's document and next number; version and number 0 when nothing was ever drawn. */
static Error common_read(MigrationRun *run, StoreDoc *ret_doc, int64_t *ret_next)
{
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    Str key = STR_EMPTY;
    DocBody ignored = {STR_EMPTY};
    StoreDoc doc;
    int64_t next = 0;
    TRY(counter_document_in(run->arena, STR(VIEW_COUNTER_1), 1, &key, &ignored));
    TRY(store_snapshot_open(run->store, run->deadline, &snapshot));
    TRY(store_get(snapshot, run->arena, STORE_META, key, &doc));
    if (doc.version != 0) {
        TRY(doc_get_int(doc.body, "n", &next));
    }
    *ret_doc = doc;
    *ret_next = next;
    return OK;
}

static Error split_view_counter(MigrationRun *run)
{
    StoreDoc common;
    int64_t next = 0;
    ListCursor cursor = {.n = 0};
    TRY(common_read(run, &common, &next));
    while (!cursor.is_done) {
        TRY(chunk_run(run, &cursor, next));
    }
    if (common.version != 0) {
        store_batch_delete(run->last, STORE_META, common.key, common.version);
    }
    return OK;
}

const MigrationStep MIGRATION_STEPS[] = {{1, split_view_counter}};
const size_t MIGRATION_STEP_COUNT = sizeof MIGRATION_STEPS / sizeof MIGRATION_STEPS[0];
