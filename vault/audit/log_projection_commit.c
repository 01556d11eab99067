#include <string.h>

#include "log_projection_state.h"

#define COMMIT_TIMEOUT_US (5 * CLOCK_SECOND_US)
#define RETRY_US 250000
#define PENDING_ARENA_BYTES ((size_t)128 << 20)
#define COMMIT_ARENA_BYTES ((size_t)64 << 20)

Error log_projection_line_key(Arena *arena, SubjectKey *key, Str node, uint64_t seq,
                              char ret_key[PSEUDONYM_TEXT_16_BYTES])
{
    Buf buf = buf_in(arena);
    buf_add_lp(&buf, node);
    buf_add_u64be(&buf, seq);
    Str message;
    TRY(buf_finish(&buf, &message));
    uint8_t mac[SEAL_MAC_BYTES];
    TRY(seal_mac(key, STR("access-line"), message, mac));
    pseudonym_text_16(mac, ret_key);
    return OK;
}

/* --- adding --- */

static Error make_line(LogProjection *projection, SubjectKey *key, Str leaf_line, Str detail,
                       PendingLine *ret_line)
{
    Arena *arena = projection->arena;
    Str node = access_log_node(projection->log);
    Leaf leaf;
    Str plaintext;
    Str line;
    TRY(leaf_parse(arena, leaf_line, &leaf));
    TRY(open_log_detail(key, node, str_slice(detail, SEAL_FINDER_BYTES, detail.n), arena,
                        &plaintext));
    TRY(access_line_encode_in(arena, node, &leaf, plaintext, &line));
    TRY(seal_log_detail(key, PROJECTION_PLACE, line, arena, &ret_line->sealed));
    TRY(log_projection_line_key(arena, key, node, leaf.seq, ret_line->key));
    pseudonym_text_16(subject_key_subject(key), ret_line->subject);
    ret_line->hour_ms = leaf.at_ms - leaf.at_ms % PROJECTION_HOUR_MS;
    return OK;
}

Error log_projection_add(LogProjection *projection, SubjectKey *key, Str leaf_line, Str detail)
{
    if (projection->pending_count == PROJECTION_COMMIT_LINES) {
        TRY(log_projection_commit(projection, PROJECTION_NO_MARK));
    }
    if (projection->arena == NULL) {
        projection->arena = arena_new_sensitive(PENDING_ARENA_BYTES);
        ENSURE(projection->arena != NULL, OUT_OF_MEMORY, NULL);
    }
    Error error = make_line(projection, key, leaf_line, detail,
                            &projection->pending[projection->pending_count]);
    if (error.reason == REASON_CRYPTO_OPEN) {
        return OK; /* the owner was erased meanwhile: no line */
    }
    TRY(error);
    projection->pending_count++;
    return OK;
}

/* --- committing --- */

/* One attempt: everything about the store as one snapshot shows it. */
typedef struct Attempt {
    LogProjection *projection;
    Arena *arena;
    StoreSnapshot *snapshot;
    StoreBatch *batch;
    StoreDoc *keys;  /* of the owners, one a line; version 0: erased */
    StoreDoc *lines; /* those that are there already */
    uint64_t mark_next;
    uint64_t mark_version;
} Attempt;

Error log_projection_read_mark(LogProjection *projection, Arena *arena, StoreSnapshot *snapshot,
                               uint64_t *ret_next, uint64_t *ret_version)
{
    StoreDoc mark;
    int32_t format = 0;
    int64_t next = 0;
    TRY(store_get(snapshot, arena, STORE_LOG_MARKS, access_log_node(projection->log), &mark));
    if (mark.version > 0) {
        TRY(doc_format(mark.body, &format));
        ENSURE(format == PROJECTION_MARK_FORMAT, LOG_NEWER, NULL);
        TRY(doc_get_int(mark.body, "n", &next));
        ENSURE(next >= 0, STORE_CORRUPT, NULL);
    }
    *ret_next = (uint64_t)next;
    *ret_version = mark.version;
    return OK;
}

static Error look_up(Attempt *attempt)
{
    LogProjection *projection = attempt->projection;
    size_t count = projection->pending_count;
    Str *owners = ARENA_MANY(attempt->arena, Str, count);
    Str *lines = ARENA_MANY(attempt->arena, Str, count);
    attempt->keys = ARENA_MANY(attempt->arena, StoreDoc, count);
    attempt->lines = ARENA_MANY(attempt->arena, StoreDoc, count);
    if (owners == NULL || lines == NULL || attempt->keys == NULL || attempt->lines == NULL) {
        return arena_failure(attempt->arena);
    }
    for (size_t i = 0; i < count; i++) {
        owners[i] = str_from(projection->pending[i].subject);
        lines[i] = str_from(projection->pending[i].key);
    }
    TRY(log_projection_read_mark(projection, attempt->arena, attempt->snapshot, &attempt->mark_next,
                                 &attempt->mark_version));
    if (count == 0) {
        return OK;
    }
    TRY(store_get_many(attempt->snapshot, attempt->arena, STORE_KEYS, owners, count,
                       attempt->keys));
    return store_get_many(attempt->snapshot, attempt->arena, STORE_LOG_LINES, lines, count,
                          attempt->lines);
}

static Error put_line(Attempt *attempt, const PendingLine *line)
{
    DocWriter *writer = doc_writer_in(attempt->arena, PROJECTION_LINE_FORMAT);
    ENSURE_ALLOC(writer, attempt->arena);
    doc_put_text(writer, "s", str_from(line->subject));
    doc_put_int(writer, "t", line->hour_ms);
    doc_put_bytes(writer, "l", line->sealed);
    DocBody body;
    TRY(doc_finish(writer, &body));
    store_batch_insert(attempt->batch, STORE_LOG_LINES, str_from(line->key), body);
    return OK;
}

/* Whether an earlier line of this attempt has the same owner: his key document is required once. */
static bool is_required(const Attempt *attempt, size_t line)
{
    const PendingLine *pending = attempt->projection->pending;
    for (size_t i = 0; i < line; i++) {
        if (attempt->lines[i].version == 0 &&
            str_eq(str_from(pending[i].subject), str_from(pending[line].subject))) {
            return true;
        }
    }
    return false;
}

static Error put_lines(Attempt *attempt)
{
    const LogProjection *projection = attempt->projection;
    for (size_t i = 0; i < projection->pending_count; i++) {
        const StoreDoc *owner = &attempt->keys[i];
        if (owner->version == 0 || attempt->lines[i].version > 0) {
            continue;
        }
        if (!is_required(attempt, i)) {
            store_batch_require(attempt->batch, STORE_KEYS,
                                str_from(projection->pending[i].subject), owner->version);
        }
        TRY(put_line(attempt, &projection->pending[i]));
    }
    return OK;
}

static Error put_mark(Attempt *attempt, uint64_t next)
{
    DocWriter *writer = doc_writer_in(attempt->arena, PROJECTION_MARK_FORMAT);
    ENSURE_ALLOC(writer, attempt->arena);
    doc_put_int(writer, "n", (int64_t)next);
    DocBody body;
    TRY(doc_finish(writer, &body));
    Str node = access_log_node(attempt->projection->log);
    if (attempt->mark_version == 0) {
        store_batch_insert(attempt->batch, STORE_LOG_MARKS, node, body);
    } else {
        store_batch_replace(attempt->batch, STORE_LOG_MARKS, node, attempt->mark_version, body);
    }
    return OK;
}

static Error attempt_commit(LogProjection *projection, uint64_t next_seq)
{
    CLEANUP(arena_free) Arena *arena = arena_new(COMMIT_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    Deadline deadline = deadline_in(ports_system()->clock, COMMIT_TIMEOUT_US);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    TRY(store_snapshot_open(projection->store, deadline, &snapshot));
    Attempt attempt = {.projection = projection,
                       .arena = arena,
                       .snapshot = snapshot,
                       .batch = store_batch_in(arena)};
    ENSURE_ALLOC(attempt.batch, arena);
    TRY(look_up(&attempt));
    snapshot = store_snapshot_close(snapshot);
    if (next_seq != PROJECTION_NO_MARK && attempt.mark_next == next_seq) {
        return OK; /* an earlier attempt, whose outcome was unknown, did it */
    }
    ENSURE(attempt.mark_next == projection->next, LOG_MISUSE, "mark");
    TRY(put_lines(&attempt));
    if (next_seq != PROJECTION_NO_MARK) {
        TRY(put_mark(&attempt, next_seq));
    }
    return store_batch_count(attempt.batch) == 0
               ? OK
               : store_commit(projection->store, attempt.batch, deadline, NULL);
}

/* What another attempt may mend: a store that was away, somebody who was faster. */
static bool may_pass(Error error)
{
    return error.code == ERROR_BUSY || error.code == ERROR_TIMEOUT ||
           error.code == ERROR_CONFLICT || error.code == ERROR_EXISTS;
}

Error log_projection_commit(LogProjection *projection, uint64_t next_seq)
{
    Error error = attempt_commit(projection, next_seq);
    while (FAILED(error) && may_pass(error) && !log_projection_is_stopping(projection)) {
        (void)access_log_wait(projection->log, UINT64_MAX, RETRY_US);
        error = attempt_commit(projection, next_seq);
    }
    TRY(error);
    projection->pending_count = 0;
    projection->arena = arena_free(projection->arena);
    return OK;
}

/* --- wiping --- */

static Error wipe_page(Store *store, StoreCollection collection, Deadline deadline,
                       size_t *ret_count)
{
    CLEANUP(arena_free) Arena *arena = arena_new(COMMIT_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    TRY(store_snapshot_open(store, deadline, &snapshot));
    static const char *const MEMBERS[] = {"f", NULL};
    StoreFind find = {.collection = collection, .limit = STORE_FIND_LIMIT_MAX, .members = MEMBERS};
    StoreDoc *docs = NULL;
    TRY(store_find(snapshot, arena, &find, &docs, ret_count));
    snapshot = store_snapshot_close(snapshot);
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    for (size_t i = 0; i < *ret_count; i++) {
        store_batch_delete(batch, collection, docs[i].key, docs[i].version);
    }
    return *ret_count == 0 ? OK : store_commit(store, batch, deadline, NULL);
}

static Error wipe_collection(Store *store, StoreCollection collection, Deadline deadline)
{
    size_t count = 0;
    do {
        TRY(wipe_page(store, collection, deadline, &count));
    } while (count > 0);
    return OK;
}

/* Marks first: a mark without its lines would lose them, lines without a mark are only looked at
 * again. */
Error log_projection_wipe(Store *store, Deadline deadline)
{
    TRY(wipe_collection(store, STORE_LOG_MARKS, deadline));
    return wipe_collection(store, STORE_LOG_LINES, deadline);
}
