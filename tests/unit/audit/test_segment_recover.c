/* Torn tails: the end of a log may be missing from any byte on. What was complete is kept, the
 * verifier names the place before recovery and finds nothing after it. Damage that no torn write
 * can explain stops the start. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_fixture.h"
#include "segment.h"
#include "segment_read.h"

enum { BATCHES = 6, NUMBERS = 64 };

/* A closed log of one segment with one leaf a batch; offsets[i] is where record i begins,
 * offsets[count] the end. */
typedef struct Sample {
    AuditFixture fixture;
    char path[AUDIT_PATH_BYTES + 32];
    Str bytes;
    uint64_t offsets[NUMBERS];
    size_t count;
} Sample;

static void find_records(Sample *sample)
{
    CLEANUP(segment_file_close) SegmentFile *file = NULL;
    uint32_t last = audit_last_segment(&sample->fixture);
    assert_ok(segment_file_open(ports_system()->file, sample->fixture.folder, last, &file));
    const SegmentBatch *batch = NULL;
    sample->count = 0;
    for (;;) {
        sample->offsets[sample->count] = segment_file_offset(file);
        assert_ok(segment_file_next(file, &batch));
        if (batch == NULL) {
            break;
        }
        sample->count++;
    }
    assert_int_equal(segment_file_fault(file), SEGMENT_FINE);
}

static void sample_init(Sample *sample)
{
    memset(sample, 0, sizeof *sample);
    audit_fixture_init(&sample->fixture, 21);
    AccessLog *log = audit_open(&sample->fixture);
    SubjectKey *key = audit_subject(&sample->fixture, 1);
    for (uint64_t number = 1; number < BATCHES; number++) {
        /* The last two are short, so that cutting at every byte takes seconds. */
        assert_ok(audit_append(log, number < BATCHES - 2 ? key : NULL, number, 5));
    }
    (void)subject_key_unref(key);
    (void)access_log_close(log);
    audit_segment_path(&sample->fixture, 1, sample->path);
    sample->bytes = audit_read_file(&sample->fixture, sample->path);
    find_records(sample);
    assert_int_equal(sample->count, BATCHES);
}

static void sample_done(Sample *sample)
{
    audit_fixture_done(&sample->fixture);
}

/* How many leaves (the boot leaf included) lie wholly below this size. */
static size_t complete_below(const Sample *sample, size_t size)
{
    size_t complete = 0;
    while (complete < sample->count && sample->offsets[complete + 1] <= size) {
        complete++;
    }
    return complete;
}

static void check_flaw(Sample *sample, size_t cut, size_t complete)
{
    LogReport report = audit_verify(&sample->fixture, STR_EMPTY);
    bool is_torn = cut != sample->offsets[complete];
    assert_int_equal(report.is_genuine, !is_torn);
    assert_int_equal(report.leaves, complete);
    if (is_torn) {
        assert_string_equal(report.flaw.file, "00000001.seg");
        assert_int_equal(report.flaw.offset, sample->offsets[complete]);
        assert_int_equal(report.flaw.seq, complete);
        assert_non_null(strstr(report.flaw.expected, "file ends inside"));
    }
}

static void check_recovered(Sample *sample, size_t complete)
{
    uint32_t counts[NUMBERS];
    AccessLog *log = audit_open(&sample->fixture);
    (void)access_log_close(log);
    audit_check_genuine(&sample->fixture);
    assert_int_equal(audit_count_requests(&sample->fixture, counts, NUMBERS),
                     complete + 1); /* and a boot leaf */
    for (size_t number = 1; number < BATCHES; number++) {
        assert_int_equal(counts[number], number < complete);
    }
}

static void cut_at_every_byte_of_the_last_two_batches(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    for (size_t cut = sample.offsets[BATCHES - 2]; cut < sample.bytes.n; cut++) {
        audit_fixture_clear_log(&sample.fixture);
        audit_write_file(sample.path, str_slice(sample.bytes, 0, cut));
        size_t complete = complete_below(&sample, cut);
        check_flaw(&sample, cut, complete);
        check_recovered(&sample, complete);
    }
    sample_done(&sample);
}

/* A file system may have grown the file without its bytes: zeros, or an old page, from some point
 * on. */
static void garbage_in_the_last_batch(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    uint64_t random = fake_seed("garbage_in_the_last_batch");
    size_t last = sample.offsets[BATCHES - 1];
    for (int round = 0; round < 60; round++) {
        char *bytes = str_z(sample.fixture.arena, sample.bytes);
        bool is_zero = round % 2 == 0;
        size_t intact =
            is_zero ? 0
                    : 6; /* another byte than 0 in the format number would name a newer format */
        size_t from = last + intact + fake_random_below(&random, sample.bytes.n - last - intact);
        memset(bytes + from, is_zero ? 0 : 0x5a, sample.bytes.n - from);
        if (memcmp(bytes, sample.bytes.p, sample.bytes.n) == 0) {
            continue;
        }
        audit_fixture_clear_log(&sample.fixture);
        audit_write_file(sample.path, str_bytes(bytes, sample.bytes.n));
        assert_false(audit_verify(&sample.fixture, STR_EMPTY).is_genuine);
        check_recovered(&sample, BATCHES - 1);
    }
    sample_done(&sample);
}

static void expect_refusal(Sample *sample, ErrorReason reason)
{
    AccessLog *log = NULL;
    AccessLogOptions options = audit_options(&sample->fixture);
    uint32_t before = audit_last_segment(&sample->fixture);
    Error error = access_log_open(&options, &log);
    assert_true(FAILED(error));
    assert_int_equal(error.reason, reason);
    assert_int_equal(audit_last_segment(&sample->fixture), before); /* nothing was begun */
}

/* Whether a format number of the changed bytes is one that does not exist yet. */
static bool says_newer(const Sample *sample, const char *bytes)
{
    bool is_newer = bytes[8] != 0 || (uint8_t)bytes[9] > 1;
    for (size_t i = 0; i < BATCHES; i++) {
        const char *format = bytes + sample->offsets[i] + 4;
        is_newer = is_newer || format[0] != 0 || (uint8_t)format[1] > 1;
    }
    return is_newer;
}

/* A damaged record with whole ones behind it is no torn write. */
static void damage_in_the_middle_stops_the_start(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    uint64_t random = fake_seed("damage_in_the_middle_stops_the_start");
    size_t last = sample.offsets[BATCHES - 1];
    for (int round = 0; round < 200; round++) {
        char *bytes = str_z(sample.fixture.arena, sample.bytes);
        size_t at = fake_random_below(&random, last);
        bytes[at] ^= (char)(1u << fake_random_below(&random, 8));
        audit_fixture_clear_log(&sample.fixture);
        audit_write_file(sample.path, str_bytes(bytes, sample.bytes.n));
        expect_refusal(&sample, says_newer(&sample, bytes) ? REASON_LOG_NEWER : REASON_LOG_CORRUPT);
        assert_str_eq(audit_read_file(&sample.fixture, sample.path),
                      str_bytes(bytes, sample.bytes.n));
    }
    sample_done(&sample);
}

static void foreign_log_is_refused(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    sample.fixture.node = STR("node-b");
    expect_refusal(&sample, REASON_LOG_CORRUPT);
    sample.fixture.node = STR("node-a");
    Sample other;
    sample_init(&other); /* another city, other keys */
    audit_write_file(other.path, sample.bytes);
    expect_refusal(&other, REASON_LOG_CORRUPT);
    sample_done(&other);
    sample_done(&sample);
}

/* A start that was stopped after the copy of the last record and before the cut leaves it in both
 * segments. */
static void stopped_between_copy_and_cut(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    AccessLog *log = audit_open(&sample.fixture); /* copies, cuts */
    (void)access_log_close(log);
    for (size_t keep = sample.offsets[BATCHES - 1]; keep <= sample.bytes.n; keep += 97) {
        audit_write_file(
            sample.path,
            str_slice(sample.bytes, 0, keep)); /* as if it had not been cut, whole or torn */
        log = audit_open(&sample.fixture);
        (void)access_log_close(log);
        audit_check_genuine(&sample.fixture);
        char path[AUDIT_PATH_BYTES + 32];
        audit_segment_path(&sample.fixture, 3, path);
        assert_int_equal(unlink(path), 0); /* back to two segments */
        uint32_t counts[NUMBERS];
        (void)audit_count_requests(&sample.fixture, counts, NUMBERS);
        for (size_t number = 1; number < BATCHES; number++) {
            assert_int_equal(counts[number], 1);
        }
        audit_fixture_clear_log(&sample.fixture);
        audit_write_file(sample.path, sample.bytes);
        log = audit_open(&sample.fixture);
        (void)access_log_close(log);
    }
    /* The whole repetition verifies as it stands. */
    audit_write_file(sample.path, sample.bytes);
    audit_check_genuine(&sample.fixture);
    sample_done(&sample);
}

static void unfinished_segments_are_removed(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    char path[AUDIT_PATH_BYTES + 32];
    for (size_t n = 0; n < 60; n += 7) {
        audit_segment_path(&sample.fixture, 2, path);
        audit_write_file(path, str_slice(sample.bytes, 0, n)); /* a head cut short */
        check_recovered(&sample, BATCHES);
        audit_fixture_clear_log(&sample.fixture);
        audit_write_file(sample.path, sample.bytes);
    }
    sample_done(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_at_every_byte_of_the_last_two_batches),
        cmocka_unit_test(garbage_in_the_last_batch),
        cmocka_unit_test(damage_in_the_middle_stops_the_start),
        cmocka_unit_test(foreign_log_is_refused),
        cmocka_unit_test(stopped_between_copy_and_cut),
        cmocka_unit_test(unfinished_segments_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
