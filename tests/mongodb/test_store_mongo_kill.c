/* The database itself is killed, or stops answering, while batches are under way: what was
 * acknowledged is there after its start, what was denied is not, and no batch is half there. Run by
 * with_mongodb.py. */
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fault_bench.h"
#include "server_control.h"

#define ROUNDS 4
#define TRIALS_MAX 400
#define TIMEOUT_US (CLOCK_SECOND_US / 2)

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

/* What happens to the server, and after how long. */
typedef struct Blow {
    const char *word;
    long after_ms;
} Blow;

/* Somewhere within a commit: the moment is the test's input, not a wait for anything. */
static void *blow_run(void *context)
{
    const Blow *blow = context;
    struct timespec pause = {0, blow->after_ms * 1000000};
    (void)nanosleep(&pause, NULL);
    server_control(blow->word);
    return NULL;
}

static void wait_for_server(Store *store)
{
    const Clock *clock = ports_system()->clock;
    Deadline limit = deadline_in(clock, BENCH_RECOVERY_US);
    Error error = store_ping(store, deadline_in(clock, CLOCK_SECOND_US));
    while (FAILED(error) && !deadline_has_passed(limit)) {
        error = store_ping(store, deadline_in(clock, CLOCK_SECOND_US));
    }
    assert_ok(error);
}

/* Commits until the blow has struck and a commit has felt it; then helps the server up and judges
 * them all. */
static void round_run(Blow blow, const char *help)
{
    static int trials[TRIALS_MAX];
    static Error said[TRIALS_MAX];
    pthread_t striker;
    size_t count = 0;
    bool is_felt = false;
    assert_int_equal(pthread_create(&striker, NULL, blow_run, &blow), 0);
    while (!is_felt && count < TRIALS_MAX) {
        said[count] = bench_commit(&bench, TIMEOUT_US, &trials[count]);
        is_felt = FAILED(said[count]);
        count++;
    }
    assert_int_equal(pthread_join(striker, NULL), 0);
    server_control(help);
    assert_true(is_felt);
    wait_for_server(bench.direct);
    wait_for_server(bench.through);
    for (size_t i = 0; i < count; i++) {
        bench_judge(&bench, trials[i], said[i], blow.word);
    }
    bench_recover(&bench, blow.word);
}

static void test_killed(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        round_run((Blow){"kill", 20 + 7 * i}, "start");
    }
}

static void test_frozen(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        round_run((Blow){"freeze", 15 + 4 * i}, "thaw");
    }
    bench_check_denied(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_killed),
    };
    return cmocka_run_group_tests_name("store_mongo_kill", tests, set_up, tear_down);
}
