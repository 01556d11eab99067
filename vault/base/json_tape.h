/* json_tape.h — the inside of json.h: the tape's layout and the decoding that its writer and
 * readers share.
 *
 * Only json_parse.c, json.c and json_tape.c use it. Must never be included by other modules: they
 * see JsonValue.
 *
 * Layer: vault/base. Thread-safe: pure once parsed. */
#ifndef MUSUBI_JSON_TAPE_H
#define MUSUBI_JSON_TAPE_H

#include "json.h"

/* One node for each value and each member name, in the order of the text; a container's children
 * follow it. 16 bytes, so that the tape of a normal body stays below twice the body. */
typedef struct Node {
    uint32_t offset; /* of the value's first byte; of a name: into the text, or into `names` when it
                        had escapes */
    uint32_t length;
    uint32_t next; /* index behind this node and all below it */
    uint32_t meta; /* kind (3 bits), has escapes (1), number of members or items (28) */
} Node;

#define META_KIND 7U
#define META_ESCAPES 8U
#define META_COUNT_SHIFT 4
#define TEXT_BYTES_MAX ((size_t)1 << 28) /* keeps every count below 28 bits */

struct JsonTape {
    Str text;
    Str names; /* decoded member names that had escapes, end to end */
    Node *nodes;
    uint32_t count;
};

/* The code unit of the four hex digits at p, -1 when they are none. */
int32_t json_tape_hex_unit(const char *p, const char *end);
/* Whether a code unit is the first half of a surrogate pair. */
bool json_tape_is_high(int32_t unit);
/* Whether a code unit is the second half of a surrogate pair. */
bool json_tape_is_low(int32_t unit);

/* The next character of a checked string's inside as UTF-8; steps *at over it. Returns its bytes, 1
 * to 4. */
size_t json_tape_decode_unit(const char **at, const char *end, char out[4]);
/* Appends the whole inside of a checked string, decoded. */
void json_tape_decode(Buf *buf, Str inside);
/* The decoded member name of a name's node. */
Str json_tape_name(const JsonTape *tape, uint32_t at);

#endif
