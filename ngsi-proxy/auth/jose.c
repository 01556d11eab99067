#include "jose.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "encode.h"

DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_CLEANUP(ECDSA_SIG, ECDSA_SIG_free)
DEFINE_CLEANUP(BIGNUM, BN_free)

#define POINT_BYTES (1 + 2 * JWK_COORDINATE_BYTES)
#define DER_BYTES_MAX 80

/* --- parsing ---------------------------------------------------------------------------------- */

/* Header members that bring a key, compress, or change what is signed. */
static const Str REFUSED[] = {
    STR_INIT("jwk"),      STR_INIT("jku"),  STR_INIT("x5u"), STR_INIT("x5c"), STR_INIT("x5t"),
    STR_INIT("x5t#S256"), STR_INIT("crit"), STR_INIT("b64"), STR_INIT("zip"), STR_INIT("enc"),
};

static Error decode_part(Arena *arena, Str text, Str *ret_bytes)
{
    ENSURE(text.n > 0, JOSE_INVALID, "a part of the token is empty");
    Error error = decode_base64url_in(arena, text, ret_bytes);
    ENSURE(error.reason != REASON_BAD_ENCODING, JOSE_INVALID,
           "a part of the token is not base64url");
    return error;
}

static Error parse_object(Arena *arena, Str part, JsonValue *ret_object)
{
    Str text;
    TRY(decode_part(arena, part, &text));
    Error error = json_parse(arena, text, JSON_LIMITS_API, ret_object);
    ENSURE(error.code != ERROR_BAD_INPUT, JOSE_INVALID, "a part of the token is not JSON");
    TRY(error);
    ENSURE(json_is(*ret_object, JSON_OBJECT), JOSE_INVALID,
           "a part of the token is not a JSON object");
    return OK;
}

static Error read_header(Arena *arena, JsonValue header, Str *ret_kid)
{
    JsonValue member;
    Str kid = STR_EMPTY;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        ENSURE(!json_member(header, REFUSED[i], &member), JOSE_INVALID,
               "the token's header has a refused member");
    }
    ENSURE(json_member(header, STR("alg"), &member) && json_string_is(member, STR("ES256")),
           JOSE_INVALID, "the token's alg is not ES256");
    if (json_member(header, STR("typ"), &member)) {
        ENSURE(json_string_is(member, STR("JWT")) ||
                   json_string_is(member, STR("client-authentication+jwt")),
               JOSE_INVALID, "the token's typ is not JWT");
    }
    if (json_member(header, STR("kid"), &member)) {
        ENSURE(json_is(member, JSON_STRING), JOSE_INVALID, "the token's kid is not text");
        TRY(json_string_in(arena, member, &kid));
        ENSURE(kid.n > 0, JOSE_INVALID, "the token's kid is empty");
    }
    *ret_kid = kid;
    return OK;
}

static Error split(Str compact, Str ret_parts[3])
{
    Str rest = compact;
    size_t count = 0;
    Str part;
    while (str_split(&rest, '.', &part)) {
        ENSURE(count < 3, JOSE_INVALID, "the token has not three parts");
        ret_parts[count++] = part;
    }
    ENSURE(count == 3, JOSE_INVALID, "the token has not three parts");
    return OK;
}

Error jws_parse(Arena *arena, Str compact, Jws *ret_jws)
{
    Str parts[3];
    Jws jws;
    JsonValue header;
    Str signature;
    ENSURE(compact.n <= JWS_BYTES_MAX, JOSE_INVALID, "the token is too long");
    TRY(split(compact, parts));
    TRY(parse_object(arena, parts[0], &header));
    TRY(read_header(arena, header, &jws.kid));
    TRY(parse_object(arena, parts[1], &jws.payload));
    TRY(decode_part(arena, parts[2], &signature));
    ENSURE(signature.n == JWS_SIGNATURE_BYTES, JOSE_INVALID,
           "the token's signature has not 64 bytes");
    memcpy(jws.signature, signature.p, JWS_SIGNATURE_BYTES);
    jws.signed_text = str_slice(compact, 0, parts[0].n + 1 + parts[1].n);
    *ret_jws = jws;
    return OK;
}

/* --- verifying -------------------------------------------------------------------------------- */

static EVP_PKEY *key_new(const Jwk *jwk)
{
    unsigned char point[POINT_BYTES] = {0x04};
    memcpy(point + 1, jwk->x, JWK_COORDINATE_BYTES);
    memcpy(point + 1 + JWK_COORDINATE_BYTES, jwk->y, JWK_COORDINATE_BYTES);
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group - 1),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point), OSSL_PARAM_END};
    CLEANUP(EVP_PKEY_CTX_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return key;
}

/* OpenSSL wants DER; the range of r and s (1 … order − 1) is checked by the verification itself. */
static size_t signature_der(const uint8_t raw[JWS_SIGNATURE_BYTES],
                            unsigned char ret_der[DER_BYTES_MAX])
{
    CLEANUP(ECDSA_SIG_free) ECDSA_SIG *signature = ECDSA_SIG_new();
    CLEANUP(BN_free) BIGNUM *r = BN_bin2bn(raw, JWS_SIGNATURE_BYTES / 2, NULL);
    CLEANUP(BN_free)
    BIGNUM *s = BN_bin2bn(raw + JWS_SIGNATURE_BYTES / 2, JWS_SIGNATURE_BYTES / 2, NULL);
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

static bool verify(const Jws *jws, const Jwk *jwk)
{
    unsigned char der[DER_BYTES_MAX];
    size_t der_bytes = signature_der(jws->signature, der);
    CLEANUP(EVP_PKEY_free) EVP_PKEY *key = key_new(jwk);
    CLEANUP(EVP_MD_CTX_free) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (der_bytes == 0 || key == NULL || digest == NULL) {
        return false;
    }
    return EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestVerify(digest, der, der_bytes, (const unsigned char *)jws->signed_text.p,
                            jws->signed_text.n) == 1;
}

Error jws_verify(const Jws *jws, const Jwk *key)
{
    bool is_valid = verify(jws, key);
    ERR_clear_error(); /* a refusal leaves entries in the thread's queue */
    ENSURE(is_valid, JOSE_INVALID, "unknown client, unknown key or bad signature");
    return OK;
}
