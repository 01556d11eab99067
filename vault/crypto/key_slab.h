/* key_slab.h — one locked piece of memory that holds all 32-byte keys of the process, unreadable
 * while nobody uses it.
 *
 * Threads share it: an operation enters, touches slots, leaves. One to two seconds after the last
 * use a small thread makes the pages inaccessible; the next enter opens them again. After
 * key_slab_wipe nobody can enter until key_slab_revive. Must never give out a slot's address beyond
 * enter and leave, and never run on unlocked pages.
 *
 * Layer: vault/crypto, inside the room only. Thread-safe: yes (enter and leave are two atomic
 * additions).
 * Requirement: C-14. */
#ifndef MUSUBI_KEY_SLAB_H
#define MUSUBI_KEY_SLAB_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"

#define KEY_SLOT_BYTES 32

typedef struct KeySlab KeySlab;

/* A slab of `slots` zeroed slots and its resting thread. Free with key_slab_free.
 * Errors: KEY_MEMORY, OUT_OF_MEMORY, INTERNAL (no thread). */
Error key_slab_new(uint32_t slots, KeySlab **ret_slab) MUST_USE;
/* Wipes, stops the thread, frees. Nobody may be inside. NULL is fine. Returns NULL. */
KeySlab *key_slab_free(KeySlab *slab);

/* Opens the slab for this thread until key_slab_leave; false when it was wiped (then don't leave).
 * May be nested. */
bool key_slab_enter(KeySlab *slab) MUST_USE;
void key_slab_leave(KeySlab *slab);
/* The 32 bytes of a slot; only between enter and leave. */
uint8_t *key_slab_slot(KeySlab *slab, uint32_t slot);

/* Waits until nobody is inside, zeroes all slots and refuses entry from now on. Not from inside. */
void key_slab_wipe(KeySlab *slab);
/* Lets threads in again; the slots are zero. */
void key_slab_revive(KeySlab *slab);

/* Shuts the pages if nobody is inside and nobody came since the last call: what the thread does
 * each second. */
void key_slab_rest(KeySlab *slab);
/* Whether the pages are accessible at this moment (for tests). */
bool key_slab_is_open(KeySlab *slab);

DEFINE_CLEANUP(KeySlab, key_slab_free)

#endif
