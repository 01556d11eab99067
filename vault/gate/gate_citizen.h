/* gate_citizen.h — what a signed-in citizen sees and steers: own data, grants, who read what.
 *
 * The principal must be ACTOR_CITIZEN; everything is about principal->subject alone. Giving and
 * withdrawing are idempotent by key: the answer is stored in the same commit as the change, so a
 * repeated request gets the first answer. The leaf of a change is durable before the change. Must
 * never show a citizen another one's data, nor any service's user ids.
 *
 * Layer: vault/gate. Thread-safe: yes. Spec: 6(3)イ, 6(6)エ, 6(8). */
#ifndef MUSUBI_GATE_CITIZEN_H
#define MUSUBI_GATE_CITIZEN_H

#include "gate.h"
#include "grant.h"

#define IDEMPOTENCY_KEY_BYTES_MAX 255
#define CITIZEN_ACCESSES_MAX 100

/* A service that knows this citizen. */
typedef struct CitizenLink {
    Str service;
    Str name_ja;
    Str state; /* "active", "frozen", "unlinked" */
    int64_t linked_us;
} CitizenLink;

typedef struct CitizenMe {
    Entity *entities; /* all personal entities in full; ids as gate_internal gives them */
    size_t entity_count;
    CitizenLink *links;
    size_t link_count;
} CitizenMe;

/* The citizen's own data. Writes a leaf for each type that something was opened of; where nothing
 * is stored, nothing is opened and no leaf written. Errors of all calls here: CITIZEN_REQUIRED
 * (another kind of principal), SUBJECT_UNKNOWN (erased), LOG_UNAVAILABLE, VAULT_SEALED, store
 * errors. */
Error gate_citizen_me(const Gate *gate, VaultCall *call, const Principal *principal,
                      CitizenMe *ret_me) MUST_USE;

typedef struct CitizenGrantPage {
    Grant *grants; /* oldest first; states as they are at call->now_us */
    size_t count;
    Str next; /* cursor for the page after; "" = the end */
} CitizenGrantPage;

/* The own grants; limit 1..GRANT_PAGE_MAX; cursor "" = from the oldest. Consents are no personal
 * values that a reader could take away: no leaf. Errors: also CURSOR_INVALID. */
Error gate_citizen_grants(VaultCall *call, const Principal *principal, size_t limit, Str cursor,
                          CitizenGrantPage *ret_page) MUST_USE;

/* Gives a grant. Both changes may put a newer snapshot in place of the call's. *ret_is_replay tells
 * that the key was used before: ret_grant is then the first answer, whatever happened since.
 * Errors: also IDEMPOTENCY_KEY (missing or too long), IDEMPOTENCY_MISMATCH (key used for another
 * request), PURPOSE_UNKNOWN, RECIPIENT_UNKNOWN, GRANT_INVALID, GRANT_LIMIT. */
Error gate_citizen_give(const Gate *gate, VaultCall *call, const Principal *principal,
                        const GrantRequest *request, Str idempotency_key, Grant *ret_grant,
                        bool *ret_is_replay) MUST_USE;
/* Withdraws one. Errors: also IDEMPOTENCY_KEY, IDEMPOTENCY_MISMATCH, GRANT_UNKNOWN, GRANT_STATE,
 * GRANT_INVALID (reason too long). */
Error gate_citizen_withdraw(const Gate *gate, VaultCall *call, const Principal *principal,
                            Str grant_id, Str reason, Str idempotency_key, Grant *ret_grant,
                            bool *ret_is_replay) MUST_USE;

/* One line of "who read what about me". */
typedef struct CitizenAccess {
    int64_t at_us;
    Str act;          /* "read", "write", "consent.grant", … */
    Str decision;     /* "permit" or "deny" */
    Str service;      /* client id */
    Str service_name; /* "" when the client is unknown by now */
    Str purpose;
    Str type;
    StrList attributes;
    StrList filtered; /* whose values decided that the citizen is in the answer, shown or not */
    Str grants;       /* "id@version" of the grants that allowed it, comma separated; "" = none */
    Str reason;       /* why, e.g. "CONSENT_OK" */
    Str request_id;
} CitizenAccess;

typedef struct CitizenAccessPage {
    CitizenAccess *accesses; /* newest first */
    size_t count;
    Str next; /* cursor for the page after; "" = the end */
} CitizenAccessPage;

/* limit 1..CITIZEN_ACCESSES_MAX; cursor "" = from the newest. A look at the log writes no leaf.
 * Errors: also CURSOR_INVALID. */
Error gate_citizen_accesses(VaultCall *call, const Principal *principal, size_t limit, Str cursor,
                            CitizenAccessPage *ret_page) MUST_USE;

#endif
