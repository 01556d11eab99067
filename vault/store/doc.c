#include "doc.h"

#include <bson/bson.h>
#include <string.h>

#include "doc_select.h"

/* The writer is our own: libbson's allocates outside the arena, so an abandoned writer would leak,
 * and it ends the process when memory is short. Reading is libbson's iterator, which allocates
 * nothing. */

typedef struct DocLevel {
    size_t start; /* where the record's length word stands */
    const char *names[DOC_MEMBERS_MAX];
    size_t name_count;
} DocLevel;

struct DocWriter {
    Buf buf;
    DocLevel record;
    DocLevel item;
    size_t list_start;
    uint32_t item_count;
    bool is_in_list;
    bool is_in_item;
    bool is_misused;
};

static void put_u32le(Buf *buf, uint32_t value)
{
    char bytes[4] = {(char)(value & 0xff), (char)(value >> 8 & 0xff), (char)(value >> 16 & 0xff),
                     (char)(value >> 24)};
    buf_add(buf, str_bytes(bytes, sizeof bytes));
}

static void put_u64le(Buf *buf, uint64_t value)
{
    put_u32le(buf, (uint32_t)(value & UINT32_MAX));
    put_u32le(buf, (uint32_t)(value >> 32));
}

static size_t record_open(Buf *buf)
{
    size_t start = buf->n;
    put_u32le(buf, 0);
    return start;
}

static void record_close(Buf *buf, size_t start)
{
    buf_add_char(buf, '\0');
    if (buf->has_failed) {
        return;
    }
    size_t size = buf->n - start;
    for (size_t i = 0; i < 4; i++) {
        buf->p[start + i] = (char)(size >> (8 * i) & 0xff);
    }
}

static void put_name(Buf *buf, bson_type_t type, const char *name)
{
    buf_add_char(buf, (char)type);
    buf_add(buf, str_bytes(name, strlen(name) + 1));
}

static bool is_name_good(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > DOC_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '.' || name[i] == '$') {
            return false;
        }
    }
    return true;
}

/* Begins a member of the record (or list item) being written; false when the writer can't take it.
 */
static bool member_open(DocWriter *writer, bson_type_t type, const char *name)
{
    DocLevel *level = writer->is_in_item ? &writer->item : &writer->record;
    bool fits = !writer->is_misused && (writer->is_in_item || !writer->is_in_list) &&
                is_name_good(name) && level->name_count < DOC_MEMBERS_MAX;
    for (size_t i = 0; fits && i < level->name_count; i++) {
        fits = strcmp(level->names[i], name) != 0;
    }
    if (!fits) {
        writer->is_misused = true;
        return false;
    }
    level->names[level->name_count++] = name;
    put_name(&writer->buf, type, name);
    return true;
}

DocWriter *doc_writer_in(Arena *arena, int32_t format)
{
    DocWriter *writer = ARENA_ONE(arena, DocWriter);
    if (writer == NULL) {
        return NULL;
    }
    writer->buf = buf_in(arena);
    writer->record.start = record_open(&writer->buf);
    if (member_open(writer, BSON_TYPE_INT32, "f")) {
        put_u32le(&writer->buf, (uint32_t)format);
    }
    return writer;
}

void doc_put_int(DocWriter *writer, const char *name, int64_t value)
{
    if (member_open(writer, BSON_TYPE_INT64, name)) {
        put_u64le(&writer->buf, (uint64_t)value);
    }
}

static bool is_size_good(DocWriter *writer, Str bytes)
{
    writer->is_misused = writer->is_misused || bytes.n > DOC_BYTES_MAX;
    return !writer->is_misused;
}

void doc_put_text(DocWriter *writer, const char *name, Str text)
{
    bool is_text =
        is_size_good(writer, text) && (text.n == 0 || bson_utf8_validate(text.p, text.n, false));
    writer->is_misused = writer->is_misused || !is_text;
    if (member_open(writer, BSON_TYPE_UTF8, name)) {
        put_u32le(&writer->buf, (uint32_t)text.n + 1);
        buf_add(&writer->buf, text);
        buf_add_char(&writer->buf, '\0');
    }
}

void doc_put_bytes(DocWriter *writer, const char *name, Str bytes)
{
    if (is_size_good(writer, bytes) && member_open(writer, BSON_TYPE_BINARY, name)) {
        put_u32le(&writer->buf, (uint32_t)bytes.n);
        buf_add_char(&writer->buf, (char)BSON_SUBTYPE_BINARY);
        buf_add(&writer->buf, bytes);
    }
}

void doc_open_list(DocWriter *writer, const char *name)
{
    if (writer->is_in_list) {
        writer->is_misused = true;
        return;
    }
    if (member_open(writer, BSON_TYPE_ARRAY, name)) {
        writer->list_start = record_open(&writer->buf);
        writer->is_in_list = true;
        writer->item_count = 0;
    }
}

static void item_close(DocWriter *writer)
{
    if (writer->is_in_item) {
        record_close(&writer->buf, writer->item.start);
        writer->is_in_item = false;
    }
}

void doc_next_item(DocWriter *writer)
{
    if (!writer->is_in_list) {
        writer->is_misused = true;
        return;
    }
    item_close(writer);
    buf_add_char(&writer->buf, (char)BSON_TYPE_DOCUMENT);
    buf_add_int(&writer->buf, writer->item_count++);
    buf_add_char(&writer->buf, '\0');
    writer->item.name_count = 0;
    writer->item.start = record_open(&writer->buf);
    writer->is_in_item = true;
}

void doc_close_list(DocWriter *writer)
{
    if (!writer->is_in_list) {
        writer->is_misused = true;
        return;
    }
    item_close(writer);
    record_close(&writer->buf, writer->list_start);
    writer->is_in_list = false;
}

Error doc_finish(DocWriter *writer, DocBody *ret_body)
{
    ENSURE(!writer->is_misused && !writer->is_in_list, STORE_MISUSE, "document writer");
    record_close(&writer->buf, writer->record.start);
    /* A second finish would add a second end mark. */
    writer->is_misused = true;
    Str bytes = STR_EMPTY;
    TRY(buf_finish(&writer->buf, &bytes));
    ENSURE(bytes.n <= DOC_BYTES_MAX, STORE_MISUSE, "document size");
    ret_body->bytes = bytes;
    return OK;
}

static bool body_iter(DocBody body, bson_iter_t *ret_iter)
{
    return body.bytes.n <= DOC_BYTES_MAX &&
           bson_iter_init_from_data(ret_iter, (const uint8_t *)body.bytes.p, body.bytes.n);
}

static bool body_find(DocBody body, const char *name, bson_iter_t *ret_iter)
{
    return body_iter(body, ret_iter) && bson_iter_find(ret_iter, name);
}

Error doc_format(DocBody body, int32_t *ret_format)
{
    bson_iter_t iter;
    ENSURE(body_find(body, "f", &iter) && BSON_ITER_HOLDS_INT32(&iter), STORE_CORRUPT, "f");
    *ret_format = bson_iter_int32(&iter);
    return OK;
}

Error doc_get_int(DocBody body, const char *name, int64_t *ret_value)
{
    bson_iter_t iter;
    ENSURE(body_find(body, name, &iter) && BSON_ITER_HOLDS_INT64(&iter), STORE_CORRUPT, name);
    *ret_value = bson_iter_int64(&iter);
    return OK;
}

Error doc_get_text(DocBody body, const char *name, Str *ret_text)
{
    bson_iter_t iter;
    ENSURE(body_find(body, name, &iter) && BSON_ITER_HOLDS_UTF8(&iter), STORE_CORRUPT, name);
    uint32_t n = 0;
    const char *p = bson_iter_utf8(&iter, &n);
    *ret_text = str_bytes(p, n);
    return OK;
}

Error doc_get_bytes(DocBody body, const char *name, Str *ret_bytes)
{
    bson_iter_t iter;
    ENSURE(body_find(body, name, &iter) && BSON_ITER_HOLDS_BINARY(&iter), STORE_CORRUPT, name);
    bson_subtype_t subtype = BSON_SUBTYPE_USER;
    uint32_t n = 0;
    const uint8_t *p = NULL;
    bson_iter_binary(&iter, &subtype, &n, &p);
    ENSURE(subtype == BSON_SUBTYPE_BINARY && p != NULL, STORE_CORRUPT, name);
    *ret_bytes = str_bytes(p, n);
    return OK;
}

/* One pass over the list: counts, and fills items when there is room for them. */
static Error list_walk(bson_iter_t list, const char *name, DocBody *items, size_t *ret_count)
{
    const uint8_t *p = NULL;
    uint32_t n = 0;
    bson_iter_t iter;
    bson_iter_array(&list, &n, &p);
    ENSURE(p != NULL && bson_iter_init_from_data(&iter, p, n), STORE_CORRUPT, name);
    size_t count = 0;
    while (bson_iter_next(&iter)) {
        ENSURE(BSON_ITER_HOLDS_DOCUMENT(&iter), STORE_CORRUPT, name);
        bson_iter_document(&iter, &n, &p);
        ENSURE(p != NULL, STORE_CORRUPT, name);
        if (items != NULL) {
            items[count].bytes = str_bytes(p, n);
        }
        count++;
    }
    ENSURE(iter.err_off == 0, STORE_CORRUPT, name);
    *ret_count = count;
    return OK;
}

Error doc_get_list(DocBody body, const char *name, Arena *arena, DocBody **ret_items,
                   size_t *ret_count)
{
    bson_iter_t iter;
    size_t count = 0;
    ENSURE(body_find(body, name, &iter) && BSON_ITER_HOLDS_ARRAY(&iter), STORE_CORRUPT, name);
    TRY(list_walk(iter, name, NULL, &count));
    DocBody *items = ARENA_MANY(arena, DocBody, count);
    ENSURE_ALLOC(items, arena);
    TRY(list_walk(iter, name, items, &count));
    *ret_items = items;
    *ret_count = count;
    return OK;
}

bool doc_has(DocBody body, const char *name)
{
    bson_iter_t iter;
    return body_find(body, name, &iter);
}

static bool text_is_sound(const bson_iter_t *iter)
{
    uint32_t n = 0;
    const char *text = bson_iter_utf8(iter, &n);
    return text != NULL && bson_utf8_validate(text, n, false);
}

static bool binary_is_sound(const bson_iter_t *iter)
{
    bson_subtype_t subtype = BSON_SUBTYPE_USER;
    uint32_t n = 0;
    const uint8_t *bytes = NULL;
    bson_iter_binary(iter, &subtype, &n, &bytes);
    return bytes != NULL && subtype == BSON_SUBTYPE_BINARY;
}

static bool scalar_is_sound(const bson_iter_t *iter)
{
    if (BSON_ITER_HOLDS_INT64(iter)) {
        return true;
    }
    if (BSON_ITER_HOLDS_UTF8(iter)) {
        return text_is_sound(iter);
    }
    return BSON_ITER_HOLDS_BINARY(iter) && binary_is_sound(iter);
}

static bool item_is_sound(const bson_iter_t *list_iter)
{
    const uint8_t *p = NULL;
    uint32_t n = 0;
    bson_iter_t iter;
    bson_iter_document(list_iter, &n, &p);
    bool is_sound = p != NULL && bson_iter_init_from_data(&iter, p, n);
    while (is_sound && bson_iter_next(&iter)) {
        is_sound = scalar_is_sound(&iter);
    }
    return is_sound && iter.err_off == 0;
}

static bool list_is_sound(const bson_iter_t *member)
{
    const uint8_t *p = NULL;
    uint32_t n = 0;
    bson_iter_t iter;
    bson_iter_array(member, &n, &p);
    bool is_sound = p != NULL && bson_iter_init_from_data(&iter, p, n);
    while (is_sound && bson_iter_next(&iter)) {
        is_sound = BSON_ITER_HOLDS_DOCUMENT(&iter) && item_is_sound(&iter);
    }
    return is_sound && iter.err_off == 0;
}

/* bson_validate would not do: it calls bodies good that end in a member of an unknown type or hold
 * text that is not UTF-8. */
bool doc_is_sound(DocBody body)
{
    bson_iter_t iter;
    bool is_sound = body_iter(body, &iter) && bson_iter_next(&iter) &&
                    strcmp(bson_iter_key(&iter), "f") == 0 && BSON_ITER_HOLDS_INT32(&iter);
    while (is_sound && bson_iter_next(&iter)) {
        is_sound = BSON_ITER_HOLDS_ARRAY(&iter) ? list_is_sound(&iter) : scalar_is_sound(&iter);
    }
    return is_sound && iter.err_off == 0;
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

Error doc_select_in(Arena *arena, DocBody body, const char *const *names, size_t count,
                    DocBody *ret_body)
{
    bson_iter_t iter;
    ENSURE(body_iter(body, &iter), STORE_CORRUPT, "body");
    Buf buf = buf_in(arena);
    size_t start = record_open(&buf);
    size_t from = 4;
    while (bson_iter_next(&iter)) {
        /* next_off is where the member after this one begins. */
        if (is_named(bson_iter_key(&iter), names, count)) {
            buf_add(&buf, str_slice(body.bytes, from, iter.next_off - from));
        }
        from = iter.next_off;
    }
    ENSURE(iter.err_off == 0, STORE_CORRUPT, "body");
    record_close(&buf, start);
    return buf_finish(&buf, &ret_body->bytes);
}
