/* gate_chunk.h — one stretch of view rows with everything that belongs to them, read in a few goes.
 *
 * Must never decide anything: targets say what the store says.
 *
 * Layer: vault/gate; used by gate_walk alone. Thread-safe: single-owner. */
#ifndef MUSUBI_GATE_CHUNK_H
#define MUSUBI_GATE_CHUNK_H

#include "gate_walk.h"

typedef struct GateChunk {
    ViewRow *rows;
    size_t count;
    Subject *subjects;
    GateLinks links;
    Str *entities; /* the key of each row's entity; NULL: the rows' citizens may have many */
} GateChunk;

/* Everything but entities about rows that were read, in the reader's arena. Errors: CRYPTO_OPEN,
 * STORE_CORRUPT, VAULT_SEALED, store errors. */
Error gate_chunk_load(GateCaller *reader, const GateType *type, GateChunk *chunk) MUST_USE;
/* The same about chunk->count places, rows included. Errors: as gate_chunk_load. */
Error gate_chunk_find(GateCaller *reader, const GateType *type, const GatePlace *const *places,
                      GateChunk *chunk) MUST_USE;
/* Rules of row i; a citizen who is erased leaves the subject's key NULL. The key stays the chunk's:
 * targets made from this one only borrow it. The link is still to be looked at. Errors:
 * CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED. */
Error gate_chunk_target(GateCaller *inner, const GateType *type, GateChunk *chunk, size_t i,
                        GateTarget *ret_target) MUST_USE;
/* Gives the keys back. Twice is fine. */
void gate_chunk_done(GateChunk *chunk);

/* For CLEANUP(gate_chunk_done) GateChunk chunk = {0}; */
__attribute__((unused)) static inline void gate_chunk_done_cleanup_(GateChunk *chunk)
{
    gate_chunk_done(chunk);
}

#endif
