/* Random histories of writes against a naive model: values, types, metadata and times after each
 * step; nothing is put or removed without need; many attributes cost no more than their number. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "entity_notation.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)64 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

/* --- a naive model ---------------------------------------------------------------------------- */

#define SLOTS 5
#define NOTES 2
#define STEPS 20
#define HISTORIES 3000

/* One attribute: its value and type and notes (metadata) as small numbers; note 0 is none, type 0
 * is not given. */
typedef struct Slot {
    bool is_there;
    int value;
    int type;
    int notes[NOTES];
    int64_t created;
    int64_t modified;
} Slot;

typedef struct Model {
    bool is_there;
    Slot slots[SLOTS];
    int64_t created;
    int64_t modified;
} Model;

static const Str SLOT_NAMES[SLOTS] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("c"), STR_INIT("d"),
                                      STR_INIT("e")};
static const Str NOTE_NAMES[NOTES] = {STR_INIT("u"), STR_INIT("v")};
static const Str TYPE_NAMES[] = {STR_INIT(""), STR_INIT("Foo"), STR_INIT("Bar"),
                                 STR_INIT("Number")};
static const Str DIGITS[] = {STR_INIT("0"), STR_INIT("1"), STR_INIT("2")};
#define TYPE_NUMBER 3

static bool model_make(Slot *slot, const Slot *asked, int64_t now)
{
    *slot = *asked;
    slot->type = asked->type == 0 ? TYPE_NUMBER : asked->type;
    slot->created = now;
    slot->modified = now;
    return true;
}

static bool model_change(Slot *slot, const Slot *asked, bool overrides, int64_t now)
{
    Slot old = *slot;
    slot->value = asked->value;
    slot->type = asked->type == 0 ? slot->type : asked->type;
    bool is_changed = slot->value != old.value || slot->type != old.type;
    for (int i = 0; i < NOTES; i++) {
        if (overrides || asked->notes[i] != 0) {
            slot->notes[i] = asked->notes[i];
        }
        is_changed |= slot->notes[i] != old.notes[i];
    }
    slot->modified = is_changed ? now : slot->modified;
    return is_changed;
}

static bool makes(EntityWriteKind kind)
{
    return kind <= ENTITY_UPSERT_STRICT;
}

static bool model_slot(Slot *slot, const Slot *asked, EntityWriteKind kind, bool overrides,
                       int64_t now)
{
    bool is_strict = kind == ENTITY_UPSERT_STRICT || kind == ENTITY_APPEND_STRICT;
    if (kind == ENTITY_DELETE_ATTRIBUTES) {
        bool was_there = slot->is_there;
        slot->is_there = false;
        return was_there;
    }
    if (kind == ENTITY_REPLACE || (!slot->is_there && kind != ENTITY_UPDATE)) {
        return model_make(slot, asked, now);
    }
    return slot->is_there && !is_strict ? model_change(slot, asked, overrides, now) : false;
}

static void model_write(Model *model, const Slot asked[SLOTS], EntityWriteKind kind, bool overrides,
                        int64_t now)
{
    bool is_refused = model->is_there ? kind == ENTITY_CREATE : !makes(kind);
    if (is_refused) {
        return;
    }
    bool is_changed = !model->is_there || kind == ENTITY_REPLACE;
    if (!model->is_there) {
        *model = (Model){.is_there = true, .created = now, .modified = now};
        kind = ENTITY_UPSERT;
    }
    for (int i = 0; i < SLOTS; i++) {
        if (asked[i].is_there) {
            is_changed |= model_slot(&model->slots[i], &asked[i], kind, overrides, now);
        } else if (kind == ENTITY_REPLACE) {
            model->slots[i].is_there = false;
        }
    }
    model->modified = is_changed ? now : model->modified;
    model->is_there = kind != ENTITY_DELETE;
}

static void slot_text(Buf *buf, int at, const Slot *slot)
{
    buf_add(buf, SLOT_NAMES[at]);
    buf_add_char(buf, ':');
    buf_add(buf, TYPE_NAMES[slot->type]);
    buf_add_char(buf, '=');
    buf_add(buf, DIGITS[slot->value]);
    for (int i = 0; i < NOTES; i++) {
        buf_add_char(buf, ' ');
        buf_add(buf, slot->notes[i] == 0 ? STR("-") : DIGITS[slot->notes[i]]);
    }
    buf_add_char(buf, ' ');
    buf_add_int(buf, slot->created);
    buf_add_char(buf, ' ');
    buf_add_int(buf, slot->modified);
    buf_add_char(buf, '\n');
}

static void times_text(Buf *buf, int64_t created, int64_t modified)
{
    buf_add_int(buf, created);
    buf_add_char(buf, ' ');
    buf_add_int(buf, modified);
    buf_add_char(buf, '\n');
}

static Str model_text(const Model *model)
{
    Buf buf = buf_in(arena);
    if (model->is_there) {
        times_text(&buf, model->created, model->modified);
    }
    for (int i = 0; model->is_there && i < SLOTS; i++) {
        if (model->slots[i].is_there) {
            slot_text(&buf, i, &model->slots[i]);
        }
    }
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static Str note_of(const Attribute *attribute, Str name)
{
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        if (str_eq(attribute->metadata[i].name, name)) {
            return attribute->metadata[i].value;
        }
    }
    return STR("-");
}

static Str engine_text(const Entity *entity)
{
    Buf buf = buf_in(arena);
    if (entity != NULL) {
        times_text(&buf, entity->created_us, entity->modified_us);
    }
    for (size_t i = 0; entity != NULL && i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        buf_add(&buf, attribute->name);
        buf_add_char(&buf, ':');
        buf_add(&buf, attribute->type);
        buf_add_char(&buf, '=');
        buf_add(&buf, attribute->value);
        for (int note = 0; note < NOTES; note++) {
            buf_add_char(&buf, ' ');
            buf_add(&buf, note_of(attribute, NOTE_NAMES[note]));
        }
        buf_add_char(&buf, ' ');
        times_text(&buf, attribute->created_us, attribute->modified_us);
    }
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void random_slots(unsigned *seed, Slot asked[SLOTS])
{
    for (int i = 0; i < SLOTS; i++) {
        asked[i] = (Slot){
            .is_there = rand_r(seed) % 2 == 0, .value = rand_r(seed) % 3, .type = rand_r(seed) % 3};
        for (int note = 0; note < NOTES; note++) {
            asked[i].notes[note] = rand_r(seed) % 3;
        }
    }
}

/* From the last name to the first: the order sent must not matter to what is stored. */
static EntityWrite write_of_slots(const Slot asked[SLOTS], EntityWriteKind kind, bool overrides)
{
    EntityWrite write = write_of(arena, kind, "");
    write.overrides_metadata = overrides;
    for (int i = SLOTS - 1; i >= 0; i--) {
        Metadata *notes = ARENA_MANY(arena, Metadata, NOTES);
        assert_non_null(notes);
        size_t count = 0;
        for (int note = 0; note < NOTES; note++) {
            if (asked[i].notes[note] != 0) {
                notes[count++] =
                    (Metadata){NOTE_NAMES[note], STR("Number"), DIGITS[asked[i].notes[note]]};
            }
        }
        if (asked[i].is_there) {
            write.entity.attributes[write.entity.attribute_count++] =
                (Attribute){.name = SLOT_NAMES[i],
                            .type = TYPE_NAMES[asked[i].type],
                            .value = DIGITS[asked[i].value],
                            .metadata = notes,
                            .metadata_count = count};
        }
    }
    return write;
}

/* Nothing is put that stands so already, nothing removed that isn't there. */
static void check_minimal(const EntityWrite *write, const Entity *before, const EntityEdit *edit)
{
    for (size_t i = 0; i < edit->put_count && write->kind != ENTITY_REPLACE; i++) {
        const Attribute *old =
            before == NULL ? NULL : entity_attribute_find(before, edit->put[i].name);
        Entity put = {.attributes = &edit->put[i], .attribute_count = 1};
        Attribute copy = old == NULL ? (Attribute){.name = STR_EMPTY} : *old;
        copy.modified_us = edit->put[i].modified_us;
        Entity there = {.attributes = &copy, .attribute_count = 1};
        assert_false(str_eq(engine_text(&put), engine_text(&there)));
    }
    for (size_t i = 0; i < edit->removed.count; i++) {
        assert_non_null(entity_attribute_find(before, edit->removed.items[i]));
    }
}

static const Entity *engine_write(const EntityWrite *write, const Entity *before, int64_t now)
{
    EntityEdit edit;
    assert_ok(entity_update_plan(arena, write, before, now, &edit));
    check_minimal(write, before, &edit);
    if (!edit.is_changed) {
        return before;
    }
    Entity *after = ARENA_ONE(arena, Entity);
    assert_non_null(after);
    assert_ok(entity_update_result_in(arena, write, before, &edit, now, after));
    return edit.is_deleted ? NULL : after;
}

static void run_history(unsigned history)
{
    unsigned seed = history;
    Model model = {.is_there = false};
    const Entity *entity = NULL;
    for (int step = 1; step <= STEPS; step++) {
        Slot asked[SLOTS];
        /* Deleting is rare, or there would be little to see. */
        EntityWriteKind kind = (EntityWriteKind)(rand_r(&seed) % ENTITY_WRITE_KIND_COUNT_);
        kind = kind == ENTITY_DELETE && rand_r(&seed) % 4 != 0 ? ENTITY_APPEND : kind;
        bool overrides = rand_r(&seed) % 4 == 0;
        random_slots(&seed, asked);
        EntityWrite write = write_of_slots(asked, kind, overrides);
        model_write(&model, asked, kind, overrides, step);
        entity = engine_write(&write, entity, step);
        Str wanted = model_text(&model);
        if (!str_eq(engine_text(entity), wanted)) {
            print_error("history (seed) %u, step %d, kind %d\n", history, step, (int)kind);
        }
        assert_str_eq(engine_text(entity), wanted);
    }
}

static void test_histories_against_a_model(void **state)
{
    (void)state;
    for (unsigned history = 1; history <= HISTORIES; history++) {
        run_history(history);
        arena_reset(arena);
    }
}

/* A body of many attributes takes no time by their square. */
static void test_many_attributes(void **state)
{
    (void)state;
    enum { COUNT = 40000 };
    EntityWrite write = write_of(arena, ENTITY_UPSERT, "");
    Attribute *attributes = ARENA_MANY(arena, Attribute, COUNT);
    assert_non_null(attributes);
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "a%d", i);
        attributes[i] = (Attribute){.value = STR("1")};
        assert_ok(str_copy_in(arena, str_from(name), &attributes[i].name));
    }
    write.entity.attributes = attributes;
    write.entity.attribute_count = COUNT;
    const Entity *entity = engine_write(&write, NULL, THEN);
    assert_int_equal(entity->attribute_count, COUNT);
    attributes[7].value = STR("2");
    EntityEdit edit;
    assert_ok(entity_update_plan(arena, &write, entity, NOW, &edit));
    assert_int_equal(edit.put_count, 1);
    assert_str(edit.put[0].name, "a7");
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_histories_against_a_model),
        TEST(test_many_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
