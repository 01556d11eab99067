/* What is said of a request: Orion's words for one write and for many, to the letter. */
#include "check.h"
#include "entity_notation.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)16 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

/* --- the words -------------------------------------------------------------------------------- */

static void check_words(const EntityBatch *batch, const EntityOutcome *outcomes, int status,
                        const char *name, const char *wanted)
{
    char text[512];
    Error error = entity_outcomes_error(arena, batch, outcomes);
    (void)error_text(error, text, sizeof text);
    assert_string_equal(text, wanted);
    assert_int_equal(error_words(error.reason)->http_status, status);
    assert_string_equal(error_words(error.reason)->v2_error, name);
}

/* A write of E1 (T), of Nope, and so on, against "a:Number=1" where it is there. */
static EntityWrite write_to(EntityWriteKind kind, const char *id, const char *attributes)
{
    EntityWrite write = write_of(arena, kind, attributes);
    write.entity.id = str_from(id);
    return write;
}

static void check_batch(const EntityWrite *writes, const bool *there, size_t count, int status,
                        const char *name, const char *wanted)
{
    EntityOutcome outcomes[4];
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++) {
        Entity before = entity_of(arena, "a:Number=1");
        EntityEdit edit;
        assert_ok(entity_update_plan(arena, &writes[i], there[i] ? &before : NULL, NOW, &edit));
        outcomes[i] = edit.outcome;
    }
    EntityBatch batch = {.writes = writes, .count = count, .is_batch_call = true};
    check_words(&batch, outcomes, status, name, wanted);
}

static void test_words_of_one_write(void **state)
{
    (void)state;
    static const struct {
        EntityWriteKind kind;
        const char *before;
        const char *asked;
        int status;
        const char *name;
        const char *text;
    } cases[] = {
        {ENTITY_CREATE, "a:Number=1", "a=1", 422, "Unprocessable", "Already Exists"},
        {ENTITY_UPDATE, NULL, "a=1", 404, "NotFound",
         "The requested entity has not been found. Check type and id"},
        {ENTITY_DELETE, NULL, "", 404, "NotFound",
         "The requested entity has not been found. Check type and id"},
        {ENTITY_UPDATE, "h:Number=7", "h=8 missing1=1 missing2=1", 422, "PartialUpdate",
         "do not exist: E/T - [ missing1, missing2 ]"},
        {ENTITY_UPDATE, "h:Number=7", "missing1=1", 422, "Unprocessable",
         "do not exist: E/T - [ missing1 ]"},
        {ENTITY_APPEND_STRICT, "h:Number=5", "h=6 m=1", 422, "PartialUpdate",
         "one or more of the attributes in the request already exist: E/T - [ h ]"},
        {ENTITY_APPEND_STRICT, "h:Number=5", "h=6", 422, "Unprocessable",
         "one or more of the attributes in the request already exist: E/T - [ h ]"},
        {ENTITY_UPDATE, "h:Number=7", "h=8", 200, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EntityWrite write = write_of(arena, cases[i].kind, cases[i].asked);
        Entity before = entity_of(arena, cases[i].before == NULL ? "" : cases[i].before);
        EntityEdit edit;
        assert_ok(entity_update_plan(arena, &write, cases[i].before == NULL ? NULL : &before, NOW,
                                     &edit));
        EntityBatch batch = {.writes = &write, .count = 1};
        check_words(&batch, &edit.outcome, cases[i].status, cases[i].name, cases[i].text);
    }
}

static void test_words_of_a_batch(void **state)
{
    (void)state;
    const EntityWrite missing[] = {write_to(ENTITY_UPDATE, "Nope", "a=30"),
                                   write_to(ENTITY_UPDATE, "Nope2", "a=1")};
    check_batch(missing, (bool[]){false, false}, 1, 404, "NotFound",
                "do not exist: Nope/T - [entity itself]");
    check_batch(missing, (bool[]){false, false}, 2, 404, "NotFound",
                "do not exist: Nope/T - [entity itself], Nope2/T [entity itself]");
    check_batch(missing, (bool[]){true, false}, 2, 422, "PartialUpdate",
                "do not exist: Nope2/T - [entity itself]");
    const EntityWrite attributes[] = {write_to(ENTITY_UPDATE, "E1", "zz=1"),
                                      write_to(ENTITY_UPDATE, "E2", "y=1 a=2"),
                                      write_to(ENTITY_UPDATE, "Nope", "a=1")};
    check_batch(attributes, (bool[]){true}, 1, 422, "Unprocessable", "do not exist: E1/T - [ zz ]");
    check_batch(attributes, (bool[]){true, true, false}, 3, 422, "PartialUpdate",
                "do not exist: E1/T - [ zz ], E2/T - [ y ], Nope/T [entity itself]");
    const EntityWrite strict[] = {write_to(ENTITY_UPSERT_STRICT, "E1", "a=11 d=1"),
                                  write_to(ENTITY_UPSERT_STRICT, "E2", "a=1")};
    check_batch(strict, (bool[]){true, true}, 2, 422, "PartialUpdate",
                "one or more of the attributes in the request already exist: E1/T - [ a ], "
                "E2/T - [ a ]");
    check_batch(strict, (bool[]){false, true}, 2, 422, "PartialUpdate",
                "one or more of the attributes in the request already exist: E2/T - [ a ]");
    check_batch(strict, (bool[]){false, false}, 2, 200, "", "");
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words_of_one_write),
        TEST(test_words_of_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
