#include "gate_scan.h"

/* A filter may name a thousand attributes; the detail of a leaf is small. */
#define NAMES_BYTES_MAX 8192

static Error names_in(Arena *arena, StrList names, LeafDetail *detail)
{
    size_t bytes = 0;
    size_t kept = 0;
    while (kept < names.count && bytes + names.items[kept].n <= NAMES_BYTES_MAX) {
        bytes += 4 + names.items[kept++].n;
    }
    Str *copies = ARENA_MANY(arena, Str, kept + 1);
    ENSURE_ALLOC(copies, arena);
    for (size_t i = 0; i < kept; i++) {
        copies[i] = names.items[i];
    }
    copies[kept] = STR("…");
    detail->filtered = copies;
    detail->filtered_count = kept + (kept < names.count ? 1 : 0);
    return OK;
}

Error gate_scan_add(const GateCaller *caller, const GateScan *scan, GateLeaves *leaves)
{
    LeafDraft draft = gate_leaf(caller->principal, LEAF_SCAN);
    draft.why = scan->why == NULL ? STR("SCAN") : str_from(scan->why);
    draft.is_denied = scan->why != NULL;
    draft.entity_type = scan->type;
    draft.attribute_count = scan->count;
    draft.key = caller->own.key;
    draft.detail.query = scan->query;
    TRY(names_in(leaves->arena, scan->names, &draft.detail));
    return gate_leaves_add(leaves, &draft);
}
