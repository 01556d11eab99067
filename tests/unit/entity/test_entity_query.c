/* Lists and service paths of queries. */
#include "entity_query.h"

#include "check.h"

static void test_list(void **state)
{
    (void)state;
    const Str items[] = {STR("a"), STR("")};
    assert_true(str_list_has((StrList){items, 2}, STR("a")));
    assert_true(str_list_has((StrList){items, 2}, STR("")));
    assert_false(str_list_has((StrList){items, 1}, STR("")));
    assert_false(str_list_has((StrList){NULL, 0}, STR("a")));
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *asked;
        const char *path;
        bool is_covered;
    } rows[] = {
        {"", "/", true},        {"", "/a/b", true},        {"/", "/", true},
        {"/", "/a", false},     {"/a", "/a", true},        {"/a", "/a/b", false},
        {"/a", "/", false},     {"/#", "/", true},         {"/#", "/a/b", true},
        {"/a/#", "/a", true},   {"/a/#", "/a/b/c", true},  {"/a/#", "/ab", false},
        {"/a/#", "/", false},   {"/x,/a/b", "/a/b", true}, {"/x,/a/#", "/a/b", true},
        {"/x,/y", "/a", false}, {"/A", "/a", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (service_path_covers(str_from(rows[i].asked), str_from(rows[i].path)) !=
            rows[i].is_covered) {
            fail_msg("%s and %s", rows[i].asked, rows[i].path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list), cmocka_unit_test(test_paths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
