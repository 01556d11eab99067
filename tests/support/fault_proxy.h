/* fault_proxy.h — a TCP proxy between a program and its MongoDB that goes wrong when a test says
 * so.
 *
 * It passes whole messages of the wire protocol and knows the name of each command, so that a fault
 * hits "the reply of the second commitTransaction" and not some bytes. One thread takes
 * connections, one serves each of them. Loopback only.
 *
 * Layer: tests/support. Thread-safe: yes; start and stop in one thread. Requirement: R-T7. */
#ifndef MUSUBI_FAULT_PROXY_H
#define MUSUBI_FAULT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum FaultMode {
    FAULT_PASS,
    FAULT_REFUSE,       /* resets every connection, old and new */
    FAULT_HANG,         /* takes requests and never answers; nothing reaches the server */
    FAULT_LOSE,         /* resets in place of passing the request on */
    FAULT_DROP_REPLY,   /* passes the request on, takes the reply, resets */
    FAULT_LATE,         /* resets; passes the request on when fault_proxy_release is called */
    FAULT_CUT_REPLY,    /* passes `bytes` bytes of the reply, then resets */
    FAULT_SLOW,         /* passes the reply at one byte a second */
    FAULT_GARBAGE,      /* answers with bytes of no meaning */
    FAULT_WRONG_LENGTH, /* the reply's header says `bytes` for its length */
    FAULT_BROKEN_BODY,  /* the reply's document says a wrong length for itself */
    FAULT_MODE_COUNT_
} FaultMode;

typedef struct FaultPlan {
    FaultMode mode;
    const char *command; /* hits only this command; NULL: every one. Lives as long as the plan. */
    unsigned times;      /* so many hits, then it passes; 0: until another plan */
    uint32_t bytes;
} FaultPlan;

/* A request that passes: a whole message. Called by several threads. */
typedef void (*FaultWitness)(void *context, const uint8_t *message, size_t n);

typedef struct FaultProxy FaultProxy;

/* Listens on a free loopback port, in front of a server's loopback port. Ends the process when it
 * can't. */
FaultProxy *fault_proxy_start(uint16_t server_port);
/* Resets all connections, ends all threads, frees. NULL is fine. Returns NULL. */
FaultProxy *fault_proxy_stop(FaultProxy *proxy);
uint16_t fault_proxy_port(const FaultProxy *proxy);
/* From the next message on. Takes the place of the plan before. */
void fault_proxy_plan(FaultProxy *proxy, FaultPlan plan);
/* How often the present plan has hit. */
unsigned fault_proxy_hits(FaultProxy *proxy);
/* Lets the requests go that FAULT_LATE holds, and returns when the server has answered them. */
void fault_proxy_release(FaultProxy *proxy);
/* Shows each request to the witness; NULL: nobody. */
void fault_proxy_witness(FaultProxy *proxy, FaultWitness witness, void *context);
/* Name of a mode, for messages. Static. */
const char *fault_mode_name(FaultMode mode);

#endif
