#include "attribute_change.h"

#include <string.h>

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
static Error merge_metadata(Arena *arena, Attribute *attribute, const Attribute *change)
{
    size_t count = attribute->metadata_count;
    Metadata *merged = ARENA_MANY(arena, Metadata, count + change->metadata_count);
    ENSURE_ALLOC(merged, arena);
    if (count > 0) {
        memcpy(merged, attribute->metadata, count * sizeof *merged);
    }
    for (size_t i = 0; i < change->metadata_count; i++) {
        Metadata *same = find_metadata(merged, attribute->metadata_count, change->metadata[i].name);
        if (same == NULL) {
            same = &merged[count++];
        }
        *same = change->metadata[i];
    }
    attribute->metadata = merged;
    attribute->metadata_count = count;
    return OK;
}

Error attribute_change(Arena *arena, Attribute *attribute, const Attribute *change, int64_t now_us,
                       bool *ret_is_changed)
{
    bool is_same = str_eq(attribute->value, change->value) &&
                   str_eq(attribute->type, change->type) && change->metadata_count == 0;
    if (!is_same) {
        TRY(merge_metadata(arena, attribute, change));
        attribute->value = change->value;
        attribute->type = change->type;
        attribute->modified_us = now_us;
    }
    *ret_is_changed = !is_same;
    return OK;
}
