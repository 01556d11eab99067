/* hash.h against published digests; commitments as L-2 asks. */
#include <sodium.h>

#include "crypto_fixture.h"
#include "fake_ports.h"
#include "hash.h"
#include "vectors.h"

static int make_arena(void **state)
{
    *state = arena_new((size_t)1 << 20);
    return *state == NULL ? -1 : 0;
}

static int free_arena(void **state)
{
    (void)arena_free(*state);
    return 0;
}

static void sha256_matches_fips_examples(void **state)
{
    static const struct {
        const char *text;
        const char *digest;
    } CASES[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint8_t digest[SHA256_BYTES];
        Str text = str_from(CASES[i].text);
        sha256_of(&text, 1, digest);
        assert_hex(*state, str_bytes(digest, sizeof digest), CASES[i].digest);
    }
}

static void sha256_in_pieces_equals_sha256_at_once(void **state)
{
    (void)state;
    char text[300] = {0};
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        uint8_t whole[SHA256_BYTES];
        uint8_t pieces[SHA256_BYTES];
        Str all = str_bytes(text, sizeof text);
        sha256_of(&all, 1, whole);
        Sha256 hash;
        sha256_init(&hash);
        sha256_update(&hash, str_slice(all, 0, cut));
        sha256_update(&hash, STR_EMPTY);
        sha256_update(&hash, str_slice(all, cut, sizeof text));
        sha256_final(&hash, pieces);
        assert_memory_equal(whole, pieces, SHA256_BYTES);
    }
}

/* The processor's way and libsodium's, for every length over several blocks, in random pieces. */
static void sha256_equals_libsodium(void **state)
{
    (void)state;
    uint64_t random = fake_seed("sha256_equals_libsodium");
    uint8_t bytes[700];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)fake_random(&random);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint8_t wanted[SHA256_BYTES];
        uint8_t digest[SHA256_BYTES];
        (void)crypto_hash_sha256(wanted, bytes, n);
        Sha256 hash;
        sha256_init(&hash);
        for (size_t at = 0; at < n;) {
            size_t piece = 1 + fake_random_below(&random, n - at);
            sha256_update(&hash, str_bytes(bytes + at, piece));
            at += piece;
        }
        sha256_final(&hash, digest);
        assert_memory_equal(digest, wanted, SHA256_BYTES);
    }
}

/* Computed by Python's hashlib: SHA-256 over the digests of all prefixes (0 to 999 bytes) of 7 i
 * + 3. */
static void sha256_of_all_prefixes(void **state)
{
    uint8_t message[1000];
    uint8_t digest[SHA256_BYTES];
    Sha256 all;
    sha256_init(&all);
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(7 * i + 3);
    }
    for (size_t n = 0; n < sizeof message; n++) {
        Str prefix = str_bytes(message, n);
        sha256_of(&prefix, 1, digest);
        sha256_update(&all, str_bytes(digest, sizeof digest));
    }
    sha256_final(&all, digest);
    assert_hex(*state, str_bytes(digest, sizeof digest),
               "df3cd7b7b5ddcf8f90a897a1dce1dd7fb1832feb0d578138be73c9294438a58e");
}

static void blake2b_matches_the_vector(void **state)
{
    uint8_t digest[BLAKE2B_BYTES];
    const Str parts[] = {STR("a"), {0}, STR("bc")};
    blake2b_of(parts, 3, digest);
    assert_hex(*state, str_bytes(digest, sizeof digest), VECTOR_BLAKE2B_ABC);
}

static void commitment_matches_the_vector_and_hides_behind_its_salt(void **state)
{
    uint8_t salt[COMMITMENT_SALT_BYTES];
    for (unsigned i = 0; i < sizeof salt; i++) {
        salt[i] = (uint8_t)i;
    }
    uint8_t one[SHA256_BYTES];
    uint8_t other[SHA256_BYTES];
    commitment_make(0x02, salt, STR("subject"), one);
    assert_hex(*state, str_bytes(one, sizeof one), VECTOR_COMMITMENT);
    commitment_make(0x03, salt, STR("subject"), other);
    assert_memory_not_equal(one, other, SHA256_BYTES);
    salt[15] ^= 1;
    commitment_make(0x02, salt, STR("subject"), other);
    assert_memory_not_equal(one, other, SHA256_BYTES);
}

static void equal_compares_bytes_and_lengths(void **state)
{
    (void)state;
    assert_true(crypto_equal(STR("secret"), STR("secret")));
    assert_true(crypto_equal(STR_EMPTY, (Str){0}));
    assert_false(crypto_equal(STR("secret"), STR("secreu")));
    assert_false(crypto_equal(STR("secret"), STR("secre")));
    assert_false(crypto_equal(STR("secre"), STR("secret")));
}

static void wipe_zeroes_exactly_n_bytes(void **state)
{
    (void)state;
    char text[] = "0123456789";
    crypto_wipe(text, 4);
    assert_memory_equal(text,
                        "\0\0\0\0"
                        "456789",
                        10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_matches_fips_examples),
        cmocka_unit_test(sha256_in_pieces_equals_sha256_at_once),
        cmocka_unit_test(sha256_equals_libsodium),
        cmocka_unit_test(sha256_of_all_prefixes),
        cmocka_unit_test(blake2b_matches_the_vector),
        cmocka_unit_test(commitment_matches_the_vector_and_hides_behind_its_salt),
        cmocka_unit_test(equal_compares_bytes_and_lengths),
        cmocka_unit_test(wipe_zeroes_exactly_n_bytes),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
