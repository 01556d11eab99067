#include "arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Sensitive chunks are whole pages from mmap, so that MADV_DONTDUMP covers them and nothing else;
 * roomy ones too, so that only what is touched is there; plain chunks come from malloc. */

/* Pages of a sensitive chunk cost nothing until they are touched, and a request should fit into one
 * chunk; a plain one is zeroed whole, so it is small. */
#define SENSITIVE_CHUNK_BYTES ((size_t)128 << 10)
#define PLAIN_CHUNK_BYTES ((size_t)8 << 10)
#define ALIGNMENT alignof(max_align_t)
#define BUDGET_MAX (SIZE_MAX / 4) /* no sum of sizes below it can wrap */

typedef struct Chunk {
    struct Chunk *next;
    size_t size_bytes; /* of the whole block, header included */
    size_t used_bytes; /* header included */
} Chunk;

struct Arena {
    Chunk *chunks;
    size_t budget_bytes;
    size_t used_bytes;
    size_t chunk_bytes; /* of a usual chunk */
    bool is_mapped;
    bool is_sensitive;
    ErrorReason failure;
};

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

static Chunk *chunk_map(const Arena *arena, size_t size)
{
    /* whoever needs a second usual chunk fills it: its pages cost less together than one by one */
    bool is_filled = arena->is_sensitive && arena->chunks != NULL && size == arena->chunk_bytes;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (is_filled ? MAP_POPULATE : 0);
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (pages == MAP_FAILED) {
        return NULL;
    }
    if (arena->is_sensitive) {
        (void)madvise(pages, size, MADV_DONTDUMP); /* best effort: PR_SET_DUMPABLE 0 is the rule */
    }
    return pages;
}

static Chunk *chunk_new(const Arena *arena, size_t payload_bytes)
{
    size_t header = round_up(sizeof(Chunk), ALIGNMENT);
    size_t size = header + payload_bytes;
    size = size < arena->chunk_bytes ? arena->chunk_bytes : size;
    size = arena->is_mapped ? round_up(size, 4096) : size;
    Chunk *chunk = arena->is_mapped ? chunk_map(arena, size) : calloc(1, size);
    if (chunk != NULL) {
        chunk->size_bytes = size;
        chunk->used_bytes = header;
    }
    return chunk;
}

static void chunk_free(const Arena *arena, Chunk *chunk)
{
    if (!arena->is_mapped) {
        free(chunk);
        return;
    }
    size_t size = chunk->size_bytes;
    if (arena->is_sensitive) {
        explicit_bzero(chunk, chunk->used_bytes); /* the rest was never handed out */
    }
    (void)munmap(chunk, size);
}

static Arena *arena_make(size_t budget_bytes, size_t chunk_bytes)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL) {
        return NULL;
    }
    arena->budget_bytes = budget_bytes < BUDGET_MAX ? budget_bytes : BUDGET_MAX;
    arena->chunk_bytes = chunk_bytes;
    return arena;
}

Arena *arena_new(size_t budget_bytes)
{
    return arena_make(budget_bytes, PLAIN_CHUNK_BYTES);
}

Arena *arena_new_sensitive(size_t budget_bytes)
{
    Arena *arena = arena_make(budget_bytes, SENSITIVE_CHUNK_BYTES);
    if (arena != NULL) {
        arena->is_mapped = true;
        arena->is_sensitive = true;
    }
    return arena;
}

Arena *arena_new_roomy(size_t budget_bytes, size_t chunk_bytes)
{
    Arena *arena = arena_make(budget_bytes, round_up(chunk_bytes, 4096));
    if (arena != NULL) {
        arena->is_mapped = true;
    }
    return arena;
}

Arena *arena_free(Arena *arena)
{
    if (arena == NULL) {
        return NULL;
    }
    Chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        Chunk *next = chunk->next;
        chunk_free(arena, chunk);
        chunk = next;
    }
    free(arena);
    return NULL;
}

/* Mapping and unmapping pages for each request stops all threads of the process for a moment; who
 * serves many keeps arenas and resets them. Only a chunk of the usual size is kept, so that one
 * large request does not hold memory. */
void arena_reset(Arena *arena)
{
    Chunk *kept = NULL;
    Chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        Chunk *next = chunk->next;
        if (kept == NULL && chunk->size_bytes <= arena->chunk_bytes) {
            size_t header = round_up(sizeof(Chunk), ALIGNMENT);
            explicit_bzero((char *)chunk + header, chunk->used_bytes - header);
            chunk->used_bytes = header;
            chunk->next = NULL;
            kept = chunk;
        } else {
            chunk_free(arena, chunk);
        }
        chunk = next;
    }
    arena->chunks = kept;
    arena->used_bytes = 0;
}

static void *refuse(Arena *arena, ErrorReason reason)
{
    arena->failure = reason;
    return NULL;
}

/* A large block fills its own chunk: it goes behind the current one, whose rest stays in use. */
static void link_chunk(Arena *arena, Chunk *chunk, size_t need)
{
    if (need > arena->chunk_bytes / 4 && arena->chunks != NULL) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
        return;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
}

void *arena_alloc(Arena *arena, size_t size)
{
    if (size > BUDGET_MAX) {
        return refuse(arena, REASON_BUDGET_EXCEEDED);
    }
    /* what is counted is what is taken: a million empty allocations are sixteen million bytes */
    size_t need = round_up(size == 0 ? 1 : size, ALIGNMENT);
    if (need > arena->budget_bytes - arena->used_bytes) {
        return refuse(arena, REASON_BUDGET_EXCEEDED);
    }
    Chunk *chunk = arena->chunks;
    if (chunk == NULL || need > chunk->size_bytes - chunk->used_bytes) {
        chunk = chunk_new(arena, need);
        if (chunk == NULL) {
            return refuse(arena, REASON_OUT_OF_MEMORY);
        }
        link_chunk(arena, chunk, need);
    }
    void *memory = (char *)chunk + chunk->used_bytes;
    chunk->used_bytes += need;
    arena->used_bytes += need;
    return memory;
}

void *arena_alloc_array(Arena *arena, size_t count, size_t item_bytes)
{
    size_t size = 0;
    if (__builtin_mul_overflow(count, item_bytes, &size)) {
        return refuse(arena, REASON_BUDGET_EXCEEDED);
    }
    return arena_alloc(arena, size);
}

Error arena_failure(const Arena *arena)
{
    /* refused before the arena was asked (a size no arena has): the same answer as a budget's */
    ErrorReason reason = arena->failure == REASON_NONE ? REASON_BUDGET_EXCEEDED : arena->failure;
    return error_make(reason, NULL, ERROR_SITE);
}

size_t arena_used_bytes(const Arena *arena)
{
    return arena->used_bytes;
}
