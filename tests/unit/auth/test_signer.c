#include "test_signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "encode.h"

struct Signer {
    EVP_PKEY *key;
    Str alg;
};

Signer *signer_new_for(const char *alg)
{
    Signer *signer = calloc(1, sizeof *signer);
    assert_non_null(signer);
    signer->alg = str_from(alg);
    signer->key = alg[0] == 'P'   ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                  : alg[1] == 'd' ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                  : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    assert_non_null(signer->key);
    return signer;
}

Signer *signer_new(void)
{
    return signer_new_for("ES256");
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

static Str rsa_numbers(const Signer *signer, Arena *arena)
{
    BIGNUM *n = NULL;
    unsigned char bytes[256];
    assert_int_equal(EVP_PKEY_get_bn_param(signer->key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_bn2binpad(n, bytes, sizeof bytes), sizeof bytes);
    BN_free(n);
    const Str parts[] = {STR("\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""),
                         encoded(arena, str_bytes(bytes, sizeof bytes)), STR("\"")};
    return joined(arena, parts, 3);
}

static Str okp_numbers(const Signer *signer, Arena *arena)
{
    unsigned char bytes[32];
    size_t n = sizeof bytes;
    assert_int_equal(EVP_PKEY_get_raw_public_key(signer->key, bytes, &n), 1);
    const Str parts[] = {STR("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\""),
                         encoded(arena, str_bytes(bytes, n)), STR("\"")};
    return joined(arena, parts, 3);
}

static Str ec_numbers(const Signer *signer, Arena *arena)
{
    const Str parts[] = {STR("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""),
                         coordinate(signer, arena, OSSL_PKEY_PARAM_EC_PUB_X), STR("\",\"y\":\""),
                         coordinate(signer, arena, OSSL_PKEY_PARAM_EC_PUB_Y), STR("\"")};
    return joined(arena, parts, 5);
}

Str signer_jwks(const Signer *signer, Arena *arena, const char *kid)
{
    bool has_kid = kid[0] != '\0';
    const Str parts[] = {
        STR("{\"keys\":[{"),
        signer->alg.p[0] == 'P'   ? rsa_numbers(signer, arena)
        : signer->alg.p[1] == 'd' ? okp_numbers(signer, arena)
                                  : ec_numbers(signer, arena),
        STR(",\"alg\":\""),
        signer->alg,
        STR("\",\"use\":\"sig\""),
        has_kid ? STR(",\"kid\":\"") : STR_EMPTY,
        str_from(kid),
        has_kid ? STR("\"") : STR_EMPTY,
        STR("}]}"),
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

/* What OpenSSL calls a signature: DER for P-256. */
static size_t native_signature(const Signer *signer, Str text, unsigned char *ret_bytes,
                               size_t room)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = NULL;
    bool is_rsa = signer->alg.p[0] == 'P';
    const EVP_MD *hash = signer->alg.p[1] == 'd' ? NULL : EVP_sha256();
    size_t n = room;
    assert_int_equal(EVP_DigestSignInit(digest, &context, hash, NULL, signer->key), 1);
    if (is_rsa) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_DigestSign(digest, ret_bytes, &n, (const unsigned char *)text.p, text.n),
                     1);
    EVP_MD_CTX_free(digest);
    return n;
}

Str signer_sign(const Signer *signer, Arena *arena, const char *header, const char *payload)
{
    const Str parts[] = {encoded(arena, str_from(header)), STR("."),
                         encoded(arena, str_from(payload))};
    Str text = joined(arena, parts, 3);
    unsigned char bytes[512];
    unsigned char raw[64];
    size_t n = native_signature(signer, text, bytes, sizeof bytes);
    Str signature = str_bytes(bytes, n);
    if (signer->alg.p[0] == 'E' && signer->alg.p[1] == 'S') {
        raw_signature(bytes, n, raw);
        signature = str_bytes(raw, sizeof raw);
    }
    const Str whole[] = {text, STR("."), encoded(arena, signature)};
    return joined(arena, whole, 3);
}
