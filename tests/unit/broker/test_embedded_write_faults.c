/* The n-th call to the file system fails during a batch, for every n: afterwards all of it is there
 * or nothing, as the answer said, and the next batch works. */
#include <stdlib.h>

#include "check.h"
#include "contract_store.h"
#include "embedded_city.h"
#include "embedded_half.h"
#include "sqlite_shim.h"
#include "store_sqlite.h"
#include "v2_entity.h"

#define WRITES 4

static Store *the_store;
static Broker *the_half;

static const char BEFORE[] =
    "[{\"id\":\"A\",\"type\":\"T\",\"n\":1},{\"id\":\"B\",\"type\":\"T\",\"n\":2},"
    "{\"id\":\"C\",\"type\":\"T\",\"n\":3}]";
static const char AFTER[] =
    "[{\"id\":\"A\",\"type\":\"T\",\"n\":11},{\"id\":\"C\",\"type\":\"T\",\"m\":1},"
    "{\"id\":\"N\",\"type\":\"T\",\"n\":4}]";

static City *city_before(void)
{
    City *city = city_new(the_store, the_half);
    assert_ok(city_create(city, "", "{\"id\":\"A\",\"type\":\"T\",\"n\":1}"));
    assert_ok(city_create(city, "", "{\"id\":\"B\",\"type\":\"T\",\"n\":2}"));
    assert_ok(city_create(city, "", "{\"id\":\"C\",\"type\":\"T\",\"n\":3}"));
    return city;
}

static EntityWrite write_of(Arena *arena, EntityWriteKind kind, const char *id, const char *body)
{
    EntityWrite write = {.kind = kind};
    if (body != NULL) {
        assert_ok(v2_attributes_parse(arena, str_from(body), true, &write.entity));
    }
    write.entity.id = str_from(id);
    write.entity.type = STR("T");
    return write;
}

static Error batch_try(City *city)
{
    const EntityWrite writes[WRITES] = {
        write_of(city->arena, ENTITY_UPDATE, "A", "{\"n\":{\"$inc\":10}}"),
        write_of(city->arena, ENTITY_DELETE, "B", NULL),
        write_of(city->arena, ENTITY_REPLACE, "C", "{\"m\":1}"),
        write_of(city->arena, ENTITY_CREATE, "N", "{\"n\":4}")};
    EntityOutcome outcomes[WRITES];
    EntityBatch batch = {.writes = writes, .count = WRITES, .is_batch_call = true};
    return city_write(city, &batch, outcomes);
}

static bool is_unsettled(Error error)
{
    return error.reason == REASON_STORE_UNSETTLED;
}

static void check_state(City *city, Error result)
{
    Str json;
    assert_ok(city_list(city, "", "", &json, NULL));
    bool is_done = str_eq(json, str_from(AFTER));
    assert_true(is_done || str_eq(json, str_from(BEFORE)));
    assert_true(is_unsettled(result) || is_done == !FAILED(result));
}

/* One run with one fault; false when the fault was not reached. */
static bool run_once(ShimFault fault)
{
    City *city = city_before();
    shim_arm(fault);
    Error result = batch_try(city);
    shim_disarm();
    bool was_hit = shim_hits() > 0;
    assert_true(was_hit || !FAILED(result));
    check_state(city, result);
    assert_ok(city_create(city, "", "{\"id\":\"Z\",\"type\":\"Z\"}"));
    (void)city_free(city);
    return was_hit;
}

static void sweep(ShimCall call, bool is_torn)
{
    ShimFault fault = {.call = call, .nth = 1, .is_torn = is_torn};
    while (run_once(fault)) {
        fault.nth++;
        assert_true(fault.nth < 200);
    }
    print_message("  %d faults\n", fault.nth - 1);
    assert_true(fault.nth > 1);
}

static void test_writes_fail(void **state)
{
    (void)state;
    sweep(SHIM_WRITE, false);
    sweep(SHIM_WRITE, true);
    sweep(SHIM_FULL, false);
}

static void test_syncs_fail(void **state)
{
    (void)state;
    sweep(SHIM_SYNC, false);
    sweep(SHIM_SYNC, true);
}

static void test_locks_fail(void **state)
{
    (void)state;
    sweep(SHIM_SHM_LOCK, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_fail),
        cmocka_unit_test(test_syncs_fail),
        cmocka_unit_test(test_locks_fail),
    };
    shim_register();
    StoreSqliteOptions options = {.path = contract_location("sqlite", "write_faults"),
                                  .ports = ports_system(),
                                  .vfs = "shim"};
    MUST(store_sqlite_open(&options, &the_store));
    MUST(embedded_half_new(the_store, &the_half));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    the_half = embedded_half_free(the_half);
    the_store = store_close(the_store);
    contract_cleanup();
    return failed;
}
