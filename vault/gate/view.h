/* view.h — an entity as one caller sees it: the caller's own id, the granted attributes,
 * relationships in its own ids.
 *
 * A citizen's own entity (Person) is urn:ngsi-ld:<type>:<the caller's user id>. Any other personal
 * entity has the id that its writer wrote for that writer, and urn:ngsi-ld:<type>:<keyed id> for
 * everyone else; the keyed id names the link epoch and is reversible, so that reading it back needs
 * no search. Must never show a stored id, a common ID, or a user id or entity id of another
 * service.
 *
 * Layer: vault/gate. Thread-safe: pure over its call. Requirement: consent rules 5, 8. */
#ifndef MUSUBI_VIEW_H
#define MUSUBI_VIEW_H

#include "gate_caller.h"
#include "id_link.h"
#include "sealed_entity.h"
#include "type_registry.h"

/* Who looks: a service through its link with the citizen, or the citizen through the portal. */
typedef struct ViewEyes {
    bool sees_writers; /* who wrote an attribute is the citizen's business, and no service's */
    Str client;
    uint32_t epoch;  /* of the link; 0 for the citizen */
    Str person_name; /* the last part of the citizen's id as the client knows it; "me" for the
                        citizen */
} ViewEyes;

/* A service looks through its link. Borrows from the link. */
ViewEyes view_eyes_of_link(const IdLink *link);
/* The citizen looks, at the portal `client`. */
ViewEyes view_eyes_of_citizen(Str client);

/* The type whose ids are citizens, or NULL. */
const EntityTypeSpec *view_person_type(const TypeRegistry *types);
/* "urn:ngsi-ld:<type>:<name>" in arena. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error view_urn_in(Arena *arena, Str type, Str name, Str *ret_urn) MUST_USE;
/* The part behind "urn:ngsi-ld:<type>:"; false when the id has another form. */
bool view_urn_name(Str id, Str type, Str *ret_name);
/* The personal type whose form the id has, or NULL. No entity of another personal type may have
 * such an id. */
const EntityTypeSpec *view_urn_type(const TypeRegistry *types, Str id);
/* The user id in a reference to a citizen (the type of citizens is asked from the registry). */
bool view_person_name(const TypeRegistry *types, Str id, Str *ret_name);

/* The id of an entity. head may be NULL for the citizen's own entity. Errors: VAULT_SEALED,
 * OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error view_entity_id_in(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                        const EntityTypeSpec *type, const SealedEntity *sealed,
                        const SealedHead *head, Str *ret_id) MUST_USE;
/* Puts value and metadata of an opened attribute as the eyes see them in place of the stored ones;
 * metadata that can't be said in the caller's ids are left out. *ret_is_shown as below. Errors:
 * VAULT_SEALED, STORE_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error view_attribute_render(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                            const EntityTypeSpec *type, Attribute *attribute, bool *ret_is_shown)
    MUST_USE;
/* Whether the client sees an opened attribute otherwise than its writer wrote it, or might: then
 * eyes are needed. */
bool view_attribute_needs_eyes(const EntityTypeSpec *type, Str client, const Attribute *attribute);
/* Opens one attribute (1 open) and copies it into arena as the eyes see it. *ret_is_shown is false
 * when it is a relationship that can't be said in the caller's ids. Scratch memory comes from the
 * call's arena. Errors: CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, OUT_OF_MEMORY, BUDGET_EXCEEDED.
 */
Error view_attribute_in(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                        const EntityTypeSpec *type, const SealedEntity *sealed, SubjectKey *key,
                        Str name, const SealedAttribute *attribute, Attribute *ret_attribute,
                        bool *ret_is_shown) MUST_USE;
/* The same without a copy, in the call's arena. */
Error view_attribute_open(VaultCall *call, const ViewEyes *eyes, const EntityTypeSpec *type,
                          const SealedEntity *sealed, SubjectKey *key, Str name,
                          const SealedAttribute *attribute, Attribute *ret_attribute,
                          bool *ret_is_shown) MUST_USE;
/* Makes an opened attribute stand in arena alone; the writer's name stays only for eyes that see
 * writers. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error view_attribute_copy_in(Arena *arena, const ViewEyes *eyes, Attribute *attribute) MUST_USE;

#endif
