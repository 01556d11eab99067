/* scripted_upstream.h — an HTTP server for tests that answers with the bytes it was told to, or
 * does what servers should not: hang, reset, break off, say nothing.
 *
 * Each whole request takes the next step of the script; the last step stays. Requests are kept as
 * they came. Loopback only. Must never be clever: it knows Content-Length and nothing else.
 *
 * Layer: tests/support. Thread-safe: yes; start and stop in one thread. */
#ifndef MUSUBI_SCRIPTED_UPSTREAM_H
#define MUSUBI_SCRIPTED_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

typedef enum ScriptEnd {
    SCRIPT_STAY,  /* the connection waits for the next request */
    SCRIPT_CLOSE, /* orderly, after the answer */
    SCRIPT_RESET, /* with a reset, after the answer */
    SCRIPT_HANG   /* nothing more happens until the server stops */
} ScriptEnd;

typedef struct ScriptStep {
    const char *answer; /* raw bytes; NULL: none */
    size_t repeats;     /* of `filler` behind the answer */
    const char *filler;
    ScriptEnd end;
} ScriptStep;

typedef struct ScriptedUpstream ScriptedUpstream;

/* Listens on a free loopback port. The steps must outlive it. Ends the process when it can't. */
ScriptedUpstream *scripted_start(const ScriptStep *steps, size_t count);
/* Ends all connections and threads, frees. NULL is fine. Returns NULL. */
ScriptedUpstream *scripted_stop(ScriptedUpstream *upstream);
/* "http://127.0.0.1:port". Lives as long as the server. */
Str scripted_url(const ScriptedUpstream *upstream);
/* Another script from its first step. */
void scripted_play(ScriptedUpstream *upstream, const ScriptStep *steps, size_t count);
/* Closes the connections that are open now, and returns when their threads have ended. */
void scripted_close_open(ScriptedUpstream *upstream);
/* Whole requests since the start, and the i-th of them; its bytes live as long as the server. */
size_t scripted_requests(ScriptedUpstream *upstream);
Str scripted_request(ScriptedUpstream *upstream, size_t i);
/* Connections since the start. */
size_t scripted_connections(ScriptedUpstream *upstream);

#endif
