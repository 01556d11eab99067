/* map.h — hash map from Str to a pointer, for long-lived registries.
 *
 * Open addressing, keys copied, hash keyed by a random seed (SipHash-1-3) so that nobody can choose
 * colliding keys. Must never own its values: the owner walks the map and frees them first.
 *
 * Layer: vault/base. Thread-safe: single-owner; readers may share a map that nobody changes. */
#ifndef MUSUBI_MAP_H
#define MUSUBI_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "str.h"

typedef struct Map Map;

/* An empty map. Free with map_free. Errors: INTERNAL (entropy), OUT_OF_MEMORY. */
Error map_new(const Entropy *entropy, Map **ret_map) MUST_USE;
/* Frees the map and its keys, not the values. NULL is fine. Returns NULL. */
Map *map_free(Map *map);

/* Number of entries. */
size_t map_count(const Map *map);
/* The value of a key, NULL when there is none. */
void *map_get(const Map *map, Str key);
/* Sets the value (not NULL) of a key. *ret_old (may be NULL) gets the value before, NULL if none.
 * Errors: OUT_OF_MEMORY (map unchanged). */
Error map_put(Map *map, Str key, void *value, void **ret_old) MUST_USE;
/* Takes a key out and returns its value, NULL when there was none. */
void *map_remove(Map *map, Str key);

/* Walks all entries in no particular order: start with *cursor = 0. The key lives until the entry
 * goes. False at the end. The map must not change during a walk. */
bool map_next(const Map *map, size_t *cursor, Str *ret_key, void **ret_value);

DEFINE_CLEANUP(Map, map_free)

#endif
