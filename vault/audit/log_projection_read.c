#include "log_projection_state.h"

#define CHUNK_LINES 200
#define CHUNK_BYTES ((size_t)32 << 20)

/* The newest lines of one owner as they are found, newest first. However many there are, only those
 * that the page needs are kept: nobody can fill a citizen's history until it can't be read. */
typedef struct History {
    StoreSnapshot *snapshot;
    Arena *arena;
    SubjectKey *key;
    const LogCursor *before;
    AccessLine *lines;
    size_t count;
    size_t wanted;
} History;

static bool is_before(const AccessLine *line, const LogCursor *cursor)
{
    AccessLine at = {.at_ms = cursor->at_ms, .seq = cursor->seq, .node = cursor->node};
    return access_line_compare(&at, line) < 0;
}

/* Opens a document and checks that it is the line that belongs under this key and hour. */
static Error open_line(const History *history, Arena *arena, const StoreDoc *doc,
                       Str *ret_plaintext, AccessLine *ret_line)
{
    int32_t format = 0;
    int64_t hour_ms = 0;
    Str sealed;
    char key_text[PSEUDONYM_TEXT_16_BYTES];
    TRY(doc_format(doc->body, &format));
    ENSURE(format == PROJECTION_LINE_FORMAT, LOG_NEWER, NULL);
    TRY(doc_get_int(doc->body, "t", &hour_ms));
    TRY(doc_get_bytes(doc->body, "l", &sealed));
    TRY(open_log_detail(history->key, PROJECTION_PLACE, sealed, arena, ret_plaintext));
    TRY(access_line_decode_in(arena, *ret_plaintext, ret_line));
    TRY(log_projection_line_key(arena, history->key, ret_line->node, ret_line->seq, key_text));
    bool is_in_place = str_eq(doc->key, str_from(key_text)) &&
                       hour_ms == ret_line->at_ms - ret_line->at_ms % PROJECTION_HOUR_MS;
    ENSURE(is_in_place, STORE_CORRUPT, NULL);
    return OK;
}

static bool is_full(const History *history)
{
    return history->count == history->wanted;
}

/* Whether the page may need the line. */
static bool is_newer_than_kept(const History *history, const AccessLine *line)
{
    bool is_asked = history->before == NULL || is_before(line, history->before);
    return is_asked && (!is_full(history) ||
                        access_line_compare(line, &history->lines[history->count - 1]) < 0);
}

/* Copies a line to its place in the order; the oldest falls out when all places are taken. */
static Error keep(History *history, Str plaintext)
{
    Str kept;
    AccessLine line;
    TRY(str_copy_in(history->arena, plaintext, &kept));
    TRY(access_line_decode_in(history->arena, kept, &line));
    size_t at = is_full(history) ? history->count - 1 : history->count++;
    while (at > 0 && access_line_compare(&line, &history->lines[at - 1]) < 0) {
        history->lines[at] = history->lines[at - 1];
        at--;
    }
    history->lines[at] = line;
    return OK;
}

static Error take_docs(History *history, Arena *scratch, const StoreDoc *docs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Str plaintext;
        AccessLine line;
        TRY(open_line(history, scratch, &docs[i], &plaintext, &line));
        if (is_newer_than_kept(history, &line)) {
            TRY(keep(history, plaintext));
        }
    }
    return OK;
}

/* Reads one chunk in memory of its own. *ret_last: where to go on; key NULL when nothing is left
 * that the page could need. Within an hour the store knows no order, so whole hours are read. */
static Error take_chunk(History *history, const StoreFind *find, StoreDoc *ret_last)
{
    CLEANUP(arena_free) Arena *scratch = arena_new_sensitive(CHUNK_BYTES);
    ENSURE(scratch != NULL, OUT_OF_MEMORY, NULL);
    StoreDoc *docs = NULL;
    size_t count = 0;
    int64_t hour_ms = 0;
    *ret_last = (StoreDoc){.version = 0};
    TRY(store_find(history->snapshot, scratch, find, &docs, &count));
    TRY(take_docs(history, scratch, docs, count));
    if (count < CHUNK_LINES) {
        return OK;
    }
    TRY(doc_get_int(docs[count - 1].body, "t", &hour_ms));
    if (is_full(history) &&
        history->lines[history->count - 1].at_ms >= hour_ms + PROJECTION_HOUR_MS) {
        return OK;
    }
    *ret_last = docs[count - 1];
    TRY(str_copy_in(history->arena, docs[count - 1].key, &ret_last->key));
    return str_copy_in(history->arena, docs[count - 1].body.bytes, &ret_last->body.bytes);
}

static Error collect(History *history)
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
    StoreDoc last[2]; /* the one that the walk goes on from, and the one that it comes to */
    for (unsigned turn = 0;; turn ^= 1) {
        TRY(take_chunk(history, &find, &last[turn]));
        if (last[turn].version == 0) {
            return OK;
        }
        find.after = &last[turn];
    }
}

Error log_projection_read(StoreSnapshot *snapshot, Arena *arena, SubjectKey *key,
                          const LogCursor *before, size_t limit, AccessLine **ret_lines,
                          size_t *ret_count, bool *ret_has_more)
{
    ENSURE(limit >= 1 && limit <= LOG_PAGE_MAX, LOG_MISUSE, "limit");
    History history = {.snapshot = snapshot,
                       .arena = arena,
                       .key = key,
                       .before = before,
                       .lines = ARENA_MANY(arena, AccessLine, limit + 1),
                       .wanted = limit + 1};
    ENSURE_ALLOC(history.lines, arena);
    TRY(collect(&history));
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
