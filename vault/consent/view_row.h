/* view_row.h — per (recipient, purpose, type): the citizens who allow something, in the order in
 * which they did.
 *
 * A row holds the rules of all active grants of one citizen to one recipient for one purpose and
 * type: the fold of these grants. Its order number is drawn once from the list's counter; a row
 * that lost its last living rule vanishes or draws a new number, so the order never tells about the
 * past. Listing, counting and paging walk these rows, so their cost depends on who consented, never
 * on how many others exist. Must never hold a name in clear.
 *
 * Layer: vault/consent. Thread-safe: yes (ViewRowWork single-owner). Requirement: consent rule 5.
 */
#ifndef MUSUBI_VIEW_ROW_H
#define MUSUBI_VIEW_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "consent.h"
#include "store.h"
#include "subject.h"

/* Living rules of one row: each read of its recipient opens and asks them all. */
#define VIEW_ROW_RULES_MAX 64

/* Which list. */
typedef struct ViewList {
    Str recipient;
    Str purpose;
    Str type;
} ViewList;

/* A row as stored: still sealed. */
typedef struct ViewRow {
    StoreDoc doc;
    uint8_t subject[SUBJECT_ID_BYTES];
    int64_t order; /* from 1 */
} ViewRow;

/* One page of a list in order; after NULL: from the start; limit ≤ 500. Rows live in the arena.
 * Errors: VAULT_SEALED, store errors. */
Error view_row_walk(VaultCall *call, const ViewList *list, const ViewRow *after, size_t limit,
                    ViewRow **ret_rows, size_t *ret_count) MUST_USE;
/* The row of one citizen; doc.version is 0 when there is none. Errors: VAULT_SEALED, store errors.
 */
Error view_row_find(VaultCall *call, const ViewList *list, const uint8_t subject[SUBJECT_ID_BYTES],
                    ViewRow *ret_row) MUST_USE;
/* The rows of count citizens in one go; ret_rows[i] belongs to subjects[i], which may repeat.
 * Errors: as view_row_find. */
Error view_row_find_many(VaultCall *call, const ViewList *list,
                         const uint8_t (*subjects)[SUBJECT_ID_BYTES], size_t count,
                         ViewRow *ret_rows) MUST_USE;
/* Opens a row's rules into the call's arena: 1 open. Errors: CRYPTO_OPEN, STORE_CORRUPT,
 * VAULT_SEALED. */
Error view_row_open(VaultCall *call, const ViewList *list, const Subject *subject,
                    const ViewRow *row, ConsentRules *ret_rules) MUST_USE;

/* The rows and counters that one batch changes: several grants of several citizens may share it. */
typedef struct ViewRowWork ViewRowWork;

/* Empty, in the call's arena; NULL when memory is short (then arena_failure). */
ViewRowWork *view_row_work_in(VaultCall *call) MUST_USE;
/* Adds a rule to the citizen's row. Errors: GRANT_LIMIT (VIEW_ROW_RULES_MAX living rules are
 * there), VAULT_SEALED, store errors. The subject must stay until the finish. */
Error view_row_add(ViewRowWork *work, Subject *subject, const ViewList *list,
                   const ConsentRule *rule) MUST_USE;
/* A rule of the row that gives nothing beyond what `rule` gives: the same attributes, levels and
 * operations, and no moment at which it alone would hold. *ret_grant_id is "" when there is none.
 * Errors: VAULT_SEALED, store errors. */
Error view_row_covered(ViewRowWork *work, Subject *subject, const ViewList *list,
                       const ConsentRule *rule, Str *ret_grant_id) MUST_USE;
/* Puts a rule in the place of another grant's, as view_row_add would; the row keeps its order. */
Error view_row_replace(ViewRowWork *work, Subject *subject, const ViewList *list, Str old_grant_id,
                       const ConsentRule *rule) MUST_USE;
/* Takes the rule of that grant out; no error when it is not there. */
Error view_row_remove(ViewRowWork *work, Subject *subject, const ViewList *list, Str grant_id)
    MUST_USE;
/* Puts the changed rows and counters into the batch, once. A conflict at commit means that somebody
 * else gave or withdrew in the same list: read anew and retry. Errors: VAULT_SEALED, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error view_row_work_finish(ViewRowWork *work, StoreBatch *batch) MUST_USE;

/* The rules as canonical bytes and back:
 *   u8 format 1 | u32 count | count × ( LP(grant id) u64 grant version u32 operations
 *   u64 from u64 until LP(legal basis) u32 attribute count, count × ( LP(name) u8 level ) ) */
Error view_rules_write(Arena *arena, ConsentRules rules, Str *ret_bytes) MUST_USE;
Error view_rules_read(Arena *arena, Str bytes, ConsentRules *ret_rules) MUST_USE;

#endif
