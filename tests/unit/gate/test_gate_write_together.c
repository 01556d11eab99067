/* Writers who share entities: what others wrote, bounds of what one may store, crowds. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "test_vault.h"

#define KENKO "kenko", HEALTH
#define PAY "neppi-pay", EXCHANGE
#define ID TEST_PERSON "walker-1"
#define ACCOUNT TEST_ACCOUNT "np-acc-5"
#define MINE "refPerson=" TEST_PERSON "np-77"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 9);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static TestCitizen kita(void)
{
    return test_citizen(&vault, "kenko=walker-1 neppi-pay=np-77");
}

/* --- what others wrote ------------------------------------------------------------------------ */

static Error write_one(const char *client, const char *purpose, EntityWrite write, Str id,
                       const char *attribute, const char *type, const char *json)
{
    Attribute attributes[] = {{.name = str_from(attribute),
                               .type = str_from(type),
                               .value = str_from(json),
                               .dataset_id = STR_EMPTY},
                              {.name = STR("refPerson"),
                               .type = STR("Relationship"),
                               .value = STR("\"" TEST_PERSON "np-77\""),
                               .dataset_id = STR_EMPTY}};
    write.entity.id = id;
    write.entity.type = STR("PointAccount");
    write.entity.attributes = attributes;
    write.entity.attribute_count = write.kind == ENTITY_CREATE ? 2 : 1;
    VaultCall call = test_call(&vault);
    Principal principal = test_service(client, purpose);
    Error error = test_write_in(&vault, &call, &principal, &write);
    vault_call_close(&call);
    return error;
}

/* An account of neppi-pay with one more attribute, shared with sdgs; its id for sdgs. */
static Str shared_account(const char *attribute, const char *type, const char *json)
{
    TestCitizen citizen = test_citizen(&vault, "neppi-pay=np-77 sdgs=member-5");
    const char *names = "refPerson,status,balance";
    test_give(&vault, citizen, PAY, "PointAccount", names, "read,write");
    test_give(&vault, citizen, "sdgs", EXCHANGE, "PointAccount", names, "read,write");
    assert_ok(
        write_one(PAY, (EntityWrite){.kind = ENTITY_CREATE}, STR(ACCOUNT), attribute, type, json));
    Str seen = str_from(test_must_list(&vault, "sdgs", EXCHANGE, "PointAccount"));
    return str_slice(seen, 0, str_find(seen, ' '));
}

/* Told what it sees, an attribute stays as it is, whoever wrote it. */
static void telling_what_is_seen_changes_nothing(void **state)
{
    (void)state;
    Str id = shared_account("status", "Text", "\"" TEST_PERSON "np-9\"");
    Str before = test_dump(&vault, STORE_ENTITIES);
    assert_ok(test_update(&vault, "sdgs", EXCHANGE, str_z(vault.arena, id), "",
                          "refPerson=" TEST_PERSON "member-5"));
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
    const char *seen = test_must_read(&vault, "sdgs", EXCHANGE, str_z(vault.arena, id));
    const char *status = strstr(seen, "status=\"") + strlen("status=\"");
    Str told = str_slice(str_from(status), 0, str_find(str_from(status), '"'));
    const Str parts[] = {STR("status="), told};
    Str change;
    assert_ok(str_join_in(vault.arena, parts, 2, &change));
    assert_ok(test_update(&vault, "sdgs", EXCHANGE, str_z(vault.arena, id), "",
                          str_z(vault.arena, change)));
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
}

/* A relationship that can't be said to sdgs is not in its view: neither read nor known to a
 * PATCH. */
static void what_can_not_be_said_is_missing(void **state)
{
    (void)state;
    Str id = shared_account("status", "Relationship", "\"acc-1\"");
    const char *z = str_z(vault.arena, id);
    assert_null(strstr(test_must_read(&vault, "sdgs", EXCHANGE, z), "acc-1"));
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "acc-1"));
    assert_fails(test_update(&vault, "sdgs", EXCHANGE, z, "", "status=x"), ATTRIBUTES_MISSING);
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "acc-1"));
}

/* --- size and place --------------------------------------------------------------------------- */

static void one_attribute_has_its_bound(void **state)
{
    (void)state;
    static char text[GATE_ATTRIBUTE_BYTES_MAX + 64];
    const size_t largest = GATE_ATTRIBUTE_BYTES_MAX - strlen("Text") - 2;
    test_give(&vault, kita(), KENKO, "Person", "familyName", "read,write");
    memset(text, 'x', sizeof text);
    memcpy(text, "familyName=", 11);
    text[11 + largest + 1] = '\0';
    Error error = test_create(&vault, KENKO, ID, "Person", text);
    assert_fails(error, VALUE_TOO_LARGE);
    assert_string_equal(error.argument, "familyName");
    text[11 + largest] = '\0';
    assert_ok(test_create(&vault, KENKO, ID, "Person", text));
    text[11 + largest] = 'x';
    assert_fails(test_update(&vault, KENKO, ID, "", text), VALUE_TOO_LARGE);
}

/* Metadata stay from write to write: they count together. */
static void metadata_do_not_grow_without_end(void **state)
{
    (void)state;
    static char text[6000];
    test_give(&vault, kita(), KENKO, "Person", "familyName", "read,write");
    assert_ok(test_create(&vault, KENKO, ID, "Person", "familyName=a"));
    memset(text, 'x', sizeof text);
    text[0] = text[sizeof text - 1] = '"';
    const Str names[] = {STR("a"), STR("b"), STR("c")};
    Principal principal = test_service(KENKO);
    for (size_t i = 0; i < 3; i++) {
        Metadata more = {
            .name = names[i], .type = STR("Text"), .value = {.p = text, .n = sizeof text}};
        Attribute attribute = {.name = STR("familyName"),
                               .type = STR("Text"),
                               .value = STR("\"a\""),
                               .dataset_id = STR_EMPTY,
                               .metadata = &more,
                               .metadata_count = 1};
        EntityWrite write = {
            .kind = ENTITY_UPDATE,
            .entity = {.id = STR(ID), .attributes = &attribute, .attribute_count = 1}};
        VaultCall call = test_call(&vault);
        Error error = test_write_in(&vault, &call, &principal, &write);
        vault_call_close(&call);
        assert_int_equal(error.reason, i < 2 ? REASON_NONE : REASON_VALUE_TOO_LARGE);
    }
}

static void there_is_nothing_to_update_under_another_path(void **state)
{
    (void)state;
    Str id = shared_account("status", "Text", "\"open\"");
    (void)id;
    EntityWrite write = {.kind = ENTITY_UPDATE, .service_path = STR("/park")};
    assert_fails(write_one(PAY, write, STR(ACCOUNT), "status", "Text", "\"x\""), ENTITY_NOT_FOUND);
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "\"open\""));
}

/* --- a crowd ---------------------------------------------------------------------------------- */

static TestCitizen account_holder(void)
{
    TestCitizen citizen = kita();
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance,status", "read,write");
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance=10"));
    return citizen;
}

#define WRITERS 8
#define WRITES 10

typedef struct Writer {
    unsigned number;
    Error error;
} Writer;

static Error write_once_more(const Writer *writer, Arena *arena, unsigned round)
{
    char json[32];
    (void)snprintf(json, sizeof json, "%u", writer->number * 1000 + round);
    Attribute attribute = {.name = STR("balance"),
                           .type = STR("Number"),
                           .value = str_from(json),
                           .dataset_id = STR_EMPTY};
    EntityWrite write = {
        .kind = ENTITY_UPDATE,
        .entity = {.id = STR(ACCOUNT), .attributes = &attribute, .attribute_count = 1}};
    Principal principal = test_service(PAY);
    VaultCall call = test_call_in(&vault, arena);
    Error error = test_write_in(&vault, &call, &principal, &write);
    vault_call_close(&call);
    return error;
}

static void *writer_run(void *context)
{
    Writer *writer = context;
    for (unsigned round = 0; round < WRITES && !FAILED(writer->error); round++) {
        Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
        writer->error = write_once_more(writer, arena, round);
        (void)arena_free(arena);
    }
    return NULL;
}

static void a_crowd_of_writers_gets_through_with_a_leaf_each(void **state)
{
    (void)state;
    (void)account_holder();
    Writer writers[WRITERS];
    pthread_t threads[WRITERS];
    uint64_t leaves = access_log_size(vault.log);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (Writer){.number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, writer_run, &writers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_ok(writers[i].error);
    }
    assert_int_equal(access_log_size(vault.log) - leaves, WRITERS * WRITES);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(telling_what_is_seen_changes_nothing),
        CASE(what_can_not_be_said_is_missing),
        CASE(one_attribute_has_its_bound),
        CASE(metadata_do_not_grow_without_end),
        CASE(there_is_nothing_to_update_under_another_path),
        CASE(a_crowd_of_writers_gets_through_with_a_leaf_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
