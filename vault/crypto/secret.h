/* secret.h — one secret object in memory of its own: locked, fenced by guard pages, unreadable
 * unless opened.
 *
 * For the few long-lived secrets (a KEK); the many 32-byte keys share a KeySlab. Must never be used
 * for attribute values (each object costs pages), and its bytes must never be copied out of the
 * scope that opened it.
 *
 * Layer: vault/crypto. Thread-safe: yes (several threads may have it open; the last close shuts
 * it).
 * Requirement: C-14. */
#ifndef MUSUBI_SECRET_H
#define MUSUBI_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"

typedef struct Secret Secret;

/* New secret of size_bytes zero bytes, shut. Free with secret_free.
 * Errors: OUT_OF_MEMORY, KEY_MEMORY (the pages could not be locked). */
Error secret_new(size_t size_bytes, Secret **ret_secret) MUST_USE;
/* Wipes and frees. NULL is fine. Returns NULL. */
Secret *secret_free(Secret *secret);

/* Makes the bytes readable and writable until the matching secret_close; returns the secret itself,
 * so that `CLEANUP(secret_close) Secret *open = secret_open(secret);` shuts it at the end of the
 * scope. Cannot fail. */
Secret *secret_open(Secret *secret);
/* Shuts it when the last opener closes. Returns NULL. */
Secret *secret_close(Secret *secret);

/* The bytes; to be touched only between secret_open and secret_close. */
uint8_t *secret_bytes(Secret *secret);
size_t secret_size_bytes(const Secret *secret);

DEFINE_CLEANUP(Secret, secret_free)
DEFINE_CLEANUP(Secret, secret_close)

#endif
