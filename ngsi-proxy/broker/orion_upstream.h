/* orion_upstream.h — what orion_half's files share: how a request goes up and what an answer is
 * worth.
 *
 * Must never pass on what leaks: see orion_half.h.
 *
 * Layer: ngsi-proxy/broker; used by the orion_* files alone. Thread-safe: yes (immutable).
 * Requirement: consent rule 13. */
#ifndef MUSUBI_ORION_UPSTREAM_H
#define MUSUBI_ORION_UPSTREAM_H

#include "orion_half.h"

typedef struct OrionHalf {
    Broker broker; /* first: a Broker * is an OrionHalf * */
    HttpClient *client;
    Classifier classifier;
} OrionHalf;

/* --- names ------------------------------------------------------------------------------------ */

/* Whether the name of an attribute may be sent: one that only personal types have may not. */
bool orion_may_tell(const OrionHalf *half, Str name);
/* All items of a list with commas. */
bool orion_may_tell_all(const OrionHalf *half, Str list);

/* --- targets ---------------------------------------------------------------------------------- */

typedef struct OrionTarget {
    Buf buf;
    bool has_param;
} OrionTarget;

/* An empty one, in the arena. */
OrionTarget orion_target(Arena *arena);
/* Appends "/segment", encoded. */
void orion_target_segment(OrionTarget *target, Str segment);
/* Appends a parameter, encoded; nothing when the value is "". */
void orion_target_param(OrionTarget *target, Str name, Str value);
/* The path of the request that the client sent. */
void orion_target_path(OrionTarget *target, const UpstreamAsk *ask);
/* The client's parameters among names (NULL-terminated). */
void orion_target_params(OrionTarget *target, const UpstreamAsk *ask, const char *const *names);
/* Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error orion_target_finish(const OrionTarget *target, Str *ret_target) MUST_USE;

/* --- exchanges -------------------------------------------------------------------------------- */

typedef struct OrionRequest {
    const char *method;
    Str target;
    Str body;
    Str content_type; /* "" = none */
    Str accept;       /* "" = none */
    bool is_repeatable;
} OrionRequest;

/* Sends with tenant, service path and correlator; the call's snapshot is given back meanwhile, and
 * when call->raw is NULL another one is there afterwards. The answer's status is 2xx or one that a
 * client may be told (4xx). Errors: those of http_client.h, UPSTREAM_ANSWER, UPSTREAM_FAILED,
 * UPSTREAM_REFUSED, UPSTREAM_UNAVAILABLE, VALUE_IS_PERSONAL. */
Error orion_send(const OrionHalf *half, BrokerCall *call, const OrionRequest *request,
                 HttpAnswer *ret_answer) MUST_USE;
bool orion_is_success(const HttpAnswer *answer);
/* Sends, and gives the answer as it is to call->raw, which is not NULL. */
Error orion_pass(const OrionHalf *half, BrokerCall *call, const OrionRequest *request) MUST_USE;
/* A refusal (4xx) that came where results were asked for: given as it is where that may be, else an
 * Error. Errors: UPSTREAM_REFUSED. */
Error orion_refused(const BrokerCall *call, const HttpAnswer *answer) MUST_USE;

/* --- the operations --------------------------------------------------------------------------- */

/* As BrokerOps. */
Error orion_query(Broker *broker, BrokerCall *call, const EntityQuery *query, EntityPage *ret_page)
    MUST_USE;
Error orion_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                Entity *ret_entity) MUST_USE;
Error orion_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                  EntityOutcome *ret_outcomes) MUST_USE;
Error orion_types(Broker *broker, BrokerCall *call, const TypesQuery *query, TypeList *ret_types)
    MUST_USE;

#endif
