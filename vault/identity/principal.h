/* principal.h — who is asking: made by authentication, consumed by the gate and the brokers.
 *
 * Must never carry a token or a secret; must never be built from anything a client sent but a
 * verified token.
 *
 * Layer: vault/identity. Thread-safe: pure. Spec: 6(1)ア, 7(2)イ. */
#ifndef MUSUBI_PRINCIPAL_H
#define MUSUBI_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

typedef enum ActorKind {
    ACTOR_ANONYMOUS, /* no token: open data at most */
    ACTOR_SERVICE,   /* an OAuth client */
    ACTOR_CITIZEN,   /* the portal on behalf of a signed-in citizen */
    ACTOR_KIND_COUNT_
} ActorKind;

typedef struct Principal {
    ActorKind kind;
    Str tenant;          /* the tenant the token is bound to */
    Str client;          /* service id, e.g. "kenko"; "" for anonymous */
    Str purpose;         /* the one purpose of the token; "" = none, so no personal data */
    uint8_t subject[16]; /* ACTOR_CITIZEN: the citizen's stored subject id */
    Str address;         /* source address as text, for the access log */
    Str user_agent;      /* as sent, cut at 256 bytes */
    Str request_id;      /* correlates log lines and leaves */
} Principal;

#endif
