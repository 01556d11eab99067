#include <stdio.h>
#include <string.h>

#include "person.h"
#include "platform.h"
#include "service_account.h"
#include "subject_walk.h"
#include "test_vault.h"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

/* --- links ------------------------------------------------------------------------------------ */

static Error find(const char *service, const char *user_id, TestCitizen *ret_citizen,
                  IdLink *ret_link)
{
    VaultCall call = test_call(&vault);
    Subject subject;
    Error error = id_link_find(&call, str_from(service), str_from(user_id), &subject, ret_link);
    vault_call_close(&call);
    TRY(error);
    memcpy(ret_citizen->subject, subject.id, sizeof ret_citizen->subject);
    subject_done(&subject);
    return OK;
}

static Error add(TestCitizen citizen, const char *service, const char *user_id)
{
    VaultCall call = test_call(&vault);
    StoreBatch *batch = store_batch_in(vault.arena);
    CLEANUP(subject_done) Subject subject = {0};
    LinkProof proof = {
        .method = STR("code"), .acr = STR("high"), .citizen_at_us = 5, .service_at_us = 6};
    assert_ok(subject_load(&call, citizen.subject, &subject));
    Error error = id_link_add(&call, batch, &subject, str_from(service), str_from(user_id), &proof);
    if (!FAILED(error)) {
        error = store_commit(vault.store, batch, call.deadline, NULL);
    }
    vault_call_close(&call);
    return error;
}

static void a_link_leads_both_ways(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    TestCitizen found;
    IdLink link;
    assert_ok(find("kenko", "walker-1", &found, &link));
    assert_memory_equal(found.subject, citizen.subject, sizeof found.subject);
    assert_int_equal(link.epoch, 1);
    assert_fails(find("kenko", "walker-2", &found, &link), LINK_UNKNOWN);
    assert_fails(find("neppi-pay", "walker-1", &found, &link), LINK_UNKNOWN);
    assert_ok(add(citizen, "sdgs", "member-1"));
    VaultCall call = test_call(&vault);
    CLEANUP(subject_done) Subject subject = {0};
    IdLink *links;
    size_t count;
    assert_ok(subject_load(&call, citizen.subject, &subject));
    assert_ok(id_link_of_subject(&call, &subject, STR("sdgs"), &link));
    assert_str(link.user_id, "member-1");
    assert_str(link.proof.method, "code");
    assert_str(link.proof.acr, "high");
    assert_int_equal(link.proof.service_at_us, 6);
    assert_fails(id_link_of_subject(&call, &subject, STR("neppi-pay"), &link), LINK_UNKNOWN);
    assert_ok(id_link_list(&call, &subject, &links, &count));
    assert_int_equal(count, 2);
    assert_str(links[0].service, "kenko");
    assert_str(links[1].service, "sdgs");
    vault_call_close(&call);
}

static void nobody_is_linked_twice(void **state)
{
    (void)state;
    TestCitizen first = test_citizen(&vault, "kenko=walker-1");
    TestCitizen second = test_citizen(&vault, "");
    assert_fails(add(first, "kenko", "walker-9"), LINK_EXISTS);
    assert_fails(add(second, "kenko", "walker-1"), LINK_EXISTS);
    test_unlink(&vault, first, "kenko", LINK_FROZEN);
    assert_fails(add(second, "kenko", "walker-1"), LINK_EXISTS);
    assert_ok(add(second, "kenko", "walker-2"));
}

static void frozen_and_undone_links_are_unknown(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    TestCitizen found;
    IdLink link;
    test_unlink(&vault, citizen, "kenko", LINK_FROZEN);
    Error frozen = find("kenko", "walker-1", &found, &link);
    Error unknown = find("kenko", "walker-x", &found, &link);
    assert_fails(frozen, LINK_UNKNOWN);
    assert_string_equal(frozen.site, unknown.site);
    test_unlink(&vault, citizen, "kenko", LINK_ACTIVE);
    assert_ok(find("kenko", "walker-1", &found, &link));
    test_unlink(&vault, citizen, "kenko", LINK_UNLINKED);
    assert_fails(find("kenko", "walker-1", &found, &link), LINK_UNKNOWN);
    VaultCall call = test_call(&vault);
    StoreBatch *batch = store_batch_in(vault.arena);
    CLEANUP(subject_done) Subject subject = {0};
    assert_ok(subject_load(&call, citizen.subject, &subject));
    assert_fails(id_link_change(&call, batch, &subject, STR("kenko"), LINK_ACTIVE, STR("x")),
                 LINK_INVALID);
    assert_fails(id_link_change(&call, batch, &subject, STR("sdgs"), LINK_FROZEN, STR("x")),
                 LINK_UNKNOWN);
    vault_call_close(&call);
}

static void linking_again_begins_a_new_epoch(void **state)
{
    (void)state;
    TestCitizen wrong = test_citizen(&vault, "kenko=walker-1");
    TestCitizen right = test_citizen(&vault, "");
    TestCitizen found;
    IdLink link;
    test_unlink(&vault, wrong, "kenko", LINK_UNLINKED);
    assert_ok(add(right, "kenko", "walker-1"));
    assert_ok(find("kenko", "walker-1", &found, &link));
    assert_memory_equal(found.subject, right.subject, sizeof found.subject);
    assert_int_equal(link.epoch, 1);
    assert_ok(add(wrong, "kenko", "walker-2"));
    assert_ok(find("kenko", "walker-2", &found, &link));
    assert_memory_equal(found.subject, wrong.subject, sizeof found.subject);
    assert_int_equal(link.epoch, 2);
    assert_int_equal(link.event_count, 3);
    assert_int_equal(link.events[1].state, LINK_UNLINKED);
}

static void the_user_id_of_an_erased_citizen_is_free_again(void **state)
{
    (void)state;
    TestCitizen erased = test_citizen(&vault, "kenko=walker-1");
    TestCitizen next = test_citizen(&vault, "");
    TestCitizen found;
    IdLink link;
    test_erase(&vault, erased);
    assert_fails(find("kenko", "walker-1", &found, &link), LINK_UNKNOWN);
    assert_ok(add(next, "kenko", "walker-1"));
    assert_ok(find("kenko", "walker-1", &found, &link));
    assert_memory_equal(found.subject, next.subject, sizeof found.subject);
}

static void user_ids_must_fit_into_ids(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"a", "walker-1", "U4af4980629", "利用者7", "a:b@c.d"};
    static const char *const BAD[] = {"",  "a b", "a/b", "a?b", "a#b", "a&b", "<",    "\"",
                                      "'", "=",   ";",   "(",   ")",   "a\n", "\x7f", "\xff"};
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        assert_true(id_link_user_id_is_valid(str_from(GOOD[i])));
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_false(id_link_user_id_is_valid(str_from(BAD[i])));
    }
    char text[ID_LINK_USER_ID_BYTES_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_true(id_link_user_id_is_valid(str_bytes(text, ID_LINK_USER_ID_BYTES_MAX)));
    assert_false(id_link_user_id_is_valid(str_bytes(text, sizeof text)));
}

/* --- erasure ---------------------------------------------------------------------------------- */

/* What was decided before an erasure can't be committed after it: nothing resurrects the erased. */
static void nothing_is_written_for_the_erased(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "");
    VaultCall early = test_call(&vault);
    CLEANUP(subject_done) Subject subject = {0};
    assert_ok(subject_load(&early, citizen.subject, &subject));
    StoreBatch *batch = store_batch_in(vault.arena);
    LinkProof proof = {.method = STR("code"), .acr = STR_EMPTY};
    assert_ok(id_link_add(&early, batch, &subject, STR("kenko"), STR("walker-1"), &proof));
    test_erase(&vault, citizen);
    assert_fails(store_commit(vault.store, batch, early.deadline, NULL), STORE_CONFLICT);
    vault_call_close(&early);
    VaultCall call = test_call(&vault);
    Subject gone;
    int64_t count = -1;
    assert_fails(subject_load(&call, citizen.subject, &gone), SUBJECT_UNKNOWN);
    assert_ok(person_count(&call, &count));
    assert_int_equal(count, 0);
    vault_call_close(&call);
}

/* --- services --------------------------------------------------------------------------------- */

static Error create(const char *client, const char *name, const char *jwks)
{
    VaultCall call = test_call(&vault);
    ServiceAccount account = {
        .client_id = str_from(client), .name_ja = str_from(name), .jwks = str_from(jwks)};
    Error error = service_account_create(&call, &account);
    vault_call_close(&call);
    return error;
}

static void accounts_are_checked_and_unique(void **state)
{
    (void)state;
    assert_fails(create("kenko", "x", "{\"keys\":[]}"), SERVICE_EXISTS);
    assert_fails(create("Kenko", "x", "{\"keys\":[]}"), SERVICE_INVALID);
    assert_fails(create("", "x", "{\"keys\":[]}"), SERVICE_INVALID);
    assert_fails(create("new", "", "{\"keys\":[]}"), SERVICE_INVALID);
    assert_fails(create("new", "x", "{\"keys\":{}}"), SERVICE_INVALID);
    assert_fails(create("new", "x", "nonsense"), SERVICE_INVALID);
    assert_ok(create("new", "新しい", "{\"keys\":[{\"kty\":\"EC\"}]}"));
    VaultCall call = test_call(&vault);
    ServiceAccount found;
    ServiceAccount *list;
    size_t count;
    assert_ok(service_account_find(&call, STR("new"), &found));
    assert_str(found.name_ja, "新しい");
    assert_str(found.jwks, "{\"keys\":[{\"kty\":\"EC\"}]}");
    assert_fails(service_account_find(&call, STR("ne"), &found), SERVICE_UNKNOWN);
    assert_ok(service_account_list(&call, &list, &count));
    assert_int_equal(count, 6);
    assert_str(list[0].client_id, "kenko");
    found.jwks = STR("{\"keys\":[]}");
    assert_ok(service_account_update(&call, &found));
    vault_call_close(&call);
    call = test_call(&vault);
    assert_ok(service_account_find(&call, STR("new"), &found));
    assert_str(found.jwks, "{\"keys\":[]}");
    assert_int_equal(found.version, 2);
    vault_call_close(&call);
}

static void rules_of_addresses_are_checked(void **state)
{
    (void)state;
    static const Str BAD[] = {STR_INIT("10.0.0.1/8"), STR_INIT(""), STR_INIT("fe80::1%eth0")};
    static const Str GOOD[] = {STR_INIT("10.0.0.0/8"), STR_INIT("unix")};
    VaultCall call = test_call(&vault);
    ServiceAccount account = {
        .client_id = STR("new"), .name_ja = STR("x"), .jwks = STR("{\"keys\":[]}")};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        account.allow_from = (StrList){.items = &BAD[i], .count = 1};
        assert_fails(service_account_create(&call, &account), SERVICE_INVALID);
    }
    account.allow_from = (StrList){.items = GOOD, .count = 2};
    assert_ok(service_account_create(&call, &account));
    vault_call_close(&call);
    call = test_call(&vault);
    assert_ok(service_account_find(&call, STR("new"), &account));
    assert_int_equal(account.allow_from.count, 2);
    assert_true(service_account_allows_from(&account, STR("10.9.8.7")));
    assert_true(service_account_allows_from(&account, STR("unix")));
    assert_false(service_account_allows_from(&account, STR("11.0.0.1")));
    account.allow_from.count = 0;
    assert_false(service_account_allows_from(&account, STR("10.9.8.7")));
    vault_call_close(&call);
}

static void a_secret_is_for_open_data_alone(void **state)
{
    (void)state;
    static const Str PURPOSE[] = {STR_INIT("tourism")};
    char secret[SERVICE_SECRET_TEXT_BYTES];
    char other[SERVICE_SECRET_TEXT_BYTES];
    bool is_right = true;
    VaultCall call = test_call(&vault);
    ServiceAccount account = {
        .client_id = STR("open"), .name_ja = STR("x"), .jwks = STR("{\"keys\":[]}")};
    assert_ok(service_account_check_secret(&call, &account, STR_EMPTY, &is_right));
    assert_false(is_right); /* without one nothing is right */
    assert_ok(service_account_make_secret(&call, &account, other));
    assert_ok(service_account_make_secret(&call, &account, secret));
    assert_int_equal(strlen(secret), 43);
    assert_string_not_equal(secret, other);
    account.purposes = (StrList){.items = PURPOSE, .count = 1};
    assert_fails(service_account_create(&call, &account), SERVICE_INVALID);
    account.purposes.count = 0;
    account.jwks = STR("{\"keys\":[{\"kty\":\"EC\"}]}");
    assert_fails(service_account_create(&call, &account), SERVICE_INVALID);
    account.jwks = STR("{\"keys\":[]}");
    assert_ok(service_account_create(&call, &account));
    vault_call_close(&call);
    call = test_call(&vault);
    ServiceAccount found;
    assert_ok(service_account_find(&call, STR("open"), &found));
    assert_ok(service_account_check_secret(&call, &found, str_from(secret), &is_right));
    assert_true(is_right);
    const Str wrong[] = {str_from(other), STR_EMPTY, STR("x"), str_slice(str_from(secret), 0, 42)};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_ok(service_account_check_secret(&call, &found, wrong[i], &is_right));
        assert_false(is_right);
    }
    vault_call_close(&call);
}

/* --- platform and walk ------------------------------------------------------------------------ */

static Keyring *another_keyring(void)
{
    Keyring *ring = NULL;
    KeyringOptions options = {.provider = vault.kek, .environment = STR("test"), .slots = 64};
    assert_ok(keyring_open(&options, &ring));
    return ring;
}

static void every_process_loads_the_same_platform_keys(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    Keyring *ring = another_keyring();
    VaultCore core = vault.core;
    core.keyring = ring;
    assert_true(keyring_is_sealed(ring));
    assert_ok(
        platform_init(&core, vault.arena, deadline_in(&vault.fake.clock, CLOCK_SECOND_US), false));
    VaultCall call = test_call(&vault);
    call.core = &core;
    Subject subject;
    IdLink link;
    assert_ok(id_link_find(&call, STR("kenko"), STR("walker-1"), &subject, &link));
    assert_memory_equal(subject.id, citizen.subject, sizeof subject.id);
    subject_done(&subject);
    vault_call_close(&call);
    ring = keyring_free(ring);
}

static Error count_visit(void *visitor, SubjectKey *key)
{
    (void)key;
    ++*(size_t *)visitor;
    return OK;
}

static void the_walk_meets_citizens_and_services(void **state)
{
    (void)state;
    TestCitizen erased = test_citizen(&vault, "");
    for (int n = 0; n < 3; n++) {
        (void)test_citizen(&vault, "");
    }
    test_erase(&vault, erased);
    size_t met = 0;
    assert_ok(subject_walk(&vault.core, count_visit, &met));
    /* Three citizens, five services, and the platform's own subject. */
    assert_int_equal(met, 3 + 5 + 1);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_link_leads_both_ways),
        CASE(nobody_is_linked_twice),
        CASE(frozen_and_undone_links_are_unknown),
        CASE(linking_again_begins_a_new_epoch),
        CASE(the_user_id_of_an_erased_citizen_is_free_again),
        CASE(user_ids_must_fit_into_ids),
        CASE(nothing_is_written_for_the_erased),
        CASE(accounts_are_checked_and_unique),
        CASE(rules_of_addresses_are_checked),
        CASE(a_secret_is_for_open_data_alone),
        CASE(every_process_loads_the_same_platform_keys),
        CASE(the_walk_meets_citizens_and_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
