#include "orion_upstream.h"

#include <string.h>

#include "vault_call.h"

#define ANSWER_BYTES_MAX ((size_t)32 << 20)
#define FIELDS_MAX 6

/* --- names ------------------------------------------------------------------------------------ */

bool orion_may_tell(const OrionHalf *half, Str name)
{
    return half->classifier.are_unlisted_public ||
           !classify_is_personal_name(&half->classifier, name);
}

bool orion_may_tell_all(const OrionHalf *half, Str list)
{
    bool may = true;
    Str item;
    while (list.n > 0 && str_split(&list, ',', &item)) {
        may = may && orion_may_tell(half, item);
    }
    return may;
}

/* --- targets ---------------------------------------------------------------------------------- */

OrionTarget orion_target(Arena *arena)
{
    return (OrionTarget){.buf = buf_in(arena)};
}

static bool stays(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~:,*", c) != NULL);
}

static void add_encoded(Buf *buf, Str text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)text.p[i];
        if (stays(text.p[i])) {
            buf_add_char(buf, text.p[i]);
        } else {
            buf_add_char(buf, '%');
            buf_add_char(buf, digits[byte >> 4]);
            buf_add_char(buf, digits[byte & 15]);
        }
    }
}

void orion_target_segment(OrionTarget *target, Str segment)
{
    buf_add_char(&target->buf, '/');
    add_encoded(&target->buf, segment);
}

void orion_target_param(OrionTarget *target, Str name, Str value)
{
    if (value.n == 0) {
        return;
    }
    buf_add_char(&target->buf, target->has_param ? '&' : '?');
    add_encoded(&target->buf, name);
    buf_add_char(&target->buf, '=');
    add_encoded(&target->buf, value);
    target->has_param = true;
}

void orion_target_path(OrionTarget *target, const UpstreamAsk *ask)
{
    for (size_t i = 0; i < ask->segment_count; i++) {
        orion_target_segment(target, ask->segments[i]);
    }
}

void orion_target_params(OrionTarget *target, const UpstreamAsk *ask, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        Str name = str_from(names[i]);
        orion_target_param(target, name, upstream_ask_param(ask, name));
    }
}

Error orion_target_finish(const OrionTarget *target, Str *ret_target)
{
    return buf_finish(&target->buf, ret_target);
}

/* --- what goes up ----------------------------------------------------------------------------- */

static void add_field(HttpField *fields, size_t *count, const char *name, Str value)
{
    if (value.n > 0) {
        fields[(*count)++] = (HttpField){.name = str_from(name), .value = value};
    }
}

/* The last look at what leaves: whatever was decided before, no id of a person goes out. */
static Error check_personal(const OrionHalf *half, const BrokerCall *call, Str text)
{
    const EntityTypeSpec *spec = classify_text(&half->classifier, text);
    ENSURE(spec == NULL, VALUE_IS_PERSONAL, str_argument(call->vault.arena, spec->name));
    return OK;
}

static Error exchange(const OrionHalf *half, const BrokerCall *call, const OrionRequest *request,
                      HttpAnswer *ret_answer)
{
    const UpstreamAsk *ask = call->asked;
    HttpField fields[FIELDS_MAX];
    HttpCall http = {.method = request->method,
                     .target = request->target,
                     .fields = fields,
                     .body = request->body,
                     .is_repeatable = request->is_repeatable,
                     .deadline = call->vault.deadline,
                     .answer_bytes_max = ANSWER_BYTES_MAX};
    bool is_quiet = classify_text(&half->classifier, ask->correlator) != NULL;
    add_field(fields, &http.field_count, "Accept", request->accept);
    add_field(fields, &http.field_count, "Content-Type", request->content_type);
    add_field(fields, &http.field_count, "Fiware-Service", call->vault.tenant);
    add_field(fields, &http.field_count, "Fiware-ServicePath", ask->service_path);
    add_field(fields, &http.field_count, "Fiware-Correlator",
              is_quiet ? STR_EMPTY : ask->correlator);
    TRY(check_personal(half, call, request->target));
    TRY(check_personal(half, call, request->body));
    return http_client_send(half->client, call->vault.arena, &http, ret_answer);
}

/* --- what comes back -------------------------------------------------------------------------- */

/* Words that only a database says, seen in answers of a broker whose update failed. */
static bool has_database_words(Str text)
{
    static const char *const words[] = {"collection: ",  "errmsg",  "nextSafe",
                                        "findAndModify", "{ $",     "\"$",
                                        "MongoDB",       "mongodb", "BSON"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (memmem(text.p, text.n, words[i], strlen(words[i])) != NULL) {
            return true;
        }
    }
    return false;
}

/* Statuses of a client's own fault that can be told to the client as they are. */
static bool is_refusal(int status)
{
    static const int statuses[] = {400, 404, 405, 406, 409, 411, 413, 415, 422};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i] == status) {
            return true;
        }
    }
    return false;
}

bool orion_is_success(const HttpAnswer *answer)
{
    return answer->status == 200 || answer->status == 201 || answer->status == 204;
}

static bool has_known_type(const HttpAnswer *answer)
{
    Str type = http_answer_field(answer, STR("Content-Type"));
    return answer->body.n == 0 || str_starts_with(type, STR("application/json")) ||
           str_starts_with(type, STR("text/plain"));
}

static Error judge(const HttpAnswer *answer)
{
    int status = answer->status;
    ENSURE(status != 429 && (status < 502 || status > 504), UPSTREAM_UNAVAILABLE, NULL);
    ENSURE(status < 500, UPSTREAM_FAILED, NULL);
    ENSURE(orion_is_success(answer) || is_refusal(status), UPSTREAM_ANSWER, "the status");
    ENSURE(has_known_type(answer), UPSTREAM_ANSWER, "the media type");
    ENSURE(orion_is_success(answer) || !has_database_words(answer->body), UPSTREAM_REFUSED, NULL);
    return OK;
}

/* Who waits for another broker holds no snapshot: those who need one would wait as well. Where the
 * other half is asked afterwards, it gets a new one. */
Error orion_send(const OrionHalf *half, BrokerCall *call, const OrionRequest *request,
                 HttpAnswer *ret_answer)
{
    HttpAnswer answer;
    ENSURE(call->asked != NULL, INTERNAL, "nobody asked");
    bool is_needed = call->vault.snapshot != NULL && call->raw == NULL;
    vault_call_close(&call->vault);
    TRY(exchange(half, call, request, &answer));
    if (is_needed) {
        TRY(vault_call_renew(&call->vault));
    }
    TRY(judge(&answer));
    *ret_answer = answer;
    return OK;
}

static void give(const HttpAnswer *answer, RawAnswer *raw)
{
    *raw = (RawAnswer){.is_given = true,
                       .status = answer->status,
                       .content_type = http_answer_field(answer, STR("Content-Type")),
                       .location = http_answer_field(answer, STR("Location")),
                       .total_count = http_answer_field(answer, STR("Fiware-Total-Count")),
                       .allow = http_answer_field(answer, STR("Allow")),
                       .body = answer->body};
}

Error orion_pass(const OrionHalf *half, BrokerCall *call, const OrionRequest *request)
{
    HttpAnswer answer;
    TRY(orion_send(half, call, request, &answer));
    give(&answer, call->raw);
    return OK;
}

Error orion_refused(const BrokerCall *call, const HttpAnswer *answer)
{
    ENSURE(call->raw != NULL, UPSTREAM_REFUSED, NULL);
    give(answer, call->raw);
    return OK;
}
