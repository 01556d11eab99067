/* op/update and op/notify: what is read as a batch is well-formed, the engine works it off on a
 * fixed entity, one write after the other, and what comes of it can be shown, and sent back. An
 * input is a body, or the choices of which a body is made: so the engine is reached without luck.
 */
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

/* --- a body from choices --- */

typedef struct Maker {
    const uint8_t *data;
    size_t size;
    Buf *buf;
} Maker;

static size_t choose(Maker *maker, size_t below)
{
    if (maker->size == 0) {
        return 0;
    }
    maker->size--;
    return *maker->data++ % below;
}

static void add_one_of(Maker *maker, const char *const *pieces, size_t count)
{
    buf_add(maker->buf, str_from(pieces[choose(maker, count)]));
}

#define ADD_ONE_OF(maker_, pieces_)                                                                \
    add_one_of((maker_), (pieces_), sizeof(pieces_) / sizeof *(pieces_))

static const char *const SCALARS[] = {"1",
                                      "2",
                                      "-0.5",
                                      "1e2",
                                      "1.0",
                                      "9007199254740993",
                                      "1e300",
                                      "1e-300",
                                      "\"x\"",
                                      "\"\"",
                                      "\"34.9, 134.8\"",
                                      "\"2026-01-01\"",
                                      "\"a<b\"",
                                      "true",
                                      "null",
                                      "[]",
                                      "[1,2]",
                                      "[1.0,\"x\",{\"a\":1}]",
                                      "{}",
                                      "{\"a\":1}",
                                      "{\"a\":{\"a\":[]},\"b\":null}",
                                      "{\"type\":\"Point\",\"coordinates\":[134.8,34.9]}",
                                      "{\"$inc\":1}"};

static void make_value(Maker *maker)
{
    static const char *const operators[] = {"$inc",  "$mul",      "$min",  "$max",
                                            "$push", "$addToSet", "$pull", "$pullAll",
                                            "$set",  "$unset",    "$foo",  "a"};
    size_t members = choose(maker, 4);
    if (members == 0) {
        ADD_ONE_OF(maker, SCALARS);
        return;
    }
    buf_add_char(maker->buf, '{');
    for (size_t i = 0; i < (members == 3 ? 2U : 1U); i++) {
        buf_add(maker->buf, i > 0 ? STR(",\"") : STR("\""));
        ADD_ONE_OF(maker, operators);
        buf_add(maker->buf, STR("\":"));
        ADD_ONE_OF(maker, SCALARS);
    }
    buf_add_char(maker->buf, '}');
}

static void make_attribute(Maker *maker)
{
    static const char *const names[] = {"n", "l",   "o",           "s",          "g",
                                        "d", "new", "dateExpires", "dateCreated"};
    static const char *const types[] = {"",
                                        ",\"type\":\"Number\"",
                                        ",\"type\":\"DateTime\"",
                                        ",\"type\":\"geo:point\"",
                                        ",\"type\":\"geo:json\"",
                                        ",\"type\":\"TextUnrestricted\""};
    static const char *const metadata[] = {"", ",\"metadata\":{}",
                                           ",\"metadata\":{\"u\":{\"value\":1}}",
                                           ",\"metadata\":{\"ignoreType\":{\"value\":true}}",
                                           ",\"metadata\":{\"TextUnrestricted\":{\"value\":true}}"};
    buf_add(maker->buf, STR(",\""));
    ADD_ONE_OF(maker, names);
    buf_add(maker->buf, STR("\":{\"value\":"));
    make_value(maker);
    ADD_ONE_OF(maker, types);
    ADD_ONE_OF(maker, metadata);
    buf_add_char(maker->buf, '}');
}

static void make_entity(Maker *maker)
{
    static const char *const heads[] = {"{\"id\":\"E\",\"type\":\"T\"", "{\"id\":\"E\"",
                                        "{\"id\":\"E\",\"type\":\"U\"",
                                        "{\"id\":\"F\",\"type\":\"T\""};
    ADD_ONE_OF(maker, heads);
    for (size_t i = choose(maker, 4); i > 0; i--) {
        make_attribute(maker);
    }
    buf_add_char(maker->buf, '}');
}

static Str made_body(Arena *arena, const uint8_t *data, size_t size)
{
    static const char *const actions[] = {"append", "appendStrict", "update", "delete", "replace"};
    Buf buf = buf_in(arena);
    Maker maker = {.data = data, .size = size, .buf = &buf};
    Str body;
    buf_add(&buf, STR("{\"actionType\":\""));
    ADD_ONE_OF(&maker, actions);
    buf_add(&buf, STR("\",\"entities\":["));
    size_t entities = 1 + choose(&maker, 4);
    for (size_t i = 0; i < entities; i++) {
        buf_add(&buf, i > 0 ? STR(",") : STR(""));
        make_entity(&maker);
    }
    buf_add(&buf, STR("]}"));
    require(!FAILED(buf_finish(&buf, &body)));
    return body;
}

/* --- from a body to the stored entity --- */

/* The first byte of an input: '0' update, '1' keyValues, '2' and '3' the same with
 * overrideMetadata, '4' notify, '8' choices, ':' the same with overrideMetadata. */
static Error parse(Arena *arena, const uint8_t *data, size_t size, EntityBatch *ret_batch)
{
    unsigned char mode = data[0];
    V2UpdateOptions options = {.service_path = STR("/"),
                               .is_key_values = (mode & 1U) != 0,
                               .overrides_metadata = (mode & 2U) != 0};
    if ((mode & 8U) != 0) {
        options.is_key_values = false;
        Str body = made_body(arena, data + 1, size - 1);
        return v2_update_body_parse(arena, body, &options, ret_batch);
    }
    Str body = str_bytes(data + 1, size - 1);
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
    if (size == 0 || FAILED(parse(arena, data, size, &batch))) {
        return 0;
    }
    require(batch.count <= ENTITY_BATCH_MAX);
    for (size_t i = 0; i < batch.count; i++) {
        check_write(arena, &batch.writes[i]);
    }
    work_off(arena, &batch);
    return 0;
}
