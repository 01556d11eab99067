/* C-1: every use of a key has a personal of its own, exactly 16 bytes long. */
#include <string.h>

#include "crypto_fixture.h"
#include "derive.h"

static void personals_are_sixteen_bytes_and_distinct(void **state)
{
    (void)state;
    for (unsigned a = 0; a < DERIVE_PURPOSE_COUNT_; a++) {
        const char *personal = derive_personal((DerivePurpose)a);
        assert_int_equal(strncmp(personal, "musubi/", 7), 0);
        size_t n = strlen(personal);
        assert_true(n == DERIVE_PERSONAL_BYTES || a == DERIVE_BLIND_INDEX);
        for (size_t i = n; i < DERIVE_PERSONAL_BYTES; i++) {
            assert_int_equal(personal[i], 0);
        }
        for (unsigned b = 0; b < a; b++) {
            assert_memory_not_equal(personal, derive_personal((DerivePurpose)b),
                                    DERIVE_PERSONAL_BYTES);
        }
    }
}

static void derive_text(DerivePurpose purpose, const uint8_t *key, Str a, Str b,
                        uint8_t ret[DERIVE_BYTES])
{
    Derive derive;
    derive_begin(&derive, purpose, key);
    derive_lp(&derive, a);
    derive_lp(&derive, b);
    derive_end(&derive, ret, DERIVE_BYTES);
}

static void parts_do_not_run_together(void **state)
{
    (void)state;
    const uint8_t key[DERIVE_BYTES] = {1};
    uint8_t one[DERIVE_BYTES];
    uint8_t other[DERIVE_BYTES];
    derive_text(DERIVE_PSEUDONYM, key, STR("ab"), STR("c"), one);
    derive_text(DERIVE_PSEUDONYM, key, STR("a"), STR("bc"), other);
    assert_memory_not_equal(one, other, DERIVE_BYTES);
    derive_text(DERIVE_TOKEN_HASH, key, STR("ab"), STR("c"), other);
    assert_memory_not_equal(one, other, DERIVE_BYTES);
    derive_text(DERIVE_PSEUDONYM, key, STR("ab"), STR("c"), other);
    assert_memory_equal(one, other, DERIVE_BYTES);
}

static void state_is_wiped_at_the_end(void **state)
{
    (void)state;
    const uint8_t key[DERIVE_BYTES] = {1};
    uint8_t ret[DERIVE_BYTES];
    Derive derive;
    derive_begin(&derive, DERIVE_PSEUDONYM, key);
    derive_end(&derive, ret, sizeof ret);
    assert_true(sodium_is_zero((const uint8_t *)&derive, sizeof derive));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(personals_are_sixteen_bytes_and_distinct),
        cmocka_unit_test(parts_do_not_run_together),
        cmocka_unit_test(state_is_wiped_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
