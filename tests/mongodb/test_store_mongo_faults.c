/* Faults between the adapter and the database: whatever breaks, a batch is there or it is not, what
 * the adapter says of it is true, every call is back in time, and the store works again soon after.
 * Run by with_mongodb.py. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "fail_point.h"
#include "fault_bench.h"

#define COMMIT "commitTransaction"
#define SHORT_US (CLOCK_SECOND_US / 2)
#define LONG_US (3 * CLOCK_SECOND_US)
#define CODE_INTERRUPTED 11601
#define CODE_WRITE_CONFLICT 112
#define CODE_NOT_PRIMARY 10107
#define CODE_WRITE_CONCERN 64

static Bench bench;

static int set_up(void **state)
{
    (void)state;
    bench_start(&bench);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bench_stop(&bench);
    return 0;
}

static int clear_faults(void **state)
{
    (void)state;
    fault_proxy_plan(bench.proxy, (FaultPlan){0});
    fail_point_clear();
    return 0;
}

static const char *plan_text(FaultPlan plan)
{
    static char text[96];
    (void)snprintf(text, sizeof text, "%s of %s, %u times, %u bytes", fault_mode_name(plan.mode),
                   plan.command == NULL ? "everything" : plan.command, plan.times, plan.bytes);
    return text;
}

/* One trial under the plan, then the way back. */
static Error suffer(FaultPlan plan, int64_t timeout_us)
{
    fault_proxy_plan(bench.proxy, plan);
    Error error = bench_trial(&bench, timeout_us, plan_text(plan));
    if (fault_proxy_hits(bench.proxy) == 0 && plan.mode != FAULT_REFUSE) {
        print_error("%s\n", plan_text(plan));
        fail_msg("the fault was never met");
    }
    bench_recover(&bench, plan_text(plan));
    return error;
}

/* Every form at the commit, where it matters most; each form once more at an earlier command. */
static const FaultPlan SINGLE_FAULTS[] = {
    {.mode = FAULT_LOSE, .command = COMMIT},
    {.mode = FAULT_DROP_REPLY, .command = COMMIT},
    {.mode = FAULT_CUT_REPLY, .command = COMMIT, .bytes = 3},
    {.mode = FAULT_CUT_REPLY, .command = COMMIT, .bytes = 30},
    {.mode = FAULT_GARBAGE, .command = COMMIT},
    {.mode = FAULT_WRONG_LENGTH, .command = COMMIT, .bytes = 3},
    {.mode = FAULT_WRONG_LENGTH, .command = COMMIT, .bytes = 1u << 30},
    {.mode = FAULT_BROKEN_BODY, .command = COMMIT},
    {.mode = FAULT_LOSE, .command = "insert"},
    {.mode = FAULT_DROP_REPLY, .command = "update"},
    {.mode = FAULT_CUT_REPLY, .command = "insert", .bytes = 20},
    {.mode = FAULT_GARBAGE, .command = "update"},
    {.mode = FAULT_WRONG_LENGTH, .command = "insert", .bytes = 17},
    {.mode = FAULT_BROKEN_BODY, .command = "update"},
};

/* A single fault that shows at once is mended within the call, wherever it strikes. */
static void test_one_fault_is_mended(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SINGLE_FAULTS / sizeof SINGLE_FAULTS[0]; i++) {
        FaultPlan plan = SINGLE_FAULTS[i];
        plan.times = 1;
        assert_ok(suffer(plan, LONG_US));
    }
}

/* A reply that never comes or drips takes the whole deadline, and no more. */
static void test_silence_ends_at_the_deadline(void **state)
{
    static const char *const COMMANDS[] = {"update", COMMIT};
    static const FaultMode MODES[] = {FAULT_HANG, FAULT_SLOW};
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        for (size_t m = 0; m < 2; m++) {
            FaultPlan plan = {.mode = MODES[m], .command = COMMANDS[c], .times = 1};
            (void)suffer(plan, SHORT_US); /* any true verdict */
        }
    }
}

/* Faults that last: every call fails in time and truly, and the same documents can be written soon
 * after. */
static void test_lasting_faults(void **state)
{
    (void)state;
    for (int m = FAULT_REFUSE; m < FAULT_MODE_COUNT_; m++) {
        FaultPlan plan = {.mode = (FaultMode)m, .bytes = 1u << 20};
        if (plan.mode != FAULT_LATE) {
            Error error = suffer(plan, SHORT_US);
            assert_true(FAILED(error));
        }
    }
}

static void test_commits_that_never_arrive(void **state)
{
    (void)state;
    Error error = suffer((FaultPlan){.mode = FAULT_LOSE, .command = COMMIT}, SHORT_US);
    assert_fails(error, STORE_UNSETTLED);
    error = suffer((FaultPlan){.mode = FAULT_HANG, .command = COMMIT}, SHORT_US);
    assert_fails(error, STORE_UNSETTLED);
}

/* All replies of commits are lost: the marker tells. */
static void test_marker_tells_success(void **state)
{
    (void)state;
    assert_ok(suffer((FaultPlan){.mode = FAULT_DROP_REPLY, .command = COMMIT}, LONG_US));
}

/* The same by the other way: asking again is refused twice, so only the marker is left. */
static void test_marker_tells_success_when_asking_fails(void **state)
{
    (void)state;
    fail_point_set(
        &(FailPoint){.command = COMMIT, .skip = 1, .times = 2, .error_code = CODE_INTERRUPTED});
    assert_ok(
        suffer((FaultPlan){.mode = FAULT_DROP_REPLY, .command = COMMIT, .times = 1}, LONG_US));
}

/* The request of a commit lies in the network; asking again takes long and is refused, so that no
 * time is left to try the batch anew. The void marker shuts the door before the request arrives
 * after all. */
static void test_late_commit_is_shut_out(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fail_point_set(&(FailPoint){
            .command = COMMIT, .times = 1, .error_code = CODE_INTERRUPTED, .block_ms = 1200});
        fault_proxy_plan(bench.proxy,
                         (FaultPlan){.mode = FAULT_LATE, .command = COMMIT, .times = 1});
        assert_fails(bench_trial(&bench, LONG_US, "late commit"), STORE_UNAVAILABLE);
        assert_int_equal(fault_proxy_hits(bench.proxy), 1);
        fault_proxy_release(bench.proxy);
        assert_int_equal(bench_fate(&bench, bench.trials), BENCH_ABSENT);
        bench_recover(&bench, "late commit");
    }
}

/* A late request whose batch the adapter has committed by asking again changes nothing more. */
static void test_late_commit_of_a_settled_batch(void **state)
{
    (void)state;
    fault_proxy_plan(bench.proxy, (FaultPlan){.mode = FAULT_LATE, .command = COMMIT, .times = 1});
    assert_ok(bench_trial(&bench, LONG_US, "late commit"));
    int trial = bench.trials;
    fault_proxy_release(bench.proxy);
    assert_int_equal(bench_fate(&bench, trial), BENCH_THERE);
    bench_recover(&bench, "late commit");
}

typedef struct ServerCase {
    const char *what;
    FailPoint point;
    int64_t timeout_us;
    bool must_work;
} ServerCase;

static const ServerCase SERVER_CASES[] = {
    {"closed at commit", {.command = COMMIT, .times = 1, .closes_connection = true}, LONG_US, true},
    {"closed at four commits",
     {.command = COMMIT, .times = 4, .closes_connection = true},
     LONG_US,
     false},
    {"closed at insert",
     {.command = "insert", .times = 1, .closes_connection = true},
     LONG_US,
     true},
    {"conflict at update",
     {.command = "update", .times = 3, .error_code = CODE_WRITE_CONFLICT},
     LONG_US,
     true},
    {"conflict at commit",
     {.command = COMMIT, .times = 1, .error_code = CODE_WRITE_CONFLICT},
     LONG_US,
     true},
    {"not primary at insert",
     {.command = "insert", .times = 1, .error_code = CODE_NOT_PRIMARY},
     LONG_US,
     false},
    {"not primary at commit",
     {.command = COMMIT, .times = 1, .error_code = CODE_NOT_PRIMARY},
     LONG_US,
     false},
    {"interrupted commit",
     {.command = COMMIT, .times = 1, .error_code = CODE_INTERRUPTED},
     LONG_US,
     true},
    {"void by interruption",
     {.command = COMMIT, .times = 2, .error_code = CODE_INTERRUPTED},
     LONG_US,
     false},
    {"majority in doubt",
     {.command = COMMIT, .times = 1, .write_concern_error = CODE_WRITE_CONCERN},
     LONG_US,
     true},
    {"blocked at commit", {.command = COMMIT, .times = 1, .block_ms = 900}, SHORT_US, false},
    {"blocked at update", {.command = "update", .times = 1, .block_ms = 900}, SHORT_US, false},
};

static void test_faults_of_the_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SERVER_CASES / sizeof SERVER_CASES[0]; i++) {
        const ServerCase *one = &SERVER_CASES[i];
        fail_point_set(&one->point);
        Error error = bench_trial(&bench, one->timeout_us, one->what);
        if (FAILED(error) && one->must_work) {
            print_error("%s\n", one->what);
            assert_ok(error);
        }
        fail_point_clear();
        bench_recover(&bench, one->what);
    }
}

static Error read_shared(int64_t timeout_us)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    StoreSnapshot *snapshot = NULL;
    StoreDoc doc;
    TRY(store_snapshot_open(bench.through, deadline_in(ports_system()->clock, timeout_us),
                            &snapshot));
    Error error = store_get(snapshot, arena, STORE_PERSONS, STR("shared"), &doc);
    (void)store_snapshot_close(snapshot);
    TRY(error);
    assert_true(doc.version >= 1);
    return OK;
}

/* Reads and pings under each fault: an answer or an error, in time. */
static void test_reads_in_time(void **state)
{
    const Clock *clock = ports_system()->clock;
    (void)state;
    for (int m = FAULT_REFUSE; m < FAULT_MODE_COUNT_; m++) {
        if (m == FAULT_LATE) {
            continue;
        }
        fault_proxy_plan(bench.proxy, (FaultPlan){.mode = (FaultMode)m, .bytes = 17});
        int64_t begun = clock->monotonic_us(clock);
        Error error = read_shared(SHORT_US);
        int64_t took = clock->monotonic_us(clock) - begun;
        assert_true(FAILED(error));
        assert_true(error.reason == REASON_STORE_UNAVAILABLE || error.reason == REASON_DEADLINE);
        assert_true(took <= SHORT_US + BENCH_GRACE_US);
        fault_proxy_plan(bench.proxy, (FaultPlan){0});
        Deadline limit = deadline_in(clock, BENCH_RECOVERY_US);
        while (FAILED(error) && !deadline_has_passed(limit)) {
            error = store_ping(bench.through, deadline_in(clock, CLOCK_SECOND_US));
        }
        assert_ok(error);
    }
}

/* A view whose connection broke must not go on in another state of the data. */
static void test_broken_view_stays_broken(void **state)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    StoreSnapshot *snapshot = NULL;
    StoreDoc doc;
    (void)state;
    assert_ok(store_snapshot_open(bench.through, contract_deadline(), &snapshot));
    fault_proxy_plan(bench.proxy, (FaultPlan){.mode = FAULT_LOSE, .command = "find", .times = 1});
    assert_fails(store_get(snapshot, arena, STORE_PERSONS, STR("shared"), &doc), STORE_UNAVAILABLE);
    assert_fails(store_get(snapshot, arena, STORE_PERSONS, STR("shared"), &doc), STORE_UNAVAILABLE);
    (void)store_snapshot_close(snapshot);
    assert_ok(read_shared(LONG_US));
}

/* More callers than connections: they wait their turn, or their deadline. */
static void test_lane_is_bounded(void **state)
{
    StoreSnapshot *open[4] = {NULL};
    StoreSnapshot *extra = NULL;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_ok(store_snapshot_open(bench.through, contract_deadline(), &open[i]));
    }
    assert_fails(store_snapshot_open(bench.through,
                                     deadline_in(ports_system()->clock, SHORT_US / 5), &extra),
                 DEADLINE);
    assert_ok(bench_trial(&bench, LONG_US, "commit beside open views"));
    for (size_t i = 0; i < 4; i++) {
        (void)store_snapshot_close(open[i]);
    }
    assert_ok(read_shared(LONG_US));
}

/* Last: what was denied at any time has still not happened. */
static void test_denied_stays_denied(void **state)
{
    (void)state;
    assert_true(bench.denied_count > 0);
    bench_check_denied(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_one_fault_is_mended, clear_faults),
        cmocka_unit_test_teardown(test_silence_ends_at_the_deadline, clear_faults),
        cmocka_unit_test_teardown(test_lasting_faults, clear_faults),
        cmocka_unit_test_teardown(test_commits_that_never_arrive, clear_faults),
        cmocka_unit_test_teardown(test_marker_tells_success, clear_faults),
        cmocka_unit_test_teardown(test_marker_tells_success_when_asking_fails, clear_faults),
        cmocka_unit_test_teardown(test_late_commit_is_shut_out, clear_faults),
        cmocka_unit_test_teardown(test_late_commit_of_a_settled_batch, clear_faults),
        cmocka_unit_test_teardown(test_faults_of_the_server, clear_faults),
        cmocka_unit_test_teardown(test_reads_in_time, clear_faults),
        cmocka_unit_test_teardown(test_broken_view_stays_broken, clear_faults),
        cmocka_unit_test_teardown(test_lane_is_bounded, clear_faults),
        cmocka_unit_test_teardown(test_denied_stays_denied, clear_faults),
    };
    return cmocka_run_group_tests_name("store_mongo_faults", tests, set_up, tear_down);
}
