#include "entity.h"

#include <stdlib.h>

#define RECORD_FORMAT 1
#define LP_BYTES_MIN 4
#define METADATA_BYTES_MIN ((size_t)3 * LP_BYTES_MIN)

const Attribute *entity_attribute_find(const Entity *entity, Str name)
{
    for (size_t i = 0; i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        if (attribute->dataset_id.n == 0 && str_eq(attribute->name, name)) {
            return attribute;
        }
    }
    return NULL;
}

static int compare_attributes(const void *a, const void *b)
{
    const Attribute *left = a;
    const Attribute *right = b;
    int order = str_compare(left->name, right->name);
    return order != 0 ? order : str_compare(left->dataset_id, right->dataset_id);
}

void entity_attributes_sort(Entity *entity)
{
    if (entity->attribute_count > 1) {
        qsort(entity->attributes, entity->attribute_count, sizeof *entity->attributes,
              compare_attributes);
    }
}

void entity_times_from_attributes(Entity *entity)
{
    entity->created_us = 0;
    entity->modified_us = 0;
    for (size_t i = 0; i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        if (i == 0 || attribute->created_us < entity->created_us) {
            entity->created_us = attribute->created_us;
        }
        if (i == 0 || attribute->modified_us > entity->modified_us) {
            entity->modified_us = attribute->modified_us;
        }
    }
}

Error attribute_record_write(Arena *arena, const Attribute *attribute, Str *ret_record)
{
    Buf buf = buf_in(arena);
    buf_add_char(&buf, RECORD_FORMAT);
    buf_add_lp(&buf, attribute->name);
    buf_add_lp(&buf, attribute->type);
    buf_add_lp(&buf, attribute->value);
    buf_add_lp(&buf, attribute->dataset_id);
    buf_add_lp(&buf, attribute->writer);
    buf_add_u64be(&buf, (uint64_t)attribute->created_us);
    buf_add_u64be(&buf, (uint64_t)attribute->modified_us);
    buf_add_u32be(&buf, (uint32_t)attribute->metadata_count);
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        buf_add_lp(&buf, attribute->metadata[i].name);
        buf_add_lp(&buf, attribute->metadata[i].type);
        buf_add_lp(&buf, attribute->metadata[i].value);
    }
    return buf_finish(&buf, ret_record);
}

static bool take_bytes(Str *rest, size_t n, Str *ret_bytes)
{
    if (rest->n < n) {
        return false;
    }
    *ret_bytes = str_slice(*rest, 0, n);
    *rest = str_slice(*rest, n, rest->n);
    return true;
}

static bool take_uint(Str *rest, size_t n, uint64_t *ret_value)
{
    Str bytes = STR_EMPTY;
    if (!take_bytes(rest, n, &bytes)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | (unsigned char)bytes.p[i];
    }
    *ret_value = value;
    return true;
}

static bool take_lp(Str *rest, Str *ret_text)
{
    uint64_t n = 0;
    return take_uint(rest, LP_BYTES_MIN, &n) && take_bytes(rest, (size_t)n, ret_text);
}

static bool take_fixed_part(Str *rest, Attribute *attribute, uint64_t *ret_metadata_count)
{
    uint64_t format = 0;
    uint64_t created = 0;
    uint64_t modified = 0;
    bool is_whole = take_uint(rest, 1, &format) && format == RECORD_FORMAT &&
                    take_lp(rest, &attribute->name) && take_lp(rest, &attribute->type) &&
                    take_lp(rest, &attribute->value) && take_lp(rest, &attribute->dataset_id) &&
                    take_lp(rest, &attribute->writer) && take_uint(rest, 8, &created) &&
                    take_uint(rest, 8, &modified) && take_uint(rest, 4, ret_metadata_count);
    attribute->created_us = (int64_t)created;
    attribute->modified_us = (int64_t)modified;
    return is_whole;
}

/* Text of an LP at `at`; false when it is not all there. */
static bool lp_at(Str record, size_t at, Str *ret_text)
{
    if (record.n < at + LP_BYTES_MIN) {
        return false;
    }
    const unsigned char *p = (const unsigned char *)record.p + at;
    size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    *ret_text = (Str){record.p + at + LP_BYTES_MIN, n};
    return n <= record.n - at - LP_BYTES_MIN;
}

/* Done for every attribute of every entity that a filter looks at: no more steps than it takes. */
Error attribute_record_name(Str record, Str *ret_name, Str *ret_type)
{
    Str name;
    Str type;
    bool is_there = record.n > 0 && record.p[0] == RECORD_FORMAT && lp_at(record, 1, &name) &&
                    lp_at(record, 1 + LP_BYTES_MIN + name.n, &type);
    ENSURE(is_there, STORE_CORRUPT, "attribute record");
    *ret_name = name;
    *ret_type = type;
    return OK;
}

Error attribute_record_read(Arena *arena, Str record, Attribute *ret_attribute)
{
    Attribute attribute = {0};
    uint64_t count = 0;
    ENSURE(take_fixed_part(&record, &attribute, &count), STORE_CORRUPT, "attribute record");
    /* Bounds the allocation by what is really there. */
    ENSURE(count <= record.n / METADATA_BYTES_MIN, STORE_CORRUPT, "attribute record");
    Metadata *metadata = ARENA_MANY(arena, Metadata, (size_t)count);
    ENSURE_ALLOC(metadata, arena);
    for (size_t i = 0; i < (size_t)count; i++) {
        bool is_whole = take_lp(&record, &metadata[i].name) &&
                        take_lp(&record, &metadata[i].type) && take_lp(&record, &metadata[i].value);
        ENSURE(is_whole, STORE_CORRUPT, "attribute record");
    }
    ENSURE(record.n == 0, STORE_CORRUPT, "attribute record");
    attribute.metadata = metadata;
    attribute.metadata_count = (size_t)count;
    *ret_attribute = attribute;
    return OK;
}
