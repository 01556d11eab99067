/* enough_memory.h — answers about personal data take the memory that they need.
 *
 * Most fit into the memory of a request. What does not is made in a larger arena of the request's
 * own, so that what others stored can't make somebody's lists fail. Must never be used for what
 * may not be done twice: the first try may have been in vain.
 *
 * Layer: ngsi-proxy/api. Thread-safe: single-owner. */
#ifndef MUSUBI_ENOUGH_MEMORY_H
#define MUSUBI_ENOUGH_MEMORY_H

#include "api_surface.h"

/* A piece of work whose results live in call->broker.vault.arena. The second time it may find the
 * call's snapshot given back. */
typedef Error (*MemoryWork)(ApiCall *call, void *context);

/* Does the work in the request's arena (not even tried when is_large), and again in the large one
 * when that was not enough. Errors: the work's; BUDGET_EXCEEDED when the large one is too small as
 * well, OUT_OF_MEMORY. */
Error enough_memory_run(ApiCall *call, bool is_large, MemoryWork work, void *context) MUST_USE;

#endif
