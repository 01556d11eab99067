#include "v2_params.h"

#include "v2_syntax.h"

/* What was seen so far. */
typedef struct Seen {
    unsigned names; /* bit per row of PARAMS */
} Seen;

typedef struct ParamReader {
    Arena *arena;
    V2Operation operation;
    V2Params *params;
    EntitySelector *selector;
    Str value;
} ParamReader;

typedef Error (*ParamRead)(ParamReader *reader);

static Error list_in(Arena *arena, const char *name, Str text, StrList *ret_list)
{
    size_t items_max = 1;
    for (size_t i = 0; i < text.n; i++) {
        items_max += text.p[i] == ',' ? 1U : 0U;
    }
    ENSURE(items_max <= V2_LIST_ITEMS_MAX, PARAM_ITEMS, name);
    Str *items = ARENA_MANY(arena, Str, items_max);
    ENSURE_ALLOC(items, arena);
    StrList list = {.items = items};
    Str item;
    /* Empty items stay: they match nothing, and without them "type=," would be no filter at all. */
    while (str_split(&text, ',', &item)) {
        if (!str_list_has(list, item)) {
            items[list.count++] = item;
        }
    }
    *ret_list = list;
    return OK;
}

static Error read_id(ParamReader *reader)
{
    if (reader->operation != V2_LIST) {
        return OK;
    }
    return list_in(reader->arena, "id", reader->value, &reader->selector->ids);
}

static Error read_type(ParamReader *reader)
{
    reader->params->type = reader->value;
    if (reader->operation != V2_LIST) {
        return OK;
    }
    return list_in(reader->arena, "type", reader->value, &reader->selector->types);
}

static Error read_attrs(ParamReader *reader)
{
    return list_in(reader->arena, "attrs", reader->value, &reader->params->show.attributes);
}

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

static Error read_limit(ParamReader *reader)
{
    const char *said = str_argument(reader->arena, reader->value);
    ENSURE(read_digits(reader->value, &reader->params->query.limit), PAGE_LIMIT, said);
    ENSURE(reader->params->query.limit <= V2_LIMIT_MAX, PAGE_LIMIT_MAX, said);
    return OK;
}

static Error read_offset(ParamReader *reader)
{
    ENSURE(read_digits(reader->value, &reader->params->query.offset), PAGE_OFFSET,
           str_argument(reader->arena, reader->value));
    return OK;
}

enum {
    ON_LIST = 1 << V2_LIST,
    ON_GET = 1 << V2_GET,
    ON_CREATE = 1 << V2_CREATE,
    ON_UPDATE = 1 << V2_UPDATE,
};

typedef struct OptionRow {
    Str word;
    bool is_representation;
    unsigned refused_on; /* operations on which it would change the answer and is not served yet */
} OptionRow;

/* Words that Orion knows. Where a word means nothing for an operation it is accepted, as Orion
 * does. */
static const OptionRow OPTIONS[] = {
    {STR_INIT("count"), false, 0},
    {STR_INIT("normalized"), true, 0},
    {STR_INIT("keyValues"), true, 0},
    {STR_INIT("values"), true, ON_LIST | ON_GET | ON_CREATE | ON_UPDATE},
    {STR_INIT("unique"), true, ON_LIST | ON_GET | ON_CREATE | ON_UPDATE},
    {STR_INIT("append"), false, 0},
    {STR_INIT("upsert"), false, ON_CREATE},
    {STR_INIT("overrideMetadata"), false, ON_UPDATE},
    {STR_INIT("forcedUpdate"), false, 0},
    {STR_INIT("flowControl"), false, 0},
    {STR_INIT("skipForwarding"), false, 0},
    {STR_INIT("noAttrDetail"), false, 0},
};

static const OptionRow *find_option(Str word)
{
    for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) {
        if (str_eq(OPTIONS[i].word, word)) {
            return &OPTIONS[i];
        }
    }
    return NULL;
}

static Error refuse_option(const ParamReader *reader, Str word)
{
    Str parts[] = {STR("option "), word};
    Str said;
    TRY(str_join_in(reader->arena, parts, 2, &said));
    return FAIL(NOT_SERVED, str_argument(reader->arena, said));
}

static Error read_options(ParamReader *reader)
{
    Str rest = reader->value;
    Str word;
    const OptionRow *refused = NULL;
    size_t representations = 0;
    while (str_split(&rest, ',', &word)) {
        const OptionRow *row = find_option(word);
        ENSURE(row != NULL, PARAM_VALUE, "options");
        representations += row->is_representation ? 1U : 0U;
        if ((row->refused_on & 1U << reader->operation) != 0) {
            refused = row;
        }
        reader->params->query.is_count_wanted |= str_eq(word, STR("count"));
        if (str_eq(word, STR("keyValues"))) {
            reader->params->is_key_values = true;
            reader->params->show.representation = V2_KEY_VALUES;
        }
    }
    ENSURE(representations <= 1, PARAM_VALUE, "options");
    return refused == NULL ? OK : refuse_option(reader, refused->word);
}

typedef struct ParamRow {
    Str name;
    ParamRead read; /* NULL: known to Orion, not served yet */
    bool
        is_pattern; /* its text has a syntax of its own: the forbidden characters may stand in it */
} ParamRow;

static const ParamRow PARAMS[] = {
    {STR_INIT("id"), read_id, false},
    {STR_INIT("type"), read_type, false},
    {STR_INIT("attrs"), read_attrs, false},
    {STR_INIT("limit"), read_limit, false},
    {STR_INIT("offset"), read_offset, false},
    {STR_INIT("options"), read_options, false},
    {STR_INIT("idPattern"), NULL, true},
    {STR_INIT("typePattern"), NULL, true},
    {STR_INIT("q"), NULL, true},
    {STR_INIT("mq"), NULL, true},
    {STR_INIT("georel"), NULL, true},
    {STR_INIT("geometry"), NULL, true},
    {STR_INIT("coords"), NULL, true},
    {STR_INIT("metadata"), NULL, false},
    {STR_INIT("orderBy"), NULL, true},
};
#define PARAM_COUNT (sizeof PARAMS / sizeof PARAMS[0])

enum { ROW_ID = 0, ROW_TYPE = 1, ROW_ID_PATTERN = 6, ROW_TYPE_PATTERN = 7 };

static size_t find_param(Str name)
{
    size_t row = 0;
    while (row < PARAM_COUNT && !str_eq(PARAMS[row].name, name)) {
        row++;
    }
    return row;
}

static Error check_text(Arena *arena, const V2Param *param, size_t row)
{
    ENSURE(param->value.n > 0, PARAM_EMPTY, str_argument(arena, param->name));
    bool is_pattern = row < PARAM_COUNT && PARAMS[row].is_pattern;
    ENSURE(!v2_has_forbidden(param->name) && (is_pattern || !v2_has_forbidden(param->value)),
           HTTP_BAD_QUERY, NULL);
    return OK;
}

static Error read_one(ParamReader *reader, const V2Param *param, Seen *seen)
{
    size_t row = find_param(param->name);
    TRY(check_text(reader->arena, param, row));
    if (row == PARAM_COUNT) {
        return OK;
    }
    /* Orion takes the last of two; a filter that is dropped in silence answers more than was asked.
     */
    ENSURE((seen->names & 1U << row) == 0, PARAM_REPEATED, PARAMS[row].name.p);
    seen->names |= 1U << row;
    reader->value = param->value;
    return PARAMS[row].read == NULL ? OK : PARAMS[row].read(reader);
}

static bool has_both(const Seen *seen, unsigned a, unsigned b)
{
    return (seen->names & 1U << a) != 0 && (seen->names & 1U << b) != 0;
}

/* After all were read, so that Orion's own refusals come first. */
static Error refuse_unserved(const Seen *seen)
{
    ENSURE(!has_both(seen, ROW_ID, ROW_ID_PATTERN), PARAMS_INCOMPATIBLE, "id, IdPattern");
    ENSURE(!has_both(seen, ROW_TYPE, ROW_TYPE_PATTERN), PARAMS_INCOMPATIBLE, "type, typePattern");
    for (size_t row = 0; row < PARAM_COUNT; row++) {
        bool is_unserved = PARAMS[row].read == NULL && (seen->names & 1U << row) != 0;
        ENSURE(!is_unserved, NOT_SERVED, PARAMS[row].name.p);
    }
    return OK;
}

bool v2_is_builtin(Str attribute)
{
    return str_eq(attribute, STR("dateCreated")) || str_eq(attribute, STR("dateModified")) ||
           str_eq(attribute, STR("servicePath"));
}

/* "*" needs every attribute, and the entity's dates are those of all attributes that the caller may
 * see. */
static bool needs_all(StrList shown)
{
    return str_list_has(shown, STR("*")) || str_list_has(shown, STR("dateCreated")) ||
           str_list_has(shown, STR("dateModified"));
}

StrList v2_needed_attributes(StrList shown)
{
    return needs_all(shown) ? (StrList){.count = 0} : shown;
}

Error v2_params_read(Arena *arena, V2Operation operation, const V2Param *params, size_t count,
                     V2Params *ret_params)
{
    V2Params read = {.query = {.limit = V2_LIMIT_DEFAULT}};
    EntitySelector *selector = ARENA_ONE(arena, EntitySelector);
    ENSURE_ALLOC(selector, arena);
    ParamReader reader = {
        .arena = arena, .operation = operation, .params = &read, .selector = selector};
    Seen seen = {.names = 0};
    for (size_t i = 0; i < count; i++) {
        TRY(read_one(&reader, &params[i], &seen));
    }
    TRY(refuse_unserved(&seen));
    ENSURE(!str_list_has(read.show.attributes, STR("dateExpires")), NOT_SERVED, "dateExpires");
    read.query.attributes = v2_needed_attributes(read.show.attributes);
    read.query.selectors = selector;
    read.query.selector_count = 1;
    *ret_params = read;
    return OK;
}

Error v2_path_id_check(Arena *arena, Str id)
{
    ENSURE(str_find(id, '/') == id.n, UNKNOWN_ROUTE, NULL);
    ENSURE(v2_is_name_text(id), HTTP_BAD_TARGET, NULL);
    return v2_name_check(arena, "entity id", id);
}
