/* log_model.h — the access log as a small machine: append, batch, write, sync, respond, crash,
 * recover.
 *
 * One state holds what the program knows and what the disk keeps; log_model_moves gives every state
 * that can follow. The moves are those of access_log_commit.c, segment.c and segment_recover.c: one
 * write and one sync a batch, a failed file left for good and cut, a start that copies the last
 * record into its own segment before it cuts it from the old one. A disk may lose, tear or keep
 * what was not synced, and a failed sync loses its pages while they can still be read (L-5).
 *
 * A plant is a fault put in on purpose: whoever finds no broken promise there would find none
 * elsewhere. Must never be linked outside tests.
 *
 * Layer: tests. Thread-safe: pure. Requirement: L-14. */
#ifndef MUSUBI_LOG_MODEL_H
#define MUSUBI_LOG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_REQUESTS = 4,
    MODEL_CRASHES = 3,
    MODEL_FAULTS = 2, /* failed writes and syncs */
    MODEL_SEGMENTS = 8,
    MODEL_RECORDS = MODEL_REQUESTS + 2
};

typedef enum ModelPlant {
    PLANT_NONE,
    PLANT_RESPOND_BEFORE_SYNC,
    PLANT_FORGET_TAIL,     /* a start cuts the last record instead of copying it */
    PLANT_TRUST_TAIL,      /* a start leaves the last record where it stands, synced or not */
    PLANT_SYNC_AGAIN,      /* after a failed sync the same file is synced once more */
    PLANT_BATCH_ANEW,      /* after a failure the leaves join the next batch */
    PLANT_CUT_BEFORE_COPY, /* a start cuts the old record before its copy is durable */
    PLANT_TRUST_COPY,      /* a start takes the copy of a stopped one for durable */
    PLANT_COUNT_
} ModelPlant;

/* Why a plant is one, for messages. Static. */
const char *model_plant_name(ModelPlant plant);

typedef enum ModelRequest {
    REQUEST_NEW,
    REQUEST_WAITING,
    REQUEST_ANSWERED,
    REQUEST_REFUSED
} ModelRequest;

typedef enum ModelPhase {
    PHASE_RUNNING,
    PHASE_DOWN,
    PHASE_CREATED,
    PHASE_COPIED,
    PHASE_SYNCED
} ModelPhase;

typedef enum ModelStage { STAGE_NONE, STAGE_TAKEN, STAGE_WRITTEN, STAGE_DURABLE } ModelStage;

/* A record: its leaves (one bit a request), and how it stands with the disk. */
#define RECORD_LEAVES 0x0fU
#define RECORD_DURABLE 0x10U
#define RECORD_DROPPED 0x20U /* its sync failed: readable until the power goes, on no disk */

typedef struct ModelSegment {
    uint8_t count;
    uint8_t is_torn; /* torn bytes stand behind the last record */
    uint8_t records[MODEL_RECORDS];
} ModelSegment;

/* Bytes only: states are compared and hashed as they lie in memory. */
typedef struct ModelState {
    uint8_t phase;
    uint8_t stage;
    uint8_t crashes;
    uint8_t faults;
    uint8_t requests[MODEL_REQUESTS];
    uint8_t queue;   /* leaves of the open batch */
    uint8_t pending; /* leaves of the batch on its way */
    uint8_t settled; /* leaves of batches announced in this life */
    uint8_t is_poisoned;
    uint8_t has_file;
    uint8_t head_count;
    uint8_t head[MODEL_RECORDS]; /* what was acknowledged: the batches of the newest signed head */
    uint8_t segment_count;
    ModelSegment segments[MODEL_SEGMENTS];
} ModelState;

/* An empty folder and a program that has just opened it. */
ModelState log_model_start(void);

typedef void (*ModelVisit)(void *context, const ModelState *next);
/* Calls visit with each state that can follow this one under this plant. */
void log_model_moves(const ModelState *state, ModelPlant plant, ModelVisit visit, void *context);

/* The promise that this state breaks, or NULL. Static. */
const char *log_model_broken(const ModelState *state);

#endif
