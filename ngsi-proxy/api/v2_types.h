/* v2_types.h — /v2/types and /v2/types/{type}: which types the caller's view has.
 *
 * The broker tells all of them in order; the page is cut here. Must never count what the caller
 * does not see: the broker's numbers are the answer.
 *
 * Layer: ngsi-proxy/api. Thread-safe: single-owner. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_TYPES_H
#define MUSUBI_V2_TYPES_H

#include "api_surface.h"

/* GET /v2/types */
Error v2_types_list(ApiCall *call, Response *response) MUST_USE;
/* GET /v2/types/{type} */
Error v2_type_get(ApiCall *call, Response *response) MUST_USE;

#endif
