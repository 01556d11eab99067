/* sqlite_layout.h — brings the tables and indexes of a SQLite file to the declared collections.
 *
 * A table "c_<collection>" has key, version, sum, body and one column "m_<member>" per index
 * member; an index "i_<collection>_<index>" holds its members and the key, for rows that have all
 * of them. A column that is missing is added and filled from the bodies; an index that was declared
 * differently is made anew. Must never touch a body.
 *
 * Layer: vault/store. Thread-safe: single-owner. */
#ifndef MUSUBI_SQLITE_LAYOUT_H
#define MUSUBI_SQLITE_LAYOUT_H

#include "sqlite_conn.h"

/* "MUSU" in the file's header: whose file it is. */
#define SQLITE_APPLICATION_ID 0x4d555355
/* Of tables and columns; documents have their own version in the meta document. */
#define SQLITE_LAYOUT 1

/* One transaction. Errors: STORE_NOT_PREPARED (another program's file), STORE_NEWER and those of
 * the connection. */
Error sqlite_layout_apply(SqliteConn *conn) MUST_USE;

/* The checksum of a row: any change within one eight-byte word is noticed. */
int64_t sqlite_row_sum(StoreCollection collection, Str key, uint64_t version, Str body);

#endif
