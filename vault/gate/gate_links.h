/* gate_links.h — the links of one chunk's citizens with the caller, read when the first of them is
 * asked for.
 *
 * Most citizens whom a condition rules out are never named, and their links are never read. Must
 * never be left out before something is shown or counted: whose link is not active is not in the
 * view.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: consent rule
 * 8. */
#ifndef MUSUBI_GATE_LINKS_H
#define MUSUBI_GATE_LINKS_H

#include "gate_caller.h"
#include "id_link.h"

typedef struct GateLinks {
    Arena *arena; /* of the documents; not sensitive */
    const uint8_t (*subjects)[SUBJECT_ID_BYTES];
    size_t count;
    StoreDoc *docs; /* NULL until they are read */
} GateLinks;

/* The link of citizen `at`, in the caller's arena; *ret_is_active tells whether it leads anywhere.
 * Errors: CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, store errors. */
Error gate_links_open(GateLinks *links, GateCaller *caller, size_t at, const Subject *subject,
                      IdLink *ret_link, bool *ret_is_active) MUST_USE;

#endif
