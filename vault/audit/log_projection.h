/* log_projection.h — "who saw my data": the lines of the access log by subject, in the store.
 *
 * One thread a node follows the log into the store, at most two seconds behind. A line is a
 * document that tells the store's administrator nothing but whose it is (the subject's keyed token)
 * and in which hour it was written:
 *
 *   STORE_LOG_LINES  key  base64url of 16 bytes of
 *                         seal_mac(subject's key, "access-line", LP(node) u64 sequence)
 *                    f    1
 *                    s    text: subject id, base64url
 *                    t    int: UTC milliseconds, cut to the hour
 *                    l    bytes: access_line.h, sealed
 *   STORE_LOG_MARKS  key  node
 *                    f    1
 *                    n    int: first sequence not yet projected; committed with the lines before it
 *
 * A leaf's line belongs to the owner of the key that sealed its detail: the citizen, or a service
 * for its scans and denials. While following, owners come from the committer; after a stop they are
 * found by their finders, subject by subject, so the lines can be wiped and rebuilt from the
 * segments alone. Lines of erased subjects are left out: each commit requires the key documents
 * (STORE_KEYS, key = the subject id in base64url) of those it writes about.
 *
 * Must never hold up an append, and never put a client, purpose, time of day, attribute or grant
 * into the store in clear.
 *
 * Layer: vault/audit. Thread-safe: yes. Spec: 6(6)ア, 6(6)エ. Requirement: L-3, C-6. */
#ifndef MUSUBI_LOG_PROJECTION_H
#define MUSUBI_LOG_PROJECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "access_line.h"
#include "access_log.h"
#include "store.h"

typedef struct LogProjection LogProjection;

/* Called with each key in turn; the key is lent for the call. Returning an error ends the walk with
 * it. */
typedef Error (*LogSubjectVisit)(void *visitor, SubjectKey *key);

/* How to walk over everyone who may own a line: citizens and services. */
typedef struct LogSubjects {
    /* Lends every present subject's key to visit, each once, in any order; subjects erased
     * meanwhile may be left out. Called from the projection's thread. Errors: store and key errors
     * (the walk is repeated later), what visit returns. */
    Error (*each)(void *context, LogSubjectVisit visit, void *visitor);
    void *context;
} LogSubjects;

/* Starts the thread that follows log into store; both outlive it. Replays from the mark first. A
 * store that is away or a vault that is sealed is waited for. subjects is copied. Errors:
 * OUT_OF_MEMORY, INTERNAL (no thread). */
Error log_projection_start(AccessLog *log, Store *store, const LogSubjects *subjects,
                           LogProjection **ret_projection) MUST_USE;
/* Stops after the commit at hand; what is left is replayed by the next start. Before
 * access_log_close. NULL is fine. Returns NULL. */
LogProjection *log_projection_stop(LogProjection *projection);

/* Sleeps until all leaves below seq are in the store. Errors: DEADLINE. */
Error log_projection_wait(LogProjection *projection, uint64_t seq, Deadline deadline) MUST_USE;
/* First sequence not yet projected. */
uint64_t log_projection_seq(LogProjection *projection);

/* Deletes all lines and marks of all nodes: the next start of each node's projection replays its
 * log from the first segment. No projection may be running. Errors: store errors, OUT_OF_MEMORY. */
Error log_projection_wipe(Store *store, Deadline deadline) MUST_USE;

/* The place of a line in a subject's history. */
typedef struct LogCursor {
    int64_t at_ms;
    uint64_t seq;
    Str node;
} LogCursor;

#define LOG_PAGE_MAX 100

/* A page of the history of the key's owner: newest first over all nodes, at most limit
 * (1…LOG_PAGE_MAX) lines, from the one after `before` (NULL: from the newest). *ret_has_more: older
 * lines follow. arena: a sensitive one; the lines live in it. Errors: VAULT_SEALED, CRYPTO_OPEN
 * (erased), STORE_CORRUPT (a line was exchanged or changed), LOG_NEWER, store errors,
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error log_projection_read(StoreSnapshot *snapshot, Arena *arena, SubjectKey *key,
                          const LogCursor *before, size_t limit, AccessLine **ret_lines,
                          size_t *ret_count, bool *ret_has_more) MUST_USE;

/* "1775001600000.17.node-a": the cursor of a line as text, and back (a view of text; false for any
 * other text). */
Error log_cursor_text_in(Arena *arena, const AccessLine *line, Str *ret_text) MUST_USE;
bool log_cursor_parse(Str text, LogCursor *ret_cursor);

DEFINE_CLEANUP(LogProjection, log_projection_stop)

#endif
