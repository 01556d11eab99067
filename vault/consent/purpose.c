#include "purpose.h"

#include <dirent.h>
#include <stdlib.h>

#include "consent.h"
#include "json.h"

#define FILE_BYTES_MAX ((size_t)256 << 10)
#define REGISTRY_BYTES_MAX ((size_t)16 << 20)
#define CODE_BYTES_MAX 64
#define DAY_US (INT64_C(86400) * CLOCK_SECOND_US)
#define DAYS_MAX 731

struct PurposeRegistry {
    Arena *arena; /* of all texts and tables; never written after loading */
    Purpose *purposes;
    size_t count;
};

/* One file while it is read. */
typedef struct PurposeFile {
    Arena *arena;       /* the registry's */
    Arena *error_arena; /* of the argument when it is refused */
    const TypeRegistry *types;
    Str name; /* "tourism.json" */
} PurposeFile;

static Error refuse(const PurposeFile *file, Str member, const char *expected)
{
    const Str parts[] = {STR("purpose file "), file->name, STR(": "), member, STR(": "),
                         str_from(expected)};
    Str said = STR("purpose file");
    TRY(str_join_in(file->error_arena, parts, sizeof parts / sizeof parts[0], &said));
    return FAIL(SCHEMA_INVALID, str_argument(file->error_arena, said));
}

static Error check_members(const PurposeFile *file, JsonValue object, StrList known)
{
    JsonIter iter = json_iter(object);
    Str name;
    JsonValue value;
    while (json_next(&iter, &name, &value)) {
        if (!str_list_has(known, name)) {
            return refuse(file, name, "a purpose has no such member");
        }
    }
    return OK;
}

static Error read_text(const PurposeFile *file, JsonValue object, const char *member, Str *ret_text)
{
    JsonValue value;
    if (!json_member(object, str_from(member), &value) || !json_is(value, JSON_STRING)) {
        return refuse(file, str_from(member), "a text is needed");
    }
    Str text;
    TRY(json_string_in(file->arena, value, &text));
    if (text.n == 0) {
        return refuse(file, str_from(member), "a text is needed");
    }
    return str_copy_in(file->arena, text, ret_text);
}

static Error read_int(const PurposeFile *file, JsonValue object, const char *member, int64_t max,
                      int64_t *ret_number)
{
    JsonValue value;
    int64_t number = 0;
    bool is_good = json_member(object, str_from(member), &value) && json_integer(value, &number) &&
                   number >= 1 && number <= max;
    if (!is_good) {
        return refuse(file, str_from(member), "a whole number in its bounds is needed");
    }
    *ret_number = number;
    return OK;
}

static Error read_list(const PurposeFile *file, JsonValue object, const char *member,
                       StrList *ret_list)
{
    JsonValue value;
    if (!json_member(object, str_from(member), &value) || !json_is(value, JSON_ARRAY) ||
        json_count(value) == 0) {
        return refuse(file, str_from(member), "a list of texts is needed");
    }
    Str *items = ARENA_MANY(file->arena, Str, json_count(value));
    ENSURE_ALLOC(items, file->arena);
    JsonIter iter = json_iter(value);
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, NULL, &item)) {
        if (!json_is(item, JSON_STRING)) {
            return refuse(file, str_from(member), "a list of texts is needed");
        }
        Str text;
        TRY(json_string_in(file->arena, item, &text));
        TRY(str_copy_in(file->arena, text, &items[count++]));
    }
    *ret_list = (StrList){.items = items, .count = count};
    return OK;
}

static Error read_operations(const PurposeFile *file, JsonValue object, unsigned *ret_operations)
{
    StrList names;
    TRY(read_list(file, object, "operations", &names));
    unsigned operations = 0;
    for (size_t i = 0; i < names.count; i++) {
        ConsentOperation operation;
        if (!consent_operation_parse(names.items[i], &operation)) {
            return refuse(file, names.items[i], "an operation is read, write or notify");
        }
        operations |= (unsigned)operation;
    }
    *ret_operations = operations;
    return OK;
}

static Error read_type(const PurposeFile *file, Str name, JsonValue json, PurposeType *ret_type)
{
    static const Str KNOWN[] = {STR_INIT("attributes"), STR_INIT("operations")};
    const EntityTypeSpec *spec = type_registry_find(file->types, name);
    if (spec == NULL || !spec->is_personal) {
        return refuse(file, name, "a purpose names registered personal types");
    }
    TRY(check_members(file, json, (StrList){.items = KNOWN, .count = 2}));
    PurposeType type = {.type = spec->name};
    TRY(read_list(file, json, "attributes", &type.attributes));
    TRY(read_operations(file, json, &type.operations));
    for (size_t i = 0; i < type.attributes.count; i++) {
        if (entity_type_attribute(spec, type.attributes.items[i]) == NULL) {
            return refuse(file, type.attributes.items[i], "the type has no such attribute");
        }
    }
    *ret_type = type;
    return OK;
}

static Error read_types(const PurposeFile *file, JsonValue root, Purpose *purpose)
{
    JsonValue types;
    if (!json_member(root, STR("types"), &types) || !json_is(types, JSON_OBJECT) ||
        json_count(types) == 0) {
        return refuse(file, STR("types"), "an object with at least one type is needed");
    }
    PurposeType *items = ARENA_MANY(file->arena, PurposeType, json_count(types));
    ENSURE_ALLOC(items, file->arena);
    JsonIter iter = json_iter(types);
    Str name;
    JsonValue value;
    size_t count = 0;
    while (json_next(&iter, &name, &value)) {
        TRY(read_type(file, name, value, &items[count++]));
    }
    purpose->types = items;
    purpose->type_count = count;
    return OK;
}

static Error read_purpose(const PurposeFile *file, JsonValue root, Purpose *ret_purpose)
{
    static const Str KNOWN[] = {
        STR_INIT("code"),          STR_INIT("version"),       STR_INIT("dpv"),
        STR_INIT("label_ja"),      STR_INIT("text_ja"),       STR_INIT("text_easy_ja"),
        STR_INIT("legal_basis"),   STR_INIT("types"),         STR_INIT("services"),
        STR_INIT("validity_days"), STR_INIT("retention_days")};
    if (!json_is(root, JSON_OBJECT)) {
        return refuse(file, STR("the whole"), "an object is needed");
    }
    TRY(check_members(file, root,
                      (StrList){.items = KNOWN, .count = sizeof KNOWN / sizeof KNOWN[0]}));
    Purpose purpose = {.version = 0};
    int64_t validity_days;
    int64_t retention_days;
    TRY(read_text(file, root, "code", &purpose.code));
    TRY(read_int(file, root, "version", INT32_MAX, &purpose.version));
    TRY(read_text(file, root, "dpv", &purpose.dpv));
    TRY(read_text(file, root, "label_ja", &purpose.label_ja));
    TRY(read_text(file, root, "text_ja", &purpose.text_ja));
    TRY(read_text(file, root, "text_easy_ja", &purpose.text_easy_ja));
    TRY(read_text(file, root, "legal_basis", &purpose.legal_basis));
    TRY(read_types(file, root, &purpose));
    TRY(read_list(file, root, "services", &purpose.services));
    TRY(read_int(file, root, "validity_days", DAYS_MAX, &validity_days));
    TRY(read_int(file, root, "retention_days", INT16_MAX, &retention_days));
    purpose.validity_max_us = validity_days * DAY_US;
    purpose.retention_max_us = retention_days * DAY_US;
    if (purpose.code.n > CODE_BYTES_MAX) {
        return refuse(file, STR("code"), "at most 64 characters");
    }
    *ret_purpose = purpose;
    return OK;
}

static Error read_file(const Ports *ports, const PurposeFile *file, const char *folder,
                       Purpose *ret_purpose)
{
    const Str parts[] = {str_from(folder), STR("/"), file->name};
    Str path;
    TRY(str_join_in(file->error_arena, parts, 3, &path));
    char *path_z = str_z(file->error_arena, path);
    ENSURE_ALLOC(path_z, file->error_arena);
    Str text;
    TRY(file_read_in(ports->file, file->arena, path_z, FILE_BYTES_MAX, &text));
    JsonValue root;
    Error error = json_parse(file->arena, text, JSON_LIMITS_API, &root);
    if (FAILED(error) &&
        (error.reason == REASON_JSON_SYNTAX || error.reason == REASON_JSON_LIMIT)) {
        return refuse(file, STR("the whole"), error.argument == NULL ? "JSON" : error.argument);
    }
    TRY(error);
    return read_purpose(file, root, ret_purpose);
}

static int is_json_name(const struct dirent *entry)
{
    return str_ends_with(str_from(entry->d_name), STR(".json")) && entry->d_name[0] != '.';
}

static int by_code(const void *a, const void *b)
{
    return str_compare(((const Purpose *)a)->code, ((const Purpose *)b)->code);
}

static Error read_all(const Ports *ports, const char *folder, struct dirent **names,
                      PurposeFile *file, PurposeRegistry *registry)
{
    for (size_t i = 0; i < registry->count; i++) {
        TRY(str_copy_in(file->error_arena, str_from(names[i]->d_name), &file->name));
        TRY(read_file(ports, file, folder, &registry->purposes[i]));
    }
    qsort(registry->purposes, registry->count, sizeof *registry->purposes, by_code);
    for (size_t i = 1; i < registry->count; i++) {
        if (str_eq(registry->purposes[i - 1].code, registry->purposes[i].code)) {
            return refuse(file, registry->purposes[i].code, "two files have this code");
        }
    }
    return OK;
}

static Error load_into(const Ports *ports, const char *folder, struct dirent **names, size_t count,
                       PurposeFile *file, PurposeRegistry *registry)
{
    registry->purposes = ARENA_MANY(registry->arena, Purpose, count);
    ENSURE_ALLOC(registry->purposes, registry->arena);
    registry->count = count;
    return read_all(ports, folder, names, file, registry);
}

Error purpose_registry_load(const Ports *ports, const char *folder, const TypeRegistry *types,
                            Arena *error_arena, PurposeRegistry **ret_registry)
{
    CLEANUP(purpose_registry_free) PurposeRegistry *registry = calloc(1, sizeof *registry);
    ENSURE(registry != NULL, OUT_OF_MEMORY, NULL);
    registry->arena = arena_new(REGISTRY_BYTES_MAX);
    ENSURE(registry->arena != NULL, OUT_OF_MEMORY, NULL);
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_json_name, alphasort);
    ENSURE(count >= 0, FILE_MISSING, str_argument(error_arena, str_from(folder)));
    PurposeFile file = {.arena = registry->arena, .error_arena = error_arena, .types = types};
    Error error = load_into(ports, folder, names, (size_t)count, &file, registry);
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    TRY(error);
    *ret_registry = TAKE(registry);
    return OK;
}

PurposeRegistry *purpose_registry_free(PurposeRegistry *registry)
{
    if (registry != NULL) {
        (void)arena_free(registry->arena);
        free(registry);
    }
    return NULL;
}

const Purpose *purpose_find(const PurposeRegistry *registry, Str code)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (str_eq(registry->purposes[i].code, code)) {
            return &registry->purposes[i];
        }
    }
    return NULL;
}

size_t purpose_count(const PurposeRegistry *registry)
{
    return registry->count;
}

const Purpose *purpose_at(const PurposeRegistry *registry, size_t index)
{
    return index < registry->count ? &registry->purposes[index] : NULL;
}

const PurposeType *purpose_type(const Purpose *purpose, Str type)
{
    for (size_t i = 0; i < purpose->type_count; i++) {
        if (str_eq(purpose->types[i].type, type)) {
            return &purpose->types[i];
        }
    }
    return NULL;
}

bool purpose_has_service(const Purpose *purpose, Str service)
{
    return str_list_has(purpose->services, service);
}
