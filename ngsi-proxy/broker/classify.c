#include "classify.h"

#include "ascii_case.h"

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

TypeClass classify_type(const Classifier *classifier, Str type)
{
    const EntityTypeSpec *spec = type_registry_find(classifier->types, type);
    if (spec != NULL) {
        return spec->is_personal ? TYPE_PERSONAL : TYPE_PUBLIC;
    }
    bool is_public = classifier->are_unlisted_public && find_personal(classifier, type) == NULL;
    return is_public ? TYPE_PUBLIC : TYPE_UNLISTED;
}

const EntityTypeSpec *classify_id(const Classifier *classifier, Str id)
{
    Str prefix = STR("urn:ngsi-ld:");
    if (!ascii_eq_any_case(str_slice(id, 0, prefix.n), prefix)) {
        return NULL;
    }
    Str rest = str_slice(id, prefix.n, id.n);
    size_t colon = str_find(rest, ':');
    return colon == rest.n ? NULL : find_personal(classifier, str_slice(rest, 0, colon));
}
