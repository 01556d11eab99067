/* The n-th failure of memory, locking and thread creation over a whole life of a keyring: an error
 * or a sealed ring, never a crash, a leak, or work on unlocked pages. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "crypto_fixture.h"
#include "crypto_init.h"

static unsigned countdown; /* this many calls from now one fails; 0: none */

static bool fails_now(void)
{
    return countdown > 0 && --countdown == 0;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__real_sodium_malloc(size_t size);
void *__wrap_sodium_malloc(size_t size);
void *__wrap_sodium_malloc(size_t size)
{
    return fails_now() ? NULL : __real_sodium_malloc(size);
}

int __real_mlock(const void *from, size_t size);
int __wrap_mlock(const void *from, size_t size);
int __wrap_mlock(const void *from, size_t size)
{
    return fails_now() ? -1 : __real_mlock(from, size);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context)
{
    return fails_now() ? EAGAIN : __real_pthread_create(thread, attributes, start, context);
}

static Error seal_and_open(SubjectKey *key, Arena *arena)
{
    const SealContext context = seal_context(key, SEAL_VALUE, NULL, STR("T"), STR("a"));
    Str envelope;
    Str back;
    TRY(seal_value(key, &context, PADDING_NATURAL, STR("text"), arena, &envelope));
    TRY(open_value(key, &context, envelope, arena, &back));
    assert_str(back, "text");
    return OK;
}

static Error live(Vault *vault)
{
    CLEANUP(kek_free) KekProvider *provider = NULL;
    CLEANUP(keyring_free) Keyring *ring = NULL;
    CLEANUP(subject_key_unref) SubjectKey *made = NULL;
    CLEANUP(subject_key_unref) SubjectKey *lent = NULL;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    const Id subject = id_of(1);
    Str platform;
    Str wrapped;
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    TRY(kek_file_new(&vault->ports, vault->kek_path, 1, &provider));
    const KeyringOptions options = {
        .ports = &vault->ports, .provider = provider, .environment = STR("test"), .slots = 4};
    TRY(keyring_open(&options, &ring));
    TRY(keyring_unseal(ring));
    TRY(keyring_new_platform_keys(ring, arena, &platform));
    TRY(keyring_kek_health(ring));
    keyring_seal(ring);
    TRY(keyring_unseal(ring));
    TRY(keyring_load_platform_keys(ring, platform));
    TRY(keyring_new_subject_key(ring, TENANT, subject.bytes, 1, arena, &wrapped, &made));
    TRY(keyring_borrow_subject_key(ring, TENANT, subject.bytes, 1, wrapped, &lent));
    return seal_and_open(lent, arena);
}

static bool is_expected(Error error)
{
    return error.reason == REASON_OUT_OF_MEMORY || error.reason == REASON_KEY_MEMORY ||
           error.reason == REASON_INTERNAL || error.reason == REASON_NONE;
}

static void every_failure_is_an_error_or_a_sealed_start(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    unsigned nth = 1;
    unsigned failures = 0;
    for (bool is_clean = false; !is_clean; nth++) {
        assert_true(nth < 200);
        countdown = nth;
        Error error = live(&vault);
        is_clean = countdown > 0; /* the run ended before the failure came */
        countdown = 0;
        assert_true(is_expected(error));
        assert_true(!is_clean || !FAILED(error));
        failures += FAILED(error);
    }
    assert_true(failures >= 12);
    print_message("%u runs, %u failures\n", nth - 1, failures);
    vault_done(&vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_is_an_error_or_a_sealed_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
