/* The filter: Orion's recorded answers as tables, and what MongoDB does with compound values. */
#include "filter.h"

#include <string.h>

#include "check.h"

#define ARENA_BYTES ((size_t)16 << 20)

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

/* --- terms in short --- */

#define NUMBER(x_)                                                                                 \
    {                                                                                              \
        .kind = FILTER_NUMBER, .number = (x_)                                                      \
    }
#define TEXT(z_)                                                                                   \
    {                                                                                              \
        .kind = FILTER_TEXT, .text = STR_INIT(z_)                                                  \
    }
#define TRUTH(b_)                                                                                  \
    {                                                                                              \
        .kind = FILTER_BOOL, .truth = (b_)                                                         \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        .kind = FILTER_NULL                                                                        \
    }
#define MOMENT(z_, us_)                                                                            \
    {                                                                                              \
        .kind = FILTER_MOMENT, .text = STR_INIT(z_), .at_us = (us_)                                \
    }
#define VALUES(...)                                                                                \
    .values = (const FilterValue[]){__VA_ARGS__},                                                  \
    .value_count = sizeof((const FilterValue[]){__VA_ARGS__}) / sizeof(FilterValue)
#define NAMED(z_) .attribute = STR_INIT(z_)
#define OF(z_) .metadata = STR_INIT(z_)
#define INTO(...)                                                                                  \
    .path = {.items = (const Str[]){__VA_ARGS__},                                                  \
             .count = sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str)}
#define EQUALS .test = FILTER_EQUAL
#define DIFFERS .test = FILTER_UNEQUAL
#define BELOW .test = FILTER_LESS
#define UP_TO .test = FILTER_LESS_EQUAL
#define ABOVE .test = FILTER_GREATER
#define FROM .test = FILTER_GREATER_EQUAL
#define MATCHES .test = FILTER_MATCHES
#define THERE .test = FILTER_IS_THERE
#define ABSENT .test = FILTER_IS_ABSENT

#define DAY_US ((int64_t)86400 * 1000000)
#define Y2020_01_01 ((int64_t)18262 * DAY_US)
#define Y2020_01_02_030405 (Y2020_01_01 + DAY_US + (int64_t)11045 * 1000000)
#define Y2020_06_01 ((int64_t)18414 * DAY_US)
#define Y2020_12_31 ((int64_t)18627 * DAY_US)
#define Y2021_05_31_1500005 ((int64_t)18778 * DAY_US + (int64_t)54000500 * 1000)
#define Y2039_01_01 ((int64_t)25202 * DAY_US)

/* A term as it is, but for the pattern, which needs compiling. */
static Filter filter_of(const FilterTerm *term, const char *pattern)
{
    Filter filter = {.kind = FILTER_TERM, .term = *term};
    if (pattern != NULL) {
        assert_ok(pattern_compile_in(arena, "q", str_from(pattern), &filter.term.pattern));
    }
    return filter;
}

/* --- the recorded city: rooms R1 to R6, cars C1 and C2 --- */

#define ROOM(n_, even_, acc_, prov_)                                                               \
    {                                                                                              \
        .id = STR_INIT("R" #n_), .type = STR_INIT("Room"), .service_path = STR_INIT("/"),          \
        .created_us = Y2021_05_31_1500005, .modified_us = Y2021_05_31_1500005,                     \
        .attribute_count = 6, .attributes = (Attribute[])                                          \
        {                                                                                          \
            {.name = STR_INIT("n"), .type = STR_INIT("Number"), .value = STR_INIT(#n_ "0")},       \
                {.name = STR_INIT("s"),                                                            \
                 .type = STR_INIT("Text"),                                                         \
                 .value = STR_INIT("\"v" #n_ "\"")},                                               \
                {.name = STR_INIT("even"),                                                         \
                 .type = STR_INIT("Boolean"),                                                      \
                 .value = STR_INIT(#even_)},                                                       \
                {.name = STR_INIT("nested"),                                                       \
                 .type = STR_INIT("StructuredValue"),                                              \
                 .value = STR_INIT("{\"k\":{\"deep\":" #n_ "},\"dotted.key\":" #n_ "}")},          \
                {.name = STR_INIT("list"),                                                         \
                 .type = STR_INIT("StructuredValue"),                                              \
                 .value = STR_INIT("[" #n_ ",\"x" #n_ "\"]")},                                     \
                {.name = STR_INIT("w"),                                                            \
                 .type = STR_INIT("Number"),                                                       \
                 .value = STR_INIT(#n_),                                                           \
                 .created_us = Y2020_01_01,                                                        \
                 .modified_us = Y2020_06_01,                                                       \
                 .metadata_count = 2,                                                              \
                 .metadata = (const Metadata[]){                                                   \
                     {STR_INIT("acc"), STR_INIT("Number"), STR_INIT(acc_)},                        \
                     {STR_INIT("prov"), STR_INIT("Text"), STR_INIT("\"" prov_ "\"")}}},            \
        }                                                                                          \
    }

static const Entity CITY[] = {
    ROOM(1, false, "0.1", "p1"),
    ROOM(2, true, "0.2", "p0"),
    ROOM(3, false, "0.3", "p1"),
    ROOM(4, true, "0.4", "p0"),
    ROOM(5, false, "0.5", "p1"),
    ROOM(6, true, "0.6", "p0"),
    {.id = STR_INIT("C1"),
     .type = STR_INIT("Car"),
     .service_path = STR_INIT("/"),
     .created_us = Y2021_05_31_1500005,
     .modified_us = Y2021_05_31_1500005,
     .attribute_count = 3,
     .attributes = (Attribute[]){{.name = STR_INIT("n"), .value = STR_INIT("5")},
                                 {.name = STR_INIT("nul"), .value = STR_INIT("null")},
                                 {.name = STR_INIT("d"),
                                  .type = STR_INIT("DateTime"),
                                  .value = STR_INIT("\"2020-01-02T03:04:05Z\"")}}},
    {.id = STR_INIT("C2"),
     .type = STR_INIT("Car"),
     .service_path = STR_INIT("/"),
     .created_us = Y2021_05_31_1500005,
     .modified_us = Y2021_05_31_1500005,
     .attribute_count = 2,
     .attributes = (Attribute[]){{.name = STR_INIT("n"), .value = STR_INIT("\"10\"")},
                                 {.name = STR_INIT("d"),
                                  .type = STR_INIT("DateTime"),
                                  .value = STR_INIT("\"2021-06-01T00:00:00.500+09:00\"")}}},
};
#define CITY_COUNT (sizeof CITY / sizeof CITY[0])

static const char *ids_that_match(const Filter *filter)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < CITY_COUNT; i++) {
        bool is_match = false;
        assert_ok(filter_matches(filter, arena, &CITY[i], &is_match));
        if (is_match) {
            buf_add(&buf, buf.n > 0 ? STR(" ") : STR_EMPTY);
            buf_add(&buf, CITY[i].id);
        }
    }
    Str ids;
    assert_ok(buf_finish(&buf, &ids));
    return str_argument(arena, ids);
}

typedef struct CityCase {
    const char *q; /* as it was recorded */
    FilterTerm term;
    const char *ids;
    const char *pattern;
} CityCase;

#define ALL "R1 R2 R3 R4 R5 R6 C1 C2"

static const CityCase RECORDED[] = {
    {"n==10", {NAMED("n"), EQUALS, VALUES(NUMBER(10))}, "R1", NULL},
    {"n=='10'", {NAMED("n"), EQUALS, VALUES(TEXT("10"))}, "C2", NULL},
    {"s==v2", {NAMED("s"), EQUALS, VALUES(TEXT("v2"))}, "R2", NULL},
    {"n!=10", {NAMED("n"), DIFFERS, VALUES(NUMBER(10))}, "R2 R3 R4 R5 R6 C1 C2", NULL},
    {"n>30", {NAMED("n"), ABOVE, VALUES(NUMBER(30))}, "R4 R5 R6", NULL},
    {"n>=30", {NAMED("n"), FROM, VALUES(NUMBER(30))}, "R3 R4 R5 R6", NULL},
    {"n<20", {NAMED("n"), BELOW, VALUES(NUMBER(20))}, "R1 C1", NULL},
    {"n<=20", {NAMED("n"), UP_TO, VALUES(NUMBER(20))}, "R1 R2 C1", NULL},
    {"n==20..40",
     {NAMED("n"), EQUALS, VALUES(NUMBER(20), NUMBER(40)), .is_range = true},
     "R2 R3 R4",
     NULL},
    {"n!=20..40",
     {NAMED("n"), DIFFERS, VALUES(NUMBER(20), NUMBER(40)), .is_range = true},
     "R1 R5 R6 C1 C2",
     NULL},
    {"n==10,30", {NAMED("n"), EQUALS, VALUES(NUMBER(10), NUMBER(30))}, "R1 R3", NULL},
    {"s==v1,v2", {NAMED("s"), EQUALS, VALUES(TEXT("v1"), TEXT("v2"))}, "R1 R2", NULL},
    {"n!=10,30", {NAMED("n"), DIFFERS, VALUES(NUMBER(10), NUMBER(30))}, "R2 R4 R5 R6 C1 C2", NULL},
    {"d", {NAMED("d"), THERE}, "C1 C2", NULL},
    {"!d", {NAMED("d"), ABSENT}, "R1 R2 R3 R4 R5 R6", NULL},
    {"even==true", {NAMED("even"), EQUALS, VALUES(TRUTH(true))}, "R2 R4 R6", NULL},
    {"nul==null", {NAMED("nul"), EQUALS, VALUES(NOTHING)}, "C1", NULL},
    {"s~=v[12]", {NAMED("s"), MATCHES}, "R1 R2", "v[12]"},
    {"s~=^v3$", {NAMED("s"), MATCHES}, "R3", "^v3$"},
    {"nested.k.deep>4",
     {NAMED("nested"), INTO(STR_INIT("k"), STR_INIT("deep")), ABOVE, VALUES(NUMBER(4))},
     "R5 R6",
     NULL},
    {"nested.'dotted.key'==2",
     {NAMED("nested"), INTO(STR_INIT("dotted.key")), EQUALS, VALUES(NUMBER(2))},
     "R2",
     NULL},
    {"list==3", {NAMED("list"), EQUALS, VALUES(NUMBER(3))}, "R3", NULL},
    {"list==x4", {NAMED("list"), EQUALS, VALUES(TEXT("x4"))}, "R4", NULL},
    {"d>2020-06-01T00:00:00Z",
     {NAMED("d"), ABOVE, VALUES(MOMENT("2020-06-01T00:00:00Z", Y2020_06_01))},
     "C2",
     NULL},
    {"d==2020-01-01..2020-12-31",
     {NAMED("d"), EQUALS,
      VALUES(MOMENT("2020-01-01", Y2020_01_01), MOMENT("2020-12-31", Y2020_12_31)),
      .is_range = true},
     "C1",
     NULL},
    {"d==2020-01-02T03:04:05Z",
     {NAMED("d"), EQUALS, VALUES(MOMENT("2020-01-02T03:04:05Z", Y2020_01_02_030405))},
     "C1",
     NULL},
    {"d==2021-05-31T15:00:00.500Z",
     {NAMED("d"), EQUALS, VALUES(MOMENT("2021-05-31T15:00:00.500Z", Y2021_05_31_1500005))},
     "C2",
     NULL},
    {"dateCreated>2020-01-01",
     {NAMED("dateCreated"), ABOVE, VALUES(MOMENT("2020-01-01", Y2020_01_01))},
     ALL,
     NULL},
    {"dateModified<2020-01-01",
     {NAMED("dateModified"), BELOW, VALUES(MOMENT("2020-01-01", Y2020_01_01))},
     "",
     NULL},
    {"s>v4", {NAMED("s"), ABOVE, VALUES(TEXT("v4"))}, "R5 R6", NULL},
    {"n>-1", {NAMED("n"), ABOVE, VALUES(NUMBER(-1))}, "R1 R2 R3 R4 R5 R6 C1", NULL},
    {"mq w.acc==0.3", {NAMED("w"), OF("acc"), EQUALS, VALUES(NUMBER(0.3))}, "R3", NULL},
    {"mq w.acc>0.4", {NAMED("w"), OF("acc"), ABOVE, VALUES(NUMBER(0.4))}, "R5 R6", NULL},
    {"mq w.prov==p1", {NAMED("w"), OF("prov"), EQUALS, VALUES(TEXT("p1"))}, "R1 R3 R5", NULL},
    {"mq w.acc", {NAMED("w"), OF("acc"), THERE}, "R1 R2 R3 R4 R5 R6", NULL},
    {"mq !w.acc", {NAMED("w"), OF("acc"), ABSENT}, "C1 C2", NULL},
};

static const CityCase NOT_RECORDED[] = {
    {"n:2e1", {NAMED("n"), EQUALS, VALUES(NUMBER(2e1))}, "R2", NULL},
    {"zzz!=1", {NAMED("zzz"), DIFFERS, VALUES(NUMBER(1))}, "", NULL},
    {"s!=v2", {NAMED("s"), DIFFERS, VALUES(TEXT("v2"))}, "R1 R3 R4 R5 R6", NULL},
    {"even!=true", {NAMED("even"), DIFFERS, VALUES(TRUTH(true))}, "R1 R3 R5", NULL},
    {"nul!=null", {NAMED("nul"), DIFFERS, VALUES(NOTHING)}, "", NULL},
    {"n!=null", {NAMED("n"), DIFFERS, VALUES(NOTHING)}, ALL, NULL},
    {"list!=3", {NAMED("list"), DIFFERS, VALUES(NUMBER(3))}, "R1 R2 R4 R5 R6", NULL},
    {"n<a", {NAMED("n"), BELOW, VALUES(TEXT("a"))}, "C2", NULL},
    {"n~=1", {NAMED("n"), MATCHES}, "C2", "1"},
    {"d~=2020", {NAMED("d"), MATCHES}, "", "2020"},
    {"d=='2020-01-02T03:04:05Z'",
     {NAMED("d"), EQUALS, VALUES(TEXT("2020-01-02T03:04:05Z"))},
     "",
     NULL},
    {"d>5", {NAMED("d"), ABOVE, VALUES(NUMBER(5))}, "", NULL},
    {"nested.k", {NAMED("nested"), INTO(STR_INIT("k")), THERE}, "R1 R2 R3 R4 R5 R6", NULL},
    {"!nested.k", {NAMED("nested"), INTO(STR_INIT("k")), ABSENT}, "C1 C2", NULL},
    {"nested.zz!=1", {NAMED("nested"), INTO(STR_INIT("zz")), DIFFERS, VALUES(NUMBER(1))}, "", NULL},
    {"list.1==x3", {NAMED("list"), INTO(STR_INIT("1")), EQUALS, VALUES(TEXT("x3"))}, "R3", NULL},
    {"n.k", {NAMED("n"), INTO(STR_INIT("k")), THERE}, "", NULL},
    {"id==R3", {NAMED("id"), EQUALS, VALUES(TEXT("R3"))}, "R3", NULL},
    {"type~=^C", {NAMED("type"), MATCHES}, "C1 C2", "^C"},
    {"servicePath==/", {NAMED("servicePath"), EQUALS, VALUES(TEXT("/"))}, ALL, NULL},
    {"mq n.acc!=1", {NAMED("n"), OF("acc"), DIFFERS, VALUES(NUMBER(1))}, "", NULL},
    {"mq !zzz.acc", {NAMED("zzz"), OF("acc"), ABSENT}, ALL, NULL},
    {"mq !id.acc", {NAMED("id"), OF("acc"), ABSENT}, ALL, NULL},
    {"id.k", {NAMED("id"), INTO(STR_INIT("k")), THERE}, "", NULL},
    {"mq w.dateCreated==2020-01-01",
     {NAMED("w"), OF("dateCreated"), EQUALS, VALUES(MOMENT("2020-01-01", Y2020_01_01))},
     "R1 R2 R3 R4 R5 R6",
     NULL},
    {"mq w.dateModified<2020-06-01",
     {NAMED("w"), OF("dateModified"), BELOW, VALUES(MOMENT("2020-06-01", Y2020_06_01))},
     "",
     NULL},
};

static void check_city(const CityCase *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Filter filter = filter_of(&cases[i].term, cases[i].pattern);
        const char *ids = ids_that_match(&filter);
        if (strcmp(ids, cases[i].ids) != 0) {
            fail_msg("%s gives \"%s\", wanted \"%s\"", cases[i].q, ids, cases[i].ids);
        }
    }
}

static void test_recorded_answers(void **state)
{
    (void)state;
    check_city(RECORDED, sizeof RECORDED / sizeof RECORDED[0]);
}

static void test_answers_that_follow_from_them(void **state)
{
    (void)state;
    check_city(NOT_RECORDED, sizeof NOT_RECORDED / sizeof NOT_RECORDED[0]);
}

/* --- trees --- */

static const Filter N_ABOVE_10 = {.kind = FILTER_TERM,
                                  .term = {NAMED("n"), ABOVE, VALUES(NUMBER(10))}};
static const Filter N_BELOW_40 = {.kind = FILTER_TERM,
                                  .term = {NAMED("n"), BELOW, VALUES(NUMBER(40))}};
static const Filter EVEN = {.kind = FILTER_TERM,
                            .term = {NAMED("even"), EQUALS, VALUES(TRUTH(true))}};

static Filter tree(FilterKind kind, const Filter *children, size_t count)
{
    return (Filter){.kind = kind, .children = children, .child_count = count};
}

/* Recorded: n>10;even==true as here. n>10;n<40 was answered as n<40 alone (the broker sends both
 * conditions under one name, and the database it ran on kept the last): here both hold. */
static void test_and_or(void **state)
{
    (void)state;
    const Filter band[] = {N_ABOVE_10, N_BELOW_40};
    Filter both = tree(FILTER_AND, band, 2);
    assert_string_equal(ids_that_match(&both), "R2 R3");
    const Filter even_band[] = {N_ABOVE_10, EVEN};
    both = tree(FILTER_AND, even_band, 2);
    assert_string_equal(ids_that_match(&both), "R2 R4 R6");
    Filter either = tree(FILTER_OR, even_band, 2);
    assert_string_equal(ids_that_match(&either), "R2 R3 R4 R5 R6");
    const Filter nested[] = {either, N_BELOW_40};
    both = tree(FILTER_AND, nested, 2);
    assert_string_equal(ids_that_match(&both), "R2 R3");
}

static void test_trees_of_nothing(void **state)
{
    (void)state;
    Filter all = tree(FILTER_AND, NULL, 0);
    assert_string_equal(ids_that_match(&all), ALL);
    Filter none = tree(FILTER_OR, NULL, 0);
    assert_string_equal(ids_that_match(&none), "");
}

static void test_names(void **state)
{
    (void)state;
    const Filter inner[] = {EVEN, N_ABOVE_10};
    const Filter outer[] = {N_BELOW_40, tree(FILTER_OR, inner, 2)};
    Filter filter = tree(FILTER_AND, outer, 2);
    assert_true(filter_names(&filter, STR("even")));
    assert_true(filter_names(&filter, STR("n")));
    assert_false(filter_names(&filter, STR("eve")));
    StrList names;
    assert_ok(filter_attributes_in(arena, &filter, &names));
    assert_int_equal(names.count, 2);
    assert_str(names.items[0], "n");
    assert_str(names.items[1], "even");
    Filter none = tree(FILTER_OR, NULL, 0);
    assert_ok(filter_attributes_in(arena, &none, &names));
    assert_int_equal(names.count, 0);
}

/* --- one value --- */

typedef struct ValueCase {
    const char *value;
    const char *type;
    FilterTerm term; /* of attribute "a" */
    bool is_match;
    const char *pattern;
} ValueCase;

static const ValueCase VALUES_ALONE[] = {
    /* numbers are numbers, however they are written */
    {"2.0", "Number", {EQUALS, VALUES(NUMBER(2))}, true, NULL},
    {"2e0", "Number", {EQUALS, VALUES(NUMBER(2))}, true, NULL},
    {"20E-1", "Number", {EQUALS, VALUES(NUMBER(2))}, true, NULL},
    {"-0", "Number", {EQUALS, VALUES(NUMBER(0))}, true, NULL},
    {"0.1", "Number", {EQUALS, VALUES(NUMBER(0.1))}, true, NULL},
    {"9007199254740993", "Number", {EQUALS, VALUES(NUMBER(9007199254740992.0))}, true, NULL},
    {"1e999", "Number", {ABOVE, VALUES(NUMBER(1e308))}, true, NULL},
    {"-12.5", "Number", {BELOW, VALUES(NUMBER(-12.4))}, true, NULL},
    {"\"2\"", "Number", {EQUALS, VALUES(NUMBER(2))}, false, NULL},
    {"\"2\"", "Number", {DIFFERS, VALUES(NUMBER(2))}, true, NULL},
    {"true", "Boolean", {EQUALS, VALUES(NUMBER(1))}, false, NULL},
    /* text */
    {"\"\"", "Text", {EQUALS, VALUES(TEXT(""))}, true, NULL},
    {"\"a\\\\b\\\"\\n\"", "Text", {EQUALS, VALUES(TEXT("a\\b\"\n"))}, true, NULL},
    {"\"\\u7d50\"", "Text", {EQUALS, VALUES(TEXT("結"))}, true, NULL},
    {"\"a\\\\b\"", "Text", {MATCHES}, true, "^a\\\\b$"},
    {"\"結城\"", "Text", {MATCHES}, true, "^結.$"},
    {"\"結城\"", "Text", {ABOVE, VALUES(TEXT("z"))}, true, NULL},
    {"\"B\"", "Text", {BELOW, VALUES(TEXT("a"))}, true, NULL},
    {"\"b\"", "Text", {EQUALS, VALUES(TEXT("a"), TEXT("c")), .is_range = true}, true, NULL},
    {"\"d\"", "Text", {EQUALS, VALUES(TEXT("a"), TEXT("c")), .is_range = true}, false, NULL},
    {"null", "Text", {UP_TO, VALUES(TEXT("z"))}, false, NULL},
    /* arrays match by member */
    {"[1,5]", "Array", {EQUALS, VALUES(NUMBER(5))}, true, NULL},
    {"[1,5]", "Array", {DIFFERS, VALUES(NUMBER(5))}, false, NULL},
    {"[1,5]", "Array", {DIFFERS, VALUES(NUMBER(6))}, true, NULL},
    {"[1,5]", "Array", {ABOVE, VALUES(NUMBER(4))}, true, NULL},
    {"[1,5]", "Array", {EQUALS, VALUES(NUMBER(2), NUMBER(4)), .is_range = true}, true, NULL},
    {"[1,1]", "Array", {EQUALS, VALUES(NUMBER(2), NUMBER(4)), .is_range = true}, false, NULL},
    {"[1,5]", "Array", {DIFFERS, VALUES(NUMBER(2), NUMBER(4)), .is_range = true}, false, NULL},
    {"[]", "Array", {DIFFERS, VALUES(NUMBER(1))}, true, NULL},
    {"[]", "Array", {THERE}, true, NULL},
    {"[null]", "Array", {EQUALS, VALUES(NOTHING)}, true, NULL},
    {"[[7]]", "Array", {EQUALS, VALUES(NUMBER(7))}, false, NULL}, /* of one level only */
    {"[\"xa\",1]", "Array", {MATCHES}, true, "^x"},
    {"{\"b\":1}", "Object", {EQUALS, VALUES(NUMBER(1))}, false, NULL},
    {"{\"b\":1}", "Object", {DIFFERS, VALUES(NUMBER(1))}, true, NULL},
    /* paths */
    {"{\"b\":null}", "Object", {INTO(STR_INIT("b")), THERE}, true, NULL},
    {"{\"b\":null}", "Object", {INTO(STR_INIT("b")), EQUALS, VALUES(NOTHING)}, true, NULL},
    {"{\"b\":{\"c\":1}}", "Object", {INTO(STR_INIT("b"), STR_INIT("d")), ABSENT}, true, NULL},
    {"[{\"b\":1},{\"b\":2}]", "A", {INTO(STR_INIT("b")), EQUALS, VALUES(NUMBER(2))}, true, NULL},
    {"[{\"b\":1},{\"c\":2}]", "A", {INTO(STR_INIT("b")), DIFFERS, VALUES(NUMBER(2))}, true, NULL},
    {"[{\"b\":[1,2]}]", "A", {INTO(STR_INIT("b")), EQUALS, VALUES(NUMBER(2))}, true, NULL},
    {"[[{\"b\":1}]]", "A", {INTO(STR_INIT("b")), THERE}, false, NULL},
    {"[[{\"b\":1}]]", "A", {INTO(STR_INIT("0"), STR_INIT("b")), THERE}, true, NULL},
    {"[9,{\"0\":8}]", "A", {INTO(STR_INIT("0")), EQUALS, VALUES(NUMBER(9))}, true, NULL},
    {"[9,{\"0\":8}]", "A", {INTO(STR_INIT("0")), EQUALS, VALUES(NUMBER(8))}, true, NULL},
    {"[9]", "A", {INTO(STR_INIT("1")), ABSENT}, true, NULL},
    {"{\"日\":1}", "A", {INTO(STR_INIT("日")), EQUALS, VALUES(NUMBER(1))}, true, NULL},
    {"{\"b\":\"x\\ty\"}", "A", {INTO(STR_INIT("b")), EQUALS, VALUES(TEXT("x\ty"))}, true, NULL},
    /* moments: by the millisecond that answers show; as text where the value is text */
    {"\"2020-06-01T00:00:00.000999Z\"",
     "DateTime",
     {EQUALS, VALUES(MOMENT("2020-06-01", Y2020_06_01))},
     true,
     NULL},
    {"\"2020-06-01T00:00:00.001Z\"",
     "DateTime",
     {EQUALS, VALUES(MOMENT("2020-06-01", Y2020_06_01))},
     false,
     NULL},
    {"\"2020-06-01T09:00+09:00\"",
     "ISO8601",
     {EQUALS, VALUES(MOMENT("2020-06-01", Y2020_06_01))},
     true,
     NULL},
    {"\"1969-12-31T23:59:59.999500Z\"",
     "DateTime",
     {BELOW, VALUES(MOMENT("1970-01-01", 0))},
     true,
     NULL},
    {"\"2020-06-01\"", "Text", {EQUALS, VALUES(MOMENT("2020-06-01", Y2020_06_01))}, true, NULL},
    {"\"2020-06-01T00:00:00Z\"",
     "Text",
     {EQUALS, VALUES(MOMENT("2020-06-01", Y2020_06_01))},
     false,
     NULL},
    {"\"2020-06-02\"", "Text", {ABOVE, VALUES(MOMENT("2020-06-01", Y2020_06_01))}, true, NULL},
    {"1590969600", "Number", {EQUALS, VALUES(MOMENT("2020-06-01", Y2020_06_01))}, false, NULL},
    {"null", "DateTime", {EQUALS, VALUES(NOTHING)}, true, NULL},
    {"null", "DateTime", {BELOW, VALUES(MOMENT("2020-06-01", Y2020_06_01))}, false, NULL},
    {"\"2040-01-01T00:00:00Z\"",
     "DateTime",
     {ABOVE, VALUES(MOMENT("2039-01-01", Y2039_01_01))},
     true,
     NULL},
};

static void test_values_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof VALUES_ALONE / sizeof VALUES_ALONE[0]; i++) {
        const ValueCase *one = &VALUES_ALONE[i];
        Attribute attribute = {
            .name = STR("a"), .type = str_from(one->type), .value = str_from(one->value)};
        Entity entity = {.attributes = &attribute, .attribute_count = 1};
        Filter filter = filter_of(&one->term, one->pattern);
        filter.term.attribute = STR("a");
        bool is_match = false;
        assert_ok(filter_matches(&filter, arena, &entity, &is_match));
        if (is_match != one->is_match) {
            fail_msg("row %zu: %s of type %s", i, one->value, one->type);
        }
    }
}

/* Metadata values are values like any other: typed moments, arrays, paths. */
static void test_metadata_values(void **state)
{
    (void)state;
    const Metadata metadata[] = {
        {STR_INIT("at"), STR_INIT("DateTime"), STR_INIT("\"2020-06-01T09:00:00+09:00\"")},
        {STR_INIT("o"), STR_INIT("StructuredValue"), STR_INIT("{\"k\":[1,2]}")}};
    Attribute attribute = {
        .name = STR("a"), .value = STR("1"), .metadata = metadata, .metadata_count = 2};
    Entity entity = {.attributes = &attribute, .attribute_count = 1};
    const FilterTerm terms[] = {
        {NAMED("a"), OF("at"), EQUALS, VALUES(MOMENT("2020-06-01", Y2020_06_01))},
        {NAMED("a"), OF("o"), INTO(STR_INIT("k")), EQUALS, VALUES(NUMBER(2))}};
    for (size_t i = 0; i < 2; i++) {
        Filter filter = filter_of(&terms[i], NULL);
        bool is_match = false;
        assert_ok(filter_matches(&filter, arena, &entity, &is_match));
        assert_true(is_match);
    }
}

/* An instance with a dataset id is none that NGSIv2 sees; a user's dateCreated loses to the
 * builtin. */
static void test_what_is_not_seen(void **state)
{
    (void)state;
    Attribute attributes[] = {
        {.name = STR("a"), .value = STR("1"), .dataset_id = STR("urn:x")},
        {.name = STR("dateCreated"), .type = STR("DateTime"), .value = STR("\"2001-01-01\"")}};
    Entity entity = {.attributes = attributes, .attribute_count = 2, .created_us = Y2020_06_01};
    const FilterTerm there = {NAMED("a"), THERE};
    Filter filter = filter_of(&there, NULL);
    bool is_match = true;
    assert_ok(filter_matches(&filter, arena, &entity, &is_match));
    assert_false(is_match);
    const FilterTerm created = {NAMED("dateCreated"), ABOVE,
                                VALUES(MOMENT("2020-01-01", Y2020_01_01))};
    filter = filter_of(&created, NULL);
    assert_ok(filter_matches(&filter, arena, &entity, &is_match));
    assert_true(is_match);
}

/* --- cost and harm --- */

static void test_scalars_take_no_memory(void **state)
{
    (void)state;
    const FilterTerm terms[] = {
        {NAMED("n"), ABOVE, VALUES(NUMBER(30))},
        {NAMED("s"), EQUALS, VALUES(TEXT("v2"))},
        {NAMED("d"), ABOVE, VALUES(MOMENT("2020-06-01", Y2020_06_01))},
        {NAMED("w"), OF("acc"), UP_TO, VALUES(NUMBER(0.123456789))},
        {NAMED("dateModified"), ABOVE, VALUES(MOMENT("2020-06-01", Y2020_06_01))}};
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        Filter filter = filter_of(&terms[i], NULL);
        for (size_t j = 0; j < CITY_COUNT; j++) {
            size_t used = arena_used_bytes(arena);
            bool is_match = false;
            assert_ok(filter_matches(&filter, arena, &CITY[j], &is_match));
            assert_int_equal(arena_used_bytes(arena), used);
        }
    }
}

static Error match_one(Arena *scratch, const char *value, const FilterTerm *term)
{
    Attribute attribute = {.name = STR("a"), .value = str_from(value)};
    Entity entity = {.attributes = &attribute, .attribute_count = 1};
    Filter filter = {.kind = FILTER_TERM, .term = *term};
    bool is_match = false;
    return filter_matches(&filter, scratch, &entity, &is_match);
}

static void test_errors(void **state)
{
    (void)state;
    const FilterTerm five = {NAMED("a"), EQUALS, VALUES(NUMBER(5))};
    assert_fails(match_one(arena, "[1", &five), STORE_CORRUPT);
    assert_fails(match_one(arena, "+1", &five), STORE_CORRUPT);
    assert_fails(match_one(arena, "\"", &five), STORE_CORRUPT);
    assert_fails(match_one(arena, "", &five), STORE_CORRUPT);
    CLEANUP(arena_free) Arena *small = arena_new(64);
    assert_fails(match_one(small, "[1,2,3,4,5,6,7,8]", &five), BUDGET_EXCEEDED);
    const FilterTerm costly = {NAMED("a"), MATCHES};
    Filter filter = filter_of(&costly, "(x+x+)+y");
    assert_fails(match_one(arena, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!y\"", &filter.term),
                 PATTERN_COSTLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recorded_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers_that_follow_from_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_and_or, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trees_of_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_metadata_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scalars_take_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
