/* v2_attributes.h — /v2/entities/{id}/attrs, …/attrs/{a} and …/attrs/{a}/value.
 *
 * Each handler reads headers, parameters and body by the codecs, asks the broker once and renders.
 * A hidden attribute and one that does not exist are the same to it. Must never decide what the
 * caller may see.
 *
 * Layer: ngsi-proxy/api. Thread-safe: single-owner. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_ATTRIBUTES_H
#define MUSUBI_V2_ATTRIBUTES_H

#include "api_surface.h"

/* GET, POST, PATCH and PUT /v2/entities/{id}/attrs */
Error v2_attributes_get(ApiCall *call, Response *response) MUST_USE;
Error v2_attributes_append(ApiCall *call, Response *response) MUST_USE;
Error v2_attributes_update(ApiCall *call, Response *response) MUST_USE;
Error v2_attributes_replace(ApiCall *call, Response *response) MUST_USE;
/* GET, PUT and DELETE /v2/entities/{id}/attrs/{a} */
Error v2_attribute_get(ApiCall *call, Response *response) MUST_USE;
Error v2_attribute_put(ApiCall *call, Response *response) MUST_USE;
Error v2_attribute_delete(ApiCall *call, Response *response) MUST_USE;
/* GET and PUT /v2/entities/{id}/attrs/{a}/value */
Error v2_value_get(ApiCall *call, Response *response) MUST_USE;
Error v2_value_put(ApiCall *call, Response *response) MUST_USE;

#endif
