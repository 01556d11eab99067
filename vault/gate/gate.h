/* gate.h — the one place that releases personal values.
 *
 * Order of everything here: authorise (client, purpose, link, consent) → append the leaf → durable
 * → release. A value is put into a result only after the entry that names its reader is on disk;
 * when the log can't be written nothing leaves. Answers are a function of the caller's view alone:
 * the attributes that active grants give to this client for this purpose at this moment. Hidden and
 * absent are the same to the last byte. Must never be reached around: nothing else may open sealed
 * entities, and what must do so inside the vault comes through gate_internal.
 *
 * Reads give the call's snapshot back before they wait for the disk, so that no reader holds one
 * while idle: a read is the last thing a call asks of the store (else vault_call_renew).
 *
 * Layer: vault/gate. Thread-safe: yes (immutable; a VaultCall is single-owner). Spec: 6(6)ウ,
 * 6(6)エ, 7(2)エ. Requirement: L-1, consent rules 1-10. */
#ifndef MUSUBI_GATE_H
#define MUSUBI_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "entity_query.h"
#include "entity_update.h"
#include "principal.h"
#include "purpose.h"
#include "vault_core.h"

typedef struct AccessLog AccessLog;
typedef struct DataBudget DataBudget;

/* Filled once by the program; all parts outlive it. */
typedef struct Gate {
    const VaultCore *core;
    AccessLog *log;
    const PurposeRegistry *purposes;
    DataBudget *budget; /* NULL: services may be given the data of any number of persons */
} Gate;

/* Where all personal entities live: asked for under another path, there is nothing. */
#define GATE_SERVICE_PATH STR("/")
/* Of one attribute: value, type and metadata together. No service can store so much in a few
 * attributes that pages of others' readers become too large. */
#define GATE_ATTRIBUTE_BYTES_MAX 16384

/* One entity by the caller's own id and, unless "", type. query gives the attributes to show and
 * the service path; the rest of it is not looked at. *ret_entity lives in the call's arena. Errors:
 * ENTITY_NOT_FOUND (unknown, not linked, no grant, expired, erased: one and the same Error),
 * ENTITY_AMBIGUOUS (several types inside the view), PURPOSE_REQUIRED, PURPOSE_NOT_REGISTERED,
 * SERVICE_UNKNOWN (suspended), ADDRESS_NOT_ALLOWED, DATA_BUDGET (nothing is released),
 * LOG_UNAVAILABLE, VAULT_SEALED, store errors. */
Error gate_read(const Gate *gate, VaultCall *call, const Principal *principal, Str id, Str type,
                const EntityQuery *query, Entity *ret_entity) MUST_USE;

/* The entities of the personal types that the query's selectors mean, by default type after type in
 * the registry's order and inside a type in the order of the caller's view rows. Selectors, filter,
 * place and order see the view: ids as the caller knows them, granted attributes and no others.
 * Only attributes that decide or are shown are opened. Unregistered and public types give nothing.
 * total is set when query->is_count_wanted. A page takes time by those who consented; with limit 0
 * and no count nothing is read. Errors: as gate_read but ENTITY_NOT_FOUND and ENTITY_AMBIGUOUS;
 * PATTERN_COSTLY, GEO_SHAPE. */
Error gate_query(const Gate *gate, VaultCall *call, const Principal *principal,
                 const EntityQuery *query, EntityPage *ret_page) MUST_USE;

/* Which of the ids are the caller's names for entities of its view, of whatever type: what is
 * personal by such a name must be asked of nobody else. Releases nothing and logs nothing; the
 * answer is a function of the view. ret_knows has ids.count places. Errors: as gate_query. */
Error gate_knows(const Gate *gate, VaultCall *call, const Principal *principal, StrList ids,
                 bool *ret_knows) MUST_USE;

/* Does what the caller's write grants allow, and nothing else (consent rule 10): all writes of the
 * batch in one commit, after an intent leaf for each citizen. ret_outcomes (batch->count of them)
 * tell what became of each write, in terms of the view alone. When somebody else was faster it is
 * tried again, with a newer snapshot in place of the call's. An Error means that nothing was done:
 * WRITE_NOT_GRANTED (argument: the refused names; also where the answer would tell what exists and
 * no read grant covers it), ENTITY_SUBJECT (the subject attribute is missing, names no citizen in
 * the caller's ids, would change, or would go without its entity), VALUE_TOO_LARGE, ENTITY_INVALID,
 * STORE_LIMIT, those of entity_update_plan, and as gate_read but ENTITY_NOT_FOUND and
 * ENTITY_AMBIGUOUS. */
Error gate_write(const Gate *gate, VaultCall *call, const Principal *principal,
                 const EntityBatch *batch, EntityOutcome *ret_outcomes) MUST_USE;

/* The personal types of the caller's view, computed on the view alone (consent rule 4). Errors: as
 * gate_query. */
Error gate_types(const Gate *gate, VaultCall *call, const Principal *principal,
                 const TypesQuery *query, TypeList *ret_types) MUST_USE;

/* Why something inside the vault opens values without a recipient's grant. Each reason has exactly
 * one caller. */
#define GATE_REASONS(REASON)                                                                       \
    /* name, text in the access log, calling file */                                               \
    REASON(CITIZEN_SELF, "citizen-self", "gate_citizen.c")

typedef enum GateReason {
#define GATE_REASON(name_, text_, caller_) GATE_REASON_##name_,
    GATE_REASONS(GATE_REASON)
#undef GATE_REASON
        GATE_REASON_COUNT_
} GateReason;

/* Opens every personal entity of one citizen in full, after the leaf that names the reason. Ids are
 * those that the principal's client would see for entities it did not write; a Person is
 * "urn:ngsi-ld:Person:me". Errors: SUBJECT_UNKNOWN, LOG_UNAVAILABLE, VAULT_SEALED, CRYPTO_OPEN,
 * store errors. */
Error gate_internal(const Gate *gate, VaultCall *call, GateReason reason,
                    const Principal *principal, const uint8_t subject[16], Entity **ret_entities,
                    size_t *ret_count) MUST_USE;

#endif
