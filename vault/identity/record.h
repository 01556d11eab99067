/* record.h — stored records of identity, consent and gate: a keyed document key, and a body sealed
 * for a subject.
 *
 * Key and seal go together: the 16 bytes behind the document's key are the entity of the seal's
 * context, so a body moved to another key does not open. Must never be used for attribute values
 * (sealed_entity does that).
 *
 * Layer: vault/identity. Thread-safe: pure over its call. Requirement: C-3, C-6. */
#ifndef MUSUBI_RECORD_H
#define MUSUBI_RECORD_H

#include "json.h"
#include "subject.h"

#define RECORD_FORMAT 1
#define RECORD_HOUR_US (INT64_C(3600) * CLOCK_SECOND_US)

/* A document key with the bytes it stands for. */
typedef struct RecordKey {
    uint8_t id[16];
    Str text; /* 22 characters in the call's arena */
} RecordKey;

/* Keyed token of the call's tenant, kind and parts. Errors: VAULT_SEALED, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error record_key(VaultCall *call, Str kind, const Str *parts, size_t count, RecordKey *ret_key)
    MUST_USE;
/* The key of a document that was read. Errors: STORE_CORRUPT. */
Error record_key_parse(Str text, RecordKey *ret_key) MUST_USE;

/* Seals and opens a body for the subject; type is the record's kind, e.g. "Grant"; version rises
 * with each change. Errors: as seal_value and open_value. */
Error record_seal(Arena *arena, const Subject *subject, const RecordKey *key, Str type,
                  uint64_t version, Str plaintext, Str *ret_envelope) MUST_USE;
Error record_open(Arena *arena, const Subject *subject, const RecordKey *key, Str type,
                  uint64_t version, Str envelope, Str *ret_plaintext) MUST_USE;

/* Writes the members that all records share (f, s, g, v, r) into a new writer, which the caller
 * completes and finishes; NULL when memory is short. */
DocWriter *record_doc_in(Arena *arena, const Subject *subject, uint64_t version, Str envelope)
    MUST_USE;
/* Reads "v" and "r" and opens. Errors: STORE_CORRUPT, CRYPTO_OPEN, VAULT_SEALED. */
Error record_doc_open(Arena *arena, const Subject *subject, Str type, const StoreDoc *doc,
                      uint64_t *ret_version, Str *ret_plaintext) MUST_USE;

/* Bodies are JSON objects: parsing one, and members that must be there. Errors: STORE_CORRUPT,
 * OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error record_json(Arena *arena, Str plaintext, JsonValue *ret_object) MUST_USE;
Error record_json_text(Arena *arena, JsonValue object, Str name, Str *ret_text) MUST_USE;
Error record_json_int(JsonValue object, Str name, int64_t *ret_number) MUST_USE;
Error record_json_list(JsonValue object, Str name, JsonValue *ret_array) MUST_USE;

#endif
