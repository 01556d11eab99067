#include "store_batch.h"

#include <string.h>

#include "doc_select.h"
#include "store_backend.h"

/* Twice the documents of a full batch: the open hash stays at most half full. */
#define SLOT_COUNT ((size_t)2048)
#define FIRST_CAPACITY ((size_t)8)

_Static_assert(SLOT_COUNT >= 2 * STORE_BATCH_DOCS_MAX, "slots");

StoreBatch *store_batch_in(Arena *arena)
{
    StoreBatch *batch = ARENA_ONE(arena, StoreBatch);
    if (batch != NULL) {
        batch->arena = arena;
    }
    return batch;
}

static size_t op_slot(StoreCollection collection, Str key)
{
    uint32_t hash = 2166136261u ^ (uint32_t)collection;
    for (size_t i = 0; i < key.n; i++) {
        hash = (hash ^ (uint8_t)key.p[i]) * 16777619u;
    }
    return (hash ^ hash >> 16) % SLOT_COUNT;
}

/* The slot of (collection, key), or the free one where it belongs. */
static size_t slot_find(const StoreBatch *batch, StoreCollection collection, Str key)
{
    size_t at = op_slot(collection, key);
    while (batch->slots[at] != 0) {
        const StoreOp *op = &batch->ops[batch->slots[at] - 1];
        if (op->collection == collection && str_eq(op->key, key)) {
            break;
        }
        at = (at + 1) % SLOT_COUNT;
    }
    return at;
}

static Error batch_grow(StoreBatch *batch)
{
    if (batch->slots == NULL) {
        batch->slots = ARENA_MANY(batch->arena, uint16_t, SLOT_COUNT);
        ENSURE_ALLOC(batch->slots, batch->arena);
    }
    if (batch->count < batch->capacity) {
        return OK;
    }
    size_t capacity = batch->capacity == 0 ? FIRST_CAPACITY : 2 * batch->capacity;
    StoreOp *ops = ARENA_MANY(batch->arena, StoreOp, capacity);
    ENSURE_ALLOC(ops, batch->arena);
    if (batch->count > 0) {
        memcpy(ops, batch->ops, batch->count * sizeof *ops);
    }
    batch->ops = ops;
    batch->capacity = capacity;
    return OK;
}

static Error body_check(const StoreOp *op)
{
    StoreColumn columns[STORE_COLUMNS_MAX];
    ENSURE(doc_is_sound(op->body), STORE_MISUSE, "body");
    size_t count = store_collection_columns(op->collection, columns);
    for (size_t i = 0; i < count; i++) {
        StoreValue value;
        bool is_there = false;
        Error error = store_column_read(op->body, columns[i], &value, &is_there);
        ENSURE(!FAILED(error), STORE_MISUSE, columns[i].name);
    }
    return OK;
}

static bool has_body(StoreOpKind kind)
{
    return kind == STORE_OP_INSERT || kind == STORE_OP_REPLACE;
}

#define STORE_FIRST_LIMIT ((uint64_t)1 << 62)

static bool has_version(StoreOpKind kind)
{
    return kind != STORE_OP_INSERT && kind != STORE_OP_REQUIRE_ABSENT;
}

static Error op_check(const StoreBatch *batch, const StoreOp *op)
{
    ENSURE((unsigned)op->collection < STORE_COLLECTION_COUNT_, STORE_MISUSE, "collection");
    ENSURE(store_key_is_good(op->key), STORE_MISUSE, "key");
    ENSURE(op->version <= STORE_VERSION_MAX && (!has_version(op->kind) || op->version >= 1),
           STORE_MISUSE, "version");
    ENSURE(batch->count < STORE_BATCH_DOCS_MAX, STORE_LIMIT, "documents");
    ENSURE(op->body.bytes.n <= STORE_BATCH_BYTES_MAX &&
               batch->bytes + op->key.n + op->body.bytes.n <= STORE_BATCH_BYTES_MAX,
           STORE_LIMIT, "bytes");
    return has_body(op->kind) ? body_check(op) : OK;
}

static Error op_add(StoreBatch *batch, StoreOp op)
{
    TRY(op_check(batch, &op));
    TRY(batch_grow(batch));
    size_t slot = slot_find(batch, op.collection, op.key);
    ENSURE(batch->slots[slot] == 0, STORE_MISUSE, "document twice");
    TRY(str_copy_in(batch->arena, op.key, &op.key));
    batch->ops[batch->count++] = op;
    batch->slots[slot] = (uint16_t)batch->count;
    batch->bytes += op.key.n + op.body.bytes.n;
    return OK;
}

static void batch_add(StoreBatch *batch, StoreOp op)
{
    if (FAILED(batch->refusal)) {
        return;
    }
    batch->refused_at = batch->count;
    batch->refusal = op_add(batch, op);
}

void store_batch_insert(StoreBatch *batch, StoreCollection collection, Str key, DocBody body)
{
    batch_add(batch, (StoreOp){STORE_OP_INSERT, collection, key, 0, body});
}

void store_batch_insert_as(StoreBatch *batch, StoreCollection collection, Str key, uint64_t first,
                           DocBody body)
{
    /* Out of bounds it becomes a version that op_check refuses. */
    uint64_t before = first >= 1 && first < STORE_FIRST_LIMIT ? first - 1 : UINT64_MAX;
    batch_add(batch, (StoreOp){STORE_OP_INSERT, collection, key, before, body});
}

void store_batch_replace(StoreBatch *batch, StoreCollection collection, Str key, uint64_t version,
                         DocBody body)
{
    batch_add(batch, (StoreOp){STORE_OP_REPLACE, collection, key, version, body});
}

void store_batch_delete(StoreBatch *batch, StoreCollection collection, Str key, uint64_t version)
{
    batch_add(batch, (StoreOp){STORE_OP_DELETE, collection, key, version, {STR_EMPTY}});
}

void store_batch_require(StoreBatch *batch, StoreCollection collection, Str key, uint64_t version)
{
    batch_add(batch, (StoreOp){STORE_OP_REQUIRE, collection, key, version, {STR_EMPTY}});
}

void store_batch_require_absent(StoreBatch *batch, StoreCollection collection, Str key)
{
    batch_add(batch, (StoreOp){STORE_OP_REQUIRE_ABSENT, collection, key, 0, {STR_EMPTY}});
}

size_t store_batch_count(const StoreBatch *batch)
{
    return batch->count;
}

Error store_batch_check(const StoreBatch *batch, size_t *ret_failed)
{
    if (FAILED(batch->refusal) && ret_failed != NULL) {
        *ret_failed = batch->refused_at;
    }
    return batch->refusal;
}

Error store_op_refusal(const StoreOp *op)
{
    return has_version(op->kind) ? FAIL(STORE_CONFLICT, NULL) : FAIL(STORE_EXISTS, NULL);
}
