#include "embedded_city.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "v2_entity.h"
#include "v2_render.h"

static const Principal SERVICE = {.kind = ACTOR_SERVICE, .client = STR_INIT("tester")};

City *city_new(Store *store, Broker *half)
{
    static atomic_uint count;
    City *city = calloc(1, sizeof *city);
    if (city == NULL) {
        abort();
    }
    city->store = store;
    city->half = half;
    city->arena = arena_new((size_t)64 << 20);
    city->now_us = 1775001600000000;
    city->timeout_us = 60 * CLOCK_SECOND_US;
    (void)snprintf(city->tenant, sizeof city->tenant, "city_%d_%u", (int)getpid(),
                   atomic_fetch_add(&count, 1));
    return city;
}

City *city_free(City *city)
{
    (void)arena_free(city->arena);
    free(city);
    return NULL;
}

static Error open_call(const City *city, Arena *arena, BrokerCall *ret_call)
{
    BrokerCall call = {.principal = &SERVICE};
    call.vault.arena = arena;
    call.vault.tenant = str_from(city->tenant);
    call.vault.now_us = city->now_us;
    call.vault.deadline = deadline_in(ports_system()->clock, city->timeout_us);
    Deadline enough = deadline_in(ports_system()->clock, 60 * CLOCK_SECOND_US);
    TRY(store_snapshot_open(city->store, enough, &call.vault.snapshot));
    *ret_call = call;
    return OK;
}

static Error write_in(const City *city, BrokerCall *call, const EntityBatch *batch,
                      EntityOutcome *outcomes)
{
    TRY(city->half->ops->write(city->half, call, batch, outcomes));
    return entity_outcomes_error(call->vault.arena, batch, outcomes);
}

Error city_write(City *city, const EntityBatch *batch, EntityOutcome *outcomes)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    BrokerCall call;
    TRY(open_call(city, arena, &call));
    Error error = write_in(city, &call, batch, outcomes);
    (void)store_snapshot_close(call.vault.snapshot);
    if (error.argument != NULL) {
        error.argument = str_argument(city->arena, str_from(error.argument));
    }
    return error;
}

static Error write_entity(City *city, const EntityWrite *write)
{
    EntityBatch batch = {.writes = write, .count = 1};
    EntityOutcome outcome;
    return city_write(city, &batch, &outcome);
}

Error city_create(City *city, const char *path, const char *body)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    EntityWrite write = {.kind = ENTITY_CREATE, .service_path = str_from(path)};
    TRY(v2_entity_parse(arena, str_from(body), true, &write.entity));
    return write_entity(city, &write);
}

Error city_update(City *city, const char *path, const char *id, const char *type, const char *body)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    EntityWrite write = {.kind = ENTITY_UPDATE, .service_path = str_from(path)};
    TRY(v2_attributes_parse(arena, str_from(body), false, &write.entity));
    write.entity.id = str_from(id);
    write.entity.type = str_from(type);
    return write_entity(city, &write);
}

Error city_get(City *city, const char *path, const char *id, const char *type, Str *ret_json)
{
    BrokerCall call;
    Entity entity;
    EntityQuery query = {.service_path = str_from(path)};
    TRY(open_call(city, city->arena, &call));
    Error error =
        city->half->ops->get(city->half, &call, str_from(id), str_from(type), &query, &entity);
    (void)store_snapshot_close(call.vault.snapshot);
    TRY(error);
    return v2_entity_render_in(city->arena, &entity, &(V2Show){.representation = V2_NORMALIZED},
                               ret_json);
}

#define PARAMS_MAX 8

static Error read_params(City *city, const char *text, V2Params *ret_params)
{
    V2Param params[PARAMS_MAX];
    size_t count = 0;
    Str rest = str_from(text);
    Str part;
    while (rest.n > 0 && count < PARAMS_MAX && str_split(&rest, '&', &part)) {
        size_t at = str_find(part, '=');
        params[count++] = (V2Param){str_slice(part, 0, at), str_slice(part, at + 1, part.n)};
        if (rest.p == NULL) {
            break;
        }
    }
    return v2_params_read(city->arena, V2_LIST, params, count, ret_params);
}

Error city_list(City *city, const char *path, const char *params, Str *ret_json, int64_t *ret_total)
{
    V2Params read;
    BrokerCall call;
    EntityPage page;
    TRY(read_params(city, params, &read));
    read.query.service_path = str_from(path);
    TRY(open_call(city, city->arena, &call));
    Error error = city->half->ops->query(city->half, &call, &read.query, &page);
    (void)store_snapshot_close(call.vault.snapshot);
    TRY(error);
    if (ret_total != NULL) {
        *ret_total = page.total;
    }
    read.show.representation = V2_KEY_VALUES;
    return v2_page_render_in(city->arena, &page, &read.show, ret_json);
}
