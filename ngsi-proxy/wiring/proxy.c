#include "proxy.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_surface.h"
#include "data_budget.h"
#include "embedded_half.h"
#include "ip_rule.h"
#include "janitor.h"
#include "lockout.h"
#include "log_projection.h"
#include "metrics.h"
#include "orion_half.h"
#include "rate_limit.h"
#include "server.h"
#include "subject_walk.h"
#include "union.h"
#include "vault_half.h"
#include "vault_open.h"

#define URL_BYTES 256

struct Proxy {
    OpenVault vault;
    HttpClient *orion; /* NULL: open data lives in the own store */
    Broker *open_half;
    Broker *personal_half;
    Broker *broker;
    LogProjection *projection;
    Janitor *janitor;
    Server *server;
    Metrics *metrics;
    RateLimiter *limiter;
    Lockout *lockout;
    DataBudget *budget;
    Api api;
    Arena *arena;
    Str listen;
    char url[URL_BYTES];
};

static size_t add_reason(ApiReadiness *reasons, size_t count, const char *part, const char *reason,
                         const char *remedy)
{
    reasons[count] = (ApiReadiness){
        .part = str_from(part), .reason = str_from(reason), .remedy = str_from(remedy)};
    return count + 1;
}

/* What to do; NULL when the vault is open. */
static const char *sealed_remedy(Error sealed)
{
    if (!FAILED(sealed) || sealed.argument != NULL) {
        return sealed.argument;
    }
    return sealed.reason == REASON_CRYPTO_OPEN
               ? "the key file is not the one this store was made with, or the environment has "
                 "another name: put the "
                 "right key file in place and restart"
               : "run `vaultctl doctor`, put the key file in place and restart";
}

/* A broker that does not answer is no reason for the rest of the service to stop. */
#define PING_TIMEOUT_US CLOCK_SECOND_US

static bool is_orion_there(const Proxy *proxy, Arena *arena, Deadline deadline)
{
    Deadline soon = deadline_in(deadline.clock, PING_TIMEOUT_US);
    return !FAILED(
        orion_half_ping(proxy->open_half, arena, soon.at_us < deadline.at_us ? soon : deadline));
}

static size_t readiness(void *context, Arena *arena, Deadline deadline, ApiReadiness *ret_reasons)
{
    Proxy *proxy = context;
    size_t count = 0;
    if (FAILED(proxy->vault.sealed)) {
        count = add_reason(ret_reasons, count, "vault",
                           "the vault is sealed: personal data is not served",
                           proxy->vault.sealed.argument);
    }
    if (FAILED(store_ping(proxy->vault.store, deadline))) {
        count = add_reason(ret_reasons, count, "store", "the database does not answer",
                           "see store_kind and its settings in `vaultctl doctor`; the service goes "
                           "on by itself once it answers");
    }
    if (proxy->vault.log != NULL && FAILED(access_log_health(proxy->vault.log))) {
        count =
            add_reason(ret_reasons, count, "log",
                       "the access log can't be written: personal data is not served",
                       "make room or mend the disk of log_folder; the service goes on by itself");
    }
    if (proxy->orion != NULL && !is_orion_there(proxy, arena, deadline)) {
        count = add_reason(ret_reasons, count, "orion",
                           "the broker of open data does not answer: personal data is served, open "
                           "data is not",
                           "see orion in `vaultctl doctor`; the service goes on by itself once the "
                           "broker answers");
    }
    return count;
}

static Error start_open_half(Proxy *proxy, const Conf *conf, const Classifier *classifier)
{
    HttpClientOptions options = {.base_url = conf_text(conf, "orion")};
    if (options.base_url.n == 0) {
        return embedded_half_new(proxy->vault.store, &proxy->open_half);
    }
    Error error = http_client_new(&options, &proxy->orion);
    if (FAILED(error) && error.reason == REASON_CONF_BAD_VALUE) {
        return FAIL(CONF_BAD_VALUE, "orion: a base URL is expected, http://host:port or "
                                    "https://host:port, without a slash at its end");
    }
    TRY(error);
    return orion_half_new(proxy->orion, classifier, &proxy->open_half);
}

static Error start_brokers(Proxy *proxy, const Conf *conf, bool is_open)
{
    Classifier classifier = {.types = proxy->vault.types, .are_unlisted_public = is_open};
    TRY(start_open_half(proxy, conf, &classifier));
    TRY(vault_half_new(&proxy->vault.gate, &proxy->personal_half));
    return union_new(proxy->open_half, proxy->personal_half, &classifier, &proxy->broker);
}

static Error each_subject(void *context, LogSubjectVisit visit, void *visitor)
{
    return subject_walk(context, visit, visitor);
}

/* The follower and the janitor need keys; a sealed vault has neither log nor tokens to look after.
 */
static Error start_threads(Proxy *proxy, const Conf *conf)
{
    if (FAILED(proxy->vault.sealed)) {
        return OK;
    }
    LogSubjects subjects = {.each = each_subject, .context = &proxy->vault.core};
    TRY(log_projection_start(proxy->vault.log, proxy->vault.store, &subjects, &proxy->projection));
    return janitor_start(&proxy->vault.core, conf_text(conf, "node"), &proxy->janitor);
}

#define METRICS_CLIENTS_MAX 16

static Error read_metrics_clients(Proxy *proxy, const Conf *conf)
{
    Str rest = conf_text(conf, "metrics_clients");
    Str part;
    Str *names = ARENA_MANY(proxy->arena, Str, METRICS_CLIENTS_MAX);
    ENSURE_ALLOC(names, proxy->arena);
    size_t count = 0;
    while (str_split(&rest, ',', &part)) {
        ENSURE(count < METRICS_CLIENTS_MAX, CONF_BAD_VALUE, "metrics_clients: too many");
        names[count] = str_trim(part);
        count += names[count].n > 0;
    }
    proxy->api.metrics_clients = (StrList){.items = names, .count = count};
    return OK;
}

static Error start_limits(Proxy *proxy, const Conf *conf)
{
    const Ports *ports = proxy->vault.core.ports;
    RateLimits rates = {.total_per_second = {[RATE_CLIENT] = conf_int(conf, "rate_client"),
                                             [RATE_CITIZEN] = conf_int(conf, "rate_citizen"),
                                             [RATE_SOURCE] = conf_int(conf, "rate_source")},
                        .nodes = conf_int(conf, "nodes")};
    DataBudgetLimits budgets = {.hour_total = conf_int(conf, "budget_hour"),
                                .day_total = conf_int(conf, "budget_day"),
                                .nodes = conf_int(conf, "nodes")};
    TRY(metrics_new(api_routes(), &proxy->metrics));
    TRY(rate_limiter_new(ports, &rates, &proxy->limiter));
    TRY(lockout_new(ports, &proxy->lockout));
    TRY(data_budget_new(ports, &budgets, &proxy->budget));
    proxy->vault.gate.budget = proxy->budget;
    return OK;
}

static bool is_loopback(Str listen)
{
    return str_starts_with(listen, STR("127.")) || str_starts_with(listen, STR("[::1]")) ||
           str_starts_with(listen, STR("localhost:")) || str_starts_with(listen, STR("unix:"));
}

/* The base URL is the address as it was given, with the port that was taken. */
static void on_bound(void *app, uint16_t port)
{
    Proxy *proxy = (Proxy *)(void *)((char *)app - offsetof(Proxy, api));
    Str host = proxy->listen;
    while (host.n > 0 && host.p[host.n - 1] != ':') {
        host.n--;
    }
    if (port == 0) {
        (void)snprintf(proxy->url, URL_BYTES, "%.*s", STR_FORMAT(proxy->listen));
    } else {
        (void)snprintf(proxy->url, URL_BYTES, "http://%.*s%u", STR_FORMAT(host), port);
    }
    if (proxy->api.issuer.n == 0) {
        proxy->api.issuer = str_from(proxy->url);
    }
}

static Error start_server(Proxy *proxy, const Conf *conf)
{
    proxy->listen = conf_text(conf, "listen");
    ENSURE(proxy->listen.n < URL_BYTES - 20, CONF_BAD_VALUE, "listen: the address is too long");
    const char *listen = str_z(proxy->arena, proxy->listen);
    ENSURE_ALLOC(listen, proxy->arena);
    ServerOptions options = {.listen = listen,
                             .ports = proxy->vault.core.ports,
                             .in_flight_max = (unsigned)conf_int(conf, "requests_max"),
                             .answer_timeout_us = conf_duration_us(conf, "deadline"),
                             .serve = api_serve,
                             .app = &proxy->api,
                             .metrics = proxy->metrics,
                             .on_bound = on_bound};
    return server_start(&options, proxy->arena, &proxy->server);
}

static Error start(Proxy *proxy, const Conf *conf)
{
    bool is_open = conf_bool(conf, "open");
    ENSURE(!is_open || is_loopback(conf_text(conf, "listen")), CONF_BAD_VALUE,
           "open is for development: it needs listen on a loopback address");
    TRY(vault_open(proxy->arena, conf, (VaultOpenOptions){.needs_log = true}, &proxy->vault));
    proxy->vault.sealed.argument = sealed_remedy(proxy->vault.sealed);
    TRY(start_limits(proxy, conf));
    TRY(start_brokers(proxy, conf, is_open));
    TRY(start_threads(proxy, conf));
    const Clock *clock = proxy->vault.core.ports->clock;
    proxy->api = (Api){.core = &proxy->vault.core,
                       .gate = &proxy->vault.gate,
                       .broker = proxy->broker,
                       .metrics = proxy->metrics,
                       .limiter = proxy->limiter,
                       .lockout = proxy->lockout,
                       .issuer = conf_text(conf, "issuer"),
                       .is_open_mode = is_open,
                       .is_open_data_outside = proxy->orion != NULL,
                       .is_anonymous_read = is_open || conf_bool(conf, "anonymous_read"),
                       .version = STR(MUSUBI_VERSION),
                       .build = STR(""),
                       .started_us = clock->now_us(clock),
                       .readiness = readiness,
                       .readiness_context = proxy};
    TRY(read_metrics_clients(proxy, conf));
    TRY(ip_rule_list_in(proxy->arena, "trusted_proxies", conf_text(conf, "trusted_proxies"),
                        &proxy->api.trusted_proxies));
    return start_server(proxy, conf);
}

Error proxy_start(Arena *arena, const Conf *conf, Proxy **ret_proxy)
{
    Proxy *proxy = calloc(1, sizeof *proxy);
    ENSURE(proxy != NULL, OUT_OF_MEMORY, NULL);
    proxy->arena = arena;
    Error outcome = start(proxy, conf);
    if (FAILED(outcome)) {
        (void)proxy_stop(proxy);
        return outcome;
    }
    *ret_proxy = proxy;
    return OK;
}

const char *proxy_url(const Proxy *proxy)
{
    return proxy->url;
}

Error proxy_sealed(const Proxy *proxy)
{
    return proxy->vault.sealed;
}

Proxy *proxy_stop(Proxy *proxy)
{
    if (proxy == NULL) {
        return NULL;
    }
    (void)server_stop(proxy->server);
    (void)janitor_stop(proxy->janitor);
    (void)log_projection_stop(proxy->projection);
    (void)union_free(proxy->broker);
    (void)vault_half_free(proxy->personal_half);
    (void)(proxy->orion == NULL ? embedded_half_free(proxy->open_half)
                                : orion_half_free(proxy->open_half));
    (void)http_client_free(proxy->orion);
    vault_open_close(&proxy->vault);
    (void)data_budget_free(proxy->budget);
    (void)lockout_free(proxy->lockout);
    (void)rate_limiter_free(proxy->limiter);
    (void)metrics_free(proxy->metrics);
    free(proxy);
    return NULL;
}
