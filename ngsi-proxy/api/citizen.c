#include "citizen.h"

#include "citizen_json.h"

#define ACCESSES_DEFAULT 20
#define ACCESSES_MAX 100

static Str idempotency_key(const ApiCall *call)
{
    return request_header_or_empty(call->request, STR("Idempotency-Key"));
}

static Error check_json_body(const Request *request)
{
    Str media_type;
    TRY(request_media_type_in(request, &media_type));
    ENSURE(request->body.n == 0 || str_eq(media_type, STR("application/json")), MEDIA_TYPE,
           str_argument(request->arena, media_type));
    return OK;
}

Error citizen_me(ApiCall *call, Response *response)
{
    CitizenMe me;
    Str json;
    TRY(gate_citizen_me(call->api->gate, &call->broker.vault, &call->principal, &me));
    TRY(citizen_me_render(call->request->arena, &me, &json));
    response_json(response, 200, json);
    return OK;
}

Error citizen_grants(ApiCall *call, Response *response)
{
    Grant *grants = NULL;
    size_t count = 0;
    Str json;
    TRY(gate_citizen_grants(call->api->gate, &call->broker.vault, &call->principal, &grants,
                            &count));
    TRY(citizen_grants_render(call->request->arena, grants, count, &json));
    response_json(response, 200, json);
    return OK;
}

Error citizen_grant_give(ApiCall *call, Response *response)
{
    GrantRequest request;
    Grant grant;
    bool is_replay = false;
    Str json;
    ENSURE(idempotency_key(call).n > 0, IDEMPOTENCY_KEY, NULL);
    TRY(check_json_body(call->request));
    TRY(citizen_grant_request_parse(call->request->arena, call->request->body, &request));
    TRY(gate_citizen_give(call->api->gate, &call->broker.vault, &call->principal, &request,
                          idempotency_key(call), &grant, &is_replay));
    TRY(citizen_grant_render(call->request->arena, &grant, &json));
    response_json(
        response, 201,
        json); /* a repeated request gets the first answer to the byte, so no mark of it */
    return OK;
}

Error citizen_grant_withdraw(ApiCall *call, Response *response)
{
    Grant grant;
    bool is_replay = false;
    Str reason;
    Str json;
    ENSURE(idempotency_key(call).n > 0, IDEMPOTENCY_KEY, NULL);
    TRY(check_json_body(call->request));
    TRY(citizen_reason_parse(call->request->arena, call->request->body, &reason));
    TRY(gate_citizen_withdraw(call->api->gate, &call->broker.vault, &call->principal,
                              call->request->captures[0], reason, idempotency_key(call), &grant,
                              &is_replay));
    TRY(citizen_grant_render(call->request->arena, &grant, &json));
    response_json(response, 200, json);
    return OK;
}

static Error single_param(const Request *request, Str name, const char *refusal, Str *ret_value)
{
    const QueryParam *param = request_param(request, name);
    ENSURE(request_param_count(request, name) <= 1, API_BAD_FIELD, refusal);
    *ret_value = param == NULL ? STR_EMPTY : param->value;
    return OK;
}

Error citizen_accesses(ApiCall *call, Response *response)
{
    Str limit_text;
    Str cursor;
    int64_t limit = ACCESSES_DEFAULT;
    CitizenAccessPage page;
    Str json;
    TRY(single_param(call->request, STR("limit"), "limit: expected once", &limit_text));
    TRY(single_param(call->request, STR("cursor"), "cursor: expected once", &cursor));
    ENSURE(limit_text.n == 0 ||
               (str_to_uint(limit_text, &limit) && limit >= 1 && limit <= ACCESSES_MAX),
           API_BAD_FIELD, "limit: expected a number from 1 to 100");
    TRY(gate_citizen_accesses(call->api->gate, &call->broker.vault, &call->principal, (size_t)limit,
                              cursor, &page));
    TRY(citizen_accesses_render(call->request->arena, &page, &json));
    response_json(response, 200, json);
    return OK;
}
