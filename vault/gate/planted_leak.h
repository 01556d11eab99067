/* planted_leak.h — faults on purpose, so that the property test can show that it would see them.
 *
 * Without MUSUBI_PLANTED_LEAK, which the build defines for the leaking variants of one test and for
 * nothing else, all of this is false at compile time. Must never be defined in a program that
 * ships.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: pure. Requirement: consent rules 1, 4, 5.
 */
#ifndef MUSUBI_PLANTED_LEAK_H
#define MUSUBI_PLANTED_LEAK_H

#define PLANTED_LEAK_FILTER 1 /* conditions look at what is hidden */
#define PLANTED_LEAK_COUNT 2  /* counts tell of entities that the view lacks */
#define PLANTED_LEAK_ORDER 3  /* the order of a citizen's entities tells when they were created */

#ifdef MUSUBI_PLANTED_LEAK
#define PLANTED_LEAK(kind_) (MUSUBI_PLANTED_LEAK == PLANTED_LEAK_##kind_)
#else
#define PLANTED_LEAK(kind_) false
#endif

#endif
