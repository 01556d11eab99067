/* SipHash-1-3 against published vectors, and its seed. */
#include "check.h"
#include "siphash.h"

/* Key 00 01 … 0f, messages "", 00, 00 01, … of the reference implementation's vectors. */
static void the_vectors_hold(void **state)
{
    (void)state;
    static const uint64_t KEY[2] = {0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
    static const uint64_t WANTED[] = {0xabac0158050fc4dcU, 0xc9f49bf37d57ca93U,
                                      0x82cb9b024dc7d44dU};
    static const char MESSAGE[] = {0, 1, 2};
    for (size_t n = 0; n < sizeof WANTED / sizeof WANTED[0]; n++) {
        assert_true(siphash(KEY, str_bytes(MESSAGE, n)) == WANTED[n]);
    }
}

static void the_seed_decides(void **state)
{
    (void)state;
    static const uint64_t ONE[2] = {1, 2};
    static const uint64_t OTHER[2] = {1, 3};
    assert_true(siphash(ONE, STR("kenko")) == siphash(ONE, STR("kenko")));
    assert_true(siphash(ONE, STR("kenko")) != siphash(OTHER, STR("kenko")));
    assert_true(siphash(ONE, STR("12345678")) != siphash(ONE, STR("123456780")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_hold),
        cmocka_unit_test(the_seed_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
