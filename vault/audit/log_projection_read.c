#include <stdlib.h>
#include <string.h>

#include "log_projection_state.h"

#define CHUNK_LINES 200

/* The lines of one owner as they are collected, hour by hour backwards. */
typedef struct History {
    StoreSnapshot *snapshot;
    Arena *arena;
    SubjectKey *key;
    const LogCursor *before;
    AccessLine *lines;
    size_t count;
    size_t capacity;
} History;

static Error make_room(History *history)
{
    if (history->count < history->capacity) {
        return OK;
    }
    size_t capacity = history->capacity == 0 ? CHUNK_LINES : history->capacity * 2;
    AccessLine *lines = ARENA_MANY(history->arena, AccessLine, capacity);
    ENSURE_ALLOC(lines, history->arena);
    if (history->count > 0) {
        memcpy(lines, history->lines, history->count * sizeof *lines);
    }
    history->lines = lines;
    history->capacity = capacity;
    return OK;
}

static bool is_before(const AccessLine *line, const LogCursor *cursor)
{
    AccessLine at = {.at_ms = cursor->at_ms, .seq = cursor->seq, .node = cursor->node};
    return access_line_compare(&at, line) < 0;
}

/* Opens a document and checks that it is the line that belongs under this key and hour. */
static Error open_line(History *history, const StoreDoc *doc, AccessLine *ret_line)
{
    int32_t format = 0;
    int64_t hour_ms = 0;
    Str sealed;
    Str plaintext;
    char key_text[PSEUDONYM_TEXT_16_BYTES];
    TRY(doc_format(doc->body, &format));
    ENSURE(format == PROJECTION_LINE_FORMAT, LOG_NEWER, NULL);
    TRY(doc_get_int(doc->body, "t", &hour_ms));
    TRY(doc_get_bytes(doc->body, "l", &sealed));
    Error error =
        open_log_detail(history->key, PROJECTION_PLACE, sealed, history->arena, &plaintext);
    TRY(error);
    TRY(access_line_decode_in(history->arena, plaintext, ret_line));
    TRY(log_projection_line_key(history->arena, history->key, ret_line->node, ret_line->seq,
                                key_text));
    bool is_in_place = str_eq(doc->key, str_from(key_text)) &&
                       hour_ms == ret_line->at_ms - ret_line->at_ms % PROJECTION_HOUR_MS;
    ENSURE(is_in_place, STORE_CORRUPT, NULL);
    return OK;
}

static Error take_docs(History *history, const StoreDoc *docs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TRY(make_room(history));
        AccessLine *line = &history->lines[history->count];
        TRY(open_line(history, &docs[i], line));
        if (history->before == NULL || is_before(line, history->before)) {
            history->count++;
        }
    }
    return OK;
}

/* How many of the lines lie in hours after this one: those hours are known completely. */
static size_t count_after_hour(const History *history, int64_t hour_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        count += history->lines[i].at_ms >= hour_ms + PROJECTION_HOUR_MS;
    }
    return count;
}

/* Within an hour the store knows no order, so whole hours are read: until more than `limit` lines
 * are settled. */
static Error collect(History *history, size_t limit)
{
    char subject[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(subject_key_subject(history->key), subject);
    int64_t newest_ms = history->before == NULL ? INT64_MAX : history->before->at_ms;
    StoreValue newest = STORE_INT(newest_ms);
    StoreFind find = {.collection = STORE_LOG_LINES,
                      .index = "by_subject",
                      .equal = {STORE_TEXT(str_from(subject))},
                      .equal_count = 1,
                      .to = &newest,
                      .is_descending = true,
                      .limit = CHUNK_LINES};
    for (;;) {
        StoreDoc *docs = NULL;
        size_t count = 0;
        TRY(store_find(history->snapshot, history->arena, &find, &docs, &count));
        TRY(take_docs(history, docs, count));
        if (count < CHUNK_LINES) {
            return OK;
        }
        int64_t hour_ms = 0;
        TRY(doc_get_int(docs[count - 1].body, "t", &hour_ms));
        if (count_after_hour(history, hour_ms) > limit) {
            return OK;
        }
        find.after = &docs[count - 1];
    }
}

Error log_projection_read(StoreSnapshot *snapshot, Arena *arena, SubjectKey *key,
                          const LogCursor *before, size_t limit, AccessLine **ret_lines,
                          size_t *ret_count, bool *ret_has_more)
{
    ENSURE(limit >= 1 && limit <= LOG_PAGE_MAX, LOG_MISUSE, "limit");
    History history = {.snapshot = snapshot, .arena = arena, .key = key, .before = before};
    TRY(collect(&history, limit));
    if (history.count > 0) {
        qsort(history.lines, history.count, sizeof *history.lines, access_line_compare);
    }
    *ret_has_more = history.count > limit;
    *ret_count = *ret_has_more ? limit : history.count;
    *ret_lines = history.lines;
    return OK;
}

Error log_cursor_text_in(Arena *arena, const AccessLine *line, Str *ret_text)
{
    Buf buf = buf_in(arena);
    buf_add_int(&buf, line->at_ms);
    buf_add_char(&buf, '.');
    buf_add_int(&buf, (int64_t)line->seq);
    buf_add_char(&buf, '.');
    buf_add(&buf, line->node);
    return buf_finish(&buf, ret_text);
}

bool log_cursor_parse(Str text, LogCursor *ret_cursor)
{
    size_t first = str_find(text, '.');
    Str rest = str_slice(text, first + 1, text.n);
    size_t second = str_find(rest, '.');
    Str node = str_slice(rest, second + 1, rest.n);
    int64_t at_ms = 0;
    int64_t seq = 0;
    if (!str_to_uint(str_slice(text, 0, first), &at_ms) ||
        !str_to_uint(str_slice(rest, 0, second), &seq) || !checkpoint_name_is_valid(node)) {
        return false;
    }
    *ret_cursor = (LogCursor){.at_ms = at_ms, .seq = (uint64_t)seq, .node = node};
    return true;
}
