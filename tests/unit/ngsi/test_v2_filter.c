/* q and mq: what they mean, what is refused and in which words, and that no item is ever lost. */
#include "v2_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "filter_text.h"

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

/* A text and the one form of what it means. */
typedef struct Meaning {
    const char *text;
    const char *meaning;
} Meaning;

static const Meaning Q_MEANINGS[] = {
    {"n==10", "n==10"},
    {"n:20", "n==20"},
    {"n=='10'", "n=='10'"},
    {"s==v2", "s=='v2'"},
    {"n!=10", "n!=10"},
    {"n>30", "n>30"},
    {"n>=30", "n>=30"},
    {"n<20", "n<20"},
    {"n<=20", "n<=20"},
    {"n==20..40", "n==20..40"},
    {"n!=20..40", "n!=20..40"},
    {"n==10,30", "n==10,30"},
    {"s==v1,v2", "s=='v1','v2'"},
    {"n!=10,30", "n!=10,30"},
    {"d", "d"},
    {"!d", "!d"},
    {"n>10;n<40", "n>10;n<40"},
    {"n>10;even==true", "n>10;even==true"},
    {"even:false", "even==false"},
    {"nul==null", "nul==null"},
    {"s~=v[12]", "s~=v[12]"},
    {"s~=^v3$", "s~=^v3$"},
    {"nested.k.deep>4", "nested.k.deep>4"},
    {"nested.'dotted.key'==2", "nested.'dotted.key'==2"},
    {"'a.b'.w.'x.y'==1", "'a.b'.w.'x.y'==1"},
    {"'a.b'", "'a.b'"},
    {"!'a.b'.c", "!'a.b'.c"},
    {"list==x4", "list=='x4'"},
    {"d>2020-06-01T00:00:00Z", "d>2020-06-01T00:00:00Z"},
    {"d:2020-01-02T03:04:05Z", "d==2020-01-02T03:04:05Z"},
    {"d==2020-01-01..2020-12-31", "d==2020-01-01..2020-12-31"},
    {"d==2020-01-01,2020-12-31", "d==2020-01-01,2020-12-31"},
    {"d=='2020-01-01'", "d=='2020-01-01'"},
    {"d==2021-06-01T00:00:00.500+09:00", "d==2021-06-01T00:00:00.500+09:00"},
    {"dateCreated>2020-01-01", "dateCreated>2020-01-01"},
    {"n>-1", "n>-1"},
    {"n==+1", "n==1"},
    {"n==.5", "n==0.5"},
    {"n==1e2", "n==100"},
    {"n==007", "n==7"},
    {"n==2.0", "n==2"},
    /* one `;` at either end separates nothing */
    {"n>1;", "n>1"},
    {";n>1", "n>1"},
    /* blanks around items, sides and values; not inside quotes */
    {"  n == 10 ; s == v ", "n==10;s=='v'"},
    {"n== 1 .. 2 ", "n==1..2"},
    {"n== 1 , 2 ", "n==1,2"},
    {"s==' v '", "s==' v '"},
    {"s==a b", "s=='a b'"},
    {"! d", "!d"},
    /* quotes protect what would part items, lists and ranges */
    {"s=='a,b'", "s=='a,b'"},
    {"s=='a,b','c,d'", "s=='a,b','c,d'"},
    {"s=='a..b'", "s=='a..b'"},
    {"s=='a'..'b'", "s=='a'..'b'"},
    {"s==''", "s==''"},
    {"'a:b'==1", "'a:b'==1"},
    {"s=='true'", "s=='true'"},
    {"s=='null'", "s=='null'"},
    /* what only looks like a number, a date or a word is text */
    {"s==1e999", "s=='1e999'"},
    {"s==nan", "s=='nan'"},
    {"s==0x10", "s=='0x10'"},
    {"s==1e", "s=='1e'"},
    {"s==-", "s=='-'"},
    {"s==.", "s=='.'"},
    {"s==True", "s=='True'"},
    {"s==2020-02-30", "s=='2020-02-30'"},
    {"s==2020-1-1", "s=='2020-1-1'"},
    {"s==1.2.3", "s=='1.2.3'"},
    /* the first operator parts; what follows belongs to the value */
    {"a:b:c", "a=='b:c'"},
    {"a~=b:c", "a~=b:c"},
    {"s==v!", "s=='v!'"},
    {"s==加西市", "s=='加西市'"},
    /* the left-most range decides */
    {"s==a..b..c", "s=='a'..'b..c'"},
    {"n==1...5", "n==1..0.5"},
};

static const Meaning MQ_MEANINGS[] = {
    {"w.acc==0.5", "w.acc==0.5"},
    {"w.acc>0.25", "w.acc>0.25"},
    {"w.prov==p1", "w.prov=='p1'"},
    {"w.acc", "w.acc"},
    {"!w.acc", "!w.acc"},
    {"w.acc>0.5;w.prov==p0", "w.acc>0.5;w.prov=='p0'"},
    {"w.'a.b'.c==1", "w.'a.b'.c==1"},
    {"'w.x'.acc", "'w.x'.acc"},
};

static void check_meaning(Arena *arena, Str q, Str mq, const char *wanted_q, const char *wanted_mq)
{
    const Filter *filter = NULL;
    Str text_q;
    Str text_mq;
    assert_ok(v2_filter_read(arena, q, mq, &filter));
    assert_ok(filter_text_in(arena, filter, &text_q, &text_mq));
    assert_str(text_q, wanted_q);
    assert_str(text_mq, wanted_mq);
}

static void test_meanings(void **state)
{
    for (size_t i = 0; i < sizeof Q_MEANINGS / sizeof Q_MEANINGS[0]; i++) {
        check_meaning(*state, str_from(Q_MEANINGS[i].text), STR_EMPTY, Q_MEANINGS[i].meaning, "");
    }
    for (size_t i = 0; i < sizeof MQ_MEANINGS / sizeof MQ_MEANINGS[0]; i++) {
        check_meaning(*state, STR_EMPTY, str_from(MQ_MEANINGS[i].text), "", MQ_MEANINGS[i].meaning);
    }
}

/* The one form is a fixed point: reading it again gives the same tree. */
static void test_meanings_read_again(void **state)
{
    for (size_t i = 0; i < sizeof Q_MEANINGS / sizeof Q_MEANINGS[0]; i++) {
        check_meaning(*state, str_from(Q_MEANINGS[i].meaning), STR_EMPTY, Q_MEANINGS[i].meaning,
                      "");
    }
}

static void test_both_texts_make_one_tree(void **state)
{
    const Filter *filter = NULL;
    assert_ok(v2_filter_read(*state, STR("a==1;b"), STR("c.d==2"), &filter));
    assert_int_equal(filter->kind, FILTER_AND);
    assert_int_equal(filter->child_count, 3);
    assert_str(filter->children[2].term.metadata, "d");
    check_meaning(*state, STR("a==1;b"), STR("c.d==2"), "a==1;b", "c.d==2");
    assert_ok(v2_filter_read(*state, STR_EMPTY, STR_EMPTY, &filter));
    assert_null(filter);
}

static void test_moments_keep_instant_and_text(void **state)
{
    const Filter *filter = NULL;
    assert_ok(v2_filter_read(*state, STR("d==1970-01-01T09:00:01+09:00"), STR_EMPTY, &filter));
    const FilterValue *value = filter->children[0].term.values;
    assert_int_equal(value->kind, FILTER_MOMENT);
    assert_int_equal(value->at_us, 1000000);
    assert_str(value->text, "1970-01-01T09:00:01+09:00");
}

#define BAD_NAME_Q "invalid character found in URI param /q/"
#define BAD_NAME_MQ "invalid character found in URI param /mq/"
#define BAD_CHARACTER "forbidden characters in String Filter"
#define QUOTE_OPEN "non-terminated forced string"
#define RIGHT_EMPTY "empty right-hand-side in q-item"
#define LEFT_EMPTY "empty left-hand-side in q-item"
#define ITEM_EMPTY "empty q-item"
#define ITEM_BLANK "empty q-item (only whitespace)"
#define LIST_KIND "invalid JSON value type in list"

static const Meaning Q_REFUSALS[] = {
    {";", "empty q"},
    {";;", ITEM_EMPTY},
    {"a;;b", ITEM_EMPTY},
    {"a;;", ITEM_EMPTY},
    {"; ", ITEM_EMPTY},
    {"a; ", ITEM_EMPTY},
    {" ", ITEM_BLANK},
    {"a; ;b", ITEM_BLANK},
    {"==1", LEFT_EMPTY},
    {" ==1", LEFT_EMPTY},
    {":", LEFT_EMPTY},
    {">", LEFT_EMPTY},
    {"n==", RIGHT_EMPTY},
    {"n== ", RIGHT_EMPTY},
    {"n~=", RIGHT_EMPTY},
    {"v>", RIGHT_EMPTY},
    {"a:", RIGHT_EMPTY},
    {"!", RIGHT_EMPTY},
    {"n>true", "values of type /Bool/ not supported for operator /GreaterThan/"},
    {"n>=false", "values of type /Bool/ not supported for operator /GreaterThanOrEqual/"},
    {"n<null", "values of type /Null/ not supported for operator /LessThan/"},
    {"n<=null", "values of type /Null/ not supported for operator /LessThanOrEqual/"},
    {"n>1..2", "ranges only valid for equal and not equal ops"},
    {"n==5..", "empty item in range"},
    {"n==..5", "empty item in range"},
    {"n==..", "empty item in range"},
    {"n==true..5", "invalid data type for /range-from/"},
    {"n==5..null", "invalid data type for /range-to/"},
    {"n==5..a", "invalid range: types mixed"},
    {"n==5..2020-01-01", "invalid range: types mixed"},
    {"n==1..2,3", "invalid range: types mixed"},
    {"n==(1)", BAD_CHARACTER},
    {"s~=(", BAD_CHARACTER},
    {"s~='a'", BAD_CHARACTER},
    {"s==a'b", BAD_CHARACTER},
    {"s=='a(b'", BAD_CHARACTER},
    {"a===1", BAD_CHARACTER},
    {"a==1==2", BAD_CHARACTER},
    {"n>1,2", "lists only valid for equal and not equal ops"},
    {"n==1,", "empty item in list"},
    {"n==,1", "empty item in list"},
    {"n==1,,2", "empty item in list"},
    {"n==1,a", LIST_KIND},
    {"n==a,1", LIST_KIND},
    {"n==true,false", LIST_KIND},
    {"n==null,1", LIST_KIND},
    {"n==1,2020-01-01", LIST_KIND},
    {"!n==1", BAD_NAME_Q},
    {"!=5", BAD_NAME_Q},
    {"a=1", BAD_NAME_Q},
    {"a:=1", BAD_NAME_Q},
    {"a(b", BAD_NAME_Q},
    {"a\"b", BAD_NAME_Q},
    {"'a==1", BAD_NAME_Q},
    {".a==1", BAD_NAME_Q},
    {"a.==1", BAD_NAME_Q},
    {"a..b==1", BAD_NAME_Q},
    {"''==1", BAD_NAME_Q},
    {"a.''", BAD_NAME_Q},
    {"'a'b==1", BAD_CHARACTER},
    {"a'b", BAD_CHARACTER},
    {"'a", BAD_CHARACTER},
    {"n=='10", QUOTE_OPEN},
    {"n=='", QUOTE_OPEN},
    {"n=='a','b", QUOTE_OPEN},
    {"s=='a;b'", QUOTE_OPEN},
    {"s=='a'b'", "quote in forced string"},
    {"s~=[", "error compiling filter regex: '['"},
    {"s~=*", "error compiling filter regex: '*'"},
};

static const Meaning MQ_REFUSALS[] = {
    {";", "empty q"},
    {"w==1", "no metadata name - not valid for metadata filters"},
    {"w", "no metadata in right-hand-side of q-item"},
    {"!w", "no metadata in right-hand-side of q-item"},
    {"w==1;n>", RIGHT_EMPTY}, /* what is behind it is read first */
    {"w(x", BAD_NAME_MQ},
    {"w.==1", BAD_NAME_MQ},
};

static void check_refusal(Arena *arena, Str q, Str mq, const char *wanted)
{
    const Filter *filter = NULL;
    char text[256];
    Error error = v2_filter_read(arena, q, mq, &filter);
    (void)error_text(error, text, sizeof text);
    if (!FAILED(error) || strcmp(text, wanted) != 0 ||
        error_words(error.reason)->http_status != 400) {
        fail_msg("q=%.*s mq=%.*s gave \"%s\"", STR_FORMAT(q), STR_FORMAT(mq), text);
    }
    assert_null(filter);
}

static void test_refusals(void **state)
{
    for (size_t i = 0; i < sizeof Q_REFUSALS / sizeof Q_REFUSALS[0]; i++) {
        check_refusal(*state, str_from(Q_REFUSALS[i].text), STR_EMPTY, Q_REFUSALS[i].meaning);
    }
    for (size_t i = 0; i < sizeof MQ_REFUSALS / sizeof MQ_REFUSALS[0]; i++) {
        check_refusal(*state, STR_EMPTY, str_from(MQ_REFUSALS[i].text), MQ_REFUSALS[i].meaning);
    }
}

static void test_first_fault_is_told(void **state)
{
    check_refusal(*state, STR("a>true;b=="), STR("w"),
                  "values of type /Bool/ not supported for operator /GreaterThan/");
    check_refusal(*state, STR("a==1"), STR("w"), "no metadata in right-hand-side of q-item");
}

static void test_nul_is_refused(void **state)
{
    check_refusal(*state, STR("a\0b==1"), STR_EMPTY, BAD_NAME_Q);
    check_refusal(*state, STR("a==b\0c"), STR_EMPTY, BAD_CHARACTER);
    check_refusal(*state, STR("a=='b\0c'"), STR_EMPTY, BAD_CHARACTER);
    check_refusal(*state, STR("a~=b\0c"), STR_EMPTY, BAD_CHARACTER);
}

static Str repeated(Arena *arena, Str text, size_t times)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < times; i++) {
        buf_add(&buf, text);
    }
    Str joined = STR_EMPTY;
    assert_ok(buf_finish(&buf, &joined));
    return joined;
}

static void test_bounds(void **state)
{
    const Filter *filter = NULL;
    assert_ok(v2_filter_read(*state, repeated(*state, STR("a==1;"), 1000), STR_EMPTY, &filter));
    assert_int_equal(filter->child_count, 1000);
    assert_ok(v2_filter_read(*state, repeated(*state, STR("a==1;"), 500),
                             repeated(*state, STR("a.b==1;"), 500), &filter));
    assert_int_equal(filter->child_count, 1000);
    assert_fails(v2_filter_read(*state, repeated(*state, STR("a==1;"), 1001), STR_EMPTY, &filter),
                 FILTER_TERMS);
    assert_fails(v2_filter_read(*state, repeated(*state, STR("a==1;"), 500),
                                repeated(*state, STR("a.b==1;"), 501), &filter),
                 FILTER_TERMS);
}

static void test_lists_are_bounded(void **state)
{
    const Filter *filter = NULL;
    Str parts[] = {STR("a=="), repeated(*state, STR("1,"), 999), STR("1")};
    Str list;
    assert_ok(str_join_in(*state, parts, 3, &list));
    assert_ok(v2_filter_read(*state, list, STR_EMPTY, &filter));
    assert_int_equal(filter->children[0].term.value_count, 1000);
    Str more[] = {list, STR(";b==1,2")};
    assert_ok(str_join_in(*state, more, 2, &list));
    assert_fails(v2_filter_read(*state, list, STR_EMPTY, &filter), FILTER_TERMS);
}

/* A refusal of a text of 100,000 items takes no memory. */
static void test_huge_texts_are_refused_cheaply(void **state)
{
    const Str items[] = {STR("a==1;"), STR("!a;"), STR("a;"), STR("(;"), STR("a=='b';")};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        Str text = repeated(*state, items[i], 100000);
        size_t before = arena_used_bytes(*state);
        const Filter *filter = NULL;
        assert_fails(v2_filter_read(*state, text, STR_EMPTY, &filter), FILTER_TERMS);
        assert_int_equal(arena_used_bytes(*state), before);
        arena_reset(*state);
    }
}

/* --- random filters --- */

static const char *const NAMES[] = {"a", "b_1", "'x.y'", "'p:q'", "urn", "'~'"};
static const char *const TESTS[] = {"==", "!=", "<", "<=", ">", ">="};
static const char *const VALUES[] = {"1", "-2.5", "'t'", "'a,b'", "'..'", "2020-01-01", "'7'"};

static const char *pick(unsigned *seed, const char *const *items, size_t count)
{
    return items[(size_t)rand_r(seed) % count];
}
#define PICK(seed_, items_) pick((seed_), (items_), sizeof(items_) / sizeof(items_)[0])

static void add_random_right(Buf *buf, unsigned *seed)
{
    bool is_equality = rand_r(seed) % 2 == 0;
    buf_add(buf, str_from(TESTS[is_equality ? rand_r(seed) % 2 : 2 + rand_r(seed) % 4]));
    const char *value = PICK(seed, VALUES);
    buf_add(buf, str_from(value));
    int more = is_equality ? rand_r(seed) % 4 : 0;
    for (int i = 0; i < more; i++) {
        buf_add(buf, more == 1 ? STR("..") : STR(","));
        buf_add(buf, str_from(value));
    }
}

static void add_random_item(Buf *buf, unsigned *seed)
{
    int shape = rand_r(seed) % 4;
    buf_add(buf, shape == 0 ? STR("!") : STR_EMPTY);
    buf_add(buf, str_from(PICK(seed, NAMES)));
    for (int i = rand_r(seed) % 3; i > 0; i--) {
        buf_add_char(buf, '.');
        buf_add(buf, str_from(PICK(seed, NAMES)));
    }
    if (shape > 1) {
        add_random_right(buf, seed);
    }
}

static void test_nothing_is_lost(void **state)
{
    for (unsigned round = 0; round < 3000; round++) {
        unsigned seed = 20261124U + round;
        Buf buf = buf_in(*state);
        int items = 1 + rand_r(&seed) % 8;
        for (int i = 0; i < items; i++) {
            buf_add(&buf, i > 0 ? STR(";") : STR_EMPTY);
            add_random_item(&buf, &seed);
        }
        Str text;
        Str again;
        Str mq;
        const Filter *filter = NULL;
        assert_ok(buf_finish(&buf, &text));
        assert_ok(v2_filter_read(*state, text, STR_EMPTY, &filter));
        assert_ok(filter_text_in(*state, filter, &again, &mq));
        if (!str_eq(text, again) || filter->child_count != (size_t)items) {
            fail_msg("seed %u: %.*s became %.*s", 20261124U + round, STR_FORMAT(text),
                     STR_FORMAT(again));
        }
        arena_reset(*state);
    }
}

static void test_nth_allocation_fails(void **state)
{
    (void)state;
    bool is_done = false;
    for (size_t budget = 64; !is_done; budget += 64) {
        assert_true(budget < (size_t)1 << 20);
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        assert_non_null(arena);
        const Filter *filter = NULL;
        Error error =
            v2_filter_read(arena, STR("a.b==1,2;c==1..2;d~=e;'f.g'"), STR("h.i"), &filter);
        is_done = !FAILED(error);
        if (!is_done) {
            assert_int_equal(error.reason, REASON_BUDGET_EXCEEDED);
            assert_null(filter);
        }
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_meanings),
        TEST(test_meanings_read_again),
        TEST(test_both_texts_make_one_tree),
        TEST(test_moments_keep_instant_and_text),
        TEST(test_refusals),
        TEST(test_first_fault_is_told),
        TEST(test_nul_is_refused),
        TEST(test_bounds),
        TEST(test_lists_are_bounded),
        TEST(test_huge_texts_are_refused_cheaply),
        TEST(test_nothing_is_lost),
        cmocka_unit_test(test_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
