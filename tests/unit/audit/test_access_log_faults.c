/* The log in bad weather: the n-th file call fails, once or from then on. Whatever was acknowledged
 * stands in the log exactly once, the log stays genuine, and it recovers by itself. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit_fixture.h"

enum { APPENDS = 12, NUMBERS = 64, DESCRIPTORS = 1024 };

/* A file port that watches the one before it: after a failed write or sync, a descriptor may only
 * be closed. */
typedef struct WatchPort {
    FilePort port;
    const FilePort *inner;
    bool is_poisoned[DESCRIPTORS];
    bool has_violation;
} WatchPort;
static WatchPort watch;

static void note_use(int fd, bool has_failed)
{
    assert(fd >= 0 && fd < DESCRIPTORS);
    watch.has_violation = watch.has_violation || watch.is_poisoned[fd];
    watch.is_poisoned[fd] = watch.is_poisoned[fd] || has_failed;
}

static ssize_t watched_write(const FilePort *port, int fd, const void *bytes, size_t n)
{
    (void)port;
    ssize_t wrote = watch.inner->write(watch.inner, fd, bytes, n);
    note_use(fd, wrote != (ssize_t)n);
    return wrote;
}

static int watched_fdatasync(const FilePort *port, int fd)
{
    (void)port;
    int synced = watch.inner->fdatasync(watch.inner, fd);
    note_use(fd, synced != 0);
    return synced;
}

static int watched_close(const FilePort *port, int fd)
{
    (void)port;
    watch.is_poisoned[fd] = false;
    return watch.inner->close(watch.inner, fd);
}

static int watched_open(const FilePort *port, const char *path, int flags, mode_t mode)
{
    (void)port;
    return watch.inner->open(watch.inner, path, flags, mode);
}

static ssize_t watched_pread(const FilePort *port, int fd, void *out, size_t n, off_t at)
{
    (void)port;
    return watch.inner->pread(watch.inner, fd, out, n, at);
}

static int watched_ftruncate(const FilePort *port, int fd, off_t size)
{
    (void)port;
    return watch.inner->ftruncate(watch.inner, fd, size);
}

static int watched_unlink(const FilePort *port, const char *path)
{
    (void)port;
    return watch.inner->unlink(watch.inner, path);
}

static void watch_files(AuditFixture *fixture)
{
    watch = (WatchPort){.port = {.open = watched_open,
                                 .pread = watched_pread,
                                 .write = watched_write,
                                 .fdatasync = watched_fdatasync,
                                 .ftruncate = watched_ftruncate,
                                 .close = watched_close,
                                 .unlink = watched_unlink},
                        .inner = fixture->fake.ports.file};
    fixture->fake.ports.file = &watch.port;
}

/* Waits until an append is taken again; returns the microseconds it took. */
static int64_t time_to_recover(AccessLog *log, uint64_t number)
{
    const Clock *clock = ports_system()->clock;
    int64_t start = clock->monotonic_us(clock);
    while (FAILED(audit_append(log, NULL, number, 1))) {
        assert_true(clock->monotonic_us(clock) - start < 10 * CLOCK_SECOND_US);
    }
    return clock->monotonic_us(clock) - start;
}

/* When a fault goes: at once, only when the log is closed, or while it is down and must recover by
 * itself. */
typedef enum Passing { PASSES_AT_ONCE, PASSES_AT_CLOSE, PASSES_IN_USE } Passing;

/* One life of a log under one fault: open, append, close. */
typedef struct Life {
    bool is_acknowledged[NUMBERS];
    bool has_opened;
    uint64_t faults_hit;
} Life;

static bool is_expected_failure(Error error)
{
    return error.reason == REASON_LOG_UNAVAILABLE || error.reason == REASON_DEADLINE;
}

static void live(AuditFixture *fixture, FakeFault fault, Passing passing, Life *ret_life)
{
    Life life = {0};
    AccessLogOptions options = audit_options(fixture);
    AccessLog *log = NULL;
    fake_ports_fail(&fixture->fake, fault);
    Error error = access_log_open(&options, &log);
    life.has_opened = !FAILED(error);
    assert_true(life.has_opened || is_expected_failure(error));
    for (uint64_t number = 0; life.has_opened && number < APPENDS; number++) {
        error = audit_append(log, NULL, number, 5);
        assert_true(!FAILED(error) || is_expected_failure(error));
        life.is_acknowledged[number] = !FAILED(error);
    }
    life.faults_hit = fake_faults_hit(&fixture->fake);
    if (life.has_opened && passing == PASSES_IN_USE) {
        fake_ports_fail(&fixture->fake, (FakeFault){0});
        assert_true(time_to_recover(log, NUMBERS) < 5 * CLOCK_SECOND_US);
    }
    (void)access_log_close(log);
    *ret_life = life;
}

static void check_life(AuditFixture *fixture, const Life *life)
{
    fake_ports_fail(&fixture->fake, (FakeFault){0});
    AccessLog *log = audit_open(fixture); /* recovers */
    assert_ok(audit_append(log, NULL, APPENDS, 5));
    (void)access_log_close(log);
    audit_check_genuine(fixture);
    uint32_t counts[NUMBERS];
    (void)audit_count_requests(fixture, counts, NUMBERS);
    for (size_t number = 0; number < APPENDS; number++) {
        assert_true(counts[number] <= 1);
        assert_true(!life->is_acknowledged[number] || counts[number] == 1);
    }
    assert_int_equal(counts[APPENDS], 1);
}

/* Fails call n = 1, 2, 3 … until a run meets no fault any more. Returns how many runs that took. */
static uint64_t sweep(FakeFault fault, Passing passing)
{
    AuditFixture fixture;
    audit_fixture_init(&fixture, 11);
    watch_files(&fixture);
    fault.is_persistent = passing != PASSES_AT_ONCE;
    fixture.segment_bytes = 3000; /* a few batches, so that rotation and close are swept too */
    uint64_t runs = 0;
    for (uint64_t n = 1;; n++) {
        Life life;
        fault.nth = n;
        /* A history to recover from, in two segments. */
        for (int start = 0; start < 2; start++) {
            fake_ports_fail(&fixture.fake, (FakeFault){0});
            AccessLog *log = audit_open(&fixture);
            assert_ok(audit_append(log, NULL, NUMBERS, 5));
            (void)access_log_close(log);
        }
        live(&fixture, fault, passing, &life);
        runs++;
        bool is_clean = life.faults_hit == 0;
        if (is_clean) {
            assert_true(life.has_opened);
        }
        check_life(&fixture, &life);
        assert_false(watch.has_violation);
        audit_fixture_clear_log(&fixture);
        if (is_clean) {
            break;
        }
        assert_true(n < 2000);
    }
    audit_fixture_done(&fixture);
    return runs;
}

static void sweep_call(FakeFault fault, const char *name)
{
    uint64_t once = sweep(fault, PASSES_AT_ONCE);
    uint64_t lasting = sweep(fault, PASSES_AT_CLOSE);
    uint64_t passing = sweep(fault, PASSES_IN_USE);
    print_message("%s: %llu runs once, %llu until closed, %llu until it recovers\n", name,
                  (unsigned long long)once, (unsigned long long)lasting,
                  (unsigned long long)passing);
    assert_true(once > 1 && lasting > 1 && passing > 1); /* the call is made at all */
}

static void every_write(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_WRITE}, "write");
}

static void every_short_write(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_WRITE, .is_short_write = true}, "short write");
}

static void every_fdatasync(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_FDATASYNC}, "fdatasync");
}

static void every_open(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_OPEN}, "open");
}

static void every_close(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_CLOSE}, "close");
}

static void every_ftruncate(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_FTRUNCATE}, "ftruncate");
}

static void every_pread(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_PREAD}, "pread");
}

static void every_unlink(void **state)
{
    (void)state;
    sweep_call((FakeFault){.call = FAKE_UNLINK}, "unlink");
}

/* A single failure is absorbed: the caller whose batch failed is acknowledged from the new segment.
 */
static void one_failure_is_nobodys_concern(void **state)
{
    (void)state;
    static const FakeFault FAULTS[] = {{.call = FAKE_WRITE, .nth = 1},
                                       {.call = FAKE_WRITE, .nth = 1, .is_short_write = true},
                                       {.call = FAKE_FDATASYNC, .nth = 1}};
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        AuditFixture fixture;
        audit_fixture_init(&fixture, 12);
        AccessLog *log = audit_open(&fixture);
        uint32_t before = audit_last_segment(&fixture);
        fake_ports_fail(&fixture.fake, FAULTS[i]);
        assert_ok(audit_append(log, NULL, 1, 5));
        assert_int_equal(fake_faults_hit(&fixture.fake), 1);
        assert_int_equal(audit_last_segment(&fixture),
                         before + 1); /* the old file was left for good */
        assert_ok(audit_append(log, NULL, 2, 5));
        (void)access_log_close(log);
        audit_check_genuine(&fixture);
        uint32_t counts[NUMBERS];
        assert_int_equal(audit_count_requests(&fixture, counts, NUMBERS), 3);
        assert_int_equal(counts[1], 1);
        assert_int_equal(counts[2], 1);
        audit_fixture_done(&fixture);
    }
}

/* Disk full: everybody is refused at once; space returns: it goes on without a restart. */
static void disk_full_and_back(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 13);
    AccessLog *log = audit_open(&fixture);
    assert_ok(audit_append(log, NULL, 0, 5));
    fake_ports_fail(
        &fixture.fake,
        (FakeFault){.call = FAKE_WRITE, .nth = 1, .errno_value = ENOSPC, .is_persistent = true});
    for (uint64_t number = 1; number <= 1000; number++) {
        assert_fails(audit_append(log, NULL, number % 60, 5), LOG_UNAVAILABLE);
    }
    assert_fails(access_log_health(log), LOG_UNAVAILABLE);
    fake_ports_fail(&fixture.fake, (FakeFault){0});
    assert_true(time_to_recover(log, 61) < 5 * CLOCK_SECOND_US);
    assert_ok(access_log_health(log));
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    uint32_t counts[NUMBERS];
    (void)audit_count_requests(&fixture, counts, NUMBERS);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[61], 1);
    audit_fixture_done(&fixture);
}

/* Acknowledged bytes that changed under the log's feet: it never goes on over them. */
static void damaged_tail_keeps_the_log_down(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 14);
    AccessLog *log = audit_open(&fixture);
    assert_ok(audit_append(log, NULL, 1, 5));
    char path[AUDIT_PATH_BYTES + 32];
    audit_segment_path(&fixture, audit_last_segment(&fixture), path);
    Str bytes = audit_read_file(&fixture, path);
    char *changed = str_z(fixture.arena, bytes);
    changed[bytes.n - 20] ^= 1;
    audit_write_file(path, str_bytes(changed, bytes.n));
    fake_ports_fail(&fixture.fake, (FakeFault){.call = FAKE_FDATASYNC, .nth = 1});
    assert_fails(audit_append(log, NULL, 2, 5), LOG_UNAVAILABLE);
    assert_fails(audit_append(log, NULL, 3, 5), LOG_UNAVAILABLE);
    (void)access_log_close(log);
    audit_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write),
        cmocka_unit_test(every_short_write),
        cmocka_unit_test(every_fdatasync),
        cmocka_unit_test(every_open),
        cmocka_unit_test(every_close),
        cmocka_unit_test(every_ftruncate),
        cmocka_unit_test(every_pread),
        cmocka_unit_test(every_unlink),
        cmocka_unit_test(one_failure_is_nobodys_concern),
        cmocka_unit_test(disk_full_and_back),
        cmocka_unit_test(damaged_tail_keeps_the_log_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
