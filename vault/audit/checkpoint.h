/* checkpoint.h — the signed statement "this log has so many leaves and this root", as a signed
 * note.
 *
 *   musubi/<environment>/<node>
 *   70000
 *   mVHuH7XiA2O7c88bKX8zHsTm3XbyuLFeHyiT9qob4mw=
 *
 *   — musubi/<environment>/<node> <base64(key id ‖ signature)>
 *
 * Origin (one node of one installation is one log), leaves, root; the Ed25519 signature is over
 * these three lines with their line ends. Must never carry extension lines (an auditor can't check
 * them) and never be signed by another key than the log's.
 *
 * Layer: vault/audit. Thread-safe: pure. Requirement: L-6.
 * Standard: C2SP signed-note, tlog-checkpoint. */
#ifndef MUSUBI_CHECKPOINT_H
#define MUSUBI_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "merkle.h"
#include "sign.h"
#include "str.h"

#define CHECKPOINT_NAME_BYTES_MAX 60 /* environment, node */

typedef struct Checkpoint {
    Str origin;
    uint64_t size;
    MerkleHash root;
} Checkpoint;

typedef struct LogKey {
    uint8_t bytes[SIGN_PUBLIC_BYTES];
} LogKey;

/* Who may have signed a log: its origin and the keys it has had. Views of the caller's memory. */
typedef struct LogPolicy {
    Str origin;
    const LogKey *keys;
    size_t key_count;
} LogPolicy;

/* Whether a name may stand in an origin and in a finder: 1…60 of a-z, 0-9, '.', '-', '_'. */
bool checkpoint_name_is_valid(Str name);
/* The origin of a node's log, in the arena. Errors: LOG_NAME, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error checkpoint_origin_in(Arena *arena, Str environment, Str node, Str *ret_origin) MUST_USE;

/* The three lines that are signed, each ended by LF. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error checkpoint_text_in(Arena *arena, const Checkpoint *checkpoint, Str *ret_text) MUST_USE;
/* Whether any key of the policy made this signature over the checkpoint; its origin must be the
 * policy's. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error checkpoint_verify(Arena *arena, const LogPolicy *policy, const Checkpoint *checkpoint,
                        Str signature, bool *ret_is_genuine) MUST_USE;
/* The whole note with one signature line. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error checkpoint_note_in(Arena *arena, const Checkpoint *checkpoint,
                         const uint8_t public_key[SIGN_PUBLIC_BYTES],
                         const uint8_t signature[SIGN_SIGNATURE_BYTES], Str *ret_note) MUST_USE;

/* Reads a note and proves it: the origin is the policy's, at least one signature line is by one of
 * its keys; lines of unknown keys are ignored. ret_checkpoint->origin is a view of note. Errors:
 * LOG_CHECKPOINT (argument says what is wrong), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error checkpoint_open(Arena *arena, const LogPolicy *policy, Str note, Checkpoint *ret_checkpoint)
    MUST_USE;

#endif
