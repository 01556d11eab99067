#include "entity_match.h"

#include <stdlib.h>

struct EntityMatcher {
    const EntityQuery *query;
    GeoMatcher *place; /* NULL: none */
};

Error entity_matcher_new(const EntityQuery *query, EntityMatcher **ret_matcher)
{
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = calloc(1, sizeof *matcher);
    ENSURE(matcher != NULL, OUT_OF_MEMORY, NULL);
    matcher->query = query;
    if (query->place != NULL) {
        TRY(geo_matcher_new(query->place, &matcher->place));
    }
    *ret_matcher = TAKE(matcher);
    return OK;
}

EntityMatcher *entity_matcher_free(EntityMatcher *matcher)
{
    if (matcher != NULL) {
        matcher->place = geo_matcher_free(matcher->place);
        free(matcher);
    }
    return NULL;
}

GeoMatcher *entity_matcher_place(EntityMatcher *matcher)
{
    return matcher->place;
}

const EntityQuery *entity_matcher_query(const EntityMatcher *matcher)
{
    return matcher->query;
}

/* --- which entities --- */

static Error matches_unless_null(Pattern *pattern, Str subject, bool *ret_matches)
{
    if (pattern == NULL) {
        *ret_matches = true;
        return OK;
    }
    return pattern_matches(pattern, subject, ret_matches);
}

/* The lists first: they cost less than a pattern. */
static Error selector_means(const EntitySelector *selector, Str id, Str type, bool *ret_means)
{
    bool means = (selector->ids.count == 0 || str_list_has(selector->ids, id)) &&
                 (selector->types.count == 0 || str_list_has(selector->types, type));
    if (means) {
        TRY(matches_unless_null(selector->type_pattern, type, &means));
    }
    if (means) {
        TRY(matches_unless_null(selector->id_pattern, id, &means));
    }
    *ret_means = means;
    return OK;
}

Error entity_matcher_selects(EntityMatcher *matcher, Str id, Str type, bool *ret_selects)
{
    const EntityQuery *query = matcher->query;
    bool selects = query->selector_count == 0;
    for (size_t i = 0; i < query->selector_count && !selects; i++) {
        TRY(selector_means(&query->selectors[i], id, type, &selects));
    }
    *ret_selects = selects;
    return OK;
}

Error entity_matcher_test(EntityMatcher *matcher, Arena *scratch, const Entity *entity,
                          bool *ret_matches)
{
    bool matches = true;
    if (matcher->query->filter != NULL) {
        TRY(filter_matches(matcher->query->filter, scratch, entity, &matches));
    }
    if (matches && matcher->place != NULL) {
        TRY(geo_matcher_test(matcher->place, scratch, entity, &matches));
    }
    *ret_matches = matches;
    return OK;
}

/* --- what decides --- */

/* An entity's dates are those of its attributes: each of them decides. */
static bool reads_dates(const EntityQuery *query)
{
    bool reads = query->filter != NULL && (filter_names(query->filter, STR("dateCreated")) ||
                                           filter_names(query->filter, STR("dateModified")));
    for (size_t i = 0; i < query->order_count && !reads; i++) {
        reads = query->order[i].kind == ENTITY_ORDER_CREATED ||
                query->order[i].kind == ENTITY_ORDER_MODIFIED;
    }
    return reads;
}

static bool reads_all(const EntityMatcher *matcher)
{
    return matcher->place != NULL || reads_dates(matcher->query);
}

bool entity_matcher_reads(const EntityMatcher *matcher, Str attribute)
{
    const EntityQuery *query = matcher->query;
    bool reads =
        reads_all(matcher) || (query->filter != NULL && filter_names(query->filter, attribute));
    for (size_t i = 0; i < query->order_count && !reads; i++) {
        reads = query->order[i].kind == ENTITY_ORDER_ATTRIBUTE &&
                str_eq(query->order[i].attribute, attribute);
    }
    return reads;
}

bool entity_matcher_reads_any(const EntityMatcher *matcher)
{
    const EntityQuery *query = matcher->query;
    bool reads = reads_all(matcher) || query->filter != NULL;
    for (size_t i = 0; i < query->order_count && !reads; i++) {
        reads = query->order[i].kind == ENTITY_ORDER_ATTRIBUTE;
    }
    return reads;
}
