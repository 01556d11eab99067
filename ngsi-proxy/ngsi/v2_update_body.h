/* v2_update_body.h — the bodies of POST /v2/op/update and POST /v2/op/notify as one batch of
 * writes.
 *
 * Orion's checks in Orion's order with Orion's words. Must never decide what a write does.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_UPDATE_BODY_H
#define MUSUBI_V2_UPDATE_BODY_H

#include "entity_update.h"

/* What the request says beside its body. */
typedef struct V2UpdateOptions {
    Str service_path;        /* for every write, as sent */
    bool is_key_values;      /* options=keyValues */
    bool overrides_metadata; /* options=overrideMetadata */
} V2UpdateOptions;

/* {"actionType", "entities"} → writes in the order sent; a delete without attributes is
 * ENTITY_DELETE. Texts are views of the body or arena copies. Errors: JSON_SYNTAX, JSON_LIMIT,
 * EMPTY_PAYLOAD, BODY_FIELD_MISSING, BODY_FIELD_UNKNOWN, BATCH_ACTION, BATCH_ENTITIES, BATCH_EMPTY,
 * BATCH_LARGE, those of v2_batch_entity_parse. */
Error v2_update_body_parse(Arena *arena, Str body, const V2UpdateOptions *options,
                           EntityBatch *ret_batch) MUST_USE;
/* {"subscriptionId", "data"} → upserts. options->is_key_values is not looked at: a notification is
 * taken in full form only. There may be none. Errors: also NOTIFY_SUBSCRIPTION, NOTIFY_DATA,
 * NOTIFY_ITEM. */
Error v2_notify_body_parse(Arena *arena, Str body, const V2UpdateOptions *options,
                           EntityBatch *ret_batch) MUST_USE;

#endif
