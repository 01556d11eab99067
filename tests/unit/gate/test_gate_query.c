#include <stdio.h>
#include <string.h>

#include "test_vault.h"

#define KENKO "kenko", HEALTH
#define PAY "neppi-pay", EXCHANGE

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 2);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static uint64_t opens(SealKind kind)
{
    return seal_counts(vault.ring).opens[kind];
}

/* Citizen number n, known to kenko as k-n and to neppi-pay as p-n. */
static TestCitizen citizen(int n)
{
    char links[64];
    char attributes[64];
    (void)snprintf(links, sizeof links, "kenko=k-%d neppi-pay=p-%d", n, n);
    (void)snprintf(attributes, sizeof attributes, "familyName=F%d givenName=G%d postalCode=Z%d", n,
                   n, n);
    TestCitizen made = test_citizen(&vault, links);
    test_person(&vault, made, attributes);
    return made;
}

static const char *list(const char *types, const char *ids, int64_t limit, int64_t offset,
                        int64_t *ret_total)
{
    Str text;
    assert_ok(test_list(&vault, KENKO, types, ids, limit, offset, &text, ret_total));
    return text.p;
}

static void a_list_opens_granted_records_only(void **state)
{
    (void)state;
    for (int n = 0; n < 12; n++) {
        TestCitizen made = citizen(n);
        if (n % 4 == 0) {
            test_give(&vault, made, KENKO, "Person", "familyName", "read");
        }
    }
    uint64_t values = opens(SEAL_VALUE);
    uint64_t records = opens(SEAL_RECORD);
    assert_string_equal(list("Person", "", 20, 0, NULL),
                        TEST_PERSON "k-0 Person familyName=\"F0\"\n" TEST_PERSON
                                    "k-4 Person familyName=\"F4\"\n" TEST_PERSON
                                    "k-8 Person familyName=\"F8\"\n");
    assert_int_equal(opens(SEAL_VALUE) - values, 3);
    /* The account, and a link and a row for each who consented. */
    assert_int_equal(opens(SEAL_RECORD) - records, 1 + 2 * 3);
}

static void a_page_is_cut_from_the_view(void **state)
{
    (void)state;
    for (int n = 0; n < 5; n++) {
        TestCitizen made = citizen(n);
        /* The third one gives nothing that is there: the view lacks it. */
        test_give(&vault, made, KENKO, "Person", n == 2 ? "dateOfBirth" : "postalCode", "read");
    }
    int64_t total = -1;
    assert_string_equal(list("Person", "", 2, 1, &total),
                        TEST_PERSON "k-1 Person postalCode=\"Z1\"\n" TEST_PERSON
                                    "k-3 Person postalCode=\"Z3\"\n");
    assert_int_equal(total, 4);
    assert_string_equal(list("Person", "", 2, 3, &total),
                        TEST_PERSON "k-4 Person postalCode=\"Z4\"\n");
    assert_string_equal(list("Person", "", 2, 4, &total), "");
    assert_int_equal(total, 4);
    uint64_t values = opens(SEAL_VALUE);
    assert_string_equal(list("Person", "", 0, 0, &total), "");
    assert_int_equal(total, 4);
    assert_int_equal(opens(SEAL_VALUE) - values, 0);
}

static void giving_again_moves_to_the_end(void **state)
{
    (void)state;
    TestCitizen first = citizen(1);
    TestCitizen second = citizen(2);
    Str grant = test_give(&vault, first, KENKO, "Person", "familyName", "read");
    test_give(&vault, second, KENKO, "Person", "familyName", "read");
    /* A second grant beside a living one keeps the place. */
    Str more = test_give(&vault, first, KENKO, "Person", "postalCode", "read");
    assert_string_equal(list("Person", "", 20, 0, NULL),
                        TEST_PERSON "k-1 Person familyName=\"F1\" postalCode=\"Z1\"\n" TEST_PERSON
                                    "k-2 Person familyName=\"F2\"\n");
    test_withdraw(&vault, first, grant);
    test_withdraw(&vault, first, more);
    test_give(&vault, first, KENKO, "Person", "familyName", "read");
    assert_string_equal(list("Person", "", 20, 0, NULL),
                        TEST_PERSON "k-2 Person familyName=\"F2\"\n" TEST_PERSON
                                    "k-1 Person familyName=\"F1\"\n");
}

static void a_grant_after_an_expired_one_moves_to_the_end(void **state)
{
    (void)state;
    TestCitizen first = citizen(1);
    TestCitizen second = citizen(2);
    test_give_until(&vault, first, KENKO, "Person", "familyName", "read",
                    FAKE_START_US + CLOCK_SECOND_US);
    test_give(&vault, second, KENKO, "Person", "familyName", "read");
    fake_clock_advance(&vault.fake, CLOCK_SECOND_US);
    test_give(&vault, first, KENKO, "Person", "familyName", "read");
    assert_string_equal(list("Person", "", 20, 0, NULL),
                        TEST_PERSON "k-2 Person familyName=\"F2\"\n" TEST_PERSON
                                    "k-1 Person familyName=\"F1\"\n");
}

static void without_a_type_all_personal_types_answer(void **state)
{
    (void)state;
    TestCitizen made = citizen(1);
    test_entity(&vault, made, "kenko", "HealthActivity", "urn:ngsi-ld:HealthActivity:a2",
                "steps=900");
    test_entity(&vault, made, "kenko", "HealthActivity", "urn:ngsi-ld:HealthActivity:a1",
                "steps=800");
    test_give(&vault, made, KENKO, "Person", "familyName", "read");
    test_give(&vault, made, KENKO, "HealthActivity", "steps", "read");
    const char *all = "urn:ngsi-ld:HealthActivity:a1 HealthActivity steps=\"800\"\n"
                      "urn:ngsi-ld:HealthActivity:a2 HealthActivity steps=\"900\"\n" TEST_PERSON
                      "k-1 Person familyName=\"F1\"\n";
    int64_t total = 0;
    assert_string_equal(list("", "", 20, 0, &total), all);
    assert_int_equal(total, 3);
    assert_string_equal(list("Person,HealthActivity,AED", "", 20, 0, NULL), all);
    assert_string_equal(list("AED,NoSuchType", "", 20, 0, &total), all + strlen(all));
    assert_int_equal(total, 0);
}

static void ids_choose_from_the_view_in_its_order(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        TestCitizen made = citizen(n);
        if (n != 2) {
            test_give(&vault, made, KENKO, "Person", "familyName", "read");
        }
    }
    const char *ids = TEST_PERSON "k-3," TEST_PERSON "k-2," TEST_PERSON "k-0," TEST_PERSON
                                  "p-1," TEST_PERSON "k-3,other";
    int64_t total = 0;
    assert_string_equal(list("", ids, 20, 0, &total),
                        TEST_PERSON "k-0 Person familyName=\"F0\"\n" TEST_PERSON
                                    "k-3 Person familyName=\"F3\"\n");
    assert_int_equal(total, 2);
    assert_string_equal(list("Person", ids, 1, 1, &total),
                        TEST_PERSON "k-3 Person familyName=\"F3\"\n");
    assert_int_equal(total, 2);
    assert_string_equal(list("PointAccount", ids, 20, 0, &total), "");
}

static void a_list_writes_a_scan_and_a_leaf_per_citizen_shown(void **state)
{
    (void)state;
    TestCitizen shown = citizen(1);
    TestCitizen behind = citizen(2);
    test_give(&vault, shown, KENKO, "Person", "familyName,postalCode", "read");
    test_give(&vault, behind, KENKO, "Person", "familyName", "read");
    uint64_t leaves = access_log_size(vault.log);
    int64_t total;
    (void)list("Person", "", 1, 0, &total);
    assert_int_equal(access_log_size(vault.log) - leaves, 2);
    assert_non_null(strstr(
        test_history(&vault, shown),
        "read permit CONSENT_OK kenko health-promotion Person [familyName,postalCode] yes\n"));
    assert_null(strstr(test_history(&vault, behind), "read permit"));
    leaves = access_log_size(vault.log);
    (void)list("PointAccount", "", 20, 0, NULL);
    assert_int_equal(access_log_size(vault.log) - leaves, 1);
}

static void erased_and_unlinked_citizens_leave_the_list(void **state)
{
    (void)state;
    TestCitizen made[3];
    for (int n = 0; n < 3; n++) {
        made[n] = citizen(n);
        test_give(&vault, made[n], KENKO, "Person", "familyName", "read");
    }
    test_erase(&vault, made[0]);
    test_unlink(&vault, made[1], "kenko", LINK_FROZEN);
    int64_t total;
    assert_string_equal(list("Person", "", 20, 0, &total),
                        TEST_PERSON "k-2 Person familyName=\"F2\"\n");
    assert_int_equal(total, 1);
}

static void long_lists_run_over_many_chunks(void **state)
{
    (void)state;
    enum { CITIZENS = 250 };
    for (int n = 0; n < CITIZENS; n++) {
        TestCitizen made = citizen(n);
        test_give(&vault, made, KENKO, "Person", n % 5 == 3 ? "dateOfBirth" : "familyName", "read");
    }
    int64_t total;
    const char *tail = list("Person", "", 1000, 198, &total);
    assert_int_equal(total, 200);
    assert_string_equal(tail, TEST_PERSON "k-247 Person familyName=\"F247\"\n" TEST_PERSON
                                          "k-249 Person familyName=\"F249\"\n");
    assert_string_equal(list("Person", "", 1, 199, NULL),
                        TEST_PERSON "k-249 Person familyName=\"F249\"\n");
}

/* What one service writes later changes nothing that the other sees, times included. */
static void a_citizen_may_have_thousands_of_entities(void **state)
{
    (void)state;
    enum { COUNT = STORE_FIND_LIMIT_MAX + 60 };
    TestCitizen made = citizen(1);
    for (int n = 0; n < COUNT; n++) {
        char id[32];
        (void)snprintf(id, sizeof id, "walk-%04d", n);
        test_entity(&vault, made, "kenko", "HealthActivity", id, n % 2 == 0 ? "steps=1" : "date=x");
    }
    test_give(&vault, made, KENKO, "HealthActivity", "steps", "read");
    int64_t total = -1;
    assert_string_equal(list("HealthActivity", "", 1, COUNT / 2 - 1, &total),
                        "walk-1058 HealthActivity steps=\"1\"\n");
    assert_int_equal(total, COUNT / 2);
}

static void personal_entities_live_at_the_root(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool is_there;
    } CASES[] = {{"", true},
                 {"/", true},
                 {"/#", true},
                 {"/park,/", true},
                 {"/park", false},
                 {"/park/#", false},
                 {"/park,/town/#", false}};
    test_give(&vault, citizen(1), KENKO, "Person", "familyName", "read");
    Principal principal = test_service(KENKO);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        VaultCall call = test_call(&vault);
        EntityQuery query = {
            .limit = 5, .is_count_wanted = true, .service_path = str_from(CASES[i].path)};
        EntityPage page;
        Entity entity;
        assert_ok(gate_query(&vault.gate, &call, &principal, &query, &page));
        assert_int_equal(page.total, CASES[i].is_there);
        assert_int_equal(page.count, CASES[i].is_there);
        assert_ok(vault_call_renew(&call));
        Error error = gate_read(&vault.gate, &call, &principal, STR(TEST_PERSON "k-1"),
                                STR("Person"), &query, &entity);
        assert_int_equal(error.reason, CASES[i].is_there ? REASON_NONE : REASON_ENTITY_NOT_FOUND);
        vault_call_close(&call);
    }
}

static void hidden_changes_do_not_move_the_times(void **state)
{
    (void)state;
    TestCitizen made = citizen(1);
    test_give(&vault, made, KENKO, "Person", "familyName", "read");
    test_give(&vault, made, PAY, "Person", "givenName", "read,write");
    fake_clock_advance(&vault.fake, 3600 * CLOCK_SECOND_US);
    assert_ok(test_update(&vault, PAY, TEST_PERSON "p-1", "", "givenName=Umi"));
    Principal kenko = test_service(KENKO);
    Principal pay = test_service(PAY);
    EntityQuery query = {.limit = 1};
    VaultCall call = test_call(&vault);
    EntityPage page;
    assert_ok(gate_query(&vault.gate, &call, &kenko, &query, &page));
    assert_int_equal(page.entities[0].created_us, FAKE_START_US);
    assert_int_equal(page.entities[0].modified_us, FAKE_START_US);
    assert_ok(vault_call_renew(&call));
    assert_ok(gate_query(&vault.gate, &call, &pay, &query, &page));
    assert_int_equal(page.entities[0].created_us, FAKE_START_US);
    assert_int_equal(page.entities[0].modified_us, FAKE_START_US + 3600 * CLOCK_SECOND_US);
    vault_call_close(&call);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_list_opens_granted_records_only),
        CASE(a_page_is_cut_from_the_view),
        CASE(giving_again_moves_to_the_end),
        CASE(a_grant_after_an_expired_one_moves_to_the_end),
        CASE(without_a_type_all_personal_types_answer),
        CASE(ids_choose_from_the_view_in_its_order),
        CASE(a_list_writes_a_scan_and_a_leaf_per_citizen_shown),
        CASE(erased_and_unlinked_citizens_leave_the_list),
        CASE(long_lists_run_over_many_chunks),
        CASE(hidden_changes_do_not_move_the_times),
        CASE(a_citizen_may_have_thousands_of_entities),
        CASE(personal_entities_live_at_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
