#include "jose.h"

#include <string.h>

#include "encode.h"

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

static Error read_alg(Arena *arena, JsonValue header, JoseAlg *ret_alg)
{
    JsonValue member;
    Str name;
    ENSURE(json_member(header, STR("alg"), &member) && json_is(member, JSON_STRING), JOSE_INVALID,
           "the token has no alg");
    TRY(json_string_in(arena, member, &name));
    ENSURE(jose_alg_from(name, ret_alg), JOSE_INVALID,
           "the token's alg is none of ES256, PS256, EdDSA");
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

static bool signature_fits(JoseAlg alg, size_t bytes)
{
    return alg == JOSE_PS256 ? bytes >= JWK_RSA_BYTES_MIN && bytes <= JWK_RSA_BYTES_MAX
                             : bytes == JWS_POINT_SIGNATURE_BYTES;
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
    TRY(read_alg(arena, header, &jws.alg));
    TRY(parse_object(arena, parts[1], &jws.payload));
    TRY(decode_part(arena, parts[2], &signature));
    ENSURE(signature_fits(jws.alg, signature.n), JOSE_INVALID,
           "the token's signature has not the length of its alg");
    memcpy(jws.signature, signature.p, signature.n);
    jws.signature_bytes = signature.n;
    jws.signed_text = str_slice(compact, 0, parts[0].n + 1 + parts[1].n);
    *ret_jws = jws;
    return OK;
}
