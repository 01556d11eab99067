/* log_verify.h — proves a folder of segments offline: no store, no key but the verifying ones.
 *
 * Full replay from the first segment: names without a gap, heads (checksum, origin, number,
 * frontier), records (checksum, sequence), every leaf (form, sequence, time), every detail against
 * its hash, every root recomputed, every signature. The first bad place is named with file, offset,
 * sequence and what was expected there.
 *
 * What it can't see: leaves cut off the end together with all that followed, and a fork written
 * with the right key. Those need an older checkpoint from outside; given one, it is checked too.
 *
 * Must never repair, and never share a decision with the writer beyond the format.
 *
 * Layer: vault/audit. Thread-safe: pure. Spec: 6(7)エ. Requirement: L-2, L-4, L-6, L-9. */
#ifndef MUSUBI_LOG_VERIFY_H
#define MUSUBI_LOG_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "checkpoint.h"
#include "clock.h"
#include "segment_format.h"

#define LOG_VERIFY_TEXT_BYTES 160
#define LOG_VERIFY_NOTE_BYTES 600

/* The first bad place. */
typedef struct LogFlaw {
    char file[SEGMENT_NAME_BYTES]; /* "" : the folder itself */
    uint64_t offset;               /* of the head or record at fault */
    uint64_t seq;                  /* of the leaf at fault, or the next one expected there */
    char expected[LOG_VERIFY_TEXT_BYTES];
} LogFlaw;

typedef struct LogReport {
    bool is_genuine;
    LogFlaw flaw; /* when it is not */
    uint64_t leaves;
    uint64_t batches;
    uint64_t segments;
    uint64_t boots;
    uint64_t details;
    int64_t first_ms; /* time of the first and the last leaf; 0: none */
    int64_t last_ms;
    MerkleHash root;
    char last_note[LOG_VERIFY_NOTE_BYTES]; /* newest checkpoint, as a signed note; "" : none */
} LogReport;

/* Verifies the log in folder. older_note: a signed note of this log kept elsewhere, "" if there is
 * none; the log must contain exactly the tree that it states. A flaw is not an error: see
 * ret_report->is_genuine. Errors: FILE_MISSING (no folder), FILE_IO, LOG_CHECKPOINT (older_note is
 * none of this log), OUT_OF_MEMORY, BUDGET_EXCEEDED. Takes about 10 µs a leaf. */
Error log_verify_folder(const FilePort *port, const char *folder, const LogPolicy *policy,
                        Str older_note, LogReport *ret_report) MUST_USE;
/* The report as lines of text for a terminal, in the arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY.
 */
Error log_verify_text_in(Arena *arena, const LogReport *report, Str *ret_text) MUST_USE;

/* All leaves of a folder in order, once each; detail.n = 0: none. Returning an error ends the walk
 * with it. */
typedef Error (*LogLeafVisit)(void *context, uint64_t seq, Str line, Str detail);
/* Walks without proving (shape and checksums only); for exports, rebuilds and tests.
 * Errors: FILE_MISSING, FILE_IO, LOG_CORRUPT, OUT_OF_MEMORY, and what visit returns. */
Error log_verify_each_leaf(const FilePort *port, const char *folder, uint64_t from_seq,
                           LogLeafVisit visit, void *context) MUST_USE;

#endif
