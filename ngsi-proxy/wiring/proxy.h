/* proxy.h — the running program: an open vault, the brokers over it, the server in front, the
 * threads behind.
 *
 * Must never decide anything about a request: it ties the rooms together and takes them apart in
 * order.
 *
 * Layer: ngsi-proxy/wiring. Thread-safe: single-owner. Spec: 7(1)ア. */
#ifndef MUSUBI_PROXY_H
#define MUSUBI_PROXY_H

#include "arena.h"
#include "conf.h"
#include "error.h"

typedef struct Proxy Proxy;

/* Opens all and listens. arena: settings and error texts, outlives the proxy. Errors: those of the
 * parts; the argument says which, where and what to do. Stop with proxy_stop. */
Error proxy_start(Arena *arena, const Conf *conf, Proxy **ret_proxy) MUST_USE;
/* Where it listens, as a base URL or the socket's path. Lives as long as the proxy. */
const char *proxy_url(const Proxy *proxy);
/* Why the vault is sealed; OK when it is open. */
Error proxy_sealed(const Proxy *proxy);
/* Lets running requests end, stops the threads, closes the vault. NULL is fine. Returns NULL. */
Proxy *proxy_stop(Proxy *proxy);

DEFINE_CLEANUP(Proxy, proxy_stop)

#endif
