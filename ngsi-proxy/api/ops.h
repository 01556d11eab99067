/* ops.h — what machines and operators ask about the program itself.
 *
 * /healthz: the process answers. /metrics: how it does. /readyz: it can serve, or why not and what
 * to do. /version: who answers here. Must never tell anything about data, and never need the store
 * to say that the store is away.
 *
 * Layer: ngsi-proxy/api. Thread-safe: yes. */
#ifndef MUSUBI_OPS_H
#define MUSUBI_OPS_H

#include "api_surface.h"

/* GET /v2: Orion's entry point */
Error ops_entry_point(ApiCall *call, Response *response) MUST_USE;
/* GET /version: Musubi's own, and an "orion" member for clients that probe for NGSIv2 */
Error ops_version(ApiCall *call, Response *response) MUST_USE;
/* GET /healthz */
Error ops_healthz(ApiCall *call, Response *response) MUST_USE;
/* GET /readyz: 200 or 503, {"ready", "reasons": [{"part", "reason", "remedy"}]} */
Error ops_readyz(ApiCall *call, Response *response) MUST_USE;
/* GET /metrics: Prometheus text */
Error ops_metrics(ApiCall *call, Response *response) MUST_USE;

#endif
