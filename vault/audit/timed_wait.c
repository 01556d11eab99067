#include "timed_wait.h"

#include <time.h>

#define SLICE_US 100000

bool timed_wait_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return false;
    }
    bool is_fine = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                   pthread_cond_init(condition, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return is_fine;
}

bool timed_wait_on(pthread_cond_t *condition, pthread_mutex_t *lock, Deadline deadline)
{
    int64_t left_us = deadline_left_us(deadline);
    if (left_us <= 0) {
        return false;
    }
    /* Slices, because the deadline's clock may stand still, and the kernel waits in real time. */
    const Clock *clock = ports_system()->clock;
    int64_t wake_us = clock->monotonic_us(clock) + (left_us < SLICE_US ? left_us : SLICE_US);
    struct timespec wake = {.tv_sec = wake_us / CLOCK_SECOND_US,
                            .tv_nsec = wake_us % CLOCK_SECOND_US * 1000};
    (void)pthread_cond_timedwait(condition, lock, &wake);
    return true;
}
