/* mongo_layout.h — whether a database holds the declared collections, validators and indexes.
 *
 * Only looks. Must never create or change any. Must never be included outside the MongoDB adapter.
 *
 * Layer: vault/store. Thread-safe: single-owner. */
#ifndef MUSUBI_MONGO_LAYOUT_H
#define MUSUBI_MONGO_LAYOUT_H

#include "mongo_conn.h"

/* Errors: STORE_NOT_PREPARED (argument: a sentence in the arena that names the first thing missing
 * and what to run; arena may be NULL), STORE_UNAVAILABLE, DEADLINE. */
Error mongo_layout_check(MongoConn *conn, Arena *arena) MUST_USE;

#endif
