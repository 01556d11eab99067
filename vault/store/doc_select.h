/* doc_select.h — what the adapters need of document bodies beyond doc.h: a check and a projection.
 *
 * Must never be included outside store/. Layer: vault/store. Thread-safe: single-owner. */
#ifndef MUSUBI_DOC_SELECT_H
#define MUSUBI_DOC_SELECT_H

#include "doc.h"

/* Whether the bytes are one whole record as DocWriter makes it: the format number first, then
 * members of its kinds only. */
bool doc_is_sound(DocBody body);
/* A body with only those top-level members that names holds, in their stored order, byte for byte.
 * In the arena. Errors: STORE_CORRUPT, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error doc_select_in(Arena *arena, DocBody body, const char *const *names, size_t count,
                    DocBody *ret_body) MUST_USE;

#endif
