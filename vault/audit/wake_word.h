/* wake_word.h — sleep until someone says that something changed, without a lock to queue for
 * afterwards.
 *
 * Hundreds of callers wait for one batch. On a condition variable each of them would have to take
 * the mutex again, one after the other, before it may go; on a wake word all of them simply go. The
 * word carries no meaning: what changed stands in atomics of the owner, which waiters look at
 * between reading the word and sleeping on it.
 *
 * Must never be used without that order: read the word, look, sleep on the value read.
 *
 * Layer: vault/audit. Thread-safe: yes. Standard: futex(2). */
#ifndef MUSUBI_WAKE_WORD_H
#define MUSUBI_WAKE_WORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/* Zero is a good start. */
typedef struct WakeWord {
    _Atomic uint32_t changes;
} WakeWord;

/* The word as it is now. */
uint32_t wake_word_read(WakeWord *word);
/* Says that something changed: whoever sleeps wakes, and whoever read the word before does not fall
 * asleep. */
void wake_word_change(WakeWord *word);
/* Sleeps while the word is `seen`, for at most a tenth of a second of real time or what the
 * deadline leaves; false when the deadline had passed before. Waiters look again in either case. */
bool wake_word_sleep(WakeWord *word, uint32_t seen, Deadline deadline);

#endif
