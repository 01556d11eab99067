#include "type_registry.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "ascii_case.h"
#include "json.h"

#define SCHEMA_BYTES_MAX ((size_t)256 << 10)
#define REGISTRY_BYTES_MAX ((size_t)16 << 20)
#define NAME_BYTES_MAX 256
#define PADDING_BYTES_MAX ((int64_t)1 << 20)

struct TypeRegistry {
    Arena *arena; /* of all texts and tables; never written after loading */
    EntityTypeSpec *types;
    size_t count;
};

/* One schema file while it is read. */
typedef struct SchemaFile {
    Arena *arena;       /* the registry's */
    Arena *error_arena; /* of the argument when it is refused */
    Str name;           /* "Person.json" */
} SchemaFile;

static Error refuse(const SchemaFile *file, Str member, const char *expected)
{
    const Str parts[] = {STR("schema file "), file->name,        STR(": "), member,
                         STR(": "),           str_from(expected)};
    Str said = STR("schema file");
    TRY(str_join_in(file->error_arena, parts, sizeof parts / sizeof parts[0], &said));
    return FAIL(SCHEMA_INVALID, str_argument(file->error_arena, said));
}

/* NGSI's characters for names; `id` and `type` are members of the entity, so no attribute may be
 * called so. */
static bool is_name(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ' ' || c >= 127 || strchr("&?/#<>\"'=;()", c) != NULL) {
            return false;
        }
    }
    return text.n > 0 && text.n <= NAME_BYTES_MAX;
}

static bool is_known_member(Str name, const Str *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(known[i], name)) {
            return true;
        }
    }
    return false;
}

static Error check_members(const SchemaFile *file, JsonValue object, const Str *known, size_t count)
{
    JsonIter iter = json_iter(object);
    Str name;
    JsonValue value;
    while (json_next(&iter, &name, &value)) {
        if (!is_known_member(name, known, count)) {
            return refuse(file, name, "a schema has no such member");
        }
    }
    return OK;
}

static Error read_text(const SchemaFile *file, JsonValue object, const char *member, Str *ret_text)
{
    JsonValue value;
    if (!json_member(object, str_from(member), &value) || !json_is(value, JSON_STRING)) {
        return refuse(file, str_from(member), "a text is needed");
    }
    Str text;
    TRY(json_string_in(file->arena, value, &text));
    return str_copy_in(file->arena, text, ret_text);
}

static Error read_padding(const SchemaFile *file, JsonValue object, Str attribute,
                          size_t *ret_bytes)
{
    JsonValue value;
    int64_t bytes = 0;
    if (json_member(object, STR("padding"), &value) &&
        (!json_integer(value, &bytes) || bytes < 0 || bytes > PADDING_BYTES_MAX)) {
        return refuse(file, attribute, "padding is a number of bytes");
    }
    *ret_bytes = (size_t)bytes;
    return OK;
}

static Error read_attribute(const SchemaFile *file, Str name, JsonValue json,
                            AttributeSpec *ret_spec)
{
    static const Str known[] = {STR_INIT("type"), STR_INIT("label_ja"), STR_INIT("padding"),
                                STR_INIT("national_name")};
    if (!is_name(name) || str_eq(name, STR("id")) || str_eq(name, STR("type"))) {
        return refuse(file, name,
                      "an attribute can't have this name; rename it and keep national_name");
    }
    if (!json_is(json, JSON_OBJECT)) {
        return refuse(file, name, "an attribute is an object with type and label_ja");
    }
    TRY(check_members(file, json, known, sizeof known / sizeof known[0]));
    AttributeSpec spec = {.padding_bytes = 0};
    TRY(str_copy_in(file->arena, name, &spec.name));
    TRY(read_text(file, json, "type", &spec.ngsi_type));
    TRY(read_text(file, json, "label_ja", &spec.label_ja));
    TRY(read_padding(file, json, name, &spec.padding_bytes));
    if (!is_name(spec.ngsi_type)) {
        return refuse(file, name, "type is an NGSI attribute type");
    }
    *ret_spec = spec;
    return OK;
}

static int compare_attributes(const void *a, const void *b)
{
    const AttributeSpec *left = a;
    const AttributeSpec *right = b;
    return str_compare(left->name, right->name);
}

static Error read_attributes(const SchemaFile *file, JsonValue root, EntityTypeSpec *type)
{
    JsonValue attributes;
    if (!json_member(root, STR("attributes"), &attributes) || !json_is(attributes, JSON_OBJECT) ||
        json_count(attributes) == 0) {
        return refuse(file, STR("attributes"), "an object with at least one attribute is needed");
    }
    size_t count = json_count(attributes);
    AttributeSpec *specs = ARENA_MANY(file->arena, AttributeSpec, count);
    ENSURE_ALLOC(specs, file->arena);
    JsonIter iter = json_iter(attributes);
    Str name;
    JsonValue value;
    for (size_t i = 0; json_next(&iter, &name, &value); i++) {
        TRY(read_attribute(file, name, value, &specs[i]));
    }
    qsort(specs, count, sizeof *specs, compare_attributes);
    type->attributes = specs;
    type->attribute_count = count;
    return OK;
}

/* "subject": "id", or the name of the relationship that leads to the citizen. */
static Error read_subject(const SchemaFile *file, JsonValue root, EntityTypeSpec *type)
{
    JsonValue value;
    type->subject_attribute = STR_EMPTY;
    if (!type->is_personal) {
        return json_member(root, STR("subject"), &value)
                   ? refuse(file, STR("subject"), "a public type has no subject")
                   : OK;
    }
    Str subject;
    TRY(read_text(file, root, "subject", &subject));
    if (str_eq(subject, STR("id"))) {
        return OK;
    }
    const AttributeSpec *attribute = entity_type_attribute(type, subject);
    if (attribute == NULL || !str_eq(attribute->ngsi_type, STR("Relationship"))) {
        return refuse(file, STR("subject"),
                      "\"id\" or an attribute of type Relationship is needed");
    }
    type->subject_attribute = subject;
    return OK;
}

static Error read_type(const SchemaFile *file, JsonValue root, EntityTypeSpec *ret_type)
{
    static const Str known[] = {STR_INIT("type"),    STR_INIT("label_ja"), STR_INIT("personal"),
                                STR_INIT("subject"), STR_INIT("source"),   STR_INIT("attributes")};
    if (!json_is(root, JSON_OBJECT)) {
        return refuse(file, STR("the whole"), "an object is needed");
    }
    TRY(check_members(file, root, known, sizeof known / sizeof known[0]));
    EntityTypeSpec type = {.is_personal = false};
    TRY(read_text(file, root, "type", &type.name));
    TRY(read_text(file, root, "label_ja", &type.label_ja));
    JsonValue personal;
    if (!is_name(type.name)) {
        return refuse(file, STR("type"), "an NGSI entity type is needed");
    }
    if (!json_member(root, STR("personal"), &personal) || !json_is_bool(personal)) {
        return refuse(file, STR("personal"), "true or false is needed");
    }
    type.is_personal = json_is(personal, JSON_TRUE);
    TRY(read_attributes(file, root, &type));
    TRY(read_subject(file, root, &type));
    *ret_type = type;
    return OK;
}

static Error read_file(const Ports *ports, SchemaFile *file, const char *folder,
                       EntityTypeSpec *ret_type)
{
    const Str parts[] = {str_from(folder), STR("/"), file->name};
    Str path;
    TRY(str_join_in(file->error_arena, parts, 3, &path));
    char *path_z = str_z(file->error_arena, path);
    ENSURE_ALLOC(path_z, file->error_arena);
    Str bytes;
    TRY(file_read_in(ports->file, file->arena, path_z, SCHEMA_BYTES_MAX, &bytes));
    JsonValue root;
    Error error = json_parse(file->arena, bytes, JSON_LIMITS_API, &root);
    if (FAILED(error)) {
        return refuse(file, STR("the whole"),
                      error.argument == NULL ? "no valid JSON" : error.argument);
    }
    return read_type(file, root, ret_type);
}

static int is_schema_name(const struct dirent *entry)
{
    Str name = str_from(entry->d_name);
    return name.p[0] != '.' && str_ends_with(name, STR(".json"));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_names(struct dirent **names, int count)
{
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

static int compare_types(const void *a, const void *b)
{
    const EntityTypeSpec *left = a;
    const EntityTypeSpec *right = b;
    return str_compare(left->name, right->name);
}

/* Two types that differ in case alone would let personal data pass for something else. */
static Error check_distinct(const TypeRegistry *registry, Arena *error_arena)
{
    for (size_t i = 0; i < registry->count; i++) {
        for (size_t k = i + 1; k < registry->count; k++) {
            if (ascii_eq_any_case(registry->types[i].name, registry->types[k].name)) {
                SchemaFile file = {.error_arena = error_arena, .name = registry->types[k].name};
                return refuse(&file, STR("type"), "another schema file has the same type");
            }
        }
    }
    return OK;
}

static Error read_all(const Ports *ports, const char *folder, struct dirent *const *names,
                      size_t count, Arena *error_arena, TypeRegistry *registry)
{
    registry->types = ARENA_MANY(registry->arena, EntityTypeSpec, count);
    ENSURE_ALLOC(registry->types, registry->arena);
    for (size_t i = 0; i < count; i++) {
        SchemaFile file = {.arena = registry->arena, .error_arena = error_arena};
        TRY(str_copy_in(registry->arena, str_from(names[i]->d_name), &file.name));
        TRY(read_file(ports, &file, folder, &registry->types[i]));
        registry->count++;
    }
    qsort(registry->types, count, sizeof *registry->types, compare_types);
    return check_distinct(registry, error_arena);
}

Error type_registry_load(const Ports *ports, const char *folder, Arena *error_arena,
                         TypeRegistry **ret_registry)
{
    CLEANUP(type_registry_free) TypeRegistry *registry = calloc(1, sizeof *registry);
    ENSURE(registry != NULL, OUT_OF_MEMORY, NULL);
    registry->arena = arena_new(REGISTRY_BYTES_MAX);
    ENSURE(registry->arena != NULL, OUT_OF_MEMORY, NULL);
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_schema_name, by_name);
    ENSURE(count >= 0, FILE_MISSING, str_argument(error_arena, str_from(folder)));
    Error error = read_all(ports, folder, names, (size_t)count, error_arena, registry);
    free_names(names, count);
    TRY(error);
    *ret_registry = TAKE(registry);
    return OK;
}

TypeRegistry *type_registry_free(TypeRegistry *registry)
{
    if (registry != NULL) {
        (void)arena_free(registry->arena);
        free(registry);
    }
    return NULL;
}

const EntityTypeSpec *type_registry_find(const TypeRegistry *registry, Str type)
{
    EntityTypeSpec wanted = {.name = type};
    return registry->count == 0 ? NULL
                                : bsearch(&wanted, registry->types, registry->count,
                                          sizeof *registry->types, compare_types);
}

const AttributeSpec *entity_type_attribute(const EntityTypeSpec *spec, Str attribute)
{
    AttributeSpec wanted = {.name = attribute};
    return spec->attribute_count == 0 ? NULL
                                      : bsearch(&wanted, spec->attributes, spec->attribute_count,
                                                sizeof *spec->attributes, compare_attributes);
}

size_t type_registry_count(const TypeRegistry *registry)
{
    return registry->count;
}

const EntityTypeSpec *type_registry_at(const TypeRegistry *registry, size_t index)
{
    return index < registry->count ? &registry->types[index] : NULL;
}
