#include "api_surface.h"
#include "citizen.h"
#include "oauth.h"
#include "ops.h"
#include "v2_attributes.h"
#include "v2_batch.h"
#include "v2_entities.h"
#include "v2_types.h"

/* Rows of one path stand together in the order in which Allow names them (Orion's where Orion has
 * the path). */
static const Route ROUTES[] = {
    {HTTP_GET, "/v2", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT, ops_entry_point},
    {HTTP_POST, "/v2/entities", ROUTE_AUTH_OPEN_WRITE, 0, v2_entities_create},
    {HTTP_GET, "/v2/entities", ROUTE_AUTH_OPEN_READ, 0, v2_entities_list},
    {HTTP_GET, "/v2/entities/{id}", ROUTE_AUTH_OPEN_READ, 0, v2_entity_get},
    {HTTP_DELETE, "/v2/entities/{id}", ROUTE_AUTH_OPEN_WRITE, 0, v2_entity_delete},
    {HTTP_GET, "/v2/entities/{id}/attrs", ROUTE_AUTH_OPEN_READ, 0, v2_attributes_get},
    {HTTP_PATCH, "/v2/entities/{id}/attrs", ROUTE_AUTH_OPEN_WRITE, 0, v2_attributes_update},
    {HTTP_POST, "/v2/entities/{id}/attrs", ROUTE_AUTH_OPEN_WRITE, 0, v2_attributes_append},
    {HTTP_PUT, "/v2/entities/{id}/attrs", ROUTE_AUTH_OPEN_WRITE, 0, v2_attributes_replace},
    {HTTP_GET, "/v2/entities/{id}/attrs/{a}", ROUTE_AUTH_OPEN_READ, 0, v2_attribute_get},
    {HTTP_PUT, "/v2/entities/{id}/attrs/{a}", ROUTE_AUTH_OPEN_WRITE, 0, v2_attribute_put},
    {HTTP_DELETE, "/v2/entities/{id}/attrs/{a}", ROUTE_AUTH_OPEN_WRITE, 0, v2_attribute_delete},
    {HTTP_GET, "/v2/entities/{id}/attrs/{a}/value", ROUTE_AUTH_OPEN_READ, 0, v2_value_get},
    {HTTP_PUT, "/v2/entities/{id}/attrs/{a}/value", ROUTE_AUTH_OPEN_WRITE, 0, v2_value_put},
    {HTTP_GET, "/v2/types", ROUTE_AUTH_OPEN_READ, 0, v2_types_list},
    {HTTP_GET, "/v2/types/{type}", ROUTE_AUTH_OPEN_READ, 0, v2_type_get},
    {HTTP_POST, "/v2/op/update", ROUTE_AUTH_OPEN_WRITE, 0, v2_batch_update},
    {HTTP_POST, "/v2/op/query", ROUTE_AUTH_OPEN_READ, 0, v2_batch_query},
    {HTTP_POST, "/v2/op/notify", ROUTE_AUTH_OPEN_WRITE, 0, v2_batch_notify},
    {HTTP_GET, "/version", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT, ops_version},
    {HTTP_GET, "/healthz", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT | ROUTE_UNMETERED, ops_healthz},
    {HTTP_GET, "/readyz", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT | ROUTE_UNMETERED, ops_readyz},
    {HTTP_GET, "/metrics", ROUTE_AUTH_WATCH, ROUTE_WITHOUT_VAULT | ROUTE_UNMETERED, ops_metrics},
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
