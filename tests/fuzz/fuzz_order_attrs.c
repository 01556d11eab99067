/* Parameters that are lists: what is accepted keeps every item, and each operation reads them
 * alike. */
#include <stdlib.h>

#include "v2_params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAMES_COUNT 8

static const Str NAMES[NAMES_COUNT] = {
    STR_INIT("orderBy"), STR_INIT("attrs"), STR_INIT("metadata"), STR_INIT("options"),
    STR_INIT("id"),      STR_INIT("type"),  STR_INIT("limit"),    STR_INIT("offset"),
};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static size_t count_parts(Str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.n; i++) {
        count += text.p[i] == ',' ? 1U : 0U;
    }
    return text.n == 0 ? 0 : count;
}

/* The list holds every part of the text, each once, in its order. */
static void check_list(Str text, StrList list)
{
    size_t next = 0;
    Str part;
    StrList seen = {.items = list.items};
    if (text.n == 0) {
        text.p = NULL; /* not given: not even one empty part */
    }
    while (str_split(&text, ',', &part)) {
        require(str_list_has(list, part));
        if (!str_list_has(seen, part)) {
            require(next < list.count && str_eq(list.items[next], part));
            seen.count = ++next;
        }
    }
    require(next == list.count);
}

static void check_read(V2Operation operation, const Str *texts, const V2Params *read)
{
    check_list(operation == V2_BATCH_QUERY ? STR_EMPTY : texts[1], read->show.attributes);
    check_list(operation == V2_BATCH_QUERY ? STR_EMPTY : texts[2], read->show.metadata);
    require(read->query.limit >= 0 && read->query.limit <= V2_LIMIT_MAX);
    require(read->query.offset >= 0);
    require(read->show.representation <= V2_UNIQUE);
    require(read->is_key_values == (read->show.representation == V2_KEY_VALUES));
    if (operation == V2_LIST) {
        require(read->query.order_count == count_parts(texts[0]));
        require(read->query.order_count <= ENTITY_ORDER_ITEMS_MAX);
        if (read->query.selector_count == 1) {
            check_list(texts[4], read->query.selectors[0].ids);
            check_list(texts[5], read->query.selectors[0].types);
        } else {
            require(texts[4].n == 0 && texts[5].n == 0);
        }
    }
    for (size_t i = 0; i < read->query.attributes.count; i++) {
        require(str_list_has(read->show.attributes, read->query.attributes.items[i]));
    }
}

static void read_all(Arena *arena, V2Operation operation, const Str *texts)
{
    V2Param params[NAMES_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        if (texts[i].n > 0) {
            params[count++] = (V2Param){NAMES[i], texts[i]};
        }
    }
    V2Params read;
    Error error = v2_params_read(arena, operation, params, count, &read);
    if (FAILED(error)) {
        int status = error_words(error.reason)->http_status;
        require(status == 400 || error.reason == REASON_BUDGET_EXCEEDED);
        return;
    }
    check_read(operation, texts, &read);
}

/* An input is a line for each name; "" or none: not given. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)16 << 20);
    Str rest = str_bytes(data, size);
    Str texts[NAMES_COUNT];
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        if (!str_split(&rest, '\n', &texts[i])) {
            texts[i] = STR_EMPTY;
        }
    }
    read_all(arena, V2_LIST, texts);
    read_all(arena, V2_GET, texts);
    read_all(arena, V2_BATCH_QUERY, texts);
    return 0;
}
