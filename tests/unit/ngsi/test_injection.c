/* 500 texts that try to be something else, in every parameter that is text, and in the body
 * of op/query. None is an error of ours, none gets through as another condition than the one
 * written.
 */
#include "injection_strings.h"

#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "filter_text.h"
#include "json_write.h"
#include "utf8.h"
#include "v2_query_body.h"

#define ARENA_BYTES ((size_t)64 << 20)

typedef struct Corpus {
    Arena *arena; /* of the texts */
    Arena *scratch;
    StrList texts;
} Corpus;

static int corpus_setup(void **state)
{
    static Corpus corpus;
    char path[4096];
    const char *source = getenv("MUSUBI_SOURCE");
    (void)snprintf(path, sizeof path, "%s/tests/property/injection_strings.txt",
                   source == NULL ? "." : source);
    corpus.arena = arena_new(ARENA_BYTES);
    corpus.scratch = arena_new(ARENA_BYTES);
    if (corpus.arena == NULL || corpus.scratch == NULL) {
        return -1;
    }
    *state = &corpus;
    return FAILED(injection_strings_read(corpus.arena, path, &corpus.texts)) ? -1 : 0;
}

static int corpus_teardown(void **state)
{
    Corpus *corpus = *state;
    (void)arena_free(corpus->arena);
    (void)arena_free(corpus->scratch);
    return 0;
}

/* Whether the verdict is a refusal of the caller, or none. */
static void check_verdict(Error error, const char *name, Str text)
{
    int status = FAILED(error) ? error_words(error.reason)->http_status : 200;
    if (status != 200 && (status < 400 || status > 499)) {
        fail_msg("%s=%.200s: %s", name, text.p, error_words(error.reason)->name);
    }
}

static void test_there_are_500(void **state)
{
    const Corpus *corpus = *state;
    assert_int_equal(corpus->texts.count, 500);
}

static void send(const Corpus *corpus, V2Operation operation, const char *name, Str text)
{
    const V2Param param = {str_from(name), text};
    V2Params read;
    check_verdict(v2_params_read(corpus->scratch, operation, &param, 1, &read), name, text);
    arena_reset(corpus->scratch);
}

static void test_no_parameter_breaks(void **state)
{
    const Corpus *corpus = *state;
    const char *names[] = {"id",       "type",    "idPattern", "typePattern", "q",
                           "mq",       "georel",  "geometry",  "coords",      "attrs",
                           "metadata", "orderBy", "limit",     "offset",      "options"};
    for (size_t i = 0; i < corpus->texts.count; i++) {
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
            send(corpus, V2_LIST, names[k], corpus->texts.items[i]);
            send(corpus, V2_GET, names[k], corpus->texts.items[i]);
        }
        const V2Param hostile = {corpus->texts.items[i], STR("1")};
        V2Params read;
        check_verdict(v2_params_read(corpus->scratch, V2_LIST, &hostile, 1, &read), "(name)",
                      hostile.name);
    }
}

/* georel, geometry and coords only mean something together. */
static void test_no_place_breaks(void **state)
{
    const Corpus *corpus = *state;
    for (size_t i = 0; i < corpus->texts.count; i++) {
        for (size_t hostile = 0; hostile < 3; hostile++) {
            V2Param params[] = {{STR("georel"), STR("near;maxDistance:1")},
                                {STR("geometry"), STR("point")},
                                {STR("coords"), STR("1,1")}};
            params[hostile].value = corpus->texts.items[i];
            V2Params read;
            check_verdict(v2_params_read(corpus->scratch, V2_LIST, params, 3, &read), "place",
                          corpus->texts.items[i]);
            arena_reset(corpus->scratch);
        }
    }
}

static size_t count_separators(Str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++) {
        count += text.p[i] == ';' ? 1U : 0U;
    }
    return count;
}

/* What is accepted means what is written: its one form reads as itself again, and there are never
 * more conditions than separators allow. */
static void check_filter(const Corpus *corpus, Str q, Str mq)
{
    V2Params params;
    const V2Param uri[] = {{STR("q"), q}, {STR("mq"), mq}};
    size_t first = q.n == 0 ? 1 : 0;
    if (FAILED(v2_params_read(corpus->scratch, V2_LIST, uri + first, 1, &params))) {
        return;
    }
    const Filter *filter = params.query.filter;
    assert_non_null(filter);
    assert_in_range(filter->child_count, 1, 1 + count_separators(q) + count_separators(mq));
    Str once[2];
    Str twice[2];
    assert_ok(filter_text_in(corpus->scratch, filter, &once[0], &once[1]));
    const V2Param again[] = {{STR("q"), once[0]}, {STR("mq"), once[1]}};
    assert_ok(v2_params_read(corpus->scratch, V2_LIST, again + first, 1, &params));
    assert_ok(filter_text_in(corpus->scratch, params.query.filter, &twice[0], &twice[1]));
    assert_str_eq(once[0], twice[0]);
    assert_str_eq(once[1], twice[1]);
}

static void test_accepted_filters_mean_what_is_written(void **state)
{
    const Corpus *corpus = *state;
    for (size_t i = 0; i < corpus->texts.count; i++) {
        if (corpus->texts.items[i].n > 0) {
            check_filter(corpus, corpus->texts.items[i], STR_EMPTY);
            check_filter(corpus, STR_EMPTY, corpus->texts.items[i]);
        }
        arena_reset(corpus->scratch);
    }
}

/* A body with the text in one of its places; false when the text can't stand in JSON. */
static bool body_with(const Corpus *corpus, size_t place, Str text, Str *ret_body)
{
    const Str heads[] = {STR("{\"expression\":{\"q\":"),
                         STR("{\"expression\":{\"mq\":"),
                         STR("{\"entities\":[{\"id\":"),
                         STR("{\"entities\":[{\"idPattern\":"),
                         STR("{\"attrs\":["),
                         STR("{\"attrs\":[],\"metadata\":[")};
    const Str tails[] = {STR("}}"), STR("}}"), STR("}]}"), STR("}]}"), STR("]}"), STR("]}")};
    if (!utf8_is_valid(text) || str_find(text, '\0') < text.n) {
        return false;
    }
    Buf buf = buf_in(corpus->scratch);
    buf_add(&buf, heads[place]);
    JsonWriter writer = json_writer(&buf);
    json_write_string(&writer, text);
    buf_add(&buf, tails[place]);
    assert_ok(buf_finish(&buf, ret_body));
    return true;
}

static void test_no_body_breaks(void **state)
{
    const Corpus *corpus = *state;
    for (size_t i = 0; i < corpus->texts.count; i++) {
        for (size_t place = 0; place < 6; place++) {
            Str body;
            V2Params params = {.query = {.limit = 20}};
            if (body_with(corpus, place, corpus->texts.items[i], &body)) {
                check_verdict(v2_query_body_parse(corpus->scratch, body, &params), "body",
                              corpus->texts.items[i]);
            }
            arena_reset(corpus->scratch);
        }
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, corpus_setup, corpus_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_are_500),   TEST(test_no_parameter_breaks),
        TEST(test_no_place_breaks), TEST(test_accepted_filters_mean_what_is_written),
        TEST(test_no_body_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
