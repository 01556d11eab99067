#include "encode.h"

#include <stdbool.h>

static const char HEX[] = "0123456789abcdef";
static const char STANDARD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL_SAFE[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void encode_hex(Buf *buf, Str bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        const char pair[2] = {HEX[c >> 4], HEX[c & 15]};
        buf_add(buf, str_bytes(pair, sizeof pair));
    }
}

/* Up to three bytes as one group of n + 1 characters. */
static size_t encode_group(const char *alphabet, const unsigned char *bytes, size_t n, char out[4])
{
    uint32_t bits = (uint32_t)bytes[0] << 16;
    bits |= n > 1 ? (uint32_t)bytes[1] << 8 : 0;
    bits |= n > 2 ? bytes[2] : 0;
    for (size_t i = 0; i < 4; i++) {
        out[i] = alphabet[bits >> (18 - 6 * i) & 63];
    }
    return n + 1;
}

static void encode_with(const char *alphabet, bool is_padded, Buf *buf, Str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    for (size_t at = 0; at < bytes.n; at += 3) {
        size_t left = bytes.n - at;
        char group[4];
        size_t n = encode_group(alphabet, p + at, left < 3 ? left : 3, group);
        buf_add(buf, str_bytes(group, n));
        if (is_padded && n < 4) {
            buf_add(buf, str_slice(STR("=="), 0, 4 - n));
        }
    }
}

void encode_base64(Buf *buf, Str bytes)
{
    encode_with(STANDARD, true, buf, bytes);
}

void encode_base64url(Buf *buf, Str bytes)
{
    encode_with(URL_SAFE, false, buf, bytes);
}

void encode_base64url_16(const uint8_t bytes[16], char ret_text[ENCODE_BASE64URL_16_BYTES])
{
    size_t used = 0;
    for (size_t at = 0; at < 16; at += 3) {
        char group[4];
        size_t n = encode_group(URL_SAFE, bytes + at, at == 15 ? 1 : 3, group);
        for (size_t i = 0; i < n; i++) {
            ret_text[used++] = group[i];
        }
    }
    ret_text[used] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The two alphabets differ in their last two letters. */
static int base64_digit(const char *alphabet, char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

Error decode_hex_in(Arena *arena, Str text, Str *ret_bytes)
{
    ENSURE(text.n % 2 == 0, BAD_ENCODING, "hex");
    char *bytes = arena_alloc(arena, text.n / 2);
    ENSURE_ALLOC(bytes, arena);
    for (size_t i = 0; i < text.n; i += 2) {
        int high = hex_digit(text.p[i]);
        int low = hex_digit(text.p[i + 1]);
        ENSURE(high >= 0 && low >= 0, BAD_ENCODING, "hex");
        bytes[i / 2] = (char)(high << 4 | low);
    }
    *ret_bytes = str_bytes(bytes, text.n / 2);
    return OK;
}

static Error decode_with(const char *alphabet, const char *name, Arena *arena, Str text,
                         Str *ret_bytes)
{
    ENSURE(text.n % 4 != 1, BAD_ENCODING, name);
    size_t size = text.n / 4 * 3 + (text.n % 4 == 0 ? 0 : text.n % 4 - 1);
    char *bytes = arena_alloc(arena, size);
    ENSURE_ALLOC(bytes, arena);
    uint32_t bits = 0;
    unsigned held = 0;
    size_t used = 0;
    for (size_t i = 0; i < text.n; i++) {
        int digit = base64_digit(alphabet, text.p[i]);
        ENSURE(digit >= 0, BAD_ENCODING, name);
        bits = (bits << 6 | (uint32_t)digit) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[used++] = (char)(bits >> held & 0xff);
        }
    }
    /* bits that belong to no byte must be zero, else two texts would mean the same bytes */
    ENSURE((bits & ((1U << held) - 1)) == 0, BAD_ENCODING, name);
    *ret_bytes = str_bytes(bytes, size);
    return OK;
}

Error decode_base64_in(Arena *arena, Str text, Str *ret_bytes)
{
    ENSURE(text.n % 4 == 0, BAD_ENCODING, "base64");
    size_t padding = str_ends_with(text, STR("==")) ? 2 : str_ends_with(text, STR("=")) ? 1 : 0;
    return decode_with(STANDARD, "base64", arena, str_slice(text, 0, text.n - padding), ret_bytes);
}

Error decode_base64url_in(Arena *arena, Str text, Str *ret_bytes)
{
    return decode_with(URL_SAFE, "base64url", arena, text, ret_bytes);
}
