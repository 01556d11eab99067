/* type_registry.h — which entity types exist, which of them are personal, and what their attributes
 * are.
 *
 * Loaded from the JSON files of schemas/entities at start and immutable afterwards. A type is
 * personal or public by its schema; a personal type names its subject: the entity id itself
 * (Person) or one relationship attribute (refPerson). Must never guess: an unlisted type is
 * unlisted (what that means is decided in broker/classify).
 *
 * Layer: vault/entity. Thread-safe: yes (immutable). Spec: 6(5)ウ, 6(6)オ. */
#ifndef MUSUBI_TYPE_REGISTRY_H
#define MUSUBI_TYPE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "clock.h"
#include "error.h"
#include "str.h"

typedef struct AttributeSpec {
    Str name;
    Str ngsi_type;        /* the type given to it in examples and demo data */
    Str label_ja;         /* what citizens read */
    size_t padding_bytes; /* minimum padding class of the sealed record (C-5); 0 = by length */
} AttributeSpec;

typedef struct EntityTypeSpec {
    Str name;
    Str label_ja;
    bool is_personal;
    Str subject_attribute; /* personal types: relationship that names the citizen; "" = the entity
                              id does */
    const AttributeSpec *attributes; /* ascending by name */
    size_t attribute_count;
} EntityTypeSpec;

typedef struct TypeRegistry TypeRegistry;

/* Reads every *.json of the folder. Errors: FILE_MISSING, FILE_IO, JSON_SYNTAX, SCHEMA_INVALID
 * (argument: file, member and what was expected), OUT_OF_MEMORY. Free with type_registry_free. */
Error type_registry_load(const Ports *ports, const char *folder, Arena *error_arena,
                         TypeRegistry **ret_registry) MUST_USE;
/* NULL is fine. Returns NULL. */
TypeRegistry *type_registry_free(TypeRegistry *registry);
/* NULL when the type is not listed. Lives as long as the registry. */
const EntityTypeSpec *type_registry_find(const TypeRegistry *registry, Str type);
/* NULL when the type has no such attribute. */
const AttributeSpec *entity_type_attribute(const EntityTypeSpec *spec, Str attribute);
size_t type_registry_count(const TypeRegistry *registry);
const EntityTypeSpec *type_registry_at(const TypeRegistry *registry, size_t index);

DEFINE_CLEANUP(TypeRegistry, type_registry_free)

#endif
