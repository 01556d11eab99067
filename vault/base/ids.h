/* ids.h — identifiers that nobody assigns: UUIDv7, request ids, random hex.
 *
 * A UUIDv7 tells when it was made: it names documents and events, and must never stand for a secret
 * (74 random bits, guessable time) nor be shown where the moment of creation is personal.
 *
 * Layer: vault/base. Thread-safe: as the ports given. Standard: RFC 9562 §5.7. */
#ifndef MUSUBI_IDS_H
#define MUSUBI_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "str.h"

#define ID_UUID_BYTES 16
#define ID_UUID_TEXT_BYTES 37    /* 36 characters and NUL */
#define ID_REQUEST_TEXT_BYTES 17 /* 16 hex digits and NUL */

/* A new UUIDv7 as bytes. Errors: INTERNAL (entropy). */
Error id_uuid7(const Ports *ports, uint8_t ret_uuid[ID_UUID_BYTES]) MUST_USE;
/* The lower-case text of a UUID, NUL-terminated. */
void id_uuid_text(const uint8_t uuid[ID_UUID_BYTES], char ret_text[ID_UUID_TEXT_BYTES]);
/* A new UUIDv7 as text in the arena. Errors: INTERNAL, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error id_uuid7_in(const Ports *ports, Arena *arena, Str *ret_text) MUST_USE;
/* Whether text has the shape of a lower-case UUID of any version. */
bool id_is_uuid(Str text);

/* The id of one request, for log lines and error answers: 64 random bits as hex. Errors: INTERNAL.
 */
Error id_request(const Ports *ports, char ret_text[ID_REQUEST_TEXT_BYTES]) MUST_USE;
/* n random bytes as lower-case hex in the arena; n ≤ 64. Errors: INTERNAL, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error id_random_hex_in(const Ports *ports, Arena *arena, size_t n, Str *ret_hex) MUST_USE;

#endif
