#include "enough_memory.h"

static Error run_in(Arena *arena, ApiCall *call, MemoryWork work, void *context)
{
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    Arena *usual = call->broker.vault.arena;
    call->broker.vault.arena = arena;
    Error error = work(call, context);
    call->broker.vault.arena = usual;
    return error;
}

Error enough_memory_run(ApiCall *call, bool is_large, MemoryWork work, void *context)
{
    if (!is_large) {
        Error error = run_in(call->request->arena, call, work, context);
        if (!FAILED(error) || error.reason != REASON_BUDGET_EXCEEDED) {
            return error;
        }
    }
    return run_in(request_large_arena(call->request), call, work, context);
}
