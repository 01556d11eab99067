/* Answers of another broker: whatever bytes come, they are read as entities or types, or refused;
 * what is read is whole. */
#include <stdlib.h>

#include "orion_read.h"

#define BUDGET_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void read_list(Arena *arena, Str text)
{
    Entity *entities = NULL;
    size_t count = 0;
    if (FAILED(orion_read_entities(arena, text, &entities, &count))) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        demand(entities[i].id.n > 0 && entities[i].type.n > 0);
        for (size_t a = 0; a < entities[i].attribute_count; a++) {
            const Attribute *attribute = &entities[i].attributes[a];
            JsonValue value;
            demand(!str_eq(attribute->name, STR("dateCreated")));
            demand(!FAILED(orion_read_json(arena, attribute->value, &value)));
        }
    }
}

static void read_type(Arena *arena, Str text)
{
    JsonValue root;
    TypeInfo info = {.count = -1};
    if (FAILED(orion_read_json(arena, text, &root)) ||
        FAILED(orion_read_type(arena, root, &info))) {
        return;
    }
    for (size_t i = 1; i < info.attribute_count; i++) {
        demand(str_compare(info.attributes[i - 1].name, info.attributes[i].name) < 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) Arena *arena = arena_new(BUDGET_BYTES);
    demand(arena != NULL);
    read_list(arena, str_bytes(data, size));
    read_type(arena, str_bytes(data, size));
    return 0;
}
