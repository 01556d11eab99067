#include "gate.h"
#include "gate_page.h"
#include "gate_scan.h"
#include "vault_call.h"

static Error scan_leaf_add(GateCaller *caller, const GateAsk *ask, const GatePage *page,
                           const char *why, GateLeaves *leaves)
{
    GateScan scan = {.type = ask->type_count == 1 ? ask->types[0].type.spec->name : STR_EMPTY,
                     .names = ask->names,
                     .count = gate_page_evaluated(page),
                     .why = why};
    TRY(gate_ask_describe_in(leaves->arena, ask->query, &scan.query));
    return gate_scan_add(caller, &scan, leaves);
}

/* Values were looked at, and the refusal says something of them. */
static Error refuse_costly(GateCaller *caller, const GateAsk *ask, const GatePage *page,
                           Error refusal)
{
    CLEANUP(gate_leaves_done)
    GateLeaves leaves = gate_leaves(caller->gate, caller->call->arena);
    TRY(scan_leaf_add(caller, ask, page, error_words(refusal.reason)->name, &leaves));
    TRY(gate_leaves_append(&leaves, caller->call->deadline));
    return refusal;
}

static Error page_answer(GateCaller *caller, const GateAsk *ask, GatePage *page,
                         EntityPage *ret_page)
{
    EntityPage answer;
    Error error = gate_page_fill(page);
    if (FAILED(error) && error.reason == REASON_PATTERN_COSTLY) {
        return refuse_costly(caller, ask, page, error);
    }
    TRY(error);
    TRY(gate_page_finish(page, &answer));
    GateLeaves *leaves = gate_page_leaves(page);
    TRY(scan_leaf_add(caller, ask, page, NULL, leaves));
    vault_call_close(caller->call); /* nobody holds a snapshot while the disk works */
    TRY(gate_leaves_release(caller, leaves));
    *ret_page = answer;
    return OK;
}

Error gate_query(const Gate *gate, VaultCall *call, const Principal *principal,
                 const EntityQuery *query, EntityPage *ret_page)
{
    CLEANUP(gate_caller_done) GateCaller caller = {0};
    TRY(gate_caller_open(gate, call, principal, LEAF_SCAN, &caller));
    CLEANUP(gate_ask_close) GateAsk ask = {0};
    TRY(gate_ask_open(&caller, query, &ask));
    CLEANUP(gate_page_free) GatePage *page = NULL;
    TRY(gate_page_new(&caller, &ask, &page));
    return page_answer(&caller, &ask, page, ret_page);
}
