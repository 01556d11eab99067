/* call_limits.h — the rate limits at the door: first of the source, then of who was authenticated.
 *
 * The source is limited before anything is looked up, so that floods of bad tokens cost little; the
 * client and the citizen after authentication, so that nobody empties another's bucket. Callers on
 * this machine (loopback, the local socket without a proxy) are no source: they are limited as whom
 * they are. Must never look at what a request asks for.
 *
 * Layer: ngsi-proxy/api. Thread-safe: yes. Requirement: A-7. */
#ifndef MUSUBI_CALL_LIMITS_H
#define MUSUBI_CALL_LIMITS_H

#include "api_surface.h"

/* Errors: RATE_LIMITED. */
Error call_limits_check_source(const ApiCall *call) MUST_USE;
/* call->principal is known; anonymous ones are limited by their source alone. Errors: RATE_LIMITED,
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error call_limits_check_caller(const ApiCall *call) MUST_USE;

#endif
