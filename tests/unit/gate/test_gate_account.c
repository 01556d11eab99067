/* What a client is registered for is asked on each read: purposes, state, and from where it asks.
 */
#include "access_log.h"
#include "service_account.h"
#include "test_vault.h"

#define HEALTH "health-promotion"
#define EXCHANGE "point-exchange"
#define KENKO "kenko", HEALTH
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

static TestCitizen kita(void)
{
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    test_person(&vault, citizen, "familyName=Kita");
    return citizen;
}

static void change_account(StrList purposes, ServiceState state)
{
    VaultCall call = test_call(&vault);
    ServiceAccount account;
    assert_ok(service_account_find(&call, STR("kenko"), &account));
    account.purposes = purposes;
    assert_ok(service_account_update(&call, &account));
    vault_call_close(&call);
    call = test_call(&vault);
    assert_ok(service_account_set_state(&call, STR("kenko"), state));
    vault_call_close(&call);
}

static void change_addresses(const Str *rules, size_t count)
{
    VaultCall call = test_call(&vault);
    ServiceAccount account;
    assert_ok(service_account_find(&call, STR("kenko"), &account));
    account.allow_from = (StrList){.items = rules, .count = count};
    assert_ok(service_account_update(&call, &account));
    vault_call_close(&call);
}

/* A token issued before does not outlive what it was issued for. */
static void the_account_is_looked_at_again_on_each_read(void **state)
{
    (void)state;
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    (void)test_must_read(&vault, KENKO, ID);
    Str text;
    change_account(test_list_of(&vault, EXCHANGE), SERVICE_ACTIVE);
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), PURPOSE_NOT_REGISTERED);
    change_account(test_list_of(&vault, HEALTH), SERVICE_SUSPENDED);
    assert_fails(test_read(&vault, KENKO, ID, "", "", &text), SERVICE_UNKNOWN);
    change_account(test_list_of(&vault, HEALTH), SERVICE_ACTIVE);
    (void)test_must_read(&vault, KENKO, ID);
}

static Error read_from(const char *address)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_service(KENKO);
    EntityQuery query = {.attributes = {0}};
    Entity entity;
    principal.address = str_from(address);
    Error error = gate_read(&vault.gate, &call, &principal, STR(ID), STR_EMPTY, &query, &entity);
    vault_call_close(&call);
    return error;
}

/* The rule bites with the next request, whenever the token was issued; none means nowhere. */
static void personal_data_goes_to_registered_addresses_alone(void **state)
{
    (void)state;
    static const Str RULES[] = {STR_INIT("198.51.100.0/24"), STR_INIT("2001:db8::/32")};
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    assert_ok(read_from("192.0.2.7"));
    assert_ok(read_from("unix"));
    uint64_t leaves = access_log_size(vault.log);
    assert_fails(read_from("203.0.113.1"), ADDRESS_NOT_ALLOWED);
    assert_fails(read_from(""), ADDRESS_NOT_ALLOWED);
    assert_int_equal(access_log_size(vault.log) - leaves, 2); /* the refusals are on record */
    change_addresses(RULES, 2);
    assert_fails(read_from("192.0.2.7"), ADDRESS_NOT_ALLOWED);
    assert_ok(read_from("198.51.100.77"));
    assert_ok(read_from("::ffff:198.51.100.77"));
    assert_ok(read_from("2001:db8:1::9"));
    change_addresses(NULL, 0);
    assert_fails(read_from("198.51.100.77"), ADDRESS_NOT_ALLOWED);
    assert_fails(read_from("unix"), ADDRESS_NOT_ALLOWED);
}

/* What a token says, what the client is registered for, where it asks from, what the citizen gave:
 * only all four together give anything. */
static void four_things_must_agree(void **state)
{
    (void)state;
    static const Str HERE[] = {STR_INIT("192.0.2.0/24")};
    static const Str ELSEWHERE[] = {STR_INIT("198.51.100.0/24")};
    TestCitizen citizen = kita();
    test_give(&vault, citizen, KENKO, "Person", "familyName", "read");
    TestCitizen other = test_citizen(&vault, "kenko=walker-2");
    test_person(&vault, other, "familyName=Mori");
    for (unsigned bits = 0; bits < 16; bits++) {
        bool is_scoped = bits & 1;
        bool is_registered = bits & 2;
        bool is_allowed_here = bits & 4;
        bool is_granted = bits & 8; /* of two citizens one has given a grant */
        const char *id = is_granted ? ID : TEST_PERSON "walker-2";
        change_account(test_list_of(&vault, is_registered ? HEALTH : EXCHANGE), SERVICE_ACTIVE);
        change_addresses(is_allowed_here ? HERE : ELSEWHERE, 1);
        Str text;
        Error error = test_read(&vault, "kenko", is_scoped ? HEALTH : "", id, "", "", &text);
        if (FAILED(error) != (bits != 15)) {
            fail_msg("%u: %s", bits, error_words(error.reason)->name);
        }
    }
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_account_is_looked_at_again_on_each_read),
        CASE(personal_data_goes_to_registered_addresses_alone),
        CASE(four_things_must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
