/* keyring_internal.h — the keyring as the rest of this room sees it: platform keys for one
 * operation, counters.
 *
 * Must never be included outside vault/crypto.
 *
 * Layer: vault/crypto, inside the room only. Thread-safe: as keyring.h. */
#ifndef MUSUBI_KEYRING_INTERNAL_H
#define MUSUBI_KEYRING_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "key_cache.h"
#include "keyring.h"
#include "seal.h"

/* Slots of the slab before the subject keys. The first four are stored, the others derived when
 * they are loaded. */
typedef enum PlatformKey {
    PLATFORM_PSEUDONYM,
    PLATFORM_INDEX_ROOT,
    PLATFORM_LOG_SEED,
    PLATFORM_TOKEN,
    PLATFORM_STORED_COUNT_,
    PLATFORM_TOKEN_SEED = PLATFORM_STORED_COUNT_,
    PLATFORM_RECEIPT_SEED,
    PLATFORM_KEY_COUNT_
} PlatformKey;

struct Keyring {
    const Ports *ports;
    KekProvider *provider;
    char environment[KEYRING_NAME_BYTES_MAX];
    size_t environment_bytes;
    KeySlab *slab;
    KeyCache *cache;
    pthread_mutex_t control; /* of open, seal, load: rare acts, so it may be held over them */
    bool has_kek;            /* under control */
    Error kek_error;         /* why not; under control */
    _Atomic bool has_platform_keys;
    _Atomic uint64_t seals[SEAL_KIND_COUNT_];
    _Atomic uint64_t opens[SEAL_KIND_COUNT_];
};

/* A platform key's bytes for one operation. Errors: VAULT_SEALED. */
Error platform_key_begin(Keyring *ring, PlatformKey which, const uint8_t **ret_bytes) MUST_USE;
void platform_key_end(Keyring *ring);

/* Forgets that platform keys are loaded; before the slab is wiped. */
void platform_keys_drop(Keyring *ring);

#endif
