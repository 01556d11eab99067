/* Envelope v1 under given keys: the published XChaCha20-Poly1305 vector, padding classes, refusal
 * of every malformed head. */
#include <string.h>

#include "crypto_fixture.h"
#include "envelope.h"
#include "vectors.h"

#define ROOM 8192

static void count_up(uint8_t *out, uint8_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(from + i);
    }
}

static Error draft_nonce(const Entropy *entropy, void *out, size_t n)
{
    (void)entropy;
    count_up(out, 0x40, n);
    return OK;
}

static Error no_entropy(const Entropy *entropy, void *out, size_t n)
{
    (void)entropy;
    (void)out;
    (void)n;
    return FAIL(INTERNAL, "entropy");
}

static const Entropy DRAFT_NONCE = {.fill = draft_nonce};
static const Entropy NO_ENTROPY = {.fill = no_entropy};

static EnvelopeKeys draft_keys(void)
{
    EnvelopeKeys keys = {.commitment = {7}};
    count_up(keys.key, 0x80, sizeof keys.key);
    return keys;
}

static Str seal_class(const EnvelopeKeys *keys, uint8_t padding_class, const EnvelopeAad *aad,
                      Str text, uint8_t *out)
{
    assert_ok(envelope_seal(&DRAFT_NONCE, keys, padding_class, 9, aad, text, out));
    return str_bytes(out, ENVELOPE_HEAD_BYTES + envelope_padded_bytes(text.n, padding_class) +
                              ENVELOPE_TAG_BYTES);
}

static void aead_matches_the_published_vector(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    EnvelopeKeys keys = draft_keys();
    EnvelopeAad aad = {.n = 0};
    Str fields = bytes_of(arena, "50515253c0c1c2c3c4c5c6c7");
    memcpy(aad.bytes, fields.p, fields.n);
    aad.n = fields.n;
    uint8_t out[ROOM];
    Str envelope =
        seal_class(&keys, ENVELOPE_CLASS_NONE, &aad,
                   STR("Ladies and Gentlemen of the class of '99: If I could offer you only "
                       "one tip for the future, sunscreen would be it."),
                   out);
    assert_hex(arena, str_slice(envelope, ENVELOPE_HEAD_BYTES, envelope.n), VECTOR_DRAFT_SEALED);
}

static void classes_grow_as_drawn(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint8_t minimum;
        size_t padded;
    } CASES[] = {
        {0, 0, 32},      {31, 0, 32},     {32, 0, 64},     {63, 0, 64},     {64, 0, 128},
        {127, 0, 128},   {128, 0, 256},   {255, 0, 256},   {256, 0, 512},   {511, 0, 512},
        {512, 0, 1024},  {1023, 0, 1024}, {1024, 0, 2048}, {2047, 0, 2048}, {2048, 0, 3072},
        {3071, 0, 3072}, {3072, 0, 4096}, {10, 5, 512},    {511, 5, 512},   {512, 5, 1024},
        {1, 7, 2048},    {1, 3, 128},     {200, 3, 256},   {1, 1, 32},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint8_t padding_class = envelope_class_for(CASES[i].n, CASES[i].minimum);
        assert_int_equal(envelope_padded_bytes(CASES[i].n, padding_class), CASES[i].padded);
    }
}

/* A head is sound only when class and length agree. */
static void lengths_belong_to_classes(void **state)
{
    (void)state;
    static const size_t FIXED[] = {0, 32, 64, 128, 256, 512, 1024};
    uint8_t bytes[ROOM] = {ENVELOPE_VERSION};
    for (unsigned padding_class = 0; padding_class < 256; padding_class++) {
        bytes[1] = (uint8_t)padding_class;
        for (size_t n = 0; n <= 5000; n++) {
            Str envelope = str_bytes(bytes, ENVELOPE_HEAD_BYTES + n + ENVELOPE_TAG_BYTES);
            bool is_right = padding_class == 0   ? n > 0
                            : padding_class < 7  ? n == FIXED[padding_class]
                            : padding_class == 7 ? n >= 2048 && n % 1024 == 0
                                                 : false;
            assert_int_equal(envelope_head(envelope).is_sound, is_right);
        }
    }
}

static void every_length_comes_back(void **state)
{
    (void)state;
    EnvelopeKeys keys = draft_keys();
    EnvelopeAad aad;
    uint8_t text[4200];
    uint8_t out[ROOM];
    uint8_t back[ROOM];
    memset(text, 0x80, sizeof text); /* a text that looks like padding all over */
    envelope_aad_begin(&aad, STR("label"));
    for (size_t n = 0; n <= sizeof text; n += n < 70 ? 1 : 37) {
        for (uint8_t minimum = 0; minimum <= ENVELOPE_CLASS_MULTIPLE; minimum++) {
            Str envelope =
                seal_class(&keys, envelope_class_for(n, minimum), &aad, str_bytes(text, n), out);
            size_t have = 0;
            assert_ok(envelope_open(&keys, &aad, envelope, back, &have));
            assert_int_equal(have, n);
            assert_memory_equal(back, text, n);
        }
    }
}

static void malformed_heads_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } DAMAGE[] = {{0, 0}, {0, 2}, {0, 0xff}, {1, 1}, {1, 3},
                  {1, 7}, {1, 8}, {1, 0xff}, {2, 1}, {3, 1}};
    EnvelopeKeys keys = draft_keys();
    EnvelopeAad aad;
    uint8_t out[ROOM];
    uint8_t back[ROOM];
    size_t have = 77;
    envelope_aad_begin(&aad, STR("label"));
    Str envelope = seal_class(&keys, 2, &aad, STR("text"), out);
    for (size_t i = 0; i < sizeof DAMAGE / sizeof DAMAGE[0]; i++) {
        uint8_t good = out[DAMAGE[i].at];
        out[DAMAGE[i].at] = DAMAGE[i].value;
        assert_false(envelope_head(envelope).is_sound);
        assert_fails(envelope_open(&keys, &aad, envelope, back, &have), CRYPTO_OPEN);
        out[DAMAGE[i].at] = good;
    }
    assert_int_equal(have, 77);
    assert_ok(envelope_open(&keys, &aad, envelope, back, &have));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    EnvelopeKeys keys = draft_keys();
    EnvelopeAad aad;
    uint8_t out[ROOM];
    uint8_t back[ROOM];
    size_t have = 0;
    envelope_aad_begin(&aad, STR("label"));
    Str envelope = seal_class(&keys, 2, &aad, STR("text"), out);
    for (size_t n = 0; n < envelope.n; n++) {
        assert_fails(envelope_open(&keys, &aad, str_slice(envelope, 0, n), back, &have),
                     CRYPTO_OPEN);
    }
    assert_fails(envelope_open(&keys, &aad, str_bytes(out, envelope.n + 32), back, &have),
                 CRYPTO_OPEN);
}

/* A forger who knows one key makes a text that two keys authenticate; only the commitment stops
 * him. */
static void the_right_tag_under_another_commitment_is_refused(void **state)
{
    (void)state;
    EnvelopeKeys keys = draft_keys();
    EnvelopeAad aad;
    uint8_t out[ROOM];
    uint8_t back[ROOM] = {0};
    static const uint8_t UNTOUCHED[ROOM] = {0};
    size_t have = 0;
    envelope_aad_begin(&aad, STR("label"));
    Str envelope = seal_class(&keys, 2, &aad, STR("text"), out);
    keys.commitment[31] ^= 1;
    assert_fails(envelope_open(&keys, &aad, envelope, back, &have), CRYPTO_OPEN);
    assert_memory_equal(back, UNTOUCHED, sizeof back);
}

static void bad_padding_under_a_right_tag_is_refused_and_wiped(void **state)
{
    (void)state;
    EnvelopeKeys keys = draft_keys();
    EnvelopeAad aad;
    uint8_t out[ROOM];
    uint8_t back[ROOM];
    static const uint8_t ZEROS[32] = {0};
    size_t have = 0;
    envelope_aad_begin(&aad, STR("label"));
    /* 32 bytes without padding, then the class says there is some: the class isn't in this AAD. */
    Str envelope =
        seal_class(&keys, ENVELOPE_CLASS_NONE, &aad, STR("no padding here, thirty-two byte"), out);
    out[1] = 1;
    assert_fails(envelope_open(&keys, &aad, envelope, back, &have), CRYPTO_OPEN);
    assert_memory_equal(back, ZEROS, sizeof ZEROS);
}

static void no_entropy_no_envelope(void **state)
{
    (void)state;
    EnvelopeKeys keys = draft_keys();
    EnvelopeAad aad;
    uint8_t out[ROOM] = {0};
    static const uint8_t UNTOUCHED[ROOM] = {0};
    envelope_aad_begin(&aad, STR("label"));
    assert_fails(envelope_seal(&NO_ENTROPY, &keys, 1, 1, &aad, STR("text"), out), INTERNAL);
    assert_memory_equal(out, UNTOUCHED, sizeof out);
}

static void an_aad_that_is_too_long_says_so(void **state)
{
    (void)state;
    static const char LONG[ENVELOPE_AAD_BYTES_MAX] = {0};
    EnvelopeAad aad;
    envelope_aad_begin(&aad, STR(""));
    envelope_aad_bytes(&aad, str_bytes(LONG, ENVELOPE_AAD_BYTES_MAX - 8));
    assert_false(aad.is_too_long);
    assert_int_equal(aad.n, ENVELOPE_AAD_BYTES_MAX);
    envelope_aad_bytes(&aad, STR_EMPTY);
    assert_true(aad.is_too_long);
    envelope_aad_begin(&aad, STR(""));
    envelope_aad_bytes(&aad, str_bytes(LONG, ENVELOPE_AAD_BYTES_MAX - 7));
    assert_true(aad.is_too_long);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aead_matches_the_published_vector),
        cmocka_unit_test(classes_grow_as_drawn),
        cmocka_unit_test(lengths_belong_to_classes),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(malformed_heads_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(the_right_tag_under_another_commitment_is_refused),
        cmocka_unit_test(bad_padding_under_a_right_tag_is_refused_and_wiped),
        cmocka_unit_test(no_entropy_no_envelope),
        cmocka_unit_test(an_aad_that_is_too_long_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
