/* The type registry: the shipped schemas, and what a faulty schema file is refused for. */
#include "type_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "fake_ports.h"

typedef struct Fixture {
    char folder[64];
    Arena *arena;
    int files;
} Fixture;

static int setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new((size_t)4 << 20);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/musubi-types-XXXXXX");
    *state = fixture;
    return fixture->arena == NULL || mkdtemp(fixture->folder) == NULL ? -1 : 0;
}

static void path_of(const Fixture *fixture, int file, char path[96])
{
    (void)snprintf(path, 96, "%s/%d.json", fixture->folder, file);
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    char path[96];
    for (int i = 0; i < fixture->files; i++) {
        path_of(fixture, i, path);
        (void)unlink(path);
    }
    (void)rmdir(fixture->folder);
    (void)arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void add_schema(Fixture *fixture, const char *text)
{
    char path[96];
    path_of(fixture, fixture->files++, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
}

static Error load(Fixture *fixture, TypeRegistry **ret_registry)
{
    return type_registry_load(ports_system(), fixture->folder, fixture->arena, ret_registry);
}

static const char *shipped_folder(char path[512])
{
    const char *source = getenv("MUSUBI_SOURCE");
    (void)snprintf(path, 512, "%s/schemas/entities", source == NULL ? "." : source);
    return path;
}

static void test_shipped_types(void **state)
{
    Fixture *fixture = *state;
    char folder[512];
    CLEANUP(type_registry_free) TypeRegistry *registry = NULL;
    assert_ok(
        type_registry_load(ports_system(), shipped_folder(folder), fixture->arena, &registry));
    static const struct {
        const char *name;
        bool is_personal;
        const char *subject;
    } types[] = {{"AED", false, ""},
                 {"HealthActivity", true, "refPerson"},
                 {"Person", true, ""},
                 {"PointAccount", true, "refPerson"},
                 {"PublicFacility", false, ""},
                 {"PublicToilet", false, ""}};
    assert_int_equal(type_registry_count(registry), sizeof types / sizeof types[0]);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const EntityTypeSpec *spec = type_registry_at(registry, i);
        assert_str(spec->name, types[i].name);
        assert_int_equal(spec->is_personal, types[i].is_personal);
        assert_str(spec->subject_attribute, types[i].subject);
        assert_ptr_equal(type_registry_find(registry, str_from(types[i].name)), spec);
    }
    assert_null(type_registry_find(registry, STR("person")));
    assert_null(type_registry_at(registry, 6));
}

/* The 28 items of the national user model, by their English names. */
static void test_person_has_the_28_items(void **state)
{
    static const char *const names[] = {"buildingNameEtc",
                                        "cityAndCounty",
                                        "cityBlock",
                                        "contactPointEmailAddress",
                                        "contactPointPhoneNumber",
                                        "contactPointRemarks",
                                        "contactPointUrl",
                                        "dateOfBirth",
                                        "dateOfDeath",
                                        "familyName",
                                        "familyNameEn",
                                        "familyNameKana",
                                        "fullAddress",
                                        "fullName",
                                        "fullNameEn",
                                        "fullNameKana",
                                        "givenName",
                                        "givenNameEn",
                                        "givenNameKana",
                                        "idGroup",
                                        "localGovernmentCode",
                                        "nationality",
                                        "postalCode",
                                        "prefecture",
                                        "remarks",
                                        "sex",
                                        "streetAddress",
                                        "streetAddressId"};
    Fixture *fixture = *state;
    char folder[512];
    CLEANUP(type_registry_free) TypeRegistry *registry = NULL;
    assert_ok(
        type_registry_load(ports_system(), shipped_folder(folder), fixture->arena, &registry));
    const EntityTypeSpec *person = type_registry_find(registry, STR("Person"));
    assert_int_equal(person->attribute_count, 28);
    for (size_t i = 0; i < 28; i++) {
        assert_str(person->attributes[i].name, names[i]);
        assert_true(person->attributes[i].label_ja.n > 0);
        assert_true(person->attributes[i].padding_bytes >= 512);
    }
    assert_true(entity_type_attribute(person, STR("fullAddress"))->padding_bytes >= 2048);
    assert_null(entity_type_attribute(person, STR("nope")));
}

#define SCHEMA(members_) "{\"type\":\"T\",\"label_ja\":\"型\"," members_ "}"
#define ATTRIBUTES "\"attributes\":{\"a\":{\"type\":\"Text\",\"label_ja\":\"項目\"}}"

static const struct {
    const char *schema;
    const char *told; /* part of the argument */
} FAULTS[] = {
    {"{", "the whole"},
    {"[]", "the whole: an object"},
    {SCHEMA("\"personal\":false," ATTRIBUTES ",\"colour\":1"),
     "colour: a schema has no such member"},
    {"{\"label_ja\":\"型\",\"personal\":false," ATTRIBUTES "}", "type: a text is needed"},
    {"{\"type\":\"T T\",\"label_ja\":\"型\",\"personal\":false," ATTRIBUTES "}",
     "type: an NGSI entity type"},
    {"{\"type\":\"T\",\"personal\":false," ATTRIBUTES "}", "label_ja: a text is needed"},
    {SCHEMA(ATTRIBUTES), "personal: true or false"},
    {SCHEMA("\"personal\":\"no\"," ATTRIBUTES), "personal: true or false"},
    {SCHEMA("\"personal\":false"), "attributes: an object"},
    {SCHEMA("\"personal\":false,\"attributes\":{}"), "attributes: an object"},
    {SCHEMA(
         "\"personal\":false,\"attributes\":{\"type\":{\"type\":\"Text\",\"label_ja\":\"種別\"}}"),
     "type: an attribute can't have this name"},
    {SCHEMA("\"personal\":false,\"attributes\":{\"id\":{\"type\":\"Text\",\"label_ja\":\"番号\"}}"),
     "id: an attribute can't have this name"},
    {SCHEMA("\"personal\":false,\"attributes\":{\"a b\":{\"type\":\"Text\",\"label_ja\":\"x\"}}"),
     "a b: an attribute can't"},
    {SCHEMA("\"personal\":false,\"attributes\":{\"a\":1}"), "a: an attribute is an object"},
    {SCHEMA("\"personal\":false,\"attributes\":{\"a\":{\"type\":\"Text\",\"label_ja\":\"x\","
            "\"padding\":-1}}"),
     "a: padding"},
    {SCHEMA("\"personal\":false,\"attributes\":{\"a\":{\"type\":\"Text\",\"label_ja\":\"x\","
            "\"pading\":1}}"),
     "pading: a schema has no"},
    {SCHEMA("\"personal\":false,\"subject\":\"id\"," ATTRIBUTES), "subject: a public type"},
    {SCHEMA("\"personal\":true," ATTRIBUTES), "subject: a text is needed"},
    {SCHEMA("\"personal\":true,\"subject\":\"refPerson\"," ATTRIBUTES),
     "subject: \"id\" or an attribute"},
    {SCHEMA("\"personal\":true,\"subject\":\"a\"," ATTRIBUTES), "subject: \"id\" or an attribute"},
};

static void test_faults_are_named(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        fixture->files = 0;
        add_schema(fixture, FAULTS[i].schema);
        TypeRegistry *registry = NULL;
        Error error = load(fixture, &registry);
        assert_fails(error, SCHEMA_INVALID);
        assert_null(registry);
        if (strstr(error.argument, FAULTS[i].told) == NULL ||
            strstr(error.argument, "0.json") == NULL) {
            fail_msg("told \"%s\", wanted \"%s\"", error.argument, FAULTS[i].told);
        }
    }
}

static void test_same_type_twice_in_any_case_is_refused(void **state)
{
    Fixture *fixture = *state;
    TypeRegistry *registry = NULL;
    add_schema(fixture, SCHEMA("\"personal\":false," ATTRIBUTES));
    add_schema(fixture, "{\"type\":\"t\",\"label_ja\":\"型\",\"personal\":false," ATTRIBUTES "}");
    assert_fails(load(fixture, &registry), SCHEMA_INVALID);
}

static void test_empty_and_missing_folders(void **state)
{
    Fixture *fixture = *state;
    CLEANUP(type_registry_free) TypeRegistry *registry = NULL;
    assert_ok(load(fixture, &registry));
    assert_int_equal(type_registry_count(registry), 0);
    assert_null(type_registry_find(registry, STR("T")));
    TypeRegistry *none = NULL;
    assert_fails(type_registry_load(ports_system(), "/nonexistent/musubi", fixture->arena, &none),
                 FILE_MISSING);
}

/* Whichever file call fails first: an error, nothing leaked, and the same load works afterwards. */
static void test_failing_files(void **state)
{
    Fixture *fixture = *state;
    FakePorts fake;
    fake_ports_init(&fake, 1);
    add_schema(fixture, SCHEMA("\"personal\":true,\"subject\":\"id\"," ATTRIBUTES));
    for (uint64_t nth = 1;; nth++) {
        CLEANUP(type_registry_free) TypeRegistry *registry = NULL;
        fake_ports_fail(&fake, (FakeFault){.call = FAKE_ANY, .nth = nth});
        Error error = type_registry_load(&fake.ports, fixture->folder, fixture->arena, &registry);
        if (fake_faults_hit(&fake) == 0) {
            assert_ok(error);
            assert_true(nth > 2);
            break;
        }
        /* A failing close after a whole read loses nothing. */
        assert_true(FAILED(error) || registry != NULL);
    }
    fake_ports_done(&fake);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shipped_types),
        TEST(test_person_has_the_28_items),
        TEST(test_faults_are_named),
        TEST(test_same_type_twice_in_any_case_is_refused),
        TEST(test_empty_and_missing_folders),
        TEST(test_failing_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
