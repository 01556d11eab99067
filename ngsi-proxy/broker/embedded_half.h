/* embedded_half.h — open data in Musubi's own store, for cities without Orion and for development.
 *
 * Answers as Orion does: order of creation, sticky metadata, service paths, tenants apart. Lists by
 * id or type walk an index; nothing scans the collection for them. A write that meets another's is
 * tried again inside. Must never be handed a personal type or id: union sees to it.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: yes. Spec: 6(5)ア. */
#ifndef MUSUBI_EMBEDDED_HALF_H
#define MUSUBI_EMBEDDED_HALF_H

#include "broker.h"

/* Over PUBLIC_ENTITIES of the store, which must outlive it. Free with embedded_half_free.
 * Errors of its calls: those of broker.h, store errors; STORE_LIMIT (a batch larger than one
 * commit), STORE_CONFLICT only when the deadline passed while others kept writing the same
 * entities. Errors: OUT_OF_MEMORY. */
Error embedded_half_new(Store *store, Broker **ret_broker) MUST_USE;
/* NULL is fine. Returns NULL. */
Broker *embedded_half_free(Broker *broker);

DEFINE_CLEANUP(Broker, embedded_half_free)

#endif
