/* embedded_city.h — an embedded half over a real store, spoken to in NGSIv2 bodies and answers.
 *
 * Each city is a tenant of its own, so that tests share a store. Must never be used outside tests.
 *
 * Layer: tests. Thread-safe: yes but city_new (each call opens its own view). */
#ifndef MUSUBI_EMBEDDED_CITY_H
#define MUSUBI_EMBEDDED_CITY_H

#include "broker.h"
#include "store.h"
#include "v2_params.h"

typedef struct City {
    Store *store;
    Broker *half;
    Arena *arena; /* of the answers given so far */
    char tenant[32];
    int64_t now_us;
    int64_t timeout_us;
} City;

/* A city nobody used before. Ends with city_free. */
City *city_new(Store *store, Broker *half);
City *city_free(City *city);

/* POST /v2/entities?options=keyValues at a path ("" = header absent). */
Error city_create(City *city, const char *path, const char *body) MUST_USE;
/* PATCH …/attrs, normalized. type may be "". */
Error city_update(City *city, const char *path, const char *id, const char *type, const char *body)
    MUST_USE;
/* Any batch, with the answer to all of it; outcomes (batch->count of them) without their texts. */
Error city_write(City *city, const EntityBatch *batch, EntityOutcome *outcomes) MUST_USE;
/* GET /v2/entities/{id}; normalized. */
Error city_get(City *city, const char *path, const char *id, const char *type, Str *ret_json)
    MUST_USE;
/* GET /v2/entities?<params>, e.g. "type=A,B&limit=2&options=count"; *ret_total may be NULL. */
Error city_list(City *city, const char *path, const char *params, Str *ret_json, int64_t *ret_total)
    MUST_USE;

#endif
