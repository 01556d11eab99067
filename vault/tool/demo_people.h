/* demo_people.h — invented citizens, the same for the same seed: names, dates and addresses that no
 * one has.
 *
 * Addresses end in block numbers above 9000 and mail addresses in example.invalid, so that nobody
 * real is met. Must never be fed with real data or used for anything but demonstration and tests.
 *
 * Layer: vault/tool. Thread-safe: pure. */
#ifndef MUSUBI_DEMO_PEOPLE_H
#define MUSUBI_DEMO_PEOPLE_H

#include <stdint.h>

#include "arena.h"
#include "entity.h"
#include "error.h"

/* A repeatable source of choices (splitmix64); not for secrets. */
typedef struct DemoRandom {
    uint64_t state;
} DemoRandom;

/* The stream of one citizen: independent of how many others there are. */
DemoRandom demo_random_for(uint64_t seed, uint64_t citizen);
/* Uniform in 0..below-1; below ≥ 1. */
uint32_t demo_random_below(DemoRandom *random, uint32_t below);

/* The 28 attributes of a Person (national ユーザ model) for citizen number `citizen`, in the arena;
 * names and types as in schemas/entities/Person.json, writer "line-portal", times = now_us. Errors:
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error demo_person_in(Arena *arena, DemoRandom *random, uint64_t citizen, int64_t now_us,
                     Attribute **ret_attributes, size_t *ret_count) MUST_USE;

/* A text as JSON string; the text must need no escapes. */
Error demo_json_text(Arena *arena, Str text, Str *ret_json) MUST_USE;

#endif
