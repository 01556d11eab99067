/* What a write does to an entity: each kind of write as a real Orion was recorded to do it, the
 * metadata and times, the one location, and what must not be looked at. */
#include "entity_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* --- one write -------------------------------------------------------------------------------- */

typedef struct Case {
    EntityWriteKind kind;
    const char *before; /* NULL: no entity */
    const char *asked;
    const char *after;   /* NULL: no entity */
    ErrorReason refusal; /* REASON_NONE: none */
    bool is_changed;
} Case;

static Str names_of(StrList names)
{
    Str joined = STR_EMPTY;
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < names.count; i++) {
        buf_add(&buf, i > 0 ? STR(" ") : STR_EMPTY);
        buf_add(&buf, names.items[i]);
    }
    assert_ok(buf_finish(&buf, &joined));
    return joined;
}

static void check_after(const Case *one, const EntityWrite *write, const Entity *before,
                        const EntityEdit *edit)
{
    bool is_there = edit->is_deleted ? false : before != NULL || edit->is_created;
    assert_int_equal(is_there, one->after != NULL);
    if (is_there) {
        Entity after;
        assert_ok(entity_update_result_in(arena, write, before, edit, NOW, &after));
        assert_str(text_of(arena, &after), one->after);
        assert_int_equal(after.modified_us, edit->is_changed ? NOW : THEN);
        assert_int_equal(after.created_us, before == NULL ? NOW : THEN);
    }
}

static void check_case(const Case *one)
{
    EntityWrite write = write_of(arena, one->kind, one->asked);
    Entity before;
    const Entity *there = NULL;
    EntityEdit edit;
    if (one->before != NULL) {
        before = entity_of(arena, one->before);
        there = &before;
    }
    assert_ok(entity_update_plan(arena, &write, there, NOW, &edit));
    assert_int_equal(edit.outcome.refusal.reason, one->refusal);
    assert_int_equal(edit.outcome.was_there, there != NULL);
    assert_int_equal(edit.is_changed, one->is_changed);
    check_after(one, &write, there, &edit);
}

static void check_cases(const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        print_message("  %s -> %s\n", cases[i].before == NULL ? "(nothing)" : cases[i].before,
                      cases[i].asked);
        check_case(&cases[i]);
    }
}

#define CHECK_CASES(cases_) check_cases((cases_), sizeof(cases_) / sizeof(cases_)[0])
#define FINE REASON_NONE

static void test_create(void **state)
{
    (void)state;
    static const Case cases[] = {
        {ENTITY_CREATE, NULL, "a=1 b=\"x\"", "a:Number=1 b:Text=\"x\"", FINE, true},
        {ENTITY_CREATE, NULL, "", "", FINE, true},
        {ENTITY_CREATE, NULL, "z=1 a:Foo=null", "a:Foo=null z:Number=1", FINE, true},
        {ENTITY_CREATE, NULL, "b=true o={} l=[] z=null f=-1.5 s=\"\"",
         "b:Boolean=true f:Number=-1.5 l:StructuredValue=[] o:StructuredValue={} s:Text=\"\" "
         "z:None=null",
         FINE, true},
        {ENTITY_CREATE, "a:Number=1", "x=1", "a:Number=1", REASON_ENTITY_EXISTS, false},
        {ENTITY_CREATE, NULL, "n={\"$inc\":1} u={\"$unset\":{\"a\":1}}", "n:Number=1", FINE, true},
        {ENTITY_CREATE, NULL, "n={\"$min\":5}", "n:Number=0", FINE, true},
    };
    CHECK_CASES(cases);
}

static void test_upsert(void **state)
{
    (void)state;
    static const Case cases[] = {
        {ENTITY_UPSERT, NULL, "x=1", "x:Number=1", FINE, true},
        {ENTITY_UPSERT, "a:Number=1", "x=1", "a:Number=1 x:Number=1", FINE, true},
        {ENTITY_UPSERT, "a:Number=1", "a:Text=\"n\"", "a:Text=\"n\"", FINE, true},
        {ENTITY_UPSERT, "a:Number=1", "a:Number=1", "a:Number=1", FINE, false},
        {ENTITY_UPSERT, "a:Number=1", "", "a:Number=1", FINE, false},
        {ENTITY_UPSERT_STRICT, NULL, "x=1", "x:Number=1", FINE, true},
        {ENTITY_UPSERT_STRICT, "a:Number=1", "a=11 d=1", "a:Number=1 d:Number=1",
         REASON_ATTRIBUTES_EXIST, true},
        {ENTITY_UPSERT_STRICT, "a:Number=1", "a=11", "a:Number=1", REASON_ATTRIBUTES_EXIST, false},
    };
    CHECK_CASES(cases);
}

static void test_append(void **state)
{
    (void)state;
    static const Case cases[] = {
        {ENTITY_APPEND, NULL, "a=1", NULL, REASON_ENTITY_NOT_FOUND, false},
        {ENTITY_APPEND, "h:Number=3", "h:Number=5 n:Text=\"new\"", "h:Number=5 n:Text=\"new\"",
         FINE, true},
        {ENTITY_APPEND_STRICT, "h:Number=5", "h=6 m:Text=\"m\"", "h:Number=5 m:Text=\"m\"",
         REASON_ATTRIBUTES_EXIST, true},
        {ENTITY_APPEND_STRICT, "h:Number=5", "k:Number=6", "h:Number=5 k:Number=6", FINE, true},
        {ENTITY_APPEND_STRICT, NULL, "k=6", NULL, REASON_ENTITY_NOT_FOUND, false},
        {ENTITY_APPEND, "a:Number=1", "n={\"$inc\":2}", "a:Number=1 n:Number=2", FINE, true},
        {ENTITY_APPEND, "a:Number=1", "n={\"$min\":5}", "a:Number=1 n:Number=5", FINE, true},
        {ENTITY_APPEND, "a:Number=1", "n={\"$pull\":2}", "a:Number=1", FINE, false},
    };
    CHECK_CASES(cases);
}

static void test_update(void **state)
{
    (void)state;
    static const Case cases[] = {
        {ENTITY_UPDATE, NULL, "a=1", NULL, REASON_ENTITY_NOT_FOUND, false},
        {ENTITY_UPDATE, "h:Number=5", "h:Number=7", "h:Number=7", FINE, true},
        {ENTITY_UPDATE, "h:Number=7", "h=8 x=1 y=1", "h:Number=8", REASON_ATTRIBUTES_MISSING, true},
        {ENTITY_UPDATE, "h:Number=7", "x=1", "h:Number=7", REASON_ATTRIBUTES_MISSING, false},
        {ENTITY_UPDATE, "h:Number=7", "h:Text=\"t\"", "h:Text=\"t\"", FINE, true},
        {ENTITY_UPDATE, "h:Foo=7", "h=[1]", "h:Foo=[1]", FINE, true},
        {ENTITY_UPDATE, "h:Foo=7", "h=7", "h:Foo=7", FINE, false},
        {ENTITY_UPDATE, "h:Foo=7", "h:Bar=7", "h:Bar=7", FINE, true},
        {ENTITY_UPDATE, "h:Number=2.0", "h=2", "h:Number=2", FINE, true},
        {ENTITY_UPDATE, "n:Number=10", "n={\"$inc\":2}", "n:Number=12", FINE, true},
        {ENTITY_UPDATE, "n:Number=10", "n={\"$max\":2}", "n:Number=10", FINE, false},
        {ENTITY_UPDATE, "n:Number=10", "n={\"$foo\":1}", "n:Number={\"$foo\":1}", FINE, true},
        {ENTITY_UPDATE, "n:Number=10", "x={\"$inc\":\"a\"}", "n:Number=10",
         REASON_ATTRIBUTES_MISSING, false},
    };
    CHECK_CASES(cases);
}

static void test_replace(void **state)
{
    (void)state;
    static const Case cases[] = {
        {ENTITY_REPLACE, NULL, "a=1", NULL, REASON_ENTITY_NOT_FOUND, false},
        {ENTITY_REPLACE, "h:Number=5 k:Text=\"x\"", "only:Number=1", "only:Number=1", FINE, true},
        {ENTITY_REPLACE, "h:Foo=5 k:Text=\"x\"", "h=1", "h:Number=1", FINE, true},
        {ENTITY_REPLACE, "h:Number=5", "", "", FINE, true},
        {ENTITY_REPLACE, "n:Number=5", "n={\"$inc\":2}", "n:Number=2", FINE, true},
        {ENTITY_REPLACE, "n:Number=5", "n={\"$max\":-2}", "n:Number=0", FINE, true},
        {ENTITY_REPLACE, "n:Number=5 m:Number=1", "n={\"$unset\":{\"a\":1}} m=2", "m:Number=2",
         FINE, true},
    };
    CHECK_CASES(cases);
}

static void test_delete(void **state)
{
    (void)state;
    static const Case cases[] = {
        {ENTITY_DELETE, "a:Number=1", "", NULL, FINE, true},
        {ENTITY_DELETE, "", "", NULL, FINE, true},
        {ENTITY_DELETE, NULL, "", NULL, REASON_ENTITY_NOT_FOUND, false},
        {ENTITY_DELETE_ATTRIBUTES, "a:Number=1 b:Number=2", "a", "b:Number=2", FINE, true},
        {ENTITY_DELETE_ATTRIBUTES, "a:Number=1", "a", "", FINE, true},
        {ENTITY_DELETE_ATTRIBUTES, "a:Number=1", "z", "a:Number=1", REASON_ATTRIBUTES_MISSING,
         false},
        {ENTITY_DELETE_ATTRIBUTES, "a:Number=1 b:Number=2", "z a y", "b:Number=2",
         REASON_ATTRIBUTES_MISSING, true},
        {ENTITY_DELETE_ATTRIBUTES, NULL, "a", NULL, REASON_ENTITY_NOT_FOUND, false},
    };
    CHECK_CASES(cases);
}

static void test_names_in_the_order_sent(void **state)
{
    (void)state;
    EntityWrite write = write_of(arena, ENTITY_UPDATE, "z=1 a=2 b=3");
    Entity before = entity_of(arena, "a:Number=1");
    EntityEdit edit;
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    assert_str(names_of(edit.outcome.names), "z b");
    assert_true(edit.outcome.is_applied);
    write = write_of(arena, ENTITY_UPSERT_STRICT, "z=1 a=2 b=3");
    before = entity_of(arena, "b:Number=1 z:Number=1");
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    assert_str(names_of(edit.outcome.names), "z b");
}

/* --- metadata and times ----------------------------------------------------------------------- */

static const Metadata OLD_METADATA[] = {
    {STR_INIT("u"), STR_INIT("Text"), STR_INIT("\"x\"")},
    {STR_INIT("v"), STR_INIT("Text"), STR_INIT("\"y\"")},
};

static const Metadata NEW_METADATA[] = {
    {STR_INIT("u"), STR_INIT("Number"), STR_INIT("1")},
    {STR_INIT("w"), STR_INIT("Text"), STR_INIT("\"q\"")},
};

/* Tells a:Number=1 with u and v, anew with the first `count` of `metadata`. */
static EntityEdit told_again(const char *value, bool overrides, const Metadata *metadata,
                             size_t count)
{
    static Entity before;
    EntityEdit edit;
    before = entity_of(arena, "a:Number=1");
    before.attributes[0].metadata = OLD_METADATA;
    before.attributes[0].metadata_count = 2;
    EntityWrite write = write_of(arena, ENTITY_UPDATE, "a:Number=1");
    write.overrides_metadata = overrides;
    write.entity.attributes[0].value = str_from(value);
    write.entity.attributes[0].metadata = metadata;
    write.entity.attributes[0].metadata_count = count;
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    return edit;
}

static void test_metadata_are_sticky_and_merged(void **state)
{
    (void)state;
    EntityEdit edit = told_again("2", false, NULL, 0);
    assert_int_equal(edit.put_count, 1);
    assert_int_equal(edit.put[0].metadata_count, 2);
    edit = told_again("3", false, NEW_METADATA, 2);
    const Attribute *put = &edit.put[0];
    assert_int_equal(put->metadata_count, 3);
    assert_str(put->metadata[0].value, "1");
    assert_str(put->metadata[0].type, "Number");
    assert_str(put->metadata[1].name, "v");
    assert_str(put->metadata[2].name, "w");
    assert_str(OLD_METADATA[0].value, "\"x\"");
}

static void test_metadata_overridden(void **state)
{
    (void)state;
    EntityEdit edit = told_again("4", true, NEW_METADATA, 1);
    assert_int_equal(edit.put[0].metadata_count, 1);
    assert_str(edit.put[0].metadata[0].name, "u");
    edit = told_again("1", true, NULL, 0);
    assert_int_equal(edit.put_count, 1);
    assert_int_equal(edit.put[0].metadata_count, 0);
}

static void test_nothing_new_is_no_change(void **state)
{
    (void)state;
    assert_int_equal(told_again("1", false, NULL, 0).put_count, 0);
    assert_int_equal(told_again("1", false, OLD_METADATA, 1).put_count, 0);
    assert_int_equal(told_again("1", true, OLD_METADATA, 2).put_count, 0);
    assert_int_equal(told_again("1", false, NEW_METADATA, 1).put_count, 1);
    EntityEdit edit = told_again("1", false, NULL, 0);
    assert_false(edit.is_changed);
    assert_true(edit.outcome.is_applied);
}

static void test_times(void **state)
{
    (void)state;
    EntityEdit edit = told_again("2", false, NULL, 0);
    assert_int_equal(edit.put[0].created_us, THEN);
    assert_int_equal(edit.put[0].modified_us, NOW);
    EntityWrite write = write_of(arena, ENTITY_REPLACE, "a:Number=1");
    Entity before = entity_of(arena, "a:Number=1");
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    assert_int_equal(edit.put[0].created_us, NOW);
    assert_int_equal(edit.put[0].modified_us, NOW);
}

/* What stands where nobody may look. */
static Str forbidden(void)
{
    return (Str){.p = (const char *)(uintptr_t)8, .n = 100};
}

static void test_unnamed_attributes_are_never_looked_at(void **state)
{
    (void)state;
    static const EntityWriteKind kinds[] = {
        ENTITY_UPSERT, ENTITY_UPSERT_STRICT,     ENTITY_APPEND,  ENTITY_APPEND_STRICT,
        ENTITY_UPDATE, ENTITY_DELETE_ATTRIBUTES, ENTITY_REPLACE, ENTITY_DELETE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        Entity before = entity_of(arena, "a:Number=1 hidden");
        before.attributes[1].value = forbidden();
        before.attributes[1].type = forbidden();
        before.attributes[1].metadata = (const Metadata *)(uintptr_t)8;
        before.attributes[1].metadata_count = 3;
        EntityWrite write = write_of(arena, kinds[i], "a:Number={\"$inc\":1} n=2");
        EntityEdit edit;
        assert_false(entity_update_needs_all(&write));
        assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    }
}

static void test_the_default_type_of_entities(void **state)
{
    (void)state;
    EntityWrite write = write_of(arena, ENTITY_UPSERT, "a=1");
    EntityEdit edit;
    Entity after;
    write.entity.type = STR_EMPTY;
    assert_ok(entity_update_plan(arena, &write, NULL, NOW, &edit));
    assert_str(edit.outcome.type, "Thing");
    assert_ok(entity_update_result_in(arena, &write, NULL, &edit, NOW, &after));
    assert_str(after.type, "Thing");
    assert_str(after.service_path, "/");
    Entity before = entity_of(arena, "a:Number=1");
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    assert_str(edit.outcome.type, "T");
}

/* --- the one location ------------------------------------------------------------------------- */

static const Metadata IGNORED[] = {{STR_INIT("ignoreType"), STR_INIT("Boolean"), STR_INIT("true")}};

typedef struct PlaceCase {
    EntityWriteKind kind;
    const char *before;
    const char *asked;
    ErrorReason reason;
} PlaceCase;

#define P1 "geo:point=\"1,1\""
#define P2 "geo:point=\"2,2\""

static void test_one_location(void **state)
{
    (void)state;
    static const PlaceCase cases[] = {
        {ENTITY_CREATE, NULL, "loc:" P1, FINE},
        {ENTITY_CREATE, NULL, "loc:" P1 " loc2:" P2, REASON_LOCATION_SECOND},
        {ENTITY_UPSERT, NULL, "loc:" P1 " loc2:geo:json=null", FINE},
        {ENTITY_UPDATE, "loc:" P1 " loc2:geo:point=null", "loc2=\"2,2\"", REASON_LOCATION_SECOND},
        {ENTITY_APPEND, "loc:" P1, "loc2:" P2, REASON_LOCATION_SECOND},
        {ENTITY_APPEND, "loc:" P1, "loc:" P2, FINE},
        {ENTITY_APPEND, "loc:" P1, "other=1", FINE},
        {ENTITY_APPEND, "loc:" P1, "loc:Text=\"x\" loc2:" P2, FINE},
        {ENTITY_APPEND, "x:Number=1", "loc2:" P2, FINE},
        {ENTITY_UPDATE, "loc:" P1 " b:Number=1", "b:" P2, REASON_LOCATION_SECOND},
        {ENTITY_UPDATE, "loc:" P1, "loc=\"3,3\"", FINE},
        {ENTITY_REPLACE, "loc:" P1, "loc2:" P2, FINE},
        {ENTITY_REPLACE, "loc:" P1, "loc2:" P2 " loc3:" P2, REASON_LOCATION_SECOND},
        {ENTITY_CREATE, NULL, "loc:geo:point=\"abc\"", REASON_GEO_VALUE},
        {ENTITY_UPDATE, "loc:" P1, "loc=\"95,10\"", REASON_GEO_VALUE},
        {ENTITY_UPDATE, "loc:" P1, "missing:" P2, FINE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  %s\n", cases[i].asked);
        EntityWrite write = write_of(arena, cases[i].kind, cases[i].asked);
        Entity before = entity_of(arena, cases[i].before == NULL ? "" : cases[i].before);
        EntityEdit edit;
        Error error =
            entity_update_plan(arena, &write, cases[i].before == NULL ? NULL : &before, NOW, &edit);
        assert_int_equal(error.reason, cases[i].reason);
    }
}

static void test_informative_places(void **state)
{
    (void)state;
    EntityEdit edit;
    EntityWrite write = write_of(arena, ENTITY_CREATE, "loc:" P1 " loc2:" P2);
    write.entity.attributes[1].metadata = IGNORED;
    write.entity.attributes[1].metadata_count = 1;
    assert_ok(entity_update_plan(arena, &write, NULL, NOW, &edit));
    Entity before = entity_of(arena, "loc:" P1 " loc2:" P2);
    before.attributes[1].metadata = IGNORED;
    before.attributes[1].metadata_count = 1;
    write = write_of(arena, ENTITY_UPDATE, "loc2=\"3,3\"");
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    write.overrides_metadata = true;
    assert_true(entity_update_needs_all(&write));
    assert_fails(entity_update_plan(arena, &write, &before, NOW, &edit), LOCATION_SECOND);
}

static void test_who_needs_all(void **state)
{
    (void)state;
    EntityWrite write = write_of(arena, ENTITY_APPEND, "loc:" P1);
    assert_true(entity_update_needs_all(&write));
    write.kind = ENTITY_UPDATE;
    assert_true(entity_update_needs_all(&write));
    write.kind = ENTITY_REPLACE;
    assert_false(entity_update_needs_all(&write));
    write = write_of(arena, ENTITY_APPEND, "a:Text=\"geo\" b=1");
    assert_false(entity_update_needs_all(&write));
    write = write_of(arena, ENTITY_UPDATE, "a=\"1,1\"");
    assert_true(entity_update_needs_all(&write));
}

/* --- memory ----------------------------------------------------------------------------------- */

static Error plan_and_result(Arena *small, const EntityWrite *write, const Entity *before)
{
    EntityEdit edit;
    Entity after;
    TRY(entity_update_plan(small, write, before, NOW, &edit));
    TRY(entity_update_result_in(small, write, before, &edit, NOW, &after));
    EntityBatch batch = {.writes = write, .count = 1};
    return entity_outcomes_error(small, &batch, &edit.outcome);
}

static void test_memory_runs_out_anywhere(void **state)
{
    (void)state;
    Entity before = entity_of(arena, "n:Number=1 loc:" P1);
    EntityWrite write = write_of(arena, ENTITY_UPDATE, "n={\"$inc\":0.5} loc:" P2 " missing=1");
    Error error = OK;
    for (size_t budget = 0; error.reason != REASON_PARTIAL_UPDATE; budget += 16) {
        CLEANUP(arena_free) Arena *small = arena_new(budget);
        error = plan_and_result(small, &write, &before);
        if (error.reason != REASON_PARTIAL_UPDATE) {
            assert_fails(error, BUDGET_EXCEEDED);
        }
        assert_true(budget < 1 << 20);
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_upsert),
        TEST(test_append),
        TEST(test_update),
        TEST(test_replace),
        TEST(test_delete),
        TEST(test_names_in_the_order_sent),
        TEST(test_metadata_are_sticky_and_merged),
        TEST(test_metadata_overridden),
        TEST(test_nothing_new_is_no_change),
        TEST(test_times),
        TEST(test_unnamed_attributes_are_never_looked_at),
        TEST(test_the_default_type_of_entities),
        TEST(test_one_location),
        TEST(test_informative_places),
        TEST(test_who_needs_all),
        TEST(test_memory_runs_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
