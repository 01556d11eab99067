#include "citizen.h"

#include "citizen_json.h"
#include "enough_memory.h"

#define ACCESSES_DEFAULT 20
_Static_assert(GRANT_PAGE_MAX == 100 && CITIZEN_ACCESSES_MAX == 100, "as the refusal says");

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

typedef struct MeWork {
    CitizenMe me;
    Str json;
} MeWork;

static Error me_open(ApiCall *call, void *context)
{
    MeWork *work = context;
    return gate_citizen_me(call->api->gate, &call->broker.vault, &call->principal, &work->me);
}

static Error me_render(ApiCall *call, void *context)
{
    MeWork *work = context;
    return citizen_me_render(call->broker.vault.arena, &work->me, &work->json);
}

Error citizen_me(ApiCall *call, Response *response)
{
    MeWork work = {0};
    TRY(enough_memory_run(call, false, me_open, &work));
    TRY(enough_memory_run(call, false, me_render, &work));
    response_json(response, 200, work.json);
    return OK;
}

static Error single_param(const Request *request, Str name, const char *refusal, Str *ret_value)
{
    const QueryParam *param = request_param(request, name);
    ENSURE(request_param_count(request, name) <= 1, API_BAD_FIELD, refusal);
    *ret_value = param == NULL ? STR_EMPTY : param->value;
    return OK;
}

typedef struct PageParams {
    int64_t limit;
    Str cursor;
} PageParams;

/* limit stays as it is when it is not asked for. */
static Error page_params(const Request *request, int64_t limit_max, PageParams *params)
{
    Str limit_text;
    Str cursor;
    TRY(single_param(request, STR("limit"), "limit: expected once", &limit_text));
    TRY(single_param(request, STR("cursor"), "cursor: expected once", &cursor));
    int64_t limit = params->limit;
    ENSURE(limit_text.n == 0 ||
               (str_to_uint(limit_text, &limit) && limit >= 1 && limit <= limit_max),
           API_BAD_FIELD, "limit: expected a number from 1 to 100");
    *params = (PageParams){.limit = limit, .cursor = cursor};
    return OK;
}

Error citizen_grants(ApiCall *call, Response *response)
{
    PageParams params = {.limit = GRANT_PAGE_MAX};
    CitizenGrantPage page;
    Str json;
    TRY(page_params(call->request, GRANT_PAGE_MAX, &params));
    TRY(gate_citizen_grants(&call->broker.vault, &call->principal, (size_t)params.limit,
                            params.cursor, &page));
    TRY(citizen_grants_render(call->request->arena, &page, &json));
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

Error citizen_accesses(ApiCall *call, Response *response)
{
    PageParams params = {.limit = ACCESSES_DEFAULT};
    CitizenAccessPage page;
    Str json;
    TRY(page_params(call->request, CITIZEN_ACCESSES_MAX, &params));
    TRY(gate_citizen_accesses(&call->broker.vault, &call->principal, (size_t)params.limit,
                              params.cursor, &page));
    TRY(citizen_accesses_render(call->request->arena, &page, &json));
    response_json(response, 200, json);
    return OK;
}
