/* key_cache.h: what happens between taking an entry and publishing it, and what is left in a slot
 * afterwards. */
#include <string.h>

#include "crypto_fixture.h"
#include "crypto_init.h"
#include "key_cache.h"

#define FIRST_SLOT 2
#define ENTRIES 4

typedef struct Bench {
    KeySlab *slab;
    KeyCache *cache;
} Bench;

static int set_up(void **state)
{
    static Bench bench;
    if (FAILED(crypto_init()) || FAILED(key_slab_new(FIRST_SLOT + ENTRIES, &bench.slab)) ||
        FAILED(key_cache_new(NULL, bench.slab, FIRST_SLOT, ENTRIES, &bench.cache))) {
        return -1;
    }
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    Bench *bench = *state;
    bench->cache = key_cache_free(bench->cache);
    bench->slab = key_slab_free(bench->slab);
    return 0;
}

typedef struct Index {
    uint8_t bytes[KEY_INDEX_BYTES];
} Index;

static Index index_of(uint8_t n)
{
    Index index = {.bytes = {[0] = n, [31] = n}};
    return index;
}

/* An entry of the subject, filled with the byte n, not yet published. */
static SubjectKey *take_filled(Bench *bench, uint8_t n)
{
    const Id subject = id_of(n);
    const KeyOwner owner = {.tenant = TENANT, .subject = subject.bytes, .generation = 1};
    SubjectKey *key = NULL;
    uint8_t *bytes = NULL;
    assert_ok(key_cache_take(bench->cache, &owner, &key));
    assert_ok(subject_key_begin(key, &bytes));
    memset(bytes, n, KEY_SLOT_BYTES);
    subject_key_end(key);
    return key;
}

static SubjectKey *publish(Bench *bench, uint8_t n)
{
    const Index index = index_of(n);
    SubjectKey *key = NULL;
    assert_ok(key_cache_publish(bench->cache, take_filled(bench, n), index.bytes, &key));
    return key;
}

static bool holds_anywhere(Bench *bench, uint8_t n)
{
    bool found = false;
    assert_true(key_slab_enter(bench->slab));
    for (uint32_t slot = 0; slot < FIRST_SLOT + ENTRIES; slot++) {
        found = found || key_slab_slot(bench->slab, slot)[0] == n;
    }
    key_slab_leave(bench->slab);
    return found;
}

static void a_published_entry_is_found_until_it_is_forgotten(void **state)
{
    Bench *bench = *state;
    const Index index = index_of(7);
    const Id subject = id_of(7);
    assert_null(key_cache_find(bench->cache, index.bytes));
    SubjectKey *key = publish(bench, 7);
    SubjectKey *found = key_cache_find(bench->cache, index.bytes);
    assert_ptr_equal(found, key);
    assert_int_equal(key_cache_count(bench->cache), 1);
    (void)subject_key_unref(found);
    (void)subject_key_unref(key);
    assert_int_equal(key_cache_count(bench->cache), 1);
    assert_true(holds_anywhere(bench, 7));
    key_cache_forget_subject(bench->cache, subject.bytes);
    assert_null(key_cache_find(bench->cache, index.bytes));
    assert_false(holds_anywhere(bench, 7));
    assert_int_equal(key_cache_count(bench->cache), 0);
}

static void an_entry_on_loan_is_zeroed_at_once_and_freed_later(void **state)
{
    Bench *bench = *state;
    const Id subject = id_of(7);
    uint8_t *bytes = NULL;
    SubjectKey *key = publish(bench, 7);
    key_cache_forget_subject(bench->cache, subject.bytes);
    assert_false(holds_anywhere(bench, 7));
    assert_fails(subject_key_begin(key, &bytes), CRYPTO_OPEN);
    assert_int_equal(key_cache_count(bench->cache), 1);
    (void)subject_key_unref(key);
    assert_int_equal(key_cache_count(bench->cache), 0);
}

static void what_was_forgotten_while_it_was_filled_is_not_published(void **state)
{
    Bench *bench = *state;
    const Index index = index_of(7);
    const Id subject = id_of(7);
    SubjectKey *published = NULL;
    SubjectKey *key = take_filled(bench, 7);
    key_cache_forget_subject(bench->cache, subject.bytes);
    assert_fails(key_cache_publish(bench->cache, key, index.bytes, &published), CRYPTO_OPEN);
    assert_null(published);
    assert_null(key_cache_find(bench->cache, index.bytes));
    assert_int_equal(key_cache_count(bench->cache), 0);
}

static void what_was_filled_before_a_seal_is_not_published_after_it(void **state)
{
    Bench *bench = *state;
    const Index index = index_of(7);
    SubjectKey *published = NULL;
    SubjectKey *key = take_filled(bench, 7);
    key_slab_wipe(bench->slab);
    key_cache_forget_all(bench->cache);
    key_slab_revive(bench->slab);
    assert_fails(key_cache_publish(bench->cache, key, index.bytes, &published), VAULT_SEALED);
    assert_null(published);
    assert_null(key_cache_find(bench->cache, index.bytes));
    assert_int_equal(key_cache_count(bench->cache), 0);
}

static void forgetting_all_leaves_nothing_to_find(void **state)
{
    Bench *bench = *state;
    const Index idle = index_of(1);
    const Index lent = index_of(2);
    uint8_t *bytes = NULL;
    (void)subject_key_unref(publish(bench, 1));
    SubjectKey *key = publish(bench, 2);
    key_slab_wipe(bench->slab);
    key_cache_forget_all(bench->cache);
    assert_fails(subject_key_begin(key, &bytes), VAULT_SEALED);
    key_slab_revive(bench->slab);
    assert_fails(subject_key_begin(key, &bytes), CRYPTO_OPEN);
    assert_null(key_cache_find(bench->cache, idle.bytes));
    assert_null(key_cache_find(bench->cache, lent.bytes));
    (void)subject_key_unref(key);
    assert_int_equal(key_cache_count(bench->cache), 0);
}

static void the_slower_of_two_fillers_gets_the_others_entry(void **state)
{
    Bench *bench = *state;
    const Index index = index_of(7);
    SubjectKey *slower = take_filled(bench, 7);
    SubjectKey *faster = publish(bench, 7);
    SubjectKey *given = NULL;
    assert_int_equal(key_cache_count(bench->cache), 2);
    assert_ok(key_cache_publish(bench->cache, slower, index.bytes, &given));
    assert_ptr_equal(given, faster);
    assert_int_equal(key_cache_count(bench->cache), 1);
    (void)subject_key_unref(given);
    (void)subject_key_unref(faster);
}

static void an_abandoned_entry_leaves_no_key(void **state)
{
    Bench *bench = *state;
    key_cache_abandon(bench->cache, take_filled(bench, 9));
    assert_false(holds_anywhere(bench, 9));
    assert_int_equal(key_cache_count(bench->cache), 0);
}

static void entries_with_one_bucket_are_told_apart(void **state)
{
    Bench *bench = *state;
    Index index = index_of(0);
    SubjectKey *keys[ENTRIES];
    for (uint8_t i = 0; i < ENTRIES; i++) {
        index.bytes[31] = i; /* the bucket comes from the first four bytes */
        assert_ok(key_cache_publish(bench->cache, take_filled(bench, (uint8_t)(i + 1)), index.bytes,
                                    &keys[i]));
    }
    const Id second = id_of(2);
    (void)subject_key_unref(keys[1]);
    key_cache_forget_subject(bench->cache, second.bytes);
    for (uint8_t i = 0; i < ENTRIES; i++) {
        index.bytes[31] = i;
        SubjectKey *found = key_cache_find(bench->cache, index.bytes);
        assert_ptr_equal(found, i == 1 ? NULL : keys[i]);
        (void)subject_key_unref(found);
    }
    for (uint8_t i = 0; i < ENTRIES; i++) {
        (void)subject_key_unref(i == 1 ? NULL : keys[i]);
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_published_entry_is_found_until_it_is_forgotten),
        TEST(an_entry_on_loan_is_zeroed_at_once_and_freed_later),
        TEST(what_was_forgotten_while_it_was_filled_is_not_published),
        TEST(what_was_filled_before_a_seal_is_not_published_after_it),
        TEST(forgetting_all_leaves_nothing_to_find),
        TEST(the_slower_of_two_fillers_gets_the_others_entry),
        TEST(an_abandoned_entry_leaves_no_key),
        TEST(entries_with_one_bucket_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
