#include "write_turn.h"

#include "timed_wait.h"

#define LANES 64

/* A turn outlasts a commit, so it is a mark in a lane and no lock held while the store works. */
typedef struct Lane {
    pthread_cond_t freed;
    bool is_busy;
} Lane;

static Lane lanes[LANES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all marks */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_lanes;

static void lanes_init(void)
{
    has_lanes = true;
    for (unsigned i = 0; i < LANES; i++) {
        has_lanes = timed_wait_init(&lanes[i].freed) && has_lanes;
    }
}

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
    (void)pthread_once(&once, lanes_init); /* fails on a bad argument only */
    ENSURE(has_lanes, OUT_OF_MEMORY, NULL);
    unsigned number = lane_of(key);
    Lane *lane = &lanes[number];
    (void)pthread_mutex_lock(&lock);
    while (lane->is_busy && timed_wait_on(&lane->freed, &lock, deadline)) {
    }
    bool is_taken = !lane->is_busy;
    lane->is_busy = true;
    (void)pthread_mutex_unlock(&lock);
    ENSURE(is_taken, STORE_CONFLICT, NULL);
    *turn = (WriteTurn){.is_taken = true, .lane = number};
    return OK;
}

void write_turn_done(WriteTurn *turn)
{
    if (turn->is_taken) {
        (void)pthread_mutex_lock(&lock);
        lanes[turn->lane].is_busy = false;
        (void)pthread_cond_signal(&lanes[turn->lane].freed);
        (void)pthread_mutex_unlock(&lock);
        turn->is_taken = false;
    }
}
