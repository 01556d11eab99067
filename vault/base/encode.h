/* encode.h — bytes as hex, base64 and base64url, and back, strictly.
 *
 * Decoders accept exactly one text for each byte string: lower-case hex, padded base64, unpadded
 * base64url, unused bits zero, no blanks; so a decoded value can serve as a key. Must never be used
 * to compare secrets; table lookups are not constant-time, so keys are not encoded here.
 *
 * Layer: vault/base. Thread-safe: pure. Standard: RFC 4648 §4, §5, §8. */
#ifndef MUSUBI_ENCODE_H
#define MUSUBI_ENCODE_H

#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#define ENCODE_BASE64URL_16_BYTES 23 /* text of 16 bytes and its NUL */

/* Appends lower-case hex. */
void encode_hex(Buf *buf, Str bytes);
/* Appends base64 with padding. */
void encode_base64(Buf *buf, Str bytes);
/* Appends base64url without padding. */
void encode_base64url(Buf *buf, Str bytes);
/* The base64url text of a 16-byte token, NUL-terminated. */
void encode_base64url_16(const uint8_t bytes[16], char ret_text[ENCODE_BASE64URL_16_BYTES]);

/* The bytes of lower-case hex. Result in the arena.
 * Errors of the decoders: BAD_ENCODING (argument = name of the encoding), BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error decode_hex_in(Arena *arena, Str text, Str *ret_bytes) MUST_USE;
/* The bytes of padded base64. */
Error decode_base64_in(Arena *arena, Str text, Str *ret_bytes) MUST_USE;
/* The bytes of unpadded base64url. */
Error decode_base64url_in(Arena *arena, Str text, Str *ret_bytes) MUST_USE;

#endif
