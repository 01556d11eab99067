#include <time.h>

#include "server_state.h"

/* Refusing at once looks polite and is not: callers come back at once too, and the machine is busy
 * saying no. Who waits a moment for a turn asks nothing meanwhile. The wait is far below any
 * deadline, and those who wait are bounded by connections_max. */
#define TURN_WAIT_US 250000

static struct timespec moment_in_us(int64_t us)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += us / CLOCK_SECOND_US;
    at.tv_nsec += us % CLOCK_SECOND_US * 1000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

bool server_turn_take(Server *server)
{
    bool has_turn = false;
    bool in_time = true;
    const struct timespec until = moment_in_us(TURN_WAIT_US);
    (void)pthread_mutex_lock(&server->turn_lock);
    while (atomic_load(&server->in_flight) >= server->options.in_flight_max && in_time) {
        server->turn_waiters++;
        in_time = pthread_cond_timedwait(&server->turn_free, &server->turn_lock, &until) == 0;
        server->turn_waiters--;
    }
    has_turn = atomic_load(&server->in_flight) < server->options.in_flight_max;
    if (has_turn) {
        (void)atomic_fetch_add(&server->in_flight, 1);
    }
    (void)pthread_mutex_unlock(&server->turn_lock);
    return has_turn;
}

void server_turn_return(Server *server)
{
    (void)pthread_mutex_lock(&server->turn_lock);
    (void)atomic_fetch_sub(&server->in_flight, 1);
    if (server->turn_waiters > 0) {
        (void)pthread_cond_signal(&server->turn_free);
    }
    (void)pthread_mutex_unlock(&server->turn_lock);
}
