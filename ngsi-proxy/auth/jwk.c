#include "jwk.h"

#include <string.h>

#include "encode.h"
#include "json.h"

static const Str ALG_NAMES[] = {
    [JOSE_ES256] = STR_INIT("ES256"),
    [JOSE_PS256] = STR_INIT("PS256"),
    [JOSE_EDDSA] = STR_INIT("EdDSA"),
};
_Static_assert(sizeof ALG_NAMES / sizeof ALG_NAMES[0] == JOSE_ALG_COUNT_, "one name for each");

Str jose_alg_name(JoseAlg alg)
{
    return ALG_NAMES[alg];
}

bool jose_alg_from(Str name, JoseAlg *ret_alg)
{
    for (int i = 0; i < JOSE_ALG_COUNT_; i++) {
        if (str_eq(name, ALG_NAMES[i])) {
            *ret_alg = (JoseAlg)i;
            return true;
        }
    }
    return false;
}

/* --- what kind of key ------------------------------------------------------------------------- */

/* Members that would bring in another key, or more than a public one. */
static const Str REFUSED[] = {
    STR_INIT("d"),   STR_INIT("k"),        STR_INIT("p"),   STR_INIT("q"),   STR_INIT("dp"),
    STR_INIT("dq"),  STR_INIT("qi"),       STR_INIT("oth"), STR_INIT("x5u"), STR_INIT("x5c"),
    STR_INIT("x5t"), STR_INIT("x5t#S256"), STR_INIT("jku"),
};

typedef struct KeyKind {
    Str kty;
    Str crv; /* "" = none */
    JoseAlg alg;
    Str foreign[3]; /* members of other kinds */
} KeyKind;

static const KeyKind KINDS[] = {
    {STR_INIT("EC"), STR_INIT("P-256"), JOSE_ES256, {STR_INIT("n"), STR_INIT("e"), STR_INIT("")}},
    {STR_INIT("OKP"),
     STR_INIT("Ed25519"),
     JOSE_EDDSA,
     {STR_INIT("n"), STR_INIT("e"), STR_INIT("y")}},
    {STR_INIT("RSA"), STR_INIT(""), JOSE_PS256, {STR_INIT("x"), STR_INIT("y"), STR_INIT("crv")}},
};

static bool has(JsonValue key, Str name)
{
    JsonValue member;
    return name.n > 0 && json_member(key, name, &member);
}

static bool member_is(JsonValue key, Str name, Str wanted)
{
    JsonValue member;
    return json_member(key, name, &member) && json_string_is(member, wanted);
}

static const KeyKind *kind_of(JsonValue key)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (member_is(key, STR("kty"), KINDS[i].kty)) {
            return &KINDS[i];
        }
    }
    return NULL;
}

static Error check_members(JsonValue key, const KeyKind *kind)
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        ENSURE(!has(key, REFUSED[i]), JOSE_INVALID, "a key is more than a public key");
    }
    ENSURE(kind != NULL, JOSE_INVALID, "a key's kty is none of EC, OKP, RSA");
    for (size_t i = 0; i < sizeof kind->foreign / sizeof kind->foreign[0]; i++) {
        ENSURE(!has(key, kind->foreign[i]), JOSE_INVALID, "a key has members of another kind");
    }
    ENSURE(kind->crv.n == 0 || member_is(key, STR("crv"), kind->crv), JOSE_INVALID,
           "a key's crv is neither P-256 nor Ed25519");
    /* An RSA key could be meant for the older padding: it has to say which. */
    ENSURE(member_is(key, STR("alg"), ALG_NAMES[kind->alg]) ||
               (kind->alg != JOSE_PS256 && !has(key, STR("alg"))),
           JOSE_INVALID, "a key's alg is not that of its kind: ES256, EdDSA, PS256");
    ENSURE(!has(key, STR("use")) || member_is(key, STR("use"), STR("sig")), JOSE_INVALID,
           "a key's use is not sig");
    return OK;
}

/* --- its numbers ------------------------------------------------------------------------------ */

static Error read_bytes(Arena *arena, JsonValue key, Str name, Str *ret_bytes)
{
    JsonValue member;
    Str text;
    ENSURE(json_member(key, name, &member) && json_is(member, JSON_STRING), JOSE_INVALID,
           "a key's number is missing");
    TRY(json_string_in(arena, member, &text));
    Error error = decode_base64url_in(arena, text, ret_bytes);
    ENSURE(error.reason != REASON_BAD_ENCODING, JOSE_INVALID, "a key's number is not base64url");
    return error;
}

static Error read_coordinate(Arena *arena, JsonValue key, Str name,
                             uint8_t ret_bytes[JWK_COORDINATE_BYTES])
{
    Str bytes;
    TRY(read_bytes(arena, key, name, &bytes));
    ENSURE(bytes.n == JWK_COORDINATE_BYTES, JOSE_INVALID, "a key's x or y is not 32 bytes");
    memcpy(ret_bytes, bytes.p, JWK_COORDINATE_BYTES);
    return OK;
}

static Error read_rsa(Arena *arena, JsonValue key, Str *ret_n)
{
    Str n;
    TRY(read_bytes(arena, key, STR("n"), &n));
    ENSURE(n.n >= JWK_RSA_BYTES_MIN && n.n <= JWK_RSA_BYTES_MAX && (n.p[0] & 0x80) != 0,
           JOSE_INVALID, "an RSA key has not 2048 to 4096 bits in whole bytes");
    ENSURE(member_is(key, STR("e"), STR("AQAB")), JOSE_INVALID, "an RSA key's e is not 65537");
    *ret_n = n;
    return OK;
}

static Error read_numbers(Arena *arena, JsonValue value, Jwk *key)
{
    if (key->alg == JOSE_PS256) {
        return read_rsa(arena, value, &key->n);
    }
    TRY(read_coordinate(arena, value, STR("x"), key->x));
    return key->alg == JOSE_EDDSA ? OK : read_coordinate(arena, value, STR("y"), key->y);
}

static Error read_key(Arena *arena, JsonValue value, Jwk *ret_key)
{
    ENSURE(json_is(value, JSON_OBJECT), JOSE_INVALID, "a key is not an object");
    const KeyKind *kind = kind_of(value);
    TRY(check_members(value, kind));
    JsonValue kid;
    ret_key->kid = STR_EMPTY;
    ret_key->alg = kind->alg;
    if (json_member(value, STR("kid"), &kid)) {
        ENSURE(json_is(kid, JSON_STRING), JOSE_INVALID, "a key's kid is not text");
        TRY(json_string_in(arena, kid, &ret_key->kid));
        ENSURE(ret_key->kid.n > 0, JOSE_INVALID, "a key's kid is empty");
    }
    return read_numbers(arena, value, ret_key);
}

Error jwk_set_parse(Arena *arena, Str json, Jwk **ret_keys, size_t *ret_count)
{
    JsonValue root;
    JsonValue list;
    Error error = json_parse(arena, json, JSON_LIMITS_API, &root);
    ENSURE(error.code != ERROR_BAD_INPUT, JOSE_INVALID, "the key set is not JSON");
    TRY(error);
    ENSURE(json_member(root, STR("keys"), &list) && json_is(list, JSON_ARRAY), JOSE_INVALID,
           "the key set has no keys");
    size_t count = json_count(list);
    ENSURE(count >= 1 && count <= JWK_SET_MAX, JOSE_INVALID, "the key set has no key or too many");
    Jwk *keys = ARENA_MANY(arena, Jwk, count);
    ENSURE_ALLOC(keys, arena);
    JsonIter iter = json_iter(list);
    JsonValue value;
    for (size_t i = 0; json_next(&iter, NULL, &value); i++) {
        TRY(read_key(arena, value, &keys[i]));
        ENSURE(jwk_set_find(keys, i, keys[i].kid) == NULL || keys[i].kid.n == 0, JOSE_INVALID,
               "two keys have the same kid");
    }
    *ret_keys = keys;
    *ret_count = count;
    return OK;
}

const Jwk *jwk_set_find(const Jwk *keys, size_t count, Str kid)
{
    if (kid.n == 0) {
        return count == 1 ? &keys[0] : NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq(keys[i].kid, kid)) {
            return &keys[i];
        }
    }
    return NULL;
}
