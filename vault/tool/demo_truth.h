/* demo_truth.h — what the demo city was made of, in clear, as JSON: tests compare answers with it,
 * and search disks for it.
 *
 *   {"seed": n, "citizens": [{"users": {service: user id}, "person": {attribute: value},
 *     "entities": [{"type", "id", "writer", "attributes": {…}}],
 *     "grants": [{"id", "recipient", "purpose", "type", "attributes", "operations", "state"}]}]}
 *
 * Must never be written for anything but invented citizens.
 *
 * Layer: vault/tool. Thread-safe: single-owner. */
#ifndef MUSUBI_DEMO_TRUTH_H
#define MUSUBI_DEMO_TRUTH_H

#include "demo_plan.h"
#include "entity.h"
#include "grant.h"

#define DEMO_GRANTS_MAX 24

typedef struct DemoGrant {
    char id[40];
    DemoConsent consent;
    Grant grant; /* as it was given; lives in the chunk's arena */
} DemoGrant;

typedef struct DemoGrants {
    DemoGrant items[DEMO_GRANTS_MAX];
    size_t count;
} DemoGrants;

/* Keeps what was given. Errors: BUDGET_EXCEEDED (more than DEMO_GRANTS_MAX). */
Error demo_grants_add(DemoGrants *grants, const Grant *grant, DemoConsent consent) MUST_USE;

typedef struct DemoTruth DemoTruth;

/* An empty record; NULL when memory is short. Free with demo_truth_free (NULL is fine). */
DemoTruth *demo_truth_new(uint64_t seed) MUST_USE;
void demo_truth_free(DemoTruth *truth);
/* Citizens come in order; for each the person, then the entities; the grants of a chunk follow in
 * the same order. The first failure sticks until demo_truth_write. */
void demo_truth_person(DemoTruth *truth, const DemoPlan *plan, const Attribute *attributes,
                       size_t count);
void demo_truth_entity(DemoTruth *truth, const DemoPlan *plan, const Entity *entity, Str writer);
void demo_truth_grants(DemoTruth *truth, const DemoPlan *plan, const DemoGrants *grants);
/* Writes the file (mode 0600), whole or not at all. Errors: FILE_IO, BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error demo_truth_write(DemoTruth *truth, const Ports *ports, const char *path) MUST_USE;

#endif
