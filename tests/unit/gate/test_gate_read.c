#include <string.h>

#include "sealed_entity.h"
#include "test_vault.h"
#include "view.h"

#define KENKO "kenko", HEALTH
#define PAY "neppi-pay", EXCHANGE
#define ID TEST_PERSON "walker-1"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static uint64_t opens(void)
{
    return seal_counts(vault.ring).opens[SEAL_VALUE];
}

/* A citizen whom kenko and neppi-pay know. */
static TestCitizen kita(void)
{
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1 neppi-pay=np-77");
    test_person(&vault, citizen,
                "familyName=Kita givenName=Hana postalCode=675-2395 dateOfBirth=1980-01-02");
    return citizen;
}

static void a_service_reads_what_was_granted(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName,postalCode", "read");
    assert_string_equal(test_must_read(&vault, KENKO, ID),
                        ID " Person familyName=\"Kita\" postalCode=\"675-2395\"\n");
}

static void two_services_see_other_ids_and_other_attributes(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName,postalCode", "read");
    test_give(&vault, citizen, PAY, "Person", "givenName", "read");
    assert_string_equal(test_must_read(&vault, PAY, TEST_PERSON "np-77"),
                        TEST_PERSON "np-77 Person givenName=\"Hana\"\n");
    Str text;
    assert_fails(test_read(&vault, PAY, ID, "", "", &text), ENTITY_NOT_FOUND);
    assert_fails(test_read(&vault, KENKO, TEST_PERSON "np-77", "", "", &text), ENTITY_NOT_FOUND);
}

static void only_what_is_asked_and_granted_is_opened(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName,postalCode", "read");
    uint64_t before = opens();
    (void)test_must_read(&vault, KENKO, ID);
    assert_int_equal(opens() - before, 2);
    Str text;
    before = opens();
    assert_ok(test_read(&vault, KENKO, ID, "Person", "postalCode,dateOfBirth,nothing", &text));
    assert_str(text, ID " Person postalCode=\"675-2395\"\n");
    assert_int_equal(opens() - before, 1);
}

static void an_entity_is_there_without_the_attributes_that_were_asked_for(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    Str text;
    uint64_t before = opens();
    assert_ok(test_read(&vault, KENKO, ID, "", "dateOfBirth", &text));
    assert_str(text, ID " Person\n");
    assert_int_equal(opens() - before, 0);
}

static void a_withdrawal_holds_from_the_next_read_on(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    Str first = test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    Str second = test_give(&vault, citizen, KENKO, "Person", "postalCode", "read");
    test_withdraw(&vault, citizen, first);
    assert_string_equal(test_must_read(&vault, KENKO, ID), ID " Person postalCode=\"675-2395\"\n");
    test_withdraw(&vault, citizen, second);
    Str text;
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), ENTITY_NOT_FOUND);
    assert_string_equal(test_must_list(&vault, KENKO, "Person"), "");
}

static void a_grant_ends_by_the_clock(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    int64_t end = FAKE_START_US + 3600 * CLOCK_SECOND_US;
    test_give_until(&vault, citizen, KENKO, "Person", "familyName", "read", end);
    fake_clock_set(&vault.fake, end - 1);
    (void)test_must_read(&vault, KENKO, ID);
    fake_clock_set(&vault.fake, end);
    Str text;
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), ENTITY_NOT_FOUND);
    assert_string_equal(test_must_list(&vault, KENKO, ""), "");
}

/* Everything that an Error holds, so that not even the place in the source tells refusals apart. */
static void assert_same_error(Error a, Error b)
{
    assert_int_equal(a.code, b.code);
    assert_int_equal(a.reason, b.reason);
    assert_string_equal(a.site, b.site);
    assert_true(a.argument == NULL && b.argument == NULL);
}

static void whatever_the_view_lacks_is_refused_alike(void **state)
{
    (void)state;
    TestCitizen known = kita();
    test_give(&vault, known, PAY, "Person", "givenName", "read");
    TestCitizen writes_only = test_citizen(&vault, "kenko=walker-w");
    test_person(&vault, writes_only, "familyName=Kato");
    test_give(&vault, writes_only, KENKO, "Person", "familyName", "write");
    TestCitizen expired = test_citizen(&vault, "kenko=walker-2");
    test_person(&vault, expired, "familyName=Mori");
    test_give_until(&vault, expired, KENKO, "Person", "familyName", "read",
                    FAKE_START_US + CLOCK_SECOND_US);
    TestCitizen absent = test_citizen(&vault, "kenko=walker-3");
    test_person(&vault, absent, "familyName=Ono");
    test_give(&vault, absent, KENKO, "Person", "postalCode", "read");
    TestCitizen erased = test_citizen(&vault, "kenko=walker-4");
    test_person(&vault, erased, "familyName=Abe");
    test_give(&vault, erased, KENKO, "Person", "familyName", "read");
    TestCitizen unlinked = test_citizen(&vault, "kenko=walker-5");
    test_person(&vault, unlinked, "familyName=Doi");
    test_give(&vault, unlinked, KENKO, "Person", "familyName", "read");
    TestCitizen frozen = test_citizen(&vault, "kenko=walker-6");
    test_person(&vault, frozen, "familyName=Eto");
    test_give(&vault, frozen, KENKO, "Person", "familyName", "read");
    fake_clock_advance(&vault.fake, 2 * CLOCK_SECOND_US);
    test_erase(&vault, erased);
    test_unlink(&vault, unlinked, "kenko", LINK_UNLINKED);
    test_unlink(&vault, frozen, "kenko", LINK_FROZEN);

    static const char *const IDS[] = {TEST_PERSON "nobody",
                                      TEST_PERSON "np-77",
                                      TEST_PERSON "walker-1",
                                      TEST_PERSON "walker-2",
                                      TEST_PERSON "walker-3",
                                      TEST_PERSON "walker-4",
                                      TEST_PERSON "walker-5",
                                      TEST_PERSON "walker-6",
                                      TEST_PERSON "walker-w",
                                      TEST_PERSON,
                                      "Room1",
                                      "",
                                      TEST_ACCOUNT "acc-1",
                                      "urn:ngsi-ld:Person",
                                      "urn:ngsi-ld:Personx:walker-1"};
    Str text = STR("untouched");
    Error first = test_read(&vault, KENKO, "unknown", "", "", &text);
    assert_fails(first, ENTITY_NOT_FOUND);
    for (size_t i = 0; i < sizeof IDS / sizeof IDS[0]; i++) {
        assert_same_error(test_read(&vault, KENKO, IDS[i], "", "", &text), first);
        assert_same_error(test_read(&vault, KENKO, IDS[i], "Person", "", &text), first);
        assert_same_error(test_read(&vault, KENKO, IDS[i], "PointAccount", "", &text), first);
        assert_same_error(test_read(&vault, KENKO, IDS[i], "NoSuchType", "", &text), first);
    }
    assert_str(text, "untouched");
    assert_string_equal(test_must_list(&vault, KENKO, ""), "");
}

static void hidden_and_absent_attributes_are_one(void **state)
{
    (void)state;
    TestCitizen hidden = kita();
    TestCitizen absent = test_citizen(&vault, "kenko=walker-2");
    test_person(&vault, absent, "familyName=Kita");
    test_give(&vault, hidden, KENKO, "Person", "familyName", "read");
    test_give(&vault, absent, KENKO, "Person", "familyName,givenName", "read");
    Str a;
    Str b;
    assert_ok(test_read(&vault, KENKO, ID, "", "givenName,familyName", &a));
    assert_ok(test_read(&vault, KENKO, TEST_PERSON "walker-2", "", "givenName,familyName", &b));
    assert_str(a, TEST_PERSON "walker-1 Person familyName=\"Kita\"\n");
    assert_str(b, TEST_PERSON "walker-2 Person familyName=\"Kita\"\n");
}

static void a_relink_leads_to_the_citizen_again(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    test_unlink(&vault, citizen, "kenko", LINK_UNLINKED);
    test_link(&vault, citizen, "kenko", "walker-9");
    assert_string_equal(test_must_read(&vault, KENKO, TEST_PERSON "walker-9"),
                        TEST_PERSON "walker-9 Person familyName=\"Kita\"\n");
    Str text;
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), ENTITY_NOT_FOUND);
}

/* --- ids of other personal entities ----------------------------------------------------------- */

static void accounts_have_an_id_of_their_own_for_each_service(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_entity(&vault, citizen, "neppi-pay", "PointAccount", TEST_ACCOUNT "np-acc-5",
                "balance=1200");
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance", "read");
    test_give(&vault, citizen, KENKO, "PointAccount", "refPerson,balance", "read");
    assert_string_equal(test_must_read(&vault, PAY, TEST_ACCOUNT "np-acc-5"), TEST_ACCOUNT
                        "np-acc-5 PointAccount balance=\"1200\" refPerson=\"" TEST_PERSON
                        "np-77\"\n");
    const char *seen = test_must_list(&vault, KENKO, "PointAccount");
    assert_null(strstr(seen, "np-"));
    assert_non_null(strstr(seen, " PointAccount balance=\"1200\" refPerson=\"" ID "\"\n"));
    Str id = str_slice(str_from(seen), 0, str_find(str_from(seen), ' '));
    assert_int_equal(id.n, sizeof TEST_ACCOUNT - 1 + 50);
    const char *id_z = str_z(vault.arena, id);
    assert_string_equal(test_must_read(&vault, KENKO, id_z), seen);
    Str text;
    assert_fails(test_read(&vault, KENKO, TEST_ACCOUNT "np-acc-5", "", "", &text),
                 ENTITY_NOT_FOUND);
    assert_fails(test_read(&vault, PAY, id_z, "", "", &text), ENTITY_NOT_FOUND);
    assert_fails(test_read(&vault, "sdgs", EXCHANGE, id_z, "", "", &text), ENTITY_NOT_FOUND);
    assert_fails(test_read(&vault, KENKO, id_z, "HealthActivity", "", &text), ENTITY_NOT_FOUND);
}

static void a_new_link_epoch_issues_new_ids(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_entity(&vault, citizen, "neppi-pay", "PointAccount", TEST_ACCOUNT "np-acc-5",
                "balance=1200");
    test_give(&vault, citizen, KENKO, "PointAccount", "balance", "read");
    const char *before = test_must_list(&vault, KENKO, "PointAccount");
    const char *id =
        str_z(vault.arena, str_slice(str_from(before), 0, str_find(str_from(before), ' ')));
    test_unlink(&vault, citizen, "kenko", LINK_UNLINKED);
    assert_string_equal(test_must_list(&vault, KENKO, "PointAccount"), "");
    test_link(&vault, citizen, "kenko", "walker-1");
    const char *after = test_must_list(&vault, KENKO, "PointAccount");
    assert_string_not_equal(before, after);
    Str text;
    assert_fails(test_read(&vault, KENKO, id, "", "", &text), ENTITY_NOT_FOUND);
}

static bool shows(const Entity *entity, const char *text)
{
    for (size_t a = 0; a < entity->attribute_count; a++) {
        const Attribute *attribute = &entity->attributes[a];
        bool is_in = strstr(str_z(vault.arena, attribute->value), text) != NULL;
        for (size_t m = 0; m < attribute->metadata_count; m++) {
            is_in |= strstr(str_z(vault.arena, attribute->metadata[m].value), text) != NULL;
        }
        if (is_in) {
            return true;
        }
    }
    return false;
}

static Entity read_whole(const char *client, const char *purpose, Str id)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_service(client, purpose);
    Entity entity;
    assert_ok(gate_read(&vault.gate, &call, &principal, id, STR_EMPTY, &(EntityQuery){0}, &entity));
    vault_call_close(&call);
    return entity;
}

static void write_as(const char *client, const char *purpose, EntityWriteKind kind, Str id,
                     Attribute *attributes, size_t count)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_service(client, purpose);
    EntityWrite write = {.kind = kind,
                         .entity = {.id = id,
                                    .type = STR("PointAccount"),
                                    .attributes = attributes,
                                    .attribute_count = count}};
    assert_ok(test_write_in(&vault, &call, &principal, &write));
    vault_call_close(&call);
}

static Str keyed_account(const char *client, const char *purpose)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_service(client, purpose);
    Str type = STR("PointAccount");
    EntitySelector selector = {.types = {.items = &type, .count = 1}};
    EntityQuery query = {.selectors = &selector, .selector_count = 1, .limit = 2};
    EntityPage page;
    assert_ok(gate_query(&vault.gate, &call, &principal, &query, &page));
    vault_call_close(&call);
    assert_int_equal(page.count, 1);
    return page.entities[0].id;
}

/* Neither a type of another name nor metadata carries a user id from one service to another, nor
 * does writing to what the other wrote. */
static void ids_of_one_service_never_reach_another(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "neppi-pay=np-77 sdgs=member-5");
    const char *names = "refPerson,status,currency,balance,programName";
    test_give(&vault, citizen, "neppi-pay", EXCHANGE, "PointAccount", names, "read,write");
    test_give(&vault, citizen, "sdgs", EXCHANGE, "PointAccount", names, "read,write");
    Str own = STR("\"" TEST_PERSON "np-77\"");
    Metadata by = {.name = STR("by"), .type = STR("Relationship"), .value = own};
    Attribute attributes[] = {
        {.name = STR("refPerson"),
         .type = STR("Relationship"),
         .value = own,
         .metadata = &by,
         .metadata_count = 1},
        {.name = STR("status"), .type = STR("relationship"), .value = own},
        {.name = STR("currency"), .type = STR("Text"), .value = own},
        {.name = STR("balance"),
         .type = STR("Number"),
         .value = STR("5"),
         .metadata = &by,
         .metadata_count = 1},
    };
    write_as("neppi-pay", EXCHANGE, ENTITY_CREATE, STR("acc-1"), attributes, 4);
    Entity written = read_whole("neppi-pay", EXCHANGE, STR("acc-1"));
    assert_true(shows(&written, "np-77"));
    Str id = keyed_account("sdgs", EXCHANGE);
    Entity seen = read_whole("sdgs", EXCHANGE, id);
    assert_int_equal(seen.attribute_count, 4);
    assert_false(shows(&seen, "np-77"));
    Attribute change = {.name = STR("balance"), .type = STR("Number"), .value = STR("6")};
    write_as("sdgs", EXCHANGE, ENTITY_UPDATE, id, &change, 1);
    seen = read_whole("sdgs", EXCHANGE, id);
    assert_true(shows(&seen, "6"));
    assert_false(shows(&seen, "np-77"));
}

/* One entity has one name for one caller: what it wrote itself has no second, keyed one. */
static void the_writer_has_no_second_name(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_entity(&vault, citizen, "neppi-pay", "PointAccount", TEST_ACCOUNT "np-acc-5",
                "balance=1200");
    test_give(&vault, citizen, PAY, "PointAccount", "balance", "read");
    VaultCall call = test_call(&vault);
    uint8_t stored[SEALED_ID_BYTES];
    char keyed[SERVICE_ID_TEXT_BYTES];
    Str id;
    assert_ok(sealed_entity_id_of_text(&call, STR("neppi-pay"), STR("PointAccount"),
                                       STR(TEST_ACCOUNT "np-acc-5"), 0, stored));
    assert_ok(service_id_seal(vault.ring, STR_EMPTY, STR("neppi-pay"), 1, stored, keyed));
    assert_ok(view_urn_in(vault.arena, STR("PointAccount"), str_from(keyed), &id));
    vault_call_close(&call);
    Str text;
    assert_fails(test_read(&vault, PAY, str_z(vault.arena, id), "", "", &text), ENTITY_NOT_FOUND);
}

/* --- who may ask ------------------------------------------------------------------------------ */

static void without_a_registered_purpose_nothing_is_asked(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    Str text;
    uint64_t leaves = access_log_size(vault.log);
    assert_fails(test_read(&vault, "kenko", "", ID, "", "", &text), PURPOSE_REQUIRED);
    assert_fails(test_read(&vault, "kenko", "tourism", ID, "", "", &text), PURPOSE_NOT_REGISTERED);
    assert_fails(test_read(&vault, "kenko", "no-such", ID, "", "", &text), PURPOSE_NOT_REGISTERED);
    assert_fails(test_read(&vault, "nobody", HEALTH, ID, "", "", &text), SERVICE_UNKNOWN);
    assert_int_equal(access_log_size(vault.log) - leaves, 4);
    Str list;
    assert_fails(test_list(&vault, "kenko", "", "Person", "", 20, 0, &list, NULL),
                 PURPOSE_REQUIRED);
    /* Registered for the client, but the grant is for another purpose. */
    assert_fails(test_read(&vault, "kenko", EXCHANGE, ID, "", "", &text), ENTITY_NOT_FOUND);
}

static void a_sealed_vault_answers_nothing(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    keyring_seal(vault.ring);
    Str text;
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), VAULT_SEALED);
    assert_ok(platform_init(&vault.core, vault.arena,
                            deadline_in(&vault.fake.clock, CLOCK_SECOND_US), false));
    (void)test_must_read(&vault, KENKO, ID);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void each_read_leaves_its_leaf_once(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName,postalCode", "read");
    uint64_t leaves = access_log_size(vault.log);
    (void)test_must_read(&vault, KENKO, ID);
    Str text;
    assert_ok(test_read(&vault, KENKO, ID, "Person", "postalCode", &text));
    assert_int_equal(access_log_size(vault.log) - leaves, 2);
    assert_string_equal(
        test_history(&vault, citizen),
        "read permit CONSENT_OK kenko health-promotion Person [postalCode] yes\n"
        "read permit CONSENT_OK kenko health-promotion Person [familyName,postalCode] yes\n"
        "consent.grant permit CITIZEN line-portal health-promotion Person "
        "[familyName,postalCode] yes\n");
}

static void each_grant_that_gave_something_has_its_own_leaf(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    test_give(&vault, citizen, KENKO, "Person", "postalCode,familyName", "read");
    uint64_t leaves = access_log_size(vault.log);
    (void)test_must_read(&vault, KENKO, ID);
    assert_int_equal(access_log_size(vault.log) - leaves, 2);
    const char *history = test_history(&vault, citizen);
    assert_non_null(
        strstr(history, "read permit CONSENT_OK kenko health-promotion Person [familyName] yes\n"));
    assert_non_null(
        strstr(history, "read permit CONSENT_OK kenko health-promotion Person [postalCode] yes\n"));
}

static void refusals_are_logged_for_whom_they_concern(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    Str text;
    uint64_t leaves = access_log_size(vault.log);
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), ENTITY_NOT_FOUND);
    assert_fails(test_read(&vault, KENKO, TEST_PERSON "nobody", "", "", &text), ENTITY_NOT_FOUND);
    assert_int_equal(access_log_size(vault.log) - leaves, 2);
    assert_string_equal(test_history(&vault, citizen),
                        "read deny NO_CONSENT kenko health-promotion Person [] no\n");
}

static void without_a_log_nothing_is_released(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    Str text = STR("untouched");
    test_log_fail(&vault, true);
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), LOG_UNAVAILABLE);
    assert_fails(test_read(&vault, KENKO, TEST_PERSON "nobody", "", "", &text), LOG_UNAVAILABLE);
    assert_fails(test_list(&vault, KENKO, "Person", "", 20, 0, &text, NULL), LOG_UNAVAILABLE);
    assert_str(text, "untouched");
    Entity entity = {.id = STR("untouched")};
    EntityPage page = {.total = -7};
    Principal principal = test_service(KENKO);
    EntityQuery query = {.limit = 10, .is_count_wanted = true};
    VaultCall call = test_call(&vault);
    assert_fails(gate_read(&vault.gate, &call, &principal, STR(ID), STR_EMPTY, &query, &entity),
                 LOG_UNAVAILABLE);
    assert_ok(vault_call_renew(&call));
    assert_fails(gate_query(&vault.gate, &call, &principal, &query, &page), LOG_UNAVAILABLE);
    vault_call_close(&call);
    assert_str(entity.id, "untouched");
    assert_true(page.entities == NULL && page.total == -7);
    test_log_fail(&vault, false);
    while (FAILED(access_log_health(vault.log))) {
        (void)access_log_wait(vault.log, UINT64_MAX - 1, 1000);
    }
    (void)test_must_read(&vault, KENKO, ID);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(ids_of_one_service_never_reach_another),
        CASE(a_service_reads_what_was_granted),
        CASE(two_services_see_other_ids_and_other_attributes),
        CASE(only_what_is_asked_and_granted_is_opened),
        CASE(an_entity_is_there_without_the_attributes_that_were_asked_for),
        CASE(a_withdrawal_holds_from_the_next_read_on),
        CASE(a_grant_ends_by_the_clock),
        CASE(whatever_the_view_lacks_is_refused_alike),
        CASE(hidden_and_absent_attributes_are_one),
        CASE(a_relink_leads_to_the_citizen_again),
        CASE(accounts_have_an_id_of_their_own_for_each_service),
        CASE(a_new_link_epoch_issues_new_ids),
        CASE(the_writer_has_no_second_name),
        CASE(without_a_registered_purpose_nothing_is_asked),
        CASE(a_sealed_vault_answers_nothing),
        CASE(each_read_leaves_its_leaf_once),
        CASE(each_grant_that_gave_something_has_its_own_leaf),
        CASE(refusals_are_logged_for_whom_they_concern),
        CASE(without_a_log_nothing_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
