/* tenant.h — which tenant a request means: Fiware-Service, in Orion's rules and words.
 *
 * Must never be taken from anywhere but this one header, whose repetition the guard has refused.
 *
 * Layer: ngsi-proxy/api. Thread-safe: pure. Requirement: A-30. */
#ifndef MUSUBI_TENANT_H
#define MUSUBI_TENANT_H

#include "request.h"

#define TENANT_BYTES_MAX 50

/* The tenant in lower case, "" (the default tenant) without the header. Lives in the request's
 * arena. Errors: TENANT_TOO_LONG, TENANT_BAD_CHARACTER, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error tenant_read(const Request *request, Str *ret_tenant) MUST_USE;

#endif
