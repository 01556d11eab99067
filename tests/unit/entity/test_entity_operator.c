/* The update operators on JSON text: what a real Orion was recorded to answer, what MongoDB
 * documents of them, numbers that stay exact, and a model that does the same slowly. */
#include "entity_operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json_write.h"

#define REFUSED "refused"
#define NOTHING "nothing"
#define ABSENT NULL

typedef struct Case {
    const char *before;
    const char *asked;
    const char *after;
} Case;

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)64 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static OperatorGround ground_of(const char *before)
{
    return (OperatorGround){.attribute = STR("a"),
                            .is_there = before != ABSENT,
                            .before = before == ABSENT ? STR_EMPTY : str_from(before)};
}

/* What comes out, or one of the two words. */
static Str outcome(const OperatorGround *ground, const char *asked)
{
    Str value = STR_EMPTY;
    bool is_nothing = false;
    Error error = entity_operator_apply(arena, str_from(asked), ground, &value, &is_nothing);
    if (FAILED(error)) {
        assert_fails(error, OPERATOR_VALUE);
        assert_string_equal(error.argument, "a");
        return STR(REFUSED);
    }
    return is_nothing ? STR(NOTHING) : value;
}

static void check_cases(const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        OperatorGround ground = ground_of(cases[i].before);
        Str after = outcome(&ground, cases[i].asked);
        if (!str_eq(after, str_from(cases[i].after))) {
            print_error("case %zu: %s on %s\n", i, cases[i].asked,
                        cases[i].before == ABSENT ? "nothing" : cases[i].before);
        }
        assert_str(after, cases[i].after);
    }
}

#define CHECK_CASES(cases_) check_cases((cases_), sizeof(cases_) / sizeof(cases_)[0])

static void test_what_is_an_operator(void **state)
{
    (void)state;
    static const char *const operators[] = {
        "{\"$inc\":1}",      "{\"$mul\":1}",      "{\"$min\":1}",         "{\"$max\":1}",
        "{\"$push\":1}",     "{\"$pull\":1}",     "{\"$set\":1}",         "{\"$unset\":1}",
        "{\"$pullAll\":[]}", "{\"$addToSet\":1}", "{\"$inc\":1,\"x\":2}",
    };
    static const char *const values[] = {
        "{\"$foo\":1}", "{\"$incr\":1}",
        "{\"$in\":1}",  "{\"x\":1,\"$inc\":2}",
        "{}",           "\"$inc\"",
        "[\"$inc\"]",   "{\"\":1}",
        "null",         "",
        "{\"$INC\":1}", "{\"$in\\u0063\":1}",
    };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        assert_true(entity_operator_is(str_from(operators[i])));
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_false(entity_operator_is(str_from(values[i])));
    }
}

/* Orion's recording, step by step. */
static void test_as_recorded(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"10", "{\"$inc\":2}", "12"},
        {"12", "{\"$min\":5}", "5"},
        {"5", "{\"$max\":50}", "50"},
        {"50", "{\"$mul\":2}", "100"},
        {"[1,2]", "{\"$push\":3}", "[1,2,3]"},
        {"[1,2,3]", "{\"$addToSet\":3}", "[1,2,3]"},
        {"[1,2,3]", "{\"$pull\":1}", "[2,3]"},
        {"[2,3]", "{\"$pullAll\":[2,9]}", "[3]"},
        {"{\"a\":1,\"b\":2}", "{\"$set\":{\"c\":3}}", "{\"a\":1,\"b\":2,\"c\":3}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", "{\"$unset\":{\"a\":1}}", "{\"b\":2,\"c\":3}"},
        {"{\"b\":2,\"c\":3}", "{\"$set\":{\"d\":4},\"$unset\":{\"b\":1}}", "{\"c\":3,\"d\":4}"},
        {"\"x\"", "{\"$inc\":1}", REFUSED},
        {"100", "{\"$inc\":\"a\"}", REFUSED},
        {"100", "{\"$push\":1}", REFUSED},
        {"{\"$foo\":1}", "{\"$inc\":1,\"$mul\":2}", REFUSED},
        {"{\"$foo\":1}", "{\"$inc\":3}", REFUSED},
        {ABSENT, "{\"$inc\":1}", "1"},
    };
    CHECK_CASES(cases);
}

static void test_numbers_stay_exact(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"9007199254740992", "{\"$inc\":1}", "9007199254740993"},
        {"9223372036854775806", "{\"$inc\":1}", "9223372036854775807"},
        {"9223372036854775807", "{\"$inc\":1}", "9.223372036854776e+18"},
        {"-9223372036854775808", "{\"$inc\":-1}", "-9.223372036854776e+18"},
        {"3000000000", "{\"$mul\":3000000000}", "9000000000000000000"},
        {"4000000000", "{\"$mul\":4000000000}", "1.6e+19"},
        {"0.1", "{\"$inc\":0.2}", "0.30000000000000004"},
        {"1.5", "{\"$inc\":0.5}", "2"},
        {"2.0", "{\"$inc\":1}", "3"},
        {"1e3", "{\"$inc\":1}", "1001"},
        {"2.50", "{\"$inc\":0}", "2.50"},
        {"2.0", "{\"$mul\":1}", "2.0"},
        {"0", "{\"$inc\":7.0}", "7.0"},
        {"1e308", "{\"$mul\":10}", REFUSED},
        {"1e308", "{\"$inc\":1e308}", REFUSED},
        {"1e400", "{\"$inc\":1}", REFUSED},
        {"1", "{\"$inc\":1e400}", REFUSED},
        {"null", "{\"$inc\":1}", REFUSED},
        {"true", "{\"$mul\":1}", REFUSED},
        {"[1]", "{\"$inc\":1}", REFUSED},
        {"1", "{\"$inc\":null}", REFUSED},
        {"1", "{\"$inc\":{\"$inc\":1}}", REFUSED},
        {ABSENT, "{\"$mul\":5}", "0"},
        {ABSENT, "{\"$inc\":4.50}", "4.50"},
        {ABSENT, "{\"$inc\":\"x\"}", REFUSED},
    };
    CHECK_CASES(cases);
}

static void test_lesser_and_greater(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"5", "{\"$min\":5.0}", "5"},
        {"5", "{\"$max\":5.0}", "5"},
        {"9007199254740993", "{\"$max\":9007199254740992}", "9007199254740993"},
        {"-1.5", "{\"$min\":-1.25}", "-1.5"},
        {"\"b\"", "{\"$min\":\"a\"}", "\"a\""},
        {"\"b\"", "{\"$max\":\"a\"}", "\"b\""},
        {"\"加\"", "{\"$max\":\"西\"}", "\"西\""},
        {"false", "{\"$max\":true}", "true"},
        {"true", "{\"$min\":false}", "false"},
        {"5", "{\"$max\":\"a\"}", "\"a\""},
        {"5", "{\"$min\":null}", "null"},
        {"null", "{\"$max\":0}", "0"},
        {"\"z\"", "{\"$max\":{\"a\":1}}", "{\"a\":1}"},
        {"{\"a\":1}", "{\"$max\":{\"a\":2}}", REFUSED},
        {"[1]", "{\"$min\":[2]}", REFUSED},
        {"1", "{\"$min\":1e999}", REFUSED},
        {ABSENT, "{\"$min\":5}", "5"},
        {ABSENT, "{\"$max\":-5}", "-5"},
        {ABSENT, "{\"$max\":\"x\"}", "\"x\""},
    };
    CHECK_CASES(cases);
}

/* What Orion's manual says of operators where an entity is made or replaced. */
static void test_in_a_new_entity(void **state)
{
    (void)state;
    static const Case cases[] = {
        {ABSENT, "{\"$inc\":4}", "4"},
        {ABSENT, "{\"$mul\":1000}", "0"},
        {ABSENT, "{\"$min\":5}", "0"},
        {ABSENT, "{\"$min\":-5}", "-5"},
        {ABSENT, "{\"$max\":5}", "5"},
        {ABSENT, "{\"$max\":-5}", "0"},
        {ABSENT, "{\"$max\":\"x\"}", "\"x\""},
        {ABSENT, "{\"$set\":{\"X\":1}}", "{\"X\":1}"},
        {ABSENT, "{\"$set\":\"foo\"}", "\"foo\""},
        {ABSENT, "{\"$push\":4}", "[4]"},
        {ABSENT, "{\"$addToSet\":4}", "[4]"},
        {ABSENT, "{\"$pull\":4}", NOTHING},
        {ABSENT, "{\"$pullAll\":[4]}", NOTHING},
        {ABSENT, "{\"$unset\":1}", NOTHING},
        {ABSENT, "{\"$unset\":{\"a\":1}}", NOTHING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OperatorGround ground = ground_of(cases[i].before);
        ground.is_new = true;
        assert_str(outcome(&ground, cases[i].asked), cases[i].after);
    }
}

static void test_moments(void **state)
{
    (void)state;
    OperatorGround ground = ground_of("\"2026-04-01T00:00:00.000Z\"");
    ground.type = STR("DateTime");
    assert_str(outcome(&ground, "{\"$max\":\"2026-04-01T09:00:00+09:00\"}"),
               "\"2026-04-01T00:00:00.000Z\"");
    assert_str(outcome(&ground, "{\"$max\":\"2026-04-02\"}"), "\"2026-04-02T00:00:00.000Z\"");
    assert_str(outcome(&ground, "{\"$min\":\"2026-04-01T01:00:00+09:00\"}"),
               "\"2026-03-31T16:00:00.000Z\"");
    assert_str(outcome(&ground, "{\"$max\":\"tomorrow\"}"), REFUSED);
    assert_str(outcome(&ground, "{\"$max\":5}"), REFUSED);
    ground = ground_of(ABSENT);
    ground.type = STR("DateTime");
    ground.is_new = true;
    assert_str(outcome(&ground, "{\"$min\":\"2026-04-02\"}"), "\"1970-01-01T00:00:00.000Z\"");
    assert_str(outcome(&ground, "{\"$max\":\"2026-04-02\"}"), "\"2026-04-02T00:00:00.000Z\"");
}

static void test_arrays(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"[]", "{\"$push\":{\"a\":[1]}}", "[{\"a\":[1]}]"},
        {"[]", "{\"$push\":null}", "[null]"},
        {"[1.0,\"1\"]", "{\"$addToSet\":1}", "[1.0,\"1\"]"},
        {"[\"1\"]", "{\"$addToSet\":1}", "[\"1\",1]"},
        {"[{\"a\":1.0}]", "{\"$addToSet\":{\"a\":1}}", "[{\"a\":1.0}]"},
        {"[{\"a\":1,\"b\":2}]", "{\"$addToSet\":{\"b\":2,\"a\":1}}",
         "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]"},
        {"[1,1.0,1e0,2,10e-1]", "{\"$pull\":1}", "[2]"},
        {"[-0,0,0.0]", "{\"$pull\":0}", "[]"},
        {"[true,false,null]", "{\"$pull\":null}", "[true,false]"},
        {"[[1],[1,2]]", "{\"$pull\":[1]}", "[[1,2]]"},
        {"[1,2]", "{\"$pull\":3}", "[1,2]"},
        {"[1,2,3,2]", "{\"$pullAll\":[2,3.0]}", "[1]"},
        {"[1,2]", "{\"$pullAll\":[]}", "[1,2]"},
        {"[1,2]", "{\"$pullAll\":1}", REFUSED},
        {ABSENT, "{\"$pullAll\":1}", REFUSED},
        {"{}", "{\"$push\":1}", REFUSED},
        {"null", "{\"$addToSet\":1}", REFUSED},
        {"\"x\"", "{\"$pull\":1}", REFUSED},
        {ABSENT, "{\"$push\":1}", "[1]"},
        {ABSENT, "{\"$pull\":1}", NOTHING},
    };
    CHECK_CASES(cases);
}

static void test_members(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"{\"X\":1,\"Y\":2}", "{\"$set\":{\"Y\":20,\"Z\":30}}", "{\"X\":1,\"Y\":20,\"Z\":30}"},
        {"{\"X\":1}", "{\"$set\":{\"Z\":1,\"A\":2}}", "{\"X\":1,\"Z\":1,\"A\":2}"},
        {"{\"X\":1}", "{\"$set\":{}}", "{\"X\":1}"},
        {"{\"X\":1}", "{\"$set\":\"foo\"}", "\"foo\""},
        {"{\"X\":1}", "{\"$set\":[1]}", "[1]"},
        {"7", "{\"$set\":null}", "null"},
        {"7", "{\"$set\":{\"a\":1}}", REFUSED},
        {"null", "{\"$set\":{\"a\":1}}", REFUSED},
        {"{\"X\":1,\"Y\":2}", "{\"$unset\":{\"X\":null,\"Q\":1}}", "{\"Y\":2}"},
        {"{\"X\":1}", "{\"$unset\":\"X\"}", "{\"X\":1}"},
        {"7", "{\"$unset\":{\"a\":1}}", "7"},
        {"{\"X\":1}", "{\"$unset\":{}}", "{\"X\":1}"},
        {"{}", "{\"$unset\":{\"X\":1}}", "{}"},
        {"{\"X\":1,\"Y\":2}", "{\"$unset\":{\"X\":1},\"$set\":{\"Y\":20}}", "{\"Y\":20}"},
        {"{\"X\":1}", "{\"$set\":{\"X\":2},\"$unset\":{\"X\":1}}", REFUSED},
        {"{\"X\":1}", "{\"$set\":5,\"$unset\":{\"X\":1}}", REFUSED},
        {"{\"X\":1}", "{\"$set\":{\"X\":2},\"$inc\":1}", REFUSED},
        {"{\"X\":1}", "{\"$set\":{\"X\":2},\"other\":1}", REFUSED},
        {"{\"a.b\":1}", "{\"$set\":{\"a.b\":2}}", "{\"a.b\":2}"},
        {"{\"\\n\":1}", "{\"$set\":{\"\\n\":2}}", "{\"\\n\":2}"},
        {ABSENT, "{\"$set\":{\"a\":1},\"$unset\":{\"b\":1}}", "{\"a\":1}"},
    };
    CHECK_CASES(cases);
}

/* Whoever pushes again and again may not build what nobody could send. */
static void test_growth_ends_at_a_body(void **state)
{
    (void)state;
    size_t n = (size_t)1 << 19;
    char *half = arena_alloc(arena, n + 1);
    char *asked = arena_alloc(arena, n + 16);
    assert_non_null(half);
    assert_non_null(asked);
    memset(half, 'x', n);
    (void)snprintf(asked, n + 16, "{\"$push\":\"%.*s\"}", (int)n - 40, half);
    half[0] = '[';
    half[1] = '"';
    half[n - 2] = '"';
    half[n - 1] = ']';
    OperatorGround ground = ground_of(half);
    Str once = outcome(&ground, asked);
    assert_true(once.n > n);
    ground.before = once;
    assert_str(outcome(&ground, asked), REFUSED);
}

/* Large on both sides: no time by their product. */
static void test_many_pulled_from_many(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    Buf before = buf_in(arena);
    Buf asked = buf_in(arena);
    buf_add(&asked, STR("{\"$pullAll\":["));
    buf_add_char(&before, '[');
    for (int64_t i = 0; i < COUNT; i++) {
        buf_add(&before, i > 0 ? STR(",") : STR_EMPTY);
        buf_add(&asked, i > 0 ? STR(",") : STR_EMPTY);
        buf_add_int(&before, i);
        buf_add_int(&asked, COUNT - i);
    }
    buf_add_char(&before, ']');
    buf_add(&asked, STR("]}"));
    Str before_text;
    Str asked_text;
    assert_ok(buf_finish(&before, &before_text));
    assert_ok(buf_finish(&asked, &asked_text));
    OperatorGround ground = {.attribute = STR("a"), .is_there = true, .before = before_text};
    Str value;
    bool is_nothing = false;
    assert_ok(entity_operator_apply(arena, asked_text, &ground, &value, &is_nothing));
    assert_str(value, "[0]");
}

static void test_memory_runs_out_anywhere(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"[1.0,2]", "{\"$pullAll\":[1,2.5]}", NULL},
        {"{\"a\":1}", "{\"$set\":{\"b\":2},\"$unset\":{\"a\":1}}", NULL},
        {"1.5", "{\"$inc\":1.25}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OperatorGround ground = ground_of(cases[i].before);
        bool has_worked = false;
        for (size_t budget = 0; !has_worked; budget += 16) {
            CLEANUP(arena_free) Arena *small = arena_new(budget);
            Str value = STR("untouched");
            bool is_nothing = false;
            Error error = entity_operator_apply(small, str_from(cases[i].asked), &ground, &value,
                                                &is_nothing);
            has_worked = !FAILED(error);
            if (!has_worked) {
                assert_fails(error, BUDGET_EXCEEDED);
                assert_str(value, "untouched");
            }
            assert_true(budget < 1 << 20);
        }
    }
}

/* --- a model: arrays of small integers -------------------------------------------------------- */

#define ITEMS_MAX 64

typedef struct Model {
    int items[ITEMS_MAX];
    size_t count;
} Model;

static bool model_has(const Model *model, int item)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->items[i] == item) {
            return true;
        }
    }
    return false;
}

static void model_add(Model *model, int item)
{
    model->items[model->count++] = item;
}

static void model_pull(Model *model, int item)
{
    size_t kept = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (model->items[i] != item) {
            model->items[kept++] = model->items[i];
        }
    }
    model->count = kept;
}

static Str model_text(const Model *model)
{
    Buf text = buf_in(arena);
    buf_add_char(&text, '[');
    for (size_t i = 0; i < model->count; i++) {
        buf_add(&text, i > 0 ? STR(",") : STR_EMPTY);
        buf_add_int(&text, model->items[i]);
    }
    buf_add_char(&text, ']');
    Str result;
    assert_ok(buf_finish(&text, &result));
    return result;
}

static void model_step(Model *model, unsigned *seed, char asked[64])
{
    int item = rand_r(seed) % 8;
    int other = rand_r(seed) % 8;
    switch (rand_r(seed) % 4) {
    case 0:
        (void)snprintf(asked, 64, "{\"$push\":%d}", item);
        model_add(model, item);
        break;
    case 1:
        (void)snprintf(asked, 64, "{\"$addToSet\":%d}", item);
        if (!model_has(model, item)) {
            model_add(model, item);
        }
        break;
    case 2:
        (void)snprintf(asked, 64, "{\"$pull\":%d}", item);
        model_pull(model, item);
        break;
    default:
        (void)snprintf(asked, 64, "{\"$pullAll\":[%d,%d]}", item, other);
        model_pull(model, item);
        model_pull(model, other);
        break;
    }
}

static void test_arrays_against_a_model(void **state)
{
    (void)state;
    for (unsigned run = 1; run <= 200; run++) {
        unsigned seed = run;
        Model model = {.count = 0};
        for (int step = 0; step < ITEMS_MAX - 1; step++) {
            char asked[64];
            Str before = model_text(&model);
            model_step(&model, &seed, asked);
            OperatorGround ground = {.attribute = STR("a"), .is_there = true, .before = before};
            Str after = outcome(&ground, asked);
            if (!str_eq(after, model_text(&model))) {
                print_error("seed %u, step %d: %s on %.*s\n", run, step, asked, STR_FORMAT(before));
            }
            assert_str_eq(after, model_text(&model));
        }
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_an_operator),
        TEST(test_as_recorded),
        TEST(test_numbers_stay_exact),
        TEST(test_lesser_and_greater),
        TEST(test_in_a_new_entity),
        TEST(test_moments),
        TEST(test_arrays),
        TEST(test_members),
        TEST(test_growth_ends_at_a_body),
        TEST(test_many_pulled_from_many),
        TEST(test_memory_runs_out_anywhere),
        TEST(test_arrays_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
