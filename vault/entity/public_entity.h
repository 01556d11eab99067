/* public_entity.h — an entity of open data as the embedded broker stores it: plain, one document
 * for each.
 *
 * PUBLIC_ENTITIES document: key = base64url of the first 16 bytes of BLAKE2b(LP(tenant) LP(path)
 * LP(id) LP(type)), so that one insert-if-absent decides who was first; body {f 1, p "/" + tenant,
 * y type, i id, n order number, s service path, c created µs, m modified µs, x expiry µs (only with
 * an attribute dateExpires that holds a moment), a: list of {r attribute record}}. From its expiry
 * on an entity is absent for every read and write, whether the janitor has deleted it or not. Must
 * never hold an entity of a personal type: the brokers above see to it.
 *
 * Layer: vault/entity. Thread-safe: pure. Spec: 6(5)ア. */
#ifndef MUSUBI_PUBLIC_ENTITY_H
#define MUSUBI_PUBLIC_ENTITY_H

#include <stdbool.h>

#include "doc.h"
#include "entity.h"

#define PUBLIC_ENTITY_FORMAT 1
/* The attribute that says until when the entity is there. */
#define PUBLIC_ENTITY_EXPIRY STR("dateExpires")

/* The document's key, in the arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error public_entity_key_in(Arena *arena, Str tenant, Str service_path, Str id, Str type,
                           Str *ret_key) MUST_USE;
/* The value of index member "p". Errors: the same. */
Error public_entity_scope_in(Arena *arena, Str tenant, Str *ret_scope) MUST_USE;

/* entity → body; order places it among its tenant's entities. Errors: also STORE_MISUSE. */
Error public_entity_write(Arena *arena, Str tenant, const Entity *entity, int64_t order,
                          DocBody *ret_body) MUST_USE;
/* body → entity: views of the body, tables in the arena. ret_order may be NULL.
 * Errors: STORE_CORRUPT, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error public_entity_read(Arena *arena, DocBody body, Entity *ret_entity, int64_t *ret_order)
    MUST_USE;
/* The same with the attributes that `wants` says yes to, and no others. */
Error public_entity_read_some(Arena *arena, DocBody body,
                              bool (*wants)(const void *context, Str name), const void *context,
                              Entity *ret_entity) MUST_USE;
/* Calls `take` with name and type of each attribute. Scratch memory from the arena. Errors: also
 * those of take. */
Error public_entity_names(Arena *arena, DocBody body,
                          Error (*take)(void *context, Str name, Str type), void *context) MUST_USE;
/* Whether the entity is past its date at now_us. body may be a projection that holds "x". Errors:
 * STORE_CORRUPT. */
Error public_entity_is_expired(DocBody body, int64_t now_us, bool *ret_is_expired) MUST_USE;

#endif
