#include "v2_filter.h"

#include "v2_filter_term.h"
#include "v2_filter_value.h"

/* One of the two texts, and how many items it has. */
typedef struct Source {
    V2FilterParam param;
    Str text;
    size_t count;
} Source;

static bool has_empty_item(Str text)
{
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i - 1] == ';' && text.p[i] == ';') {
            return true;
        }
    }
    return false;
}

/* One `;` at the end or the start separates nothing: Orion takes it. */
static Error trim_separators(Str *text)
{
    ENSURE(!str_eq(*text, STR(";")), FILTER_EMPTY, NULL);
    ENSURE(!has_empty_item(*text), FILTER_ITEM_EMPTY, NULL);
    if (str_ends_with(*text, STR(";"))) {
        text->n--;
    }
    ENSURE(!str_ends_with(str_trim(*text), STR(";")), FILTER_ITEM_EMPTY, NULL);
    if (str_starts_with(*text, STR(";"))) {
        *text = str_slice(*text, 1, text->n);
    }
    return OK;
}

/* Counted before anything is read, so that a text of too many items costs one look at it. */
static Error open_source(Source *source)
{
    if (source->text.n == 0) {
        return OK;
    }
    TRY(trim_separators(&source->text));
    Str rest = source->text;
    for (size_t end = 0; end < rest.n; source->count++) {
        rest = str_slice(rest, end, rest.n);
        end = v2_find_unquoted(rest, ';') + 1;
    }
    return OK;
}

static Error read_items(Arena *arena, const Source *source, size_t *values_left, Filter *filters)
{
    Str rest = source->text;
    for (size_t i = 0; i < source->count; i++) {
        size_t end = v2_find_unquoted(rest, ';');
        Str item = str_trim(str_slice(rest, 0, end));
        ENSURE(item.n > 0, FILTER_ITEM_BLANK, NULL);
        filters[i].kind = FILTER_TERM;
        TRY(v2_filter_term_read(arena, source->param, item, values_left, &filters[i].term));
        rest = str_slice(rest, end + 1, rest.n);
    }
    for (size_t i = 0; i < source->count && source->param == V2_FILTER_MQ; i++) {
        ENSURE(filters[i].term.metadata.n > 0, FILTER_METADATA_NAME, NULL);
    }
    return OK;
}

Error v2_filter_read(Arena *arena, Str q, Str mq, const Filter **ret_filter)
{
    Source sources[] = {{V2_FILTER_Q, q, 0}, {V2_FILTER_MQ, mq, 0}};
    TRY(open_source(&sources[0]));
    TRY(open_source(&sources[1]));
    size_t count = sources[0].count + sources[1].count;
    ENSURE(count <= FILTER_TERMS_MAX, FILTER_TERMS, NULL);
    if (count == 0) {
        *ret_filter = NULL;
        return OK;
    }
    Filter *tree = ARENA_ONE(arena, Filter);
    ENSURE_ALLOC(tree, arena);
    Filter *terms = ARENA_MANY(arena, Filter, count);
    ENSURE_ALLOC(terms, arena);
    size_t values_left = FILTER_TERMS_MAX;
    TRY(read_items(arena, &sources[0], &values_left, terms));
    TRY(read_items(arena, &sources[1], &values_left, terms + sources[0].count));
    *tree = (Filter){.kind = FILTER_AND, .children = terms, .child_count = count};
    *ret_filter = tree;
    return OK;
}
