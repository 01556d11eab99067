#include <string.h>

#include "access_token.h"
#include "service_account.h"
#include "test_vault.h"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 6);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static Error issue_for(const char *tenant, const AccessToken *wanted, Str *ret_token)
{
    VaultCall call = test_call(&vault);
    call.tenant = str_from(tenant);
    Error error = access_token_issue(&call, wanted, ret_token);
    vault_call_close(&call);
    return error;
}

static Error issue(const char *client, const char *purpose, Str *ret_token)
{
    AccessToken wanted = {.kind = TOKEN_SERVICE,
                          .client = str_from(client),
                          .purpose = str_from(purpose),
                          .scope = STR("s")};
    return issue_for("", &wanted, ret_token);
}

static Str must_issue(const char *client)
{
    Str token;
    assert_ok(issue(client, "", &token));
    return token;
}

static Error find(Str token, AccessToken *ret_token)
{
    VaultCall call = test_call(&vault);
    Error error = access_token_find(&call, token, ret_token);
    vault_call_close(&call);
    return error;
}

static void revoke(Str token, const char *client)
{
    VaultCall call = test_call(&vault);
    assert_ok(access_token_revoke(&call, token, str_from(client)));
    vault_call_close(&call);
}

static void a_token_says_what_it_was_issued_for(void **state)
{
    (void)state;
    Str token;
    AccessToken found;
    assert_ok(issue("kenko", HEALTH, &token));
    assert_int_equal(token.n, 43);
    assert_ok(find(token, &found));
    assert_int_equal(found.kind, TOKEN_SERVICE);
    assert_str(found.client, "kenko");
    assert_str(found.purpose, HEALTH);
    assert_str(found.tenant, "");
    assert_str(found.scope, "s");
    assert_int_equal(found.issued_us, FAKE_START_US);
    assert_int_equal(found.expires_us, FAKE_START_US + ACCESS_TOKEN_LIFETIME_US);
}

static void the_store_does_not_hold_the_token(void **state)
{
    (void)state;
    Str token;
    assert_ok(issue("kenko", HEALTH, &token));
    const char *dump = str_z(vault.arena, test_dump(&vault, STORE_TOKENS));
    assert_null(strstr(dump, str_z(vault.arena, str_slice(token, 0, 16))));
    /* Bodies are dumped as hex: "kenko" must not stand in one. */
    assert_null(strstr(dump, "6b656e6b6f"));
}

static void a_token_ends_by_the_clock(void **state)
{
    (void)state;
    Str token = must_issue("kenko");
    AccessToken found;
    fake_clock_set(&vault.fake, FAKE_START_US + ACCESS_TOKEN_LIFETIME_US - 1);
    assert_ok(find(token, &found));
    fake_clock_set(&vault.fake, FAKE_START_US + ACCESS_TOKEN_LIFETIME_US);
    Error expired = find(token, &found);
    Error unknown = find(STR("nobody-ever-made-this"), &found);
    assert_fails(expired, TOKEN_INVALID);
    assert_fails(unknown, TOKEN_INVALID);
    assert_string_equal(expired.site, unknown.site);
}

static void a_client_revokes_its_own_tokens_only(void **state)
{
    (void)state;
    Str token = must_issue("kenko");
    AccessToken found;
    revoke(token, "neppi-pay");
    assert_ok(find(token, &found));
    revoke(token, "kenko");
    assert_fails(find(token, &found), TOKEN_INVALID);
    revoke(token, "kenko");
    revoke(STR("no-such-token"), "kenko");
}

static void only_registered_purposes_and_living_clients_get_one(void **state)
{
    (void)state;
    Str token;
    assert_fails(issue("nobody", "", &token), SERVICE_UNKNOWN);
    assert_fails(issue("kenko", "tourism", &token), PURPOSE_NOT_REGISTERED);
    AccessToken wanted = {
        .kind = TOKEN_SERVICE, .client = STR("kenko"), .scope = STR_EMPTY, .purpose = STR_EMPTY};
    assert_fails(issue_for("other", &wanted, &token), SERVICE_UNKNOWN);
}

static void suspending_a_client_takes_its_tokens_at_once(void **state)
{
    (void)state;
    Str first = must_issue("kenko");
    Str second = must_issue("kenko");
    Str other = must_issue("sdgs");
    VaultCall call = test_call(&vault);
    assert_ok(service_account_set_state(&call, STR("kenko"), SERVICE_SUSPENDED));
    vault_call_close(&call);
    AccessToken found;
    Str token;
    assert_fails(find(first, &found), TOKEN_INVALID);
    assert_fails(find(second, &found), TOKEN_INVALID);
    assert_ok(find(other, &found));
    assert_fails(issue("kenko", "", &token), SERVICE_UNKNOWN);
    call = test_call(&vault);
    assert_ok(service_account_set_state(&call, STR("kenko"), SERVICE_ACTIVE));
    vault_call_close(&call);
    assert_ok(issue("kenko", "", &token));
}

/* The account changes between the look at it and the commit: no token slips through. */
static void no_token_slips_past_a_suspension(void **state)
{
    (void)state;
    VaultCall early = test_call(&vault);
    VaultCall call = test_call(&vault);
    assert_ok(service_account_set_state(&call, STR("kenko"), SERVICE_SUSPENDED));
    vault_call_close(&call);
    AccessToken wanted = {
        .kind = TOKEN_SERVICE, .client = STR("kenko"), .purpose = STR_EMPTY, .scope = STR_EMPTY};
    Str token;
    assert_fails(access_token_issue(&early, &wanted, &token), STORE_CONFLICT);
    vault_call_close(&early);
}

static void a_citizen_token_carries_the_citizen(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "");
    AccessToken wanted = {.kind = TOKEN_CITIZEN,
                          .client = STR("line-portal"),
                          .purpose = STR("ignored"),
                          .scope = STR("citizen")};
    memcpy(wanted.subject, citizen.subject, sizeof wanted.subject);
    Str token;
    AccessToken found;
    assert_ok(issue_for("", &wanted, &token));
    assert_ok(find(token, &found));
    assert_int_equal(found.kind, TOKEN_CITIZEN);
    assert_memory_equal(found.subject, citizen.subject, sizeof found.subject);
    assert_str(found.purpose, "");
    test_erase(&vault, citizen);
    assert_fails(issue_for("", &wanted, &token), SUBJECT_UNKNOWN);
}

static size_t sweep(size_t limit)
{
    size_t removed = 99;
    VaultCall call = test_call(&vault);
    assert_ok(access_token_sweep(&call, limit, &removed));
    vault_call_close(&call);
    return removed;
}

static void the_sweep_takes_what_has_expired(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)must_issue("kenko");
    }
    fake_clock_advance(&vault.fake, ACCESS_TOKEN_LIFETIME_US / 2);
    Str living = must_issue("kenko");
    fake_clock_advance(&vault.fake, ACCESS_TOKEN_LIFETIME_US / 2 + CLOCK_SECOND_US);
    assert_int_equal(sweep(3), 3);
    assert_int_equal(sweep(500), 2);
    assert_int_equal(sweep(500), 0);
    AccessToken found;
    assert_ok(find(living, &found));
}

static Error use(const char *client, const char *jti)
{
    VaultCall call = test_call(&vault);
    Error error = service_account_use_assertion(&call, str_from(client), str_from(jti),
                                                call.now_us + 300 * CLOCK_SECOND_US);
    vault_call_close(&call);
    return error;
}

static void an_assertion_is_used_once(void **state)
{
    (void)state;
    assert_ok(use("kenko", "jti-1"));
    assert_fails(use("kenko", "jti-1"), ASSERTION_REPLAYED);
    assert_ok(use("kenko", "jti-2"));
    assert_ok(use("sdgs", "jti-1"));
    VaultCall call = test_call(&vault);
    size_t count;
    assert_ok(access_token_revoke_client(&call, STR("kenko"), &count));
    vault_call_close(&call);
    assert_int_equal(count, 0);
    assert_fails(use("kenko", "jti-1"), ASSERTION_REPLAYED);
    fake_clock_advance(&vault.fake, 302 * CLOCK_SECOND_US);
    assert_int_equal(sweep(500), 3);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_token_says_what_it_was_issued_for),
        CASE(the_store_does_not_hold_the_token),
        CASE(a_token_ends_by_the_clock),
        CASE(a_client_revokes_its_own_tokens_only),
        CASE(only_registered_purposes_and_living_clients_get_one),
        CASE(suspending_a_client_takes_its_tokens_at_once),
        CASE(no_token_slips_past_a_suspension),
        CASE(a_citizen_token_carries_the_citizen),
        CASE(the_sweep_takes_what_has_expired),
        CASE(an_assertion_is_used_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
