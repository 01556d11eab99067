#include "test_signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "encode.h"

struct Signer {
    EVP_PKEY *key;
};

Signer *signer_new(void)
{
    Signer *signer = calloc(1, sizeof *signer);
    assert_non_null(signer);
    signer->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    assert_non_null(signer->key);
    return signer;
}

Signer *signer_free(Signer *signer)
{
    if (signer != NULL) {
        EVP_PKEY_free(signer->key);
        free(signer);
    }
    return NULL;
}

static Str encoded(Arena *arena, Str bytes)
{
    Buf buf = buf_in(arena);
    Str text;
    encode_base64url(&buf, bytes);
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static Str joined(Arena *arena, const Str *parts, size_t count)
{
    Str text;
    assert_ok(str_join_in(arena, parts, count, &text));
    return text;
}

static Str coordinate(const Signer *signer, Arena *arena, const char *name)
{
    BIGNUM *number = NULL;
    unsigned char bytes[32];
    assert_int_equal(EVP_PKEY_get_bn_param(signer->key, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, bytes, sizeof bytes), sizeof bytes);
    BN_free(number);
    return encoded(arena, str_bytes(bytes, sizeof bytes));
}

Str signer_jwks(const Signer *signer, Arena *arena, const char *kid)
{
    bool has_kid = kid[0] != '\0';
    const Str parts[] = {
        STR("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"use\":\"sig\""),
        has_kid ? STR(",\"kid\":\"") : STR_EMPTY,
        str_from(kid),
        has_kid ? STR("\"") : STR_EMPTY,
        STR(",\"x\":\""),
        coordinate(signer, arena, OSSL_PKEY_PARAM_EC_PUB_X),
        STR("\",\"y\":\""),
        coordinate(signer, arena, OSSL_PKEY_PARAM_EC_PUB_Y),
        STR("\"}]}"),
    };
    return joined(arena, parts, sizeof parts / sizeof parts[0]);
}

/* r ‖ s of a DER signature. */
static void raw_signature(const unsigned char *der, size_t der_bytes, unsigned char ret_raw[64])
{
    const unsigned char *at = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der_bytes);
    assert_non_null(signature);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_raw, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_raw + 32, 32), 32);
    ECDSA_SIG_free(signature);
}

Str signer_compact(Arena *arena, Str header, Str payload, Str signature)
{
    const Str parts[] = {encoded(arena, header), STR("."), encoded(arena, payload), STR("."),
                         encoded(arena, signature)};
    return joined(arena, parts, sizeof parts / sizeof parts[0]);
}

Str signer_sign(const Signer *signer, Arena *arena, const char *header, const char *payload)
{
    const Str parts[] = {encoded(arena, str_from(header)), STR("."),
                         encoded(arena, str_from(payload))};
    Str text = joined(arena, parts, 3);
    unsigned char der[128];
    unsigned char raw[64];
    size_t der_bytes = sizeof der;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, signer->key), 1);
    assert_int_equal(EVP_DigestSign(digest, der, &der_bytes, (const unsigned char *)text.p, text.n),
                     1);
    EVP_MD_CTX_free(digest);
    raw_signature(der, der_bytes, raw);
    const Str whole[] = {text, STR("."), encoded(arena, str_bytes(raw, sizeof raw))};
    return joined(arena, whole, 3);
}
