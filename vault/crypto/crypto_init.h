/* crypto_init.h — first call of every program that links the vault.
 *
 * Starts libsodium and makes the process a bad place to look for keys: no core file, no ptrace by
 * the same user. Must never be skipped: everything else in this room assumes it ran.
 *
 * Layer: vault/crypto. Thread-safe: yes (idempotent). Requirement: C-14. */
#ifndef MUSUBI_CRYPTO_INIT_H
#define MUSUBI_CRYPTO_INIT_H

#include "error.h"

/* Initialises libsodium, sets RLIMIT_CORE to 0 and PR_SET_DUMPABLE to 0 (left alone in sanitizer
 * builds, whose leak check needs it). Errors: INTERNAL. */
Error crypto_init(void) MUST_USE;

#endif
