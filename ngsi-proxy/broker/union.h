/* union.h — one answer from two halves: open data first, then personal data.
 *
 * What is asked decides who is asked: a personal type or id goes to the personal half alone, a
 * public one to the public half alone, and without a type both are asked (the personal half only
 * for a token with a purpose). The count is the sum, a page runs across both, and when a half fails
 * the whole answer fails. Must never send a personal id or type to the public half.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: yes. Spec: 6(5)ア, 6(6)オ; consent rule 11. */
#ifndef MUSUBI_UNION_H
#define MUSUBI_UNION_H

#include "broker.h"
#include "classify.h"

/* A broker over both halves, which must outlive it; the classifier is copied. Free with union_free.
 * Errors of its calls besides the halves' own: TOKEN_MISSING and PURPOSE_REQUIRED (a personal type
 * or id without a purpose), TYPE_NOT_REGISTERED, ID_IS_PERSONAL and NAME_IS_PERSONAL (writes),
 * PAGE_TOO_DEEP. Errors: OUT_OF_MEMORY. */
Error union_new(Broker *public_half, Broker *personal_half, const Classifier *classifier,
                Broker **ret_broker) MUST_USE;
/* NULL is fine. Returns NULL. */
Broker *union_free(Broker *broker);

DEFINE_CLEANUP(Broker, union_free)

#endif
