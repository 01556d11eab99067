#include "write_turn.h"

#include <pthread.h>
#include <time.h>

#define LANES 64

static pthread_mutex_t lanes[LANES]; /* zeroed is PTHREAD_MUTEX_INITIALIZER here */

/* Keys are keyed hashes: any of their characters is as good as random. */
static unsigned lane_of(Str key)
{
    unsigned sum = 0;
    for (size_t i = 0; i < key.n; i++) {
        sum = sum * 31 + (unsigned char)key.p[i];
    }
    return sum % LANES;
}

Error write_turn_take(WriteTurn *turn, Str key, Deadline deadline)
{
    if (turn->is_taken) {
        return OK;
    }
    unsigned lane = lane_of(key);
    int64_t left_us = deadline_left_us(deadline);
    struct timespec until;
    ENSURE(clock_gettime(CLOCK_MONOTONIC, &until) == 0, INTERNAL, NULL);
    until.tv_sec += left_us / CLOCK_SECOND_US;
    until.tv_nsec += left_us % CLOCK_SECOND_US * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    ENSURE(pthread_mutex_clocklock(&lanes[lane], CLOCK_MONOTONIC, &until) == 0, STORE_CONFLICT,
           NULL);
    *turn = (WriteTurn){.is_taken = true, .lane = lane};
    return OK;
}

void write_turn_done(WriteTurn *turn)
{
    if (turn->is_taken) {
        (void)pthread_mutex_unlock(&lanes[turn->lane]);
        turn->is_taken = false;
    }
}
