/* migrate_steps.h — the steps that lead from each older layout of the documents to the next one.
 *
 *   1 → 2  Version 1 drew the order numbers of all view rows from one counter, "counter/view", so that two grants to
 *          unlike services met in one document. Version 2 keeps one counter per list, "counter/view/<list>"; each
 *          starts where the common one stood, so that no number comes twice.
 *
 * Must never change a step that was released. Layer: vault/store. Thread-safe: pure. Requirement: R-T12. */
#ifndef MUSUBI_MIGRATE_STEPS_H
#define MUSUBI_MIGRATE_STEPS_H

#include "migrate.h"

extern const MigrationStep MIGRATION_STEPS[];
extern const size_t MIGRATION_STEP_COUNT;

/* Name (for counter.h) of the one counter of version 1, and what stands before the list's name in version 2. */
#define VIEW_COUNTER_1 "view"
#define VIEW_COUNTER_2_PREFIX "view/"

#endif
