/* Token buckets: bursts, refills, what is told, who shares with whom, and a crowd of invented keys.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "check.h"
#include "fake_ports.h"
#include "rate_limit.h"

static FakePorts fake;
static Arena *arena;
static RateLimiter *limiter;

static void start(int64_t client, int64_t citizen, int64_t source, int64_t nodes)
{
    RateLimits limits = {.total_per_second = {client, citizen, source}, .nodes = nodes};
    limiter = rate_limiter_free(limiter);
    assert_ok(rate_limiter_new(&fake.ports, &limits, &limiter));
}

static int setup(void **state)
{
    (void)state;
    fake_ports_init(&fake, 7);
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    limiter = rate_limiter_free(limiter);
    arena = arena_free(arena);
    fake_ports_done(&fake);
    return 0;
}

static bool passes(RateClass rate_class, const char *key)
{
    return !FAILED(rate_limiter_take(limiter, rate_class, str_from(key), arena));
}

static unsigned passes_of(RateClass rate_class, const char *key, unsigned tries)
{
    unsigned count = 0;
    for (unsigned i = 0; i < tries; i++) {
        count += passes(rate_class, key);
    }
    return count;
}

static void a_bucket_holds_two_seconds(void **state)
{
    (void)state;
    start(10, 0, 0, 1);
    assert_int_equal(passes_of(RATE_CLIENT, "kenko", 100), 20);
    fake_clock_advance(&fake, 99999);
    assert_false(passes(RATE_CLIENT, "kenko"));
    fake_clock_advance(&fake, 1);
    assert_true(passes(RATE_CLIENT, "kenko"));
    assert_false(passes(RATE_CLIENT, "kenko"));
    fake_clock_advance(&fake, 3600 * CLOCK_SECOND_US); /* full, and no fuller */
    assert_int_equal(passes_of(RATE_CLIENT, "kenko", 100), 20);
}

/* Over a minute exactly the rate and one burst get through, whatever is tried. */
static void the_rate_holds_under_pressure(void **state)
{
    (void)state;
    start(50, 0, 0, 1);
    unsigned passed = 0;
    for (int i = 0; i < 60000; i++) {
        passed += passes(RATE_CLIENT, "kenko");
        fake_clock_advance(&fake, 1000);
    }
    assert_in_range(passed, 60 * 50 + 99, 60 * 50 + 101);
}

static void keys_and_classes_are_apart(void **state)
{
    (void)state;
    start(10, 3, 0, 1);
    assert_int_equal(passes_of(RATE_CLIENT, "kenko", 30), 20);
    assert_int_equal(passes_of(RATE_CLIENT, "sdgs", 30), 20);
    assert_int_equal(passes_of(RATE_CITIZEN, "kenko", 30), 6);
    assert_int_equal(passes_of(RATE_SOURCE, "kenko", 1000), 1000); /* 0: no limit */
    assert_ok(rate_limiter_take(NULL, RATE_CLIENT, STR("kenko"), arena));
}

static void nodes_share_the_total(void **state)
{
    (void)state;
    start(40, 0, 0, 4);
    assert_int_equal(passes_of(RATE_CLIENT, "kenko", 100), 20);
    start(1, 0, 0, 10); /* a tenth of a request a second, yet small bursts */
    assert_int_equal(passes_of(RATE_CLIENT, "kenko", 100), RATE_BURST_MIN);
    fake_clock_advance(&fake, 10 * CLOCK_SECOND_US);
    assert_int_equal(passes_of(RATE_CLIENT, "kenko", 100), 1);
}

static void a_refusal_says_when(void **state)
{
    (void)state;
    start(1, 0, 0, 10);
    assert_int_equal(passes_of(RATE_CLIENT, "kenko", RATE_BURST_MIN), RATE_BURST_MIN);
    Error error = rate_limiter_take(limiter, RATE_CLIENT, STR("kenko"), arena);
    assert_fails(error, RATE_LIMITED);
    assert_string_equal(error.argument, "10");
    fake_clock_advance(&fake, 9 * CLOCK_SECOND_US + 1);
    error = rate_limiter_take(limiter, RATE_CLIENT, STR("kenko"), arena);
    assert_string_equal(error.argument, "1");
}

/* 200,000 keys through a table of 65,536 buckets: a stranger never pays for another's requests. */
static void a_crowd_costs_nobody(void **state)
{
    (void)state;
    start(0, 0, 10, 1);
    unsigned refused = 0;
    for (unsigned i = 0; i < 200000; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        refused += !passes(RATE_SOURCE, key);
    }
    assert_int_equal(refused, 0);
    assert_int_equal(passes_of(RATE_SOURCE, "late", 100), 20);
}

static atomic_uint passed_together;

static void *take_many(void *context)
{
    (void)context;
    Arena *own = arena_new(ARENA_REQUEST_BYTES);
    for (int i = 0; i < 2000 && own != NULL; i++) {
        if (!FAILED(rate_limiter_take(limiter, RATE_CLIENT, STR("kenko"), own))) {
            (void)atomic_fetch_add(&passed_together, 1);
        }
    }
    (void)arena_free(own);
    return NULL;
}

static void threads_share_a_bucket(void **state)
{
    (void)state;
    pthread_t threads[4];
    start(500, 0, 0, 1);
    atomic_store(&passed_together, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&passed_together), 1000);
}

int main(void)
{
#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_bucket_holds_two_seconds), TEST(the_rate_holds_under_pressure),
        TEST(keys_and_classes_are_apart), TEST(nodes_share_the_total),
        TEST(a_refusal_says_when),        TEST(a_crowd_costs_nobody),
        TEST(threads_share_a_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
