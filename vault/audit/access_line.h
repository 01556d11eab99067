/* access_line.h — what a citizen is shown of one log entry, as the projection seals it.
 *
 * Plaintext (LP = u32-BE length, then the bytes):
 *
 *   u8 format = 1
 *   u64 UTC milliseconds
 *   u64 sequence
 *   LP node
 *   u8 act: its LeafAct number (acts are only ever added at the end)
 *   u8 1 = denied, 0 = permitted
 *   LP why, LP client, LP operator, LP purpose, LP entity type, LP request id
 *   LP plaintext of the detail (leaf_detail.h)
 *
 * Sealed by seal_log_detail(key, "lines", plaintext). Must never be kept unsealed.
 *
 * Layer: vault/audit. Thread-safe: pure. Requirement: L-3. */
#ifndef MUSUBI_ACCESS_LINE_H
#define MUSUBI_ACCESS_LINE_H

#include <stdint.h>

#include "leaf.h"

#define ACCESS_LINE_FORMAT 1

typedef struct AccessLine {
    int64_t at_ms;
    uint64_t seq;
    Str node;
    LeafAct act;
    bool is_denied;
    Str why;
    Str client;
    Str operator_id;
    Str purpose;
    Str entity_type;
    Str request_id;
    const uint8_t *subject; /* the citizen concerned; NULL: none */
    const uint8_t *salt;    /* opens the leaf's commitments */
    LeafDetail detail;
} AccessLine;

/* The plaintext of a line. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error access_line_encode_in(Arena *arena, Str node, const Leaf *leaf, Str detail_plaintext,
                            Str *ret_plaintext) MUST_USE;
/* Reads it back; views of the plaintext. Errors: LOG_CORRUPT, LOG_NEWER, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error access_line_decode_in(Arena *arena, Str plaintext, AccessLine *ret_line) MUST_USE;
/* <0, 0, >0: newest first; by time, then node, then sequence, so that all nodes' lines have one
 * order. */
int access_line_compare(const void *a, const void *b);

#endif
