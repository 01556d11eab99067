/* Client assertions: nothing crashes, what is read obeys the rules, and nothing that the fuzzer
 * makes verifies. The first byte chooses: 'p' header and payload as JSON, one line each, which are
 * encoded here; else a compact token. */
#include <stdlib.h>

#include "client_assertion.h"
#include "clock.h"
#include "encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S INT64_C(1775001600)
#define KEYS                                                                                       \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"x\":"                           \
    "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                             \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"
#define SIGNATURE                                                                                  \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static Str token_of_parts(Arena *arena, Str lines)
{
    size_t newline = str_find(lines, '\n');
    Buf buf = buf_in(arena);
    Str token;
    encode_base64url(&buf, str_slice(lines, 0, newline));
    buf_add_char(&buf, '.');
    encode_base64url(&buf, str_slice(lines, newline + 1, lines.n));
    buf_add(&buf, STR("." SIGNATURE));
    require(!FAILED(buf_finish(&buf, &token)));
    return token;
}

static void check_rules(const ClientAssertion *assertion)
{
    require(assertion->client_id.n >= 1 && assertion->client_id.n <= 64);
    require(assertion->jti.n >= 1 && assertion->jti.n <= CLIENT_ASSERTION_JTI_BYTES_MAX);
    require(assertion->expires_us > NOW_S * CLOCK_SECOND_US);
    require(assertion->expires_us <= (NOW_S + CLIENT_ASSERTION_LIFE_S) * CLOCK_SECOND_US);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const AssertionRules RULES = {.issuer = STR_INIT("http://127.0.0.1:8026"),
                                         .token_endpoint =
                                             STR_INIT("http://127.0.0.1:8026/oauth2/token"),
                                         .now_us = NOW_S * CLOCK_SECOND_US};
    if (size == 0 || size > 65536) {
        return 0;
    }
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    require(arena != NULL);
    Str input = str_bytes(data + 1, size - 1);
    Str token = data[0] == 'p' ? token_of_parts(arena, input) : input;
    ClientAssertion assertion;
    if (!FAILED(client_assertion_read(arena, token, &RULES, &assertion))) {
        check_rules(&assertion);
        require(FAILED(client_assertion_verify(arena, &assertion, STR(KEYS))));
    }
    Jwk *keys = NULL;
    size_t count = 0;
    if (!FAILED(jwk_set_parse(arena, input, &keys, &count))) {
        require(count >= 1 && count <= JWK_SET_MAX);
    }
    return 0;
}
