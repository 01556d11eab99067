/* The token endpoint over a real store: nothing crashes, every refusal is one that a caller may
 * hear, and a token is given only for the grant that exists, to who knows the secret, without a
 * purpose. Input: the Authorization header in the first line, then the form; "@" in the header
 * stands for what the client of open data would send, "@" in the form for its secret. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_city.h"
#include "encode.h"
#include "log_line.h"
#include "oauth_form.h"
#include "service_account.h"
#include "vault_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static AuthCity city;
static char secret[SERVICE_SECRET_TEXT_BYTES];
static Str good_header;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void close_city(void)
{
    auth_city_close(&city);
}

static void make_header(void)
{
    char pair[64];
    Buf buf = buf_in(city.arena);
    (void)snprintf(pair, sizeof pair, "open:%s", secret);
    buf_add(&buf, STR("Basic "));
    encode_base64(&buf, str_from(pair));
    require(!FAILED(buf_finish(&buf, &good_header)));
}

static void open_city_once(void)
{
    static bool is_open;
    if (is_open) {
        return;
    }
    is_open = true;
    log_set_level(LOG_ERROR);
    auth_city_open(&city);
    (void)atexit(close_city);
    VaultCall call = auth_city_call(&city, STR_EMPTY);
    ServiceAccount account = {
        .client_id = STR("open"), .name_ja = STR("地図"), .jwks = STR("{\"keys\":[]}")};
    require(!FAILED(service_account_make_secret(&call, &account, secret)));
    require(!FAILED(service_account_create(&call, &account)));
    vault_call_close(&call);
    make_header();
}

/* text with every '@' replaced. */
static Str filled(Arena *arena, Str text, Str filling)
{
    Buf buf = buf_in(arena);
    Str whole;
    for (size_t i = 0; i < text.n; i++) {
        buf_add(&buf, text.p[i] == '@' ? filling : str_slice(text, i, 1));
    }
    return FAILED(buf_finish(&buf, &whole)) ? STR_EMPTY : whole;
}

static bool is_for_callers(ErrorReason reason)
{
    return reason == REASON_OAUTH_REQUEST || reason == REASON_OAUTH_CLIENT ||
           reason == REASON_OAUTH_GRANT_TYPE || reason == REASON_OAUTH_SCOPE ||
           reason == REASON_BUDGET_EXCEEDED;
}

static void check_given(const Request *request, Str header, Str form, const Response *response)
{
    OauthForm fields;
    require(str_find(header, '@') < header.n || str_find(form, '@') < form.n);
    require(!FAILED(oauth_form_read(request, &fields)));
    require(str_eq(oauth_form_field(&fields, STR("grant_type")), STR("client_credentials")));
    require(oauth_form_field(&fields, STR("scope")).n == 0);
    require(response->status == 200 && str_eq(response->client, STR("open")));
}

static void ask(Arena *arena, Str header, Str form)
{
    const OauthServer server = {.issuer = STR(CITY_ISSUER)};
    const HttpHeader headers[] = {
        {.name = STR("Content-Type"), .value = STR("application/x-www-form-urlencoded")},
        {.name = STR("Authorization"), .value = filled(arena, header, good_header)}};
    Request request = {.arena = arena,
                       .method = HTTP_POST,
                       .surface = SURFACE_OAUTH,
                       .headers = headers,
                       .header_count = header.n > 0 ? 2 : 1,
                       .address = STR("192.0.2.7"),
                       .body = filled(arena, form, str_from(secret))};
    VaultCall call;
    Response response;
    response_init(&response);
    require(!FAILED(vault_call_open(&city.core, arena, STR_EMPTY,
                                    deadline_in(city.core.ports->clock, CLOCK_SECOND_US), &call)));
    Error error = oauth_server_token(&server, &call, &request, &response);
    vault_call_close(&call);
    if (FAILED(error)) {
        require(is_for_callers(error.reason));
    } else {
        check_given(&request, header, form, &response);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) {
        return 0;
    }
    open_city_once();
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    require(arena != NULL);
    Str whole = str_bytes(data, size);
    size_t newline = str_find(whole, '\n');
    ask(arena, str_slice(whole, 0, newline), str_slice(whole, newline + 1, whole.n));
    return 0;
}
