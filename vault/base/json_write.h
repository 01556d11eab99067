/* json_write.h — writes compact JSON into a Buf: commas and nesting are kept right, strings escaped
 * as Orion does.
 *
 * Escaped are only the quotation mark, the backslash and control characters; UTF-8 stays as it is,
 * and no blank is written. A straight line of calls, one question at the end (json_write_finish).
 * Must never write a floating-point number: numbers that came as text leave as that text
 * (json_write_raw).
 *
 * Layer: vault/base. Thread-safe: single-owner. Standard: RFC 8259. */
#ifndef MUSUBI_JSON_WRITE_H
#define MUSUBI_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "str.h"

/* By value in the caller; the fields are the writer's own. Bit d - 1 of has_items: the container at
 * depth d has an item. */
typedef struct JsonWriter {
    Buf *buf;
    uint64_t has_items;
    uint32_t depth;
    bool has_key;
    bool has_root;
} JsonWriter;

/* A writer that appends one value to buf, which must outlive it. A second value, a name without
 * value or an end too many fails the buffer: a programmer's mistake must not become half an answer.
 */
JsonWriter json_writer(Buf *buf);

/* Containers; deeper than JSON_DEPTH_MAX fails the buffer. */
void json_write_begin_object(JsonWriter *writer);
/* Ends the innermost object. */
void json_write_end_object(JsonWriter *writer);
/* Begins an array, as a value. */
void json_write_begin_array(JsonWriter *writer);
/* Ends the innermost array. */
void json_write_end_array(JsonWriter *writer);

/* The name of the next value; in objects only. */
void json_write_key(JsonWriter *writer, Str name);

/* One value each. text is UTF-8. */
void json_write_string(JsonWriter *writer, Str text);
/* Decimal. */
void json_write_int(JsonWriter *writer, int64_t value);
/* true or false. */
void json_write_bool(JsonWriter *writer, bool value);
/* null. */
void json_write_null(JsonWriter *writer);
/* A value that is JSON text already, byte for byte; the caller answers for it (json_text of a
 * parsed value). */
void json_write_raw(JsonWriter *writer, Str json);

/* A parsed value anew: without blanks, strings in the writer's own escapes, numbers digit for digit
 * as they were. */
void json_write_value(JsonWriter *writer, JsonValue value);
/* The same as text: the form in which a value is kept, so that equal values written differently
 * read alike. A view of the value's own text when that is the form already, else in the arena.
 * Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error json_canonical_in(Arena *arena, JsonValue value, Str *ret_json) MUST_USE;

/* Name and value in one call. */
void json_write_member_string(JsonWriter *writer, Str name, Str text);
/* Name and decimal. */
void json_write_member_int(JsonWriter *writer, Str name, int64_t value);
/* Name and true or false. */
void json_write_member_bool(JsonWriter *writer, Str name, bool value);
/* Name and JSON text. */
void json_write_member_raw(JsonWriter *writer, Str name, Str json);

/* Appends the text as a JSON string with its quotes, without a writer. */
void json_write_quoted(Buf *buf, Str text);

/* What the writer's buffer holds. Errors: BUDGET_EXCEEDED (also: nested too deep), OUT_OF_MEMORY.
 */
Error json_write_finish(const JsonWriter *writer, Str *ret_json) MUST_USE;

#endif
