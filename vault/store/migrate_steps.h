/* migrate_steps.h — the steps that lead from each older layout of the documents to the next one.
 *
 *   1 → 2  Version 1 kept a lease in one document {o: owner, u: until, n: fence}, format 1, so that
 *          each renewal broke the batches that were being built under the fence. Version 2 has a
 *          document "<name>/fence" beside it, whose version is the fence, and both have format 2.
 *   2 → 3  Version 3 knows entities of open data that expire (member x), and walks along by_expiry
 * and by_path. Version 2 took no dateExpires, so no document changes; the number rises so that a
 * program of version 2 never shows what has expired.
 *
 * Must never change a step that was released. Layer: vault/store. Thread-safe: pure.
 * Requirement: R-T12. */
#ifndef MUSUBI_MIGRATE_STEPS_H
#define MUSUBI_MIGRATE_STEPS_H

#include "migrate.h"

extern const MigrationStep MIGRATION_STEPS[];
extern const size_t MIGRATION_STEP_COUNT;

#endif
