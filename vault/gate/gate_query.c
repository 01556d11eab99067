#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "gate_leaves.h"
#include "gate_show.h"
#include "gate_target.h"
#include "vault_call.h"

/* The ids and types of the one selector. */
static StrList asked_ids(const EntityQuery *query)
{
    return query->selector_count > 0 ? query->selectors[0].ids : (StrList){0};
}

static StrList asked_types(const EntityQuery *query)
{
    return query->selector_count > 0 ? query->selectors[0].types : (StrList){0};
}

#define CHUNK_ROWS_MAX 200u
#define CHUNK_ROWS_MIN 20u
#define CHUNK_ARENA_BYTES ((size_t)128 << 20)
#define ROW_ARENA_BYTES ((size_t)128 << 20)
#define ENTITIES_READ_AT_ONCE STORE_FIND_LIMIT_MAX

/* The page while it grows. What is shown is copied into the call's arena; all else lives in a
 * chunk's own. */
typedef struct Page {
    const EntityQuery *query;
    Arena *arena;
    Entity *entities;
    size_t count;
    int64_t seen;       /* entities of the view so far */
    uint32_t evaluated; /* rows looked at, for the scan leaf */
    GateLeaves leaves;
} Page;

static bool page_is_full(const Page *page)
{
    return !page->query->is_count_wanted && page->seen >= page->query->offset + page->query->limit;
}

static Error page_meet(Page *page, GateCaller *caller, GateTarget *target)
{
    if (target->why != NULL) {
        return OK;
    }
    int64_t place = page->seen++;
    bool is_on_page =
        place >= page->query->offset && place < page->query->offset + page->query->limit;
    if (!is_on_page) {
        return OK;
    }
    TRY(gate_show_entity(caller, target, page->arena, page->query->attributes, &page->leaves,
                         &page->entities[page->count]));
    page->count++;
    return OK;
}

/* --- walking a list --------------------------------------------------------------------------- */

/* One stretch of view rows with everything that belongs to them, read in a few goes. */
typedef struct Chunk {
    ViewRow *rows;
    size_t count;
    Subject *subjects;
    StoreDoc *links;
    StoreDoc *entities; /* of the citizens themselves; NULL for other types */
} Chunk;

static void chunk_done(Chunk *chunk)
{
    if (chunk->subjects != NULL) {
        subjects_done(chunk->subjects, chunk->count);
    }
}

static void chunk_done_cleanup_(Chunk *chunk)
{
    chunk_done(chunk);
}

static Error chunk_subjects(VaultCall *call, Chunk *chunk)
{
    uint8_t(*ids)[SUBJECT_ID_BYTES] = arena_alloc_array(call->arena, chunk->count, sizeof *ids);
    ENSURE_ALLOC(ids, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        memcpy(ids[i], chunk->rows[i].subject, SUBJECT_ID_BYTES);
    }
    Subject *subjects = ARENA_MANY(call->arena, Subject, chunk->count);
    ENSURE_ALLOC(subjects, call->arena);
    TRY(subject_load_many(call, (const uint8_t(*)[SUBJECT_ID_BYTES])ids, chunk->count, subjects));
    chunk->subjects = subjects;
    return OK;
}

static Error chunk_links(GateCaller *caller, Chunk *chunk)
{
    VaultCall *call = caller->call;
    Str *keys = ARENA_MANY(call->arena, Str, chunk->count);
    ENSURE_ALLOC(keys, call->arena);
    chunk->links = ARENA_MANY(call->arena, StoreDoc, chunk->count);
    ENSURE_ALLOC(chunk->links, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        TRY(id_link_key_of_subject(call, chunk->rows[i].subject, caller->principal->client,
                                   &keys[i]));
    }
    return store_get_many(call->snapshot, call->arena, STORE_LINKS, keys, chunk->count,
                          chunk->links);
}

static Error chunk_persons(VaultCall *call, Chunk *chunk)
{
    Str *keys = ARENA_MANY(call->arena, Str, chunk->count);
    ENSURE_ALLOC(keys, call->arena);
    chunk->entities = ARENA_MANY(call->arena, StoreDoc, chunk->count);
    ENSURE_ALLOC(chunk->entities, call->arena);
    for (size_t i = 0; i < chunk->count; i++) {
        uint8_t id[SEALED_ID_BYTES];
        char text[PSEUDONYM_TEXT_16_BYTES];
        TRY(sealed_entity_id_of_subject(call, chunk->rows[i].subject, id));
        pseudonym_text_16(id, text);
        TRY(str_copy_in(call->arena, str_from(text), &keys[i]));
    }
    return store_get_many(call->snapshot, call->arena, STORE_ENTITIES, keys, chunk->count,
                          chunk->entities);
}

static Error chunk_load(GateCaller *caller, const GateType *type, Chunk *chunk)
{
    TRY(chunk_subjects(caller->call, chunk));
    TRY(chunk_links(caller, chunk));
    return gate_type_is_person(type) ? chunk_persons(caller->call, chunk) : OK;
}

/* Rules and link of one row; a citizen who is erased or not linked any more leaves key NULL. The
 * key stays the chunk's: targets made from this one only borrow it. */
static Error row_target(GateCaller *caller, const GateType *type, const Chunk *chunk, size_t i,
                        GateTarget *target)
{
    VaultCall *call = caller->call;
    *target = (GateTarget){.type = type, .row = chunk->rows[i], .why = "UNKNOWN_ID"};
    if (chunk->subjects[i].key == NULL || chunk->links[i].version == 0) {
        return OK;
    }
    TRY(id_link_open(call, &chunk->subjects[i], &chunk->links[i], &target->link));
    if (target->link.state != LINK_ACTIVE) {
        return OK;
    }
    TRY(view_row_open(call, &type->list, &chunk->subjects[i], &chunk->rows[i], &target->rules));
    target->subject = chunk->subjects[i];
    return OK;
}

static int by_id(const void *a, const void *b)
{
    return str_compare(((const GateTarget *)a)->id, ((const GateTarget *)b)->id);
}

typedef struct TargetList {
    GateTarget *items;
    size_t count;
    size_t capacity;
} TargetList;

static Error targets_reserve(Arena *arena, TargetList *list, size_t count)
{
    if (list->count + count <= list->capacity) {
        return OK;
    }
    size_t capacity = list->capacity * 2 + count;
    GateTarget *grown = ARENA_MANY(arena, GateTarget, capacity);
    ENSURE_ALLOC(grown, arena);
    if (list->count > 0) {
        memcpy(grown, list->items, list->count * sizeof *grown);
    }
    list->items = grown;
    list->capacity = capacity;
    return OK;
}

static Error targets_take(GateCaller *caller, const GateTarget *row, const StoreDoc *docs,
                          size_t count, TargetList *list)
{
    TRY(targets_reserve(caller->call->arena, list, count));
    for (size_t i = 0; i < count; i++) {
        GateTarget *target = &list->items[list->count++];
        *target = *row;
        TRY(gate_target_take(caller, &docs[i], target));
        TRY(gate_target_name(caller, caller->call->arena, target));
        gate_target_judge(caller, target);
    }
    return OK;
}

/* All entities of a type that belong to the row's citizen, in the order of their ids as the caller
 * sees them. */
static Error row_entities(GateCaller *caller, const GateTarget *row, TargetList *ret_targets)
{
    VaultCall *call = caller->call;
    StoreFind find = {
        .collection = STORE_ENTITIES,
        .index = "by_subject",
        .equal = {STORE_TEXT(subject_text(&row->subject)), STORE_TEXT(row->type->token)},
        .equal_count = 2,
        .limit = ENTITIES_READ_AT_ONCE};
    TargetList targets = {0};
    StoreDoc *docs;
    size_t count;
    do {
        TRY(store_find(call->snapshot, call->arena, &find, &docs, &count));
        TRY(targets_take(caller, row, docs, count, &targets));
        find.after = count > 0 ? &docs[count - 1] : NULL;
    } while (count == find.limit);
    if (targets.count > 1) {
        qsort(targets.items, targets.count, sizeof *targets.items, by_id);
    }
    *ret_targets = targets;
    return OK;
}

static Error meet_entities(GateCaller *caller, const GateTarget *row, Page *page)
{
    TargetList targets;
    TRY(row_entities(caller, row, &targets));
    for (size_t i = 0; i < targets.count; i++) {
        TRY(page_meet(page, caller, &targets.items[i]));
    }
    return OK;
}

static Error meet_row(GateCaller *caller, const GateType *type, const Chunk *chunk, size_t i,
                      Page *page)
{
    GateTarget row;
    TRY(row_target(caller, type, chunk, i, &row));
    bool may_read =
        row.subject.key != NULL && consent_has_any(row.rules, CONSENT_READ, caller->call->now_us);
    if (!may_read) {
        return OK;
    }
    if (!gate_type_is_person(type)) {
        return meet_entities(caller, &row, page);
    }
    if (chunk->entities[i].version == 0) {
        return OK;
    }
    TRY(gate_target_take(caller, &chunk->entities[i], &row));
    gate_target_judge(caller, &row);
    return page_meet(page, caller, &row);
}

/* How many rows to read next: about what the page still needs, since a row mostly gives one entity.
 */
static size_t chunk_rows(const Page *page)
{
    if (page->query->is_count_wanted) {
        return CHUNK_ROWS_MAX;
    }
    int64_t missing = page->query->offset + page->query->limit - page->seen;
    if (missing < (int64_t)CHUNK_ROWS_MIN) {
        return CHUNK_ROWS_MIN;
    }
    return missing > (int64_t)CHUNK_ROWS_MAX ? CHUNK_ROWS_MAX : (size_t)missing;
}

static Error keep_row(Arena *arena, const ViewRow *row, ViewRow **ret_kept)
{
    ViewRow *kept = ARENA_ONE(arena, ViewRow);
    ENSURE_ALLOC(kept, arena);
    *kept = *row;
    TRY(str_copy_in(arena, row->doc.key, &kept->doc.key));
    TRY(str_copy_in(arena, row->doc.body.bytes, &kept->doc.body.bytes));
    *ret_kept = kept;
    return OK;
}

/* What is opened for one citizen, who may have thousands of entities, is wiped before the next:
 * only what the page shows stays. */
static Error meet_rows(GateCaller *caller, const GateType *type, const Chunk *chunk, Page *page)
{
    CLEANUP(arena_free) Arena *opened = arena_new_sensitive(ROW_ARENA_BYTES);
    ENSURE(opened != NULL, OUT_OF_MEMORY, NULL);
    VaultCall call = *caller->call;
    call.arena = opened;
    GateCaller inner = *caller;
    inner.call = &call;
    for (size_t i = 0; i < chunk->count && !page_is_full(page); i++) {
        TRY(meet_row(&inner, type, chunk, i, page));
        page->evaluated++;
        arena_reset(opened);
    }
    return OK;
}

/* One chunk of sealed documents, in plain memory of its own: pages that must be wiped are dear, and
 * here is nothing to wipe. *after moves on; NULL at the end of the list. */
static Error walk_chunk(GateCaller *caller, const GateType *type, Page *page, ViewRow **after)
{
    CLEANUP(arena_free) Arena *documents = arena_new(CHUNK_ARENA_BYTES);
    ENSURE(documents != NULL, OUT_OF_MEMORY, NULL);
    VaultCall reading = *caller->call;
    reading.arena = documents;
    GateCaller reader = *caller;
    reader.call = &reading;
    CLEANUP(chunk_done) Chunk chunk = {0};
    size_t wanted = chunk_rows(page);
    TRY(view_row_walk(&reading, &type->list, *after, wanted, &chunk.rows, &chunk.count));
    if (chunk.count == 0) {
        *after = NULL;
        return OK;
    }
    TRY(chunk_load(&reader, type, &chunk));
    TRY(meet_rows(caller, type, &chunk, page));
    ENSURE(!deadline_has_passed(reading.deadline), DEADLINE, NULL);
    if (chunk.count < wanted) {
        *after = NULL;
        return OK;
    }
    return keep_row(page->arena, &chunk.rows[chunk.count - 1], after);
}

static Error walk_list(GateCaller *caller, const GateType *type, Page *page)
{
    ViewRow *after = NULL;
    do {
        TRY(walk_chunk(caller, type, page, &after));
    } while (after != NULL && !page_is_full(page));
    return OK;
}

static Error walk_lists(GateCaller *caller, const GateType *types, size_t count, Page *page)
{
    for (size_t i = 0; i < count && !page_is_full(page); i++) {
        TRY(walk_list(caller, &types[i], page));
    }
    return OK;
}

/* --- asked by id ------------------------------------------------------------------------------ */

typedef struct Found {
    GateTarget *targets;
    size_t count;
} Found;

static void found_done(Found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        gate_target_done(&found->targets[i]);
    }
}

static void found_done_cleanup_(Found *found)
{
    found_done(found);
}

static bool id_is_repeated(StrList ids, size_t i)
{
    return str_list_has((StrList){.items = ids.items, .count = i}, ids.items[i]);
}

static Error find_ids(GateCaller *caller, const GateType *types, size_t count, Page *page,
                      Found *found)
{
    StrList ids = asked_ids(page->query);
    found->targets = ARENA_MANY(caller->call->arena, GateTarget, ids.count * count);
    ENSURE_ALLOC(found->targets, caller->call->arena);
    for (size_t i = 0; i < ids.count; i++) {
        for (size_t t = 0; t < count && !id_is_repeated(ids, i); t++) {
            if (gate_type_may_have(caller, &types[t], ids.items[i])) {
                TRY(gate_target_find(caller, &types[t], ids.items[i],
                                     &found->targets[found->count]));
                found->count++;
                page->evaluated++;
            }
        }
    }
    return OK;
}

/* The order in which a walk would have met them. */
static int by_place(const void *a, const void *b)
{
    const GateTarget *left = a;
    const GateTarget *right = b;
    if (left->type->place != right->type->place) {
        return left->type->place < right->type->place ? -1 : 1;
    }
    if (left->row.order != right->row.order) {
        return left->row.order < right->row.order ? -1 : 1;
    }
    return str_compare(left->id, right->id);
}

static Error ask_by_id(GateCaller *caller, const GateType *types, size_t count, Page *page)
{
    CLEANUP(arena_free) Arena *scratch = arena_new_sensitive(CHUNK_ARENA_BYTES);
    ENSURE(scratch != NULL, OUT_OF_MEMORY, NULL);
    VaultCall call = *caller->call;
    call.arena = scratch;
    GateCaller inner = *caller;
    inner.call = &call;
    CLEANUP(found_done) Found found = {0};
    TRY(find_ids(&inner, types, count, page, &found));
    qsort(found.targets, found.count, sizeof *found.targets, by_place);
    for (size_t i = 0; i < found.count; i++) {
        TRY(page_meet(page, &inner, &found.targets[i]));
    }
    return OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void list_describe(Buf *buf, Str name, StrList list)
{
    for (size_t i = 0; i < list.count; i++) {
        buf_add(buf, i == 0 ? name : STR(","));
        buf_add(buf, list.items[i]);
    }
    buf_add(buf, list.count > 0 ? STR(" ") : STR_EMPTY);
}

static Error query_describe(Arena *arena, const EntityQuery *query, Str *ret_text)
{
    Buf buf = buf_in(arena);
    list_describe(&buf, STR("type="), asked_types(query));
    list_describe(&buf, STR("id="), asked_ids(query));
    list_describe(&buf, STR("attrs="), query->attributes);
    buf_add(&buf, STR("limit="));
    buf_add_int(&buf, query->limit);
    buf_add(&buf, STR(" offset="));
    buf_add_int(&buf, query->offset);
    buf_add(&buf, query->is_count_wanted ? STR(" count") : STR_EMPTY);
    return buf_finish(&buf, ret_text);
}

static Error scan_leaf_add(GateCaller *caller, const GateType *types, size_t count, Page *page)
{
    LeafDraft draft = gate_leaf(caller->principal, LEAF_SCAN);
    draft.why = STR("SCAN");
    draft.entity_type = count == 1 ? types[0].spec->name : STR_EMPTY;
    draft.attribute_count = page->evaluated;
    draft.key = caller->own.key;
    TRY(query_describe(page->arena, page->query, &draft.detail.query));
    return gate_leaves_add(&page->leaves, &draft);
}

static Error page_begin(GateCaller *caller, const EntityQuery *query, Page *page)
{
    ENSURE(query->limit >= 0 && query->limit <= 1000 && query->offset >= 0, INTERNAL, NULL);
    page->entities = ARENA_MANY(page->arena, Entity, (size_t)query->limit);
    ENSURE_ALLOC(page->entities, page->arena);
    page->leaves = gate_leaves(caller->gate, page->arena);
    return OK;
}

static Error page_fill(GateCaller *caller, const EntityQuery *query, Page *page)
{
    TRY(page_begin(caller, query, page));
    GateType *types;
    size_t count;
    TRY(gate_types_in(caller, asked_types(query), &types, &count));
    size_t asked = service_path_covers(query->service_path, GATE_SERVICE_PATH) ? count : 0;
    if (asked_ids(query).count > 0) {
        TRY(ask_by_id(caller, types, asked, page));
    } else {
        TRY(walk_lists(caller, types, asked, page));
    }
    TRY(scan_leaf_add(caller, types, count, page));
    vault_call_close(caller->call); /* nobody holds a snapshot while the disk works */
    return gate_leaves_append(&page->leaves, caller->call->deadline);
}

Error gate_query(const Gate *gate, VaultCall *call, const Principal *principal,
                 const EntityQuery *query, EntityPage *ret_page)
{
    CLEANUP(gate_caller_done) GateCaller caller = {0};
    TRY(gate_caller_open(gate, call, principal, LEAF_SCAN, &caller));
    Page page = {.query = query, .arena = call->arena};
    Error error = page_fill(&caller, query, &page);
    gate_leaves_done(&page.leaves);
    TRY(error);
    *ret_page = (EntityPage){.entities = page.entities, .count = page.count, .total = page.seen};
    return OK;
}
