/* http_exchange.h — one request and its answer on one libcurl handle.
 *
 * Sets every option anew, runs the transfer, judges how it ended. Must never leave a pointer of
 * one call in the handle.
 *
 * Layer: ngsi-proxy/outbound; used by http_client alone. Thread-safe: single-owner. */
#ifndef MUSUBI_HTTP_EXCHANGE_H
#define MUSUBI_HTTP_EXCHANGE_H

#include <curl/curl.h>

#include "http_client.h"

/* As http_client_send, without the faults of the port. base_url is NUL-terminated text. */
Error http_exchange(CURL *handle, const HttpClientOptions *options, Arena *arena,
                    const HttpCall *call, HttpAnswer *ret_answer) MUST_USE;

#endif
