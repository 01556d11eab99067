/* The log in calm weather and under many threads: what is acknowledged stands in it once, in order,
 * and is genuine. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "audit_fixture.h"
#include "segment_read.h"

#define COUNTS_MAX 100000
static uint32_t counts[COUNTS_MAX];

static Deadline in_seconds(int seconds)
{
    return deadline_in(ports_system()->clock, seconds * CLOCK_SECOND_US);
}

static void begins_with_a_boot_leaf(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 1);
    for (int start = 1; start <= 3; start++) {
        AccessLog *log = audit_open(&fixture);
        assert_int_equal(access_log_size(log), start);
        (void)access_log_close(log);
        LogReport report = audit_verify(&fixture, STR_EMPTY);
        assert_true(report.is_genuine);
        assert_int_equal(report.boots, start);
        assert_int_equal(report.leaves, start);
    }
    audit_fixture_done(&fixture);
}

typedef struct Expected {
    AuditFixture *fixture;
    SubjectKey *key;
    uint64_t seen;
} Expected;

static Error check_one_leaf(void *context, uint64_t seq, Str line, Str detail)
{
    Expected *expected = context;
    Leaf leaf;
    TRY(leaf_parse(expected->fixture->arena, line, &leaf));
    if (leaf.act == LEAF_BOOT) {
        assert_int_equal(detail.n, 0);
        return OK;
    }
    assert_int_equal(leaf.seq, seq);
    assert_str(leaf.client, "kenko");
    assert_str(leaf.purpose, "health-promotion");
    assert_str(leaf.why, "CONSENT_OK");
    assert_false(leaf.is_denied);
    Str plaintext;
    Str envelope = str_slice(detail, SEAL_FINDER_BYTES, detail.n);
    assert_ok(open_log_detail(expected->key, expected->fixture->node, envelope,
                              expected->fixture->arena, &plaintext));
    const uint8_t *salt = NULL;
    const uint8_t *subject = NULL;
    LeafDetail opened;
    assert_ok(leaf_detail_decode_in(expected->fixture->arena, plaintext, &salt, &subject, &opened));
    assert_memory_equal(subject, subject_key_subject(expected->key), SUBJECT_ID_BYTES);
    assert_str(opened.entity_id, "urn:ngsi-ld:Person:kenko-1");
    assert_int_equal(opened.attribute_count, 2);
    assert_str(opened.attributes[1], "birthDate");
    assert_int_equal(opened.grant_version, 3);
    expected->seen++;
    return OK;
}

static void leaf_and_detail_come_back(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 2);
    AccessLog *log = audit_open(&fixture);
    Expected expected = {.fixture = &fixture, .key = audit_subject(&fixture, 1)};
    assert_ok(audit_append(log, expected.key, 1, 5));
    (void)access_log_close(log);
    assert_ok(
        log_verify_each_leaf(ports_system()->file, fixture.folder, 0, check_one_leaf, &expected));
    assert_int_equal(expected.seen, 1);
    (void)subject_key_unref(expected.key);
    audit_fixture_done(&fixture);
}

/* A page of 1,000 citizens needs four batches; its leaves stand side by side even while others
 * append. */
static void leaves_of_one_call_stay_together(void **state)
{
    (void)state;
    enum { PAGE = 1000 };
    AuditFixture fixture;
    audit_fixture_init(&fixture, 3);
    AccessLog *log = audit_open(&fixture);
    SubjectKey *key = audit_subject(&fixture, 1);
    static char requests[PAGE][AUDIT_REQUEST_BYTES];
    static LeafDraft drafts[PAGE];
    for (uint64_t i = 0; i < PAGE; i++) {
        drafts[i] = audit_draft(key, i, requests[i]);
    }
    uint64_t first = 0;
    assert_ok(access_log_append(log, drafts, PAGE, in_seconds(20), &first));
    assert_int_equal(first, 1);
    assert_int_equal(access_log_size(log), PAGE + 1);
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    assert_int_equal(audit_count_requests(&fixture, counts, PAGE), PAGE + 1);
    (void)subject_key_unref(key);
    audit_fixture_done(&fixture);
}

enum { THREADS = 32, EACH = 40, PER_CALL = 3 };

typedef struct Appender {
    AccessLog *log;
    SubjectKey *key;
    uint64_t first_number;
    uint64_t first_seq[EACH];
    size_t failures;
} Appender;

static void *append_many(void *argument)
{
    Appender *appender = argument;
    for (uint64_t call = 0; call < EACH; call++) {
        char requests[PER_CALL][AUDIT_REQUEST_BYTES];
        LeafDraft drafts[PER_CALL];
        for (uint64_t i = 0; i < PER_CALL; i++) {
            drafts[i] = audit_draft(appender->key, appender->first_number + call * PER_CALL + i,
                                    requests[i]);
        }
        Error error = access_log_append(appender->log, drafts, PER_CALL, in_seconds(60),
                                        &appender->first_seq[call]);
        appender->failures += FAILED(error);
    }
    return NULL;
}

typedef struct Placed {
    uint64_t numbers[COUNTS_MAX]; /* request number by sequence */
} Placed;
static Placed placed;

static Error place_number(void *context, uint64_t seq, Str line, Str detail)
{
    (void)detail;
    Leaf leaf;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    TRY(leaf_parse(arena, line, &leaf));
    int64_t number = -1;
    (void)str_to_uint(str_slice(leaf.request_id, 3, 20), &number);
    ((Placed *)context)->numbers[seq] = (uint64_t)number;
    return OK;
}

/* Segments of a few kilobytes and batches of 20: rotation and full batches happen all the time. */
static void many_threads(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 4);
    fixture.segment_bytes = 20000;
    fixture.batch_leaves = 20;
    AccessLog *log = audit_open(&fixture);
    static Appender appenders[THREADS];
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        appenders[i] = (Appender){
            .log = log, .key = audit_subject(&fixture, i), .first_number = i * EACH * PER_CALL};
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, &appenders[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(appenders[i].failures, 0);
    }
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    assert_true(audit_last_segment(&fixture) > 5);
    assert_int_equal(audit_count_requests(&fixture, counts, THREADS * EACH * PER_CALL),
                     1 + THREADS * EACH * PER_CALL);
    assert_ok(log_verify_each_leaf(ports_system()->file, fixture.folder, 0, place_number, &placed));
    for (uint32_t i = 0; i < THREADS; i++) {
        for (uint64_t call = 0; call < EACH; call++) {
            for (uint64_t leaf = 0; leaf < PER_CALL; leaf++) {
                uint64_t number = appenders[i].first_number + call * PER_CALL + leaf;
                assert_int_equal(placed.numbers[appenders[i].first_seq[call] + leaf], number);
                assert_int_equal(counts[number], 1);
            }
        }
        (void)subject_key_unref(appenders[i].key);
    }
    audit_fixture_done(&fixture);
}

static void checkpoint_opens_and_matches(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 5);
    AccessLog *log = audit_open(&fixture);
    assert_ok(audit_append(log, NULL, 1, 5));
    Str note;
    Checkpoint checkpoint;
    assert_ok(access_log_checkpoint(log, fixture.arena, &note));
    LogPolicy policy = audit_policy(&fixture);
    assert_ok(checkpoint_open(fixture.arena, &policy, note, &checkpoint));
    assert_int_equal(checkpoint.size, 2);
    (void)access_log_close(log);
    LogReport report = audit_verify(&fixture, note);
    assert_true(report.is_genuine);
    assert_memory_equal(report.root.bytes, checkpoint.root.bytes, MERKLE_HASH_BYTES);
    assert_str(note, report.last_note);
    log = audit_open(&fixture);
    assert_ok(access_log_checkpoint(log, fixture.arena, &note)); /* after a restart too */
    assert_ok(checkpoint_open(fixture.arena, &policy, note, &checkpoint));
    assert_int_equal(checkpoint.size, 3);
    (void)access_log_close(log);
    audit_fixture_done(&fixture);
}

static void time_never_steps_back(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 6);
    AccessLog *log = audit_open(&fixture);
    assert_ok(audit_append(log, NULL, 1, 5));
    fake_clock_set(&fixture.fake, FAKE_START_US - 3600 * CLOCK_SECOND_US);
    assert_ok(audit_append(log, NULL, 2, 5));
    (void)access_log_close(log);
    log = audit_open(&fixture); /* the clock is still an hour behind */
    assert_ok(audit_append(log, NULL, 3, 5));
    (void)access_log_close(log);
    LogReport report = audit_verify(&fixture, STR_EMPTY);
    assert_true(report.is_genuine);
    assert_int_equal(report.first_ms, FAKE_START_US / 1000);
    assert_int_equal(report.last_ms, FAKE_START_US / 1000);
    audit_fixture_done(&fixture);
}

/* Clock leaves as text: "BACK 3600 AHEAD 61 ". */
static Error note_clock_leaf(void *context, uint64_t seq, Str line, Str detail)
{
    (void)seq;
    (void)detail;
    char *told = context;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 16);
    Leaf leaf;
    TRY(leaf_parse(arena, line, &leaf));
    size_t n = strlen(told);
    if (leaf.act == LEAF_CLOCK) {
        (void)snprintf(told + n, 128 - n, "%.*s %u ", STR_FORMAT(leaf.why), leaf.attribute_count);
    }
    return OK;
}

static void clock_jumps_are_told(void **state)
{
    (void)state;
    AuditFixture fixture;
    char told[128] = "";
    audit_fixture_init(&fixture, 25);
    AccessLog *log = audit_open(&fixture);
    const int64_t jumps_us[] = {-2 * CLOCK_SECOND_US, -CLOCK_SECOND_US / 2, 59 * CLOCK_SECOND_US,
                                61 * CLOCK_SECOND_US};
    for (size_t i = 0; i < sizeof jumps_us / sizeof jumps_us[0]; i++) {
        fake_clock_set(&fixture.fake, fixture.fake.now_us + jumps_us[i]);
        assert_ok(audit_append(log, NULL, i, 5));
        fake_clock_advance(&fixture.fake, 3600 * CLOCK_SECOND_US); /* a quiet hour is no jump */
    }
    (void)access_log_close(log);
    fake_clock_set(&fixture.fake, fixture.fake.now_us - 7200 * CLOCK_SECOND_US);
    log = audit_open(&fixture);
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    assert_ok(log_verify_each_leaf(ports_system()->file, fixture.folder, 0, note_clock_leaf, told));
    assert_string_equal(told, "BACK 2 AHEAD 61 BACK 3600 ");
    audit_fixture_done(&fixture);
}

/* A jump that could not be told, as the disk was full, is told later. */
static void a_jump_waits_for_its_leaf(void **state)
{
    (void)state;
    AuditFixture fixture;
    char told[128] = "";
    audit_fixture_init(&fixture, 26);
    AccessLog *log = audit_open(&fixture);
    fake_ports_fail(&fixture.fake,
                    (FakeFault){.call = FAKE_WRITE, .nth = 1, .is_persistent = true});
    assert_fails(audit_append(log, NULL, 1, 5), LOG_UNAVAILABLE);
    fake_clock_set(&fixture.fake, FAKE_START_US - 5 * CLOCK_SECOND_US);
    assert_fails(audit_append(log, NULL, 2, 5), LOG_UNAVAILABLE);
    fake_ports_fail(&fixture.fake, (FakeFault){0});
    while (FAILED(audit_append(log, NULL, 3, 5))) {
    }
    (void)access_log_close(log);
    assert_ok(log_verify_each_leaf(ports_system()->file, fixture.folder, 0, note_clock_leaf, told));
    assert_string_equal(told, "BACK 5 ");
    audit_fixture_done(&fixture);
}

static void refuses_what_it_must(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 7);
    AccessLog *log = audit_open(&fixture);
    AccessLog *second = NULL;
    AccessLogOptions options = audit_options(&fixture);
    assert_fails(access_log_open(&options, &second), LOG_UNAVAILABLE); /* the folder is taken */
    options.folder = "/nonexistent/log";
    assert_fails(access_log_open(&options, &second), LOG_UNAVAILABLE);
    options = audit_options(&fixture);
    options.node = STR("Node A");
    assert_fails(access_log_open(&options, &second), LOG_NAME);
    uint64_t seq = 0;
    char request[AUDIT_REQUEST_BYTES];
    LeafDraft draft = audit_draft(NULL, 1, request);
    uint8_t subject[SUBJECT_ID_BYTES] = {0};
    draft.subject = subject;
    assert_fails(access_log_append(log, &draft, 1, in_seconds(5), &seq), LOG_MISUSE);
    assert_fails(access_log_append(log, &draft, 0, in_seconds(5), &seq), LOG_MISUSE);
    static char endless[5000];
    memset(endless, 'x', sizeof endless);
    draft = audit_draft(NULL, 1, request);
    draft.client = str_bytes(endless, sizeof endless);
    assert_fails(access_log_append(log, &draft, 1, in_seconds(5), &seq), LOG_LEAF_TOO_LARGE);
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    audit_fixture_done(&fixture);
}

/* Erased subjects can't be written about any more, and their sealing can't be undone later. */
static void erased_and_sealed(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 8);
    AccessLog *log = audit_open(&fixture);
    SubjectKey *key = audit_subject(&fixture, 1);
    assert_ok(audit_append(log, key, 1, 5));
    keyring_forget_subject(fixture.ring, subject_key_subject(key));
    assert_fails(audit_append(log, key, 2, 5), CRYPTO_OPEN);
    assert_ok(audit_append(log, NULL, 3, 5)); /* the log itself goes on */
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    (void)subject_key_unref(key);
    audit_fixture_done(&fixture);
}

/* Sealing the vault takes the signing key away: nothing can be acknowledged until it is back. */
static void sealed_vault_stops_the_log(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 9);
    AccessLog *log = audit_open(&fixture);
    keyring_seal(fixture.ring);
    assert_fails(audit_append(log, NULL, 1, 5), LOG_UNAVAILABLE);
    assert_fails(access_log_health(log), LOG_UNAVAILABLE);
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    audit_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_a_boot_leaf),
        cmocka_unit_test(leaf_and_detail_come_back),
        cmocka_unit_test(leaves_of_one_call_stay_together),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(checkpoint_opens_and_matches),
        cmocka_unit_test(time_never_steps_back),
        cmocka_unit_test(clock_jumps_are_told),
        cmocka_unit_test(a_jump_waits_for_its_leaf),
        cmocka_unit_test(refuses_what_it_must),
        cmocka_unit_test(erased_and_sealed),
        cmocka_unit_test(sealed_vault_stops_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
