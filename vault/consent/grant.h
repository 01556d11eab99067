/* grant.h — a citizen's consent: the record, its states, giving, withdrawing, listing.
 *
 * One grant = one citizen, one recipient, one purpose, one entity type, a list of attributes with
 * levels, and operations. Its history only grows; its state follows from a table of allowed steps.
 * Giving and withdrawing are batch builders: the caller commits them together with view rows,
 * idempotency and, before that, the leaf. Must never widen a grant in place: another attribute,
 * purpose or recipient is another grant.
 *
 * Layer: vault/consent. Thread-safe: yes. Spec: 6(3)ア, 6(3)イ, 6(6)ウ. */
#ifndef MUSUBI_GRANT_H
#define MUSUBI_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "consent.h"
#include "purpose.h"
#include "vault_core.h"

typedef struct Subject Subject;
typedef struct StoreBatch StoreBatch;
typedef struct ViewRowWork ViewRowWork;

#define GRANT_VALIDITY_MAX_US                                                                      \
    (INT64_C(731) * 86400 * CLOCK_SECOND_US) /* two years, whichever they are */
#define GRANT_ATTRIBUTES_MAX 100
#define GRANT_HISTORY_MAX 64
#define GRANT_PAGE_MAX 100
#define GRANT_REASON_BYTES_MAX 500

typedef enum GrantState {
    GRANT_PROPOSED,
    GRANT_ACTIVE,
    GRANT_SUSPENDED,
    GRANT_WITHDRAWN,
    GRANT_EXPIRED,
    GRANT_SUPERSEDED,
    GRANT_REFUSED,
    GRANT_STATE_COUNT_
} GrantState;

typedef struct GrantEvent {
    int64_t at_us;
    Str actor; /* "citizen", "operator", "system" */
    GrantState state;
    Str reason;
} GrantEvent;

/* What a citizen says yes to. */
typedef struct GrantRequest {
    Str recipient; /* client id */
    Str purpose;
    Str type;
    const ConsentAttribute *attributes;
    size_t attribute_count;
    unsigned operations;    /* ConsentOperation bits */
    int64_t valid_from_us;  /* 0 = now */
    int64_t valid_until_us; /* 0 = as long as the purpose allows */
    Str source_party;       /* who holds the data; "" = "vault" */
    Str collection_method;  /* "portal", "line", "counter", "paper"; "" = "portal" */
    Str language;           /* of the notice that was shown; "" = "ja" */
    Str id; /* UUIDv7 drawn by the caller, so that a retry makes the same grant; "" = a new one */
} GrantRequest;

typedef struct Grant {
    Str id; /* UUIDv7 */
    uint64_t version;
    Str source_party;
    Str recipient;
    Str purpose;
    int64_t purpose_version;
    Str type;
    const ConsentAttribute *attributes; /* ascending by name */
    size_t attribute_count;
    unsigned operations;
    Str legal_basis;
    Str collection_method;
    Str language;
    int64_t valid_from_us;
    int64_t valid_until_us;
    GrantState state; /* as stored; see grant_state_at */
    const GrantEvent *events;
    size_t event_count;
    Str key;              /* of the stored document; "" before it is stored */
    uint64_t doc_version; /* of that document; 0 before it is stored */
} Grant;

/* "active", … Static. And back. */
Str grant_state_text(GrantState state);
bool grant_state_parse(Str text, GrantState *ret_state);
/* Whether a grant may go from one state to the other. */
bool grant_state_may_follow(GrantState from, GrantState to);
/* The state at a moment: an active or suspended grant past its end is expired. */
GrantState grant_state_at(const Grant *grant, int64_t now_us);
/* The grant as a rule of its view row. Borrows from the grant. */
ConsentRule grant_rule(const Grant *grant);

/* Fills the request's gaps and checks it against registry and purpose, at call->now_us.
 * Errors: PURPOSE_UNKNOWN, RECIPIENT_UNKNOWN (not a service of that purpose), GRANT_INVALID
 * (argument: the member or attribute that is not allowed). */
Error grant_check(VaultCall *call, const PurposeRegistry *purposes, const GrantRequest *request,
                  GrantRequest *ret_full) MUST_USE;
/* Puts a new active grant and its share of the view row into the batch; an older one that gives
 * nothing beyond it becomes `superseded`. Not twice the same within one batch. work collects the
 * rows of the batch; the caller finishes it. Errors: as grant_check, GRANT_LIMIT (too many others
 * are in force), VAULT_SEALED, store errors. */
Error grant_give(VaultCall *call, const PurposeRegistry *purposes, Subject *subject,
                 StoreBatch *batch, ViewRowWork *work, const GrantRequest *request,
                 Grant *ret_grant) MUST_USE;
/* Withdraws a grant of the subject that is active or suspended, in the batch. Errors: GRANT_UNKNOWN
 * (none with this id, or another citizen's), GRANT_STATE (withdrawn, expired, … already),
 * VAULT_SEALED, store errors. */
Error grant_withdraw(VaultCall *call, Subject *subject, StoreBatch *batch, ViewRowWork *work,
                     Str grant_id, Str reason, Grant *ret_grant) MUST_USE;
/* One grant of the subject. Errors: GRANT_UNKNOWN, VAULT_SEALED, store errors. */
Error grant_find(VaultCall *call, Subject *subject, Str grant_id, Grant *ret_grant) MUST_USE;
/* A page of the subject's grants in every state, after the grant with the id `after` ("" = from the
 * start). Pages follow one another by the hour in which grants were given; each page is oldest
 * first. limit 1..GRANT_PAGE_MAX. *ret_next: `after` of the page behind, "" = the end. Errors:
 * CURSOR_INVALID (no grant of the subject), VAULT_SEALED, store errors. */
Error grant_list(VaultCall *call, Subject *subject, Str after, size_t limit, Grant **ret_grants,
                 size_t *ret_count, Str *ret_next) MUST_USE;

/* The record as JSON and back: what is sealed, and what an idempotency document answers with.
 * Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED; STORE_CORRUPT. */
Error grant_to_json(Arena *arena, const Grant *grant, Str *ret_json) MUST_USE;
Error grant_from_json(Arena *arena, Str json, Grant *ret_grant) MUST_USE;

#endif
