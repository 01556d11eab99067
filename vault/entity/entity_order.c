#include "entity_order.h"

#include <string.h>

#include "plain_value.h"

/* A key is written so that plain comparison of bytes gives the order:
 *
 *   key    = one value for each item of the order; all bits inverted where the item descends
 *   value  = rank, then: number and moment 8 bytes big-endian, made to compare unsigned
 *                        text   its bytes, 0 as 0 255, end 0 1
 *                        bool   one byte
 *                        object for each member rank, name (as text), rest of value; end 0
 *                        array  (inside a compound value only) its values; end 0
 *
 * No value is the beginning of another, so the next item is reached only by equal values, and
 * inverted bits turn the order round. */
enum Rank {
    RANK_END,
    RANK_EMPTY_ARRAY, /* below null: MongoDB takes it for undefined */
    RANK_NULL,
    RANK_NUMBER,
    RANK_TEXT,
    RANK_OBJECT,
    RANK_ARRAY,
    RANK_BOOL,
    RANK_MOMENT
};

static const unsigned char RANK_OF_KIND[] = {
    [PLAIN_NULL] = RANK_NULL,     [PLAIN_NUMBER] = RANK_NUMBER, [PLAIN_TEXT] = RANK_TEXT,
    [PLAIN_OBJECT] = RANK_OBJECT, [PLAIN_ARRAY] = RANK_ARRAY,   [PLAIN_BOOL] = RANK_BOOL,
    [PLAIN_MOMENT] = RANK_MOMENT};

/* --- scalars --- */

static void put_rank(Buf *buf, enum Rank rank)
{
    buf_add_char(buf, (char)rank);
}

/* IEEE 754 doubles compare as integers do once the sign is turned: negative ones whole. */
static void put_number(Buf *buf, double number)
{
    double tidy = number == 0 ? 0 : number; /* -0 equals 0 */
    uint64_t bits = 0;
    memcpy(&bits, &tidy, sizeof bits);
    buf_add_u64be(buf, bits >> 63 != 0 ? ~bits : bits | (uint64_t)1 << 63);
}

static void put_moment(Buf *buf, int64_t at_us)
{
    buf_add_u64be(buf, (uint64_t)at_us ^ (uint64_t)1 << 63);
}

static void put_text(Buf *buf, Str text)
{
    Str rest = str_slice(text, 0, ENTITY_SORT_VALUE_BYTES);
    size_t at = 0;
    while ((at = str_find(rest, '\0')) < rest.n) {
        buf_add(buf, str_slice(rest, 0, at));
        buf_add(buf, STR("\0\377"));
        rest = str_slice(rest, at + 1, rest.n);
    }
    buf_add(buf, rest);
    buf_add(buf, STR("\0\1"));
}

/* What follows the rank of a scalar. */
static void put_scalar(Buf *buf, const PlainValue *value)
{
    if (value->kind == PLAIN_NUMBER) {
        put_number(buf, value->number);
    } else if (value->kind == PLAIN_TEXT) {
        put_text(buf, value->text);
    } else if (value->kind == PLAIN_BOOL) {
        buf_add_char(buf, value->truth ? 1 : 0);
    } else if (value->kind == PLAIN_MOMENT) {
        put_moment(buf, value->at_us);
    }
}

static void put_value(Buf *buf, PlainValue value)
{
    put_rank(buf, RANK_OF_KIND[value.kind]);
    put_scalar(buf, &value);
}

/* --- compound values --- */

/* At most JSON_DEPTH_MAX deep. name: of a member, NULL elsewhere. */
static Error put_tree(Buf *buf, Arena *scratch, JsonValue tree, const Str *name)
{
    PlainValue value;
    TRY(plain_value_in(scratch, json_text(tree), &value));
    put_rank(buf, RANK_OF_KIND[value.kind]);
    if (name != NULL) {
        put_text(buf, *name);
    }
    if (value.kind != PLAIN_OBJECT && value.kind != PLAIN_ARRAY) {
        put_scalar(buf, &value);
        return OK;
    }
    JsonIter iter = json_iter(tree);
    JsonValue member;
    Str key;
    while (json_next(&iter, &key, &member)) {
        TRY(put_tree(buf, scratch, member, value.kind == PLAIN_OBJECT ? &key : NULL));
    }
    put_rank(buf, RANK_END);
    return OK;
}

/* The best of several values that stand for one. */
typedef struct Best {
    Str bytes;
    bool is_descending;
    bool is_found;
} Best;

static void consider(Best *best, Str bytes)
{
    int order = best->is_found ? str_compare(bytes, best->bytes) : 0;
    if (!best->is_found || (best->is_descending ? order > 0 : order < 0)) {
        best->bytes = bytes;
        best->is_found = true;
    }
}

static Error consider_tree(Best *best, Arena *scratch, JsonValue tree)
{
    Buf buf = buf_in(scratch);
    TRY(put_tree(&buf, scratch, tree, NULL));
    Str bytes;
    TRY(buf_finish(&buf, &bytes));
    consider(best, bytes);
    return OK;
}

static const char NULL_VALUE[] = {RANK_NULL};
static const char EMPTY_ARRAY_VALUE[] = {RANK_EMPTY_ARRAY};

static Error consider_reached(Best *best, Arena *scratch, JsonValue value)
{
    if (!json_is(value, JSON_ARRAY)) {
        return consider_tree(best, scratch, value);
    }
    if (json_count(value) == 0) {
        consider(best, str_bytes(EMPTY_ARRAY_VALUE, 1));
        return OK;
    }
    JsonIter iter = json_iter(value);
    JsonValue member;
    while (json_next(&iter, NULL, &member)) {
        TRY(consider_tree(best, scratch, member));
    }
    return OK;
}

static Error put_compound(Buf *buf, Arena *scratch, Str json, const EntityOrder *item)
{
    PlainReach reach;
    TRY(plain_value_reach_in(scratch, json, item->path, &reach));
    Best best = {.is_descending = item->is_descending};
    if (reach.has_gap || reach.count == 0) {
        consider(&best, str_bytes(NULL_VALUE, 1));
    }
    for (size_t i = 0; i < reach.count; i++) {
        TRY(consider_reached(&best, scratch, reach.values[i]));
    }
    /* Two that are cut are cut at the same place; one that is not cut differs before it. */
    buf_add(buf, str_slice(best.bytes, 0, ENTITY_SORT_VALUE_BYTES));
    return OK;
}

/* --- items of the order --- */

static Error put_attribute(Buf *buf, Arena *scratch, const Entity *entity, const EntityOrder *item)
{
    const Attribute *attribute = entity_attribute_find(entity, item->attribute);
    PlainValue value = {.kind = PLAIN_NULL};
    if (attribute != NULL) {
        TRY(plain_value_of_type_in(scratch, attribute->value, attribute->type, &value));
    }
    if (value.kind == PLAIN_OBJECT || value.kind == PLAIN_ARRAY) {
        return put_compound(buf, scratch, value.text, item);
    }
    if (item->path.count > 0) { /* which leads nowhere in a scalar */
        value.kind = PLAIN_NULL;
    }
    put_value(buf, value);
    return OK;
}

static Error put_distance(Buf *buf, Arena *scratch, GeoMatcher *matcher, const Entity *entity)
{
    double metres = 0;
    bool is_known = false;
    if (matcher != NULL) {
        TRY(geo_matcher_distance(matcher, scratch, entity, &metres, &is_known));
    }
    put_value(buf, (PlainValue){.kind = is_known ? PLAIN_NUMBER : PLAIN_NULL, .number = metres});
    return OK;
}

static Error put_item(Buf *buf, Arena *scratch, GeoMatcher *matcher, const Entity *entity,
                      const EntityOrder *item)
{
    switch (item->kind) {
    case ENTITY_ORDER_ATTRIBUTE:
        return put_attribute(buf, scratch, entity, item);
    case ENTITY_ORDER_ID:
        put_value(buf, plain_text(entity->id));
        return OK;
    case ENTITY_ORDER_TYPE:
        put_value(buf, plain_text(entity->type));
        return OK;
    case ENTITY_ORDER_SERVICE_PATH:
        put_value(buf, plain_text(entity->service_path));
        return OK;
    case ENTITY_ORDER_CREATED:
        put_value(buf, plain_moment(entity->created_us));
        return OK;
    case ENTITY_ORDER_MODIFIED:
        put_value(buf, plain_moment(entity->modified_us));
        return OK;
    case ENTITY_ORDER_DISTANCE:
        return put_distance(buf, scratch, matcher, entity);
    }
    return FAIL(INTERNAL, "order");
}

Error entity_sort_key_write(Buf *buf, Arena *scratch, const EntityQuery *query, GeoMatcher *matcher,
                            const Entity *entity)
{
    for (size_t i = 0; i < query->order_count; i++) {
        size_t start = buf->n;
        TRY(put_item(buf, scratch, matcher, entity, &query->order[i]));
        for (size_t at = start; query->order[i].is_descending && at < buf->n; at++) {
            buf->p[at] = (char)~buf->p[at];
        }
    }
    Str bytes;
    return buf_finish(buf, &bytes);
}

Error entity_sort_key_in(Arena *arena, Arena *scratch, const EntityQuery *query,
                         GeoMatcher *matcher, const Entity *entity, EntitySortKey **ret_key)
{
    Buf buf = buf_in(arena);
    TRY(entity_sort_key_write(&buf, scratch, query, matcher, entity));
    EntitySortKey *key = ARENA_ONE(arena, EntitySortKey);
    ENSURE_ALLOC(key, arena);
    TRY(buf_finish(&buf, &key->bytes));
    *ret_key = key;
    return OK;
}

int entity_sort_key_compare(const EntitySortKey *left, const EntitySortKey *right)
{
    return str_compare(left->bytes, right->bytes);
}
