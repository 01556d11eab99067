/* NGSIv2 bodies: what is accepted can be shown, and what is shown is accepted again and shown the
 * same. */
#include <stdlib.h>

#include "v2_entity.h"
#include "v2_render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The first byte of an input: '0' create, '1' create keyValues, '2' update, '3' update keyValues.
 */
static Error parse(Arena *arena, char mode, Str body, Entity *ret_entity)
{
    bool is_key_values = ((unsigned char)mode & 1U) != 0;
    if (((unsigned char)mode & 2U) == 0) {
        return v2_entity_parse(arena, body, is_key_values, ret_entity);
    }
    TRY(v2_attributes_parse(arena, body, is_key_values, ret_entity));
    ret_entity->id = STR("E");
    ret_entity->type = STR("T");
    entity_attributes_sort(ret_entity);
    return OK;
}

static Str shown(Arena *arena, const Entity *entity)
{
    Str json;
    Error error =
        v2_entity_render_in(arena, entity, &(V2Show){.representation = V2_NORMALIZED}, &json);
    require(!FAILED(error));
    return json;
}

static void check_records(Arena *arena, const Entity *entity)
{
    for (size_t i = 0; i < entity->attribute_count; i++) {
        Str record;
        Attribute read;
        require(!FAILED(attribute_record_write(arena, &entity->attributes[i], &record)));
        require(!FAILED(attribute_record_read(arena, record, &read)));
        require(str_eq(read.value, entity->attributes[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 30);
    Entity entity;
    Entity again;
    require(arena != NULL);
    if (size == 0 || FAILED(parse(arena, (char)data[0], str_bytes(data + 1, size - 1), &entity))) {
        return 0;
    }
    check_records(arena, &entity);
    Str first = shown(arena, &entity);
    Error error = v2_entity_parse(arena, first, false, &again);
    /* A bare value stands one level deeper when it is shown in full. */
    if (error.reason != REASON_JSON_LIMIT) {
        require(!FAILED(error));
        require(str_eq(first, shown(arena, &again)));
    }
    return 0;
}
