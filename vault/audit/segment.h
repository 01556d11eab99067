/* segment.h — appending to the segments of one node: one write and one fdatasync per record, and
 * what to do when either fails.
 *
 * A first error of write, fdatasync or close poisons the file: its descriptor is never written or
 * synced again, because a kernel may drop the pages it could not write and report success the next
 * time. segment_abandon then checks, through fresh descriptors, that what was acknowledged last
 * still stands (checksum of the whole record, and the same root, signature and checksum as were
 * written), cuts off what was not, and the caller goes on in a new segment, beginning with the
 * record that failed.
 *
 * Must never acknowledge a record whose write and fdatasync did not both succeed.
 *
 * Layer: vault/audit. Thread-safe: single-owner (the committer). Requirement: L-4, L-5. */
#ifndef MUSUBI_SEGMENT_H
#define MUSUBI_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "segment_format.h"

typedef struct SegmentWriter {
    const FilePort *port;
    const char *folder;   /* borrowed */
    Str origin;           /* borrowed */
    int fd;               /* -1: no segment is open */
    uint32_t number;      /* of the open segment, or of the next one to create */
    uint64_t size_bytes;  /* acknowledged */
    uint64_t records;     /* acknowledged, in this segment */
    uint64_t tail_offset; /* of the last acknowledged record */
    uint8_t tail_end[SEGMENT_RECORD_TAIL_BYTES]; /* its root, signature and checksum */
    bool is_poisoned;
} SegmentWriter;

/* A writer without a segment; next_number is what segment_create will make. */
void segment_writer_init(SegmentWriter *writer, const FilePort *port, const char *folder,
                         Str origin, uint32_t next_number);
/* Creates the next segment for a tree with this frontier: head written and synced, folder synced. A
 * file of that name that a failed attempt left is removed first. On failure nothing is open and the
 * call may be repeated. Errors: FILE_IO. */
Error segment_create(SegmentWriter *writer, const MerkleFrontier *frontier) MUST_USE;
/* Appends one whole record durably. Errors: FILE_IO; the segment is then poisoned. */
Error segment_append(SegmentWriter *writer, Str record) MUST_USE;
/* Closes a segment that is full. Errors: FILE_IO; the segment is then poisoned. */
Error segment_finish(SegmentWriter *writer) MUST_USE;
/* Leaves a poisoned segment: verifies its last acknowledged record by content, cuts what follows,
 * and stands ready for segment_create. May be repeated after a failure. Errors: FILE_IO;
 * LOG_CORRUPT (an acknowledged record is gone). */
Error segment_abandon(SegmentWriter *writer) MUST_USE;
/* Gives the descriptor back, whatever the state. */
void segment_writer_done(SegmentWriter *writer);

/* Cuts a segment to this size durably, through a descriptor of its own. Errors: FILE_IO. */
Error segment_cut(const FilePort *port, const char *folder, uint32_t number, uint64_t size_bytes)
    MUST_USE;
/* Removes a segment durably; a missing one is fine. Errors: FILE_IO. */
Error segment_remove(const FilePort *port, const char *folder, uint32_t number) MUST_USE;

#endif
