#include "jose.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_CLEANUP(ECDSA_SIG, ECDSA_SIG_free)
DEFINE_CLEANUP(BIGNUM, BN_free)
DEFINE_CLEANUP(OSSL_PARAM, OSSL_PARAM_free)
DEFINE_CLEANUP(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)

#define POINT_BYTES (1 + 2 * JWK_COORDINATE_BYTES)
#define DER_BYTES_MAX 80
#define PS256_SALT_BYTES 32 /* RFC 7518 §3.5: as long as the hash */

/* --- keys ------------------------------------------------------------------------------------- */

static EVP_PKEY *key_from(const char *type, OSSL_PARAM *params)
{
    CLEANUP(EVP_PKEY_CTX_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return key;
}

static EVP_PKEY *ec_key(const Jwk *jwk)
{
    unsigned char point[POINT_BYTES] = {0x04};
    memcpy(point + 1, jwk->x, JWK_COORDINATE_BYTES);
    memcpy(point + 1 + JWK_COORDINATE_BYTES, jwk->y, JWK_COORDINATE_BYTES);
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group - 1),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point), OSSL_PARAM_END};
    return key_from("EC", params);
}

static EVP_PKEY *rsa_key(const Jwk *jwk)
{
    CLEANUP(BN_free)
    BIGNUM *n = BN_bin2bn((const unsigned char *)jwk->n.p, (int)jwk->n.n, NULL);
    CLEANUP(OSSL_PARAM_BLD_free) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (n == NULL || builder == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_ulong(builder, OSSL_PKEY_PARAM_RSA_E, JWK_RSA_EXPONENT) != 1) {
        return NULL;
    }
    CLEANUP(OSSL_PARAM_free) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    return params == NULL ? NULL : key_from("RSA", params);
}

static EVP_PKEY *key_new(const Jwk *jwk)
{
    switch (jwk->alg) {
    case JOSE_ES256:
        return ec_key(jwk);
    case JOSE_PS256:
        return rsa_key(jwk);
    case JOSE_EDDSA:
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, jwk->x, sizeof jwk->x);
    case JOSE_ALG_COUNT_:
    default:
        return NULL;
    }
}

/* --- signatures ------------------------------------------------------------------------------- */

/* OpenSSL wants DER; the range of r and s (1 … order − 1) is checked by the verification itself. */
static size_t signature_der(const uint8_t raw[JWS_POINT_SIGNATURE_BYTES],
                            unsigned char ret_der[DER_BYTES_MAX])
{
    CLEANUP(ECDSA_SIG_free) ECDSA_SIG *signature = ECDSA_SIG_new();
    CLEANUP(BN_free) BIGNUM *r = BN_bin2bn(raw, JWS_POINT_SIGNATURE_BYTES / 2, NULL);
    CLEANUP(BN_free)
    BIGNUM *s = BN_bin2bn(raw + JWS_POINT_SIGNATURE_BYTES / 2, JWS_POINT_SIGNATURE_BYTES / 2, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        return 0;
    }
    r = NULL; /* the signature's now */
    s = NULL;
    unsigned char *at = ret_der;
    int bytes = i2d_ECDSA_SIG(signature, NULL);
    if (bytes <= 0 || bytes > DER_BYTES_MAX || i2d_ECDSA_SIG(signature, &at) != bytes) {
        return 0;
    }
    return (size_t)bytes;
}

/* Hash and padding of the key's algorithm. */
static bool begin(EVP_MD_CTX *digest, const Jwk *jwk, EVP_PKEY *key)
{
    EVP_PKEY_CTX *context = NULL; /* the digest's */
    const EVP_MD *hash = jwk->alg == JOSE_EDDSA ? NULL : EVP_sha256();
    if (EVP_DigestVerifyInit(digest, &context, hash, NULL, key) != 1) {
        return false;
    }
    return jwk->alg != JOSE_PS256 ||
           (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, PS256_SALT_BYTES) == 1);
}

static bool verify(const Jws *jws, const Jwk *jwk)
{
    unsigned char der[DER_BYTES_MAX];
    const unsigned char *signature = jws->signature;
    size_t bytes = jws->signature_bytes;
    if (jws->alg == JOSE_ES256) {
        bytes = signature_der(jws->signature, der);
        signature = der;
    }
    CLEANUP(EVP_PKEY_free) EVP_PKEY *key = key_new(jwk);
    CLEANUP(EVP_MD_CTX_free) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (bytes == 0 || key == NULL || digest == NULL || !begin(digest, jwk, key)) {
        return false;
    }
    return EVP_DigestVerify(digest, signature, bytes, (const unsigned char *)jws->signed_text.p,
                            jws->signed_text.n) == 1;
}

Error jws_verify(const Jws *jws, const Jwk *key)
{
    bool is_valid = jws->alg == key->alg && verify(jws, key);
    ERR_clear_error(); /* a refusal leaves entries in the thread's queue */
    ENSURE(is_valid, JOSE_INVALID, "unknown client, unknown key or bad signature");
    return OK;
}
