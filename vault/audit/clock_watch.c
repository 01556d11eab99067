#include "clock_watch.h"

/* Between the readings of two clocks a thread may sleep; a look that took longer than this says
 * nothing. */
#define LOOK_US 100000

static void note(ClockWatch *watch, int64_t jump_us)
{
    if (jump_us < -CLOCK_WATCH_BACK_US || jump_us > CLOCK_WATCH_AHEAD_US) {
        watch->jump_us += jump_us;
    }
}

void clock_watch_begin(ClockWatch *watch, const Clock *clock, int64_t last_us)
{
    *watch =
        (ClockWatch){.monotonic_us = clock->monotonic_us(clock), .wall_us = clock->now_us(clock)};
    int64_t behind_us = watch->wall_us - last_us;
    note(watch, behind_us < 0 ? behind_us : 0);
}

int64_t clock_watch_take(ClockWatch *watch, const Clock *clock)
{
    int64_t before_us = clock->monotonic_us(clock);
    int64_t wall_us = clock->now_us(clock);
    if (clock->monotonic_us(clock) - before_us < LOOK_US) {
        int64_t passed_us = before_us - watch->monotonic_us;
        note(watch, watch->wall_us == 0 ? 0 : wall_us - watch->wall_us - passed_us);
        watch->wall_us = wall_us;
        watch->monotonic_us = before_us;
    }
    int64_t jump_us = watch->jump_us;
    watch->jump_us = 0;
    return jump_us;
}

void clock_watch_give_back(ClockWatch *watch, int64_t jump_us)
{
    watch->jump_us += jump_us;
}
