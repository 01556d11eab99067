#include "gate_walk.h"

#include <stdlib.h>
#include <string.h>

#include "gate_chunk.h"
#include "planted_leak.h"

#define CHUNK_ROWS_MAX ((size_t)200)
#define CHUNK_ROWS_MIN ((size_t)20)
#define DOCUMENTS_ARENA_BYTES ((size_t)128 << 20)
#define DOCUMENTS_CHUNK_BYTES ((size_t)1 << 20) /* holds the usual chunk of rows whole */
#define ROW_ARENA_BYTES ((size_t)128 << 20)
#define ENTITIES_READ_AT_ONCE STORE_FIND_LIMIT_MAX

/* The caller with another arena; call is what it then points to. */
static GateCaller caller_in(const GateCaller *caller, Arena *arena, VaultCall *call)
{
    *call = *caller->call;
    call->arena = arena;
    GateCaller reader = *caller;
    reader.call = call;
    return reader;
}

/* --- one row ---------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const GateTarget *left = a;
    const GateTarget *right = b;
    if (PLANTED_LEAK(ORDER) && left->head.created_us != right->head.created_us) {
        return left->head.created_us < right->head.created_us ? -1 : 1;
    }
    return str_compare(left->id, right->id);
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

static Error target_take(const GateWalk *walk, GateCaller *inner, const StoreDoc *doc,
                         GateTarget *target)
{
    if (walk->is_unnamed) {
        TRY(gate_target_parse(inner, doc, target));
    } else {
        TRY(gate_target_take(inner, doc, target));
        TRY(gate_target_name(inner, inner->call->arena, target));
    }
    gate_target_judge(inner, target);
    return OK;
}

static Error targets_take(const GateWalk *walk, GateCaller *inner, const GateTarget *row,
                          const StoreDoc *docs, size_t count, TargetList *list)
{
    TRY(targets_reserve(inner->call->arena, list, count));
    for (size_t i = 0; i < count; i++) {
        GateTarget *target = &list->items[list->count++];
        *target = *row;
        TRY(target_take(walk, inner, &docs[i], target));
    }
    return OK;
}

/* All entities of a type that belong to the row's citizen, in the order of their ids as the caller
 * sees them. */
static Error row_entities(const GateWalk *walk, GateCaller *caller, const GateTarget *row,
                          TargetList *ret_targets)
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
        TRY(targets_take(walk, caller, row, docs, count, &targets));
        find.after = count > 0 ? &docs[count - 1] : NULL;
    } while (count == find.limit);
    if (targets.count > 1 && !walk->is_unnamed) {
        qsort(targets.items, targets.count, sizeof *targets.items, by_id);
    }
    *ret_targets = targets;
    return OK;
}

static Error meet_entities(GateWalk *walk, GateCaller *inner, const GateTarget *row)
{
    TargetList targets;
    TRY(row_entities(walk, inner, row, &targets));
    for (size_t i = 0; i < targets.count; i++) {
        if (targets.items[i].why == NULL) {
            TRY(walk->meet(walk->context, inner, &targets.items[i]));
        }
    }
    return OK;
}

static Error meet_document(GateWalk *walk, GateCaller *inner, const StoreDoc *doc,
                           GateTarget *target)
{
    if (doc->version == 0) {
        return OK;
    }
    TRY(gate_target_take(inner, doc, target));
    gate_target_judge(inner, target);
    return target->why == NULL ? walk->meet(walk->context, inner, target) : OK;
}

/* The rows of one chunk while they are met. What is opened for one citizen, who may have thousands
 * of entities, is wiped before the next. */
typedef struct Meeting {
    GateWalk *walk;
    const GateType *type;
    GateChunk *chunk;
    GateCaller inner;
    VaultCall call;
} Meeting;

/* doc: the row's entity; NULL when the citizen may have many. */
static Error meet_row(Meeting *meeting, size_t i, const StoreDoc *doc)
{
    GateCaller *inner = &meeting->inner;
    GateTarget row;
    TRY(gate_chunk_target(inner, meeting->type, meeting->chunk, i, &row));
    bool is_given =
        row.subject.key != NULL && consent_has_any(row.rules, CONSENT_READ, inner->call->now_us);
    if (!is_given) {
        return OK;
    }
    row.why = NULL;
    bool is_late = meeting->walk->is_link_late && doc != NULL;
    TRY(is_late ? OK : gate_target_link(inner, &row));
    if (row.why != NULL) {
        return OK;
    }
    return doc != NULL ? meet_document(meeting->walk, inner, doc, &row)
                       : meet_entities(meeting->walk, inner, &row);
}

static Error meet_next(void *context, size_t i, const StoreDoc *doc)
{
    Meeting *meeting = context;
    GateWalk *walk = meeting->walk;
    if (walk->missing(walk->context) > 0) {
        TRY(meet_row(meeting, i, doc));
        walk->count++;
        walk->met_at++;
        arena_reset(meeting->call.arena);
    }
    return OK;
}

static Error meet_rows(GateWalk *walk, const GateType *type, GateChunk *chunk, Arena *opened)
{
    Meeting meeting = {.walk = walk, .type = type, .chunk = chunk};
    meeting.inner = caller_in(walk->caller, opened, &meeting.call);
    if (chunk->entities != NULL) {
        return store_visit_many(meeting.call.snapshot, STORE_ENTITIES, chunk->entities,
                                chunk->count, meet_next, &meeting);
    }
    for (size_t i = 0; i < chunk->count; i++) {
        TRY(meet_next(&meeting, i, NULL));
    }
    return OK;
}

/* --- a list ----------------------------------------------------------------------------------- */

/* Memory of a walk. Sealed documents stand in plain memory: pages that must be wiped are dear, and
 * there is nothing to wipe. */
typedef struct WalkMemory {
    Arena *documents;
    Arena *opened;
    Arena *resume; /* the last row of the chunk before */
} WalkMemory;

static void walk_memory_done(WalkMemory *memory)
{
    memory->documents = arena_free(memory->documents);
    memory->opened = arena_free(memory->opened);
    memory->resume = arena_free(memory->resume);
}

static void walk_memory_done_cleanup_(WalkMemory *memory)
{
    walk_memory_done(memory);
}

static Error walk_memory_new(WalkMemory *memory)
{
    memory->documents = arena_new_roomy(DOCUMENTS_ARENA_BYTES, DOCUMENTS_CHUNK_BYTES);
    memory->opened = arena_new_sensitive(ROW_ARENA_BYTES);
    memory->resume = arena_new(DOCUMENTS_ARENA_BYTES);
    bool has_all = memory->documents != NULL && memory->opened != NULL && memory->resume != NULL;
    ENSURE(has_all, OUT_OF_MEMORY, NULL);
    return OK;
}

/* About what is still needed, since a row mostly gives one entity. */
static size_t chunk_rows(const GateWalk *walk)
{
    size_t missing = walk->missing(walk->context);
    if (missing < CHUNK_ROWS_MIN) {
        return CHUNK_ROWS_MIN;
    }
    return missing > CHUNK_ROWS_MAX ? CHUNK_ROWS_MAX : missing;
}

static Error keep_row(Arena *arena, const ViewRow *row, ViewRow *kept)
{
    arena_reset(arena);
    *kept = *row;
    TRY(str_copy_in(arena, row->doc.key, &kept->doc.key));
    return str_copy_in(arena, row->doc.body.bytes, &kept->doc.body.bytes);
}

/* *has_more is false at the end of the list; else `last` moves on. */
static Error walk_chunk(GateWalk *walk, const GateType *type, WalkMemory *memory, ViewRow *last,
                        bool *has_more)
{
    arena_reset(memory->documents);
    VaultCall reading;
    GateCaller reader = caller_in(walk->caller, memory->documents, &reading);
    CLEANUP(gate_chunk_done) GateChunk chunk = {0};
    size_t wanted = chunk_rows(walk);
    TRY(view_row_walk(&reading, &type->list, last->doc.version == 0 ? NULL : last, wanted,
                      &chunk.rows, &chunk.count));
    *has_more = chunk.count == wanted;
    if (chunk.count == 0) {
        return OK;
    }
    TRY(gate_chunk_load(&reader, type, &chunk));
    TRY(meet_rows(walk, type, &chunk, memory->opened));
    ENSURE(!deadline_has_passed(reading.deadline), DEADLINE, NULL);
    return keep_row(memory->resume, &chunk.rows[chunk.count - 1], last);
}

Error gate_walk_rows(GateWalk *walk, const GateType *type)
{
    CLEANUP(walk_memory_done) WalkMemory memory = {0};
    TRY(walk_memory_new(&memory));
    ViewRow last = {.doc = {.version = 0}};
    bool has_more = true;
    while (has_more && walk->missing(walk->context) > 0) {
        TRY(walk_chunk(walk, type, &memory, &last, &has_more));
    }
    return OK;
}

/* --- places ----------------------------------------------------------------------------------- */

static Error places_chunk(GateWalk *walk, const GateType *type, WalkMemory *memory,
                          const GatePlace *const *places, size_t count)
{
    arena_reset(memory->documents);
    VaultCall reading;
    GateCaller reader = caller_in(walk->caller, memory->documents, &reading);
    CLEANUP(gate_chunk_done) GateChunk chunk = {.count = count};
    TRY(gate_chunk_find(&reader, type, places, &chunk));
    TRY(meet_rows(walk, type, &chunk, memory->opened));
    ENSURE(!deadline_has_passed(reading.deadline), DEADLINE, NULL);
    return OK;
}

Error gate_walk_places(GateWalk *walk, const GateType *type, const GatePlace *const *places,
                       size_t count)
{
    CLEANUP(walk_memory_done) WalkMemory memory = {0};
    TRY(walk_memory_new(&memory));
    walk->met_at = 0;
    for (size_t done = 0; done < count; done += CHUNK_ROWS_MAX) {
        size_t left = count - done;
        size_t now = left < CHUNK_ROWS_MAX ? left : CHUNK_ROWS_MAX;
        TRY(places_chunk(walk, type, &memory, &places[done], now));
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

static Error find_ids(GateWalk *walk, GateCaller *inner, const GateType *type, StrList ids,
                      Found *found)
{
    found->targets = ARENA_MANY(inner->call->arena, GateTarget, ids.count);
    ENSURE_ALLOC(found->targets, inner->call->arena);
    for (size_t i = 0; i < ids.count; i++) {
        if (gate_type_may_have(inner, type, ids.items[i])) {
            TRY(gate_target_find(inner, type, ids.items[i], &found->targets[found->count]));
            found->count++;
            walk->count++;
        }
    }
    return OK;
}

static int by_order(const void *a, const void *b)
{
    const GateTarget *left = a;
    const GateTarget *right = b;
    if (left->row.order != right->row.order) {
        return left->row.order < right->row.order ? -1 : 1;
    }
    return str_compare(left->id, right->id);
}

Error gate_walk_ids(GateWalk *walk, const GateType *type, StrList ids)
{
    CLEANUP(arena_free) Arena *opened = arena_new_sensitive(ROW_ARENA_BYTES);
    ENSURE(opened != NULL, OUT_OF_MEMORY, NULL);
    VaultCall call;
    GateCaller inner = caller_in(walk->caller, opened, &call);
    CLEANUP(found_done) Found found = {0};
    TRY(find_ids(walk, &inner, type, ids, &found));
    qsort(found.targets, found.count, sizeof *found.targets, by_order);
    for (size_t i = 0; i < found.count && walk->missing(walk->context) > 0; i++) {
        if (found.targets[i].why == NULL) {
            TRY(walk->meet(walk->context, &inner, &found.targets[i]));
        }
    }
    return OK;
}
