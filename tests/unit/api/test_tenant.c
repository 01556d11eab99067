/* Fiware-Service: Orion's rules and words. */
#include <string.h>

#include "check.h"
#include "tenant.h"

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

static Error read_tenant(const char *value, Str *ret_tenant)
{
    HttpHeader header = {.name = STR("fiware-SERVICE"), .value = str_from(value)};
    Request request = {.arena = arena, .headers = &header, .header_count = value == NULL ? 0 : 1};
    return tenant_read(&request, ret_tenant);
}

static void test_tenants(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {NULL, ""},
        {"", ""},
        {"kasai", "kasai"},
        {"KaSai_2", "kasai_2"},
        {"01234567890123456789012345678901234567890123456789",
         "01234567890123456789012345678901234567890123456789"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Str tenant;
        assert_ok(read_tenant(CASES[i][0], &tenant));
        assert_str(tenant, CASES[i][1]);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {"a.b", "a-b", "a b", "/", "a/b", "\xe7\xb5\x90", "a,b", "$"};
    Str tenant;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_fails(read_tenant(BAD[i], &tenant), TENANT_BAD_CHARACTER);
    }
    assert_fails(read_tenant("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &tenant),
                 TENANT_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenants),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
