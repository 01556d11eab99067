/* floor_upstream — stands for a broker of open data whose answers cost processor time: a bare
 * libmicrohttpd program with the same thread model. Ends on SIGTERM.
 *
 *   floor_upstream --port-file=F --body-file=F --cpu-us=N
 *
 *       answers every request with the bytes of the body file as JSON, after N µs of its own
 *       processor time; 0 µs makes it as fast as an upstream can be */
#include <microhttpd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES ((size_t)256 << 10)
#define CONNECTION_BYTES ((size_t)256 << 10)
#define BODY_BYTES_MAX ((size_t)4 << 20)

typedef struct Upstream {
    const char *port_file;
    const char *body_file;
    int64_t cpu_ns;
    char *body;
    size_t body_bytes;
} Upstream;

static void die(const char *what)
{
    fprintf(stderr, "floor_upstream: %s\n", what);
    exit(1);
}

static int64_t thread_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void spend(int64_t ns)
{
    int64_t until = thread_ns() + ns;
    while (ns > 0 && thread_ns() < until) {
        for (volatile int i = 0; i < 1000; i++) {
        }
    }
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    Upstream *upstream = context;
    (void)url, (void)method, (void)version, (void)data, (void)data_size;
    if (*state == NULL) { /* an answer before the end of the request would close the connection */
        *state = upstream;
        return MHD_YES;
    }
    spend(upstream->cpu_ns);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        upstream->body_bytes, upstream->body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result queued = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static void load_body(Upstream *upstream)
{
    FILE *file = fopen(upstream->body_file, "rb");
    upstream->body = malloc(BODY_BYTES_MAX);
    if (file == NULL || upstream->body == NULL) {
        die("the body can't be read");
    }
    upstream->body_bytes = fread(upstream->body, 1, BODY_BYTES_MAX, file);
    (void)fclose(file);
}

static void write_port(const Upstream *upstream, struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    FILE *file = fopen(upstream->port_file, "w");
    if (info == NULL || file == NULL || fprintf(file, "%u", info->port) < 0 || fclose(file) != 0) {
        die("the port can't be told");
    }
}

static void serve(Upstream *upstream)
{
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, upstream, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES, MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, MHD_OPTION_END);
    if (daemon == NULL) {
        die("the server doesn't start");
    }
    write_port(upstream, daemon);
    int received = 0;
    (void)sigwait(&ends, &received);
    MHD_stop_daemon(daemon);
}

static const char *option_of(const char *argument, const char *name)
{
    size_t n = strlen(name);
    return strncmp(argument, name, n) == 0 ? argument + n : NULL;
}

int main(int argc, char **argv)
{
    Upstream upstream = {0};
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        if ((value = option_of(argv[i], "--port-file=")) != NULL) {
            upstream.port_file = value;
        } else if ((value = option_of(argv[i], "--body-file=")) != NULL) {
            upstream.body_file = value;
        } else if ((value = option_of(argv[i], "--cpu-us=")) != NULL) {
            upstream.cpu_ns = strtoll(value, NULL, 10) * 1000;
        } else {
            die("--port-file= --body-file= --cpu-us=");
        }
    }
    if (upstream.port_file == NULL || upstream.body_file == NULL) {
        die("--port-file= --body-file= --cpu-us=");
    }
    load_body(&upstream);
    serve(&upstream);
    free(upstream.body);
    return 0;
}
