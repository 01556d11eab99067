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

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_service_paths),
        TEST(test_absent_path_means_all_or_root),
        TEST(test_content_type),
        TEST(test_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
