#include <string.h>

#include "json_write.h"
#include "orion_upstream.h"

/* --- passed on -------------------------------------------------------------------------------- */

static Error pass(const OrionHalf *half, BrokerCall *call)
{
    static const char *const kept[] = {"type", "options", NULL};
    const UpstreamAsk *ask = call->asked;
    OrionTarget target = orion_target(call->vault.arena);
    OrionRequest request = {.method = ask->method,
                            .body = ask->body,
                            .content_type = ask->body.n > 0 ? ask->content_type : STR_EMPTY,
                            .accept = ask->accept};
    orion_target_path(&target, ask);
    orion_target_params(&target, ask, kept);
    TRY(orion_target_finish(&target, &request.target));
    return orion_pass(half, call, &request);
}

/* --- written anew ----------------------------------------------------------------------------- */

static Str action_of(EntityWriteKind kind)
{
    switch (kind) {
    case ENTITY_CREATE:
    case ENTITY_UPSERT:
    case ENTITY_APPEND:
        return STR("append");
    case ENTITY_UPSERT_STRICT:
    case ENTITY_APPEND_STRICT:
        return STR("appendStrict");
    case ENTITY_UPDATE:
        return STR("update");
    case ENTITY_REPLACE:
        return STR("replace");
    case ENTITY_DELETE_ATTRIBUTES:
    case ENTITY_DELETE:
    case ENTITY_WRITE_KIND_COUNT_:
        break;
    }
    return STR("delete");
}

static void write_typed(JsonWriter *writer, Str type, Str value)
{
    if (type.n > 0) {
        json_write_member_string(writer, STR("type"), type);
    }
    json_write_member_raw(writer, STR("value"), value);
}

static void write_attribute(JsonWriter *writer, const Attribute *attribute)
{
    json_write_key(writer, attribute->name);
    json_write_begin_object(writer);
    write_typed(writer, attribute->type, attribute->value);
    if (attribute->metadata_count > 0) {
        json_write_key(writer, STR("metadata"));
        json_write_begin_object(writer);
        for (size_t i = 0; i < attribute->metadata_count; i++) {
            json_write_key(writer, attribute->metadata[i].name);
            json_write_begin_object(writer);
            write_typed(writer, attribute->metadata[i].type, attribute->metadata[i].value);
            json_write_end_object(writer);
        }
        json_write_end_object(writer);
    }
    json_write_end_object(writer);
}

static void write_entity(JsonWriter *writer, const Entity *entity)
{
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("id"), entity->id);
    if (entity->type.n > 0) {
        json_write_member_string(writer, STR("type"), entity->type);
    }
    for (size_t i = 0; i < entity->attribute_count; i++) {
        write_attribute(writer, &entity->attributes[i]);
    }
    json_write_end_object(writer);
}

static Error make_batch(Arena *arena, const EntityBatch *batch, OrionRequest *ret_request)
{
    OrionRequest request = {.method = "POST",
                            .content_type = STR("application/json"),
                            .accept = STR("application/json")};
    OrionTarget target = orion_target(arena);
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("actionType"), action_of(batch->writes[0].kind));
    json_write_key(&writer, STR("entities"));
    json_write_begin_array(&writer);
    for (size_t i = 0; i < batch->count; i++) {
        write_entity(&writer, &batch->writes[i].entity);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    TRY(json_write_finish(&writer, &request.body));
    orion_target_segment(&target, STR("v2"));
    orion_target_segment(&target, STR("op"));
    orion_target_segment(&target, STR("update"));
    orion_target_param(&target, STR("options"),
                       batch->writes[0].overrides_metadata ? STR("overrideMetadata") : STR_EMPTY);
    TRY(orion_target_finish(&target, &request.target));
    *ret_request = request;
    return OK;
}

/* --- what became of it ------------------------------------------------------------------------ */

/* "ID/TYPE - [ a, b ]" or "ID/TYPE [entity itself]" in the sentence; "" when the entity is not in
 * it. What stands between the brackets. */
static Str find_item(Str text, Str id)
{
    while (text.n > 0) {
        const char *hit = memmem(text.p, text.n, id.p, id.n);
        if (hit == NULL) {
            break;
        }
        size_t at = (size_t)(hit - text.p);
        bool starts = at == 0 || text.p[at - 1] == ' ';
        Str rest = str_slice(text, at + id.n, text.n);
        bool ends = rest.n > 0 && (rest.p[0] == '/' || rest.p[0] == ' ');
        if (starts && ends) {
            Str names = str_slice(rest, str_find(rest, '[') + 1, rest.n);
            return str_slice(names, 0, str_find(names, ']'));
        }
        text = rest;
    }
    return STR_EMPTY;
}

static Error read_names(Arena *arena, Str text, StrList *ret_names)
{
    size_t count = 1;
    for (size_t i = 0; i < text.n; i++) {
        count += text.p[i] == ',' ? 1U : 0U;
    }
    Str *items = ARENA_MANY(arena, Str, count);
    ENSURE_ALLOC(items, arena);
    StrList names = {.items = items};
    Str item;
    while (str_split(&text, ',', &item)) {
        items[names.count++] = str_trim(item);
    }
    *ret_names = names;
    return OK;
}

static Error read_outcome(Arena *arena, Str sentence, const EntityWrite *write,
                          EntityOutcome *ret_outcome)
{
    EntityOutcome outcome = {
        .refusal = OK, .type = write->entity.type, .was_there = true, .is_applied = true};
    Str names = str_trim(find_item(sentence, write->entity.id));
    if (str_eq(names, STR("entity itself"))) {
        outcome.refusal = FAIL(ENTITY_NOT_FOUND, NULL);
        outcome.is_applied = false;
    } else if (names.n > 0) {
        bool is_there = str_starts_with(sentence, STR("one or more of the attributes"));
        outcome.refusal = is_there ? FAIL(ATTRIBUTES_EXIST, NULL) : FAIL(ATTRIBUTES_MISSING, NULL);
        TRY(read_names(arena, names, &outcome.names));
        outcome.is_applied = outcome.names.count < write->entity.attribute_count;
    }
    *ret_outcome = outcome;
    return OK;
}

static Error read_sentence(Arena *arena, const HttpAnswer *answer, Str *ret_sentence)
{
    JsonValue root;
    JsonValue text;
    bool is_listed = answer->status == 404 || answer->status == 422;
    ENSURE(is_listed, UPSTREAM_REFUSED, NULL);
    ENSURE(!FAILED(json_parse(arena, answer->body, JSON_LIMITS_REQUEST, &root)), UPSTREAM_ANSWER,
           "its JSON");
    ENSURE(json_member(root, STR("description"), &text) && json_is(text, JSON_STRING),
           UPSTREAM_ANSWER, "no description");
    return json_string_in(arena, text, ret_sentence);
}

static Error read_outcomes(Arena *arena, const HttpAnswer *answer, const EntityBatch *batch,
                           EntityOutcome *ret_outcomes)
{
    Str sentence = STR_EMPTY;
    if (!orion_is_success(answer)) {
        TRY(read_sentence(arena, answer, &sentence));
    }
    bool is_any = orion_is_success(answer);
    for (size_t i = 0; i < batch->count; i++) {
        TRY(read_outcome(arena, sentence, &batch->writes[i], &ret_outcomes[i]));
        is_any |= FAILED(ret_outcomes[i].refusal);
    }
    ENSURE(is_any, UPSTREAM_REFUSED, NULL); /* for a reason that names none of them */
    return OK;
}

/* An Orion can't be asked what it would do, but whether it is there. */
static Error rehearse(const OrionHalf *half, BrokerCall *call)
{
    const OrionRequest request = {
        .method = "GET", .target = STR("/version"), .is_repeatable = true};
    HttpAnswer answer;
    return orion_send(half, call, &request, &answer);
}

Error orion_write(Broker *broker, BrokerCall *call, const EntityBatch *batch,
                  EntityOutcome *ret_outcomes)
{
    const OrionHalf *half = (const OrionHalf *)(void *)broker;
    ENSURE(call->asked != NULL, INTERNAL, "nobody asked");
    if (batch->is_rehearsal) {
        memset(ret_outcomes, 0, batch->count * sizeof *ret_outcomes);
        return rehearse(half, call);
    }
    if (call->raw != NULL) {
        return pass(half, call);
    }
    OrionRequest request;
    HttpAnswer answer;
    TRY(make_batch(call->vault.arena, batch, &request));
    TRY(orion_send(half, call, &request, &answer));
    return read_outcomes(call->vault.arena, &answer, batch, ret_outcomes);
}
