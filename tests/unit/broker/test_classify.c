/* Types and ids: personal, public or unlisted by the registry alone, and no look-alike is ever
 * public. */
#include "classify.h"

#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static int setup(void **state)
{
    const char *source = getenv("MUSUBI_SOURCE");
    char folder[512];
    (void)snprintf(folder, sizeof folder, "%s/schemas/entities", source == NULL ? "." : source);
    Arena *arena = arena_new((size_t)1 << 16);
    TypeRegistry *registry = NULL;
    Error error = type_registry_load(ports_system(), folder, arena, &registry);
    (void)arena_free(arena);
    *state = registry;
    return FAILED(error) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)type_registry_free(*state);
    return 0;
}

static void test_types(void **state)
{
    static const struct {
        const char *type;
        TypeClass strict;
        TypeClass open;
    } rows[] = {
        {"Person", TYPE_PERSONAL, TYPE_PERSONAL}, {"PointAccount", TYPE_PERSONAL, TYPE_PERSONAL},
        {"AED", TYPE_PUBLIC, TYPE_PUBLIC},        {"Room", TYPE_UNLISTED, TYPE_PUBLIC},
        {"aed", TYPE_UNLISTED, TYPE_PUBLIC},      {"person", TYPE_UNLISTED, TYPE_UNLISTED},
        {"PERSON", TYPE_UNLISTED, TYPE_UNLISTED}, {"pointaccount", TYPE_UNLISTED, TYPE_UNLISTED},
        {"Persons", TYPE_UNLISTED, TYPE_PUBLIC},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Classifier strict = {.types = *state, .are_unlisted_public = false};
        const Classifier open = {.types = *state, .are_unlisted_public = true};
        assert_int_equal(classify_type(&strict, str_from(rows[i].type)), rows[i].strict);
        assert_int_equal(classify_type(&open, str_from(rows[i].type)), rows[i].open);
    }
}

static void test_ids(void **state)
{
    const Classifier classifier = {.types = *state, .are_unlisted_public = true};
    static const char *const personal[] = {"urn:ngsi-ld:Person:k-1",
                                           "urn:ngsi-ld:Person:", "URN:ngsi-LD:pErSoN:1",
                                           "urn:ngsi-ld:PointAccount:a:b"};
    static const char *const others[] = {
        "urn:ngsi-ld:AED:1",     "urn:ngsi-ld:Person",    "Person:1", "urn:ngsi-ld:",
        "xurn:ngsi-ld:Person:1", "urn:ngsi-ld:Persons:1", "",         "urn:ngsi-ld::1"};
    for (size_t i = 0; i < sizeof personal / sizeof personal[0]; i++) {
        const EntityTypeSpec *spec = classify_id(&classifier, str_from(personal[i]));
        assert_non_null(spec);
        assert_true(spec->is_personal);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_null(classify_id(&classifier, str_from(others[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_types), cmocka_unit_test(test_ids)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
