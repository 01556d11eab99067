/* Much of one citizen: a history full of reads, thousands of entities. */
#include <stdio.h>

#include "subject.h"
#include "test_vault.h"

#define KENKO "kenko", HEALTH

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

/* What a service that reads a citizen again and again leaves behind within one hour. */
static void read_often(TestCitizen citizen, size_t times)
{
    static LeafDraft drafts[500];
    VaultCall call = test_call(&vault);
    CLEANUP(subject_done) Subject subject = {0};
    assert_ok(subject_load(&call, citizen.subject, &subject));
    Principal reader = test_service(KENKO);
    for (size_t i = 0; i < 500; i++) {
        drafts[i] = (LeafDraft){.act = LEAF_READ,
                                .why = STR("CONSENT_OK"),
                                .client = reader.client,
                                .purpose = reader.purpose,
                                .request_id = STR("often"),
                                .key = subject.key,
                                .subject = subject.id};
    }
    uint64_t first = 0;
    for (size_t done = 0; done < times; done += 500) {
        assert_ok(access_log_append(vault.log, drafts, 500, call.deadline, &first));
    }
    vault_call_close(&call);
    assert_ok(log_projection_wait(vault.projection, first + 500,
                                  deadline_in(ports_system()->clock, 60 * CLOCK_SECOND_US)));
}

/* In no more memory than a request has. */
static size_t access_page(TestCitizen citizen, Str cursor, Str *ret_next)
{
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
    VaultCall call = test_call_in(&vault, arena);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenAccessPage page;
    assert_ok(gate_citizen_accesses(&call, &principal, 100, cursor, &page));
    vault_call_close(&call);
    for (size_t i = 0; i < page.count; i++) {
        assert_str(page.accesses[i].request_id, "often");
    }
    assert_ok(str_copy_in(vault.arena, page.next, ret_next));
    return page.count;
}

static void nobody_can_read_so_often_that_it_can_not_be_seen(void **state)
{
    (void)state;
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    read_often(citizen, 3000);
    Str next = STR_EMPTY;
    size_t seen = 0;
    do {
        seen += access_page(citizen, next, &next);
    } while (next.n > 0 && seen < 200);
    assert_int_equal(seen, 200);
    assert_true(next.n > 0);
}

static void none_of_the_own_data_is_left_out(void **state)
{
    (void)state;
    enum { COUNT = STORE_FIND_LIMIT_MAX + 5 };
    TestCitizen citizen = test_citizen(&vault, "kenko=walker-1");
    for (int n = 0; n < COUNT; n++) {
        char id[32];
        (void)snprintf(id, sizeof id, "walk-%d", n);
        test_entity(&vault, citizen, "kenko", "HealthActivity", id, "steps=1");
    }
    VaultCall call = test_call(&vault);
    Principal principal = test_citizen_principal(citizen.subject);
    CitizenMe me;
    assert_ok(gate_citizen_me(&vault.gate, &call, &principal, &me));
    vault_call_close(&call);
    assert_int_equal(me.entity_count, COUNT);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(nobody_can_read_so_often_that_it_can_not_be_seen),
        CASE(none_of_the_own_data_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
