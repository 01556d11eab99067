#include "ids.h"

#include <string.h>

#include "encode.h"

Error id_uuid7(const Ports *ports, uint8_t ret_uuid[ID_UUID_BYTES])
{
    uint8_t uuid[ID_UUID_BYTES];
    TRY(ports->entropy->fill(ports->entropy, uuid, sizeof uuid));
    uint64_t now_ms = (uint64_t)(ports->clock->now_us(ports->clock) / 1000);
    for (unsigned i = 0; i < 6; i++) {
        uuid[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    }
    uuid[6] = (uint8_t)(0x70 | (uuid[6] & 0x0f)); /* version 7 */
    uuid[8] = (uint8_t)(0x80 | (uuid[8] & 0x3f)); /* variant of RFC 9562 */
    memcpy(ret_uuid, uuid, sizeof uuid);
    return OK;
}

static bool is_dash_place(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static char hex_char(unsigned nibble)
{
    return "0123456789abcdef"[nibble & 15];
}

void id_uuid_text(const uint8_t uuid[ID_UUID_BYTES], char ret_text[ID_UUID_TEXT_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < ID_UUID_BYTES; i++) {
        if (is_dash_place(at)) {
            ret_text[at++] = '-';
        }
        ret_text[at++] = hex_char(uuid[i] >> 4);
        ret_text[at++] = hex_char(uuid[i]);
    }
    ret_text[at] = '\0';
}

Error id_uuid7_in(const Ports *ports, Arena *arena, Str *ret_text)
{
    uint8_t uuid[ID_UUID_BYTES];
    TRY(id_uuid7(ports, uuid));
    char text[ID_UUID_TEXT_BYTES];
    id_uuid_text(uuid, text);
    return str_copy_in(arena, str_from(text), ret_text);
}

bool id_is_uuid(Str text)
{
    if (text.n != ID_UUID_TEXT_BYTES - 1) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (is_dash_place(i) ? c != '-' : !is_hex) {
            return false;
        }
    }
    return true;
}

Error id_request(const Ports *ports, char ret_text[ID_REQUEST_TEXT_BYTES])
{
    uint8_t random[(ID_REQUEST_TEXT_BYTES - 1) / 2];
    TRY(ports->entropy->fill(ports->entropy, random, sizeof random));
    for (size_t i = 0; i < sizeof random; i++) {
        ret_text[2 * i] = hex_char(random[i] >> 4);
        ret_text[2 * i + 1] = hex_char(random[i]);
    }
    ret_text[ID_REQUEST_TEXT_BYTES - 1] = '\0';
    return OK;
}

Error id_random_hex_in(const Ports *ports, Arena *arena, size_t n, Str *ret_hex)
{
    uint8_t random[64];
    ENSURE(n <= sizeof random, INTERNAL, "random hex of more than 64 bytes");
    TRY(ports->entropy->fill(ports->entropy, random, n));
    Buf buf = buf_in(arena);
    encode_hex(&buf, str_bytes(random, n));
    return buf_finish(&buf, ret_hex);
}
