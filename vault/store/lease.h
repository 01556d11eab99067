/* lease.h — which node does a periodic job: an owner for a while, and a fence number that grows
 * with each owner.
 *
 * Two documents: "<name>" {owner, until}, rewritten by each renewal, and "<name>/fence", rewritten
 * by each take-over only; its version is the fence. An effect whose batch carries lease_fence
 * happens while nobody has taken over, or not at all, however wrong a clock or long a pause was; a
 * renewal in between does not disturb it. `until` only decides when others may try. Must never be
 * used to guard an effect without its fence.
 *
 * Layer: vault/store. Thread-safe: a Lease has a single owner; any number of nodes and threads may
 * compete. */
#ifndef MUSUBI_LEASE_H
#define MUSUBI_LEASE_H

#include "store.h"

#define LEASE_NAME_BYTES_MAX 100
#define LEASE_OWNER_BYTES_MAX 100

typedef struct Lease {
    char name[LEASE_NAME_BYTES_MAX + 1];
    char owner[LEASE_OWNER_BYTES_MAX + 1];
    int64_t until_us; /* UTC; do nothing after it without renewing */
    uint64_t fence;   /* grows with each owner */
} Lease;

/* How the caller reaches the store. The clock gives "now"; tests stop it. */
typedef struct LeaseCall {
    Store *store;
    const Clock *clock;
    Deadline deadline;
} LeaseCall;

/* Takes the lease for term_us > 0: when nobody has it, when it ran out, or when `owner` has it
 * already (which also gets a new fence: its old thread may still live). owner names one run of one
 * node. *ret_lease is the caller's. Errors: LEASE_HELD (somebody else has it, or was faster),
 * STORE_UNAVAILABLE, STORE_UNSETTLED, DEADLINE, STORE_CORRUPT, STORE_MISUSE (bad name, owner or
 * term). */
Error lease_acquire(LeaseCall call, Str name, Str owner, int64_t term_us, Lease *ret_lease)
    MUST_USE;
/* Makes it last until term_us from now; also when it ran out but nobody has taken over. The fence
 * stays. Errors: LEASE_LOST (taken over or released), and as above. After STORE_UNSETTLED the lease
 * may be used on: the next renewal finds the state. */
Error lease_renew(LeaseCall call, Lease *lease, int64_t term_us) MUST_USE;
/* Lets others take it at once; its fence is void from now on. Errors: as lease_renew. */
Error lease_release(LeaseCall call, Lease *lease) MUST_USE;

/* Makes the batch require that nobody has taken over: store_commit then gives STORE_CONFLICT with
 * the index that store_batch_count gave before this call. Errors: STORE_MISUSE, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY (arena for the key). */
Error lease_fence(StoreBatch *batch, Arena *arena, const Lease *lease) MUST_USE;

/* The two documents of a lease, as a migration makes them. */
typedef struct LeaseDocuments {
    Str key;
    DocBody body;
    Str fence_key;
    DocBody fence_body;
} LeaseDocuments;

/* In the arena. Errors: STORE_MISUSE, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error lease_documents_in(Arena *arena, Str name, Str owner, int64_t until_us,
                         LeaseDocuments *ret_documents) MUST_USE;

#endif
