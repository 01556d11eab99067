/* Our own corpus of texts that are and are not JSON, judged by the reader, by what the row says,
 * and by jansson as a third. Where we mean to differ from jansson, the row names why. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "json_oracle.h"

#define CASES_MIN 250

typedef enum Verdict { REFUSED, TAKEN } Verdict;

/* What jansson thinks when it is not what we think. */
typedef enum Difference {
    AGREED,
    NUMBER_OVER_DOUBLE, /* we keep the text of a number that no double holds */
    NUMBER_TOO_LONG,    /* we take no number of more than 64 characters */
    TOO_DEEP,           /* we take no more than 64 levels */
    NUL_BEHIND_WORD     /* jansson passes over a NUL there */
} Difference;

typedef struct Case {
    Str text;
    Verdict verdict;
    Difference difference;
} Case;

typedef struct Court {
    FILE *sink;
    size_t taken;
    size_t refused;
    size_t differing;
} Court;

static OracleVerdict wanted_of_oracle(Verdict verdict, Difference difference)
{
    switch (difference) {
    case NUMBER_OVER_DOUBLE:
        return ORACLE_HAS_NO_NUMBER;
    case NUMBER_TOO_LONG:
    case TOO_DEEP:
    case NUL_BEHIND_WORD:
        return ORACLE_ACCEPTS;
    case AGREED:
        break;
    }
    return verdict == TAKEN ? ORACLE_ACCEPTS : ORACLE_REFUSES;
}

static Verdict judge(Str text)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    JsonValue root;
    return FAILED(json_parse(arena, text, JSON_LIMITS_REQUEST, &root)) ? REFUSED : TAKEN;
}

static void check(Court *court, Str text, Verdict wanted, Difference difference)
{
    Verdict ours = judge(text);
    if (ours != wanted) {
        fail_msg("we %s: %.*s", ours == TAKEN ? "take" : "refuse", STR_FORMAT(text));
    }
    if (oracle_judge(text, court->sink) != wanted_of_oracle(wanted, difference)) {
        fail_msg("jansson thinks otherwise of: %.*s", STR_FORMAT(text));
    }
    court->taken += wanted == TAKEN;
    court->refused += wanted == REFUSED;
    court->differing += difference != AGREED;
}

#define T(text_)                                                                                   \
    {                                                                                              \
        STR_INIT(text_), TAKEN, AGREED                                                             \
    }
#define R(text_)                                                                                   \
    {                                                                                              \
        STR_INIT(text_), REFUSED, AGREED                                                           \
    }
#define DIGITS_60 "123456789012345678901234567890123456789012345678901234567890"

static const Case CASES[] = {
    /* bodies as they come */
    T("{\"id\":\"E\",\"type\":\"T\",\"a\":{\"value\":1,\"type\":\"Number\",\"metadata\":{}}}"),
    T("{\"id\":\"加西市\",\"名前\":{\"value\":\"北条\"}}"),
    T("[{\"id\":\"E\"},{\"id\":\"F\"}]"),
    T("{\"actionType\":\"append\",\"entities\":[{\"id\":\"E\",\"n\":{\"value\":{\"$inc\":1}}}]}"),
    T("{\"value\":\"2026-04-01T00:00:00.000Z\"}"),
    T("{\"coordinates\":[[[135.0,35.0],[135.2,35.0],[135.2,35.2],[135.0,35.0]]]}"),
    T("\r\n{\r\n\t\"a\"\t:\r\n1\t}\r\n"),
    R("{\"id\":\"E\",\"type\":\"T\",}"),
    R("{\"id\":\"E\",\"type\":T}"),
    R("{id:\"E\"}"),
    R("{'id':'E'}"),
    R("id=E&type=T"),
    R("<entity id=\"E\"/>"),
    R("{\"id\":\"E\"}{\"id\":\"F\"}"),
    R("{\"id\":\"E\"}\n{\"id\":\"F\"}\n"),
    R("{\"id\":\"E\"},"),
    R("callback({\"id\":\"E\"})"),
    R("({\"id\":\"E\"})"),
    R(")]}',\n{}"),
    R("{\"id\":\"E\"} // the end"),
    R("/* */{}"),
    R("{\"a\":1 /* */}"),
    R("{\"a\":undefined}"),
    R("{\"a\":NaN}"),
    R("{\"a\":Infinity}"),
    R("{\"a\":new Date()}"),
    R("{\"a\":0xff}"),
    R("{\"a\":1n}"),
    R("{\"a\":`x`}"),
    R("{\"a\":\"x\" + \"y\"}"),
    R("{\"a\":[1,2,...b]}"),
    R("{\"a\"=1}"),
    R("{\"a\"=>1}"),
    R("{\"a\";1}"),
    R("---\na: 1\n"),
    /* one member twice: which of them a reader takes is a way around a check */
    R("{\"id\":\"mine\",\"id\":\"yours\"}"),
    R("{\"id\":\"mine\",\"\\u0069d\":\"yours\"}"),
    R("{\"id\":\"mine\",\"i\\u0064\":\"yours\"}"),
    R("{\"a\":{\"value\":1,\"value\":2}}"),
    R("[[{\"a\":1,\"b\":{\"c\":1,\"c\":1}}]]"),
    R("{\"\\u52a0\":1,\"加\":2}"),
    R("{\"\\ud83d\\ude00\":1,\"😀\":2}"),
    R("{\"a\\/b\":1,\"a/b\":2}"),
    R("{\"\\t\":1,\"\\u0009\":2}"),
    R("{\"\":1,\"\":2}"),
    T("{\"a\":1,\"A\":2,\"á\":3,\"a\\u0301\":4}"),
    T("{\"a\":{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]}}}"),
    T("{\"$where\":1,\"$ne\":null,\"__proto__\":{},\"constructor\":[]}"),
    T("{\"a.b\":1,\"a\":{\"b\":2}}"),
    /* texts cut short */
    R("{\"a\":\"\\u52a"),
    R("{\"a\":\"\\"),
    R("{\"a\":tru"),
    R("{\"a\":1.5e"),
    R("{\"a\":-"),
    R("{\"a\":[[[[[["),
    R("{\"a\":\"\xe5\x8a"),
    /* commas, colons, brackets */
    R("[1,]"),
    R("[,1]"),
    R("[1,,1]"),
    R("[,]"),
    R("{,}"),
    R("{\"a\":1,,\"b\":2}"),
    R("{\"a\":1,\"b\"}"),
    R("{\"a\":,\"b\":2}"),
    R("{\"a\"::1}"),
    R("{:1}"),
    R("{\"a\":1:2}"),
    R("[\"a\":1]"),
    R("{\"a\"}"),
    R("{1:2}"),
    R("{null:2}"),
    R("{[1]:2}"),
    R("{{}:2}"),
    R("[1}"),
    R("{\"a\":1]"),
    R("[{]}"),
    R("[1 2]"),
    R("[\"a\" \"b\"]"),
    R("[true false]"),
    R("[[] []]"),
    /* numbers */
    T("[0,-0,0.0,-0.0,0e0,0E-0,0e+0]"),
    T("[1.0,2.50,1e2,1E2,1e+2,1e-2,1.5E+300]"),
    T("[9007199254740993,12345678901234567890,-9223372036854775809]"),
    T("34.927812345678901"),
    T("0.1e-400"),
    T("[-1.7976931348623157e308,2.2250738585072014e-308,4.9e-324]"),
    {STR_INIT("1e400"), TAKEN, NUMBER_OVER_DOUBLE},
    {STR_INIT("-1e400"), TAKEN, NUMBER_OVER_DOUBLE},
    {STR_INIT("{\"a\":1.8e308}"), TAKEN, NUMBER_OVER_DOUBLE},
    {STR_INIT("[1e99999999]"), TAKEN, NUMBER_OVER_DOUBLE},
    T(DIGITS_60 "1234"),
    {STR_INIT(DIGITS_60 "12345"), REFUSED, NUMBER_TOO_LONG},
    {STR_INIT("0." DIGITS_60 "123"), REFUSED, NUMBER_TOO_LONG},
    R("[01]"),
    R("[-01]"),
    R("[00]"),
    R("[+1]"),
    R("[.5]"),
    R("[5.]"),
    R("[-.5]"),
    R("[5.e1]"),
    R("[1e]"),
    R("[1e+]"),
    R("[1.2.3]"),
    R("[1e1e1]"),
    R("[1e1.5]"),
    R("[--1]"),
    R("[- 1]"),
    R("[1_000]"),
    R("[1'000]"),
    R("[0b1]"),
    R("[0o7]"),
    R("[１]"),
    R("[1.5f]"),
    R("[$1]"),
    R("[1%]"),
    /* words */
    R("True"),
    R("FALSE"),
    R("Null"),
    R("nil"),
    R("none"),
    R("yes"),
    R("truefalse"),
    R("nullnull"),
    R("-true"),
    R("[tru e]"),
    /* strings */
    T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0020\""),
    T("\"\\u00e9 \\u52a0 \\uFFFD \\uffff \\ud83d\\ude00\""),
    T("\"\x7f\xc2\x80\xc3\xbf\xe0\xa0\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
    T("\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xef\xbf\xbe\""),
    T("\"<script>alert(1)</script> ' OR 1=1; -- $where ../../etc\""),
    R("\"a\nb\""),
    R("\"a\tb\""),
    R("\"a\\\nb\""),
    R("\"\\x41\""),
    R("\"\\'\""),
    R("\"\\0\""),
    R("\"\\a\""),
    R("\"\\v\""),
    R("\"\\e\""),
    R("\"\\u{41}\""),
    R("\"\\u41\""),
    R("\"\\u004\""),
    R("\"\\u00G0\""),
    R("\"\\U00000041\""),
    R("\"\\u-041\""),
    R("\"\\u 041\""),
    R("\"\\u0000\""),
    R("{\"\\u0000a\":1}"),
    R("\"\\ud800\\u0000\""),
    R("\"\\ud83d \\ude00\""),
    R("\"\\ud83d\xed\xb8\x80\""),
    R("'a'"),
    R("\"a"),
    R("a\""),
    R("“a”"),
    R("\"a\"b\""),
    R("\"\"\"a\"\"\""),
    /* bytes that are no UTF-8, and marks of other encodings */
    R("\"\xc0\x80\""),
    R("\"\xc0\xaf\""),
    R("\"\xe0\x80\x80\""),
    R("\"\xf0\x80\x80\x80\""),
    R("\"\xed\xa0\xbd\xed\xb8\x80\""),
    R("\"\xf4\x90\x80\x80\""),
    R("\"\xf8\x88\x80\x80\x80\""),
    R("\"\xfc\x84\x80\x80\x80\x80\""),
    R("\"\x8b\xc3\x90\xbc\""), /* CP932 */
    R("\"\xa5\xe1\""),         /* EUC-JP */
    R("\"\xe5\x8a\""),
    R("\"\xe5\x8a\xa0\xa0\""),
    R("{\"\xff\":1}"),
    R("\xef\xbb\xbf{}"),
    R("\xfe\xff\0{\0}"),
    R("\xff\xfe{\0}\0"),
    R("{\0}\0"),
    R("[\xc2\xa0]"),
    R("[\xe3\x80\x80]"),
    R("[\xe2\x80\x8b]"),
    R("[\v1]"),
    R("[\f1]"),
    R("[1]\x1a"),
    R("[1]\0"),
    R("[\"\0\"]"),
};

#define COUNT_OF(array_) (sizeof(array_) / sizeof(array_)[0])

static void test_the_corpus(Court *court)
{
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        check(court, CASES[i].text, CASES[i].verdict, CASES[i].difference);
    }
}

/* --- families: one byte, or one pair, in every possible shape --- */

typedef bool (*IsTaken)(unsigned char byte);

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_blank(unsigned char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_plain(unsigned char byte)
{
    return byte >= ' ' && byte <= 0x7f && byte != '"' && byte != '\\';
}

static bool is_escape(unsigned char byte)
{
    return byte != 0 && strchr("\"\\/bfnrt", byte) != NULL;
}

static bool may_precede_one(unsigned char byte)
{
    return is_blank(byte) || byte == '-' || (is_digit(byte) && byte != '0');
}

static bool may_join_ones(unsigned char byte)
{
    return is_digit(byte) || byte == '.' || byte == 'e' || byte == 'E';
}

static bool may_separate_ones(unsigned char byte)
{
    return byte == ',' || may_join_ones(byte);
}

typedef struct Family {
    Str before;
    Str after;
    IsTaken is_taken;
    Difference of_nul;
} Family;

static void check_family(Court *court, const Family *family)
{
    char text[32];
    for (unsigned byte = 0; byte < 256; byte++) {
        size_t n = family->before.n;
        memcpy(text, family->before.p, n);
        text[n++] = (char)byte;
        memcpy(text + n, family->after.p, family->after.n);
        Verdict wanted = family->is_taken((unsigned char)byte) ? TAKEN : REFUSED;
        check(court, str_bytes(text, n + family->after.n), wanted,
              byte == 0 ? family->of_nul : AGREED);
    }
}

static void test_every_byte_in_every_place(Court *court)
{
    static const Family families[] = {
        {STR_INIT(""), STR_INIT(""), is_digit, AGREED},
        {STR_INIT("\"x"), STR_INIT("x\""), is_plain, AGREED},
        {STR_INIT("\"\\"), STR_INIT("\""), is_escape, AGREED},
        {STR_INIT("[1]"), STR_INIT(""), is_blank, AGREED},
        {STR_INIT(""), STR_INIT("[1]"), is_blank, AGREED},
        {STR_INIT("["), STR_INIT("1]"), may_precede_one, AGREED},
        {STR_INIT("[1"), STR_INIT("1]"), may_separate_ones, AGREED},
        {STR_INIT("{\"a\""), STR_INIT(":1}"), is_blank, AGREED},
        {STR_INIT("{"), STR_INIT("\"a\":1}"), is_blank, AGREED},
        {STR_INIT("[true"), STR_INIT("]"), is_blank, NUL_BEHIND_WORD},
    };
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        check_family(court, &families[i]);
    }
}

/* Which of two \u escapes, one behind the other, are characters. */
static bool is_pair_taken(unsigned first, unsigned second)
{
    bool is_high = first >= 0xd800 && first <= 0xdbff;
    bool is_low = second >= 0xdc00 && second <= 0xdfff;
    bool is_first_low = first >= 0xdc00 && first <= 0xdfff;
    bool is_second_high = second >= 0xd800 && second <= 0xdbff;
    return is_high ? is_low : !is_first_low && !is_low && !is_second_high && first && second;
}

static void test_every_pair_of_escapes(Court *court)
{
    static const unsigned units[] = {0x0000, 0x0001, 0x0041, 0xd7ff, 0xd800, 0xdbff,
                                     0xdc00, 0xdfff, 0xe000, 0xfffe, 0xffff};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        for (size_t j = 0; j < COUNT_OF(units); j++) {
            char text[32];
            int n = snprintf(text, sizeof text, "\"\\u%04x\\u%04X\"", units[i], units[j]);
            bool is_taken = is_pair_taken(units[i], units[j]);
            check(court, str_bytes(text, (size_t)n), is_taken ? TAKEN : REFUSED, AGREED);
        }
    }
}

static void test_every_pair_of_bytes_in_a_string(Court *court)
{
    static const unsigned char seconds[] = {0x00, 0x22, 0x41, 0x7f, 0x80,
                                            0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned first = 0x80; first < 256; first++) {
        for (size_t i = 0; i < COUNT_OF(seconds); i++) {
            const char text[] = {'"', (char)first, (char)seconds[i], '"'};
            bool is_taken =
                first >= 0xc2 && first <= 0xdf && seconds[i] >= 0x80 && seconds[i] <= 0xbf;
            check(court, str_bytes(text, sizeof text), is_taken ? TAKEN : REFUSED, AGREED);
        }
    }
}

/* --- all short texts over a few letters: jansson says what they are --- */

static void check_as_oracle(Court *court, Str text)
{
    OracleVerdict theirs = oracle_judge(text, court->sink);
    bool is_over = theirs == ORACLE_HAS_NO_NUMBER;
    check(court, text, theirs == ORACLE_REFUSES ? REFUSED : TAKEN,
          is_over ? NUMBER_OVER_DOUBLE : AGREED);
}

static void check_all_over(Court *court, Str letters, size_t n_max)
{
    char text[8];
    for (size_t n = 1; n <= n_max; n++) {
        size_t count = 1;
        for (size_t i = 0; i < n; i++) {
            count *= letters.n;
        }
        for (size_t number = 0; number < count; number++) {
            size_t rest = number;
            for (size_t i = 0; i < n; i++) {
                text[i] = letters.p[rest % letters.n];
                rest /= letters.n;
            }
            check_as_oracle(court, str_bytes(text, n));
        }
    }
}

static void test_all_short_texts(Court *court)
{
    check_all_over(court, STR("[]{}"), 6);
    check_all_over(court, STR("-01.eE+"), 5);
    check_all_over(court, STR("[1,] "), 5);
    check_all_over(court, STR("{\"a:1,}"), 5);
}

static void test_depth(Court *court)
{
    char text[2 * 200];
    for (size_t depth = 1; depth <= 200; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        bool is_taken = depth <= JSON_DEPTH_MAX;
        check(court, str_bytes(text, 2 * depth), is_taken ? TAKEN : REFUSED,
              is_taken ? AGREED : TOO_DEEP);
    }
}

typedef void (*Trial)(Court *court);

static void test_no_verdict_is_wrong(void **state)
{
    (void)state;
    static const Trial trials[] = {
        test_the_corpus,
        test_every_byte_in_every_place,
        test_every_pair_of_escapes,
        test_every_pair_of_bytes_in_a_string,
        test_all_short_texts,
        test_depth,
    };
    Court court = {.sink = fopen("/dev/null", "w")};
    assert_non_null(court.sink);
    for (size_t i = 0; i < COUNT_OF(trials); i++) {
        trials[i](&court);
    }
    (void)fclose(court.sink);
    print_message("%zu taken, %zu refused, %zu of them not as jansson, on purpose\n", court.taken,
                  court.refused, court.differing);
    assert_true(COUNT_OF(CASES) + 256 > CASES_MIN);
    assert_true(court.taken > CASES_MIN && court.refused > CASES_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_verdict_is_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
