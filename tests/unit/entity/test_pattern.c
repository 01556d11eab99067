/* Patterns that callers send: what is refused, what matches, and that nothing costs more than a
 * bounded time. */
#include "pattern.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static Pattern *compiled(const char *text)
{
    Pattern *pattern = NULL;
    assert_ok(pattern_compile_in(arena, "q", str_from(text), &pattern));
    return pattern;
}

static bool matches(const char *text, const char *subject)
{
    bool is_match = false;
    assert_ok(pattern_matches(compiled(text), str_from(subject), &is_match));
    return is_match;
}

/* --- matching --- */

typedef struct MatchCase {
    const char *pattern;
    const char *subject;
    bool is_match;
} MatchCase;

static const MatchCase MATCHES[] = {
    {"v[12]", "v2", true},
    {"v[12]", "xv2x", true}, /* anywhere */
    {"^v3$", "v3", true},
    {"^v3$", "v33", false},
    {"^R[1-3]", "R3", true},
    {"^R[1-3]", "R4", false},
    {".*", "", true},
    {".*", "anything", true},
    {"^C", "Car", true},
    {"^C", "car", false},
    {"(?i)^c", "Car", true},
    {"(?i:c)a", "CA", false},
    {"a|b", "xb", true},
    {"\\d{3}", "a123", true},
    {"[[:digit:]]+x", "12x", true},
    {"^[^]a]$", "]", false},
    {"^[^]a]$", "b", true},
    {"^[]a]+$", "]a]", true},
    {"(?<=a)b", "ab", true},
    {"(?<!a)b", "ab", false},
    {"(?=a)a(?!b)", "ac", true},
    {"(?>a+)b", "aab", true},
    {"(?<x>a)b", "ab", true},
    {"(?P<x>a)b", "ab", true},
    {"(?'x'a)b", "ab", true},
    {"a{2}", "aa", true},
    {"a{2}", "a", false},
    {"^a{,2}$", "a{,2}", true},
    {"^a{x}$", "a{x}", true},
    {"^{", "{", true},
    {"^結.$", "結城", true},
    {"^..$", "結城", true},
    {"^.$", "😀", true},
    {"城|浜", "横浜市", true},
    {"^\\x{7d50}", "結城", true},
    {"^\\p{Han}+$", "結城", true},
    {"\\cA", "\001", true},
    {"\\N{U+41}", "A", true},
    {"^[あ-ん]+$", "ゆうき", true},
    {"^[あ-ん]+$", "ユウキ", false},
    {"[(][*]", "(*", true},
    {"\\(\\?R\\)", "(?R)", true},
};

static void test_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MATCHES / sizeof MATCHES[0]; i++) {
        const MatchCase *one = &MATCHES[i];
        if (matches(one->pattern, one->subject) != one->is_match) {
            fail_msg("%s on %s", one->pattern, one->subject);
        }
    }
}

/* A subject may end or hold a NUL; the pattern may not. */
static void test_subject_is_bytes_with_length(void **state)
{
    (void)state;
    bool is_match = false;
    assert_ok(pattern_matches(compiled("^a.b$"), STR("a\0b"), &is_match));
    assert_true(is_match);
    assert_ok(pattern_matches(compiled("^ab$"), str_slice(STR("abc"), 0, 2), &is_match));
    assert_true(is_match);
    assert_ok(pattern_matches(compiled("^$"), STR_EMPTY, &is_match));
    assert_true(is_match);
}

static void test_pattern_is_used_again(void **state)
{
    (void)state;
    Pattern *pattern = compiled("^a+$");
    assert_str(pattern_text(pattern), "^a+$");
    size_t used = arena_used_bytes(arena);
    for (int i = 0; i < 10000; i++) {
        bool is_match = i % 2 == 1;
        assert_ok(pattern_matches(pattern, i % 2 == 0 ? STR("aaa") : STR("aab"), &is_match));
        assert_true(is_match == (i % 2 == 0));
    }
    /* PCRE2's own frames are taken at the first match and stay. */
    assert_true(arena_used_bytes(arena) - used < (size_t)64 << 10);
}

static void test_invalid_utf8_never_matches_and_never_harms(void **state)
{
    (void)state;
    static const Str SUBJECTS[] = {STR_INIT("\xff"),         STR_INIT("a\xc3"),
                                   STR_INIT("\xed\xa0\x80"), STR_INIT("\xf8\x88\x80\x80\x80"),
                                   STR_INIT("a\x80z"),       STR_INIT("\xe7\xb5")};
    for (size_t i = 0; i < sizeof SUBJECTS / sizeof SUBJECTS[0]; i++) {
        bool is_match = true;
        assert_ok(pattern_matches(compiled("^a?.z?$"), SUBJECTS[i], &is_match));
        assert_false(is_match);
    }
    bool is_match = false;
    assert_ok(pattern_matches(compiled("z"), STR("a\x80z"), &is_match));
    assert_true(is_match);
    Pattern *pattern = NULL;
    assert_fails(pattern_compile_in(arena, "q", STR("a\xff"), &pattern), PATTERN_INVALID);
    assert_null(pattern);
}

/* --- refusals --- */

static const char *const REFUSED[] = {
    /* not regular expressions */
    "(", ")", "[", "[a", "*", "+a", "?", "a**", "(?", "(?<", "[z-a]", "\\", "a{5,2}", "[[:nope:]]",
    "(?<x", "\\p{Nope}", "\\x{zz}", "(?<=a*)b", "\\x{", "\\p{", "\\N{U+",
    /* refer back, recurse, call out, switch limits */
    "(a)\\1", "(a)\\g1", "(a)\\g{-1}", "(?<x>a)\\k<x>", "(?P<x>a)(?P=x)", "(?R)", "(a(?1)?b)",
    "(?<x>a(?&x)?)", "(?P<x>a)(?P>x)", "(a)\\g<1>", "(?C)a", "(?C1)a", "(?C'x')",
    "(*LIMIT_MATCH=1)a", "(*UTF)a", "(*UCP)a", "a(*COMMIT)b", "(*ACCEPT)", "(a)?(?(1)b|c)",
    "(?(R)a|b)", "(?|a|b)", "(?#comment)a", "(?x)a # b", "(?J)a", "(?U)a", "(?^)a", "\\Qa\\E",
    "[\\Qa]", "\\C", "(?<x>a)\\k{x}",
    /* nest or repeat too much */
    "((((((a))))))", "(?:(?:(?:(?:(?:(?:a))))))", "a{1001}", "(a{50}){21}", "((a{11}){10}){10}",
    "a{40}{26}", "(a{3,40}){2,26}", "(?:(a{2}){2,}){300}", "a{99999999999}"};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        Pattern *pattern = NULL;
        Error error = pattern_compile_in(arena, "idPattern", str_from(REFUSED[i]), &pattern);
        if (!FAILED(error) || error.reason != REASON_PATTERN_INVALID) {
            fail_msg("%s is not refused", REFUSED[i]);
        }
        assert_true(str_starts_with(str_from(error.argument), STR("idPattern: ")));
        assert_null(pattern);
    }
}

static const char *const TAKEN[] = {"(((((a)))))",
                                    "(a)(b)(c)(d)(e)(f)(g)",
                                    "a{1000}",
                                    "(a{50}){20}",
                                    "a{100}b{100}c{100}",
                                    "[0-9]{4}-[0-9]{2}-[0-9]{2}",
                                    "(?i)a(?-i)b",
                                    "(?i-s:a)",
                                    "[a\\]b](c)",
                                    "[[](c)",
                                    "[\\1]",
                                    "\\\\1",
                                    "\\x{2000}{3}",
                                    "\\o{2000}{3}",
                                    "\\p{Lu}{3}",
                                    "\\c{2000}",
                                    "[](((((((]",
                                    "[^](((((((]",
                                    "a{1,}",
                                    "a{0}",
                                    "[(((((((]",
                                    "[[:alpha:]((((((((]"};

static void test_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof TAKEN / sizeof TAKEN[0]; i++) {
        Pattern *pattern = NULL;
        Error error = pattern_compile_in(arena, "q", str_from(TAKEN[i]), &pattern);
        if (FAILED(error)) {
            fail_msg("%s is refused: %s", TAKEN[i], error.argument);
        }
    }
}

static void test_length_and_nul(void **state)
{
    (void)state;
    char text[PATTERN_BYTES_MAX + 1];
    memset(text, 'a', sizeof text);
    Pattern *pattern = NULL;
    assert_ok(pattern_compile_in(arena, "q", str_bytes(text, PATTERN_BYTES_MAX), &pattern));
    Pattern *longer = NULL;
    assert_fails(pattern_compile_in(arena, "q", str_bytes(text, sizeof text), &longer),
                 PATTERN_INVALID);
    assert_fails(pattern_compile_in(arena, "q", STR("a\0b"), &longer), PATTERN_INVALID);
    assert_null(longer);
}

/* --- cost --- */

static const char *const REDOS[] = {
    "(a+)+$",
    "(a*)*$",
    "(a|a)*$",
    "(a|aa)+$",
    "(a|a?)+$",
    "^(a+)+$",
    "^(a*)*b",
    "(.*a){20}",
    "^(.*a){12}$",
    "(a?){30}a{30}",
    "a*a*a*a*a*a*b",
    ".*.*.*.*.*=.*",
    "(x+x+)+y",
    "([a-zA-Z]+)*$",
    "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3}))$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(\\w+\\s*)+:",
    "^\\s+|\\s+$",
    "\\s*\\s*\\s*\\s*x",
    "a{0,45}a{0,45}a{0,45}b",
    "(?:a{0,9}){0,9}b",
    "(?:a|b)*c",
    "a*b",
    "[^b]*b[^c]*c!",
    "(?:.|\\n)*z",
    "(?:[ab]|[ac])+z",
    "((a{1,9}){1,9}){1,9}z",
    "(a+a+)+z",
    "(?:a+)+z",
    "(?=(a+)+z)a",
    "(?!(a+)+z)a",
    "(?<=a)(a+)+z",
    "(?>(a+)+)z",
    "(?i)(A+)+z",
    "(\\d+)*x",
    "(\\d+|\\d+\\.\\d+)+x",
    "^(\\d+\\s?)+$",
    "((?:\\w+\\.)*)+@",
    "(([^,]*),)*x",
    "(a|b|ab)*bc",
    "(?:a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?)+z",
    "(.+)+あ$",
    "(あ+)+い$",
    "(?:あ|い|あい)+う",
    "[あ-ん]*[あ-ん]*[あ-ん]*！$",
    "\\p{L}+\\p{L}+\\p{L}+\\p{L}+z",
    "(\\p{Hiragana}*)*z",
    "(?:(?:(?:(?:a+)+)+)+)+z",
    "\\b(\\w+\\b\\W*)+z",
    "(a{500}b?){2}c",
};
#define REDOS_COUNT (sizeof REDOS / sizeof REDOS[0])
_Static_assert(REDOS_COUNT == 50, "the requirement says 50 patterns");

typedef struct SubjectPlan {
    const char *unit;
    size_t times;
    const char *end;
} SubjectPlan;

/* Each ends with what patterns need last, so that PCRE2 can't see at once that there is no match.
 */
static const SubjectPlan SUBJECT_PLANS[] = {{"a", 31, "!Xbcxyz=:@う"},
                                            {"a", 20000, "Xbxyz"},
                                            {"ab", 1000, "!cxyz:"},
                                            {"12 3.4 foo.bar, x@y  ", 500, "\n!zbcう"},
                                            {"あ", 3000, "ん！ううz"}};
#define SUBJECT_COUNT (sizeof SUBJECT_PLANS / sizeof SUBJECT_PLANS[0])
_Static_assert(SUBJECT_COUNT == 5, "the requirement says 5 subjects");

static Str subject_of(const SubjectPlan *plan)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < plan->times; i++) {
        buf_add(&buf, str_from(plan->unit));
    }
    buf_add(&buf, str_from(plan->end));
    Str subject;
    assert_ok(buf_finish(&buf, &subject));
    return subject;
}

static int64_t cpu_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* 'm' match, 'n' no match, 'c' costly. */
static char verdict_of(const char *text, Str subject, int64_t *ret_cpu_us)
{
    int64_t start_us = cpu_us();
    Pattern *pattern = NULL;
    assert_ok(pattern_compile_in(arena, "q", str_from(text), &pattern));
    bool is_match = false;
    Error error = pattern_matches(pattern, subject, &is_match);
    *ret_cpu_us = cpu_us() - start_us;
    if (FAILED(error)) {
        assert_int_equal(error.reason, REASON_PATTERN_COSTLY);
        return 'c';
    }
    return is_match ? 'm' : 'n';
}

#ifdef MUSUBI_SANITIZED
#define CPU_US_MAX 500000 /* the sanitizers' share is not the pattern's */
#else
#define CPU_US_MAX 50000
#endif

static void test_no_pattern_costs_much(void **state)
{
    (void)state;
    size_t verdicts[256] = {0};
    int64_t worst_us = 0;
    for (size_t i = 0; i < REDOS_COUNT; i++) {
        for (size_t j = 0; j < SUBJECT_COUNT; j++) {
            arena_reset(arena);
            int64_t spent_us = 0;
            char verdict = verdict_of(REDOS[i], subject_of(&SUBJECT_PLANS[j]), &spent_us);
            verdicts[(unsigned char)verdict]++;
            worst_us = spent_us > worst_us ? spent_us : worst_us;
            if (spent_us >= CPU_US_MAX) {
                fail_msg("%s on subject %zu takes %lld us", REDOS[i], j, (long long)spent_us);
            }
            if (getenv("MUSUBI_VERBOSE") != NULL) {
                print_message("%c %8lld us %zu %s\n", verdict, (long long)spent_us, j, REDOS[i]);
            }
        }
    }
    print_message("match %zu, no match %zu, costly %zu; worst %lld us\n", verdicts['m'],
                  verdicts['n'], verdicts['c'], (long long)worst_us);
    assert_true(verdicts['c'] > 50); /* the list is a list of costly patterns */
    assert_true(verdicts['m'] > 10 && verdicts['n'] > 10);
}

/* PCRE2's own limit counts anew from each place where a match could begin: here no single try comes
 * near it, and the whole would take seconds. */
static void test_tries_are_counted_together(void **state)
{
    (void)state;
    bool is_match = false;
    Str subject = subject_of(&(SubjectPlan){"a", 2000, "Xb"});
    assert_fails(pattern_matches(compiled("a{0,45}a{0,45}a{0,45}b"), subject, &is_match),
                 PATTERN_COSTLY);
    /* one item that runs over the subject from each place: few steps, many bytes */
    subject = subject_of(&(SubjectPlan){"a", 100000, "Xb"});
    assert_fails(pattern_matches(compiled("a*+b"), subject, &is_match), PATTERN_COSTLY);
}

/* What ordinary questions cost must stay far from the limit. */
static void test_ordinary_patterns_are_not_costly(void **state)
{
    (void)state;
    static const char *const ORDINARY[] = {
        "加西", ".*foo.*bar", "^\\s*[a-z]+$", "[0-9]{3}-[0-9]{4}", "(?i)station|park|library",
        "foo$"};
    Str subject = subject_of(&(SubjectPlan){"いこいの広場 park no. 12, ", 200, "foo"});
    for (size_t i = 0; i < sizeof ORDINARY / sizeof ORDINARY[0]; i++) {
        Pattern *pattern = compiled(ORDINARY[i]);
        for (int n = 0; n < 20; n++) {
            bool is_match = false;
            assert_ok(pattern_matches(pattern, subject, &is_match));
        }
    }
}

static Error spend_all(Pattern *pattern, Str subject)
{
    Error error = OK;
    for (int i = 0; i < 100000 && !FAILED(error); i++) {
        bool is_match = false;
        error = pattern_matches(pattern, subject, &is_match);
    }
    return error;
}

/* 42,000 subjects of a cheap match each must not add up to minutes. */
static void test_matches_of_one_request_are_counted_together(void **state)
{
    (void)state;
    Str subject = subject_of(&(SubjectPlan){"a", 70, "Xb"});
    Pattern *pattern = compiled("a{0,30}a{0,30}b");
    bool is_match = false;
    assert_ok(pattern_matches(pattern, subject, &is_match));
    assert_fails(spend_all(pattern, subject), PATTERN_COSTLY);
    assert_fails(pattern_matches(pattern, STR("a"), &is_match), PATTERN_COSTLY);
}

/* --- memory --- */

static void test_memory_comes_from_the_arena(void **state)
{
    (void)state;
    size_t budget = 64;
    Error error = FAIL(BUDGET_EXCEEDED, NULL);
    while (FAILED(error)) {
        Arena *small = arena_new(budget);
        Pattern *pattern = NULL;
        bool is_match = false;
        error = pattern_compile_in(small, "q", STR("(a|b)+c"), &pattern);
        if (!FAILED(error)) {
            error = pattern_matches(pattern, STR("ababc"), &is_match);
        }
        if (FAILED(error)) {
            assert_int_equal(error.reason, REASON_BUDGET_EXCEEDED);
        } else {
            assert_true(is_match);
        }
        (void)arena_free(small);
        budget += 64;
    }
    assert_true(budget < (size_t)64 << 10);
}

/* --- whatever comes --- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static Str random_pattern(uint64_t *random, char *text, size_t room)
{
    static const char *const PIECES[] = {
        "a",    "b",    ".",     "*",         "+",   "?",    "(",     ")",   "[",
        "]",    "^",    "$",     "|",         "\\",  "{2}",  "{1,3}", "(?:", "(?=",
        "(?<!", "(?i)", "[^",    "-",         "\\d", "\\w",  "あ",    "{",   "\\p{",
        "}",    "\\x{", "(?<n>", "[:alpha:]", "\\1", "(?R)", "(*",    "0",   "\xe3"};
    size_t n = 0;
    size_t pieces = next_random(random) % 24;
    for (size_t i = 0; i < pieces; i++) {
        const char *piece = PIECES[next_random(random) % (sizeof PIECES / sizeof PIECES[0])];
        size_t length = strlen(piece);
        if (n + length < room) {
            memcpy(text + n, piece, length);
            n += length;
        }
    }
    return str_bytes(text, n);
}

static void test_random_patterns_get_a_verdict(void **state)
{
    (void)state;
    const uint64_t seed = 20261124;
    print_message("seed %llu\n", (unsigned long long)seed);
    uint64_t random = seed;
    size_t compiled_count = 0;
    for (int i = 0; i < 20000; i++) {
        arena_reset(arena);
        char text[PATTERN_BYTES_MAX];
        Str pattern_source = random_pattern(&random, text, sizeof text);
        Pattern *pattern = NULL;
        Error error = pattern_compile_in(arena, "q", pattern_source, &pattern);
        if (FAILED(error)) {
            assert_int_equal(error.reason, REASON_PATTERN_INVALID);
            continue;
        }
        compiled_count++;
        bool is_match = false;
        error = pattern_matches(pattern, STR("abaab あa0bbb-aaabab"), &is_match);
        assert_true(!FAILED(error) || error.reason == REASON_PATTERN_COSTLY);
    }
    assert_true(compiled_count > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_matches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_subject_is_bytes_with_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pattern_is_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invalid_utf8_never_matches_and_never_harms, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_length_and_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_pattern_costs_much, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tries_are_counted_together, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ordinary_patterns_are_not_costly, setup, teardown),
        cmocka_unit_test_setup_teardown(test_matches_of_one_request_are_counted_together, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_memory_comes_from_the_arena, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_patterns_get_a_verdict, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
