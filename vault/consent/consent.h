/* consent.h — decides whether a service may do something with one attribute of a citizen. Pure: no
 * clock, no I/O, no allocation.
 *
 * Rules are what a view row holds: the citizen's active grants to one recipient for one purpose and
 * one entity type. There are no deny rules: no rule means deny. Of several rules that allow, the
 * one that gives the finest level decides; on a tie, the first. Must never look at a value.
 *
 * Layer: vault/consent. Thread-safe: pure. Spec: 6(3)ア, 6(3)イ, 6(6)ウ. */
#ifndef MUSUBI_CONSENT_H
#define MUSUBI_CONSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

/* How much of an attribute is given, finest first. */
typedef enum ConsentLevel { CONSENT_LEVEL_EXACT, CONSENT_LEVEL_COUNT_ } ConsentLevel;

/* Bits of a set of operations. */
typedef enum ConsentOperation {
    CONSENT_READ = 1,
    CONSENT_WRITE = 2,
    CONSENT_NOTIFY = 4
} ConsentOperation;
#define CONSENT_OPERATIONS_ALL (CONSENT_READ | CONSENT_WRITE | CONSENT_NOTIFY)

typedef struct ConsentAttribute {
    Str name;
    ConsentLevel level;
} ConsentAttribute;

/* One active grant, cut down to what deciding and logging need. */
typedef struct ConsentRule {
    Str grant_id;
    uint64_t grant_version;
    const ConsentAttribute *attributes;
    size_t attribute_count;
    unsigned operations; /* ConsentOperation bits */
    int64_t valid_from_us;
    int64_t valid_until_us; /* the first moment at which it no longer holds */
    Str legal_basis;
} ConsentRule;

typedef struct ConsentRules {
    const ConsentRule *items;
    size_t count;
} ConsentRules;

typedef struct ConsentQuery {
    Str attribute;
    ConsentOperation operation;
    int64_t now_us;
} ConsentQuery;

/* Why, for the access log; of several reasons to refuse, the one that came nearest to a permit. */
typedef enum ConsentWhy {
    CONSENT_WHY_NO_CONSENT, /* no rule names the attribute */
    CONSENT_WHY_OPERATION,  /* named, but not for this operation */
    CONSENT_WHY_NOT_YET,
    CONSENT_WHY_EXPIRED,
    CONSENT_WHY_OK,
    CONSENT_WHY_COUNT_
} ConsentWhy;

#define CONSENT_NO_RULE SIZE_MAX

typedef struct ConsentDecision {
    bool is_allowed;
    ConsentLevel level; /* when allowed */
    size_t rule;        /* the deciding rule, CONSENT_NO_RULE when none */
    ConsentWhy why;
} ConsentDecision;

/* Decides for one attribute. Cannot fail. O(rules × attributes). */
ConsentDecision consent_decide(ConsentRules rules, ConsentQuery query);
/* Whether any rule holds for the operation at that moment, whatever its attributes. */
bool consent_has_any(ConsentRules rules, ConsentOperation operation, int64_t now_us);
/* "CONSENT_OK", "NO_CONSENT", "EXPIRED", … as the access log writes it. Static. */
Str consent_why_text(ConsentWhy why);
/* "exact". Static. And back; false when it is no level. */
Str consent_level_text(ConsentLevel level);
bool consent_level_parse(Str text, ConsentLevel *ret_level);
/* "read", "write", "notify"; false when it is no operation. And the name of one. Static. */
bool consent_operation_parse(Str text, ConsentOperation *ret_operation);
Str consent_operation_text(ConsentOperation operation);

#endif
