/* The policy table of consent: consent.rules says what is granted, consent.eval what must be
 * answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "clock.h"
#include "consent.h"
#include "policy_table.h"

#define DAY_US (INT64_C(86400) * CLOCK_SECOND_US)
#define RULES_MAX 50

typedef struct NamedRule {
    Str set;
    ConsentRule rule;
} NamedRule;

typedef struct Policy {
    Arena *arena;
    NamedRule rules[RULES_MAX];
    size_t count;
} Policy;

static unsigned operations_of(Str text)
{
    unsigned operations = 0;
    Str name;
    while (str_split(&text, ',', &name)) {
        ConsentOperation operation;
        assert_true(consent_operation_parse(name, &operation));
        operations |= (unsigned)operation;
    }
    return operations;
}

static int64_t day_of(Str text)
{
    int64_t day;
    assert_true(str_to_uint(text, &day));
    return day * DAY_US;
}

static void read_rule(void *context, const Str *words, size_t count)
{
    Policy *policy = context;
    assert_int_equal(count, 6);
    assert_true(policy->count < RULES_MAX);
    ConsentAttribute *attributes = ARENA_MANY(policy->arena, ConsentAttribute, 20);
    assert_non_null(attributes);
    NamedRule *named = &policy->rules[policy->count++];
    *named = (NamedRule){.set = words[0],
                         .rule = {.grant_id = words[1],
                                  .grant_version = 1,
                                  .attributes = attributes,
                                  .operations = operations_of(words[2]),
                                  .valid_from_us = day_of(words[3]),
                                  .valid_until_us = day_of(words[4])}};
    Str rest = words[5];
    while (str_split(&rest, ',', &attributes[named->rule.attribute_count].name)) {
        named->rule.attribute_count++;
    }
}

static size_t rules_of(const Policy *policy, Str set, ConsentRule *rules)
{
    size_t count = 0;
    for (size_t i = 0; i < policy->count; i++) {
        if (str_eq(policy->rules[i].set, set)) {
            rules[count++] = policy->rules[i].rule;
        }
    }
    return count;
}

static Str answer_in(Arena *arena, const ConsentRule *rules, ConsentDecision decision)
{
    const Str allow[] = {STR("allow "), consent_level_text(decision.level), STR(" "),
                         decision.is_allowed ? rules[decision.rule].grant_id : STR_EMPTY};
    const Str deny[] = {STR("deny "), consent_why_text(decision.why)};
    Str text;
    assert_ok(decision.is_allowed ? str_join_in(arena, allow, 4, &text)
                                  : str_join_in(arena, deny, 2, &text));
    return text;
}

static void check_answer(void *context, const Str *words, size_t count)
{
    const Policy *policy = context;
    assert_true(count >= 7 && str_eq(words[4], STR("=")));
    ConsentRule rules[RULES_MAX];
    ConsentOperation operation;
    assert_true(consent_operation_parse(words[1], &operation));
    ConsentRules set = {.items = rules, .count = rules_of(policy, words[0], rules)};
    ConsentQuery query = {
        .attribute = words[2], .operation = operation, .now_us = day_of(words[3])};
    ConsentDecision decision = consent_decide(set, query);
    assert_int_equal(decision.is_allowed, decision.why == CONSENT_WHY_OK);
    assert_int_equal(decision.rule == CONSENT_NO_RULE, !decision.is_allowed);
    Str wanted;
    const Str parts[] = {words[5], STR(" "), words[6], STR(" "), count > 7 ? words[7] : STR_EMPTY};
    assert_ok(str_join_in(policy->arena, parts, count > 7 ? 5 : 3, &wanted));
    Str answer = answer_in(policy->arena, rules, decision);
    if (!str_eq(answer, wanted)) {
        print_error("%.*s %.*s %.*s %.*s\n", STR_FORMAT(words[0]), STR_FORMAT(words[1]),
                    STR_FORMAT(words[2]), STR_FORMAT(words[3]));
    }
    assert_str_eq(answer, wanted);
}

static void the_table_holds(void **state)
{
    (void)state;
    Policy policy = {.arena = arena_new((size_t)4 << 20)};
    assert_non_null(policy.arena);
    assert_true(policy_table_read(policy.arena, "consent.rules", read_rule, &policy) >= 10);
    assert_true(policy_table_read(policy.arena, "consent.eval", check_answer, &policy) >= 40);
    policy.arena = arena_free(policy.arena);
}

/* Adding a rule never takes anything away. */
static void more_rules_never_allow_less(void **state)
{
    (void)state;
    Policy policy = {.arena = arena_new((size_t)4 << 20)};
    assert_non_null(policy.arena);
    (void)policy_table_read(policy.arena, "consent.rules", read_rule, &policy);
    ConsentRule rules[RULES_MAX];
    for (size_t i = 0; i < policy.count; i++) {
        rules[i] = policy.rules[i].rule;
    }
    for (int64_t day = 5; day < 45; day++) {
        bool was_allowed = false;
        for (size_t count = 0; count <= policy.count; count++) {
            ConsentRules set = {.items = rules, .count = count};
            ConsentQuery query = {
                .attribute = STR("familyName"), .operation = CONSENT_READ, .now_us = day * DAY_US};
            bool is_allowed = consent_decide(set, query).is_allowed;
            assert_true(is_allowed || !was_allowed);
            was_allowed = is_allowed;
        }
    }
    policy.arena = arena_free(policy.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds),
        cmocka_unit_test(more_rules_never_allow_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
