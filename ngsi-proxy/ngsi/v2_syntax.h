/* v2_syntax.h — Orion's rules for the characters and lengths of ids, names, types and values.
 *
 * Names are ASCII without blanks, controls and & ? / # and without the forbidden eight; values are
 * any text without those eight. Must never repair: what breaks a rule is refused in Orion's words.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2 "Field syntax restrictions", "General
 * syntax restrictions". */
#ifndef MUSUBI_V2_SYNTAX_H
#define MUSUBI_V2_SYNTAX_H

#include <stdbool.h>

#include "json.h"

#define V2_NAME_BYTES_MAX 256

/* Whether the text holds one of < > " ' = ; ( ). */
bool v2_has_forbidden(Str text);
/* Whether the text may stand as an id, name or type, length aside. */
bool v2_is_name_text(Str text);

/* What a name is called in Orion's refusals: "entity id", "attribute type", "metadata name" … .
 * Length 1..256, then characters. Errors: V2_LENGTH_MIN, V2_LENGTH_MAX, V2_CHARACTERS. */
Error v2_name_check(Arena *arena, const char *what, Str name) MUST_USE;

/* No string anywhere inside the value holds a forbidden character; member names are not looked at
 * (as Orion). Errors: V2_CHARACTERS (argument: what). */
Error v2_value_check(Arena *arena, const char *what, JsonValue value) MUST_USE;

/* The attribute type that Orion gives a value that came without one: Text, Number, Boolean,
 * StructuredValue, None. */
Str v2_default_type(JsonKind kind);

/* Metadata that Musubi computes: dateCreated, dateModified, previousValue, actionType. */
bool v2_is_builtin_metadata(Str name);

#endif
