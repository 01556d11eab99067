/* leaf_detail.h — the personal part of a log entry, as it is sealed beside the leaf.
 *
 * Stored detail = finder (8 bytes, seal.h) ‖ envelope of seal_log_detail(key, node, plaintext).
 * The plaintext (LP = u32-BE length, then the bytes):
 *
 *   u8 format = 1
 *   salt, 16 bytes
 *   LP subject (16 bytes or none)
 *   LP entity id
 *   u32 n, n × LP attribute name
 *   u32 m, m × LP name used in a filter
 *   LP grant id, u64 grant version
 *   LP source address
 *   LP user agent
 *   LP query text
 *   LP state hash (of a write: 32 bytes; none otherwise)
 *
 * The salt opens the commitments of the leaf: who holds the plaintext can prove whom and what
 * consent the leaf meant. Must never be kept unsealed.
 *
 * Layer: vault/audit. Thread-safe: pure. Requirement: L-2. */
#ifndef MUSUBI_LEAF_DETAIL_H
#define MUSUBI_LEAF_DETAIL_H

#include <stdint.h>

#include "arena.h"
#include "hash.h"
#include "keyring.h"
#include "str.h"

#define LEAF_DETAIL_FORMAT 1

/* Views; what they show lives where they were made: in the caller (draft) or in an arena (decoded).
 */
typedef struct LeafDetail {
    Str entity_id; /* as the caller of the platform knows it */
    const Str *attributes;
    size_t attribute_count;
    const Str *filtered; /* attribute names that a filter or an order used */
    size_t filtered_count;
    Str grant_id; /* "" : none */
    uint64_t grant_version;
    Str address;
    Str user_agent;
    Str query;
    Str state_hash; /* writes: SHA-256 of the new state; "" otherwise */
} LeafDetail;

/* Bytes that the plaintext takes. */
size_t leaf_detail_bytes(const uint8_t *subject, const LeafDetail *detail);
/* Appends the plaintext. subject: 16 bytes, or NULL when no citizen is concerned. */
void leaf_detail_encode(Buf *buf, const uint8_t salt[COMMITMENT_SALT_BYTES], const uint8_t *subject,
                        const LeafDetail *detail);
/* Reads a plaintext; ret_detail views it. *ret_subject is NULL when there is none.
 * Errors: LOG_CORRUPT, LOG_NEWER, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error leaf_detail_decode_in(Arena *arena, Str plaintext, const uint8_t **ret_salt,
                            const uint8_t **ret_subject, LeafDetail *ret_detail) MUST_USE;

#endif
