/* secret.h and the locked memory under it: zero at first, unreadable when shut, never unlocked. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto_fixture.h"
#include "crypto_init.h"
#include "key_slab.h"
#include "secret.h"

static int init(void **state)
{
    (void)state;
    return FAILED(crypto_init()) ? -1 : 0;
}

static void a_secret_starts_as_zeros_and_keeps_what_is_written(void **state)
{
    (void)state;
    CLEANUP(secret_free) Secret *secret = NULL;
    static const uint8_t ZEROS[48] = {0};
    assert_ok(secret_new(sizeof ZEROS, &secret));
    assert_int_equal(secret_size_bytes(secret), sizeof ZEROS);
    {
        CLEANUP(secret_close) Secret *open = secret_open(secret);
        assert_memory_equal(secret_bytes(open), ZEROS, sizeof ZEROS);
        memset(secret_bytes(open), 0x5a, sizeof ZEROS);
    }
    CLEANUP(secret_close) Secret *open = secret_open(secret);
    assert_int_equal(secret_bytes(open)[47], 0x5a);
}

static void touch(Secret *secret)
{
    (void)signal(SIGSEGV, SIG_DFL);
    volatile uint8_t byte = secret_bytes(secret)[0];
    (void)byte;
    _exit(0);
}

/* Whether a child that reads the first byte lives. */
static bool is_readable(Secret *secret)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        touch(secret);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void a_secret_is_readable_between_first_open_and_last_close(void **state)
{
    (void)state;
    CLEANUP(secret_free) Secret *secret = NULL;
    assert_ok(secret_new(32, &secret));
    assert_false(is_readable(secret));
    Secret *first = secret_open(secret);
    Secret *second = secret_open(secret);
    assert_true(is_readable(secret));
    (void)secret_close(first);
    assert_true(is_readable(secret));
    (void)secret_close(second);
    assert_false(is_readable(secret));
}

/* In a child without privileges: a slab that doesn't fit the limit is refused with what to do; a
 * small one is not. */
static int try_with_small_limit(void)
{
    const struct rlimit limit = {.rlim_cur = 64 << 10, .rlim_max = 64 << 10};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
        (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)) {
        return 2;
    }
    KeySlab *slab = NULL;
    Error error = key_slab_new(65536, &slab);
    if (error.reason != REASON_KEY_MEMORY || strstr(error.argument, "LimitMEMLOCK") == NULL ||
        strstr(error.argument, "the limit (ulimit -l) is 64 KiB") == NULL) {
        return 3;
    }
    return FAILED(key_slab_new(512, &slab)) ? 4 : 0;
}

static void memory_beyond_the_limit_is_refused_never_unlocked(void **state)
{
    (void)state;
    SKIP_IF_SANITIZED("AddressSanitizer turns mlock into nothing");
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(try_with_small_limit());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_process_leaves_no_core(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_ok(crypto_init());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_starts_as_zeros_and_keeps_what_is_written),
        cmocka_unit_test(a_secret_is_readable_between_first_open_and_last_close),
        cmocka_unit_test(memory_beyond_the_limit_is_refused_never_unlocked),
        cmocka_unit_test(the_process_leaves_no_core),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
