/* The guard as a pure function: one table of heads, the reason for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"

#define HOST                                                                                       \
    {                                                                                              \
        STR_INIT("Host"), STR_INIT("h")                                                            \
    }

typedef struct GuardCase {
    const char *what;
    Str method;
    Str target;
    Str version;
    HttpHeader headers[4];
    ErrorReason reason;
} GuardCase;

#define GET STR_INIT("GET"), STR_INIT("/v2"), STR_INIT("HTTP/1.1")
#define POST STR_INIT("POST"), STR_INIT("/v2"), STR_INIT("HTTP/1.1")
#define LENGTH(text_)                                                                              \
    {                                                                                              \
        STR_INIT("Content-Length"), STR_INIT(text_)                                                \
    }
#define CODING(text_)                                                                              \
    {                                                                                              \
        STR_INIT("Transfer-Encoding"), STR_INIT(text_)                                             \
    }

static const GuardCase CASES[] = {
    {"plain", GET, {HOST}, REASON_NONE},
    {"length 0 on GET", GET, {HOST, LENGTH("0")}, REASON_NONE},
    {"post", POST, {HOST, LENGTH("5")}, REASON_NONE},
    {"chunked", POST, {HOST, CODING("Chunked")}, REASON_NONE},
    {"18 digits", POST, {HOST, LENGTH("000000000000000001")}, REASON_NONE},
    {"http/1.0", STR_INIT("GET"), STR_INIT("/"), STR_INIT("HTTP/1.0"), {HOST}, REASON_NONE},
    {"other method", STR_INIT("PURGE"), STR_INIT("/"), STR_INIT("HTTP/1.1"), {HOST}, REASON_NONE},
    {"tab in a value", GET, {HOST, {STR_INIT("A"), STR_INIT("a\tb")}}, REASON_NONE},
    {"UTF-8 in a value", GET, {HOST, {STR_INIT("A"), STR_INIT("\xe7\xb5\x90")}}, REASON_NONE},
    {"two of a harmless header",
     GET,
     {HOST, {STR_INIT("Accept"), STR_INIT("a")}, {STR_INIT("accept"), STR_INIT("b")}},
     REASON_NONE},
    {"http/1.9",
     STR_INIT("GET"),
     STR_INIT("/"),
     STR_INIT("HTTP/1.9"),
     {HOST},
     REASON_HTTP_BAD_VERSION},
    {"http/2",
     STR_INIT("GET"),
     STR_INIT("/"),
     STR_INIT("HTTP/2.0"),
     {HOST},
     REASON_HTTP_BAD_VERSION},
    {"lower-case version",
     STR_INIT("GET"),
     STR_INIT("/"),
     STR_INIT("http/1.1"),
     {HOST},
     REASON_HTTP_BAD_VERSION},
    {"no method", STR_INIT(""), STR_INIT("/"), STR_INIT("HTTP/1.1"), {HOST}, REASON_HTTP_BAD_HEAD},
    {"method no token",
     STR_INIT("FOO@"),
     STR_INIT("/"),
     STR_INIT("HTTP/1.1"),
     {HOST},
     REASON_HTTP_BAD_HEAD},
    {"no host", GET, {{STR_INIT("A"), STR_INIT("b")}}, REASON_HTTP_BAD_HEAD},
    {"empty host", GET, {{STR_INIT("Host"), STR_INIT("")}}, REASON_HTTP_BAD_HEAD},
    {"host with userinfo", GET, {{STR_INIT("Host"), STR_INIT("a@b")}}, REASON_HTTP_BAD_HEAD},
    {"two hosts", GET, {HOST, {STR_INIT("hOST"), STR_INIT("h")}}, REASON_HTTP_BAD_HEAD},
    {"two equal lengths", POST, {HOST, LENGTH("5"), LENGTH("5")}, REASON_HTTP_BAD_HEAD},
    {"two lengths",
     POST,
     {HOST, LENGTH("5"), {STR_INIT("content-length"), STR_INIT("6")}},
     REASON_HTTP_BAD_HEAD},
    {"length list", POST, {HOST, LENGTH("5,5")}, REASON_HTTP_BAD_HEAD},
    {"signed length", POST, {HOST, LENGTH("+5")}, REASON_HTTP_BAD_HEAD},
    {"negative length", POST, {HOST, LENGTH("-5")}, REASON_HTTP_BAD_HEAD},
    {"hex length", POST, {HOST, LENGTH("0x5")}, REASON_HTTP_BAD_HEAD},
    {"empty length", POST, {HOST, LENGTH("")}, REASON_HTTP_BAD_HEAD},
    {"19 digits", POST, {HOST, LENGTH("1000000000000000000")}, REASON_HTTP_BAD_HEAD},
    {"length and coding", POST, {HOST, LENGTH("5"), CODING("chunked")}, REASON_HTTP_BAD_HEAD},
    {"coding and length", POST, {HOST, CODING("chunked"), LENGTH("5")}, REASON_HTTP_BAD_HEAD},
    {"gzip coding", POST, {HOST, CODING("gzip")}, REASON_HTTP_BAD_CODING},
    {"coding list", POST, {HOST, CODING("gzip, chunked")}, REASON_HTTP_BAD_CODING},
    {"empty coding", POST, {HOST, CODING("")}, REASON_HTTP_BAD_CODING},
    {"two codings", POST, {HOST, CODING("chunked"), CODING("chunked")}, REASON_HTTP_BAD_HEAD},
    {"coding in 1.0",
     STR_INIT("POST"),
     STR_INIT("/"),
     STR_INIT("HTTP/1.0"),
     {HOST, CODING("chunked")},
     REASON_HTTP_BAD_HEAD},
    {"body on GET", GET, {HOST, LENGTH("1")}, REASON_HTTP_BAD_HEAD},
    {"chunked GET", GET, {HOST, CODING("chunked")}, REASON_HTTP_BAD_HEAD},
    {"body on HEAD",
     STR_INIT("HEAD"),
     STR_INIT("/"),
     STR_INIT("HTTP/1.1"),
     {HOST, LENGTH("1")},
     REASON_HTTP_BAD_HEAD},
    {"blank in a name",
     GET,
     {HOST, {STR_INIT("Transfer-Encoding "), STR_INIT("chunked")}},
     REASON_HTTP_BAD_HEAD},
    {"empty name", GET, {HOST, {STR_INIT(""), STR_INIT("x")}}, REASON_HTTP_BAD_HEAD},
    {"colon in a name", GET, {HOST, {STR_INIT("A:B"), STR_INIT("x")}}, REASON_HTTP_BAD_HEAD},
    {"NUL in a name", GET, {HOST, {STR_INIT("A\0B"), STR_INIT("x")}}, REASON_HTTP_BAD_HEAD},
    {"CR in a value", GET, {HOST, {STR_INIT("A"), STR_INIT("a\rb")}}, REASON_HTTP_BAD_HEAD},
    {"NUL in a value", GET, {HOST, {STR_INIT("A"), STR_INIT("a\0b")}}, REASON_HTTP_BAD_HEAD},
    {"DEL in a value", GET, {HOST, {STR_INIT("A"), STR_INIT("a\x7f")}}, REASON_HTTP_BAD_HEAD},
    {"two authorizations",
     GET,
     {HOST, {STR_INIT("Authorization"), STR_INIT("x")}, {STR_INIT("authorization"), STR_INIT("x")}},
     REASON_HTTP_BAD_HEAD},
    {"two tenants",
     GET,
     {HOST,
      {STR_INIT("Fiware-Service"), STR_INIT("a")},
      {STR_INIT("FIWARE-SERVICE"), STR_INIT("a")}},
     REASON_HTTP_BAD_HEAD},
    {"two idempotency keys",
     GET,
     {HOST,
      {STR_INIT("Idempotency-Key"), STR_INIT("a")},
      {STR_INIT("idempotency-key"), STR_INIT("a")}},
     REASON_HTTP_BAD_HEAD},
    {"two content types",
     POST,
     {HOST, {STR_INIT("Content-Type"), STR_INIT("a")}, {STR_INIT("Content-type"), STR_INIT("a")}},
     REASON_HTTP_BAD_HEAD},
    {"absolute form",
     STR_INIT("GET"),
     STR_INIT("http://h/"),
     STR_INIT("HTTP/1.1"),
     {HOST},
     REASON_HTTP_BAD_TARGET},
    {"asterisk",
     STR_INIT("OPTIONS"),
     STR_INIT("*"),
     STR_INIT("HTTP/1.1"),
     {HOST},
     REASON_HTTP_BAD_TARGET},
    {"control byte in the target",
     STR_INIT("GET"),
     STR_INIT("/\x01"),
     STR_INIT("HTTP/1.1"),
     {HOST},
     REASON_HTTP_BAD_TARGET},
};

static void test_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const GuardCase *row = &CASES[i];
        RequestHead head = {.method = row->method,
                            .target = row->target,
                            .version = row->version,
                            .headers = row->headers};
        while (head.header_count < 4 && row->headers[head.header_count].value.p != NULL) {
            head.header_count++;
        }
        RequestFraming framing = {.length_bytes = 77};
        Error error = guard_check(&head, &framing);
        if (error.reason != row->reason) {
            fail_msg("%s: %s", row->what, error_words(error.reason)->name);
        }
        assert_true(!FAILED(error) || framing.length_bytes == 77);
    }
}

static void test_framing(void **state)
{
    (void)state;
    const HttpHeader with_length[] = {HOST, LENGTH("123456")};
    const HttpHeader with_coding[] = {HOST, CODING("chunked")};
    RequestHead head = {.method = STR("PATCH"),
                        .target = STR("/"),
                        .version = STR("HTTP/1.1"),
                        .headers = with_length,
                        .header_count = 2};
    RequestFraming framing;
    assert_false(FAILED(guard_check(&head, &framing)));
    assert_int_equal(framing.method, HTTP_PATCH);
    assert_true(framing.has_length && !framing.is_chunked);
    assert_int_equal(framing.length_bytes, 123456);
    head.headers = with_coding;
    assert_false(FAILED(guard_check(&head, &framing)));
    assert_true(!framing.has_length && framing.is_chunked);
}

static void test_methods(void **state)
{
    (void)state;
    for (int i = 0; i < HTTP_OTHER; i++) {
        assert_int_equal(http_method_from(str_from(http_method_name((HttpMethod)i))), i);
    }
    static const Str OTHERS[] = {STR_INIT("get"), STR_INIT("TRACE"), STR_INIT("CONNECT"),
                                 STR_INIT(""), STR_INIT("GETT")};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        assert_int_equal(http_method_from(OTHERS[i]), HTTP_OTHER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
