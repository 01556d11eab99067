/* v2_batch.h — POST /v2/op/update, /v2/op/query and /v2/op/notify.
 *
 * One body, one call of the broker, which makes one commit of it for each half that it is about.
 * Must never split a batch itself.
 *
 * Layer: ngsi-proxy/api. Thread-safe: single-owner. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_BATCH_H
#define MUSUBI_V2_BATCH_H

#include "api_surface.h"

/* POST /v2/op/update */
Error v2_batch_update(ApiCall *call, Response *response) MUST_USE;
/* POST /v2/op/query */
Error v2_batch_query(ApiCall *call, Response *response) MUST_USE;
/* POST /v2/op/notify */
Error v2_batch_notify(ApiCall *call, Response *response) MUST_USE;

#endif
