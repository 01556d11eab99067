#include "keyring.h"

#include <stdlib.h>
#include <string.h>

#include "derive.h"
#include "keyring_internal.h"

static Error check_options(const KeyringOptions *options)
{
    ENSURE(options->provider != NULL, INTERNAL, "keyring without a key provider");
    ENSURE(options->environment.n > 0 && options->environment.n <= KEYRING_NAME_BYTES_MAX, INTERNAL,
           "environment name");
    ENSURE(options->slots <= 1u << 20, INTERNAL, "key slots");
    return OK;
}

static Error ring_fill(Keyring *ring, const KeyringOptions *options)
{
    uint32_t slots = options->slots == 0 ? KEYRING_SLOTS_DEFAULT : options->slots;
    ring->ports = options->ports == NULL ? ports_system() : options->ports;
    ring->provider = options->provider;
    ring->environment_bytes = options->environment.n;
    memcpy(ring->environment, options->environment.p, options->environment.n);
    TRY(key_slab_new(PLATFORM_KEY_COUNT_ + slots, &ring->slab));
    key_slab_wipe(ring->slab); /* nobody enters before the KEK is there */
    return key_cache_new(ring, ring->slab, PLATFORM_KEY_COUNT_, slots, &ring->cache);
}

Error keyring_open(const KeyringOptions *options, Keyring **ret_ring)
{
    TRY(check_options(options));
    CLEANUP(keyring_free) Keyring *ring = calloc(1, sizeof *ring);
    ENSURE(ring != NULL, OUT_OF_MEMORY, NULL);
    (void)pthread_mutex_init(&ring->control, NULL); /* a default mutex can't fail on Linux */
    TRY(ring_fill(ring, options));
    Error unsealed = keyring_unseal(ring);
    (void)unsealed; /* kept in the ring: a sealed start is a valid one */
    *ret_ring = TAKE(ring);
    return OK;
}

Keyring *keyring_free(Keyring *ring)
{
    if (ring == NULL) {
        return NULL;
    }
    if (ring->cache != NULL) {
        keyring_seal(ring);
    }
    (void)key_cache_free(ring->cache);
    (void)key_slab_free(ring->slab);
    (void)pthread_mutex_destroy(&ring->control);
    free(ring);
    return NULL;
}

bool keyring_is_sealed(Keyring *ring)
{
    return !atomic_load(&ring->has_platform_keys);
}

Error keyring_seal_reason(Keyring *ring)
{
    (void)pthread_mutex_lock(&ring->control);
    Error reason = OK;
    if (!ring->has_kek) {
        reason = ring->kek_error;
    } else if (keyring_is_sealed(ring)) {
        reason = FAIL(VAULT_SEALED, "the platform keys are not loaded");
    }
    (void)pthread_mutex_unlock(&ring->control);
    return reason;
}

void keyring_seal(Keyring *ring)
{
    (void)pthread_mutex_lock(&ring->control);
    platform_keys_drop(ring);
    /* Slab first: after it nobody fills a slot, so forget_all meets all entries that hold a key. */
    key_slab_wipe(ring->slab);
    key_cache_forget_all(ring->cache);
    ring->provider->close(ring->provider);
    if (ring->has_kek) {
        ring->has_kek = false;
        ring->kek_error = FAIL(VAULT_SEALED, "sealed on request");
    }
    (void)pthread_mutex_unlock(&ring->control);
}

Error keyring_unseal(Keyring *ring)
{
    (void)pthread_mutex_lock(&ring->control);
    Error error = OK;
    if (!ring->has_kek) {
        error = ring->provider->open(ring->provider);
        ring->kek_error = error;
        ring->has_kek = !FAILED(error);
        if (ring->has_kek) {
            key_slab_revive(ring->slab);
        }
    }
    (void)pthread_mutex_unlock(&ring->control);
    return error;
}

Error keyring_kek_health(Keyring *ring)
{
    (void)pthread_mutex_lock(&ring->control);
    Error error = ring->provider->health(ring->provider);
    (void)pthread_mutex_unlock(&ring->control);
    return error;
}

static void cache_index(const KeyOwner *owner, Str wrapped, uint8_t ret_index[KEY_INDEX_BYTES])
{
    Derive derive;
    derive_begin(&derive, DERIVE_CACHE_INDEX, NULL);
    derive_lp(&derive, owner->tenant);
    derive_bytes(&derive, owner->subject, SUBJECT_ID_BYTES);
    derive_u32(&derive, owner->generation);
    derive_lp(&derive, wrapped);
    derive_end(&derive, ret_index, KEY_INDEX_BYTES);
}

static WrapContext wrap_context(const Keyring *ring, const KeyOwner *owner)
{
    return (WrapContext){.environment = keyring_environment(ring),
                         .tenant = owner->tenant,
                         .subject = owner->subject,
                         .generation = owner->generation};
}

static Error make_key(Keyring *ring, SubjectKey *key, const WrapContext *context, Arena *arena,
                      Str *ret_wrapped)
{
    uint8_t wrapped[KEK_WRAPPED_BYTES_MAX];
    size_t wrapped_bytes = 0;
    uint8_t *bytes = NULL;
    TRY(subject_key_begin(key, &bytes));
    Error error = ring->ports->entropy->fill(ring->ports->entropy, bytes, KEY_SLOT_BYTES);
    if (!FAILED(error)) {
        error = ring->provider->wrap(ring->provider, context, bytes, wrapped, &wrapped_bytes);
    }
    subject_key_end(key);
    TRY(error);
    return str_copy_in(arena, str_bytes(wrapped, wrapped_bytes), ret_wrapped);
}

Error keyring_new_subject_key(Keyring *ring, Str tenant, const uint8_t *subject,
                              uint32_t generation, Arena *arena, Str *ret_wrapped,
                              SubjectKey **ret_key)
{
    ENSURE(!keyring_is_sealed(ring), VAULT_SEALED, NULL);
    ENSURE(tenant.n <= KEYRING_NAME_BYTES_MAX && generation > 0, INTERNAL, "key owner");
    const KeyOwner owner = {.tenant = tenant, .subject = subject, .generation = generation};
    const WrapContext context = wrap_context(ring, &owner);
    SubjectKey *key = NULL;
    Str wrapped = STR_EMPTY;
    TRY(key_cache_take(ring->cache, &owner, &key));
    Error error = make_key(ring, key, &context, arena, &wrapped);
    if (FAILED(error)) {
        key_cache_abandon(ring->cache, key);
        return error;
    }
    uint8_t index[KEY_INDEX_BYTES];
    cache_index(&owner, wrapped, index);
    TRY(key_cache_publish(ring->cache, key, index, ret_key));
    *ret_wrapped = wrapped;
    return OK;
}

static Error unwrap_key(Keyring *ring, SubjectKey *key, const WrapContext *context, Str wrapped)
{
    uint8_t *bytes = NULL;
    TRY(subject_key_begin(key, &bytes));
    Error error = ring->provider->unwrap(ring->provider, context, wrapped, bytes);
    subject_key_end(key);
    return error;
}

Error keyring_borrow_subject_key(Keyring *ring, Str tenant, const uint8_t *subject,
                                 uint32_t generation, Str wrapped, SubjectKey **ret_key)
{
    ENSURE(!keyring_is_sealed(ring), VAULT_SEALED, NULL);
    ENSURE(tenant.n <= KEYRING_NAME_BYTES_MAX, CRYPTO_OPEN, NULL);
    const KeyOwner owner = {.tenant = tenant, .subject = subject, .generation = generation};
    uint8_t index[KEY_INDEX_BYTES];
    cache_index(&owner, wrapped, index);
    SubjectKey *key = key_cache_find(ring->cache, index);
    if (key != NULL) {
        *ret_key = key;
        return OK;
    }
    TRY(key_cache_take(ring->cache, &owner, &key));
    const WrapContext context = wrap_context(ring, &owner);
    Error error = unwrap_key(ring, key, &context, wrapped);
    if (FAILED(error)) {
        key_cache_abandon(ring->cache, key);
        return error;
    }
    return key_cache_publish(ring->cache, key, index, ret_key);
}

void keyring_forget_subject(Keyring *ring, const uint8_t *subject)
{
    key_cache_forget_subject(ring->cache, subject);
}

Str keyring_environment(const Keyring *ring)
{
    return str_bytes(ring->environment, ring->environment_bytes);
}

const Ports *keyring_ports(const Keyring *ring)
{
    return ring->ports;
}

SealCounts seal_counts(const Keyring *ring)
{
    SealCounts counts = {0};
    for (unsigned kind = 0; kind < SEAL_KIND_COUNT_; kind++) {
        counts.seals[kind] = atomic_load_explicit(&ring->seals[kind], memory_order_relaxed);
        counts.opens[kind] = atomic_load_explicit(&ring->opens[kind], memory_order_relaxed);
    }
    return counts;
}
