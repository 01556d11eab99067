#include "data_budget.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "siphash.h"

#define SUBJECT_BYTES 16
#define HOUR_US (3600 * CLOCK_SECOND_US)
#define FIRST_SIZE 64
#define KEY_BYTES_MAX 160

/* The persons of one window: open addressing, 0 = free. */
typedef struct Window {
    int64_t number; /* of the hour or day since 1970 */
    uint64_t *persons;
    size_t size; /* a power of two, at most half in use; 0: nothing allocated */
    size_t count;
} Window;

typedef enum WindowKind { WINDOW_HOUR, WINDOW_DAY, WINDOW_COUNT_ } WindowKind;

typedef struct Spender {
    Window windows[WINDOW_COUNT_];
} Spender;

struct DataBudget {
    const Clock *clock;
    size_t most[WINDOW_COUNT_]; /* of this node; 0: no limit */
    uint64_t seed[2];
    pthread_mutex_t lock; /* guards spenders and what they hold */
    Map *spenders;        /* by tenant and client */
};

static const int64_t WINDOW_US[WINDOW_COUNT_] = {HOUR_US, 24 * HOUR_US};

static size_t share_of(int64_t total, int64_t nodes)
{
    int64_t share = total / (nodes < 1 ? 1 : nodes);
    return total <= 0 ? 0 : share < 1 ? 1 : (size_t)share;
}

Error data_budget_new(const Ports *ports, const DataBudgetLimits *limits, DataBudget **ret_budget)
{
    CLEANUP(data_budget_free) DataBudget *budget = calloc(1, sizeof *budget);
    ENSURE(budget != NULL, OUT_OF_MEMORY, NULL);
    (void)pthread_mutex_init(&budget->lock, NULL);
    budget->clock = ports->clock;
    budget->most[WINDOW_HOUR] = share_of(limits->hour_total, limits->nodes);
    budget->most[WINDOW_DAY] = share_of(limits->day_total, limits->nodes);
    TRY(ports->entropy->fill(ports->entropy, budget->seed, sizeof budget->seed));
    TRY(map_new(ports->entropy, &budget->spenders));
    *ret_budget = TAKE(budget);
    return OK;
}

DataBudget *data_budget_free(DataBudget *budget)
{
    if (budget == NULL) {
        return NULL;
    }
    size_t cursor = 0;
    Str key;
    void *value;
    while (budget->spenders != NULL && map_next(budget->spenders, &cursor, &key, &value)) {
        Spender *spender = value;
        free(spender->windows[WINDOW_HOUR].persons);
        free(spender->windows[WINDOW_DAY].persons);
        free(spender);
    }
    budget->spenders = map_free(budget->spenders);
    (void)pthread_mutex_destroy(&budget->lock);
    free(budget);
    return NULL;
}

/* --- a window --------------------------------------------------------------------------------- */

/* Where the person is, or where it would go. */
static size_t place_of(const Window *window, uint64_t person)
{
    size_t at = (size_t)person & (window->size - 1);
    while (window->persons[at] != 0 && window->persons[at] != person) {
        at = (at + 1) & (window->size - 1);
    }
    return at;
}

static bool window_has(const Window *window, uint64_t person)
{
    return window->size > 0 && window->persons[place_of(window, person)] == person;
}

static void window_roll(Window *window, int64_t number)
{
    if (number > window->number) { /* a clock that steps back gives nothing away */
        free(window->persons);
        *window = (Window){.number = number};
    }
}

static Error window_reserve(Window *window, size_t more)
{
    size_t size = window->size == 0 ? FIRST_SIZE : window->size;
    while (size < (window->count + more) * 2) {
        size *= 2;
    }
    if (size == window->size) {
        return OK;
    }
    Window grown = {.number = window->number, .size = size, .count = window->count};
    grown.persons = calloc(size, sizeof *grown.persons);
    ENSURE(grown.persons != NULL, OUT_OF_MEMORY, NULL);
    for (size_t i = 0; i < window->size; i++) {
        if (window->persons[i] != 0) {
            grown.persons[place_of(&grown, window->persons[i])] = window->persons[i];
        }
    }
    free(window->persons);
    *window = grown;
    return OK;
}

static void window_add(Window *window, uint64_t person)
{
    size_t at = place_of(window, person);
    window->count += window->persons[at] == 0;
    window->persons[at] = person;
}

/* --- taking ----------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

/* The hashes of the persons, each once; freed by the caller. */
static Error persons_new(const DataBudget *budget, const uint8_t *const *subjects, size_t count,
                         uint64_t **ret_persons, size_t *ret_count)
{
    uint64_t *persons = calloc(count, sizeof *persons);
    ENSURE(persons != NULL, OUT_OF_MEMORY, NULL);
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = siphash(budget->seed, str_bytes(subjects[i], SUBJECT_BYTES));
        persons[i] = hash == 0 ? 1 : hash;
    }
    qsort(persons, count, sizeof *persons, by_value);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || persons[i] != persons[kept - 1]) {
            persons[kept++] = persons[i];
        }
    }
    *ret_persons = persons;
    *ret_count = kept;
    return OK;
}

static Error spender_of(DataBudget *budget, Str tenant, Str client, Spender **ret_spender)
{
    char key[KEY_BYTES_MAX];
    ENSURE(tenant.n + 1 + client.n <= sizeof key, INTERNAL, "data budget");
    memcpy(key, tenant.p, tenant.n);
    key[tenant.n] = '/';
    memcpy(key + tenant.n + 1, client.p, client.n);
    Str whole = {.p = key, .n = tenant.n + 1 + client.n};
    Spender *spender = map_get(budget->spenders, whole);
    if (spender == NULL) {
        spender = calloc(1, sizeof *spender);
        ENSURE(spender != NULL, OUT_OF_MEMORY, NULL);
        Error error = map_put(budget->spenders, whole, spender, NULL);
        if (FAILED(error)) {
            free(spender);
            return error;
        }
    }
    *ret_spender = spender;
    return OK;
}

/* Room in one window for those that are new to it. */
static Error window_check(Window *window, size_t most, const uint64_t *persons, size_t count)
{
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++) {
        fresh += !window_has(window, persons[i]);
    }
    ENSURE(fresh == 0 || window->count + fresh <= most, DATA_BUDGET, NULL);
    return window_reserve(window, fresh);
}

static Error take(DataBudget *budget, Spender *spender, const uint64_t *persons, size_t count)
{
    int64_t now_us = budget->clock->now_us(budget->clock);
    for (size_t kind = 0; kind < WINDOW_COUNT_; kind++) {
        if (budget->most[kind] > 0) {
            window_roll(&spender->windows[kind], now_us / WINDOW_US[kind]);
            TRY(window_check(&spender->windows[kind], budget->most[kind], persons, count));
        }
    }
    for (size_t kind = 0; kind < WINDOW_COUNT_; kind++) {
        for (size_t i = 0; i < count && budget->most[kind] > 0; i++) {
            window_add(&spender->windows[kind], persons[i]);
        }
    }
    return OK;
}

Error data_budget_take(DataBudget *budget, Str tenant, Str client, const uint8_t *const *subjects,
                       size_t count)
{
    bool is_limited = budget != NULL && budget->most[WINDOW_HOUR] + budget->most[WINDOW_DAY] > 0;
    if (!is_limited || count == 0) {
        return OK;
    }
    uint64_t *persons = NULL;
    size_t distinct = 0;
    Spender *spender = NULL;
    TRY(persons_new(budget, subjects, count, &persons, &distinct));
    (void)pthread_mutex_lock(&budget->lock);
    Error error = spender_of(budget, tenant, client, &spender);
    if (!FAILED(error)) {
        error = take(budget, spender, persons, distinct);
    }
    (void)pthread_mutex_unlock(&budget->lock);
    free(persons);
    return error;
}
