#include "store.h"

#include <string.h>

#include "doc_select.h"
#include "store_backend.h"

Store *store_close(Store *store)
{
    return store == NULL ? NULL : store->backend->close(store);
}

const char *store_kind(const Store *store)
{
    return store->backend->kind;
}

Error store_ping(Store *store, Deadline deadline)
{
    ENSURE(!deadline_has_passed(deadline), DEADLINE, NULL);
    return store->backend->ping(store, deadline);
}

Error store_snapshot_open(Store *store, Deadline deadline, StoreSnapshot **ret_snapshot)
{
    ENSURE(!deadline_has_passed(deadline), DEADLINE, NULL);
    return store->backend->snapshot_open(store, deadline, ret_snapshot);
}

StoreSnapshot *store_snapshot_close(StoreSnapshot *snapshot)
{
    return snapshot == NULL ? NULL : snapshot->store->backend->snapshot_close(snapshot);
}

Error store_get(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection, Str key,
                StoreDoc *ret_doc)
{
    return store_get_many(snapshot, arena, collection, &key, 1, ret_doc);
}

static Error keys_check(const StoreSnapshot *snapshot, StoreCollection collection, const Str *keys,
                        size_t count)
{
    ENSURE((unsigned)collection < STORE_COLLECTION_COUNT_, STORE_MISUSE, "collection");
    for (size_t i = 0; i < count; i++) {
        ENSURE(store_key_is_good(keys[i]), STORE_MISUSE, "key");
    }
    ENSURE(!deadline_has_passed(snapshot->deadline), DEADLINE, NULL);
    return OK;
}

Error store_get_many(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection,
                     const Str *keys, size_t count, StoreDoc *ret_docs)
{
    TRY(keys_check(snapshot, collection, keys, count));
    if (count == 0) {
        return OK;
    }
    StoreDoc *docs = ARENA_MANY(arena, StoreDoc, count);
    ENSURE_ALLOC(docs, arena);
    TRY(snapshot->store->backend->get_many(snapshot, arena, collection, keys, count, docs));
    memcpy(ret_docs, docs, count * sizeof *docs);
    return OK;
}

/* So many at once as a reply carries well. */
#define VISIT_AT_ONCE 200
#define VISIT_ARENA_BYTES ((size_t)128 << 20)

static Error get_and_visit(StoreSnapshot *snapshot, StoreCollection collection, const Str *keys,
                           size_t count, StoreVisit visit, void *context)
{
    StoreDoc docs[VISIT_AT_ONCE];
    for (size_t done = 0; done < count; done += VISIT_AT_ONCE) {
        CLEANUP(arena_free) Arena *arena = arena_new(VISIT_ARENA_BYTES);
        ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
        size_t now = count - done < VISIT_AT_ONCE ? count - done : VISIT_AT_ONCE;
        TRY(store_get_many(snapshot, arena, collection, &keys[done], now, docs));
        for (size_t i = 0; i < now; i++) {
            TRY(visit(context, done + i, &docs[i]));
        }
    }
    return OK;
}

Error store_visit_many(StoreSnapshot *snapshot, StoreCollection collection, const Str *keys,
                       size_t count, StoreVisit visit, void *context)
{
    const StoreBackend *backend = snapshot->store->backend;
    TRY(keys_check(snapshot, collection, keys, count));
    if (backend->visit_many == NULL) {
        return get_and_visit(snapshot, collection, keys, count, visit, context);
    }
    return backend->visit_many(snapshot, collection, keys, count, visit, context);
}

static Error values_check(const StoreFind *find, const StoreIndex *index)
{
    size_t members = index == NULL ? 1 : index->member_count;
    size_t equal_max = index == NULL ? 0 : members;
    ENSURE(find->equal_count <= equal_max, STORE_MISUSE, "equal_count");
    for (size_t i = 0; i < find->equal_count; i++) {
        ENSURE(find->equal[i].kind == index->members[i].kind, STORE_MISUSE, "equal");
    }
    bool has_range = find->from != NULL || find->to != NULL;
    ENSURE(!has_range || find->equal_count < members, STORE_MISUSE, "range");
    StoreMemberKind kind = STORE_MEMBER_TEXT;
    if (has_range && index != NULL) {
        kind = index->members[find->equal_count].kind;
    }
    ENSURE(find->from == NULL || find->from->kind == kind, STORE_MISUSE, "from");
    ENSURE(find->to == NULL || find->to->kind == kind, STORE_MISUSE, "to");
    return OK;
}

static bool value_eq(const StoreValue *a, const StoreValue *b)
{
    return a->kind == STORE_MEMBER_INT ? a->number == b->number : str_eq(a->text, b->text);
}

/* The place behind `after`: it must lie on the walk, or the two adapters would go on from different
 * places. */
static Error walk_resume(StoreWalk *walk)
{
    const StoreFind *find = walk->find;
    walk->has_resume = true;
    walk->resume_key = find->after->key;
    ENSURE(store_key_is_good(find->after->key), STORE_MISUSE, "after");
    for (size_t i = 0; walk->index != NULL && i < walk->index->member_count; i++) {
        StoreColumn column = {walk->index->members[i].name, walk->index->members[i].kind};
        bool is_there = false;
        Error error = store_column_read(find->after->body, column, &walk->resume[i], &is_there);
        ENSURE(!FAILED(error) && is_there, STORE_MISUSE, "after");
        ENSURE(i >= find->equal_count || value_eq(&walk->resume[i], &find->equal[i]), STORE_MISUSE,
               "after");
    }
    return OK;
}

static Error walk_make(const StoreFind *find, StoreWalk *ret_walk)
{
    *ret_walk = (StoreWalk){.find = find};
    ENSURE((unsigned)find->collection < STORE_COLLECTION_COUNT_, STORE_MISUSE, "collection");
    if (find->index != NULL) {
        ret_walk->index = store_index_find(find->collection, find->index);
        ENSURE(ret_walk->index != NULL, STORE_MISUSE, "index");
    }
    return values_check(find, ret_walk->index);
}

static Error members_check(const char *const *members)
{
    size_t count = 0;
    while (members[count] != NULL) {
        count++;
        ENSURE(count <= DOC_MEMBERS_MAX, STORE_MISUSE, "members");
    }
    return OK;
}

static Error docs_project(Arena *arena, const StoreWalk *walk, StoreDoc *docs, size_t count)
{
    const char *names[STORE_PROJECTION_MAX];
    size_t name_count = store_projection(walk->find, walk->index, names);
    for (size_t i = 0; i < count; i++) {
        TRY(doc_select_in(arena, docs[i].body, names, name_count, &docs[i].body));
    }
    return OK;
}

Error store_find(StoreSnapshot *snapshot, Arena *arena, const StoreFind *find, StoreDoc **ret_docs,
                 size_t *ret_count)
{
    StoreWalk walk;
    StoreDoc *docs = NULL;
    size_t count = 0;
    TRY(walk_make(find, &walk));
    ENSURE(find->limit >= 1 && find->limit <= STORE_FIND_LIMIT_MAX, STORE_MISUSE, "limit");
    if (find->members != NULL) {
        TRY(members_check(find->members));
    }
    if (find->after != NULL) {
        TRY(walk_resume(&walk));
    }
    ENSURE(!deadline_has_passed(snapshot->deadline), DEADLINE, NULL);
    TRY(snapshot->store->backend->find(snapshot, arena, &walk, &docs, &count));
    if (find->members != NULL && !snapshot->store->backend->cuts_bodies) {
        TRY(docs_project(arena, &walk, docs, count));
    }
    *ret_docs = docs;
    *ret_count = count;
    return OK;
}

Error store_count(StoreSnapshot *snapshot, const StoreFind *find, int64_t *ret_count)
{
    StoreWalk walk;
    TRY(walk_make(find, &walk));
    ENSURE(!deadline_has_passed(snapshot->deadline), DEADLINE, NULL);
    return snapshot->store->backend->count(snapshot, &walk, ret_count);
}

Error store_commit(Store *store, const StoreBatch *batch, Deadline deadline, size_t *ret_failed)
{
    TRY(store_batch_check(batch, ret_failed));
    ENSURE(!deadline_has_passed(deadline), DEADLINE, NULL);
    if (batch->count == 0) {
        return OK;
    }
    return store->backend->commit(store, batch, deadline, ret_failed);
}

Error store_checkpoint(Store *store, Deadline deadline)
{
    ENSURE(!deadline_has_passed(deadline), DEADLINE, NULL);
    return store->backend->checkpoint == NULL ? OK : store->backend->checkpoint(store, deadline);
}
