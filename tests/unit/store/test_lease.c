/* Leases: one holder at a time, take-over after expiry, and a fence that stops whoever was taken
 * over. */
#include <pthread.h>
#include <stdio.h>

#include "check.h"
#include "contract_store.h"
#include "fake_ports.h"
#include "lease.h"

#define TERM_US (10 * CLOCK_SECOND_US)
#define NAME STR("janitor")

typedef struct Bed {
    FakePorts fake;
    LeaseCall call;
    Arena *arena;
} Bed;

static Bed bed;

static int setup(void **state)
{
    (void)state;
    fake_ports_init(&bed.fake, 1);
    bed.call =
        (LeaseCall){contract_open(contract_kind(), "lease"), &bed.fake.clock, contract_deadline()};
    bed.arena = arena_new(ARENA_REQUEST_BYTES);
    return bed.arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    bed.call.store = store_close(bed.call.store);
    bed.arena = arena_free(bed.arena);
    fake_ports_done(&bed.fake);
    return 0;
}

/* An effect under the lease: it puts a document, if the fence still holds. */
static Error effect(const Lease *lease, const char *key)
{
    StoreBatch *batch = store_batch_in(bed.arena);
    assert_non_null(batch);
    assert_ok(lease_fence(batch, bed.arena, lease));
    store_batch_insert(batch, STORE_META, str_from(key), contract_body(bed.arena, 1));
    return store_commit(bed.call.store, batch, contract_deadline(), NULL);
}

static void one_holder_at_a_time(void **state)
{
    (void)state;
    Lease one = {0};
    Lease two = {0};
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &one));
    assert_int_equal(one.fence, 1);
    assert_true(one.until_us == FAKE_START_US + TERM_US);
    assert_fails(lease_acquire(bed.call, NAME, STR("node-2"), TERM_US, &two), LEASE_HELD);
    assert_int_equal(two.fence, 0);
    assert_ok(lease_acquire(bed.call, STR("notifier"), STR("node-2"), TERM_US, &two));
    assert_ok(effect(&one, "a"));
    assert_ok(effect(&two, "b"));
}

static void taken_over_after_expiry(void **state)
{
    (void)state;
    Lease one;
    Lease two;
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &one));
    fake_clock_advance(&bed.fake, TERM_US - 1);
    assert_fails(lease_acquire(bed.call, NAME, STR("node-2"), TERM_US, &two), LEASE_HELD);
    fake_clock_advance(&bed.fake, 1);
    assert_ok(effect(&one, "late-but-not-taken-over"));
    assert_ok(lease_acquire(bed.call, NAME, STR("node-2"), TERM_US, &two));
    assert_int_equal(two.fence, 2);
    assert_fails(effect(&one, "stale"), STORE_CONFLICT);
    assert_int_equal(contract_number(bed.call.store, STORE_META, "stale"), -1);
    assert_ok(effect(&two, "fresh"));
    assert_fails(lease_renew(bed.call, &one, TERM_US), LEASE_LOST);
    assert_fails(lease_release(bed.call, &one), LEASE_LOST);
    assert_ok(lease_renew(bed.call, &two, TERM_US));
}

static void renewal_keeps_the_fence(void **state)
{
    (void)state;
    Lease one;
    Lease two;
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &one));
    StoreBatch *batch = store_batch_in(bed.arena);
    assert_ok(lease_fence(batch, bed.arena, &one));
    store_batch_insert(batch, STORE_META, STR("under-way"), contract_body(bed.arena, 1));
    for (int i = 0; i < 5; i++) {
        fake_clock_advance(&bed.fake, TERM_US / 2);
        assert_ok(lease_renew(bed.call, &one, TERM_US));
        assert_fails(lease_acquire(bed.call, NAME, STR("node-2"), TERM_US, &two), LEASE_HELD);
    }
    assert_int_equal(one.fence, 1);
    assert_ok(store_commit(bed.call.store, batch, contract_deadline(), NULL));
    assert_ok(effect(&one, "after-renewals"));
}

static void renewal_after_expiry(void **state)
{
    (void)state;
    Lease one;
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &one));
    fake_clock_advance(&bed.fake, 3 * TERM_US);
    assert_ok(lease_renew(bed.call, &one, TERM_US));
    assert_true(one.until_us == FAKE_START_US + 4 * TERM_US);
}

static void release_voids_the_fence(void **state)
{
    (void)state;
    Lease one;
    Lease two;
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &one));
    Lease copy = one;
    assert_ok(lease_release(bed.call, &one));
    assert_fails(effect(&copy, "stale"), STORE_CONFLICT);
    assert_fails(lease_renew(bed.call, &copy, TERM_US), LEASE_LOST);
    assert_ok(lease_acquire(bed.call, NAME, STR("node-2"), TERM_US, &two));
    assert_true(two.fence > copy.fence);
}

static void same_owner_gets_a_new_fence(void **state)
{
    (void)state;
    Lease old;
    Lease again;
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &old));
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &again));
    assert_int_equal(again.fence, 2);
    assert_fails(effect(&old, "old-thread"), STORE_CONFLICT);
    assert_fails(lease_renew(bed.call, &old, TERM_US), LEASE_LOST);
    assert_ok(effect(&again, "new"));
}

/* A clock that was set back must not give the lease to two. */
static void clock_set_back(void **state)
{
    (void)state;
    Lease one;
    Lease two;
    assert_ok(lease_acquire(bed.call, NAME, STR("node-1"), TERM_US, &one));
    fake_clock_set(&bed.fake, FAKE_START_US - 100 * TERM_US);
    assert_fails(lease_acquire(bed.call, NAME, STR("node-2"), TERM_US, &two), LEASE_HELD);
    assert_ok(effect(&one, "a"));
}

static void bad_arguments(void **state)
{
    (void)state;
    char longest[LEASE_NAME_BYTES_MAX + 1];
    Lease lease;
    for (size_t i = 0; i < sizeof longest; i++) {
        longest[i] = 'l';
    }
    Str most = str_bytes(longest, LEASE_NAME_BYTES_MAX);
    Str over = str_bytes(longest, sizeof longest);
    assert_fails(lease_acquire(bed.call, STR_EMPTY, STR("a"), TERM_US, &lease), STORE_MISUSE);
    assert_fails(lease_acquire(bed.call, STR("a b"), STR("a"), TERM_US, &lease), STORE_MISUSE);
    assert_fails(lease_acquire(bed.call, over, STR("a"), TERM_US, &lease), STORE_MISUSE);
    assert_fails(lease_acquire(bed.call, NAME, STR_EMPTY, TERM_US, &lease), STORE_MISUSE);
    assert_fails(lease_acquire(bed.call, NAME, over, TERM_US, &lease), STORE_MISUSE);
    assert_fails(lease_acquire(bed.call, NAME, STR("a"), 0, &lease), STORE_MISUSE);
    assert_fails(lease_acquire(bed.call, NAME, STR("a"), INT64_MAX, &lease), STORE_MISUSE);
    assert_ok(lease_acquire(bed.call, most, most, TERM_US, &lease));
    assert_ok(lease_renew(bed.call, &lease, TERM_US));
}

typedef struct Runner {
    pthread_barrier_t *barrier;
    char owner[48];
    Lease lease;
    Error result;
} Runner;

static void *runner_run(void *context)
{
    Runner *runner = context;
    (void)pthread_barrier_wait(runner->barrier); /* either return value means that all have come */
    runner->result =
        lease_acquire(bed.call, NAME, str_from(runner->owner), TERM_US, &runner->lease);
    return NULL;
}

/* Four nodes try at once, over and over: exactly one gets it, and only its effect counts. */
static void many_try_at_once(void **state)
{
    (void)state;
    uint64_t fence = 0;
    for (int round = 0; round < 10; round++) {
        Runner runners[4];
        pthread_t threads[4];
        pthread_barrier_t barrier;
        int holders = 0;
        assert_int_equal(pthread_barrier_init(&barrier, NULL, 4), 0);
        for (int i = 0; i < 4; i++) {
            runners[i] = (Runner){.barrier = &barrier};
            (void)snprintf(runners[i].owner, sizeof runners[i].owner, "node-%d-%d", round, i);
            assert_int_equal(pthread_create(&threads[i], NULL, runner_run, &runners[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            if (FAILED(runners[i].result)) {
                assert_fails(runners[i].result, LEASE_HELD);
            } else {
                holders++;
                assert_int_equal(runners[i].lease.fence, fence + 1);
            }
        }
        (void)pthread_barrier_destroy(&barrier); /* nobody waits */
        assert_int_equal(holders, 1);
        fence++;
        fake_clock_advance(&bed.fake, TERM_US);
    }
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_holder_at_a_time),    TEST(taken_over_after_expiry),
        TEST(renewal_keeps_the_fence), TEST(renewal_after_expiry),
        TEST(release_voids_the_fence), TEST(same_owner_gets_a_new_fence),
        TEST(clock_set_back),          TEST(bad_arguments),
        TEST(many_try_at_once),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
