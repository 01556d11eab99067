/* embedded_write.h — what a batch of writes does to open data in the own store: all in one commit,
 * or nothing.
 *
 * A later write of a batch sees what an earlier one did. Who meets another writer reads again and
 * decides anew. Must never commit in parts, and never be handed a personal type: union sees to it.
 *
 * Layer: ngsi-proxy/broker; used by embedded_half alone. Thread-safe: yes; a BrokerCall is
 * single-owner. Spec: 6(5)ア. */
#ifndef MUSUBI_EMBEDDED_WRITE_H
#define MUSUBI_EMBEDDED_WRITE_H

#include <stdatomic.h>

#include "broker.h"

/* What the writes of one half share. */
typedef struct EmbeddedWriter {
    Store *store;
    _Atomic int64_t last_order; /* of the entities made so far */
} EmbeddedWriter;

/* As BrokerOps.write. Texts of the outcomes are in the call's arena or the batch. A retry puts a
 * newer snapshot in place of the call's. Errors: STORE_LIMIT (more than ENTITY_BATCH_MAX writes, or
 * more bytes than one commit takes), STORE_CONFLICT (the deadline passed while others kept writing
 * the same entities), those of entity_update_plan, store errors. */
Error embedded_write(EmbeddedWriter *writer, BrokerCall *call, const EntityBatch *batch,
                     EntityOutcome *ret_outcomes) MUST_USE;

#endif
