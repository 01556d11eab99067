/* entity.h — the one model of an NGSI entity, for open and personal data, NGSIv2 and NGSI-LD.
 *
 * Values and metadata values are JSON text exactly as their writer sent them ("2.0" stays "2.0");
 * they become numbers only inside a filter. An attribute may have several instances told apart by
 * dataset id (NGSI-LD); NGSIv2 sees the default instance, whose dataset id is "". Must never know a
 * protocol's rendering, the store or a key.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2, NGSI-LD 1.6 §4.5. */
#ifndef MUSUBI_ENTITY_H
#define MUSUBI_ENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "str.h"

typedef struct Metadata {
    Str name;
    Str type;
    Str value; /* JSON text */
} Metadata;

typedef struct Attribute {
    Str name;
    Str type;       /* NGSI attribute type, e.g. "Text", "Relationship", "geo:json" */
    Str value;      /* JSON text */
    Str dataset_id; /* "" for the default instance */
    const Metadata *metadata;
    size_t metadata_count;
    Str writer;          /* service that wrote it; "" for open data */
    int64_t created_us;  /* UTC microseconds */
    int64_t modified_us; /* UTC microseconds */
} Attribute;

typedef struct Entity {
    Str id;
    Str type;
    Str service_path; /* "/" for personal entities */
    Attribute *attributes;
    size_t attribute_count;
    int64_t created_us;  /* over the attributes that are shown */
    int64_t modified_us; /* over the attributes that are shown */
} Entity;

/* The default instance of an attribute, or NULL. */
const Attribute *entity_attribute_find(const Entity *entity, Str name);
/* Into ascending order of names, then dataset ids: the order in which NGSIv2 shows members. */
void entity_attributes_sort(Entity *entity);
/* Sets created_us / modified_us from the attributes present (view rule 5). No attributes: both 0.
 */
void entity_times_from_attributes(Entity *entity);

/* One attribute as the canonical record that is sealed or stored:
 *   u8 format 1 | LP(name) LP(type) LP(value) LP(dataset id) LP(writer) | u64 created | u64
 * modified | u32 metadata count | count × LP(name) LP(type) LP(value) LP = u32 big-endian length,
 * then the bytes; integers big-endian. */
Error attribute_record_write(Arena *arena, const Attribute *attribute, Str *ret_record) MUST_USE;
/* Name and type alone, for those who want few of many. Views into record. Errors: STORE_CORRUPT. */
Error attribute_record_name(Str record, Str *ret_name, Str *ret_type) MUST_USE;
/* Views into record; metadata array in the arena. Errors: STORE_CORRUPT. */
Error attribute_record_read(Arena *arena, Str record, Attribute *ret_attribute) MUST_USE;

#endif
