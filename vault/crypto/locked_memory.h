/* locked_memory.h — sodium_malloc that tells when its pages could not be locked.
 *
 * libsodium ignores a failing mlock; keys may not. Must never hand out memory that may be swapped.
 *
 * Layer: vault/crypto, inside the room only. Thread-safe: yes. Requirement: C-14, R-T9. */
#ifndef MUSUBI_LOCKED_MEMORY_H
#define MUSUBI_LOCKED_MEMORY_H

#include <stddef.h>

#include "error.h"

/* size_bytes zero bytes, locked, between guard pages, readable and writable; free with sodium_free.
 * Errors: OUT_OF_MEMORY; KEY_MEMORY, whose argument says the limit and how to raise it (static
 * text). */
Error locked_memory_new(size_t size_bytes, void **ret_memory) MUST_USE;

#endif
