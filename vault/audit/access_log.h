/* access_log.h — the access log of this node: nothing personal leaves before its entry is durable
 * here.
 *
 * Callers append from any thread and sleep until the batch that holds their leaves is on disk. One
 * thread, the committer, takes what is there as soon as the batch before is durable (never waiting
 * for company): one signature, one write, one fdatasync a batch. Leaves that come meanwhile are
 * placed into the next batch by their callers.
 *
 * When a write fails, the segment is left for good and the batch goes into a new one (segment.h).
 * If that fails too the log is down: waiting and new appends get LOG_UNAVAILABLE at once, the batch
 * is kept, and the committer tries again until the disk takes it. A leaf may thus become durable
 * although its caller was told otherwise; an acknowledged leaf can't be lost.
 *
 * Times in the log never go back; when the wall clock jumps, a `clock` leaf says so
 * (clock_watch.h).
 *
 * At start: recovery (segment_recover.h), a new segment that begins with a copy of the last record,
 * a `boot` leaf.
 *
 * Must never acknowledge before the sync, and never let two processes write one folder (it is
 * locked).
 *
 * Layer: vault/audit. Thread-safe: yes, but open and close. Spec: 6(6)ア, 6(7)エ. Requirement: L-1,
 * L-2, L-4, L-5, L-6, L-12. */
#ifndef MUSUBI_ACCESS_LOG_H
#define MUSUBI_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "checkpoint.h"
#include "clock.h"
#include "keyring.h"
#include "leaf.h"
#include "str.h"

typedef struct AccessLog AccessLog;

typedef struct AccessLogOptions {
    const Ports *ports;       /* NULL: ports_system() */
    Keyring *keyring;         /* borrowed; outlives the log; must be unsealed to open the log */
    const char *folder;       /* copied; must exist and belong to this node alone */
    Str environment;          /* checkpoint_name_is_valid; copied */
    Str node;                 /* the same */
    const LogKey *older_keys; /* keys that signed before the present one; read during open */
    size_t older_key_count;
    size_t segment_bytes; /* a segment is closed when it has grown beyond this; 0: 64 MiB */
    size_t batch_leaves;  /* 0: SEGMENT_LEAVES_MAX */
    int64_t retry_us;     /* pause between attempts while down; 0: 250 ms */
} AccessLogOptions;

/* Recovers and opens the log, starts the committer and appends the boot leaf (why "START", or
 * "TAIL_CUT" with the number of torn bytes in n). A failed open may be repeated. Errors: LOG_NAME,
 * LOG_UNAVAILABLE (folder missing, not writable, in use; the argument says which), LOG_CORRUPT,
 * LOG_NEWER, VAULT_SEALED, OUT_OF_MEMORY, INTERNAL (no thread, entropy). */
Error access_log_open(const AccessLogOptions *options, AccessLog **ret_log) MUST_USE;
/* Writes what is queued, stops the committer and frees; nobody may be appending. While down it
 * gives up at once. NULL is fine. Returns NULL. */
AccessLog *access_log_close(AccessLog *log);

/* Appends n ≥ 1 leaves with consecutive sequences and returns when all of them are durable.
 * Errors: LOG_UNAVAILABLE, DEADLINE, VAULT_SEALED, CRYPTO_OPEN (a subject is erased),
 * LOG_LEAF_TOO_LARGE, LOG_MISUSE, OUT_OF_MEMORY, BUDGET_EXCEEDED, INTERNAL: nothing may leave; some
 * of the leaves may stand in the log all the same. */
Error access_log_append(AccessLog *log, const LeafDraft *leaves, size_t n, Deadline deadline,
                        uint64_t *ret_first_seq) MUST_USE;

/* The newest signed note. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error access_log_checkpoint(AccessLog *log, Arena *arena, Str *ret_note) MUST_USE;
/* OK, or why the log is down: LOG_UNAVAILABLE, argument = the call that failed (static). */
Error access_log_health(AccessLog *log) MUST_USE;
/* Durable leaves. */
uint64_t access_log_size(AccessLog *log);

/* What the log was opened with. Views live as long as the log. */
Str access_log_origin(const AccessLog *log);
Str access_log_node(const AccessLog *log);
const char *access_log_folder(const AccessLog *log);
const Ports *access_log_ports(const AccessLog *log);
const uint8_t *access_log_public_key(const AccessLog *log);

/* --- for the one follower, log_projection.h --- */

/* Whose key sealed the detail of a leaf: known to the committer, and from the segments to the key's
 * holder only. */
typedef struct LogOwner {
    uint64_t seq;
    SubjectKey *key; /* counted: give back with subject_key_unref */
} LogOwner;

/* From now on remembers owners for the follower: the last ACCESS_LOG_OWNERS_MAX not yet taken. */
#define ACCESS_LOG_OWNERS_MAX 16384
void access_log_follow(AccessLog *log);
/* Sleeps until more than size leaves are durable, timeout_us have passed, or access_log_wake;
 * returns the durable size. */
uint64_t access_log_wait(AccessLog *log, uint64_t size, int64_t timeout_us);
/* Wakes the follower. */
void access_log_wake(AccessLog *log);
/* Takes the owners of leaves below until_seq in order, at most max; returns how many. A leaf whose
 * owner is not among them (written before the follow, or overrun) must be found by its finder. */
size_t access_log_take_owners(AccessLog *log, uint64_t until_seq, LogOwner *ret_owners, size_t max);

DEFINE_CLEANUP(AccessLog, access_log_close)

#endif
