/* vault_half.h — personal data behind the broker port: every call goes through the gate.
 *
 * Must never hold a value back or add one: what the gate gives is the answer.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: yes. Spec: 6(6)ア, 6(6)ウ. */
#ifndef MUSUBI_VAULT_HALF_H
#define MUSUBI_VAULT_HALF_H

#include "broker.h"
#include "gate.h"

/* Over the gate, which must outlive it. Free with vault_half_free. Errors of its calls: those of
 * gate.h. Errors: OUT_OF_MEMORY. */
Error vault_half_new(const Gate *gate, Broker **ret_broker) MUST_USE;
/* NULL is fine. Returns NULL. */
Broker *vault_half_free(Broker *broker);

DEFINE_CLEANUP(Broker, vault_half_free)

#endif
