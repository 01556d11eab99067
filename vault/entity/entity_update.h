/* entity_update.h — what a write does to an entity: Orion's update semantics, once for all data.
 *
 * Pure: given what is there (as far as the writer sees it) and what is asked, it says which
 * attributes to put, which to remove and what to answer. Sticky metadata, the update operators
 * ($inc … $unset, which are read out of the values), defaults of types, the one location and
 * dateExpires are decided here. Must never look at the value of an attribute that the write does
 * not name.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2. Requirement: consent rules 10, 13. */
#ifndef MUSUBI_ENTITY_UPDATE_H
#define MUSUBI_ENTITY_UPDATE_H

#include "entity_query.h"

#define ENTITY_BATCH_MAX 1000
/* Of an entity that is made without one. */
#define ENTITY_TYPE_DEFAULT STR("Thing")

typedef enum EntityWriteKind {
    ENTITY_CREATE,            /* POST /v2/entities: it must not exist */
    ENTITY_UPSERT,            /* options=upsert, actionType append: create, or append or update */
    ENTITY_UPSERT_STRICT,     /* actionType appendStrict: create, or append what is not there */
    ENTITY_APPEND,            /* POST …/attrs: it must exist; append or update */
    ENTITY_APPEND_STRICT,     /* the same with options=append: only what is not there */
    ENTITY_UPDATE,            /* PATCH …/attrs, PUT …/attrs/{a}, …/value: what is there */
    ENTITY_REPLACE,           /* PUT …/attrs: the attributes given and no others */
    ENTITY_DELETE_ATTRIBUTES, /* those named by entity.attributes */
    ENTITY_DELETE,
    ENTITY_WRITE_KIND_COUNT_
} EntityWriteKind;

typedef struct EntityWrite {
    EntityWriteKind kind;
    Entity entity;    /* id and type as addressed, type "" = not given. An attribute's type "" keeps
                         the stored one or, when there is none, follows the value. */
    Str service_path; /* as sent; "" = "/" */
    bool overrides_metadata;
} EntityWrite;

/* Writes of one request, in order; a later one sees what an earlier one did. */
typedef struct EntityBatch {
    const EntityWrite *writes;
    size_t count;
    bool is_batch_call; /* op/update: chooses Orion's words for what is not there */
    bool is_rehearsal;  /* say what would become of it, and do nothing (open data only) */
} EntityBatch;

/* What became of one write. */
typedef struct EntityOutcome {
    Error refusal;   /* OK, ENTITY_NOT_FOUND, ENTITY_EXISTS, ENTITY_AMBIGUOUS, ATTRIBUTES_MISSING or
                        ATTRIBUTES_EXIST (these two: about `names`, the rest took effect) */
    StrList names;   /* in the order sent */
    Str type;        /* of the entity found; as addressed when there is none */
    bool was_there;  /* the entity existed before */
    bool is_applied; /* something took effect, be it without a change */
} EntityOutcome;

/* The one answer to a batch, in Orion's words: OK, or ENTITY_NOT_FOUND, ENTITY_EXISTS,
 * ENTITY_AMBIGUOUS, PARTIAL_UPDATE, ATTRIBUTES_MISSING, ATTRIBUTES_EXIST, BATCH_… with texts in the
 * arena. */
Error entity_outcomes_error(Arena *arena, const EntityBatch *batch, const EntityOutcome *outcomes)
    MUST_USE;

/* What is to be done to the stored entity. Texts are shared with what was given. */
typedef struct EntityEdit {
    EntityOutcome outcome;
    Attribute *put; /* whole attributes as they are to stand, metadata merged, with times */
    size_t put_count;
    StrList removed;
    bool is_created; /* there was none */
    bool is_deleted; /* the entity goes */
    bool is_changed; /* there is something to store */
} EntityEdit;

/* before: what the writer sees of the entity, NULL when nothing. Attributes that the write does not
 * name need no value and no type there (STR_EMPTY), unless entity_update_needs_all. Operators that
 * can't work on the value they meet, and a second location, are errors of the whole write. Errors:
 * OPERATOR_VALUE, LOCATION_SECOND, GEO_VALUE, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error entity_update_plan(Arena *arena, const EntityWrite *write, const Entity *before,
                         int64_t now_us, EntityEdit *ret_edit) MUST_USE;
/* Whether the write can only be judged with types and metadata of all attributes at hand (it brings
 * a location). */
bool entity_update_needs_all(const EntityWrite *write);
/* Whether a value asks for an update operator ({"$inc": 1}). */
bool entity_update_is_operator(Arena *scratch, Str value);
/* before with the edit done: the whole entity as it is to be stored. In arena. */
Error entity_update_result_in(Arena *arena, const EntityWrite *write, const Entity *before,
                              const EntityEdit *edit, int64_t now_us, Entity *ret_entity) MUST_USE;

#endif
