/* plain_value.h — the value of an attribute as filters and orders compare it.
 *
 * Numbers, texts without escapes, booleans and null are read straight from their JSON text, without
 * tape and without memory: they are nearly all that a filter meets. Compound values are reached
 * along a path as MongoDB does it, since that is what Orion's answers rest on. Must never be used
 * to show a value: what is shown is the text that was written.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2 "Simple Query Language". */
#ifndef MUSUBI_PLAIN_VALUE_H
#define MUSUBI_PLAIN_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "entity_query.h"
#include "error.h"
#include "json.h"

typedef enum PlainKind {
    PLAIN_NULL,
    PLAIN_NUMBER,
    PLAIN_TEXT,
    PLAIN_OBJECT,
    PLAIN_ARRAY,
    PLAIN_BOOL,
    PLAIN_MOMENT
} PlainKind;

typedef struct PlainValue {
    PlainKind kind;
    bool truth;    /* BOOL */
    double number; /* NUMBER; beyond the range of a double: infinite */
    int64_t at_us; /* MOMENT */
    Str text;      /* TEXT: decoded; OBJECT, ARRAY: its JSON */
} PlainValue;

/* The moment as a value. */
PlainValue plain_moment(int64_t at_us);
/* The text, already decoded, as a value. */
PlainValue plain_text(Str text);
/* Reads JSON text without blanks around it. Text with escapes is decoded into scratch.
 * Errors: STORE_CORRUPT (not JSON), OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error plain_value_in(Arena *scratch, Str json, PlainValue *ret_value) MUST_USE;
/* The same for the value of an attribute or metadata of this NGSI type: text that is a moment
 * becomes one where the type holds moments. */
Error plain_value_of_type_in(Arena *scratch, Str json, Str ngsi_type, PlainValue *ret_value)
    MUST_USE;

/* What a path leads to. An array on the way stands for its members, and for one of them where the
 * path names its place; so there may be several. */
typedef struct PlainReach {
    const JsonValue *values; /* each once, in the order of the text */
    size_t count;
    bool has_gap; /* somewhere the path led nowhere */
} PlainReach;

/* Follows path into json; the empty path leads to the whole. Memory from scratch.
 * Errors: STORE_CORRUPT (not JSON), OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error plain_value_reach_in(Arena *scratch, Str json, StrList path, PlainReach *ret_reach) MUST_USE;

#endif
