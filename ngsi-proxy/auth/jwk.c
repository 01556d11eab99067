#include "jwk.h"

#include <string.h>

#include "encode.h"
#include "json.h"

/* Members that would bring in another key, or more than a public one. */
static const Str REFUSED[] = {
    STR_INIT("d"),   STR_INIT("k"),        STR_INIT("p"),   STR_INIT("q"),   STR_INIT("dp"),
    STR_INIT("dq"),  STR_INIT("qi"),       STR_INIT("oth"), STR_INIT("x5u"), STR_INIT("x5c"),
    STR_INIT("x5t"), STR_INIT("x5t#S256"), STR_INIT("jku"), STR_INIT("n"),   STR_INIT("e"),
};

static Error check_members(JsonValue key)
{
    JsonValue member;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        ENSURE(!json_member(key, REFUSED[i], &member), JOSE_INVALID,
               "a key is more than a public P-256 key");
    }
    ENSURE(json_member(key, STR("kty"), &member) && json_string_is(member, STR("EC")), JOSE_INVALID,
           "a key's kty is not EC");
    ENSURE(json_member(key, STR("crv"), &member) && json_string_is(member, STR("P-256")),
           JOSE_INVALID, "a key's crv is not P-256");
    ENSURE(!json_member(key, STR("alg"), &member) || json_string_is(member, STR("ES256")),
           JOSE_INVALID, "a key's alg is not ES256");
    ENSURE(!json_member(key, STR("use"), &member) || json_string_is(member, STR("sig")),
           JOSE_INVALID, "a key's use is not sig");
    return OK;
}

static Error read_coordinate(Arena *arena, JsonValue key, Str name,
                             uint8_t ret_bytes[JWK_COORDINATE_BYTES])
{
    JsonValue member;
    Str text;
    Str bytes;
    ENSURE(json_member(key, name, &member) && json_is(member, JSON_STRING), JOSE_INVALID,
           "a key's x or y is missing");
    TRY(json_string_in(arena, member, &text));
    Error error = decode_base64url_in(arena, text, &bytes);
    ENSURE(error.reason != REASON_BAD_ENCODING, JOSE_INVALID, "a key's x or y is not base64url");
    TRY(error);
    ENSURE(bytes.n == JWK_COORDINATE_BYTES, JOSE_INVALID, "a key's x or y is not 32 bytes");
    memcpy(ret_bytes, bytes.p, JWK_COORDINATE_BYTES);
    return OK;
}

static Error read_key(Arena *arena, JsonValue value, Jwk *ret_key)
{
    ENSURE(json_is(value, JSON_OBJECT), JOSE_INVALID, "a key is not an object");
    TRY(check_members(value));
    JsonValue kid;
    ret_key->kid = STR_EMPTY;
    if (json_member(value, STR("kid"), &kid)) {
        ENSURE(json_is(kid, JSON_STRING), JOSE_INVALID, "a key's kid is not text");
        TRY(json_string_in(arena, kid, &ret_key->kid));
        ENSURE(ret_key->kid.n > 0, JOSE_INVALID, "a key's kid is empty");
    }
    TRY(read_coordinate(arena, value, STR("x"), ret_key->x));
    return read_coordinate(arena, value, STR("y"), ret_key->y);
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
