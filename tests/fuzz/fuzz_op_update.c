/* op/update and op/notify: what is read as a batch is well-formed, the engine works it off on a
 * fixed entity, one write after the other, and what comes of it can be shown, and sent back. */
#include <stdlib.h>

#include "v2_entity.h"
#include "v2_render.h"
#include "v2_syntax.h"
#include "v2_update_body.h"

#define NOW_US 1775001600000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The first byte of an input: '0' update, '1' keyValues, '2' and '3' the same with
 * overrideMetadata, '4' notify. */
static Error parse(Arena *arena, unsigned char mode, Str body, EntityBatch *ret_batch)
{
    V2UpdateOptions options = {.service_path = STR("/"),
                               .is_key_values = (mode & 1U) != 0,
                               .overrides_metadata = (mode & 2U) != 0};
    return (mode & 4U) != 0 ? v2_notify_body_parse(arena, body, &options, ret_batch)
                            : v2_update_body_parse(arena, body, &options, ret_batch);
}

static void check_attribute(Arena *arena, const Attribute *attribute)
{
    JsonValue value;
    require(attribute->name.n > 0 && v2_is_name_text(attribute->name));
    require(attribute->type.n > 0 && v2_is_name_text(attribute->type));
    require(!FAILED(json_parse(arena, attribute->value, JSON_LIMITS_REQUEST, &value)));
    require(str_eq(json_text(value), attribute->value));
}

static void check_write(Arena *arena, const EntityWrite *write)
{
    require(write->kind < ENTITY_WRITE_KIND_COUNT_);
    require(write->entity.id.n > 0 && v2_is_name_text(write->entity.id));
    require(v2_is_name_text(write->entity.type));
    require(write->kind != ENTITY_DELETE || write->entity.attribute_count == 0);
    for (size_t i = 0; i < write->entity.attribute_count; i++) {
        check_attribute(arena, &write->entity.attributes[i]);
    }
}

static Entity before_all(Arena *arena)
{
    Entity entity;
    Str body = STR(
        "{\"id\":\"E\",\"type\":\"T\",\"n\":{\"value\":10},\"l\":{\"value\":[1,2]},\"o\":{"
        "\"value\":"
        "{\"a\":1,\"b\":2}},\"s\":{\"value\":\"x\",\"metadata\":{\"u\":{\"value\":\"m\"}}},\"g\":{"
        "\"value\":\"1, 1\",\"type\":\"geo:point\"},\"d\":{\"value\":\"2026-01-01\",\"type\":"
        "\"DateTime\"}}");
    require(!FAILED(v2_entity_parse(arena, body, false, &entity)));
    entity.service_path = STR("/");
    return entity;
}

/* What stands in the store is what could have been sent; only its depth may be over the limit. */
static void check_result(Arena *arena, const Entity *entity)
{
    Str json;
    Entity again;
    V2Show show = {.representation = V2_NORMALIZED};
    require(!FAILED(v2_entity_render_in(arena, entity, &show, &json)));
    Error error = v2_entity_parse(arena, json, false, &again);
    require(!FAILED(error) || error.reason == REASON_JSON_LIMIT);
}

static bool is_meant(const EntityWrite *write)
{
    return str_eq(write->entity.id, STR("E")) &&
           (write->entity.type.n == 0 || str_eq(write->entity.type, STR("T")));
}

/* False when the batch is refused as a whole. */
static bool apply(Arena *arena, const EntityWrite *write, const Entity **before,
                  EntityOutcome *outcome)
{
    const Entity *seen = is_meant(write) ? *before : NULL;
    EntityEdit edit;
    if (FAILED(entity_update_plan(arena, write, seen, NOW_US, &edit))) {
        return false;
    }
    *outcome = edit.outcome;
    if (edit.is_deleted || FAILED(edit.outcome.refusal) || !edit.outcome.is_applied) {
        *before = edit.is_deleted && is_meant(write) ? NULL : *before;
        return true;
    }
    Entity *after = ARENA_ONE(arena, Entity);
    require(after != NULL);
    require(!FAILED(entity_update_result_in(arena, write, seen, &edit, NOW_US, after)));
    check_result(arena, after);
    *before = is_meant(write) ? after : *before;
    return true;
}

static void work_off(Arena *arena, const EntityBatch *batch)
{
    Entity entity = before_all(arena);
    const Entity *before = &entity;
    EntityOutcome *outcomes = ARENA_MANY(arena, EntityOutcome, batch->count);
    require(outcomes != NULL);
    for (size_t i = 0; i < batch->count; i++) {
        if (!apply(arena, &batch->writes[i], &before, &outcomes[i])) {
            return;
        }
    }
    if (batch->count > 0) {
        Error error = entity_outcomes_error(arena, batch, outcomes);
        require(error.reason != REASON_INTERNAL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 30);
    EntityBatch batch;
    require(arena != NULL);
    if (size == 0 || FAILED(parse(arena, data[0], str_bytes(data + 1, size - 1), &batch))) {
        return 0;
    }
    require(batch.count <= ENTITY_BATCH_MAX);
    for (size_t i = 0; i < batch.count; i++) {
        check_write(arena, &batch.writes[i]);
    }
    work_off(arena, &batch);
    return 0;
}
