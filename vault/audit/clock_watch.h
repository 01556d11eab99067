/* clock_watch.h — notices when the wall clock jumps against the monotonic one.
 *
 * Times in the log never go back by themselves (leaf.h); what happened to the clock is told by a
 * `clock` leaf: more than one second back, or more than sixty ahead of what has passed. A jump
 * stays to be told until it was. Must never decide what time a leaf gets.
 *
 * Layer: vault/audit. Thread-safe: single-owner (the log's lock). Requirement: L-12. */
#ifndef MUSUBI_CLOCK_WATCH_H
#define MUSUBI_CLOCK_WATCH_H

#include <stdint.h>

#include "clock.h"

#define CLOCK_WATCH_BACK_US CLOCK_SECOND_US
#define CLOCK_WATCH_AHEAD_US (60 * CLOCK_SECOND_US)

/* Zeroed it has seen nothing yet. */
typedef struct ClockWatch {
    int64_t wall_us; /* of the last look; 0: none */
    int64_t monotonic_us;
    int64_t jump_us; /* noticed and not told yet; negative: back */
} ClockWatch;

/* Before the first look: the last moment known from elsewhere. A clock that stands before it has
 * gone back; how far it may have gone ahead meanwhile nobody knows. */
void clock_watch_begin(ClockWatch *watch, const Clock *clock, int64_t last_us);
/* Looks at the clocks. Returns the jump that is to be told, 0 for none, and forgets it: who can't
 * tell it gives it back. */
int64_t clock_watch_take(ClockWatch *watch, const Clock *clock);
/* Gives a jump back that could not be told. */
void clock_watch_give_back(ClockWatch *watch, int64_t jump_us);

#endif
