/* purpose.h — the registry of purposes: what personal data may be asked for, why, and by whom.
 *
 * Loaded from the JSON files of schemas/purposes at start and immutable afterwards. A grant may
 * never reach beyond its purpose, and a token is bound to one. Must never be changed silently: a
 * new attribute or recipient is a new version, and a new grant.
 *
 * Layer: vault/consent. Thread-safe: yes (immutable). Spec: 6(3)ア. */
#ifndef MUSUBI_PURPOSE_H
#define MUSUBI_PURPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "entity_query.h"
#include "type_registry.h"

typedef struct PurposeType {
    Str type;
    StrList attributes;  /* that a grant may name */
    unsigned operations; /* ConsentOperation bits that a grant may give */
} PurposeType;

typedef struct Purpose {
    Str code; /* e.g. "health-promotion" */
    int64_t version;
    Str dpv; /* IRI of the Data Privacy Vocabulary */
    Str label_ja;
    Str text_ja;      /* what citizens read */
    Str text_easy_ja; /* the same in easy Japanese */
    Str legal_basis;  /* "consent" */
    const PurposeType *types;
    size_t type_count;
    StrList services; /* that may use it */
    int64_t validity_max_us;
    int64_t retention_max_us; /* at the recipient */
} Purpose;

typedef struct PurposeRegistry PurposeRegistry;

/* Reads every JSON file of the folder; types and attributes must exist in the type registry and be
 * personal. Errors: FILE_MISSING, FILE_IO, JSON_SYNTAX, SCHEMA_INVALID (argument: file, member,
 * what was expected), OUT_OF_MEMORY. Free with purpose_registry_free. */
Error purpose_registry_load(const Ports *ports, const char *folder, const TypeRegistry *types,
                            Arena *error_arena, PurposeRegistry **ret_registry) MUST_USE;
/* NULL is fine. Returns NULL. */
PurposeRegistry *purpose_registry_free(PurposeRegistry *registry);
/* NULL when not registered. Lives as long as the registry. */
const Purpose *purpose_find(const PurposeRegistry *registry, Str code);
size_t purpose_count(const PurposeRegistry *registry);
const Purpose *purpose_at(const PurposeRegistry *registry, size_t index);
/* NULL when the purpose does not touch the type. */
const PurposeType *purpose_type(const Purpose *purpose, Str type);
bool purpose_has_service(const Purpose *purpose, Str service);

DEFINE_CLEANUP(PurposeRegistry, purpose_registry_free)

#endif
