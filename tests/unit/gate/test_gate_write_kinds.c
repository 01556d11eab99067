/* Every kind of write against every way in which an attribute can be granted, stored and hidden:
 * what is answered, what stands in the end, and how much was opened for it. */
#include <stdio.h>
#include <string.h>

#include "test_vault.h"

#define KENKO "kenko", HEALTH
#define PAY "neppi-pay", EXCHANGE
#define ACCOUNT TEST_ACCOUNT "np-acc-5"
#define MINE "refPerson=" TEST_PERSON "np-77"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 11);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

/* Everything that is stored about a citizen. */
static const char *truth(TestCitizen citizen)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenMe me;
    assert_ok(gate_citizen_me(&vault.gate, &call, &principal, &me));
    vault_call_close(&call);
    return test_text(&vault, me.entities, me.entity_count).p;
}

static EntityOutcome outcome_of(const char *client, const char *purpose, const EntityWrite *write)
{
    EntityOutcome outcome;
    assert_ok(test_write_batch(&vault, client, purpose, write, 1, &outcome));
    return outcome;
}

/* --- the table -------------------------------------------------------------------------------- */

/* About familyName; givenName may be read and not written, sex is nobody's business. */
typedef struct Case {
    EntityWriteKind kind;
    bool may_read;
    bool may_write;
    bool is_stored;
    bool has_visible; /* givenName is there */
    bool has_hidden;  /* sex is there */
} Case;

typedef struct Expected {
    ErrorReason reason;
    const char *name; /* familyName in the end; NULL: none */
    bool is_opened;
} Expected;

static bool tells_what_is_there(EntityWriteKind kind)
{
    return kind != ENTITY_CREATE && kind != ENTITY_UPSERT && kind != ENTITY_APPEND;
}

static bool makes_one(EntityWriteKind kind)
{
    return kind == ENTITY_CREATE || kind == ENTITY_UPSERT || kind == ENTITY_UPSERT_STRICT;
}

static Expected expect_done(const Case *c, bool is_seen)
{
    const Expected written = {REASON_NONE, "new", is_seen};
    switch (c->kind) {
    case ENTITY_UPSERT_STRICT:
    case ENTITY_APPEND_STRICT:
        return is_seen ? (Expected){REASON_ATTRIBUTES_EXIST, "old", true} : written;
    case ENTITY_UPDATE:
        return is_seen ? written : (Expected){REASON_ATTRIBUTES_MISSING, NULL, false};
    case ENTITY_DELETE_ATTRIBUTES:
        return is_seen ? (Expected){REASON_NONE, NULL, true}
                       : (Expected){REASON_ATTRIBUTES_MISSING, NULL, false};
    case ENTITY_DELETE:
        return (Expected){REASON_NONE, NULL, is_seen};
    case ENTITY_CREATE:
    case ENTITY_UPSERT:
    case ENTITY_APPEND:
    case ENTITY_REPLACE:
    case ENTITY_WRITE_KIND_COUNT_:
        break;
    }
    return written;
}

static Expected expect(const Case *c)
{
    const char *as_it_was = c->is_stored ? "old" : NULL;
    bool is_seen = c->is_stored && c->may_read;
    bool is_in_view = is_seen || c->has_visible;
    if (!c->may_write || (tells_what_is_there(c->kind) && !c->may_read)) {
        return (Expected){REASON_WRITE_NOT_GRANTED, as_it_was, false};
    }
    if (c->kind == ENTITY_CREATE && is_in_view) {
        return (Expected){REASON_ENTITY_EXISTS, as_it_was, false};
    }
    if (!makes_one(c->kind) && !is_in_view) {
        return (Expected){REASON_ENTITY_NOT_FOUND, as_it_was, false};
    }
    return expect_done(c, is_seen);
}

static void text_of(const Case *c, const char *id, const char *name, bool is_view, char text[256])
{
    bool has_name = name != NULL && (c->may_read || !is_view);
    bool has_hidden = c->has_hidden && !is_view;
    text[0] = '\0';
    if (has_name || c->has_visible || has_hidden) {
        (void)snprintf(text, 256, "%s Person%s%s%s%s%s\n", id, has_name ? " familyName=\"" : "",
                       has_name ? name : "", has_name ? "\"" : "",
                       c->has_visible ? " givenName=\"v\"" : "", has_hidden ? " sex=\"1\"" : "");
    }
}

static TestCitizen make_citizen(const Case *c, unsigned number)
{
    char text[64];
    (void)snprintf(text, sizeof text, "kenko=w-%u", number);
    TestCitizen citizen = test_citizen(&vault, text);
    (void)snprintf(text, sizeof text, "%s%s%s", c->is_stored ? "familyName=old " : "",
                   c->has_visible ? "givenName=v " : "", c->has_hidden ? "sex=1 " : "");
    if (text[0] != '\0') {
        text[strlen(text) - 1] = '\0';
        test_person(&vault, citizen, text);
    }
    test_give(&vault, citizen, KENKO, "Person", "givenName", "read");
    if (c->may_read || c->may_write) {
        test_give(&vault, citizen, KENKO, "Person", "familyName",
                  !c->may_read    ? "write"
                  : !c->may_write ? "read"
                                  : "read,write");
    }
    return citizen;
}

static Error do_write(const Case *c, const char *id, EntityOutcome *ret_outcome)
{
    EntityWrite write = test_write_of(&vault, c->kind, id, "Person",
                                      c->kind == ENTITY_DELETE ? "" : "familyName=new");
    return test_write_batch(&vault, KENKO, &write, 1, ret_outcome);
}

static void check_case(const Case *c, unsigned number)
{
    char id[64];
    char wanted[256];
    (void)snprintf(id, sizeof id, TEST_PERSON "w-%u", number);
    TestCitizen citizen = make_citizen(c, number);
    Expected expected = expect(c);
    EntityOutcome outcome = {0};
    SealCounts before = seal_counts(vault.ring);
    Error error = do_write(c, id, &outcome);
    SealCounts after = seal_counts(vault.ring);
    ErrorReason reason = FAILED(error) ? error.reason : outcome.refusal.reason;
    assert_int_equal(reason, expected.reason);
    assert_int_equal(after.opens[SEAL_VALUE] - before.opens[SEAL_VALUE], expected.is_opened);
    bool is_sealed = expected.name != NULL && strcmp(expected.name, "new") == 0;
    assert_int_equal(after.seals[SEAL_VALUE] - before.seals[SEAL_VALUE], is_sealed);
    text_of(c, TEST_PERSON "me", expected.name, false, wanted);
    assert_string_equal(truth(citizen), wanted);
    text_of(c, id, expected.name, true, wanted);
    Str seen = STR_EMPTY;
    error = test_read(&vault, KENKO, id, "", "", &seen);
    assert_int_equal(error.reason, wanted[0] == '\0' ? REASON_ENTITY_NOT_FOUND : REASON_NONE);
    assert_str(seen, wanted);
}

static void every_kind_against_every_grant(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < ENTITY_WRITE_KIND_COUNT_ * 32; bits++) {
        const Case c = {.kind = (EntityWriteKind)(bits / 32),
                        .may_read = (bits & 1) != 0,
                        .may_write = (bits & 2) != 0,
                        .is_stored = (bits & 4) != 0,
                        .has_visible = (bits & 8) != 0,
                        .has_hidden = (bits & 16) != 0};
        print_message("kind %u read %u write %u stored %u visible %u hidden %u\n", c.kind,
                      c.may_read, c.may_write, c.is_stored, c.has_visible, c.has_hidden);
        check_case(&c, bits);
    }
}

/* --- what the table can't say ----------------------------------------------------------------- */

/* Operators answer by what they meet: a blind writer may not use them. */
static void operators_need_to_see(void **state)
{
    (void)state;
    const EntityWriteKind kinds[] = {ENTITY_CREATE, ENTITY_UPSERT, ENTITY_APPEND, ENTITY_UPDATE};
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_person(&vault, citizen, "familyName=old");
    test_give(&vault, citizen, KENKO, "Person", "familyName", "write");
    test_give(&vault, citizen, KENKO, "Person", "givenName", "read,write");
    const char *before = truth(citizen);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        EntityWrite write = test_write_of(&vault, kinds[i], TEST_PERSON "walker-1", "Person",
                                          "familyName:={\"$inc\":1} givenName=b");
        Error error = test_write(&vault, KENKO, &write);
        assert_fails(error, WRITE_NOT_GRANTED);
        assert_string_equal(error.argument, "familyName");
        assert_string_equal(truth(citizen), before);
    }
}

/* Its answer is the same whether it creates or not: a writer need not be a reader. */
static void an_upsert_needs_no_reading(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_give(&vault, citizen, KENKO, "Person", "familyName", "write");
    EntityWrite write =
        test_write_of(&vault, ENTITY_UPSERT, TEST_PERSON "walker-1", "Person", "familyName=a");
    EntityOutcome outcome = outcome_of(KENKO, &write);
    assert_false(outcome.was_there);
    outcome = outcome_of(KENKO, &write);
    assert_false(outcome.was_there);
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    outcome = outcome_of(KENKO, &write);
    assert_true(outcome.was_there);
}

static void an_operator_works_on_what_is_seen(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "neppi-pay=np-77");
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance", "read,write");
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance:=10"));
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance:={\"$inc\":5}"));
    assert_string_equal(test_must_read(&vault, PAY, ACCOUNT),
                        ACCOUNT " PointAccount balance=15 refPerson=\"" TEST_PERSON "np-77\"\n");
    Str before = test_dump(&vault, STORE_ENTITIES);
    assert_fails(test_update(&vault, PAY, ACCOUNT, "", "balance:={\"$push\":5}"), OPERATOR_VALUE);
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
}

/* --- replacing and deleting ------------------------------------------------------------------- */

/* An account with parts that only sdgs sees, and one that neppi-pay may read and not write. */
static TestCitizen shared_account(void)
{
    TestCitizen citizen = test_citizen(&vault, "neppi-pay=np-77 sdgs=member-5");
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance,status", "read,write");
    test_give(&vault, citizen, PAY, "PointAccount", "currency", "read");
    test_entity(&vault, citizen, "neppi-pay", "PointAccount", ACCOUNT,
                "balance=10 status=open currency=yen programName=hidden");
    return citizen;
}

static void replacing_keeps_what_is_not_the_writers(void **state)
{
    (void)state;
    TestCitizen citizen = shared_account();
    EntityWrite write =
        test_write_of(&vault, ENTITY_REPLACE, ACCOUNT, "PointAccount", MINE " balance=11");
    assert_ok(test_write(&vault, PAY, &write));
    assert_string_equal(test_must_read(&vault, PAY, ACCOUNT),
                        ACCOUNT " PointAccount balance=\"11\" currency=\"yen\" "
                                "refPerson=\"" TEST_PERSON "np-77\"\n");
    const char *all = truth(citizen);
    assert_non_null(strstr(all, "programName=\"hidden\""));
    assert_null(strstr(all, "status"));
}

static void the_subject_stays_as_long_as_its_entity(void **state)
{
    (void)state;
    (void)shared_account();
    Str before = test_dump(&vault, STORE_ENTITIES);
    EntityWrite replace =
        test_write_of(&vault, ENTITY_REPLACE, ACCOUNT, "PointAccount", "balance=11");
    EntityWrite remove =
        test_write_of(&vault, ENTITY_DELETE_ATTRIBUTES, ACCOUNT, "", "balance refPerson");
    EntityWrite other = test_write_of(&vault, ENTITY_UPSERT, ACCOUNT, "PointAccount",
                                      "refPerson=" TEST_PERSON "np-99 balance=1");
    EntityWrite computed = test_write_of(&vault, ENTITY_UPDATE, ACCOUNT, "",
                                         "refPerson:={\"$set\":{\"a\":1}} balance=1");
    const EntityWrite *writes[] = {&replace, &remove, &other, &computed};
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        Error error = test_write(&vault, PAY, writes[i]);
        assert_true(error.reason == REASON_ENTITY_SUBJECT || error.reason == REASON_OPERATOR_VALUE);
        assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
    }
}

/* Whom an account is about is told by what it takes for its subject: only to those who see that. */
static void a_hidden_subject_can_not_be_guessed(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "neppi-pay=np-77");
    (void)test_citizen(&vault, "neppi-pay=np-78");
    test_entity(&vault, citizen, "neppi-pay", "PointAccount", ACCOUNT, "balance=10");
    test_give(&vault, citizen, PAY, "PointAccount", "balance", "read,write");
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson", "write");
    const EntityWriteKind kinds[] = {ENTITY_UPSERT, ENTITY_APPEND};
    const char *const guesses[] = {MINE, "refPerson=" TEST_PERSON "np-78",
                                   "refPerson=" TEST_PERSON "np-99"};
    for (size_t i = 0; i < 6; i++) {
        EntityWrite write =
            test_write_of(&vault, kinds[i / 3], ACCOUNT, "PointAccount", guesses[i % 3]);
        Error error = test_write(&vault, PAY, &write);
        assert_fails(error, WRITE_NOT_GRANTED);
        assert_string_equal(error.argument, "refPerson");
    }
}

/* The one location of an entity is the one that the writer sees. */
static void a_hidden_place_is_no_second_place(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Str hidden = test_give(&vault, citizen, KENKO, "Person", "postalCode", "read,write");
    test_give(&vault, citizen, KENKO, "Person", "familyName,givenName", "read,write");
    EntityWrite first = test_write_of(&vault, ENTITY_CREATE, TEST_PERSON "walker-1", "Person",
                                      "postalCode=34.9,134.8 familyName=Kita");
    EntityWrite second = test_write_of(&vault, ENTITY_APPEND, TEST_PERSON "walker-1", "Person",
                                       "givenName=34.9,134.9");
    first.entity.attributes[0].type = STR("geo:point");
    second.entity.attributes[0].type = STR("geo:point");
    assert_ok(test_write(&vault, KENKO, &first));
    assert_fails(test_write(&vault, KENKO, &second), LOCATION_SECOND);
    test_withdraw(&vault, citizen, hidden);
    assert_ok(test_write(&vault, KENKO, &second));
}

/* What others have of a deleted entity stays, and nothing tells of it. */
static void a_deletion_leaves_what_is_hidden(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "neppi-pay=np-77");
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance,status", "read,write");
    test_entity(&vault, citizen, "neppi-pay", "PointAccount", ACCOUNT,
                "balance=10 status=open programName=hidden");
    EntityWrite deletion = test_write_of(&vault, ENTITY_DELETE, ACCOUNT, "", "");
    assert_ok(test_write(&vault, PAY, &deletion));
    Str text;
    assert_fails(test_read(&vault, PAY, ACCOUNT, "", "", &text), ENTITY_NOT_FOUND);
    assert_string_equal(test_must_list(&vault, PAY, "PointAccount"), "");
    assert_fails(test_write(&vault, PAY, &deletion), ENTITY_NOT_FOUND);
    const char *all = truth(citizen);
    assert_non_null(strstr(all, "programName=\"hidden\""));
    assert_null(strstr(all, "balance"));
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance=20"));
    assert_non_null(strstr(truth(citizen), "balance=\"20\" programName=\"hidden\" refPerson="));
}

static void nothing_is_kept_of_an_entity_without_attributes(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_give(&vault, citizen, KENKO, "Person", "familyName,givenName", "read,write");
    const EntityWrite ends[] = {
        test_write_of(&vault, ENTITY_DELETE, TEST_PERSON "walker-1", "", ""),
        test_write_of(&vault, ENTITY_DELETE_ATTRIBUTES, TEST_PERSON "walker-1", "Person",
                      "givenName familyName")};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        assert_ok(test_create(&vault, KENKO, TEST_PERSON "walker-1", "Person",
                              "familyName=Kita givenName=Hana"));
        assert_true(test_dump(&vault, STORE_ENTITIES).n > 0);
        assert_ok(test_write(&vault, KENKO, &ends[i]));
        assert_int_equal(test_dump(&vault, STORE_ENTITIES).n, 0);
    }
    assert_non_null(strstr(test_history(&vault, citizen),
                           "delete permit CONSENT_OK kenko health-promotion Person "
                           "[familyName,givenName] yes\n"));
}

/* A relationship that can't be said to the writer is not in its view: it does not take it away. */
static void what_can_not_be_said_is_not_taken_away(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "neppi-pay=np-77 sdgs=member-5");
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance,status", "read,write");
    test_give(&vault, citizen, "sdgs", EXCHANGE, "PointAccount", "balance,status", "read,write");
    EntityWrite create = test_write_of(&vault, ENTITY_CREATE, ACCOUNT, "PointAccount",
                                       MINE " balance=10 status=acc-1");
    create.entity.attributes[2].type = STR("Relationship");
    assert_ok(test_write(&vault, PAY, &create));
    Str seen = str_from(test_must_list(&vault, "sdgs", EXCHANGE, "PointAccount"));
    const char *id = str_z(vault.arena, str_slice(seen, 0, str_find(seen, ' ')));
    EntityWrite deletion = test_write_of(&vault, ENTITY_DELETE, id, "", "");
    assert_ok(test_write(&vault, "sdgs", EXCHANGE, &deletion));
    assert_string_equal(test_must_read(&vault, PAY, ACCOUNT), ACCOUNT
                        " PointAccount refPerson=\"" TEST_PERSON "np-77\" status=\"acc-1\"\n");
}

/* One id for two citizens: when the first is gone, the second is still found under it. */
static void a_place_that_is_left_hides_nobody_behind_it(void **state)
{
    (void)state;
    TestCitizen first = test_citizen(&vault, "neppi-pay=np-77 sdgs=member-5");
    TestCitizen second = test_citizen(&vault, "neppi-pay=np-78");
    Str grant = test_give(&vault, first, PAY, "PointAccount", "refPerson,balance", "read,write");
    test_give(&vault, second, PAY, "PointAccount", "refPerson,balance", "read,write");
    test_give(&vault, first, "sdgs", EXCHANGE, "PointAccount", "refPerson,balance", "read,write");
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount", MINE " balance=10"));
    test_withdraw(&vault, first, grant);
    assert_ok(test_create(&vault, PAY, ACCOUNT, "PointAccount",
                          "refPerson=" TEST_PERSON "np-78 balance=20"));
    Str seen = str_from(test_must_list(&vault, "sdgs", EXCHANGE, "PointAccount"));
    const char *id = str_z(vault.arena, str_slice(seen, 0, str_find(seen, ' ')));
    EntityWrite deletion = test_write_of(&vault, ENTITY_DELETE, id, "", "");
    assert_ok(test_write(&vault, "sdgs", EXCHANGE, &deletion));
    assert_string_equal(truth(first), "");
    assert_ok(test_update(&vault, PAY, ACCOUNT, "", "balance=21"));
    EntityWrite again = test_write_of(&vault, ENTITY_UPSERT, ACCOUNT, "PointAccount",
                                      "refPerson=" TEST_PERSON "np-78 balance=22");
    assert_ok(test_write(&vault, PAY, &again));
    assert_string_equal(test_must_list(&vault, PAY, "PointAccount"), ACCOUNT
                        " PointAccount balance=\"22\" refPerson=\"" TEST_PERSON "np-78\"\n");
}

static void what_was_there_keeps_its_times(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_give(&vault, citizen, KENKO, "Person", "familyName,givenName", "read,write");
    assert_ok(test_create(&vault, KENKO, TEST_PERSON "walker-1", "Person", "familyName=a"));
    fake_clock_advance(&vault.fake, CLOCK_SECOND_US);
    EntityWrite append = test_write_of(&vault, ENTITY_APPEND, TEST_PERSON "walker-1", "",
                                       "familyName=b givenName=c");
    assert_ok(test_write(&vault, KENKO, &append));
    VaultCall call = test_call(&vault);
    Principal principal = test_service(KENKO);
    Entity entity;
    assert_ok(gate_read(&vault.gate, &call, &principal, STR(TEST_PERSON "walker-1"), STR_EMPTY,
                        &(EntityQuery){0}, &entity));
    vault_call_close(&call);
    assert_int_equal(entity.attribute_count, 2);
    const int64_t later = FAKE_START_US + CLOCK_SECOND_US;
    assert_int_equal(entity.attributes[0].created_us, FAKE_START_US);
    assert_int_equal(entity.attributes[0].modified_us, later);
    assert_int_equal(entity.attributes[1].created_us, later);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(every_kind_against_every_grant),
        CASE(operators_need_to_see),
        CASE(an_upsert_needs_no_reading),
        CASE(an_operator_works_on_what_is_seen),
        CASE(replacing_keeps_what_is_not_the_writers),
        CASE(the_subject_stays_as_long_as_its_entity),
        CASE(a_hidden_subject_can_not_be_guessed),
        CASE(a_hidden_place_is_no_second_place),
        CASE(a_deletion_leaves_what_is_hidden),
        CASE(nothing_is_kept_of_an_entity_without_attributes),
        CASE(what_can_not_be_said_is_not_taken_away),
        CASE(a_place_that_is_left_hides_nobody_behind_it),
        CASE(what_was_there_keeps_its_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
