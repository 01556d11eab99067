/* The reader of canonical bytes: what the Buf wrote comes back, and no cut or lie gets through. */
#include <string.h>

#include "byte_reader.h"
#include "check.h"

/* u8 7 | u32 | u64 | LP "names" | u32 count 2, LP "a", LP "" | three raw bytes */
static Str written(Arena *arena)
{
    Str bytes = STR_EMPTY;
    Buf buf = buf_in(arena);
    buf_add_char(&buf, 7);
    buf_add_u32be(&buf, 0xfffefdfc);
    buf_add_u64be(&buf, 0x0102030405060708);
    buf_add_lp(&buf, STR("names"));
    buf_add_u32be(&buf, 2);
    buf_add_lp(&buf, STR("a"));
    buf_add_lp(&buf, STR(""));
    buf_add(&buf, STR("raw"));
    assert_ok(buf_finish(&buf, &bytes));
    return bytes;
}

/* Reads all of it; true when the reader says that everything was there. */
static bool read_all(Str bytes, Str *ret_raw)
{
    ByteReader reader = byte_reader(bytes);
    (void)byte_take_u8(&reader);
    (void)byte_take_u32(&reader);
    (void)byte_take_u64(&reader);
    (void)byte_take_lp(&reader);
    size_t count = byte_take_count(&reader, 4);
    for (size_t i = 0; i < count; i++) {
        (void)byte_take_lp(&reader);
    }
    *ret_raw = byte_take(&reader, 3);
    return byte_reader_is_done(&reader);
}

static void what_was_written_comes_back(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(4096);
    ByteReader reader = byte_reader(written(arena));
    assert_int_equal(byte_take_u8(&reader), 7);
    assert_int_equal(byte_take_u32(&reader), 0xfffefdfc);
    assert_true(byte_take_u64(&reader) == 0x0102030405060708);
    assert_str(byte_take_lp(&reader), "names");
    assert_int_equal(byte_take_count(&reader, 4), 2);
    assert_str(byte_take_lp(&reader), "a");
    assert_int_equal(byte_take_lp(&reader).n, 0);
    assert_false(byte_reader_is_done(&reader));
    assert_str(byte_take(&reader, 3), "raw");
    assert_true(byte_reader_is_done(&reader));
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(4096);
    Str whole = written(arena);
    Str raw = STR_EMPTY;
    for (size_t n = 0; n < whole.n; n++) {
        assert_false(read_all(str_slice(whole, 0, n), &raw));
        assert_int_equal(raw.n, 0);
    }
    assert_true(read_all(whole, &raw));
}

static void a_failure_sticks(void **state)
{
    (void)state;
    ByteReader reader = byte_reader(STR("\0\0\0\1x"));
    (void)byte_take_u64(&reader);
    assert_int_equal(byte_take_u8(&reader), 0);
    assert_int_equal(byte_take_lp(&reader).n, 0);
    assert_int_equal(byte_take(&reader, 1).n, 0);
    assert_false(byte_reader_is_done(&reader));
}

static void a_count_that_can_not_be_true_is_refused(void **state)
{
    (void)state;
    ByteReader reader = byte_reader(STR("\xff\xff\xff\xff\0\0\0\0"));
    assert_int_equal(byte_take_count(&reader, 4), 0);
    assert_true(reader.has_failed);
    reader = byte_reader(STR("\0\0\0\1\0\0\0\0"));
    assert_int_equal(byte_take_count(&reader, 4), 1);
    assert_false(reader.has_failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_comes_back),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(a_failure_sticks),
        cmocka_unit_test(a_count_that_can_not_be_true_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
