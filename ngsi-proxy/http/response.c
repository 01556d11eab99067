#include "response.h"

#include "json_write.h"
#include "utf8.h"

#define ERROR_TEXT_BYTES 1024

void response_init(Response *response)
{
    *response = (Response){.status = 200,
                           .content_type = STR_EMPTY,
                           .body = STR_EMPTY,
                           .error = OK,
                           .route = STR_EMPTY,
                           .client = STR_EMPTY};
}

void response_json(Response *response, int status, Str json)
{
    response->status = status;
    response->content_type = STR("application/json");
    response->body = json;
}

void response_empty(Response *response, int status)
{
    response->status = status;
    response->content_type = STR_EMPTY;
    response->body = STR_EMPTY;
}

Error response_header(Response *response, Str name, Str value)
{
    ENSURE(response->header_count < RESPONSE_HEADERS_MAX, INTERNAL, "too many response headers");
    ENSURE(value.n <= RESPONSE_HEADER_BYTES_MAX, INTERNAL, "a response header is too long");
    for (size_t i = 0; i < value.n; i++) {
        unsigned char byte = (unsigned char)value.p[i];
        ENSURE(byte >= 0x20 && byte != 0x7f, INTERNAL, "a control byte in a response header");
    }
    response->headers[response->header_count++] = (HttpHeader){.name = name, .value = value};
    return OK;
}

void response_set_header(Response *response, Str name, Str static_value)
{
    if (response->header_count < RESPONSE_HEADERS_MAX) {
        response->headers[response->header_count++] =
            (HttpHeader){.name = name, .value = static_value};
    }
}

/* --- bodies ----------------------------------------------------------------------------------- */

static void write_v2(JsonWriter *writer, const ErrorWords *words, Str text)
{
    json_write_member_string(writer, STR("error"), str_from(words->v2_error));
    json_write_member_string(writer, STR("description"), text);
}

static void write_problem(JsonWriter *writer, const Request *request, const ErrorWords *words,
                          Str text)
{
    char type[96] = "urn:musubi:";
    Buf urn = {
        .arena = request->arena, .p = type, .n = sizeof "urn:musubi:" - 1, .capacity = sizeof type};
    buf_add(&urn, str_from(words->message_key));
    json_write_member_string(writer, STR("type"), (Str){.p = urn.p, .n = urn.n});
    json_write_member_string(writer, STR("title"), str_from(words->v2_error));
    json_write_member_int(writer, STR("status"), words->http_status);
    json_write_member_string(writer, STR("detail"), text);
    json_write_member_string(writer, STR("requestId"), request->id);
}

static void write_oauth(JsonWriter *writer, const ErrorWords *words, Str text)
{
    const char *fallback = words->http_status >= 500 ? "server_error" : "invalid_request";
    bool is_named = words->oauth_error[0] != '\0';
    json_write_member_string(writer, STR("error"),
                             str_from(is_named ? words->oauth_error : fallback));
    json_write_member_string(writer, STR("error_description"), text);
}

static Str static_body(Surface surface)
{
    switch (surface) {
    case SURFACE_PROBLEM:
        return STR("{\"type\":\"urn:musubi:error.internal\",\"title\":\"InternalServerError\"}");
    case SURFACE_OAUTH:
        return STR("{\"error\":\"server_error\"}");
    case SURFACE_V2:
    case SURFACE_COUNT_:
    default:
        return STR("{\"error\":\"InternalServerError\",\"description\":\"out of memory\"}");
    }
}

/* The reserve is asked first, since the arena may be what is used up; a text that outgrows it goes
 * to the arena. */
static Str error_body(const Request *request, const ErrorWords *words, Error error)
{
    char text_bytes[ERROR_TEXT_BYTES];
    Str text = {.p = text_bytes, .n = error_text(error, text_bytes, sizeof text_bytes)};
    while (!utf8_is_valid(text)) {
        text.n--; /* cut at a whole character */
    }
    Buf buf = {.arena = request->arena,
               .p = request->reserve,
               .capacity = request->reserve == NULL ? 0 : REQUEST_RESERVE_BYTES};
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    if (request->surface == SURFACE_PROBLEM) {
        write_problem(&writer, request, words, text);
    } else if (request->surface == SURFACE_OAUTH) {
        write_oauth(&writer, words, text);
    } else {
        write_v2(&writer, words, text);
    }
    json_write_end_object(&writer);
    Str body;
    return FAILED(json_write_finish(&writer, &body)) ? static_body(request->surface) : body;
}

/* --- headers ---------------------------------------------------------------------------------- */

static Str challenge(const ErrorWords *words)
{
    if (str_eq(str_from(words->oauth_error), STR("insufficient_scope"))) {
        return STR("Bearer realm=\"musubi\", error=\"insufficient_scope\"");
    }
    if (words->http_status != 401) {
        return STR_EMPTY;
    }
    return str_eq(str_from(words->oauth_error), STR("invalid_token"))
               ? STR("Bearer realm=\"musubi\", error=\"invalid_token\"")
               : STR("Bearer realm=\"musubi\"");
}

/* Who is too fast is told when to come again: the argument of such a reason is whole seconds. */
static void add_retry_after(Response *response, const ErrorWords *words, Error error)
{
    bool has_seconds = words->http_status == 429 && error.argument != NULL;
    Str seconds = has_seconds ? str_from(error.argument) : STR("1");
    if (words->http_status == 503 || words->http_status == 429) {
        response_set_header(response, STR("Retry-After"), seconds);
    }
}

static void add_error_headers(Response *response, Surface surface, const ErrorWords *words)
{
    Str bearer = challenge(words);
    if (bearer.n > 0) {
        response_set_header(response, STR("WWW-Authenticate"), bearer);
    }
    if (surface == SURFACE_OAUTH) {
        response_set_header(response, STR("Cache-Control"), STR("no-store"));
    }
}

void response_error(Response *response, const Request *request, Error error)
{
    const ErrorWords *words = error_words(error.reason);
    response->error = error;
    response->status = words->http_status;
    response->body = error_body(request, words, error);
    response->content_type = request->surface == SURFACE_PROBLEM ? STR("application/problem+json")
                                                                 : STR("application/json");
    add_retry_after(response, words, error);
    add_error_headers(response, request->surface, words);
}
