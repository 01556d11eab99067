#include "oauth.h"

#include "oauth_server.h"

Error oauth_token(ApiCall *call, Response *response)
{
    const OauthServer server = {.issuer = call->api->issuer, .lockout = call->api->lockout};
    return oauth_server_token(&server, &call->broker.vault, call->request, response);
}

Error oauth_revoke(ApiCall *call, Response *response)
{
    const OauthServer server = {.issuer = call->api->issuer, .lockout = call->api->lockout};
    return oauth_server_revoke(&server, &call->broker.vault, call->request, response);
}

Error oauth_metadata(ApiCall *call, Response *response)
{
    const OauthServer server = {.issuer = call->api->issuer, .lockout = call->api->lockout};
    return oauth_server_metadata(&server, call->request, response);
}
