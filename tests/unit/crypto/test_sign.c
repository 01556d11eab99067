/* sign.h: the vectors of RFC 8032 §7.1, roles with keys of their own, note ids. */
#include <string.h>

#include "crypto_fixture.h"
#include "sign.h"
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

static void ed25519_matches_rfc_8032(void **state)
{
    Vault *vault = *state;
    static const struct {
        const char *seed;
        const char *public_key;
        const char *message;
        const char *signature;
    } CASES[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46b"
         "d25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8c"
         "387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84dc659"
         "4a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Str seed = bytes_of(vault->arena, CASES[i].seed);
        Str message = bytes_of(vault->arena, CASES[i].message);
        uint8_t public_key[SIGN_PUBLIC_BYTES];
        uint8_t signature[SIGN_SIGNATURE_BYTES];
        sign_public_from_seed((const uint8_t *)seed.p, public_key);
        assert_hex(vault->arena, str_bytes(public_key, sizeof public_key), CASES[i].public_key);
        sign_with_seed((const uint8_t *)seed.p, message, signature);
        assert_hex(vault->arena, str_bytes(signature, sizeof signature), CASES[i].signature);
        assert_true(sign_verify(public_key, message, str_bytes(signature, sizeof signature)));
    }
}

static void check_role(Vault *vault, SigningRole role, const char *seed_hex)
{
    Str seed = bytes_of(vault->arena, seed_hex);
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    uint8_t wanted[SIGN_SIGNATURE_BYTES];
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    SigningKey key;
    sign_public_from_seed((const uint8_t *)seed.p, public_key);
    sign_with_seed((const uint8_t *)seed.p, STR("text"), wanted);
    assert_ok(signing_key_borrow(vault->ring, role, &key));
    assert_memory_equal(key.public_key, public_key, sizeof public_key);
    assert_ok(sign_message(&key, STR("text"), signature));
    assert_memory_equal(signature, wanted, sizeof wanted);
}

static void each_role_signs_with_its_own_key(void **state)
{
    check_role(*state, SIGNING_LOG, VECTOR_LOG_SEED);
    check_role(*state, SIGNING_TOKEN, VECTOR_TOKEN_SEED);
    check_role(*state, SIGNING_RECEIPT, VECTOR_RECEIPT_SEED);
}

static void changed_signatures_messages_and_keys_do_not_verify(void **state)
{
    Vault *vault = *state;
    SigningKey key;
    uint8_t signature[SIGN_SIGNATURE_BYTES] = {0};
    Str whole = str_bytes(signature, sizeof signature);
    assert_ok(signing_key_borrow(vault->ring, SIGNING_LOG, &key));
    assert_ok(sign_message(&key, STR("text"), signature));
    assert_true(sign_verify(key.public_key, STR("text"), whole));
    assert_false(sign_verify(key.public_key, STR("texu"), whole));
    assert_false(sign_verify(key.public_key, STR("text"), str_slice(whole, 0, 63)));
    assert_false(sign_verify(key.public_key, STR("text"), STR_EMPTY));
    for (unsigned bit = 0; bit < sizeof signature * 8; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(sign_verify(key.public_key, STR("text"), whole));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    key.public_key[0] ^= 1;
    assert_false(sign_verify(key.public_key, STR("text"), whole));
    /* The neutral element as key and a zero signature would verify any message without this check.
     */
    const uint8_t neutral[SIGN_PUBLIC_BYTES] = {1};
    const uint8_t zero[SIGN_SIGNATURE_BYTES] = {1};
    assert_false(sign_verify(neutral, STR("text"), str_bytes(zero, sizeof zero)));
}

/* The published verifier key of Go's checksum database is sum.golang.org+033de0ae+<base64 of 01 and
 * the key>. */
static void note_ids_match_a_published_key(void **state)
{
    Vault *vault = *state;
    Str public_key =
        bytes_of(vault->arena, "ce3372d75ad1ee5ecdaf8727293d4b111d87eb37531d7c86d4d3003f0eb809fc");
    uint8_t id[SIGN_NOTE_ID_BYTES];
    sign_note_id(STR("sum.golang.org"), (const uint8_t *)public_key.p, id);
    assert_hex(vault->arena, str_bytes(id, sizeof id), "033de0ae");
}

static void a_key_outlives_seal_and_unseal(void **state)
{
    Vault *vault = *state;
    SigningKey key;
    uint8_t before[SIGN_SIGNATURE_BYTES];
    uint8_t after[SIGN_SIGNATURE_BYTES] = {0};
    assert_ok(signing_key_borrow(vault->ring, SIGNING_LOG, &key));
    assert_ok(sign_message(&key, STR("text"), before));
    keyring_seal(vault->ring);
    assert_fails(sign_message(&key, STR("text"), after), VAULT_SEALED);
    assert_fails(signing_key_borrow(vault->ring, SIGNING_LOG, &key), VAULT_SEALED);
    assert_ok(keyring_unseal(vault->ring));
    assert_fails(sign_message(&key, STR("text"), after), VAULT_SEALED);
    assert_ok(keyring_load_platform_keys(vault->ring, vault->platform));
    assert_ok(sign_message(&key, STR("text"), after));
    assert_memory_equal(before, after, sizeof before);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ed25519_matches_rfc_8032),
        TEST(each_role_signs_with_its_own_key),
        TEST(changed_signatures_messages_and_keys_do_not_verify),
        TEST(note_ids_match_a_published_key),
        TEST(a_key_outlives_seal_and_unseal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
