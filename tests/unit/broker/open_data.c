#include "open_data.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "contract_store.h"
#include "fake_ports.h"
#include "timestamp.h"

#define ANSWER_BYTES ((size_t)64 << 20)
#define BATCH_MAX 200
#define ATTRIBUTES_MAX 3

static const Principal SERVICE = {.kind = ACTOR_SERVICE, .client = STR_INIT("tester")};

OpenData *open_data_new(Store *store, Broker *half)
{
    static atomic_uint count;
    OpenData *data = calloc(1, sizeof *data);
    if (data == NULL) {
        abort();
    }
    data->store = store;
    data->half = half;
    data->now_us = FAKE_START_US;
    data->timeout_us = 60 * CLOCK_SECOND_US;
    (void)snprintf(data->tenant, sizeof data->tenant, "open_%d_%u", (int)getpid(),
                   atomic_fetch_add(&count, 1));
    return data;
}

OpenData *open_data_free(OpenData *data)
{
    (void)arena_free(data->arena);
    free(data->things);
    free(data);
    return NULL;
}

static Error begin(OpenData *data, BrokerCall *ret_call)
{
    data->arena = arena_free(data->arena);
    data->arena = arena_new(ANSWER_BYTES);
    assert_non_null(data->arena);
    BrokerCall call = {.principal = &SERVICE};
    call.vault.arena = data->arena;
    call.vault.tenant = str_from(data->tenant);
    call.vault.now_us = data->now_us;
    call.vault.deadline = deadline_in(ports_system()->clock, data->timeout_us);
    TRY(store_snapshot_open(data->store, contract_deadline(), &call.vault.snapshot));
    *ret_call = call;
    return OK;
}

Error open_data_query(OpenData *data, const EntityQuery *query, EntityPage *ret_page)
{
    BrokerCall call;
    TRY(begin(data, &call));
    Error error = data->half->ops->query(data->half, &call, query, ret_page);
    (void)store_snapshot_close(call.vault.snapshot);
    return error;
}

Error open_data_get(OpenData *data, const char *id, const char *type, const char *path,
                    Entity *ret_entity)
{
    BrokerCall call;
    const EntityQuery query = {.service_path = str_from(path)};
    TRY(begin(data, &call));
    Error error =
        data->half->ops->get(data->half, &call, str_from(id), str_from(type), &query, ret_entity);
    (void)store_snapshot_close(call.vault.snapshot);
    return error;
}

Error open_data_types(OpenData *data, const TypesQuery *query, TypeList *ret_types)
{
    BrokerCall call;
    TRY(begin(data, &call));
    Error error = data->half->ops->types(data->half, &call, query, ret_types);
    (void)store_snapshot_close(call.vault.snapshot);
    return error;
}

Error open_data_write(OpenData *data, const EntityBatch *batch, EntityOutcome *outcomes)
{
    BrokerCall call;
    TRY(begin(data, &call));
    Error error = data->half->ops->write(data->half, &call, batch, outcomes);
    (void)store_snapshot_close(call.vault.snapshot);
    return error;
}

/* --- writing things --------------------------------------------------------------------------- */

/* A write and the texts it refers to. */
typedef struct Draft {
    Attribute attributes[ATTRIBUTES_MAX];
    char n[24];
    char t[8];
    char expires[TIMESTAMP_TEXT_BYTES + 2];
} Draft;

static void add_attribute(EntityWrite *write, const char *name, const char *type, const char *value)
{
    write->entity.attributes[write->entity.attribute_count++] =
        (Attribute){.name = str_from(name), .type = str_from(type), .value = str_from(value)};
}

static void draft(const Thing *thing, Draft *draft, EntityWrite *write)
{
    *write = (EntityWrite){.kind = ENTITY_CREATE, .service_path = str_from(thing->path)};
    write->entity.id = str_from(thing->id);
    write->entity.type = str_from(thing->type);
    write->entity.attributes = draft->attributes;
    if (thing->expires_us != 0) {
        char moment[TIMESTAMP_TEXT_BYTES];
        timestamp_text(thing->expires_us, moment);
        (void)snprintf(draft->expires, sizeof draft->expires, "\"%s\"", moment);
        add_attribute(write, "dateExpires", "DateTime", draft->expires);
    }
    if (thing->n >= 0) {
        (void)snprintf(draft->n, sizeof draft->n, "%lld", (long long)thing->n);
        add_attribute(write, "n", "Number", draft->n);
    }
    if (thing->t[0] != '\0') {
        (void)snprintf(draft->t, sizeof draft->t, "\"%s\"", thing->t);
        add_attribute(write, "t", "Text", draft->t);
    }
}

static void write_things(OpenData *data, const Thing *things, size_t count)
{
    static Draft drafts[BATCH_MAX];
    static EntityWrite writes[BATCH_MAX];
    static EntityOutcome outcomes[BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        draft(&things[i], &drafts[i], &writes[i]);
    }
    const EntityBatch batch = {.writes = writes, .count = count, .is_batch_call = true};
    assert_ok(open_data_write(data, &batch, outcomes));
    for (size_t i = 0; i < count; i++) {
        assert_ok(outcomes[i].refusal);
    }
}

void open_data_add(OpenData *data, const Thing *things, size_t count)
{
    Thing *grown = realloc(data->things, (data->count + count) * sizeof *grown);
    assert_non_null(grown);
    data->things = grown;
    memcpy(data->things + data->count, things, count * sizeof *things);
    data->count += count;
    for (size_t at = 0; at < count; at += BATCH_MAX) {
        write_things(data, things + at, count - at < BATCH_MAX ? count - at : BATCH_MAX);
    }
}

/* --- the plain list --------------------------------------------------------------------------- */

void open_data_name(char *text, size_t bytes, Str id, Str type, Str path)
{
    (void)snprintf(text, bytes, "%.*s/%.*s%.*s", STR_FORMAT(id), STR_FORMAT(type),
                   STR_FORMAT(path));
}

static bool covers(const char *asked, size_t n, const char *path)
{
    if (n < 2 || strncmp(asked + n - 2, "/#", 2) != 0) {
        return strlen(path) == n && strncmp(asked, path, n) == 0;
    }
    return strncmp(asked, path, n - 2) == 0 && (path[n - 2] == '\0' || path[n - 2] == '/');
}

bool open_data_shows(const OpenData *data, const Thing *thing, const char *paths)
{
    bool is_there = thing->expires_us == 0 || thing->expires_us > data->now_us;
    bool is_in = paths[0] == '\0';
    while (paths[0] != '\0') {
        size_t n = strcspn(paths, ",");
        is_in = is_in || covers(paths, n, thing->path);
        paths += n + (paths[n] == ',' ? 1 : 0);
    }
    return is_there && is_in;
}
