/* embedded_update.h — Orion's PATCH …/attrs on one entity, in memory.
 *
 * Known attributes take the new value and type; their metadata stay unless given anew. Unknown ones
 * are named in the refusal while the known ones are written. Must never add an attribute.
 *
 * Layer: ngsi-proxy/broker; used by embedded_half alone. Thread-safe: pure. Standard: NGSIv2. */
#ifndef MUSUBI_EMBEDDED_UPDATE_H
#define MUSUBI_EMBEDDED_UPDATE_H

#include "entity.h"

typedef struct EmbeddedUpdate {
    size_t known_count;
    size_t missing_count;
    Str missing; /* "ID/TYPE - [ a, b ]", "" when none is missing */
} EmbeddedUpdate;

/* Merges changes into entity; texts of both must outlive it. Errors: BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error embedded_update_apply(Arena *arena, Entity *entity, const Entity *changes, int64_t now_us,
                            EmbeddedUpdate *ret_update) MUST_USE;

#endif
