#include "id_link_record.h"

#include <string.h>

#include "json_write.h"
#include "record.h"

static const Str STATE_TEXTS[] = {
    [LINK_ACTIVE] = STR_INIT("active"),
    [LINK_FROZEN] = STR_INIT("frozen"),
    [LINK_UNLINKED] = STR_INIT("unlinked"),
};
_Static_assert(sizeof STATE_TEXTS / sizeof STATE_TEXTS[0] == LINK_STATE_COUNT_,
               "one text for each state");

Str id_link_state_text(LinkState state)
{
    return state < LINK_STATE_COUNT_ ? STATE_TEXTS[state] : STR_EMPTY;
}

static Error state_read(Arena *arena, JsonValue object, LinkState *ret_state)
{
    Str text;
    TRY(record_json_text(arena, object, STR("state"), &text));
    for (int state = 0; state < LINK_STATE_COUNT_; state++) {
        if (str_eq(text, STATE_TEXTS[state])) {
            *ret_state = (LinkState)state;
            return OK;
        }
    }
    return FAIL(STORE_CORRUPT, "link state");
}

static void proof_write(JsonWriter *json, const LinkProof *proof)
{
    json_write_key(json, STR("proof"));
    json_write_begin_object(json);
    json_write_member_string(json, STR("method"), proof->method);
    json_write_member_string(json, STR("acr"), proof->acr);
    json_write_member_int(json, STR("citizenAtUs"), proof->citizen_at_us);
    json_write_member_int(json, STR("serviceAtUs"), proof->service_at_us);
    json_write_end_object(json);
}

static void events_write(JsonWriter *json, const IdLink *link)
{
    json_write_key(json, STR("history"));
    json_write_begin_array(json);
    for (size_t i = 0; i < link->event_count; i++) {
        json_write_begin_object(json);
        json_write_member_int(json, STR("atUs"), link->events[i].at_us);
        json_write_member_string(json, STR("state"), STATE_TEXTS[link->events[i].state]);
        json_write_member_string(json, STR("reason"), link->events[i].reason);
        json_write_end_object(json);
    }
    json_write_end_array(json);
}

Error id_link_record_write(Arena *arena, const IdLink *link, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter json = json_writer(&buf);
    json_write_begin_object(&json);
    json_write_member_string(&json, STR("service"), link->service);
    json_write_member_string(&json, STR("userId"), link->user_id);
    json_write_member_int(&json, STR("epoch"), link->epoch);
    json_write_member_string(&json, STR("state"), STATE_TEXTS[link->state]);
    json_write_member_int(&json, STR("linkedUs"), link->linked_us);
    proof_write(&json, &link->proof);
    events_write(&json, link);
    json_write_end_object(&json);
    return json_write_finish(&json, ret_json);
}

static Error proof_read(Arena *arena, JsonValue object, LinkProof *ret_proof)
{
    JsonValue value;
    ENSURE(json_member(object, STR("proof"), &value), STORE_CORRUPT, "link proof");
    TRY(record_json_text(arena, value, STR("method"), &ret_proof->method));
    TRY(record_json_text(arena, value, STR("acr"), &ret_proof->acr));
    TRY(record_json_int(value, STR("citizenAtUs"), &ret_proof->citizen_at_us));
    return record_json_int(value, STR("serviceAtUs"), &ret_proof->service_at_us);
}

static Error events_read(Arena *arena, JsonValue object, IdLink *link)
{
    JsonValue list;
    TRY(record_json_list(object, STR("history"), &list));
    LinkEvent *events = ARENA_MANY(arena, LinkEvent, json_count(list));
    ENSURE_ALLOC(events, arena);
    JsonIter iter = json_iter(list);
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, NULL, &item)) {
        TRY(record_json_int(item, STR("atUs"), &events[count].at_us));
        TRY(state_read(arena, item, &events[count].state));
        TRY(record_json_text(arena, item, STR("reason"), &events[count].reason));
        count++;
    }
    link->events = events;
    link->event_count = count;
    return OK;
}

Error id_link_record_read(Arena *arena, Str json, IdLink *ret_link)
{
    JsonValue object;
    IdLink link = {.key = STR_EMPTY};
    int64_t epoch;
    TRY(record_json(arena, json, &object));
    TRY(record_json_text(arena, object, STR("service"), &link.service));
    TRY(record_json_text(arena, object, STR("userId"), &link.user_id));
    TRY(record_json_int(object, STR("epoch"), &epoch));
    ENSURE(epoch > 0 && epoch <= UINT32_MAX, STORE_CORRUPT, "link epoch");
    link.epoch = (uint32_t)epoch;
    TRY(state_read(arena, object, &link.state));
    TRY(record_json_int(object, STR("linkedUs"), &link.linked_us));
    TRY(proof_read(arena, object, &link.proof));
    TRY(events_read(arena, object, &link));
    *ret_link = link;
    return OK;
}

Error id_link_record_event(Arena *arena, IdLink *link, const LinkEvent *event)
{
    size_t dropped =
        link->event_count >= ID_LINK_HISTORY_MAX ? link->event_count - ID_LINK_HISTORY_MAX + 1 : 0;
    LinkEvent *events = ARENA_MANY(arena, LinkEvent, link->event_count - dropped + 1);
    ENSURE_ALLOC(events, arena);
    size_t count = 0;
    for (size_t i = 0; i < link->event_count; i++) {
        if (i == 0 || i > dropped) {
            events[count++] = link->events[i];
        }
    }
    events[count++] = *event;
    link->events = events;
    link->event_count = count;
    return OK;
}
