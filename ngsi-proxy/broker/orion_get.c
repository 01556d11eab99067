#include "orion_read.h"
#include "orion_upstream.h"

static const char *const PARAMS[] = {"type", "attrs", "metadata", "options", NULL};

static Error pass(const OrionHalf *half, BrokerCall *call)
{
    OrionTarget target = orion_target(call->vault.arena);
    OrionRequest request = {.method = "GET", .accept = call->asked->accept, .is_repeatable = true};
    orion_target_path(&target, call->asked);
    orion_target_params(&target, call->asked, PARAMS);
    TRY(orion_target_finish(&target, &request.target));
    return orion_pass(half, call, &request);
}

static Error ask(const OrionHalf *half, BrokerCall *call, Str id, Str type, HttpAnswer *ret_answer)
{
    OrionTarget target = orion_target(call->vault.arena);
    OrionRequest request = {
        .method = "GET", .accept = STR("application/json"), .is_repeatable = true};
    orion_target_segment(&target, STR("v2"));
    orion_target_segment(&target, STR("entities"));
    orion_target_segment(&target, id);
    orion_target_param(&target, STR("type"), type);
    orion_target_param(&target, STR("attrs"), ORION_ATTRIBUTES);
    orion_target_param(&target, STR("metadata"), ORION_METADATA);
    TRY(orion_target_finish(&target, &request.target));
    return orion_send(half, call, &request, ret_answer);
}

static Error read(const OrionHalf *half, const BrokerCall *call, const HttpAnswer *answer,
                  Entity *ret_entity)
{
    JsonValue root;
    ENSURE(answer->status != 404, ENTITY_NOT_FOUND, NULL);
    ENSURE(answer->status != 409, ENTITY_AMBIGUOUS, NULL);
    if (!orion_is_success(answer)) {
        return orion_refused(call, answer);
    }
    TRY(orion_read_json(call->vault.arena, answer->body, &root));
    TRY(orion_read_entity(call->vault.arena, root, ret_entity));
    ENSURE(classify_type(&half->classifier, ret_entity->type) == TYPE_PUBLIC, ENTITY_NOT_FOUND,
           NULL);
    return OK;
}

/* "v2", "entities", id, "attrs", name of the attribute, "value" */
#define SEGMENT_ATTRIBUTE 4

static bool may_pass(const OrionHalf *half, const BrokerCall *call, Str type)
{
    const UpstreamAsk *ask = call->asked;
    if (half->classifier.are_unlisted_public) {
        return true;
    }
    bool may_name = ask->segment_count <= SEGMENT_ATTRIBUTE ||
                    orion_may_tell(half, ask->segments[SEGMENT_ATTRIBUTE]);
    return type.n > 0 && may_name &&
           orion_may_tell_all(half, upstream_ask_param(ask, STR("attrs"))) &&
           orion_may_tell_all(half, upstream_ask_param(ask, STR("metadata")));
}

/* Without a type the entity is looked at before it is shown: the broker may hold more than open
 * data of registered types. */
Error orion_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                Entity *ret_entity)
{
    const OrionHalf *half = (const OrionHalf *)(void *)broker;
    HttpAnswer answer;
    (void)query; /* all that there is, of one entity */
    ENSURE(call->asked != NULL, INTERNAL, "nobody asked");
    if (call->raw != NULL && may_pass(half, call, type)) {
        return pass(half, call);
    }
    TRY(ask(half, call, id, type, &answer));
    return read(half, call, &answer, ret_entity);
}
