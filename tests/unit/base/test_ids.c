/* Ids: the shape of RFC 9562, order in time, and nothing made without entropy. */
#include "ids.h"

#include <string.h>

#include "check.h"
#include "fake_ports.h"

static int setup(void **state)
{
    static FakePorts fake;
    fake_ports_init(&fake, 42);
    *state = &fake;
    return 0;
}

static int teardown(void **state)
{
    fake_ports_done(*state);
    return 0;
}

static void test_uuid_holds_time_version_and_variant(void **state)
{
    FakePorts *fake = *state;
    for (int i = 0; i < 500; i++) {
        uint8_t uuid[ID_UUID_BYTES];
        assert_ok(id_uuid7(&fake->ports, uuid));
        uint64_t ms = 0;
        for (int byte = 0; byte < 6; byte++) {
            ms = ms << 8 | uuid[byte];
        }
        assert_int_equal(ms, FAKE_START_US / 1000 + i);
        assert_int_equal(uuid[6] >> 4, 7);
        assert_int_equal(uuid[8] >> 6, 2);
        fake_clock_advance(fake, 1000);
    }
}

static void test_later_uuids_sort_later(void **state)
{
    FakePorts *fake = *state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    Str before = STR("");
    for (int i = 0; i < 500; i++) {
        Str now;
        assert_ok(id_uuid7_in(&fake->ports, arena, &now));
        assert_true(id_is_uuid(now));
        assert_true(str_compare(before, now) < 0);
        before = now;
        fake_clock_advance(fake, 1000);
    }
}

static void test_uuids_of_one_moment_differ(void **state)
{
    FakePorts *fake = *state;
    uint8_t a[ID_UUID_BYTES];
    uint8_t b[ID_UUID_BYTES];
    assert_ok(id_uuid7(&fake->ports, a));
    assert_ok(id_uuid7(&fake->ports, b));
    assert_memory_equal(a, b, 6);
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_uuid_text(void **state)
{
    (void)state;
    const uint8_t uuid[ID_UUID_BYTES] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
                                         0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char text[ID_UUID_TEXT_BYTES];
    id_uuid_text(uuid, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void test_uuid_shape(void **state)
{
    (void)state;
    assert_true(id_is_uuid(STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")));
    static const char *const BAD[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017F22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
        "017f22e279b0-7cc3-98c4--dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_false(id_is_uuid(str_from(BAD[i])));
    }
}

static void test_request_ids_and_random_hex(void **state)
{
    FakePorts *fake = *state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 16);
    char a[ID_REQUEST_TEXT_BYTES];
    char b[ID_REQUEST_TEXT_BYTES];
    assert_ok(id_request(&fake->ports, a));
    assert_ok(id_request(&fake->ports, b));
    assert_int_equal(strlen(a), 16);
    assert_int_equal(strspn(a, "0123456789abcdef"), 16);
    assert_string_not_equal(a, b);
    Str hex;
    assert_ok(id_random_hex_in(&fake->ports, arena, 64, &hex));
    assert_int_equal(hex.n, 128);
    assert_ok(id_random_hex_in(&fake->ports, arena, 0, &hex));
    assert_int_equal(hex.n, 0);
    assert_fails(id_random_hex_in(&fake->ports, arena, 65, &hex), INTERNAL);
}

static void test_without_entropy_nothing_is_made(void **state)
{
    FakePorts *fake = *state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 16);
    uint8_t uuid[ID_UUID_BYTES] = {0};
    const uint8_t untouched[ID_UUID_BYTES] = {0};
    char request[ID_REQUEST_TEXT_BYTES] = "untouched";
    Str text = STR("untouched");
    fake_entropy_fail(fake, 1);
    assert_fails(id_uuid7(&fake->ports, uuid), INTERNAL);
    fake_entropy_fail(fake, 1);
    assert_fails(id_uuid7_in(&fake->ports, arena, &text), INTERNAL);
    fake_entropy_fail(fake, 1);
    assert_fails(id_request(&fake->ports, request), INTERNAL);
    fake_entropy_fail(fake, 1);
    assert_fails(id_random_hex_in(&fake->ports, arena, 8, &text), INTERNAL);
    assert_memory_equal(uuid, untouched, sizeof uuid);
    assert_string_equal(request, "untouched");
    assert_str(text, "untouched");
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_uuid_holds_time_version_and_variant),
        TEST(test_later_uuids_sort_later),
        TEST(test_uuids_of_one_moment_differ),
        TEST(test_uuid_text),
        TEST(test_uuid_shape),
        TEST(test_request_ids_and_random_hex),
        TEST(test_without_entropy_nothing_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
