/* What a write does to an entity: each kind of write as a real Orion was recorded to do it, its
 * words for what went wrong, the one location, and a naive model over random histories. */
#include "entity_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define NOW 2000
#define THEN 1000

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

/* --- entities in short notation: "a=1 b:Text=\"x\"" ------------------------------------------- */

#define ATTRIBUTES_MAX 16

static Attribute attribute_from(Str text)
{
    size_t equals = str_find(text, '=');
    Str head = str_slice(text, 0, equals);
    size_t colon = str_find(head, ':');
    return (Attribute){.name = str_slice(head, 0, colon),
                       .type = str_slice(head, colon + 1, head.n),
                       .value =
                           equals == text.n ? STR("null") : str_slice(text, equals + 1, text.n),
                       .created_us = THEN,
                       .modified_us = THEN};
}

static Entity entity_of(const char *text)
{
    Entity entity = {.id = STR("E"),
                     .type = STR("T"),
                     .service_path = STR("/"),
                     .created_us = THEN,
                     .modified_us = THEN};
    entity.attributes = ARENA_MANY(arena, Attribute, ATTRIBUTES_MAX);
    assert_non_null(entity.attributes);
    Str rest = str_from(text);
    Str part;
    while (rest.n > 0 && str_split(&rest, ' ', &part)) {
        entity.attributes[entity.attribute_count++] = attribute_from(part);
    }
    return entity;
}

static Str text_of(const Entity *entity)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        buf_add(&buf, i > 0 ? STR(" ") : STR_EMPTY);
        buf_add(&buf, attribute->name);
        buf_add_char(&buf, ':');
        buf_add(&buf, attribute->type);
        buf_add_char(&buf, '=');
        buf_add(&buf, attribute->value);
    }
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static EntityWrite write_of(EntityWriteKind kind, const char *attributes)
{
    return (EntityWrite){.kind = kind, .entity = entity_of(attributes)};
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
        assert_str(text_of(&after), one->after);
        assert_int_equal(after.modified_us, edit->is_changed ? NOW : THEN);
        assert_int_equal(after.created_us, before == NULL ? NOW : THEN);
    }
}

static void check_case(const Case *one)
{
    EntityWrite write = write_of(one->kind, one->asked);
    Entity before;
    const Entity *there = NULL;
    EntityEdit edit;
    if (one->before != NULL) {
        before = entity_of(one->before);
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
    EntityWrite write = write_of(ENTITY_UPDATE, "z=1 a=2 b=3");
    Entity before = entity_of("a:Number=1");
    EntityEdit edit;
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    assert_str(names_of(edit.outcome.names), "z b");
    assert_true(edit.outcome.is_applied);
    write = write_of(ENTITY_UPSERT_STRICT, "z=1 a=2 b=3");
    before = entity_of("b:Number=1 z:Number=1");
    assert_ok(entity_update_plan(arena, &write, &before, NOW, &edit));
    assert_str(names_of(edit.outcome.names), "z b");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
