/* demo_entities.h — the personal entities of one invented citizen, as their services would have
 * written them.
 *
 * Layer: vault/tool. Must never write for a citizen of a real store. Thread-safe: single-owner. */
#ifndef MUSUBI_DEMO_ENTITIES_H
#define MUSUBI_DEMO_ENTITIES_H

#include "demo_plan.h"
#include "demo_truth.h"
#include "store.h"
#include "subject.h"

/* Puts the Person, the days of steps that kenko wrote and neppi-pay's account into the batch. truth
 * may be NULL. Errors: those of sealed_entity.h. */
Error demo_entities_add(VaultCall *call, StoreBatch *batch, const Subject *subject, DemoPlan *plan,
                        DemoTruth *truth) MUST_USE;

#endif
