#include "fault_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 5
#define SECOND_MS 1000
#define LINKS_MAX 256
#define MESSAGE_MAX ((size_t)48 << 20)
#define HEADER_BYTES 16
#define OP_MSG 2013
#define NAME_BYTES 32

/* Bytes of one direction that do not make a whole message yet. */
typedef struct Pending {
    uint8_t *bytes;
    size_t n;
    size_t capacity;
} Pending;

/* One connection of the program with its own to the server. */
typedef struct Link {
    FaultProxy *proxy;
    pthread_t thread;
    int client;
    int server;
    Pending from_client;
    Pending from_server;
    FaultPlan fault; /* what happens to the next reply */
    uint8_t *slow;   /* a reply on its way at one byte a second */
    size_t slow_n;
    size_t slow_at;
    int64_t slow_next_ms;
    uint8_t *late; /* a request that waits for its release */
    size_t late_n;
    unsigned late_since; /* releases before it came */
    bool is_over;
} Link;

struct FaultProxy {
    int listener;
    uint16_t port;
    uint16_t server_port;
    pthread_t acceptor;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t let_go;
    FaultPlan plan;
    unsigned hits;
    unsigned late_count;
    unsigned releases;
    bool is_stopping;
    FaultWitness witness;
    void *witness_context;
    Link *links[LINKS_MAX];
    size_t link_count;
};

static const char *const MODE_NAMES[] = {"pass",       "refuse",       "hang",       "lose",
                                         "drop reply", "late",         "cut",        "slow",
                                         "garbage",    "wrong length", "broken body"};
_Static_assert(sizeof MODE_NAMES / sizeof MODE_NAMES[0] == FAULT_MODE_COUNT_,
               "a name for each mode");

const char *fault_mode_name(FaultMode mode)
{
    return MODE_NAMES[mode];
}

static void must(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint32_t u32le(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void u32le_put(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The first member's name of an OP_MSG's body is its command; "" for other messages. */
static void command_of(const uint8_t *message, size_t n, char name[NAME_BYTES])
{
    const size_t at =
        HEADER_BYTES + 4 + 1 + 4 + 1; /* flags, section kind, body length, member kind */
    name[0] = '\0';
    if (n > at + NAME_BYTES && u32le(message + 12) == OP_MSG) {
        (void)snprintf(name, NAME_BYTES, "%s", (const char *)message + at);
    }
}

/* Closing with linger 0 sends a reset. */
static void reset(int *fd)
{
    if (*fd >= 0) {
        struct linger hard = {1, 0};
        (void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        (void)close(*fd);
        *fd = -1;
    }
}

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = send(fd, bytes, n, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

static bool pending_read(Pending *pending, int fd)
{
    if (pending->capacity - pending->n < 65536) {
        pending->capacity = pending->capacity * 2 + 65536;
        pending->bytes = realloc(pending->bytes, pending->capacity);
        must(pending->bytes != NULL, "memory");
    }
    ssize_t n = recv(fd, pending->bytes + pending->n, pending->capacity - pending->n, 0);
    if (n <= 0) {
        return false;
    }
    pending->n += (size_t)n;
    return true;
}

/* The length of the first whole message, 0 when there is none yet. */
static size_t pending_message(const Pending *pending)
{
    if (pending->n < HEADER_BYTES) {
        return 0;
    }
    size_t n = u32le(pending->bytes);
    must(n >= HEADER_BYTES && n <= MESSAGE_MAX, "message length");
    return pending->n >= n ? n : 0;
}

static void pending_drop(Pending *pending, size_t n)
{
    memmove(pending->bytes, pending->bytes + n, pending->n - n);
    pending->n -= n;
}

/* The plan if it hits this command now, else pass. Counts the hit. */
static FaultPlan plan_hit(FaultProxy *proxy, const char *command)
{
    FaultPlan hit = {0};
    (void)pthread_mutex_lock(&proxy->lock);
    bool is_meant = proxy->plan.command == NULL || strcmp(proxy->plan.command, command) == 0;
    bool is_left = proxy->plan.times == 0 || proxy->hits < proxy->plan.times;
    if (proxy->plan.mode != FAULT_PASS && is_meant && is_left) {
        hit = proxy->plan;
        proxy->hits++;
    }
    (void)pthread_mutex_unlock(&proxy->lock);
    return hit;
}

static void show_witness(FaultProxy *proxy, const uint8_t *message, size_t n)
{
    (void)pthread_mutex_lock(&proxy->lock);
    FaultWitness witness = proxy->witness;
    void *context = proxy->witness_context;
    (void)pthread_mutex_unlock(&proxy->lock);
    if (witness != NULL) {
        witness(context, message, n);
    }
}

/* Keeps a request back; the server's side stays open. */
static void link_hold(Link *link, const uint8_t *message, size_t n)
{
    link->late = malloc(n);
    must(link->late != NULL, "memory");
    memcpy(link->late, message, n);
    link->late_n = n;
    reset(&link->client);
    (void)pthread_mutex_lock(&link->proxy->lock);
    link->proxy->late_count++;
    link->late_since = link->proxy->releases;
    (void)pthread_mutex_unlock(&link->proxy->lock);
}

static void link_request(Link *link, const uint8_t *message, size_t n)
{
    char command[NAME_BYTES];
    command_of(message, n, command);
    show_witness(link->proxy, message, n);
    FaultPlan hit = plan_hit(link->proxy, command);
    switch (hit.mode) {
    case FAULT_REFUSE:
    case FAULT_LOSE:
        link->is_over = true;
        return;
    case FAULT_HANG:
        return;
    case FAULT_LATE:
        link_hold(link, message, n);
        return;
    case FAULT_PASS:
    case FAULT_DROP_REPLY:
    case FAULT_CUT_REPLY:
    case FAULT_SLOW:
    case FAULT_GARBAGE:
    case FAULT_WRONG_LENGTH:
    case FAULT_BROKEN_BODY:
    case FAULT_MODE_COUNT_:
    default:
        link->fault = hit;
        link->is_over = !write_all(link->server, message, n);
    }
}

static void link_slow(Link *link, const uint8_t *message, size_t n)
{
    link->slow = malloc(n);
    must(link->slow != NULL, "memory");
    memcpy(link->slow, message, n);
    link->slow_n = n;
    link->slow_at = 0;
    link->slow_next_ms = now_ms();
}

static void link_garbage(Link *link)
{
    uint8_t bytes[64];
    uint32_t state = 0x5eed;
    for (size_t i = 0; i < sizeof bytes; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    link->is_over = !write_all(link->client, bytes, sizeof bytes);
}

static void link_reply(Link *link, uint8_t *message, size_t n)
{
    FaultPlan fault = link->fault;
    link->fault = (FaultPlan){0};
    switch (fault.mode) {
    case FAULT_DROP_REPLY:
        link->is_over = true;
        return;
    case FAULT_CUT_REPLY:
        (void)write_all(link->client, message, fault.bytes < n ? fault.bytes : n);
        link->is_over = true;
        return;
    case FAULT_SLOW:
        link_slow(link, message, n);
        return;
    case FAULT_GARBAGE:
        link_garbage(link);
        return;
    case FAULT_WRONG_LENGTH:
        u32le_put(message, fault.bytes);
        break;
    case FAULT_BROKEN_BODY:
        u32le_put(message + HEADER_BYTES + 5, 7);
        break;
    case FAULT_PASS:
    case FAULT_REFUSE:
    case FAULT_HANG:
    case FAULT_LOSE:
    case FAULT_LATE:
    case FAULT_MODE_COUNT_:
    default:
        break;
    }
    link->is_over = link->client < 0 || !write_all(link->client, message, n);
}

static void link_from_client(Link *link)
{
    link->is_over = link->is_over || !pending_read(&link->from_client, link->client);
    size_t n = 0;
    while (!link->is_over && link->client >= 0 && (n = pending_message(&link->from_client)) > 0) {
        link_request(link, link->from_client.bytes, n);
        pending_drop(&link->from_client, n);
    }
}

static void link_from_server(Link *link)
{
    link->is_over = link->is_over || !pending_read(&link->from_server, link->server);
    size_t n = 0;
    while (!link->is_over && (n = pending_message(&link->from_server)) > 0) {
        link_reply(link, link->from_server.bytes, n);
        pending_drop(&link->from_server, n);
    }
}

static void link_drip(Link *link)
{
    if (link->slow == NULL || now_ms() < link->slow_next_ms) {
        return;
    }
    link->is_over = !write_all(link->client, link->slow + link->slow_at, 1);
    link->slow_at++;
    link->slow_next_ms += SECOND_MS;
    if (link->slow_at == link->slow_n) {
        free(link->slow);
        link->slow = NULL;
    }
}

/* A held request: waits for its release, passes it on, waits for the answer. */
static void link_be_late(Link *link)
{
    FaultProxy *proxy = link->proxy;
    (void)pthread_mutex_lock(&proxy->lock);
    while (proxy->releases == link->late_since && !proxy->is_stopping) {
        (void)pthread_cond_wait(&proxy->let_go, &proxy->lock);
    }
    (void)pthread_mutex_unlock(&proxy->lock);
    if (write_all(link->server, link->late, link->late_n)) {
        (void)pending_read(&link->from_server, link->server);
    }
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->late_count--;
    (void)pthread_cond_broadcast(&proxy->let_go);
    (void)pthread_mutex_unlock(&proxy->lock);
    link->is_over = true;
}

/* Whether all connections must go now. */
static bool proxy_refuses(FaultProxy *proxy)
{
    (void)pthread_mutex_lock(&proxy->lock);
    bool refuses =
        proxy->is_stopping || (proxy->plan.mode == FAULT_REFUSE && proxy->plan.command == NULL);
    (void)pthread_mutex_unlock(&proxy->lock);
    return refuses;
}

static void *link_serve(void *context)
{
    Link *link = context;
    while (!link->is_over && !proxy_refuses(link->proxy)) {
        struct pollfd polls[2] = {{link->client, POLLIN, 0}, {link->server, POLLIN, 0}};
        (void)poll(polls, 2, TICK_MS);
        if (polls[0].revents != 0) {
            link_from_client(link);
        }
        if (!link->is_over && link->late != NULL) {
            link_be_late(link);
        }
        if (!link->is_over && polls[1].revents != 0) {
            link_from_server(link);
        }
        if (!link->is_over) {
            link_drip(link);
        }
    }
    reset(&link->client);
    reset(&link->server);
    return NULL;
}

static int server_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Joins the links that are over, to make room. */
static void links_reap(FaultProxy *proxy, bool all)
{
    size_t kept = 0;
    for (size_t i = 0; i < proxy->link_count; i++) {
        Link *link = proxy->links[i];
        if (!all && pthread_tryjoin_np(link->thread, NULL) != 0) {
            proxy->links[kept++] = link;
            continue;
        }
        if (all) {
            (void)pthread_join(link->thread, NULL);
        }
        free(link->from_client.bytes);
        free(link->from_server.bytes);
        free(link->slow);
        free(link->late);
        free(link);
    }
    proxy->link_count = kept;
}

static void link_start(FaultProxy *proxy, int client)
{
    int server = proxy_refuses(proxy) ? -1 : server_connect(proxy->server_port);
    links_reap(proxy, false);
    if (server < 0 || proxy->link_count == LINKS_MAX) {
        reset(&client);
        reset(&server);
        return;
    }
    Link *link = calloc(1, sizeof *link);
    must(link != NULL, "memory");
    int on = 1;
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    link->proxy = proxy;
    link->client = client;
    link->server = server;
    must(pthread_create(&link->thread, NULL, link_serve, link) == 0, "thread");
    proxy->links[proxy->link_count++] = link;
}

static void *proxy_accept(void *context)
{
    FaultProxy *proxy = context;
    for (;;) {
        int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) {
            return NULL; /* shut down */
        }
        link_start(proxy, client);
    }
}

FaultProxy *fault_proxy_start(uint16_t server_port)
{
    FaultProxy *proxy = calloc(1, sizeof *proxy);
    must(proxy != NULL, "memory");
    proxy->server_port = server_port;
    (void)pthread_mutex_init(&proxy->lock, NULL);
    (void)pthread_cond_init(&proxy->let_go, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof address;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(proxy->listener, (const struct sockaddr *)&address, n) == 0, "bind");
    must(listen(proxy->listener, 64) == 0, "listen");
    must(getsockname(proxy->listener, (struct sockaddr *)&address, &n) == 0, "getsockname");
    proxy->port = ntohs(address.sin_port);
    must(pthread_create(&proxy->acceptor, NULL, proxy_accept, proxy) == 0, "thread");
    return proxy;
}

FaultProxy *fault_proxy_stop(FaultProxy *proxy)
{
    if (proxy == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->is_stopping = true;
    (void)pthread_cond_broadcast(&proxy->let_go);
    (void)pthread_mutex_unlock(&proxy->lock);
    (void)shutdown(proxy->listener, SHUT_RDWR);
    (void)pthread_join(proxy->acceptor, NULL);
    (void)close(proxy->listener);
    links_reap(proxy, true);
    (void)pthread_cond_destroy(&proxy->let_go);
    (void)pthread_mutex_destroy(&proxy->lock);
    free(proxy);
    return NULL;
}

uint16_t fault_proxy_port(const FaultProxy *proxy)
{
    return proxy->port;
}

void fault_proxy_plan(FaultProxy *proxy, FaultPlan plan)
{
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->plan = plan;
    proxy->hits = 0;
    (void)pthread_mutex_unlock(&proxy->lock);
}

unsigned fault_proxy_hits(FaultProxy *proxy)
{
    (void)pthread_mutex_lock(&proxy->lock);
    unsigned hits = proxy->hits;
    (void)pthread_mutex_unlock(&proxy->lock);
    return hits;
}

void fault_proxy_release(FaultProxy *proxy)
{
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->releases++;
    (void)pthread_cond_broadcast(&proxy->let_go);
    while (proxy->late_count > 0) {
        (void)pthread_cond_wait(&proxy->let_go, &proxy->lock);
    }
    (void)pthread_mutex_unlock(&proxy->lock);
}

void fault_proxy_witness(FaultProxy *proxy, FaultWitness witness, void *context)
{
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->witness = witness;
    proxy->witness_context = context;
    (void)pthread_mutex_unlock(&proxy->lock);
}
