/* Random queries, seen by the half that must not learn of persons. What it is told is judged by its
 * own plain reading of the schemas, not by the code that decides; and open entities show that
 * nothing is lost on the way: each is asked for after the split exactly when it was before. */
#include "union_city.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "entity_match.h"
#include "fake_ports.h"

#define QUERIES 6000
#define TERMS_MAX 3
#define FORM "urn:ngsi-ld:"

typedef struct Dice {
    Fixture *fixture;
    uint64_t seed;
} Dice;

/* What the public half heard in the call at hand. */
typedef struct Heard {
    bool is_asked;
    EntityQuery query;
} Heard;

static Heard heard;

/* --- a public half that listens, a personal half that knows its own ids --- */

static bool is_mine(Str id)
{
    return str_starts_with(id, STR("mine-"));
}

static Error listen(Broker *broker, BrokerCall *call, const EntityQuery *query,
                    EntityPage *ret_page)
{
    (void)broker;
    (void)call;
    assert_false(heard.is_asked);
    heard = (Heard){.is_asked = true, .query = *query};
    *ret_page = (EntityPage){.count = 0};
    return OK;
}

static Error answer_nothing(Broker *broker, BrokerCall *call, const EntityQuery *query,
                            EntityPage *ret_page)
{
    (void)broker;
    (void)call;
    (void)query;
    *ret_page = (EntityPage){.count = 0};
    return OK;
}

static Error know_mine(Broker *broker, BrokerCall *call, StrList ids, bool *ret_knows)
{
    (void)broker;
    (void)call;
    for (size_t i = 0; i < ids.count; i++) {
        ret_knows[i] = is_mine(ids.items[i]);
    }
    return OK;
}

static int setup(void **state)
{
    static const BrokerOps LISTENING = {.query = listen};
    static const BrokerOps KNOWING = {.query = answer_nothing, .knows = know_mine};
    (void)union_city_setup(state);
    Fixture *fixture = *state;
    fixture->open_half.broker.ops = &LISTENING;
    fixture->personal_half.broker.ops = &KNOWING;
    return 0;
}

/* --- random queries --- */

static size_t below(Dice *dice, size_t count)
{
    return (size_t)fake_random_below(&dice->seed, count);
}

static bool chance(Dice *dice, size_t percent)
{
    return below(dice, 100) < percent;
}

#define PICK(dice_, table_) (table_)[below((dice_), sizeof(table_) / sizeof((table_)[0]))]

static const char *const TYPES[] = {"AED",          "PublicToilet",   "PublicFacility", "Person",
                                    "PointAccount", "HealthActivity", "person",         "Room"};
static const char *const IDS[] = {"a1",
                                  "urn:ngsi-ld:AED:1",
                                  "toilet-7",
                                  "mine-1",
                                  "mine-2",
                                  "urn:ngsi-ld:Person:1",
                                  "URN:NGSI-LD:pointaccount:9",
                                  "urn:ngsi-ld:%50erson:1",
                                  "urn:ngsi-ld:HealthActivity:x"};
static const char *const NAMES[] = {
    "name",    "nameEn",    "fullAddress", "latitude",    "postalCode", "familyName",     "steps",
    "balance", "refPerson", "inNoSchema",  "dateCreated", "type",       "buildingNameEtc"};
static const char *const CONSTANTS[] = {"Kita",
                                        "a",
                                        "urn:ngsi-ld:Person:1",
                                        "the one of urn:ngsi-ld:person:1",
                                        "AED",
                                        "urn:ngsi-ld:%50ointAccount:2"};
static const char *const PATTERNS[] = {".*",      "^a",     "Person", "^urn:ngsi-ld:Person:",
                                       "ac:Kita", "toilet", "^AED$",  "urn:ngsi-ld:AED:.*"};

static StrList some(Dice *dice, const char *const *table, size_t size)
{
    size_t count = 1 + below(dice, 3);
    Str *items = ARENA_MANY(dice->fixture->arena, Str, count);
    assert_non_null(items);
    for (size_t i = 0; i < count; i++) {
        items[i] = str_from(table[below(dice, size)]);
    }
    return (StrList){.items = items, .count = count};
}

static Pattern *some_pattern(Dice *dice)
{
    Pattern *pattern = NULL;
    assert_ok(
        pattern_compile_in(dice->fixture->arena, "q", str_from(PICK(dice, PATTERNS)), &pattern));
    return pattern;
}

static EntitySelector some_selector(Dice *dice)
{
    EntitySelector selector = {0};
    if (chance(dice, 55)) {
        selector.types = some(dice, TYPES, sizeof TYPES / sizeof TYPES[0]);
    } else if (chance(dice, 25)) {
        selector.type_pattern = some_pattern(dice);
    }
    if (chance(dice, 40)) {
        selector.ids = some(dice, IDS, sizeof IDS / sizeof IDS[0]);
    } else if (chance(dice, 30)) {
        selector.id_pattern = some_pattern(dice);
    }
    return selector;
}

static FilterTerm some_term(Dice *dice)
{
    static const FilterTest tests[] = {FILTER_IS_THERE, FILTER_IS_ABSENT, FILTER_EQUAL,
                                       FILTER_UNEQUAL,  FILTER_GREATER,   FILTER_MATCHES};
    FilterTerm term = {.attribute = str_from(PICK(dice, NAMES)), .test = PICK(dice, tests)};
    if (chance(dice, 15)) {
        term.metadata = STR("source");
    }
    if (term.test == FILTER_MATCHES) {
        term.pattern = some_pattern(dice);
    } else if (term.test != FILTER_IS_THERE && term.test != FILTER_IS_ABSENT) {
        FilterValue *values = ARENA_MANY(dice->fixture->arena, FilterValue, 3);
        assert_non_null(values);
        term.value_count = term.test == FILTER_GREATER ? 1 : 1 + below(dice, 3);
        for (size_t i = 0; i < term.value_count; i++) {
            values[i] = (FilterValue){.kind = FILTER_TEXT, .text = str_from(PICK(dice, CONSTANTS))};
        }
        term.values = values;
    }
    return term;
}

static Filter some_filter(Dice *dice, unsigned depth)
{
    if (depth == 2 || chance(dice, 50)) {
        return (Filter){.kind = FILTER_TERM, .term = some_term(dice)};
    }
    size_t count = 1 + below(dice, TERMS_MAX);
    Filter *children = ARENA_MANY(dice->fixture->arena, Filter, count);
    assert_non_null(children);
    for (size_t i = 0; i < count; i++) {
        children[i] = some_filter(dice, depth + 1);
    }
    return (Filter){.kind = chance(dice, 60) ? FILTER_AND : FILTER_OR,
                    .children = children,
                    .child_count = count};
}

static EntityQuery some_query(Dice *dice)
{
    static const EntityOrder by_id = {.kind = ENTITY_ORDER_ID};
    Arena *arena = dice->fixture->arena;
    EntityQuery query = {.limit = 20, .selector_count = below(dice, 3)};
    EntitySelector *selectors = ARENA_MANY(arena, EntitySelector, 2);
    Filter *filter = ARENA_ONE(arena, Filter);
    assert_true(selectors != NULL && filter != NULL);
    for (size_t i = 0; i < query.selector_count; i++) {
        selectors[i] = some_selector(dice);
    }
    query.selectors = selectors;
    if (chance(dice, 70)) {
        *filter = some_filter(dice, 0);
        query.filter = filter;
    }
    if (chance(dice, 30)) {
        query.order = &by_id;
        query.order_count = 1;
    }
    return query;
}

/* --- a plain reading of what is personal --- */

/* Into lower case, percent codes undone. */
static Str plain_text(Arena *arena, Str text)
{
    Buf buf = buf_in(arena);
    Str plain;
    for (size_t i = 0; i < text.n; i++) {
        unsigned value = (unsigned char)text.p[i];
        if (value == '%' && i + 2 < text.n && sscanf(text.p + i + 1, "%2x", &value) == 1) {
            i += 2;
        }
        buf_add_char(&buf, (char)tolower((int)value));
    }
    assert_ok(buf_finish(&buf, &plain));
    return plain;
}

/* Whether "urn:ngsi-ld:<a personal type>:" stands in the text. */
static bool has_personal_id(Fixture *fixture, Str text)
{
    static const char *const FORMS[] = {
        FORM "person:", FORM "pointaccount:", FORM "healthactivity:"};
    Str plain = plain_text(fixture->arena, text);
    for (size_t i = 0; i < plain.n; i++) {
        for (size_t form = 0; form < sizeof FORMS / sizeof FORMS[0]; form++) {
            if (str_starts_with(str_slice(plain, i, plain.n), str_from(FORMS[form]))) {
                return true;
            }
        }
    }
    return false;
}

static bool has_attribute(Fixture *fixture, Str name, bool is_personal)
{
    for (size_t i = 0; i < type_registry_count(fixture->registry); i++) {
        const EntityTypeSpec *spec = type_registry_at(fixture->registry, i);
        if (spec->is_personal == is_personal && entity_type_attribute(spec, name) != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_purpose(Fixture *fixture)
{
    return fixture->principal.purpose.n > 0;
}

static bool is_builtin(Str name)
{
    return str_eq(name, STR("dateCreated")) || str_eq(name, STR("type"));
}

/* Whether the selector can mean persons: it names one of their types, or none at all. */
static bool can_mean_persons(Fixture *fixture, const EntitySelector *selector)
{
    for (size_t i = 0; i < type_registry_count(fixture->registry); i++) {
        const EntityTypeSpec *spec = type_registry_at(fixture->registry, i);
        bool is_meant = selector->types.count == 0 || str_list_has(selector->types, spec->name);
        if (selector->type_pattern != NULL) {
            assert_ok(pattern_matches(selector->type_pattern, spec->name, &is_meant));
        }
        if (spec->is_personal && is_meant) {
            return true;
        }
    }
    return false;
}

static bool is_about_open_types(Fixture *fixture, const EntityQuery *query)
{
    for (size_t s = 0; s < query->selector_count; s++) {
        if (can_mean_persons(fixture, &query->selectors[s])) {
            return false;
        }
    }
    return query->selector_count > 0;
}

/* --- what the public half may be told --- */

/* Who says that an id is a toilet's may ask for the toilet, whatever else has that id. */
static bool is_named_with_open_type(const EntityQuery *asked, Str id)
{
    for (size_t s = 0; s < asked->selector_count; s++) {
        const EntitySelector *selector = &asked->selectors[s];
        if (selector->types.count > 0 && str_list_has(selector->ids, id)) {
            return true;
        }
    }
    return false;
}

static void check_told_selector(Fixture *fixture, const EntitySelector *told,
                                const EntityQuery *asked)
{
    assert_true(told->types.count > 0);
    assert_null(told->type_pattern);
    for (size_t i = 0; i < told->types.count; i++) {
        const EntityTypeSpec *spec = type_registry_find(fixture->registry, told->types.items[i]);
        assert_true(spec != NULL && !spec->is_personal);
    }
    for (size_t i = 0; i < told->ids.count; i++) {
        assert_false(has_personal_id(fixture, told->ids.items[i]));
        assert_true(!is_mine(told->ids.items[i]) ||
                    is_named_with_open_type(asked, told->ids.items[i]) || !has_purpose(fixture));
    }
    assert_true(told->id_pattern == NULL ||
                !has_personal_id(fixture, pattern_text(told->id_pattern)));
}

static void check_told_filter(Fixture *fixture, const Filter *told, bool is_about_open)
{
    for (size_t i = 0; told->kind != FILTER_TERM && i < told->child_count; i++) {
        check_told_filter(fixture, &told->children[i], is_about_open);
    }
    if (told->kind != FILTER_TERM) {
        return;
    }
    const FilterTerm *term = &told->term;
    bool is_open = is_builtin(term->attribute) || has_attribute(fixture, term->attribute, false);
    bool is_personal = !is_open && has_attribute(fixture, term->attribute, true);
    assert_true(is_about_open ? !is_personal : is_open);
    for (size_t i = 0; i < term->value_count; i++) {
        assert_false(has_personal_id(fixture, term->values[i].text));
    }
    assert_true(term->pattern == NULL || !has_personal_id(fixture, pattern_text(term->pattern)));
}

static void check_told(Fixture *fixture, const EntityQuery *asked)
{
    assert_true(heard.query.selector_count > 0); /* no selector would mean everything */
    for (size_t s = 0; s < heard.query.selector_count; s++) {
        check_told_selector(fixture, &heard.query.selectors[s], asked);
    }
    if (heard.query.filter != NULL) {
        check_told_filter(fixture, heard.query.filter, is_about_open_types(fixture, asked));
    }
}

/* --- nothing is lost --- */

static bool is_meant(Fixture *fixture, const EntityQuery *query, const Entity *entity)
{
    CLEANUP(entity_matcher_free) EntityMatcher *matcher = NULL;
    bool is_selected = false;
    bool matches = false;
    assert_ok(entity_matcher_new(query, &matcher));
    assert_ok(entity_matcher_selects(matcher, entity->id, entity->type, &is_selected));
    assert_ok(entity_matcher_test(matcher, fixture->arena, entity, &matches));
    return is_selected && matches;
}

/* Patterns that spell out a personal id are meant for persons, whatever else they may match. */
static bool has_pattern_for_persons(Fixture *fixture, const EntityQuery *query)
{
    for (size_t s = 0; s < query->selector_count; s++) {
        const Pattern *pattern = query->selectors[s].id_pattern;
        if (pattern != NULL && has_personal_id(fixture, pattern_text(pattern))) {
            return true;
        }
    }
    return false;
}

static void check_nothing_is_lost(Fixture *fixture, const EntityQuery *asked, size_t counts[2])
{
    static const char *const types[] = {"AED", "PublicToilet", "PublicFacility"};
    static const char *const ids[] = {"a1", "urn:ngsi-ld:AED:1", "toilet-7"};
    static Attribute attributes[] = {
        {.name = STR_INIT("buildingNameEtc"), .type = STR_INIT("Text"), .value = STR_INIT("\"a\"")},
        {.name = STR_INIT("name"), .type = STR_INIT("Text"), .value = STR_INIT("\"Kita\"")},
        {.name = STR_INIT("nameEn"), .type = STR_INIT("Text"), .value = STR_INIT("\"AED\"")}};
    for (size_t i = 0; i < 9; i++) {
        const Entity entity = {.id = str_from(ids[i / 3]),
                               .type = str_from(types[i % 3]),
                               .service_path = STR("/"),
                               .attributes = attributes,
                               .attribute_count = 1 + i % 3,
                               .created_us = 1};
        bool was_meant = is_meant(fixture, asked, &entity);
        bool is_told = heard.is_asked && is_meant(fixture, &heard.query, &entity);
        assert_int_equal(was_meant, is_told);
        counts[was_meant]++;
    }
}

static void test_what_the_public_half_is_told(void **state)
{
    Fixture *fixture = *state;
    Dice dice = {.fixture = fixture, .seed = fake_seed("what the public half is told")};
    size_t told = 0;
    size_t kept_from_it = 0;
    size_t counts[2] = {0};
    for (int i = 0; i < QUERIES; i++) {
        arena_reset(fixture->arena);
        heard = (Heard){.is_asked = false};
        bool has_purpose = chance(&dice, 80);
        become(fixture, has_purpose ? ACTOR_SERVICE : ACTOR_ANONYMOUS,
               has_purpose ? "health-promotion" : "");
        EntityQuery query = some_query(&dice);
        EntityPage page;
        Error error = ask(fixture, &query, &page);
        if (heard.is_asked) {
            check_told(fixture, &query);
        }
        told += heard.is_asked ? 1 : 0;
        kept_from_it += heard.is_asked ? 0 : 1;
        if (!FAILED(error) && !has_pattern_for_persons(fixture, &query)) {
            check_nothing_is_lost(fixture, &query, counts);
        }
    }
    print_message("%zu told, %zu not; %zu entities asked for, %zu not\n", told, kept_from_it,
                  counts[1], counts[0]);
    assert_true(told > QUERIES / 5 && kept_from_it > QUERIES / 10 && counts[1] > QUERIES / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_the_public_half_is_told, setup,
                                        union_city_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
