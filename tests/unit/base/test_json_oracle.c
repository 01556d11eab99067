/* The reader against jansson, the strictest reader at hand: over made-up and then damaged texts
 * both must agree on what is JSON, and on what it means. One difference is meant: jansson refuses
 * numbers that no double holds, the tape keeps their text. */
#include "json_oracle.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake_ports.h"
#include "json.h"

#define TEXTS 20000

/* --- making texts up --- */

typedef struct Maker {
    uint64_t random;
    Buf *buf;
} Maker;

static uint64_t draw(Maker *maker, uint64_t below)
{
    return fake_random_below(&maker->random, below);
}

static void add_one_of(Maker *maker, const Str *pieces, size_t count)
{
    buf_add(maker->buf, pieces[draw(maker, count)]);
}

static void make_blank(Maker *maker)
{
    static const Str BLANKS[] = {STR_INIT(""),   STR_INIT(""),   STR_INIT(""),     STR_INIT(" "),
                                 STR_INIT("\n"), STR_INIT("\t"), STR_INIT("\r\n ")};
    add_one_of(maker, BLANKS, sizeof BLANKS / sizeof BLANKS[0]);
}

static void make_string(Maker *maker)
{
    static const Str PIECES[] = {
        STR_INIT("a"),
        STR_INIT("b"),
        STR_INIT("name"),
        STR_INIT("\\n"),
        STR_INIT("\\\""),
        STR_INIT("\\\\"),
        STR_INIT("\\/"),
        STR_INIT("\\u0061"),
        STR_INIT("\\u3042"),
        STR_INIT("結"),
        STR_INIT("\\ud83d\\ude00"),
        STR_INIT("😀"),
        STR_INIT("é"),
        STR_INIT("{"),
        STR_INIT("]"),
        STR_INIT(","),
        STR_INIT("\\uFFFD"),
        STR_INIT("\\u0001"),
        STR_INIT("\x7f"),
        STR_INIT(" "),
    };
    buf_add_char(maker->buf, '"');
    for (uint64_t i = draw(maker, 5); i > 0; i--) {
        add_one_of(maker, PIECES, sizeof PIECES / sizeof PIECES[0]);
    }
    buf_add_char(maker->buf, '"');
}

static void make_number(Maker *maker)
{
    static const Str PIECES[] = {
        STR_INIT("0"),
        STR_INIT("-0"),
        STR_INIT("7"),
        STR_INIT("-12"),
        STR_INIT("1.0"),
        STR_INIT("0.1"),
        STR_INIT("1e2"),
        STR_INIT("-2.50E-3"),
        STR_INIT("1e+10"),
        STR_INIT("123456789"),
        STR_INIT("9007199254740993"),
        STR_INIT("12345678901234567890"),
        STR_INIT("34.927812345678901"),
        STR_INIT("1e400"),
        STR_INIT("01"),
        STR_INIT("1."),
    };
    /* the last three fit no double or are no numbers: now and then a text is wrong from the start
     */
    add_one_of(maker, PIECES, draw(maker, 40) == 0 ? 16 : 13);
}

static void make_value(Maker *maker, uint64_t depth);

static void make_container(Maker *maker, uint64_t depth, bool is_object)
{
    buf_add_char(maker->buf, is_object ? '{' : '[');
    for (uint64_t i = draw(maker, 5); i > 0; i--) {
        make_blank(maker);
        if (is_object) {
            make_string(maker);
            make_blank(maker);
            buf_add_char(maker->buf, ':');
        }
        make_value(maker, depth - 1);
        if (i > 1) {
            buf_add_char(maker->buf, ',');
        }
    }
    make_blank(maker);
    buf_add_char(maker->buf, is_object ? '}' : ']');
}

static void make_value(Maker *maker, uint64_t depth)
{
    static const Str LITERALS[] = {STR_INIT("null"), STR_INIT("true"), STR_INIT("false")};
    make_blank(maker);
    switch (draw(maker, depth == 0 ? 3 : 6)) {
    case 0:
        make_string(maker);
        break;
    case 1:
        make_number(maker);
        break;
    case 2:
        add_one_of(maker, LITERALS, 3);
        break;
    default:
        make_container(maker, depth, draw(maker, 2) == 0);
        break;
    }
    make_blank(maker);
}

/* A few bytes put elsewhere, doubled, lost or changed; never to NUL, which jansson lets end a
 * number. */
static void damage(Maker *maker, char *text, size_t *n)
{
    static const char BYTES[] = "{}[],:\"\\u0019eE+-. \n\x01\x7f\x80\xc0\xe3\xed\xf4\xff";
    for (uint64_t i = 1 + draw(maker, 3); i > 0 && *n > 0; i--) {
        size_t at = draw(maker, *n);
        switch (draw(maker, 3)) {
        case 0:
            text[at] = BYTES[draw(maker, sizeof BYTES - 1)];
            break;
        case 1:
            memmove(text + at, text + at + 1, *n - at - 1);
            (*n)--;
            break;
        default:
            text[at] = text[draw(maker, *n)];
            break;
        }
    }
}

/* --- what the tape says it means, in the oracle's words --- */

static void write_text(FILE *meaning, Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        (void)fprintf(meaning, "%02x", (unsigned char)text.p[i]);
    }
    (void)fputc(' ', meaning);
}

static void write_value(Arena *arena, FILE *meaning, JsonValue value);

static void write_container(Arena *arena, FILE *meaning, JsonValue container)
{
    JsonIter iter = json_iter(container);
    Str key;
    JsonValue child;
    (void)fputc(json_is(container, JSON_OBJECT) ? '{' : '[', meaning);
    while (json_next(&iter, &key, &child)) {
        if (key.p != NULL) {
            write_text(meaning, key);
        }
        write_value(arena, meaning, child);
    }
    (void)fputc(json_is(container, JSON_OBJECT) ? '}' : ']', meaning);
}

static void write_value(Arena *arena, FILE *meaning, JsonValue value)
{
    double number = 0;
    Str text;
    if (json_is(value, JSON_OBJECT) || json_is(value, JSON_ARRAY)) {
        write_container(arena, meaning, value);
    } else if (json_is(value, JSON_STRING)) {
        assert_ok(json_string_in(arena, value, &text));
        write_text(meaning, text);
    } else if (json_number(value, &number)) {
        (void)fprintf(meaning, "%a ", number);
    } else {
        (void)fputc(json_text(value).p[0], meaning);
    }
}

/* --- both on one text --- */

typedef struct Tally {
    int accepted;
    int refused;
    int numbers_kept;
} Tally;

static void compare_meanings(Arena *arena, JsonValue root, const char *theirs)
{
    char *ours = NULL;
    size_t ours_bytes = 0;
    FILE *meaning = open_memstream(&ours, &ours_bytes);
    write_value(arena, meaning, root);
    (void)fclose(meaning);
    assert_string_equal(ours, theirs);
    free(ours);
}

static void judge_both(Str text, Tally *tally)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    char *theirs = NULL;
    size_t theirs_bytes = 0;
    FILE *meaning = open_memstream(&theirs, &theirs_bytes);
    OracleVerdict verdict = oracle_judge(text, meaning);
    (void)fclose(meaning);
    JsonValue root;
    bool is_accepted = !FAILED(json_parse(arena, text, JSON_LIMITS_REQUEST, &root));
    /* behind a number that fits no double, jansson has read no further: what follows is not judged
     */
    if (verdict == ORACLE_HAS_NO_NUMBER) {
        tally->numbers_kept += is_accepted;
    } else if (is_accepted != (verdict == ORACLE_ACCEPTS)) {
        fail_msg("we %s: %.*s", is_accepted ? "accept" : "refuse", STR_FORMAT(text));
    } else if (is_accepted) {
        compare_meanings(arena, root, theirs);
        tally->accepted++;
    } else {
        tally->refused++;
    }
    free(theirs);
}

static void judge_made_up(Maker *maker, Tally *tally)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    Buf buf = buf_in(arena);
    Str text;
    maker->buf = &buf;
    make_value(maker, 4);
    assert_ok(buf_finish(&buf, &text));
    judge_both(text, tally);
    char *damaged = str_z(arena, text);
    damage(maker, damaged, &text.n);
    judge_both(str_bytes(damaged, text.n), tally);
}

static void test_both_agree_on_made_up_and_damaged_texts(void **state)
{
    (void)state;
    Maker maker = {.random = fake_seed("test_json_oracle")};
    Tally tally = {0};
    for (int i = 0; i < TEXTS; i++) {
        judge_made_up(&maker, &tally);
    }
    print_message("%d accepted, %d refused, %d accepted with numbers no double holds\n",
                  tally.accepted, tally.refused, tally.numbers_kept);
    /* a generator that makes only one kind would prove nothing */
    assert_true(tally.accepted > TEXTS / 4 && tally.refused > TEXTS / 4 && tally.numbers_kept > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_agree_on_made_up_and_damaged_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
