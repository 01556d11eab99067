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
    test_vault_init(&vault, 3);
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

static const char *person(void)
{
    return test_must_read(&vault, KENKO, ID);
}

/* --- create ----------------------------------------------------------------------------------- */

static void what_is_created_can_be_read(void **state)
{
    (void)state;
    test_give(&vault, kita(), KENKO, "Person", "familyName,postalCode", "read,write");
    assert_ok(test_create(&vault, KENKO, ID, "Person", "familyName=Kita"));
    assert_string_equal(person(), ID " Person familyName=\"Kita\"\n");
    assert_fails(test_create(&vault, KENKO, ID, "Person", "familyName=Mori"), ENTITY_EXISTS);
    assert_string_equal(person(), ID " Person familyName=\"Kita\"\n");
}

static void refused_names_are_told_and_nothing_is_written(void **state)
{
    (void)state;
    test_give(&vault, kita(), KENKO, "Person", "familyName", "read,write");
    Error error = test_create(&vault, KENKO, ID, "Person", "familyName=Kita sex=1 shoeSize=9");
    assert_fails(error, WRITE_NOT_GRANTED);
    assert_string_equal(error.argument, "sex, shoeSize");
    Str text;
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), ENTITY_NOT_FOUND);
}

static void a_read_grant_does_not_write(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_person(&vault, citizen, "familyName=Kita");
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    assert_fails(test_update(&vault, KENKO, ID, "", "familyName=Mori"), WRITE_NOT_GRANTED);
    assert_string_equal(person(), ID " Person familyName=\"Kita\"\n");
}

/* What kenko may not see decides nothing: it creates, and what others wrote stays. */
static void creating_over_hidden_parts_leaves_them_alone(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_person(&vault, citizen, "givenName=Hana contactPointPhoneNumber=090");
    test_give(&vault, citizen, PAY, "Person", "givenName,contactPointPhoneNumber", "read");
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read,write");
    assert_ok(test_create(&vault, KENKO, ID, "Person", "familyName=Kita"));
    assert_string_equal(person(), ID " Person familyName=\"Kita\"\n");
    assert_string_equal(test_must_read(&vault, PAY, TEST_PERSON "np-77"), TEST_PERSON
                        "np-77 Person contactPointPhoneNumber=\"090\" givenName=\"Hana\"\n");
}

static void a_blind_writer_can_not_find_out_what_is_there(void **state)
{
    (void)state;
    TestCitizen full = kita();
    test_person(&vault, full, "familyName=Kita");
    TestCitizen empty = test_citizen(&vault, "kenko=walker-2");
    test_give(&vault, full, KENKO, "Person", "familyName", "write");
    test_give(&vault, empty, KENKO, "Person", "familyName", "write");
    assert_ok(test_create(&vault, KENKO, ID, "Person", "familyName=A"));
    assert_ok(test_create(&vault, KENKO, TEST_PERSON "walker-2", "Person", "familyName=A"));
    assert_ok(test_create(&vault, KENKO, ID, "Person", "familyName=B"));
    /* Partial-update texts would tell: they need the read grant. */
    Error a = test_update(&vault, KENKO, ID, "", "familyName=C");
    Error b = test_update(&vault, KENKO, TEST_PERSON "walker-2", "", "familyName=C");
    assert_fails(a, WRITE_NOT_GRANTED);
    assert_fails(b, WRITE_NOT_GRANTED);
    assert_string_equal(a.argument, b.argument);
    assert_string_equal(a.site, b.site);
}

static void unknown_ids_are_refused_alike_on_every_verb(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, PAY, "Person", "givenName", "read,write");
    test_unlink(&vault, citizen, "kenko", LINK_UNLINKED);
    const Error errors[] = {
        test_create(&vault, KENKO, TEST_PERSON "nobody", "Person", "familyName=A"),
        test_create(&vault, KENKO, TEST_PERSON "np-77", "Person", "familyName=A"),
        test_create(&vault, KENKO, ID, "Person", "familyName=A"),
        test_create(&vault, KENKO, "Room1", "Person", "familyName=A"),
        test_create(&vault, KENKO, "urn:ngsi-ld:HealthActivity:1", "HealthActivity",
                    "refPerson=" ID " steps=1"),
        test_update(&vault, KENKO, TEST_PERSON "nobody", "", "familyName=A"),
        test_update(&vault, KENKO, ID, "Person", "familyName=A"),
        test_update(&vault, KENKO, "urn:ngsi-ld:HealthActivity:1", "HealthActivity", "steps=1"),
        test_update(&vault, KENKO, "Room1", "NoSuchType", "steps=1"),
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        assert_fails(errors[i], ENTITY_NOT_FOUND);
        assert_string_equal(errors[i].site, errors[0].site);
        assert_null(errors[i].argument);
    }
}

static void form_is_checked_before_anybody_is_looked_for(void **state)
{
    (void)state;
    test_give(&vault, kita(), KENKO, "Person", "familyName", "read,write");
    assert_fails(test_create(&vault, KENKO, ID, "Person", ""), ENTITY_INVALID);
    assert_fails(test_create(&vault, KENKO, ID, "AED", "name=x"), ENTITY_INVALID);
    assert_fails(test_create(&vault, KENKO, ID, "HealthActivity", "steps=1 refPerson=" ID),
                 ENTITY_INVALID);
    Principal principal = test_service(KENKO);
    Attribute attribute = {
        .name = STR("familyName"), .type = STR("Text"), .value = STR("1"), .dataset_id = STR("d")};
    EntityWrite write = {.kind = ENTITY_CREATE,
                         .entity = {.id = STR(ID),
                                    .type = STR("Person"),
                                    .attributes = &attribute,
                                    .attribute_count = 1},
                         .service_path = STR("/")};
    VaultCall call = test_call(&vault);
    assert_fails(test_write_in(&vault, &call, &principal, &write), ENTITY_INVALID);
    attribute.dataset_id = STR_EMPTY;
    write.service_path = STR("/park");
    assert_fails(test_write_in(&vault, &call, &principal, &write), ENTITY_INVALID);
    write.service_path = STR("/");
    assert_ok(test_write_in(&vault, &call, &principal, &write));
    vault_call_close(&call);
}

/* --- update ----------------------------------------------------------------------------------- */

static void an_update_opens_and_seals_one_of_many(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_person(
        &vault, citizen,
        "familyName=a givenName=b familyNameKana=c givenNameKana=d fullName=e fullNameKana=f sex=1 "
        "dateOfBirth=g postalCode=h prefecture=i cityAndCounty=j streetAddress=k");
    test_give(&vault, citizen, KENKO, "Person", "familyName,givenName", "read,write");
    SealCounts before = seal_counts(vault.ring);
    assert_ok(test_update(&vault, KENKO, ID, "", "givenName=B"));
    SealCounts after = seal_counts(vault.ring);
    assert_int_equal(after.opens[SEAL_VALUE] - before.opens[SEAL_VALUE], 1);
    assert_int_equal(after.seals[SEAL_VALUE] - before.seals[SEAL_VALUE], 1);
    assert_string_equal(person(), ID " Person familyName=\"a\" givenName=\"B\"\n");
}

/* A second snapshot beside the first would let a crowd of writers wait for each other. */
static void another_attempt_replaces_the_snapshot(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_person(&vault, citizen, "familyName=a givenName=b");
    test_give(&vault, citizen, KENKO, "Person", "familyName,givenName", "read,write");
    Principal principal = test_service(KENKO);
    Attribute attribute = {.name = STR("familyName"),
                           .type = STR("Text"),
                           .value = STR("\"mine\""),
                           .dataset_id = STR_EMPTY};
    EntityWrite write = {.kind = ENTITY_UPDATE,
                         .entity = {.id = STR(ID), .attributes = &attribute, .attribute_count = 1}};
    VaultCall call = test_call(&vault);
    assert_ok(test_update(&vault, KENKO, ID, "", "givenName=faster"));
    assert_ok(test_write_in(&vault, &call, &principal, &write));
    Entity seen;
    assert_ok(
        gate_read(&vault.gate, &call, &principal, STR(ID), STR_EMPTY, &(EntityQuery){0}, &seen));
    vault_call_close(&call);
    assert_string_equal(test_text(&vault, &seen, 1).p,
                        ID " Person familyName=\"a\" givenName=\"faster\"\n");
    assert_string_equal(person(), ID " Person familyName=\"mine\" givenName=\"faster\"\n");
}

static void missing_attributes_are_named_as_orion_does(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_person(&vault, citizen, "familyName=a");
    test_give(&vault, citizen, KENKO, "Person", "familyName,givenName,sex", "read,write");
    Error error = test_update(&vault, KENKO, ID, "", "familyName=A givenName=B sex=1");
    assert_fails(error, PARTIAL_UPDATE);
    assert_string_equal(error.argument, ID "/Person - [ givenName, sex ]");
    assert_string_equal(person(), ID " Person familyName=\"A\"\n");
    error = test_update(&vault, KENKO, ID, "", "givenName=B");
    assert_fails(error, ATTRIBUTES_MISSING);
    assert_string_equal(error.argument, ID "/Person - [ givenName ]");
}

static void telling_what_is_known_changes_nothing(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_person(&vault, citizen, "familyName=a");
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read,write");
    Str before = test_dump(&vault, STORE_ENTITIES);
    uint64_t leaves = access_log_size(vault.log);
    assert_ok(test_update(&vault, KENKO, ID, "", "familyName=a"));
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
    assert_int_equal(access_log_size(vault.log) - leaves, 1);
}

static void an_expired_grant_does_not_write(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_person(&vault, citizen, "familyName=a");
    test_give_until(&vault, citizen, KENKO, "Person", "familyName", "read,write",
                    FAKE_START_US + CLOCK_SECOND_US);
    fake_clock_advance(&vault.fake, CLOCK_SECOND_US);
    assert_fails(test_update(&vault, KENKO, ID, "", "familyName=b"), WRITE_NOT_GRANTED);
    assert_fails(test_create(&vault, KENKO, ID, "Person", "familyName=b"), WRITE_NOT_GRANTED);
}

/* --- entities of a citizen -------------------------------------------------------------------- */

static TestCitizen account_holder(void)
{
    TestCitizen citizen = kita();
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance,status", "read,write");
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance=10"));
    return citizen;
}

static void an_account_belongs_to_whom_it_names(void **state)
{
    (void)state;
    (void)account_holder();
    assert_string_equal(test_must_read(&vault, PAY, ACCOUNT), ACCOUNT
                        " PointAccount balance=\"10\" refPerson=\"" TEST_PERSON "np-77\"\n");
    assert_fails(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance=11"),
                 ENTITY_EXISTS);
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=12"));
    assert_string_equal(test_must_list(&vault, PAY, "PointAccount"), ACCOUNT
                        " PointAccount balance=\"12\" refPerson=\"" TEST_PERSON "np-77\"\n");
    assert_fails(test_create(&vault, PAY, TEST_ACCOUNT "other", "PointAccount", "balance=1"),
                 ENTITY_SUBJECT);
    assert_fails(
        test_create(&vault, PAY, TEST_ACCOUNT "other", "PointAccount", "refPerson=np-77 balance=1"),
        ENTITY_SUBJECT);
}

static void the_subject_can_not_change(void **state)
{
    (void)state;
    (void)account_holder();
    TestCitizen other = test_citizen(&vault, "neppi-pay=np-78");
    test_give(&vault, other, PAY, "PointAccount", "refPerson,balance", "read,write");
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", MINE " balance=13"));
    Error linked =
        test_update(&vault, PAY, ACCOUNT, "", "balance=14 refPerson=" TEST_PERSON "np-78");
    Error unknown =
        test_update(&vault, PAY, ACCOUNT, "", "balance=14 refPerson=" TEST_PERSON "np-99");
    assert_fails(linked, ENTITY_SUBJECT);
    assert_fails(unknown, ENTITY_SUBJECT);
    assert_string_equal(linked.site, unknown.site);
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "balance=\"13\""));
}

static void a_stranger_updates_through_the_keyed_id_only(void **state)
{
    (void)state;
    TestCitizen citizen = account_holder();
    Str shown =
        test_give(&vault, citizen, "sdgs", "sdgs-activity", "PointAccount", "balance", "read");
    test_link(&vault, citizen, "sdgs", "member-1");
    Str seen = str_from(test_must_list(&vault, "sdgs", "sdgs-activity", "PointAccount"));
    const char *id = str_z(vault.arena, str_slice(seen, 0, str_find(seen, ' ')));
    assert_fails(test_update(&vault, "sdgs", "sdgs-activity", id, "", "balance=99"),
                 WRITE_NOT_GRANTED);
    assert_fails(test_update(&vault, "sdgs", "sdgs-activity", ACCOUNT, "", "balance=99"),
                 ENTITY_NOT_FOUND);
    Str exchange = test_give(&vault, citizen, "sdgs", EXCHANGE, "PointAccount", "balance,refPerson",
                             "read,write");
    assert_ok(test_update(&vault, "sdgs", EXCHANGE, id, "PointAccount", "balance=99"));
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "balance=\"99\""));
    /* The id that the platform gave is not free for an entity of its own. */
    assert_fails(test_create(&vault, "sdgs", EXCHANGE, id, "PointAccount",
                             "balance=1 refPerson=" TEST_PERSON "member-1"),
                 ENTITY_EXISTS);
    /* Neither is it when the caller sees the entity no more. */
    test_withdraw(&vault, citizen, shown);
    test_withdraw(&vault, citizen, exchange);
    test_give(&vault, citizen, "sdgs", EXCHANGE, "PointAccount", "refPerson,moneyBalance", "write");
    assert_fails(test_create(&vault, "sdgs", EXCHANGE, id, "PointAccount",
                             "moneyBalance=1 refPerson=" TEST_PERSON "member-1"),
                 ENTITY_INVALID);
}

/* A service that gives one id to two citizens learns nothing about the first, who has withdrawn. */
static void one_id_for_two_citizens_tells_nothing(void **state)
{
    (void)state;
    TestCitizen first = kita();
    TestCitizen second = test_citizen(&vault, "neppi-pay=np-78");
    Str grant = test_give(&vault, first, PAY, "PointAccount", "refPerson,balance", "read,write");
    test_give(&vault, second, PAY, "PointAccount", "refPerson,balance", "read,write");
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance=10"));
    assert_fails(test_create(&vault, PAY, ACCOUNT, "PointAccount",
                             "refPerson=" TEST_PERSON "np-78 balance=20"),
                 ENTITY_EXISTS);
    test_withdraw(&vault, first, grant);
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount",
                          "refPerson=" TEST_PERSON "np-78 balance=20"));
    const char *seen = ACCOUNT " PointAccount balance=\"20\" refPerson=\"" TEST_PERSON "np-78\"\n";
    assert_string_equal(test_must_read(&vault, PAY, ACCOUNT), seen);
    assert_string_equal(test_must_list(&vault, PAY, ""), seen);
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=21"));
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "balance=\"21\""));
}

/* --- log and commit --------------------------------------------------------------------------- */

static void the_intent_is_logged_for_the_citizen(void **state)
{
    (void)state;
    TestCitizen citizen = account_holder();
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=12"));
    assert_fails(test_update(&vault, PAY, ACCOUNT, "", "identifier=x"), WRITE_NOT_GRANTED);
    assert_string_equal(
        test_history(&vault, citizen),
        "write deny NO_CONSENT neppi-pay point-exchange PointAccount [identifier] no\n"
        "write permit CONSENT_OK neppi-pay point-exchange PointAccount [balance] yes\n"
        "write permit CONSENT_OK neppi-pay point-exchange PointAccount [refPerson,balance] yes\n"
        "consent.grant permit CITIZEN line-portal point-exchange PointAccount "
        "[balance,refPerson,status] yes\n");
}

/* However much was asked for in vain: the citizen sees that it was tried. */
static void a_long_refusal_leaves_a_leaf(void **state)
{
    (void)state;
    static char names[60000];
    TestCitizen citizen = kita();
    size_t n = 0;
    for (int i = 0; n + 32 < sizeof names; i++) {
        n +=
            (size_t)snprintf(names + n, sizeof names - n, "%snoSuchName%d=1", i == 0 ? "" : " ", i);
    }
    assert_fails(test_create(&vault, KENKO, ID, "Person", names), WRITE_NOT_GRANTED);
    const char *history = test_history(&vault, citizen);
    assert_non_null(strstr(history, "write deny NO_CONSENT kenko health-promotion Person [noSuch"));
    assert_non_null(strstr(history, ",…] no\n"));
}

/* A conflict over documents that did not change: the intent in the log is still the intent. */
static void the_same_intent_is_logged_once(void **state)
{
    (void)state;
    (void)account_holder();
    uint64_t leaves = access_log_size(vault.log);
    test_commit_fail(1, REASON_STORE_CONFLICT, false);
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=12"));
    assert_true(test_commit_failed());
    assert_int_equal(access_log_size(vault.log) - leaves, 1);
}

static void without_a_log_nothing_is_written(void **state)
{
    (void)state;
    (void)account_holder();
    Str before = test_dump(&vault, STORE_ENTITIES);
    test_log_fail(&vault, true);
    assert_fails(test_update(&vault, PAY, ACCOUNT, "", "balance=12"), LOG_UNAVAILABLE);
    assert_fails(test_create(&vault, PAY, TEST_ACCOUNT "b", "PointAccount", MINE " balance=1"),
                 LOG_UNAVAILABLE);
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
}

static void commits_that_fail_leave_no_half_state(void **state)
{
    (void)state;
    (void)account_holder();
    const Str before = test_dump(&vault, STORE_ENTITIES);
    test_commit_fail(1, REASON_STORE_UNAVAILABLE, false);
    assert_fails(test_update(&vault, PAY, ACCOUNT, "", "balance=12"), STORE_UNAVAILABLE);
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
    /* A conflict with somebody unseen is tried again, and never told. */
    test_commit_fail(1, REASON_STORE_CONFLICT, false);
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=12"));
    assert_true(test_commit_failed());
    test_commit_fail(1, REASON_STORE_EXISTS, false);
    assert_ok(test_create(&vault, PAY, TEST_ACCOUNT "b", "PointAccount", MINE " balance=1"));
    assert_true(test_commit_failed());
    /* An answer that got lost: what happened stands whole. */
    test_commit_fail(1, REASON_STORE_UNSETTLED, true);
    assert_fails(test_update(&vault, PAY, ACCOUNT, "", "balance=13"), STORE_UNSETTLED);
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "balance=\"13\""));
}

/* Writes through a view that was opened before something else happened. */
static Error update_from(VaultCall *early, const char *value)
{
    Principal principal = test_service(PAY);
    Attribute attribute = {.name = STR("balance"),
                           .type = STR("Text"),
                           .value = str_from(value),
                           .dataset_id = STR_EMPTY};
    EntityWrite write = {
        .kind = ENTITY_UPDATE,
        .entity = {.id = STR(ACCOUNT), .attributes = &attribute, .attribute_count = 1}};
    Error error = test_write_in(&vault, early, &principal, &write);
    vault_call_close(early);
    return error;
}

/* What was decided on an older view takes effect only if consent, link and key are still what they
 * were. */
static void a_write_does_not_outrun_a_withdrawal(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    Str grant = test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance", "read,write");
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance=10"));
    VaultCall before_withdrawal = test_call(&vault);
    test_withdraw(&vault, citizen, grant);
    Str stored = test_dump(&vault, STORE_ENTITIES);
    assert_fails(update_from(&before_withdrawal, "99"), ENTITY_NOT_FOUND);
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance", "read,write");
    VaultCall before_unlinking = test_call(&vault);
    test_unlink(&vault, citizen, "neppi-pay", LINK_FROZEN);
    assert_fails(update_from(&before_unlinking, "99"), ENTITY_NOT_FOUND);
    test_unlink(&vault, citizen, "neppi-pay", LINK_ACTIVE);
    VaultCall before_erasure = test_call(&vault);
    test_erase(&vault, citizen);
    assert_true(FAILED(update_from(&before_erasure, "99")));
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), stored);
}

/* Somebody else's write to another attribute comes between: both stand in the end. */
static void a_write_from_an_older_view_is_built_anew(void **state)
{
    (void)state;
    (void)account_holder();
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=10"));
    VaultCall early = test_call(&vault);
    assert_ok(test_create(&vault, PAY, TEST_ACCOUNT "other", "PointAccount",
                          MINE " balance=1 status=open"));
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=11"));
    assert_ok(update_from(&early, "\"12\""));
    assert_non_null(strstr(test_must_read(&vault, PAY, ACCOUNT), "balance=\"12\""));
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_is_created_can_be_read),
        CASE(refused_names_are_told_and_nothing_is_written),
        CASE(a_read_grant_does_not_write),
        CASE(creating_over_hidden_parts_leaves_them_alone),
        CASE(a_blind_writer_can_not_find_out_what_is_there),
        CASE(unknown_ids_are_refused_alike_on_every_verb),
        CASE(form_is_checked_before_anybody_is_looked_for),
        CASE(an_update_opens_and_seals_one_of_many),
        CASE(another_attempt_replaces_the_snapshot),
        CASE(missing_attributes_are_named_as_orion_does),
        CASE(telling_what_is_known_changes_nothing),
        CASE(an_expired_grant_does_not_write),
        CASE(an_account_belongs_to_whom_it_names),
        CASE(the_subject_can_not_change),
        CASE(a_stranger_updates_through_the_keyed_id_only),
        CASE(one_id_for_two_citizens_tells_nothing),
        CASE(the_intent_is_logged_for_the_citizen),
        CASE(a_long_refusal_leaves_a_leaf),
        CASE(the_same_intent_is_logged_once),
        CASE(without_a_log_nothing_is_written),
        CASE(commits_that_fail_leave_no_half_state),
        CASE(a_write_does_not_outrun_a_withdrawal),
        CASE(a_write_from_an_older_view_is_built_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
