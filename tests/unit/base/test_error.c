/* The one table of words: complete for every surface, and filled in safely. */
#include "error.h"

#include <string.h>

#include "check.h"

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

static void test_every_reason_has_words_for_every_surface(void **state)
{
    (void)state;
    for (int reason = REASON_NONE + 1; reason < REASON_COUNT_; reason++) {
        const ErrorWords *words = error_words((ErrorReason)reason);
        print_message("%s\n", words->name);
        assert_true(words->code > ERROR_OK && words->code < ERROR_CODE_COUNT_);
        assert_true(words->http_status >= 400 && words->http_status <= 599);
        assert_true(strlen(words->v2_error) > 0);
        assert_true(strlen(words->text) > 0);
        assert_int_equal(strncmp(words->message_key, "error.", 6), 0);
        assert_true(words->level >= LOG_DEBUG && words->level <= LOG_ERROR);
    }
}

static void test_texts_have_at_most_one_hole_and_only_safe_arguments_fill_it(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT_; reason++) {
        const ErrorWords *words = error_words((ErrorReason)reason);
        size_t holes = count_of(words->text, "%s");
        assert_int_equal(count_of(words->text, "%"), holes);
        assert_true(holes <= 1);
        if (holes == 1 && !words->is_argument_safe) {
            fail_msg("%s shows an argument that it calls unsafe", words->name);
        }
    }
}

static void test_oauth_words_are_registered_ones(void **state)
{
    (void)state;
    static const char *const WORDS[] = {
        "",
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "invalid_scope",
        "invalid_target",
        "invalid_token",
        "insufficient_scope",
        "access_denied",
        "server_error",
        "temporarily_unavailable",
    };
    for (int reason = 0; reason < REASON_COUNT_; reason++) {
        const char *word = error_words((ErrorReason)reason)->oauth_error;
        size_t found = 0;
        for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
            found += strcmp(word, WORDS[i]) == 0;
        }
        if (found != 1) {
            fail_msg("%s answers OAuth with \"%s\"", error_words((ErrorReason)reason)->name, word);
        }
    }
}

/* Failures of ours must be seen by who runs the process; what callers do wrong must not fill the
 * log. */
static void test_levels_follow_who_must_act(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT_; reason++) {
        const ErrorWords *words = error_words((ErrorReason)reason);
        bool is_ours = words->code >= ERROR_NOMEM;
        if (is_ours && (words->http_status < 500 || words->level < LOG_WARNING)) {
            fail_msg("%s is our failure and hides", words->name);
        }
    }
}

static void test_names_are_unique(void **state)
{
    (void)state;
    for (int a = 0; a < REASON_COUNT_; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(error_words((ErrorReason)a)->name,
                                    error_words((ErrorReason)b)->name);
        }
    }
}

static void test_unknown_reason_speaks_as_internal(void **state)
{
    (void)state;
    assert_ptr_equal(error_words((ErrorReason)REASON_COUNT_), error_words(REASON_INTERNAL));
    assert_ptr_equal(error_words((ErrorReason)-1), error_words(REASON_INTERNAL));
}

static void test_text_takes_the_argument(void **state)
{
    (void)state;
    char text[100];
    unsigned n = error_text(FAIL(BAD_ENCODING, "x%s%n"), text, sizeof text);
    assert_int_equal(n, strlen(text));
    assert_string_equal(text, "x%s%n is not valid text in this encoding");
    (void)error_text(FAIL(BAD_ENCODING, NULL), text, sizeof text);
    assert_string_equal(text, " is not valid text in this encoding");
}

static void test_unsafe_argument_stays_out(void **state)
{
    (void)state;
    char text[100];
    (void)error_text(FAIL(FILE_IO, "a path"), text, sizeof text);
    assert_null(strstr(text, "a path"));
}

static void test_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[8];
    assert_int_equal(error_text(FAIL(BAD_ENCODING, "結び目"), text, sizeof text), 6);
    assert_string_equal(text, "結び");
    assert_int_equal(error_text(FAIL(BAD_ENCODING, "結び目"), text, 1), 0);
    assert_string_equal(text, "");
    assert_int_equal(error_text(FAIL(BAD_ENCODING, "abcdefghij"), text, sizeof text), 7);
    assert_string_equal(text, "abcdefg");
}

static void test_site_names_file_and_line_without_folders(void **state)
{
    (void)state;
    Error error = FAIL(INTERNAL, NULL);
    assert_int_equal(strncmp(error.site, "test_error.c:", 13), 0);
}

static int tried;

static Error count_and(Error error)
{
    tried++;
    return error;
}

static Error try_twice(Error first)
{
    TRY(count_and(first));
    TRY(count_and(OK));
    return OK;
}

static Error ensure(bool holds)
{
    ENSURE(holds, INTERNAL, "why");
    return OK;
}

static void test_try_evaluates_once_and_returns_the_first_failure(void **state)
{
    (void)state;
    tried = 0;
    assert_fails(try_twice(FAIL(DEADLINE, NULL)), DEADLINE);
    assert_int_equal(tried, 1);
    assert_ok(try_twice(OK));
    assert_int_equal(tried, 3);
}

static void test_ensure_leaves_with_the_argument(void **state)
{
    (void)state;
    assert_ok(ensure(true));
    assert_fails(ensure(false), INTERNAL);
    assert_string_equal(ensure(false).argument, "why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reason_has_words_for_every_surface),
        cmocka_unit_test(test_texts_have_at_most_one_hole_and_only_safe_arguments_fill_it),
        cmocka_unit_test(test_oauth_words_are_registered_ones),
        cmocka_unit_test(test_levels_follow_who_must_act),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_unknown_reason_speaks_as_internal),
        cmocka_unit_test(test_text_takes_the_argument),
        cmocka_unit_test(test_unsafe_argument_stays_out),
        cmocka_unit_test(test_text_is_cut_between_characters),
        cmocka_unit_test(test_site_names_file_and_line_without_folders),
        cmocka_unit_test(test_try_evaluates_once_and_returns_the_first_failure),
        cmocka_unit_test(test_ensure_leaves_with_the_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
