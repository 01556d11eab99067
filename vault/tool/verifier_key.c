#include "verifier_key.h"

#include <string.h>

#include "encode.h"

#define KEY_TYPE_ED25519 '\x01'

Error verifier_key_write(Arena *arena, Str origin, const uint8_t key[SIGN_PUBLIC_BYTES],
                         Str *ret_text)
{
    uint8_t id[SIGN_NOTE_ID_BYTES];
    char typed[1 + SIGN_PUBLIC_BYTES] = {KEY_TYPE_ED25519};
    memcpy(typed + 1, key, SIGN_PUBLIC_BYTES);
    sign_note_id(origin, key, id);
    Buf buf = buf_in(arena);
    buf_add(&buf, origin);
    buf_add_char(&buf, '+');
    encode_hex(&buf, str_bytes(id, sizeof id));
    buf_add_char(&buf, '+');
    encode_base64(&buf, str_bytes(typed, sizeof typed));
    return buf_finish(&buf, ret_text);
}

Error verifier_key_read(Arena *arena, Str text, Str *ret_origin, LogKey *ret_key)
{
    const char *form = "a verifier key is NAME+KEYID+BASE64, as `vaultctl audit key` prints it";
    Str rest = text;
    Str origin = STR_EMPTY;
    Str id = STR_EMPTY;
    Str coded = STR_EMPTY;
    Str typed = STR_EMPTY;
    bool has_parts = str_split(&rest, '+', &origin) && str_split(&rest, '+', &id);
    ENSURE(has_parts && rest.p != NULL, CONF_BAD_VALUE, form);
    coded = rest; /* base64 may hold '+' */
    Error decoded = decode_base64_in(arena, coded, &typed);
    ENSURE(!FAILED(decoded) && typed.n == 1 + SIGN_PUBLIC_BYTES && typed.p[0] == KEY_TYPE_ED25519,
           CONF_BAD_VALUE, form);
    LogKey key = {0};
    uint8_t expected[SIGN_NOTE_ID_BYTES];
    Str expected_hex = STR_EMPTY;
    memcpy(key.bytes, typed.p + 1, SIGN_PUBLIC_BYTES);
    sign_note_id(origin, key.bytes, expected);
    Buf buf = buf_in(arena);
    encode_hex(&buf, str_bytes(expected, sizeof expected));
    TRY(buf_finish(&buf, &expected_hex));
    ENSURE(str_eq(id, expected_hex), CONF_BAD_VALUE,
           "the verifier key's id does not belong to its name and key");
    *ret_origin = origin;
    *ret_key = key;
    return OK;
}
