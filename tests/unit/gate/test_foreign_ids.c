#include <string.h>

#include "foreign_ids.h"
#include "test_vault.h"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

/* What neppi-pay wrote, as sdgs may see it; {NULL, 0} when it can't be said. */
static Str said(const char *json, bool is_relationship)
{
    VaultCall call = test_call(&vault);
    const ViewEyes eyes = {.client = STR("sdgs"), .epoch = 1, .person_name = STR("member-5")};
    Str text = str_from(json);
    bool is_said = false;
    assert_ok(foreign_ids_render(vault.arena, &call, &eyes, STR("neppi-pay"), is_relationship,
                                 &text, &is_said));
    vault_call_close(&call);
    return is_said ? text : (Str){.p = NULL, .n = 0};
}

static bool has(Str text, const char *part)
{
    return strstr(str_z(vault.arena, text), part) != NULL;
}

static void ids_of_persons_go_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const VALUES[] = {
        "\"urn:ngsi-ld:Person:np-77\"",
        "\"URN:NGSI-LD:PERSON:np-77\"",
        "\"\\u0075rn:ngsi-ld:Person:np-77\"",
        "\"urn:ngsi-ld:PointAccount:np-77\"",
        "[1,\"urn:ngsi-ld:Person:np-77\"]",
        "[[{\"a\":[\"urn:ngsi-ld:Person:np-77\"]}]]",
        "{\"a\":{\"b\":\"urn:ngsi-ld:Person:np-77\"}}",
        "{\"urn:ngsi-ld:Person:np-77\":true}",
    };
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        Str text = said(VALUES[i], false);
        assert_non_null(text.p);
        assert_false(has(text, "np-77"));
        assert_true(has(text, "urn:ngsi-ld:P"));
    }
}

static void what_names_nobody_stays_to_the_byte(void **state)
{
    (void)state;
    static const char *const VALUES[] = {
        "2.0",
        "null",
        "\"acc-1\"",
        "\"urn:ngsi-ld:PublicToilet:1\"",
        "\"urn:ngsi-ld:Person\"",
        "\"urn:ngsi-ld:Person:\"",
        "{\"a\":[1.50,{},[],\"urn:ngsi-ld:PublicToilet:7\",-0.0e1,\"\\n\"]}",
    };
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        assert_str(said(VALUES[i], false), VALUES[i]);
    }
}

static void a_relationship_is_said_in_known_forms_or_not_at_all(void **state)
{
    (void)state;
    static const char *const UNSAID[] = {
        "\"acc-1\"",
        "\"urn:ngsi-ld:NoSuchType:1\"",
        "[\"urn:ngsi-ld:Person:np-77\",\"acc-1\"]",
        "{\"object\":\"acc-1\"}",
        "7",
        "null",
    };
    for (size_t i = 0; i < sizeof UNSAID / sizeof UNSAID[0]; i++) {
        assert_null(said(UNSAID[i], true).p);
    }
    assert_str(said("\"urn:ngsi-ld:PublicToilet:1\"", true), "\"urn:ngsi-ld:PublicToilet:1\"");
    assert_str(said("[\"urn:ngsi-ld:AED:1\"]", true), "[\"urn:ngsi-ld:AED:1\"]");
    Str list = said("[\"urn:ngsi-ld:Person:np-77\",\"urn:ngsi-ld:AED:1\"]", true);
    assert_true(has(list, "urn:ngsi-ld:AED:1") && !has(list, "np-77"));
}

/* The caller can compare what it may know, and nothing beyond. */
static void one_id_is_always_said_alike(void **state)
{
    (void)state;
    Str alone = said("\"urn:ngsi-ld:PointAccount:a\"", true);
    Str inside = said("[\"urn:ngsi-ld:PointAccount:a\"]", false);
    assert_str_eq(str_slice(inside, 1, alone.n), alone);
    assert_false(str_eq(said("\"urn:ngsi-ld:PointAccount:b\"", true), alone));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_persons_go_wherever_they_stand),
        cmocka_unit_test(what_names_nobody_stays_to_the_byte),
        cmocka_unit_test(a_relationship_is_said_in_known_forms_or_not_at_all),
        cmocka_unit_test(one_id_is_always_said_alike),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
