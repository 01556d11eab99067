/* v2_entities.h — NGSIv2's entity routes: request → EntityQuery | EntityWrite → broker → Orion's
 * rendering.
 *
 * Must never ask whether a type is personal: the broker does. Must never word an error: reasons do.
 *
 * Layer: ngsi-proxy/api. Thread-safe: yes. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_ENTITIES_H
#define MUSUBI_V2_ENTITIES_H

#include "api_surface.h"

/* GET /v2/entities */
Error v2_entities_list(ApiCall *call, Response *response) MUST_USE;
/* POST /v2/entities */
Error v2_entities_create(ApiCall *call, Response *response) MUST_USE;
/* GET /v2/entities/{id}: the id is call->request->captures[0] */
Error v2_entity_get(ApiCall *call, Response *response) MUST_USE;
/* PATCH /v2/entities/{id}/attrs */
Error v2_entity_attributes_update(ApiCall *call, Response *response) MUST_USE;

#endif
