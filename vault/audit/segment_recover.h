/* segment_recover.h — what a start finds in the folder: the last complete batch, the tree up to it,
 * and what to cut.
 *
 * A start can't know whether the last record found was ever synced: a failed fdatasync leaves it
 * readable in the kernel's memory and absent from the disk. Every record before it was (the next
 * write waits for the sync). So the last record is copied into the new segment of this start, and
 * then cut from the old one. A copy that a stopped start left alone in its segment is doubtful in
 * the same way, while the older one stands on the disk if it was ever acknowledged: the copy is
 * removed.
 *
 * Cut without a word is only what can be the torn end of an unfinished write; a damaged record with
 * whole ones behind it, a gap, a wrong root or a foreign signature stop the start: LOG_CORRUPT.
 * Must never cut an acknowledged record.
 *
 * Layer: vault/audit. Thread-safe: single-owner. Requirement: L-4, L-5. */
#ifndef MUSUBI_SEGMENT_RECOVER_H
#define MUSUBI_SEGMENT_RECOVER_H

#include <stdint.h>

#include "arena.h"
#include "checkpoint.h"
#include "clock.h"
#include "merkle.h"
#include "str.h"

typedef struct SegmentRecovery {
    MerkleFrontier frontier;    /* of all complete batches */
    uint32_t next_number;       /* of the segment to create */
    uint64_t cut_bytes;         /* torn bytes that were cut */
    Str last_record;            /* in the arena; n = 0: the log is empty */
    MerkleFrontier before_last; /* the tree without it */
    uint32_t last_number;       /* the segment that ends with it … */
    uint64_t last_offset;       /* … and where in there it begins */
    Str last_leaf;              /* in last_record */
    uint8_t last_signature[SIGN_SIGNATURE_BYTES];
} SegmentRecovery;

/* Reads the end of the log, cuts a torn tail, removes segments that never got a batch.
 * Errors: FILE_IO, LOG_CORRUPT, LOG_NEWER (argument: what was expected; static), OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error segment_recover(const FilePort *port, Arena *arena, const char *folder,
                      const LogPolicy *policy, SegmentRecovery *ret_recovery) MUST_USE;

#endif
