/* Waiting after failures: who waits how long, who does not, and how it ends. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "fake_ports.h"
#include "lockout.h"

#define HOME "192.0.2.7"
#define AWAY "203.0.113.9"

static FakePorts fake;
static Arena *arena;
static Lockout *lockout;

static int setup(void **state)
{
    (void)state;
    fake_ports_init(&fake, 1);
    arena = arena_new(ARENA_REQUEST_BYTES);
    assert_ok(lockout_new(&fake.ports, &lockout));
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    lockout = lockout_free(lockout);
    arena = arena_free(arena);
    fake_ports_done(&fake);
    return 0;
}

/* Seconds to wait; 0: none. */
static int64_t wait_of(const char *client, const char *source)
{
    Error error = lockout_check(lockout, str_from(client), str_from(source), arena);
    if (!FAILED(error)) {
        return 0;
    }
    assert_fails(error, LOCKED_OUT);
    return strtol(error.argument, NULL, 10);
}

static void fail_times(const char *client, const char *source, int times)
{
    for (int i = 0; i < times; i++) {
        lockout_failed(lockout, str_from(client), str_from(source));
    }
}

static void waits_double_up_to_a_quarter_of_an_hour(void **state)
{
    (void)state;
    static const int64_t WAITS[] = {0,  0,  0,  0,   0,   1,   2,   4,   8,
                                    16, 32, 64, 128, 256, 512, 900, 900, 900};
    for (size_t i = 0; i < sizeof WAITS / sizeof WAITS[0]; i++) {
        fail_times("kenko", "unix", 1);
        assert_int_equal(wait_of("kenko", "unix"), WAITS[i]);
    }
    fake_clock_advance(&fake, 899 * CLOCK_SECOND_US);
    assert_int_equal(wait_of("kenko", "unix"), 1);
    fake_clock_advance(&fake, CLOCK_SECOND_US);
    assert_int_equal(wait_of("kenko", "unix"), 0); /* never for ever */
}

/* Failing in a service's name keeps the service out from nowhere but there. */
static void others_do_not_wait(void **state)
{
    (void)state;
    fail_times("kenko", AWAY, 10000);
    assert_int_equal(wait_of("kenko", AWAY), 900);
    assert_int_equal(wait_of("kenko", HOME), 0);
    assert_int_equal(wait_of("sdgs", HOME), 0);
    assert_int_equal(wait_of("sdgs", AWAY), 900); /* the source, whatever it calls itself */
    assert_int_equal(wait_of("", AWAY), 900);
}

static void a_source_is_a_network(void **state)
{
    (void)state;
    fail_times("", "2001:db8:1:2::1", LOCKOUT_FREE_SOURCE + 1);
    assert_int_equal(wait_of("", "2001:db8:1:2:ffff::2"), 1);
    assert_int_equal(wait_of("", "2001:db8:1:3::1"), 0);
    assert_int_equal(wait_of("kenko", "2001:db8:1:2::9"), 1);
}

static void this_machine_is_no_source(void **state)
{
    (void)state;
    fail_times("", "127.0.0.1", 1000);
    fail_times("", "unix", 1000);
    assert_int_equal(wait_of("", "127.0.0.1"), 0);
    fail_times("kenko", "127.0.0.1", 6);
    assert_int_equal(wait_of("kenko", "127.0.0.1"), 1);
    assert_int_equal(wait_of("sdgs", "127.0.0.1"), 0);
}

static void success_and_time_forget(void **state)
{
    (void)state;
    fail_times("kenko", "unix", 7);
    lockout_succeeded(lockout, STR("kenko"), STR("unix"));
    assert_int_equal(wait_of("kenko", "unix"), 0);
    fail_times("kenko", "unix", LOCKOUT_FREE_CLIENT);
    assert_int_equal(wait_of("kenko", "unix"), 0);
    fake_clock_advance(&fake, LOCKOUT_FORGET_S * CLOCK_SECOND_US);
    fail_times("kenko", "unix", LOCKOUT_FREE_CLIENT);
    assert_int_equal(wait_of("kenko", "unix"), 0);
    /* A source with one good account does not buy more tries with others. */
    fail_times("sdgs", AWAY, LOCKOUT_FREE_SOURCE + 1);
    lockout_succeeded(lockout, STR("kenko"), STR(AWAY));
    assert_int_equal(wait_of("tourist", AWAY), 1);
}

/* 100,000 invented clients find room in a table of fixed size, and the one who waits goes on to. */
static void a_crowd_of_names(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%d", i);
        fail_times(name, "unix", 1);
        fake_clock_advance(&fake, 1);
    }
    fail_times("kenko", "unix", 16);
    assert_true(wait_of("kenko", "unix") > 0);
}

static void nobody_waits_without_one(void **state)
{
    (void)state;
    lockout_failed(NULL, STR("kenko"), STR("unix"));
    lockout_succeeded(NULL, STR("kenko"), STR("unix"));
    assert_ok(lockout_check(NULL, STR("kenko"), STR("unix"), arena));
}

int main(void)
{
#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(waits_double_up_to_a_quarter_of_an_hour),
        TEST(others_do_not_wait),
        TEST(a_source_is_a_network),
        TEST(this_machine_is_no_source),
        TEST(success_and_time_forget),
        TEST(a_crowd_of_names),
        TEST(nobody_waits_without_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
