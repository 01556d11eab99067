/* injection_strings.h — texts that try to be something else than text: the corpus of A-22.
 *
 * Read from tests/property/injection_strings.txt, which tests over HTTP read too. A line is a
 * number, a tab and a percent-encoded text that stands so many times in a row; lines that begin
 * with # explain. Must never change with the machine or the day.
 *
 * Layer: tests/support_ngsi. Thread-safe: pure. Requirement: A-22. */
#ifndef MUSUBI_INJECTION_STRINGS_H
#define MUSUBI_INJECTION_STRINGS_H

#include "entity_query.h"

/* All texts of the file at path, decoded, in the arena. Errors: FILE_IO (it can't be read, or a
 * line is no such line), OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error injection_strings_read(Arena *arena, const char *path, StrList *ret_texts) MUST_USE;

#endif
