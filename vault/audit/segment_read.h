/* segment_read.h — reading the segments of a folder: one file record by record, or all leaves in
 * order.
 *
 * A SegmentFile shows one file as it is, faults included; the verifier and recovery stand on it. A
 * SegmentReader walks over all files as one log, skips the one repetition that the format allows,
 * and can follow a log that is being written, if it is told how far leaves are durable. Both check
 * shape and checksum; proof (roots, signatures) is log_verify.h. Must never write.
 *
 * Layer: vault/audit. Thread-safe: single-owner. Requirement: L-3, L-4. */
#ifndef MUSUBI_SEGMENT_READ_H
#define MUSUBI_SEGMENT_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "segment_format.h"

/* The numbers of all segments in the folder, ascending, in the arena. Other files are ignored.
 * Errors: FILE_MISSING (no folder), FILE_IO, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error segment_list_in(const FilePort *port, Arena *arena, const char *folder,
                      uint32_t **ret_numbers, size_t *ret_count) MUST_USE;
/* "folder/00000001.seg". Errors: FILE_IO (path too long). */
#define SEGMENT_PATH_BYTES 1024
Error segment_path(const char *folder, uint32_t number, char ret_path[SEGMENT_PATH_BYTES]) MUST_USE;

typedef struct SegmentFile SegmentFile;

/* Opens a segment and reads its head. A damaged head is no error: segment_file_fault tells.
 * Errors: FILE_MISSING, FILE_IO, OUT_OF_MEMORY. */
Error segment_file_open(const FilePort *port, const char *folder, uint32_t number,
                        SegmentFile **ret_file) MUST_USE;
/* NULL is fine. Returns NULL. */
SegmentFile *segment_file_close(SegmentFile *file);
/* The head; valid unless the head itself is at fault. */
const SegmentHead *segment_file_head(const SegmentFile *file);
/* The next record, valid until the next call; NULL at the end of the file and at a fault. Errors:
 * FILE_IO. */
Error segment_file_next(SegmentFile *file, const SegmentBatch **ret_batch) MUST_USE;
/* SEGMENT_FINE, or what is wrong at segment_file_offset. */
SegmentFault segment_file_fault(const SegmentFile *file);
/* Where the next (or faulty) head or record begins. */
uint64_t segment_file_offset(const SegmentFile *file);
/* Where the record last given begins. */
uint64_t segment_file_record_offset(const SegmentFile *file);
/* After a fault: whether a whole record stands somewhere behind it. If so, the fault is damage; if
 * not, it may be the torn tail of a write that was never acknowledged. *ret_bytes is what the file
 * holds from the fault on. Errors: FILE_IO. */
Error segment_file_look_behind(SegmentFile *file, bool *ret_has_record, uint64_t *ret_bytes)
    MUST_USE;

typedef struct SegmentReader SegmentReader;

/* A reader whose first leaf is from_seq. Copies folder. Errors: FILE_MISSING, FILE_IO,
 * OUT_OF_MEMORY, LOG_CORRUPT. */
Error segment_reader_open(const FilePort *port, const char *folder, uint64_t from_seq,
                          SegmentReader **ret_reader) MUST_USE;
/* NULL is fine. Returns NULL. */
SegmentReader *segment_reader_close(SegmentReader *reader);
/* The next batch that holds leaves not given yet, valid until the next call; NULL when all leaves
 * below until_seq were given, or at the end of the log. Its first leaves may lie before from_seq.
 * For a log being written until_seq must be at most its durable size; UINT64_MAX reads a log at
 * rest to its end. Errors: FILE_IO, OUT_OF_MEMORY, LOG_CORRUPT (argument: what was expected;
 * static). */
Error segment_reader_next(SegmentReader *reader, uint64_t until_seq, const SegmentBatch **ret_batch)
    MUST_USE;

DEFINE_CLEANUP(SegmentFile, segment_file_close)
DEFINE_CLEANUP(SegmentReader, segment_reader_close)

#endif
