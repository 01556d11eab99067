/* seal.h — sealing and opening of everything personal at rest: one envelope, one mechanism.
 *
 * Attribute values, grant and link bodies, view rows, accounts, idempotency answers and log details
 * all go through these calls; the context says what the bytes are and where they belong, and is
 * authenticated whole. No caller can pass a nonce or choose an algorithm. Must never tell why
 * opening failed: one error for all (C-15).
 *
 * Envelope v1, overhead 80 bytes:
 *   off len
 *     0   1  version 0x01 (chooses the suite; anything else is refused)
 *     1   1  padding class (PaddingClass below; 0 only in wrapped keys, kek.h)
 *     2   2  reserved, 0
 *     4   4  generation of the subject's key, BE
 *     8  24  nonce, random
 *    32  32  commitment, compared before decrypting
 *    64   n  XChaCha20-Poly1305-IETF ciphertext of the plaintext padded as in ISO 7816-4
 *             (0x80, then zeros)
 *  64+n  16  tag
 * Keys (LP = u32 BE length, then bytes; B2 = BLAKE2b-256 keyed, zero salt, 16-byte personal):
 *   m = LP(type) LP(attribute) u32 generation
 *   SEAL_VALUE   key B2(SDEK, "musubi/val/enc/1", m)   commitment B2(SDEK, "musubi/val/cmt/1", m)
 *   SEAL_RECORD  key B2(SDEK, "musubi/rec/enc/1", m)   commitment B2(SDEK, "musubi/rec/cmt/1", m)
 *   SEAL_LOG     LK = B2(SDEK, "musubi/log/enc/1", u32 generation)
 *                key B2(LK, "musubi/det/enc/1", m)     commitment B2(LK, "musubi/det/cmt/1", m)
 * AAD: LP(label) LP(environment) LP(tenant) LP(subject) LP(entity) LP(type) LP(attribute)
 *      LP(dataset) LP(u64 version) LP(u32 generation) LP(u8 class);
 *   label "musubi/value/v1", "musubi/record/v1" or "musubi/logdetail/v1" by kind.
 *
 * Layer: vault/crypto. Thread-safe: yes. Requirement: C-1, C-2, C-3, C-4, C-5, C-15, L-2. */
#ifndef MUSUBI_SEAL_H
#define MUSUBI_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "keyring.h"
#include "str.h"

#define SEAL_OVERHEAD_BYTES 80
#define SEAL_PLAINTEXT_BYTES_MAX ((size_t)16 << 20)
#define SEAL_MAC_BYTES 32
#define SEAL_FINDER_BYTES 8

/* What is sealed: separates keys and labels, and is how seal_counts tells them apart. */
typedef enum SealKind {
    SEAL_VALUE,  /* one attribute record of a personal entity */
    SEAL_RECORD, /* any other document body: grant, link, view row, account, answer */
    SEAL_LOG,    /* details of the access log */
    SEAL_KIND_COUNT_
} SealKind;

/* Size of the padded plaintext. A plaintext of n bytes takes the smallest class above n that is ≥
 * the one asked for. */
typedef enum PaddingClass {
    PADDING_NATURAL = 0, /* as a wish: no minimum */
    PADDING_32 = 1,
    PADDING_64 = 2,
    PADDING_128 = 3,
    PADDING_256 = 4,
    PADDING_512 = 5,
    PADDING_1024 = 6,
    PADDING_MULTIPLE = 7, /* the next multiple of 1,024, from 2,048 */
    PADDING_CLASS_COUNT_
} PaddingClass;

/* Minimum classes of whole attribute records (value, metadata and times) of the basic four, so that
 * lengths say nothing about them: up to 40 characters of name, 250 of address, with the usual
 * verification metadata. */
#define PADDING_FOR_NAME PADDING_512
#define PADDING_FOR_ADDRESS PADDING_MULTIPLE
#define PADDING_FOR_BIRTH_DATE PADDING_512
#define PADDING_FOR_GENDER PADDING_512

/* Where a sealed thing belongs. Two things that differ in any field can't be taken for each other.
 * The environment comes from the keyring. Text fields together ≤ 3,500 bytes. */
typedef struct SealContext {
    SealKind kind;
    Str tenant;
    const uint8_t *subject; /* 16 bytes */
    const uint8_t *entity;  /* 16 bytes: stored entity id or record id; NULL stands for 16 zeros */
    Str type;               /* entity type, or the record's kind, e.g. "Grant" */
    Str attribute;          /* attribute name, or the part of the record, e.g. "body" */
    Str dataset;            /* "" for the default instance */
    uint64_t version;       /* of this attribute or record */
    uint32_t generation;    /* of the subject's key; must be the key's own */
} SealContext;

/* A context with tenant, subject and generation taken from the key; dataset "" and version 0 to be
 * set by the caller. Borrows from key. */
SealContext seal_context(const SubjectKey *key, SealKind kind, const uint8_t *entity, Str type,
                         Str attribute);

/* Seals plaintext into ret_envelope (in arena; any arena, ciphertext only is left in it). Errors:
 * VAULT_SEALED, CRYPTO_OPEN (subject forgotten), BUDGET_EXCEEDED (plaintext or context too long),
 * INTERNAL (entropy; context of another key), OUT_OF_MEMORY. */
Error seal_value(SubjectKey *key, const SealContext *context, PaddingClass minimum, Str plaintext,
                 Arena *arena, Str *ret_envelope) MUST_USE;
/* Opens an envelope into arena, which must be a sensitive one. Errors: CRYPTO_OPEN for wrong key,
 * wrong context, truncation, damage, unknown version; VAULT_SEALED; BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error open_value(SubjectKey *key, const SealContext *context, Str envelope, Arena *arena,
                 Str *ret_plaintext) MUST_USE;
/* The same into the caller's buffer of out_bytes ≥ envelope.n − SEAL_OVERHEAD_BYTES, for walks over
 * many records; the caller wipes it (hash.h: crypto_wipe). ret_plaintext is a view into out.
 * Errors: as open_value, INTERNAL when out is too small. */
Error open_value_to(SubjectKey *key, const SealContext *context, Str envelope, void *out,
                    size_t out_bytes, Str *ret_plaintext) MUST_USE;

/* Generation named in an envelope's head, to choose the key; false when it is no envelope v1. Says
 * nothing about whether it opens. */
bool seal_envelope_generation(Str envelope, uint32_t *ret_generation);
/* Bytes an envelope of plaintext_bytes takes under a minimum class. */
size_t seal_envelope_bytes(size_t plaintext_bytes, PaddingClass minimum);

/* Log details (L-2): the same envelope of kind SEAL_LOG, type "AccessLog", attribute = place: a
 * text that writer and reader both know, e.g. the node's name. Errors: as seal_value and
 * open_value. */
Error seal_log_detail(SubjectKey *key, Str place, Str plaintext, Arena *arena, Str *ret_envelope)
    MUST_USE;
Error open_log_detail(SubjectKey *key, Str place, Str envelope, Arena *arena, Str *ret_plaintext)
    MUST_USE;
/* Finder of the subject's k-th leaf in an epoch of a node: B2(LK, "musubi/log/fnd/1", LP(node) u64
 * epoch u64 k)[0..8]. Errors: VAULT_SEALED, CRYPTO_OPEN (subject forgotten). */
Error seal_log_finder(SubjectKey *key, Str node, uint64_t epoch, uint64_t k,
                      uint8_t ret_finder[SEAL_FINDER_BYTES]) MUST_USE;

/* Keyed check of something kept in clear (the version list of an entity, …) under the subject's
 * key: B2(SDEK, "musubi/ent/mac/1", LP(environment) LP(tenant) LP(subject) u32 generation LP(label)
 * LP(message)). Errors: VAULT_SEALED, CRYPTO_OPEN (subject forgotten). */
Error seal_mac(SubjectKey *key, Str label, Str message, uint8_t ret_mac[SEAL_MAC_BYTES]) MUST_USE;
/* Constant-time comparison. Errors: CRYPTO_OPEN (does not match, or mac is not 32 bytes),
 * VAULT_SEALED. */
Error seal_mac_verify(SubjectKey *key, Str label, Str message, Str mac) MUST_USE;

/* How many envelopes were sealed and tried to open since the keyring was made. Wraps of keys are
 * not counted. */
typedef struct SealCounts {
    uint64_t seals[SEAL_KIND_COUNT_];
    uint64_t opens[SEAL_KIND_COUNT_];
} SealCounts;
SealCounts seal_counts(const Keyring *ring);

#endif
