/* Ports, deadlines, and files that are written whole or not at all, whichever call fails. */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "fake_ports.h"

typedef struct Fixture {
    FakePorts fake;
    Arena *arena;
    char folder[64];
    char path[80];
    char fresh[90];
} Fixture;

static int setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fake_ports_init(&fixture->fake, 1);
    fixture->arena = arena_new(ARENA_REQUEST_BYTES);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/musubi-clock-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL) {
        return 1;
    }
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/file", fixture->folder);
    (void)snprintf(fixture->fresh, sizeof fixture->fresh, "%s.new", fixture->path);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    (void)unlink(fixture->path);
    (void)unlink(fixture->fresh);
    int left = rmdir(fixture->folder);
    fake_ports_done(&fixture->fake);
    (void)arena_free(fixture->arena);
    free(fixture);
    return left; /* a file that nobody meant to leave */
}

static const FilePort *file_of(Fixture *fixture)
{
    return fixture->fake.ports.file;
}

static Str content(Fixture *fixture)
{
    Str bytes = STR_EMPTY;
    assert_ok(file_read_in(ports_system()->file, fixture->arena, fixture->path, 1 << 20, &bytes));
    return bytes;
}

/* --- time --- */

static void test_system_clocks_move(void **state)
{
    (void)state;
    const Clock *clock = ports_system()->clock;
    assert_true(clock->now_us(clock) > FAKE_START_US / 2);
    int64_t before = clock->monotonic_us(clock);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock->monotonic_us(clock);
        assert_true(now >= before);
        before = now;
    }
}

static void test_deadline(void **state)
{
    Fixture *fixture = *state;
    Deadline deadline = deadline_in(&fixture->fake.clock, 2500);
    assert_int_equal(deadline_left_us(deadline), 2500);
    assert_false(deadline_has_passed(deadline));
    fake_clock_set(&fixture->fake, 0); /* the wall clock is nobody's deadline */
    fake_clock_advance(&fixture->fake, 2499);
    assert_int_equal(deadline_left_us(deadline), 1);
    fake_clock_advance(&fixture->fake, 1);
    assert_true(deadline_has_passed(deadline));
    fake_clock_advance(&fixture->fake, CLOCK_SECOND_US);
    assert_int_equal(deadline_left_us(deadline), 0);
}

static void test_system_entropy_fills_everything(void **state)
{
    (void)state;
    const Entropy *entropy = ports_system()->entropy;
    unsigned char seen[600] = {0};
    for (int round = 0; round < 20; round++) {
        unsigned char bytes[600];
        assert_ok(entropy->fill(entropy, bytes, sizeof bytes));
        for (size_t i = 0; i < sizeof bytes; i++) {
            seen[i] |= bytes[i];
        }
    }
    for (size_t i = 0; i < sizeof seen; i++) {
        assert_int_not_equal(seen[i], 0);
    }
}

/* --- reading --- */

static void write_plainly(const char *path, Str bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
    (void)fclose(file);
}

static Str pattern(Arena *arena, size_t n)
{
    char *bytes = arena_alloc(arena, n);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)(i * 7 + i / 256);
    }
    return str_bytes(bytes, n);
}

static void test_read_of_any_length(void **state)
{
    Fixture *fixture = *state;
    static const size_t LENGTHS[] = {0, 1, 16383, 16384, 16385, 100000};
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++) {
        Str wanted = pattern(fixture->arena, LENGTHS[i]);
        write_plainly(fixture->path, wanted);
        assert_str_eq(content(fixture), wanted);
    }
}

static void test_read_limit_is_exact(void **state)
{
    Fixture *fixture = *state;
    write_plainly(fixture->path, STR("12345"));
    Str bytes = STR("untouched");
    assert_ok(file_read_in(file_of(fixture), fixture->arena, fixture->path, 5, &bytes));
    bytes = STR("untouched");
    Error error = file_read_in(file_of(fixture), fixture->arena, fixture->path, 4, &bytes);
    assert_fails(error, BUDGET_EXCEEDED);
    assert_string_equal(error.argument, fixture->path);
    assert_str(bytes, "untouched");
}

/* A full arena must end the reading; it once asked for the same piece for ever. */
static void test_read_into_a_full_arena_ends(void **state)
{
    Fixture *fixture = *state;
    CLEANUP(arena_free) Arena *small = arena_new(1000);
    write_plainly(fixture->path, pattern(fixture->arena, 50000));
    Str bytes;
    assert_fails(file_read_in(file_of(fixture), small, fixture->path, 1 << 20, &bytes),
                 BUDGET_EXCEEDED);
}

static void test_missing_file_is_told_from_a_bad_one(void **state)
{
    Fixture *fixture = *state;
    Str bytes;
    assert_fails(file_read_in(file_of(fixture), fixture->arena, fixture->path, 10, &bytes),
                 FILE_MISSING);
    assert_fails(file_read_in(file_of(fixture), fixture->arena, fixture->folder, 10, &bytes),
                 FILE_IO);
}

static void test_interrupted_read_goes_on(void **state)
{
    Fixture *fixture = *state;
    write_plainly(fixture->path, STR("whole"));
    fake_ports_fail(&fixture->fake,
                    (FakeFault){.call = FAKE_PREAD, .nth = 1, .errno_value = EINTR});
    Str bytes;
    assert_ok(file_read_in(file_of(fixture), fixture->arena, fixture->path, 10, &bytes));
    assert_str(bytes, "whole");
    assert_int_equal(fake_faults_hit(&fixture->fake), 1);
}

/* --- writing --- */

static void test_write_replaces_the_whole(void **state)
{
    Fixture *fixture = *state;
    assert_ok(
        file_write_durable(file_of(fixture), fixture->path, 0600, STR("a longer first text")));
    assert_ok(file_write_durable(file_of(fixture), fixture->path, 0600, STR("second")));
    assert_str(content(fixture), "second");
    assert_int_equal(access(fixture->fresh, F_OK), -1);
}

static void test_write_into_the_folder_at_hand(void **state)
{
    Fixture *fixture = *state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(fixture->folder), 0);
    Error error = file_write_durable(file_of(fixture), "file", 0600, STR("x"));
    assert_int_equal(chdir(before), 0);
    assert_ok(error);
    assert_str(content(fixture), "x");
}

static void test_write_syncs_file_and_folder(void **state)
{
    Fixture *fixture = *state;
    fake_ports_fail(&fixture->fake, (FakeFault){.nth = 0});
    assert_ok(file_write_durable(file_of(fixture), fixture->path, 0600, STR("x")));
    assert_int_equal(fake_file_calls(&fixture->fake, FAKE_FDATASYNC), 2);
    assert_int_equal(fake_file_calls(&fixture->fake, FAKE_OPEN),
                     fake_file_calls(&fixture->fake, FAKE_CLOSE));
}

/* A crash may have left a .new file with another mode, or somebody a link; neither may shape the
 * new file. */
static void test_leftover_does_not_lend_its_mode_or_place(void **state)
{
    Fixture *fixture = *state;
    struct stat status;
    write_plainly(fixture->fresh, STR("leftover"));
    assert_int_equal(chmod(fixture->fresh, 0666), 0);
    assert_ok(file_write_durable(file_of(fixture), fixture->path, 0600, STR("key")));
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);

    char elsewhere[100];
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", fixture->folder);
    assert_int_equal(symlink(elsewhere, fixture->fresh), 0);
    assert_ok(file_write_durable(file_of(fixture), fixture->path, 0600, STR("key")));
    assert_int_equal(access(elsewhere, F_OK), -1);
}

/* Whichever call fails, the path holds the old text or the new one, never a mixture; and success
 * means the new one. */
static void sweep(Fixture *fixture, FakeFault fault)
{
    Str old = STR("the old text");
    Str new = STR("a new and longer text");
    uint64_t hits = 1;
    for (fault.nth = 1; hits > 0; fault.nth++) {
        assert_true(fault.nth < 100);
        assert_ok(file_write_durable(ports_system()->file, fixture->path, 0600, old));
        fake_ports_fail(&fixture->fake, fault);
        Error error = file_write_durable(file_of(fixture), fixture->path, 0600, new);
        hits = fake_faults_hit(&fixture->fake);
        Str now = content(fixture);
        assert_true(str_eq(now, new) || (FAILED(error) && str_eq(now, old)));
        uint64_t unopened = fault.call == FAKE_OPEN ? hits : 0;
        assert_int_equal(fake_file_calls(&fixture->fake, FAKE_CLOSE) + unopened,
                         fake_file_calls(&fixture->fake, FAKE_OPEN));
    }
    fake_ports_fail(&fixture->fake, (FakeFault){.nth = 0});
}

static void test_write_is_whole_or_not_at_all_whichever_call_fails(void **state)
{
    for (int call = 0; call < FAKE_CALL_COUNT_; call++) {
        for (int persistent = 0; persistent < 2; persistent++) {
            sweep(*state, (FakeFault){.call = (FakeFileCall)call, .is_persistent = persistent});
        }
    }
    sweep(*state, (FakeFault){.call = FAKE_WRITE, .is_short_write = true});
    sweep(*state, (FakeFault){.call = FAKE_WRITE, .errno_value = ENOSPC});
}

static void test_interrupted_and_short_writes_go_on(void **state)
{
    Fixture *fixture = *state;
    fake_ports_fail(&fixture->fake,
                    (FakeFault){.call = FAKE_WRITE, .nth = 1, .errno_value = EINTR});
    assert_ok(file_write_durable(file_of(fixture), fixture->path, 0600, STR("interrupted")));
    assert_str(content(fixture), "interrupted");
    fake_ports_fail(&fixture->fake,
                    (FakeFault){.call = FAKE_WRITE, .nth = 1, .is_short_write = true});
    assert_ok(file_write_durable(file_of(fixture), fixture->path, 0600, STR("cut short")));
    assert_str(content(fixture), "cut short");
    assert_int_equal(fake_file_calls(&fixture->fake, FAKE_WRITE), 2);
}

static void test_descriptors_do_not_reach_children(void **state)
{
    Fixture *fixture = *state;
    const FilePort *file = ports_system()->file;
    int fd = file->open(file, fixture->path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(file->write(file, fd, "abcdef", 6), 6);
    assert_int_equal(file->ftruncate(file, fd, 3), 0);
    assert_int_equal(file->close(file, fd), 0);
    assert_str(content(fixture), "abc");
    assert_int_equal(file->unlink(file, fixture->path), 0);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_system_clocks_move),
        TEST(test_deadline),
        TEST(test_system_entropy_fills_everything),
        TEST(test_read_of_any_length),
        TEST(test_read_limit_is_exact),
        TEST(test_read_into_a_full_arena_ends),
        TEST(test_missing_file_is_told_from_a_bad_one),
        TEST(test_interrupted_read_goes_on),
        TEST(test_write_replaces_the_whole),
        TEST(test_write_into_the_folder_at_hand),
        TEST(test_write_syncs_file_and_folder),
        TEST(test_leftover_does_not_lend_its_mode_or_place),
        TEST(test_write_is_whole_or_not_at_all_whichever_call_fails),
        TEST(test_interrupted_and_short_writes_go_on),
        TEST(test_descriptors_do_not_reach_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
