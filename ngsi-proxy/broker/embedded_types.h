/* embedded_types.h — which types of open data there are, how many entities each has, and which
 * attributes occur in them.
 *
 * Types are found by jumping along an index and counted by it; only who wants attributes has the
 * entities read, piece by piece and of them only names and types. Must never tell a type whose
 * entities are all past their date.
 *
 * Layer: ngsi-proxy/broker; used by embedded_half alone. Thread-safe: single-owner. */
#ifndef MUSUBI_EMBEDDED_TYPES_H
#define MUSUBI_EMBEDDED_TYPES_H

#include "broker.h"

/* As BrokerOps.types. Errors: store errors, DEADLINE, BUDGET_EXCEEDED (more attributes than an
 * answer may hold), OUT_OF_MEMORY. */
Error embedded_types(const BrokerCall *call, const TypesQuery *query, TypeList *ret_types) MUST_USE;

#endif
