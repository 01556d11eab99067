#include "embedded_update.h"

#include <string.h>

static Attribute *find(Entity *entity, Str name)
{
    for (size_t i = 0; i < entity->attribute_count; i++) {
        if (str_eq(entity->attributes[i].name, name)) {
            return &entity->attributes[i];
        }
    }
    return NULL;
}

static Metadata *find_metadata(Metadata *list, size_t count, Str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i].name, name)) {
            return &list[i];
        }
    }
    return NULL;
}

/* Old ones stay, given ones replace or join. */
static Error merge_metadata(Arena *arena, Attribute *old, const Attribute *change)
{
    size_t count = old->metadata_count;
    Metadata *merged = ARENA_MANY(arena, Metadata, count + change->metadata_count);
    ENSURE_ALLOC(merged, arena);
    if (count > 0) {
        memcpy(merged, old->metadata, count * sizeof *merged);
    }
    for (size_t i = 0; i < change->metadata_count; i++) {
        Metadata *same = find_metadata(merged, old->metadata_count, change->metadata[i].name);
        if (same == NULL) {
            same = &merged[count++];
        }
        *same = change->metadata[i];
    }
    old->metadata = merged;
    old->metadata_count = count;
    return OK;
}

static Error apply_one(Arena *arena, Attribute *old, const Attribute *change, int64_t now_us)
{
    bool is_same = str_eq(old->value, change->value) && str_eq(old->type, change->type) &&
                   change->metadata_count == 0;
    if (is_same) {
        return OK;
    }
    old->value = change->value;
    old->type = change->type;
    old->modified_us = now_us;
    return merge_metadata(arena, old, change);
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
            TRY(apply_one(arena, old, change, now_us));
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
