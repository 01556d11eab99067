#include "v2_params.h"

#include <string.h>

#include "pattern.h"
#include "v2_filter.h"
#include "v2_geo.h"
#include "v2_order.h"
#include "v2_syntax.h"

/* The parameters that Orion knows. */
typedef enum ParamId {
    PARAM_ID,
    PARAM_TYPE,
    PARAM_ID_PATTERN,
    PARAM_TYPE_PATTERN,
    PARAM_Q,
    PARAM_MQ,
    PARAM_GEOREL,
    PARAM_GEOMETRY,
    PARAM_COORDS,
    PARAM_ATTRS,
    PARAM_METADATA,
    PARAM_ORDER_BY,
    PARAM_LIMIT,
    PARAM_OFFSET,
    PARAM_OPTIONS,
    PARAM_COUNT_
} ParamId;

typedef struct ParamReader {
    Arena *arena;
    V2Operation operation;
    Str texts[PARAM_COUNT_]; /* as sent; "" = absent */
    V2Params params;
} ParamReader;

typedef Error (*ParamRead)(ParamReader *reader, Str text);

/* Orion takes leading zeros; a number too long for 64 bits is over any maximum. */
static bool read_digits(Str text, int64_t *ret_number)
{
    int64_t number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text.p[i] - '0', &number)) {
            number = INT64_MAX / 100;
        }
    }
    *ret_number = number;
    return text.n > 0;
}

static Error read_limit(ParamReader *reader, Str text)
{
    int64_t *limit = &reader->params.query.limit;
    ENSURE(read_digits(text, limit), PAGE_LIMIT, str_argument(reader->arena, text));
    ENSURE(*limit <= V2_LIMIT_MAX, PAGE_LIMIT_MAX, str_argument(reader->arena, text));
    return OK;
}

static Error read_offset(ParamReader *reader, Str text)
{
    ENSURE(read_digits(text, &reader->params.query.offset), PAGE_OFFSET,
           str_argument(reader->arena, text));
    return OK;
}

/* Words that Orion knows. Where a word means nothing for an operation it is accepted, as Orion
 * does. */
static const Str OPTIONS[] = {
    STR_INIT("count"),        STR_INIT("normalized"),       STR_INIT("keyValues"),
    STR_INIT("values"),       STR_INIT("unique"),           STR_INIT("append"),
    STR_INIT("upsert"),       STR_INIT("overrideMetadata"), STR_INIT("forcedUpdate"),
    STR_INIT("noAttrDetail"), STR_INIT("flowControl"),      STR_INIT("skipForwarding"),
};
#define OPTION_COUNT (sizeof OPTIONS / sizeof OPTIONS[0])

enum {
    OPTION_COUNTS = 1 << 0,
    OPTION_KEY_VALUES = 1 << 2,
    OPTION_VALUES = 1 << 3,
    OPTION_UNIQUE = 1 << 4,
    OPTION_APPEND = 1 << 5,
    OPTION_UPSERT = 1 << 6,
    OPTION_OVERRIDE = 1 << 7,
    OPTION_FORCED = 1 << 8,
    OPTION_NO_DETAIL = 1 << 9,
    OPTIONS_REPRESENTATION = OPTION_KEY_VALUES | OPTION_VALUES | OPTION_UNIQUE
};

static Error collect_options(Str text, unsigned *ret_words)
{
    unsigned words = 0;
    Str word;
    while (str_split(&text, ',', &word)) {
        size_t row = 0;
        while (row < OPTION_COUNT && !str_eq(OPTIONS[row], word)) {
            row++;
        }
        ENSURE(row < OPTION_COUNT, PARAM_VALUE, "options");
        words |= 1U << row;
    }
    unsigned shown = words & OPTIONS_REPRESENTATION;
    ENSURE((shown & (shown - 1)) == 0, PARAM_VALUE, "options");
    *ret_words = words;
    return OK;
}

static V2Representation representation_of(unsigned words)
{
    if ((words & OPTION_KEY_VALUES) != 0) {
        return V2_KEY_VALUES;
    }
    if ((words & OPTION_VALUES) != 0) {
        return V2_VALUES;
    }
    return (words & OPTION_UNIQUE) != 0 ? V2_UNIQUE : V2_NORMALIZED;
}

static Error read_options(ParamReader *reader, Str text)
{
    unsigned words = 0;
    TRY(collect_options(text, &words));
    V2Params *params = &reader->params;
    params->show.representation = representation_of(words);
    params->query.is_count_wanted = (words & OPTION_COUNTS) != 0;
    params->is_key_values = (words & OPTION_KEY_VALUES) != 0;
    params->is_append = (words & OPTION_APPEND) != 0;
    params->is_upsert = (words & OPTION_UPSERT) != 0;
    params->overrides_metadata = (words & OPTION_OVERRIDE) != 0;
    params->is_forced = (words & OPTION_FORCED) != 0;
    params->hides_attribute_types = (words & OPTION_NO_DETAIL) != 0;
    return OK;
}

/* Texts with a syntax of their own may hold some of the forbidden characters. */
#define ALL_CHARACTERS "<>\"'=;()"

typedef struct ParamRow {
    Str name;
    const char *allowed;    /* of the forbidden characters */
    ParamRead read;         /* at once; NULL: its meaning depends on the others */
    bool is_never_in_query; /* POST /v2/op/query has it in its body */
} ParamRow;

static const ParamRow PARAMS[] = {
    [PARAM_ID] = {STR_INIT("id"), "", NULL, true},
    [PARAM_TYPE] = {STR_INIT("type"), "", NULL, true},
    [PARAM_ID_PATTERN] = {STR_INIT("idPattern"), ALL_CHARACTERS, NULL, true},
    [PARAM_TYPE_PATTERN] = {STR_INIT("typePattern"), ALL_CHARACTERS, NULL, true},
    [PARAM_Q] = {STR_INIT("q"), ALL_CHARACTERS, NULL, true},
    [PARAM_MQ] = {STR_INIT("mq"), ALL_CHARACTERS, NULL, true},
    [PARAM_GEOREL] = {STR_INIT("georel"), "=;", NULL, true},
    [PARAM_GEOMETRY] = {STR_INIT("geometry"), "=;", NULL, true},
    [PARAM_COORDS] = {STR_INIT("coords"), ";", NULL, true},
    [PARAM_ATTRS] = {STR_INIT("attrs"), "", NULL, true},
    [PARAM_METADATA] = {STR_INIT("metadata"), "", NULL, true},
    [PARAM_ORDER_BY] = {STR_INIT("orderBy"), "", NULL, false},
    [PARAM_LIMIT] = {STR_INIT("limit"), "", read_limit, false},
    [PARAM_OFFSET] = {STR_INIT("offset"), "", read_offset, false},
    [PARAM_OPTIONS] = {STR_INIT("options"), "", read_options, false},
};

static size_t find_param(Str name)
{
    size_t row = 0;
    while (row < PARAM_COUNT_ && !str_eq(PARAMS[row].name, name)) {
        row++;
    }
    return row;
}

static bool has_forbidden_but(Str text, const char *allowed)
{
    for (size_t i = 0; i < text.n; i++) {
        if (v2_has_forbidden(str_slice(text, i, 1)) && strchr(allowed, text.p[i]) == NULL) {
            return true;
        }
    }
    return false;
}

static Error check_text(Arena *arena, const V2Param *param, size_t row)
{
    ENSURE(param->value.n > 0, PARAM_EMPTY, str_argument(arena, param->name));
    const char *allowed = row < PARAM_COUNT_ ? PARAMS[row].allowed : "";
    ENSURE(!v2_has_forbidden(param->name) && !has_forbidden_but(param->value, allowed),
           HTTP_BAD_QUERY, NULL);
    return OK;
}

static Error read_one(ParamReader *reader, const V2Param *param)
{
    size_t row = find_param(param->name);
    TRY(check_text(reader->arena, param, row));
    if (row == PARAM_COUNT_) {
        return OK;
    }
    /* Orion takes the last of two; a filter that is dropped in silence answers more than was asked.
     */
    ENSURE(reader->texts[row].n == 0, PARAM_REPEATED, PARAMS[row].name.p);
    ENSURE(reader->operation != V2_BATCH_QUERY || !PARAMS[row].is_never_in_query, PARAM_PLACE,
           PARAMS[row].name.p);
    reader->texts[row] = param->value;
    return PARAMS[row].read == NULL ? OK : PARAMS[row].read(reader, param->value);
}

/* "" gives no items. Empty items stay: they match nothing, and without them "type=," would be no
 * filter at all. */
static Error read_list(ParamReader *reader, ParamId id, StrList *ret_list)
{
    Str text = reader->texts[id];
    StrList list = {.count = 0};
    if (text.n > 0) {
        size_t items_max = 1;
        for (size_t i = 0; i < text.n; i++) {
            items_max += text.p[i] == ',' ? 1U : 0U;
        }
        ENSURE(items_max <= V2_LIST_ITEMS_MAX, PARAM_ITEMS, PARAMS[id].name.p);
        Str *items = ARENA_MANY(reader->arena, Str, items_max);
        ENSURE_ALLOC(items, reader->arena);
        list.items = items;
        Str item;
        while (str_split(&text, ',', &item)) {
            if (!str_list_has(list, item)) {
                items[list.count++] = item;
            }
        }
    }
    *ret_list = list;
    return OK;
}

static Error read_pattern(ParamReader *reader, ParamId id, Pattern **ret_pattern)
{
    Str text = reader->texts[id];
    return text.n == 0 || v2_is_any_pattern(text)
               ? OK
               : pattern_compile_in(reader->arena, PARAMS[id].name.p, text, ret_pattern);
}

static Error read_selector(ParamReader *reader)
{
    EntitySelector *selector = ARENA_ONE(reader->arena, EntitySelector);
    ENSURE_ALLOC(selector, reader->arena);
    TRY(read_list(reader, PARAM_ID, &selector->ids));
    TRY(read_list(reader, PARAM_TYPE, &selector->types));
    TRY(read_pattern(reader, PARAM_ID_PATTERN, &selector->id_pattern));
    TRY(read_pattern(reader, PARAM_TYPE_PATTERN, &selector->type_pattern));
    bool restricts = selector->ids.count > 0 || selector->types.count > 0 ||
                     selector->id_pattern != NULL || selector->type_pattern != NULL;
    reader->params.query.selectors = selector;
    reader->params.query.selector_count = restricts ? 1 : 0;
    return OK;
}

static Error read_place(ParamReader *reader)
{
    V2Geo geo = {reader->texts[PARAM_GEOREL], reader->texts[PARAM_GEOMETRY],
                 reader->texts[PARAM_COORDS]};
    TRY(v2_geo_params_in(reader->arena, &geo, &reader->params.query.place));
    /* Orion passes over a place without a relation: a filter dropped in silence. */
    ENSURE(geo.georel.n > 0 || geo.geometry.n == 0, GEO_SHAPE,
           "URI param /geometry/ used without /georel/");
    return OK;
}

static bool has_both(const ParamReader *reader, ParamId a, ParamId b)
{
    return reader->texts[a].n > 0 && reader->texts[b].n > 0;
}

/* In the order in which Orion looks at them. */
static Error read_conditions(ParamReader *reader)
{
    ENSURE(!has_both(reader, PARAM_ID, PARAM_ID_PATTERN), PARAMS_INCOMPATIBLE, "id, IdPattern");
    ENSURE(!has_both(reader, PARAM_TYPE, PARAM_TYPE_PATTERN), PARAMS_INCOMPATIBLE,
           "type, typePattern");
    TRY(read_place(reader));
    TRY(v2_filter_read(reader->arena, reader->texts[PARAM_Q], reader->texts[PARAM_MQ],
                       &reader->params.query.filter));
    return read_selector(reader);
}

static Error read_order(ParamReader *reader)
{
    EntityQuery *query = &reader->params.query;
    Str text = reader->texts[PARAM_ORDER_BY];
    return text.n == 0 ? OK
                       : v2_order_read(reader->arena, text, &query->order, &query->order_count);
}

static Error read_shown(ParamReader *reader)
{
    V2Show *show = &reader->params.show;
    TRY(read_list(reader, PARAM_ATTRS, &show->attributes));
    TRY(read_list(reader, PARAM_METADATA, &show->metadata));
    reader->params.query.attributes = v2_needed_attributes(show->attributes);
    return OK;
}

static Error read_all(ParamReader *reader)
{
    if (reader->operation == V2_LIST) {
        TRY(read_conditions(reader));
    }
    if (reader->operation == V2_LIST || reader->operation == V2_BATCH_QUERY) {
        TRY(read_order(reader));
    } else {
        reader->params.type = reader->texts[PARAM_TYPE];
    }
    if (reader->operation == V2_LIST) {
        TRY(v2_order_check(&reader->params.query));
    }
    return read_shown(reader);
}

Error v2_params_read(Arena *arena, V2Operation operation, const V2Param *params, size_t count,
                     V2Params *ret_params)
{
    ParamReader reader = {
        .arena = arena, .operation = operation, .params = {.query.limit = V2_LIMIT_DEFAULT}};
    for (size_t i = 0; i < count; i++) {
        TRY(read_one(&reader, &params[i]));
    }
    TRY(read_all(&reader));
    *ret_params = reader.params;
    return OK;
}

bool v2_is_builtin(Str attribute)
{
    return str_eq(attribute, STR("dateCreated")) || str_eq(attribute, STR("dateModified")) ||
           str_eq(attribute, STR("servicePath"));
}

bool v2_is_any_pattern(Str text)
{
    return str_eq(text, STR(".*"));
}

/* "*" needs every attribute, and the entity's dates are those of all attributes that the caller may
 * see. */
StrList v2_needed_attributes(StrList shown)
{
    bool needs_all = str_list_has(shown, STR("*")) || str_list_has(shown, STR("dateCreated")) ||
                     str_list_has(shown, STR("dateModified"));
    return needs_all ? (StrList){.count = 0} : shown;
}

Error v2_path_id_check(Arena *arena, Str id)
{
    ENSURE(str_find(id, '/') == id.n, UNKNOWN_ROUTE, NULL);
    ENSURE(v2_is_name_text(id), HTTP_BAD_TARGET, NULL);
    return v2_name_check(arena, "entity id", id);
}
