/* counter.h — numbers that are drawn once and never again, in order, together with the write that
 * uses them.
 *
 * A counter is a document of the meta collection; a draw puts its next state into the caller's
 * batch, so that numbers are taken exactly when the batch takes effect. Two draws at one time: the
 * second batch fails with STORE_CONFLICT or STORE_EXISTS and is built again. Must never be drawn
 * twice under one name in one batch: ask for several at once.
 *
 * Layer: vault/store. Thread-safe: as the snapshot and the batch. */
#ifndef MUSUBI_COUNTER_H
#define MUSUBI_COUNTER_H

#include "store.h"

#define COUNTER_NAME_BYTES_MAX 180

/* Draws `count` ≥ 1 numbers in a row from the counter of this name (printable ASCII without
 * blanks); the first of all is 1. They count as drawn once the batch is committed. Errors: those of
 * store_get, STORE_MISUSE. */
Error counter_draw(StoreSnapshot *snapshot, Arena *arena, StoreBatch *batch, Str name,
                   int64_t count, int64_t *ret_first) MUST_USE;

/* The key of a counter's document and a body that makes `next` its next number, for tools that
 * restore or repair. In the arena. Errors: STORE_MISUSE, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error counter_document_in(Arena *arena, Str name, int64_t next, Str *ret_key, DocBody *ret_body)
    MUST_USE;

#endif
