/* vault_half.h — the personal half of the brokers: every call goes through the gate.
 *
 * Thin on purpose: what may be seen, in which order, under which id and after which log entry is the gate's business.
 * Must never open, filter or add anything itself.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: yes. Spec: 6(6)ウ. */
#ifndef MUSUBI_VAULT_HALF_H
#define MUSUBI_VAULT_HALF_H

#include "broker.h"
#include "gate.h"

/* A broker over the gate, which must outlive it. Errors of its calls: those of gate_query, gate_read, gate_write.
 * Free with vault_half_free. Errors: OUT_OF_MEMORY. */
Error vault_half_new(const Gate *gate, Broker **ret_broker) MUST_USE;
/* NULL is fine. Returns NULL. */
Broker *vault_half_free(Broker *broker);

#endif
