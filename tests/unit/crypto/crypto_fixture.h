/* crypto_fixture.h — a vault's keyring for the tests of this room, over a key file in a folder of
 * its own.
 *
 * Two kinds of randomness: the system's, or a counter (00 01 02 …) whose bytes make_vectors.py
 * knows; both can fail the n-th call. Must never be linked into a program that serves anybody.
 *
 * Layer: tests/unit/crypto. Thread-safe: single-owner, but the entropy. */
#ifndef MUSUBI_CRYPTO_FIXTURE_H
#define MUSUBI_CRYPTO_FIXTURE_H

#include <limits.h>
#include <stdatomic.h>

#include "check.h"
#include "keyring.h"
#include "seal.h"

typedef struct TestEntropy {
    Entropy port; /* first */
    bool is_counting;
    _Atomic uint64_t at; /* bytes given */
    _Atomic uint64_t calls;
    uint64_t fails_at; /* this call fails; 0: none */
} TestEntropy;

typedef struct Vault {
    TestEntropy entropy;
    Ports ports;
    char folder[64];
    char kek_path[96];
    KekProvider *provider;
    Keyring *ring;
    Arena *arena;
    Str platform; /* wrapped platform keys */
} Vault;

#define TENANT STR("kasai")

/* A folder, a key file with the bytes 80 … 9f, an open keyring with new platform keys. slots 0: 64.
 */
void vault_open(Vault *vault, bool is_counting, uint32_t slots);
/* The same, but no key file and so a sealed ring without platform keys. */
void vault_open_sealed(Vault *vault);
/* Writes the key file of 80 … 9f with mode 0400. */
void vault_write_kek(Vault *vault);
void vault_done(Vault *vault);

/* 16 bytes of a subject: n big-endian at the end. */
typedef struct Id {
    uint8_t bytes[16];
} Id;
Id id_of(uint64_t n);
/* A new key of generation 1 for the subject in tenant kasai. */
SubjectKey *vault_new_key(Vault *vault, Id subject);

/* Hex text of bytes, and back; in the arena. */
Str hex_of(Arena *arena, Str bytes);
Str bytes_of(Arena *arena, const char *hex);
#define assert_hex(arena_, actual_, wanted_) assert_str(hex_of((arena_), (actual_)), (wanted_))

/* A small generator for inputs of property tests; its seed is printed by random_begin. */
typedef struct Random {
    uint64_t state;
} Random;
Random random_begin(const char *test);
uint64_t random_next(Random *random);

/* Prints and skips when the build can't show what the test is about. */
#ifdef MUSUBI_SANITIZED
#define SKIP_IF_SANITIZED(why_)                                                                    \
    do {                                                                                           \
        print_message("skipped in a sanitizer build: %s\n", (why_));                               \
        skip();                                                                                    \
    } while (0)
#else
#define SKIP_IF_SANITIZED(why_) (void)0
#endif

#endif
