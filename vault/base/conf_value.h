/* conf_value.h — what a configuration text means, by kind. Only conf.c uses it.
 *
 * Must never echo a value: its sentences say what is wanted, not what was given.
 *
 * Layer: vault/base. Thread-safe: pure. */
#ifndef MUSUBI_CONF_VALUE_H
#define MUSUBI_CONF_VALUE_H

#include "conf.h"

/* Reads text as the key's kind: an int, 0 or 1 for a bool, microseconds for a duration; texts and
 * paths give 0. False when it is no such value or out of the key's bounds. */
bool conf_value_parse(const ConfKey *key, Str text, int64_t *ret_number);

/* What would be a good value, for a sentence: "a whole number from 1 to 64". In the arena.
 * Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error conf_value_wanted_in(Arena *arena, const ConfKey *key, Str *ret_text) MUST_USE;

#endif
