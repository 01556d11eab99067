/* Many grants of one citizen: keys, what supersedes what, bounds, pages. */
#include <string.h>

#include "ids.h"
#include "test_vault.h"
#include "view_row.h"

#define KENKO "kenko", HEALTH
#define PAY "neppi-pay", EXCHANGE

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 8);
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

/* --- many grants ------------------------------------------------------------------------------ */

/* Both requests log before one of them wins: that both name one grant keeps the loser's leaf true.
 */
static void a_key_means_one_grant_before_it_is_given(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    GrantRequest asked = request("givenName");
    Grant grant;
    bool is_replay;
    test_commit_fail(1, REASON_STORE_UNAVAILABLE, false);
    assert_fails(give(citizen, &asked, "key", &grant, &is_replay), STORE_UNAVAILABLE);
    assert_ok(give(citizen, &asked, "key", &grant, &is_replay));
    (void)test_history(&vault, citizen);
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenAccessPage page;
    assert_ok(gate_citizen_accesses(&call, &principal, 10, STR_EMPTY, &page));
    vault_call_close(&call);
    assert_int_equal(page.count, 2);
    assert_str_eq(page.accesses[0].grants, page.accesses[1].grants);
    assert_true(str_starts_with(page.accesses[0].grants, grant.id));
    assert_true(id_is_uuid(grant.id));
    /* Another key, or the same after its answer is forgotten, is another grant. */
    Grant other;
    assert_ok(give(citizen, &asked, "key2", &other, &is_replay));
    assert_false(str_eq(other.id, grant.id));
    fake_clock_advance(&vault.fake, 25 * 3600 * CLOCK_SECOND_US);
    assert_ok(give(citizen, &asked, "key", &other, &is_replay));
    assert_false(is_replay);
    assert_false(str_eq(other.id, grant.id));
}

static void a_grant_given_again_supersedes_the_older_one(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_person(&vault, citizen, "familyName=Kita givenName=Hana");
    Str first = test_give(&vault, citizen, KENKO, "Person", "familyName,givenName", "read");
    Str second = test_give(&vault, citizen, KENKO, "Person", "givenName,familyName", "read");
    Grant *list;
    assert_int_equal(grants(citizen, &list), 2);
    size_t old = str_eq(list[0].id, first) ? 0 : 1;
    assert_int_equal(list[old].state, GRANT_SUPERSEDED);
    assert_str_eq(list[old].events[1].reason, second);
    assert_int_equal(list[1 - old].state, GRANT_ACTIVE);
    (void)test_must_read(&vault, KENKO, TEST_PERSON "walker-1");
    Grant grant;
    bool is_replay;
    assert_fails(withdraw(citizen, first, "", "w1", &grant, &is_replay), GRANT_STATE);
    /* One withdrawal is enough. */
    assert_ok(withdraw(citizen, second, "", "w2", &grant, &is_replay));
    assert_string_equal(test_must_list(&vault, KENKO, "Person"), "");
}

static void what_an_older_grant_gives_beyond_stays(void **state)
{
    (void)state;
    enum { DAY_S = 86400 };
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    test_give_until(&vault, citizen, KENKO, "Person", "familyName", "read",
                    FAKE_START_US + DAY_S * CLOCK_SECOND_US);
    test_give(&vault, citizen, KENKO, "Person", "familyName,givenName", "read");
    test_give(&vault, citizen, KENKO, "Person", "familyName", "write");
    test_give(&vault, citizen, PAY, "Person", "familyName", "read");
    Grant *list;
    size_t count = grants(citizen, &list);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].state, GRANT_ACTIVE);
    }
}

static void grants_in_force_are_bounded_for_each_list(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Str last = STR_EMPTY;
    for (int n = 0; n < VIEW_ROW_RULES_MAX; n++) {
        last = test_give_until(&vault, citizen, KENKO, "Person", "familyName", "read",
                               FAKE_START_US + (1000 - n) * CLOCK_SECOND_US);
    }
    GrantRequest asked = request("givenName");
    Grant grant;
    bool is_replay;
    assert_fails(give(citizen, &asked, "k", &grant, &is_replay), GRANT_LIMIT);
    test_give(&vault, citizen, PAY, "Person", "givenName", "read");
    test_withdraw(&vault, citizen, last);
    assert_ok(give(citizen, &asked, "k", &grant, &is_replay));
}

static CitizenGrantPage grant_page(TestCitizen citizen, Str cursor)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenGrantPage page;
    assert_ok(gate_citizen_grants(&call, &principal, 3, cursor, &page));
    vault_call_close(&call);
    return page;
}

static void all_grants_are_found_page_by_page(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    TestCitizen other = test_citizen(&vault, "kenko=walker-2");
    Str foreign = test_give(&vault, other, KENKO, "Person", "familyName", "read");
    Buf seen = buf_in(vault.arena);
    Str given[10];
    for (size_t n = 0; n < 10; n++) {
        given[n] = test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
        fake_clock_advance(&vault.fake, 1000 * CLOCK_SECOND_US);
    }
    Str cursor = STR_EMPTY;
    size_t pages = 0;
    size_t count = 0;
    do {
        CitizenGrantPage page = grant_page(citizen, cursor);
        for (size_t i = 0; i < page.count; i++) {
            buf_add(&seen, page.grants[i].id);
        }
        count += page.count;
        cursor = page.next;
    } while (cursor.n > 0 && ++pages < 10);
    assert_int_equal(count, 10);
    Str all;
    assert_ok(buf_finish(&seen, &all));
    for (size_t n = 0; n < 10; n++) {
        assert_non_null(strstr(str_z(vault.arena, all), str_z(vault.arena, given[n])));
    }
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenGrantPage page;
    assert_fails(gate_citizen_grants(&call, &principal, 3, foreign, &page), CURSOR_INVALID);
    assert_fails(gate_citizen_grants(&call, &principal, 3, STR("x"), &page), CURSOR_INVALID);
    vault_call_close(&call);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_key_means_one_grant_before_it_is_given),
        CASE(a_grant_given_again_supersedes_the_older_one),
        CASE(what_an_older_grant_gives_beyond_stays),
        CASE(grants_in_force_are_bounded_for_each_list),
        CASE(all_grants_are_found_page_by_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
