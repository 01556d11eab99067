/* kek.h — providers of the key-encryption key (KEK): who holds it, who wraps and unwraps with it.
 *
 * A provider is a table of six functions over its own state; the keyring sees no more than that, so
 * a key may live in a file, a card or a key service. The KEK itself never leaves its provider. Must
 * never fall back to another key or to no key: what can't be opened keeps the vault sealed.
 *
 * Wrapped key v1 (file provider; 112 bytes): the envelope of seal.h with padding class 0, which is
 * none:
 *   off len
 *     0   1  version 0x01
 *     1   1  padding class 0x00
 *     2   2  reserved, 0
 *     4   4  KEK generation, BE
 *     8  24  nonce, random
 *    32  32  commitment
 *    64  32  ciphertext
 *    96  16  tag
 *   key        = B2(KEK, "musubi/kek/enc/1", u32 KEK generation)
 *   commitment = B2(KEK, "musubi/kek/cmt/1", u32 KEK generation)
 *   AAD        = LP("musubi/wrap/v1") LP(environment) LP(tenant) LP(subject 16)
 *                LP(u32 key generation) LP(u32 KEK generation) LP(u8 class)
 *
 * Key file: exactly 32 raw bytes, regular file, mode 0400, owned by the effective user, not a
 * symbolic link.
 *
 * Layer: vault/crypto. Thread-safe: wrap, unwrap, generation yes; open, close, health single-owner
 * (the keyring).
 * Requirement: C-1, C-2, C-12. */
#ifndef MUSUBI_KEK_H
#define MUSUBI_KEK_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "str.h"

#define KEK_KEY_BYTES 32
#define KEK_WRAPPED_BYTES_MAX 512

/* Whose key is wrapped; all of it is authenticated. */
typedef struct WrapContext {
    Str environment;
    Str tenant;             /* "" for platform keys */
    const uint8_t *subject; /* 16 bytes; a platform key has its own fixed name here */
    uint32_t generation;    /* of the wrapped key */
} WrapContext;

typedef struct KekProvider KekProvider;
struct KekProvider {
    const char *name; /* "file" */
    /* Gets hold of the KEK. May be called again after a failure or a close. Errors: KEY_FILE,
     * KEY_MEMORY, OUT_OF_MEMORY; the argument is a sentence that lives as long as the provider. */
    Error (*open)(KekProvider *provider);
    /* Opens wrapped into ret_key (32 bytes). Errors: CRYPTO_OPEN whatever is wrong, VAULT_SEALED
     * when not open. */
    Error (*unwrap)(KekProvider *provider, const WrapContext *context, Str wrapped,
                    uint8_t *ret_key);
    /* Wraps key (32 bytes) into ret_wrapped (room for KEK_WRAPPED_BYTES_MAX). Errors: VAULT_SEALED,
     * INTERNAL. */
    Error (*wrap)(KekProvider *provider, const WrapContext *context, const uint8_t *key,
                  uint8_t *ret_wrapped, size_t *ret_wrapped_bytes);
    /* Generation of the KEK that wraps now, from 1. */
    uint32_t (*generation)(const KekProvider *provider);
    /* OK when the KEK could be opened again at this moment; else what open would say. */
    Error (*health)(KekProvider *provider);
    /* Wipes the KEK from memory. */
    void (*close)(KekProvider *provider);
};

/* A provider that reads its KEK from a file; opens nothing yet. path is copied. Free with kek_free.
 * generation: from 1, raised by the operator when the file is replaced. Errors: OUT_OF_MEMORY. */
Error kek_file_new(const Ports *ports, const char *path, uint32_t generation,
                   KekProvider **ret_provider) MUST_USE;
/* Closes and frees any provider. NULL is fine. Returns NULL. */
KekProvider *kek_free(KekProvider *provider);

/* Says whether the file at path may serve as KEK, without keeping it (for `vaultctl doctor`).
 * Errors: KEY_FILE, argument = path, what is wrong and the command that puts it right (arena
 * text). */
Error kek_file_check(const Ports *ports, Arena *arena, const char *path) MUST_USE;
/* Makes a new random key file, mode 0400, durable; never touches an existing file.
 * Errors: KEY_FILE (exists already, folder not writable; arena text), INTERNAL (entropy). */
Error kek_file_create(const Ports *ports, Arena *arena, const char *path) MUST_USE;

DEFINE_CLEANUP(KekProvider, kek_free)

#endif
