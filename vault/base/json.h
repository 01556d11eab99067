/* json.h — the strict JSON reader: a tape of spans over the original text.
 *
 * A value stays the bytes it was sent as (`1.0`, `1e2`, 20-digit integers), so what the vault seals
 * is what comes back. Refused, beyond RFC 8259's grammar: duplicate member names (compared
 * decoded), \u0000, lone surrogates, invalid UTF-8, a byte order mark, trailing bytes, numbers
 * longer than 64 characters. Must never change, round or copy a value, and never recurse deeper
 * than JSON_DEPTH_MAX.
 *
 * Layer: vault/base. Thread-safe: pure once parsed. Requirement: A-20. Standard: RFC 8259. */
#ifndef MUSUBI_JSON_H
#define MUSUBI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#define JSON_DEPTH_MAX 64
#define JSON_NUMBER_BYTES_MAX 64

typedef enum JsonKind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
} JsonKind;

/* Bounds of one text. A node is a value or a member name. depth_max ≤ JSON_DEPTH_MAX; `[]` has
 * depth 1. */
typedef struct JsonLimits {
    size_t bytes_max;
    uint32_t depth_max;
    uint32_t nodes_max;
} JsonLimits;

/* NGSI bodies (Orion's 1 MiB; nodes are bounded by the bytes) and the bodies of Musubi's own APIs.
 */
#define JSON_LIMITS_REQUEST                                                                        \
    ((JsonLimits){.bytes_max = 1 << 20, .depth_max = 64, .nodes_max = 1 << 20})
#define JSON_LIMITS_API ((JsonLimits){.bytes_max = 1 << 20, .depth_max = 32, .nodes_max = 10000})

typedef struct JsonTape JsonTape;

/* Handle of one value, by value. Lives as long as the arena and the text given to json_parse. */
typedef struct JsonValue {
    const JsonTape *tape;
    uint32_t at;
} JsonValue;

/* Reads one whole text; blanks may surround it. The text must outlive the tape.
 * Errors: JSON_SYNTAX and JSON_LIMIT (argument = position and what is wrong, never a byte of the
 * text), BUDGET_EXCEEDED, OUT_OF_MEMORY. Takes O(n log n). */
Error json_parse(Arena *arena, Str text, JsonLimits limits, JsonValue *ret_root) MUST_USE;

/* The kind of a value. */
JsonKind json_kind(JsonValue value);
/* Whether a value is of this kind. */
bool json_is(JsonValue value, JsonKind kind);
/* Whether a value is true or false. */
bool json_is_bool(JsonValue value);

/* The original bytes of the value, quotes and brackets included, without blanks around it. */
Str json_text(JsonValue value);

/* The decoded text of a string: a view of the original where it has no escapes, else an arena copy.
 * The value must be a JSON_STRING. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error json_string_in(Arena *arena, JsonValue value, Str *ret_text) MUST_USE;
/* Whether a value is a string that decodes to text. Allocates nothing. */
bool json_string_is(JsonValue value, Str text);

/* Number of members or items; 0 for everything that is no container. */
uint32_t json_count(JsonValue value);

/* The member of that name (compared decoded); false when there is none or the value is no object.
 * O(members). */
bool json_member(JsonValue object, Str name, JsonValue *ret_member);

/* A walk over items or members in the order of the text. */
typedef struct JsonIter {
    const JsonTape *tape;
    uint32_t next;
    uint32_t end;
    bool is_object;
} JsonIter;

/* Starts a walk; over a scalar it ends at once. */
JsonIter json_iter(JsonValue container);
/* The next item. ret_key (may be NULL) gets the decoded name, {NULL, 0} in an array. False at the
 * end. */
bool json_next(JsonIter *iter, Str *ret_key, JsonValue *ret_value);

/* The nearest double; false when the value is no number or is too large for a double. */
bool json_number(JsonValue value, double *ret_number);
/* The exact int64 of a number (`5`, `5.0` and `5e0` alike); false when the value is anything else.
 */
bool json_integer(JsonValue value, int64_t *ret_integer);

/* Decimal number text after RFC 8259 §6, of at most JSON_NUMBER_BYTES_MAX bytes; for parameters
 * that carry numbers. */
bool json_is_number_text(Str text);

#endif
