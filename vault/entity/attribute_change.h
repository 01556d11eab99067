/* attribute_change.h — what a new value does to an attribute that exists: Orion's rules, the same
 * in every half.
 *
 * Value and type are replaced; metadata stay unless given anew; an attribute that is told what it
 * is already keeps its times. Must never add or remove an attribute.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2. */
#ifndef MUSUBI_ATTRIBUTE_CHANGE_H
#define MUSUBI_ATTRIBUTE_CHANGE_H

#include <stdbool.h>

#include "entity.h"

/* Merges change into attribute; texts of both must outlive it. *ret_is_changed tells whether
 * anything differs. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error attribute_change(Arena *arena, Attribute *attribute, const Attribute *change, int64_t now_us,
                       bool *ret_is_changed) MUST_USE;

#endif
