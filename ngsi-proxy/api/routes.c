#include "api_surface.h"
#include "citizen.h"
#include "oauth.h"
#include "ops.h"
#include "v2_entities.h"

/* Rows of one path stand together in the order in which Allow names them (Orion's where Orion has
 * the path). */
static const Route ROUTES[] = {
    {HTTP_GET, "/v2", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT, ops_entry_point},
    {HTTP_POST, "/v2/entities", ROUTE_AUTH_OPEN_WRITE, 0, v2_entities_create},
    {HTTP_GET, "/v2/entities", ROUTE_AUTH_OPEN_READ, 0, v2_entities_list},
    {HTTP_GET, "/v2/entities/{id}", ROUTE_AUTH_OPEN_READ, 0, v2_entity_get},
    {HTTP_PATCH, "/v2/entities/{id}/attrs", ROUTE_AUTH_OPEN_WRITE, 0, v2_entity_attributes_update},
    {HTTP_GET, "/version", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT, ops_version},
    {HTTP_GET, "/healthz", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT, ops_healthz},
    {HTTP_GET, "/readyz", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT, ops_readyz},
    {HTTP_POST, "/oauth2/token", ROUTE_AUTH_NONE, 0, oauth_token},
    {HTTP_POST, "/oauth2/revoke", ROUTE_AUTH_NONE, 0, oauth_revoke},
    {HTTP_GET, "/.well-known/oauth-authorization-server", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT,
     oauth_metadata},
    {HTTP_GET, "/api/citizen/me", ROUTE_AUTH_CITIZEN, 0, citizen_me},
    {HTTP_GET, "/api/citizen/grants", ROUTE_AUTH_CITIZEN, 0, citizen_grants},
    {HTTP_POST, "/api/citizen/grants", ROUTE_AUTH_CITIZEN, 0, citizen_grant_give},
    {HTTP_POST, "/api/citizen/grants/{id}/withdraw", ROUTE_AUTH_CITIZEN, 0, citizen_grant_withdraw},
    {HTTP_GET, "/api/citizen/accesses", ROUTE_AUTH_CITIZEN, 0, citizen_accesses},
};

static const Router ROUTER = {.routes = ROUTES, .count = sizeof ROUTES / sizeof ROUTES[0]};

const Router *api_routes(void)
{
    return &ROUTER;
}
