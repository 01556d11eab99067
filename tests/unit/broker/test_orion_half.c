/* The half in another broker, against one that is scripted: what goes up, what comes back as it
 * is, what is replaced, and what a bad answer does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "orion_stage.h"

/* --- what goes up ----------------------------------------------------------------------------- */

static void test_a_list_goes_up_as_it_came(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query = list_query(fixture, "a/1,b", "AED");
    EntityPage page;
    said(fixture, "GET", "v2/entities",
         "type=AED,Room&id=urn:ngsi-ld:Person:1,a/1,b&q=name==x y&limit=5&options=count"
         "&unknown=secret&attrs=name,*");
    fixture->asked.accept = STR("application/json;q=0.5");
    assert_ok(ask(fixture, &query, &page));
    Str request = last_request(fixture);
    assert_str(line_of(request), "GET /v2/entities?id=a%2F1,b&type=AED&q=name%3D%3Dx%20y&limit=5"
                                 "&options=count&attrs=name,* HTTP/1.1");
    assert_true(has(request, "\r\nFiware-Service: kasai\r\n"));
    assert_true(has(request, "\r\nFiware-ServicePath: /parks\r\n"));
    assert_true(has(request, "\r\nFiware-Correlator: corr-1\r\n"));
    assert_true(has(request, "\r\nAccept: application/json;q=0.5\r\n"));
    assert_false(has(request, "secret"));
    assert_false(has(request, "Person"));
}

static void test_a_filter_that_was_cut_is_written_anew(void **state)
{
    Fixture *fixture = *state;
    const FilterValue value = {.kind = FILTER_TEXT, .text = STR("x")};
    const Filter left = {
        .kind = FILTER_TERM,
        .term = {
            .attribute = STR("name"), .test = FILTER_EQUAL, .values = &value, .value_count = 1}};
    const EntityQuery asked = {.filter = NULL};
    EntityQuery query = list_query(fixture, "", "AED");
    EntityPage page;
    said(fixture, "GET", "v2/entities", "q=!familyName;name==x");
    query.filter = &left;
    fixture->asked.query = &asked;
    assert_ok(ask(fixture, &query, &page));
    assert_str(line_of(last_request(fixture)),
               "GET /v2/entities?type=AED&q=name%3D%3D%27x%27 HTTP/1.1");
}

static void test_names_of_persons_attributes_stay(void **state)
{
    Fixture *fixture = *state;
    static const EntityOrder order[] = {{.attribute = STR_INIT("familyName")},
                                        {.attribute = STR_INIT("name"), .is_descending = true}};
    EntityQuery query = list_query(fixture, "", "AED");
    EntityPage page;
    query.order = order;
    query.order_count = 2;
    said(fixture, "GET", "v2/entities", "orderBy=familyName,!name&attrs=familyName,name");
    assert_ok(ask(fixture, &query, &page));
    assert_false(fixture->raw.is_given);
    Str request = last_request(fixture);
    assert_true(has(line_of(request), "POST /v2/op/query?orderBy=%21name&limit=20&offset=0 "));
    assert_str(body_of(request),
               "{\"entities\":[{\"idPattern\":\".*\",\"type\":\"AED\"}],\"attrs\":[\"*\","
               "\"dateCreated\",\"dateModified\",\"dateExpires\",\"servicePath\"],\"metadata\":"
               "[\"*\",\"dateCreated\",\"dateModified\"]}");
}

static void test_a_body_goes_up_with_what_it_may_say(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query = list_query(fixture, "a,b", "AED,PublicToilet");
    EntityPage page;
    said(fixture, "POST", "v2/op/query", "limit=3&orderBy=id&x=secret");
    static const EntityOrder order = {.kind = ENTITY_ORDER_ID};
    query.order = &order;
    query.order_count = 1;
    fixture->asked.body = STR("{\"entities\":[{\"id\":\"a\"}],\"attrs\":[\"n\\u0061me\"],"
                              "\"expression\":{\"q\":\"name==x\",\"georel\":\"near;maxDistance:5\","
                              "\"geometry\":\"point\",\"coords\":\"1,2\",\"unknown\":\"secret\"}}");
    assert_ok(ask(fixture, &query, &page));
    assert_true(fixture->raw.is_given);
    Str request = last_request(fixture);
    assert_str(line_of(request), "POST /v2/op/query?orderBy=id&limit=3 HTTP/1.1");
    assert_str(body_of(request),
               "{\"entities\":[{\"id\":\"a\",\"type\":\"AED\"},{\"id\":\"a\",\"type\":"
               "\"PublicToilet\"},{\"id\":\"b\",\"type\":\"AED\"},{\"id\":\"b\",\"type\":"
               "\"PublicToilet\"}],\"attrs\":[\"name\"],\"expression\":{\"q\":\"name==x\","
               "\"georel\":\"near;maxDistance:5\",\"geometry\":\"point\",\"coords\":\"1,2\"}}");
}

static Error write_one(Fixture *fixture, EntityWriteKind kind, EntityOutcome *ret_outcome)
{
    const EntityWrite write = {.kind = kind, .entity = {.id = STR("a b"), .type = STR("AED")}};
    const EntityBatch batch = {.writes = &write, .count = 1};
    return fixture->half->ops->write(fixture->half, &fixture->call, &batch, ret_outcome);
}

static void test_a_write_goes_up_byte_for_byte(void **state)
{
    Fixture *fixture = *state;
    EntityOutcome outcome;
    said(fixture, "PATCH", "v2/entities/a b/attrs", "type=AED&options=keyValues&z=secret");
    fixture->asked.body = STR("{ \"n\" : 1.50 }");
    fixture->asked.content_type = STR("application/json; charset=utf-8");
    play(fixture, "204 No Content", "", "");
    assert_ok(write_one(fixture, ENTITY_UPDATE, &outcome));
    Str request = last_request(fixture);
    assert_str(line_of(request),
               "PATCH /v2/entities/a%20b/attrs?type=AED&options=keyValues HTTP/1.1");
    assert_true(has(request, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
    assert_str(body_of(request), "{ \"n\" : 1.50 }");
    assert_int_equal(fixture->raw.status, 204);
}

/* Whatever was decided before. */
static void test_no_id_of_a_person_leaves(void **state)
{
    Fixture *fixture = *state;
    EntityOutcome outcome;
    EntityQuery query = list_query(fixture, "urn:ngsi-ld:%50erson:1", "AED");
    EntityPage page;
    said(fixture, "GET", "v2/entities", "");
    assert_fails(ask(fixture, &query, &page), VALUE_IS_PERSONAL);
    said(fixture, "PATCH", "v2/entities/a/attrs", "type=AED");
    fixture->asked.body = STR("{\"n\":{\"value\":\"URN:NGSI-LD:pointaccount:1\"}}");
    assert_fails(write_one(fixture, ENTITY_UPDATE, &outcome), VALUE_IS_PERSONAL);
    said(fixture, "GET", "v2/types", "");
    fixture->asked.correlator = STR("urn:ngsi-ld:Person:1");
    const TypesQuery types = {.type = STR_EMPTY};
    TypeList list;
    assert_ok(fixture->half->ops->types(fixture->half, &fixture->call, &types, &list));
    assert_int_equal(scripted_requests(fixture->upstream), 1);
    assert_false(has(last_request(fixture), "Correlator"));
}

/* --- what comes back -------------------------------------------------------------------------- */

typedef struct Coming {
    const char *status;
    const char *fields;
    const char *body;
    ErrorReason reason; /* NONE: given as it is */
} Coming;

static const Coming COMINGS[] = {
    {"200 OK", JSON_FIELD "Fiware-Total-Count: 7\r\n", "[ 1.50 ]", REASON_NONE},
    {"200 OK", "Content-Type: text/plain\r\n", "\"x\"", REASON_NONE},
    {"201 Created", "Location: /v2/entities/a?type=T\r\n", "", REASON_NONE},
    {"204 No Content", "", "", REASON_NONE},
    {"400 Bad", JSON_FIELD, "{\"error\":\"BadRequest\",\"description\":\"empty q\"}", REASON_NONE},
    {"404 Not Found", JSON_FIELD, "{\"error\":\"NotFound\"}", REASON_NONE},
    {"405 No", JSON_FIELD "Allow: POST, GET\r\n", "{}", REASON_NONE},
    {"409 Conflict", JSON_FIELD, "{\"error\":\"TooManyResults\"}", REASON_NONE},
    {"422 No", JSON_FIELD, "{\"error\":\"PartialUpdate\"}", REASON_NONE},
    {"500 Oh", JSON_FIELD,
     "{\"error\":\"InternalServerError\",\"description\":\"Database Error: collection: "
     "orion.entities - update(): <{ $inc: { secret: 1 } }>\"}",
     REASON_UPSTREAM_FAILED},
    {"501 No", JSON_FIELD, "{}", REASON_UPSTREAM_FAILED},
    {"502 Bad Gateway", "Content-Type: text/html\r\n", "<html>", REASON_UPSTREAM_UNAVAILABLE},
    {"503 Busy", JSON_FIELD, "{}", REASON_UPSTREAM_UNAVAILABLE},
    {"504 Late", JSON_FIELD, "{}", REASON_UPSTREAM_UNAVAILABLE},
    {"429 Slow", JSON_FIELD, "{}", REASON_UPSTREAM_UNAVAILABLE},
    {"422 No", JSON_FIELD, "{\"description\":\"collection: orion.entities secret\"}",
     REASON_UPSTREAM_REFUSED},
    {"400 No", JSON_FIELD, "{\"description\":\"errmsg: secret\"}", REASON_UPSTREAM_REFUSED},
    {"401 No", JSON_FIELD "WWW-Authenticate: Basic\r\n", "{}", REASON_UPSTREAM_ANSWER},
    {"403 No", JSON_FIELD, "{}", REASON_UPSTREAM_ANSWER},
    {"302 Found", "Location: http://elsewhere/\r\n", "", REASON_UPSTREAM_ANSWER},
    {"206 Part", JSON_FIELD, "[]", REASON_UPSTREAM_ANSWER},
    {"200 OK", "Content-Type: text/html\r\n", "<html>", REASON_UPSTREAM_ANSWER},
    {"200 OK", "", "[]", REASON_UPSTREAM_ANSWER},
};

static void test_answers_are_given_or_replaced(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < sizeof COMINGS / sizeof COMINGS[0]; i++) {
        const Coming *row = &COMINGS[i];
        EntityQuery query = list_query(fixture, "", "AED");
        EntityPage page;
        said(fixture, "GET", "v2/entities", "");
        play(fixture, row->status, row->fields, row->body);
        Error error = ask(fixture, &query, &page);
        if ((FAILED(error) ? error.reason : REASON_NONE) != row->reason) {
            fail_msg("row %zu: %s", i, error_words(error.reason)->name);
        }
        assert_int_equal(fixture->raw.is_given, row->reason == REASON_NONE);
        if (row->reason == REASON_NONE) {
            int64_t status = 0;
            assert_true(str_to_uint(str_slice(str_from(row->status), 0, 3), &status));
            assert_int_equal(fixture->raw.status, status);
            assert_str(fixture->raw.body, row->body);
        } else {
            char text[256];
            (void)error_text(error, text, sizeof text);
            assert_null(strstr(text, "secret"));
        }
    }
}

static void test_headers_are_given(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query = list_query(fixture, "", "AED");
    EntityPage page;
    said(fixture, "GET", "v2/entities", "");
    play(fixture, "200 OK",
         JSON_FIELD "Fiware-Total-Count: 7\r\nLocation: /v2/x\r\nAllow: GET\r\n"
                    "Set-Cookie: a=b\r\nFiware-Correlator: theirs\r\n",
         "[]");
    assert_ok(ask(fixture, &query, &page));
    assert_str(fixture->raw.total_count, "7");
    assert_str(fixture->raw.location, "/v2/x");
    assert_str(fixture->raw.allow, "GET");
    assert_str(fixture->raw.content_type, "application/json");
}

/* --- entities --------------------------------------------------------------------------------- */

static const char ENTITIES[] =
    "[{\"id\":\"a\",\"type\":\"AED\",\"n\":{\"type\":\"Number\",\"value\":2.0,\"metadata\":{"
    "\"dateCreated\":{\"type\":\"DateTime\",\"value\":\"2026-01-02T03:04:05.678Z\"},"
    "\"unit\":{\"type\":\"Text\",\"value\":\"m\"}}},"
    "\"dateCreated\":{\"type\":\"DateTime\",\"value\":\"2026-01-01T00:00:00.000Z\",\"metadata\":{}}"
    ","
    "\"dateModified\":{\"type\":\"DateTime\",\"value\":\"2026-01-03T00:00:00.000Z\"},"
    "\"dateExpires\":{\"type\":\"DateTime\",\"value\":\"2030-01-01T00:00:00.000Z\"},"
    "\"servicePath\":{\"type\":\"Text\",\"value\":\"/parks\"},"
    "\"b\":{\"type\":\"StructuredValue\",\"value\":{ \"x\" : [1e2, null] },\"metadata\":{}}}]";

static void test_entities_are_read_whole(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query = list_query(fixture, "", "AED");
    EntityPage page;
    query.is_count_wanted = true;
    said(fixture, "GET", "v2/entities", "");
    fixture->call.raw = NULL;
    play(fixture, "200 OK", JSON_FIELD "Fiware-Total-Count: 12\r\n", ENTITIES);
    assert_ok(ask(fixture, &query, &page));
    assert_int_equal(page.total, 12);
    assert_int_equal(page.count, 1);
    const Entity *entity = &page.entities[0];
    assert_str(entity->service_path, "/parks");
    assert_int_equal(entity->created_us, INT64_C(1767225600000000));
    assert_int_equal(entity->modified_us, INT64_C(1767398400000000));
    assert_int_equal(entity->attribute_count, 3);
    assert_str(entity->attributes[0].name, "b");
    assert_str(entity->attributes[0].value, "{\"x\":[1e2,null]}");
    assert_str(entity->attributes[1].name, "dateExpires");
    const Attribute *n = &entity->attributes[2];
    assert_str(n->value, "2.0");
    assert_int_equal(n->created_us, INT64_C(1767323045678000));
    assert_int_equal(n->metadata_count, 1);
    assert_str(n->metadata[0].name, "unit");
}

static const char *const BAD_LISTS[] = {
    "",
    "not json",
    "{}",
    "[1]",
    "[{}]",
    "[{\"id\":\"a\"}]",
    "[{\"id\":\"a\",\"type\":1}]",
    "[{\"id\":1,\"type\":\"AED\"}]",
    "[{\"id\":\"a\",\"type\":\"AED\",\"n\":1}]",
    "[{\"id\":\"a\",\"type\":\"AED\",\"n\":{\"type\":1,\"value\":1}}]",
    "[{\"id\":\"a\",\"type\":\"AED\",\"n\":{\"value\":1,\"metadata\":{\"m\":1}}}]",
    "[{\"id\":\"a\",\"type\":\"AED\",\"dateCreated\":{\"value\":\"soon\"}}]",
    "[{\"id\":\"a\",\"type\":\"AED\",\"servicePath\":{\"value\":1}}]",
    "[{\"id\":\"a\",\"type\":\"AED\",\"n\":{\"value\":1,\"metadata\":{\"dateCreated\":"
    "{\"value\":1}}}}]",
    "[{\"id\":\"a\",\"type\":\"AED\"},{\"id\":\"b\",\"type\":\"AED\"}]", /* one was asked for */
    "[{\"id\":\"a\",\"id\":\"b\",\"type\":\"AED\"}]",
    "[{\"id\":\"a\",\"type\":\"AED\"}",
};

static void test_half_an_answer_is_none(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < sizeof BAD_LISTS / sizeof BAD_LISTS[0]; i++) {
        EntityQuery query = list_query(fixture, "", "AED");
        EntityPage page = {.count = 99};
        query.limit = 1;
        said(fixture, "GET", "v2/entities", "");
        fixture->call.raw = NULL;
        play(fixture, "200 OK", JSON_FIELD, BAD_LISTS[i]);
        Error error = ask(fixture, &query, &page);
        if (!FAILED(error) || error.reason != REASON_UPSTREAM_ANSWER) {
            fail_msg("%s: %s", BAD_LISTS[i], error_words(error.reason)->name);
        }
        assert_int_equal(page.count, 99);
    }
}

static void test_a_count_that_is_missing(void **state)
{
    Fixture *fixture = *state;
    static const char *const fields[] = {JSON_FIELD, JSON_FIELD "Fiware-Total-Count: many\r\n",
                                         JSON_FIELD "Fiware-Total-Count: -1\r\n"};
    for (size_t i = 0; i < 3; i++) {
        EntityQuery query = list_query(fixture, "", "AED");
        EntityPage page;
        query.is_count_wanted = true;
        said(fixture, "GET", "v2/entities", "");
        fixture->call.raw = NULL;
        play(fixture, "200 OK", fields[i], "[]");
        assert_fails(ask(fixture, &query, &page), UPSTREAM_ANSWER);
    }
}

typedef struct Getting {
    const char *status;
    const char *body;
    ErrorReason reason;
} Getting;

/* Asked by id alone, the broker may find what is not open data. */
static void test_get_without_a_type_looks_first(void **state)
{
    Fixture *fixture = *state;
    static const Getting rows[] = {
        {"200 OK", "{\"id\":\"a\",\"type\":\"AED\"}", REASON_NONE},
        {"200 OK", "{\"id\":\"a\",\"type\":\"Person\"}", REASON_ENTITY_NOT_FOUND},
        {"200 OK", "{\"id\":\"a\",\"type\":\"Room\"}", REASON_ENTITY_NOT_FOUND},
        {"200 OK", "[]", REASON_UPSTREAM_ANSWER},
        {"404 No", "{}", REASON_ENTITY_NOT_FOUND},
        {"409 No", "{}", REASON_ENTITY_AMBIGUOUS},
        {"500 No", "{}", REASON_UPSTREAM_FAILED},
    };
    const EntityQuery query = {.limit = 20};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Entity entity;
        said(fixture, "GET", "v2/entities/a/attrs/familyName", "attrs=familyName");
        play(fixture, rows[i].status, JSON_FIELD, rows[i].body);
        Error error = fixture->half->ops->get(fixture->half, &fixture->call, STR("a"), STR_EMPTY,
                                              &query, &entity);
        assert_int_equal(FAILED(error) ? error.reason : REASON_NONE, rows[i].reason);
        assert_false(fixture->raw.is_given);
        assert_false(has(last_request(fixture), "familyName"));
    }
}

static void test_get_with_a_type_goes_up(void **state)
{
    Fixture *fixture = *state;
    const EntityQuery query = {.limit = 20};
    Entity entity;
    said(fixture, "GET", "v2/entities/a/attrs/name/value", "type=AED&metadata=*");
    play(fixture, "200 OK", "Content-Type: text/plain\r\n", "2.0");
    assert_ok(fixture->half->ops->get(fixture->half, &fixture->call, STR("a"), STR("AED"), &query,
                                      &entity));
    assert_str(fixture->raw.body, "2.0");
    assert_str(line_of(last_request(fixture)),
               "GET /v2/entities/a/attrs/name/value?type=AED&metadata=* HTTP/1.1");
}

/* --- types ------------------------------------------------------------------------------------ */

static Error ask_types(Fixture *fixture, const char *type, TypeList *ret_list)
{
    const TypesQuery query = {.type = str_from(type), .wants_attributes = true};
    said(fixture, "GET", "v2/types", "limit=1&options=values");
    fixture->call.raw = NULL;
    return fixture->half->ops->types(fixture->half, &fixture->call, &query, ret_list);
}

static void test_types(void **state)
{
    Fixture *fixture = *state;
    TypeList list;
    play(fixture, "200 OK", JSON_FIELD,
         "[{\"type\":\"AED\",\"attrs\":{\"b\":{\"types\":[\"Text\",\"Number\"]},\"a\":{\"types\":[]"
         "}},\"count\":3}]");
    assert_ok(ask_types(fixture, "", &list));
    assert_int_equal(list.count, 1);
    assert_str(list.types[0].name, "AED");
    assert_int_equal(list.types[0].count, 3);
    assert_str(list.types[0].attributes[0].name, "a");
    assert_str(list.types[0].attributes[1].types.items[0], "Number");
    assert_str(line_of(last_request(fixture)), "GET /v2/types?limit=1000&offset=0 HTTP/1.1");
    play(fixture, "404 No", JSON_FIELD, "{}");
    assert_ok(ask_types(fixture, "AED", &list));
    assert_int_equal(list.count, 0);
    play(fixture, "200 OK", JSON_FIELD, "{\"attrs\":{},\"count\":1}");
    assert_ok(ask_types(fixture, "AED", &list));
    assert_str(list.types[0].name, "AED");
    static const char *const bad[] = {"{}", "[{}]", "[{\"type\":\"A\",\"count\":1}]",
                                      "[{\"type\":\"A\",\"attrs\":{}}]", "[{\"type\":1}]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        play(fixture, "200 OK", JSON_FIELD, bad[i]);
        assert_fails(ask_types(fixture, "", &list), UPSTREAM_ANSWER);
    }
}

/* --- shares of a batch ------------------------------------------------------------------------ */

typedef struct Sharing {
    const char *status;
    const char *description;
    ErrorReason reason; /* of the whole */
    ErrorReason refusals[3];
} Sharing;

static const Sharing SHARINGS[] = {
    {"204 No Content", NULL, REASON_NONE, {REASON_NONE, REASON_NONE, REASON_NONE}},
    {"404 No",
     "do not exist: a1/AED - [entity itself], a/AED [entity itself], b/AED [entity itself]",
     REASON_NONE,
     {REASON_ENTITY_NOT_FOUND, REASON_ENTITY_NOT_FOUND, REASON_ENTITY_NOT_FOUND}},
    {"422 No",
     "do not exist: a1/AED - [ x, y ]",
     REASON_NONE,
     {REASON_ATTRIBUTES_MISSING, REASON_NONE, REASON_NONE}},
    {"422 No",
     "one or more of the attributes in the request already exist: a/AED - [ n ]",
     REASON_NONE,
     {REASON_NONE, REASON_ATTRIBUTES_EXIST, REASON_NONE}},
    {"422 No", "out of a hat", REASON_UPSTREAM_REFUSED, {0}},
    {"400 No", "do not exist: a/AED - [ n ]", REASON_UPSTREAM_REFUSED, {0}},
    {"413 No", "too large", REASON_UPSTREAM_REFUSED, {0}},
    {"500 No", "do not exist: a/AED - [ n ]", REASON_UPSTREAM_FAILED, {0}},
};

static void test_a_share_of_a_batch(void **state)
{
    Fixture *fixture = *state;
    const Metadata unit = {.name = STR("unit"), .type = STR("Text"), .value = STR("\"m\"")};
    Attribute n[] = {
        {.name = STR("n"), .value = STR("2.0"), .metadata = &unit, .metadata_count = 1}};
    EntityWrite writes[3] = {
        {.entity = {.id = STR("a1")}}, {.entity = {.id = STR("a")}}, {.entity = {.id = STR("b")}}};
    for (size_t i = 0; i < 3; i++) {
        writes[i].kind = ENTITY_UPDATE;
        writes[i].overrides_metadata = true;
        writes[i].entity.type = STR("AED");
        writes[i].entity.attributes = n;
        writes[i].entity.attribute_count = i == 1 ? 1 : 0;
    }
    const EntityBatch batch = {.writes = writes, .count = 3, .is_batch_call = true};
    for (size_t i = 0; i < sizeof SHARINGS / sizeof SHARINGS[0]; i++) {
        const Sharing *row = &SHARINGS[i];
        EntityOutcome outcomes[3];
        char body[256] = "";
        if (row->description != NULL) {
            (void)snprintf(body, sizeof body, "{\"description\":\"%s\"}", row->description);
        }
        said(fixture, "POST", "v2/op/update", "");
        fixture->call.raw = NULL;
        play(fixture, row->status, body[0] == '\0' ? "" : JSON_FIELD, body);
        Error error = fixture->half->ops->write(fixture->half, &fixture->call, &batch, outcomes);
        if ((FAILED(error) ? error.reason : REASON_NONE) != row->reason) {
            fail_msg("row %zu: %s", i, error_words(error.reason)->name);
        }
        for (size_t w = 0; w < 3 && row->reason == REASON_NONE; w++) {
            ErrorReason seen =
                FAILED(outcomes[w].refusal) ? outcomes[w].refusal.reason : REASON_NONE;
            assert_int_equal(seen, row->refusals[w]);
        }
    }
    assert_true(has(last_request(fixture), "POST /v2/op/update?options=overrideMetadata "));
    assert_str(body_of(last_request(fixture)),
               "{\"actionType\":\"update\",\"entities\":[{\"id\":\"a1\",\"type\":\"AED\"},"
               "{\"id\":\"a\",\"type\":\"AED\",\"n\":{\"value\":2.0,\"metadata\":{\"unit\":"
               "{\"type\":\"Text\",\"value\":\"m\"}}}},{\"id\":\"b\",\"type\":\"AED\"}]}");
}

/* --- faults on purpose ------------------------------------------------------------------------ */

typedef struct Fault {
    OutboundPort port; /* first: a port is a Fault */
    int *left;         /* chances until the fault */
} Fault;

static Error fail_when_due(const OutboundPort *port)
{
    const Fault *fault = (const Fault *)(const void *)port;
    return --*fault->left == 0 ? FAIL(UPSTREAM_UNAVAILABLE, "on purpose") : OK;
}

/* A batch for both halves: is the broker there, then the write. Each call may fail before anything
 * is sent and after the answer came. */
static void test_the_nth_fault_of_a_batch(void **state)
{
    Fixture *fixture = *state;
    static const size_t reached[] = {0, 1, 1, 2, 2};
    const Classifier classifier = {.types = fixture->types};
    const EntityWrite write = {.kind = ENTITY_UPSERT,
                               .entity = {.id = STR("a"), .type = STR("AED")}};
    for (int nth = 1; nth <= 5; nth++) {
        int left = nth;
        Fault fault = {.port = {fail_when_due, fail_when_due}, .left = &left};
        const HttpClientOptions options = {.base_url = scripted_url(fixture->upstream),
                                           .port = &fault.port};
        CLEANUP(http_client_free) HttpClient *client = NULL;
        CLEANUP(orion_half_free) Broker *half = NULL;
        assert_ok(http_client_new(&options, &client));
        assert_ok(orion_half_new(client, &classifier, &half));
        EntityOutcome outcome;
        EntityBatch batch = {
            .writes = &write, .count = 1, .is_batch_call = true, .is_rehearsal = true};
        size_t before = scripted_requests(fixture->upstream);
        said(fixture, "POST", "v2/op/update", "");
        fixture->call.raw = NULL;
        Error error = half->ops->write(half, &fixture->call, &batch, &outcome);
        if (!FAILED(error)) {
            batch.is_rehearsal = false;
            error = half->ops->write(half, &fixture->call, &batch, &outcome);
        }
        assert_int_equal(FAILED(error), nth < 5);
        assert_int_equal(scripted_requests(fixture->upstream) - before, reached[nth - 1]);
    }
}

/* --- readiness -------------------------------------------------------------------------------- */

static void test_ping(void **state)
{
    Fixture *fixture = *state;
    Deadline deadline = deadline_in(ports_system()->clock, CLOCK_SECOND_US);
    assert_ok(orion_half_ping(fixture->half, fixture->arena, deadline));
    assert_str(line_of(last_request(fixture)), "GET /version HTTP/1.1");
    play(fixture, "500 No", "", "");
    assert_fails(orion_half_ping(fixture->half, fixture->arena, deadline), UPSTREAM_UNAVAILABLE);
}

#define STAGED(test_)                                                                              \
    cmocka_unit_test_setup_teardown(test_, orion_stage_setup, orion_stage_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_a_list_goes_up_as_it_came),
        STAGED(test_a_filter_that_was_cut_is_written_anew),
        STAGED(test_names_of_persons_attributes_stay),
        STAGED(test_a_body_goes_up_with_what_it_may_say),
        STAGED(test_a_write_goes_up_byte_for_byte),
        STAGED(test_no_id_of_a_person_leaves),
        STAGED(test_answers_are_given_or_replaced),
        STAGED(test_headers_are_given),
        STAGED(test_entities_are_read_whole),
        STAGED(test_half_an_answer_is_none),
        STAGED(test_a_count_that_is_missing),
        STAGED(test_get_without_a_type_looks_first),
        STAGED(test_get_with_a_type_goes_up),
        STAGED(test_types),
        STAGED(test_a_share_of_a_batch),
        STAGED(test_the_nth_fault_of_a_batch),
        STAGED(test_ping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
