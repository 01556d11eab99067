/* foreign_ids.h — what another service wrote, said in ids that the caller may know.
 *
 * Ids of personal entities become keyed ids of the caller, wherever they stand: alone, in arrays,
 * as members or their names, whatever type the writer gave the value and in whatever letters. A
 * relationship names an entity in any case: one whose id has not the form of a registered type
 * can't be said at all, since it may be the writer's name for a citizen. Must never look up whether
 * what is named exists: that is hidden.
 *
 * Layer: vault/gate; used by view alone. Thread-safe: pure over its call. Requirement: consent
 * rule 8. */
#ifndef MUSUBI_FOREIGN_IDS_H
#define MUSUBI_FOREIGN_IDS_H

#include "view.h"

/* False when there is nothing in a JSON text that foreign_ids_render would say otherwise, but for a
 * relationship. */
bool foreign_ids_may_be_in(Str json);
/* Puts the value as the eyes may see it in place of *json, in arena. is_relationship: the writer
 * called it one. *ret_is_said is false when it can't be said; *json is untouched then. Errors:
 * VAULT_SEALED, STORE_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error foreign_ids_render(Arena *arena, VaultCall *call, const ViewEyes *eyes, Str writer,
                         bool is_relationship, Str *json, bool *ret_is_said) MUST_USE;

#endif
