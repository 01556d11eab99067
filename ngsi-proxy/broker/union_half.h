/* union_half.h — what union's files share: the two halves, and which of them an address means.
 *
 * Layer: ngsi-proxy/broker; used by union.c and union_write.c alone. Thread-safe: yes (immutable).
 * Must never be asked by anyone else. Requirement: consent rule 11. */
#ifndef MUSUBI_UNION_HALF_H
#define MUSUBI_UNION_HALF_H

#include "broker.h"
#include "classify.h"

#define UNION_MERGE_MAX 1000

typedef struct UnionBroker {
    Broker broker; /* first: a Broker * is a UnionBroker * */
    Broker *public_half;
    Broker *personal_half;
    Classifier classifier;
} UnionBroker;

/* The union behind a broker of its own making. */
UnionBroker *union_of(Broker *broker);
/* Whether the caller may ask for personal data at all. */
bool union_has_purpose(const Principal *principal);
/* Errors: TOKEN_MISSING, PURPOSE_REQUIRED. */
Error union_require_purpose(const Principal *principal) MUST_USE;
/* The ids that the caller's view has; none for a caller without a purpose. In the call's arena. */
Error union_knows(const UnionBroker *self, BrokerCall *call, StrList ids, StrList *ret_known)
    MUST_USE;
/* The half that an id and, unless "", a type mean; NULL when no half can have such an entity.
 * Errors: TOKEN_MISSING, PURPOSE_REQUIRED, those of the personal half. */
Error union_half_of(const UnionBroker *self, BrokerCall *call, Str id, Str type, Broker **ret_half)
    MUST_USE;

/* The write op. */
Error union_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                  EntityOutcome *ret_outcomes) MUST_USE;

#endif
