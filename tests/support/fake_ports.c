#include "fake_ports.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each port is a member of FakePorts; its callbacks find the whole from the member's address. */
#define FAKE_OF(member_pointer_, member_)                                                          \
    ((FakePorts *)(uintptr_t)((const char *)(member_pointer_)-offsetof(FakePorts, member_)))

/* --- clock --- */

static void step_clocks(FakePorts *fake)
{
    fake->now_us += fake->step_us;
    fake->monotonic_us += fake->step_us;
}

static int64_t fake_now_us(const Clock *clock)
{
    FakePorts *fake = FAKE_OF(clock, clock);
    (void)pthread_mutex_lock(&fake->lock);
    int64_t now = fake->now_us;
    step_clocks(fake);
    (void)pthread_mutex_unlock(&fake->lock);
    return now;
}

static int64_t fake_monotonic_us(const Clock *clock)
{
    FakePorts *fake = FAKE_OF(clock, clock);
    (void)pthread_mutex_lock(&fake->lock);
    int64_t now = fake->monotonic_us;
    step_clocks(fake);
    (void)pthread_mutex_unlock(&fake->lock);
    return now;
}

void fake_clock_advance(FakePorts *fake, int64_t by_us)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->now_us += by_us;
    fake->monotonic_us += by_us;
    (void)pthread_mutex_unlock(&fake->lock);
}

void fake_clock_set(FakePorts *fake, int64_t now_us)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->now_us = now_us;
    (void)pthread_mutex_unlock(&fake->lock);
}

void fake_clock_step(FakePorts *fake, int64_t step_us)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->step_us = step_us;
    (void)pthread_mutex_unlock(&fake->lock);
}

/* --- entropy --- */

static void fill_bytes(uint64_t *state, unsigned char *out, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word = i % 8 == 0 ? fake_random(state) : word >> 8;
        out[i] = (unsigned char)word;
    }
}

static Error fake_fill(const Entropy *entropy, void *out, size_t n)
{
    FakePorts *fake = FAKE_OF(entropy, entropy);
    (void)pthread_mutex_lock(&fake->lock);
    bool is_failing = ++fake->entropy_calls == fake->entropy_fails_at;
    if (!is_failing) {
        fill_bytes(&fake->random_state, out, n);
    }
    (void)pthread_mutex_unlock(&fake->lock);
    ENSURE(!is_failing, INTERNAL, "fake entropy");
    return OK;
}

void fake_entropy_fail(FakePorts *fake, uint64_t nth)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->entropy_calls = 0;
    fake->entropy_fails_at = nth;
    (void)pthread_mutex_unlock(&fake->lock);
}

/* --- files --- */

/* Counts the call and says whether it is to fail; sets errno then. */
static bool must_fail(FakePorts *fake, FakeFileCall call, bool *ret_is_short)
{
    (void)pthread_mutex_lock(&fake->lock);
    const FakeFault fault = fake->fault;
    fake->calls[call]++;
    fake->calls[FAKE_ANY]++;
    bool is_meant = fault.nth > 0 && (fault.call == FAKE_ANY || fault.call == call);
    uint64_t count = fake->calls[fault.call];
    bool is_due = is_meant && (count == fault.nth || (fault.is_persistent && count > fault.nth));
    fake->faults_hit += is_due;
    (void)pthread_mutex_unlock(&fake->lock);
    *ret_is_short = is_due && fault.is_short_write && call == FAKE_WRITE;
    if (is_due) {
        errno = fault.errno_value == 0 ? EIO : fault.errno_value;
    }
    return is_due;
}

static bool fails(const FilePort *file, FakeFileCall call)
{
    bool is_short = false;
    return must_fail(FAKE_OF(file, file), call, &is_short);
}

static const FilePort *real(void)
{
    return ports_system()->file;
}

static int fake_open(const FilePort *file, const char *path, int flags, mode_t mode)
{
    return fails(file, FAKE_OPEN) ? -1 : real()->open(real(), path, flags, mode);
}

static ssize_t fake_pread(const FilePort *file, int fd, void *out, size_t n, off_t at)
{
    return fails(file, FAKE_PREAD) ? -1 : real()->pread(real(), fd, out, n, at);
}

static ssize_t fake_write(const FilePort *file, int fd, const void *bytes, size_t n)
{
    bool is_short = false;
    if (must_fail(FAKE_OF(file, file), FAKE_WRITE, &is_short) && (!is_short || n < 2)) {
        return -1;
    }
    return real()->write(real(), fd, bytes, is_short ? n / 2 : n);
}

static int fake_fdatasync(const FilePort *file, int fd)
{
    return fails(file, FAKE_FDATASYNC) ? -1 : real()->fdatasync(real(), fd);
}

static int fake_ftruncate(const FilePort *file, int fd, off_t size)
{
    return fails(file, FAKE_FTRUNCATE) ? -1 : real()->ftruncate(real(), fd, size);
}

/* A failed close has closed all the same, as on Linux; else every sweep would leak descriptors. */
static int fake_close(const FilePort *file, int fd)
{
    bool is_failing = fails(file, FAKE_CLOSE);
    int errno_value = errno;
    int closed = real()->close(real(), fd);
    errno = is_failing ? errno_value : errno;
    return is_failing ? -1 : closed;
}

static int fake_rename(const FilePort *file, const char *from, const char *to)
{
    return fails(file, FAKE_RENAME) ? -1 : real()->rename(real(), from, to);
}

static int fake_unlink(const FilePort *file, const char *path)
{
    return fails(file, FAKE_UNLINK) ? -1 : real()->unlink(real(), path);
}

void fake_ports_fail(FakePorts *fake, FakeFault fault)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->fault = fault;
    fake->faults_hit = 0;
    memset(fake->calls, 0, sizeof fake->calls);
    (void)pthread_mutex_unlock(&fake->lock);
}

uint64_t fake_file_calls(FakePorts *fake, FakeFileCall call)
{
    (void)pthread_mutex_lock(&fake->lock);
    uint64_t calls = fake->calls[call];
    (void)pthread_mutex_unlock(&fake->lock);
    return calls;
}

uint64_t fake_faults_hit(FakePorts *fake)
{
    (void)pthread_mutex_lock(&fake->lock);
    uint64_t hits = fake->faults_hit;
    (void)pthread_mutex_unlock(&fake->lock);
    return hits;
}

/* --- the whole --- */

void fake_ports_init(FakePorts *fake, uint64_t seed)
{
    *fake = (FakePorts){.clock = {.now_us = fake_now_us, .monotonic_us = fake_monotonic_us},
                        .entropy = {.fill = fake_fill},
                        .file = {.open = fake_open,
                                 .pread = fake_pread,
                                 .write = fake_write,
                                 .fdatasync = fake_fdatasync,
                                 .ftruncate = fake_ftruncate,
                                 .close = fake_close,
                                 .rename = fake_rename,
                                 .unlink = fake_unlink},
                        .now_us = FAKE_START_US,
                        .monotonic_us = CLOCK_SECOND_US,
                        .random_state = seed};
    fake->ports = (Ports){.clock = &fake->clock, .entropy = &fake->entropy, .file = &fake->file};
    (void)pthread_mutex_init(&fake->lock, NULL);
}

void fake_ports_done(FakePorts *fake)
{
    (void)pthread_mutex_destroy(&fake->lock);
}

/* --- random inputs: SplitMix64 --- */

uint64_t fake_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t z = *state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

uint64_t fake_random_below(uint64_t *state, uint64_t below)
{
    return fake_random(state) % below;
}

uint64_t fake_seed(const char *test_name)
{
    const char *given = getenv("MUSUBI_TEST_SEED");
    uint64_t seed = given == NULL ? 20260401 : strtoull(given, NULL, 10);
    (void)printf("%s: seed %" PRIu64 " (MUSUBI_TEST_SEED repeats a run)\n", test_name, seed);
    return seed;
}
