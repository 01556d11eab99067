#include "entity_notation.h"

#include "check.h"

#define ATTRIBUTES_MAX 16

static Attribute attribute_from(Str text)
{
    size_t equals = str_find(text, '=');
    Str head = str_slice(text, 0, equals);
    size_t colon = str_find(head, ':');
    return (Attribute){.name = str_slice(head, 0, colon),
                       .type = str_slice(head, colon + 1, head.n),
                       .value =
                           equals == text.n ? STR("null") : str_slice(text, equals + 1, text.n),
                       .created_us = THEN,
                       .modified_us = THEN};
}

Entity entity_of(Arena *arena, const char *text)
{
    Entity entity = {.id = STR("E"),
                     .type = STR("T"),
                     .service_path = STR("/"),
                     .created_us = THEN,
                     .modified_us = THEN};
    entity.attributes = ARENA_MANY(arena, Attribute, ATTRIBUTES_MAX);
    assert_non_null(entity.attributes);
    Str rest = str_from(text);
    Str part;
    while (rest.n > 0 && str_split(&rest, ' ', &part)) {
        entity.attributes[entity.attribute_count++] = attribute_from(part);
    }
    return entity;
}

Str text_of(Arena *arena, const Entity *entity)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        buf_add(&buf, i > 0 ? STR(" ") : STR_EMPTY);
        buf_add(&buf, attribute->name);
        buf_add_char(&buf, ':');
        buf_add(&buf, attribute->type);
        buf_add_char(&buf, '=');
        buf_add(&buf, attribute->value);
    }
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

EntityWrite write_of(Arena *arena, EntityWriteKind kind, const char *attributes)
{
    return (EntityWrite){.kind = kind, .entity = entity_of(arena, attributes)};
}
