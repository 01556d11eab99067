/* contract_store.h — a fresh store of either kind for a test, and what store tests of all folders
 * share.
 *
 * "sqlite" is a file in a temporary folder of the process; "mongodb" is the prepared database that
 * MUSUBI_TEST_MONGODB_DATABASE names (musubi_test) on the server MUSUBI_TEST_MONGODB_URI, emptied
 * through the port. The collection of commit markers belongs to the adapter and is left alone.
 *
 * Layer: tests. Thread-safe: no. */
#ifndef MUSUBI_CONTRACT_STORE_H
#define MUSUBI_CONTRACT_STORE_H

#include "store.h"

/* MUSUBI_TEST_STORE, or "sqlite". */
const char *contract_kind(void);
/* A store without documents. Ends the process with a message when it can't be had. Close with
 * store_close. */
Store *contract_open(const char *kind, const char *name);
/* The same store again, with what is in it. */
Store *contract_reopen(const char *kind, const char *name);
/* What another process passes to contract_open_at to reach the store: file path or database. In
 * static memory. */
const char *contract_location(const char *kind, const char *name);
Store *contract_open_at(const char *kind, const char *location);
/* Removes the temporary folder. */
void contract_cleanup(void);

/* A deadline far enough for any call of a test. */
Deadline contract_deadline(void);
/* Ends the process with the error's name unless it is OK. */
void contract_must(Error error, const char *what);
#define MUST(expr_) contract_must((expr_), #expr_)

/* Small bodies: {f:1, n} and {f:1, <text name>, n}. In the arena. */
DocBody contract_body(Arena *arena, int64_t n);
DocBody contract_body_text(Arena *arena, const char *name, const char *text, int64_t n);
/* Reads n of a document in a view of its own; -1 when there is no document. */
int64_t contract_number(Store *store, StoreCollection collection, const char *key);
/* One document in a view of its own. */
StoreDoc contract_get(Store *store, Arena *arena, StoreCollection collection, const char *key);

#endif
