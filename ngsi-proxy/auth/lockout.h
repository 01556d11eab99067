/* lockout.h — after failed proofs of identity the next one has to wait: 1 s, 2 s, 4 s … 15 min,
 * never for ever.
 *
 * Counted for a client as seen from one source, and for a source whatever client it names. Not for
 * a client from everywhere: then anybody could keep a service out by failing in its name, and what
 * is guessed here are signatures and 256-bit secrets, which more sources do not bring nearer. While
 * it waits nothing is verified, so floods cost a look into a table. A success forgets the client's
 * failures from there, not the source's. Callers on this machine are no source. In memory, per
 * node. Must never tell whether a proof that came too early was right.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: yes (one lock). Requirement: A-11. */
#ifndef MUSUBI_LOCKOUT_H
#define MUSUBI_LOCKOUT_H

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "str.h"

#define LOCKOUT_FREE_CLIENT 5  /* failures of a client from one source without a wait */
#define LOCKOUT_FREE_SOURCE 20 /* of a source in all */
#define LOCKOUT_WAIT_MAX_S 900
#define LOCKOUT_FORGET_S 3600 /* after the last failure */

typedef struct Lockout Lockout;

/* ports must outlive it. Free with lockout_free. Errors: OUT_OF_MEMORY, INTERNAL (entropy). */
Error lockout_new(const Ports *ports, Lockout **ret_lockout) MUST_USE;
/* NULL is fine. Returns NULL. */
Lockout *lockout_free(Lockout *lockout);

/* Before a proof is looked at. client: whom it claims to be, "" when that is not known; source: an
 * address or "unix". A lockout that is NULL stops nobody. Errors: LOCKED_OUT (argument: seconds to
 * wait, in the arena). */
Error lockout_check(Lockout *lockout, Str client, Str source, Arena *arena) MUST_USE;
/* What the proof came to. */
void lockout_failed(Lockout *lockout, Str client, Str source);
void lockout_succeeded(Lockout *lockout, Str client, Str source);

DEFINE_CLEANUP(Lockout, lockout_free)

#endif
