/* oauth_form.h — the body of an OAuth request: application/x-www-form-urlencoded, each field once.
 *
 * Must never take parameters from the query string: they end up in logs.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: pure. Standard: RFC 6749 §3.2, appendix B. */
#ifndef MUSUBI_OAUTH_FORM_H
#define MUSUBI_OAUTH_FORM_H

#include "request.h"

typedef struct OauthForm {
    const QueryParam *fields;
    size_t count;
} OauthForm;

/* Errors: OAUTH_REQUEST (another media type, a parameter in the query string, a broken body, a
 * field twice), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error oauth_form_read(const Request *request, OauthForm *ret_form) MUST_USE;
/* The field's text, "" when it is absent or empty (RFC 6749 §3.2 treats both alike). */
Str oauth_form_field(const OauthForm *form, Str name);

#endif
