#include <string.h>

#include "grant.h"
#include "test_vault.h"
#include "view_row.h"

#define YEAR_US (INT64_C(365) * 86400 * CLOCK_SECOND_US)

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 5);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static Error check(const GrantRequest *request, GrantRequest *ret_full)
{
    VaultCall call = test_call(&vault);
    Error error = grant_check(&call, vault.purposes, request, ret_full);
    vault_call_close(&call);
    return error;
}

static GrantRequest good(void)
{
    return test_request(&vault, "kenko", HEALTH, "Person", "postalCode,familyName", "read,write");
}

static void gaps_are_filled(void **state)
{
    (void)state;
    GrantRequest request = good();
    GrantRequest full;
    assert_ok(check(&request, &full));
    assert_int_equal(full.valid_from_us, FAKE_START_US);
    assert_int_equal(full.valid_until_us, FAKE_START_US + 2 * YEAR_US);
    assert_str(full.source_party, "vault");
    assert_str(full.collection_method, "portal");
    assert_str(full.language, "ja");
    assert_str(full.attributes[0].name, "familyName");
    assert_str(full.attributes[1].name, "postalCode");
}

static void assert_refused(const GrantRequest *request, ErrorReason reason, const char *argument)
{
    GrantRequest full;
    Error error = check(request, &full);
    assert_int_equal(error.reason, reason);
    assert_string_equal(error.argument, argument);
}

static void a_grant_reaches_no_further_than_its_purpose(void **state)
{
    (void)state;
    GrantRequest request = good();
    request.purpose = STR("marketing");
    assert_refused(&request, REASON_PURPOSE_UNKNOWN, "marketing");
    request = good();
    request.recipient = STR("neppi-pay");
    assert_refused(&request, REASON_RECIPIENT_UNKNOWN, "neppi-pay");
    request = good();
    request.type = STR("AED");
    assert_refused(&request, REASON_GRANT_INVALID, "type");
    request = test_request(&vault, "kenko", HEALTH, "Person", "familyName,nationality", "read");
    assert_refused(&request, REASON_GRANT_INVALID, "nationality");
    request = test_request(&vault, "kenko", HEALTH, "Person", "familyName,shoeSize", "read");
    assert_refused(&request, REASON_GRANT_INVALID, "shoeSize");
    request = test_request(&vault, "kenko", HEALTH, "Person", "familyName,familyName", "read");
    assert_refused(&request, REASON_GRANT_INVALID, "familyName");
    request = test_request(&vault, "kenko", HEALTH, "PointAccount", "balance", "read,write");
    assert_refused(&request, REASON_GRANT_INVALID, "operations");
    request = good();
    request.operations = 0;
    assert_refused(&request, REASON_GRANT_INVALID, "operations");
    request = good();
    request.attribute_count = 0;
    assert_refused(&request, REASON_GRANT_INVALID, "attributes");
}

static void a_grant_is_asked_for_again_after_two_years(void **state)
{
    (void)state;
    GrantRequest request = good();
    GrantRequest full;
    request.valid_until_us = FAKE_START_US + 730 * (YEAR_US / 365);
    assert_ok(check(&request, &full));
    request.valid_until_us += 1;
    assert_refused(&request, REASON_GRANT_INVALID, "validUntil");
    request.valid_until_us = FAKE_START_US;
    assert_refused(&request, REASON_GRANT_INVALID, "validUntil");
    request = good();
    request.valid_from_us = FAKE_START_US - 1;
    assert_refused(&request, REASON_GRANT_INVALID, "validFrom");
    request.valid_from_us = FAKE_START_US + 3 * YEAR_US;
    request.valid_until_us = FAKE_START_US + 3 * YEAR_US + 1;
    assert_refused(&request, REASON_GRANT_INVALID, "validFrom");
    request.valid_from_us = FAKE_START_US + YEAR_US;
    request.valid_until_us = INT64_MAX;
    assert_refused(&request, REASON_GRANT_INVALID, "validUntil");
}

/* The whole table: from (row) to (column). */
static void states_follow_one_another_as_the_table_says(void **state)
{
    (void)state;
    static const char *const MAY[GRANT_STATE_COUNT_] = {
        [GRANT_PROPOSED] = "-x--x-x",  [GRANT_ACTIVE] = "--xxxx-",  [GRANT_SUSPENDED] = "-x-xxx-",
        [GRANT_WITHDRAWN] = "-------", [GRANT_EXPIRED] = "-------", [GRANT_SUPERSEDED] = "-------",
        [GRANT_REFUSED] = "-------",
    };
    for (int from = 0; from < GRANT_STATE_COUNT_; from++) {
        for (int to = 0; to < GRANT_STATE_COUNT_; to++) {
            assert_int_equal(grant_state_may_follow((GrantState)from, (GrantState)to),
                             MAY[from][to] == 'x');
        }
        GrantState parsed;
        assert_true(grant_state_parse(grant_state_text((GrantState)from), &parsed));
        assert_int_equal(parsed, from);
    }
}

static void the_record_comes_back_as_it_was_written(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Str id = test_give(&vault, citizen, "kenko", HEALTH, "Person", "postalCode,familyName",
                       "read,notify");
    test_withdraw(&vault, citizen, id);
    VaultCall call = test_call(&vault);
    Subject subject;
    Grant stored;
    Grant parsed;
    Str json;
    Str again;
    assert_ok(subject_load(&call, citizen.subject, &subject));
    assert_ok(grant_find(&call, &subject, id, &stored));
    assert_ok(grant_to_json(vault.arena, &stored, &json));
    assert_ok(grant_from_json(vault.arena, json, &parsed));
    assert_ok(grant_to_json(vault.arena, &parsed, &again));
    assert_str_eq(again, json);
    assert_int_equal(parsed.state, GRANT_WITHDRAWN);
    assert_int_equal(parsed.operations, CONSENT_READ | CONSENT_NOTIFY);
    assert_fails(grant_from_json(vault.arena, STR("{\"id\":1}"), &parsed), STORE_CORRUPT);
    assert_fails(grant_from_json(vault.arena, STR("no"), &parsed), STORE_CORRUPT);
    subject_done(&subject);
    vault_call_close(&call);
}

/* --- view rows -------------------------------------------------------------------------------- */

static void rules_come_back_and_damage_is_refused(void **state)
{
    (void)state;
    const ConsentAttribute attributes[] = {{.name = STR("a")}, {.name = STR("長い名前")}};
    const ConsentRule rules[] = {
        {.grant_id = STR("0190a5a0-0000-7000-8000-000000000000"),
         .grant_version = 7,
         .attributes = attributes,
         .attribute_count = 2,
         .operations = CONSENT_READ,
         .valid_from_us = 1,
         .valid_until_us = INT64_MAX,
         .legal_basis = STR("consent")},
        {.grant_id = STR("b"), .grant_version = 1, .legal_basis = STR("law")}};
    Str bytes;
    ConsentRules back;
    assert_ok(view_rules_write(vault.arena, (ConsentRules){.items = rules, .count = 2}, &bytes));
    assert_ok(view_rules_read(vault.arena, bytes, &back));
    assert_int_equal(back.count, 2);
    assert_str_eq(back.items[0].attributes[1].name, attributes[1].name);
    assert_int_equal(back.items[0].valid_until_us, INT64_MAX);
    assert_str(back.items[1].legal_basis, "law");
    for (size_t n = 0; n < bytes.n; n++) {
        assert_fails(view_rules_read(vault.arena, str_slice(bytes, 0, n), &back), STORE_CORRUPT);
    }
}

/* The row's rules are the grants that are active: nothing more, nothing less. */
static void a_row_is_the_fold_of_the_active_grants(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Str first = test_give(&vault, citizen, "kenko", HEALTH, "Person", "familyName", "read");
    Str second = test_give(&vault, citizen, "kenko", HEALTH, "Person", "givenName", "read,write");
    test_give(&vault, citizen, "kenko", HEALTH, "HealthActivity", "steps", "read");
    test_withdraw(&vault, citizen, first);
    VaultCall call = test_call(&vault);
    Subject subject;
    ViewList list = {.recipient = STR("kenko"), .purpose = STR(HEALTH), .type = STR("Person")};
    ViewRow row;
    ConsentRules rules;
    assert_ok(subject_load(&call, citizen.subject, &subject));
    assert_ok(view_row_find(&call, &list, citizen.subject, &row));
    assert_ok(view_row_open(&call, &list, &subject, &row, &rules));
    assert_int_equal(rules.count, 1);
    assert_str_eq(rules.items[0].grant_id, second);
    /* The same bytes under another list's name do not open. */
    ViewList other = list;
    other.type = STR("HealthActivity");
    assert_fails(view_row_open(&call, &other, &subject, &row, &rules), STORE_CORRUPT);
    subject_done(&subject);
    vault_call_close(&call);
    test_withdraw(&vault, citizen, second);
    call = test_call(&vault);
    assert_ok(view_row_find(&call, &list, citizen.subject, &row));
    assert_int_equal(row.doc.version, 0);
    vault_call_close(&call);
}

/* --- purposes --------------------------------------------------------------------------------- */

static void the_five_purposes_are_whole(void **state)
{
    (void)state;
    static const char *const CODES[] = {"health-promotion", "point-exchange", "sdgs-activity",
                                        "segment-delivery", "tourism"};
    assert_int_equal(purpose_count(vault.purposes), 5);
    for (size_t i = 0; i < 5; i++) {
        const Purpose *purpose = purpose_at(vault.purposes, i);
        assert_str(purpose->code, CODES[i]);
        assert_ptr_equal(purpose_find(vault.purposes, purpose->code), purpose);
        assert_true(purpose->validity_max_us <= GRANT_VALIDITY_MAX_US);
        assert_true(purpose->services.count > 0 && purpose->type_count > 0);
        assert_non_null(purpose_type(purpose, STR("Person")));
        assert_null(purpose_type(purpose, STR("AED")));
    }
    assert_null(purpose_find(vault.purposes, STR("Tourism")));
    assert_null(purpose_at(vault.purposes, 5));
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(gaps_are_filled),
        CASE(a_grant_reaches_no_further_than_its_purpose),
        CASE(a_grant_is_asked_for_again_after_two_years),
        CASE(states_follow_one_another_as_the_table_says),
        CASE(the_record_comes_back_as_it_was_written),
        CASE(rules_come_back_and_damage_is_refused),
        CASE(a_row_is_the_fold_of_the_active_grants),
        CASE(the_five_purposes_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
