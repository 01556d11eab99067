/* orion_half.h — open data in another NGSIv2 broker: FIWARE Orion, or whatever speaks as it does.
 *
 * A request that this half answers alone goes up as the client sent it, but for what the split took
 * out, and the answer comes back unchanged: status, Location, count, bytes. Where two halves make
 * one answer, entities are asked for in full and read. What goes up is made of what was decoded and
 * checked here. An answer that tells of the broker's own trouble or of its database's words is
 * replaced by one of ours. Must never send a token, an id of a person, the name of an attribute
 * that only personal types have, or a parameter that NGSIv2 does not have.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: yes; a BrokerCall is single-owner. Spec: 6(5)ア, 6(6)オ.
 * Requirement: consent rules 11, 13. Standard: NGSIv2. */
#ifndef MUSUBI_ORION_HALF_H
#define MUSUBI_ORION_HALF_H

#include "broker.h"
#include "classify.h"
#include "http_client.h"

/* The client must outlive it; the classifier is copied. Free with orion_half_free. Errors of its
 * calls: those of broker.h and http_client.h, UPSTREAM_ANSWER, UPSTREAM_FAILED, UPSTREAM_REFUSED,
 * VALUE_IS_PERSONAL, BUDGET_EXCEEDED. Its calls need BrokerCall.asked. Errors: OUT_OF_MEMORY. */
Error orion_half_new(HttpClient *client, const Classifier *classifier, Broker **ret_broker)
    MUST_USE;
/* NULL is fine. Returns NULL. */
Broker *orion_half_free(Broker *broker);

/* Whether the broker answers at all. Errors: those of http_client.h, UPSTREAM_UNAVAILABLE. */
Error orion_half_ping(Broker *broker, Arena *arena, Deadline deadline) MUST_USE;

DEFINE_CLEANUP(Broker, orion_half_free)

#endif
