#include "view_row.h"

#include <string.h>

#include "byte_reader.h"
#include "counter.h"
#include "record.h"

#define RULES_FORMAT 1
#define RULE_BYTES_MIN 40 /* of the fixed parts of one rule */
#define ATTRIBUTE_BYTES_MIN 5
#define WALK_MAX 500
#define ROW_RECORD STR("ViewRow")

/* --- rules as bytes --------------------------------------------------------------------------- */

static void rule_write(Buf *buf, const ConsentRule *rule)
{
    buf_add_lp(buf, rule->grant_id);
    buf_add_u64be(buf, rule->grant_version);
    buf_add_u32be(buf, rule->operations);
    buf_add_u64be(buf, (uint64_t)rule->valid_from_us);
    buf_add_u64be(buf, (uint64_t)rule->valid_until_us);
    buf_add_lp(buf, rule->legal_basis);
    buf_add_u32be(buf, (uint32_t)rule->attribute_count);
    for (size_t i = 0; i < rule->attribute_count; i++) {
        buf_add_lp(buf, rule->attributes[i].name);
        buf_add_char(buf, (char)rule->attributes[i].level);
    }
}

Error view_rules_write(Arena *arena, ConsentRules rules, Str *ret_bytes)
{
    Buf buf = buf_in(arena);
    buf_add_char(&buf, RULES_FORMAT);
    buf_add_u32be(&buf, (uint32_t)rules.count);
    for (size_t i = 0; i < rules.count; i++) {
        rule_write(&buf, &rules.items[i]);
    }
    return buf_finish(&buf, ret_bytes);
}

static Error rule_read(Arena *arena, ByteReader *reader, ConsentRule *rule)
{
    rule->grant_id = byte_take_lp(reader);
    rule->grant_version = byte_take_u64(reader);
    rule->operations = byte_take_u32(reader);
    rule->valid_from_us = (int64_t)byte_take_u64(reader);
    rule->valid_until_us = (int64_t)byte_take_u64(reader);
    rule->legal_basis = byte_take_lp(reader);
    rule->attribute_count = byte_take_count(reader, ATTRIBUTE_BYTES_MIN);
    ConsentAttribute *attributes = ARENA_MANY(arena, ConsentAttribute, rule->attribute_count);
    ENSURE_ALLOC(attributes, arena);
    for (size_t i = 0; i < rule->attribute_count; i++) {
        attributes[i].name = byte_take_lp(reader);
        uint8_t level = byte_take_u8(reader);
        ENSURE(level < CONSENT_LEVEL_COUNT_, STORE_CORRUPT, "consent level");
        attributes[i].level = (ConsentLevel)level;
    }
    rule->attributes = attributes;
    return OK;
}

Error view_rules_read(Arena *arena, Str bytes, ConsentRules *ret_rules)
{
    ByteReader reader = byte_reader(bytes);
    ENSURE(byte_take_u8(&reader) == RULES_FORMAT, STORE_CORRUPT, "view rules");
    size_t count = byte_take_count(&reader, RULE_BYTES_MIN);
    ConsentRule *rules = ARENA_MANY(arena, ConsentRule, count);
    ENSURE_ALLOC(rules, arena);
    for (size_t i = 0; i < count; i++) {
        TRY(rule_read(arena, &reader, &rules[i]));
    }
    ENSURE(byte_reader_is_done(&reader), STORE_CORRUPT, "view rules");
    *ret_rules = (ConsentRules){.items = rules, .count = count};
    return OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

static Error list_key(VaultCall *call, Str kind, const ViewList *list, RecordKey *ret_key)
{
    const Str parts[] = {list->recipient, list->purpose, list->type};
    return record_key(call, kind, parts, 3, ret_key);
}

static Error row_key(VaultCall *call, const ViewList *list, const uint8_t subject[SUBJECT_ID_BYTES],
                     RecordKey *ret_key)
{
    const Str parts[] = {list->recipient, list->purpose, list->type,
                         str_bytes(subject, SUBJECT_ID_BYTES)};
    return record_key(call, STR("view"), parts, 4, ret_key);
}

/* --- reading ---------------------------------------------------------------------------------- */

static Error row_parse(const StoreDoc *doc, ViewRow *ret_row)
{
    ViewRow row = {.doc = *doc};
    Str subject;
    TRY(doc_get_text(doc->body, "s", &subject));
    ENSURE(pseudonym_parse_16(subject, row.subject), STORE_CORRUPT, "view row");
    TRY(doc_get_int(doc->body, "n", &row.order));
    *ret_row = row;
    return OK;
}

Error view_row_walk(VaultCall *call, const ViewList *list, const ViewRow *after, size_t limit,
                    ViewRow **ret_rows, size_t *ret_count)
{
    RecordKey key;
    TRY(list_key(call, STR("viewlist"), list, &key));
    StoreFind find = {.collection = STORE_VIEW_ROWS,
                      .index = "by_list",
                      .equal = {STORE_TEXT(key.text)},
                      .equal_count = 1,
                      .after = after == NULL ? NULL : &after->doc,
                      .limit = limit < WALK_MAX ? limit : WALK_MAX};
    StoreDoc *docs;
    size_t count;
    TRY(store_find(call->snapshot, call->arena, &find, &docs, &count));
    ViewRow *rows = ARENA_MANY(call->arena, ViewRow, count);
    ENSURE_ALLOC(rows, call->arena);
    for (size_t i = 0; i < count; i++) {
        TRY(row_parse(&docs[i], &rows[i]));
    }
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}

static Error row_take(const StoreDoc *doc, const uint8_t subject[SUBJECT_ID_BYTES], Str key,
                      ViewRow *ret_row)
{
    if (doc->version > 0) {
        return row_parse(doc, ret_row);
    }
    *ret_row = (ViewRow){.doc = {.key = key}};
    memcpy(ret_row->subject, subject, SUBJECT_ID_BYTES);
    return OK;
}

Error view_row_find(VaultCall *call, const ViewList *list, const uint8_t subject[SUBJECT_ID_BYTES],
                    ViewRow *ret_row)
{
    RecordKey key;
    TRY(row_key(call, list, subject, &key));
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_VIEW_ROWS, key.text, &doc));
    return row_take(&doc, subject, key.text, ret_row);
}

Error view_row_find_many(VaultCall *call, const ViewList *list,
                         const uint8_t (*subjects)[SUBJECT_ID_BYTES], size_t count,
                         ViewRow *ret_rows)
{
    Str *keys = ARENA_MANY(call->arena, Str, count);
    ENSURE_ALLOC(keys, call->arena);
    StoreDoc *docs = ARENA_MANY(call->arena, StoreDoc, count);
    ENSURE_ALLOC(docs, call->arena);
    for (size_t i = 0; i < count; i++) {
        RecordKey key;
        TRY(row_key(call, list, subjects[i], &key));
        keys[i] = key.text;
    }
    TRY(store_get_many(call->snapshot, call->arena, STORE_VIEW_ROWS, keys, count, docs));
    for (size_t i = 0; i < count; i++) {
        TRY(row_take(&docs[i], subjects[i], keys[i], &ret_rows[i]));
    }
    return OK;
}

static Error row_open(VaultCall *call, const ViewList *list, const Subject *subject,
                      const ViewRow *row, uint64_t *ret_version, ConsentRules *ret_rules)
{
    /* The row's place says whose and which list's it is; a row put under another key does not open.
     */
    RecordKey expected;
    TRY(row_key(call, list, subject->id, &expected));
    ENSURE(str_eq(expected.text, row->doc.key), STORE_CORRUPT, "view row");
    Str plaintext;
    TRY(record_doc_open(call->arena, subject, ROW_RECORD, &row->doc, ret_version, &plaintext));
    return view_rules_read(call->arena, plaintext, ret_rules);
}

Error view_row_open(VaultCall *call, const ViewList *list, const Subject *subject,
                    const ViewRow *row, ConsentRules *ret_rules)
{
    uint64_t version;
    return row_open(call, list, subject, row, &version, ret_rules);
}

/* --- changing --------------------------------------------------------------------------------- */

typedef struct PendingRow {
    ViewList list;
    Subject *subject;
    RecordKey key;
    uint64_t doc_version;    /* 0: not stored */
    uint64_t record_version; /* of the stored body */
    int64_t order;           /* 0: to be drawn */
    ConsentRule *rules;
    size_t rule_count;
    size_t rule_capacity;
    bool is_changed;
    struct PendingRow *next;
} PendingRow;

/* The order numbers that one list needs in this batch: a counter may be drawn from once only. */
typedef struct PendingNumbers {
    Str name; /* of the list's counter */
    int64_t needed;
    int64_t following;
    struct PendingNumbers *next;
} PendingNumbers;

struct ViewRowWork {
    VaultCall *call;
    PendingRow *rows;
    PendingNumbers *numbers;
};

ViewRowWork *view_row_work_in(VaultCall *call)
{
    ViewRowWork *work = ARENA_ONE(call->arena, ViewRowWork);
    if (work != NULL) {
        work->call = call;
    }
    return work;
}

static Error pending_put(ViewRowWork *work, PendingRow *row, const ConsentRule *rule)
{
    if (row->rule_count == row->rule_capacity) {
        size_t capacity = row->rule_capacity * 2 + 4;
        ConsentRule *grown = ARENA_MANY(work->call->arena, ConsentRule, capacity);
        ENSURE_ALLOC(grown, work->call->arena);
        if (row->rule_count > 0) {
            memcpy(grown, row->rules, row->rule_count * sizeof *grown);
        }
        row->rules = grown;
        row->rule_capacity = capacity;
    }
    row->rules[row->rule_count++] = *rule;
    return OK;
}

/* Rules that have run out are left behind: a row is the fold of what is active. */
static Error pending_fill(ViewRowWork *work, PendingRow *row)
{
    ViewRow stored;
    TRY(view_row_find(work->call, &row->list, row->subject->id, &stored));
    if (stored.doc.version == 0) {
        return OK;
    }
    ConsentRules rules;
    TRY(row_open(work->call, &row->list, row->subject, &stored, &row->record_version, &rules));
    row->doc_version = stored.doc.version;
    row->order = stored.order;
    for (size_t i = 0; i < rules.count; i++) {
        if (rules.items[i].valid_until_us > work->call->now_us) {
            TRY(pending_put(work, row, &rules.items[i]));
        }
    }
    return OK;
}

static Error pending_row(ViewRowWork *work, Subject *subject, const ViewList *list,
                         PendingRow **ret_row)
{
    RecordKey key;
    TRY(row_key(work->call, list, subject->id, &key));
    for (PendingRow *row = work->rows; row != NULL; row = row->next) {
        if (str_eq(row->key.text, key.text)) {
            *ret_row = row;
            return OK;
        }
    }
    PendingRow *row = ARENA_ONE(work->call->arena, PendingRow);
    ENSURE_ALLOC(row, work->call->arena);
    *row = (PendingRow){.list = *list, .subject = subject, .key = key};
    if (!subject->is_new) {
        TRY(pending_fill(work, row));
    }
    row->next = work->rows;
    work->rows = row;
    *ret_row = row;
    return OK;
}

Error view_row_add(ViewRowWork *work, Subject *subject, const ViewList *list,
                   const ConsentRule *rule)
{
    PendingRow *row;
    TRY(pending_row(work, subject, list, &row));
    if (row->rule_count == 0) {
        /* Nothing living was there: the citizen comes anew and stands last. */
        row->order = 0;
    }
    ENSURE(row->rule_count < VIEW_ROW_RULES_MAX, GRANT_LIMIT, NULL);
    row->is_changed = true;
    return pending_put(work, row, rule);
}

static bool gives_the_same(const ConsentRule *a, const ConsentRule *b)
{
    if (a->operations != b->operations || a->attribute_count != b->attribute_count) {
        return false;
    }
    for (size_t i = 0; i < a->attribute_count; i++) {
        if (a->attributes[i].level != b->attributes[i].level ||
            !str_eq(a->attributes[i].name, b->attributes[i].name)) {
            return false;
        }
    }
    return true;
}

Error view_row_covered(ViewRowWork *work, Subject *subject, const ViewList *list,
                       const ConsentRule *rule, Str *ret_grant_id)
{
    PendingRow *row;
    TRY(pending_row(work, subject, list, &row));
    int64_t now_us = work->call->now_us;
    Str found = STR_EMPTY;
    for (size_t i = 0; i < row->rule_count && found.n == 0; i++) {
        const ConsentRule *old = &row->rules[i];
        int64_t old_from_us = old->valid_from_us > now_us ? old->valid_from_us : now_us;
        bool is_within =
            rule->valid_from_us <= old_from_us && rule->valid_until_us >= old->valid_until_us;
        if (is_within && gives_the_same(old, rule)) {
            found = old->grant_id;
        }
    }
    *ret_grant_id = found;
    return OK;
}

Error view_row_replace(ViewRowWork *work, Subject *subject, const ViewList *list, Str old_grant_id,
                       const ConsentRule *rule)
{
    PendingRow *row;
    TRY(pending_row(work, subject, list, &row));
    for (size_t i = 0; i < row->rule_count; i++) {
        if (str_eq(row->rules[i].grant_id, old_grant_id)) {
            row->rules[i] = *rule;
            row->is_changed = true;
            return OK;
        }
    }
    return view_row_add(work, subject, list, rule);
}

Error view_row_remove(ViewRowWork *work, Subject *subject, const ViewList *list, Str grant_id)
{
    PendingRow *row;
    TRY(pending_row(work, subject, list, &row));
    size_t kept = 0;
    for (size_t i = 0; i < row->rule_count; i++) {
        if (!str_eq(row->rules[i].grant_id, grant_id)) {
            row->rules[kept++] = row->rules[i];
        }
    }
    row->rule_count = kept;
    row->is_changed = true;
    return OK;
}

static Error numbers_of(ViewRowWork *work, const ViewList *list, PendingNumbers **ret_numbers)
{
    RecordKey key;
    TRY(list_key(work->call, STR("viewcount"), list, &key));
    for (PendingNumbers *numbers = work->numbers; numbers != NULL; numbers = numbers->next) {
        if (str_eq(numbers->name, key.text)) {
            *ret_numbers = numbers;
            return OK;
        }
    }
    PendingNumbers *numbers = ARENA_ONE(work->call->arena, PendingNumbers);
    ENSURE_ALLOC(numbers, work->call->arena);
    *numbers = (PendingNumbers){.name = key.text, .next = work->numbers};
    work->numbers = numbers;
    *ret_numbers = numbers;
    return OK;
}

static bool needs_number(const PendingRow *row)
{
    return row->is_changed && row->rule_count > 0 && row->order == 0;
}

/* Numbers are drawn in the order in which rows were begun. */
static Error numbers_draw(ViewRowWork *work, StoreBatch *batch)
{
    PendingNumbers *numbers = NULL;
    for (PendingRow *row = work->rows; row != NULL; row = row->next) {
        if (needs_number(row)) {
            TRY(numbers_of(work, &row->list, &numbers));
            numbers->needed++;
        }
    }
    for (numbers = work->numbers; numbers != NULL; numbers = numbers->next) {
        TRY(counter_draw(work->call->snapshot, work->call->arena, batch, numbers->name,
                         numbers->needed, &numbers->following));
    }
    for (PendingRow *row = work->rows; row != NULL; row = row->next) {
        if (needs_number(row)) {
            TRY(numbers_of(work, &row->list, &numbers));
            row->order = numbers->following++;
        }
    }
    return OK;
}

static Error row_write(ViewRowWork *work, StoreBatch *batch, PendingRow *row)
{
    Arena *arena = work->call->arena;
    uint64_t version = row->record_version + 1;
    Str plaintext;
    Str envelope;
    RecordKey list;
    TRY(view_rules_write(arena, (ConsentRules){.items = row->rules, .count = row->rule_count},
                         &plaintext));
    TRY(record_seal(arena, row->subject, &row->key, ROW_RECORD, version, plaintext, &envelope));
    TRY(list_key(work->call, STR("viewlist"), &row->list, &list));
    DocWriter *writer = record_doc_in(arena, row->subject, version, envelope);
    ENSURE_ALLOC(writer, arena);
    doc_put_text(writer, "l", list.text);
    doc_put_int(writer, "n", row->order);
    DocBody body;
    TRY(doc_finish(writer, &body));
    subject_require(row->subject, batch);
    if (row->doc_version == 0) {
        /* A row that is made anew has a new order, and so is not taken for the one before. */
        store_batch_insert_as(batch, STORE_VIEW_ROWS, row->key.text, (uint64_t)row->order, body);
    } else {
        store_batch_replace(batch, STORE_VIEW_ROWS, row->key.text, row->doc_version, body);
    }
    return OK;
}

static Error row_finish(ViewRowWork *work, StoreBatch *batch, PendingRow *row)
{
    if (!row->is_changed || (row->rule_count == 0 && row->doc_version == 0)) {
        return OK;
    }
    if (row->rule_count == 0) {
        subject_require(row->subject, batch);
        store_batch_delete(batch, STORE_VIEW_ROWS, row->key.text, row->doc_version);
        return OK;
    }
    return row_write(work, batch, row);
}

/* The list holds the newest row first. */
static PendingRow *reversed(PendingRow *rows)
{
    PendingRow *result = NULL;
    while (rows != NULL) {
        PendingRow *next = rows->next;
        rows->next = result;
        result = rows;
        rows = next;
    }
    return result;
}

Error view_row_work_finish(ViewRowWork *work, StoreBatch *batch)
{
    work->rows = reversed(work->rows);
    TRY(numbers_draw(work, batch));
    for (PendingRow *row = work->rows; row != NULL; row = row->next) {
        TRY(row_finish(work, batch, row));
    }
    return OK;
}
