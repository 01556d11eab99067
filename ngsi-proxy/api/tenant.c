#include "tenant.h"

Error tenant_read(const Request *request, Str *ret_tenant)
{
    Str sent = request_header_or_empty(request, STR("Fiware-Service"));
    ENSURE(sent.n <= TENANT_BYTES_MAX, TENANT_TOO_LONG, NULL);
    char *lower = arena_alloc(request->arena, sent.n);
    ENSURE_ALLOC(lower, request->arena);
    for (size_t i = 0; i < sent.n; i++) {
        char c = sent.p[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        ENSURE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_', TENANT_BAD_CHARACTER,
               NULL);
        lower[i] = c;
    }
    *ret_tenant = (Str){.p = lower, .n = sent.n};
    return OK;
}
