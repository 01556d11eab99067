/* id_link_record.h — the sealed body of a link as JSON, and back.
 *
 * Must never be read by anything but id_link.c: it carries a service's user id.
 *
 * Layer: vault/identity. Thread-safe: pure. */
#ifndef MUSUBI_ID_LINK_RECORD_H
#define MUSUBI_ID_LINK_RECORD_H

#include "id_link.h"

/* The body in the arena. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error id_link_record_write(Arena *arena, const IdLink *link, Str *ret_json) MUST_USE;
/* The link; key and versions are left 0. Errors: STORE_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error id_link_record_read(Arena *arena, Str json, IdLink *ret_link) MUST_USE;
/* Adds an event; of more than ID_LINK_HISTORY_MAX the first is kept and the oldest others go. */
Error id_link_record_event(Arena *arena, IdLink *link, const LinkEvent *event) MUST_USE;

#endif
