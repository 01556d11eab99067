#include "question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake_ports.h"

/* --- what may be asked ------------------------------------------------------------------------ */

static bool starts_with_e1(const char *text)
{
    return strncmp(text, "e1", 2) == 0;
}

static bool ends_with_3(const char *text)
{
    return text[strlen(text) - 1] == '3';
}

static bool holds_a_or_b(const char *text)
{
    return strpbrk(text, "AB") != NULL;
}

static bool is_anything(const char *text)
{
    (void)text;
    return true;
}

static bool is_nothing(const char *text)
{
    (void)text;
    return false;
}

static const KnownPattern ID_PATTERNS[] = {
    {"^e1", starts_with_e1}, {"3$", ends_with_3}, {".*", is_anything}, {"^x", is_nothing}};
static const KnownPattern TYPE_PATTERNS[] = {
    {"[AB]", holds_a_or_b}, {".*", is_anything}, {"^nope$", is_nothing}};
static const char *const PATHS[] = {"/", "/a", "/a/b", "/ab", "/c"};
const char *const QUESTION_PATHS[QUESTION_PATH_COUNT] = {
    "", "", "", "/", "/a", "/a/#", "/#", "/a,/c", "/zz", "/a/#,/ab", "/a/b,/a/#", "/c/#"};

static void make_thing(uint64_t *random, uint64_t ids, Thing *thing)
{
    static const int64_t expiries[] = {0, 0, 0, 0, 300, 500, 501, 900};
    *thing = (Thing){.path = PATHS[fake_random_below(random, ITEMS(PATHS))]};
    (void)snprintf(thing->id, sizeof thing->id, "e%d", (int)fake_random_below(random, ids));
    (void)snprintf(thing->type, sizeof thing->type, "%c", 'A' + (int)fake_random_below(random, 6));
    thing->n = (int64_t)fake_random_below(random, 12) - 2;
    (void)snprintf(thing->t, sizeof thing->t, "%s",
                   fake_random_below(random, 3) == 0   ? ""
                   : fake_random_below(random, 2) == 0 ? "x"
                                                       : "y");
    int64_t after = expiries[fake_random_below(random, ITEMS(expiries))];
    thing->expires_us = after == 0 ? 0 : FAKE_START_US + after * CLOCK_SECOND_US;
}

static bool is_known(const Thing *things, size_t count, const Thing *thing)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(things[i].id, thing->id) == 0 && strcmp(things[i].type, thing->type) == 0 &&
            things[i].path == thing->path) {
            return true;
        }
    }
    return false;
}

/* Written at the start; asked when some are past their date and some are at it. */
void questions_populate(OpenData *data, uint64_t *random, size_t count, uint64_t ids)
{
    static Thing things[QUESTION_THINGS_MAX];
    assert_true(count <= QUESTION_THINGS_MAX);
    for (size_t made = 0; made < count;) {
        make_thing(random, ids, &things[made]);
        made += is_known(things, made, &things[made]) ? 0 : 1;
    }
    open_data_add(data, things, count);
    data->now_us = FAKE_START_US + 500 * CLOCK_SECOND_US;
}

/* --- questions -------------------------------------------------------------------------------- */

static bool one_in(uint64_t *random, uint64_t n)
{
    return fake_random_below(random, n) == 0;
}

static Pattern *compiled(Arena *arena, const KnownPattern *known)
{
    Pattern *pattern = NULL;
    if (known != NULL) {
        assert_ok(pattern_compile_in(arena, "pattern", str_from(known->text), &pattern));
    }
    return pattern;
}

static void ask_selector(uint64_t *random, uint64_t ids, Asked *asked)
{
    AskedSelector *selector = &asked->selectors[asked->selector_count];
    *selector = (AskedSelector){.id_count = 0};
    if (one_in(random, 3)) {
        selector->id_count = 1 + fake_random_below(random, QUESTION_LIST_MAX);
    }
    if (one_in(random, 4)) {
        selector->id_pattern = &ID_PATTERNS[fake_random_below(random, ITEMS(ID_PATTERNS))];
    }
    if (one_in(random, 2)) {
        selector->type_count = 1 + fake_random_below(random, QUESTION_LIST_MAX);
    }
    if (one_in(random, 4)) {
        selector->type_pattern = &TYPE_PATTERNS[fake_random_below(random, ITEMS(TYPE_PATTERNS))];
    }
    for (size_t i = 0; i < QUESTION_LIST_MAX; i++) {
        (void)snprintf(selector->ids[i], sizeof selector->ids[i], "e%d",
                       (int)fake_random_below(random, ids + 2));
        (void)snprintf(selector->types[i], sizeof selector->types[i], "%c",
                       'A' + (int)fake_random_below(random, 7));
        selector->id_items[i] = str_from(selector->ids[i]);
        selector->type_items[i] = str_from(selector->types[i]);
    }
    asked->real_selectors[asked->selector_count++] =
        (EntitySelector){.ids = {selector->id_items, selector->id_count},
                         .types = {selector->type_items, selector->type_count},
                         .id_pattern = compiled(asked->arena, selector->id_pattern),
                         .type_pattern = compiled(asked->arena, selector->type_pattern)};
}

Filter question_term(const char *attribute, FilterTest test, const FilterValue *value)
{
    return (Filter){.kind = FILTER_TERM,
                    .term = {.attribute = str_from(attribute),
                             .metadata = STR_EMPTY,
                             .test = test,
                             .values = value,
                             .value_count = value == NULL ? 0 : 1}};
}

static void ask_filter(uint64_t *random, Asked *asked)
{
    asked->filter = one_in(random, 2) ? ASKED_NO_FILTER
                                      : (AskedFilter)fake_random_below(random, ASKED_FILTER_COUNT_);
    asked->limit_n = (int64_t)fake_random_below(random, 12);
    asked->values[0] = (FilterValue){.kind = FILTER_NUMBER, .number = (double)asked->limit_n};
    asked->values[1] = (FilterValue){.kind = FILTER_TEXT, .text = STR("x")};
    asked->query.filter = asked->filter == ASKED_NO_FILTER ? NULL : &asked->real_filter;
    asked->real_filter = question_term("n", FILTER_LESS, &asked->values[0]);
    if (asked->filter == ASKED_HAS_N) {
        asked->real_filter = question_term("n", FILTER_IS_THERE, NULL);
    } else if (asked->filter == ASKED_LACKS_T) {
        asked->real_filter = question_term("t", FILTER_IS_ABSENT, NULL);
    } else if (asked->filter == ASKED_EITHER) {
        asked->terms[0] = question_term("n", FILTER_EQUAL, &asked->values[0]);
        asked->terms[1] = question_term("t", FILTER_EQUAL, &asked->values[1]);
        asked->real_filter =
            (Filter){.kind = FILTER_OR, .children = asked->terms, .child_count = 2};
    }
}

static void ask_order(uint64_t *random, Asked *asked)
{
    static const EntityOrderKind kinds[] = {ENTITY_ORDER_ATTRIBUTE, ENTITY_ORDER_ATTRIBUTE,
                                            ENTITY_ORDER_ID, ENTITY_ORDER_TYPE};
    size_t count = one_in(random, 2) ? 0 : 1 + fake_random_below(random, QUESTION_ORDERS_MAX);
    for (size_t i = 0; i < count; i++) {
        asked->order[i] = (EntityOrder){.kind = kinds[fake_random_below(random, ITEMS(kinds))],
                                        .attribute = STR("n"),
                                        .is_descending = one_in(random, 2)};
    }
    asked->query.order = asked->order;
    asked->query.order_count = count;
}

void question_ask(uint64_t *random, uint64_t ids, uint64_t things, Asked *asked)
{
    static const Str shown[] = {STR_INIT("t")};
    static const int64_t limits[] = {0, 1, 2, 3, 7, 20, 1000};
    arena_reset(asked->arena);
    *asked = (Asked){.arena = asked->arena};
    size_t selectors =
        one_in(random, 3) ? 0 : 1 + fake_random_below(random, QUESTION_SELECTORS_MAX);
    for (size_t i = 0; i < selectors; i++) {
        ask_selector(random, ids, asked);
    }
    ask_filter(random, asked);
    ask_order(random, asked);
    asked->path = QUESTION_PATHS[fake_random_below(random, ITEMS(QUESTION_PATHS))];
    asked->query.selectors = asked->real_selectors;
    asked->query.selector_count = selectors;
    asked->query.limit = limits[fake_random_below(random, ITEMS(limits))];
    asked->query.offset =
        one_in(random, 2) ? 0 : (int64_t)fake_random_below(random, one_in(random, 2) ? 8 : things);
    asked->query.is_count_wanted = one_in(random, 2);
    asked->query.service_path = str_from(asked->path);
    asked->query.attributes = (StrList){shown, one_in(random, 3) ? 1 : 0};
}

/* --- the plain answer ------------------------------------------------------------------------- */

static bool list_means(const char *text, const Str *items, size_t count)
{
    bool is_there = count == 0;
    for (size_t i = 0; i < count; i++) {
        is_there = is_there || str_eq(items[i], str_from(text));
    }
    return is_there;
}

static bool selects(const Asked *asked, const Thing *thing)
{
    bool is_meant = asked->selector_count == 0;
    for (size_t i = 0; i < asked->selector_count; i++) {
        const AskedSelector *one = &asked->selectors[i];
        bool is_it = list_means(thing->id, one->id_items, one->id_count) &&
                     list_means(thing->type, one->type_items, one->type_count) &&
                     (one->id_pattern == NULL || one->id_pattern->holds(thing->id)) &&
                     (one->type_pattern == NULL || one->type_pattern->holds(thing->type));
        is_meant = is_meant || is_it;
    }
    return is_meant;
}

static bool passes(const Asked *asked, const Thing *thing)
{
    switch (asked->filter) {
    case ASKED_BELOW:
        return thing->n >= 0 && thing->n < asked->limit_n;
    case ASKED_HAS_N:
        return thing->n >= 0;
    case ASKED_LACKS_T:
        return thing->t[0] == '\0';
    case ASKED_EITHER:
        return (thing->n >= 0 && thing->n == asked->limit_n) || strcmp(thing->t, "x") == 0;
    case ASKED_NO_FILTER:
    case ASKED_FILTER_COUNT_:
    default:
        return true;
    }
}

static const Asked *sorted_for; /* qsort takes no context */

static int compare_by(const EntityOrder *order, const Thing *left, const Thing *right)
{
    int result = 0;
    if (order->kind == ENTITY_ORDER_ATTRIBUTE) {
        int64_t a = left->n < 0 ? -1 : left->n;
        int64_t b = right->n < 0 ? -1 : right->n;
        result = (a > b) - (a < b);
    } else if (order->kind == ENTITY_ORDER_ID) {
        result = strcmp(left->id, right->id);
    } else {
        result = strcmp(left->type, right->type);
    }
    return order->is_descending ? -result : result;
}

static int compare_things(const void *a, const void *b)
{
    const Thing *left = *(const Thing *const *)a;
    const Thing *right = *(const Thing *const *)b;
    for (size_t i = 0; i < sorted_for->query.order_count; i++) {
        int result = compare_by(&sorted_for->order[i], left, right);
        if (result != 0) {
            return result;
        }
    }
    return (left > right) - (left < right); /* order of creation */
}

size_t question_answer(const OpenData *data, const Asked *asked, const Thing **ret_hits)
{
    size_t count = 0;
    for (size_t i = 0; i < data->count; i++) {
        const Thing *thing = &data->things[i];
        if (open_data_shows(data, thing, asked->path) && selects(asked, thing) &&
            passes(asked, thing)) {
            ret_hits[count++] = thing;
        }
    }
    sorted_for = asked;
    if (count > 1) {
        qsort(ret_hits, count, sizeof ret_hits[0], compare_things);
    }
    return count;
}
