/* q and mq: what is accepted keeps every item, reads back as itself, and holds for an entity
 * exactly when each of its items does. */
#include <stdlib.h>

#include "filter_text.h"
#include "v2_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static const Metadata METADATA[] = {
    {STR_INIT("acc"), STR_INIT("Number"), STR_INIT("0.5")},
    {STR_INIT("a.b"), STR_INIT("StructuredValue"), STR_INIT("{\"c\":[1,\"x\"]}")},
};

static Attribute ATTRIBUTES[] = {
    {STR_INIT("b"), STR_INIT("Boolean"), STR_INIT("true"), STR_INIT(""), NULL, 0, STR_INIT(""), 0,
     0},
    {STR_INIT("d"), STR_INIT("DateTime"), STR_INIT("\"2020-01-02T03:04:05Z\""), STR_INIT(""), NULL,
     0, STR_INIT(""), 0, 0},
    {STR_INIT("l"), STR_INIT("StructuredValue"), STR_INIT("[1,\"x\",null,[2]]"), STR_INIT(""), NULL,
     0, STR_INIT(""), 0, 0},
    {STR_INIT("n"), STR_INIT("Number"), STR_INIT("10.50"), STR_INIT(""), METADATA, 2, STR_INIT(""),
     1, 2},
    {STR_INIT("o"), STR_INIT("StructuredValue"),
     STR_INIT("{\"k\":{\"deep\":[{\"x\":1}]},\"a.b\":\"v\"}"), STR_INIT(""), NULL, 0, STR_INIT(""),
     0, 0},
    {STR_INIT("s"), STR_INIT("Text"), STR_INIT("\"v1 \\u3042\""), STR_INIT(""), NULL, 0,
     STR_INIT(""), 0, 0},
    {STR_INIT("z"), STR_INIT("None"), STR_INIT("null"), STR_INIT(""), NULL, 0, STR_INIT(""), 0, 0},
};

static const Entity ENTITIES[] = {
    {STR_INIT("E1"), STR_INIT("T"), STR_INIT("/a"), ATTRIBUTES, 7, 1577934245000000, 1},
    {STR_INIT("E2"), STR_INIT("T"), STR_INIT("/"), ATTRIBUTES, 3, 0, 0},
    {STR_INIT("E3"), STR_INIT("U"), STR_INIT("/"), NULL, 0, 0, 0},
};
#define ENTITY_COUNT (sizeof ENTITIES / sizeof ENTITIES[0])

static bool is_memory(Error error)
{
    return error.reason == REASON_BUDGET_EXCEEDED || error.reason == REASON_OUT_OF_MEMORY;
}

/* A pattern may cost too much; nothing else may go wrong. */
static bool matches(Arena *arena, const Filter *filter, const Entity *entity, bool *ret_is_known)
{
    bool holds = false;
    Error error = filter_matches(filter, arena, entity, &holds);
    require(!FAILED(error) || error.reason == REASON_PATTERN_COSTLY || is_memory(error));
    *ret_is_known = !FAILED(error);
    return holds;
}

/* A whole holds exactly when each of its items holds. */
static void check_all_items_count(Arena *arena, const Filter *filter, const Entity *entity)
{
    bool is_known = false;
    bool whole = matches(arena, filter, entity, &is_known);
    bool all = true;
    for (size_t i = 0; is_known && i < filter->child_count; i++) {
        all &= matches(arena, &filter->children[i], entity, &is_known);
        require(filter_names(filter, filter->children[i].term.attribute));
    }
    require(!is_known || whole == all);
}

static void check_evaluation(Arena *arena, const Filter *filter, const Filter *again)
{
    for (size_t i = 0; i < ENTITY_COUNT; i++) {
        bool is_known = false;
        bool is_known_again = false;
        bool first = matches(arena, filter, &ENTITIES[i], &is_known);
        bool second = matches(arena, again, &ENTITIES[i], &is_known_again);
        require(!is_known || !is_known_again || first == second);
        check_all_items_count(arena, filter, &ENTITIES[i]);
    }
}

/* By a count of its own: parts between semicolons outside quotes, none at either end. */
static size_t count_items(Str text)
{
    size_t count = 0;
    bool is_quoted = false;
    bool is_open = false;
    for (size_t i = 0; i < text.n; i++) {
        is_quoted = text.p[i] == '\'' ? !is_quoted : is_quoted;
        bool is_end = text.p[i] == ';' && (!is_quoted || i + 1 == text.n);
        count += is_open && is_end ? 1U : 0U;
        is_open = !is_end;
    }
    return count + (is_open ? 1U : 0U);
}

static void check_accepted(Arena *arena, Str q, Str mq, const Filter *filter)
{
    require((filter == NULL) == (q.n == 0 && mq.n == 0));
    if (filter == NULL) {
        return;
    }
    require(filter->kind == FILTER_AND);
    require(filter->child_count == count_items(q) + count_items(mq));
    Str once[2];
    Str twice[2];
    const Filter *again = NULL;
    require(!FAILED(filter_text_in(arena, filter, &once[0], &once[1])));
    require(!FAILED(v2_filter_read(arena, once[0], once[1], &again)));
    require(!FAILED(filter_text_in(arena, again, &twice[0], &twice[1])));
    require(str_eq(once[0], twice[0]) && str_eq(once[1], twice[1]));
    check_evaluation(arena, filter, again);
}

/* An input is q, a line end, and mq. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)64 << 20);
    Str text = str_bytes(data, size);
    size_t end = str_find(text, '\n');
    Str q = str_slice(text, 0, end);
    Str mq = str_slice(text, end + 1, text.n);
    const Filter *filter = NULL;
    Error error = v2_filter_read(arena, q, mq, &filter);
    if (FAILED(error)) {
        require(error_words(error.reason)->http_status == 400 || is_memory(error));
        require(filter == NULL);
        return 0;
    }
    check_accepted(arena, q, mq, filter);
    return 0;
}
