/* test_store_contract expected [kind]: runs every case of the store contract on one adapter
 * (sqlite, or the kind that MUSUBI_TEST_STORE or the second argument names) and compares what the
 * cases wrote with the expected text.
 *
 * MUSUBI_TRANSCRIPT=path writes the transcript there instead: to look at it, and to take it over
 * when the contract grows. The expected text is one for all adapters, so that equal to it means
 * equal to each other. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "contract.h"

#define CASES_MAX 64
#define EXPECTED_BYTES_MAX ((size_t)4 << 20)
#define CASE_ARENA_BYTES ((size_t)64 << 20)

static const ContractCase *const TABLES[] = {CASES_COMMIT, CASES_FIND, CASES_LIMIT, CASES_SNAPSHOT,
                                             CASES_TOGETHER};
static const char *kind;
static Str expected;
static FILE *transcript;

/* The part of the expected text that stands under "## name". */
static char *expected_part(const char *name)
{
    char head[96];
    (void)snprintf(head, sizeof head, "## %s\n", name);
    const char *from = strstr(expected.p, head);
    if (from == NULL) {
        return strdup("(no such case in the expected text)");
    }
    from += strlen(head);
    const char *to = strstr(from, "\n## ");
    size_t n = to == NULL ? strlen(from) : (size_t)(to - from) + 1;
    return strndup(from, n);
}

static char *case_run(const ContractCase *one, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    Contract contract = {.kind = kind, .name = name};
    contract.out = open_memstream(&text, &size);
    contract.arena = arena_new(CASE_ARENA_BYTES);
    contract.store = contract_open(kind, name);
    one->run(&contract);
    contract.store = store_close(contract.store);
    contract.arena = arena_free(contract.arena);
    (void)fclose(contract.out); /* memory only */
    return text;
}

static void case_test(void **state)
{
    const ContractCase *one = *state;
    static int number = 0;
    char name[32];
    (void)snprintf(name, sizeof name, "case%d", ++number);
    char *text = case_run(one, name);
    if (transcript != NULL) {
        (void)fprintf(transcript, "## %s\n%s", one->name, text);
        free(text);
        return;
    }
    char *wanted = expected_part(one->name);
    assert_string_equal(text, wanted);
    free(wanted);
    free(text);
}

static size_t tests_collect(struct CMUnitTest *tests)
{
    size_t count = 0;
    for (size_t table = 0; table < sizeof TABLES / sizeof TABLES[0]; table++) {
        for (const ContractCase *one = TABLES[table]; one->name != NULL; one++) {
            union {
                const ContractCase *in;
                void *out;
            } state = {.in = one};
            assert_true(count < CASES_MAX);
            tests[count++] = (struct CMUnitTest){one->name, case_test, NULL, NULL, state.out};
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[CASES_MAX];
    if (argc < 2) {
        (void)fprintf(stderr, "usage: test_store_contract expected [kind]\n");
        return 2;
    }
    kind = argc > 2 ? argv[2] : contract_kind();
    CLEANUP(arena_free) Arena *arena = arena_new(EXPECTED_BYTES_MAX);
    MUST(file_read_in(ports_system()->file, arena, argv[1], EXPECTED_BYTES_MAX / 2, &expected));
    expected = str_from(str_z(arena, expected));
    const char *path = getenv("MUSUBI_TRANSCRIPT");
    transcript = path == NULL ? NULL : fopen(path, "w");
    size_t count = tests_collect(tests);
    int failed = _cmocka_run_group_tests("store contract", tests, count, NULL, NULL);
    if (transcript != NULL) {
        (void)fclose(transcript); /* a cut transcript shows when it is used */
    }
    contract_cleanup();
    return failed;
}
