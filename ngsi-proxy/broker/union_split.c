#include "union_split.h"

#include <string.h>

#include "ascii_case.h"
#include "filter.h"
#include "pattern.h"

static const Filter NEVER = {.kind = FILTER_OR};
static const Filter ALWAYS = {.kind = FILTER_AND};

static bool is_typeless(const EntitySelector *selector)
{
    return selector->types.count == 0 && selector->type_pattern == NULL;
}

/* --- selectors -------------------------------------------------------------------------------- */

typedef struct Splitter {
    Arena *arena;
    const Classifier *classifier;
    StrList known;
    bool is_typed; /* only public types are asked for, by name */
} Splitter;

static size_t type_count(const Splitter *splitter)
{
    return type_registry_count(splitter->classifier->types);
}

/* Registered types of one class that the selector means. A pattern that can meet unlisted types is
 * not told in names: see open_types. */
static Error registered_types(const Splitter *splitter, const EntitySelector *selector,
                              bool is_personal, StrList *ret_types)
{
    Str *items = ARENA_MANY(splitter->arena, Str, type_count(splitter));
    ENSURE_ALLOC(items, splitter->arena);
    StrList types = {.items = items};
    for (size_t i = 0; i < type_count(splitter); i++) {
        const EntityTypeSpec *spec = type_registry_at(splitter->classifier->types, i);
        bool is_meant = spec->is_personal == is_personal;
        if (is_meant && selector->types.count > 0) {
            is_meant = str_list_has(selector->types, spec->name);
        }
        if (is_meant && selector->type_pattern != NULL) {
            TRY(pattern_matches(selector->type_pattern, spec->name, &is_meant));
        }
        if (is_meant) {
            items[types.count++] = spec->name;
        }
    }
    *ret_types = types;
    return OK;
}

static Error unlisted_types(const Splitter *splitter, const EntitySelector *selector,
                            StrList *ret_types)
{
    Str *items = ARENA_MANY(splitter->arena, Str, selector->types.count);
    ENSURE_ALLOC(items, splitter->arena);
    StrList types = {.items = items};
    for (size_t i = 0; i < selector->types.count; i++) {
        if (classify_type(splitter->classifier, selector->types.items[i]) == TYPE_PUBLIC) {
            items[types.count++] = selector->types.items[i];
        }
    }
    *ret_types = types;
    return OK;
}

/* Patterns that spell out the form of a personal id can only mean personal entities. */
static bool pattern_is_personal(const Splitter *splitter, const Pattern *pattern)
{
    if (pattern == NULL) {
        return false;
    }
    Str text = pattern_text(pattern);
    for (size_t at = str_find(text, ':'); at < text.n;) {
        Str rest = str_slice(text, at + 1, text.n);
        size_t end = str_find(rest, ':');
        Str name = str_slice(rest, 0, end);
        const EntityTypeSpec *spec = NULL;
        for (size_t i = 0; end < rest.n && i < type_count(splitter); i++) {
            spec = type_registry_at(splitter->classifier->types, i);
            if (spec->is_personal && ascii_eq_any_case(spec->name, name)) {
                return true;
            }
        }
        at += 1 + end;
    }
    return false;
}

static Error open_ids(const Splitter *splitter, StrList ids, StrList *ret_ids)
{
    Str *items = ARENA_MANY(splitter->arena, Str, ids.count);
    ENSURE_ALLOC(items, splitter->arena);
    StrList open = {.items = items};
    for (size_t i = 0; i < ids.count; i++) {
        bool is_personal = classify_id(splitter->classifier, ids.items[i]) != NULL ||
                           str_list_has(splitter->known, ids.items[i]);
        if (!is_personal) {
            items[open.count++] = ids.items[i];
        }
    }
    *ret_ids = open;
    return OK;
}

/* The part of a selector that open data is asked; *ret_is_any is false when nothing is left: a list
 * that was emptied must not turn into no restriction. */
static Error open_selector(const Splitter *splitter, const EntitySelector *asked,
                           EntitySelector *ret_selector, bool *ret_is_any)
{
    EntitySelector open = *asked;
    TRY(open_ids(splitter, asked->ids, &open.ids));
    bool passes_as_is = splitter->classifier->are_unlisted_public && asked->types.count == 0;
    if (!passes_as_is && asked->types.count > 0 && splitter->classifier->are_unlisted_public) {
        TRY(unlisted_types(splitter, asked, &open.types));
    } else if (!passes_as_is) {
        TRY(registered_types(splitter, asked, false, &open.types));
        open.type_pattern = NULL;
    }
    *ret_selector = open;
    *ret_is_any = (asked->ids.count == 0 || open.ids.count > 0) &&
                  (passes_as_is || open.types.count > 0) &&
                  !pattern_is_personal(splitter, asked->id_pattern);
    return OK;
}

static Error personal_selector(const Splitter *splitter, const EntitySelector *asked,
                               EntitySelector *ret_selector, bool *ret_is_any, bool *ret_is_named)
{
    EntitySelector personal = *asked;
    personal.type_pattern = NULL;
    TRY(registered_types(splitter, asked, true, &personal.types));
    bool has_personal_id = false;
    for (size_t i = 0; i < asked->ids.count; i++) {
        has_personal_id |= classify_id(splitter->classifier, asked->ids.items[i]) != NULL;
    }
    *ret_selector = personal;
    *ret_is_any = personal.types.count > 0;
    *ret_is_named = (asked->types.count > 0 && personal.types.count > 0) ||
                    (asked->types.count == 0 && has_personal_id);
    return OK;
}

/* --- conditions ------------------------------------------------------------------------------- */

static bool is_personal_constant(const Splitter *splitter, const FilterValue *value)
{
    return value->kind == FILTER_TEXT && classify_text(splitter->classifier, value->text) != NULL;
}

static bool has_personal_constant(const Splitter *splitter, const FilterTerm *term)
{
    for (size_t i = 0; i < term->value_count; i++) {
        if (is_personal_constant(splitter, &term->values[i])) {
            return true;
        }
    }
    return pattern_is_personal(splitter, term->pattern);
}

/* Open data has no attribute that only personal types have. Where the request may be about persons,
 * a name that is in no schema may be one of theirs as well. */
static bool is_name_hidden(const Splitter *splitter, Str name)
{
    if (splitter->classifier->are_unlisted_public) {
        return false;
    }
    return splitter->is_typed ? classify_is_personal_name(splitter->classifier, name)
                              : !classify_is_open_name(splitter->classifier, name);
}

static bool must_be_decided(const Splitter *splitter, const FilterTerm *term)
{
    return is_name_hidden(splitter, term->attribute) || has_personal_constant(splitter, term);
}

/* No open value is a citizen's id: it differs from each and is none, so such constants leave a
 * list. What is greater or less than one, or matches its form, open data can't be asked. */
static Error constants_decide(const Splitter *splitter, Filter *filter)
{
    FilterTerm *term = &filter->term;
    bool is_equality =
        (term->test == FILTER_EQUAL || term->test == FILTER_UNEQUAL) && !term->is_range;
    FilterValue *values = ARENA_MANY(splitter->arena, FilterValue, term->value_count);
    ENSURE_ALLOC(values, splitter->arena);
    size_t count = 0;
    for (size_t i = 0; is_equality && i < term->value_count; i++) {
        if (!is_personal_constant(splitter, &term->values[i])) {
            values[count++] = term->values[i];
        }
    }
    term->values = values;
    term->value_count = count;
    if (count == 0 && is_equality && term->test == FILTER_UNEQUAL) {
        term->test = FILTER_IS_THERE;
    } else if (count == 0) {
        *filter = NEVER;
    }
    return OK;
}

static Error term_decide(const Splitter *splitter, Filter *filter)
{
    const FilterTerm *term = &filter->term;
    if (is_name_hidden(splitter, term->attribute)) {
        *filter = term->test == FILTER_IS_ABSENT ? ALWAYS : NEVER;
    } else if (has_personal_constant(splitter, term)) {
        return constants_decide(splitter, filter);
    }
    return OK;
}

static Error open_filter(const Splitter *splitter, const Filter *asked, unsigned depth,
                         Filter *ret_filter)
{
    *ret_filter = *asked;
    if (asked->kind == FILTER_TERM) {
        return term_decide(splitter, ret_filter);
    }
    ENSURE(depth < FILTER_DEPTH_MAX, INTERNAL, "filter depth");
    Filter *children = ARENA_MANY(splitter->arena, Filter, asked->child_count);
    ENSURE_ALLOC(children, splitter->arena);
    for (size_t i = 0; i < asked->child_count; i++) {
        TRY(open_filter(splitter, &asked->children[i], depth + 1, &children[i]));
    }
    ret_filter->children = children;
    return OK;
}

/* Whether the tree can be true at all, as far as its constants tell. */
static bool is_hopeful(const Filter *filter)
{
    if (filter->kind == FILTER_TERM) {
        return true;
    }
    bool is_and = filter->kind == FILTER_AND;
    for (size_t i = 0; i < filter->child_count; i++) {
        if (is_hopeful(&filter->children[i]) != is_and) {
            return !is_and;
        }
    }
    return is_and;
}

/* A filter that nothing in it is to be hidden of stays the one that was asked. */
static bool has_something_to_decide(const Splitter *splitter, const Filter *filter)
{
    if (filter->kind == FILTER_TERM) {
        return must_be_decided(splitter, &filter->term);
    }
    for (size_t i = 0; i < filter->child_count; i++) {
        if (has_something_to_decide(splitter, &filter->children[i])) {
            return true;
        }
    }
    return false;
}

static Error decide_conditions(const Splitter *splitter, UnionSplit *split)
{
    if (!has_something_to_decide(splitter, split->open.filter)) {
        return OK;
    }
    Filter *filter = ARENA_ONE(splitter->arena, Filter);
    ENSURE_ALLOC(filter, splitter->arena);
    TRY(open_filter(splitter, split->open.filter, 0, filter));
    split->open.filter = filter;
    split->asks_open = split->asks_open && is_hopeful(filter);
    return OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

Error union_split_open_ids_in(Arena *arena, const EntityQuery *query, const Classifier *classifier,
                              StrList *ret_ids)
{
    size_t count = 0;
    for (size_t s = 0; s < query->selector_count; s++) {
        count += query->selectors[s].ids.count;
    }
    Str *items = ARENA_MANY(arena, Str, count);
    ENSURE_ALLOC(items, arena);
    StrList ids = {.items = items};
    for (size_t s = 0; s < query->selector_count; s++) {
        const EntitySelector *selector = &query->selectors[s];
        for (size_t i = 0; selector->types.count == 0 && i < selector->ids.count; i++) {
            if (classify_id(classifier, selector->ids.items[i]) == NULL) {
                items[ids.count++] = selector->ids.items[i];
            }
        }
    }
    *ret_ids = ids;
    return OK;
}

static Error split_selectors(const Splitter *splitter, const EntityQuery *query, UnionSplit *split,
                             bool *ret_is_typed)
{
    static const EntitySelector everything = {0};
    const EntitySelector *asked = query->selector_count > 0 ? query->selectors : &everything;
    size_t count = query->selector_count > 0 ? query->selector_count : 1;
    EntitySelector *open = ARENA_MANY(splitter->arena, EntitySelector, count);
    ENSURE_ALLOC(open, splitter->arena);
    EntitySelector *personal = ARENA_MANY(splitter->arena, EntitySelector, count);
    ENSURE_ALLOC(personal, splitter->arena);
    bool is_typed = true;
    for (size_t i = 0; i < count; i++) {
        bool is_open = false;
        bool is_personal = false;
        bool is_named = false;
        TRY(open_selector(splitter, &asked[i], &open[split->open.selector_count], &is_open));
        TRY(personal_selector(splitter, &asked[i], &personal[split->personal.selector_count],
                              &is_personal, &is_named));
        split->open.selector_count += is_open ? 1 : 0;
        split->personal.selector_count += is_personal ? 1 : 0;
        split->names_personal |= is_named;
        is_typed = is_typed && !is_typeless(&asked[i]) && !is_personal;
    }
    split->open.selectors = open;
    split->personal.selectors = personal;
    split->asks_open = split->open.selector_count > 0;
    split->asks_personal = split->personal.selector_count > 0;
    *ret_is_typed = is_typed;
    return OK;
}

Error union_split_in(Arena *arena, const EntityQuery *query, const Classifier *classifier,
                     StrList known, UnionSplit *ret_split)
{
    Splitter splitter = {.arena = arena, .classifier = classifier, .known = known};
    UnionSplit split = {.open = *query, .personal = *query};
    split.open.selector_count = 0;
    split.personal.selector_count = 0;
    TRY(split_selectors(&splitter, query, &split, &splitter.is_typed));
    if (query->filter != NULL) {
        TRY(decide_conditions(&splitter, &split));
    }
    *ret_split = split;
    return OK;
}
