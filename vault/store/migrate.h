/* migrate.h — leads a store's documents from older layouts to the present one, forward only, step
 * by step.
 *
 * The meta document "store" holds the version. A step does its work in commits that can be
 * repeated, and its last commit also writes the next version: killed anywhere, the next run goes on
 * from there, and two nodes that start at once do the work once. Works through the port alone, so
 * on both adapters. Must run before anything else uses the store, and never leads backwards.
 *
 * Layer: vault/store. Thread-safe: yes. Requirement: R-T12. */
#ifndef MUSUBI_MIGRATE_H
#define MUSUBI_MIGRATE_H

#include "store.h"

typedef struct MigrationRun {
    Store *store;
    Deadline deadline; /* of the whole run */
    Arena *arena;      /* of one step */
    StoreBatch
        *last; /* a step puts its final changes here; the runner adds the version and commits */
} MigrationRun;

/* One step from version `from` to from + 1. run may commit by itself what can be done again without
 * harm. If it gives STORE_CONFLICT or STORE_EXISTS, another node was faster: the runner reads the
 * version and goes on. */
typedef struct MigrationStep {
    int64_t from;
    Error (*run)(MigrationRun *run);
} MigrationStep;

/* Brings the store to STORE_VERSION; a store without any document is marked with it at once.
 * Errors: STORE_NEWER, STORE_NOT_PREPARED (documents but no version: not a whole store), DEADLINE,
 * STORE_UNAVAILABLE, STORE_UNSETTLED (run again), STORE_CORRUPT, OUT_OF_MEMORY. */
Error store_migrate(Store *store, Deadline deadline) MUST_USE;
/* The same with other steps towards another version: for tests of the runner. */
Error store_migrate_by(Store *store, const MigrationStep *steps, size_t step_count, int64_t target,
                       Deadline deadline) MUST_USE;
/* The version that the store is at; 0: no version document. Errors: as store_get. */
Error store_version_read(Store *store, Deadline deadline, int64_t *ret_version) MUST_USE;

#endif
