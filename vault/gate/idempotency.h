/* idempotency.h — a request that is sent twice takes effect once and is answered alike.
 *
 * The key belongs to the citizen who sent it; the document with fingerprint and answer goes into
 * the same commit as the change, so there is never one without the other. Must never keep a
 * refusal: what failed may be tried again.
 *
 *   STORE_IDEMPOTENCY  key   pseudonym("idem", tenant, subject, key text)
 *                      body  x int: expiry, Unix seconds · s · g · v ·
 *                            r sealed {"fingerprint": base64url of 32 bytes, "answer": JSON text}
 *
 * Layer: vault/gate. Thread-safe: single-owner. */
#ifndef MUSUBI_IDEMPOTENCY_H
#define MUSUBI_IDEMPOTENCY_H

#include <stdbool.h>

#include "hash.h"
#include "record.h"

#define IDEMPOTENCY_LIFETIME_US (INT64_C(24) * 3600 * CLOCK_SECOND_US)

typedef struct Idempotency {
    RecordKey key;
    uint64_t doc_version; /* of an expired document that is still there; 0: none */
    uint64_t record_version;
    uint8_t fingerprint[SHA256_BYTES];
    bool is_replay;
    Str answer; /* when is_replay */
} Idempotency;

/* Looks the key up; fingerprint: of the whole request.
 * Errors: IDEMPOTENCY_KEY, IDEMPOTENCY_MISMATCH, VAULT_SEALED, store errors. */
Error idempotency_find(VaultCall *call, const Subject *subject, Str key,
                       const uint8_t fingerprint[SHA256_BYTES], Idempotency *ret_idempotency)
    MUST_USE;
/* Puts key and answer into the batch of the change. Two at once: one commit fails with STORE_EXISTS
 * or STORE_CONFLICT. Errors: VAULT_SEALED, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error idempotency_keep(VaultCall *call, Subject *subject, StoreBatch *batch,
                       const Idempotency *idempotency, Str answer) MUST_USE;

#endif
