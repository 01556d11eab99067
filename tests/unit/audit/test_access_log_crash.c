/* kill -9 at random moments: a child appends from several threads and says through a pipe what was
 * acknowledged; the parent kills it, starts the log again and looks for every acknowledged leaf. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit_fixture.h"

enum { KILLS = 25, THREADS = 4, NUMBERS = 400000 };

typedef struct Writer {
    AccessLog *log;
    uint64_t next;
    int pipe;
} Writer;

static void *write_forever(void *argument)
{
    Writer *writer = argument;
    for (uint64_t number = writer->next;; number += THREADS) {
        if (FAILED(audit_append(writer->log, NULL, number, 30)) ||
            write(writer->pipe, &number, sizeof number) != (ssize_t)sizeof number) {
            return NULL;
        }
    }
}

/* Never returns. */
static void be_the_child(AuditFixture *fixture, uint64_t first_number, int pipe)
{
    AccessLog *log = NULL;
    AccessLogOptions options = audit_options(fixture);
    if (FAILED(access_log_open(&options, &log))) {
        _exit(1);
    }
    pthread_t threads[THREADS];
    static Writer writers[THREADS];
    for (uint64_t i = 0; i < THREADS; i++) {
        writers[i] = (Writer){.log = log, .next = first_number + i, .pipe = pipe};
        if (pthread_create(&threads[i], NULL, write_forever, &writers[i]) != 0) {
            _exit(1);
        }
    }
    (void)pthread_join(threads[0], NULL);
    _exit(1);
}

static bool is_acknowledged[NUMBERS];
static uint32_t counts[NUMBERS];

/* Reads acknowledgements until `wanted` have come, kills the child, reads the rest. Returns the
 * largest number. */
static uint64_t kill_after(pid_t child, int pipe, uint64_t wanted)
{
    uint64_t number = 0;
    uint64_t largest = 0;
    uint64_t seen = 0;
    while (read(pipe, &number, sizeof number) == (ssize_t)sizeof number) {
        assert_true(number < NUMBERS);
        is_acknowledged[number] = true;
        largest = number > largest ? number : largest;
        if (++seen == wanted) {
            assert_int_equal(kill(child, SIGKILL), 0);
        }
    }
    assert_true(seen >= wanted); /* the child did not give up by itself */
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return largest;
}

static void kill_nine(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 31);
    fixture.segment_bytes = 50000;
    uint64_t random = fake_seed("kill_nine");
    uint64_t next = 0;
    for (int round = 0; round < KILLS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(ends[0]);
            be_the_child(&fixture, next, ends[1]);
        }
        (void)close(ends[1]);
        next = kill_after(child, ends[0], 1 + fake_random_below(&random, 300)) + 1 + THREADS;
        (void)close(ends[0]);
    }
    AccessLog *log = audit_open(&fixture);
    (void)access_log_close(log);
    audit_check_genuine(&fixture);
    LogReport report = audit_verify(&fixture, STR_EMPTY);
    assert_true(report.boots >= KILLS);
    (void)audit_count_requests(&fixture, counts, NUMBERS);
    uint64_t acknowledged = 0;
    for (size_t number = 0; number < NUMBERS; number++) {
        assert_true(counts[number] <= 1);
        assert_true(!is_acknowledged[number] || counts[number] == 1);
        acknowledged += is_acknowledged[number];
    }
    print_message("%d kills, %llu acknowledged leaves, all there once\n", KILLS,
                  (unsigned long long)acknowledged);
    assert_true(acknowledged >= KILLS);
    audit_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill_nine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
