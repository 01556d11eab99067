#include "key_cache.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef enum EntryState {
    ENTRY_FREE,
    ENTRY_TAKEN,     /* being filled, or unlinked but still on loan */
    ENTRY_PUBLISHED, /* found by its index */
} EntryState;

struct SubjectKey {
    Keyring *ring;
    KeyCache *cache;
    uint32_t slot;
    uint32_t generation;
    uint8_t subject[SUBJECT_ID_BYTES];
    char tenant[KEYRING_NAME_BYTES_MAX];
    uint32_t tenant_bytes;
    _Atomic uint32_t busy; /* operations inside the slot at this moment */
    _Atomic bool is_wiped; /* set before the slot is zeroed; looked at after `busy` is raised */
    EntryState state;      /* this and the rest under the cache's lock */
    uint32_t refs;
    uint64_t epoch; /* of the cache when it was taken */
    uint8_t index[KEY_INDEX_BYTES];
    SubjectKey *bucket_next;
    SubjectKey *older; /* in the list of published entries without a reference */
    SubjectKey *newer;
};

struct KeyCache {
    Keyring *ring;
    KeySlab *slab;
    uint32_t first_slot;
    uint32_t count;
    uint32_t touched; /* entries ever used: the rest of the array is not even paged in */
    uint32_t live;
    uint32_t bucket_mask;
    pthread_mutex_t lock;
    uint64_t epoch;
    SubjectKey *entries;
    SubjectKey **buckets;
    SubjectKey *free_list; /* through bucket_next */
    SubjectKey *oldest;
    SubjectKey *newest;
};

static void lock_cache(KeyCache *cache)
{
    (void)pthread_mutex_lock(&cache->lock);
}

static void unlock_cache(KeyCache *cache)
{
    (void)pthread_mutex_unlock(&cache->lock);
}

static uint32_t power_of_two_from(uint32_t n)
{
    uint32_t power = 16;
    while (power < n) {
        power *= 2;
    }
    return power;
}

Error key_cache_new(Keyring *ring, KeySlab *slab, uint32_t first_slot, uint32_t count,
                    KeyCache **ret_cache)
{
    CLEANUP(key_cache_free) KeyCache *cache = calloc(1, sizeof *cache);
    ENSURE(cache != NULL, OUT_OF_MEMORY, NULL);
    (void)pthread_mutex_init(&cache->lock, NULL); /* a default mutex can't fail on Linux */
    uint32_t buckets = power_of_two_from(count);
    cache->ring = ring;
    cache->slab = slab;
    cache->first_slot = first_slot;
    cache->count = count;
    cache->bucket_mask = buckets - 1;
    cache->entries = calloc(count, sizeof *cache->entries);
    cache->buckets = calloc(buckets, sizeof *cache->buckets);
    ENSURE(cache->entries != NULL && cache->buckets != NULL, OUT_OF_MEMORY, NULL);
    *ret_cache = TAKE(cache);
    return OK;
}

KeyCache *key_cache_free(KeyCache *cache)
{
    if (cache != NULL) {
        free(cache->entries);
        free(cache->buckets);
        (void)pthread_mutex_destroy(&cache->lock);
        free(cache);
    }
    return NULL;
}

static SubjectKey **bucket_of(KeyCache *cache, const uint8_t *index)
{
    uint32_t hash = 0;
    memcpy(&hash, index, sizeof hash); /* the index is a digest: any four bytes are as good */
    return &cache->buckets[hash & cache->bucket_mask];
}

static SubjectKey *look_up(KeyCache *cache, const uint8_t *index)
{
    SubjectKey *key = *bucket_of(cache, index);
    while (key != NULL && sodium_memcmp(key->index, index, KEY_INDEX_BYTES) != 0) {
        key = key->bucket_next;
    }
    return key;
}

static void unlink_bucket(KeyCache *cache, SubjectKey *key)
{
    SubjectKey **at = bucket_of(cache, key->index);
    while (*at != key) {
        at = &(*at)->bucket_next;
    }
    *at = key->bucket_next;
    key->bucket_next = NULL;
    key->state = ENTRY_TAKEN;
}

static void idle_append(KeyCache *cache, SubjectKey *key)
{
    key->newer = NULL;
    key->older = cache->newest;
    *(cache->newest == NULL ? &cache->oldest : &cache->newest->newer) = key;
    cache->newest = key;
}

static void idle_remove(KeyCache *cache, SubjectKey *key)
{
    *(key->older == NULL ? &cache->oldest : &key->older->newer) = key->newer;
    *(key->newer == NULL ? &cache->newest : &key->newer->older) = key->older;
    key->older = NULL;
    key->newer = NULL;
}

static SubjectKey *add_reference(KeyCache *cache, SubjectKey *key)
{
    if (key->refs++ == 0) {
        idle_remove(cache, key);
    }
    return key;
}

static void drop_reference(KeyCache *cache, SubjectKey *key)
{
    if (--key->refs > 0) {
        return;
    }
    if (key->state == ENTRY_PUBLISHED) {
        idle_append(cache, key);
        return;
    }
    key->state = ENTRY_FREE;
    key->bucket_next = cache->free_list;
    cache->free_list = key;
    cache->live--;
}

static SubjectKey *unused_entry(KeyCache *cache)
{
    SubjectKey *key = cache->free_list;
    if (key != NULL) {
        cache->free_list = key->bucket_next;
        key->bucket_next = NULL;
        cache->live++;
        return key;
    }
    if (cache->touched < cache->count) {
        key = &cache->entries[cache->touched];
        key->ring = cache->ring;
        key->cache = cache;
        key->slot = cache->first_slot + cache->touched++;
        cache->live++;
        return key;
    }
    key = cache->oldest;
    if (key != NULL) {
        idle_remove(cache, key);
        unlink_bucket(cache, key);
    }
    return key;
}

SubjectKey *key_cache_find(KeyCache *cache, const uint8_t index[KEY_INDEX_BYTES])
{
    lock_cache(cache);
    SubjectKey *key = look_up(cache, index);
    if (key != NULL) {
        (void)add_reference(cache, key);
    }
    unlock_cache(cache);
    return key;
}

static void assign(KeyCache *cache, SubjectKey *key, const KeyOwner *owner)
{
    key->state = ENTRY_TAKEN;
    key->refs = 1;
    key->epoch = cache->epoch;
    key->generation = owner->generation;
    memcpy(key->subject, owner->subject, SUBJECT_ID_BYTES);
    key->tenant_bytes = (uint32_t)owner->tenant.n;
    if (owner->tenant.n > 0) {
        memcpy(key->tenant, owner->tenant.p, owner->tenant.n);
    }
    atomic_store(&key->is_wiped, false);
}

Error key_cache_take(KeyCache *cache, const KeyOwner *owner, SubjectKey **ret_key)
{
    lock_cache(cache);
    SubjectKey *key = unused_entry(cache);
    if (key != NULL) {
        assign(cache, key, owner);
    }
    unlock_cache(cache);
    ENSURE(key != NULL, KEY_SLOTS_FULL, NULL);
    *ret_key = key;
    return OK;
}

/* Zeroes the slot unless it is zero already because the slab was wiped. */
static void zero_slot(SubjectKey *key)
{
    KeySlab *slab = key->cache->slab;
    if (key_slab_enter(slab)) {
        sodium_memzero(key_slab_slot(slab, key->slot), KEY_SLOT_BYTES);
        key_slab_leave(slab);
    }
}

void key_cache_abandon(KeyCache *cache, SubjectKey *key)
{
    zero_slot(key);
    lock_cache(cache);
    drop_reference(cache, key);
    unlock_cache(cache);
}

static void link_entry(KeyCache *cache, SubjectKey *key, const uint8_t *index)
{
    memcpy(key->index, index, KEY_INDEX_BYTES);
    SubjectKey **bucket = bucket_of(cache, index);
    key->bucket_next = *bucket;
    *bucket = key;
    key->state = ENTRY_PUBLISHED;
}

Error key_cache_publish(KeyCache *cache, SubjectKey *key, const uint8_t index[KEY_INDEX_BYTES],
                        SubjectKey **ret_key)
{
    lock_cache(cache);
    bool is_current = key->epoch == cache->epoch;
    bool is_forgotten = atomic_load(&key->is_wiped);
    SubjectKey *published = NULL;
    if (is_current && !is_forgotten) {
        published = look_up(cache, index);
        if (published != NULL) {
            (void)add_reference(cache, published);
        } else {
            link_entry(cache, key, index);
            published = key;
        }
    }
    unlock_cache(cache);
    if (published != key) {
        key_cache_abandon(cache, key);
    }
    ENSURE(is_current, VAULT_SEALED, NULL);
    ENSURE(!is_forgotten, CRYPTO_OPEN, NULL);
    *ret_key = published;
    return OK;
}

/* Next entry of the subject from *at on that still works, marked, unlinked and with a reference;
 * NULL at the end. */
static SubjectKey *mark_next(KeyCache *cache, const uint8_t *subject, uint32_t *at)
{
    SubjectKey *found = NULL;
    lock_cache(cache);
    for (; found == NULL && *at < cache->touched; (*at)++) {
        SubjectKey *key = &cache->entries[*at];
        if (key->state == ENTRY_FREE || atomic_load(&key->is_wiped) ||
            sodium_memcmp(key->subject, subject, SUBJECT_ID_BYTES) != 0) {
            continue;
        }
        found = key;
        if (key->state == ENTRY_PUBLISHED) {
            (void)add_reference(cache, key);
            unlink_bucket(cache, key);
        } else {
            key->refs++;
        }
        atomic_store(&key->is_wiped, true);
    }
    unlock_cache(cache);
    return found;
}

void key_cache_forget_subject(KeyCache *cache, const uint8_t *subject)
{
    uint32_t at = 0;
    for (SubjectKey *key = mark_next(cache, subject, &at); key != NULL;
         key = mark_next(cache, subject, &at)) {
        /* Whoever came before the mark is inside for microseconds; whoever comes after turns
         * round. */
        while (atomic_load(&key->busy) != 0) {
            (void)sched_yield();
        }
        key_cache_abandon(cache, key);
    }
}

void key_cache_forget_all(KeyCache *cache)
{
    lock_cache(cache);
    cache->epoch++;
    for (uint32_t i = 0; i < cache->touched; i++) {
        SubjectKey *key = &cache->entries[i];
        if (key->state == ENTRY_FREE) {
            continue;
        }
        atomic_store(&key->is_wiped, true);
        if (key->state == ENTRY_PUBLISHED) {
            (void)add_reference(cache, key);
            unlink_bucket(cache, key);
            drop_reference(cache, key);
        }
    }
    unlock_cache(cache);
}

uint32_t key_cache_count(KeyCache *cache)
{
    lock_cache(cache);
    uint32_t live = cache->live;
    unlock_cache(cache);
    return live;
}

Error subject_key_begin(SubjectKey *key, uint8_t **ret_bytes)
{
    KeySlab *slab = key->cache->slab;
    ENSURE(key_slab_enter(slab), VAULT_SEALED, NULL);
    atomic_fetch_add(&key->busy, 1);
    if (atomic_load(&key->is_wiped)) {
        subject_key_end(key);
        return FAIL(CRYPTO_OPEN, NULL);
    }
    *ret_bytes = key_slab_slot(slab, key->slot);
    return OK;
}

void subject_key_end(SubjectKey *key)
{
    atomic_fetch_sub(&key->busy, 1);
    key_slab_leave(key->cache->slab);
}

SubjectKey *subject_key_ref(SubjectKey *key)
{
    lock_cache(key->cache);
    key->refs++; /* the caller holds one: it is not in the idle list */
    unlock_cache(key->cache);
    return key;
}

SubjectKey *subject_key_unref(SubjectKey *key)
{
    if (key != NULL) {
        lock_cache(key->cache);
        drop_reference(key->cache, key);
        unlock_cache(key->cache);
    }
    return NULL;
}

Keyring *subject_key_ring(const SubjectKey *key)
{
    return key->ring;
}

Str subject_key_tenant(const SubjectKey *key)
{
    return str_bytes(key->tenant, key->tenant_bytes);
}

const uint8_t *subject_key_subject(const SubjectKey *key)
{
    return key->subject;
}

uint32_t subject_key_generation(const SubjectKey *key)
{
    return key->generation;
}
