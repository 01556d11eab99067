#include <stdio.h>

#include "gate_ask.h"

#define QUERY_TEXT_BYTES_MAX 4096

static void list_describe(Buf *buf, Str name, StrList list)
{
    if (list.count == 0) {
        return;
    }
    buf_add(buf, name);
    for (size_t i = 0; i < list.count && buf->n <= QUERY_TEXT_BYTES_MAX; i++) {
        buf_add(buf, i == 0 ? STR_EMPTY : STR(","));
        buf_add(buf, list.items[i]);
    }
    buf_add_char(buf, ' ');
}

static void pattern_describe(Buf *buf, Str name, const Pattern *pattern)
{
    if (pattern != NULL) {
        buf_add(buf, name);
        buf_add(buf, pattern_text(pattern));
        buf_add_char(buf, ' ');
    }
}

static void selectors_describe(Buf *buf, const EntityQuery *query)
{
    for (size_t i = 0; i < query->selector_count && buf->n <= QUERY_TEXT_BYTES_MAX; i++) {
        const EntitySelector *selector = &query->selectors[i];
        list_describe(buf, STR("type="), selector->types);
        pattern_describe(buf, STR("typePattern="), selector->type_pattern);
        list_describe(buf, STR("id="), selector->ids);
        pattern_describe(buf, STR("idPattern="), selector->id_pattern);
    }
}

/* --- conditions ------------------------------------------------------------------------------- */

static void number_describe(Buf *buf, double number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.15g", number);
    buf_add(buf, str_from(text));
}

static void value_describe(Buf *buf, const FilterValue *value)
{
    switch (value->kind) {
    case FILTER_NUMBER:
        number_describe(buf, value->number);
        break;
    case FILTER_BOOL:
        buf_add(buf, value->truth ? STR("true") : STR("false"));
        break;
    case FILTER_NULL:
        buf_add(buf, STR("null"));
        break;
    case FILTER_TEXT:
    case FILTER_MOMENT:
        buf_add_char(buf, '\'');
        buf_add(buf, value->text);
        buf_add_char(buf, '\'');
        break;
    }
}

static Str test_text(FilterTest test)
{
    static const Str texts[] = {
        [FILTER_IS_THERE] = STR_INIT(""),  [FILTER_IS_ABSENT] = STR_INIT("!"),
        [FILTER_EQUAL] = STR_INIT("=="),   [FILTER_UNEQUAL] = STR_INIT("!="),
        [FILTER_LESS] = STR_INIT("<"),     [FILTER_LESS_EQUAL] = STR_INIT("<="),
        [FILTER_GREATER] = STR_INIT(">"),  [FILTER_GREATER_EQUAL] = STR_INIT(">="),
        [FILTER_MATCHES] = STR_INIT("~="),
    };
    return texts[test];
}

static void term_describe(Buf *buf, const FilterTerm *term)
{
    buf_add(buf, term->test == FILTER_IS_ABSENT ? STR("!") : STR_EMPTY);
    buf_add(buf, term->attribute);
    if (term->metadata.n > 0) {
        buf_add_char(buf, '@');
        buf_add(buf, term->metadata);
    }
    for (size_t i = 0; i < term->path.count; i++) {
        buf_add_char(buf, '.');
        buf_add(buf, term->path.items[i]);
    }
    buf_add(buf, term->test == FILTER_IS_ABSENT ? STR_EMPTY : test_text(term->test));
    if (term->pattern != NULL) {
        buf_add(buf, pattern_text(term->pattern));
    }
    for (size_t i = 0; i < term->value_count && buf->n <= QUERY_TEXT_BYTES_MAX; i++) {
        buf_add(buf, i == 0 ? STR_EMPTY : term->is_range ? STR("..") : STR(","));
        value_describe(buf, &term->values[i]);
    }
}

/* As deep as FILTER_DEPTH_MAX. */
static void filter_describe(Buf *buf, const Filter *filter)
{
    if (filter->kind == FILTER_TERM) {
        term_describe(buf, &filter->term);
        return;
    }
    buf_add_char(buf, '(');
    for (size_t i = 0; i < filter->child_count && buf->n <= QUERY_TEXT_BYTES_MAX; i++) {
        buf_add(buf, i == 0 ? STR_EMPTY : filter->kind == FILTER_AND ? STR(";") : STR("|"));
        filter_describe(buf, &filter->children[i]);
    }
    buf_add_char(buf, ')');
}

static void place_describe(Buf *buf, const GeoFilter *place)
{
    static const Str relations[] = {
        [GEO_NEAR] = STR_INIT("near"),
        [GEO_COVERED_BY] = STR_INIT("coveredBy"),
        [GEO_INTERSECTS] = STR_INIT("intersects"),
        [GEO_EQUALS] = STR_INIT("equals"),
        [GEO_DISJOINT] = STR_INIT("disjoint"),
    };
    buf_add(buf, STR("georel="));
    buf_add(buf, relations[place->relation]);
    if (place->relation == GEO_NEAR) {
        buf_add_char(buf, ':');
        number_describe(buf, place->min_m);
        buf_add(buf, STR(".."));
        number_describe(buf, place->max_m);
    }
    buf_add(buf, STR(" coords="));
    for (size_t i = 0; i < place->point_count && buf->n <= QUERY_TEXT_BYTES_MAX; i++) {
        buf_add(buf, i == 0 ? STR_EMPTY : STR(";"));
        number_describe(buf, place->points[i].latitude);
        buf_add_char(buf, ',');
        number_describe(buf, place->points[i].longitude);
    }
    buf_add_char(buf, ' ');
}

static Str order_text(const EntityOrder *order)
{
    static const Str texts[] = {
        [ENTITY_ORDER_ID] = STR_INIT("id"),
        [ENTITY_ORDER_TYPE] = STR_INIT("type"),
        [ENTITY_ORDER_SERVICE_PATH] = STR_INIT("servicePath"),
        [ENTITY_ORDER_CREATED] = STR_INIT("dateCreated"),
        [ENTITY_ORDER_MODIFIED] = STR_INIT("dateModified"),
        [ENTITY_ORDER_DISTANCE] = STR_INIT("geo:distance"),
    };
    return order->kind == ENTITY_ORDER_ATTRIBUTE ? order->attribute : texts[order->kind];
}

static void orders_describe(Buf *buf, const EntityQuery *query)
{
    for (size_t i = 0; i < query->order_count; i++) {
        buf_add(buf, i == 0 ? STR("orderBy=") : STR(","));
        buf_add(buf, query->order[i].is_descending ? STR("!") : STR_EMPTY);
        buf_add(buf, order_text(&query->order[i]));
    }
    buf_add(buf, query->order_count > 0 ? STR(" ") : STR_EMPTY);
}

static void page_describe(Buf *buf, const EntityQuery *query)
{
    buf_add(buf, STR("limit="));
    buf_add_int(buf, query->limit);
    buf_add(buf, STR(" offset="));
    buf_add_int(buf, query->offset);
    buf_add(buf, query->is_count_wanted ? STR(" count") : STR_EMPTY);
}

/* Between characters. */
static Error cut_in(Arena *arena, Str text, Str *ret_text)
{
    if (text.n <= QUERY_TEXT_BYTES_MAX) {
        *ret_text = text;
        return OK;
    }
    size_t n = QUERY_TEXT_BYTES_MAX;
    while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    const Str parts[] = {str_slice(text, 0, n), STR("…")};
    return str_join_in(arena, parts, 2, ret_text);
}

Error gate_ask_describe_in(Arena *arena, const EntityQuery *query, Str *ret_text)
{
    Buf buf = buf_in(arena);
    selectors_describe(&buf, query);
    if (query->filter != NULL) {
        buf_add(&buf, STR("q="));
        filter_describe(&buf, query->filter);
        buf_add_char(&buf, ' ');
    }
    if (query->place != NULL) {
        place_describe(&buf, query->place);
    }
    list_describe(&buf, STR("attrs="), query->attributes);
    orders_describe(&buf, query);
    page_describe(&buf, query);
    Str text;
    TRY(buf_finish(&buf, &text));
    return cut_in(arena, text, ret_text);
}
