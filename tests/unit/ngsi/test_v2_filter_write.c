/* Filters written and read again: the same tree, whatever stands in it. */
#include "v2_filter_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "filter_text.h"
#include "v2_filter.h"

#define ROUNDS 4000
#define TEXT_BYTES 512

static int arena_setup(void **state)
{
    *state = arena_new((size_t)16 << 20);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

/* The tree of the two texts, as the tests' own writer tells it: one form for each meaning. */
static void meaning_of(Arena *arena, Str q, Str mq, Str *ret_q, Str *ret_mq)
{
    const Filter *filter = NULL;
    assert_ok(v2_filter_read(arena, q, mq, &filter));
    assert_ok(filter_text_in(arena, filter, ret_q, ret_mq));
}

static void check_same(Arena *arena, Str q, Str mq)
{
    const Filter *filter = NULL;
    Str wanted_q;
    Str wanted_mq;
    Str written_q;
    Str written_mq;
    Str seen_q;
    Str seen_mq;
    assert_ok(v2_filter_read(arena, q, mq, &filter));
    meaning_of(arena, q, mq, &wanted_q, &wanted_mq);
    assert_ok(v2_filter_write_in(arena, filter, &written_q, &written_mq));
    meaning_of(arena, written_q, written_mq, &seen_q, &seen_mq);
    assert_str_eq(seen_q, wanted_q);
    assert_str_eq(seen_mq, wanted_mq);
}

static const char *const TEXTS[] = {
    "n==10",
    "n==-0.1e-7",
    "n==123456789012345678",
    "n==0.1..0.30000000000000004",
    "n==1e999",
    "n==4.9e-324",
    "s=='10'",
    "s==v1,v2,'3'",
    "s=='a,b','c..d'",
    "s=='x y'..'z'",
    "d==2020-01-01..2020-12-31",
    "d>2020-06-01T00:00:00Z",
    "even==true;odd!=false;nul==null",
    "a;!b",
    "'a.b'.w.'x.y'==1",
    "!'a b'.c",
    "'a!b'==1",
    "'a:b'!=1",
    "'a~b'",
    "s~=^v[12].*$",
    "s~=a,b..c",
    "s==2020-13-45",
    "s==nan",
    "s==''",
    "n>1;n>=1;n<1;n<=1",
    "世==界",
};

static void test_each_text_means_the_same_again(void **state)
{
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        check_same(*state, str_from(TEXTS[i]), STR_EMPTY);
    }
    check_same(*state, STR_EMPTY, STR("a.m==1;!a.'m.n';a.m.x.'y z'!='q'"));
    check_same(*state, STR("a==1"), STR("a.m"));
}

static void test_nothing_is_written_as_nothing(void **state)
{
    static const Filter always = {.kind = FILTER_AND};
    const Filter inner[] = {always, always};
    const Filter outer = {.kind = FILTER_AND, .children = inner, .child_count = 2};
    const Filter *filters[] = {NULL, &always, &outer};
    for (size_t i = 0; i < 3; i++) {
        Str q = STR("?");
        Str mq = STR("?");
        assert_ok(v2_filter_write_in(*state, filters[i], &q, &mq));
        assert_str(q, "");
        assert_str(mq, "");
    }
}

static void test_what_can_not_be_said_is_refused(void **state)
{
    static const Filter never = {.kind = FILTER_OR};
    const Filter outer = {.kind = FILTER_AND, .children = &never, .child_count = 1};
    Str q = STR("?");
    Str mq = STR("?");
    assert_fails(v2_filter_write_in(*state, &never, &q, &mq), INTERNAL);
    assert_fails(v2_filter_write_in(*state, &outer, &q, &mq), INTERNAL);
    assert_str(q, "?");
}

/* --- at random -------------------------------------------------------------------------------- */

static const char *const NAMES[] = {"a", "abc_1", "'x.y'", "'b c'", "'!'", "k-2", "'ä'"};
static const char *const OPERATORS[] = {"==", "!=", ":", ">", "<", ">=", "<="};
static const char *const VALUES[] = {"1",     "-2.50",      "1e3", "'7'", "text",
                                     "'a,b'", "2020-01-01", "+3",  "0.1", "'..'"};

/* Below n. */
static unsigned draw(unsigned *seed, size_t n)
{
    return (unsigned)rand_r(seed) % (unsigned)n;
}

#define PICK(list_, seed_) (list_)[draw((seed_), sizeof(list_) / sizeof(list_)[0])]

static void add(char *text, const char *part)
{
    size_t n = strlen(text);
    (void)snprintf(text + n, TEXT_BYTES - n, "%s", part);
}

static void add_item(char *text, unsigned *seed)
{
    bool is_unary = draw(seed, 4) == 0;
    add(text, is_unary && draw(seed, 2) == 0 ? "!" : "");
    add(text, PICK(NAMES, seed));
    for (unsigned i = draw(seed, 3); i > 0; i--) {
        add(text, ".");
        add(text, PICK(NAMES, seed));
    }
    if (is_unary) {
        return;
    }
    const char *test = PICK(OPERATORS, seed);
    const char *value = PICK(VALUES, seed);
    add(text, test);
    add(text, value);
    bool is_equality = strcmp(test, "==") == 0 || strcmp(test, "!=") == 0;
    if (is_equality && draw(seed, 3) == 0) {
        add(text, draw(seed, 2) == 0 ? ".." : ",");
        add(text, value);
    }
}

static void test_random_filters_mean_the_same_again(void **state)
{
    const char *given = getenv("MUSUBI_SEED");
    unsigned seed = given == NULL ? 20261124U : (unsigned)strtoul(given, NULL, 10);
    print_message("seed %u\n", seed);
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_BYTES] = "";
        for (unsigned k = 1 + draw(&seed, 4); k > 0; k--) {
            add(text, text[0] == '\0' ? "" : ";");
            add_item(text, &seed);
        }
        check_same(*state, str_from(text), STR_EMPTY);
        arena_reset(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_text_means_the_same_again, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_written_as_nothing, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(test_what_can_not_be_said_is_refused, arena_setup,
                                        arena_teardown),
        cmocka_unit_test_setup_teardown(test_random_filters_mean_the_same_again, arena_setup,
                                        arena_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
