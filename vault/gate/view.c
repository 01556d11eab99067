#include "view.h"

#include <string.h>

#include "ascii_case.h"
#include "foreign_ids.h"
#include "json_write.h"
#include "pseudonym.h"
#include "record.h"

#define URN STR("urn:ngsi-ld:")

ViewEyes view_eyes_of_link(const IdLink *link)
{
    return (ViewEyes){.client = link->service, .epoch = link->epoch, .person_name = link->user_id};
}

ViewEyes view_eyes_of_citizen(Str client)
{
    return (ViewEyes){.sees_writers = true, .client = client, .epoch = 0, .person_name = STR("me")};
}

/* --- ids -------------------------------------------------------------------------------------- */

static bool is_person_type(const EntityTypeSpec *type)
{
    return type->is_personal && type->subject_attribute.n == 0;
}

const EntityTypeSpec *view_person_type(const TypeRegistry *types)
{
    for (size_t i = 0; i < type_registry_count(types); i++) {
        const EntityTypeSpec *type = type_registry_at(types, i);
        if (is_person_type(type)) {
            return type;
        }
    }
    return NULL;
}

Error view_urn_in(Arena *arena, Str type, Str name, Str *ret_urn)
{
    const Str parts[] = {URN, type, STR(":"), name};
    return str_join_in(arena, parts, 4, ret_urn);
}

bool view_urn_name(Str id, Str type, Str *ret_name)
{
    if (!str_starts_with(id, URN)) {
        return false;
    }
    Str rest = str_slice(id, URN.n, id.n - URN.n);
    if (!str_starts_with(rest, type) || rest.n <= type.n + 1 || rest.p[type.n] != ':') {
        return false;
    }
    *ret_name = str_slice(rest, type.n + 1, rest.n - type.n - 1);
    return true;
}

const EntityTypeSpec *view_urn_type(const TypeRegistry *types, Str id)
{
    for (size_t i = 0; i < type_registry_count(types); i++) {
        const EntityTypeSpec *type = type_registry_at(types, i);
        Str name;
        if (type->is_personal && view_urn_name(id, type->name, &name)) {
            return type;
        }
    }
    return NULL;
}

bool view_person_name(const TypeRegistry *types, Str id, Str *ret_name)
{
    const EntityTypeSpec *person = view_person_type(types);
    return person != NULL && view_urn_name(id, person->name, ret_name);
}

static Error keyed_urn_in(Arena *arena, VaultCall *call, const ViewEyes *eyes, Str type,
                          const uint8_t id[16], Str *ret_urn)
{
    char text[SERVICE_ID_TEXT_BYTES];
    TRY(service_id_seal(call->core->keyring, call->tenant, eyes->client, eyes->epoch, id, text));
    return view_urn_in(arena, type, str_from(text), ret_urn);
}

Error view_entity_id_in(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                        const EntityTypeSpec *type, const SealedEntity *sealed,
                        const SealedHead *head, Str *ret_id)
{
    if (is_person_type(type)) {
        return view_urn_in(arena, type->name, eyes->person_name, ret_id);
    }
    if (str_eq(head->writer, eyes->client)) {
        return str_copy_in(arena, head->id, ret_id);
    }
    return keyed_urn_in(arena, call, eyes, type->name, sealed->id, ret_id);
}

/* --- attributes ------------------------------------------------------------------------------- */

static Error quoted_in(Arena *arena, Str text, Str *ret_json)
{
    Buf buf = buf_in(arena);
    json_write_quoted(&buf, text);
    return buf_finish(&buf, ret_json);
}

static bool is_relationship(Str type)
{
    return ascii_eq_any_case(type, STR("Relationship"));
}

static Error metadata_render(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                             Attribute *attribute)
{
    Metadata *seen = ARENA_MANY(arena, Metadata, attribute->metadata_count);
    ENSURE_ALLOC(seen, arena);
    size_t count = 0;
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        bool is_said = false;
        seen[count] = attribute->metadata[i];
        TRY(foreign_ids_render(arena, call, eyes, attribute->writer,
                               is_relationship(seen[count].type), &seen[count].value, &is_said));
        count += is_said ? 1 : 0;
    }
    attribute->metadata = seen;
    attribute->metadata_count = count;
    return OK;
}

static Error subject_render(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                            Attribute *attribute)
{
    const EntityTypeSpec *person = view_person_type(call->core->types);
    ENSURE(person != NULL, INTERNAL, NULL);
    Str id;
    TRY(view_urn_in(arena, person->name, eyes->person_name, &id));
    return quoted_in(arena, id, &attribute->value);
}

static Error metadata_copy_in(Arena *arena, Attribute *attribute)
{
    Metadata *copies = ARENA_MANY(arena, Metadata, attribute->metadata_count);
    ENSURE_ALLOC(copies, arena);
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        TRY(str_copy_in(arena, attribute->metadata[i].name, &copies[i].name));
        TRY(str_copy_in(arena, attribute->metadata[i].type, &copies[i].type));
        TRY(str_copy_in(arena, attribute->metadata[i].value, &copies[i].value));
    }
    attribute->metadata = copies;
    return OK;
}

Error view_attribute_copy_in(Arena *arena, const ViewEyes *eyes, Attribute *attribute)
{
    TRY(str_copy_in(arena, attribute->name, &attribute->name));
    TRY(str_copy_in(arena, attribute->type, &attribute->type));
    TRY(str_copy_in(arena, attribute->value, &attribute->value));
    TRY(str_copy_in(arena, attribute->dataset_id, &attribute->dataset_id));
    Str writer = eyes->sees_writers ? attribute->writer : STR_EMPTY;
    TRY(str_copy_in(arena, writer, &attribute->writer));
    return metadata_copy_in(arena, attribute);
}

Error view_attribute_render(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                            const EntityTypeSpec *type, Attribute *attribute, bool *ret_is_shown)
{
    bool is_foreign = !str_eq(attribute->writer, eyes->client);
    bool is_shown = true;
    if (str_eq(attribute->name, type->subject_attribute)) {
        TRY(subject_render(arena, call, eyes, attribute));
    } else if (is_foreign) {
        TRY(foreign_ids_render(arena, call, eyes, attribute->writer,
                               is_relationship(attribute->type), &attribute->value, &is_shown));
    }
    if (is_foreign) {
        TRY(metadata_render(arena, call, eyes, attribute));
    }
    *ret_is_shown = is_shown;
    return OK;
}

bool view_attribute_needs_eyes(const EntityTypeSpec *type, Str client, const Attribute *attribute)
{
    if (str_eq(attribute->name, type->subject_attribute)) {
        return true;
    }
    if (str_eq(attribute->writer, client)) {
        return false;
    }
    bool needs = is_relationship(attribute->type) || foreign_ids_may_be_in(attribute->value);
    for (size_t i = 0; i < attribute->metadata_count && !needs; i++) {
        needs = is_relationship(attribute->metadata[i].type) ||
                foreign_ids_may_be_in(attribute->metadata[i].value);
    }
    return needs;
}

Error view_attribute_open(VaultCall *call, const ViewEyes *eyes, const EntityTypeSpec *type,
                          const SealedEntity *sealed, SubjectKey *key, Str name,
                          const SealedAttribute *attribute, Attribute *ret_attribute,
                          bool *ret_is_shown)
{
    Attribute opened;
    TRY(sealed_entity_open(call->arena, sealed, key, type->name, name, attribute, &opened));
    TRY(view_attribute_render(call->arena, call, eyes, type, &opened, ret_is_shown));
    *ret_attribute = opened;
    return OK;
}

Error view_attribute_in(Arena *arena, VaultCall *call, const ViewEyes *eyes,
                        const EntityTypeSpec *type, const SealedEntity *sealed, SubjectKey *key,
                        Str name, const SealedAttribute *attribute, Attribute *ret_attribute,
                        bool *ret_is_shown)
{
    Attribute opened;
    TRY(view_attribute_open(call, eyes, type, sealed, key, name, attribute, &opened, ret_is_shown));
    TRY(view_attribute_copy_in(arena, eyes, &opened));
    *ret_attribute = opened;
    return OK;
}
