/* key_cache.h — which slot holds whose key: lookup, least-recently-used eviction, references,
 * forgetting.
 *
 * An entry is taken (empty, on loan to the filler), filled, then published or abandoned. Forgetting
 * marks it first and zeroes it when nobody is inside it. Must never reuse an entry on loan, nor
 * publish one that was forgotten meanwhile.
 *
 * Layer: vault/crypto, inside the room only. Thread-safe: yes (one lock, held for table work only).
 * Requirement: C-11, C-14. */
#ifndef MUSUBI_KEY_CACHE_H
#define MUSUBI_KEY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "key_slab.h"
#include "keyring.h"

#define KEY_INDEX_BYTES 32

typedef struct KeyCache KeyCache;

/* Whose key an entry holds. */
typedef struct KeyOwner {
    Str tenant; /* ≤ KEYRING_NAME_BYTES_MAX */
    const uint8_t *subject;
    uint32_t generation;
} KeyOwner;

/* A cache of `count` entries over the slots first_slot…; ring is what entries point back to. Free
 * with key_cache_free, when nothing is on loan. Errors: OUT_OF_MEMORY. */
Error key_cache_new(Keyring *ring, KeySlab *slab, uint32_t first_slot, uint32_t count,
                    KeyCache **ret_cache) MUST_USE;
KeyCache *key_cache_free(KeyCache *cache);

/* The entry published under index, with one more reference; NULL when there is none. */
SubjectKey *key_cache_find(KeyCache *cache, const uint8_t index[KEY_INDEX_BYTES]);
/* An empty entry for the owner, with one reference. Errors: KEY_SLOTS_FULL. */
Error key_cache_take(KeyCache *cache, const KeyOwner *owner, SubjectKey **ret_key) MUST_USE;
/* Puts a filled entry under index; when another thread was faster, gives that one instead and lets
 * this one go. Errors: CRYPTO_OPEN (forgotten meanwhile), VAULT_SEALED (sealed meanwhile); the
 * entry is then gone. */
Error key_cache_publish(KeyCache *cache, SubjectKey *key, const uint8_t index[KEY_INDEX_BYTES],
                        SubjectKey **ret_key) MUST_USE;
/* Lets a taken entry go without publishing. */
void key_cache_abandon(KeyCache *cache, SubjectKey *key);

/* Marks and zeroes every entry of the subject, on loan or not; waits for operations in flight. */
void key_cache_forget_subject(KeyCache *cache, const uint8_t *subject);
/* After key_slab_wipe: no entry may be found or published any more. */
void key_cache_forget_all(KeyCache *cache);

/* Entries in use or cached (for tests). */
uint32_t key_cache_count(KeyCache *cache);

/* The key's bytes for one operation; end before anything that waits. Errors: VAULT_SEALED,
 * CRYPTO_OPEN (forgotten). */
Error subject_key_begin(SubjectKey *key, uint8_t **ret_bytes) MUST_USE;
void subject_key_end(SubjectKey *key);

DEFINE_CLEANUP(KeyCache, key_cache_free)

#endif
