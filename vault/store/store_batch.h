/* store_batch.h — the inside of a batch, for the adapters: operations in the order they were added.
 *
 * Must never be included outside store/ and its tests. Layer: vault/store. Thread-safe:
 * single-owner. */
#ifndef MUSUBI_STORE_BATCH_H
#define MUSUBI_STORE_BATCH_H

#include "store.h"

typedef enum StoreOpKind {
    STORE_OP_INSERT,
    STORE_OP_REPLACE,
    STORE_OP_DELETE,
    STORE_OP_REQUIRE,
    STORE_OP_REQUIRE_ABSENT
} StoreOpKind;

typedef struct StoreOp {
    StoreOpKind kind;
    StoreCollection collection;
    Str key;          /* in the batch's arena */
    uint64_t version; /* that the document must have; of an insert: one less than it gets; 0 for
                         require_absent */
    DocBody body;     /* insert and replace */
} StoreOp;

struct StoreBatch {
    Arena *arena;
    StoreOp *ops;
    size_t count;
    size_t capacity;
    size_t bytes;    /* keys and bodies */
    uint16_t *slots; /* open hash of (collection, key) → position + 1 */
    Error refusal;   /* the first misuse or passed limit; OK so far */
    size_t refused_at;
};

/* Highest version a document can reach or be asked for. */
#define STORE_VERSION_MAX ((uint64_t)INT64_MAX - 1)

/* STORE_EXISTS for insert and require_absent, STORE_CONFLICT for the others: what a refused
 * operation means. */
Error store_op_refusal(const StoreOp *op) MUST_USE;

#endif
