/* entity_query.h — what is asked of a broker, whatever the protocol and whichever half answers.
 *
 * One description for public and personal data, so that both halves mean the same. Must never hold
 * anything that only one protocol can say in words: codecs translate first.
 *
 * Layer: vault/entity. Thread-safe: pure. */
#ifndef MUSUBI_ENTITY_QUERY_H
#define MUSUBI_ENTITY_QUERY_H

#include <stdbool.h>

#include "entity.h"

typedef struct Pattern Pattern;
typedef struct Filter Filter;
typedef struct GeoFilter GeoFilter;
typedef struct EntitySortKey EntitySortKey;

typedef struct StrList {
    const Str *items;
    size_t count;
} StrList;

/* Whether the list holds this very text. */
bool str_list_has(StrList list, Str text);

/* Which entities are meant, by id and type. Empty lists and NULL patterns do not restrict. */
typedef struct EntitySelector {
    StrList ids;
    StrList types;
    Pattern *id_pattern;
    Pattern *type_pattern;
} EntitySelector;

typedef enum EntityOrderKind {
    ENTITY_ORDER_ATTRIBUTE, /* the value of `attribute` */
    ENTITY_ORDER_ID,
    ENTITY_ORDER_TYPE,
    ENTITY_ORDER_SERVICE_PATH,
    ENTITY_ORDER_CREATED,
    ENTITY_ORDER_MODIFIED,
    ENTITY_ORDER_DISTANCE /* from the place asked for */
} EntityOrderKind;

typedef struct EntityOrder {
    EntityOrderKind kind;
    Str attribute;
    StrList path; /* into a compound value */
    bool is_descending;
} EntityOrder;

#define ENTITY_ORDER_ITEMS_MAX 16

/* Entities to be listed: those that one of the selectors means (no selector: all) and for which
 * filter and place hold. */
typedef struct EntityQuery {
    const EntitySelector *selectors;
    size_t selector_count;
    const Filter *filter;   /* NULL: none */
    const GeoFilter *place; /* NULL: none */
    StrList attributes; /* which attributes to show; empty = all. Does not filter entities (Orion's
                           rule). */
    const EntityOrder *order;
    size_t order_count; /* 0: the half's own order */
    int64_t limit;      /* 0..1000 */
    int64_t offset;
    bool is_count_wanted;
    Str service_path; /* as sent; "" = header absent = all paths */
} EntityQuery;

/* Whether a path lies in what was asked for: "" = all; else paths separated by commas, each exact
 * or, ending in
 * "/#", with everything below it. */
bool service_path_covers(Str asked, Str path);

typedef struct EntityPage {
    Entity *entities;
    const EntitySortKey *const *keys; /* of the entities; NULL when the query has no order */
    size_t count;
    int64_t total; /* all that match; valid when is_count_wanted */
} EntityPage;

/* Which types there are, how many entities each has and, when wanted, which attributes of which
 * types occur in them. */
typedef struct TypesQuery {
    Str type; /* "" = all */
    bool wants_attributes;
    Str service_path; /* as in EntityQuery */
} TypesQuery;

typedef struct TypeAttribute {
    Str name;
    StrList types; /* each once, ascending */
} TypeAttribute;

typedef struct TypeInfo {
    Str name;
    int64_t count;
    const TypeAttribute *attributes; /* ascending by name */
    size_t attribute_count;
} TypeInfo;

typedef struct TypeList {
    TypeInfo *types; /* ascending by name; all of them */
    size_t count;
} TypeList;

#endif
