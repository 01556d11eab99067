/* open_data.h — a population of open data behind the embedded half, and the plain list beside it
 * that tests compare with.
 *
 * Things are written through the half in batches and kept in memory in their order; what the half
 * answers is spoken of in the port's own structs. Each population is a tenant of its own. Must
 * never be used outside tests.
 *
 * Layer: tests. Thread-safe: no. */
#ifndef MUSUBI_OPEN_DATA_H
#define MUSUBI_OPEN_DATA_H

#include "broker.h"
#include "store.h"

/* An entity of the population. */
typedef struct Thing {
    char id[16];
    char type[8];
    const char *path;
    int64_t n;          /* attribute n, a Number; negative: none */
    char t[4];          /* attribute t, a Text; "": none */
    int64_t expires_us; /* attribute dateExpires; 0: none */
} Thing;

typedef struct OpenData {
    Store *store;
    Broker *half;
    Arena *arena; /* of one answer */
    char tenant[32];
    int64_t now_us;
    int64_t timeout_us;
    Thing *things; /* in order of creation */
    size_t count;
} OpenData;

/* An empty population that nobody used before. Ends with open_data_free. */
OpenData *open_data_new(Store *store, Broker *half);
OpenData *open_data_free(OpenData *data);
/* Writes the things behind those that are there. */
void open_data_add(OpenData *data, const Thing *things, size_t count);
/* "id/type/path": the name that answers are compared by. */
void open_data_name(char *text, size_t bytes, Str id, Str type, Str path);

/* Whether the thing is there at this moment and its path is asked for. */
bool open_data_shows(const OpenData *data, const Thing *thing, const char *paths);

/* Asks the half, in a view of its own; the answer lives until the next question. */
Error open_data_query(OpenData *data, const EntityQuery *query, EntityPage *ret_page) MUST_USE;
Error open_data_get(OpenData *data, const char *id, const char *type, const char *path,
                    Entity *ret_entity) MUST_USE;
Error open_data_types(OpenData *data, const TypesQuery *query, TypeList *ret_types) MUST_USE;
Error open_data_write(OpenData *data, const EntityBatch *batch, EntityOutcome *outcomes) MUST_USE;

#endif
