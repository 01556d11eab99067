#include "bearer.h"

#include <string.h>
#include <strings.h>

#include "access_token.h"

#define TOKEN_BYTES_MAX 512
#define USER_AGENT_BYTES_MAX 256

static bool is_token68(Str text)
{
    size_t n = text.n;
    while (n > 0 && text.p[n - 1] == '=') {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        char c = text.p[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_word && (c == '\0' || strchr("-._~+/", c) == NULL)) {
            return false;
        }
    }
    return n > 0 && text.n <= TOKEN_BYTES_MAX;
}

Error bearer_token(const Request *request, Str *ret_token)
{
    Str value;
    ENSURE(request_header(request, STR("Authorization"), &value), TOKEN_MISSING, NULL);
    ENSURE(value.n > 7 && strncasecmp(value.p, "Bearer ", 7) == 0, TOKEN_MALFORMED, NULL);
    Str token = str_slice(value, 7, value.n);
    ENSURE(is_token68(token), TOKEN_MALFORMED, NULL);
    *ret_token = token;
    return OK;
}

Principal bearer_anonymous(const VaultCall *call, const Request *request)
{
    return (Principal){
        .kind = ACTOR_ANONYMOUS,
        .tenant = call->tenant,
        .client = STR_EMPTY,
        .purpose = STR_EMPTY,
        .address = request->address,
        .user_agent =
            str_slice(request_header_or_empty(request, STR("User-Agent")), 0, USER_AGENT_BYTES_MAX),
        .request_id = request->correlator,
    };
}

Error bearer_authenticate(VaultCall *call, const Request *request, Principal *ret_principal)
{
    Str text;
    AccessToken token;
    TRY(bearer_token(request, &text));
    TRY(access_token_find(call, text, &token));
    ENSURE(str_eq(token.tenant, call->tenant), TOKEN_INVALID, NULL);
    Principal principal = bearer_anonymous(call, request);
    principal.kind = token.kind == TOKEN_CITIZEN ? ACTOR_CITIZEN : ACTOR_SERVICE;
    principal.client = token.client;
    principal.purpose = token.purpose;
    memcpy(principal.subject, token.subject, sizeof principal.subject);
    *ret_principal = principal;
    return OK;
}
