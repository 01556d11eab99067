/* policy_table.h — reads the tables of tests/policy: one case a line, words between blanks, '#'
 * begins a comment.
 *
 * Must never know what a table is about. Layer: tests. Thread-safe: pure. */
#ifndef MUSUBI_POLICY_TABLE_H
#define MUSUBI_POLICY_TABLE_H

#include <stddef.h>

#include "arena.h"
#include "str.h"

#define POLICY_WORDS_MAX 16

typedef void (*PolicyLine)(void *context, const Str *words, size_t count);

/* Gives each line of tests/policy/<name> to line; returns how many there were. Fails the running
 * test when the file can't be read. Words live in the arena. */
size_t policy_table_read(Arena *arena, const char *name, PolicyLine line, void *context);

#endif
