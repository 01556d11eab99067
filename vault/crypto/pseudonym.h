/* pseudonym.h — keyed tokens that stand for ids and attribute names in the store, and the ids shown
 * to services.
 *
 * A token is a keyed hash: equal inputs give equal tokens, and nobody without the pseudonym key
 * (PSK) can compute or undo one, whatever list of residents he holds. Must never be used for
 * attribute values (a truncated blind index is another thing), and never leave the platform; what
 * leaves is a service id.
 *
 *   m = LP(environment) LP(tenant) LP(kind) LP(part)…
 *   16-byte token = B2(PSK, "musubi/pseudonym", m)[0..16]
 *    8-byte token = B2(PSK, "musubi/attrtok/1", m)[0..8]
 *
 * Service id v1: a stored id as one service sees it; reversible, deterministic, different for each
 * service and epoch.
 *   K      = B2(PSK, "musubi/serviceid", LP(environment) LP(tenant) LP(service) u32 epoch)
 *   Km, Ke = B2(K, "musubi/sid/mac/1", ""), B2(K, "musubi/sid/enc/1", "")
 *   iv     = B2(Km, "musubi/sid/mac/1", stored id)[0..16]
 *   sealed = XChaCha20(key Ke, nonce iv ‖ 8 zeros, stored id)
 *   bytes  = u8 0x01 | u32 epoch BE | iv 16 | sealed 16
 *   text   = base64url of the 37 bytes, 50 characters
 * Opening recomputes the iv, so a changed id is refused.
 *
 * Layer: vault/crypto. Thread-safe: yes. Requirement: C-1, C-6; consent rule 8. */
#ifndef MUSUBI_PSEUDONYM_H
#define MUSUBI_PSEUDONYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "keyring.h"
#include "str.h"

#define PSEUDONYM_TEXT_16_BYTES 23 /* 22 characters and NUL */
#define PSEUDONYM_TEXT_8_BYTES 12  /* 11 characters and NUL */
#define SERVICE_ID_TEXT_BYTES 51   /* 50 characters and NUL */

/* Full token of (tenant, kind, parts). kind names what is hashed, e.g. "entity-id"; parts are kept
 * apart by length. Errors: VAULT_SEALED. */
Error pseudonym_16(Keyring *ring, Str tenant, Str kind, const Str *parts, size_t count,
                   uint8_t ret_token[16]) MUST_USE;
/* Short token for attribute and type names. Errors: VAULT_SEALED. */
Error pseudonym_8(Keyring *ring, Str tenant, Str kind, const Str *parts, size_t count,
                  uint8_t ret_token[8]) MUST_USE;

/* base64url without padding, NUL-terminated. Cannot fail. */
void pseudonym_text_16(const uint8_t token[16], char ret_text[PSEUDONYM_TEXT_16_BYTES]);
void pseudonym_text_8(const uint8_t token[8], char ret_text[PSEUDONYM_TEXT_8_BYTES]);
/* Back again; false unless text is exactly the canonical form. */
bool pseudonym_parse_16(Str text, uint8_t ret_token[16]);
bool pseudonym_parse_8(Str text, uint8_t ret_token[8]);

/* The id under which service sees stored (16 bytes) in its link epoch. Errors: VAULT_SEALED. */
Error service_id_seal(Keyring *ring, Str tenant, Str service, uint32_t epoch,
                      const uint8_t stored[16], char ret_text[SERVICE_ID_TEXT_BYTES]) MUST_USE;
typedef struct ServiceId {
    bool is_known;  /* false: not an id that this platform gave to this service */
    uint32_t epoch; /* as named in the id; the caller compares it with the current one */
    uint8_t stored[16];
} ServiceId;
/* Reads an id back in constant work. A foreign, changed or malformed id is no error: is_known is
 * false. Errors: VAULT_SEALED. */
Error service_id_open(Keyring *ring, Str tenant, Str service, Str text, ServiceId *ret_id) MUST_USE;

#endif
