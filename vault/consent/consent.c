#include "consent.h"

static const Str WHY_TEXTS[] = {
    [CONSENT_WHY_NO_CONSENT] = STR_INIT("NO_CONSENT"),
    [CONSENT_WHY_OPERATION] = STR_INIT("OPERATION"),
    [CONSENT_WHY_NOT_YET] = STR_INIT("NOT_YET"),
    [CONSENT_WHY_EXPIRED] = STR_INIT("EXPIRED"),
    [CONSENT_WHY_OK] = STR_INIT("CONSENT_OK"),
};
_Static_assert(sizeof WHY_TEXTS / sizeof WHY_TEXTS[0] == CONSENT_WHY_COUNT_,
               "one text for each why");

static const Str LEVEL_TEXTS[] = {
    [CONSENT_LEVEL_EXACT] = STR_INIT("exact"),
};
_Static_assert(sizeof LEVEL_TEXTS / sizeof LEVEL_TEXTS[0] == CONSENT_LEVEL_COUNT_,
               "one text for each level");

static const ConsentAttribute *rule_attribute(const ConsentRule *rule, Str name)
{
    for (size_t i = 0; i < rule->attribute_count; i++) {
        if (str_eq(rule->attributes[i].name, name)) {
            return &rule->attributes[i];
        }
    }
    return NULL;
}

static ConsentWhy rule_why(const ConsentRule *rule, const ConsentAttribute *attribute,
                           const ConsentQuery *query)
{
    if (attribute == NULL) {
        return CONSENT_WHY_NO_CONSENT;
    }
    if ((rule->operations & (unsigned)query->operation) == 0) {
        return CONSENT_WHY_OPERATION;
    }
    if (query->now_us < rule->valid_from_us) {
        return CONSENT_WHY_NOT_YET;
    }
    return query->now_us < rule->valid_until_us ? CONSENT_WHY_OK : CONSENT_WHY_EXPIRED;
}

ConsentDecision consent_decide(ConsentRules rules, ConsentQuery query)
{
    ConsentDecision best = {.rule = CONSENT_NO_RULE, .why = CONSENT_WHY_NO_CONSENT};
    for (size_t i = 0; i < rules.count; i++) {
        const ConsentAttribute *attribute = rule_attribute(&rules.items[i], query.attribute);
        ConsentWhy why = rule_why(&rules.items[i], attribute, &query);
        if (why == CONSENT_WHY_OK && (!best.is_allowed || attribute->level < best.level)) {
            best = (ConsentDecision){
                .is_allowed = true, .level = attribute->level, .rule = i, .why = why};
        } else if (why > best.why) {
            best.why = why;
        }
    }
    return best;
}

bool consent_has_any(ConsentRules rules, ConsentOperation operation, int64_t now_us)
{
    for (size_t i = 0; i < rules.count; i++) {
        const ConsentRule *rule = &rules.items[i];
        bool is_now = rule->valid_from_us <= now_us && now_us < rule->valid_until_us;
        if (is_now && (rule->operations & (unsigned)operation) != 0 && rule->attribute_count > 0) {
            return true;
        }
    }
    return false;
}

Str consent_why_text(ConsentWhy why)
{
    return why < CONSENT_WHY_COUNT_ ? WHY_TEXTS[why] : STR_EMPTY;
}

Str consent_level_text(ConsentLevel level)
{
    return level < CONSENT_LEVEL_COUNT_ ? LEVEL_TEXTS[level] : STR_EMPTY;
}

bool consent_level_parse(Str text, ConsentLevel *ret_level)
{
    for (int level = 0; level < CONSENT_LEVEL_COUNT_; level++) {
        if (str_eq(text, LEVEL_TEXTS[level])) {
            *ret_level = (ConsentLevel)level;
            return true;
        }
    }
    return false;
}

static const struct {
    ConsentOperation operation;
    Str text;
} OPERATIONS[] = {
    {CONSENT_READ, STR_INIT("read")},
    {CONSENT_WRITE, STR_INIT("write")},
    {CONSENT_NOTIFY, STR_INIT("notify")},
};

bool consent_operation_parse(Str text, ConsentOperation *ret_operation)
{
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++) {
        if (str_eq(text, OPERATIONS[i].text)) {
            *ret_operation = OPERATIONS[i].operation;
            return true;
        }
    }
    return false;
}

Str consent_operation_text(ConsentOperation operation)
{
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++) {
        if (OPERATIONS[i].operation == operation) {
            return OPERATIONS[i].text;
        }
    }
    return STR_EMPTY;
}
