/* oauth.h — the routes of the authorization server; the rules are auth's.
 *
 * Must never be cached by anybody, errors included.
 *
 * Layer: ngsi-proxy/api. Thread-safe: yes. Standard: RFC 6749, RFC 7009, RFC 8414. */
#ifndef MUSUBI_OAUTH_H
#define MUSUBI_OAUTH_H

#include "api_surface.h"

/* POST /oauth2/token */
Error oauth_token(ApiCall *call, Response *response) MUST_USE;
/* POST /oauth2/revoke */
Error oauth_revoke(ApiCall *call, Response *response) MUST_USE;
/* GET /.well-known/oauth-authorization-server */
Error oauth_metadata(ApiCall *call, Response *response) MUST_USE;

#endif
