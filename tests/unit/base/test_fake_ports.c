/* The fakes that other tests trust. */
#include "fake_ports.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "check.h"

static void test_clock_stands_until_it_is_moved(void **state)
{
    (void)state;
    FakePorts fake;
    fake_ports_init(&fake, 1);
    const Clock *clock = fake.ports.clock;
    assert_int_equal(clock->now_us(clock), FAKE_START_US);
    assert_int_equal(clock->now_us(clock), FAKE_START_US);
    int64_t monotonic = clock->monotonic_us(clock);
    fake_clock_advance(&fake, 5);
    assert_int_equal(clock->now_us(clock), FAKE_START_US + 5);
    assert_int_equal(clock->monotonic_us(clock), monotonic + 5);
    fake_clock_set(&fake, 7);
    assert_int_equal(clock->now_us(clock), 7);
    assert_int_equal(clock->monotonic_us(clock), monotonic + 5);
    fake_clock_step(&fake, 10);
    assert_int_equal(clock->now_us(clock), 7);
    assert_int_equal(clock->now_us(clock), 17);
    fake_ports_done(&fake);
}

static void test_entropy_repeats_its_seed_and_no_other(void **state)
{
    (void)state;
    unsigned char bytes[3][64];
    const uint64_t seeds[3] = {7, 7, 8};
    for (int i = 0; i < 3; i++) {
        FakePorts fake;
        fake_ports_init(&fake, seeds[i]);
        assert_ok(fake.entropy.fill(&fake.entropy, bytes[i], 64));
        fake_ports_done(&fake);
    }
    assert_memory_equal(bytes[0], bytes[1], 64);
    assert_memory_not_equal(bytes[0], bytes[2], 64);
    assert_memory_not_equal(bytes[0], bytes[0] + 32, 32);
}

static void test_entropy_fails_the_nth_time_once(void **state)
{
    (void)state;
    FakePorts fake;
    fake_ports_init(&fake, 1);
    char byte = 0;
    fake_entropy_fail(&fake, 2);
    assert_ok(fake.entropy.fill(&fake.entropy, &byte, 1));
    assert_fails(fake.entropy.fill(&fake.entropy, &byte, 1), INTERNAL);
    assert_ok(fake.entropy.fill(&fake.entropy, &byte, 1));
    fake_ports_done(&fake);
}

/* Opens and closes three times; returns a bit for each call that failed, in order. */
static unsigned open_and_close(FakePorts *fake)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < 3; i++) {
        int fd = fake->file.open(&fake->file, "/dev/null", O_RDONLY, 0);
        failed |= (fd < 0 ? 1U : 0U) << (2 * i);
        errno = 0;
        int closed = fake->file.close(&fake->file, fd);
        failed |= (closed < 0 && errno != EBADF ? 1U : 0U) << (2 * i + 1);
    }
    return failed;
}

static void test_files_fail_as_ordered(void **state)
{
    (void)state;
    static const struct {
        FakeFault fault;
        unsigned failed; /* open 1, close 2, open 4, close 8, open 16, close 32 */
    } CASES[] = {
        {{.nth = 0, .call = FAKE_ANY}, 0},
        {{.nth = 1, .call = FAKE_OPEN}, 1},
        {{.nth = 2, .call = FAKE_OPEN}, 4},
        {{.nth = 2, .call = FAKE_OPEN, .is_persistent = true}, 4 + 16},
        {{.nth = 2, .call = FAKE_CLOSE}, 8},
        {{.nth = 3, .call = FAKE_ANY}, 4},
        {{.nth = 4, .call = FAKE_ANY, .is_persistent = true}, 8 + 16 + 32},
        {{.nth = 4, .call = FAKE_OPEN}, 0},
        {{.nth = 1, .call = FAKE_PREAD, .is_persistent = true}, 0},
    };
    FakePorts fake;
    fake_ports_init(&fake, 1);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        fake_ports_fail(&fake, CASES[i].fault);
        assert_int_equal(open_and_close(&fake), CASES[i].failed);
        assert_int_equal(fake_faults_hit(&fake), __builtin_popcount(CASES[i].failed));
        assert_int_equal(fake_file_calls(&fake, FAKE_OPEN), 3);
        assert_int_equal(fake_file_calls(&fake, FAKE_ANY), 6);
    }
    fake_ports_done(&fake);
}

static void test_errno_is_as_ordered(void **state)
{
    (void)state;
    FakePorts fake;
    fake_ports_init(&fake, 1);
    fake_ports_fail(&fake, (FakeFault){.call = FAKE_RENAME, .nth = 1, .errno_value = ENOSPC});
    errno = 0;
    assert_int_equal(fake.file.rename(&fake.file, "/nowhere/a", "/nowhere/b"), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(fake.file.rename(&fake.file, "/nowhere/a", "/nowhere/b"), -1);
    assert_int_equal(errno, ENOENT);
    fake_ports_done(&fake);
}

static void test_random_below_reaches_all_and_only_these(void **state)
{
    (void)state;
    uint64_t random = 1;
    unsigned seen = 0;
    for (int i = 0; i < 200; i++) {
        uint64_t number = fake_random_below(&random, 7);
        assert_true(number < 7);
        seen |= 1U << number;
    }
    assert_int_equal(seen, 0x7f);
    assert_int_equal(fake_random_below(&random, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_stands_until_it_is_moved),
        cmocka_unit_test(test_entropy_repeats_its_seed_and_no_other),
        cmocka_unit_test(test_entropy_fails_the_nth_time_once),
        cmocka_unit_test(test_files_fail_as_ordered),
        cmocka_unit_test(test_errno_is_as_ordered),
        cmocka_unit_test(test_random_below_reaches_all_and_only_these),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
