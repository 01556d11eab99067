/* sealed_entity.h — a personal entity as it is stored: one envelope per attribute, and a list that
 * vouches for them.
 *
 * An ENTITIES document holds the sealed head {id as written, writer, type, created}, and for every
 * attribute its token, version, padding class and envelope; the list is ordered by token, filled
 * with dummies to a multiple of four, and authenticated under the subject's key (MAC), so that
 * nothing can be dropped, swapped or rolled back alone. Reading opens only what is asked for;
 * changing one attribute seals one. Must never open an attribute that nobody asked for, and never
 * decide who may.
 *
 *   body            s subject token, y type token, g generation of the key, h hour of the change,
 *                   o head envelope, hv head version, m MAC,
 *                   a: list of {k token, d dataset token, v version, p padding class, e envelope}
 *   MAC message     LP(entity 16) LP(type token) u64 head version u32 count,
 *                   count × ( token 8, LP(dataset token), u64 version, u8 class )
 *   MAC label       "musubi/entity/v1"; seal_mac adds environment, tenant, subject, generation
 *   head plaintext  u8 1 | LP(id) LP(writer) LP(type) u64 created
 *
 * Layer: vault/entity. Thread-safe: single-owner. Requirement: C-3, C-5, C-6. */
#ifndef MUSUBI_SEALED_ENTITY_H
#define MUSUBI_SEALED_ENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "entity.h"
#include "keyring.h"
#include "pseudonym.h"
#include "seal.h"
#include "store.h"
#include "vault_core.h"

#define SEALED_ID_BYTES 16
#define SEALED_TOKEN_BYTES 8
#define SEALED_ATTRIBUTES_MAX 200

/* What an entity is, sealed; fixed for its life. */
typedef struct SealedHead {
    Str id; /* as its writer wrote it; "" for entities whose id is the citizen (Person) */
    Str writer;
    Str type;
    int64_t created_us;
} SealedHead;

typedef struct SealedAttribute {
    uint8_t token[SEALED_TOKEN_BYTES];
    Str dataset; /* dataset token, "" for the default instance */
    uint64_t version;
    uint8_t padding;
    Str envelope;
} SealedAttribute;

/* A stored document taken apart, nothing opened. Views into the document. */
typedef struct SealedEntity {
    Str key;
    uint64_t doc_version; /* 0: not stored yet */
    uint8_t id[SEALED_ID_BYTES];
    uint8_t subject[SUBJECT_ID_BYTES];
    Str type_token;
    uint32_t generation;
    uint64_t head_version;
    Str head;
    SealedAttribute *attributes; /* dummies among them */
    size_t count;
    Str mac;
} SealedEntity;

/* --- tokens ----------------------------------------------------------------------------------- */

/* Stored id of the citizen's own entity (Person). Errors of all tokens: VAULT_SEALED. */
Error sealed_entity_id_of_subject(VaultCall *call, const uint8_t subject[SUBJECT_ID_BYTES],
                                  uint8_t ret_id[SEALED_ID_BYTES]) MUST_USE;
/* Stored id of any other personal entity. slot is 0 but where a citizen's hidden entity already has
 * the id that the same writer now gives to another citizen's; slots 1… keep the two apart without
 * telling. */
Error sealed_entity_id_of_text(VaultCall *call, Str writer, Str type, Str text, unsigned slot,
                               uint8_t ret_id[SEALED_ID_BYTES]) MUST_USE;
/* Token of a type, 22 characters in the arena. */
Error sealed_type_token(VaultCall *call, Str type, Str *ret_token) MUST_USE;
/* Token of an attribute of a type. */
Error sealed_attribute_token(VaultCall *call, Str type, Str name,
                             uint8_t ret_token[SEALED_TOKEN_BYTES]) MUST_USE;

/* --- reading ---------------------------------------------------------------------------------- */

/* Takes a document apart; no keys. Arrays in arena. Errors: STORE_CORRUPT, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error sealed_entity_parse(Arena *arena, const StoreDoc *doc, SealedEntity *ret_entity) MUST_USE;
/* Checks the list against the MAC; nothing of the entity may be used before. Errors: CRYPTO_OPEN,
 * VAULT_SEALED. */
Error sealed_entity_verify(Arena *arena, const SealedEntity *entity, SubjectKey *key) MUST_USE;
/* Opens the head: 1 open. Texts in arena. Errors: CRYPTO_OPEN, STORE_CORRUPT. */
Error sealed_entity_open_head(Arena *arena, const SealedEntity *entity, SubjectKey *key,
                              SealedHead *ret_head) MUST_USE;
/* The default instance behind a token, or NULL. */
const SealedAttribute *sealed_entity_find(const SealedEntity *entity,
                                          const uint8_t token[SEALED_TOKEN_BYTES]);
/* Opens one attribute: 1 open. Texts in arena (sensitive). Errors: CRYPTO_OPEN, STORE_CORRUPT. */
Error sealed_entity_open(Arena *arena, const SealedEntity *entity, SubjectKey *key, Str type,
                         Str name, const SealedAttribute *attribute, Attribute *ret_attribute)
    MUST_USE;

/* The list's message that the MAC covers. */
Error sealed_entity_message(Arena *arena, const SealedEntity *entity, Str *ret_message) MUST_USE;

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct SealedEdit SealedEdit;

/* Starts a new entity: 1 seal for the head. head->created_us is the moment. Everything in the
 * call's arena. key must outlive the edit. Errors: VAULT_SEALED, CRYPTO_OPEN, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED, INTERNAL. */
Error sealed_edit_new(VaultCall *call, SubjectKey *key, const uint8_t id[SEALED_ID_BYTES],
                      const SealedHead *head, SealedEdit **ret_edit) MUST_USE;
/* Starts from a stored and verified entity: nothing is opened or sealed. */
Error sealed_edit_of(VaultCall *call, SubjectKey *key, Str type, const SealedEntity *entity,
                     SealedEdit **ret_edit) MUST_USE;
/* Puts one attribute, replacing the instance that is there (its version rises): 1 seal. minimum:
 * padding class. Errors: as sealed_edit_new; STORE_LIMIT (more than SEALED_ATTRIBUTES_MAX). */
Error sealed_edit_put(SealedEdit *edit, const Attribute *attribute, PaddingClass minimum) MUST_USE;
/* Takes one attribute out; nothing when it is not there. Opens nothing. Errors: VAULT_SEALED. */
Error sealed_edit_remove(SealedEdit *edit, Str name) MUST_USE;
/* Whether no attribute is left: such an entity is not stored. */
bool sealed_edit_is_empty(const SealedEdit *edit);
/* The document: sorted, padded with dummies, authenticated, with the call's hour. */
Error sealed_edit_finish(SealedEdit *edit, DocBody *ret_body) MUST_USE;
/* The smallest class whose plaintext holds that many bytes; 0 = by length. */
PaddingClass sealed_padding_class(size_t bytes);

#endif
