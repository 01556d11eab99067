/* The filter beside a naive evaluator that knows the values without reading their JSON. */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)1 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What an attribute holds, known without reading its JSON. */
typedef struct Model {
    enum { MODEL_ABSENT, MODEL_NUMBER, MODEL_TEXT } kind;
    int number; /* tenths */
    char text[8];
} Model;

#define MODEL_ATTRIBUTES 3
static const Str MODEL_NAMES[MODEL_ATTRIBUTES] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("c")};

static Model random_model(uint64_t *random)
{
    Model model = {.kind = MODEL_ABSENT};
    switch (next_random(random) % 3) {
    case 0:
        model.kind = MODEL_NUMBER;
        model.number = (int)(next_random(random) % 41) - 20;
        break;
    case 1:
        model.kind = MODEL_TEXT;
        for (size_t i = 0; i < next_random(random) % 4; i++) {
            model.text[i] = (char)('a' + next_random(random) % 2);
        }
        break;
    default:
        break;
    }
    return model;
}

/* The same number or text in one of the ways JSON allows. */
static Str json_of(uint64_t *random, const Model *model)
{
    char text[64];
    int whole = model->number / 10;
    int tenth = abs(model->number % 10);
    const char *sign = model->number < 0 && whole == 0 ? "-" : "";
    if (model->kind == MODEL_TEXT) {
        bool is_escaped = next_random(random) % 2 == 0 && model->text[0] != '\0';
        snprintf(text, sizeof text, is_escaped ? "\"\\u00%02x%s\"" : "\"%.0d%s\"",
                 is_escaped ? (unsigned)model->text[0] : 0U, model->text + is_escaped);
    } else if (next_random(random) % 2 == 0) {
        snprintf(text, sizeof text, "%s%d.%d", sign, whole, tenth);
    } else {
        snprintf(text, sizeof text, "%d.0e-1", model->number);
    }
    Str copy;
    assert_ok(str_copy_in(arena, str_from(text), &copy));
    return copy;
}

static bool naive_orders(FilterTest test, int order)
{
    return test == FILTER_LESS            ? order < 0
           : test == FILTER_LESS_EQUAL    ? order <= 0
           : test == FILTER_GREATER       ? order > 0
           : test == FILTER_GREATER_EQUAL ? order >= 0
                                          : order == 0;
}

static bool naive_one(const Model *model, FilterTest test, const FilterValue *value)
{
    if (value->kind == FILTER_NUMBER) {
        double number = model->number / 10.0;
        return model->kind == MODEL_NUMBER &&
               naive_orders(test, (number > value->number) - (number < value->number));
    }
    return model->kind == MODEL_TEXT &&
           naive_orders(test, strncmp(model->text, value->text.p, value->text.n + 1));
}

static bool naive_term(const Model *models, const FilterTerm *term)
{
    const Model *model = &models[term->attribute.p[0] - 'a'];
    bool is_there = model->kind != MODEL_ABSENT;
    if (term->test == FILTER_IS_THERE || term->test == FILTER_IS_ABSENT) {
        return is_there == (term->test == FILTER_IS_THERE);
    }
    bool is_equal = false;
    if (term->is_range) {
        is_equal = naive_one(model, FILTER_GREATER_EQUAL, &term->values[0]) &&
                   naive_one(model, FILTER_LESS_EQUAL, &term->values[1]);
    }
    for (size_t i = 0; i < term->value_count && !term->is_range; i++) {
        is_equal = is_equal || naive_one(model, FILTER_EQUAL, &term->values[i]);
    }
    if (term->test == FILTER_EQUAL || term->test == FILTER_UNEQUAL) {
        return is_there && is_equal == (term->test == FILTER_EQUAL);
    }
    return naive_one(model, term->test, &term->values[0]);
}

static bool naive(const Model *models, const Filter *filter)
{
    if (filter->kind == FILTER_TERM) {
        return naive_term(models, &filter->term);
    }
    size_t true_count = 0;
    for (size_t i = 0; i < filter->child_count; i++) {
        true_count += naive(models, &filter->children[i]);
    }
    return filter->kind == FILTER_AND ? true_count == filter->child_count : true_count > 0;
}

static FilterValue random_value(uint64_t *random, bool is_number)
{
    Model model = random_model(random);
    if (is_number) {
        return (FilterValue){.kind = FILTER_NUMBER,
                             .number = ((int)(next_random(random) % 41) - 20) / 10.0};
    }
    Str text;
    assert_ok(str_copy_in(arena, str_from(model.text), &text));
    return (FilterValue){.kind = FILTER_TEXT, .text = text};
}

static Filter random_term(uint64_t *random)
{
    static const FilterTest TESTS[] = {FILTER_IS_THERE, FILTER_IS_ABSENT,    FILTER_EQUAL,
                                       FILTER_UNEQUAL,  FILTER_LESS,         FILTER_LESS_EQUAL,
                                       FILTER_GREATER,  FILTER_GREATER_EQUAL};
    FilterTerm term = {.attribute = MODEL_NAMES[next_random(random) % MODEL_ATTRIBUTES],
                       .test = TESTS[next_random(random) % 8]};
    bool takes_several = term.test == FILTER_EQUAL || term.test == FILTER_UNEQUAL;
    term.is_range = takes_several && next_random(random) % 3 == 0;
    term.value_count = term.is_range ? 2 : takes_several ? 1 + next_random(random) % 3 : 1;
    FilterValue *values = ARENA_MANY(arena, FilterValue, term.value_count);
    bool is_number = next_random(random) % 2 == 0;
    for (size_t i = 0; i < term.value_count; i++) {
        values[i] = random_value(random, is_number);
    }
    term.values = values;
    return (Filter){.kind = FILTER_TERM, .term = term};
}

static Filter random_filter(uint64_t *random, int depth)
{
    if (depth == 0 || next_random(random) % 3 == 0) {
        return random_term(random);
    }
    size_t count = next_random(random) % 4;
    Filter *children = ARENA_MANY(arena, Filter, count);
    for (size_t i = 0; i < count; i++) {
        children[i] = random_filter(random, depth - 1);
    }
    return (Filter){.kind = next_random(random) % 2 == 0 ? FILTER_AND : FILTER_OR,
                    .children = children,
                    .child_count = count};
}

static Entity entity_of(uint64_t *random, const Model *models, Attribute *attributes)
{
    Entity entity = {.attributes = attributes};
    for (size_t i = 0; i < MODEL_ATTRIBUTES; i++) {
        if (models[i].kind != MODEL_ABSENT) {
            attributes[entity.attribute_count++] =
                (Attribute){.name = MODEL_NAMES[i], .value = json_of(random, &models[i])};
        }
    }
    return entity;
}

static void test_as_the_naive_evaluator(void **state)
{
    (void)state;
    const uint64_t seed = 4203;
    print_message("seed %llu\n", (unsigned long long)seed);
    uint64_t random = seed;
    size_t match_count = 0;
    for (int round = 0; round < 20000; round++) {
        arena_reset(arena);
        Filter filter = random_filter(&random, 3);
        Model models[MODEL_ATTRIBUTES];
        for (size_t i = 0; i < MODEL_ATTRIBUTES; i++) {
            models[i] = random_model(&random);
        }
        Attribute attributes[MODEL_ATTRIBUTES];
        Entity entity = entity_of(&random, models, attributes);
        bool is_match = false;
        assert_ok(filter_matches(&filter, arena, &entity, &is_match));
        if (is_match != naive(models, &filter)) {
            fail_msg("round %d of seed %llu", round, (unsigned long long)seed);
        }
        match_count += is_match;
    }
    assert_true(match_count > 2000 && match_count < 18000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_the_naive_evaluator, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
