/* finder_table.h — counts the leaves of each key within the open epoch, so that every detail gets
 * its next finder.
 *
 * A key's finders in an epoch are those of k = 0, 1, 2 … without a gap: who holds the key counts up
 * until one is missing. After a start the counts are unknown; the epoch's finders are learnt from
 * the segments, and the first use of a key finds its count among them by doubling and halving. Must
 * never skip a k.
 *
 * Layer: vault/audit. Thread-safe: single-owner (the log's lock). Requirement: L-2. */
#ifndef MUSUBI_FINDER_TABLE_H
#define MUSUBI_FINDER_TABLE_H

#include <stdint.h>

#include "arena.h"
#include "keyring.h"
#include "seal.h"
#include "str.h"

typedef struct FinderTable FinderTable;

/* Errors: OUT_OF_MEMORY. Free with finder_table_free. */
Error finder_table_new(FinderTable **ret_table) MUST_USE;
/* NULL is fine. Returns NULL. */
FinderTable *finder_table_free(FinderTable *table);

/* Start-up: a finder that stands in the given, still open epoch. Errors: OUT_OF_MEMORY. */
Error finder_table_learn(FinderTable *table, uint64_t epoch,
                         const uint8_t finder[SEAL_FINDER_BYTES]) MUST_USE;

/* The next finder of a key in an epoch, and where its count is kept until finder_table_use. Another
 * epoch than before forgets all counts. Errors: VAULT_SEALED, CRYPTO_OPEN (subject erased),
 * LOG_MISUSE (more keys than leaves). */
Error finder_table_next(FinderTable *table, SubjectKey *key, Str node, uint64_t epoch,
                        uint8_t ret_finder[SEAL_FINDER_BYTES], size_t *ret_slot) MUST_USE;
/* The finder given last for this slot is in the log now. */
void finder_table_use(FinderTable *table, size_t slot);

DEFINE_CLEANUP(FinderTable, finder_table_free)

#endif
