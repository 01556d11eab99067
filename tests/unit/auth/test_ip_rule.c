/* Where a request comes from: a table of peers, trusted proxies and headers. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ip_rule.h"
#include "log_line.h"

#define NGINX "unix"
#define REFUSED NULL

typedef struct Case {
    const char *peer;
    const char *trusted;
    const char *forwarded_for; /* X-Forwarded-For; NULL: none */
    const char *forwarded;     /* Forwarded; NULL: none */
    const char *source;        /* REFUSED: 400 */
} Case;

static const Case CASES[] = {
    /* nobody is trusted, or not this peer: the peer itself */
    {"203.0.113.9", "", NULL, NULL, "203.0.113.9"},
    {"203.0.113.9", "", "192.0.2.7", NULL, "203.0.113.9"},
    {"203.0.113.9", "10.0.0.0/8", "192.0.2.7", NULL, "203.0.113.9"},
    {"203.0.113.9", "10.0.0.0/8", "nonsense", "for=_x", "203.0.113.9"},
    {"unix", "", "192.0.2.7", NULL, "unix"},
    {"unix", "0.0.0.0/0", "192.0.2.7", NULL, "unix"},
    {"127.0.0.1", "unix", "192.0.2.7", NULL, "127.0.0.1"},
    /* a trusted peer vouches for the last hop */
    {"unix", NGINX, NULL, NULL, "unix"},
    {"unix", NGINX, "192.0.2.7", NULL, "192.0.2.7"},
    {"unix", NGINX, "2001:db8::1", NULL, "2001:db8::1"},
    {"10.0.0.1", "10.0.0.0/8", "192.0.2.7", NULL, "192.0.2.7"},
    {"::ffff:10.0.0.1", "10.0.0.0/8", "192.0.2.7", NULL, "192.0.2.7"},
    {"unix", NGINX, "  192.0.2.7\t", NULL, "192.0.2.7"},
    /* from the right: what the caller wrote does not count */
    {"unix", NGINX, "127.0.0.1, 192.0.2.7", NULL, "192.0.2.7"},
    {"unix", NGINX, "nonsense, 192.0.2.7", NULL, "192.0.2.7"},
    {"unix", NGINX, "unix,192.0.2.7", NULL, "192.0.2.7"},
    {"unix", "unix,10.0.0.0/8", "192.0.2.7, 10.0.0.2", NULL, "192.0.2.7"},
    {"unix", "unix,10.0.0.0/8", "1.1.1.1,192.0.2.7,10.0.0.2", NULL, "192.0.2.7"},
    {"unix", "unix,10.0.0.0/8", "192.0.2.7, ::ffff:10.0.0.2", NULL, "192.0.2.7"},
    {"unix", "unix,10.0.0.0/8", "10.0.0.9, 10.0.0.2", NULL,
     "10.0.0.9"}, /* all trusted: the first */
    /* a hop on the way that can't be read */
    {"unix", NGINX, "", NULL, REFUSED},
    {"unix", NGINX, ",", NULL, REFUSED},
    {"unix", NGINX, "192.0.2.7,", NULL, REFUSED},
    {"unix", NGINX, "010.0.0.1", NULL, REFUSED},
    {"unix", NGINX, "1.2.3.4:80", NULL, REFUSED},
    {"unix", NGINX, "[::1]", NULL, REFUSED},
    {"unix", NGINX, "unknown", NULL, REFUSED},
    {"unix", NGINX, "unix", NULL, REFUSED},
    {"unix", NGINX, "_obf", NULL, REFUSED},
    {"unix", NGINX, "fe80::1%eth0", NULL, REFUSED},
    {"unix", NGINX, "192.0.2.7 192.0.2.8", NULL, REFUSED},
    {"unix", "unix,10.0.0.0/8", "unknown, 10.0.0.2", NULL, REFUSED},
    {"unix", "unix,10.0.0.0/8", ", 10.0.0.2", NULL, REFUSED},
    /* the standard's header */
    {"unix", NGINX, NULL, "for=192.0.2.7", "192.0.2.7"},
    {"unix", NGINX, NULL, "For=192.0.2.7;proto=https;by=203.0.113.43", "192.0.2.7"},
    {"unix", NGINX, NULL, "proto=https; for=\"192.0.2.7:4711\"", "192.0.2.7"},
    {"unix", NGINX, NULL, "for=\"[2001:db8::1]:4711\"", "2001:db8::1"},
    {"unix", NGINX, NULL, "for=\"[2001:db8::1]\"", "2001:db8::1"},
    {"unix", NGINX, NULL, "for=127.0.0.1, for=192.0.2.7", "192.0.2.7"},
    {"unix", "unix,10.0.0.0/8", NULL, "for=192.0.2.7,for=10.0.0.1", "192.0.2.7"},
    {"unix", NGINX, NULL, "for=unknown", REFUSED},
    {"unix", NGINX, NULL, "for=_obf", REFUSED},
    {"unix", NGINX, NULL, "for=[2001:db8::1]", REFUSED},
    {"unix", NGINX, NULL, "for=\"2001:db8::1\"", REFUSED},
    {"unix", NGINX, NULL, "for=192.0.2.7:80", REFUSED},
    {"unix", NGINX, NULL, "for=\"192.0.2.7:99999\"", REFUSED},
    {"unix", NGINX, NULL, "for=\"[::1\"", REFUSED},
    {"unix", NGINX, NULL, "for=\"[::1]x\"", REFUSED},
    {"unix", NGINX, NULL, "for=\"[::1]:\"", REFUSED},
    {"unix", NGINX, NULL, "for=\"a,for=192.0.2.7\"", REFUSED},
    {"unix", NGINX, NULL, "for=1.1.1.1;for=192.0.2.7", REFUSED},
    {"unix", NGINX, NULL, "proto=https", REFUSED},
    {"unix", NGINX, NULL, "", REFUSED},
    {"unix", NGINX, "192.0.2.7", "for=192.0.2.7", REFUSED}, /* two stories */
};

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static Error source_of(const char *peer, const char *trusted, const HttpHeader *headers,
                       size_t count, Str *ret_source)
{
    StrList rules;
    Request request = {.arena = arena,
                       .id = STR("r1"),
                       .peer = str_from(peer),
                       .headers = headers,
                       .header_count = count};
    assert_ok(ip_rule_list_in(arena, "trusted_proxies", str_from(trusted), &rules));
    return ip_rule_source(&request, rules, ret_source);
}

static void check_case(const Case *row)
{
    HttpHeader headers[2];
    size_t count = 0;
    Str source;
    if (row->forwarded_for != NULL) {
        headers[count++] =
            (HttpHeader){.name = STR("x-forwarded-for"), .value = str_from(row->forwarded_for)};
    }
    if (row->forwarded != NULL) {
        headers[count++] =
            (HttpHeader){.name = STR("Forwarded"), .value = str_from(row->forwarded)};
    }
    Error error = source_of(row->peer, row->trusted, headers, count, &source);
    bool is_refused = error.reason == REASON_FORWARDED_UNREADABLE;
    bool is_wanted = row->source == REFUSED
                         ? is_refused
                         : !FAILED(error) && str_eq(source, str_from(row->source));
    if (!is_wanted) {
        fail_msg("row %td: %s", row - CASES, error_words(error.reason)->name);
    }
}

static void the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        check_case(&CASES[i]);
    }
}

static void two_headers_of_one_name_are_refused(void **state)
{
    (void)state;
    const HttpHeader two[] = {{.name = STR("X-Forwarded-For"), .value = STR("192.0.2.7")},
                              {.name = STR("X-FORWARDED-FOR"), .value = STR("192.0.2.7")}};
    Str source;
    assert_fails(source_of("unix", "unix", two, 2, &source), FORWARDED_UNREADABLE);
    assert_ok(source_of("unix", "", two, 2, &source));
    assert_str(source, "unix");
}

/* hop, hop, … 10,000 of them. */
static HttpHeader many_hops(const char *hop)
{
    Buf buf = buf_in(arena);
    HttpHeader header = {.name = STR("X-Forwarded-For")};
    for (int i = 0; i < 10000; i++) {
        buf_add(&buf, i == 0 ? STR_EMPTY : STR(", "));
        buf_add(&buf, str_from(hop));
    }
    assert_ok(buf_finish(&buf, &header.value));
    return header;
}

static void ten_thousand_hops(void **state)
{
    (void)state;
    Str source;
    HttpHeader header = many_hops("192.0.2.7");
    assert_ok(source_of("unix", "unix", &header, 1, &source)); /* the last one answers for all */
    assert_str(source, "192.0.2.7");
    header = many_hops("10.0.0.1");
    assert_fails(source_of("unix", "unix,10.0.0.0/8", &header, 1, &source), FORWARDED_UNREADABLE);
}

static void the_setting_is_checked(void **state)
{
    (void)state;
    StrList rules;
    assert_ok(ip_rule_list_in(arena, "x", STR(" unix , 10.0.0.0/8,::1 "), &rules));
    assert_int_equal(rules.count, 3);
    assert_str(rules.items[0], "unix");
    assert_ok(ip_rule_list_in(arena, "x", STR("  "), &rules));
    assert_int_equal(rules.count, 0);
    static const Str BAD[] = {STR_INIT("nginx"), STR_INIT("10.0.0.1/8"), STR_INIT("unix,"),
                              STR_INIT(",")};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        Error error = ip_rule_list_in(arena, "trusted_proxies", BAD[i], &rules);
        assert_fails(error, CONF_BAD_VALUE);
        assert_non_null(strstr(error.argument, "trusted_proxies"));
    }
}

int main(void)
{
#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_table_holds),
        TEST(two_headers_of_one_name_are_refused),
        TEST(ten_thousand_hops),
        TEST(the_setting_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
