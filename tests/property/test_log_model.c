/* Every schedule of four requests, three crashes and two failed writes or syncs through the model
 * of the access log: no state breaks a promise. Requirement: L-14.
 *
 * With a fault planted into the model some state must. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "log_model.h"

/* All states seen, and those whose successors are still to be looked at. */
typedef struct Explorer {
    ModelState *states;
    uint32_t *table; /* 1 + index into states; 0: free */
    size_t table_size;
    size_t count;
    size_t capacity;
    uint64_t moves;
    size_t all_answered; /* states in which all requests were answered after all crashes */
    const char *broken;
    ModelState witness;
} Explorer;

static uint64_t hash_state(const ModelState *state)
{
    const unsigned char *bytes = (const unsigned char *)state;
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < sizeof *state; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3U;
    }
    return hash ^ hash >> 29;
}

static size_t find_slot(const Explorer *explorer, const ModelState *state)
{
    size_t slot = hash_state(state) & (explorer->table_size - 1);
    while (explorer->table[slot] != 0 &&
           memcmp(&explorer->states[explorer->table[slot] - 1], state, sizeof *state) != 0) {
        slot = (slot + 1) & (explorer->table_size - 1);
    }
    return slot;
}

static void grow(Explorer *explorer)
{
    explorer->capacity *= 2;
    explorer->states = realloc(explorer->states, explorer->capacity * sizeof *explorer->states);
    free(explorer->table);
    explorer->table_size = explorer->capacity * 2;
    explorer->table = calloc(explorer->table_size, sizeof *explorer->table);
    assert_non_null(explorer->states);
    assert_non_null(explorer->table);
    for (size_t i = 0; i < explorer->count; i++) {
        explorer->table[find_slot(explorer, &explorer->states[i])] = (uint32_t)i + 1;
    }
}

static bool is_end(const ModelState *state)
{
    for (size_t i = 0; i < MODEL_REQUESTS; i++) {
        if (state->requests[i] != REQUEST_ANSWERED) {
            return false;
        }
    }
    return state->crashes == MODEL_CRASHES && state->phase == PHASE_RUNNING;
}

static void visit(void *context, const ModelState *state)
{
    Explorer *explorer = context;
    explorer->moves++;
    if (explorer->count == explorer->capacity) {
        grow(explorer);
    }
    size_t slot = find_slot(explorer, state);
    if (explorer->table[slot] != 0) {
        return;
    }
    explorer->states[explorer->count++] = *state;
    explorer->table[slot] = (uint32_t)explorer->count;
    explorer->all_answered += is_end(state);
    const char *broken = log_model_broken(state);
    if (broken != NULL && explorer->broken == NULL) {
        explorer->broken = broken;
        explorer->witness = *state;
    }
}

static void show(const ModelState *state)
{
    (void)printf("phase %u stage %u crashes %u faults %u head", state->phase, state->stage,
                 state->crashes, state->faults);
    for (size_t i = 0; i < state->head_count; i++) {
        (void)printf(" %x", state->head[i]);
    }
    for (size_t s = 0; s < state->segment_count; s++) {
        (void)printf(" |");
        for (size_t r = 0; r < state->segments[s].count; r++) {
            (void)printf(" %02x", state->segments[s].records[r]);
        }
    }
    (void)printf("\n");
}

/* Visits every state that can be reached; stops at the first broken promise. */
static Explorer explore(ModelPlant plant)
{
    Explorer explorer = {.capacity = 4096};
    ModelState start = log_model_start();
    grow(&explorer);
    visit(&explorer, &start);
    for (size_t next = 0; next < explorer.count && explorer.broken == NULL; next++) {
        ModelState state = explorer.states[next]; /* the array may move meanwhile */
        log_model_moves(&state, plant, visit, &explorer);
    }
    free(explorer.states);
    free(explorer.table);
    (void)printf("%s: %zu states, %llu moves, %s\n", model_plant_name(plant), explorer.count,
                 (unsigned long long)explorer.moves,
                 explorer.broken == NULL ? "every promise kept" : explorer.broken);
    if (explorer.broken != NULL) {
        show(&explorer.witness);
    }
    return explorer;
}

static void no_schedule_breaks_a_promise(void **state)
{
    (void)state;
    Explorer explorer = explore(PLANT_NONE);
    assert_null(explorer.broken);
    assert_true(explorer.all_answered > 0); /* the model gets somewhere */
    assert_true(explorer.count > 10000);
}

static void each_planted_fault_is_found(void **state)
{
    (void)state;
    for (int plant = PLANT_NONE + 1; plant < PLANT_COUNT_; plant++) {
        assert_non_null(explore((ModelPlant)plant).broken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_schedule_breaks_a_promise),
        cmocka_unit_test(each_planted_fault_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
