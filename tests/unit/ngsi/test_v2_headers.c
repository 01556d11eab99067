/* Service paths and media types: recorded refusals, and what paths become. */
#include "v2_headers.h"

#include "check.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)1 << 16);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

#define LEVEL_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *header;
    bool is_update;
    ErrorReason reason; /* NONE: accepted */
    const char *path;
} PATHS[] = {
    {"/", false, REASON_NONE, "/"},
    {"/a/b", false, REASON_NONE, "/a/b"},
    {"/a/b/", false, REASON_NONE, "/a/b"},
    {"/#", false, REASON_NONE, "/#"},
    {"/a/#", false, REASON_NONE, "/a/#"},
    {"/a/c, /a/b", false, REASON_NONE, "/a/c,/a/b"},
    {"/1/2/3/4/5/6/7/8/9/10", false, REASON_NONE, "/1/2/3/4/5/6/7/8/9/10"},
    {"/" LEVEL_50, false, REASON_NONE, "/" LEVEL_50},
    {"/a0,/a1,/a2,/a3,/a4,/a5,/a6,/a7,/a8,/a9", false, REASON_NONE,
     "/a0,/a1,/a2,/a3,/a4,/a5,/a6,/a7,/a8,/a9"},
    {"", false, REASON_SERVICE_PATH_RELATIVE, NULL},
    {"abc", false, REASON_SERVICE_PATH_RELATIVE, NULL},
    {"/a,b", false, REASON_SERVICE_PATH_RELATIVE, NULL},
    {"/a-b", false, REASON_SERVICE_PATH_CHARACTER, NULL},
    {"/a/#/b", false, REASON_SERVICE_PATH_CHARACTER, NULL},
    {"/a#", false, REASON_SERVICE_PATH_CHARACTER, NULL},
    {"/a//b", false, REASON_SERVICE_PATH_EMPTY_LEVEL, NULL},
    {"//", false, REASON_SERVICE_PATH_EMPTY_LEVEL, NULL},
    {"/a/b/c/d/e/f/g/h/i/j/k", false, REASON_SERVICE_PATH_DEEP, NULL},
    {"/" LEVEL_50 "a", false, REASON_SERVICE_PATH_LONG, NULL},
    {"/a0,/a1,/a2,/a3,/a4,/a5,/a6,/a7,/a8,/a9,/a10", false, REASON_SERVICE_PATH_COUNT, NULL},
    {"/a/b", true, REASON_NONE, "/a/b"},
    {"/a,/b", true, REASON_SERVICE_PATH_LIST, NULL},
    {"/a/#", true, REASON_SERVICE_PATH_HASH, NULL},
    {"/a-b", true, REASON_SERVICE_PATH_CHARACTER, NULL},
};

static void test_service_paths(void **state)
{
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        Str header = str_from(PATHS[i].header);
        Str path = STR("untouched");
        Error error = PATHS[i].is_update ? v2_service_path_update_in(*state, &header, &path)
                                         : v2_service_path_query_in(*state, &header, &path);
        if (error.reason != PATHS[i].reason) {
            fail_msg("\"%s\" gave %s", PATHS[i].header, error_words(error.reason)->name);
        }
        assert_str(path, PATHS[i].path == NULL ? "untouched" : PATHS[i].path);
    }
}

static void test_absent_path_means_all_or_root(void **state)
{
    Str path;
    assert_ok(v2_service_path_query_in(*state, NULL, &path));
    assert_str(path, "");
    assert_ok(v2_service_path_update_in(*state, NULL, &path));
    assert_str(path, "/");
}

static void test_content_type(void **state)
{
    const char *fine[] = {"application/json", "application/json; charset=utf-8", "Application/JSON",
                          " application/json "};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        Str header = str_from(fine[i]);
        assert_ok(v2_content_type_check(*state, &header));
    }
    char text[128];
    Str xml = STR("application/xml; q=1");
    Error error = v2_content_type_check(*state, &xml);
    (void)error_text(error, text, sizeof text);
    assert_string_equal(text, "not supported content type: application/xml");
    assert_int_equal(error_words(error.reason)->http_status, 415);
    Str ld = STR("application/ld+json");
    assert_fails(v2_content_type_check(*state, &ld), MEDIA_TYPE);
    assert_fails(v2_content_type_check(*state, NULL), CONTENT_TYPE_MISSING);
}

static void test_accept(void **state)
{
    (void)state;
    const char *fine[] = {"",
                          "*/*",
                          "application/*",
                          "application/json",
                          "text/html, application/json;q=0.5",
                          "text/plain,*/*;q=0.1"};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        Str header = str_from(fine[i]);
        assert_ok(v2_accept_check(&header));
    }
    assert_ok(v2_accept_check(NULL));
    Str xml = STR("application/xml");
    Str text = STR("text/plain");
    assert_fails(v2_accept_check(&xml), ACCEPT_NONE);
    assert_fails(v2_accept_check(&text), ACCEPT_JSON_ONLY);
}

static void test_content_type_of_a_value(void **state)
{
    bool is_text = false;
    Str text = STR("Text/Plain; charset=utf-8");
    Str json = STR("application/json");
    Str xml = STR("application/xml");
    assert_ok(v2_value_content_type_read(*state, &text, &is_text));
    assert_true(is_text);
    assert_ok(v2_value_content_type_read(*state, &json, &is_text));
    assert_false(is_text);
    assert_fails(v2_value_content_type_read(*state, &xml, &is_text), MEDIA_TYPE);
    assert_fails(v2_value_content_type_read(*state, NULL, &is_text), CONTENT_TYPE_MISSING);
    char said[128];
    (void)error_text(v2_content_type_check(*state, &text), said, sizeof said);
    assert_string_equal(said, "not supported content type: text/plain");
}

/* Scalars go out as text only; objects and arrays as what weighs more, or stands first. */
static void test_accept_of_a_value(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool takes_text;
        bool prefers_text;
    } rows[] = {
        {"", true, false},
        {"*/*", true, false},
        {"text/plain", true, true},
        {"text/*", true, true},
        {"application/json", false, false},
        {"application/*", false, false},
        {"text/plain, application/json", true, true},
        {"application/json, text/plain", true, false},
        {"text/plain;q=0.5, application/json;q=0.9", true, false},
        {"application/json;q=0.5, text/plain;q=0.95", true, true},
        {"application/json;q=0.25,text/plain;q=0.249", true, false},
        {"text/plain;charset=utf-8;Q=0.1, */*;q=0.05", true, true},
        {"text/html, */*;q=0.1", true, false},
        {"text/plain;q=0, application/json", false, false},
        {"text/plain;q=1.0,application/json;q=1", true, true},
        {"text/plain;q=x,application/json;q=0.9", true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Str header = str_from(rows[i].header);
        V2Accept accept;
        assert_ok(v2_value_accept_read(&header, &accept));
        if (accept.takes_text != rows[i].takes_text ||
            accept.prefers_text != rows[i].prefers_text) {
            fail_msg("%s: text %d, first %d", rows[i].header, accept.takes_text,
                     accept.prefers_text);
        }
    }
    V2Accept accept;
    assert_ok(v2_value_accept_read(NULL, &accept));
    assert_true(accept.takes_text && !accept.prefers_text);
    Str html = STR("text/html");
    Str nothing = STR("text/plain;q=0.0");
    assert_fails(v2_value_accept_read(&html, &accept), ACCEPT_NONE);
    assert_fails(v2_value_accept_read(&nothing, &accept), ACCEPT_NONE);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_service_paths),
        TEST(test_absent_path_means_all_or_root),
        TEST(test_content_type),
        TEST(test_accept),
        TEST(test_content_type_of_a_value),
        TEST(test_accept_of_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
