/* fault_town.h — a small vault with Musubi's Api in front of it, without sockets, in which the n-th
 * call of one kind fails while a request is served.
 *
 * Memory faults are those of the request's thread: every arena allocation (the budget is used up),
 * every malloc, calloc, realloc and mmap of our own code. The program that uses this must be linked
 * with the wraps of CMakeLists.txt. Must never be linked outside tests.
 *
 * Layer: tests. Thread-safe: single-owner. Requirement: R-T5. */
#ifndef MUSUBI_FAULT_TOWN_H
#define MUSUBI_FAULT_TOWN_H

#include "api_surface.h"
#include "test_signer.h"
#include "test_vault.h"

typedef enum Inject {
    INJECT_ARENA,
    INJECT_MALLOC,
    INJECT_FILE_ONCE,
    INJECT_FILE_LASTING, /* from the n-th call to the end of the request */
    INJECT_ENTROPY,
    INJECT_COMMIT_BEFORE, /* fails, nothing happened */
    INJECT_COMMIT_AFTER,  /* happened, the answer is lost */
    INJECT_COUNT_
} Inject;

const char *inject_name(Inject inject);

typedef struct Town {
    TestVault vault;
    Broker *open_half;
    Broker *personal_half;
    Broker *both;
    Api api;
    TestCitizen first; /* kenko knows them as walker-1 and walker-2 */
    TestCitizen second;
    Str kenko;   /* "Bearer …" */
    Str citizen; /* of the first */
    Signer *signer;
    unsigned numbers; /* for ids that must be new */
} Town;

typedef struct Ask {
    HttpMethod method;
    Str target;
    Str body;
    Str content_type;
    Str bearer;
    Str idempotency_key;
} Ask;

typedef struct Answer {
    int status;
    Str body; /* in the vault's arena, like text */
    Str text; /* all that the caller sees */
} Answer;

void town_open(Town *town, uint64_t seed);
void town_close(Town *town);

Answer town_send(Town *town, const Ask *ask);
/* The same while the n-th call of this kind fails. *ret_is_hit: it was reached. */
Answer town_send_under(Town *town, const Ask *ask, Inject inject, uint64_t n, bool *ret_is_hit);
/* How many calls of a memory kind the request makes. */
uint64_t town_count(Town *town, const Ask *ask, Inject inject);

/* What services and the citizen can see of the state: entities, and how many grants are active. */
Str town_state(Town *town);

#endif
