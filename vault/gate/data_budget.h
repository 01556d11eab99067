/* data_budget.h — of how many different persons one client may be given data within an hour and a
 * day: the brake on bulk reading with stolen credentials.
 *
 * What a service reads of few persons again and again costs nothing; each further person does. The
 * persons of a window are kept in memory as 64-bit keyed hashes (seed of the process), so asking is
 * a look into a table and no write to the store: it is on the way of every personal read. The
 * price: limits are per node (the configured total divided by the number of nodes), and a restarted
 * node begins anew, so a client gets at most one more share for each restart, which no client can
 * cause. Must never be asked after the
 * release: what is not counted may not leave.
 *
 * Layer: vault/gate. Thread-safe: yes (one lock). Requirement: A-7. */
#ifndef MUSUBI_DATA_BUDGET_H
#define MUSUBI_DATA_BUDGET_H

#include <stddef.h>

#include "clock.h"
#include "error.h"
#include "str.h"

typedef struct DataBudget DataBudget;

/* Different persons for each client on all nodes; 0: no limit. */
typedef struct DataBudgetLimits {
    int64_t hour_total;
    int64_t day_total;
    int64_t nodes; /* at least 1 */
} DataBudgetLimits;

/* ports must outlive it. Free with data_budget_free. Errors: OUT_OF_MEMORY, INTERNAL (entropy). */
Error data_budget_new(const Ports *ports, const DataBudgetLimits *limits, DataBudget **ret_budget)
    MUST_USE;
/* NULL is fine. Returns NULL. */
DataBudget *data_budget_free(DataBudget *budget);

/* Counts the persons of one answer, all or none; the same person twice is one. subjects: 16 bytes
 * each. A budget that is NULL limits nothing. Errors: DATA_BUDGET (nothing was counted),
 * OUT_OF_MEMORY. */
Error data_budget_take(DataBudget *budget, Str tenant, Str client, const uint8_t *const *subjects,
                       size_t count) MUST_USE;

DEFINE_CLEANUP(DataBudget, data_budget_free)

#endif
