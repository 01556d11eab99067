#include "wake_word.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLICE_US 100000

_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "the kernel sees a plain 32-bit word");

uint32_t wake_word_read(WakeWord *word)
{
    return atomic_load(&word->changes);
}

void wake_word_change(WakeWord *word)
{
    (void)atomic_fetch_add(&word->changes, 1);
    /* Nobody asleep is no failure, and there is no other. */
    (void)syscall(SYS_futex, &word->changes, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

bool wake_word_sleep(WakeWord *word, uint32_t seen, Deadline deadline)
{
    int64_t left_us = deadline_left_us(deadline);
    if (left_us <= 0) {
        return false;
    }
    /* Slices, because the deadline's clock may stand still, and the kernel waits in real time. */
    int64_t slice_us = left_us < SLICE_US ? left_us : SLICE_US;
    struct timespec slice = {.tv_sec = slice_us / CLOCK_SECOND_US,
                             .tv_nsec = slice_us % CLOCK_SECOND_US * 1000};
    /* A signal, a changed word and the end of the slice all mean: look again. */
    (void)syscall(SYS_futex, &word->changes, FUTEX_WAIT_PRIVATE, seen, &slice, NULL, 0);
    return true;
}
