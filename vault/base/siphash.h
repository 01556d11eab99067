/* siphash.h — SipHash-1-3 (Aumasson, Bernstein): fast, and nobody without the seed can choose bytes
 * that collide.
 *
 * For tables in memory that callers can fill. Must never be stored, sent or used to hide a value:
 * 64 bits are too few, and the seed lives as long as the process.
 *
 * Layer: vault/base. Thread-safe: pure. */
#ifndef MUSUBI_SIPHASH_H
#define MUSUBI_SIPHASH_H

#include <stdint.h>

#include "str.h"

/* 64 bits; the same for the same seed and bytes. */
uint64_t siphash(const uint64_t seed[2], Str bytes);

#endif
