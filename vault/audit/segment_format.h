/* segment_format.h — the bytes of a segment file: its head and its batch records. Pure.
 *
 * A folder holds the segments of one node, "00000001.seg", "00000002.seg", … without gaps.
 * A segment is a head and then batch records, back to back. All numbers are big-endian.
 *
 *   head     0   8  magic "MUSUBISG"
 *            8   2  format = 1
 *           10   2  o: length of the origin
 *           12   4  number of this segment, from 1
 *           16   8  f: first sequence
 *           24   o  origin (checkpoint.h)
 *         24+o 32p  frontier of the tree of f leaves, largest subtree first, p = one-bits of f
 *            …   4  CRC32C of all before
 *
 *   record   0   4  magic "MBAT"
 *            4   2  format = 1
 *            6   2  n: leaves, 1…256
 *            8   4  length of the whole record
 *           12   4  0
 *           16   8  first sequence
 *           24      n × (u16 length, leaf)
 *            …      n × (u16 length, detail; 0: none)
 *            …  32  root of the tree with these leaves
 *            …  64  Ed25519 signature over the checkpoint of that tree
 *            …   4  CRC32C of all before
 *
 * The head's frontier needs no signature: the root of the first record, which is signed, follows
 * from it. The first record of a segment may repeat, byte for byte, the last one of the segment
 * before: that is what a stop between "copied" and "cut" leaves behind (access_log.h), and the only
 * repetition there may be.
 *
 * Must never be changed in place: another layout is another format number, and older ones stay
 * readable.
 *
 * Layer: vault/audit. Thread-safe: pure. Requirement: L-4. */
#ifndef MUSUBI_SEGMENT_FORMAT_H
#define MUSUBI_SEGMENT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "merkle.h"
#include "str.h"

#define SEGMENT_FORMAT 1
#define SEGMENT_LEAVES_MAX 256 /* in one record */
#define SEGMENT_LEAF_BYTES_MAX 4096
#define SEGMENT_DETAIL_BYTES_MAX ((size_t)32 << 10)
#define SEGMENT_DETAILS_BYTES_MAX ((size_t)2 << 20) /* of one record, lengths included */
#define SEGMENT_ORIGIN_BYTES_MAX 200
#define SEGMENT_SIGNATURE_BYTES 64
#define SEGMENT_HEAD_FIXED_BYTES 24
#define SEGMENT_RECORD_FIXED_BYTES 24
#define SEGMENT_RECORD_TAIL_BYTES (MERKLE_HASH_BYTES + SEGMENT_SIGNATURE_BYTES + 4)
#define SEGMENT_HEAD_BYTES_MAX                                                                     \
    (SEGMENT_HEAD_FIXED_BYTES + SEGMENT_ORIGIN_BYTES_MAX +                                         \
     MERKLE_FRONTIER_MAX * MERKLE_HASH_BYTES + 4)
#define SEGMENT_RECORD_BYTES_MAX                                                                   \
    (SEGMENT_RECORD_FIXED_BYTES + SEGMENT_LEAVES_MAX * (2 + (size_t)SEGMENT_LEAF_BYTES_MAX) +      \
     SEGMENT_DETAILS_BYTES_MAX + SEGMENT_RECORD_TAIL_BYTES)

/* What is wrong with bytes that should be a head or a record. */
typedef enum SegmentFault {
    SEGMENT_FINE = 0,
    SEGMENT_SHORT, /* the bytes end before the head or record does */
    SEGMENT_BAD_MAGIC,
    SEGMENT_NEWER,      /* a format number that this program does not know */
    SEGMENT_BAD_LENGTH, /* a length that can't be */
    SEGMENT_BAD_CRC,
    SEGMENT_BAD_SHAPE, /* checksum right, inside wrong */
    SEGMENT_FAULT_COUNT_
} SegmentFault;

/* What was expected instead, as a phrase. Static. */
const char *segment_fault_text(SegmentFault fault);

typedef struct SegmentHead {
    uint32_t number;
    Str origin;              /* view of the bytes decoded */
    MerkleFrontier frontier; /* frontier.size is the first sequence */
} SegmentHead;

/* A record in place: views of the bytes decoded. */
typedef struct SegmentBatch {
    uint64_t first_seq;
    size_t count;
    Str leaves[SEGMENT_LEAVES_MAX];
    Str details[SEGMENT_LEAVES_MAX]; /* n = 0: none */
    const uint8_t *root;
    const uint8_t *signature;
    Str record; /* all of it */
} SegmentBatch;

/* Writes a head into ret_bytes[SEGMENT_HEAD_BYTES_MAX] and returns its length. origin.n ≤
 * SEGMENT_ORIGIN_BYTES_MAX. */
size_t segment_head_encode(const SegmentHead *head, uint8_t *ret_bytes);
/* Length of the whole head whose first SEGMENT_HEAD_FIXED_BYTES are given. */
SegmentFault segment_head_length(Str fixed, size_t *ret_bytes);
/* Reads exactly one head. */
SegmentFault segment_head_decode(Str bytes, SegmentHead *ret_head);

/* Length of the whole record whose first SEGMENT_RECORD_FIXED_BYTES are given. */
SegmentFault segment_record_length(Str fixed, size_t *ret_bytes);
/* Reads exactly one record. */
SegmentFault segment_record_decode(Str bytes, SegmentBatch *ret_batch);

/* "00000001.seg" into name. */
#define SEGMENT_NAME_BYTES 16
void segment_name(uint32_t number, char ret_name[SEGMENT_NAME_BYTES]);
/* The number of a segment's file name; false for any other name. */
bool segment_name_parse(Str name, uint32_t *ret_number);

/* A record under construction: leaves are added one by one, the rest when it is closed. */
typedef struct SegmentBuilder {
    uint8_t *record;  /* SEGMENT_RECORD_BYTES_MAX */
    uint8_t *details; /* SEGMENT_DETAILS_BYTES_MAX */
    size_t record_n;
    size_t details_n;
    size_t count;
    uint64_t first_seq;
} SegmentBuilder;

/* Memory for one record. Free with segment_builder_done. Errors: OUT_OF_MEMORY. */
Error segment_builder_init(SegmentBuilder *builder) MUST_USE;
/* NULL-safe; wipes nothing: what a builder holds is sealed. */
void segment_builder_done(SegmentBuilder *builder);
/* Starts anew at a sequence. */
void segment_builder_start(SegmentBuilder *builder, uint64_t first_seq);
/* Whether a leaf with a detail of this many bytes still fits. Leaves always have
 * SEGMENT_LEAF_BYTES_MAX of room. */
bool segment_builder_fits(const SegmentBuilder *builder, size_t detail_bytes);
/* Adds one; it must fit. */
void segment_builder_add(SegmentBuilder *builder, Str leaf, Str detail);
/* Closes the record and returns its bytes, which live in the builder until its next start. */
Str segment_builder_finish(SegmentBuilder *builder, const MerkleHash *root,
                           const uint8_t signature[SEGMENT_SIGNATURE_BYTES]);

#endif
