#include "demo_truth.h"

#include <stdio.h>
#include <stdlib.h>

#include "json_write.h"

#define TRUTH_BYTES_MAX ((size_t)8 << 30) /* a million citizens */

/* Entities come before the grants of their chunk, so a citizen's parts are collected apart and
 * joined at the end. */
typedef struct TruthCitizen {
    Str users;
    Str person;
    Buf entities;
    Str grants;
} TruthCitizen;

struct DemoTruth {
    Arena *arena;
    uint64_t seed;
    TruthCitizen *citizens;
    size_t count;
    size_t capacity;
    Error failure;
};

Error demo_grants_add(DemoGrants *grants, const Grant *grant, DemoConsent consent)
{
    ENSURE(grants->count < DEMO_GRANTS_MAX, BUDGET_EXCEEDED, NULL);
    DemoGrant *item = &grants->items[grants->count++];
    (void)snprintf(item->id, sizeof item->id, "%.*s", STR_FORMAT(grant->id));
    item->consent = consent;
    item->grant = *grant;
    return OK;
}

DemoTruth *demo_truth_new(uint64_t seed)
{
    DemoTruth *truth = calloc(1, sizeof *truth);
    if (truth == NULL) {
        return NULL;
    }
    truth->seed = seed;
    truth->arena = arena_new(TRUTH_BYTES_MAX);
    if (truth->arena == NULL) {
        free(truth);
        return NULL;
    }
    return truth;
}

void demo_truth_free(DemoTruth *truth)
{
    if (truth == NULL) {
        return;
    }
    (void)arena_free(truth->arena);
    free(truth->citizens);
    free(truth);
}

static TruthCitizen *citizen_at(DemoTruth *truth, int64_t number)
{
    size_t index = (size_t)number;
    if (index >= truth->capacity) {
        size_t capacity = truth->capacity == 0 ? 256 : truth->capacity * 2;
        TruthCitizen *grown = reallocarray(truth->citizens, capacity, sizeof *grown);
        if (grown == NULL) {
            truth->failure = FAIL(OUT_OF_MEMORY, NULL);
            return NULL;
        }
        for (size_t i = truth->capacity; i < capacity; i++) {
            grown[i] = (TruthCitizen){.entities = buf_in(truth->arena)};
        }
        truth->citizens = grown;
        truth->capacity = capacity;
    }
    truth->count = index + 1 > truth->count ? index + 1 : truth->count;
    return &truth->citizens[index];
}

static void keep(DemoTruth *truth, const JsonWriter *writer, Str *part)
{
    Error outcome = json_write_finish(writer, part);
    if (FAILED(outcome)) {
        truth->failure = outcome;
    }
}

static void write_attributes(JsonWriter *writer, const Attribute *attributes, size_t count)
{
    json_write_begin_object(writer);
    for (size_t i = 0; i < count; i++) {
        json_write_member_raw(writer, attributes[i].name, attributes[i].value);
    }
    json_write_end_object(writer);
}

void demo_truth_person(DemoTruth *truth, const DemoPlan *plan, const Attribute *attributes,
                       size_t count)
{
    TruthCitizen *citizen = citizen_at(truth, plan->number);
    if (citizen == NULL) {
        return;
    }
    Buf users = buf_in(truth->arena);
    JsonWriter writer = json_writer(&users);
    json_write_begin_object(&writer);
    for (unsigned s = 0; s < DEMO_SERVICE_COUNT_; s++) {
        if (plan->is_linked[s]) {
            json_write_member_string(&writer, demo_service((DemoService)s)->client_id,
                                     str_from(plan->user_id[s]));
        }
    }
    json_write_end_object(&writer);
    keep(truth, &writer, &citizen->users);
    Buf person = buf_in(truth->arena);
    writer = json_writer(&person);
    write_attributes(&writer, attributes, count);
    keep(truth, &writer, &citizen->person);
}

void demo_truth_entity(DemoTruth *truth, const DemoPlan *plan, const Entity *entity,
                       Str writer_service)
{
    TruthCitizen *citizen = citizen_at(truth, plan->number);
    if (citizen == NULL) {
        return;
    }
    Buf buf = buf_in(truth->arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("type"), entity->type);
    json_write_member_string(&writer, STR("id"), entity->id);
    json_write_member_string(&writer, STR("writer"), writer_service);
    json_write_key(&writer, STR("attributes"));
    write_attributes(&writer, entity->attributes, entity->attribute_count);
    json_write_end_object(&writer);
    Str text = STR_EMPTY;
    keep(truth, &writer, &text);
    if (citizen->entities.n > 0) {
        buf_add_char(&citizen->entities, ',');
    }
    buf_add(&citizen->entities, text);
}

static const char *state_of(DemoConsent consent)
{
    return consent == DEMO_CONSENT_WITHDRAWN ? "withdrawn"
           : consent == DEMO_CONSENT_EXPIRED ? "expired"
                                             : "active";
}

static void write_grant(JsonWriter *writer, const DemoGrant *item)
{
    const Grant *grant = &item->grant;
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("id"), str_from(item->id));
    json_write_member_string(writer, STR("recipient"), grant->recipient);
    json_write_member_string(writer, STR("purpose"), grant->purpose);
    json_write_member_string(writer, STR("type"), grant->type);
    json_write_member_string(writer, STR("state"), str_from(state_of(item->consent)));
    json_write_key(writer, STR("attributes"));
    json_write_begin_array(writer);
    for (size_t i = 0; i < grant->attribute_count; i++) {
        json_write_string(writer, grant->attributes[i].name);
    }
    json_write_end_array(writer);
    json_write_key(writer, STR("operations"));
    json_write_begin_array(writer);
    if ((grant->operations & CONSENT_READ) != 0) {
        json_write_string(writer, STR("read"));
    }
    if ((grant->operations & CONSENT_WRITE) != 0) {
        json_write_string(writer, STR("write"));
    }
    json_write_end_array(writer);
    json_write_end_object(writer);
}

void demo_truth_grants(DemoTruth *truth, const DemoPlan *plan, const DemoGrants *grants)
{
    TruthCitizen *citizen = citizen_at(truth, plan->number);
    if (citizen == NULL) {
        return;
    }
    Buf buf = buf_in(truth->arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < grants->count; i++) {
        write_grant(&writer, &grants->items[i]);
    }
    json_write_end_array(&writer);
    keep(truth, &writer, &citizen->grants);
}

static void add_citizen(Buf *buf, const TruthCitizen *citizen)
{
    buf_add(buf, STR("{\"users\":"));
    buf_add(buf, citizen->users);
    buf_add(buf, STR(",\"person\":"));
    buf_add(buf, citizen->person);
    buf_add(buf, STR(",\"entities\":["));
    buf_add(buf, str_bytes(citizen->entities.p, citizen->entities.n));
    buf_add(buf, STR("],\"grants\":"));
    buf_add(buf, citizen->grants.n == 0 ? STR("[]") : citizen->grants);
    buf_add(buf, STR("}\n"));
}

Error demo_truth_write(DemoTruth *truth, const Ports *ports, const char *path)
{
    TRY(truth->failure);
    Buf buf = buf_in(truth->arena);
    buf_add(&buf, STR("{\"seed\":"));
    buf_add_int(&buf, (int64_t)truth->seed);
    buf_add(&buf, STR(",\"citizens\":["));
    for (size_t i = 0; i < truth->count; i++) {
        buf_add(&buf, i == 0 ? STR("\n") : STR(","));
        add_citizen(&buf, &truth->citizens[i]);
    }
    buf_add(&buf, STR("]}\n"));
    Str text = STR_EMPTY;
    TRY(buf_finish(&buf, &text));
    return file_write_durable(ports->file, path, 0600, text);
}
