/* store.h — the port to the database: collections of documents, read in one snapshot, changed by
 * one commit.
 *
 * Two adapters (store_sqlite, store_mongo) give identical results; the contract suite proves it.
 * Rooms above know documents {key, version, body}, never SQL, BSON or a driver. Retries, unknown
 * outcomes and lost connections are settled in here: a commit either happened or did not, and the
 * caller is told which.
 *
 * Must never: interpret bodies beyond the declared index members, open sealed bytes, or retry a
 * commit that may have happened.
 *
 * Layer: vault/store. Thread-safe: Store yes (pooled connections); StoreSnapshot and StoreBatch
 * single-owner. Spec: 3(3), 7(1)ウ. */
#ifndef MUSUBI_STORE_H
#define MUSUBI_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "doc.h"
#include "error.h"
#include "str.h"

/* Every collection of Musubi, declared once in store_schema.c with its indexes; both adapters
 * create them (SQLite) or demand them (MongoDB), and mongo-init/ is compared with this list by a
 * test. */
typedef enum StoreCollection {
    STORE_META,            /* store version, counters */
    STORE_COMMITS,         /* commit markers: settle unknown outcomes; swept by the janitor */
    STORE_LEASES,          /* owner, until, fence of periodic jobs */
    STORE_KEYS,            /* wrapped subject keys and platform keys */
    STORE_PERSONS,         /* common IDs */
    STORE_LINKS,           /* service user id <-> citizen, both directions */
    STORE_GRANTS,          /* consent records */
    STORE_VIEW_ROWS,       /* (recipient, purpose, type) -> consenting subjects, in grant order */
    STORE_ENTITIES,        /* sealed personal entities */
    STORE_LOG_LINES,       /* projection of the access log: subject -> sealed lines */
    STORE_LOG_MARKS,       /* high-water mark of the projection, per node */
    STORE_SERVICES,        /* service accounts (OAuth clients), sealed */
    STORE_TOKENS,          /* access tokens by hash */
    STORE_IDEMPOTENCY,     /* idempotency keys with their answers, sealed */
    STORE_PUBLIC_ENTITIES, /* embedded broker: open data */
    STORE_COLLECTION_COUNT_
} StoreCollection;

typedef enum StoreMemberKind { STORE_MEMBER_INT, STORE_MEMBER_TEXT } StoreMemberKind;

#define STORE_INDEX_MEMBERS_MAX 4
#define STORE_INDEXES_MAX 5
#define STORE_KEY_BYTES_MAX 200 /* keys are printable ASCII 0x21..0x7e */
#define STORE_BATCH_DOCS_MAX 1000
#define STORE_BATCH_BYTES_MAX ((size_t)8 << 20)
#define STORE_FIND_LIMIT_MAX 1000

/* An index over top-level body members, in this order; the document key is its last, implicit part.
 * Documents that lack a member are not in the index. */
typedef struct StoreIndex {
    const char *name;
    struct {
        const char *name;
        StoreMemberKind kind;
    } members[STORE_INDEX_MEMBERS_MAX];
    size_t member_count;
} StoreIndex;

typedef struct StoreCollectionSpec {
    const char *name;
    StoreIndex indexes[STORE_INDEXES_MAX];
    size_t index_count;
} StoreCollectionSpec;

/* The declaration of a collection. Static. */
const StoreCollectionSpec *store_collection_spec(StoreCollection collection);

/* A document as read. version ≥ 1 rises by one with each replace. */
typedef struct StoreDoc {
    Str key;
    uint64_t version;
    DocBody body;
} StoreDoc;

typedef struct Store Store;
typedef struct StoreSnapshot StoreSnapshot;
typedef struct StoreBatch StoreBatch;

/* --- opening: store_sqlite.h and store_mongo.h; both end here --- */

/* Closes and frees; no snapshot may be open. NULL is fine. Returns NULL. */
Store *store_close(Store *store);
/* "sqlite" or "mongodb". Static. */
const char *store_kind(const Store *store);
/* Answers within the deadline whether the database can be read. Errors: STORE_UNAVAILABLE,
 * DEADLINE. */
Error store_ping(Store *store, Deadline deadline) MUST_USE;

/* --- reading --- */

/* One unchanging view of all collections, begun now; every read of a request goes through one.
 * Close it soon. Errors: STORE_UNAVAILABLE, DEADLINE. */
Error store_snapshot_open(Store *store, Deadline deadline, StoreSnapshot **ret_snapshot) MUST_USE;
/* NULL is fine. Returns NULL. */
StoreSnapshot *store_snapshot_close(StoreSnapshot *snapshot);

/* One document by key. *ret_doc.version is 0 when there is none. Result lives in the arena. Errors
 * of all reads: STORE_UNAVAILABLE, DEADLINE, STORE_CORRUPT, BUDGET_EXCEEDED, STORE_MISUSE. */
Error store_get(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection, Str key,
                StoreDoc *ret_doc) MUST_USE;
/* count documents in one go; ret_docs[i] belongs to keys[i] (which may repeat), version 0 when
 * missing. */
Error store_get_many(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection,
                     const Str *keys, size_t count, StoreDoc *ret_docs) MUST_USE;

/* Shows the same documents to `visit`, one after the other: for walks over large bodies of which
 * little is kept. The document lives until visit returns, which may read on, but not this
 * collection by key. Only for bodies that prove themselves, as sealed entities do: an adapter does
 * not look for damage in them. An error of visit ends the walk with it. Errors: those of reads,
 * what visit returns. */
typedef Error (*StoreVisit)(void *context, size_t index, const StoreDoc *doc);
Error store_visit_many(StoreSnapshot *snapshot, StoreCollection collection, const Str *keys,
                       size_t count, StoreVisit visit, void *context) MUST_USE;

/* A walk along one declared index: the first equal_count members have the given values, the next
 * member (if any) lies in [from, to] (each end optional), in index order (ascending or descending;
 * key order breaks ties, same direction), at most limit documents, after the document whose key and
 * index values `after` holds. */
typedef struct StoreValue {
    StoreMemberKind kind;
    int64_t number;
    Str text;
} StoreValue;

/* index NULL walks the whole collection in key order (sweeps, backup, key rotation): equal_count is
 * 0, and [from, to] bounds the key itself as text. */
typedef struct StoreFind {
    StoreCollection collection;
    const char *index; /* a declared name, or NULL: key order */
    StoreValue equal[STORE_INDEX_MEMBERS_MAX];
    size_t equal_count;
    const StoreValue *from; /* NULL: open */
    const StoreValue *to;   /* NULL: open */
    bool is_descending;
    const StoreDoc *after; /* resume: the last document of the page before; NULL: from the start */
    size_t limit;          /* 1..STORE_FIND_LIMIT_MAX */
    const char *const *members; /* projection: top-level members to fetch, NULL-terminated; NULL:
                                 * all. The index's members and "f" are always there. */
} StoreFind;

#define STORE_INT(n_) ((StoreValue){.kind = STORE_MEMBER_INT, .number = (n_)})
#define STORE_TEXT(s_) ((StoreValue){.kind = STORE_MEMBER_TEXT, .text = (s_)})

/* Array in the arena; *ret_count ≤ limit. */
Error store_find(StoreSnapshot *snapshot, Arena *arena, const StoreFind *find, StoreDoc **ret_docs,
                 size_t *ret_count) MUST_USE;
/* How many documents the walk would meet; limit, after, order and projection are ignored. Time
 * grows with the count. */
Error store_count(StoreSnapshot *snapshot, const StoreFind *find, int64_t *ret_count) MUST_USE;

/* --- writing --- */

/* A batch is all or nothing. Each document at most once in a batch. NULL when memory is short;
 * lives in the arena. */
StoreBatch *store_batch_in(Arena *arena) MUST_USE;
/* The key is copied, the body is not: it must outlive the commit. The first misuse (bad key, bad
 * body, an index member of the wrong kind, document twice, version 0) or passed limit sticks until
 * store_commit, which then touches nothing. An insert gives version 1, also after a delete of the
 * same key. */
void store_batch_insert(StoreBatch *batch, StoreCollection collection, Str key, DocBody body);
/* The same with the version that the document gets. For keys that are used again after a deletion:
 * first is a number that no document of the key began with before, so that whoever still holds the
 * older one can't take the new one for it. 1 ≤ first < 2^62. */
void store_batch_insert_as(StoreBatch *batch, StoreCollection collection, Str key, uint64_t first,
                           DocBody body);
void store_batch_replace(StoreBatch *batch, StoreCollection collection, Str key, uint64_t version,
                         DocBody body);
void store_batch_delete(StoreBatch *batch, StoreCollection collection, Str key, uint64_t version);
/* The document exists at this version / is absent, also when the batch takes effect (no write
 * skew). */
void store_batch_require(StoreBatch *batch, StoreCollection collection, Str key, uint64_t version);
void store_batch_require_absent(StoreBatch *batch, StoreCollection collection, Str key);
/* Operations so far: the index that the next one gets. */
size_t store_batch_count(const StoreBatch *batch);
/* What adding the operations found wrong, with the index of the operation in *ret_failed (may be
 * NULL): for those who must know before they commit, or do something else first. Errors:
 * STORE_MISUSE, STORE_LIMIT, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error store_batch_check(const StoreBatch *batch, size_t *ret_failed) MUST_USE;

/* Applies the batch durably (majority / fsync) or not at all; an empty batch is fine. *ret_failed
 * (may be NULL) is the index of the first operation that was refused, when one was; otherwise it is
 * left as it is. Errors: STORE_EXISTS (insert or require_absent met a document), STORE_CONFLICT
 * (another version or none), STORE_LIMIT, STORE_MISUSE, STORE_UNAVAILABLE and DEADLINE (nothing
 * happened), STORE_UNSETTLED (the database went away before it could say; the caller must read
 * before it tries again). */
Error store_commit(Store *store, const StoreBatch *batch, Deadline deadline, size_t *ret_failed)
    MUST_USE;

/* Moves what a file store keeps beside its file into it and empties that place, which otherwise
 * grows for as long as some snapshot is open at each commit; nothing for a server. Waits for the
 * snapshots that are open, and commits wait meanwhile. Errors: DEADLINE (a snapshot stayed open),
 * STORE_UNAVAILABLE, STORE_CORRUPT. */
Error store_checkpoint(Store *store, Deadline deadline) MUST_USE;

/* --- life of a store --- */

#define STORE_VERSION                                                                              \
    3 /* of the layout; the migration runner (migrate.h) leads older stores here */

DEFINE_CLEANUP(Store, store_close)
DEFINE_CLEANUP(StoreSnapshot, store_snapshot_close)

#endif
