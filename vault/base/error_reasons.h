/* error_reasons.h — every reason Musubi can fail for, one row each: the data of error.h's table.
 *
 * REASON(name, code, HTTP status, NGSIv2 error name, text, OAuth error, message key, log level,
 *        argument is safe)
 *
 * Texts of NGSIv2 reasons are Orion's to the letter. An argument is safe when it can only be
 * something the caller sent or may know (a parameter's name), never a stored value. Must never hold
 * a row that two rooms word differently.
 *
 * Layer: vault/base. Thread-safe: pure. */
#ifndef MUSUBI_ERROR_REASONS_H
#define MUSUBI_ERROR_REASONS_H

/* One row is one sentence, 120 columns wide. */
/* clang-format off */
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
    REASON(LEASE_HELD, BUSY, 503, "ServiceUnavailable", "another node does this job now",                              \
           "temporarily_unavailable", "error.busy", LOG_DEBUG, false)                                                  \
    REASON(LEASE_LOST, CONFLICT, 503, "ServiceUnavailable", "another node has taken this job over",                    \
           "temporarily_unavailable", "error.busy", LOG_WARNING, false)                                                \
    /* audit */                                                                                                        \
    REASON(LOG_UNAVAILABLE, BUSY, 503, "ServiceUnavailable",                                                           \
           "the access log can't be written: personal data is not available", "temporarily_unavailable",               \
           "error.log_unavailable", LOG_ERROR, false)                                                                  \
    REASON(LOG_CORRUPT, CORRUPT, 500, "InternalServerError", "the access log is damaged", "server_error",              \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(LOG_NEWER, UNSUPPORTED, 500, "InternalServerError", "the access log was written by a newer version", "",    \
           "error.internal", LOG_ERROR, false)                                                                         \
    REASON(LOG_CHECKPOINT, CORRUPT, 500, "InternalServerError", "a checkpoint of the access log lacks %s", "",         \
           "error.internal", LOG_ERROR, true)                                                                          \
    REASON(LOG_NAME, BAD_INPUT, 500, "InternalServerError",                                                            \
           "the name of the %s must be 1 to 60 of a-z, 0-9, '.', '-' and '_'", "", "error.conf", LOG_ERROR, true)      \
    REASON(LOG_LEAF_TOO_LARGE, TOO_LARGE, 413, "RequestEntityTooLarge",                                                \
           "what has to be written to the access log about this request is too long", "", "error.too_large",           \
           LOG_NOTICE, false)                                                                                          \
    REASON(LOG_MISUSE, INTERNAL, 500, "InternalServerError", "internal error", "server_error", "error.internal",       \
           LOG_ERROR, false)                                                                                           \
    /* entity, identity, consent, gate: rows are added here by these rooms */                                          \
    REASON(ENTITY_NOT_FOUND, NOT_FOUND, 404, "NotFound",                                                               \
           "The requested entity has not been found. Check type and id", "", "error.not_found", LOG_INFO, true)        \
    REASON(ENTITY_EXISTS, EXISTS, 422, "Unprocessable", "Already Exists", "", "error.exists", LOG_INFO, true)          \
    REASON(ATTRIBUTES_MISSING, BAD_INPUT, 422, "Unprocessable", "do not exist: %s", "", "error.partial_update",        \
           LOG_INFO, true)                                                                                             \
    REASON(ATTRIBUTES_EXIST, BAD_INPUT, 422, "PartialUpdate",                                                          \
           "one or more of the attributes in the request already exist: %s", "", "error.partial_update", LOG_INFO,     \
           true)                                                                                                       \
    REASON(ATTRIBUTES_ALL_EXIST, BAD_INPUT, 422, "Unprocessable",                                                      \
           "one or more of the attributes in the request already exist: %s", "", "error.partial_update", LOG_INFO,     \
           true)                                                                                                       \
    REASON(BATCH_MISSING, NOT_FOUND, 404, "NotFound", "do not exist: %s", "", "error.not_found", LOG_INFO, true)       \
    REASON(LOCATION_SECOND, TOO_LARGE, 413, "NoResourcesAvailable",                                                    \
           "You cannot use more than one geo location attribute when creating an entity. "                             \
           "Use ignoreType metadata if you want to add additional informative locations.",                             \
           "", "error.bad_field", LOG_INFO, true)                                                                      \
    REASON(OPERATOR_VALUE, BAD_INPUT, 422, "Unprocessable", "the update operator can't work on the attribute %s", "",  \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(GEO_VALUE, BAD_INPUT, 400, "BadRequest", "%s", "", "error.bad_field", LOG_INFO, true)                       \
    REASON(GEO_SHAPE, BAD_INPUT, 400, "BadRequest", "Invalid query: %s", "", "error.bad_param", LOG_INFO, true)        \
    REASON(PATTERN_INVALID, BAD_INPUT, 400, "BadRequest", "invalid pattern in %s", "", "error.bad_param", LOG_INFO,    \
           true)                                                                                                       \
    REASON(PATTERN_COSTLY, BAD_INPUT, 400, "BadRequest", "a pattern takes too long to match", "", "error.bad_param",   \
           LOG_NOTICE, true)                                                                                           \
    REASON(ENTITY_INVALID, BAD_INPUT, 400, "BadRequest", "%s", "", "error.bad_request", LOG_INFO, true)                \
    REASON(VALUE_TOO_LARGE, TOO_LARGE, 413, "RequestEntityTooLarge",                                                   \
           "%s is larger than the 16384 bytes that a personal attribute may have", "", "error.too_large", LOG_INFO,    \
           true)                                                                                                       \
    REASON(ENTITY_SUBJECT, BAD_INPUT, 400, "BadRequest",                                                               \
           "%s must be a relationship to the citizen, and can not change", "", "error.bad_request", LOG_INFO, true)    \
    REASON(WRITE_NOT_GRANTED, FORBIDDEN, 403, "Forbidden", "no consent to write: %s", "", "error.write_not_granted",   \
           LOG_INFO, true)                                                                                             \
    REASON(PURPOSE_REQUIRED, FORBIDDEN, 403, "Forbidden", "personal data needs an access token with a purpose",        \
           "insufficient_scope", "error.purpose", LOG_INFO, true)                                                      \
    REASON(PURPOSE_NOT_REGISTERED, FORBIDDEN, 403, "Forbidden", "the purpose is not registered for this client",       \
           "invalid_scope", "error.purpose", LOG_INFO, true)                                                           \
    REASON(PURPOSE_UNKNOWN, BAD_INPUT, 400, "BadRequest", "there is no such purpose: %s", "invalid_scope",             \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(RECIPIENT_UNKNOWN, BAD_INPUT, 400, "BadRequest", "there is no such service for this purpose: %s",           \
           "invalid_request", "error.bad_field", LOG_INFO, true)                                                       \
    REASON(SERVICE_UNKNOWN, FORBIDDEN, 403, "Forbidden", "the client is unknown or suspended", "unauthorized_client",  \
           "error.service", LOG_NOTICE, true)                                                                          \
    REASON(SERVICE_EXISTS, EXISTS, 409, "Conflict", "there is a service with this client id: %s", "", "error.exists",  \
           LOG_INFO, true)                                                                                             \
    REASON(SERVICE_INVALID, BAD_INPUT, 400, "BadRequest", "not a valid service account: %s", "", "error.bad_field",    \
           LOG_INFO, true)                                                                                             \
    REASON(ADDRESS_NOT_ALLOWED, FORBIDDEN, 403, "Forbidden",                                                           \
           "this client may not ask for personal data from this address", "unauthorized_client", "error.address",      \
           LOG_NOTICE, true)                                                                                           \
    REASON(DATA_BUDGET, FORBIDDEN, 403, "Forbidden",                                                                   \
           "this client was given the data of as many persons as it may get within an hour or a day", "", "error.rate",\
           LOG_WARNING, true)                                                                                          \
    REASON(ASSERTION_REPLAYED, UNAUTHENTICATED, 401, "Unauthorized", "the client assertion was used before",           \
           "invalid_client", "error.token", LOG_NOTICE, true)                                                          \
    REASON(SUBJECT_UNKNOWN, NOT_FOUND, 404, "NotFound", "this person is not registered here", "", "error.not_found",   \
           LOG_INFO, false)                                                                                            \
    REASON(CITIZEN_REQUIRED, FORBIDDEN, 403, "Forbidden", "only a signed-in citizen may do this",                      \
           "insufficient_scope", "error.token_kind", LOG_INFO, true)                                                   \
    REASON(LINK_UNKNOWN, NOT_FOUND, 404, "NotFound", "there is no such link", "", "error.not_found", LOG_INFO, false)  \
    REASON(LINK_EXISTS, EXISTS, 409, "Conflict", "this citizen or this user is linked already", "", "error.conflict",  \
           LOG_INFO, false)                                                                                            \
    REASON(LINK_INVALID, BAD_INPUT, 400, "BadRequest", "not a valid link: %s", "", "error.bad_field", LOG_INFO, true)  \
    REASON(GRANT_UNKNOWN, NOT_FOUND, 404, "NotFound", "there is no such grant", "", "error.not_found", LOG_INFO, true) \
    REASON(GRANT_STATE, CONFLICT, 409, "Conflict", "the grant is %s already", "", "error.grant_state", LOG_INFO, true) \
    REASON(GRANT_INVALID, BAD_INPUT, 400, "BadRequest", "not allowed in a grant: %s", "", "error.bad_field", LOG_INFO, \
           true)                                                                                                       \
    REASON(GRANT_LIMIT, CONFLICT, 409, "Conflict",                                                                     \
           "too many grants for this service, purpose and type are in force: withdraw one first", "",                  \
           "error.grant_limit", LOG_NOTICE, true)                                                                      \
    REASON(IDEMPOTENCY_KEY, BAD_INPUT, 400, "BadRequest",                                                              \
           "an Idempotency-Key of 1 to 255 printable characters is needed", "", "error.idempotency_key", LOG_INFO,     \
           true)                                                                                                       \
    REASON(IDEMPOTENCY_MISMATCH, BAD_INPUT, 422, "Unprocessable", "this Idempotency-Key was used for another request", \
           "", "error.idempotency_key", LOG_NOTICE, true)                                                              \
    REASON(CURSOR_INVALID, BAD_INPUT, 400, "BadRequest", "the cursor is not valid", "", "error.bad_field", LOG_INFO,   \
           true)                                                                                                       \
    REASON(PLATFORM_KEYS_MISSING, BUSY, 503, "ServiceUnavailable",                                                     \
           "the vault is sealed: personal data is not available", "temporarily_unavailable", "error.sealed",           \
           LOG_ERROR, false)                                                                                           \
    /* ngsi, broker: Orion's words */                                                                                  \
    REASON(SCHEMA_INVALID, BAD_INPUT, 500, "InternalServerError", "%s", "", "error.conf", LOG_ERROR, true)             \
    REASON(ENTITY_AMBIGUOUS, CONFLICT, 409, "TooManyResults",                                                          \
           "More than one matching entity. Please refine your query", "", "error.ambiguous", LOG_INFO, true)           \
    REASON(PAGE_TOO_DEEP, BAD_INPUT, 400, "BadRequest",                                                                \
           "orderBy over open and personal data together reaches to offset plus limit 1000: ask for the types apart",  \
           "", "error.bad_param", LOG_INFO, true)                                                                      \
    REASON(PARTIAL_UPDATE, NOT_FOUND, 422, "PartialUpdate", "do not exist: %s", "", "error.partial_update", LOG_INFO,  \
           true)                                                                                                       \
    REASON(TYPE_NOT_REGISTERED, UNSUPPORTED, 422, "Unprocessable",                                                     \
           "the entity type %s is not registered: add a schema file for it to schemas/entities and restart", "",       \
           "error.type_not_registered", LOG_INFO, true)                                                                \
    REASON(ID_IS_PERSONAL, FORBIDDEN, 422, "Unprocessable",                                                            \
           "the entity id has the form of the personal type %s and may not be used with another type", "",             \
           "error.id_is_personal", LOG_NOTICE, true)                                                                   \
    REASON(V2_LENGTH_MIN, BAD_INPUT, 400, "BadRequest", "%s length: 0, min length supported: 1", "",                   \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(V2_LENGTH_MAX, BAD_INPUT, 400, "BadRequest", "%s, max length supported: 256", "", "error.bad_field",        \
           LOG_INFO, true)                                                                                             \
    REASON(V2_CHARACTERS, BAD_INPUT, 400, "BadRequest", "Invalid characters in %s", "", "error.bad_field", LOG_INFO,   \
           true)                                                                                                       \
    REASON(V2_ENTITY_MEMBER_KIND, BAD_INPUT, 400, "BadRequest", "Invalid JSON type for %s", "", "error.bad_field",     \
           LOG_INFO, true)                                                                                             \
    REASON(V2_TYPE_KIND, BAD_INPUT, 400, "BadRequest", "invalid JSON type for %s", "", "error.bad_field", LOG_INFO,    \
           true)                                                                                                       \
    REASON(V2_DATE, BAD_INPUT, 400, "BadRequest", "date has invalid format in %s", "", "error.bad_field", LOG_INFO,    \
           true)                                                                                                       \
    REASON(ATTRIBUTE_NOT_OBJECT, BAD_INPUT, 400, "BadRequest",                                                         \
           "attribute must be a JSON object, unless keyValues option is used", "", "error.bad_field", LOG_INFO, true)  \
    REASON(ATTRIBUTE_MEMBER, BAD_INPUT, 400, "BadRequest", "unrecognized property for context attribute", "",          \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(ATTRIBUTE_REPEATED, BAD_INPUT, 400, "BadRequest", "duplicated attribute /%s/", "", "error.bad_field",       \
           LOG_INFO, true)                                                                                             \
    REASON(METADATA_NOT_OBJECT, BAD_INPUT, 400, "BadRequest", "metadata not a JSON object", "", "error.bad_field",     \
           LOG_INFO, true)                                                                                             \
    REASON(METADATA_ITEM_NOT_OBJECT, BAD_INPUT, 400, "BadRequest", "metadata must be a JSON object", "",               \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(METADATA_MEMBER, BAD_INPUT, 400, "BadRequest", "invalid JSON field for attribute metadata", "",             \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(EMPTY_PAYLOAD, BAD_INPUT, 400, "BadRequest", "empty payload", "", "error.bad_field", LOG_INFO, true)        \
    REASON(PAYLOAD_HAS_ID, BAD_INPUT, 400, "BadRequest", "entity id specified in payload", "", "error.bad_field",      \
           LOG_INFO, true)                                                                                             \
    REASON(PAYLOAD_HAS_TYPE, BAD_INPUT, 400, "BadRequest", "entity type specified in payload", "", "error.bad_field",  \
           LOG_INFO, true)                                                                                             \
    REASON(PARAM_EMPTY, BAD_INPUT, 400, "BadRequest", "Empty right-hand-side for URI param /%s/", "",                  \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(PARAM_VALUE, BAD_INPUT, 400, "BadRequest", "Invalid value for URI param /%s/", "", "error.bad_param",       \
           LOG_INFO, true)                                                                                             \
    REASON(PARAM_REPEATED, BAD_INPUT, 400, "BadRequest", "URI param /%s/ is given more than once", "",                 \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(PARAM_ITEMS, BAD_INPUT, 400, "BadRequest", "too many items in URI param /%s/ - at most 1000 are allowed",   \
           "", "error.bad_param", LOG_INFO, true)                                                                      \
    REASON(PARAMS_INCOMPATIBLE, BAD_INPUT, 400, "BadRequest", "Incompatible parameters: %s", "", "error.bad_param",    \
           LOG_INFO, true)                                                                                             \
    REASON(PAGE_LIMIT, BAD_INPUT, 400, "BadRequest", "Bad pagination limit: /%s/ [must be a positive integer number]", \
           "", "error.bad_param", LOG_INFO, true)                                                                      \
    REASON(PAGE_LIMIT_MAX, BAD_INPUT, 400, "BadRequest", "Bad pagination limit: /%s/ [max: 1000]", "",                 \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(PAGE_OFFSET, BAD_INPUT, 400, "BadRequest", "Bad pagination offset: /%s/ [must be a decimal number]", "",    \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(PARAM_PLACE, BAD_INPUT, 400, "BadRequest",                                                                  \
           "URI param /%s/ has no meaning here: it belongs into the payload", "", "error.bad_param", LOG_INFO, true)   \
    REASON(ORDER_ITEMS, BAD_INPUT, 400, "BadRequest",                                                                  \
           "too many items in URI param /orderBy/ - at most 16 are allowed", "", "error.bad_param", LOG_INFO, true)    \
    REASON(ORDER_REPEATED, BAD_INPUT, 400, "BadRequest", "URI param /orderBy/ names %s more than once", "",            \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(ORDER_PLACE, BAD_INPUT, 400, "BadRequest",                                                                  \
           "URI param /orderBy/ with geo:distance needs georel, geometry and coords", "", "error.bad_param", LOG_INFO, \
           true)                                                                                                       \
    REASON(FILTER_EMPTY, BAD_INPUT, 400, "BadRequest", "empty q", "", "error.bad_param", LOG_INFO, true)               \
    REASON(FILTER_ITEM_EMPTY, BAD_INPUT, 400, "BadRequest", "empty q-item", "", "error.bad_param", LOG_INFO, true)     \
    REASON(FILTER_ITEM_BLANK, BAD_INPUT, 400, "BadRequest", "empty q-item (only whitespace)", "", "error.bad_param",   \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_LEFT_EMPTY, BAD_INPUT, 400, "BadRequest", "empty left-hand-side in q-item", "", "error.bad_param",   \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_RIGHT_EMPTY, BAD_INPUT, 400, "BadRequest", "empty right-hand-side in q-item", "", "error.bad_param", \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_NAME, BAD_INPUT, 400, "BadRequest", "invalid character found in URI param /%s/", "",                 \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(FILTER_CHARACTER, BAD_INPUT, 400, "BadRequest", "forbidden characters in String Filter", "",                \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(FILTER_QUOTE_OPEN, BAD_INPUT, 400, "BadRequest", "non-terminated forced string", "", "error.bad_param",     \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_QUOTE_INSIDE, BAD_INPUT, 400, "BadRequest", "quote in forced string", "", "error.bad_param",         \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_ORDER_KIND, BAD_INPUT, 400, "BadRequest", "values of type %s", "", "error.bad_param", LOG_INFO,      \
           true)                                                                                                       \
    REASON(FILTER_RANGE_TEST, BAD_INPUT, 400, "BadRequest", "ranges only valid for equal and not equal ops", "",       \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(FILTER_RANGE_ITEM, BAD_INPUT, 400, "BadRequest", "empty item in range", "", "error.bad_param", LOG_INFO,    \
           true)                                                                                                       \
    REASON(FILTER_RANGE_KIND, BAD_INPUT, 400, "BadRequest", "invalid data type for /%s/", "", "error.bad_param",       \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_RANGE_MIXED, BAD_INPUT, 400, "BadRequest", "invalid range: types mixed", "", "error.bad_param",      \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_LIST_TEST, BAD_INPUT, 400, "BadRequest", "lists only valid for equal and not equal ops", "",         \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(FILTER_LIST_ITEM, BAD_INPUT, 400, "BadRequest", "empty item in list", "", "error.bad_param", LOG_INFO,      \
           true)                                                                                                       \
    REASON(FILTER_LIST_KIND, BAD_INPUT, 400, "BadRequest", "invalid JSON value type in list", "", "error.bad_param",   \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_PATTERN, BAD_INPUT, 400, "BadRequest", "error compiling filter regex: '%s'", "", "error.bad_param",  \
           LOG_INFO, true)                                                                                             \
    REASON(FILTER_METADATA_RIGHT, BAD_INPUT, 400, "BadRequest", "no metadata in right-hand-side of q-item", "",        \
           "error.bad_param", LOG_INFO, true)                                                                          \
    REASON(FILTER_METADATA_NAME, BAD_INPUT, 400, "BadRequest", "no metadata name - not valid for metadata filters",    \
           "", "error.bad_param", LOG_INFO, true)                                                                      \
    REASON(FILTER_TERMS, BAD_INPUT, 400, "BadRequest", "too many conditions in a filter - at most 1000 are allowed",   \
           "", "error.bad_param", LOG_INFO, true)                                                                      \
    REASON(QUERY_NOTHING, BAD_INPUT, 400, "BadRequest", "Invalid JSON payload, no relevant fields found", "",          \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(QUERY_LIST, BAD_INPUT, 400, "BadRequest", "the field /%s/ must be a JSON array", "", "error.bad_field",     \
           LOG_INFO, true)                                                                                             \
    REASON(QUERY_LIST_ITEM, BAD_INPUT, 400, "BadRequest", "only JSON Strings allowed in %s list", "",                  \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(QUERY_ITEMS, BAD_INPUT, 400, "BadRequest", "too many items in /%s/ - at most 1000 are allowed", "",         \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(QUERY_ATTRIBUTES, BAD_INPUT, 400, "BadRequest", "no attributes allowed in Entity in this payload", "",      \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(QUERY_TYPE_BOTH, BAD_INPUT, 400, "BadRequest", "both /type/ and /typePattern/ present", "",                 \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(QUERY_PATTERN, BAD_INPUT, 400, "BadRequest", "Invalid regex for entity %s", "", "error.bad_field",          \
           LOG_INFO, true)                                                                                             \
    REASON(QUERY_EXPRESSION, BAD_INPUT, 400, "BadRequest", "expression is %s", "", "error.bad_field", LOG_INFO, true)  \
    REASON(QUERY_TEXT, BAD_INPUT, 400, "BadRequest", "%s is not a string", "", "error.bad_field", LOG_INFO, true)      \
    REASON(QUERY_TEXT_EMPTY, BAD_INPUT, 400, "BadRequest", "%s is empty", "", "error.bad_field", LOG_INFO, true)       \
    REASON(QUERY_GEO_PARTS, BAD_INPUT, 400, "BadRequest",                                                              \
           "partial geo expression: geometry, georel and coords have to be provided together", "", "error.bad_field",  \
           LOG_INFO, true)                                                                                             \
    REASON(QUERY_GEO, BAD_INPUT, 400, "BadRequest", "error parsing geo-query fields: %s", "", "error.bad_field",       \
           LOG_INFO, true)                                                                                             \
    REASON(CONTENT_TYPE_MISSING, UNSUPPORTED, 415, "UnsupportedMediaType",                                             \
           "Content-Type header not used, default application/octet-stream is not supported", "", "error.media_type",  \
           LOG_INFO, true)                                                                                             \
    REASON(ACCEPT_NONE, UNSUPPORTED, 406, "NotAcceptable", "no acceptable mime-type in accept header", "",             \
           "error.accept", LOG_INFO, true)                                                                             \
    REASON(ACCEPT_JSON_ONLY, UNSUPPORTED, 406, "NotAcceptable", "acceptable MIME types: application/json", "",         \
           "error.accept", LOG_INFO, true)                                                                             \
    REASON(ATTRIBUTE_NOT_FOUND, NOT_FOUND, 404, "NotFound", "The entity does not have such an attribute", "",          \
           "error.not_found", LOG_INFO, true)                                                                          \
    REASON(ENTITY_TYPE_NOT_FOUND, NOT_FOUND, 404, "NotFound", "Entity type not found", "", "error.not_found",          \
           LOG_INFO, true)                                                                                             \
    REASON(ENTITY_NOT_OBJECT, BAD_INPUT, 400, "BadRequest", "entity is not a JSON object", "", "error.bad_field",      \
           LOG_INFO, true)                                                                                             \
    REASON(ENTITY_ID_NEITHER, BAD_INPUT, 400, "BadRequest", "nor /id/ nor /idPattern/ present", "", "error.bad_field", \
           LOG_INFO, true)                                                                                             \
    REASON(ENTITY_ID_BOTH, BAD_INPUT, 400, "BadRequest", "both /id/ and /idPattern/ present", "", "error.bad_field",   \
           LOG_INFO, true)                                                                                             \
    REASON(ENTITY_ID_PATTERN, UNSUPPORTED, 501, "NotImplemented", "NotImplemented", "", "error.not_served", LOG_INFO,  \
           true)                                                                                                       \
    REASON(BODY_FIELD_MISSING, BAD_INPUT, 400, "BadRequest", "Invalid JSON payload, mandatory field /%s/ not found",   \
           "", "error.bad_field", LOG_INFO, true)                                                                      \
    REASON(BODY_FIELD_UNKNOWN, BAD_INPUT, 400, "BadRequest", "Unrecognized field in JSON payload: /%s/", "",           \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(BATCH_ACTION, BAD_INPUT, 400, "BadRequest",                                                                 \
           "invalid update action type: right ones are: append, appendStric, delete, replace, update", "",             \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(BATCH_ENTITIES, BAD_INPUT, 400, "BadRequest", "not a JSON array", "", "error.bad_field", LOG_INFO, true)    \
    REASON(BATCH_EMPTY, BAD_INPUT, 400, "BadRequest", "empty entities vector", "", "error.bad_field", LOG_INFO, true)  \
    REASON(BATCH_LARGE, TOO_LARGE, 413, "RequestEntityTooLarge", "a batch may hold at most 1000 entities", "",         \
           "error.too_large", LOG_INFO, true)                                                                          \
    REASON(NOTIFY_SUBSCRIPTION, BAD_INPUT, 400, "BadRequest", "/subscriptionId/ must be a JSON String", "",            \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(NOTIFY_DATA, BAD_INPUT, 400, "BadRequest", "/data/ must be a JSON Array", "", "error.bad_field", LOG_INFO,  \
           true)                                                                                                       \
    REASON(NOTIFY_ITEM, BAD_INPUT, 400, "BadRequest", "notification data vector item must be a JSON Object", "",       \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(VALUE_NOT_COMPOUND, BAD_INPUT, 400, "BadRequest",                                                           \
           "Neither JSON Object nor JSON Array for attribute::value", "", "error.bad_field", LOG_INFO, true)           \
    REASON(VALUE_NOT_RECOGNIZED, BAD_INPUT, 400, "BadRequest", "attribute value type not recognized", "",              \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(VALUE_QUOTE_MISSING, BAD_INPUT, 400, "BadRequest", "Missing citation-mark at end of string", "",            \
           "error.bad_field", LOG_INFO, true)                                                                          \
    REASON(ACCEPT_TEXT_ONLY, UNSUPPORTED, 406, "NotAcceptable", "accepted MIME types: text/plain", "", "error.accept", \
           LOG_INFO, true)                                                                                             \
    REASON(BODY_MISSING, BAD_INPUT, 411, "ContentLengthRequired", "Zero/No Content-Length in PUT/POST/PATCH request",  \
           "", "error.body_missing", LOG_INFO, true)                                                                   \
    REASON(SERVICE_PATH_RELATIVE, BAD_INPUT, 400, "BadRequest",                                                        \
           "Only /absolute/ Service Paths allowed [a service path must begin with /]", "", "error.service_path",       \
           LOG_INFO, true)                                                                                             \
    REASON(SERVICE_PATH_CHARACTER, BAD_INPUT, 400, "BadRequest",                                                       \
           "a component of ServicePath contains an illegal character", "", "error.service_path", LOG_INFO, true)       \
    REASON(SERVICE_PATH_DEEP, BAD_INPUT, 400, "BadRequest", "too many components in ServicePath", "",                  \
           "error.service_path", LOG_INFO, true)                                                                       \
    REASON(SERVICE_PATH_LONG, BAD_INPUT, 400, "BadRequest", "component-name too long in ServicePath", "",              \
           "error.service_path", LOG_INFO, true)                                                                       \
    REASON(SERVICE_PATH_EMPTY_LEVEL, BAD_INPUT, 400, "BadRequest", "empty component in ServicePath", "",               \
           "error.service_path", LOG_INFO, true)                                                                       \
    REASON(SERVICE_PATH_LIST, BAD_INPUT, 400, "BadRequest", "more than one service path in context update request",    \
           "", "error.service_path", LOG_INFO, true)                                                                   \
    REASON(SERVICE_PATH_HASH, BAD_INPUT, 400, "BadRequest", "Bad Character in Service-Path", "", "error.service_path", \
           LOG_INFO, true)                                                                                             \
    REASON(SERVICE_PATH_COUNT, BAD_INPUT, 400, "BadRequest",                                                           \
           "too many service paths - a maximum of ten service paths is allowed", "", "error.service_path", LOG_INFO,   \
           true)                                                                                                       \
    /* outbound, and what comes back from there */                                                                     \
    REASON(UPSTREAM_UNAVAILABLE, BUSY, 503, "ServiceUnavailable",                                                      \
           "the broker of open data does not answer, please try again", "temporarily_unavailable", "error.busy",       \
           LOG_ERROR, false)                                                                                           \
    REASON(UPSTREAM_UNSETTLED, BUSY, 503, "ServiceUnavailable",                                                        \
           "the outcome of the write is not known yet, please read before you try again", "temporarily_unavailable",   \
           "error.busy", LOG_ERROR, false)                                                                             \
    REASON(UPSTREAM_ANSWER, UPSTREAM, 503, "ServiceUnavailable",                                                       \
           "the broker of open data gave an answer that can't be passed on, please try again",                         \
           "temporarily_unavailable", "error.busy", LOG_ERROR, false)                                                  \
    REASON(UPSTREAM_FAILED, UPSTREAM, 500, "InternalServerError",                                                      \
           "the broker of open data could not do what was asked", "server_error", "error.internal", LOG_ERROR, false)  \
    REASON(UPSTREAM_REFUSED, UPSTREAM, 400, "BadRequest", "the broker of open data refuses the request", "",           \
           "error.bad_request", LOG_NOTICE, false)                                                                     \
    REASON(VALUE_IS_PERSONAL, FORBIDDEN, 422, "Unprocessable",                                                         \
           "a value has the form of an id of the personal type %s and can't become open data", "",                     \
           "error.id_is_personal", LOG_NOTICE, true)                                                                   \
    REASON(NAME_IS_PERSONAL, FORBIDDEN, 422, "Unprocessable",                                                          \
           "only personal types have the attribute %s: to publish it, add it to the schema of the public type", "",    \
           "error.id_is_personal", LOG_NOTICE, true)                                                                   \
    /* tool */                                                                                                         \
    REASON(DEMO_NOT_EMPTY, EXISTS, 409, "Conflict", "the demo city can only be loaded into an empty store", "",         \
           "error.conflict", LOG_ERROR, false)                                                                         \
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
    REASON(FORWARDED_UNREADABLE, BAD_INPUT, 400, "BadRequest", "the addresses in %s can't be read", "invalid_request", \
           "error.bad_request", LOG_NOTICE, true)                                                                      \
    REASON(RATE_LIMITED, RATE, 429, "TooManyRequests", "too many requests, please slow down",                          \
           "temporarily_unavailable", "error.rate", LOG_NOTICE, true)                                                  \
    REASON(LOCKED_OUT, RATE, 429, "TooManyRequests", "too many failed attempts, please wait before the next one",      \
           "temporarily_unavailable", "error.rate", LOG_WARNING, true)                                                 \
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
