/* ngsi-proxy — the server: settings, start, wait for a signal, stop in order. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto_init.h"
#include "log_line.h"
#include "proxy.h"
#include "settings.h"

#define ARENA_BYTES ((size_t)4 << 20)

static int say(const char *what, Error error)
{
    char text[512];
    (void)error_text(error, text, sizeof text);
    bool says_more = error.argument != NULL && strstr(text, error.argument) == NULL;
    fprintf(stderr, "ngsi-proxy: %s: %s%s%s\n", what, text, says_more ? ": " : "",
            says_more ? error.argument : "");
    return EXIT_FAILURE;
}

static void block_signals(sigset_t *ret_set)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that goes away is told by the write itself */
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, ret_set,
                          NULL); /* inherited by every thread: only sigwait takes them */
}

static Error announce(const Conf *conf, const Proxy *proxy)
{
    const char *file = conf_path(conf, "url_file");
    LOG_EVENT(LOG_NOTICE, "server.listening", log_z("url", proxy_url(proxy)),
              log_str("node", conf_text(conf, "node")),
              log_str("store", conf_text(conf, "store_kind")));
    Error sealed = proxy_sealed(proxy);
    if (FAILED(sealed)) {
        LOG_EVENT(LOG_ERROR, "vault.sealed", log_error(sealed),
                  log_z("remedy", sealed.argument == NULL ? "" : sealed.argument));
    }
    return file[0] == '\0'
               ? OK
               : file_write_durable(ports_system()->file, file, 0644, str_from(proxy_url(proxy)));
}

static int serve(Arena *arena, const Conf *conf, const sigset_t *signals)
{
    CLEANUP(proxy_stop) Proxy *proxy = NULL;
    Error outcome = proxy_start(arena, conf, &proxy);
    if (!FAILED(outcome)) {
        outcome = announce(conf, proxy);
    }
    if (FAILED(outcome)) {
        return say("can't start", outcome);
    }
    int received = 0;
    (void)sigwait(signals, &received);
    LOG_EVENT(LOG_NOTICE, "server.stopping", log_int("signal", received));
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf("usage: ngsi-proxy [--config=FILE] [--SETTING=VALUE…]\n\n"
               "vaultctl doctor prints every setting, its value, where that comes from and what it "
               "means.\n");
        return EXIT_SUCCESS;
    }
    sigset_t signals;
    block_signals(&signals);
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_BYTES);
    const Conf *conf = NULL;
    Error outcome = arena == NULL ? FAIL(OUT_OF_MEMORY, NULL) : crypto_init();
    if (!FAILED(outcome)) {
        outcome = settings_load(arena, (const char *const *)argv + 1, &conf);
    }
    if (FAILED(outcome)) {
        return say("can't start", outcome);
    }
    LogLevel level = LOG_INFO;
    if (log_level_from(conf_text(conf, "log_level"), &level)) {
        log_set_level(level);
    }
    return serve(arena, conf, &signals);
}
