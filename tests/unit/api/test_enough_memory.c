#include <string.h>

#include "check.h"
#include "enough_memory.h"

typedef struct Work {
    size_t bytes;
    unsigned runs;
    Error error;
    char *made;
} Work;

static Error make(ApiCall *call, void *context)
{
    Work *work = context;
    work->runs++;
    char *made = arena_alloc(call->broker.vault.arena, work->bytes);
    ENSURE_ALLOC(made, call->broker.vault.arena);
    memset(made, 'x', work->bytes);
    work->made = made;
    return work->error;
}

static Error run(Request *request, bool is_large, Work *work)
{
    ApiCall call = {.request = request, .broker = {.vault = {.arena = request->arena}}};
    Error error = enough_memory_run(&call, is_large, make, work);
    assert_ptr_equal(call.broker.vault.arena, request->arena);
    return error;
}

static Request *request_new(void)
{
    static Request request;
    request = (Request){.arena = arena_new_sensitive(ARENA_REQUEST_BYTES)};
    assert_non_null(request.arena);
    return &request;
}

static void request_done(Request *request)
{
    request->arena = arena_free(request->arena);
    request->large = arena_free(request->large);
}

static void what_fits_stays_in_the_request(void **state)
{
    (void)state;
    Request *request = request_new();
    Work work = {.bytes = 1000};
    assert_ok(run(request, false, &work));
    assert_int_equal(work.runs, 1);
    assert_null(request->large);
    request_done(request);
}

static void what_does_not_fit_is_made_in_a_large_arena(void **state)
{
    (void)state;
    Request *request = request_new();
    Work work = {.bytes = 2 * ARENA_REQUEST_BYTES};
    assert_ok(run(request, false, &work));
    assert_int_equal(work.runs, 2);
    Work next = {.bytes = 2 * ARENA_REQUEST_BYTES};
    assert_ok(run(request, true, &next));
    assert_int_equal(next.runs, 1);
    assert_int_equal(work.made[work.bytes - 1], 'x');
    request_done(request);
}

static void there_is_an_end_to_it(void **state)
{
    (void)state;
    Request *request = request_new();
    Work work = {.bytes = REQUEST_LARGE_BYTES + 1};
    assert_fails(run(request, false, &work), BUDGET_EXCEEDED);
    assert_int_equal(work.runs, 2);
    assert_null(work.made);
    request_done(request);
}

static void other_errors_are_told_at_once(void **state)
{
    (void)state;
    Request *request = request_new();
    Work work = {.bytes = 10, .error = FAIL(ENTITY_NOT_FOUND, NULL)};
    assert_fails(run(request, false, &work), ENTITY_NOT_FOUND);
    assert_int_equal(work.runs, 1);
    request_done(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_stays_in_the_request),
        cmocka_unit_test(what_does_not_fit_is_made_in_a_large_arena),
        cmocka_unit_test(there_is_an_end_to_it),
        cmocka_unit_test(other_errors_are_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
