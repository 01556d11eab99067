/* Heads, records and names: what is written is read back, and nothing else is accepted. */
#include <string.h>

#include "check.h"
#include "crc32c.h"
#include "fake_ports.h"
#include "segment_format.h"

static void checksum_is_crc32c(void **state)
{
    (void)state;
    assert_int_equal(crc32c("123456789", 9), 0xe3069283u);
    assert_int_equal(crc32c("", 0), 0);
    uint8_t zeros[32] = {0};
    assert_int_equal(crc32c(zeros, sizeof zeros), 0x8a9136aau); /* RFC 3720 B.4 */
}

static void both_checksums_agree(void **state)
{
    (void)state;
    uint64_t random = fake_seed("both_checksums_agree");
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)fake_random(&random);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        assert_int_equal(crc32c(bytes, n), crc32c_by_table(bytes, n));
    }
}

static MerkleFrontier frontier_of(uint64_t size)
{
    MerkleFrontier frontier = {0};
    for (uint64_t i = 0; i < size; i++) {
        MerkleHash leaf;
        merkle_hash_leaf(str_bytes(&i, sizeof i), &leaf);
        merkle_append(&frontier, &leaf);
    }
    return frontier;
}

static size_t sample_head(uint8_t *bytes, uint64_t size)
{
    SegmentHead head = {
        .number = 7, .origin = STR("musubi/test/node-a"), .frontier = frontier_of(size)};
    return segment_head_encode(&head, bytes);
}

static void head_round_trip(void **state)
{
    (void)state;
    static const uint64_t SIZES[] = {0, 1, 2, 255, 1000};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        uint8_t bytes[SEGMENT_HEAD_BYTES_MAX];
        size_t n = sample_head(bytes, SIZES[i]);
        SegmentHead head;
        assert_int_equal(segment_head_decode(str_bytes(bytes, n), &head), SEGMENT_FINE);
        assert_int_equal(head.number, 7);
        assert_str(head.origin, "musubi/test/node-a");
        MerkleFrontier wanted = frontier_of(SIZES[i]);
        assert_int_equal(head.frontier.size, SIZES[i]);
        assert_memory_equal(head.frontier.hashes, wanted.hashes,
                            merkle_frontier_count(SIZES[i]) * MERKLE_HASH_BYTES);
    }
}

static void head_refuses_any_changed_bit(void **state)
{
    (void)state;
    uint8_t bytes[SEGMENT_HEAD_BYTES_MAX];
    size_t n = sample_head(bytes, 5);
    for (size_t bit = 0; bit < n * 8; bit++) {
        SegmentHead head;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(segment_head_decode(str_bytes(bytes, n), &head), SEGMENT_FINE);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < n; cut++) {
        SegmentHead head;
        assert_int_not_equal(segment_head_decode(str_bytes(bytes, cut), &head), SEGMENT_FINE);
    }
}

static Str sample_record(SegmentBuilder *builder)
{
    MerkleHash root = {{1}};
    uint8_t signature[SEGMENT_SIGNATURE_BYTES] = {2};
    segment_builder_start(builder, 42);
    segment_builder_add(builder, STR("{\"first\"}"), STR("detail one"));
    segment_builder_add(builder, STR("{\"second\"}"), STR_EMPTY);
    segment_builder_add(builder, STR("{}"), STR("x"));
    return segment_builder_finish(builder, &root, signature);
}

static void record_round_trip(void **state)
{
    (void)state;
    SegmentBuilder builder;
    assert_ok(segment_builder_init(&builder));
    Str record = sample_record(&builder);
    static SegmentBatch batch;
    assert_int_equal(segment_record_decode(record, &batch), SEGMENT_FINE);
    assert_int_equal(batch.first_seq, 42);
    assert_int_equal(batch.count, 3);
    assert_str(batch.leaves[0], "{\"first\"}");
    assert_str(batch.leaves[2], "{}");
    assert_str(batch.details[0], "detail one");
    assert_int_equal(batch.details[1].n, 0);
    assert_str(batch.details[2], "x");
    assert_int_equal(batch.root[0], 1);
    assert_int_equal(batch.signature[0], 2);
    segment_builder_done(&builder);
}

static void record_refuses_any_changed_bit(void **state)
{
    (void)state;
    SegmentBuilder builder;
    assert_ok(segment_builder_init(&builder));
    Str record = sample_record(&builder);
    static SegmentBatch batch;
    for (size_t bit = 0; bit < record.n * 8; bit++) {
        builder.record[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(segment_record_decode(record, &batch), SEGMENT_FINE);
        builder.record[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < record.n; cut++) {
        assert_int_not_equal(segment_record_decode(str_slice(record, 0, cut), &batch),
                             SEGMENT_FINE);
    }
    segment_builder_done(&builder);
}

/* Right checksum, wrong inside: lengths that lead past the end or leave something over. */
static void record_refuses_lengths_that_lie(void **state)
{
    (void)state;
    SegmentBuilder builder;
    assert_ok(segment_builder_init(&builder));
    uint64_t random = fake_seed("record_refuses_lengths_that_lie");
    static SegmentBatch batch;
    for (int round = 0; round < 5000; round++) {
        Str record = sample_record(&builder);
        size_t at = SEGMENT_RECORD_FIXED_BYTES + fake_random_below(&random, 9);
        builder.record[at] = (uint8_t)fake_random(&random);
        uint32_t crc = __builtin_bswap32(crc32c(record.p, record.n - 4));
        memcpy(builder.record + record.n - 4, &crc, sizeof crc);
        SegmentFault fault = segment_record_decode(record, &batch);
        assert_true(fault == SEGMENT_FINE || fault == SEGMENT_BAD_SHAPE);
    }
    segment_builder_done(&builder);
}

static void builder_knows_its_room(void **state)
{
    (void)state;
    SegmentBuilder builder;
    assert_ok(segment_builder_init(&builder));
    static char detail[SEGMENT_DETAIL_BYTES_MAX];
    segment_builder_start(&builder, 0);
    assert_false(segment_builder_fits(&builder, SEGMENT_DETAIL_BYTES_MAX + 1));
    size_t added = 0;
    while (segment_builder_fits(&builder, sizeof detail)) {
        segment_builder_add(&builder, STR("{}"), str_bytes(detail, sizeof detail));
        added++;
    }
    assert_int_equal(added, SEGMENT_DETAILS_BYTES_MAX / (sizeof detail + 2));
    segment_builder_start(&builder, 0);
    for (added = 0; segment_builder_fits(&builder, 0); added++) {
        segment_builder_add(&builder, STR("{}"), STR_EMPTY);
    }
    assert_int_equal(added, SEGMENT_LEAVES_MAX);
    segment_builder_done(&builder);
}

static void names_are_exact(void **state)
{
    (void)state;
    char name[SEGMENT_NAME_BYTES];
    uint32_t number = 0;
    segment_name(1, name);
    assert_string_equal(name, "00000001.seg");
    assert_true(segment_name_parse(STR("00000001.seg"), &number));
    assert_int_equal(number, 1);
    segment_name(4000000000u, name);
    assert_true(segment_name_parse(str_from(name), &number));
    assert_int_equal(number, 4000000000u);
    static const char *const WRONG[] = {"",
                                        "1.seg",
                                        "00000000.seg",
                                        "00000001.sex",
                                        "0000001.seg",
                                        "000000001.seg",
                                        "00000001.seg~",
                                        "+0000001.seg",
                                        ".seg",
                                        "00000001.SEG",
                                        "99999999999.seg"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_false(segment_name_parse(str_from(WRONG[i]), &number));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_is_crc32c),
        cmocka_unit_test(both_checksums_agree),
        cmocka_unit_test(head_round_trip),
        cmocka_unit_test(head_refuses_any_changed_bit),
        cmocka_unit_test(record_round_trip),
        cmocka_unit_test(record_refuses_any_changed_bit),
        cmocka_unit_test(record_refuses_lengths_that_lie),
        cmocka_unit_test(builder_knows_its_room),
        cmocka_unit_test(names_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
