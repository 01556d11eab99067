/* v2_entities.h — /v2/entities and /v2/entities/{id}: straight lines between HTTP and the broker.
 *
 * Each handler reads headers, parameters and body by the codecs, asks the broker once and renders.
 * Must never decide what the caller may see: the broker's answer is the answer.
 *
 * Layer: ngsi-proxy/api. Thread-safe: single-owner. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_ENTITIES_H
#define MUSUBI_V2_ENTITIES_H

#include "api_surface.h"
#include "v2_params.h"

/* GET /v2/entities */
Error v2_entities_list(ApiCall *call, Response *response) MUST_USE;
/* POST /v2/entities */
Error v2_entities_create(ApiCall *call, Response *response) MUST_USE;
/* GET and DELETE /v2/entities/{id} */
Error v2_entity_get(ApiCall *call, Response *response) MUST_USE;
Error v2_entity_delete(ApiCall *call, Response *response) MUST_USE;

/* The answer to a query, as GET /v2/entities and POST /v2/op/query give it. */
Error v2_entities_answer(ApiCall *call, const V2Params *params, Response *response) MUST_USE;

#endif
