/* gate_scan.h — the leaf of a look at many: what was asked, what decided, how many were looked at.
 *
 * Must never be added for less than all that was looked at.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: L-1, consent
 * rule 2. */
#ifndef MUSUBI_GATE_SCAN_H
#define MUSUBI_GATE_SCAN_H

#include "gate_leaves.h"

typedef struct GateScan {
    Str type;        /* the one personal type that was meant; "" = several or none */
    Str query;       /* in words, of bounded length */
    StrList names;   /* used in filter and order; of any number */
    uint32_t count;  /* looked at */
    const char *why; /* NULL: it was answered; else why not */
} GateScan;

/* Adds the leaf, sealed for the client. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_scan_add(const GateCaller *caller, const GateScan *scan, GateLeaves *leaves) MUST_USE;

#endif
