/* error_reasons.h — every reason Musubi can fail for, one row each: the data of error.h's table.
 *
 * REASON(name, code, HTTP status, NGSIv2 error name, text, OAuth error, message key, log level, argument is safe)
 * Texts of NGSIv2 reasons are Orion's to the letter. An argument is safe when it can only be something the caller
 * sent or may know (a parameter's name), never a stored value. Must never hold a row that two rooms word differently.
 *
 * Layer: vault/base. Thread-safe: pure. */
#ifndef MUSUBI_ERROR_REASONS_H
#define MUSUBI_ERROR_REASONS_H

#define ERROR_REASONS(REASON)                                                                                          \
    REASON(NONE, OK, 200, "", "", "", "ok", LOG_DEBUG, true)                                                           \
    /* base: memory, text, JSON, configuration, files */                                                               \
    REASON(OUT_OF_MEMORY, NOMEM, 500, "InternalServerError", "out of memory", "server_error", "error.internal",        \
           LOG_ERROR, false)                                                                                           \
    REASON(BUDGET_EXCEEDED, TOO_LARGE, 413, "RequestEntityTooLarge", "the request needs more memory than allowed", "", \
           "error.too_large", LOG_NOTICE, false)                                                                       \
    REASON(DEADLINE, TIMEOUT, 503, "ServiceUnavailable", "the answer was not ready in time, please try again",         \
           "temporarily_unavailable", "error.busy", LOG_WARNING, false)                                                \
    REASON(JSON_SYNTAX, BAD_INPUT, 400, "ParseError", "Errors found in incoming JSON buffer", "invalid_request",       \
           "error.json", LOG_INFO, true)                                                                               \
    REASON(JSON_LIMIT, BAD_INPUT, 400, "ParseError", "Errors found in incoming JSON buffer", "invalid_request",        \
           "error.json", LOG_INFO, true)                                                                               \
    REASON(BAD_ENCODING, BAD_INPUT, 400, "BadRequest", "%s is not valid text in this encoding", "invalid_request",     \
           "error.encoding", LOG_INFO, true)                                                                           \
    REASON(CONF_UNKNOWN_KEY, BAD_INPUT, 500, "InternalServerError", "%s", "", "error.conf", LOG_ERROR, true)           \
    REASON(CONF_BAD_VALUE, BAD_INPUT, 500, "InternalServerError", "%s", "", "error.conf", LOG_ERROR, true)             \
    REASON(FILE_IO, INTERNAL, 500, "InternalServerError", "a file operation failed", "server_error",                   \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(FILE_MISSING, NOT_FOUND, 500, "InternalServerError", "a needed file is missing", "server_error",            \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(FILE_UNSAFE, FORBIDDEN, 500, "InternalServerError", "a file has unsafe ownership or mode", "server_error",  \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(INTERNAL, INTERNAL, 500, "InternalServerError", "internal error", "server_error", "error.internal",         \
           LOG_ERROR, false)                                                                                           \
    /* crypto */                                                                                                       \
    REASON(CRYPTO_OPEN, CRYPTO, 500, "InternalServerError", "a stored record could not be opened", "server_error",     \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(VAULT_SEALED, BUSY, 503, "ServiceUnavailable", "the vault is sealed: personal data is not available",       \
           "temporarily_unavailable", "error.sealed", LOG_WARNING, false)                                              \
    REASON(KEY_FILE, FORBIDDEN, 503, "ServiceUnavailable", "the vault is sealed: personal data is not available",      \
           "temporarily_unavailable", "error.sealed", LOG_ERROR, false)                                                \
    REASON(KEY_SLOTS_FULL, BUSY, 503, "ServiceUnavailable", "too many keys are in use, please try again",              \
           "temporarily_unavailable", "error.busy", LOG_WARNING, false)                                                \
    REASON(KEY_MEMORY, INTERNAL, 500, "InternalServerError", "memory for keys could not be locked", "server_error",    \
           "error.internal", LOG_ERROR, false)                                                                         \
    /* store */                                                                                                        \
    REASON(STORE_EXISTS, EXISTS, 409, "Conflict", "the document exists already", "", "error.conflict", LOG_INFO,       \
           false)                                                                                                      \
    REASON(STORE_CONFLICT, CONFLICT, 503, "ServiceUnavailable", "somebody else changed the data, please try again",    \
           "temporarily_unavailable", "error.busy", LOG_INFO, false)                                                   \
    REASON(STORE_UNAVAILABLE, BUSY, 503, "ServiceUnavailable", "the database does not answer, please try again",       \
           "temporarily_unavailable", "error.busy", LOG_ERROR, false)                                                  \
    REASON(STORE_UNSETTLED, BUSY, 503, "ServiceUnavailable",                                                           \
           "the outcome of the write is not known yet, please read before you try again", "temporarily_unavailable",   \
           "error.busy", LOG_ERROR, false)                                                                             \
    REASON(STORE_LIMIT, TOO_LARGE, 413, "RequestEntityTooLarge", "the write is larger than one commit may be", "",     \
           "error.too_large", LOG_NOTICE, false)                                                                       \
    REASON(STORE_NEWER, UNSUPPORTED, 500, "InternalServerError", "the store was written by a newer version", "",       \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(STORE_NOT_PREPARED, UNSUPPORTED, 500, "InternalServerError", "the database is not prepared", "",            \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(STORE_CORRUPT, CORRUPT, 500, "InternalServerError", "a stored document is damaged", "server_error",         \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(STORE_MISUSE, INTERNAL, 500, "InternalServerError", "internal error", "server_error", "error.internal",     \
           LOG_ERROR, false)                                                                                           \
    /* audit */                                                                                                        \
    REASON(LOG_UNAVAILABLE, BUSY, 503, "ServiceUnavailable",                                                           \
           "the access log can't be written: personal data is not available", "temporarily_unavailable",               \
           "error.log_unavailable", LOG_ERROR, false)                                                                  \
    REASON(LOG_CORRUPT, CORRUPT, 500, "InternalServerError", "the access log is damaged", "server_error",              \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(LOG_NEWER, UNSUPPORTED, 500, "InternalServerError", "the access log was written by a newer version", "",    \
           "error.internal", LOG_ERROR, false)                                                                         \
    /* entity, identity, consent, gate: rows are added here by these rooms */                                          \
    REASON(ENTITY_NOT_FOUND, NOT_FOUND, 404, "NotFound",                                                               \
           "The requested entity has not been found. Check type and id", "", "error.not_found", LOG_INFO, true)        \
    REASON(ENTITY_EXISTS, EXISTS, 422, "Unprocessable", "Already Exists", "", "error.exists", LOG_INFO, true)          \
    /* http, oauth, api: rows are added here by these rooms */                                                         \
    REASON(UNKNOWN_ROUTE, NOT_FOUND, 400, "BadRequest", "Service not found. Check your URL as probably it is wrong.",  \
           "", "error.unknown_route", LOG_INFO, true)                                                                  \
    REASON(API_UNKNOWN_ROUTE, NOT_FOUND, 404, "NotFound", "there is nothing at this address", "invalid_request",       \
           "error.unknown_route", LOG_INFO, true)                                                                      \
    REASON(METHOD_NOT_ALLOWED, UNSUPPORTED, 405, "MethodNotAllowed", "method not allowed", "invalid_request",          \
           "error.method", LOG_INFO, true)                                                                             \
    REASON(HTTP_BAD_TARGET, BAD_INPUT, 400, "BadRequest", "invalid character in URI", "invalid_request",               \
           "error.bad_request", LOG_INFO, true)                                                                        \
    REASON(HTTP_BAD_QUERY, BAD_INPUT, 400, "BadRequest", "invalid character in URI parameter", "invalid_request",      \
           "error.bad_request", LOG_INFO, true)                                                                        \
    REASON(HTTP_BAD_HEAD, BAD_INPUT, 400, "BadRequest", "the head of the request is malformed: %s", "invalid_request", \
           "error.bad_request", LOG_NOTICE, true)                                                                      \
    REASON(HTTP_BAD_VERSION, UNSUPPORTED, 505, "VersionNotSupported", "only HTTP/1.0 and HTTP/1.1 are spoken here",    \
           "invalid_request", "error.bad_request", LOG_NOTICE, true)                                                   \
    REASON(HTTP_BAD_CODING, UNSUPPORTED, 501, "NotImplemented", "this Transfer-Encoding is not supported",             \
           "invalid_request", "error.bad_request", LOG_NOTICE, true)                                                   \
    REASON(HTTP_HEAD_TOO_LARGE, TOO_LARGE, 431, "RequestHeaderFieldsTooLarge", "the request has too many headers",     \
           "invalid_request", "error.too_large", LOG_NOTICE, true)                                                     \
    REASON(BODY_TOO_LARGE, TOO_LARGE, 413, "RequestEntityTooLarge", "payload size: %s, max size supported: 1048576",   \
           "invalid_request", "error.too_large", LOG_INFO, true)                                                       \
    REASON(OVERLOADED, BUSY, 503, "ServiceUnavailable", "too many requests are being answered, please try again",      \
           "temporarily_unavailable", "error.busy", LOG_WARNING, true)                                                 \
    REASON(LISTEN_ADDRESS, BAD_INPUT, 500, "InternalServerError", "%s", "", "error.conf", LOG_ERROR, true)             \
    REASON(LISTEN_FAILED, BUSY, 500, "InternalServerError", "%s", "", "error.conf", LOG_ERROR, true)                   \
    REASON(TENANT_BAD_CHARACTER, BAD_INPUT, 400, "BadRequest",                                                         \
           "bad character in tenant name - only underscore and alphanumeric characters are allowed", "invalid_request",\
           "error.tenant", LOG_INFO, true)                                                                             \
    REASON(TENANT_TOO_LONG, BAD_INPUT, 400, "BadRequest",                                                              \
           "bad length - a tenant name can be max 50 characters long", "invalid_request", "error.tenant", LOG_INFO,    \
           true)                                                                                                       \
    REASON(TOKEN_MISSING, UNAUTHENTICATED, 401, "Unauthorized", "an access token is needed here", "", "error.token",   \
           LOG_INFO, true)                                                                                             \
    REASON(TOKEN_MALFORMED, UNAUTHENTICATED, 401, "Unauthorized", "the Authorization header is not 'Bearer' and a token",\
           "invalid_token", "error.token", LOG_INFO, true)                                                             \
    REASON(TOKEN_INVALID, UNAUTHENTICATED, 401, "Unauthorized",                                                        \
           "the access token is unknown, expired, revoked or not of this tenant", "invalid_token", "error.token",      \
           LOG_INFO, true)                                                                                             \
    REASON(TOKEN_KIND, FORBIDDEN, 403, "Forbidden", "the access token is not of the kind that is needed here",         \
           "insufficient_scope", "error.token_kind", LOG_INFO, true)                                                   \
    REASON(OAUTH_REQUEST, BAD_INPUT, 400, "BadRequest", "%s", "invalid_request", "error.bad_request", LOG_INFO, true)  \
    REASON(OAUTH_CLIENT, UNAUTHENTICATED, 401, "Unauthorized", "the client could not be authenticated: %s",            \
           "invalid_client", "error.token", LOG_NOTICE, true)                                                          \
    REASON(OAUTH_GRANT_TYPE, UNSUPPORTED, 400, "BadRequest", "only client_credentials is supported",                   \
           "unsupported_grant_type", "error.bad_request", LOG_INFO, true)                                              \
    REASON(OAUTH_SCOPE, FORBIDDEN, 400, "BadRequest", "%s", "invalid_scope", "error.scope", LOG_INFO, true)            \
    REASON(JOSE_INVALID, UNAUTHENTICATED, 401, "Unauthorized", "%s", "invalid_client", "error.token", LOG_INFO, true)  \
    REASON(API_BAD_FIELD, BAD_INPUT, 400, "BadRequest", "%s", "invalid_request", "error.bad_field", LOG_INFO, true)    \
    REASON(MEDIA_TYPE, UNSUPPORTED, 415, "UnsupportedMediaType", "not supported content type: %s", "invalid_request",  \
           "error.media_type", LOG_INFO, true)

#endif
