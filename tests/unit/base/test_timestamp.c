/* Time text against the C library's calendar, and what is no time. */
#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "fake_ports.h"

#define FIRST_SECOND ((int64_t)-62167219200)
#define LAST_SECOND ((int64_t)253402300799)

static void test_known_moments(void **state)
{
    (void)state;
    static const struct {
        int64_t at_us;
        const char *text;
    } CASES[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {999, "1970-01-01T00:00:00.000Z"},
        {1000, "1970-01-01T00:00:00.001Z"},
        {FAKE_START_US, "2026-04-01T00:00:00.000Z"},
        {951827696789123, "2000-02-29T12:34:56.789Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[TIMESTAMP_TEXT_BYTES];
        timestamp_text(CASES[i].at_us, text);
        assert_string_equal(text, CASES[i].text);
    }
}

static void test_random_moments_agree_with_the_library_and_read_back(void **state)
{
    (void)state;
    uint64_t random = fake_seed("test_timestamp");
    for (int i = 0; i < 50000; i++) {
        time_t second =
            (time_t)(FIRST_SECOND +
                     (int64_t)fake_random_below(&random, (uint64_t)(LAST_SECOND - FIRST_SECOND)));
        int64_t us = (int64_t)second * 1000000 + (int64_t)fake_random_below(&random, 1000) * 1000;
        struct tm parts;
        char wanted[64];
        char text[TIMESTAMP_TEXT_BYTES];
        int64_t back = 0;
        assert_non_null(gmtime_r(&second, &parts));
        (void)snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                       parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                       parts.tm_min, parts.tm_sec, (int)(us / 1000 - (int64_t)second * 1000));
        timestamp_text(us, text);
        assert_string_equal(text, wanted);
        assert_true(timestamp_parse(str_from(text), &back));
        assert_int_equal(back, us);
    }
}

static void test_forms_that_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at_us;
    } CASES[] = {
        {"2026-04-01", FAKE_START_US},
        {"2026-04-01T00:00:00Z", FAKE_START_US},
        {"2026-04-01T09:00:00+09:00", FAKE_START_US},
        {"2026-03-31T20:30:00-03:30", FAKE_START_US},
        {"2026-04-01T00:00:00.5Z", FAKE_START_US + 500000},
        {"2026-04-01T00:00:00.000001Z", FAKE_START_US + 1},
        {"2026-04-01T00:00:00.123456789Z", FAKE_START_US + 123456},
        {"2000-02-29", 951782400000000},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t at_us = 0;
        assert_true(timestamp_parse(str_from(CASES[i].text), &at_us));
        assert_int_equal(at_us, CASES[i].at_us);
    }
}

static void test_what_is_no_time(void **state)
{
    (void)state;
    static const char *const CASES[] = {
        "",
        "2026",
        "2026-04",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-04-31",
        "2026-02-29",
        "1900-02-29",
        "26-04-01",
        "2026/04/01",
        " 2026-04-01",
        "2026-04-01 ",
        "2026-04-01T",
        "2026-04-01T00:00:00",
        "2026-04-01T00:00Z",
        "2026-04-01 00:00:00Z",
        "2026-04-01t00:00:00Z",
        "2026-04-01T00:00:00z",
        "2026-04-01T24:00:00Z",
        "2026-04-01T23:60:00Z",
        "2026-04-01T23:59:60Z",
        "2026-04-01T00:00:00.Z",
        "2026-04-01T00:00:00,5Z",
        "2026-04-01T00:00:00.1234567890Z",
        "2026-04-01T00:00:00+0900",
        "2026-04-01T00:00:00+24:00",
        "2026-04-01T00:00:00+09:60",
        "2026-04-01T00:00:00ZZ",
        "-2026-04-01",
        "2026-04-0a",
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t at_us = -7;
        if (timestamp_parse(str_from(CASES[i]), &at_us) || at_us != -7) {
            fail_msg("\"%s\" is taken for a time", CASES[i]);
        }
    }
}

static void test_append(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1024);
    Buf buf = buf_in(arena);
    Str text;
    timestamp_add(&buf, FAKE_START_US);
    assert_ok(buf_finish(&buf, &text));
    assert_str(text, "2026-04-01T00:00:00.000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_moments),
        cmocka_unit_test(test_random_moments_agree_with_the_library_and_read_back),
        cmocka_unit_test(test_forms_that_are_read),
        cmocka_unit_test(test_what_is_no_time),
        cmocka_unit_test(test_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
