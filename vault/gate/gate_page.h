/* gate_page.h — the answer to a query while it is made: which entities match, in which order they
 * stand, what of them is shown.
 *
 * Without an order an entity on the page is shown when it is met. With one it is only remembered
 * where it was: those that make the page are met again in the same snapshot. Must never keep a
 * value of an entity that is not on the page, but for the sort keys of those that may still be.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: consent rules
 * 1, 2, 4-6. */
#ifndef MUSUBI_GATE_PAGE_H
#define MUSUBI_GATE_PAGE_H

#include "gate_ask.h"
#include "gate_leaves.h"
#include "gate_walk.h"

typedef struct GatePage GatePage;

/* An empty page; what it shows lives in the caller's arena. Free with gate_page_free. Errors:
 * OUT_OF_MEMORY, BUDGET_EXCEEDED, GEO_SHAPE. */
Error gate_page_new(GateCaller *caller, const GateAsk *ask, GatePage **ret_page) MUST_USE;
/* NULL is fine. Returns NULL. */
GatePage *gate_page_free(GatePage *page);
/* Meets all entities that the query may mean. Errors: as gate_query. */
Error gate_page_fill(GatePage *page) MUST_USE;
/* Shows what is left to show. Errors: as gate_query. */
Error gate_page_finish(GatePage *page, EntityPage *ret_page) MUST_USE;
/* Rows and ids looked at so far. */
uint32_t gate_page_evaluated(const GatePage *page);
/* One for each grant that gave some of a shown entity. */
GateLeaves *gate_page_leaves(GatePage *page);

DEFINE_CLEANUP(GatePage, gate_page_free)

#endif
