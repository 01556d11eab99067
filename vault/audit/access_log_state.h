/* access_log_state.h — the inside of an AccessLog, shared by its three parts: start, append,
 * commit.
 *
 * One lock guards everything but what is marked as the committer's own. It is held while leaves are
 * placed (microseconds each) and never during a signature, a write or a sync.
 *
 * Must never be included outside access_log*.c.
 *
 * Layer: vault/audit. Thread-safe: through its lock. Requirement: L-4. */
#ifndef MUSUBI_ACCESS_LOG_STATE_H
#define MUSUBI_ACCESS_LOG_STATE_H

#include <pthread.h>

#include "access_log.h"
#include "clock_watch.h"
#include "finder_table.h"
#include "segment.h"
#include "wake_word.h"

/* The batch that the committer is about to make durable. Its own. */
typedef struct PendingBatch {
    uint64_t number;
    MerkleFrontier before; /* the tree without it: begins the segment that has to take it first */
    MerkleFrontier after;
    Checkpoint checkpoint;
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    Str record; /* n = 0: not signed yet */
} PendingBatch;

struct AccessLog {
    /* unchanging */
    const Ports *ports;
    char *folder;
    char *node;
    char *origin;
    SigningKey signer;
    int folder_fd; /* holds the folder's lock */
    size_t segment_bytes;
    size_t batch_leaves;
    int64_t retry_us;
    pthread_t committer;
    bool has_committer;

    /* written under the lock, read without it */
    _Atomic uint64_t durable_batches; /* batches with smaller numbers are durable */
    const char *_Atomic down;         /* NULL: up; else the call that failed */

    pthread_mutex_t lock;
    pthread_cond_t work; /* the committer: leaves came, or stop */
    pthread_cond_t room; /* appenders: a batch was taken, a turn ended, the log went down */
    WakeWord settled[2]; /* appenders, by parity of their batch: durable_batches or down changed */
    pthread_cond_t follower;
    SegmentBuilder builders[2]; /* batch b is built in b & 1; the other one is being committed */
    uint64_t open_batch;        /* takes leaves */
    MerkleFrontier open_before; /* the tree before its first leaf */
    MerkleFrontier frontier;    /* the tree with all leaves placed */
    Checkpoint newest;          /* of the durable tree */
    uint8_t newest_signature[SIGN_SIGNATURE_BYTES];
    int64_t last_ms;
    ClockWatch clock_watch;
    FinderTable *finders;
    bool is_turn_taken; /* a call with leaves for several batches is placing them */
    size_t room_waiters;
    bool is_stopping;
    bool is_followed;
    bool is_woken;
    LogOwner *owners; /* ring of ACCESS_LOG_OWNERS_MAX */
    size_t owners_from;
    size_t owners_count;

    /* the committer's own */
    SegmentWriter writer;
    PendingBatch pending;
};

/* Main of the committer's thread; argument is the AccessLog. */
void *access_log_commit_main(void *log);
/* Forgets all owners. Lock held, or nobody else there. */
void access_log_drop_owners(AccessLog *log);

#endif
