#include <stdio.h>
#include <string.h>

#include "view_asks.h"

#define PERSON 1
#define NAMES_MAX 4

typedef enum Verb {
    VERB_CREATE,
    VERB_UPSERT,
    VERB_APPEND,
    VERB_APPEND_STRICT,
    VERB_UPDATE,
    VERB_REPLACE,
    VERB_DELETE,
    VERB_PUT_ATTRIBUTE,
    VERB_PUT_VALUE,
    VERB_DELETE_ATTRIBUTE,
    VERB_BATCH_APPEND,
    VERB_BATCH_UPDATE,
    VERB_BATCH_REPLACE,
    VERB_BATCH_DELETE,
    VERB_COUNT_
} Verb;

/* What is written to whom. */
typedef struct Aim {
    size_t citizen;
    size_t type;
    Str id;
    bool is_seen; /* the plain broker has it */
    unsigned reads;
    unsigned writes;
} Aim;

typedef struct Item {
    const char *name;
    const char *value; /* JSON */
    const char *type;  /* "" = not given */
    const char *metadata;
} Item;

static const char *const VALUES[] = {
    "1",
    "2.0",
    "\"Kita\"",
    "\"加西\"",
    "true",
    "null",
    "{\"a\":1}",
    "[1,2]",
    "\"2026-05-01\"",
    "{\"$inc\":1}",
    "{\"$push\":3}",
    "{\"$set\":{\"b\":2}}",
    "{\"$unset\":{\"a\":1}}",
    "{\"$max\":7}",
};
static const char *const TYPES[] = {"", "", "", "Text", "Number", "Custom"};
static const char *const METADATA[] = {"", "", ",\"metadata\":{\"accuracy\":{\"value\":9}}",
                                       ",\"metadata\":{}"};
#define PICK(city_, table_) (table_)[view_pick((city_), sizeof(table_) / sizeof((table_)[0]))]

static void add(Buf *buf, const char *text)
{
    buf_add(buf, str_from(text));
}

static Str finish(Buf *buf)
{
    Str text;
    assert_ok(buf_finish(buf, &text));
    return text;
}

/* --- whom
 * ------------------------------------------------------------------------------------------ */

static Str path_of(ViewCity *city, Str id, const char *rest)
{
    const Str parts[] = {STR("/v2/entities/"), id, str_from(rest)};
    Str path;
    assert_ok(str_join_in(city->vault.arena, parts, 3, &path));
    return path;
}

static bool plain_has(ViewCity *city, size_t type, Str id)
{
    char query[64];
    (void)snprintf(query, sizeof query, "?type=%s", VIEW_TYPE_TABLE[type].name);
    ViewAsk ask = {.method = HTTP_GET, .target = path_of(city, id, query)};
    return view_send_plain(city, &ask).status == 200;
}

static Aim aim_at(ViewCity *city, size_t citizen, size_t type, Str id)
{
    const ViewCitizen *owner = &city->citizens[citizen];
    return (Aim){.citizen = citizen,
                 .type = type,
                 .id = id,
                 .is_seen = plain_has(city, type, id),
                 .reads = owner->is_linked ? owner->reads[type] : 0,
                 .writes = owner->is_linked ? owner->writes[type] : 0};
}

static Str person_id(ViewCity *city, size_t citizen)
{
    const Str parts[] = {STR("urn:ngsi-ld:Person:"), str_from(city->citizens[citizen].user_id)};
    Str id;
    assert_ok(str_join_in(city->vault.arena, parts, 2, &id));
    return id;
}

/* A person, stored or not, or anything stored. */
static Aim some_aim(ViewCity *city)
{
    if (city->entity_count == 0 || view_chance(city, 40)) {
        size_t citizen = view_pick(city, city->citizen_count);
        return aim_at(city, citizen, PERSON, person_id(city, citizen));
    }
    const ViewEntity *entity = &city->entities[view_pick(city, city->entity_count)];
    return aim_at(city, entity->citizen, entity->type, entity->seen_id);
}

/* --- what
 * ------------------------------------------------------------------------------------------ */

/* Mostly what may be both read and written, now and then anything. refPerson is left alone: it is
 * who the entity is about. */
static size_t some_items(ViewCity *city, const Aim *aim, Item *items)
{
    const ViewType *type = &VIEW_TYPE_TABLE[aim->type];
    bool is_free = view_chance(city, 15);
    size_t first = aim->type == PERSON ? 0 : 1;
    size_t count = 0;
    for (size_t i = first; i <= type->attribute_count && count < NAMES_MAX; i++) {
        bool is_known = i < type->attribute_count;
        bool is_both = is_known && (aim->reads & aim->writes & 1U << i) != 0;
        if (view_chance(city, 50) && (is_both || (is_free && view_chance(city, 50)))) {
            items[count++] = (Item){is_known ? type->attributes[i] : type->ungrantable,
                                    PICK(city, VALUES), PICK(city, TYPES), PICK(city, METADATA)};
        }
    }
    if (count == 0) {
        items[count++] = (Item){type->attributes[first], PICK(city, VALUES), "", ""};
    }
    return count;
}

static bool is_operator(const Item *item)
{
    return item->value[0] == '{' && item->value[2] == '$';
}

static unsigned bits_of(size_t type, const Item *items, size_t count, bool *ret_is_any_unknown)
{
    unsigned bits = 0;
    *ret_is_any_unknown = false;
    for (size_t i = 0; i < count; i++) {
        unsigned bit = view_bit(type, str_from(items[i].name));
        bits |= bit;
        *ret_is_any_unknown |= bit == 0;
    }
    return bits;
}

static void add_attribute(Buf *body, const Item *item, bool is_key_values)
{
    if (is_key_values) {
        add(body, item->value);
        return;
    }
    add(body, "{\"value\":");
    add(body, item->value);
    if (item->type[0] != '\0') {
        add(body, ",\"type\":\"");
        add(body, item->type);
        add(body, "\"");
    }
    add(body, item->metadata);
    add(body, "}");
}

/* Members of the items that pass the mask; returns how many. */
static size_t add_items(Buf *body, size_t type, const Item *items, size_t count, unsigned mask,
                        bool is_key_values, bool is_first)
{
    size_t added = 0;
    for (size_t i = 0; i < count; i++) {
        if ((view_bit(type, str_from(items[i].name)) & mask) != 0 || mask == ~0U) {
            add(body, is_first && added == 0 ? "\"" : ",\"");
            add(body, items[i].name);
            add(body, "\":");
            add_attribute(body, &items[i], is_key_values);
            added++;
        }
    }
    return added;
}

static void add_head(Buf *body, const Aim *aim)
{
    add(body, "{\"id\":\"");
    buf_add(body, aim->id);
    add(body, "\",\"type\":\"");
    add(body, VIEW_TYPE_TABLE[aim->type].name);
    add(body, "\"");
}

/* --- single requests
 * --------------------------------------------------------------------------------- */

static ViewAsk ask_json(HttpMethod method, Str target, Str body)
{
    return (ViewAsk){
        .method = method, .target = target, .body = body, .content_type = STR("application/json")};
}

static Str attrs_path(ViewCity *city, const Aim *aim, const char *rest, const char *options)
{
    char text[160];
    (void)snprintf(text, sizeof text, "/attrs%s?type=%s%s", rest, VIEW_TYPE_TABLE[aim->type].name,
                   options);
    return path_of(city, aim->id, text);
}

static ViewAsk attrs_ask(ViewCity *city, Verb verb, const Aim *aim, const Item *items, size_t count,
                         unsigned mask, bool is_key_values, bool is_override)
{
    Buf body = buf_in(city->vault.arena);
    char options[96];
    (void)snprintf(
        options, sizeof options, "&options=%s%s%s", is_key_values ? "keyValues" : "normalized",
        verb == VERB_APPEND_STRICT ? ",append" : "", is_override ? ",overrideMetadata" : "");
    add(&body, "{");
    (void)add_items(&body, aim->type, items, count, mask, is_key_values, true);
    add(&body, "}");
    HttpMethod method = verb == VERB_UPDATE    ? HTTP_PATCH
                        : verb == VERB_REPLACE ? HTTP_PUT
                                               : HTTP_POST;
    return ask_json(method, attrs_path(city, aim, "", options), finish(&body));
}

static ViewAsk create_ask(ViewCity *city, const Aim *aim, const Item *items, size_t count,
                          unsigned mask, bool is_upsert, const char *reference)
{
    Buf body = buf_in(city->vault.arena);
    add_head(&body, aim);
    add(&body, reference);
    (void)add_items(&body, aim->type, items, count, mask, false, false);
    add(&body, "}");
    return ask_json(HTTP_POST, is_upsert ? STR("/v2/entities?options=upsert") : STR("/v2/entities"),
                    finish(&body));
}

static ViewAsk batch_ask(ViewCity *city, const char *action, const Aim *aims,
                         Item (*items)[NAMES_MAX], const size_t *counts, size_t count,
                         const unsigned *masks)
{
    Buf body = buf_in(city->vault.arena);
    add(&body, "{\"actionType\":\"");
    add(&body, action);
    add(&body, "\",\"entities\":[");
    for (size_t i = 0; i < count; i++) {
        add(&body, i == 0 ? "" : ",");
        add_head(&body, &aims[i]);
        (void)add_items(&body, aims[i].type, items[i], counts[i], masks[i], false, false);
        add(&body, "}");
    }
    add(&body, "]}");
    return ask_json(HTTP_POST, STR("/v2/op/update"), finish(&body));
}

/* --- judging
 * ----------------------------------------------------------------------------------------- */

static bool is_granted(const Aim *aim, const Item *items, size_t count, bool needs_read)
{
    for (size_t i = 0; i < count; i++) {
        bool must_see = needs_read || is_operator(&items[i]);
        unsigned allowed = must_see ? aim->reads & aim->writes : aim->writes;
        if ((view_bit(aim->type, str_from(items[i].name)) & allowed) == 0) {
            return false;
        }
    }
    return true;
}

/* Somebody whom kenko knows by this id; of others nothing is told. */
static bool is_known_person(const ViewCity *city, const Aim *aim)
{
    return aim->type == PERSON && city->citizens[aim->citizen].is_linked;
}

static ViewWrite same(ViewAsk ask)
{
    return (ViewWrite){.ask = ask, .expect = VIEW_SAME, .created_for = VIEW_CITIZENS_MAX};
}

static ViewWrite judged(ViewCity *city, const Aim *aim, ViewAsk ask, bool is_allowed)
{
    ViewWrite write = same(ask);
    if ((aim->is_seen || is_known_person(city, aim)) && !is_allowed) {
        write.expect = VIEW_REFUSED;
    }
    return write;
}

static ViewWrite write_attrs(ViewCity *city, Verb verb, const Aim *aim)
{
    Item items[NAMES_MAX];
    size_t count = some_items(city, aim, items);
    bool is_key_values = view_chance(city, 30);
    bool is_override = view_chance(city, 20);
    ViewAsk ask = attrs_ask(city, verb, aim, items, count, ~0U, is_key_values, is_override);
    bool is_allowed = is_granted(aim, items, count, verb != VERB_APPEND);
    ViewWrite write = judged(city, aim, ask, is_allowed);
    bool is_partly_hidden = false;
    unsigned bits = bits_of(aim->type, items, count, &is_partly_hidden);
    is_partly_hidden = (bits & ~aim->reads) != 0;
    if (write.expect == VIEW_SAME && verb == VERB_APPEND && aim->is_seen && is_partly_hidden) {
        write.expect = VIEW_ECHO;
        write.is_mirrored = true;
        if ((bits & aim->reads) != 0) {
            write.echoes[write.echo_count++] =
                attrs_ask(city, verb, aim, items, count, aim->reads, is_key_values, is_override);
        }
    }
    return write;
}

/* What kenko may not write stays, whoever replaces or deletes; all else goes first, also what a
 * replacement puts again. */
static void echo_deletions(ViewCity *city, const Aim *aim, ViewWrite *write)
{
    const ViewType *type = &VIEW_TYPE_TABLE[aim->type];
    for (size_t i = 0; i < type->attribute_count; i++) {
        if ((aim->reads & aim->writes & 1U << i) != 0) {
            char rest[64];
            (void)snprintf(rest, sizeof rest, "/%s", type->attributes[i]);
            write->echoes[write->echo_count++] =
                (ViewAsk){.method = HTTP_DELETE, .target = attrs_path(city, aim, rest, "")};
        }
    }
}

static ViewWrite write_replace(ViewCity *city, const Aim *aim)
{
    if (aim->type != PERSON) {
        return write_attrs(city, VERB_UPDATE, aim); /* who it is about must be said again */
    }
    Item items[NAMES_MAX];
    size_t count = some_items(city, aim, items);
    ViewAsk ask = attrs_ask(city, VERB_REPLACE, aim, items, count, ~0U, false, false);
    ViewWrite write = judged(city, aim, ask, is_granted(aim, items, count, true));
    if (write.expect == VIEW_SAME && aim->is_seen && (aim->reads & ~aim->writes) != 0) {
        write.expect = VIEW_ECHO;
        echo_deletions(city, aim, &write);
        write.echoes[write.echo_count++] =
            attrs_ask(city, VERB_APPEND, aim, items, count, ~0U, false, true);
    }
    return write;
}

static ViewWrite write_delete(ViewCity *city, const Aim *aim)
{
    char query[64];
    (void)snprintf(query, sizeof query, "?type=%s", VIEW_TYPE_TABLE[aim->type].name);
    ViewAsk ask = {.method = HTTP_DELETE, .target = path_of(city, aim->id, query)};
    bool is_allowed = (aim->reads & aim->writes) != 0 || (aim->reads | aim->writes) == 0;
    ViewWrite write = judged(city, aim, ask, is_allowed);
    if (write.expect == VIEW_SAME && aim->is_seen && (aim->reads & ~aim->writes) != 0) {
        write.expect = VIEW_ECHO;
        echo_deletions(city, aim, &write);
    }
    return write;
}

static ViewWrite write_one_attribute(ViewCity *city, Verb verb, const Aim *aim)
{
    Item items[NAMES_MAX];
    (void)some_items(city, aim, items);
    char rest[64];
    (void)snprintf(rest, sizeof rest, "/%s%s", items[0].name,
                   verb == VERB_PUT_VALUE ? "/value" : "");
    ViewAsk ask = {.method = HTTP_DELETE, .target = attrs_path(city, aim, rest, "")};
    if (verb == VERB_PUT_ATTRIBUTE) {
        Buf body = buf_in(city->vault.arena);
        add_attribute(&body, &items[0], false);
        ask = ask_json(HTTP_PUT, ask.target, finish(&body));
    } else if (verb == VERB_PUT_VALUE) {
        bool is_compound = items[0].value[0] == '{' || items[0].value[0] == '[';
        ask = ask_json(HTTP_PUT, ask.target, str_from(items[0].value));
        ask.content_type = is_compound ? ask.content_type : STR("text/plain");
    }
    return judged(city, aim, ask, is_granted(aim, items, 1, true));
}

/* --- creating
 * ------------------------------------------------------------------------------------------ */

/* What takes away makes no attribute, and a personal entity without any can't be made. */
static void leave_something(const Aim *aim, Item *items, size_t count)
{
    for (size_t i = 0; i < count && !aim->is_seen; i++) {
        bool takes_away = strstr(items[i].value, "$unset") != NULL;
        items[i].value = takes_away ? "1" : items[i].value;
    }
}

static ViewWrite create_person(ViewCity *city, bool is_upsert, const Aim *aim)
{
    Item items[NAMES_MAX];
    size_t count = some_items(city, aim, items);
    leave_something(aim, items, count);
    bool is_any_unknown;
    ViewWrite write = same(create_ask(city, aim, items, count, ~0U, is_upsert, ""));
    if (!is_known_person(city, aim)) {
        write.expect = VIEW_UNKNOWN;
        return write;
    }
    if (!is_granted(aim, items, count, false)) {
        write.expect = VIEW_REFUSED;
        return write;
    }
    unsigned bits = bits_of(PERSON, items, count, &is_any_unknown);
    write.created_for = aim->citizen;
    write.created_id = aim->id;
    if ((bits & ~aim->reads) != 0 && (is_upsert || !aim->is_seen)) {
        write.expect = VIEW_ECHO;
        write.is_mirrored = true;
        if ((bits & aim->reads) != 0) {
            write.echoes[write.echo_count++] =
                create_ask(city, aim, items, count, aim->reads, is_upsert, "");
        }
    }
    return write;
}

/* A new activity of somebody whom kenko knows, under an id that nothing has yet. */
static ViewWrite create_activity(ViewCity *city, bool is_upsert)
{
    Item items[NAMES_MAX];
    char id[40];
    char reference[120];
    size_t citizen = view_pick(city, city->citizen_count);
    const ViewCitizen *owner = &city->citizens[citizen];
    (void)snprintf(id, sizeof id, "new-%u", (unsigned)view_pick(city, 1000000));
    (void)snprintf(reference, sizeof reference,
                   ",\"refPerson\":{\"type\":\"Relationship\",\"value\":\"urn:ngsi-ld:Person:%s\"}",
                   owner->user_id);
    Str copied;
    assert_ok(str_copy_in(city->vault.arena, str_from(id), &copied));
    Aim aim = aim_at(city, citizen, 0, copied);
    size_t count = some_items(city, &aim, items);
    bool is_any_unknown;
    unsigned bits = bits_of(0, items, count, &is_any_unknown) | 1;
    ViewWrite write = same(create_ask(city, &aim, items, count, ~0U, is_upsert, reference));
    bool is_allowed = is_granted(&aim, items, count, false) && (aim.writes & 1) != 0;
    if (!owner->is_linked) {
        write.expect = VIEW_UNKNOWN;
    } else if (!is_allowed) {
        write.expect = VIEW_REFUSED;
    } else {
        write.created_for = citizen;
        write.created_id = copied;
        write.expect = (bits & ~aim.reads) != 0 ? VIEW_ECHO : VIEW_SAME;
        write.is_mirrored = true;
        if (write.expect == VIEW_ECHO && (bits & aim.reads) != 0) {
            write.echoes[write.echo_count++] =
                create_ask(city, &aim, items, count, aim.reads, is_upsert,
                           (aim.reads & 1) != 0 ? reference : "");
        }
    }
    return write;
}

/* --- batches
 * --------------------------------------------------------------------------------------------- */

/* Once emptied, an entity is absent from a view and not from a plain broker: none is deleted from
 * twice. */
static bool is_among(const Aim *aims, size_t count, const Aim *aim)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(aims[i].id, aim->id)) {
            return true;
        }
    }
    return false;
}

/* Entities that stand in the view; nothing of them may be left over where a batch deletes. */
static size_t batch_aims(ViewCity *city, Verb verb, Aim *aims)
{
    size_t wanted = 1 + view_pick(city, 3);
    size_t count = 0;
    for (size_t tries = 0; tries < 12 && count < wanted; tries++) {
        Aim aim = some_aim(city);
        bool takes_all = verb == VERB_BATCH_REPLACE || verb == VERB_BATCH_DELETE;
        bool is_whole = (aim.reads & ~aim.writes) == 0 && (aim.writes & ~aim.reads) == 0;
        bool is_fit =
            aim.is_seen &&
            (!takes_all || (is_whole && aim.type == PERSON && !is_among(aims, count, &aim)));
        if (is_fit) {
            aims[count++] = aim;
        }
    }
    return count;
}

static ViewWrite write_batch(ViewCity *city, Verb verb)
{
    static const char *const actions[] = {"append", "update", "replace", "delete"};
    Aim aims[3];
    Item items[3][NAMES_MAX];
    size_t counts[3];
    unsigned masks[3] = {~0U, ~0U, ~0U};
    unsigned seen[3];
    size_t count = batch_aims(city, verb, aims);
    bool is_refused = false;
    bool is_partly_hidden = false;
    if (count == 0) {
        Aim aim = some_aim(city);
        return write_attrs(city, VERB_UPDATE, &aim);
    }
    for (size_t i = 0; i < count; i++) {
        bool is_any_unknown;
        counts[i] = some_items(city, &aims[i], items[i]);
        for (size_t n = 0; count > 1 && n < counts[i]; n++) {
            /* Either an operator that can't work or a missing grant may be told of first. */
            items[i][n].value = is_operator(&items[i][n]) ? "1" : items[i][n].value;
        }
        bool deletes_entity = verb == VERB_BATCH_DELETE && view_chance(city, 50);
        counts[i] = deletes_entity ? 0 : counts[i];
        is_refused |= !is_granted(&aims[i], items[i], counts[i], verb != VERB_BATCH_APPEND);
        is_refused |= deletes_entity && (aims[i].reads & aims[i].writes) == 0;
        unsigned bits = bits_of(aims[i].type, items[i], counts[i], &is_any_unknown);
        is_partly_hidden |= (bits & ~aims[i].reads) != 0;
        seen[i] = aims[i].reads;
    }
    const char *action = actions[verb - VERB_BATCH_APPEND];
    ViewWrite write = same(batch_ask(city, action, aims, items, counts, count, masks));
    if (is_refused) {
        write.expect = VIEW_REFUSED;
    } else if (is_partly_hidden) {
        write.expect = VIEW_ECHO;
        write.is_mirrored = true;
        write.echoes[write.echo_count++] =
            batch_ask(city, action, aims, items, counts, count, seen);
    }
    return write;
}

ViewWrite view_ask_write(ViewCity *city)
{
    Verb verb = (Verb)view_pick(city, VERB_COUNT_);
    Aim aim = some_aim(city);
    switch (verb) {
    case VERB_CREATE:
    case VERB_UPSERT:
        return aim.type == PERSON ? create_person(city, verb == VERB_UPSERT, &aim)
                                  : create_activity(city, verb == VERB_UPSERT);
    case VERB_APPEND:
    case VERB_APPEND_STRICT:
    case VERB_UPDATE:
        return write_attrs(city, verb, &aim);
    case VERB_REPLACE:
        return write_replace(city, &aim);
    case VERB_DELETE:
        return write_delete(city, &aim);
    case VERB_PUT_ATTRIBUTE:
    case VERB_PUT_VALUE:
    case VERB_DELETE_ATTRIBUTE:
        return write_one_attribute(city, verb, &aim);
    case VERB_BATCH_APPEND:
    case VERB_BATCH_UPDATE:
    case VERB_BATCH_REPLACE:
    case VERB_BATCH_DELETE:
        return write_batch(city, verb);
    case VERB_COUNT_:
        break;
    }
    return same((ViewAsk){.method = HTTP_GET, .target = STR("/v2/types")});
}
