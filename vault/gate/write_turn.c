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

static uint64_t bit(unsigned lane)
{
    return UINT64_C(1) << lane;
}

static uint64_t lanes_of(const Str *keys, size_t count)
{
    uint64_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        wanted |= bit(lane_of(keys[i]));
    }
    return wanted;
}

bool write_turns_cover(const WriteTurns *turns, const Str *keys, size_t count)
{
    return (lanes_of(keys, count) & ~turns->lanes) == 0;
}

/* The lock is held. */
static bool take_lane(unsigned number, Deadline deadline)
{
    Lane *lane = &lanes[number];
    while (lane->is_busy && timed_wait_on(&lane->freed, &lock, deadline)) {
    }
    bool is_taken = !lane->is_busy;
    lane->is_busy = true;
    return is_taken;
}

/* Everybody goes upwards. */
static bool take_lanes(WriteTurns *turns, uint64_t wanted, Deadline deadline)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        if ((wanted & bit(lane)) != 0) {
            if (!take_lane(lane, deadline)) {
                return false;
            }
            turns->lanes |= bit(lane);
        }
    }
    return true;
}

Error write_turns_take(WriteTurns *turns, const Str *keys, size_t count, Deadline deadline)
{
    (void)pthread_once(&once, lanes_init); /* fails on a bad argument only */
    ENSURE(has_lanes, OUT_OF_MEMORY, NULL);
    write_turns_done(turns);
    (void)pthread_mutex_lock(&lock);
    bool is_taken = take_lanes(turns, lanes_of(keys, count), deadline);
    (void)pthread_mutex_unlock(&lock);
    if (!is_taken) {
        write_turns_done(turns);
        return FAIL(STORE_CONFLICT, NULL);
    }
    return OK;
}

void write_turns_done(WriteTurns *turns)
{
    if (turns->lanes == 0) {
        return;
    }
    (void)pthread_mutex_lock(&lock);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if ((turns->lanes & bit(lane)) != 0) {
            lanes[lane].is_busy = false;
            (void)pthread_cond_signal(&lanes[lane].freed);
        }
    }
    (void)pthread_mutex_unlock(&lock);
    turns->lanes = 0;
}
