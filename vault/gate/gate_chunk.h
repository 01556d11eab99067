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
    StoreDoc *links;
    StoreDoc *entities; /* one for each row; NULL: the rows' citizens may have many */
} GateChunk;

/* Everything about rows that were read, in the reader's arena: subjects, links, and the citizens'
 * own entities when the type is theirs. Errors: CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, store
 * errors. */
Error gate_chunk_load(GateCaller *reader, const GateType *type, GateChunk *chunk) MUST_USE;
/* Everything about chunk->count places, rows and entities included. Errors: as gate_chunk_load. */
Error gate_chunk_find(GateCaller *reader, const GateType *type, const GatePlace *const *places,
                      GateChunk *chunk) MUST_USE;
/* Link and rules of row i; a citizen who is erased or not linked any more leaves the subject's key
 * NULL. The key stays the chunk's: targets made from this one only borrow it. Errors: CRYPTO_OPEN,
 * STORE_CORRUPT, VAULT_SEALED. */
Error gate_chunk_target(GateCaller *inner, const GateType *type, const GateChunk *chunk, size_t i,
                        GateTarget *ret_target) MUST_USE;
/* Gives the keys back. Twice is fine. */
void gate_chunk_done(GateChunk *chunk);

/* For CLEANUP(gate_chunk_done) GateChunk chunk = {0}; */
__attribute__((unused)) static inline void gate_chunk_done_cleanup_(GateChunk *chunk)
{
    gate_chunk_done(chunk);
}

#endif
