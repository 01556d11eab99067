/* The brake on bulk reading: different persons an hour and a day, all or none of an answer, memory.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "data_budget.h"
#include "fake_ports.h"
#include "test_vault.h"

#define HOUR_US (3600 * CLOCK_SECOND_US)
#define PERSONS_MAX 3000

static FakePorts fake;
static DataBudget *budget;
static uint8_t persons[PERSONS_MAX][16];

static void start(int64_t hour, int64_t day, int64_t nodes)
{
    DataBudgetLimits limits = {.hour_total = hour, .day_total = day, .nodes = nodes};
    budget = data_budget_free(budget);
    assert_ok(data_budget_new(&fake.ports, &limits, &budget));
}

static int setup(void **state)
{
    (void)state;
    fake_ports_init(&fake, 3);
    for (size_t i = 0; i < PERSONS_MAX; i++) {
        memcpy(persons[i], &i, sizeof i);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    budget = data_budget_free(budget);
    fake_ports_done(&fake);
    return 0;
}

/* An answer with count persons from the first one on. */
static Error take_as(const char *client, size_t first, size_t count)
{
    const uint8_t *subjects[PERSONS_MAX];
    for (size_t i = 0; i < count; i++) {
        subjects[i] = persons[first + i];
    }
    return data_budget_take(budget, STR_EMPTY, str_from(client), subjects, count);
}

static Error take(size_t first, size_t count)
{
    return take_as("kenko", first, count);
}

static void the_same_persons_cost_once(void **state)
{
    (void)state;
    start(10, 0, 1);
    for (int i = 0; i < 100; i++) {
        assert_ok(take(0, 10));
    }
    assert_fails(take(10, 1), DATA_BUDGET);
    assert_ok(take(3, 5)); /* those already seen are still served */
    const uint8_t *twice[] = {persons[0], persons[0], persons[1]};
    start(2, 0, 1);
    assert_ok(data_budget_take(budget, STR_EMPTY, STR("kenko"), twice, 3));
}

static void an_answer_counts_whole_or_not(void **state)
{
    (void)state;
    start(10, 0, 1);
    assert_ok(take(0, 8));
    assert_fails(take(6, 5), DATA_BUDGET); /* two seen, three new, two free */
    assert_ok(take(8, 2));                 /* nothing of it was counted */
    assert_fails(take(10, 1), DATA_BUDGET);
}

static void hours_and_days(void **state)
{
    (void)state;
    start(10, 25, 1);
    assert_ok(take(0, 10));
    assert_fails(take(10, 1), DATA_BUDGET);
    fake_clock_advance(&fake, HOUR_US);
    assert_ok(take(10, 10));
    fake_clock_advance(&fake, HOUR_US);
    assert_fails(take(20, 6), DATA_BUDGET); /* the day's */
    assert_ok(take(20, 5));
    assert_ok(take(0, 5)); /* new to the hour, known to the day */
    fake_clock_advance(&fake, 24 * HOUR_US);
    assert_ok(take(40, 10));
}

static void a_clock_that_steps_back_gives_nothing(void **state)
{
    (void)state;
    start(10, 0, 1);
    assert_ok(take(0, 10));
    fake.now_us -= 5 * HOUR_US;
    assert_fails(take(10, 1), DATA_BUDGET);
}

static void clients_and_tenants_are_apart(void **state)
{
    (void)state;
    start(10, 0, 1);
    const uint8_t *one[] = {persons[2000]};
    assert_ok(take_as("kenko", 0, 10));
    assert_ok(take_as("sdgs", 0, 10));
    assert_fails(take_as("kenko", 10, 1), DATA_BUDGET);
    assert_ok(data_budget_take(budget, STR("kasai"), STR("kenko"), one, 1));
    assert_fails(data_budget_take(budget, STR_EMPTY, STR("kenko"), one, 1), DATA_BUDGET);
}

static void nodes_share_the_total(void **state)
{
    (void)state;
    start(40, 0, 4);
    assert_ok(take(0, 10));
    assert_fails(take(10, 1), DATA_BUDGET);
    start(1, 0, 4);
    assert_ok(take(0, 1)); /* never less than one */
    start(0, 0, 1);
    assert_ok(take(0, 3000)); /* no limit */
    assert_ok(data_budget_take(NULL, STR_EMPTY, STR("kenko"), NULL, 0));
}

/* One by one up to the limit, exactly. */
static void the_limit_is_exact(void **state)
{
    (void)state;
    start(2500, 0, 1);
    size_t given = 0;
    for (size_t i = 0; i < PERSONS_MAX; i++) {
        given += !FAILED(take(i, 1));
    }
    assert_int_equal(given, 2500);
}

/* --- at the gate ------------------------------------------------------------------------------ */

#define HEALTH "health-promotion"

static TestVault vault;

static int setup_vault(void **state)
{
    (void)state;
    test_vault_init(&vault, 5);
    for (int i = 1; i <= 3; i++) {
        char link[32];
        char id[64];
        (void)snprintf(link, sizeof link, "kenko=walker-%d", i);
        (void)snprintf(id, sizeof id, "familyName=%d", i);
        TestCitizen citizen = test_citizen(&vault, link);
        test_person(&vault, citizen, id);
        test_give(&vault, citizen, "kenko", HEALTH, "Person", "familyName", "read");
    }
    DataBudgetLimits limits = {.hour_total = 2, .nodes = 1};
    assert_ok(data_budget_new(vault.core.ports, &limits, &budget));
    vault.gate.budget = budget;
    return 0;
}

static int teardown_vault(void **state)
{
    (void)state;
    budget = data_budget_free(budget);
    test_vault_done(&vault);
    return 0;
}

static void the_gate_stops_bulk_reading(void **state)
{
    (void)state;
    Str text;
    for (int i = 0; i < 3; i++) {
        (void)test_must_read(&vault, "kenko", HEALTH, TEST_PERSON "walker-1");
    }
    assert_fails(test_list(&vault, "kenko", HEALTH, "Person", "", 20, 0, &text, NULL), DATA_BUDGET);
    (void)test_must_read(&vault, "kenko", HEALTH, TEST_PERSON "walker-2");
    uint64_t leaves = access_log_size(vault.log);
    assert_fails(test_read(&vault, "kenko", HEALTH, TEST_PERSON "walker-3", "", "", &text),
                 DATA_BUDGET);
    assert_int_equal(access_log_size(vault.log) - leaves, 1); /* the refusal is on record */
    assert_ok(test_list(&vault, "kenko", HEALTH, "Person", "", 2, 0, &text, NULL));
}

int main(void)
{
#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_same_persons_cost_once),
        TEST(an_answer_counts_whole_or_not),
        TEST(hours_and_days),
        TEST(a_clock_that_steps_back_gives_nothing),
        TEST(clients_and_tenants_are_apart),
        TEST(nodes_share_the_total),
        TEST(the_limit_is_exact),
        cmocka_unit_test_setup_teardown(the_gate_stops_bulk_reading, setup_vault, teardown_vault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
