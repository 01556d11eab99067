#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "siphash.h"

typedef struct Slot {
    char *key; /* NULL: free */
    size_t key_bytes;
    uint64_t hash;
    void *value;
} Slot;

struct Map {
    Slot *slots;
    size_t size; /* a power of two, at most three quarters in use */
    size_t count;
    uint64_t seed[2];
};

/* --- the table --- */

#define FIRST_SIZE 16

Error map_new(const Entropy *entropy, Map **ret_map)
{
    CLEANUP(map_free) Map *map = calloc(1, sizeof *map);
    ENSURE(map != NULL, OUT_OF_MEMORY, NULL);
    map->slots = calloc(FIRST_SIZE, sizeof *map->slots);
    ENSURE(map->slots != NULL, OUT_OF_MEMORY, NULL);
    map->size = FIRST_SIZE;
    TRY(entropy->fill(entropy, map->seed, sizeof map->seed));
    *ret_map = TAKE(map);
    return OK;
}

Map *map_free(Map *map)
{
    if (map == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < map->size; i++) {
        free(map->slots[i].key);
    }
    free(map->slots);
    free(map);
    return NULL;
}

size_t map_count(const Map *map)
{
    return map->count;
}

static bool slot_has(const Slot *slot, uint64_t hash, Str key)
{
    return slot->hash == hash && str_eq(str_bytes(slot->key, slot->key_bytes), key);
}

/* The slot of the key, or the free one where it would go. */
static size_t find_slot(const Map *map, uint64_t hash, Str key)
{
    size_t at = hash & (map->size - 1);
    while (map->slots[at].key != NULL && !slot_has(&map->slots[at], hash, key)) {
        at = (at + 1) & (map->size - 1);
    }
    return at;
}

void *map_get(const Map *map, Str key)
{
    return map->slots[find_slot(map, siphash(map->seed, key), key)].value;
}

static Error grow(Map *map)
{
    size_t size = map->size * 2;
    Slot *slots = calloc(size, sizeof *slots);
    ENSURE(slots != NULL, OUT_OF_MEMORY, NULL);
    for (size_t i = 0; i < map->size; i++) {
        if (map->slots[i].key != NULL) {
            size_t at = map->slots[i].hash & (size - 1);
            while (slots[at].key != NULL) {
                at = (at + 1) & (size - 1);
            }
            slots[at] = map->slots[i];
        }
    }
    free(map->slots);
    map->slots = slots;
    map->size = size;
    return OK;
}

static Error insert(Map *map, uint64_t hash, Str key, void *value)
{
    char *copy = malloc(key.n + 1);
    ENSURE(copy != NULL, OUT_OF_MEMORY, NULL);
    if (key.n > 0) {
        memcpy(copy, key.p, key.n);
    }
    copy[key.n] = '\0';
    map->slots[find_slot(map, hash, key)] =
        (Slot){.key = copy, .key_bytes = key.n, .hash = hash, .value = value};
    map->count++;
    return OK;
}

Error map_put(Map *map, Str key, void *value, void **ret_old)
{
    uint64_t hash = siphash(map->seed, key);
    Slot *slot = &map->slots[find_slot(map, hash, key)];
    void *old = slot->value;
    if (slot->key != NULL) {
        slot->value = value;
    } else {
        if (map->count + 1 > map->size / 4 * 3) {
            TRY(grow(map));
        }
        TRY(insert(map, hash, key, value));
    }
    if (ret_old != NULL) {
        *ret_old = old;
    }
    return OK;
}

/* Whether the entry at `at`, which wants to stand at `home`, may move back into the hole: only if
 * the hole lies between the two. */
static bool may_move(size_t home, size_t hole, size_t at)
{
    return hole <= at ? home <= hole || home > at : home <= hole && home > at;
}

void *map_remove(Map *map, Str key)
{
    size_t mask = map->size - 1;
    size_t hole = find_slot(map, siphash(map->seed, key), key);
    void *value = map->slots[hole].value;
    if (map->slots[hole].key == NULL) {
        return NULL;
    }
    free(map->slots[hole].key);
    for (size_t at = (hole + 1) & mask; map->slots[at].key != NULL; at = (at + 1) & mask) {
        if (may_move(map->slots[at].hash & mask, hole, at)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (Slot){0};
    map->count--;
    return value;
}

bool map_next(const Map *map, size_t *cursor, Str *ret_key, void **ret_value)
{
    while (*cursor < map->size) {
        const Slot *slot = &map->slots[(*cursor)++];
        if (slot->key != NULL) {
            *ret_key = str_bytes(slot->key, slot->key_bytes);
            *ret_value = slot->value;
            return true;
        }
    }
    return false;
}
