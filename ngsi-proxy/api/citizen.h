/* citizen.h — the portal's routes: my data, my grants, who read what about me.
 *
 * A citizen's token is about that citizen alone: no id of a person stands in any of these
 * addresses. Changes need an Idempotency-Key, so that a repeated tap does one thing. Must never
 * show a service's user ids or another citizen.
 *
 * Layer: ngsi-proxy/api. Thread-safe: yes. Spec: 6(3)イ, 6(6)エ, 6(8). */
#ifndef MUSUBI_CITIZEN_H
#define MUSUBI_CITIZEN_H

#include "api_surface.h"

/* GET /api/citizen/me: {"person": {name: value}, "entities": […], "services": […]} */
Error citizen_me(ApiCall *call, Response *response) MUST_USE;
/* GET /api/citizen/grants?limit&cursor: {"grants": […], "next"?: cursor}, oldest first */
Error citizen_grants(ApiCall *call, Response *response) MUST_USE;
/* POST /api/citizen/grants: 201 and the grant, the same answer for the same Idempotency-Key */
Error citizen_grant_give(ApiCall *call, Response *response) MUST_USE;
/* POST /api/citizen/grants/{id}/withdraw, body optional: {"reason": text}. 200 and the grant */
Error citizen_grant_withdraw(ApiCall *call, Response *response) MUST_USE;
/* GET /api/citizen/accesses?limit&cursor: {"accesses": […], "next"?: cursor}, newest first */
Error citizen_accesses(ApiCall *call, Response *response) MUST_USE;

#endif
