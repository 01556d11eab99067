/* opaque_token.h: shape and freshness of tokens, their stored hash. */
#include <string.h>

#include "crypto_fixture.h"
#include "opaque_token.h"
#include "vectors.h"

static int set_up(void **state)
{
    static Vault vault;
    vault_open(&vault, true, 0);
    *state = &vault;
    return 0;
}

static int tear_down(void **state)
{
    vault_done(*state);
    return 0;
}

static void tokens_are_43_url_safe_characters_and_fresh(void **state)
{
    Vault *vault = *state;
    char before[OPAQUE_TOKEN_TEXT_BYTES] = "";
    for (unsigned i = 0; i < 1000; i++) {
        char text[OPAQUE_TOKEN_TEXT_BYTES];
        assert_ok(opaque_token_make(ports_system(), text));
        assert_int_equal(strlen(text), 43);
        assert_int_equal(
            strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
        assert_string_not_equal(text, before);
        memcpy(before, text, sizeof before);
    }
    vault->entropy.fails_at = vault->entropy.calls + 1;
    assert_fails(opaque_token_make(&vault->ports, before), INTERNAL);
}

static void hashes_match_the_vector_and_differ_by_kind_and_text(void **state)
{
    Vault *vault = *state;
    uint8_t hash[OPAQUE_TOKEN_HASH_BYTES];
    uint8_t other[OPAQUE_TOKEN_HASH_BYTES];
    assert_ok(opaque_token_hash(vault->ring, STR("access"), STR("token"), hash));
    assert_hex(vault->arena, str_bytes(hash, sizeof hash), VECTOR_TOKEN_HASH);
    assert_ok(opaque_token_hash(vault->ring, STR("refresh"), STR("token"), other));
    assert_memory_not_equal(hash, other, sizeof hash);
    assert_ok(opaque_token_hash(vault->ring, STR("access"), STR("tokeN"), other));
    assert_memory_not_equal(hash, other, sizeof hash);
    assert_ok(opaque_token_hash(vault->ring, STR("access"), STR_EMPTY, other));
    keyring_seal(vault->ring);
    assert_fails(opaque_token_hash(vault->ring, STR("access"), STR("token"), other), VAULT_SEALED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_are_43_url_safe_characters_and_fresh, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(hashes_match_the_vector_and_differ_by_kind_and_text, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
