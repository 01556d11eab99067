/* Form bodies and Authorization headers: what is taken and what is refused. */
#include "bearer.h"
#include "check.h"
#include "oauth_form.h"

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

static Error read_body(const char *media_type, const char *body, OauthForm *ret_form)
{
    HttpHeader header = {.name = STR("content-type"), .value = str_from(media_type)};
    Request request = {
        .arena = arena, .headers = &header, .header_count = 1, .body = str_from(body)};
    return oauth_form_read(&request, ret_form);
}

static void test_form(void **state)
{
    (void)state;
    OauthForm form;
    assert_ok(
        read_body("Application/X-WWW-Form-URLencoded; charset=UTF-8", "a=1+2&b=%2B&c=&d", &form));
    assert_str(oauth_form_field(&form, STR("a")), "1 2");
    assert_str(oauth_form_field(&form, STR("b")), "+");
    assert_str(oauth_form_field(&form, STR("c")), "");
    assert_str(oauth_form_field(&form, STR("e")), "");
    assert_ok(read_body("application/x-www-form-urlencoded", "", &form));
    assert_int_equal(form.count, 0);
}

static void test_refused_forms(void **state)
{
    (void)state;
    static const char *const BODIES[] = {"a=1&a=2", "a=1&%61=1", "a=%00", "a=%f",
                                         "=1",      "a=\xff",    "a&a"};
    OauthForm form;
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        assert_fails(read_body("application/x-www-form-urlencoded", BODIES[i], &form),
                     OAUTH_REQUEST);
    }
    assert_fails(read_body("application/json", "{}", &form), OAUTH_REQUEST);
    assert_fails(read_body("", "a=1", &form), OAUTH_REQUEST);
}

static void test_query_string_is_refused(void **state)
{
    (void)state;
    HttpHeader header = {.name = STR("Content-Type"),
                         .value = STR("application/x-www-form-urlencoded")};
    QueryParam param = {.name = STR("client_assertion"), .value = STR("x")};
    Request request = {.arena = arena,
                       .headers = &header,
                       .header_count = 1,
                       .params = &param,
                       .param_count = 1,
                       .body = STR("a=1")};
    OauthForm form;
    assert_fails(oauth_form_read(&request, &form), OAUTH_REQUEST);
}

static void test_bearer_header(void **state)
{
    (void)state;
    static const struct {
        Str value;
        ErrorReason reason;
    } CASES[] = {
        {STR_INIT("Bearer abc"), REASON_NONE},
        {STR_INIT("bearer a-._~+/=="), REASON_NONE},
        {STR_INIT("Bearer"), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer "), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer  abc"), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer a b"), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer a,b"), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer ="), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer a=b"), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer\tabc"), REASON_TOKEN_MALFORMED},
        {STR_INIT("Basic abc"), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearerabc"), REASON_TOKEN_MALFORMED},
        {STR_INIT("abc"), REASON_TOKEN_MALFORMED},
        {STR_INIT(""), REASON_TOKEN_MALFORMED},
        {STR_INIT("Bearer \xe7\xb5\x90"), REASON_TOKEN_MALFORMED},
    };
    Str token;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        HttpHeader header = {.name = STR("authorization"), .value = CASES[i].value};
        Request request = {.arena = arena, .headers = &header, .header_count = 1};
        if (bearer_token(&request, &token).reason != CASES[i].reason) {
            fail_msg("%s", CASES[i].value.p);
        }
    }
    Request without = {.arena = arena};
    assert_fails(bearer_token(&without, &token), TOKEN_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_refused_forms),
        cmocka_unit_test(test_query_string_is_refused),
        cmocka_unit_test(test_bearer_header),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
