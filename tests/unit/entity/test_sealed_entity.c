#include <string.h>

#include "sealed_entity.h"
#include "subject.h"
#include "test_vault.h"

static TestVault vault;
static VaultCall call;
static Subject subject;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 8);
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    call = test_call(&vault);
    assert_ok(subject_load(&call, citizen.subject, &subject));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    subject_done(&subject);
    vault_call_close(&call);
    test_vault_done(&vault);
    return 0;
}

static const EntityTypeSpec *person(void)
{
    return type_registry_find(vault.types, STR("Person"));
}

static Attribute attribute(Str name, const char *value)
{
    return (Attribute){.name = name,
                       .type = STR("Text"),
                       .value = str_from(value),
                       .dataset_id = STR_EMPTY,
                       .writer = STR("kenko"),
                       .created_us = 1,
                       .modified_us = 2};
}

static SealedEdit *edit_new(void)
{
    uint8_t id[SEALED_ID_BYTES];
    SealedHead head = {
        .id = STR("as-written"), .writer = STR("kenko"), .type = STR("Person"), .created_us = 77};
    SealedEdit *edit;
    assert_ok(sealed_entity_id_of_subject(&call, subject.id, id));
    assert_ok(sealed_edit_new(&call, subject.key, id, &head, &edit));
    return edit;
}

/* The entity as it would be read back from the store. */
static SealedEntity finish(SealedEdit *edit)
{
    uint8_t id[SEALED_ID_BYTES];
    char key[PSEUDONYM_TEXT_16_BYTES];
    Str copy;
    assert_ok(sealed_entity_id_of_subject(&call, subject.id, id));
    pseudonym_text_16(id, key);
    assert_ok(str_copy_in(vault.arena, str_from(key), &copy));
    StoreDoc doc = {.key = copy, .version = 1};
    SealedEntity entity;
    assert_ok(sealed_edit_finish(edit, &doc.body));
    assert_ok(sealed_entity_parse(vault.arena, &doc, &entity));
    return entity;
}

static SealedEntity with_attributes(size_t count)
{
    SealedEdit *edit = edit_new();
    for (size_t i = 0; i < count; i++) {
        Attribute one = attribute(person()->attributes[i].name, "\"v\"");
        assert_ok(sealed_edit_put(edit, &one, PADDING_NATURAL));
    }
    return finish(edit);
}

static const SealedAttribute *find(const SealedEntity *entity, Str name)
{
    uint8_t token[SEALED_TOKEN_BYTES];
    assert_ok(sealed_attribute_token(&call, STR("Person"), name, token));
    return sealed_entity_find(entity, token);
}

static void what_was_sealed_comes_back(void **state)
{
    (void)state;
    const Metadata metadata[] = {
        {.name = STR("source"), .type = STR("Text"), .value = STR("\"card\"")}};
    Attribute one = attribute(STR("familyName"), "\"北\"");
    one.metadata = metadata;
    one.metadata_count = 1;
    SealedEdit *edit = edit_new();
    assert_ok(sealed_edit_put(edit, &one, PADDING_512));
    SealedEntity entity = finish(edit);
    assert_ok(sealed_entity_verify(vault.arena, &entity, subject.key));
    SealedHead head;
    assert_ok(sealed_entity_open_head(vault.arena, &entity, subject.key, &head));
    assert_str(head.id, "as-written");
    assert_str(head.writer, "kenko");
    assert_str(head.type, "Person");
    assert_int_equal(head.created_us, 77);
    const SealedAttribute *sealed = find(&entity, STR("familyName"));
    assert_non_null(sealed);
    assert_int_equal(sealed->padding, PADDING_512);
    Attribute back;
    assert_ok(sealed_entity_open(vault.arena, &entity, subject.key, STR("Person"),
                                 STR("familyName"), sealed, &back));
    assert_str(back.value, "\"北\"");
    assert_str(back.metadata[0].value, "\"card\"");
    assert_int_equal(back.modified_us, 2);
    assert_null(find(&entity, STR("givenName")));
}

static void the_list_is_always_a_multiple_of_four(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 9; count++) {
        SealedEntity entity = with_attributes(count);
        assert_int_equal(entity.count, (count + 3) / 4 * 4);
        assert_ok(sealed_entity_verify(vault.arena, &entity, subject.key));
        for (size_t i = 0; i < count; i++) {
            assert_non_null(find(&entity, person()->attributes[i].name));
        }
        for (size_t i = 1; i < entity.count; i++) {
            Str before = str_bytes(entity.attributes[i - 1].token, SEALED_TOKEN_BYTES);
            assert_true(
                str_compare(before, str_bytes(entity.attributes[i].token, SEALED_TOKEN_BYTES)) < 0);
        }
    }
}

static void dummies_make_room_and_come_back(void **state)
{
    (void)state;
    SealedEntity entity = with_attributes(1);
    for (size_t count = 2; count <= 9; count++) {
        SealedEdit *edit;
        assert_ok(sealed_edit_of(&call, subject.key, STR("Person"), &entity, &edit));
        Attribute one = attribute(person()->attributes[count - 1].name, "\"w\"");
        assert_ok(sealed_edit_put(edit, &one, PADDING_NATURAL));
        entity = finish(edit);
        assert_int_equal(entity.count, (count + 3) / 4 * 4);
        for (size_t i = 0; i < count; i++) {
            const SealedAttribute *sealed = find(&entity, person()->attributes[i].name);
            Attribute back;
            assert_non_null(sealed);
            assert_ok(sealed_entity_open(vault.arena, &entity, subject.key, STR("Person"),
                                         person()->attributes[i].name, sealed, &back));
        }
    }
}

/* One after the other goes, nothing is opened or sealed for it, and the rest stays as it was. */
static void what_is_taken_out_leaves_the_rest(void **state)
{
    (void)state;
    SealedEntity entity = with_attributes(5);
    SealedEdit *edit;
    SealCounts before = seal_counts(vault.ring);
    assert_ok(sealed_edit_of(&call, subject.key, STR("Person"), &entity, &edit));
    for (size_t gone = 0; gone < 5; gone++) {
        assert_false(sealed_edit_is_empty(edit));
        assert_ok(sealed_edit_remove(edit, person()->attributes[gone].name));
        assert_ok(sealed_edit_remove(edit, STR("noSuchName")));
    }
    assert_true(sealed_edit_is_empty(edit));
    assert_ok(sealed_edit_of(&call, subject.key, STR("Person"), &entity, &edit));
    assert_ok(sealed_edit_remove(edit, person()->attributes[2].name));
    SealedEntity left = finish(edit);
    SealCounts after = seal_counts(vault.ring);
    assert_memory_equal(&after, &before, sizeof after);
    assert_ok(sealed_entity_verify(vault.arena, &left, subject.key));
    assert_int_equal(left.count, 4);
    for (size_t i = 0; i < 5; i++) {
        const SealedAttribute *found = find(&left, person()->attributes[i].name);
        assert_int_equal(found != NULL, i != 2);
        if (found != NULL) {
            const SealedAttribute *old = find(&entity, person()->attributes[i].name);
            assert_str_eq(found->envelope, old->envelope);
        }
    }
}

static void a_dummy_looks_like_a_neighbour(void **state)
{
    (void)state;
    SealedEntity entity = with_attributes(1);
    for (size_t i = 1; i < entity.count; i++) {
        assert_int_equal(entity.attributes[i].envelope.n, entity.attributes[0].envelope.n);
        assert_memory_equal(entity.attributes[i].envelope.p, entity.attributes[0].envelope.p, 8);
        assert_int_equal(entity.attributes[i].padding, entity.attributes[0].padding);
    }
}

static void one_of_28_costs_one_seal(void **state)
{
    (void)state;
    assert_int_equal(person()->attribute_count, 28);
    SealedEntity entity = with_attributes(28);
    SealCounts before = seal_counts(vault.ring);
    SealedEdit *edit;
    assert_ok(sealed_edit_of(&call, subject.key, STR("Person"), &entity, &edit));
    Attribute one = attribute(STR("sex"), "\"2\"");
    assert_ok(sealed_edit_put(edit, &one, PADDING_512));
    SealedEntity changed = finish(edit);
    SealCounts after = seal_counts(vault.ring);
    assert_int_equal(after.seals[SEAL_VALUE] - before.seals[SEAL_VALUE], 1);
    assert_int_equal(after.seals[SEAL_RECORD] - before.seals[SEAL_RECORD], 0);
    assert_int_equal(after.opens[SEAL_VALUE] - before.opens[SEAL_VALUE], 0);
    assert_int_equal(find(&changed, STR("sex"))->version, 2);
    for (size_t i = 0; i < 28; i++) {
        Str name = person()->attributes[i].name;
        if (!str_eq(name, STR("sex"))) {
            assert_int_equal(find(&changed, name)->version, 1);
            assert_str_eq(find(&changed, name)->envelope, find(&entity, name)->envelope);
        }
    }
}

/* Whatever is done to the list alone, the check finds it. */
static void the_list_can_not_be_changed_alone(void **state)
{
    (void)state;
    const SealedEntity entity = with_attributes(4);
    SealedAttribute attributes[4];
#define CHANGED(change_)                                                                           \
    do {                                                                                           \
        SealedEntity other = entity;                                                               \
        memcpy(attributes, entity.attributes, sizeof attributes);                                  \
        other.attributes = attributes;                                                             \
        change_;                                                                                   \
        assert_fails(sealed_entity_verify(vault.arena, &other, subject.key), CRYPTO_OPEN);         \
    } while (0)
    CHANGED(other.count = 3);
    CHANGED(attributes[2] = attributes[1]);
    CHANGED(attributes[1].version++);
    CHANGED(attributes[1].padding++);
    CHANGED(attributes[1].token[0] ^= 1);
    CHANGED(attributes[1].dataset = STR("AAAAAAAAAAA"));
    CHANGED(other.head_version++);
    CHANGED(other.id[0] ^= 1);
    CHANGED(other.type_token = STR("AAAAAAAAAAAAAAAAAAAAAA"));
    CHANGED(other.mac = str_slice(other.mac, 0, 31));
}

static void an_old_value_does_not_open_under_a_new_version(void **state)
{
    (void)state;
    SealedEntity entity = with_attributes(4);
    Str name = person()->attributes[0].name;
    SealedAttribute replayed = *find(&entity, name);
    Attribute back;
    replayed.version = 2;
    assert_fails(sealed_entity_open(vault.arena, &entity, subject.key, STR("Person"), name,
                                    &replayed, &back),
                 CRYPTO_OPEN);
    const SealedAttribute *other = find(&entity, person()->attributes[1].name);
    assert_fails(
        sealed_entity_open(vault.arena, &entity, subject.key, STR("Person"), name, other, &back),
        CRYPTO_OPEN);
}

static void padding_classes_fit(void **state)
{
    (void)state;
    assert_int_equal(sealed_padding_class(0), PADDING_NATURAL);
    assert_int_equal(sealed_padding_class(1), PADDING_32);
    assert_int_equal(sealed_padding_class(32), PADDING_32);
    assert_int_equal(sealed_padding_class(33), PADDING_64);
    assert_int_equal(sealed_padding_class(512), PADDING_512);
    assert_int_equal(sealed_padding_class(1024), PADDING_1024);
    assert_int_equal(sealed_padding_class(1025), PADDING_MULTIPLE);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_was_sealed_comes_back),
        CASE(the_list_is_always_a_multiple_of_four),
        CASE(dummies_make_room_and_come_back),
        CASE(what_is_taken_out_leaves_the_rest),
        CASE(a_dummy_looks_like_a_neighbour),
        CASE(one_of_28_costs_one_seal),
        CASE(the_list_can_not_be_changed_alone),
        CASE(an_old_value_does_not_open_under_a_new_version),
        CASE(padding_classes_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
