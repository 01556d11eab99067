#include "http_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_exchange.h"

#define IDLE_DEFAULT 64
#define CALLS_DEFAULT 128
#define CONNECT_TIMEOUT_DEFAULT_US CLOCK_SECOND_US

struct HttpClient {
    HttpClientOptions options; /* base_url.p is base_url below */
    char *base_url;
    pthread_mutex_t lock; /* over idle and idle_count */
    CURL **idle;          /* room for options.idle_max */
    unsigned idle_count;
    _Atomic unsigned calls; /* under way */
};

static CURLcode library_outcome;

static void start_library(void)
{
    library_outcome = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static Error check_base_url(Str url)
{
    bool is_plain = str_starts_with(url, STR("http://")) && url.n > 7;
    bool is_tls = str_starts_with(url, STR("https://")) && url.n > 8;
    ENSURE(is_plain || is_tls, CONF_BAD_VALUE, "a URL is expected: http://host:port or https://…");
    ENSURE(!str_ends_with(url, STR("/")), CONF_BAD_VALUE, "a URL without a slash at its end");
    for (size_t i = 0; i < url.n; i++) {
        unsigned char byte = (unsigned char)url.p[i];
        bool is_strange = byte <= 0x20 || byte >= 0x7f || strchr("@?#\\", byte) != NULL;
        ENSURE(!is_strange, CONF_BAD_VALUE,
               "a URL without a user, a query or a fragment is expected");
    }
    return OK;
}

static Error fill(HttpClient *client, const HttpClientOptions *options)
{
    client->options = *options;
    client->options.idle_max = options->idle_max == 0 ? IDLE_DEFAULT : options->idle_max;
    client->options.calls_max = options->calls_max == 0 ? CALLS_DEFAULT : options->calls_max;
    client->options.connect_timeout_us =
        options->connect_timeout_us == 0 ? CONNECT_TIMEOUT_DEFAULT_US : options->connect_timeout_us;
    client->base_url = strndup(options->base_url.p, options->base_url.n);
    ENSURE(client->base_url != NULL, OUT_OF_MEMORY, NULL);
    client->options.base_url = str_from(client->base_url);
    client->idle = calloc(client->options.idle_max, sizeof *client->idle);
    ENSURE(client->idle != NULL, OUT_OF_MEMORY, NULL);
    return OK;
}

Error http_client_new(const HttpClientOptions *options, HttpClient **ret_client)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, start_library);
    ENSURE(library_outcome == CURLE_OK, OUT_OF_MEMORY, NULL);
    TRY(check_base_url(options->base_url));
    HttpClient *client = calloc(1, sizeof *client);
    ENSURE(client != NULL, OUT_OF_MEMORY, NULL);
    (void)pthread_mutex_init(&client->lock, NULL);
    Error error = fill(client, options);
    if (FAILED(error)) {
        (void)http_client_free(client);
        return error;
    }
    *ret_client = client;
    return OK;
}

HttpClient *http_client_free(HttpClient *client)
{
    if (client == NULL) {
        return NULL;
    }
    while (client->idle_count > 0) {
        curl_easy_cleanup(client->idle[--client->idle_count]);
    }
    (void)pthread_mutex_destroy(&client->lock);
    free(client->idle);
    free(client->base_url);
    free(client);
    return NULL;
}

/* The one used last: its connection is the least likely to have been closed. */
static CURL *take_handle(HttpClient *client)
{
    CURL *handle = NULL;
    (void)pthread_mutex_lock(&client->lock);
    if (client->idle_count > 0) {
        handle = client->idle[--client->idle_count];
    }
    (void)pthread_mutex_unlock(&client->lock);
    return handle == NULL ? curl_easy_init() : handle;
}

static void give_handle(HttpClient *client, CURL *handle)
{
    (void)pthread_mutex_lock(&client->lock);
    if (client->idle_count < client->options.idle_max) {
        client->idle[client->idle_count++] = TAKE(handle);
    }
    (void)pthread_mutex_unlock(&client->lock);
    curl_easy_cleanup(handle);
}

static Error call_once(HttpClient *client, Arena *arena, const HttpCall *call,
                       HttpAnswer *ret_answer)
{
    const OutboundPort *port = client->options.port;
    HttpAnswer answer = {.status = 0};
    if (port != NULL) {
        TRY(port->before(port));
    }
    CURL *handle = take_handle(client);
    ENSURE(handle != NULL, OUT_OF_MEMORY, NULL);
    Error error = http_exchange(handle, &client->options, arena, call, &answer);
    give_handle(client, handle);
    TRY(error);
    if (port != NULL) {
        TRY(port->after(port));
    }
    *ret_answer = answer;
    return OK;
}

Error http_client_send(HttpClient *client, Arena *arena, const HttpCall *call,
                       HttpAnswer *ret_answer)
{
    bool has_room = atomic_fetch_add(&client->calls, 1) < client->options.calls_max;
    Error error = has_room ? call_once(client, arena, call, ret_answer)
                           : FAIL(UPSTREAM_UNAVAILABLE, "too many calls are under way");
    (void)atomic_fetch_sub(&client->calls, 1);
    return error;
}

Str http_answer_field(const HttpAnswer *answer, Str name)
{
    for (size_t i = 0; i < answer->field_count; i++) {
        const HttpField *field = &answer->fields[i];
        if (field->name.n == name.n && strncasecmp(field->name.p, name.p, name.n) == 0) {
            return field->value;
        }
    }
    return STR_EMPTY;
}
