/* write_turn.h — writers of one entity on this node take turns.
 *
 * Without turns all but one of a crowd would write an intent into the citizen's history that comes
 * to nothing, and be sent round again. Turns spare work and leaves and decide nothing: what makes a
 * write right is its commit, and writers on other nodes know no turns. Must never be waited for
 * with a snapshot open, and never more than one at a time.
 *
 * Layer: vault/gate; used by gate_write alone. Thread-safe: yes (a WriteTurn is single-owner). */
#ifndef MUSUBI_WRITE_TURN_H
#define MUSUBI_WRITE_TURN_H

#include <stdbool.h>

#include "clock.h"
#include "str.h"

typedef struct WriteTurn {
    bool is_taken;
    unsigned lane;
} WriteTurn;

/* Waits for the turn of the document with this key; at once when the turn is taken already.
 * Errors: STORE_CONFLICT (the deadline came first), OUT_OF_MEMORY. */
Error write_turn_take(WriteTurn *turn, Str key, Deadline deadline) MUST_USE;
/* Gives it to the next. Twice is fine. */
void write_turn_done(WriteTurn *turn);

/* For CLEANUP(write_turn_done) WriteTurn turn = {0}; */
__attribute__((unused)) static inline void write_turn_done_cleanup_(WriteTurn *turn)
{
    write_turn_done(turn);
}

#endif
