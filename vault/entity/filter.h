/* filter.h — conditions on attribute values: one tree for q and mq of NGSIv2 and q of NGSI-LD, and
 * the one evaluator that both halves of the data use.
 *
 * A tree of AND, OR and terms. A term names an attribute, perhaps a metadata of it, perhaps a path
 * into a compound value, and says what must hold there. What the entity at hand lacks never matches
 * but for "is absent": an entity is whatever the caller may see, so hidden and absent are the same.
 * Must never reach for anything outside the entity it is given.
 *
 * Layer: vault/entity. Thread-safe: a tree is immutable but for its patterns (single-owner).
 * Requirement: A-22, consent rules 1, 2. Standard: NGSIv2 "Simple Query Language". */
#ifndef MUSUBI_FILTER_H
#define MUSUBI_FILTER_H

#include "entity_query.h"
#include "pattern.h"

#define FILTER_TERMS_MAX 1000
#define FILTER_DEPTH_MAX 8 /* of AND and OR inside each other */

typedef enum FilterKind { FILTER_AND, FILTER_OR, FILTER_TERM } FilterKind;

typedef enum FilterTest {
    FILTER_IS_THERE,
    FILTER_IS_ABSENT,
    FILTER_EQUAL,   /* to one of the values, or inside the range */
    FILTER_UNEQUAL, /* to all of them, or outside; what is absent is not unequal (Orion's rule) */
    FILTER_LESS,
    FILTER_LESS_EQUAL,
    FILTER_GREATER,
    FILTER_GREATER_EQUAL,
    FILTER_MATCHES /* the pattern */
} FilterTest;

typedef enum FilterValueKind {
    FILTER_NUMBER,
    FILTER_TEXT,
    FILTER_BOOL,
    FILTER_NULL,
    FILTER_MOMENT /* looks like a date: compared as a moment with what holds moments, as text with
                     text */
} FilterValueKind;

typedef struct FilterValue {
    FilterValueKind kind;
    double number;
    bool truth;
    int64_t at_us; /* UTC */
    Str text;      /* decoded, of TEXT and MOMENT */
} FilterValue;

typedef struct FilterTerm {
    Str attribute; /* or a builtin: dateCreated, dateModified, servicePath, id, type */
    Str metadata;  /* "" = the attribute's value is meant */
    StrList path;  /* into a compound value */
    FilterTest test;
    const FilterValue *values; /* one, or several with EQUAL and UNEQUAL; a range: from and to */
    size_t value_count;
    bool is_range;
    Pattern *pattern; /* MATCHES */
} FilterTerm;

typedef struct Filter Filter;
struct Filter {
    FilterKind kind;
    FilterTerm term;        /* FILTER_TERM */
    const Filter *children; /* AND, OR */
    size_t child_count;     /* an AND of nothing is true, an OR of nothing false */
};

/* Whether the entity satisfies the tree. Scratch memory from the arena, none for scalars without
 * escapes. Errors: PATTERN_COSTLY, STORE_CORRUPT, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error filter_matches(const Filter *filter, Arena *scratch, const Entity *entity, bool *ret_matches)
    MUST_USE;
/* Whether the tree looks at this attribute or its metadata. */
bool filter_names(const Filter *filter, Str attribute);
/* The attributes that the tree looks at, each once, builtins included. In arena. */
Error filter_attributes_in(Arena *arena, const Filter *filter, StrList *ret_names) MUST_USE;

#endif
