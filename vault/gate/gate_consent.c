#include "access_log.h"
#include "gate_citizen.h"
#include "gate_leaves.h"
#include "idempotency.h"
#include "ids.h"
#include "pseudonym.h"
#include "service_account.h"
#include "vault_call.h"
#include "view_row.h"

/* One change of a citizen's grants, whatever it takes to get it through. */
typedef struct ConsentChange {
    const Gate *gate;
    const Principal *principal;
    Str idempotency_key;
    const GrantRequest *request; /* giving; NULL: withdrawing */
    Str grant_id;
    Str reason;
    uint8_t fingerprint[SHA256_BYTES];
    uint64_t logged_version; /* of the grant whose leaf is durable; 0: none yet */
} ConsentChange;

/* What an attempt came to. */
typedef struct ConsentOutcome {
    Grant grant;
    bool is_replay;
} ConsentOutcome;

/* --- fingerprints: the request as it was sent, member by member ------------------------------- */

static Error fingerprint_finish(const Buf *buf, uint8_t ret_fingerprint[SHA256_BYTES])
{
    Str text;
    TRY(buf_finish(buf, &text));
    sha256_of(&text, 1, ret_fingerprint);
    return OK;
}

static Error fingerprint_give(Arena *arena, const GrantRequest *request,
                              uint8_t ret_fingerprint[SHA256_BYTES])
{
    Buf buf = buf_in(arena);
    buf_add_lp(&buf, STR("give"));
    buf_add_lp(&buf, request->recipient);
    buf_add_lp(&buf, request->purpose);
    buf_add_lp(&buf, request->type);
    buf_add_u32be(&buf, (uint32_t)request->attribute_count);
    for (size_t i = 0; i < request->attribute_count; i++) {
        buf_add_lp(&buf, request->attributes[i].name);
        buf_add_u32be(&buf, (uint32_t)request->attributes[i].level);
    }
    buf_add_u32be(&buf, request->operations);
    buf_add_u64be(&buf, (uint64_t)request->valid_from_us);
    buf_add_u64be(&buf, (uint64_t)request->valid_until_us);
    buf_add_lp(&buf, request->source_party);
    buf_add_lp(&buf, request->collection_method);
    buf_add_lp(&buf, request->language);
    return fingerprint_finish(&buf, ret_fingerprint);
}

static Error fingerprint_withdraw(Arena *arena, Str grant_id, Str reason,
                                  uint8_t ret_fingerprint[SHA256_BYTES])
{
    Buf buf = buf_in(arena);
    buf_add_lp(&buf, STR("withdraw"));
    buf_add_lp(&buf, grant_id);
    buf_add_lp(&buf, reason);
    return fingerprint_finish(&buf, ret_fingerprint);
}

/* --- one attempt ------------------------------------------------------------------------------ */

static Error names_in(Arena *arena, const Grant *grant, Str **ret_names)
{
    Str *names = ARENA_MANY(arena, Str, grant->attribute_count);
    ENSURE_ALLOC(names, arena);
    for (size_t i = 0; i < grant->attribute_count; i++) {
        names[i] = grant->attributes[i].name;
    }
    *ret_names = names;
    return OK;
}

/* An attempt that is repeated for the same grant and version has its leaf already. */
static Error change_log(ConsentChange *change, VaultCall *call, const Subject *subject,
                        const Grant *grant)
{
    if (change->logged_version == grant->version) {
        return OK;
    }
    bool is_give = change->request != NULL;
    LeafDraft draft =
        gate_leaf(change->principal, is_give ? LEAF_CONSENT_GRANT : LEAF_CONSENT_REVOKE);
    Str *names = NULL;
    TRY(names_in(call->arena, grant, &names));
    draft.why = STR("CITIZEN");
    draft.purpose = grant->purpose;
    draft.entity_type = grant->type;
    draft.attribute_count = (uint32_t)grant->attribute_count;
    draft.key = subject->key;
    draft.subject = subject->id;
    draft.detail.attributes = names;
    draft.detail.attribute_count = grant->attribute_count;
    draft.detail.grant_id = grant->id;
    draft.detail.grant_version = grant->version;
    draft.detail.query = grant->recipient;
    TRY(gate_leaf_append(change->gate, call, &draft));
    change->logged_version = grant->version;
    return OK;
}

/* The purpose allows the service; it must also have an account, and a living one. */
static Error check_recipient(VaultCall *call, Str recipient)
{
    ServiceAccount account;
    Error error = service_account_find(call, recipient, &account);
    bool is_unknown = FAILED(error) && error.reason == REASON_SERVICE_UNKNOWN;
    ENSURE(!is_unknown, RECIPIENT_UNKNOWN, str_argument(call->arena, recipient));
    TRY(error);
    ENSURE(account.state == SERVICE_ACTIVE, RECIPIENT_UNKNOWN,
           str_argument(call->arena, recipient));
    return OK;
}

static Error change_build(ConsentChange *change, VaultCall *call, Subject *subject,
                          StoreBatch *batch, Grant *ret_grant)
{
    ViewRowWork *work = view_row_work_in(call);
    ENSURE_ALLOC(work, call->arena);
    if (change->request != NULL) {
        TRY(grant_give(call, change->gate->purposes, subject, batch, work, change->request,
                       ret_grant));
        TRY(check_recipient(call, change->request->recipient));
    } else {
        TRY(grant_withdraw(call, subject, batch, work, change->grant_id, change->reason,
                           ret_grant));
    }
    return view_row_work_finish(work, batch);
}

static Error change_new(ConsentChange *change, VaultCall *call, Subject *subject,
                        const Idempotency *idempotency, Grant *ret_grant)
{
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    Grant grant;
    Str answer;
    TRY(change_build(change, call, subject, batch, &grant));
    TRY(grant_to_json(call->arena, &grant, &answer));
    TRY(idempotency_keep(call, subject, batch, idempotency, answer));
    TRY(change_log(change, call, subject, &grant));
    TRY(store_commit(call->core->store, batch, call->deadline, NULL));
    *ret_grant = grant;
    return OK;
}

static Error change_once(ConsentChange *change, VaultCall *call, ConsentOutcome *ret_outcome)
{
    const Principal *principal = change->principal;
    bool is_citizen = principal->kind == ACTOR_CITIZEN && str_eq(principal->tenant, call->tenant);
    ENSURE(is_citizen, CITIZEN_REQUIRED, NULL);
    CLEANUP(subject_done) Subject subject = {0};
    TRY(subject_load(call, principal->subject, &subject));
    Idempotency idempotency;
    TRY(idempotency_find(call, &subject, change->idempotency_key, change->fingerprint,
                         &idempotency));
    ConsentOutcome outcome = {.is_replay = idempotency.is_replay};
    if (idempotency.is_replay) {
        TRY(grant_from_json(call->arena, idempotency.answer, &outcome.grant));
    } else {
        TRY(change_new(change, call, &subject, &idempotency, &outcome.grant));
    }
    *ret_outcome = outcome;
    return OK;
}

/* --- all attempts ----------------------------------------------------------------------------- */

static bool is_race(Error error)
{
    return FAILED(error) &&
           (error.reason == REASON_STORE_CONFLICT || error.reason == REASON_STORE_EXISTS);
}

/* Others give and withdraw in the same list: each attempt reads anew. */
static Error change_run(ConsentChange *change, VaultCall *call, Grant *ret_grant,
                        bool *ret_is_replay)
{
    ConsentOutcome outcome;
    Error error = change_once(change, call, &outcome);
    for (unsigned attempt = 1; is_race(error); attempt++) {
        TRY(vault_call_retry(call, attempt));
        error = change_once(change, call, &outcome);
    }
    TRY(error);
    *ret_grant = outcome.grant;
    *ret_is_replay = outcome.is_replay;
    return OK;
}

/* The same request with the same key, sent twice at once, means one grant: whichever wins, the leaf
 * of the other names no grant that never came to be. The day keeps ids of a key apart that is used
 * again when its answer is forgotten (IDEMPOTENCY_LIFETIME_US). Shaped as a UUIDv7 of that day. */
static Error grant_id_in(const ConsentChange *change, VaultCall *call, Str *ret_id)
{
    uint8_t id[ID_UUID_BYTES];
    uint64_t day = (uint64_t)(call->now_us / IDEMPOTENCY_LIFETIME_US);
    uint64_t day_ms = day * (uint64_t)(IDEMPOTENCY_LIFETIME_US / 1000);
    const Str parts[] = {str_bytes(change->principal->subject, SUBJECT_ID_BYTES),
                         change->idempotency_key, str_bytes(change->fingerprint, SHA256_BYTES),
                         str_bytes(&day, sizeof day)};
    TRY(pseudonym_16(call->core->keyring, call->tenant, STR("grant-id"), parts, 4, id));
    for (unsigned i = 0; i < 6; i++) {
        id[i] = (uint8_t)(day_ms >> (40 - 8 * i));
    }
    id[6] = (uint8_t)(0x70 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
    char text[ID_UUID_TEXT_BYTES];
    id_uuid_text(id, text);
    return str_copy_in(call->arena, str_from(text), ret_id);
}

Error gate_citizen_give(const Gate *gate, VaultCall *call, const Principal *principal,
                        const GrantRequest *request, Str idempotency_key, Grant *ret_grant,
                        bool *ret_is_replay)
{
    GrantRequest fixed = *request;
    ConsentChange change = {.gate = gate,
                            .principal = principal,
                            .idempotency_key = idempotency_key,
                            .request = &fixed};
    TRY(fingerprint_give(call->arena, request, change.fingerprint));
    TRY(grant_id_in(&change, call, &fixed.id));
    return change_run(&change, call, ret_grant, ret_is_replay);
}

Error gate_citizen_withdraw(const Gate *gate, VaultCall *call, const Principal *principal,
                            Str grant_id, Str reason, Str idempotency_key, Grant *ret_grant,
                            bool *ret_is_replay)
{
    ConsentChange change = {.gate = gate,
                            .principal = principal,
                            .idempotency_key = idempotency_key,
                            .grant_id = grant_id,
                            .reason = reason};
    TRY(fingerprint_withdraw(call->arena, grant_id, reason, change.fingerprint));
    return change_run(&change, call, ret_grant, ret_is_replay);
}
