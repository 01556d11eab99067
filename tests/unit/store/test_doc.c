/* Document bodies: the bytes are BSON as libbson writes it; damaged bytes are refused or read as
 * something else, but never past their end. */
#include <bson/bson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "doc.h"
#include "doc_select.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

/* Members of all kinds and a list of two records. */
static DocBody sample(void)
{
    DocWriter *writer = doc_writer_in(arena, 3);
    DocBody body = {STR_EMPTY};
    assert_non_null(writer);
    doc_put_int(writer, "n", INT64_MIN);
    doc_put_text(writer, "t", STR("\xe7\xb5\x90\xe3\x81\xb3"));
    doc_put_bytes(writer, "b", str_bytes("\0\1\377", 3));
    doc_open_list(writer, "l");
    doc_next_item(writer);
    doc_put_text(writer, "n", STR("first"));
    doc_next_item(writer);
    doc_close_list(writer);
    doc_put_text(writer, "e", STR_EMPTY);
    assert_ok(doc_finish(writer, &body));
    return body;
}

static void bytes_are_those_of_libbson(void **state)
{
    (void)state;
    bson_t *bson = bson_new();
    bson_t list;
    bson_t item;
    assert_true(BSON_APPEND_INT32(bson, "f", 3));
    assert_true(BSON_APPEND_INT64(bson, "n", INT64_MIN));
    assert_true(BSON_APPEND_UTF8(bson, "t", "\xe7\xb5\x90\xe3\x81\xb3"));
    assert_true(BSON_APPEND_BINARY(bson, "b", BSON_SUBTYPE_BINARY, (const uint8_t *)"\0\1\377", 3));
    assert_true(BSON_APPEND_ARRAY_BEGIN(bson, "l", &list));
    assert_true(BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &item));
    assert_true(BSON_APPEND_UTF8(&item, "n", "first"));
    assert_true(bson_append_document_end(&list, &item));
    assert_true(BSON_APPEND_DOCUMENT_BEGIN(&list, "1", &item));
    assert_true(bson_append_document_end(&list, &item));
    assert_true(bson_append_array_end(bson, &list));
    assert_true(BSON_APPEND_UTF8(bson, "e", ""));
    assert_str_eq(sample().bytes, str_bytes(bson_get_data(bson), bson->len));
    assert_true(doc_is_sound(sample()));
    bson_destroy(bson);
}

static void what_was_put_comes_back(void **state)
{
    (void)state;
    DocBody body = sample();
    DocBody *items = NULL;
    int32_t format = 0;
    int64_t n = 0;
    Str text = STR_EMPTY;
    size_t count = 0;
    assert_ok(doc_format(body, &format));
    assert_int_equal(format, 3);
    assert_ok(doc_get_int(body, "n", &n));
    assert_true(n == INT64_MIN);
    assert_ok(doc_get_text(body, "t", &text));
    assert_str_eq(text, STR("\xe7\xb5\x90\xe3\x81\xb3"));
    assert_ok(doc_get_bytes(body, "b", &text));
    assert_str_eq(text, str_bytes("\0\1\377", 3));
    assert_ok(doc_get_text(body, "e", &text));
    assert_int_equal(text.n, 0);
    assert_ok(doc_get_list(body, "l", arena, &items, &count));
    assert_int_equal(count, 2);
    assert_ok(doc_get_text(items[0], "n", &text));
    assert_str_eq(text, STR("first"));
    assert_false(doc_has(items[1], "n"));
}

static void missing_and_other_kinds_are_corrupt(void **state)
{
    (void)state;
    DocBody body = sample();
    DocBody *items = NULL;
    int64_t n = 77;
    Str text = STR("untouched");
    size_t count = 0;
    assert_fails(doc_get_int(body, "none", &n), STORE_CORRUPT);
    assert_fails(doc_get_int(body, "t", &n), STORE_CORRUPT);
    assert_fails(doc_get_int(body, "f", &n), STORE_CORRUPT);
    assert_fails(doc_get_text(body, "b", &text), STORE_CORRUPT);
    assert_fails(doc_get_bytes(body, "t", &text), STORE_CORRUPT);
    assert_fails(doc_get_list(body, "t", arena, &items, &count), STORE_CORRUPT);
    assert_int_equal(n, 77);
    assert_str_eq(text, STR("untouched"));
    assert_false(doc_has(body, "none"));
    assert_false(doc_has(body, "N"));
    assert_true(doc_has(body, "l"));
}

#define MEMBER_MISUSES 8
#define LIST_MISUSES 6

/* In whatever order they are asked for; what is not asked for is passed over. */
static void fields_are_read_in_one_pass(void **state)
{
    (void)state;
    DocBody body = sample();
    DocField fields[] = {{.name = "e", .kind = DOC_TEXT},
                         {.name = "n", .kind = DOC_INT},
                         {.name = "b", .kind = DOC_BYTES}};
    assert_ok(doc_get_fields(body, fields, 3));
    assert_int_equal(fields[0].bytes.n, 0);
    assert_int_equal(fields[1].number, INT64_MIN);
    assert_str_eq(fields[2].bytes, str_bytes("\0\1\377", 3));
    assert_ok(doc_get_fields(body, fields, 0));
    fields[1].kind = DOC_TEXT;
    assert_fails(doc_get_fields(body, fields, 3), STORE_CORRUPT);
    fields[1] = (DocField){.name = "none", .kind = DOC_INT};
    assert_fails(doc_get_fields(body, fields, 3), STORE_CORRUPT);
    fields[1] = (DocField){.name = "n", .kind = DOC_INT};
    fields[2] = fields[1]; /* there is one */
    assert_fails(doc_get_fields(body, fields, 3), STORE_CORRUPT);
}

static void misuse_member(DocWriter *writer, int misuse)
{
    static const char *const NAMES[] = {"f", "a.b", "$set", "", "a b"};
    static const Str TEXTS[] = {STR_INIT("a\0b"), STR_INIT("\xff"), STR_INIT("\xc0\x80")};
    if (misuse < 5) {
        doc_put_int(writer, NAMES[misuse], 1);
    } else {
        doc_put_text(writer, "a", TEXTS[misuse - 5]);
    }
}

static void misuse_list(DocWriter *writer, int misuse)
{
    switch (misuse) {
    case 0:
        doc_close_list(writer);
        return;
    case 1:
        doc_next_item(writer);
        return;
    case 2:
        doc_open_list(writer, "a");
        return;
    case 3:
        doc_open_list(writer, "a");
        doc_put_int(writer, "b", 1);
        break;
    case 4:
        doc_open_list(writer, "a");
        doc_next_item(writer);
        doc_open_list(writer, "b");
        break;
    default:
        doc_open_list(writer, "a");
        doc_next_item(writer);
        doc_put_int(writer, "b", 1);
        doc_put_int(writer, "b", 2);
        break;
    }
    doc_close_list(writer);
}

/* Each misuse on a fresh writer; doc_finish must tell. */
static void misuse_sticks(void **state)
{
    (void)state;
    for (int misuse = 0; misuse < MEMBER_MISUSES + LIST_MISUSES; misuse++) {
        DocWriter *writer = doc_writer_in(arena, 1);
        DocBody body = {STR("untouched")};
        if (misuse < MEMBER_MISUSES) {
            misuse_member(writer, misuse);
        } else {
            misuse_list(writer, misuse - MEMBER_MISUSES);
        }
        doc_put_int(writer, "z", 1);
        assert_fails(doc_finish(writer, &body), STORE_MISUSE);
        assert_str(body.bytes, "untouched");
    }
}

static void item_names_start_anew(void **state)
{
    (void)state;
    DocWriter *writer = doc_writer_in(arena, 1);
    DocBody body = {STR_EMPTY};
    DocBody *items = NULL;
    int64_t n = 0;
    size_t count = 0;
    doc_open_list(writer, "a");
    for (int64_t i = 0; i < 12; i++) {
        doc_next_item(writer);
        doc_put_int(writer, "a", i);
    }
    doc_close_list(writer);
    assert_ok(doc_finish(writer, &body));
    assert_fails(doc_finish(writer, &body), STORE_MISUSE);
    assert_ok(doc_get_list(body, "a", arena, &items, &count));
    assert_int_equal(count, 12);
    assert_ok(doc_get_int(items[11], "a", &n));
    assert_int_equal(n, 11);
}

static void members_have_a_limit(void **state)
{
    (void)state;
    static char names[DOC_MEMBERS_MAX][24];
    for (size_t most = DOC_MEMBERS_MAX - 1; most <= DOC_MEMBERS_MAX; most++) {
        DocWriter *writer = doc_writer_in(arena, 1);
        DocBody body = {STR_EMPTY};
        for (size_t i = 0; i < most; i++) {
            (void)snprintf(names[i], sizeof names[i], "m%zu", i);
            doc_put_int(writer, names[i], (int64_t)i);
        }
        Error error = doc_finish(writer, &body);
        assert_int_equal(FAILED(error), most == DOC_MEMBERS_MAX);
    }
}

static void small_arena_is_told(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *small = arena_new(4096);
    DocWriter *writer = doc_writer_in(small, 1);
    DocBody body = {STR_EMPTY};
    char big[8192];
    memset(big, 'x', sizeof big);
    assert_non_null(writer);
    doc_put_text(writer, "a", str_bytes(big, sizeof big));
    doc_open_list(writer, "l");
    doc_next_item(writer);
    doc_close_list(writer);
    assert_fails(doc_finish(writer, &body), BUDGET_EXCEEDED);
}

static void read_all(DocBody body)
{
    static const char *const NAMES[] = {"f", "n", "t", "b", "l", "e", "none"};
    static const char *const SOME[] = {"f", "l"};
    int64_t n = 0;
    int32_t format = 0;
    Str text = STR_EMPTY;
    DocBody *items = NULL;
    size_t count = 0;
    DocBody part;
    size_t read = 0;
    read += !FAILED(doc_format(body, &format));
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        read += !FAILED(doc_get_int(body, NAMES[i], &n));
        read += !FAILED(doc_get_text(body, NAMES[i], &text));
        read += !FAILED(doc_get_bytes(body, NAMES[i], &text));
        if (!FAILED(doc_get_list(body, NAMES[i], arena, &items, &count)) && count > 0) {
            read += !FAILED(doc_get_text(items[0], "n", &text));
        }
    }
    DocField fields[] = {{.name = "t", .kind = DOC_TEXT}, {.name = "n", .kind = DOC_INT}};
    read += !FAILED(doc_get_fields(body, fields, 2));
    read += !FAILED(doc_select_in(arena, body, SOME, 2, &part));
    read += doc_is_sound(body);
    assert_true(read <= 100);
}

/* Every cut and every flipped bit, in memory of exactly that size: the sanitizer sees a read past
 * the end. */
static void damage_is_harmless(void **state)
{
    (void)state;
    Str whole = sample().bytes;
    for (size_t n = 0; n <= whole.n; n++) {
        char *copy = malloc(n + (n == 0));
        memcpy(copy, whole.p, n);
        DocBody body = {str_bytes(copy, n)};
        read_all(body);
        assert_int_equal(doc_is_sound(body), n == whole.n);
        free(copy);
    }
    for (size_t bit = 0; bit < whole.n * 8; bit++) {
        char *copy = malloc(whole.n);
        memcpy(copy, whole.p, whole.n);
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        read_all((DocBody){str_bytes(copy, whole.n)});
        free(copy);
    }
}

/* Whole BSON that no DocWriter makes. The last ones are what libbson's own check lets pass. */
static void other_bson_is_not_sound(void **state)
{
    (void)state;
    static const Str BODIES[] = {
        STR_INIT("\5\0\0\0\0"),
        STR_INIT("\x10\0\0\0\x12"
                 "f\0\1\0\0\0\0\0\0\0\0"),
        STR_INIT("\x13\0\0\0\x10"
                 "f\0\1\0\0\0\x10"
                 "a\0\1\0\0\0\0"),
        STR_INIT("\x15\0\0\0\x10"
                 "f\0\1\0\0\0\1"
                 "a\0\0\0\0\0\0\0\0\0\0"),
        STR_INIT("\x0d\0\0\0\x10"
                 "f\0\1\0\0\0\0\0"),
        STR_INIT("\x11\0\0\0\x10"
                 "f\0\1\0\0\0\0"
                 "abcd\0"),
        STR_INIT("\x15\0\0\0\x10"
                 "f\0\1\0\0\0\2"
                 "a\0\2\0\0\0\xff\0\0"),
        STR_INIT("\x10\0\0\0\x10"
                 "f\0\1\0\0\0\x42"
                 "a\0\0"),
    };
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        assert_false(doc_is_sound((DocBody){BODIES[i]}));
    }
    assert_true(doc_is_sound((DocBody){STR("\x0c\0\0\0\x10"
                                           "f\0\1\0\0\0\0")}));
}

static void selection_keeps_order_and_bytes(void **state)
{
    (void)state;
    static const char *const ALL[] = {"e", "l", "b", "t", "n", "f"};
    static const char *const SOME[] = {"t", "f", "t", "none"};
    DocBody part;
    Str text = STR_EMPTY;
    assert_ok(doc_select_in(arena, sample(), ALL, 6, &part));
    assert_str_eq(part.bytes, sample().bytes);
    assert_ok(doc_select_in(arena, sample(), SOME, 4, &part));
    assert_true(doc_is_sound(part));
    assert_ok(doc_get_text(part, "t", &text));
    assert_false(doc_has(part, "n"));
    assert_ok(doc_select_in(arena, sample(), SOME, 0, &part));
    assert_int_equal(part.bytes.n, 5);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bytes_are_those_of_libbson),
        TEST(what_was_put_comes_back),
        TEST(missing_and_other_kinds_are_corrupt),
        TEST(fields_are_read_in_one_pass),
        TEST(misuse_sticks),
        TEST(item_names_start_anew),
        TEST(members_have_a_limit),
        TEST(small_arena_is_told),
        TEST(damage_is_harmless),
        TEST(other_bson_is_not_sound),
        TEST(selection_keeps_order_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
