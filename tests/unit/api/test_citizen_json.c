/* What a portal sends and gets: grant requests in, own data, grants and accesses out. */
#include "check.h"
#include "citizen_json.h"
#include "json.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

#define FACTS "\"recipient\":\"kenko\",\"purpose\":\"health-promotion\",\"type\":\"Person\""

static void test_grant_request(void **state)
{
    (void)state;
    GrantRequest request;
    assert_ok(citizen_grant_request_parse(
        arena,
        STR("{" FACTS
            ",\"attributes\":[\"familyName\",{\"name\":\"birthDate\",\"level\":\"exact\"}],"
            "\"operations\":[\"read\",\"notify\"],\"validFrom\":\"2026-04-01T00:00:00Z\","
            "\"validUntil\":\"2026-04-02T09:00:00+09:00\",\"collectionMethod\":\"line\","
            "\"language\":\"en\"}"),
        &request));
    assert_str(request.recipient, "kenko");
    assert_str(request.purpose, "health-promotion");
    assert_str(request.type, "Person");
    assert_int_equal(request.attribute_count, 2);
    assert_str(request.attributes[1].name, "birthDate");
    assert_int_equal(request.operations, CONSENT_READ | CONSENT_NOTIFY);
    assert_int_equal(request.valid_until_us - request.valid_from_us, INT64_C(86400) * 1000000);
    assert_str(request.collection_method, "line");
    assert_str(request.language, "en");
    assert_str(request.source_party, "");
}

static void test_shortest_request(void **state)
{
    (void)state;
    GrantRequest request;
    assert_ok(citizen_grant_request_parse(
        arena, STR("{" FACTS ",\"attributes\":[\"a\"],\"operations\":[\"write\"]}"), &request));
    assert_int_equal(request.valid_from_us, 0);
    assert_int_equal(request.valid_until_us, 0);
    assert_int_equal(request.attributes[0].level, CONSENT_LEVEL_EXACT);
    assert_int_equal(request.operations, CONSENT_WRITE);
}

#define LISTS "\"attributes\":[\"a\"],\"operations\":[\"read\"]"

static void test_refused_requests(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        ErrorReason reason;
    } CASES[] = {
        {"", REASON_JSON_SYNTAX},
        {"{", REASON_JSON_SYNTAX},
        {"{" FACTS "," LISTS "} x", REASON_JSON_SYNTAX},
        {"{" FACTS "," LISTS ",\"type\":\"Person\"}", REASON_JSON_SYNTAX}, /* twice */
        {"[]", REASON_API_BAD_FIELD},
        {"{}", REASON_API_BAD_FIELD},
        {"{" FACTS ",\"operations\":[\"read\"]}", REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":[\"a\"]}", REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":[],\"operations\":[\"read\"]}", REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":\"a\",\"operations\":[\"read\"]}", REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":[1],\"operations\":[\"read\"]}", REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":[{}],\"operations\":[\"read\"]}", REASON_API_BAD_FIELD},
        {"{" FACTS
         ",\"attributes\":[{\"name\":\"a\",\"level\":\"none\"}],\"operations\":[\"read\"]}",
         REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":[{\"name\":\"a\",\"x\":1}],\"operations\":[\"read\"]}",
         REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":[\"a\"],\"operations\":[\"delete\"]}", REASON_API_BAD_FIELD},
        {"{" FACTS ",\"attributes\":[\"a\"],\"operations\":[1]}", REASON_API_BAD_FIELD},
        {"{" FACTS "," LISTS ",\"validFrom\":\"yesterday\"}", REASON_API_BAD_FIELD},
        {"{" FACTS "," LISTS ",\"validUntil\":1}", REASON_API_BAD_FIELD},
        {"{" FACTS "," LISTS ",\"language\":1}", REASON_API_BAD_FIELD},
        /* members that only Musubi sets */
        {"{" FACTS "," LISTS ",\"state\":\"active\"}", REASON_API_BAD_FIELD},
        {"{" FACTS "," LISTS ",\"id\":\"x\"}", REASON_API_BAD_FIELD},
        {"{" FACTS "," LISTS ",\"version\":9}", REASON_API_BAD_FIELD},
        {"{" FACTS "," LISTS ",\"subject\":\"x\"}", REASON_API_BAD_FIELD},
        {"{" FACTS "," LISTS ",\"sourceParty\":\"x\"}", REASON_API_BAD_FIELD},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        GrantRequest request = {.recipient = STR("untouched")};
        Error error = citizen_grant_request_parse(arena, str_from(CASES[i].json), &request);
        if (error.reason != CASES[i].reason) {
            fail_msg("%s: %s", CASES[i].json, error_words(error.reason)->name);
        }
        assert_str(request.recipient, "untouched");
    }
}

static void test_reason(void **state)
{
    (void)state;
    Str reason;
    assert_ok(citizen_reason_parse(arena, STR(""), &reason));
    assert_str(reason, "");
    assert_ok(citizen_reason_parse(arena, STR("{}"), &reason));
    assert_str(reason, "");
    assert_ok(citizen_reason_parse(arena, STR("{\"reason\":\"もういい\"}"), &reason));
    assert_str(reason, "もういい");
    assert_fails(citizen_reason_parse(arena, STR("{\"reason\":1}"), &reason), API_BAD_FIELD);
    assert_fails(citizen_reason_parse(arena, STR("{\"x\":1}"), &reason), API_BAD_FIELD);
    assert_fails(citizen_reason_parse(arena, STR("x"), &reason), JSON_SYNTAX);
}

static void test_me(void **state)
{
    (void)state;
    Attribute name = {.name = STR("familyName"),
                      .type = STR("Text"),
                      .value = STR("\"結\""),
                      .writer = STR("city")};
    Attribute steps = {
        .name = STR("steps"), .type = STR("Number"), .value = STR("2.0"), .modified_us = 1500};
    Entity entities[] = {
        {.id = STR("urn:ngsi-ld:Person:me"),
         .type = STR("Person"),
         .attributes = &name,
         .attribute_count = 1},
        {.id = STR("walk"),
         .type = STR("HealthActivity"),
         .attributes = &steps,
         .attribute_count = 1},
    };
    CitizenLink link = {
        .service = STR("kenko"), .name_ja = STR("健幸"), .state = STR("active"), .linked_us = 0};
    CitizenMe me = {.entities = entities, .entity_count = 2, .links = &link, .link_count = 1};
    Str json;
    assert_ok(citizen_me_render(arena, &me, &json));
    assert_str(json,
               "{\"person\":{\"familyName\":\"結\"},\"entities\":["
               "{\"id\":\"urn:ngsi-ld:Person:me\",\"type\":\"Person\",\"attributes\":[{\"name\":"
               "\"familyName\","
               "\"type\":\"Text\",\"value\":\"結\",\"writer\":\"city\",\"modified\":\"1970-01-"
               "01T00:00:00.000Z\"}]},"
               "{\"id\":\"walk\",\"type\":\"HealthActivity\",\"attributes\":[{\"name\":\"steps\","
               "\"type\":\"Number\",\"value\":2.0,\"writer\":\"\",\"modified\":\"1970-01-01T00:00:"
               "00.001Z\"}]}],"
               "\"services\":[{\"service\":\"kenko\",\"name\":\"健幸\",\"state\":\"active\","
               "\"linked\":\"1970-01-01T00:00:00.000Z\"}]}");
}

static Grant some_grant(void)
{
    static const ConsentAttribute ATTRIBUTES[] = {
        {.name = STR_INIT("familyName"), .level = CONSENT_LEVEL_EXACT}};
    static const GrantEvent EVENTS[] = {
        {.actor = STR_INIT("citizen"), .state = GRANT_ACTIVE, .reason = STR_INIT("")}};
    return (Grant){.id = STR("g1"),
                   .version = 1,
                   .recipient = STR("kenko"),
                   .purpose = STR("health-promotion"),
                   .purpose_version = 3,
                   .type = STR("Person"),
                   .attributes = ATTRIBUTES,
                   .attribute_count = 1,
                   .operations = CONSENT_READ | CONSENT_WRITE,
                   .state = GRANT_ACTIVE,
                   .events = EVENTS,
                   .event_count = 1};
}

/* What is shown of a grant can be sent back as a new one. */
static void test_grant_round_trip(void **state)
{
    (void)state;
    Grant grant = some_grant();
    Str json;
    JsonValue root;
    JsonValue attributes;
    JsonValue operations;
    GrantRequest again;
    assert_ok(citizen_grant_render(arena, &grant, &json));
    assert_ok(json_parse(arena, json, JSON_LIMITS_API, &root));
    assert_true(json_member(root, STR("attributes"), &attributes));
    assert_true(json_member(root, STR("operations"), &operations));
    const Str parts[] = {STR("{" FACTS ",\"attributes\":"), json_text(attributes),
                         STR(",\"operations\":"), json_text(operations), STR("}")};
    Str request;
    assert_ok(str_join_in(arena, parts, 5, &request));
    assert_ok(citizen_grant_request_parse(arena, request, &again));
    assert_int_equal(again.attribute_count, 1);
    assert_str(again.attributes[0].name, "familyName");
    assert_int_equal(again.operations, grant.operations);
}

static void test_lists(void **state)
{
    (void)state;
    Grant grants[] = {some_grant(), some_grant()};
    Str json;
    JsonValue root;
    JsonValue list;
    CitizenGrantPage page = {.grants = grants, .count = 2, .next = STR("c")};
    assert_ok(citizen_grants_render(arena, &page, &json));
    assert_ok(json_parse(arena, json, JSON_LIMITS_API, &root));
    assert_true(json_member(root, STR("grants"), &list));
    assert_int_equal(json_count(list), 2);
    JsonValue next;
    assert_true(json_member(root, STR("next"), &next) && json_string_is(next, STR("c")));
    page = (CitizenGrantPage){.next = STR_EMPTY};
    assert_ok(citizen_grants_render(arena, &page, &json));
    assert_str(json, "{\"grants\":[]}");
}

static void test_accesses(void **state)
{
    (void)state;
    static const Str NAMES[] = {STR_INIT("postalCode"), STR_INIT("sex")};
    CitizenAccess access = {.at_us = 1000,
                            .act = STR("read"),
                            .decision = STR("permit"),
                            .service = STR("kenko"),
                            .service_name = STR("健幸"),
                            .purpose = STR("health-promotion"),
                            .type = STR("Person"),
                            .attributes = {.items = NAMES, .count = 1},
                            .filtered = {.items = NAMES + 1, .count = 1},
                            .grants = STR("g1@1"),
                            .reason = STR("CONSENT_OK"),
                            .request_id = STR("r1")};
    CitizenAccessPage page = {.accesses = &access, .count = 1, .next = STR("c1")};
    Str json;
    assert_ok(citizen_accesses_render(arena, &page, &json));
    assert_str(json,
               "{\"accesses\":[{\"time\":\"1970-01-01T00:00:00.001Z\",\"service\":\"kenko\","
               "\"serviceName\":\"健幸\",\"purpose\":\"health-promotion\",\"action\":\"read\","
               "\"decision\":\"permit\",\"type\":\"Person\",\"attributes\":[\"postalCode\"],"
               "\"usedInFilter\":[\"sex\"],\"grant\":\"g1@1\","
               "\"reason\":\"CONSENT_OK\",\"requestId\":\"r1\"}],\"next\":\"c1\"}");
    page = (CitizenAccessPage){.count = 0, .next = STR_EMPTY};
    assert_ok(citizen_accesses_render(arena, &page, &json));
    assert_str(json, "{\"accesses\":[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grant_request),
        cmocka_unit_test(test_shortest_request),
        cmocka_unit_test(test_refused_requests),
        cmocka_unit_test(test_reason),
        cmocka_unit_test(test_me),
        cmocka_unit_test(test_grant_round_trip),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_accesses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
