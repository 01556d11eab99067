/* arena.h — memory of one request: a chunked bump allocator with a budget; everything goes at once.
 *
 * A sensitive arena wipes its chunks before it returns them and keeps them out of core dumps; every
 * request that may touch personal data uses one. Must never be shared between threads and never
 * hold long-lived objects.
 *
 * Layer: vault/base. Thread-safe: single-owner. Requirement: C-14. */
#ifndef MUSUBI_ARENA_H
#define MUSUBI_ARENA_H

#include <stddef.h>

#include "error.h"

typedef struct Arena Arena;

#define ARENA_REQUEST_BYTES ((size_t)8 << 20)

/* New arena that may hand out budget_bytes in all. NULL when the system has no memory. Free with
 * arena_free. */
Arena *arena_new(size_t budget_bytes) MUST_USE;
/* The same, wiped when freed and excluded from core dumps. */
Arena *arena_new_sensitive(size_t budget_bytes) MUST_USE;
/* As arena_new, in chunks of chunk_bytes instead of a few kilobytes: for walks that fill about so
 * much again and again. What is never touched costs nothing, and arena_reset keeps a chunk. */
Arena *arena_new_roomy(size_t budget_bytes, size_t chunk_bytes) MUST_USE;
/* Frees all it gave (wiped first if sensitive). NULL is fine. Returns NULL. */
Arena *arena_free(Arena *arena);

/* Takes back all it gave and starts anew with the same budget: one chunk stays for the next user
 * (what was used of it is zeroed, in a sensitive arena beyond the compiler's reach), the others go
 * as in arena_free. */
void arena_reset(Arena *arena);

/* Zeroed memory of size bytes, aligned for any type; lives as long as the arena.
 * NULL when over budget or out of memory: leave with arena_failure(arena). size 0 gives a valid
 * pointer. */
void *arena_alloc(Arena *arena, size_t size) MUST_USE;
/* The same for count items; refuses overflow. */
void *arena_alloc_array(Arena *arena, size_t count, size_t item_bytes) MUST_USE;
/* Why the last allocation gave NULL: BUDGET_EXCEEDED or OUT_OF_MEMORY. */
Error arena_failure(const Arena *arena);

/* Bytes handed out so far, each allocation rounded up to its alignment. */
size_t arena_used_bytes(const Arena *arena);

/* Typed helpers: declare in the caller `T *p = ARENA_ONE(arena, T); ENSURE_ALLOC(p, arena);` */
#define ARENA_ONE(arena_, T) ((T *)arena_alloc((arena_), sizeof(T)))
#define ARENA_MANY(arena_, T, count_) ((T *)arena_alloc_array((arena_), (count_), sizeof(T)))
#define ENSURE_ALLOC(pointer_, arena_)                                                             \
    do {                                                                                           \
        if ((pointer_) == NULL) {                                                                  \
            return arena_failure(arena_);                                                          \
        }                                                                                          \
    } while (0)

/* Scope exit: `CLEANUP(arena_free) Arena *arena = …` frees when the block is left; TAKE hands
 * ownership on. */
#define CLEANUP(function_) __attribute__((cleanup(function_##_cleanup_)))
#define DEFINE_CLEANUP(T, function_)                                                               \
    __attribute__((unused)) static inline void function_##_cleanup_(T **object)                    \
    {                                                                                              \
        if (*object != NULL) {                                                                     \
            (void)function_(*object);                                                              \
        }                                                                                          \
    }
#define TAKE(pointer_)                                                                             \
    __extension__({                                                                                \
        __typeof__(pointer_) take_value_ = (pointer_);                                             \
        (pointer_) = NULL;                                                                         \
        take_value_;                                                                               \
    })

DEFINE_CLEANUP(Arena, arena_free)

#endif
