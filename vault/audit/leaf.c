#include "leaf.h"

#include <string.h>

#include "encode.h"
#include "json.h"
#include "segment_format.h"
#include "utf8.h"

static const char *const ACT_NAMES[] = {
    [LEAF_READ] = "read",
    [LEAF_SCAN] = "scan",
    [LEAF_WRITE] = "write",
    [LEAF_DELETE] = "delete",
    [LEAF_CONSENT_GRANT] = "consent.grant",
    [LEAF_CONSENT_REVOKE] = "consent.revoke",
    [LEAF_POINT_TRANSFER] = "point.transfer",
    [LEAF_LOGIN] = "login",
    [LEAF_ADMIN] = "admin",
    [LEAF_ERASE] = "erase",
    [LEAF_EXPORT] = "export",
    [LEAF_CANARY] = "canary",
    [LEAF_BOOT] = "boot",
    [LEAF_CLOCK] = "clock",
    [LEAF_STATE_ROOT] = "state-root",
};
_Static_assert(sizeof ACT_NAMES / sizeof ACT_NAMES[0] == LEAF_ACT_COUNT_, "one name an act");
_Static_assert(LEAF_BYTES_MAX == SEGMENT_LEAF_BYTES_MAX,
               "segments hold leaves of any permitted length");

/* Room that the place in the log takes at most: sequence, time, detail hash and the member names
 * around them. */
#define PLACE_BYTES_MAX 160

const char *leaf_act_name(LeafAct act)
{
    return (unsigned)act < LEAF_ACT_COUNT_ ? ACT_NAMES[act] : "";
}

bool leaf_act_parse(Str name, LeafAct *ret_act)
{
    for (unsigned i = 0; i < LEAF_ACT_COUNT_; i++) {
        if (str_eq(name, str_from(ACT_NAMES[i]))) {
            *ret_act = (LeafAct)i;
            return true;
        }
    }
    return false;
}

static void add_u16_escape(Buf *buf, uint32_t unit)
{
    static const char DIGITS[] = "0123456789abcdef";
    buf_add(buf, STR("\\u"));
    for (int shift = 12; shift >= 0; shift -= 4) {
        buf_add_char(buf, DIGITS[unit >> shift & 0xf]);
    }
}

static void add_escaped(Buf *buf, uint32_t point)
{
    if (point < 0x10000) {
        add_u16_escape(buf, point);
    } else {
        add_u16_escape(buf, 0xd800 + ((point - 0x10000) >> 10));
        add_u16_escape(buf, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
}

/* A JSON string of ASCII alone; what is no UTF-8 (or NUL) becomes U+FFFD, so that a leaf can always
 * be read. */
static void add_ascii(Buf *buf, Str text)
{
    buf_add_char(buf, '"');
    while (text.n > 0) {
        uint32_t point = 0xfffd;
        size_t bytes = utf8_decode(text, &point);
        point = bytes == 0 || point == 0 ? 0xfffd : point;
        if (point >= 0x20 && point < 0x7f && point != '"' && point != '\\') {
            buf_add_char(buf, (char)point);
        } else {
            add_escaped(buf, point);
        }
        text = str_slice(text, bytes == 0 ? 1 : bytes, text.n);
    }
    buf_add_char(buf, '"');
}

static void add_member(Buf *buf, const char *name, Str text)
{
    buf_add(buf, STR(",\""));
    buf_add(buf, str_from(name));
    buf_add(buf, STR("\":"));
    add_ascii(buf, text);
}

static void add_hash_member(Buf *buf, const char *name, const uint8_t *hash)
{
    buf_add(buf, STR(",\""));
    buf_add(buf, str_from(name));
    buf_add(buf, STR("\":\""));
    if (hash != NULL) {
        encode_base64(buf, str_bytes(hash, SHA256_BYTES));
    }
    buf_add_char(buf, '"');
}

static Error commit_to_consent(Arena *arena, const uint8_t salt[COMMITMENT_SALT_BYTES],
                               const LeafDetail *detail, uint8_t ret_commitment[SHA256_BYTES])
{
    Buf buf = buf_in(arena);
    buf_add(&buf, detail->grant_id);
    buf_add_char(&buf, '@');
    buf_add_int(&buf, (int64_t)detail->grant_version);
    Str message;
    TRY(buf_finish(&buf, &message));
    commitment_make(0x03, salt, message, ret_commitment);
    return OK;
}

static Error render_middle(Arena *arena, const LeafDraft *draft, const uint8_t *salt,
                           Str *ret_middle)
{
    uint8_t subject[SHA256_BYTES];
    uint8_t consent[SHA256_BYTES];
    bool has_consent = salt != NULL && draft->detail.grant_id.n > 0;
    if (draft->subject != NULL) {
        commitment_make(0x02, salt, str_bytes(draft->subject, SUBJECT_ID_BYTES), subject);
    }
    if (has_consent) {
        TRY(commit_to_consent(arena, salt, &draft->detail, consent));
    }
    Buf buf = buf_in(arena);
    add_member(&buf, "act", str_from(leaf_act_name(draft->act)));
    add_member(&buf, "dec", draft->is_denied ? STR("deny") : STR("permit"));
    add_member(&buf, "why", draft->why);
    add_member(&buf, "cl", draft->client);
    add_member(&buf, "op", draft->operator_id);
    add_member(&buf, "pur", draft->purpose);
    add_hash_member(&buf, "con", has_consent ? consent : NULL);
    add_hash_member(&buf, "s", draft->subject != NULL ? subject : NULL);
    add_member(&buf, "et", draft->entity_type);
    buf_add(&buf, STR(",\"n\":"));
    buf_add_int(&buf, draft->attribute_count);
    return buf_finish(&buf, ret_middle);
}

/* The arena is an ordinary one, so the plaintext lives in one block of known size, wiped before it
 * is left. */
static Error seal_detail(Arena *arena, Str node, const LeafDraft *draft, const uint8_t *salt,
                         PreparedLeaf *leaf)
{
    size_t bytes = leaf_detail_bytes(draft->subject, &draft->detail);
    ENSURE(seal_envelope_bytes(bytes, PADDING_NATURAL) + SEAL_FINDER_BYTES <=
               SEGMENT_DETAIL_BYTES_MAX,
           LOG_LEAF_TOO_LARGE, NULL);
    Buf buf = buf_in(arena);
    char *block = buf_extend(&buf, bytes);
    ENSURE_ALLOC(block, arena);
    buf.n = 0; /* fills the block without ever growing out of it */
    leaf_detail_encode(&buf, salt, draft->subject, &draft->detail);
    Error error =
        seal_log_detail(draft->key, node, str_bytes(block, buf.n), arena, &leaf->envelope);
    crypto_wipe(block, bytes);
    TRY(error);
    ENSURE(buf.p == block && buf.n == bytes, INTERNAL, "size of a log detail");
    sha256_init(&leaf->hash);
    sha256_update(&leaf->hash, leaf->envelope);
    return OK;
}

Error leaf_prepare(const Ports *ports, Arena *arena, Str node, const LeafDraft *draft,
                   PreparedLeaf *ret_leaf)
{
    ENSURE(draft->key != NULL || draft->subject == NULL, LOG_MISUSE, "a subject without a key");
    ENSURE((unsigned)draft->act < LEAF_ACT_COUNT_, LOG_MISUSE, "act");
    PreparedLeaf leaf = {.key = draft->key, .envelope = STR_EMPTY};
    uint8_t salt[COMMITMENT_SALT_BYTES];
    TRY(ports->entropy->fill(ports->entropy, salt, sizeof salt));
    if (draft->key != NULL) {
        TRY(seal_detail(arena, node, draft, salt, &leaf));
    }
    TRY(render_middle(arena, draft, draft->key == NULL ? NULL : salt, &leaf.middle));
    Buf end = buf_in(arena);
    add_member(&end, "rq", draft->request_id);
    add_member(&end, "pol", draft->policy);
    buf_add_char(&end, '}');
    TRY(buf_finish(&end, &leaf.end));
    ENSURE(leaf.middle.n + leaf.end.n + PLACE_BYTES_MAX <= LEAF_BYTES_MAX, LOG_LEAF_TOO_LARGE,
           NULL);
    *ret_leaf = leaf;
    return OK;
}

static Error join_detail(const PreparedLeaf *leaf, Arena *arena, const uint8_t *finder,
                         Str *ret_detail)
{
    if (leaf->key == NULL) {
        *ret_detail = STR_EMPTY;
        return OK;
    }
    const Str parts[] = {str_bytes(finder, SEAL_FINDER_BYTES), leaf->envelope};
    return str_join_in(arena, parts, 2, ret_detail);
}

Error leaf_place(const PreparedLeaf *leaf, Arena *arena, uint64_t seq, int64_t at_ms,
                 const uint8_t finder[SEAL_FINDER_BYTES], Str *ret_line, Str *ret_detail)
{
    uint8_t detail_hash[SHA256_BYTES];
    if (leaf->key != NULL) {
        Sha256 hash = leaf->hash;
        sha256_update(&hash, str_bytes(finder, SEAL_FINDER_BYTES));
        sha256_final(&hash, detail_hash);
    }
    Buf line = buf_in(arena);
    buf_add(&line, STR("{\"v\":1,\"seq\":"));
    buf_add_int(&line, (int64_t)seq);
    buf_add(&line, STR(",\"t\":"));
    buf_add_int(&line, at_ms);
    buf_add(&line, leaf->middle);
    add_hash_member(&line, "d", leaf->key == NULL ? NULL : detail_hash);
    buf_add(&line, leaf->end);
    Str text;
    TRY(buf_finish(&line, &text));
    TRY(join_detail(leaf, arena, finder, ret_detail));
    *ret_line = text;
    return OK;
}

/* --- reading --- */

/* Members in the order of the line; the first failure sticks. */
typedef struct LeafCursor {
    Arena *arena;
    JsonIter iter;
    const char *expected; /* what the first failure lacked; NULL: none yet */
    Error error;
} LeafCursor;

static bool take_member(LeafCursor *cursor, const char *name, JsonKind kind, JsonValue *ret_value)
{
    Str key;
    if (cursor->expected != NULL) {
        return false;
    }
    if (!json_next(&cursor->iter, &key, ret_value) || !str_eq(key, str_from(name)) ||
        !json_is(*ret_value, kind)) {
        cursor->expected = name;
        return false;
    }
    return true;
}

static int64_t take_int(LeafCursor *cursor, const char *name, int64_t max)
{
    JsonValue value;
    int64_t number = 0;
    if (!take_member(cursor, name, JSON_NUMBER, &value)) {
        return 0;
    }
    if (!str_to_uint(json_text(value), &number) || number > max) {
        cursor->expected = name;
        return 0;
    }
    return number;
}

static Str take_text(LeafCursor *cursor, const char *name)
{
    JsonValue value;
    Str text = STR_EMPTY;
    if (take_member(cursor, name, JSON_STRING, &value)) {
        cursor->error = json_string_in(cursor->arena, value, &text);
        cursor->expected = FAILED(cursor->error) ? name : NULL;
    }
    return text;
}

/* Base64 of 32 bytes, or "". */
static Str take_hash(LeafCursor *cursor, const char *name)
{
    Str text = take_text(cursor, name);
    Str bytes = STR_EMPTY;
    if (text.n > 0 &&
        (FAILED(decode_base64_in(cursor->arena, text, &bytes)) || bytes.n != SHA256_BYTES)) {
        cursor->expected = name;
    }
    return text;
}

static bool take_decision(LeafCursor *cursor)
{
    Str decision = take_text(cursor, "dec");
    bool is_denied = str_eq(decision, STR("deny"));
    if (cursor->expected == NULL && !is_denied && !str_eq(decision, STR("permit"))) {
        cursor->expected = "dec";
    }
    return is_denied;
}

static LeafAct take_act(LeafCursor *cursor)
{
    LeafAct act = LEAF_READ;
    Str name = take_text(cursor, "act");
    if (cursor->expected == NULL && !leaf_act_parse(name, &act)) {
        cursor->expected = "act";
    }
    return act;
}

static Leaf take_leaf(LeafCursor *cursor)
{
    Leaf leaf = {0};
    if (take_int(cursor, "v", LEAF_VERSION) != LEAF_VERSION && cursor->expected == NULL) {
        cursor->expected = "v";
    }
    leaf.seq = (uint64_t)take_int(cursor, "seq", INT64_MAX);
    leaf.at_ms = take_int(cursor, "t", INT64_MAX);
    leaf.act = take_act(cursor);
    leaf.is_denied = take_decision(cursor);
    leaf.why = take_text(cursor, "why");
    leaf.client = take_text(cursor, "cl");
    leaf.operator_id = take_text(cursor, "op");
    leaf.purpose = take_text(cursor, "pur");
    leaf.consent = take_hash(cursor, "con");
    leaf.subject = take_hash(cursor, "s");
    leaf.entity_type = take_text(cursor, "et");
    leaf.attribute_count = (uint32_t)take_int(cursor, "n", UINT32_MAX);
    leaf.detail_hash = take_hash(cursor, "d");
    leaf.request_id = take_text(cursor, "rq");
    leaf.policy = take_text(cursor, "pol");
    return leaf;
}

static bool is_one_line_of_ascii(Str line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] < 0x20 || line.p[i] > 0x7e) {
            return false;
        }
    }
    return line.n <= LEAF_BYTES_MAX;
}

Error leaf_parse(Arena *arena, Str line, Leaf *ret_leaf)
{
    ENSURE(is_one_line_of_ascii(line), LOG_CORRUPT, "one line of ASCII, at most 4096 bytes");
    JsonValue root;
    Error error = json_parse(arena, line, JSON_LIMITS_API, &root);
    ENSURE(error.code != ERROR_BAD_INPUT, LOG_CORRUPT, "a leaf in JSON");
    TRY(error);
    LeafCursor cursor = {.arena = arena, .iter = json_iter(root), .error = OK};
    Leaf leaf = take_leaf(&cursor);
    TRY(cursor.error);
    ENSURE(cursor.expected == NULL, LOG_CORRUPT, cursor.expected);
    Str key;
    JsonValue surplus;
    ENSURE(!json_next(&cursor.iter, &key, &surplus), LOG_CORRUPT, "no further member");
    *ret_leaf = leaf;
    return OK;
}

Error leaf_detail_matches(Arena *arena, const Leaf *leaf, Str detail, bool *ret_is_right)
{
    if (detail.n < SEAL_FINDER_BYTES) {
        *ret_is_right = detail.n == 0 && leaf->detail_hash.n == 0;
        return OK;
    }
    const Str parts[] = {str_slice(detail, SEAL_FINDER_BYTES, detail.n),
                         str_slice(detail, 0, SEAL_FINDER_BYTES)};
    uint8_t hash[SHA256_BYTES];
    sha256_of(parts, 2, hash);
    Buf buf = buf_in(arena);
    encode_base64(&buf, str_bytes(hash, sizeof hash));
    Str text;
    TRY(buf_finish(&buf, &text));
    *ret_is_right = str_eq(text, leaf->detail_hash);
    return OK;
}
