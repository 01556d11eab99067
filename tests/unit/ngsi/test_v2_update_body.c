/* op/update and op/notify: what each action asks of the engine, and every refusal in Orion's words
 * and order. */
#include "v2_update_body.h"

#include <string.h>

#include "check.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)64 << 20);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

static const V2UpdateOptions PLAIN = {.service_path = STR_INIT("/p")};

typedef Error (*Parse)(Arena *arena, Str body, const V2UpdateOptions *options,
                       EntityBatch *ret_batch);

#define COUNT_OF(array_) (sizeof(array_) / sizeof(array_)[0])

typedef struct Action {
    const char *name;
    EntityWriteKind kind;
} Action;

static Str body_of(Arena *arena, const char *action, const char *entities)
{
    const Str parts[] = {STR("{\"actionType\":\""), str_from(action), STR("\",\"entities\":"),
                         str_from(entities), STR("}")};
    Str body;
    assert_ok(str_join_in(arena, parts, COUNT_OF(parts), &body));
    return body;
}

static void test_each_action_is_one_kind(void **state)
{
    static const Action actions[] = {
        {"append", ENTITY_UPSERT},
        {"APPEND", ENTITY_UPSERT},
        {"Append", ENTITY_UPSERT},
        {"appendStrict", ENTITY_UPSERT_STRICT},
        {"APPEND_STRICT", ENTITY_UPSERT_STRICT},
        {"append_strict", ENTITY_UPSERT_STRICT},
        {"update", ENTITY_UPDATE},
        {"UPDATE", ENTITY_UPDATE},
        {"replace", ENTITY_REPLACE},
        {"REPLACE", ENTITY_REPLACE},
        {"delete", ENTITY_DELETE_ATTRIBUTES},
        {"DELETE", ENTITY_DELETE_ATTRIBUTES},
    };
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        Str body = body_of(*state, actions[i].name, "[{\"id\":\"E\",\"type\":\"T\",\"a\":{}}]");
        EntityBatch batch;
        assert_ok(v2_update_body_parse(*state, body, &PLAIN, &batch));
        assert_int_equal(batch.count, 1);
        assert_true(batch.is_batch_call);
        assert_int_equal(batch.writes[0].kind, actions[i].kind);
        assert_str(batch.writes[0].service_path, "/p");
        assert_str(batch.writes[0].entity.id, "E");
        assert_str(batch.writes[0].entity.type, "T");
        assert_int_equal(batch.writes[0].entity.attribute_count, 1);
    }
}

/* An item that names nothing is meant as a whole; one that names only what Musubi computes is not:
 * else a slip would delete an entity. */
static void test_a_delete_means_what_it_names(void **state)
{
    static const struct {
        const char *item;
        EntityWriteKind kind;
        size_t attribute_count;
    } rows[] = {
        {"{\"id\":\"E\",\"type\":\"T\"}", ENTITY_DELETE, 0},
        {"{\"id\":\"E\"}", ENTITY_DELETE, 0},
        {"{\"type\":\"T\",\"id\":\"E\",\"a\":{}}", ENTITY_DELETE_ATTRIBUTES, 1},
        {"{\"id\":\"E\",\"a\":{}}", ENTITY_DELETE_ATTRIBUTES, 1},
        {"{\"id\":\"E\",\"dateCreated\":{}}", ENTITY_DELETE_ATTRIBUTES, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const Str parts[] = {STR("{\"entities\":["), str_from(rows[i].item),
                             STR("],\"actionType\":\"delete\"}")};
        Str body;
        EntityBatch batch;
        assert_ok(str_join_in(*state, parts, COUNT_OF(parts), &body));
        assert_ok(v2_update_body_parse(*state, body, &PLAIN, &batch));
        assert_int_equal(batch.writes[0].kind, rows[i].kind);
        assert_int_equal(batch.writes[0].entity.attribute_count, rows[i].attribute_count);
    }
}

static void test_order_types_and_options(void **state)
{
    Str body = body_of(*state, "append",
                       "[{\"id\":\"E2\",\"z\":1,\"a\":{\"$inc\":2}},{\"id\":\"E1\",\"type\":\"T\"},"
                       "{\"id\":\"E2\",\"type\":\"T\",\"dateExpires\":\"2040-01-01\"}]");
    V2UpdateOptions options = {.is_key_values = true, .overrides_metadata = true};
    EntityBatch batch;
    options.service_path = STR_EMPTY;
    assert_ok(v2_update_body_parse(*state, body, &options, &batch));
    assert_int_equal(batch.count, 3);
    assert_true(batch.writes[2].overrides_metadata);
    assert_str(batch.writes[0].entity.id, "E2");
    assert_str(batch.writes[0].entity.type, ""); /* not given: the engine decides */
    assert_str(batch.writes[0].entity.attributes[0].name, "z");
    assert_str(batch.writes[0].entity.attributes[0].type, "Number");
    assert_str(batch.writes[0].entity.attributes[1].value, "{\"$inc\":2}");
    assert_str(batch.writes[1].entity.id, "E1");
    assert_str(batch.writes[2].entity.attributes[0].type, "DateTime");
}

typedef struct Refused {
    const char *body;
    int status;
    const char *text;
} Refused;

static void check_refused(Arena *arena, Parse parse, const Refused *row)
{
    EntityBatch batch = {.count = 77};
    char text[256];
    Error error = parse(arena, str_from(row->body), &PLAIN, &batch);
    if (!FAILED(error)) {
        fail_msg("accepted: %s", row->body);
    }
    (void)error_text(error, text, sizeof text);
    if (strcmp(text, row->text) != 0 || error_words(error.reason)->http_status != row->status) {
        fail_msg("%s\ngot    %s\nwanted %s", row->body, text, row->text);
    }
    assert_int_equal(batch.count, 77);
}

static void test_updates_refused(void **state)
{
    static const char bad_action[] = "invalid update action type: right ones are: append, "
                                     "appendStric, delete, replace, update";
    static const Refused rows[] = {
        {"{\"actionType\":", 400, "Errors found in incoming JSON buffer"},
        {"[]", 400, "Errors found in incoming JSON buffer"},
        {"", 400, "Errors found in incoming JSON buffer"},
        {"{}", 400, "empty payload"},
        {"{\"foo\":1}", 400, "Invalid JSON payload, mandatory field /entities/ not found"},
        {"{\"actionType\":\"append\"}", 400,
         "Invalid JSON payload, mandatory field /entities/ not found"},
        {"{\"entities\":[{\"id\":\"E\"}]}", 400,
         "Invalid JSON payload, mandatory field /actionType/ not found"},
        {"{\"actionType\":\"foo\",\"entities\":[]}", 400, bad_action},
        {"{\"actionType\":7,\"entities\":[]}", 400, bad_action},
        {"{\"actionType\":\"appendstrict\",\"entities\":[]}", 400, bad_action},
        {"{\"actionType\":\"append\",\"entities\":[]}", 400, "empty entities vector"},
        {"{\"actionType\":\"append\",\"entities\":{}}", 400, "not a JSON array"},
        {"{\"actionType\":\"append\",\"entities\":[1]}", 400, "entity is not a JSON object"},
        {"{\"actionType\":\"append\",\"entities\":[{\"type\":\"T\"}]}", 400,
         "nor /id/ nor /idPattern/ present"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"E\",\"idPattern\":\".*\"}]}", 400,
         "both /id/ and /idPattern/ present"},
        {"{\"actionType\":\"append\",\"entities\":[{\"idPattern\":\".*\",\"type\":\"T\"}]}", 501,
         "NotImplemented"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"E\",\"typePattern\":\"T\"}]}", 501,
         "NotImplemented"},
        {"{\"actionType\":\"append\",\"foo\":1,\"entities\":[{\"id\":\"E1\"}]}", 400,
         "Unrecognized field in JSON payload: /foo/"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"F\",\"a\":{\"value\":\"a<b\"}}]}", 400,
         "Invalid characters in attribute value"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":7}]}", 400,
         "Invalid JSON type for entity id"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"\"}]}", 400,
         "entity id length: 0, min length supported: 1"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"a b\"}]}", 400,
         "Invalid characters in entity id"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"E\",\"type\":\"\"}]}", 400,
         "entity type length: 0, min length supported: 1"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"E\",\"type\":7}]}", 400,
         "Invalid JSON type for entity type"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"E\",\"a\":1}]}", 400,
         "attribute must be a JSON object, unless keyValues option is used"},
        {"{\"actionType\":\"append\",\"entities\":[{\"id\":\"E\",\"l\":{\"value\":3,\"type\":"
         "\"geo:point\"}}]}",
         400,
         "error parsing location attribute: geo coordinates format error [see Orion user "
         "manual]: "},
        /* of two faults the one that stands first */
        {"{\"entities\":[{\"id\":\"F\",\"a\":{\"value\":\"a<b\"}}],\"actionType\":\"foo\"}", 400,
         "Invalid characters in attribute value"},
        {"{\"actionType\":\"foo\",\"entities\":[1]}", 400, bad_action},
        {"{\"foo\":1,\"actionType\":\"foo\",\"entities\":[1]}", 400,
         "Unrecognized field in JSON payload: /foo/"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_refused(*state, v2_update_body_parse, &rows[i]);
    }
}

static Str many_entities(Arena *arena, size_t count)
{
    Buf buf = buf_in(arena);
    Str text;
    buf_add(&buf, STR("{\"actionType\":\"append\",\"entities\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, i > 0 ? STR(",{\"id\":\"E") : STR("{\"id\":\"E"));
        buf_add_int(&buf, (int64_t)i);
        buf_add(&buf, STR("\"}"));
    }
    buf_add(&buf, STR("]}"));
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void test_the_batch_limit_is_exact(void **state)
{
    EntityBatch batch;
    assert_ok(
        v2_update_body_parse(*state, many_entities(*state, ENTITY_BATCH_MAX), &PLAIN, &batch));
    assert_int_equal(batch.count, ENTITY_BATCH_MAX);
    assert_str(batch.writes[999].entity.id, "E999");
    assert_fails(
        v2_update_body_parse(*state, many_entities(*state, ENTITY_BATCH_MAX + 1), &PLAIN, &batch),
        BATCH_LARGE);
}

static void test_notifications_are_upserts(void **state)
{
    EntityBatch batch;
    V2UpdateOptions options = {.service_path = STR("/n"), .is_key_values = true};
    assert_ok(v2_notify_body_parse(
        *state,
        STR("{\"subscriptionId\":\"5aeb0ee97d4ef10a12a0262f\",\"data\":[{\"id\":\"N1\",\"type\":"
            "\"N\",\"a\":{\"value\":1}},{\"id\":\"N2\"}]}"),
        &options, &batch));
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.writes[0].kind, ENTITY_UPSERT);
    assert_int_equal(batch.writes[1].kind, ENTITY_UPSERT);
    assert_str(batch.writes[0].entity.attributes[0].value, "1");
    assert_str(batch.writes[1].service_path, "/n");
    assert_ok(v2_notify_body_parse(*state, STR("{\"subscriptionId\":\"x\",\"data\":[]}"), &options,
                                   &batch));
    assert_int_equal(batch.count, 0);
}

static void test_notifications_refused(void **state)
{
    static const Refused rows[] = {
        {"{", 400, "Errors found in incoming JSON buffer"},
        {"{}", 400, "empty payload"},
        {"{\"data\":[]}", 400, "Invalid JSON payload, mandatory field /subscriptionId/ not found"},
        {"{\"subscriptionId\":\"x\"}", 400,
         "Invalid JSON payload, mandatory field /data/ not found"},
        {"{\"subscriptionId\":7,\"data\":[]}", 400, "/subscriptionId/ must be a JSON String"},
        {"{\"subscriptionId\":\"x\",\"data\":{}}", 400, "/data/ must be a JSON Array"},
        {"{\"subscriptionId\":\"x\",\"data\":[[1]]}", 400,
         "notification data vector item must be a JSON Object"},
        {"{\"subscriptionId\":\"x\",\"data\":[{\"id\":\"N\",\"a\":1}]}", 400,
         "attribute must be a JSON object, unless keyValues option is used"},
        {"{\"subscriptionId\":\"x\",\"data\":[],\"y\":1}", 400,
         "Unrecognized field in JSON payload: /y/"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_refused(*state, v2_notify_body_parse, &rows[i]);
    }
}

/* Whatever memory there is: the whole batch or a refusal for want of it. */
static void test_every_budget_either_fits_or_is_refused(void **state)
{
    Str body =
        body_of(*state, "append",
                "[{\"id\":\"E\",\"a\":{\"value\":\"\\u0041\",\"metadata\":{\"m\":{\"value\":1}}"
                "}},{\"id\":\"F\",\"b\":{\"value\":[1, 2]}}]");
    size_t refused = 0;
    Error error = FAIL(INTERNAL, NULL);
    for (size_t budget = 0; FAILED(error); budget += 16) {
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        EntityBatch batch = {.count = 77};
        assert_non_null(arena);
        error = v2_update_body_parse(arena, body, &PLAIN, &batch);
        if (FAILED(error)) {
            assert_fails(error, BUDGET_EXCEEDED);
            assert_int_equal(batch.count, 77);
            refused++;
        }
    }
    assert_true(refused > 10);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_action_is_one_kind),  TEST(test_a_delete_means_what_it_names),
        TEST(test_order_types_and_options),  TEST(test_updates_refused),
        TEST(test_the_batch_limit_is_exact), TEST(test_notifications_are_upserts),
        TEST(test_notifications_refused),    TEST(test_every_budget_either_fits_or_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
