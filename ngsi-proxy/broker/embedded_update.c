#include "embedded_update.h"

#include "attribute_change.h"

static Attribute *find(Entity *entity, Str name)
{
    for (size_t i = 0; i < entity->attribute_count; i++) {
        if (str_eq(entity->attributes[i].name, name)) {
            return &entity->attributes[i];
        }
    }
    return NULL;
}

static void add_missing(Buf *text, const Entity *entity, Str name, bool is_first)
{
    if (is_first) {
        buf_add(text, entity->id);
        buf_add_char(text, '/');
        buf_add(text, entity->type);
        buf_add(text, STR(" - [ "));
    } else {
        buf_add(text, STR(", "));
    }
    buf_add(text, name);
}

Error embedded_update_apply(Arena *arena, Entity *entity, const Entity *changes, int64_t now_us,
                            EmbeddedUpdate *ret_update)
{
    EmbeddedUpdate update = {.missing = STR_EMPTY};
    Buf missing = buf_in(arena);
    for (size_t i = 0; i < changes->attribute_count; i++) {
        const Attribute *change = &changes->attributes[i];
        Attribute *old = find(entity, change->name);
        if (old != NULL) {
            bool is_changed = false;
            TRY(attribute_change(arena, old, change, now_us, &is_changed));
            update.known_count++;
        } else {
            add_missing(&missing, entity, change->name, update.missing_count == 0);
            update.missing_count++;
        }
    }
    if (update.missing_count > 0) {
        buf_add(&missing, STR(" ]"));
    }
    entity->modified_us = now_us;
    TRY(buf_finish(&missing, &update.missing));
    *ret_update = update;
    return OK;
}
