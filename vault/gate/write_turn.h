/* write_turn.h — writers of one entity on this node take turns.
 *
 * Without turns all but one of a crowd would write an intent into the citizen's history that comes
 * to nothing, and be sent round again. Turns spare work and leaves and decide nothing: what makes a
 * write right is its commit, and writers on other nodes know no turns. Whoever needs several takes
 * all of them in one and the same order, so that nobody waits in a ring. Must never be waited for
 * with a snapshot open, nor while holding others.
 *
 * Layer: vault/gate; used by gate_write alone. Thread-safe: yes (WriteTurns are single-owner). */
#ifndef MUSUBI_WRITE_TURN_H
#define MUSUBI_WRITE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "str.h"

typedef struct WriteTurns {
    uint64_t lanes; /* a bit for each that is taken */
} WriteTurns;

/* Whether the turns of all documents with these keys are taken already. */
bool write_turns_cover(const WriteTurns *turns, const Str *keys, size_t count);
/* Gives back what is taken and waits for the turns of all these documents. Errors: STORE_CONFLICT
 * (the deadline came first; nothing is taken then), OUT_OF_MEMORY. */
Error write_turns_take(WriteTurns *turns, const Str *keys, size_t count, Deadline deadline)
    MUST_USE;
/* Gives them to the next. Twice is fine. */
void write_turns_done(WriteTurns *turns);

/* For CLEANUP(write_turns_done) WriteTurns turns = {0}; */
__attribute__((unused)) static inline void write_turns_done_cleanup_(WriteTurns *turns)
{
    write_turns_done(turns);
}

#endif
