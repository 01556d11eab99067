/* log_projection_state.h — the inside of a LogProjection, shared by its parts: follow, search,
 * commit.
 *
 * All but what the lock guards belongs to the projection's own thread. Must never be included
 * outside log_projection*.c.
 *
 * Layer: vault/audit. Thread-safe: see above. Requirement: L-3. */
#ifndef MUSUBI_LOG_PROJECTION_STATE_H
#define MUSUBI_LOG_PROJECTION_STATE_H

#include <pthread.h>

#include "log_projection.h"
#include "pseudonym.h"
#include "segment_read.h"

/* Lines, their subjects and the mark together stay below STORE_BATCH_DOCS_MAX. */
#define PROJECTION_COMMIT_LINES 400
#define PROJECTION_LIVE_LEAVES 2048
#define PROJECTION_SEARCH_LEAVES 16384
#define PROJECTION_LINE_FORMAT 1
#define PROJECTION_MARK_FORMAT 1
#define PROJECTION_PLACE STR("lines")
#define PROJECTION_HOUR_MS ((int64_t)3600000)
#define PROJECTION_NO_MARK UINT64_MAX

/* A line ready for the store. */
typedef struct PendingLine {
    char key[PSEUDONYM_TEXT_16_BYTES];
    char subject[PSEUDONYM_TEXT_16_BYTES];
    int64_t hour_ms;
    Str sealed;
} PendingLine;

/* Leaves [from, from + count) of the log, in the arena. */
typedef struct LeafRange {
    uint64_t from;
    size_t count;
    Str *lines;
    Str *details;
} LeafRange;

struct LogProjection {
    AccessLog *log;
    Store *store;
    LogSubjects subjects;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t progress;
    uint64_t next; /* first sequence not projected; written by the thread under the lock */
    bool is_stopping;
    size_t waiters; /* who wait for progress: the thread does not pause for company */

    /* goes on where the last load ended; NULL: to be opened; the thread's own */
    SegmentReader *reader;
    uint64_t reader_seq;

    /* lines of the commit at hand; the thread's own */
    Arena *arena;
    PendingLine *pending; /* PROJECTION_COMMIT_LINES */
    size_t pending_count;
};

/* Whether log_projection_stop was called. */
bool log_projection_is_stopping(LogProjection *projection);

/* Document key of a line. Errors: VAULT_SEALED, CRYPTO_OPEN. */
Error log_projection_line_key(Arena *arena, SubjectKey *key, Str node, uint64_t seq,
                              char ret_key[PSEUDONYM_TEXT_16_BYTES]) MUST_USE;
/* Opens a leaf's detail with its owner's key and adds the line to the commit at hand. An erased
 * owner adds nothing. Errors: VAULT_SEALED, LOG_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error log_projection_add(LogProjection *projection, SubjectKey *key, Str leaf_line, Str detail)
    MUST_USE;
/* Commits the lines at hand; with next_seq the mark too (PROJECTION_NO_MARK: lines only). Repeats
 * what the store could not take until it does or the projection stops. Lines that are there already
 * are left out. Errors: LOG_UNAVAILABLE (stopping), LOG_MISUSE (the mark is not where this thread
 * left it: look again), STORE_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error log_projection_commit(LogProjection *projection, uint64_t next_seq) MUST_USE;
/* Where the mark stands; 0 without one. Errors: store errors. */
Error log_projection_read_mark(LogProjection *projection, Arena *arena, StoreSnapshot *snapshot,
                               uint64_t *ret_next, uint64_t *ret_version) MUST_USE;
/* Loads leaves [from, until) from the segments; goes on with the reader that stands there. Errors:
 * as segment_reader_next, BUDGET_EXCEEDED. */
Error log_projection_load(LogProjection *projection, Arena *arena, uint64_t from, uint64_t until,
                          LeafRange *ret_range) MUST_USE;
/* Projects [from, until), which lies within one epoch, by finders; lines are committed, the mark is
 * not. Errors: as log_projection_load, log_projection_commit, and those of the walk over subjects.
 */
Error log_projection_search(LogProjection *projection, uint64_t from, uint64_t until) MUST_USE;

#endif
