/* keyring.h: sealed starts, platform keys, lending and caching, forgetting, eviction, failing
 * entropy. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "crypto_fixture.h"
#include "crypto_init.h"
#include "keyring_internal.h"
#include "pseudonym.h"

static int set_up(void **state)
{
    static Vault vault;
    vault_open(&vault, false, 8);
    *state = &vault;
    return 0;
}

/* Two slots for each thread: one on loan, one for a key that another thread unwraps at the same
 * time. */
static int set_up_for_threads(void **state)
{
    static Vault vault;
    vault_open(&vault, false, 16);
    *state = &vault;
    return 0;
}

static int tear_down(void **state)
{
    vault_done(*state);
    return 0;
}

static Str seal_text(Vault *vault, SubjectKey *key, const char *text)
{
    const SealContext context = seal_context(key, SEAL_VALUE, NULL, STR("T"), STR("a"));
    Str envelope;
    assert_ok(seal_value(key, &context, PADDING_NATURAL, str_from(text), vault->arena, &envelope));
    return envelope;
}

static Error open_text(SubjectKey *key, Str envelope)
{
    const SealContext context = seal_context(key, SEAL_VALUE, NULL, STR("T"), STR("a"));
    char out[256];
    Str back;
    return open_value_to(key, &context, envelope, out, sizeof out, &back);
}

static SubjectKey *new_key(Vault *vault, uint64_t subject, Str *ret_wrapped)
{
    const Id id = id_of(subject);
    SubjectKey *key = NULL;
    assert_ok(
        keyring_new_subject_key(vault->ring, TENANT, id.bytes, 1, vault->arena, ret_wrapped, &key));
    return key;
}

static Error borrow(Vault *vault, uint64_t subject, Str wrapped, SubjectKey **ret_key)
{
    const Id id = id_of(subject);
    return keyring_borrow_subject_key(vault->ring, TENANT, id.bytes, 1, wrapped, ret_key);
}

static void a_ring_without_its_kek_is_sealed_in_every_use(void **state)
{
    (void)state;
    Vault vault;
    const Id id = id_of(1);
    Str wrapped = STR("untouched");
    SubjectKey *key = NULL;
    uint8_t token[16];
    vault_open_sealed(&vault);
    assert_fails(keyring_seal_reason(vault.ring), KEY_FILE);
    assert_fails(keyring_new_platform_keys(vault.ring, vault.arena, &wrapped), VAULT_SEALED);
    assert_fails(keyring_load_platform_keys(vault.ring, STR("x")), VAULT_SEALED);
    assert_fails(
        keyring_new_subject_key(vault.ring, TENANT, id.bytes, 1, vault.arena, &wrapped, &key),
        VAULT_SEALED);
    assert_fails(keyring_borrow_subject_key(vault.ring, TENANT, id.bytes, 1, STR("x"), &key),
                 VAULT_SEALED);
    assert_fails(pseudonym_16(vault.ring, TENANT, STR("k"), NULL, 0, token), VAULT_SEALED);
    assert_str(wrapped, "untouched");
    assert_null(key);
    vault_write_kek(&vault);
    assert_ok(keyring_unseal(vault.ring));
    assert_true(keyring_is_sealed(vault.ring));
    assert_fails(keyring_seal_reason(vault.ring), VAULT_SEALED); /* platform keys are missing */
    assert_ok(keyring_new_platform_keys(vault.ring, vault.arena, &wrapped));
    assert_ok(keyring_seal_reason(vault.ring));
    vault_done(&vault);
}

static void options_out_of_range_are_refused(void **state)
{
    Vault *vault = *state;
    char name[KEYRING_NAME_BYTES_MAX + 1] = {'a'};
    Keyring *ring = NULL;
    KeyringOptions options = {.provider = vault->provider, .environment = STR("x")};
    options.environment = STR_EMPTY;
    assert_fails(keyring_open(&options, &ring), INTERNAL);
    options.environment = str_bytes(name, sizeof name);
    assert_fails(keyring_open(&options, &ring), INTERNAL);
    options =
        (KeyringOptions){.provider = vault->provider, .environment = STR("x"), .slots = UINT32_MAX};
    assert_fails(keyring_open(&options, &ring), INTERNAL);
    options = (KeyringOptions){.environment = STR("x")};
    assert_fails(keyring_open(&options, &ring), INTERNAL);
    assert_null(ring);
}

static void platform_keys_come_back_as_they_were(void **state)
{
    Vault *vault = *state;
    uint8_t before[16];
    uint8_t after[16];
    assert_ok(pseudonym_16(vault->ring, TENANT, STR("k"), NULL, 0, before));
    assert_fails(keyring_load_platform_keys(vault->ring, vault->platform),
                 INTERNAL); /* loaded already */
    keyring_seal(vault->ring);
    assert_fails(keyring_seal_reason(vault->ring), VAULT_SEALED);
    assert_ok(keyring_unseal(vault->ring));
    assert_ok(keyring_load_platform_keys(vault->ring, vault->platform));
    assert_ok(pseudonym_16(vault->ring, TENANT, STR("k"), NULL, 0, after));
    assert_memory_equal(before, after, sizeof before);
}

/* A refused document leaves none of the keys that it held. */
static bool are_platform_slots_zero(Keyring *ring)
{
    bool are_zero = true;
    assert_true(key_slab_enter(ring->slab));
    for (uint32_t slot = 0; slot < PLATFORM_KEY_COUNT_; slot++) {
        for (unsigned i = 0; i < KEY_SLOT_BYTES; i++) {
            are_zero = are_zero && key_slab_slot(ring->slab, slot)[i] == 0;
        }
    }
    key_slab_leave(ring->slab);
    return are_zero;
}

static void every_damaged_platform_document_is_refused(void **state)
{
    Vault *vault = *state;
    uint8_t copy[1024];
    Str document = vault->platform;
    uint8_t token[16];
    assert_true(document.n < sizeof copy);
    memcpy(copy, document.p, document.n);
    keyring_seal(vault->ring);
    assert_ok(keyring_unseal(vault->ring));
    for (size_t at = 0; at < document.n; at++) {
        copy[at] ^= 0x10;
        assert_fails(keyring_load_platform_keys(vault->ring, str_bytes(copy, document.n)),
                     CRYPTO_OPEN);
        copy[at] ^= 0x10;
        assert_fails(keyring_load_platform_keys(vault->ring, str_slice(document, 0, at)),
                     CRYPTO_OPEN);
    }
    assert_fails(keyring_load_platform_keys(vault->ring, str_bytes(copy, document.n + 1)),
                 CRYPTO_OPEN);
    /* One key twice, under its own name. */
    memcpy(copy + 2 + 119, copy + 2, 119);
    assert_fails(keyring_load_platform_keys(vault->ring, str_bytes(copy, document.n)), CRYPTO_OPEN);
    assert_true(keyring_is_sealed(vault->ring));
    assert_true(are_platform_slots_zero(vault->ring));
    assert_fails(pseudonym_16(vault->ring, TENANT, STR("k"), NULL, 0, token), VAULT_SEALED);
    assert_ok(keyring_load_platform_keys(vault->ring, document));
}

static void a_key_is_lent_again_from_the_cache_or_unwrapped(void **state)
{
    Vault *vault = *state;
    Str wrapped;
    SubjectKey *made = new_key(vault, 1, &wrapped);
    SubjectKey *cached = NULL;
    Str envelope = seal_text(vault, made, "text");
    assert_ok(borrow(vault, 1, wrapped, &cached));
    assert_ptr_equal(made, cached);
    assert_str(subject_key_tenant(made), "kasai");
    assert_int_equal(subject_key_generation(made), 1);
    assert_ptr_equal(subject_key_ring(made), vault->ring);
    (void)subject_key_unref(subject_key_ref(made));
    (void)subject_key_unref(made);
    (void)subject_key_unref(cached);
    keyring_seal(vault->ring);
    assert_ok(keyring_unseal(vault->ring));
    assert_ok(keyring_load_platform_keys(vault->ring, vault->platform));
    SubjectKey *unwrapped = NULL;
    assert_ok(borrow(vault, 1, wrapped, &unwrapped));
    assert_ok(open_text(unwrapped, envelope));
    (void)subject_key_unref(unwrapped);
}

static void a_wrapped_key_opens_only_where_it_belongs(void **state)
{
    Vault *vault = *state;
    const Id id = id_of(1);
    const Id other = id_of(2);
    Str wrapped;
    SubjectKey *made = new_key(vault, 1, &wrapped);
    SubjectKey *key = NULL;
    assert_fails(borrow(vault, 2, wrapped, &key), CRYPTO_OPEN);
    assert_fails(keyring_borrow_subject_key(vault->ring, STR("kobe"), id.bytes, 1, wrapped, &key),
                 CRYPTO_OPEN);
    assert_fails(keyring_borrow_subject_key(vault->ring, TENANT, id.bytes, 2, wrapped, &key),
                 CRYPTO_OPEN);
    assert_fails(keyring_borrow_subject_key(vault->ring, TENANT, other.bytes, 1, STR_EMPTY, &key),
                 CRYPTO_OPEN);
    assert_null(key);
    (void)subject_key_unref(made);
}

static void a_replaced_key_document_never_meets_the_old_key(void **state)
{
    Vault *vault = *state;
    Str old_wrapped;
    Str new_wrapped;
    SubjectKey *old_key = new_key(vault, 1, &old_wrapped);
    SubjectKey *fresh = new_key(vault, 1, &new_wrapped);
    Str envelope = seal_text(vault, old_key, "text");
    assert_fails(open_text(fresh, envelope), CRYPTO_OPEN);
    SubjectKey *borrowed = NULL;
    assert_ok(borrow(vault, 1, new_wrapped, &borrowed));
    assert_ptr_equal(borrowed, fresh);
    (void)subject_key_unref(old_key);
    (void)subject_key_unref(fresh);
    (void)subject_key_unref(borrowed);
}

static void a_forgotten_subject_is_gone_even_on_loan(void **state)
{
    Vault *vault = *state;
    const Id id = id_of(1);
    Str wrapped;
    Str other_wrapped;
    SubjectKey *key = new_key(vault, 1, &wrapped);
    SubjectKey *other = new_key(vault, 2, &other_wrapped);
    Str envelope = seal_text(vault, key, "text");
    Str other_envelope = seal_text(vault, other, "text");
    const SealContext context = seal_context(key, SEAL_VALUE, NULL, STR("T"), STR("a"));
    uint8_t mac[SEAL_MAC_BYTES];
    keyring_forget_subject(vault->ring, id.bytes);
    assert_fails(open_text(key, envelope), CRYPTO_OPEN);
    assert_fails(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault->arena, &envelope),
                 CRYPTO_OPEN);
    assert_fails(seal_mac(key, STR("l"), STR("m"), mac), CRYPTO_OPEN);
    assert_fails(seal_log_finder(key, STR("n"), 1, 1, mac), CRYPTO_OPEN);
    assert_ok(open_text(other, other_envelope));
    /* The stored document alone decides whether it comes back: erasure deletes it. */
    SubjectKey *again = NULL;
    assert_ok(borrow(vault, 1, wrapped, &again));
    assert_ptr_not_equal(again, key);
    assert_ok(open_text(again, envelope));
    (void)subject_key_unref(again);
    (void)subject_key_unref(other);
    keyring_forget_subject(vault->ring, id.bytes); /* idle ones too */
    (void)subject_key_unref(key);
}

static void the_cache_drops_the_least_recently_used(void **state)
{
    Vault *vault = *state;
    Str wrapped[9];
    for (unsigned i = 0; i < 8; i++) {
        (void)subject_key_unref(new_key(vault, i, &wrapped[i]));
    }
    SubjectKey *first = NULL;
    assert_ok(borrow(vault, 0, wrapped[0], &first)); /* now 1 is the oldest */
    (void)subject_key_unref(first);
    SubjectKey *ninth = new_key(vault, 8, &wrapped[8]);
    SubjectKey *again = NULL;
    assert_ok(borrow(vault, 0, wrapped[0], &again));
    assert_ptr_equal(again, first);
    assert_memory_equal(subject_key_subject(ninth), id_of(8).bytes, 16);
    SubjectKey *evicted = NULL;
    assert_ok(borrow(vault, 1, wrapped[1], &evicted));
    assert_memory_equal(subject_key_subject(evicted), id_of(1).bytes, 16);
    (void)subject_key_unref(ninth);
    (void)subject_key_unref(again);
    (void)subject_key_unref(evicted);
}

static void when_all_slots_are_on_loan_it_says_so(void **state)
{
    Vault *vault = *state;
    SubjectKey *keys[8];
    SubjectKey *ninth = NULL;
    Str wrapped;
    const Id id = id_of(100);
    for (unsigned i = 0; i < 8; i++) {
        keys[i] = new_key(vault, i, &wrapped);
    }
    assert_fails(
        keyring_new_subject_key(vault->ring, TENANT, id.bytes, 1, vault->arena, &wrapped, &ninth),
        KEY_SLOTS_FULL);
    (void)subject_key_unref(keys[3]);
    ninth = new_key(vault, 100, &wrapped);
    (void)subject_key_unref(ninth);
    for (unsigned i = 0; i < 8; i++) {
        if (i != 3) {
            (void)subject_key_unref(keys[i]);
        }
    }
}

static void a_key_on_loan_is_useless_after_sealing(void **state)
{
    Vault *vault = *state;
    Str wrapped;
    SubjectKey *key = new_key(vault, 1, &wrapped);
    Str envelope = seal_text(vault, key, "text");
    keyring_seal(vault->ring);
    assert_fails(open_text(key, envelope), VAULT_SEALED);
    assert_ok(keyring_unseal(vault->ring));
    assert_ok(keyring_load_platform_keys(vault->ring, vault->platform));
    assert_fails(open_text(key, envelope), CRYPTO_OPEN);
    SubjectKey *again = NULL;
    assert_ok(borrow(vault, 1, wrapped, &again));
    assert_ok(open_text(again, envelope));
    (void)subject_key_unref(key);
    (void)subject_key_unref(again);
}

/* Set-up of a vault and of a subject, with entropy failing at call 1, 2, 3 … until nothing fails:
 * each failure is reported, leaves the ring sealed or the subject without a key, and takes no slot
 * for good. */
static void the_nth_failure_of_entropy_is_harmless(void **state)
{
    (void)state;
    Vault vault;
    const Id id = id_of(1);
    vault_open_sealed(&vault);
    vault_write_kek(&vault);
    assert_ok(keyring_unseal(vault.ring));
    Error error = FAIL(INTERNAL, NULL);
    uint64_t tries = 0;
    for (; FAILED(error); tries++) {
        assert_true(tries < 100);
        vault.entropy.fails_at = vault.entropy.calls + tries + 1;
        error = keyring_new_platform_keys(vault.ring, vault.arena, &vault.platform);
        assert_int_equal(keyring_is_sealed(vault.ring), FAILED(error));
        assert_true(!FAILED(error) || error.reason == REASON_INTERNAL);
    }
    assert_int_equal(tries, 9); /* four keys, four nonces, then none fails */
    for (tries = 0; tries < 200; tries++) {
        Str wrapped = STR("untouched");
        SubjectKey *key = NULL;
        vault.entropy.fails_at = vault.entropy.calls + 1 + tries % 2;
        assert_fails(
            keyring_new_subject_key(vault.ring, TENANT, id.bytes, 1, vault.arena, &wrapped, &key),
            INTERNAL);
        assert_str(wrapped, "untouched");
        assert_null(key);
    }
    (void)subject_key_unref(vault_new_key(&vault, id));
    vault_done(&vault);
}

#define CITIZENS 200
#define THREADS 8

typedef struct Town {
    Vault *vault;
    Str wrapped[CITIZENS];
    Str envelopes[CITIZENS];
    _Atomic bool is_over;
    _Atomic uint64_t opened;
    _Atomic uint64_t refused;
    _Atomic uint64_t wrong;
} Town;

static bool is_expected(Error error)
{
    return error.reason == REASON_KEY_SLOTS_FULL || error.reason == REASON_VAULT_SEALED ||
           error.reason == REASON_CRYPTO_OPEN;
}

static void visit(Town *town, uint64_t n)
{
    SubjectKey *key = NULL;
    Error error = borrow(town->vault, n, town->wrapped[n], &key);
    if (!FAILED(error)) {
        error = open_text(key, town->envelopes[n]);
        (void)subject_key_unref(key);
    }
    if (!FAILED(error)) {
        atomic_fetch_add(&town->opened, 1);
    } else {
        atomic_fetch_add(is_expected(error) ? &town->refused : &town->wrong, 1);
    }
}

static void *visit_citizens(void *context)
{
    Town *town = context;
    Random random = {.state = (uint64_t)(uintptr_t)&random};
    while (!atomic_load(&town->is_over)) {
        visit(town, random_next(&random) % CITIZENS);
    }
    return NULL;
}

static void fill_town(Town *town)
{
    for (uint64_t i = 0; i < CITIZENS; i++) {
        SubjectKey *key = new_key(town->vault, i, &town->wrapped[i]);
        town->envelopes[i] = seal_text(town->vault, key, "text");
        (void)subject_key_unref(key);
    }
}

static void start(pthread_t *threads, Town *town)
{
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, visit_citizens, town), 0);
    }
}

static void stop(pthread_t *threads, Town *town)
{
    atomic_store(&town->is_over, true);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    print_message("%llu opened, %llu refused\n", (unsigned long long)atomic_load(&town->opened),
                  (unsigned long long)atomic_load(&town->refused));
}

/* 200 citizens through 16 slots from 8 threads: every open is of the right key, and the slots never
 * run out. */
static void threads_share_few_slots(void **state)
{
    static Town town;
    pthread_t threads[THREADS];
    memset(&town, 0, sizeof town);
    town.vault = *state;
    fill_town(&town);
    start(threads, &town);
    while (atomic_load(&town.opened) + atomic_load(&town.refused) + atomic_load(&town.wrong) <
           100000) {
        (void)sched_yield();
    }
    stop(threads, &town);
    assert_int_equal(town.wrong, 0);
    assert_int_equal(town.refused, 0);
}

/* The same while subjects are forgotten and the vault is sealed and unsealed: opens are right or
 * refused, and what was unwrapped around a seal is never used with a zero key. */
static void threads_meet_forgetting_and_sealing(void **state)
{
    static Town town;
    pthread_t threads[THREADS];
    memset(&town, 0, sizeof town);
    town.vault = *state;
    fill_town(&town);
    start(threads, &town);
    for (unsigned round = 0; round < 300 || atomic_load(&town.opened) < 1000; round++) {
        for (uint64_t i = 0; i < 8; i++) {
            const Id id = id_of((round * 8 + i) % CITIZENS);
            keyring_forget_subject(town.vault->ring, id.bytes);
        }
        if (round % 10 == 9) {
            keyring_seal(town.vault->ring);
            assert_ok(keyring_unseal(town.vault->ring));
            assert_ok(keyring_load_platform_keys(town.vault->ring, town.vault->platform));
        }
    }
    stop(threads, &town);
    assert_int_equal(town.wrong, 0);
    for (uint64_t i = 0; i < CITIZENS; i++) {
        SubjectKey *key = NULL;
        assert_ok(borrow(town.vault, i, town.wrapped[i], &key));
        assert_ok(open_text(key, town.envelopes[i]));
        (void)subject_key_unref(key);
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_without_its_kek_is_sealed_in_every_use),
        TEST(options_out_of_range_are_refused),
        TEST(platform_keys_come_back_as_they_were),
        TEST(every_damaged_platform_document_is_refused),
        TEST(a_key_is_lent_again_from_the_cache_or_unwrapped),
        TEST(a_wrapped_key_opens_only_where_it_belongs),
        TEST(a_replaced_key_document_never_meets_the_old_key),
        TEST(a_forgotten_subject_is_gone_even_on_loan),
        TEST(the_cache_drops_the_least_recently_used),
        TEST(when_all_slots_are_on_loan_it_says_so),
        TEST(a_key_on_loan_is_useless_after_sealing),
        cmocka_unit_test(the_nth_failure_of_entropy_is_harmless),
        cmocka_unit_test_setup_teardown(threads_share_few_slots, set_up_for_threads, tear_down),
        cmocka_unit_test_setup_teardown(threads_meet_forgetting_and_sealing, set_up_for_threads,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
