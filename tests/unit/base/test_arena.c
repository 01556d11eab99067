/* The arena: its budget, what it hands out, and what it gives back to the system. */
#include "arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"

/* --- the system calls of arena.c, watched and failed by --wrap --- */

void *__real_calloc(size_t count, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_madvise(void *at, size_t size, int advice);
int __real_munmap(void *at, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_madvise(void *at, size_t size, int advice);
int __wrap_munmap(void *at, size_t size);

static struct {
    bool is_memory_short;
    size_t mapped_bytes;
    size_t kept_from_dumps_bytes;
    size_t returned_clean_bytes;
    size_t returned_dirty_bytes;
} system_seen;

void *__wrap_calloc(size_t count, size_t size)
{
    return system_seen.is_memory_short ? NULL : __real_calloc(count, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (system_seen.is_memory_short) {
        return MAP_FAILED;
    }
    system_seen.mapped_bytes += size;
    return __real_mmap(at, size, protection, flags, fd, offset);
}

int __wrap_madvise(void *at, size_t size, int advice)
{
    system_seen.kept_from_dumps_bytes += advice == MADV_DONTDUMP ? size : 0;
    return __real_madvise(at, size, advice);
}

int __wrap_munmap(void *at, size_t size)
{
    const unsigned char *bytes = at;
    for (size_t i = 0; i < size; i++) {
        system_seen.returned_clean_bytes += bytes[i] == 0;
        system_seen.returned_dirty_bytes += bytes[i] != 0;
    }
    return __real_munmap(at, size);
}

static int forget_system(void **state)
{
    (void)state;
    memset(&system_seen, 0, sizeof system_seen);
    return 0;
}

/* --- what it hands out --- */

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    unsigned char *before = NULL;
    for (size_t size = 1; size < 3000; size += 7) {
        unsigned char *memory = arena_alloc(arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xff, size);
        assert_true(before == NULL || before[0] == 0xff);
        before = memory;
    }
}

static void test_empty_allocation_is_a_pointer_and_is_counted(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1024);
    size_t given = 0;
    while (arena_alloc(arena, 0) != NULL) {
        given++;
        assert_true(given <= 1024);
    }
    assert_int_equal(given, 1024 / _Alignof(max_align_t));
    assert_fails(arena_failure(arena), BUDGET_EXCEEDED);
}

static void test_large_block_leaves_the_current_chunk_in_use(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
    assert_non_null(arena_alloc(arena, 16));
    assert_non_null(arena_alloc(arena, 100000));
    size_t mapped = system_seen.mapped_bytes;
    assert_non_null(arena_alloc(arena, 16000));
    assert_int_equal(system_seen.mapped_bytes, mapped);
}

/* --- the budget --- */

static void test_budget_is_exact(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(4096);
    assert_null(arena_alloc(arena, 4097));
    assert_fails(arena_failure(arena), BUDGET_EXCEEDED);
    assert_non_null(arena_alloc(arena, 4000));
    assert_non_null(arena_alloc(arena, 96));
    assert_int_equal(arena_used_bytes(arena), 4096);
    assert_null(arena_alloc(arena, 1));
    assert_fails(arena_failure(arena), BUDGET_EXCEEDED);
}

static void test_sizes_that_wrap_are_refused(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(SIZE_MAX);
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX / 2, SIZE_MAX / 4 + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_null(arena_alloc(arena, sizes[i]));
        assert_fails(arena_failure(arena), BUDGET_EXCEEDED);
    }
    assert_null(arena_alloc_array(arena, SIZE_MAX / 8 + 2, 8));
    assert_fails(arena_failure(arena), BUDGET_EXCEEDED);
    assert_int_equal(arena_used_bytes(arena), 0);
}

static void test_failure_before_any_refusal_is_still_a_failure(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(64);
    assert_true(FAILED(arena_failure(arena)));
}

static void test_memory_of_the_system_runs_out(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *plain = arena_new(1 << 20);
    CLEANUP(arena_free) Arena *sensitive = arena_new_sensitive(1 << 20);
    system_seen.is_memory_short = true;
    assert_null(arena_new(64));
    assert_null(arena_alloc(plain, 8));
    assert_null(arena_alloc(sensitive, 8));
    system_seen.is_memory_short = false;
    assert_fails(arena_failure(plain), OUT_OF_MEMORY);
    assert_fails(arena_failure(sensitive), OUT_OF_MEMORY);
    assert_int_equal(arena_used_bytes(plain), 0);
    assert_non_null(arena_alloc(plain, 8));
}

/* --- wiping --- */

static void fill_arena(Arena *arena)
{
    for (size_t size = 1; size < 200000; size = size * 3 + 1) {
        char *memory = arena_alloc(arena, size);
        assert_non_null(memory);
        memset(memory, 0xa5, size);
    }
}

static void test_sensitive_memory_goes_back_wiped_and_undumped(void **state)
{
    (void)state;
    Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
    fill_arena(arena);
    assert_true(system_seen.mapped_bytes >= arena_used_bytes(arena));
    assert_int_equal(system_seen.kept_from_dumps_bytes, system_seen.mapped_bytes);
    assert_null(arena_free(arena));
    assert_int_equal(system_seen.returned_dirty_bytes, 0);
    assert_int_equal(system_seen.returned_clean_bytes, system_seen.mapped_bytes);
}

static void test_plain_memory_is_not_mapped(void **state)
{
    (void)state;
    Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    fill_arena(arena);
    assert_null(arena_free(arena));
    assert_int_equal(system_seen.kept_from_dumps_bytes, 0);
}

/* Who fills as much again gets the same memory, zeroed; what was never touched is not there. */
static void test_a_roomy_arena_keeps_its_chunk(void **state)
{
    (void)state;
    enum { CHUNK = 1 << 20, BLOCK = 20000, BLOCKS = 40 };
    CLEANUP(arena_free) Arena *arena = arena_new_roomy(16 * CHUNK, CHUNK);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            unsigned char *block = arena_alloc(arena, BLOCK);
            assert_non_null(block);
            assert_int_equal(block[0] | block[BLOCK - 1], 0);
            memset(block, 0xff, BLOCK);
        }
        arena_reset(arena);
    }
    assert_int_equal(system_seen.mapped_bytes, CHUNK);
    assert_int_equal(system_seen.kept_from_dumps_bytes, 0);
}

/* A reset arena is a new one, but for the page it keeps: nothing of before is in it, and no page is
 * asked for. */
static void test_reset_starts_anew_in_the_same_memory(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(600000);
    arena_reset(arena);
    unsigned char *first = arena_alloc(arena, 100000);
    memset(first, 0xff, 100000);
    memset(arena_alloc(arena, 300000), 0xff, 300000);
    size_t mapped = system_seen.mapped_bytes;
    arena_reset(arena);
    assert_int_equal(system_seen.returned_clean_bytes,
                     mapped - 131072); /* the large chunk went, wiped */
    assert_int_equal(system_seen.returned_dirty_bytes, 0);
    assert_int_equal(arena_used_bytes(arena), 0);
    unsigned char *again = arena_alloc(arena, 110000);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 110000; i++) {
        assert_int_equal(again[i], 0);
    }
    assert_int_equal(system_seen.mapped_bytes, mapped);
    assert_non_null(arena_alloc(arena, 490000)); /* the whole budget is there again */
    assert_null(arena_alloc(arena, 1));
}

static void test_free_takes_null(void **state)
{
    (void)state;
    assert_null(arena_free(NULL));
}

static void test_take_empties_the_variable(void **state)
{
    (void)state;
    Arena *kept = NULL;
    {
        CLEANUP(arena_free) Arena *arena = arena_new(64);
        kept = TAKE(arena);
        assert_null(arena);
    }
    assert_non_null(arena_alloc(kept, 8));
    (void)arena_free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(test_empty_allocation_is_a_pointer_and_is_counted),
        cmocka_unit_test_setup(test_large_block_leaves_the_current_chunk_in_use, forget_system),
        cmocka_unit_test(test_budget_is_exact),
        cmocka_unit_test(test_sizes_that_wrap_are_refused),
        cmocka_unit_test(test_failure_before_any_refusal_is_still_a_failure),
        cmocka_unit_test_setup(test_memory_of_the_system_runs_out, forget_system),
        cmocka_unit_test_setup(test_sensitive_memory_goes_back_wiped_and_undumped, forget_system),
        cmocka_unit_test_setup(test_reset_starts_anew_in_the_same_memory, forget_system),
        cmocka_unit_test_setup(test_a_roomy_arena_keeps_its_chunk, forget_system),
        cmocka_unit_test_setup(test_plain_memory_is_not_mapped, forget_system),
        cmocka_unit_test(test_free_takes_null),
        cmocka_unit_test(test_take_empties_the_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
