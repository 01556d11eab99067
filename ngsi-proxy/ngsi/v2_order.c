#include "v2_order.h"

typedef struct NameRow {
    Str name;
    EntityOrderKind kind;
} NameRow;

static const NameRow NAMES[] = {
    {STR_INIT("id"), ENTITY_ORDER_ID},
    {STR_INIT("type"), ENTITY_ORDER_TYPE},
    {STR_INIT("servicePath"), ENTITY_ORDER_SERVICE_PATH},
    {STR_INIT("dateCreated"), ENTITY_ORDER_CREATED},
    {STR_INIT("dateModified"), ENTITY_ORDER_MODIFIED},
    {STR_INIT("geo:distance"), ENTITY_ORDER_DISTANCE},
};

static EntityOrderKind find_kind(Str name)
{
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (str_eq(NAMES[i].name, name)) {
            return NAMES[i].kind;
        }
    }
    return ENTITY_ORDER_ATTRIBUTE;
}

static size_t count_parts(Str text, char separator)
{
    size_t count = 1;
    for (size_t i = 0; i < text.n; i++) {
        count += text.p[i] == separator ? 1U : 0U;
    }
    return count;
}

static Error read_path(Arena *arena, Str name, EntityOrder *order)
{
    Str *tokens = ARENA_MANY(arena, Str, count_parts(name, '.'));
    ENSURE_ALLOC(tokens, arena);
    size_t count = 0;
    while (str_split(&name, '.', &tokens[count])) {
        ENSURE(tokens[count].n > 0, PARAM_VALUE, "orderBy");
        count++;
    }
    order->attribute = tokens[0];
    order->path = (StrList){.items = tokens + 1, .count = count - 1};
    return OK;
}

static Error read_item(Arena *arena, Str item, EntityOrder *ret_order)
{
    EntityOrder order = {.is_descending = str_starts_with(item, STR("!"))};
    Str name = order.is_descending ? str_slice(item, 1, item.n) : item;
    order.kind = find_kind(name);
    if (order.kind == ENTITY_ORDER_ATTRIBUTE) {
        TRY(read_path(arena, name, &order));
    }
    *ret_order = order;
    return OK;
}

static bool is_same(const EntityOrder *left, const EntityOrder *right)
{
    bool is_equal = left->kind == right->kind && left->path.count == right->path.count &&
                    str_eq(left->attribute, right->attribute);
    for (size_t i = 0; is_equal && i < left->path.count; i++) {
        is_equal = str_eq(left->path.items[i], right->path.items[i]);
    }
    return is_equal;
}

Error v2_order_read(Arena *arena, Str text, const EntityOrder **ret_order, size_t *ret_count)
{
    size_t count = count_parts(text, ',');
    ENSURE(count <= ENTITY_ORDER_ITEMS_MAX, ORDER_ITEMS, NULL);
    EntityOrder *items = ARENA_MANY(arena, EntityOrder, count);
    ENSURE_ALLOC(items, arena);
    for (size_t i = 0; i < count; i++) {
        Str item = STR_EMPTY;
        (void)str_split(&text, ',', &item); /* there are count of them */
        TRY(read_item(arena, item, &items[i]));
        for (size_t k = 0; k < i; k++) {
            Str name = str_starts_with(item, STR("!")) ? str_slice(item, 1, item.n) : item;
            ENSURE(!is_same(&items[k], &items[i]), ORDER_REPEATED, str_argument(arena, name));
        }
    }
    *ret_order = items;
    *ret_count = count;
    return OK;
}

Error v2_order_check(const EntityQuery *query)
{
    for (size_t i = 0; i < query->order_count; i++) {
        ENSURE(query->order[i].kind != ENTITY_ORDER_DISTANCE || query->place != NULL, ORDER_PLACE,
               NULL);
    }
    return OK;
}
