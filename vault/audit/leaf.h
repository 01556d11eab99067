/* leaf.h — one entry of the access log: the draft of a caller, the line that the tree holds.
 *
 * A leaf is one line of ASCII JSON, at most 4,096 bytes, these members in this order, integers and
 * strings only:
 *
 *   {"v":1,"seq":N,"t":ms,"act":"read","dec":"permit","why":"…","cl":"client","op":"operator",
 *    "pur":"purpose","con":"…","s":"…","et":"entity type","n":N,"d":"…","rq":"request id",
 *    "pol":"policy"}
 *
 *   seq  place in the log, from 0
 *   t    UTC milliseconds, never less than the leaf before
 *   s    base64 SHA-256(0x02 ‖ salt ‖ subject id); "" when no citizen is concerned
 *   con  base64 SHA-256(0x03 ‖ salt ‖ grant id ‖ '@' ‖ decimal grant version); "" without one
 *   d    base64 SHA-256(envelope ‖ finder) of the stored detail (leaf_detail.h); "" without one
 *
 * The salt is fresh for each leaf and kept in the sealed detail only: once the subject's key is
 * destroyed, s and con can be linked to nobody, not even to each other. Must never hold an address,
 * a name, an entity id or a grant id.
 *
 * Layer: vault/audit. Thread-safe: pure. Requirement: L-2. */
#ifndef MUSUBI_LEAF_H
#define MUSUBI_LEAF_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "keyring.h"
#include "leaf_detail.h"
#include "seal.h"
#include "str.h"

#define LEAF_VERSION 1
#define LEAF_BYTES_MAX 4096
#define LEAF_EPOCH_LEAVES 65536u /* finders count anew in each epoch */

typedef enum LeafAct {
    LEAF_READ,
    LEAF_SCAN,  /* a list or a count: what was asked, how many were looked at */
    LEAF_WRITE, /* intent, before the commit */
    LEAF_DELETE,
    LEAF_CONSENT_GRANT,
    LEAF_CONSENT_REVOKE,
    LEAF_POINT_TRANSFER,
    LEAF_LOGIN,
    LEAF_ADMIN,
    LEAF_ERASE,
    LEAF_EXPORT,
    LEAF_CANARY,
    LEAF_BOOT,
    LEAF_CLOCK,
    LEAF_STATE_ROOT,
    LEAF_ACT_COUNT_
} LeafAct;

/* The act's name in a leaf, e.g. "consent.grant". Static. */
const char *leaf_act_name(LeafAct act);
/* False when no act has this name. */
bool leaf_act_parse(Str name, LeafAct *ret_act);

/* What a caller wants logged. Everything is borrowed until the append returns. */
typedef struct LeafDraft {
    LeafAct act;
    bool is_denied;
    Str why;         /* reason code, e.g. "CONSENT_OK" */
    Str client;      /* client id */
    Str operator_id; /* staff member, "" otherwise */
    Str purpose;     /* purpose code */
    Str entity_type;
    uint32_t attribute_count; /* scans: how many were evaluated */
    Str request_id;
    Str policy;      /* hash of the policy in force, as text */
    SubjectKey *key; /* seals the detail; its owner finds the leaf: the citizen, or, when no citizen
                      * is known (a scan, a denial of an unknown id), the client. NULL: no detail is
                      * kept at all. */
    const uint8_t *subject; /* the citizen concerned, 16 bytes; NULL: none. Needs a key. */
    LeafDetail detail;
} LeafDraft;

/* A draft sealed and rendered but for what only its place in the log decides. In the arena of
 * leaf_prepare. */
typedef struct PreparedLeaf {
    SubjectKey *key; /* NULL: no detail */
    Str envelope;
    Sha256 hash; /* of the envelope so far */
    Str middle;  /* of the leaf, from "act" to "n" */
    Str end;     /* from "rq" on */
} PreparedLeaf;

/* Seals the detail and renders all that does not depend on the place in the log. Any arena: nothing
 * personal stays in it. Errors: LOG_MISUSE (a subject without a key), LOG_LEAF_TOO_LARGE,
 * VAULT_SEALED, CRYPTO_OPEN (subject erased), INTERNAL, BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error leaf_prepare(const Ports *ports, Arena *arena, Str node, const LeafDraft *draft,
                   PreparedLeaf *ret_leaf) MUST_USE;
/* Gives it its place: the line and the stored detail (finder in front; empty without a key), in the
 * arena. Errors: BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error leaf_place(const PreparedLeaf *leaf, Arena *arena, uint64_t seq, int64_t at_ms,
                 const uint8_t finder[SEAL_FINDER_BYTES], Str *ret_line, Str *ret_detail) MUST_USE;

/* A leaf as read. Texts are decoded, in the arena or in the line. */
typedef struct Leaf {
    uint64_t seq;
    int64_t at_ms;
    LeafAct act;
    bool is_denied;
    Str why;
    Str client;
    Str operator_id;
    Str purpose;
    Str consent; /* base64 or "" */
    Str subject; /* base64 or "" */
    Str entity_type;
    uint32_t attribute_count;
    Str detail_hash; /* base64 or "" */
    Str request_id;
    Str policy;
} Leaf;

/* Reads one line; a member that is missing, out of order or of another kind is refused.
 * Errors: LOG_CORRUPT (argument: what was expected; static), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error leaf_parse(Arena *arena, Str line, Leaf *ret_leaf) MUST_USE;
/* Whether d of a leaf is right for this stored detail (n = 0: none). Errors: BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error leaf_detail_matches(Arena *arena, const Leaf *leaf, Str detail, bool *ret_is_right) MUST_USE;

#endif
