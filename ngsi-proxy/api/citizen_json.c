#include "citizen_json.h"

#include "json_write.h"
#include "timestamp.h"

/* --- reading ---------------------------------------------------------------------------------- */

static Error parse_object(Arena *arena, Str json, JsonValue *ret_object)
{
    TRY(json_parse(arena, json, JSON_LIMITS_API, ret_object));
    ENSURE(json_is(*ret_object, JSON_OBJECT), API_BAD_FIELD, "the body: expected an object");
    return OK;
}

static Error check_known(Arena *arena, JsonValue object, const Str *known, size_t count)
{
    JsonIter iter = json_iter(object);
    Str key;
    JsonValue value;
    while (json_next(&iter, &key, &value)) {
        const Str sentence[] = {key, STR(": there is no such member here")};
        Str text;
        bool is_known = false;
        for (size_t i = 0; i < count; i++) {
            is_known |= str_eq(known[i], key);
        }
        if (!is_known) {
            TRY(str_join_in(arena, sentence, 2, &text));
            return FAIL(API_BAD_FIELD, str_argument(arena, text));
        }
    }
    return OK;
}

/* An absent member leaves "". */
static Error read_text(Arena *arena, JsonValue object, Str name, const char *refusal, Str *ret_text)
{
    JsonValue value;
    *ret_text = STR_EMPTY;
    if (!json_member(object, name, &value)) {
        return OK;
    }
    ENSURE(json_is(value, JSON_STRING), API_BAD_FIELD, refusal);
    return json_string_in(arena, value, ret_text);
}

static Error read_needed_text(Arena *arena, JsonValue object, Str name, const char *refusal,
                              Str *ret_text)
{
    TRY(read_text(arena, object, name, refusal, ret_text));
    ENSURE(ret_text->n > 0, API_BAD_FIELD, refusal);
    return OK;
}

static Error read_time(Arena *arena, JsonValue object, Str name, const char *refusal,
                       int64_t *ret_at_us)
{
    Str text;
    TRY(read_text(arena, object, name, refusal, &text));
    *ret_at_us = 0;
    ENSURE(text.n == 0 || timestamp_parse(text, ret_at_us), API_BAD_FIELD, refusal);
    return OK;
}

/* A name alone means the level "exact"; what a citizen gives less of is said as {"name", "level"}.
 */
static Error read_attribute(Arena *arena, JsonValue value, ConsentAttribute *ret_attribute)
{
    static const Str KNOWN[] = {STR_INIT("name"), STR_INIT("level")};
    ret_attribute->level = CONSENT_LEVEL_EXACT;
    if (json_is(value, JSON_STRING)) {
        return json_string_in(arena, value, &ret_attribute->name);
    }
    ENSURE(json_is(value, JSON_OBJECT), API_BAD_FIELD,
           "attributes: expected names or objects with name and level");
    TRY(check_known(arena, value, KNOWN, sizeof KNOWN / sizeof KNOWN[0]));
    Str level;
    TRY(read_needed_text(arena, value, STR("name"), "attributes: expected a name",
                         &ret_attribute->name));
    TRY(read_text(arena, value, STR("level"), "attributes: expected a level", &level));
    ENSURE(level.n == 0 || consent_level_parse(level, &ret_attribute->level), API_BAD_FIELD,
           "attributes: there is no such level");
    return OK;
}

static Error read_attributes(Arena *arena, JsonValue object, GrantRequest *request)
{
    JsonValue list;
    ENSURE(json_member(object, STR("attributes"), &list) && json_is(list, JSON_ARRAY) &&
               json_count(list) > 0,
           API_BAD_FIELD, "attributes: expected a list with at least one");
    ENSURE(json_count(list) <= GRANT_ATTRIBUTES_MAX, API_BAD_FIELD, "attributes: too many");
    ConsentAttribute *attributes = ARENA_MANY(arena, ConsentAttribute, json_count(list));
    ENSURE_ALLOC(attributes, arena);
    JsonIter iter = json_iter(list);
    JsonValue value;
    size_t count = 0;
    while (json_next(&iter, NULL, &value)) {
        TRY(read_attribute(arena, value, &attributes[count]));
        count++;
    }
    request->attributes = attributes;
    request->attribute_count = count;
    return OK;
}

static Error read_operations(Arena *arena, JsonValue object, GrantRequest *request)
{
    JsonValue list;
    ENSURE(json_member(object, STR("operations"), &list) && json_is(list, JSON_ARRAY) &&
               json_count(list) > 0,
           API_BAD_FIELD, "operations: expected a list of read, write, notify");
    JsonIter iter = json_iter(list);
    JsonValue value;
    request->operations = 0;
    while (json_next(&iter, NULL, &value)) {
        Str text = STR_EMPTY;
        ConsentOperation operation = CONSENT_READ;
        if (json_is(value, JSON_STRING)) {
            TRY(json_string_in(arena, value, &text));
        }
        ENSURE(consent_operation_parse(text, &operation), API_BAD_FIELD,
               "operations: expected a list of read, write, notify");
        request->operations |= (unsigned)operation;
    }
    return OK;
}

Error citizen_grant_request_parse(Arena *arena, Str json, GrantRequest *ret_request)
{
    static const Str KNOWN[] = {
        STR_INIT("recipient"),  STR_INIT("purpose"),          STR_INIT("type"),
        STR_INIT("attributes"), STR_INIT("operations"),       STR_INIT("validFrom"),
        STR_INIT("validUntil"), STR_INIT("collectionMethod"), STR_INIT("language")};
    JsonValue root;
    GrantRequest request = {.source_party = STR_EMPTY};
    TRY(parse_object(arena, json, &root));
    TRY(check_known(arena, root, KNOWN, sizeof KNOWN / sizeof KNOWN[0]));
    TRY(read_needed_text(arena, root, STR("recipient"), "recipient: expected a service's client id",
                         &request.recipient));
    TRY(read_needed_text(arena, root, STR("purpose"), "purpose: expected a purpose's code",
                         &request.purpose));
    TRY(read_needed_text(arena, root, STR("type"), "type: expected an entity type", &request.type));
    TRY(read_attributes(arena, root, &request));
    TRY(read_operations(arena, root, &request));
    TRY(read_time(arena, root, STR("validFrom"), "validFrom: expected an ISO 8601 time",
                  &request.valid_from_us));
    TRY(read_time(arena, root, STR("validUntil"), "validUntil: expected an ISO 8601 time",
                  &request.valid_until_us));
    TRY(read_text(arena, root, STR("collectionMethod"), "collectionMethod: expected text",
                  &request.collection_method));
    TRY(read_text(arena, root, STR("language"), "language: expected text", &request.language));
    *ret_request = request;
    return OK;
}

Error citizen_reason_parse(Arena *arena, Str json, Str *ret_reason)
{
    static const Str KNOWN[] = {STR_INIT("reason")};
    JsonValue root;
    Str reason;
    if (json.n == 0) {
        *ret_reason = STR_EMPTY;
        return OK;
    }
    TRY(parse_object(arena, json, &root));
    TRY(check_known(arena, root, KNOWN, 1));
    TRY(read_text(arena, root, STR("reason"), "reason: expected text", &reason));
    *ret_reason = reason;
    return OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_time(JsonWriter *writer, Str name, int64_t at_us)
{
    char text[TIMESTAMP_TEXT_BYTES];
    timestamp_text(at_us, text);
    json_write_member_string(writer, name, str_from(text));
}

static void write_person(JsonWriter *writer, const CitizenMe *me)
{
    json_write_key(writer, STR("person"));
    json_write_begin_object(writer);
    for (size_t i = 0; i < me->entity_count; i++) {
        const Entity *entity = &me->entities[i];
        for (size_t j = 0; str_eq(entity->type, STR("Person")) && j < entity->attribute_count;
             j++) {
            json_write_member_raw(writer, entity->attributes[j].name, entity->attributes[j].value);
        }
    }
    json_write_end_object(writer);
}

static void write_attribute(JsonWriter *writer, const Attribute *attribute)
{
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("name"), attribute->name);
    json_write_member_string(writer, STR("type"), attribute->type);
    json_write_member_raw(writer, STR("value"), attribute->value);
    json_write_member_string(writer, STR("writer"), attribute->writer);
    write_time(writer, STR("modified"), attribute->modified_us);
    json_write_end_object(writer);
}

static void write_entities(JsonWriter *writer, const CitizenMe *me)
{
    json_write_key(writer, STR("entities"));
    json_write_begin_array(writer);
    for (size_t i = 0; i < me->entity_count; i++) {
        const Entity *entity = &me->entities[i];
        json_write_begin_object(writer);
        json_write_member_string(writer, STR("id"), entity->id);
        json_write_member_string(writer, STR("type"), entity->type);
        json_write_key(writer, STR("attributes"));
        json_write_begin_array(writer);
        for (size_t j = 0; j < entity->attribute_count; j++) {
            write_attribute(writer, &entity->attributes[j]);
        }
        json_write_end_array(writer);
        json_write_end_object(writer);
    }
    json_write_end_array(writer);
}

static void write_services(JsonWriter *writer, const CitizenMe *me)
{
    json_write_key(writer, STR("services"));
    json_write_begin_array(writer);
    for (size_t i = 0; i < me->link_count; i++) {
        json_write_begin_object(writer);
        json_write_member_string(writer, STR("service"), me->links[i].service);
        json_write_member_string(writer, STR("name"), me->links[i].name_ja);
        json_write_member_string(writer, STR("state"), me->links[i].state);
        write_time(writer, STR("linked"), me->links[i].linked_us);
        json_write_end_object(writer);
    }
    json_write_end_array(writer);
}

Error citizen_me_render(Arena *arena, const CitizenMe *me, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    write_person(&writer, me);
    write_entities(&writer, me);
    write_services(&writer, me);
    json_write_end_object(&writer);
    return json_write_finish(&writer, ret_json);
}

static void write_grant_contents(JsonWriter *writer, const Grant *grant)
{
    static const ConsentOperation OPERATIONS[] = {CONSENT_READ, CONSENT_WRITE, CONSENT_NOTIFY};
    json_write_key(writer, STR("attributes"));
    json_write_begin_array(writer);
    for (size_t i = 0; i < grant->attribute_count; i++) {
        json_write_begin_object(writer);
        json_write_member_string(writer, STR("name"), grant->attributes[i].name);
        json_write_member_string(writer, STR("level"),
                                 consent_level_text(grant->attributes[i].level));
        json_write_end_object(writer);
    }
    json_write_end_array(writer);
    json_write_key(writer, STR("operations"));
    json_write_begin_array(writer);
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++) {
        if (grant->operations & (unsigned)OPERATIONS[i]) {
            json_write_string(writer, consent_operation_text(OPERATIONS[i]));
        }
    }
    json_write_end_array(writer);
}

static void write_history(JsonWriter *writer, const Grant *grant)
{
    json_write_key(writer, STR("history"));
    json_write_begin_array(writer);
    for (size_t i = 0; i < grant->event_count; i++) {
        json_write_begin_object(writer);
        write_time(writer, STR("time"), grant->events[i].at_us);
        json_write_member_string(writer, STR("actor"), grant->events[i].actor);
        json_write_member_string(writer, STR("state"), grant_state_text(grant->events[i].state));
        json_write_member_string(writer, STR("reason"), grant->events[i].reason);
        json_write_end_object(writer);
    }
    json_write_end_array(writer);
}

static void write_grant(JsonWriter *writer, const Grant *grant)
{
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("id"), grant->id);
    json_write_member_int(writer, STR("version"), (int64_t)grant->version);
    json_write_member_string(writer, STR("state"), grant_state_text(grant->state));
    json_write_member_string(writer, STR("recipient"), grant->recipient);
    json_write_member_string(writer, STR("sourceParty"), grant->source_party);
    json_write_member_string(writer, STR("purpose"), grant->purpose);
    json_write_member_int(writer, STR("purposeVersion"), grant->purpose_version);
    json_write_member_string(writer, STR("type"), grant->type);
    write_grant_contents(writer, grant);
    json_write_member_string(writer, STR("legalBasis"), grant->legal_basis);
    json_write_member_string(writer, STR("collectionMethod"), grant->collection_method);
    json_write_member_string(writer, STR("language"), grant->language);
    write_time(writer, STR("validFrom"), grant->valid_from_us);
    write_time(writer, STR("validUntil"), grant->valid_until_us);
    write_history(writer, grant);
    json_write_end_object(writer);
}

Error citizen_grant_render(Arena *arena, const Grant *grant, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    write_grant(&writer, grant);
    return json_write_finish(&writer, ret_json);
}

Error citizen_grants_render(Arena *arena, const CitizenGrantPage *page, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    json_write_key(&writer, STR("grants"));
    json_write_begin_array(&writer);
    for (size_t i = 0; i < page->count; i++) {
        write_grant(&writer, &page->grants[i]);
    }
    json_write_end_array(&writer);
    if (page->next.n > 0) {
        json_write_member_string(&writer, STR("next"), page->next);
    }
    json_write_end_object(&writer);
    return json_write_finish(&writer, ret_json);
}

static void write_names(JsonWriter *writer, Str member, StrList names)
{
    json_write_key(writer, member);
    json_write_begin_array(writer);
    for (size_t i = 0; i < names.count; i++) {
        json_write_string(writer, names.items[i]);
    }
    json_write_end_array(writer);
}

static void write_access(JsonWriter *writer, const CitizenAccess *access)
{
    json_write_begin_object(writer);
    write_time(writer, STR("time"), access->at_us);
    json_write_member_string(writer, STR("service"), access->service);
    json_write_member_string(writer, STR("serviceName"), access->service_name);
    json_write_member_string(writer, STR("purpose"), access->purpose);
    json_write_member_string(writer, STR("action"), access->act);
    json_write_member_string(writer, STR("decision"), access->decision);
    json_write_member_string(writer, STR("type"), access->type);
    write_names(writer, STR("attributes"), access->attributes);
    write_names(writer, STR("usedInFilter"), access->filtered);
    json_write_member_string(writer, STR("grant"), access->grants);
    json_write_member_string(writer, STR("reason"), access->reason);
    json_write_member_string(writer, STR("requestId"), access->request_id);
    json_write_end_object(writer);
}

Error citizen_accesses_render(Arena *arena, const CitizenAccessPage *page, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    json_write_key(&writer, STR("accesses"));
    json_write_begin_array(&writer);
    for (size_t i = 0; i < page->count; i++) {
        write_access(&writer, &page->accesses[i]);
    }
    json_write_end_array(&writer);
    if (page->next.n > 0) {
        json_write_member_string(&writer, STR("next"), page->next);
    }
    json_write_end_object(&writer);
    return json_write_finish(&writer, ret_json);
}
