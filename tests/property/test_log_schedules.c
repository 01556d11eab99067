/* The real access log through the schedules of its model: four requests in batches, killed at every
 * call that changes a file, started again, killed at every call again, and a third time at random;
 * each time the process alone or the power too. Requirement: L-14, L-5.
 *
 * Whatever was acknowledged stands in the log exactly once, nothing stands twice, the log is
 * genuine, and it extends every head that was ever given out.
 *
 *     test_log_schedules [--all]     with --all in every cut of four requests into batches */
#include <stdio.h>
#include <string.h>

#include "audit_fixture.h"
#include "crash_disk.h"

enum { REQUESTS = 4, PLANS = 8 };

typedef struct Schedule {
    AuditFixture *fixture;
    CrashDisk *disk;
    unsigned plan; /* bit i: a batch ends after request i */
    uint64_t next; /* request */
    bool is_acknowledged[REQUESTS];
    Str head; /* newest note given out; "" before the first */
} Schedule;

typedef struct Death {
    uint64_t at;       /* call; 0: dies in peace */
    uint64_t fails_at; /* a call that fails before */
    bool is_powerless;
} Death;

static uint64_t lives;
static uint64_t deaths;
static bool does_all;

static void note_head(Schedule *schedule, AccessLog *log)
{
    assert_ok(access_log_checkpoint(log, schedule->fixture->arena, &schedule->head));
}

/* One call with all requests of a batch: they are placed together, so they are one batch. */
static void append_batch(Schedule *schedule, AccessLog *log)
{
    char marks[REQUESTS][AUDIT_REQUEST_BYTES];
    LeafDraft drafts[REQUESTS];
    uint64_t first = schedule->next;
    uint64_t seq = 0;
    size_t n = 0;
    do {
        drafts[n] = audit_draft(NULL, schedule->next, marks[n]);
        n++;
    } while (!(schedule->plan & 1U << schedule->next++) && schedule->next < REQUESTS);
    Error error = access_log_append(log, drafts, n,
                                    deadline_in(ports_system()->clock, 10 * CLOCK_SECOND_US), &seq);
    assert_true(!FAILED(error) || error.reason == REASON_LOG_UNAVAILABLE);
    for (size_t i = 0; i < n && !FAILED(error); i++) {
        schedule->is_acknowledged[first + i] = true;
    }
    if (!FAILED(error)) {
        note_head(schedule, log);
    }
}

/* The log is genuine and extends the newest head that was given out. */
static void check_head(Schedule *schedule)
{
    LogReport report = audit_verify(schedule->fixture, schedule->head);
    if (!report.is_genuine) {
        Str text;
        assert_ok(log_verify_text_in(schedule->fixture->arena, &report, &text));
        fail_msg("%.*s", STR_FORMAT(text));
    }
}

/* Whether it died as ordered. */
static bool live(Schedule *schedule, Death death)
{
    AccessLogOptions options = audit_options(schedule->fixture);
    AccessLog *log = NULL;
    crash_disk_live(schedule->disk, death.at, death.fails_at);
    Error error = access_log_open(&options, &log);
    assert_true(!FAILED(error) || error.reason == REASON_LOG_UNAVAILABLE);
    if (!FAILED(error)) {
        check_head(schedule);
        note_head(schedule, log);
    }
    while (!FAILED(error) && !schedule->disk->is_dead && schedule->next < REQUESTS) {
        append_batch(schedule, log);
    }
    (void)access_log_close(log);
    bool has_died = schedule->disk->is_dead;
    if (death.is_powerless) {
        crash_disk_lose_power(schedule->disk);
    }
    lives++;
    deaths += has_died;
    return has_died;
}

static void check_leaves(Schedule *schedule)
{
    uint32_t counts[REQUESTS];
    (void)audit_count_requests(schedule->fixture, counts, REQUESTS);
    for (size_t i = 0; i < REQUESTS; i++) {
        assert_true(counts[i] <= 1);
        assert_true(!schedule->is_acknowledged[i] || counts[i] == 1);
    }
}

static Death random_death(CrashDisk *disk)
{
    return (Death){.at = 1 + fake_random_below(&disk->random, 14),
                   .fails_at = fake_random_below(&disk->random, 3) == 0
                                   ? 1 + fake_random_below(&disk->random, 16)
                                   : 0,
                   .is_powerless = fake_random_below(&disk->random, 2) == 0};
}

/* Two deaths as told, a third at random, a life in peace, and the power goes. Says which of the two
 * told ones took place. */
static void run(AuditFixture *fixture, CrashDisk *disk, unsigned plan, const Death told[2],
                bool ret_has_died[2])
{
    Schedule schedule = {.fixture = fixture, .disk = disk, .plan = plan, .head = STR_EMPTY};
    crash_disk_done(disk);
    crash_disk_init(disk, fixture->folder, disk->random);
    audit_fixture_clear_log(fixture);
    for (size_t i = 0; i < 2; i++) {
        ret_has_died[i] = live(&schedule, told[i]);
    }
    (void)live(&schedule, random_death(disk));
    assert_false(live(&schedule, (Death){.is_powerless = true}));
    check_head(&schedule);
    check_leaves(&schedule);
}

static void sweep(AuditFixture *fixture, CrashDisk *disk, unsigned plan, unsigned kinds)
{
    bool has_died[2] = {true, true};
    for (uint64_t first = 1; has_died[0]; first++) {
        has_died[1] = true;
        for (uint64_t second = 1; has_died[1]; second++) {
            const Death told[2] = {{.at = first, .is_powerless = kinds & 1},
                                   {.at = second, .is_powerless = kinds & 2}};
            run(fixture, disk, plan, told, has_died);
        }
    }
}

static void every_schedule_keeps_the_promises(void **state)
{
    (void)state;
    static CrashDisk disk;
    AuditFixture fixture;
    uint64_t seed = fake_seed("test_log_schedules");
    audit_fixture_init(&fixture, seed);
    crash_disk_init(&disk, fixture.folder, seed);
    fixture.fake.ports.file = &disk.port;
    for (unsigned plan = 0; plan < PLANS; plan++) {
        bool is_usual = plan == 7 || plan == 2; /* one by one; two and two */
        for (unsigned kinds = 0; kinds < 4 && (does_all || is_usual); kinds++) {
            sweep(&fixture, &disk, plan, kinds);
        }
    }
    print_message("%llu lives, %llu deaths\n", (unsigned long long)lives,
                  (unsigned long long)deaths);
    assert_true(deaths > 1000);
    crash_disk_done(&disk);
    audit_fixture_done(&fixture);
}

int main(int argc, char **argv)
{
    does_all = argc > 1 && strcmp(argv[1], "--all") == 0;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_schedule_keeps_the_promises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
