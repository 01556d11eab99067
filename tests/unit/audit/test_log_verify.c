/* The verifier against 1,000 random tamperings, and what it can't see without an older checkpoint.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_fixture.h"
#include "crc32c.h"
#include "segment_read.h"

enum { STARTS = 3, BATCHES = 12, RECORDS_MAX = 64, TAMPERINGS = 1000 };

/* A log of three segments as pieces: head and records of each, to be shuffled by the tampering. */
typedef struct Piece {
    uint32_t segment; /* from 1 */
    bool is_head;
    Str bytes;
} Piece;

typedef struct Original {
    AuditFixture fixture;
    Piece pieces[RECORDS_MAX];
    size_t count;
    Str note;
} Original;

static void add_piece(Original *original, uint32_t segment, bool is_head, Str bytes)
{
    assert_true(original->count < RECORDS_MAX);
    original->pieces[original->count++] =
        (Piece){.segment = segment, .is_head = is_head, .bytes = bytes};
}

static void split_segment(Original *original, uint32_t number)
{
    char path[AUDIT_PATH_BYTES + 32];
    audit_segment_path(&original->fixture, number, path);
    Str bytes = audit_read_file(&original->fixture, path);
    CLEANUP(segment_file_close) SegmentFile *file = NULL;
    assert_ok(segment_file_open(ports_system()->file, original->fixture.folder, number, &file));
    size_t from = 0;
    bool is_head = true;
    const SegmentBatch *batch = NULL;
    do {
        size_t to = (size_t)segment_file_offset(file);
        add_piece(original, number, is_head, str_slice(bytes, from, to - from));
        from = to;
        is_head = false;
        assert_ok(segment_file_next(file, &batch));
    } while (batch != NULL);
    assert_int_equal(from, bytes.n);
}

static void original_init(Original *original)
{
    memset(original, 0, sizeof *original);
    audit_fixture_init(&original->fixture, 41);
    SubjectKey *key = audit_subject(&original->fixture, 1);
    for (int start = 0; start < STARTS; start++) {
        AccessLog *log = audit_open(&original->fixture);
        for (uint64_t number = 0; number < BATCHES / STARTS; number++) {
            fake_clock_advance(&original->fixture.fake, 5000);
            assert_ok(audit_append(log, key, number, 5));
        }
        assert_ok(access_log_checkpoint(log, original->fixture.arena, &original->note));
        (void)access_log_close(log);
    }
    for (uint32_t number = 1; number <= STARTS; number++) {
        split_segment(original, number);
    }
    (void)subject_key_unref(key);
}

static void write_pieces(Original *original, const Piece *pieces, size_t count)
{
    audit_fixture_clear_log(&original->fixture);
    for (uint32_t segment = 1; segment <= STARTS; segment++) {
        Buf bytes = buf_in(original->fixture.arena);
        for (size_t i = 0; i < count; i++) {
            if (pieces[i].segment == segment) {
                buf_add(&bytes, pieces[i].bytes);
            }
        }
        Str whole;
        assert_ok(buf_finish(&bytes, &whole));
        char path[AUDIT_PATH_BYTES + 32];
        audit_segment_path(&original->fixture, segment, path);
        audit_write_file(path, whole);
    }
}

/* A checksum that is right again: whoever can change a record can change its checksum. */
static Str with_checksum(Arena *arena, Str record)
{
    char *bytes = str_z(arena, record);
    uint32_t crc = __builtin_bswap32(crc32c(bytes, record.n - CRC32C_BYTES));
    memcpy(bytes + record.n - CRC32C_BYTES, &crc, sizeof crc);
    return str_bytes(bytes, record.n);
}

static Str flipped(Arena *arena, Str bytes, uint64_t *random)
{
    char *copy = str_z(arena, bytes);
    copy[fake_random_below(random, bytes.n)] ^= (char)(1u << fake_random_below(random, 8));
    return str_bytes(copy, bytes.n);
}

/* A record signed anew, after a change of a leaf, with a key that is not the log's: root and
 * checksum are right. */
static Str resigned(Original *original, const Piece *piece, uint64_t *random)
{
    static SegmentBatch batch;
    assert_int_equal(segment_record_decode(piece->bytes, &batch), SEGMENT_FINE);
    char *bytes = str_z(original->fixture.arena, piece->bytes);
    uint8_t seed[SIGN_SEED_BYTES];
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)fake_random(random);
    }
    Checkpoint checkpoint = {.origin = audit_policy(&original->fixture).origin,
                             .size = batch.first_seq + batch.count};
    memcpy(checkpoint.root.bytes, batch.root, MERKLE_HASH_BYTES);
    Str text;
    assert_ok(checkpoint_text_in(original->fixture.arena, &checkpoint, &text));
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    sign_with_seed(seed, text, signature);
    memcpy(bytes + (batch.signature - (const uint8_t *)piece->bytes.p), signature,
           sizeof signature);
    return with_checksum(original->fixture.arena, str_bytes(bytes, piece->bytes.n));
}

static size_t pick_record(const Original *original, uint64_t *random)
{
    for (;;) {
        size_t at = fake_random_below(random, original->count);
        if (!original->pieces[at].is_head) {
            return at;
        }
    }
}

typedef enum Tampering {
    FLIP,
    FLIP_WITH_CHECKSUM,
    DELETE_RECORD,
    INSERT_COPY,
    SWAP_RECORDS,
    TRUNCATE,
    RESIGN,
    DELETE_BYTES,
    TAMPERING_COUNT_
} Tampering;

static void swap_bytes(Piece *a, Piece *b)
{
    Str kept = a->bytes;
    a->bytes = b->bytes;
    b->bytes = kept;
}

static size_t delete_piece(Piece *pieces, size_t count, size_t at)
{
    memmove(pieces + at, pieces + at + 1, (count - at - 1) * sizeof *pieces);
    return count - 1;
}

static size_t insert_copy(Piece *pieces, size_t count, size_t at, size_t of)
{
    Piece copy = pieces[of];
    memmove(pieces + at + 1, pieces + at, (count - at) * sizeof *pieces);
    pieces[at] = copy;
    pieces[at].segment = at == 0 ? 1 : pieces[at - 1].segment;
    return count + 1;
}

/* Changes pieces (of *count) in one way; the result always differs from the original. */
static void tamper(Original *original, Piece *pieces, size_t *count, Tampering tampering,
                   uint64_t *random)
{
    Arena *arena = original->fixture.arena;
    size_t record = pick_record(original, random);
    size_t any = fake_random_below(random, *count);
    size_t other = record;
    switch (tampering) {
    case FLIP:
        pieces[any].bytes = flipped(arena, pieces[any].bytes, random);
        break;
    case FLIP_WITH_CHECKSUM:
        pieces[any].bytes = with_checksum(
            arena, flipped(arena, str_slice(pieces[any].bytes, 0, pieces[any].bytes.n), random));
        if (str_eq(pieces[any].bytes,
                   original->pieces[any].bytes)) { /* the flip hit the checksum */
            pieces[any].bytes = flipped(arena, pieces[any].bytes, random);
        }
        break;
    case DELETE_RECORD:
        *count = delete_piece(pieces, *count, record);
        break;
    case INSERT_COPY:
        *count = insert_copy(pieces, *count, 1 + any, record);
        break;
    case SWAP_RECORDS:
        while (other == record) {
            other = pick_record(original, random);
        }
        swap_bytes(&pieces[record], &pieces[other]);
        break;
    case TRUNCATE:
        pieces[any].bytes =
            str_slice(pieces[any].bytes, 0, fake_random_below(random, pieces[any].bytes.n));
        break;
    case RESIGN:
        pieces[record].bytes = resigned(original, &pieces[record], random);
        break;
    case DELETE_BYTES:
        pieces[any].bytes =
            str_slice(pieces[any].bytes, 1 + fake_random_below(random, 20), pieces[any].bytes.n);
        break;
    case TAMPERING_COUNT_:
        break;
    }
}

static void thousand_tamperings(void **state)
{
    (void)state;
    Original original;
    original_init(&original);
    write_pieces(&original, original.pieces, original.count);
    assert_true(audit_verify(&original.fixture, original.note).is_genuine);
    uint64_t random = fake_seed("thousand_tamperings");
    size_t detected = 0;
    size_t by_kind[TAMPERING_COUNT_] = {0};
    for (int round = 0; round < TAMPERINGS; round++) {
        Piece pieces[RECORDS_MAX + 1];
        size_t count = original.count;
        memcpy(pieces, original.pieces, count * sizeof *pieces);
        Tampering tampering = (Tampering)(round % TAMPERING_COUNT_);
        tamper(&original, pieces, &count, tampering, &random);
        write_pieces(&original, pieces, count);
        LogReport report = audit_verify(&original.fixture, original.note);
        if (report.is_genuine) {
            print_error("round %d, kind %d was not detected\n", round, (int)tampering);
        } else {
            assert_true(report.flaw.expected[0] != '\0' && report.flaw.file[0] != '\0');
        }
        detected += !report.is_genuine;
        by_kind[tampering]++;
    }
    print_message("%zu of %d tamperings detected, %zu to %zu of each of %d kinds\n", detected,
                  TAMPERINGS, by_kind[TAMPERING_COUNT_ - 1], by_kind[0], (int)TAMPERING_COUNT_);
    assert_int_equal(detected, TAMPERINGS);
    audit_fixture_done(&original.fixture);
}

/* Whole batches cut off the end leave a genuine, shorter log: only a checkpoint kept elsewhere
 * shows it. */
static void missing_end_needs_an_older_checkpoint(void **state)
{
    (void)state;
    Original original;
    original_init(&original);
    write_pieces(&original, original.pieces, original.count - 1);
    assert_true(audit_verify(&original.fixture, STR_EMPTY).is_genuine);
    LogReport report = audit_verify(&original.fixture, original.note);
    assert_false(report.is_genuine);
    assert_non_null(strstr(report.flaw.expected, "older checkpoint"));
    audit_fixture_done(&original.fixture);
}

/* A fork with the right key: the same log, written twice from one state. Each is genuine; a
 * checkpoint of one of them tells them apart. */
static void fork_needs_an_older_checkpoint(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 42);
    Str notes[2];
    for (uint64_t branch = 0; branch < 2; branch++) {
        audit_fixture_clear_log(&fixture);
        AccessLog *log = audit_open(&fixture);
        assert_ok(audit_append(log, NULL, branch, 5));
        assert_ok(access_log_checkpoint(log, fixture.arena, &notes[branch]));
        (void)access_log_close(log);
    }
    assert_true(audit_verify(&fixture, STR_EMPTY).is_genuine);
    assert_true(audit_verify(&fixture, notes[1]).is_genuine);
    assert_false(audit_verify(&fixture, notes[0]).is_genuine);
    audit_fixture_done(&fixture);
}

static void names_the_place(void **state)
{
    (void)state;
    Original original;
    original_init(&original);
    size_t at = 8; /* a record in the second segment */
    assert_int_equal(original.pieces[at].segment, 2);
    assert_false(original.pieces[at].is_head);
    static SegmentBatch batch;
    assert_int_equal(segment_record_decode(original.pieces[at].bytes, &batch), SEGMENT_FINE);
    size_t offset = 0;
    for (size_t i = 0; i < at; i++) {
        offset += original.pieces[i].segment == 2 ? original.pieces[i].bytes.n : 0;
    }
    char *changed = str_z(original.fixture.arena, original.pieces[at].bytes);
    changed[batch.leaves[0].p - batch.record.p + 60] ^= 1; /* inside the first leaf */
    Piece pieces[RECORDS_MAX];
    memcpy(pieces, original.pieces, original.count * sizeof *pieces);
    pieces[at].bytes = with_checksum(original.fixture.arena, str_bytes(changed, batch.record.n));
    write_pieces(&original, pieces, original.count);
    LogReport report = audit_verify(&original.fixture, STR_EMPTY);
    assert_false(report.is_genuine);
    assert_string_equal(report.flaw.file, "00000002.seg");
    assert_int_equal(report.flaw.offset, offset);
    assert_int_equal(report.leaves, batch.first_seq);
    Str text;
    assert_ok(log_verify_text_in(original.fixture.arena, &report, &text));
    assert_non_null(strstr(str_z(original.fixture.arena, text), "00000002.seg"));
    audit_fixture_done(&original.fixture);
}

static void missing_segments_and_folders(void **state)
{
    (void)state;
    Original original;
    original_init(&original);
    char path[AUDIT_PATH_BYTES + 32];
    for (uint32_t missing = 1; missing < STARTS; missing++) {
        write_pieces(&original, original.pieces, original.count);
        audit_segment_path(&original.fixture, missing, path);
        assert_int_equal(unlink(path), 0);
        assert_false(audit_verify(&original.fixture, STR_EMPTY).is_genuine);
    }
    audit_fixture_clear_log(&original.fixture);
    LogReport report = audit_verify(&original.fixture, STR_EMPTY);
    assert_true(report.is_genuine); /* an empty log is an empty tree … */
    assert_int_equal(report.leaves, 0);
    assert_false(
        audit_verify(&original.fixture, original.note).is_genuine); /* … unless one knows better */
    LogPolicy policy = audit_policy(&original.fixture);
    assert_fails(
        log_verify_folder(ports_system()->file, "/nonexistent", &policy, STR_EMPTY, &report),
        FILE_MISSING);
    assert_fails(log_verify_folder(ports_system()->file, original.fixture.folder, &policy, STR("x"),
                                   &report),
                 LOG_CHECKPOINT);
    audit_fixture_done(&original.fixture);
}

/* --- logs that a faulty or malicious holder of the right key wrote --- */

/* Appends a head or a record to a segment's bytes. */
static void sign_record(AuditFixture *fixture, SegmentBuilder *builder, MerkleFrontier *frontier,
                        Str *ret_record)
{
    SigningKey signer;
    assert_ok(signing_key_borrow(fixture->ring, SIGNING_LOG, &signer));
    Checkpoint checkpoint = {.origin = audit_policy(fixture).origin, .size = frontier->size};
    merkle_root(frontier, &checkpoint.root);
    Str text;
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    assert_ok(checkpoint_text_in(fixture->arena, &checkpoint, &text));
    assert_ok(sign_message(&signer, text, signature));
    assert_ok(str_copy_in(
        fixture->arena, segment_builder_finish(builder, &checkpoint.root, signature), ret_record));
}

static Str leaf_line(AuditFixture *fixture, uint64_t seq, int64_t at_ms)
{
    char request[AUDIT_REQUEST_BYTES];
    LeafDraft draft = audit_draft(NULL, seq, request);
    PreparedLeaf prepared;
    uint8_t finder[SEAL_FINDER_BYTES] = {0};
    Str line;
    Str detail;
    assert_ok(leaf_prepare(&fixture->fake.ports, fixture->arena, fixture->node, &draft, &prepared));
    assert_ok(leaf_place(&prepared, fixture->arena, seq, at_ms, finder, &line, &detail));
    return line;
}

/* One segment with two records of one leaf each; returns the whole bytes. */
static Str forge(AuditFixture *fixture, uint32_t number, MerkleFrontier *frontier, const Str *lines,
                 const Str *details, size_t count)
{
    SegmentBuilder builder;
    assert_ok(segment_builder_init(&builder));
    uint8_t head_bytes[SEGMENT_HEAD_BYTES_MAX];
    SegmentHead head = {
        .number = number, .origin = audit_policy(fixture).origin, .frontier = *frontier};
    Buf bytes = buf_in(fixture->arena);
    buf_add(&bytes, str_bytes(head_bytes, segment_head_encode(&head, head_bytes)));
    for (size_t i = 0; i < count; i++) {
        segment_builder_start(&builder, frontier->size);
        segment_builder_add(&builder, lines[i], details[i]);
        MerkleHash hash;
        merkle_hash_leaf(lines[i], &hash);
        merkle_append(frontier, &hash);
        Str record;
        sign_record(fixture, &builder, frontier, &record);
        buf_add(&bytes, record);
    }
    segment_builder_done(&builder);
    Str whole;
    assert_ok(buf_finish(&bytes, &whole));
    return whole;
}

static void expect_flaw(AuditFixture *fixture, const char *expected)
{
    LogReport report = audit_verify(fixture, STR_EMPTY);
    assert_false(report.is_genuine);
    if (strstr(report.flaw.expected, expected) == NULL) {
        print_error("got \"%s\", wanted \"%s\"\n", report.flaw.expected, expected);
        fail();
    }
}

static void signed_nonsense_is_refused(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 43);
    const Str none[2] = {STR_EMPTY, STR_EMPTY};
    struct {
        Str lines[2];
        Str details[2];
        const char *expected;
    } cases[] = {
        {{leaf_line(&fixture, 0, 5), leaf_line(&fixture, 2, 5)},
         {none[0], none[1]},
         "leaf number 1"},
        {{leaf_line(&fixture, 0, 5), leaf_line(&fixture, 1, 4)},
         {none[0], none[1]},
         "a time not before"},
        {{leaf_line(&fixture, 0, 5), leaf_line(&fixture, 1, 5)},
         {none[0], STR("12345678detail")},
         "the detail"},
        {{leaf_line(&fixture, 0, 5), STR("{}")}, {none[0], none[1]}, "a leaf of the right form"},
    };
    char path[AUDIT_PATH_BYTES + 32];
    audit_segment_path(&fixture, 1, path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        MerkleFrontier frontier = {0};
        audit_write_file(path, forge(&fixture, 1, &frontier, cases[i].lines, cases[i].details, 2));
        expect_flaw(&fixture, cases[i].expected);
    }
    audit_fixture_done(&fixture);
}

/* The one repetition that the format allows must be one: another record in its place is a fork. */
static void repetition_must_be_exact(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 44);
    const Str lines[] = {leaf_line(&fixture, 0, 5), leaf_line(&fixture, 1, 5),
                         leaf_line(&fixture, 1, 6)};
    const Str none[3] = {STR_EMPTY, STR_EMPTY, STR_EMPTY};
    MerkleFrontier first = {0};
    MerkleFrontier before_last = {0};
    char path[AUDIT_PATH_BYTES + 32];
    (void)forge(&fixture, 1, &before_last, lines, none, 1);
    audit_segment_path(&fixture, 1, path);
    audit_write_file(path, forge(&fixture, 1, &first, lines, none, 2));
    audit_segment_path(&fixture, 2, path);
    MerkleFrontier second = before_last;
    audit_write_file(path, forge(&fixture, 2, &second, &lines[1], none, 1));
    audit_check_genuine(&fixture);
    second = before_last;
    audit_write_file(path, forge(&fixture, 2, &second, &lines[2], none, 1));
    expect_flaw(&fixture, "repeated byte for byte");
    AccessLog *log = NULL;
    AccessLogOptions options = audit_options(&fixture);
    assert_fails(access_log_open(&options, &log), LOG_CORRUPT);
    audit_fixture_done(&fixture);
}

/* A year later another key signs: the log goes on, and who knows both keys verifies all of it. */
static void rotated_key(void **state)
{
    (void)state;
    AuditFixture old_year;
    AuditFixture new_year;
    audit_fixture_init(&old_year, 45);
    audit_fixture_init(&new_year, 46);
    AccessLog *log = audit_open(&old_year);
    assert_ok(audit_append(log, NULL, 1, 5));
    (void)access_log_close(log);
    AccessLogOptions options = audit_options(&old_year);
    options.keyring = new_year.ring;
    assert_fails(access_log_open(&options, &log), LOG_CORRUPT);
    options.older_keys = &old_year.public_key;
    options.older_key_count = 1;
    assert_ok(access_log_open(&options, &log));
    assert_ok(audit_append(log, NULL, 2, 5));
    (void)access_log_close(log);
    expect_flaw(&old_year, "a signature by a key of this log");
    const LogKey both[] = {old_year.public_key, new_year.public_key};
    LogPolicy policy = {.origin = audit_policy(&old_year).origin, .keys = both, .key_count = 2};
    static LogReport report;
    assert_ok(
        log_verify_folder(ports_system()->file, old_year.folder, &policy, STR_EMPTY, &report));
    assert_true(report.is_genuine);
    assert_int_equal(report.leaves, 4);
    audit_fixture_done(&new_year);
    audit_fixture_done(&old_year);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousand_tamperings),
        cmocka_unit_test(missing_end_needs_an_older_checkpoint),
        cmocka_unit_test(fork_needs_an_older_checkpoint),
        cmocka_unit_test(names_the_place),
        cmocka_unit_test(missing_segments_and_folders),
        cmocka_unit_test(signed_nonsense_is_refused),
        cmocka_unit_test(repetition_must_be_exact),
        cmocka_unit_test(rotated_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
