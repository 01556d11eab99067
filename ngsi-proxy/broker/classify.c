#include "classify.h"

#include "ascii_case.h"

#define NAME_BYTES_MAX 256

static const EntityTypeSpec *find_personal(const Classifier *classifier, Str name)
{
    for (size_t i = 0; i < type_registry_count(classifier->types); i++) {
        const EntityTypeSpec *spec = type_registry_at(classifier->types, i);
        if (spec->is_personal && ascii_eq_any_case(spec->name, name)) {
            return spec;
        }
    }
    return NULL;
}

/* --- look-alikes ------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next character with percent codes undone, however often they were applied: who reads the text
 * further on may undo them too. */
static char take_character(Str *rest)
{
    char c = rest->p[0];
    size_t used = 1;
    while (c == '%' && used + 1 < rest->n) {
        int high = hex_digit(rest->p[used]);
        int low = hex_digit(rest->p[used + 1]);
        if (high < 0 || low < 0) {
            break;
        }
        c = (char)(high * 16 + low);
        used += 2;
    }
    *rest = str_slice(*rest, used, rest->n);
    return c;
}

/* Reads up to a separator or the end; false when that is longer than any name. */
static bool take_name(Str *rest, bool ends_at_colon, char name[NAME_BYTES_MAX], Str *ret_name)
{
    size_t n = 0;
    while (rest->n > 0) {
        char c = take_character(rest);
        if (ends_at_colon && c == ':') {
            *ret_name = (Str){.p = name, .n = n};
            return true;
        }
        if (n == NAME_BYTES_MAX) {
            return false;
        }
        name[n++] = c;
    }
    *ret_name = (Str){.p = name, .n = n};
    return !ends_at_colon;
}

static const EntityTypeSpec *form_at(const Classifier *classifier, Str text)
{
    static const char *const parts[] = {"urn", "ngsi-ld"};
    char bytes[NAME_BYTES_MAX];
    Str part;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!take_name(&text, true, bytes, &part) || !ascii_eq_any_case(part, str_from(parts[i]))) {
            return NULL;
        }
    }
    return take_name(&text, true, bytes, &part) ? find_personal(classifier, part) : NULL;
}

static bool looks_personal(const Classifier *classifier, Str type)
{
    char bytes[NAME_BYTES_MAX];
    Str name;
    return take_name(&type, false, bytes, &name) && find_personal(classifier, name) != NULL;
}

/* --- types and ids ---------------------------------------------------------------------------- */

TypeClass classify_type(const Classifier *classifier, Str type)
{
    const EntityTypeSpec *spec = type_registry_find(classifier->types, type);
    if (spec != NULL) {
        return spec->is_personal ? TYPE_PERSONAL : TYPE_PUBLIC;
    }
    bool is_public = classifier->are_unlisted_public && !looks_personal(classifier, type);
    return is_public ? TYPE_PUBLIC : TYPE_UNLISTED;
}

const EntityTypeSpec *classify_id(const Classifier *classifier, Str id)
{
    return form_at(classifier, id);
}

const EntityTypeSpec *classify_text(const Classifier *classifier, Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == 'u' || c == 'U' || c == '%') {
            const EntityTypeSpec *spec = form_at(classifier, str_slice(text, i, text.n));
            if (spec != NULL) {
                return spec;
            }
        }
    }
    return NULL;
}

/* --- names of attributes ---------------------------------------------------------------------- */

static bool has_name(const Classifier *classifier, Str attribute, bool is_personal)
{
    for (size_t i = 0; i < type_registry_count(classifier->types); i++) {
        const EntityTypeSpec *spec = type_registry_at(classifier->types, i);
        if (spec->is_personal == is_personal && entity_type_attribute(spec, attribute) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_builtin(Str name)
{
    static const Str builtins[] = {STR_INIT("id"),          STR_INIT("type"),
                                   STR_INIT("dateCreated"), STR_INIT("dateModified"),
                                   STR_INIT("dateExpires"), STR_INIT("servicePath")};
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
        if (str_eq(builtins[i], name)) {
            return true;
        }
    }
    return false;
}

bool classify_is_open_name(const Classifier *classifier, Str attribute)
{
    return has_name(classifier, attribute, false) || is_builtin(attribute);
}

bool classify_is_personal_name(const Classifier *classifier, Str attribute)
{
    return has_name(classifier, attribute, true) && !classify_is_open_name(classifier, attribute);
}
