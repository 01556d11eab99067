#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "purpose.h"

#define WHOLE                                                                                      \
    "{\"code\":\"p\",\"version\":1,\"dpv\":\"https://w3id.org/"                                    \
    "dpv#X\",\"label_ja\":\"a\",\"text_ja\":\"b\","                                                \
    "\"text_easy_ja\":\"c\",\"legal_basis\":\"consent\",\"types\":{\"Person\":{\"attributes\":["   \
    "\"sex\"],"                                                                                    \
    "\"operations\":[\"read\"]}},\"services\":[\"kenko\"],\"validity_days\":365,\"retention_"      \
    "days\":30}"

typedef struct Folder {
    char path[64];
    Arena *arena;
    TypeRegistry *types;
} Folder;

static int setup(void **state)
{
    Folder *folder = calloc(1, sizeof *folder);
    assert_non_null(folder);
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/musubi-purpose-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->arena = arena_new((size_t)8 << 20);
    char schemas[512];
    (void)snprintf(schemas, sizeof schemas, "%.400s/schemas/entities", getenv("MUSUBI_SOURCE"));
    assert_ok(type_registry_load(ports_system(), schemas, folder->arena, &folder->types));
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    Folder *folder = *state;
    char file[80];
    (void)snprintf(file, sizeof file, "%.60s/p.json", folder->path);
    (void)unlink(file);
    (void)snprintf(file, sizeof file, "%.60s/q.json", folder->path);
    (void)unlink(file);
    (void)rmdir(folder->path);
    folder->types = type_registry_free(folder->types);
    folder->arena = arena_free(folder->arena);
    free(folder);
    return 0;
}

static void put(const Folder *folder, const char *name, const char *text)
{
    char file[80];
    (void)snprintf(file, sizeof file, "%.60s/%s", folder->path, name);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static Error load(const Folder *folder, PurposeRegistry **ret_registry)
{
    return purpose_registry_load(ports_system(), folder->path, folder->types, folder->arena,
                                 ret_registry);
}

static void a_whole_file_is_read(void **state)
{
    const Folder *folder = *state;
    put(folder, "p.json", WHOLE);
    PurposeRegistry *registry = NULL;
    assert_ok(load(folder, &registry));
    assert_int_equal(purpose_count(registry), 1);
    registry = purpose_registry_free(registry);
}

/* Replaces one part of the whole file; the refusal must name the file and the member. */
static void assert_refused(const Folder *folder, const char *part, const char *instead,
                           const char *member)
{
    const char *at = strstr(WHOLE, part);
    assert_non_null(at);
    char text[1024];
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - WHOLE), WHOLE, instead,
                   at + strlen(part));
    put(folder, "p.json", text);
    PurposeRegistry *registry = NULL;
    Error error = load(folder, &registry);
    assert_fails(error, SCHEMA_INVALID);
    assert_non_null(strstr(error.argument, "p.json"));
    assert_non_null(strstr(error.argument, member));
    assert_null(registry);
}

static void whatever_is_wrong_is_named(void **state)
{
    const Folder *folder = *state;
    assert_refused(folder, "\"code\":\"p\",", "", "code");
    assert_refused(folder, "\"code\":\"p\",", "\"code\":\"\",", "code");
    assert_refused(folder, "\"version\":1", "\"version\":0", "version");
    assert_refused(folder, "\"label_ja\"", "\"lable_ja\"", "lable_ja");
    assert_refused(folder, "\"text_easy_ja\":\"c\"", "\"text_easy_ja\":5", "text_easy_ja");
    assert_refused(folder, "\"Person\"", "\"AED\"", "AED");
    assert_refused(folder, "\"Person\"", "\"Ghost\"", "Ghost");
    assert_refused(folder, "\"sex\"", "\"shoeSize\"", "shoeSize");
    assert_refused(folder, "\"read\"", "\"sell\"", "sell");
    assert_refused(folder, "[\"kenko\"]", "[]", "services");
    assert_refused(folder, "365", "732", "validity_days");
    assert_refused(folder, "365", "1.5", "validity_days");
    assert_refused(folder, "\"code\"", "code", "the whole");
}

static void a_code_stands_once(void **state)
{
    const Folder *folder = *state;
    put(folder, "p.json", WHOLE);
    put(folder, "q.json", WHOLE);
    PurposeRegistry *registry = NULL;
    assert_fails(load(folder, &registry), SCHEMA_INVALID);
}

static void a_missing_folder_is_named(void **state)
{
    const Folder *folder = *state;
    PurposeRegistry *registry = NULL;
    Error error = purpose_registry_load(ports_system(), "/no/such/folder", folder->types,
                                        folder->arena, &registry);
    assert_fails(error, FILE_MISSING);
    assert_string_equal(error.argument, "/no/such/folder");
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_whole_file_is_read),
        CASE(whatever_is_wrong_is_named),
        CASE(a_code_stands_once),
        CASE(a_missing_folder_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
