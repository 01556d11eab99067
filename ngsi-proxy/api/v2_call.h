/* v2_call.h — what every NGSIv2 handler reads first and writes last.
 *
 * Headers and parameters in Orion's order of checks, the broker's batch of one request, and the few
 * shapes of answers. Must never decide anything about data.
 *
 * Layer: ngsi-proxy/api; used by the v2_* handlers alone. Thread-safe: single-owner. Standard:
 * NGSIv2. Spec: 6(5)ア. */
#ifndef MUSUBI_V2_CALL_H
#define MUSUBI_V2_CALL_H

#include "api_surface.h"
#include "v2_params.h"

/* A header's value, or NULL when it was not sent. */
const Str *v2_call_header(const Request *request, Str name, Str *storage);
/* Accept, service paths and parameters of a read that answers JSON. Errors: those of v2_headers.h
 * and v2_params.h. */
Error v2_call_read(const Request *request, V2Operation operation, V2Params *ret_params) MUST_USE;
/* The same without a look at Accept, for answers in another form. */
Error v2_call_read_any(const Request *request, V2Operation operation, V2Params *ret_params)
    MUST_USE;
/* There is a body, and it is JSON. Errors: BODY_MISSING, those of v2_content_type_check. */
Error v2_call_body(const Request *request) MUST_USE;
/* Body, media types, the one service path and the parameters of a write with a JSON body.
 * *ret_path is what EntityWrite.service_path takes. Errors: also BODY_MISSING. */
Error v2_call_write(const Request *request, V2Operation operation, V2Params *ret_params,
                    Str *ret_path) MUST_USE;
/* The same for a write without a body, or whose body has rules of its own. */
Error v2_call_write_bare(const Request *request, V2Operation operation, V2Params *ret_params,
                         Str *ret_path) MUST_USE;
/* {id} of the path, checked; the last capture is {a}. Errors: those of v2_path_id_check. */
Error v2_call_id(const Request *request, Str *ret_id) MUST_USE;
Error v2_call_attribute(const Request *request, Str *ret_name) MUST_USE;

/* The broker's calls: each tells it what the client sent, and whether another broker's answer may
 * be given unchanged. Whoever calls asks v2_call_is_answered before it renders. */

/* Page of entities; params lives as long as the call. Errors: those of BrokerOps.query. */
Error v2_call_query(ApiCall *call, const V2Params *params, EntityPage *ret_page) MUST_USE;
/* One entity. Errors: those of BrokerOps.get. */
Error v2_call_get(ApiCall *call, Str id, const V2Params *params, Entity *ret_entity) MUST_USE;
/* Types. Errors: those of BrokerOps.types. */
Error v2_call_types(ApiCall *call, const TypesQuery *query, TypeList *ret_types) MUST_USE;
/* Hands the batch to the broker and words the outcomes; ret_outcomes (batch->count) tell more.
 * must_be_own: the answer is never another broker's. Errors: those of the broker and of
 * entity_outcomes_error. */
Error v2_call_do(ApiCall *call, const EntityBatch *batch, bool must_be_own,
                 EntityOutcome *ret_outcomes) MUST_USE;
/* A batch of one. */
Error v2_call_do_one(ApiCall *call, const EntityWrite *write, EntityOutcome *ret_outcome) MUST_USE;
/* Whether the answer is another broker's. */
bool v2_call_is_answered(const ApiCall *call);
/* Gives that answer. Errors: UPSTREAM_ANSWER (a header that can't be passed on). */
Error v2_call_answer(const ApiCall *call, Response *response) MUST_USE;

/* Fiware-Total-Count. */
Error v2_call_count(const Request *request, int64_t total, Response *response) MUST_USE;

#endif
