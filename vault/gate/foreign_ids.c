#include "foreign_ids.h"

#include "ascii_case.h"
#include "json_write.h"
#include "pseudonym.h"

#define URN STR("urn:ngsi-ld:")

typedef struct Rendering {
    VaultCall *call;
    const ViewEyes *eyes;
    Str writer;
    bool is_relationship;
    bool is_said;
    JsonWriter json;
} Rendering;

/* The registered type whose form an id has, in whatever letters: a reader may not care for them. */
static const EntityTypeSpec *type_named(const TypeRegistry *types, Str id)
{
    if (id.n <= URN.n || !ascii_eq_any_case(str_slice(id, 0, URN.n), URN)) {
        return NULL;
    }
    Str rest = str_slice(id, URN.n, id.n - URN.n);
    for (size_t i = 0; i < type_registry_count(types); i++) {
        const EntityTypeSpec *type = type_registry_at(types, i);
        size_t n = type->name.n;
        bool is_named = rest.n > n + 1 && rest.p[n] == ':' &&
                        ascii_eq_any_case(str_slice(rest, 0, n), type->name);
        if (is_named) {
            return type;
        }
    }
    return NULL;
}

/* Most values name nothing, and are left as they are without being taken apart. */
bool foreign_ids_may_be_in(Str json)
{
    for (size_t i = 0; i < json.n; i++) {
        bool is_urn = json.n - i >= URN.n && ascii_eq_any_case(str_slice(json, i, URN.n), URN);
        if (is_urn || json.p[i] == '\\') {
            return true;
        }
    }
    return false;
}

/* A person other than the subject becomes an id that leads nowhere: who it is, is not this caller's
 * business. */
static Error say_text(Rendering *rendering, Str text, Str *ret_text)
{
    VaultCall *call = rendering->call;
    const EntityTypeSpec *type = type_named(call->core->types, text);
    if (type == NULL || !type->is_personal) {
        rendering->is_said &= type != NULL || !rendering->is_relationship;
        *ret_text = text;
        return OK;
    }
    uint8_t stored[SEALED_ID_BYTES];
    char keyed[SERVICE_ID_TEXT_BYTES];
    TRY(sealed_entity_id_of_text(call, rendering->writer, type->name, text, 0, stored));
    TRY(service_id_seal(call->core->keyring, call->tenant, rendering->eyes->client,
                        rendering->eyes->epoch, stored, keyed));
    return view_urn_in(call->arena, type->name, str_from(keyed), ret_text);
}

static Error say_string(Rendering *rendering, JsonValue value)
{
    Str text;
    TRY(json_string_in(rendering->call->arena, value, &text));
    TRY(say_text(rendering, text, &text));
    json_write_string(&rendering->json, text);
    return OK;
}

static Error say_member_name(Rendering *rendering, Str name)
{
    bool is_said = rendering->is_said; /* a member's name is no relationship by itself */
    Str seen;
    TRY(say_text(rendering, name, &seen));
    rendering->is_said = is_said;
    json_write_key(&rendering->json, seen);
    return OK;
}

/* As deep as the parser allows. */
static Error say_value(Rendering *rendering, JsonValue value)
{
    bool is_object = json_is(value, JSON_OBJECT);
    if (json_is(value, JSON_STRING)) {
        return say_string(rendering, value);
    }
    if (!is_object && !json_is(value, JSON_ARRAY)) {
        json_write_value(&rendering->json, value);
        return OK;
    }
    is_object ? json_write_begin_object(&rendering->json)
              : json_write_begin_array(&rendering->json);
    JsonIter iter = json_iter(value);
    Str name;
    JsonValue item;
    while (json_next(&iter, &name, &item)) {
        if (is_object) {
            TRY(say_member_name(rendering, name));
        }
        TRY(say_value(rendering, item));
    }
    is_object ? json_write_end_object(&rendering->json) : json_write_end_array(&rendering->json);
    return OK;
}

Error foreign_ids_render(Arena *arena, VaultCall *call, const ViewEyes *eyes, Str writer,
                         bool is_relationship, Str *json, bool *ret_is_said)
{
    *ret_is_said = true;
    if (!is_relationship && !foreign_ids_may_be_in(*json)) {
        return OK;
    }
    JsonValue value;
    TRY(json_parse(call->arena, *json, JSON_LIMITS_REQUEST, &value));
    Buf buf = buf_in(arena);
    Rendering rendering = {.call = call,
                           .eyes = eyes,
                           .writer = writer,
                           .is_relationship = is_relationship,
                           .is_said = !is_relationship || json_is(value, JSON_STRING) ||
                                      json_is(value, JSON_ARRAY),
                           .json = json_writer(&buf)};
    TRY(say_value(&rendering, value));
    Str said;
    TRY(json_write_finish(&rendering.json, &said));
    *ret_is_said = rendering.is_said;
    if (rendering.is_said) {
        *json = said;
    }
    return OK;
}
