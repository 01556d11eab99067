#include "embedded_write.h"

#include <string.h>

#include "public_entity.h"
#include "store.h"

_Static_assert(ENTITY_BATCH_MAX <= STORE_BATCH_DOCS_MAX, "one commit holds every batch");

/* Of one attempt: what it read and what it is about to write. */
#define ATTEMPT_BYTES ((size_t)96 << 20)
/* Documents of one id that are looked at in one go. */
#define ID_DOCS 64
#define SLOTS ((size_t)2048)
_Static_assert(SLOTS >= (size_t)2 * ENTITY_BATCH_MAX, "half of the slots stay empty");

/* One document of the batch, as it is after the writes so far. */
typedef struct Row {
    Str key;
    uint64_t version; /* in the snapshot; 0: no document */
    bool is_there;    /* an entity stands here now */
    bool is_changed;  /* since the snapshot */
    Entity entity;
    int64_t order;
} Row;

typedef struct Attempt {
    EmbeddedWriter *writer;
    BrokerCall call; /* its arena holds all of this attempt */
    Row *rows;       /* at most one for each write */
    size_t row_count;
    uint16_t *slots; /* open hash of keys → row + 1 */
} Attempt;

/* The rows that a write may mean: one with its type; without, those of its id and path that stand
 * now. */
typedef struct Found {
    Row *row;
    bool is_ambiguous;
} Found;

/* Order of creation: the clock, but never the same number twice from this process. */
static int64_t next_order(EmbeddedWriter *writer, int64_t now_us)
{
    int64_t last = atomic_load(&writer->last_order);
    int64_t next = 0;
    do {
        next = now_us > last ? now_us : last + 1;
    } while (!atomic_compare_exchange_weak(&writer->last_order, &last, next));
    return next;
}

static Str path_of(const EntityWrite *write)
{
    return write->service_path.n > 0 ? write->service_path : STR("/");
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Keys are texts of a hash already: a few of their characters tell them apart. */
static size_t slot_of(const Attempt *attempt, Str key)
{
    size_t slot = 0;
    for (size_t i = 0; i < key.n && i < 8; i++) {
        slot = slot * 67 + (unsigned char)key.p[i];
    }
    slot %= SLOTS;
    while (attempt->slots[slot] != 0 && !str_eq(attempt->rows[attempt->slots[slot] - 1].key, key)) {
        slot = (slot + 1) % SLOTS;
    }
    return slot;
}

static Row *find_row(const Attempt *attempt, Str key)
{
    uint16_t row = attempt->slots[slot_of(attempt, key)];
    return row == 0 ? NULL : &attempt->rows[row - 1];
}

/* An entity past its date is absent, though its document is still there to be replaced. */
static Error add_row(Attempt *attempt, const StoreDoc *doc)
{
    Row *row = &attempt->rows[attempt->row_count];
    *row = (Row){.key = doc->key, .version = doc->version};
    if (doc->version > 0) {
        bool is_expired = false;
        TRY(public_entity_read(attempt->call.vault.arena, doc->body, &row->entity, &row->order));
        TRY(public_entity_is_expired(doc->body, attempt->call.vault.now_us, &is_expired));
        row->is_there = !is_expired;
    }
    attempt->slots[slot_of(attempt, doc->key)] = (uint16_t)++attempt->row_count;
    return OK;
}

static Error row_of_key(Attempt *attempt, Str key, Row **ret_row)
{
    *ret_row = find_row(attempt, key);
    if (*ret_row != NULL) {
        return OK;
    }
    StoreDoc doc;
    TRY(store_get(attempt->call.vault.snapshot, attempt->call.vault.arena, STORE_PUBLIC_ENTITIES,
                  key, &doc));
    doc.key = key;
    TRY(add_row(attempt, &doc));
    *ret_row = find_row(attempt, key);
    return OK;
}

static Error key_of(const Attempt *attempt, const EntityWrite *write, Str type, Str *ret_key)
{
    return public_entity_key_in(attempt->call.vault.arena, attempt->call.vault.tenant,
                                path_of(write), write->entity.id, type, ret_key);
}

static Error row_of_type(Attempt *attempt, const EntityWrite *write, Str type, Row **ret_row)
{
    Str key;
    TRY(key_of(attempt, write, type, &key));
    return row_of_key(attempt, key, ret_row);
}

/* Reads what the writes with a type are about in one go. */
static Error load_rows(Attempt *attempt, const EntityBatch *batch)
{
    Arena *arena = attempt->call.vault.arena;
    Str *keys = ARENA_MANY(arena, Str, batch->count);
    ENSURE_ALLOC(keys, arena);
    StoreDoc *docs = ARENA_MANY(arena, StoreDoc, batch->count);
    ENSURE_ALLOC(docs, arena);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const EntityWrite *write = &batch->writes[i];
        if (write->entity.type.n > 0) {
            TRY(key_of(attempt, write, write->entity.type, &keys[count]));
            count++;
        }
    }
    if (count > 0) {
        TRY(store_get_many(attempt->call.vault.snapshot, arena, STORE_PUBLIC_ENTITIES, keys, count,
                           docs));
    }
    for (size_t i = 0; i < count; i++) {
        docs[i].key = keys[i];
        if (find_row(attempt, keys[i]) == NULL) {
            TRY(add_row(attempt, &docs[i]));
        }
    }
    return OK;
}

/* --- by id alone ------------------------------------------------------------------------------ */

static void take(Found *found, Row *row)
{
    found->is_ambiguous = found->row != NULL;
    found->row = row;
}

/* Documents of the id in the snapshot; those that the batch has touched are judged by their rows.
 */
static Error take_stored(Attempt *attempt, const EntityWrite *write, const StoreDoc *doc,
                         Found *found)
{
    Str path;
    bool is_expired = false;
    TRY(doc_get_text(doc->body, "s", &path));
    TRY(public_entity_is_expired(doc->body, attempt->call.vault.now_us, &is_expired));
    bool is_candidate =
        !is_expired && str_eq(path, path_of(write)) && find_row(attempt, doc->key) == NULL;
    if (!is_candidate) {
        return OK;
    }
    if (found->row != NULL) {
        found->is_ambiguous = true;
        return OK;
    }
    Row *row;
    TRY(row_of_key(attempt, doc->key, &row));
    take(found, row);
    return OK;
}

static void take_touched(const Attempt *attempt, const EntityWrite *write, Found *found)
{
    for (size_t i = 0; i < attempt->row_count && !found->is_ambiguous; i++) {
        Row *row = &attempt->rows[i];
        if (row->is_there && str_eq(row->entity.id, write->entity.id) &&
            str_eq(row->entity.service_path, path_of(write))) {
            take(found, row);
        }
    }
}

static Error find_by_id(Attempt *attempt, const EntityWrite *write, Found *ret_found)
{
    static const char *const members[] = {"s", "x", NULL};
    Arena *arena = attempt->call.vault.arena;
    Found found = {0};
    Str scope;
    TRY(public_entity_scope_in(arena, attempt->call.vault.tenant, &scope));
    StoreFind find = {.collection = STORE_PUBLIC_ENTITIES,
                      .index = "by_id",
                      .equal = {STORE_TEXT(scope), STORE_TEXT(write->entity.id)},
                      .equal_count = 2,
                      .limit = ID_DOCS,
                      .members = members};
    take_touched(attempt, write, &found);
    bool is_over = false;
    while (!is_over && !found.is_ambiguous) {
        StoreDoc *docs = NULL;
        size_t count = 0;
        TRY(store_find(attempt->call.vault.snapshot, arena, &find, &docs, &count));
        for (size_t i = 0; i < count && !found.is_ambiguous; i++) {
            TRY(take_stored(attempt, write, &docs[i], &found));
        }
        is_over = count < find.limit;
        find.after = count > 0 ? &docs[count - 1] : NULL;
    }
    *ret_found = found;
    return OK;
}

/* --- one write -------------------------------------------------------------------------------- */

/* The row that the write is about, and whether an entity stands there. Without a type and without
 * an entity it is the one that would be made. */
static Error find_target(Attempt *attempt, const EntityWrite *write, Found *ret_found)
{
    if (write->entity.type.n > 0) {
        *ret_found = (Found){0};
        return row_of_type(attempt, write, write->entity.type, &ret_found->row);
    }
    Found found;
    TRY(find_by_id(attempt, write, &found));
    if (found.row == NULL) {
        TRY(row_of_type(attempt, write, ENTITY_TYPE_DEFAULT, &found.row));
    }
    *ret_found = found;
    return OK;
}

static Error apply(Attempt *attempt, const EntityWrite *write, const EntityEdit *edit, Row *row)
{
    const VaultCall *vault = &attempt->call.vault;
    if (edit->is_deleted) {
        row->is_there = false;
        row->is_changed = true;
        return OK;
    }
    const Entity *before = row->is_there ? &row->entity : NULL;
    Entity after;
    TRY(entity_update_result_in(vault->arena, write, before, edit, vault->now_us, &after));
    row->entity = after;
    row->order = row->is_there ? row->order : next_order(attempt->writer, vault->now_us);
    row->is_there = true;
    row->is_changed = true;
    return OK;
}

static Error write_one(Attempt *attempt, const EntityWrite *write, EntityOutcome *ret_outcome)
{
    Found found;
    EntityEdit edit;
    TRY(find_target(attempt, write, &found));
    if (found.is_ambiguous) {
        *ret_outcome = (EntityOutcome){.refusal = FAIL(ENTITY_AMBIGUOUS, NULL), .was_there = true};
        return OK;
    }
    const Entity *before = found.row->is_there ? &found.row->entity : NULL;
    TRY(entity_update_plan(attempt->call.vault.arena, write, before, attempt->call.vault.now_us,
                           &edit));
    *ret_outcome = edit.outcome;
    return edit.is_changed ? apply(attempt, write, &edit, found.row) : OK;
}

/* --- the commit ------------------------------------------------------------------------------- */

static Error add_to_commit(const Attempt *attempt, const Row *row, StoreBatch *batch)
{
    if (!row->is_there) {
        if (row->version > 0) {
            store_batch_delete(batch, STORE_PUBLIC_ENTITIES, row->key, row->version);
        }
        return OK;
    }
    DocBody body;
    TRY(public_entity_write(attempt->call.vault.arena, attempt->call.vault.tenant, &row->entity,
                            row->order, &body));
    if (row->version == 0) {
        /* An entity that is made anew has a new order, and so is not taken for the one before. */
        store_batch_insert_as(batch, STORE_PUBLIC_ENTITIES, row->key, (uint64_t)row->order, body);
    } else {
        store_batch_replace(batch, STORE_PUBLIC_ENTITIES, row->key, row->version, body);
    }
    return OK;
}

static Error commit(const Attempt *attempt)
{
    StoreBatch *batch = store_batch_in(attempt->call.vault.arena);
    ENSURE_ALLOC(batch, attempt->call.vault.arena);
    for (size_t i = 0; i < attempt->row_count; i++) {
        if (attempt->rows[i].is_changed) {
            TRY(add_to_commit(attempt, &attempt->rows[i], batch));
        }
    }
    return store_commit(attempt->writer->store, batch, attempt->call.vault.deadline, NULL);
}

/* --- attempts --------------------------------------------------------------------------------- */

/* What the outcomes hold of the attempt's memory goes over to the caller's. */
static Error keep_outcomes(Arena *arena, EntityOutcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        StrList names = outcomes[i].names;
        Str *kept = ARENA_MANY(arena, Str, names.count);
        ENSURE_ALLOC(kept, arena);
        if (names.count > 0) {
            memcpy(kept, names.items, names.count * sizeof *kept);
        }
        outcomes[i].names.items = kept;
        TRY(str_copy_in(arena, outcomes[i].type, &outcomes[i].type));
    }
    return OK;
}

static Error attempt_in(Arena *scratch, EmbeddedWriter *writer, const BrokerCall *call,
                        const EntityBatch *batch, EntityOutcome *outcomes)
{
    Attempt attempt = {.writer = writer, .call = *call};
    attempt.call.vault.arena = scratch;
    attempt.rows = ARENA_MANY(scratch, Row, batch->count);
    ENSURE_ALLOC(attempt.rows, scratch);
    attempt.slots = ARENA_MANY(scratch, uint16_t, SLOTS);
    ENSURE_ALLOC(attempt.slots, scratch);
    TRY(load_rows(&attempt, batch));
    for (size_t i = 0; i < batch->count; i++) {
        TRY(write_one(&attempt, &batch->writes[i], &outcomes[i]));
    }
    TRY(keep_outcomes(call->vault.arena, outcomes, batch->count));
    return batch->is_rehearsal ? OK : commit(&attempt);
}

static Error try_once(EmbeddedWriter *writer, const BrokerCall *call, const EntityBatch *batch,
                      EntityOutcome *outcomes)
{
    CLEANUP(arena_free) Arena *scratch = arena_new(ATTEMPT_BYTES);
    ENSURE(scratch != NULL, OUT_OF_MEMORY, NULL);
    Error error = attempt_in(scratch, writer, call, batch, outcomes);
    if (error.argument != NULL) {
        error.argument = str_argument(call->vault.arena, str_from(error.argument));
    }
    return error;
}

/* A fresh look at the store, since the snapshot shows what was overtaken. It takes the place of the
 * call's own, so that a crowd of writers never holds one snapshot each while waiting for a second.
 */
static Error look_again(const EmbeddedWriter *writer, BrokerCall *call)
{
    call->vault.snapshot = store_snapshot_close(call->vault.snapshot);
    return store_snapshot_open(writer->store, call->vault.deadline, &call->vault.snapshot);
}

static bool is_race(Error error)
{
    return error.reason == REASON_STORE_CONFLICT || error.reason == REASON_STORE_EXISTS;
}

Error embedded_write(EmbeddedWriter *writer, BrokerCall *call, const EntityBatch *batch,
                     EntityOutcome *ret_outcomes)
{
    ENSURE(batch->count <= ENTITY_BATCH_MAX, STORE_LIMIT, NULL);
    Error error = try_once(writer, call, batch, ret_outcomes);
    while (is_race(error) && !deadline_has_passed(call->vault.deadline)) {
        TRY(look_again(writer, call));
        error = try_once(writer, call, batch, ret_outcomes);
    }
    return is_race(error) ? FAIL(STORE_CONFLICT, NULL) : error;
}
