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

typedef struct StrList {
    const Str *items;
    size_t count;
} StrList;

/* Whether the list holds this very text. */
bool str_list_has(StrList list, Str text);

/* Entities to be listed. Empty lists do not restrict. */
typedef struct EntityQuery {
    StrList ids;
    StrList types;
    StrList attributes; /* which attributes to show; empty = all. Does not filter entities (Orion's
                           rule). */
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
    size_t count;
    int64_t total; /* all that match; valid when is_count_wanted or when the query was one of the
                      union */
} EntityPage;

/* What a write does to an entity. */
typedef enum EntityWriteKind {
    ENTITY_WRITE_CREATE, /* POST /v2/entities: the entity must not exist in the writer's view */
    ENTITY_WRITE_UPDATE, /* PATCH …/attrs: every attribute must exist */
} EntityWriteKind;

typedef struct EntityWrite {
    EntityWriteKind kind;
    Entity entity;    /* id and type as addressed; type "" = not given */
    Str service_path; /* as sent; "" = "/" */
} EntityWrite;

#endif
