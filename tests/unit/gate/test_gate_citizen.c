#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "service_account.h"
#include "test_vault.h"

#define KENKO "kenko", HEALTH
#define PAY "neppi-pay", EXCHANGE

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 4);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

/* --- words of these tests --------------------------------------------------------------------- */

static Error give(TestCitizen citizen, const GrantRequest *request, const char *key,
                  Grant *ret_grant, bool *ret_replay)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    Error error = gate_citizen_give(&vault.gate, &call, &principal, request, str_from(key),
                                    ret_grant, ret_replay);
    vault_call_close(&call);
    return error;
}

static Error withdraw(TestCitizen citizen, Str id, const char *reason, const char *key,
                      Grant *ret_grant, bool *ret_replay)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    Error error = gate_citizen_withdraw(&vault.gate, &call, &principal, id, str_from(reason),
                                        str_from(key), ret_grant, ret_replay);
    vault_call_close(&call);
    return error;
}

static GrantRequest request(const char *attributes)
{
    return test_request(&vault, KENKO, "Person", attributes, "read");
}

static size_t grants(TestCitizen citizen, Grant **ret_grants)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenGrantPage page;
    assert_ok(gate_citizen_grants(&call, &principal, GRANT_PAGE_MAX, STR_EMPTY, &page));
    vault_call_close(&call);
    *ret_grants = page.grants;
    return page.count;
}

static Str json_of(const Grant *grant)
{
    Str json;
    assert_ok(grant_to_json(vault.arena, grant, &json));
    return json;
}

/* --- me --------------------------------------------------------------------------------------- */

static void a_citizen_sees_all_of_the_own_data(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1 neppi-pay=np-77");
    test_person(&vault, citizen, "familyName=Kita sex=2");
    test_entity(&vault, citizen, "neppi-pay", "PointAccount", TEST_ACCOUNT "np-acc-5",
                "balance=10");
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenMe me;
    assert_ok(gate_citizen_me(&vault.gate, &call, &principal, &me));
    vault_call_close(&call);
    Str text = test_text(&vault, me.entities, me.entity_count);
    assert_int_equal(me.entity_count, 2);
    assert_non_null(strstr(text.p, TEST_PERSON "me Person familyName=\"Kita\" sex=\"2\"\n"));
    assert_non_null(
        strstr(text.p, " PointAccount balance=\"10\" refPerson=\"" TEST_PERSON "me\"\n"));
    assert_null(strstr(text.p, "np-"));
    for (size_t i = 0; i < me.entity_count; i++) {
        bool is_person = str_eq(me.entities[i].type, STR("Person"));
        assert_str(me.entities[i].attributes[0].writer, is_person ? "kenko" : "neppi-pay");
    }
    assert_int_equal(me.link_count, 2);
    assert_str(me.links[0].service, "kenko");
    assert_str(me.links[0].state, "active");
    assert_str(me.links[1].service, "neppi-pay");
    const char *history = test_history(&vault, citizen);
    assert_non_null(
        strstr(history, "read permit citizen-self line-portal - Person [familyName,sex] no\n"));
    assert_non_null(strstr(
        history, "read permit citizen-self line-portal - PointAccount [balance,refPerson] no\n"));
}

static void more_entities_than_one_read_gives(void **state)
{
    (void)state;
    enum { ACTIVITIES = 405 };
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    for (int n = 0; n < ACTIVITIES; n++) {
        char id[64];
        (void)snprintf(id, sizeof id, "urn:ngsi-ld:HealthActivity:%d", n);
        test_entity(&vault, citizen, "kenko", "HealthActivity", id, "steps=1");
    }
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenMe me;
    assert_ok(gate_citizen_me(&vault.gate, &call, &principal, &me));
    vault_call_close(&call);
    assert_int_equal(me.entity_count, ACTIVITIES);
}

static void only_a_citizen_may_ask(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    VaultCall call = test_call(&vault);
    Principal service = test_service(KENKO);
    memcpy(service.subject, citizen.subject, sizeof service.subject);
    CitizenMe me;
    CitizenGrantPage list;
    CitizenAccessPage page;
    Grant grant;
    bool is_replay;
    GrantRequest asked = request("familyName");
    assert_fails(gate_citizen_me(&vault.gate, &call, &service, &me), CITIZEN_REQUIRED);
    assert_fails(gate_citizen_grants(&call, &service, 10, STR_EMPTY, &list), CITIZEN_REQUIRED);
    assert_fails(gate_citizen_accesses(&call, &service, 10, STR_EMPTY, &page), CITIZEN_REQUIRED);
    assert_fails(
        gate_citizen_give(&vault.gate, &call, &service, &asked, STR("k"), &grant, &is_replay),
        CITIZEN_REQUIRED);
    test_erase(&vault, citizen);
    vault_call_close(&call);
    call = test_call(&vault);
    Principal erased = test_citizen_principal(citizen.subject);
    assert_fails(gate_citizen_me(&vault.gate, &call, &erased, &me), SUBJECT_UNKNOWN);
    assert_fails(
        gate_citizen_give(&vault.gate, &call, &erased, &asked, STR("k"), &grant, &is_replay),
        SUBJECT_UNKNOWN);
    vault_call_close(&call);
}

/* --- giving and withdrawing ------------------------------------------------------------------- */

static void a_grant_keeps_its_whole_story(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Grant given;
    Grant withdrawn;
    bool is_replay;
    GrantRequest asked = request("postalCode,familyName");
    assert_ok(give(citizen, &asked, "k1", &given, &is_replay));
    fake_clock_advance(&vault.fake, CLOCK_SECOND_US);
    assert_ok(withdraw(citizen, given.id, "changed my mind", "k2", &withdrawn, &is_replay));
    Grant *list;
    assert_int_equal(grants(citizen, &list), 1);
    const Grant *grant = &list[0];
    assert_str_eq(json_of(grant), json_of(&withdrawn));
    assert_str_eq(grant->id, given.id);
    assert_int_equal(grant->version, 2);
    assert_int_equal(grant->state, GRANT_WITHDRAWN);
    assert_str(grant->recipient, "kenko");
    assert_str(grant->purpose, "health-promotion");
    assert_int_equal(grant->purpose_version, 1);
    assert_str(grant->legal_basis, "consent");
    assert_str(grant->source_party, "vault");
    assert_str(grant->attributes[0].name, "familyName");
    assert_int_equal(grant->valid_from_us, FAKE_START_US);
    assert_int_equal(grant->event_count, 2);
    assert_int_equal(grant->events[0].state, GRANT_ACTIVE);
    assert_int_equal(grant->events[1].at_us, FAKE_START_US + CLOCK_SECOND_US);
    assert_str(grant->events[1].reason, "changed my mind");
}

static void a_repeated_request_gets_the_first_answer(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Grant first;
    Grant again;
    Grant gone;
    bool is_replay;
    GrantRequest asked = request("familyName");
    assert_ok(give(citizen, &asked, "key", &first, &is_replay));
    assert_false(is_replay);
    uint64_t leaves = access_log_size(vault.log);
    assert_ok(give(citizen, &asked, "key", &again, &is_replay));
    assert_true(is_replay);
    assert_str_eq(json_of(&again), json_of(&first));
    assert_int_equal(access_log_size(vault.log), leaves);
    assert_ok(withdraw(citizen, first.id, "", "bye", &gone, &is_replay));
    assert_ok(give(citizen, &asked, "key", &again, &is_replay));
    assert_str_eq(json_of(&again), json_of(&first));
    assert_ok(withdraw(citizen, first.id, "", "bye", &again, &is_replay));
    assert_true(is_replay);
    assert_str_eq(json_of(&again), json_of(&gone));
    Grant *list;
    assert_int_equal(grants(citizen, &list), 1);
}

static void a_key_belongs_to_one_request_of_one_citizen(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    TestCitizen other = test_citizen(&vault, "kenko=walker-2");
    Grant grant;
    bool is_replay;
    GrantRequest asked = request("familyName");
    GrantRequest changed = request("givenName");
    assert_ok(give(citizen, &asked, "key", &grant, &is_replay));
    assert_fails(give(citizen, &changed, "key", &grant, &is_replay), IDEMPOTENCY_MISMATCH);
    assert_fails(withdraw(citizen, grant.id, "", "key", &grant, &is_replay), IDEMPOTENCY_MISMATCH);
    assert_ok(give(other, &changed, "key", &grant, &is_replay));
    assert_false(is_replay);
    assert_fails(give(citizen, &asked, "", &grant, &is_replay), IDEMPOTENCY_KEY);
    assert_fails(give(citizen, &asked, "two words", &grant, &is_replay), IDEMPOTENCY_KEY);
    /* A day later the key is free again, also before it is swept. */
    fake_clock_advance(&vault.fake, (INT64_C(24) * 3600 + 1) * CLOCK_SECOND_US);
    assert_ok(give(citizen, &changed, "key", &grant, &is_replay));
    assert_false(is_replay);
}

static void a_refused_request_may_be_mended_under_its_key(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Grant grant;
    bool is_replay;
    GrantRequest wrong = request("shoeSize");
    GrantRequest right = request("familyName");
    assert_fails(give(citizen, &wrong, "key", &grant, &is_replay), GRANT_INVALID);
    assert_ok(give(citizen, &right, "key", &grant, &is_replay));
}

static void a_grant_of_another_citizen_is_unknown(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    TestCitizen other = test_citizen(&vault, "kenko=walker-2");
    Str id = test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    Grant grant;
    bool is_replay;
    Error foreign = withdraw(other, id, "", "k", &grant, &is_replay);
    Error unknown =
        withdraw(other, STR("0190a5a0-0000-7000-8000-000000000000"), "", "k", &grant, &is_replay);
    assert_fails(foreign, GRANT_UNKNOWN);
    assert_fails(unknown, GRANT_UNKNOWN);
    assert_ok(withdraw(citizen, id, "", "k", &grant, &is_replay));
    Error twice = withdraw(citizen, id, "", "k2", &grant, &is_replay);
    assert_fails(twice, GRANT_STATE);
    assert_string_equal(twice.argument, "withdrawn");
}

static void a_suspended_recipient_is_given_nothing(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    VaultCall call = test_call(&vault);
    assert_ok(service_account_set_state(&call, STR("kenko"), SERVICE_SUSPENDED));
    vault_call_close(&call);
    Grant grant;
    bool is_replay;
    GrantRequest asked = request("familyName");
    assert_fails(give(citizen, &asked, "k", &grant, &is_replay), RECIPIENT_UNKNOWN);
}

/* --- nothing half done ------------------------------------------------------------------------ */

static const StoreCollection CONSENT_COLLECTIONS[] = {STORE_GRANTS, STORE_VIEW_ROWS,
                                                      STORE_IDEMPOTENCY};

typedef struct ConsentState {
    Str dumps[3];
} ConsentState;

static ConsentState consent_state(void)
{
    ConsentState state;
    for (size_t i = 0; i < 3; i++) {
        state.dumps[i] = test_dump(&vault, CONSENT_COLLECTIONS[i]);
    }
    return state;
}

static void assert_same_state(const ConsentState *before)
{
    ConsentState now = consent_state();
    for (size_t i = 0; i < 3; i++) {
        assert_str_eq(now.dumps[i], before->dumps[i]);
    }
}

static void a_failing_commit_or_log_leaves_everything_as_it_was(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Str id = test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    ConsentState before = consent_state();
    GrantRequest asked = request("givenName");
    Grant grant;
    bool is_replay;
    test_commit_fail(1, REASON_STORE_UNAVAILABLE, false);
    assert_fails(give(citizen, &asked, "a", &grant, &is_replay), STORE_UNAVAILABLE);
    assert_same_state(&before);
    test_commit_fail(1, REASON_STORE_UNAVAILABLE, false);
    assert_fails(withdraw(citizen, id, "", "b", &grant, &is_replay), STORE_UNAVAILABLE);
    assert_same_state(&before);
    test_log_fail(&vault, true);
    assert_fails(give(citizen, &asked, "a", &grant, &is_replay), LOG_UNAVAILABLE);
    assert_fails(withdraw(citizen, id, "", "b", &grant, &is_replay), LOG_UNAVAILABLE);
    assert_same_state(&before);
}

/* Whichever single call of the log's files fails: a grant is either given, with its leaf, or not
 * there at all. */
static void every_failing_call_of_the_log_is_survived(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    GrantRequest asked = request("givenName");
    for (uint64_t nth = 1; nth <= 12; nth++) {
        ConsentState before = consent_state();
        char key[16];
        (void)snprintf(key, sizeof key, "n%u", (unsigned)nth);
        fake_ports_fail(&vault.fake, (FakeFault){.call = FAKE_ANY, .nth = nth});
        Grant grant;
        bool is_replay;
        Error error = give(citizen, &asked, key, &grant, &is_replay);
        fake_ports_fail(&vault.fake, (FakeFault){.nth = 0});
        if (FAILED(error)) {
            assert_int_equal(error.reason, REASON_LOG_UNAVAILABLE);
            assert_same_state(&before);
            while (FAILED(access_log_health(vault.log))) {
                (void)access_log_wait(vault.log, UINT64_MAX - 1, 1000);
            }
            assert_ok(give(citizen, &asked, key, &grant, &is_replay));
        }
        assert_false(is_replay);
    }
    Grant *list;
    assert_int_equal(grants(citizen, &list), 12);
}

static void a_lost_answer_is_found_again_by_its_key(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    GrantRequest asked = request("givenName");
    Grant grant;
    bool is_replay;
    test_commit_fail(1, REASON_STORE_UNSETTLED, true);
    assert_fails(give(citizen, &asked, "key", &grant, &is_replay), STORE_UNSETTLED);
    assert_ok(give(citizen, &asked, "key", &grant, &is_replay));
    assert_true(is_replay);
    Grant *list;
    assert_int_equal(grants(citizen, &list), 1);
}

static void a_conflict_is_tried_again_with_one_leaf(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    GrantRequest asked = request("givenName");
    Grant grant;
    bool is_replay;
    uint64_t leaves = access_log_size(vault.log);
    test_commit_fail(1, REASON_STORE_CONFLICT, false);
    assert_ok(give(citizen, &asked, "key", &grant, &is_replay));
    assert_true(test_commit_failed());
    assert_int_equal(access_log_size(vault.log) - leaves, 1);
    Grant *list;
    assert_int_equal(grants(citizen, &list), 1);
    assert_str_eq(list[0].id, grant.id);
}

/* --- together --------------------------------------------------------------------------------- */

#define ROUNDS 12

typedef struct Giver {
    TestCitizen citizen;
    unsigned number;
    Error error;
} Giver;

static Error give_and_withdraw(Giver *giver, Arena *arena, unsigned round)
{
    const ConsentAttribute attribute = {.name = giver->number == 0 ? STR("familyName")
                                                                   : STR("givenName")};
    GrantRequest asked = {.recipient = STR("kenko"),
                          .purpose = STR(HEALTH),
                          .type = STR("Person"),
                          .attributes = &attribute,
                          .attribute_count = 1,
                          .operations = CONSENT_READ};
    Principal principal = test_citizen_principal(giver->citizen.subject);
    char key[32];
    Grant grant;
    bool is_replay;
    VaultCall call = test_call_in(&vault, arena);
    (void)snprintf(key, sizeof key, "give-%u-%u", giver->number, round);
    Error error = gate_citizen_give(&vault.gate, &call, &principal, &asked, str_from(key), &grant,
                                    &is_replay);
    vault_call_close(&call);
    TRY(error);
    if (round == ROUNDS - 1) {
        return OK;
    }
    call = test_call_in(&vault, arena);
    (void)snprintf(key, sizeof key, "take-%u-%u", giver->number, round);
    error = gate_citizen_withdraw(&vault.gate, &call, &principal, grant.id, STR_EMPTY,
                                  str_from(key), &grant, &is_replay);
    vault_call_close(&call);
    return error;
}

static void *giver_run(void *context)
{
    Giver *giver = context;
    for (unsigned round = 0; round < ROUNDS && !FAILED(giver->error); round++) {
        Arena *arena = arena_new_sensitive((size_t)64 << 20);
        giver->error = give_and_withdraw(giver, arena, round);
        (void)arena_free(arena);
    }
    return NULL;
}

/* Two portals of one citizen work on one row at once: the row is the fold of what is active in the
 * end. */
static void two_who_change_one_row_lose_nothing(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_person(&vault, citizen, "familyName=Kita givenName=Hana");
    Giver givers[2] = {{.citizen = citizen, .number = 0}, {.citizen = citizen, .number = 1}};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, giver_run, &givers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_ok(givers[0].error); /* nobody works on this stack any more */
    assert_ok(givers[1].error);
    assert_string_equal(test_must_read(&vault, KENKO, TEST_PERSON "walker-1"),
                        TEST_PERSON "walker-1 Person familyName=\"Kita\" givenName=\"Hana\"\n");
    Grant *list;
    size_t count = grants(citizen, &list);
    size_t active = 0;
    for (size_t i = 0; i < count; i++) {
        active += list[i].state == GRANT_ACTIVE ? 1 : 0;
    }
    assert_int_equal(count, 2 * ROUNDS);
    assert_int_equal(active, 2);
}

/* Two requests with one key, sent at once: one grant, one answer. */
static void *same_key_run(void *context)
{
    Giver *giver = context;
    Arena *arena = arena_new_sensitive((size_t)64 << 20);
    giver->number = 0;
    giver->error = give_and_withdraw(giver, arena, ROUNDS - 1);
    (void)arena_free(arena);
    return NULL;
}

static void one_key_sent_twice_at_once_gives_once(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Giver givers[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        givers[i] = (Giver){.citizen = citizen};
        assert_int_equal(pthread_create(&threads[i], NULL, same_key_run, &givers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_ok(givers[i].error);
    }
    Grant *list;
    assert_int_equal(grants(citizen, &list), 1);
}

/* --- accesses --------------------------------------------------------------------------------- */

static void cursors_are_checked(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenAccessPage page;
    assert_fails(gate_citizen_accesses(&call, &principal, 10, STR("nonsense"), &page),
                 CURSOR_INVALID);
    assert_ok(gate_citizen_accesses(&call, &principal, 10, STR_EMPTY, &page));
    assert_int_equal(page.count, 0);
    assert_str(page.next, "");
    vault_call_close(&call);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_citizen_sees_all_of_the_own_data),
        CASE(more_entities_than_one_read_gives),
        CASE(only_a_citizen_may_ask),
        CASE(a_grant_keeps_its_whole_story),
        CASE(a_repeated_request_gets_the_first_answer),
        CASE(a_key_belongs_to_one_request_of_one_citizen),
        CASE(a_refused_request_may_be_mended_under_its_key),
        CASE(a_grant_of_another_citizen_is_unknown),
        CASE(a_suspended_recipient_is_given_nothing),
        CASE(a_failing_commit_or_log_leaves_everything_as_it_was),
        CASE(every_failing_call_of_the_log_is_survived),
        CASE(a_lost_answer_is_found_again_by_its_key),
        CASE(a_conflict_is_tried_again_with_one_leaf),
        CASE(two_who_change_one_row_lose_nothing),
        CASE(one_key_sent_twice_at_once_gives_once),
        CASE(cursors_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
