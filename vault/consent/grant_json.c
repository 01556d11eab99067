#include "grant.h"
#include "json_write.h"
#include "record.h"

/* --- writing ---------------------------------------------------------------------------------- */

static void attributes_write(JsonWriter *json, const Grant *grant)
{
    json_write_key(json, STR("attributes"));
    json_write_begin_array(json);
    for (size_t i = 0; i < grant->attribute_count; i++) {
        json_write_begin_object(json);
        json_write_member_string(json, STR("name"), grant->attributes[i].name);
        json_write_member_string(json, STR("level"),
                                 consent_level_text(grant->attributes[i].level));
        json_write_end_object(json);
    }
    json_write_end_array(json);
}

static void events_write(JsonWriter *json, const Grant *grant)
{
    json_write_key(json, STR("history"));
    json_write_begin_array(json);
    for (size_t i = 0; i < grant->event_count; i++) {
        const GrantEvent *event = &grant->events[i];
        json_write_begin_object(json);
        json_write_member_int(json, STR("atUs"), event->at_us);
        json_write_member_string(json, STR("actor"), event->actor);
        json_write_member_string(json, STR("state"), grant_state_text(event->state));
        json_write_member_string(json, STR("reason"), event->reason);
        json_write_end_object(json);
    }
    json_write_end_array(json);
}

Error grant_to_json(Arena *arena, const Grant *grant, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter json = json_writer(&buf);
    json_write_begin_object(&json);
    json_write_member_string(&json, STR("id"), grant->id);
    json_write_member_int(&json, STR("version"), (int64_t)grant->version);
    json_write_member_string(&json, STR("sourceParty"), grant->source_party);
    json_write_member_string(&json, STR("recipient"), grant->recipient);
    json_write_member_string(&json, STR("purpose"), grant->purpose);
    json_write_member_int(&json, STR("purposeVersion"), grant->purpose_version);
    json_write_member_string(&json, STR("type"), grant->type);
    attributes_write(&json, grant);
    json_write_member_int(&json, STR("operations"), grant->operations);
    json_write_member_string(&json, STR("legalBasis"), grant->legal_basis);
    json_write_member_string(&json, STR("collectionMethod"), grant->collection_method);
    json_write_member_string(&json, STR("language"), grant->language);
    json_write_member_int(&json, STR("validFromUs"), grant->valid_from_us);
    json_write_member_int(&json, STR("validUntilUs"), grant->valid_until_us);
    events_write(&json, grant);
    json_write_end_object(&json);
    return json_write_finish(&json, ret_json);
}

/* --- reading ---------------------------------------------------------------------------------- */

static Error attributes_read(Arena *arena, JsonValue object, Grant *grant)
{
    JsonValue list;
    TRY(record_json_list(object, STR("attributes"), &list));
    ConsentAttribute *attributes = ARENA_MANY(arena, ConsentAttribute, json_count(list));
    ENSURE_ALLOC(attributes, arena);
    JsonIter iter = json_iter(list);
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, NULL, &item)) {
        Str level;
        TRY(record_json_text(arena, item, STR("name"), &attributes[count].name));
        TRY(record_json_text(arena, item, STR("level"), &level));
        ENSURE(consent_level_parse(level, &attributes[count].level), STORE_CORRUPT,
               "consent level");
        count++;
    }
    grant->attributes = attributes;
    grant->attribute_count = count;
    return OK;
}

/* The state is the last event's: what is stored is the history. */
static Error events_read(Arena *arena, JsonValue object, Grant *grant)
{
    JsonValue list;
    TRY(record_json_list(object, STR("history"), &list));
    ENSURE(json_count(list) > 0, STORE_CORRUPT, "history of a grant");
    GrantEvent *events = ARENA_MANY(arena, GrantEvent, json_count(list));
    ENSURE_ALLOC(events, arena);
    JsonIter iter = json_iter(list);
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, NULL, &item)) {
        GrantEvent *event = &events[count++];
        Str state;
        TRY(record_json_int(item, STR("atUs"), &event->at_us));
        TRY(record_json_text(arena, item, STR("actor"), &event->actor));
        TRY(record_json_text(arena, item, STR("state"), &state));
        TRY(record_json_text(arena, item, STR("reason"), &event->reason));
        ENSURE(grant_state_parse(state, &event->state), STORE_CORRUPT, "state of a grant");
    }
    grant->events = events;
    grant->event_count = count;
    grant->state = events[count - 1].state;
    return OK;
}

static Error texts_read(Arena *arena, JsonValue object, Grant *grant)
{
    TRY(record_json_text(arena, object, STR("id"), &grant->id));
    TRY(record_json_text(arena, object, STR("sourceParty"), &grant->source_party));
    TRY(record_json_text(arena, object, STR("recipient"), &grant->recipient));
    TRY(record_json_text(arena, object, STR("purpose"), &grant->purpose));
    TRY(record_json_text(arena, object, STR("type"), &grant->type));
    TRY(record_json_text(arena, object, STR("legalBasis"), &grant->legal_basis));
    TRY(record_json_text(arena, object, STR("collectionMethod"), &grant->collection_method));
    return record_json_text(arena, object, STR("language"), &grant->language);
}

Error grant_from_json(Arena *arena, Str json, Grant *ret_grant)
{
    JsonValue object;
    Grant grant = {.key = STR_EMPTY};
    int64_t version;
    int64_t operations;
    TRY(record_json(arena, json, &object));
    TRY(texts_read(arena, object, &grant));
    TRY(record_json_int(object, STR("version"), &version));
    TRY(record_json_int(object, STR("purposeVersion"), &grant.purpose_version));
    TRY(record_json_int(object, STR("operations"), &operations));
    TRY(record_json_int(object, STR("validFromUs"), &grant.valid_from_us));
    TRY(record_json_int(object, STR("validUntilUs"), &grant.valid_until_us));
    bool is_sane = version > 0 && operations > 0 && operations <= CONSENT_OPERATIONS_ALL;
    ENSURE(is_sane, STORE_CORRUPT, "grant");
    grant.version = (uint64_t)version;
    grant.operations = (unsigned)operations;
    TRY(attributes_read(arena, object, &grant));
    TRY(events_read(arena, object, &grant));
    *ret_grant = grant;
    return OK;
}
