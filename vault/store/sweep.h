/* sweep.h — removes what has expired from a collection, a few documents at a time.
 *
 * Expiry is a plain number member with an index; there are no TTL indexes, so both adapters forget
 * alike and tests can stop the clock. Must never remove a document that was renewed since it was
 * found: each delete names its version.
 *
 * Layer: vault/store. Thread-safe: yes. */
#ifndef MUSUBI_SWEEP_H
#define MUSUBI_SWEEP_H

#include "store.h"

#define SWEEP_LIMIT_MAX 500

/* Deletes at most limit (≤ SWEEP_LIMIT_MAX) documents whose first index member is below `before`,
 * oldest first. arena: for the documents found. Errors: store errors; STORE_CONFLICT when somebody
 * else swept them: try later. */
Error store_sweep(Store *store, Arena *arena, StoreCollection collection, const char *index,
                  int64_t before, size_t limit, Deadline deadline, size_t *ret_removed) MUST_USE;

#endif
