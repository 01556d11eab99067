#include "http_exchange.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Servers close what is idle; what was idle for longer is not tried. */
#define CONNECTION_IDLE_SECONDS 20L

typedef struct Exchange {
    const HttpClientOptions *options;
    const HttpCall *call;
    Arena *arena;
    HttpAnswer answer;
    Buf body;
    size_t body_sent; /* bytes of the request's body that libcurl has taken */
    Error error;      /* what a callback ended the transfer for */
} Exchange;

/* --- callbacks -------------------------------------------------------------------------------- */

static size_t end_with(Exchange *exchange, Error error)
{
    exchange->error = error;
    return 0;
}

/* There is no way back to the first byte: a body that has left is not sent a second time. */
static size_t on_read(char *out, size_t size, size_t count, void *context)
{
    Exchange *exchange = context;
    Str rest = str_slice(exchange->call->body, exchange->body_sent, size * count);
    if (rest.n > 0) {
        memcpy(out, rest.p, rest.n);
    }
    exchange->body_sent += rest.n;
    return rest.n;
}

/* Of what may be repeated there is. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    Exchange *exchange = context;
    if (!exchange->call->is_repeatable || origin != SEEK_SET || offset != 0) {
        return CURL_SEEKFUNC_CANTSEEK;
    }
    exchange->body_sent = 0;
    return CURL_SEEKFUNC_OK;
}

/* Before each attempt, the ones that libcurl makes by itself included. */
static int on_attempt(void *context, char *to, char *from, int to_port, int from_port)
{
    Exchange *exchange = context;
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    if (exchange->body_sent > 0 && !exchange->call->is_repeatable) {
        return CURL_PREREQFUNC_ABORT;
    }
    exchange->body_sent = 0;
    return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    Exchange *exchange = context;
    HttpAnswer *answer = &exchange->answer;
    Str line = str_trim(str_bytes(bytes, size * count));
    if (str_starts_with(line, STR("HTTP/"))) {
        answer->field_count = 0; /* what came before belongs to an interim answer */
        return size * count;
    }
    size_t colon = str_find(line, ':');
    if (colon == line.n || answer->field_count == HTTP_CLIENT_HEADERS_MAX) {
        return size * count;
    }
    HttpField *field = &answer->fields[answer->field_count];
    Error error = str_copy_in(exchange->arena, str_slice(line, 0, colon), &field->name);
    if (!FAILED(error)) {
        error = str_copy_in(exchange->arena, str_trim(str_slice(line, colon + 1, line.n)),
                            &field->value);
    }
    if (FAILED(error)) {
        return end_with(exchange, error);
    }
    answer->field_count++;
    return size * count;
}

static size_t on_write(char *bytes, size_t size, size_t count, void *context)
{
    Exchange *exchange = context;
    size_t room = exchange->call->answer_bytes_max - exchange->body.n;
    if (size * count > room) {
        return end_with(exchange, FAIL(UPSTREAM_ANSWER, "too many bytes"));
    }
    buf_add(&exchange->body, str_bytes(bytes, size * count));
    if (exchange->body.has_failed) {
        return end_with(exchange, arena_failure(exchange->arena));
    }
    return size * count;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    const HttpClientOptions *options = context;
    (void)purpose;
    if (options->allows != NULL && !options->allows(options->allows_context, &address->addr)) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- the request ------------------------------------------------------------------------------ */

static bool has_control_byte(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)text.p[i];
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

static Error add_line(Arena *arena, Str name, Str value, struct curl_slist **list)
{
    ENSURE(!has_control_byte(name) && !has_control_byte(value), INTERNAL,
           "a control byte in a header that goes out");
    /* Without a value libcurl takes "name:" for the wish to leave it out; that is what is meant. */
    Str parts[] = {name, STR(": "), value};
    Str line;
    TRY(str_join_in(arena, parts, 3, &line));
    const char *line_z = str_z(arena, line);
    ENSURE_ALLOC(line_z, arena);
    struct curl_slist *longer = curl_slist_append(*list, line_z);
    ENSURE(longer != NULL, OUT_OF_MEMORY, NULL);
    *list = longer;
    return OK;
}

/* What libcurl would send by itself is taken out; what the caller gives comes after. */
static Error make_headers(Arena *arena, const HttpCall *call, struct curl_slist **list)
{
    static const char *const own[] = {"Accept:", "Expect:", "User-Agent:", "Content-Type:"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        bool is_given = false;
        for (size_t f = 0; f < call->field_count; f++) {
            is_given |=
                str_eq(call->fields[f].name, str_slice(str_from(own[i]), 0, strlen(own[i]) - 1));
        }
        struct curl_slist *longer = is_given ? *list : curl_slist_append(*list, own[i]);
        ENSURE(longer != NULL || is_given, OUT_OF_MEMORY, NULL);
        *list = longer;
    }
    for (size_t f = 0; f < call->field_count; f++) {
        TRY(add_line(arena, call->fields[f].name, call->fields[f].value, list));
    }
    return OK;
}

static void set_limits(CURL *handle, const HttpClientOptions *options)
{
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN, CONNECTION_IDLE_SECONDS);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)(options->connect_timeout_us / 1000));
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, options);
}

static void set_callbacks(CURL *handle, Exchange *exchange)
{
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(handle, CURLOPT_READDATA, exchange);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, exchange);
    curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, on_attempt);
    curl_easy_setopt(handle, CURLOPT_PREREQDATA, exchange);
}

static void set_method(CURL *handle, const HttpCall *call)
{
    bool has_body = call->body.n > 0;
    if (has_body) {
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
    } else {
        curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call->method);
    /* Without a body nothing would keep libcurl from sending it again. */
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, !has_body && !call->is_repeatable ? 1L : 0L);
}

static Error set_address(CURL *handle, Exchange *exchange)
{
    const HttpCall *call = exchange->call;
    ENSURE(call->target.n > 0 && call->target.p[0] == '/' && !has_control_byte(call->target),
           INTERNAL, "a target that goes out");
    Str parts[] = {exchange->options->base_url, call->target};
    Str url;
    TRY(str_join_in(exchange->arena, parts, 2, &url));
    const char *url_z = str_z(exchange->arena, url);
    ENSURE_ALLOC(url_z, exchange->arena);
    ENSURE(curl_easy_setopt(handle, CURLOPT_URL, url_z) == CURLE_OK, OUT_OF_MEMORY, NULL);
    int64_t left_ms = deadline_left_us(call->deadline) / 1000;
    ENSURE(left_ms > 0, DEADLINE, NULL);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)left_ms);
    return OK;
}

/* --- how it ended ----------------------------------------------------------------------------- */

static Error judge(CURL *handle, const Exchange *exchange, CURLcode code)
{
    TRY(exchange->error);
    if (code == CURLE_OK) {
        return OK;
    }
    ENSURE(code != CURLE_OUT_OF_MEMORY, OUT_OF_MEMORY, NULL);
    long sent = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent);
    bool may_be_done = !exchange->call->is_repeatable &&
                       (exchange->call->body.n == 0 ? sent > 0 : exchange->body_sent > 0);
    const char *why = curl_easy_strerror(code);
    if (may_be_done) {
        return FAIL(UPSTREAM_UNSETTLED, why);
    }
    if (code == CURLE_OPERATION_TIMEDOUT && deadline_left_us(exchange->call->deadline) < 2000) {
        return FAIL(DEADLINE, why);
    }
    bool is_strange = code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
                      code == CURLE_BAD_CONTENT_ENCODING || code == CURLE_WRITE_ERROR;
    return is_strange ? FAIL(UPSTREAM_ANSWER, why) : FAIL(UPSTREAM_UNAVAILABLE, why);
}

static Error finish(CURL *handle, Exchange *exchange, HttpAnswer *ret_answer)
{
    long status = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    exchange->answer.status = (int)status;
    TRY(buf_finish(&exchange->body, &exchange->answer.body));
    *ret_answer = exchange->answer;
    return OK;
}

static Error run(CURL *handle, Exchange *exchange, struct curl_slist **headers,
                 HttpAnswer *ret_answer)
{
    set_limits(handle, exchange->options);
    set_callbacks(handle, exchange);
    set_method(handle, exchange->call);
    TRY(make_headers(exchange->arena, exchange->call, headers));
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, *headers);
    TRY(set_address(handle, exchange));
    CURLcode code = curl_easy_perform(handle);
    TRY(judge(handle, exchange, code));
    return finish(handle, exchange, ret_answer);
}

Error http_exchange(CURL *handle, const HttpClientOptions *options, Arena *arena,
                    const HttpCall *call, HttpAnswer *ret_answer)
{
    Exchange exchange = {.options = options,
                         .call = call,
                         .arena = arena,
                         .answer = {.status = 0},
                         .body = buf_in(arena),
                         .error = OK};
    struct curl_slist *headers = NULL;
    Error error = run(handle, &exchange, &headers, ret_answer);
    curl_easy_reset(handle); /* options go, connections stay */
    curl_slist_free_all(headers);
    return error;
}
