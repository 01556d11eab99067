#include "doc.h"

#include <bson/bson.h>
#include <string.h>

#include "doc_select.h"

/* The writer is our own: libbson's allocates outside the arena, so an abandoned writer would leak,
 * and it ends the process when memory is short. The reader of members is our own too: a body has
 * few kinds of them, and lists of thousands of documents are read by it. Whether a body that came
 * from outside is sound is libbson's to say. */

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

/* One member of a record. */
typedef struct Member {
    bson_type_t type;
    const char *name;
    Str value; /* its bytes as they are stored, length words included */
} Member;

/* What is left of a record; the last byte, its end mark, is not counted. */
typedef struct MemberWalk {
    const char *p;
    size_t n;
    bool is_damaged;
} MemberWalk;

static size_t get_u32le(const char *p)
{
    const unsigned char *bytes = (const unsigned char *)p;
    return (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 |
           (size_t)bytes[3] << 24;
}

static bool walk_begin(Str record, MemberWalk *ret_walk)
{
    bool is_record = record.n >= 5 && record.n <= DOC_BYTES_MAX &&
                     get_u32le(record.p) == record.n && record.p[record.n - 1] == '\0';
    *ret_walk = (MemberWalk){.p = is_record ? record.p + 4 : "", .n = is_record ? record.n - 5 : 0};
    return is_record;
}

/* Bytes of a value that begins at p; 0: none of ours, or there are too few. */
static size_t value_bytes(bson_type_t type, const char *p, size_t n)
{
    if (type == BSON_TYPE_INT64) {
        return 8;
    }
    if (n < 4 || type == BSON_TYPE_INT32) {
        return n < 4 ? 0 : 4;
    }
    size_t length = get_u32le(p);
    if (type == BSON_TYPE_UTF8) {
        return length >= 1 && length <= n - 4 && p[4 + length - 1] == '\0' ? 4 + length : 0;
    }
    if (type == BSON_TYPE_BINARY) {
        return 5 + length;
    }
    bool is_record = type == BSON_TYPE_ARRAY || type == BSON_TYPE_DOCUMENT;
    return is_record && length >= 5 ? length : 0;
}

/* The next member; false at the end, and where the record is damaged. */
static bool walk_next(MemberWalk *walk, Member *ret_member)
{
    if (walk->n == 0) {
        return false;
    }
    bson_type_t type = (bson_type_t)(unsigned char)walk->p[0];
    size_t at = 1; /* names are short: a call would cost more than the loop */
    while (at < walk->n && walk->p[at] != '\0') {
        at++;
    }
    const char *value = walk->p + at + 1;
    size_t left = at + 1 < walk->n ? walk->n - at - 1 : 0;
    size_t size = left == 0 ? 0 : value_bytes(type, value, left);
    if (size == 0 || size > left) {
        walk->is_damaged = true;
        return false;
    }
    *ret_member = (Member){type, walk->p + 1, {value, size}};
    walk->p = value + size;
    walk->n = left - size;
    return true;
}

static bool member_find(DocBody body, const char *name, Member *ret_member)
{
    MemberWalk walk;
    if (!walk_begin(body.bytes, &walk)) {
        return false;
    }
    while (walk_next(&walk, ret_member)) {
        if (ret_member->name[0] == name[0] && strcmp(ret_member->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool body_iter(DocBody body, bson_iter_t *ret_iter)
{
    return body.bytes.n <= DOC_BYTES_MAX &&
           bson_iter_init_from_data(ret_iter, (const uint8_t *)body.bytes.p, body.bytes.n);
}

Error doc_format(DocBody body, int32_t *ret_format)
{
    Member member;
    ENSURE(member_find(body, "f", &member) && member.type == BSON_TYPE_INT32, STORE_CORRUPT, "f");
    *ret_format = (int32_t)(uint32_t)get_u32le(member.value.p);
    return OK;
}

static bool read_int(const Member *member, int64_t *ret_value)
{
    if (member->type != BSON_TYPE_INT64) {
        return false;
    }
    uint64_t value =
        (uint64_t)get_u32le(member->value.p + 4) << 32 | (uint64_t)get_u32le(member->value.p);
    *ret_value = (int64_t)value;
    return true;
}

static bool read_text(const Member *member, Str *ret_text)
{
    if (member->type != BSON_TYPE_UTF8) {
        return false;
    }
    *ret_text = str_bytes(member->value.p + 4, member->value.n - 5);
    return true;
}

static bool read_bytes(const Member *member, Str *ret_bytes)
{
    if (member->type != BSON_TYPE_BINARY || member->value.p[4] != BSON_SUBTYPE_BINARY) {
        return false;
    }
    *ret_bytes = str_bytes(member->value.p + 5, member->value.n - 5);
    return true;
}

Error doc_get_int(DocBody body, const char *name, int64_t *ret_value)
{
    Member member;
    ENSURE(member_find(body, name, &member) && read_int(&member, ret_value), STORE_CORRUPT, name);
    return OK;
}

Error doc_get_text(DocBody body, const char *name, Str *ret_text)
{
    Member member;
    ENSURE(member_find(body, name, &member) && read_text(&member, ret_text), STORE_CORRUPT, name);
    return OK;
}

Error doc_get_bytes(DocBody body, const char *name, Str *ret_bytes)
{
    Member member;
    ENSURE(member_find(body, name, &member) && read_bytes(&member, ret_bytes), STORE_CORRUPT, name);
    return OK;
}

static bool field_read(const Member *member, DocField *field)
{
    switch (field->kind) {
    case DOC_INT:
        return read_int(member, &field->number);
    case DOC_TEXT:
        return read_text(member, &field->bytes);
    case DOC_BYTES:
        return read_bytes(member, &field->bytes);
    }
    return false;
}

/* The field of a name that is still to be filled, looked for from `next` round; NULL: there is
 * none. */
static DocField *field_of(const char *name, DocField *fields, size_t count, size_t next)
{
    for (size_t i = 0; i < count; i++) {
        DocField *field = &fields[(next + i) % count];
        if (!field->is_there && strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

Error doc_get_fields(DocBody body, DocField *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fields[i].is_there = false;
    }
    MemberWalk walk;
    Member member;
    size_t filled = 0;
    ENSURE(walk_begin(body.bytes, &walk), STORE_CORRUPT, "body");
    while (filled < count && walk_next(&walk, &member)) {
        DocField *field = field_of(member.name, fields, count, filled);
        if (field != NULL) {
            ENSURE(field_read(&member, field), STORE_CORRUPT, field->name);
            field->is_there = true;
            filled++;
        }
    }
    ENSURE(filled == count, STORE_CORRUPT, "a member is missing");
    return OK;
}

/* One pass over the list: counts, and fills items when there is room for them. */
static Error list_walk(Str list, const char *name, DocBody *items, size_t *ret_count)
{
    MemberWalk walk;
    Member member;
    size_t count = 0;
    ENSURE(walk_begin(list, &walk), STORE_CORRUPT, name);
    while (walk_next(&walk, &member)) {
        ENSURE(member.type == BSON_TYPE_DOCUMENT, STORE_CORRUPT, name);
        if (items != NULL) {
            items[count].bytes = member.value;
        }
        count++;
    }
    ENSURE(!walk.is_damaged, STORE_CORRUPT, name);
    *ret_count = count;
    return OK;
}

Error doc_get_list(DocBody body, const char *name, Arena *arena, DocBody **ret_items,
                   size_t *ret_count)
{
    Member member;
    size_t count = 0;
    ENSURE(member_find(body, name, &member) && member.type == BSON_TYPE_ARRAY, STORE_CORRUPT, name);
    TRY(list_walk(member.value, name, NULL, &count));
    DocBody *items = ARENA_MANY(arena, DocBody, count);
    ENSURE_ALLOC(items, arena);
    TRY(list_walk(member.value, name, items, &count));
    *ret_items = items;
    *ret_count = count;
    return OK;
}

bool doc_has(DocBody body, const char *name)
{
    Member member;
    return member_find(body, name, &member);
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
    MemberWalk walk;
    Member member;
    ENSURE(walk_begin(body.bytes, &walk), STORE_CORRUPT, "body");
    Buf buf = buf_in(arena);
    size_t start = record_open(&buf);
    const char *from = walk.p;
    while (walk_next(&walk, &member)) {
        if (is_named(member.name, names, count)) {
            buf_add(&buf, str_bytes(from, (size_t)(walk.p - from)));
        }
        from = walk.p;
    }
    ENSURE(!walk.is_damaged, STORE_CORRUPT, "body");
    record_close(&buf, start);
    return buf_finish(&buf, &ret_body->bytes);
}
