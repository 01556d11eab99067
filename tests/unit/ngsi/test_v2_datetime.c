/* DateTime values: the forms that a real Orion took and refused, and what they mean. */
#include "v2_datetime.h"

#include "check.h"
#include "timestamp.h"

static const struct {
    const char *json;
    const char *shown; /* NULL: refused */
} ROWS[] = {
    {"\"2017-06-17T07:21:24Z\"", "2017-06-17T07:21:24.000Z"},
    {"\"2017-06-17T07:21:24.238Z\"", "2017-06-17T07:21:24.238Z"},
    {"\"2017-06-17T07:21:24+02:00\"", "2017-06-17T05:21:24.000Z"},
    {"\"2017-06-17T07:21:24.5+0200\"", "2017-06-17T05:21:24.500Z"},
    {"\"2017-06-17T07:21:24-09\"", "2017-06-17T16:21:24.000Z"},
    {"\"2017-06-17\"", "2017-06-17T00:00:00.000Z"},
    {"\"2017-06-17T07:21\"", "2017-06-17T07:21:00.000Z"},
    {"\"2017-06-17T07:21+09:00\"", "2017-06-16T22:21:00.000Z"},
    {"\"2017-06-17T07:21:24\"", "2017-06-17T07:21:24.000Z"},
    {"\"1950-01-01T00:00:00Z\"", "1950-01-01T00:00:00.000Z"},
    {"\"2017-06-17T07:21:24.123456789012Z\"", "2017-06-17T07:21:24.123Z"},
    {"\"foo\"", NULL},
    {"\"\"", NULL},
    {"", NULL},
    {"\"2017-13-01T00:00:00Z\"", NULL},
    {"\"2017-02-29\"", NULL},
    {"\"17:00\"", NULL},
    {"12", NULL},
    {"true", NULL},
    {"null", NULL},
    {"{\"a\":\"2017-06-17\"}", NULL},
    {"\"2017-06-17T\"", NULL},
    {"\"2017-06-17T07\"", NULL},
    {"\"2017-06-17 07:21\"", NULL},
    {"\"2017-06-17T07:21:\"", NULL},
    {"\"2017-06-17T07:21:2\"", NULL},
    {"\"2017-06-17T07:21:24.Z\"", NULL},
    {"\"2017-06-17T07:21:24.5X\"", NULL},
    {"\"2017-06-17T07:21:24+2\"", NULL},
    {"\"2017-06-17T07:21:24+02:0\"", NULL},
    {"\"2017-06-17T07:21:24+02:00Z\"", NULL},
    {"\"2017-06-17T07:21:24ZZ\"", NULL},
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        int64_t at_us = -1;
        bool is_date = v2_datetime_from_json(str_from(ROWS[i].json), &at_us);
        if (is_date != (ROWS[i].shown != NULL)) {
            fail_msg("%s %s", ROWS[i].json, is_date ? "was taken" : "was refused");
        }
        if (is_date) {
            char text[TIMESTAMP_TEXT_BYTES];
            timestamp_text(at_us, text);
            assert_string_equal(text, ROWS[i].shown);
        } else {
            assert_int_equal(at_us, -1);
        }
    }
}

static void test_types(void **state)
{
    (void)state;
    assert_true(v2_datetime_is_type(STR("DateTime")));
    assert_true(v2_datetime_is_type(STR("ISO8601")));
    assert_false(v2_datetime_is_type(STR("Text")));
    assert_false(v2_datetime_is_type(STR("datetime")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_types)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
