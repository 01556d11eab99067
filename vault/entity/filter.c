#include "filter.h"

#include "plain_value.h"

/* What a term looks at in one entity. A compound value counts as itself and, if it is an array, as
 * each of its members: that is how MongoDB, and so Orion, matches. Nothing at all: absent. */
typedef struct Seen {
    const PlainValue *values;
    size_t count;
    PlainValue
        one; /* where values points when there is just one: the common case takes no memory */
} Seen;

/* --- what is seen --- */

static Error seen_add_member(Arena *scratch, JsonValue value, PlainValue *values, size_t *count)
{
    return plain_value_in(scratch, json_text(value), &values[(*count)++]);
}

static Error seen_from_reach(Arena *scratch, const PlainReach *reach, Seen *ret_seen)
{
    size_t total = reach->count;
    for (size_t i = 0; i < reach->count; i++) {
        total += json_is(reach->values[i], JSON_ARRAY) ? json_count(reach->values[i]) : 0;
    }
    PlainValue *values = ARENA_MANY(scratch, PlainValue, total);
    ENSURE_ALLOC(values, scratch);
    size_t count = 0;
    for (size_t i = 0; i < reach->count; i++) {
        TRY(seen_add_member(scratch, reach->values[i], values, &count));
        JsonIter members = json_iter(reach->values[i]);
        JsonValue member;
        while (json_is(reach->values[i], JSON_ARRAY) && json_next(&members, NULL, &member)) {
            TRY(seen_add_member(scratch, member, values, &count));
        }
    }
    ret_seen->values = values;
    ret_seen->count = count;
    return OK;
}

static void seen_one(PlainValue value, Seen *ret_seen)
{
    ret_seen->one = value;
    ret_seen->values = &ret_seen->one;
    ret_seen->count = 1;
}

static Error see_value(Arena *scratch, Str json, Str ngsi_type, StrList path, Seen *ret_seen)
{
    PlainValue value;
    TRY(plain_value_of_type_in(scratch, json, ngsi_type, &value));
    bool is_compound = value.kind == PLAIN_OBJECT || value.kind == PLAIN_ARRAY;
    if (path.count == 0 && value.kind != PLAIN_ARRAY) {
        seen_one(value, ret_seen);
        return OK;
    }
    if (!is_compound) {
        return OK; /* a path leads nowhere in a scalar */
    }
    PlainReach reach;
    TRY(plain_value_reach_in(scratch, json, path, &reach));
    return seen_from_reach(scratch, &reach, ret_seen);
}

/* Builtins of an entity win over attributes of the same name, as in Orion. */
static bool see_builtin(const Entity *entity, Str name, Seen *ret_seen)
{
    if (str_eq(name, STR("dateCreated"))) {
        seen_one(plain_moment(entity->created_us), ret_seen);
    } else if (str_eq(name, STR("dateModified"))) {
        seen_one(plain_moment(entity->modified_us), ret_seen);
    } else if (str_eq(name, STR("servicePath"))) {
        seen_one(plain_text(entity->service_path), ret_seen);
    } else if (str_eq(name, STR("id"))) {
        seen_one(plain_text(entity->id), ret_seen);
    } else if (str_eq(name, STR("type"))) {
        seen_one(plain_text(entity->type), ret_seen);
    } else {
        return false;
    }
    return true;
}

static Error see_metadata(Arena *scratch, const Attribute *attribute, const FilterTerm *term,
                          Seen *ret_seen)
{
    if (str_eq(term->metadata, STR("dateCreated"))) {
        seen_one(plain_moment(attribute->created_us), ret_seen);
        return OK;
    }
    if (str_eq(term->metadata, STR("dateModified"))) {
        seen_one(plain_moment(attribute->modified_us), ret_seen);
        return OK;
    }
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        const Metadata *metadata = &attribute->metadata[i];
        if (str_eq(metadata->name, term->metadata)) {
            return see_value(scratch, metadata->value, metadata->type, term->path, ret_seen);
        }
    }
    return OK;
}

/* Leaves *ret_seen empty when there is nothing. */
static Error see(const FilterTerm *term, Arena *scratch, const Entity *entity, Seen *ret_seen)
{
    bool may_be_builtin = term->metadata.n == 0 && term->path.count == 0;
    if (may_be_builtin && see_builtin(entity, term->attribute, ret_seen)) {
        return OK;
    }
    const Attribute *attribute = entity_attribute_find(entity, term->attribute);
    if (attribute == NULL) {
        return OK;
    }
    if (term->metadata.n > 0) {
        return see_metadata(scratch, attribute, term, ret_seen);
    }
    return see_value(scratch, attribute->value, attribute->type, term->path, ret_seen);
}

/* --- one value against one constant --- */

/* Answers show moments to the millisecond: what a caller can't see must not decide. */
static int64_t ms_from_us(int64_t at_us)
{
    return at_us / 1000 - (at_us % 1000 < 0);
}

static int compare_ints(int64_t left, int64_t right)
{
    return (left > right) - (left < right);
}

static int compare_doubles(double left, double right)
{
    return (left > right) - (left < right);
}

/* False when the two are of kinds that are neither equal nor in any order. */
static bool compare(const PlainValue *seen, const FilterValue *wanted, int *ret_order)
{
    switch (wanted->kind) {
    case FILTER_NUMBER:
        *ret_order = compare_doubles(seen->number, wanted->number);
        return seen->kind == PLAIN_NUMBER;
    case FILTER_BOOL:
        *ret_order = seen->truth - wanted->truth;
        return seen->kind == PLAIN_BOOL;
    case FILTER_NULL:
        *ret_order = 0;
        return seen->kind == PLAIN_NULL;
    case FILTER_MOMENT:
        if (seen->kind == PLAIN_MOMENT) {
            *ret_order = compare_ints(ms_from_us(seen->at_us), ms_from_us(wanted->at_us));
            return true;
        }
        break;
    case FILTER_TEXT:
        break;
    }
    if (seen->kind != PLAIN_TEXT) {
        return false;
    }
    *ret_order = str_compare(seen->text, wanted->text);
    return true;
}

static bool is_in_order(FilterTest test, int order)
{
    switch (test) {
    case FILTER_LESS:
        return order < 0;
    case FILTER_LESS_EQUAL:
        return order <= 0;
    case FILTER_GREATER:
        return order > 0;
    case FILTER_GREATER_EQUAL:
        return order >= 0;
    case FILTER_EQUAL:
        return order == 0;
    case FILTER_IS_THERE:
    case FILTER_IS_ABSENT:
    case FILTER_UNEQUAL:
    case FILTER_MATCHES:
        break;
    }
    return false;
}

/* --- terms --- */

static bool any_compares(const Seen *seen, FilterTest test, const FilterValue *wanted)
{
    for (size_t i = 0; i < seen->count; i++) {
        int order = 0;
        if (compare(&seen->values[i], wanted, &order) && is_in_order(test, order)) {
            return true;
        }
    }
    return false;
}

/* The bounds of a range are two conditions: in an array, different members may meet them. */
static bool equals_any(const Seen *seen, const FilterTerm *term)
{
    if (term->is_range) {
        return any_compares(seen, FILTER_GREATER_EQUAL, &term->values[0]) &&
               any_compares(seen, FILTER_LESS_EQUAL, &term->values[1]);
    }
    for (size_t i = 0; i < term->value_count; i++) {
        if (any_compares(seen, FILTER_EQUAL, &term->values[i])) {
            return true;
        }
    }
    return false;
}

static Error any_matches(const Seen *seen, Pattern *pattern, bool *ret_matches)
{
    bool matches = false;
    for (size_t i = 0; i < seen->count && !matches; i++) {
        if (seen->values[i].kind == PLAIN_TEXT) {
            TRY(pattern_matches(pattern, seen->values[i].text, &matches));
        }
    }
    *ret_matches = matches;
    return OK;
}

static Error term_matches(const FilterTerm *term, Arena *scratch, const Entity *entity,
                          bool *ret_matches)
{
    Seen seen = {.count = 0};
    TRY(see(term, scratch, entity, &seen));
    switch (term->test) {
    case FILTER_IS_THERE:
        *ret_matches = seen.count > 0;
        return OK;
    case FILTER_IS_ABSENT:
        *ret_matches = seen.count == 0;
        return OK;
    case FILTER_EQUAL:
        *ret_matches = equals_any(&seen, term);
        return OK;
    case FILTER_UNEQUAL:
        *ret_matches = seen.count > 0 && !equals_any(&seen, term);
        return OK;
    case FILTER_MATCHES:
        return any_matches(&seen, term->pattern, ret_matches);
    case FILTER_LESS:
    case FILTER_LESS_EQUAL:
    case FILTER_GREATER:
    case FILTER_GREATER_EQUAL:
        *ret_matches = any_compares(&seen, term->test, &term->values[0]);
        return OK;
    }
    return FAIL(INTERNAL, "filter");
}

/* --- the tree --- */

Error filter_matches(const Filter *filter, Arena *scratch, const Entity *entity, bool *ret_matches)
{
    if (filter->kind == FILTER_TERM) {
        return term_matches(&filter->term, scratch, entity, ret_matches);
    }
    bool ends_early_with = filter->kind == FILTER_OR;
    bool matches = !ends_early_with;
    for (size_t i = 0; i < filter->child_count && matches != ends_early_with; i++) {
        TRY(filter_matches(&filter->children[i], scratch, entity, &matches));
    }
    *ret_matches = matches;
    return OK;
}

bool filter_names(const Filter *filter, Str attribute)
{
    if (filter->kind == FILTER_TERM) {
        return str_eq(filter->term.attribute, attribute);
    }
    for (size_t i = 0; i < filter->child_count; i++) {
        if (filter_names(&filter->children[i], attribute)) {
            return true;
        }
    }
    return false;
}

static size_t count_terms(const Filter *filter)
{
    size_t count = filter->kind == FILTER_TERM;
    for (size_t i = 0; filter->kind != FILTER_TERM && i < filter->child_count; i++) {
        count += count_terms(&filter->children[i]);
    }
    return count;
}

static void add_names(const Filter *filter, Str *names, size_t *count)
{
    if (filter->kind == FILTER_TERM) {
        Str name = filter->term.attribute;
        if (!str_list_has((StrList){.items = names, .count = *count}, name)) {
            names[(*count)++] = name;
        }
        return;
    }
    for (size_t i = 0; i < filter->child_count; i++) {
        add_names(&filter->children[i], names, count);
    }
}

Error filter_attributes_in(Arena *arena, const Filter *filter, StrList *ret_names)
{
    Str *names = ARENA_MANY(arena, Str, count_terms(filter));
    ENSURE_ALLOC(names, arena);
    size_t count = 0;
    add_names(filter, names, &count);
    *ret_names = (StrList){.items = names, .count = count};
    return OK;
}
