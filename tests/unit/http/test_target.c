/* The decoder of targets and query strings: what it gives, what it refuses, and that encoding
 * undoes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target.h"
#include "utf8.h"

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

static Str joined(const Target *target)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < target->segment_count; i++) {
        buf_add_char(&buf, '|');
        buf_add(&buf, target->segments[i]);
    }
    Str text;
    assert_false(FAILED(buf_finish(&buf, &text)));
    return text;
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        Str raw;
        Str segments; /* each after a '|' */
        Str query;
    } CASES[] = {
        {STR_INIT("/"), STR_INIT(""), STR_INIT("")},
        {STR_INIT("/v2"), STR_INIT("|v2"), STR_INIT("")},
        {STR_INIT("/v2/"), STR_INIT("|v2"), STR_INIT("")},
        {STR_INIT("/v2/entities/?a=b?c"), STR_INIT("|v2|entities"), STR_INIT("a=b?c")},
        {STR_INIT("/v2/entities/urn:ngsi-ld:Person:1"),
         STR_INIT("|v2|entities|urn:ngsi-ld:Person:1"), STR_INIT("")},
        {STR_INIT("/a%20b/%E7%B5%90"), STR_INIT("|a b|\xe7\xb5\x90"), STR_INIT("")},
        {STR_INIT("/%2541"), STR_INIT("|%41"), STR_INIT("")}, /* decoded once, not twice */
        {STR_INIT("/..."), STR_INIT("|..."), STR_INIT("")},
        {STR_INIT("/a+b"), STR_INIT("|a+b"), STR_INIT("")},
        {STR_INIT("/?"), STR_INIT(""), STR_INIT("")},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Target target;
        assert_false(FAILED(target_decode_in(arena, CASES[i].raw, &target)));
        assert_true(str_eq(joined(&target), CASES[i].segments));
        assert_true(str_eq(target.query, CASES[i].query));
    }
}

static void test_refused_paths(void **state)
{
    (void)state;
    static const struct {
        Str raw;
        ErrorReason reason;
    } CASES[] = {
        {STR_INIT(""), REASON_HTTP_BAD_TARGET},
        {STR_INIT("v2"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("*"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("http://h/v2"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("//"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("//v2"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/v2//x"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/v2/x//"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/v2/./x"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/v2/../x"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/v2/%2e%2e"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/v2/.%2E/x"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%00b"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%0ab"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%7f"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%2fb"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/a%2Fb"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/a%5cb"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/a\\b"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%4"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%4/b"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%zz"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a%-1"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/%ff"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/%c0%af"), REASON_HTTP_BAD_TARGET},    /* overlong '/' */
        {STR_INIT("/%ed%a0%80"), REASON_HTTP_BAD_TARGET}, /* surrogate */
        {STR_INIT("/\xff"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a#b"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/a b"), REASON_HTTP_BAD_TARGET},
        {STR_INIT("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"), REASON_UNKNOWN_ROUTE},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Target target = {.segment_count = 99};
        Error error = target_decode_in(arena, CASES[i].raw, &target);
        if (error.reason != CASES[i].reason) {
            fail_msg("%s: %s", CASES[i].raw.p, error_words(error.reason)->name);
        }
        assert_int_equal(target.segment_count, 99); /* untouched on failure */
    }
}

/* "name=value;name;" with '=' only where a value was given. */
static Str shown(const QueryParam *params, size_t count)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, params[i].name);
        buf_add(&buf, params[i].has_value ? STR("=") : STR_EMPTY);
        buf_add(&buf, params[i].value);
        buf_add_char(&buf, ';');
    }
    Str text;
    assert_false(FAILED(buf_finish(&buf, &text)));
    return text;
}

static void test_queries(void **state)
{
    (void)state;
    static const struct {
        Str raw;
        bool is_plus_blank;
        Str shown;
    } CASES[] = {
        {STR_INIT(""), false, STR_INIT("")},
        {STR_INIT("options"), false, STR_INIT("options;")},
        {STR_INIT("options="), false, STR_INIT("options=;")},
        {STR_INIT("a=1&a=2&b=3"), false, STR_INIT("a=1;a=2;b=3;")},
        {STR_INIT("&&a=1&"), false, STR_INIT("a=1;")},
        {STR_INIT("q=a==b"), false, STR_INIT("q=a==b;")},
        {STR_INIT("a=1+2"), false, STR_INIT("a=1+2;")},
        {STR_INIT("a=1+2"), true, STR_INIT("a=1 2;")},
        {STR_INIT("a=1%2B2"), true, STR_INIT("a=1+2;")},
        {STR_INIT("a%3D=x%26y"), false, STR_INIT("a==x&y;")},
        {STR_INIT("a=%2525"), false, STR_INIT("a=%25;")},
        {STR_INIT("a=%0A"), false, STR_INIT("a=\n;")}, /* a value may hold a line; a path may not */
        {STR_INIT("a=/x\\y"), false, STR_INIT("a=/x\\y;")},
        {STR_INIT("t=\xe7\xb5\x90"), false, STR_INIT("t=\xe7\xb5\x90;")},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const QueryParam *params = NULL;
        size_t count = 0;
        assert_false(
            FAILED(query_decode_in(arena, CASES[i].raw, CASES[i].is_plus_blank, &params, &count)));
        assert_true(str_eq(shown(params, count), CASES[i].shown));
    }
}

static void test_refused_queries(void **state)
{
    (void)state;
    static const Str CASES[] = {
        STR_INIT("=x"),    STR_INIT("="),        STR_INIT("a=%"),    STR_INIT("a=%0"),
        STR_INIT("a=%zz"), STR_INIT("%00"),      STR_INIT("a=%00"),  STR_INIT("a=\x01"),
        STR_INIT("a= b"),  STR_INIT("a=%ff"),    STR_INIT("a=\xc3"), STR_INIT("%c3=1"),
        STR_INIT("a=#"),   STR_INIT("a=%c0%80"),
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const QueryParam *params = NULL;
        size_t count = 0;
        assert_int_equal(query_decode_in(arena, CASES[i], false, &params, &count).reason,
                         REASON_HTTP_BAD_QUERY);
        assert_null(params);
    }
}

static void test_parameter_count(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        Buf raw = buf_in(arena);
        for (int i = 0; i < REQUEST_PARAMS_MAX + over; i++) {
            buf_add(&raw, STR("a=1&"));
        }
        Str text;
        assert_false(FAILED(buf_finish(&raw, &text)));
        const QueryParam *params = NULL;
        size_t count = 0;
        Error error = query_decode_in(arena, text, false, &params, &count);
        assert_int_equal(error.reason, over ? REASON_HTTP_BAD_QUERY : REASON_NONE);
        assert_int_equal(count, over ? 0 : REQUEST_PARAMS_MAX);
    }
}

/* --- property: decoding undoes encoding, for every valid text and both ways of writing a byte - */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static Str random_text(uint64_t *seed)
{
    Buf buf = buf_in(arena);
    size_t points = next_random(seed) % 12;
    for (size_t i = 0; i < points; i++) {
        uint32_t point =
            (uint32_t)(next_random(seed) % (next_random(seed) % 2 == 0 ? 0x7f : 0x3000));
        utf8_add(&buf, point == 0 ? 'a' : point);
    }
    Str text;
    assert_false(FAILED(buf_finish(&buf, &text)));
    return text;
}

static void add_encoded(Buf *buf, Str text, uint64_t *seed)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        char code[4];
        (void)snprintf(code, sizeof code, next_random(seed) % 2 == 0 ? "%%%02x" : "%%%02X",
                       (unsigned)(unsigned char)c);
        if (is_plain && next_random(seed) % 2 == 0) {
            buf_add_char(buf, c);
        } else {
            buf_add(buf, str_from(code));
        }
    }
}

static void test_query_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 20260401;
    printf("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 2000; round++) {
        Str name = random_text(&seed);
        Str value = random_text(&seed);
        Buf raw = buf_in(arena);
        add_encoded(&raw, name, &seed);
        buf_add_char(&raw, '=');
        add_encoded(&raw, value, &seed);
        Str text;
        assert_false(FAILED(buf_finish(&raw, &text)));
        const QueryParam *params = NULL;
        size_t count = 0;
        Error error = query_decode_in(arena, text, round % 2 == 0, &params, &count);
        if (name.n == 0) {
            assert_int_equal(error.reason, REASON_HTTP_BAD_QUERY);
            continue;
        }
        assert_false(FAILED(error));
        assert_int_equal(count, 1);
        assert_true(str_eq(params[0].name, name));
        assert_true(str_eq(params[0].value, value));
    }
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    bool has_succeeded = false;
    for (size_t budget = 0; budget < 4096 && !has_succeeded; budget += 16) {
        CLEANUP(arena_free) Arena *small = arena_new(budget);
        assert_non_null(small);
        Target target = {.segment_count = 99};
        Error error = target_decode_in(small, STR("/v2/entities/abc/attrs"), &target);
        has_succeeded = !FAILED(error);
        assert_true(has_succeeded || error.reason == REASON_BUDGET_EXCEEDED);
        assert_true(has_succeeded || target.segment_count == 99);
    }
    assert_true(has_succeeded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),           cmocka_unit_test(test_refused_paths),
        cmocka_unit_test(test_queries),         cmocka_unit_test(test_refused_queries),
        cmocka_unit_test(test_parameter_count), cmocka_unit_test(test_query_round_trip),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
