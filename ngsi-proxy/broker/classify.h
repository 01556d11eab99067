/* classify.h — which half of the data a type or an id belongs to.
 *
 * The registry decides; nothing about the stored data does. A name that differs from a personal
 * type in case alone is never public, whatever the settings, so that personal data can't slip out
 * under a look-alike. Must never look at the store: a decision that depended on data would tell
 * about it.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: yes (immutable). Spec: 6(6)オ. */
#ifndef MUSUBI_CLASSIFY_H
#define MUSUBI_CLASSIFY_H

#include <stdbool.h>

#include "type_registry.h"

typedef enum TypeClass {
    TYPE_UNLISTED, /* reads find nothing, writes are refused */
    TYPE_PUBLIC,
    TYPE_PERSONAL,
    TYPE_CLASS_COUNT_
} TypeClass;

typedef struct Classifier {
    const TypeRegistry *types;
    bool are_unlisted_public; /* setting open: for development */
} Classifier;

/* By the registry; unlisted types by the setting. */
TypeClass classify_type(const Classifier *classifier, Str type);

/* The personal type whose form the id has (urn:ngsi-ld:<PersonalType>:…, scheme and type in any
 * case, percent codes undone); NULL for every other id. */
const EntityTypeSpec *classify_id(const Classifier *classifier, Str id);
/* The personal type whose id form stands anywhere in the text; NULL when none does. */
const EntityTypeSpec *classify_text(const Classifier *classifier, Str text);

/* Whether a public type has an attribute of this name, or it is one that every entity has. */
bool classify_is_open_name(const Classifier *classifier, Str attribute);
/* Whether only personal types have an attribute of this name. */
bool classify_is_personal_name(const Classifier *classifier, Str attribute);

#endif
