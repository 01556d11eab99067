#include "segment_format.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"

static const char HEAD_MAGIC[] = "MUSUBISG";
static const char RECORD_MAGIC[] = "MBAT";

/* A cursor over bytes that someone else wrote: every take is checked. */
typedef struct Cursor {
    const uint8_t *at;
    size_t left;
} Cursor;

static uint16_t load_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)load_u16(at) << 16 | load_u16(at + 2);
}

static uint64_t load_u64(const uint8_t *at)
{
    return (uint64_t)load_u32(at) << 32 | load_u32(at + 4);
}

static uint8_t *store_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *store_u32(uint8_t *at, uint32_t value)
{
    return store_u16(store_u16(at, value >> 16), value & 0xffff);
}

static uint8_t *store_u64(uint8_t *at, uint64_t value)
{
    return store_u32(store_u32(at, (uint32_t)(value >> 32)), (uint32_t)value);
}

static uint8_t *store_bytes(uint8_t *at, const void *bytes, size_t n)
{
    if (n > 0) {
        memcpy(at, bytes, n);
    }
    return at + n;
}

static const uint8_t *as_bytes(Str s)
{
    return (const uint8_t *)s.p;
}

const char *segment_fault_text(SegmentFault fault)
{
    static const char *const TEXTS[] = {
        [SEGMENT_FINE] = "nothing",
        [SEGMENT_SHORT] = "a complete record, but the file ends inside it",
        [SEGMENT_BAD_MAGIC] = "the mark that begins a segment or a record",
        [SEGMENT_NEWER] = "a format number that this program knows",
        [SEGMENT_BAD_LENGTH] = "a possible length",
        [SEGMENT_BAD_CRC] = "bytes that match their checksum",
        [SEGMENT_BAD_SHAPE] = "leaves and details that fill the record exactly",
    };
    _Static_assert(sizeof TEXTS / sizeof TEXTS[0] == SEGMENT_FAULT_COUNT_, "one text a fault");
    return (unsigned)fault < SEGMENT_FAULT_COUNT_ ? TEXTS[fault] : "";
}

/* Format 0 was never written: bytes of a torn write that the file system left as zeros. */
static SegmentFault unknown_format(uint16_t format)
{
    return format == 0 ? SEGMENT_BAD_SHAPE : SEGMENT_NEWER;
}

static bool crc_is_right(Str bytes)
{
    size_t body = bytes.n - CRC32C_BYTES;
    return crc32c(bytes.p, body) == load_u32(as_bytes(bytes) + body);
}

size_t segment_head_encode(const SegmentHead *head, uint8_t *ret_bytes)
{
    assert(head->origin.n <= SEGMENT_ORIGIN_BYTES_MAX);
    size_t hashes = merkle_frontier_count(head->frontier.size);
    uint8_t *at = store_bytes(ret_bytes, HEAD_MAGIC, 8);
    at = store_u16(at, SEGMENT_FORMAT);
    at = store_u16(at, head->origin.n);
    at = store_u32(at, head->number);
    at = store_u64(at, head->frontier.size);
    at = store_bytes(at, head->origin.p, head->origin.n);
    at = store_bytes(at, head->frontier.hashes, hashes * MERKLE_HASH_BYTES);
    at = store_u32(at, crc32c(ret_bytes, (size_t)(at - ret_bytes)));
    return (size_t)(at - ret_bytes);
}

SegmentFault segment_head_length(Str fixed, size_t *ret_bytes)
{
    const uint8_t *at = as_bytes(fixed);
    if (fixed.n < SEGMENT_HEAD_FIXED_BYTES) {
        return SEGMENT_SHORT;
    }
    if (memcmp(at, HEAD_MAGIC, 8) != 0) {
        return SEGMENT_BAD_MAGIC;
    }
    if (load_u16(at + 8) != SEGMENT_FORMAT) {
        return unknown_format(load_u16(at + 8));
    }
    size_t origin = load_u16(at + 10);
    if (origin > SEGMENT_ORIGIN_BYTES_MAX) {
        return SEGMENT_BAD_LENGTH;
    }
    *ret_bytes = SEGMENT_HEAD_FIXED_BYTES + origin +
                 merkle_frontier_count(load_u64(at + 16)) * MERKLE_HASH_BYTES + CRC32C_BYTES;
    return SEGMENT_FINE;
}

SegmentFault segment_head_decode(Str bytes, SegmentHead *ret_head)
{
    size_t length = 0;
    SegmentFault fault = segment_head_length(bytes, &length);
    if (fault != SEGMENT_FINE) {
        return fault;
    }
    if (bytes.n != length) {
        return bytes.n < length ? SEGMENT_SHORT : SEGMENT_BAD_LENGTH;
    }
    if (!crc_is_right(bytes)) {
        return SEGMENT_BAD_CRC;
    }
    const uint8_t *at = as_bytes(bytes);
    size_t origin = load_u16(at + 10);
    *ret_head = (SegmentHead){.number = load_u32(at + 12),
                              .origin = str_bytes(at + SEGMENT_HEAD_FIXED_BYTES, origin),
                              .frontier = {.size = load_u64(at + 16)}};
    size_t hashes = merkle_frontier_count(ret_head->frontier.size);
    (void)store_bytes((uint8_t *)ret_head->frontier.hashes, at + SEGMENT_HEAD_FIXED_BYTES + origin,
                      hashes * MERKLE_HASH_BYTES);
    return SEGMENT_FINE;
}

SegmentFault segment_record_length(Str fixed, size_t *ret_bytes)
{
    const uint8_t *at = as_bytes(fixed);
    if (fixed.n < SEGMENT_RECORD_FIXED_BYTES) {
        return SEGMENT_SHORT;
    }
    if (memcmp(at, RECORD_MAGIC, 4) != 0) {
        return SEGMENT_BAD_MAGIC;
    }
    if (load_u16(at + 4) != SEGMENT_FORMAT) {
        return unknown_format(load_u16(at + 4));
    }
    size_t leaves = load_u16(at + 6);
    size_t length = load_u32(at + 8);
    size_t least = SEGMENT_RECORD_FIXED_BYTES + leaves * 4 + SEGMENT_RECORD_TAIL_BYTES;
    if (leaves < 1 || leaves > SEGMENT_LEAVES_MAX || load_u32(at + 12) != 0 || length < least ||
        length > SEGMENT_RECORD_BYTES_MAX) {
        return SEGMENT_BAD_LENGTH;
    }
    *ret_bytes = length;
    return SEGMENT_FINE;
}

static bool take_u16_prefixed(Cursor *cursor, size_t max_bytes, Str *ret_bytes)
{
    if (cursor->left < 2) {
        return false;
    }
    size_t n = load_u16(cursor->at);
    if (n > cursor->left - 2 || n > max_bytes) {
        return false;
    }
    *ret_bytes = str_bytes(cursor->at + 2, n);
    cursor->at += 2 + n;
    cursor->left -= 2 + n;
    return true;
}

static bool take_leaves_and_details(Cursor *cursor, SegmentBatch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (!take_u16_prefixed(cursor, SEGMENT_LEAF_BYTES_MAX, &batch->leaves[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (!take_u16_prefixed(cursor, SEGMENT_DETAIL_BYTES_MAX, &batch->details[i])) {
            return false;
        }
    }
    return cursor->left == 0;
}

SegmentFault segment_record_decode(Str bytes, SegmentBatch *ret_batch)
{
    size_t length = 0;
    SegmentFault fault = segment_record_length(bytes, &length);
    if (fault != SEGMENT_FINE) {
        return fault;
    }
    if (bytes.n != length) {
        return bytes.n < length ? SEGMENT_SHORT : SEGMENT_BAD_LENGTH;
    }
    if (!crc_is_right(bytes)) {
        return SEGMENT_BAD_CRC;
    }
    const uint8_t *at = as_bytes(bytes);
    ret_batch->first_seq = load_u64(at + 16);
    ret_batch->count = load_u16(at + 6);
    ret_batch->root = at + length - SEGMENT_RECORD_TAIL_BYTES;
    ret_batch->signature = ret_batch->root + MERKLE_HASH_BYTES;
    ret_batch->record = bytes;
    Cursor cursor = {.at = at + SEGMENT_RECORD_FIXED_BYTES,
                     .left = length - SEGMENT_RECORD_FIXED_BYTES - SEGMENT_RECORD_TAIL_BYTES};
    return take_leaves_and_details(&cursor, ret_batch) ? SEGMENT_FINE : SEGMENT_BAD_SHAPE;
}

void segment_name(uint32_t number, char ret_name[SEGMENT_NAME_BYTES])
{
    (void)snprintf(ret_name, SEGMENT_NAME_BYTES, "%08u.seg", number);
}

bool segment_name_parse(Str name, uint32_t *ret_number)
{
    if (name.n < 12 || !str_ends_with(name, STR(".seg"))) {
        return false;
    }
    Str digits = str_slice(name, 0, name.n - 4);
    while (digits.n > 1 && digits.p[0] == '0') {
        digits = str_slice(digits, 1, digits.n);
    }
    int64_t number = 0;
    if (!str_to_uint(digits, &number) || number < 1 || number > UINT32_MAX) {
        return false;
    }
    char canonical[SEGMENT_NAME_BYTES];
    segment_name((uint32_t)number, canonical);
    if (!str_eq(name, str_from(canonical))) {
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}

Error segment_builder_init(SegmentBuilder *builder)
{
    *builder = (SegmentBuilder){.record = malloc(SEGMENT_RECORD_BYTES_MAX),
                                .details = malloc(SEGMENT_DETAILS_BYTES_MAX)};
    if (builder->record == NULL || builder->details == NULL) {
        segment_builder_done(builder);
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    segment_builder_start(builder, 0);
    return OK;
}

void segment_builder_done(SegmentBuilder *builder)
{
    free(builder->record);
    free(builder->details);
    builder->record = NULL;
    builder->details = NULL;
}

void segment_builder_start(SegmentBuilder *builder, uint64_t first_seq)
{
    builder->record_n = SEGMENT_RECORD_FIXED_BYTES;
    builder->details_n = 0;
    builder->count = 0;
    builder->first_seq = first_seq;
}

bool segment_builder_fits(const SegmentBuilder *builder, size_t detail_bytes)
{
    return builder->count < SEGMENT_LEAVES_MAX && detail_bytes <= SEGMENT_DETAIL_BYTES_MAX &&
           builder->details_n + 2 + detail_bytes <= SEGMENT_DETAILS_BYTES_MAX;
}

void segment_builder_add(SegmentBuilder *builder, Str leaf, Str detail)
{
    assert(segment_builder_fits(builder, detail.n) && leaf.n <= SEGMENT_LEAF_BYTES_MAX);
    uint8_t *at = store_u16(builder->record + builder->record_n, leaf.n);
    at = store_bytes(at, leaf.p, leaf.n);
    builder->record_n = (size_t)(at - builder->record);
    at = store_u16(builder->details + builder->details_n, detail.n);
    at = store_bytes(at, detail.p, detail.n);
    builder->details_n = (size_t)(at - builder->details);
    builder->count++;
}

Str segment_builder_finish(SegmentBuilder *builder, const MerkleHash *root,
                           const uint8_t signature[SEGMENT_SIGNATURE_BYTES])
{
    uint8_t *at =
        store_bytes(builder->record + builder->record_n, builder->details, builder->details_n);
    at = store_bytes(at, root->bytes, MERKLE_HASH_BYTES);
    at = store_bytes(at, signature, SEGMENT_SIGNATURE_BYTES);
    size_t length = (size_t)(at - builder->record) + CRC32C_BYTES;
    uint8_t *head = store_bytes(builder->record, RECORD_MAGIC, 4);
    head = store_u16(head, SEGMENT_FORMAT);
    head = store_u16(head, builder->count);
    head = store_u32(head, (uint32_t)length);
    head = store_u32(head, 0);
    (void)store_u64(head, builder->first_seq);
    (void)store_u32(at, crc32c(builder->record, length - CRC32C_BYTES));
    return str_bytes(builder->record, length);
}
