/* surface.h — the families of routes that word their errors alike.
 *
 * Must never be chosen by anything but the path's first segment, so that an error looks the same
 * whether or not the request got as far as a route.
 *
 * Layer: ngsi-proxy/http. Thread-safe: pure. */
#ifndef MUSUBI_SURFACE_H
#define MUSUBI_SURFACE_H

#include <stddef.h>

#include "str.h"

typedef enum Surface {
    SURFACE_V2, /* /v2, /version and every unknown path: {error, description}, Fiware-Correlator */
    SURFACE_PROBLEM, /* /api, /healthz, /readyz, /metrics: RFC 9457 problem details */
    SURFACE_OAUTH,   /* /oauth2, /.well-known: {error, error_description} of RFC 6749 §5.2 */
    SURFACE_COUNT_
} Surface;

/* The surface of a path, given its first decoded segment ("" for none). */
Surface surface_of(Str first_segment);

#endif
