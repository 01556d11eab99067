/* id_link.h — which user of which service is which citizen: found by the service's user id, or by
 * citizen.
 *
 * Two documents per link, one for each direction, inserted in one commit, so both are unique: one
 * citizen per (service, user id), one user id per (service, citizen). Both hold the same record,
 * sealed under the citizen's key. A link that is frozen or undone behaves as unknown. Linking again
 * after an unlink raises the epoch, which changes every keyed id that the service saw (consent rule
 * 8). Must never show one service's user id to another.
 *
 * Layer: vault/identity. Thread-safe: yes. Spec: 6(1)ウ. Requirement: C-6. */
#ifndef MUSUBI_ID_LINK_H
#define MUSUBI_ID_LINK_H

#include <stdbool.h>

#include "subject.h"

#define ID_LINK_USER_ID_BYTES_MAX 128
#define ID_LINK_HISTORY_MAX 64

typedef enum LinkState { LINK_ACTIVE, LINK_FROZEN, LINK_UNLINKED, LINK_STATE_COUNT_ } LinkState;

/* How both sides were shown to be one person. */
typedef struct LinkProof {
    Str method;            /* "oidc", "code", "line", "counter", "demo" */
    Str acr;               /* assurance of the citizen's sign-in; "" = none */
    int64_t citizen_at_us; /* when each side was authenticated */
    int64_t service_at_us;
} LinkProof;

typedef struct LinkEvent {
    int64_t at_us;
    LinkState state;
    Str reason;
} LinkEvent;

typedef struct IdLink {
    Str service;
    Str user_id;
    uint32_t epoch; /* from 1 */
    LinkState state;
    LinkProof proof;
    int64_t linked_us;
    const LinkEvent *events;
    size_t event_count;
    uint64_t record_version; /* of the sealed body */
    Str key;                 /* of the document it was read from */
    uint64_t version;        /* of that document */
} IdLink;

/* Printable ASCII and UTF-8 without the characters that NGSI forbids in ids, blanks, '/' and
 * controls. */
bool id_link_user_id_is_valid(Str user_id);

/* Puts a link into the batch (2 documents) and requires the subject's key. A subject that is
 * created in the same batch costs no read. Errors: LINK_INVALID, LINK_EXISTS (the citizen or the
 * user id has an active or frozen link with this service), VAULT_SEALED, store errors. At commit,
 * STORE_EXISTS and STORE_CONFLICT mean: somebody linked meanwhile. */
Error id_link_add(VaultCall *call, StoreBatch *batch, Subject *subject, Str service, Str user_id,
                  const LinkProof *proof) MUST_USE;
/* The citizen behind a service's user id, when the link is active. Give ret_subject back with
 * subject_done. Errors: LINK_UNKNOWN (none, frozen, undone, erased), VAULT_SEALED, store errors. */
Error id_link_find(VaultCall *call, Str service, Str user_id, Subject *ret_subject,
                   IdLink *ret_link) MUST_USE;
/* The active link of a citizen with a service. Errors: LINK_UNKNOWN, VAULT_SEALED, store errors. */
Error id_link_of_subject(VaultCall *call, Subject *subject, Str service, IdLink *ret_link) MUST_USE;
/* Freezes, revives or undoes a link of whatever state, in the batch. Undone stays undone (link
 * again instead). Errors: LINK_UNKNOWN, LINK_INVALID (that change is not possible), VAULT_SEALED,
 * store errors. */
Error id_link_change(VaultCall *call, StoreBatch *batch, Subject *subject, Str service,
                     LinkState state, Str reason) MUST_USE;
/* Every link of a citizen, active or not, by service. Errors: VAULT_SEALED, store errors. */
Error id_link_list(VaultCall *call, Subject *subject, IdLink **ret_links, size_t *ret_count)
    MUST_USE;

/* "active", "frozen", "unlinked". Static. */
Str id_link_state_text(LinkState state);

/* For walks over many citizens: the key under which (service, citizen) is stored, and the reading
 * of such a document. ret_link->state may be any; the caller looks. Errors: VAULT_SEALED;
 * CRYPTO_OPEN, STORE_CORRUPT. */
Error id_link_key_of_subject(VaultCall *call, const uint8_t subject[SUBJECT_ID_BYTES], Str service,
                             Str *ret_key) MUST_USE;
Error id_link_open(VaultCall *call, const Subject *subject, const StoreDoc *doc, IdLink *ret_link)
    MUST_USE;

#endif
