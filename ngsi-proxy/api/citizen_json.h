/* citizen_json.h — the JSON of the citizen's routes: what a portal sends and gets.
 *
 * camelCase members, times as ISO 8601 with milliseconds and Z, values as their writers wrote them.
 * Must never accept a member it does not know: what a citizen says yes to is exactly what was read.
 *
 * Layer: ngsi-proxy/api. Thread-safe: pure. */
#ifndef MUSUBI_CITIZEN_JSON_H
#define MUSUBI_CITIZEN_JSON_H

#include "gate_citizen.h"

/* Reads what a citizen wants to give. attributes: list of names or {"name", "level"}; operations:
 * list of "read", "write", "notify". Errors: JSON_SYNTAX, JSON_LIMIT, API_BAD_FIELD (argument: the
 * member and what is expected). */
Error citizen_grant_request_parse(Arena *arena, Str json, GrantRequest *ret_request) MUST_USE;
/* {"reason": text}, or nothing at all. Errors: as above. */
Error citizen_reason_parse(Arena *arena, Str json, Str *ret_reason) MUST_USE;

/* Each renders a whole body. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error citizen_me_render(Arena *arena, const CitizenMe *me, Str *ret_json) MUST_USE;
Error citizen_grant_render(Arena *arena, const Grant *grant, Str *ret_json) MUST_USE;
Error citizen_grants_render(Arena *arena, const CitizenGrantPage *page, Str *ret_json) MUST_USE;
Error citizen_accesses_render(Arena *arena, const CitizenAccessPage *page, Str *ret_json) MUST_USE;

#endif
