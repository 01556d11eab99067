/* timed_wait.h — waiting on a condition with a Deadline, whose clock may be a test's.
 *
 * Must never be used on a condition that was not made with CLOCK_MONOTONIC.
 *
 * Layer: vault/audit. Thread-safe: yes. */
#ifndef MUSUBI_TIMED_WAIT_H
#define MUSUBI_TIMED_WAIT_H

#include <pthread.h>
#include <stdbool.h>

#include "clock.h"

/* A mutex-side condition that timed_wait_on may wait on. False when the system has no room for one.
 */
bool timed_wait_init(pthread_cond_t *condition);
/* Waits, lock held, for at most a tenth of a second of real time or what the deadline leaves; false
 * when the deadline had passed before. Waiters look at what they wait for again in either case. */
bool timed_wait_on(pthread_cond_t *condition, pthread_mutex_t *lock, Deadline deadline);

#endif
