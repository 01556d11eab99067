#include "checkpoint.h"

#include <string.h>

#include "encode.h"

#define SIGNATURE_MARK "\xe2\x80\x94 " /* em dash, blank */

bool checkpoint_name_is_valid(Str name)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    if (name.n == 0 || name.n > CHECKPOINT_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        if (memchr(LETTERS, name.p[i], sizeof LETTERS - 1) == NULL) {
            return false;
        }
    }
    return true;
}

Error checkpoint_origin_in(Arena *arena, Str environment, Str node, Str *ret_origin)
{
    ENSURE(checkpoint_name_is_valid(environment), LOG_NAME, "environment");
    ENSURE(checkpoint_name_is_valid(node), LOG_NAME, "node");
    const Str parts[] = {STR("musubi/"), environment, STR("/"), node};
    return str_join_in(arena, parts, sizeof parts / sizeof parts[0], ret_origin);
}

static void add_text(Buf *buf, const Checkpoint *checkpoint)
{
    buf_add(buf, checkpoint->origin);
    buf_add_char(buf, '\n');
    buf_add_int(buf, (int64_t)checkpoint->size);
    buf_add_char(buf, '\n');
    encode_base64(buf, str_bytes(checkpoint->root.bytes, MERKLE_HASH_BYTES));
    buf_add_char(buf, '\n');
}

Error checkpoint_text_in(Arena *arena, const Checkpoint *checkpoint, Str *ret_text)
{
    Buf buf = buf_in(arena);
    add_text(&buf, checkpoint);
    return buf_finish(&buf, ret_text);
}

static bool is_signed(const LogPolicy *policy, Str text, Str signature)
{
    for (size_t i = 0; i < policy->key_count; i++) {
        if (sign_verify(policy->keys[i].bytes, text, signature)) {
            return true;
        }
    }
    return false;
}

Error checkpoint_verify(Arena *arena, const LogPolicy *policy, const Checkpoint *checkpoint,
                        Str signature, bool *ret_is_genuine)
{
    Str text;
    TRY(checkpoint_text_in(arena, checkpoint, &text));
    *ret_is_genuine =
        str_eq(checkpoint->origin, policy->origin) && is_signed(policy, text, signature);
    return OK;
}

Error checkpoint_note_in(Arena *arena, const Checkpoint *checkpoint,
                         const uint8_t public_key[SIGN_PUBLIC_BYTES],
                         const uint8_t signature[SIGN_SIGNATURE_BYTES], Str *ret_note)
{
    uint8_t blob[SIGN_NOTE_ID_BYTES + SIGN_SIGNATURE_BYTES];
    sign_note_id(checkpoint->origin, public_key, blob);
    memcpy(blob + SIGN_NOTE_ID_BYTES, signature, SIGN_SIGNATURE_BYTES);
    Buf buf = buf_in(arena);
    add_text(&buf, checkpoint);
    buf_add(&buf, STR("\n" SIGNATURE_MARK));
    buf_add(&buf, checkpoint->origin);
    buf_add_char(&buf, ' ');
    encode_base64(&buf, str_bytes(blob, sizeof blob));
    buf_add_char(&buf, '\n');
    return buf_finish(&buf, ret_note);
}

/* Cuts one LF-ended line off *rest; false when there is no whole line. */
static bool take_line(Str *rest, Str *ret_line)
{
    size_t end = str_find(*rest, '\n');
    if (end == rest->n) {
        return false;
    }
    *ret_line = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end + 1, rest->n);
    return true;
}

static bool parse_text(Arena *arena, Str *rest, Checkpoint *ret_checkpoint)
{
    Str origin;
    Str size_text;
    Str root_text;
    Str root;
    int64_t size = 0;
    if (!take_line(rest, &origin) || origin.n == 0 || !take_line(rest, &size_text) ||
        !str_to_uint(size_text, &size) || !take_line(rest, &root_text) ||
        FAILED(decode_base64_in(arena, root_text, &root)) || root.n != MERKLE_HASH_BYTES) {
        return false;
    }
    *ret_checkpoint = (Checkpoint){.origin = origin, .size = (uint64_t)size};
    memcpy(ret_checkpoint->root.bytes, root.p, MERKLE_HASH_BYTES);
    return true;
}

/* The signature of a line "— name base64"; false when it is not of this policy or not of that
 * shape. */
static bool line_is_genuine(Arena *arena, const LogPolicy *policy, Str text, Str line)
{
    Str prefix = STR(SIGNATURE_MARK);
    if (!str_starts_with(line, prefix)) {
        return false;
    }
    Str rest = str_slice(line, prefix.n, line.n);
    size_t blank = str_find(rest, ' ');
    Str blob;
    if (!str_eq(str_slice(rest, 0, blank), policy->origin) ||
        FAILED(decode_base64_in(arena, str_slice(rest, blank + 1, rest.n), &blob)) ||
        blob.n != SIGN_NOTE_ID_BYTES + SIGN_SIGNATURE_BYTES) {
        return false;
    }
    for (size_t i = 0; i < policy->key_count; i++) {
        uint8_t id[SIGN_NOTE_ID_BYTES];
        sign_note_id(policy->origin, policy->keys[i].bytes, id);
        if (str_eq(str_bytes(id, sizeof id), str_slice(blob, 0, sizeof id)) &&
            sign_verify(policy->keys[i].bytes, text, str_slice(blob, sizeof id, blob.n))) {
            return true;
        }
    }
    return false;
}

Error checkpoint_open(Arena *arena, const LogPolicy *policy, Str note, Checkpoint *ret_checkpoint)
{
    Checkpoint checkpoint = {0};
    Str rest = note;
    ENSURE(parse_text(arena, &rest, &checkpoint), LOG_CHECKPOINT,
           "three lines: origin, size, root");
    ENSURE(str_eq(checkpoint.origin, policy->origin), LOG_CHECKPOINT, "the origin of this log");
    Str text = str_slice(note, 0, note.n - rest.n);
    Str line;
    ENSURE(take_line(&rest, &line) && line.n == 0, LOG_CHECKPOINT,
           "a blank line, no extension lines");
    bool is_genuine = false;
    while (take_line(&rest, &line)) {
        ENSURE(str_starts_with(line, STR(SIGNATURE_MARK)), LOG_CHECKPOINT, "signature lines only");
        is_genuine = is_genuine || line_is_genuine(arena, policy, text, line);
    }
    ENSURE(rest.n == 0, LOG_CHECKPOINT, "a line end after the last signature");
    ENSURE(is_genuine, LOG_CHECKPOINT, "a signature by the log's key");
    *ret_checkpoint = checkpoint;
    return OK;
}
