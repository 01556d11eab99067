/* key_slab.h: rests when idle, opens on entry, wipes for good, under many threads at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "crypto_fixture.h"
#include "crypto_init.h"
#include "key_slab.h"

#define SLOTS 64

static int open_slab(void **state)
{
    KeySlab *slab = NULL;
    if (FAILED(crypto_init()) || FAILED(key_slab_new(SLOTS, &slab))) {
        return -1;
    }
    *state = slab;
    return 0;
}

static int free_slab(void **state)
{
    (void)key_slab_free(*state);
    return 0;
}

static void write_slot(KeySlab *slab, uint32_t slot, uint8_t value)
{
    assert_true(key_slab_enter(slab));
    memset(key_slab_slot(slab, slot), value, KEY_SLOT_BYTES);
    key_slab_leave(slab);
}

static uint8_t read_slot(KeySlab *slab, uint32_t slot)
{
    assert_true(key_slab_enter(slab));
    uint8_t value = key_slab_slot(slab, slot)[KEY_SLOT_BYTES - 1];
    key_slab_leave(slab);
    return value;
}

static void slots_are_apart_and_keep_their_bytes_over_a_rest(void **state)
{
    KeySlab *slab = *state;
    for (uint32_t i = 0; i < SLOTS; i++) {
        write_slot(slab, i, (uint8_t)(i + 1));
    }
    key_slab_rest(slab);
    key_slab_rest(slab);
    assert_false(key_slab_is_open(slab));
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_int_equal(read_slot(slab, i), i + 1);
    }
    assert_true(key_slab_is_open(slab));
}

static void nobody_is_shut_out_while_inside(void **state)
{
    KeySlab *slab = *state;
    assert_true(key_slab_enter(slab));
    key_slab_rest(slab);
    key_slab_rest(slab);
    key_slab_rest(slab);
    assert_true(key_slab_is_open(slab));
    key_slab_slot(slab, 0)[0] = 1;
    key_slab_leave(slab);
    key_slab_rest(slab);
    assert_false(key_slab_is_open(slab));
}

/* The thread does by itself what key_slab_rest does: the condition is awaited, at most 10 s. */
static void an_idle_slab_shuts_itself(void **state)
{
    KeySlab *slab = *state;
    const struct timespec pause = {.tv_nsec = 10000000};
    write_slot(slab, 0, 1);
    assert_true(key_slab_is_open(slab));
    const Clock *clock = ports_system()->clock;
    int64_t start_us = clock->monotonic_us(clock);
    int64_t passed_us = 0;
    while (key_slab_is_open(slab) && passed_us < 10 * CLOCK_SECOND_US) {
        (void)nanosleep(&pause, NULL);
        passed_us = clock->monotonic_us(clock) - start_us;
    }
    assert_false(key_slab_is_open(slab));
    assert_true(passed_us >= CLOCK_SECOND_US / 2); /* not at once either */
    write_slot(slab, 0, 2);
    assert_true(key_slab_is_open(slab));
}

static void a_wiped_slab_lets_nobody_in_until_it_is_revived_empty(void **state)
{
    KeySlab *slab = *state;
    write_slot(slab, 3, 9);
    key_slab_wipe(slab);
    assert_false(key_slab_enter(slab));
    assert_false(key_slab_is_open(slab));
    key_slab_wipe(slab);
    key_slab_revive(slab);
    assert_int_equal(read_slot(slab, 3), 0);
}

typedef struct Crowd {
    KeySlab *slab;
    _Atomic bool is_over;
    _Atomic uint64_t entries;
    _Atomic uint64_t refusals;
    _Atomic uint64_t faults;
} Crowd;

/* Slot n holds n + 1 or, after a wipe, 0; anything else is a fault, and a closed page would end the
 * test. */
static void *come_and_go(void *context)
{
    Crowd *crowd = context;
    for (uint32_t slot = 0; !atomic_load(&crowd->is_over); slot = (slot + 7) % SLOTS) {
        if (!key_slab_enter(crowd->slab)) {
            atomic_fetch_add(&crowd->refusals, 1);
            continue;
        }
        uint8_t value = key_slab_slot(crowd->slab, slot)[0];
        key_slab_leave(crowd->slab);
        atomic_fetch_add(&crowd->faults, value != 0 && value != slot + 1);
        atomic_fetch_add(&crowd->entries, 1);
    }
    return NULL;
}

#define THREADS 8
#define ROUNDS 2000

static void threads_survive_rests_and_wipes(void **state)
{
    Crowd crowd = {.slab = *state};
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < SLOTS; i++) {
        write_slot(crowd.slab, i, (uint8_t)(i + 1));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    }
    for (unsigned round = 0; round < ROUNDS || atomic_load(&crowd.entries) < ROUNDS; round++) {
        key_slab_rest(crowd.slab);
        if (round % 100 == 99) {
            key_slab_wipe(crowd.slab);
            key_slab_revive(crowd.slab);
        }
    }
    atomic_store(&crowd.is_over, true);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&crowd.faults), 0);
    print_message("%llu entries, %llu refusals\n", (unsigned long long)atomic_load(&crowd.entries),
                  (unsigned long long)atomic_load(&crowd.refusals));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slots_are_apart_and_keep_their_bytes_over_a_rest, open_slab,
                                        free_slab),
        cmocka_unit_test_setup_teardown(nobody_is_shut_out_while_inside, open_slab, free_slab),
        cmocka_unit_test_setup_teardown(an_idle_slab_shuts_itself, open_slab, free_slab),
        cmocka_unit_test_setup_teardown(a_wiped_slab_lets_nobody_in_until_it_is_revived_empty,
                                        open_slab, free_slab),
        cmocka_unit_test_setup_teardown(threads_survive_rests_and_wipes, open_slab, free_slab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
