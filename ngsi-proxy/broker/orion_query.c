#include <string.h>

#include "entity_order.h"
#include "geo.h"
#include "json_write.h"
#include "orion_read.h"
#include "orion_upstream.h"
#include "v2_filter_write.h"

#define BODY_BYTES_MAX ((size_t)1 << 20) /* Orion's own limit */
#define SCRATCH_BYTES ((size_t)4 << 20)

typedef struct Ask {
    const OrionHalf *half;
    const BrokerCall *call;
    const EntityQuery *query;
    Arena *arena;
    bool has_body;  /* POST /v2/op/query */
    JsonValue body; /* of it */
    Str q;          /* as they are to be sent */
    Str mq;
    Str order;
} Ask;

/* --- what the client said --------------------------------------------------------------------- */

/* A parameter, or the member of the body's expression that has its place. */
static Error said_text(const Ask *ask, Str name, Str *ret_text)
{
    JsonValue expression;
    JsonValue member;
    if (!ask->has_body) {
        *ret_text = upstream_ask_param(ask->call->asked, name);
        return OK;
    }
    bool is_there = json_member(ask->body, STR("expression"), &expression) &&
                    json_member(expression, name, &member) && json_is(member, JSON_STRING);
    if (!is_there) {
        *ret_text = STR_EMPTY;
        return OK;
    }
    return json_string_in(ask->arena, member, ret_text);
}

static Error may_tell_list(const Ask *ask, Str name, bool *ret_may)
{
    *ret_may = true;
    Str item;
    if (!ask->has_body) {
        *ret_may = orion_may_tell_all(ask->half, upstream_ask_param(ask->call->asked, name));
        return OK;
    }
    JsonValue list;
    if (!json_member(ask->body, name, &list)) {
        return OK;
    }
    JsonIter iter = json_iter(list);
    JsonValue json;
    while (json_next(&iter, NULL, &json)) {
        TRY(json_string_in(ask->arena, json, &item));
        *ret_may = *ret_may && orion_may_tell(ask->half, item);
    }
    return OK;
}

static Error may_tell_shown(const Ask *ask, bool *ret_may)
{
    bool may_attributes = false;
    bool may_metadata = false;
    TRY(may_tell_list(ask, STR("attrs"), &may_attributes));
    TRY(may_tell_list(ask, STR("metadata"), &may_metadata));
    *ret_may = may_attributes && may_metadata;
    return OK;
}

/* Items by attributes that no open entity has put all of them into one place. */
static Error read_order(Ask *ask)
{
    Str text = upstream_ask_param(ask->call->asked, STR("orderBy"));
    Buf buf = buf_in(ask->arena);
    Str item;
    for (size_t i = 0; i < ask->query->order_count && str_split(&text, ',', &item); i++) {
        const EntityOrder *order = &ask->query->order[i];
        if (order->kind == ENTITY_ORDER_ATTRIBUTE && !orion_may_tell(ask->half, order->attribute)) {
            continue;
        }
        buf_add(&buf, buf.n > 0 ? STR(",") : STR_EMPTY);
        buf_add(&buf, item);
    }
    return buf_finish(&buf, &ask->order);
}

static Error read_ask(const OrionHalf *half, const BrokerCall *call, const EntityQuery *query,
                      Ask *ret_ask)
{
    Ask ask = {.half = half, .call = call, .query = query, .arena = call->vault.arena};
    ENSURE(call->asked != NULL && call->asked->query != NULL, INTERNAL, "nobody asked");
    ask.has_body = strcmp(call->asked->method, "POST") == 0;
    if (ask.has_body) {
        TRY(json_parse(ask.arena, call->asked->body, JSON_LIMITS_REQUEST, &ask.body));
    }
    if (query->filter == call->asked->query->filter) {
        TRY(said_text(&ask, STR("q"), &ask.q));
        TRY(said_text(&ask, STR("mq"), &ask.mq));
    } else {
        TRY(v2_filter_write_in(ask.arena, query->filter, &ask.q, &ask.mq));
    }
    TRY(read_order(&ask));
    *ret_ask = ask;
    return OK;
}

/* --- as parameters ---------------------------------------------------------------------------- */

static Error join(Arena *arena, StrList list, Str *ret_text)
{
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < list.count; i++) {
        buf_add(&buf, i > 0 ? STR(",") : STR_EMPTY);
        buf_add(&buf, list.items[i]);
    }
    return buf_finish(&buf, ret_text);
}

static Error add_selector(const Ask *ask, OrionTarget *target)
{
    if (ask->query->selector_count == 0) {
        return OK;
    }
    const EntitySelector *selector = &ask->query->selectors[0];
    Str ids;
    Str types;
    TRY(join(ask->arena, selector->ids, &ids));
    TRY(join(ask->arena, selector->types, &types));
    orion_target_param(target, STR("id"), ids);
    orion_target_param(target, STR("type"), types);
    if (selector->id_pattern != NULL) {
        orion_target_param(target, STR("idPattern"), pattern_text(selector->id_pattern));
    }
    if (selector->type_pattern != NULL) {
        orion_target_param(target, STR("typePattern"), pattern_text(selector->type_pattern));
    }
    return OK;
}

static Error pass_list(const Ask *ask, BrokerCall *call)
{
    static const char *const kept[] = {"limit",  "offset",   "options", "attrs", "metadata",
                                       "georel", "geometry", "coords",  NULL};
    OrionTarget target = orion_target(ask->arena);
    OrionRequest request = {.method = "GET", .accept = call->asked->accept, .is_repeatable = true};
    ENSURE(ask->query->selector_count <= 1, INTERNAL, "selectors of a list");
    orion_target_path(&target, call->asked);
    TRY(add_selector(ask, &target));
    orion_target_param(&target, STR("q"), ask->q);
    orion_target_param(&target, STR("mq"), ask->mq);
    orion_target_param(&target, STR("orderBy"), ask->order);
    orion_target_params(&target, call->asked, kept);
    TRY(orion_target_finish(&target, &request.target));
    return orion_pass(ask->half, call, &request);
}

/* --- as a body -------------------------------------------------------------------------------- */

static void write_item(JsonWriter *writer, const EntitySelector *selector, size_t id, size_t type)
{
    json_write_begin_object(writer);
    if (selector->ids.count > 0) {
        json_write_member_string(writer, STR("id"), selector->ids.items[id]);
    } else {
        json_write_member_string(writer, STR("idPattern"),
                                 selector->id_pattern == NULL ? STR(".*")
                                                              : pattern_text(selector->id_pattern));
    }
    if (selector->types.count > 0) {
        json_write_member_string(writer, STR("type"), selector->types.items[type]);
    } else if (selector->type_pattern != NULL) {
        json_write_member_string(writer, STR("typePattern"), pattern_text(selector->type_pattern));
    }
    json_write_end_object(writer);
}

/* An item of a body names one id and one type. */
static void write_selectors(JsonWriter *writer, const EntityQuery *query)
{
    json_write_key(writer, STR("entities"));
    json_write_begin_array(writer);
    for (size_t s = 0; s < query->selector_count; s++) {
        const EntitySelector *selector = &query->selectors[s];
        size_t ids = selector->ids.count > 0 ? selector->ids.count : 1;
        size_t types = selector->types.count > 0 ? selector->types.count : 1;
        for (size_t i = 0; i < ids * types && writer->buf->n <= BODY_BYTES_MAX; i++) {
            write_item(writer, selector, i / types, i % types);
        }
    }
    if (query->selector_count == 0) {
        static const EntitySelector everything = {0};
        write_item(writer, &everything, 0, 0);
    }
    json_write_end_array(writer);
}

static Error write_expression(const Ask *ask, JsonWriter *writer)
{
    static const char *const geo[] = {"georel", "geometry", "coords"};
    Str places[3];
    for (size_t i = 0; i < 3; i++) {
        TRY(said_text(ask, str_from(geo[i]), &places[i]));
    }
    if (ask->q.n == 0 && ask->mq.n == 0 && places[0].n == 0) {
        return OK;
    }
    json_write_key(writer, STR("expression"));
    json_write_begin_object(writer);
    if (ask->q.n > 0) {
        json_write_member_string(writer, STR("q"), ask->q);
    }
    if (ask->mq.n > 0) {
        json_write_member_string(writer, STR("mq"), ask->mq);
    }
    for (size_t i = 0; i < 3 && places[0].n > 0; i++) {
        json_write_member_string(writer, str_from(geo[i]), places[i]);
    }
    json_write_end_object(writer);
    return OK;
}

static void write_list(JsonWriter *writer, Str name, Str items)
{
    Str item;
    json_write_key(writer, name);
    json_write_begin_array(writer);
    while (str_split(&items, ',', &item)) {
        json_write_string(writer, item);
    }
    json_write_end_array(writer);
}

static void write_said(const Ask *ask, JsonWriter *writer, Str name)
{
    JsonValue json;
    if (ask->has_body && json_member(ask->body, name, &json)) {
        json_write_key(writer, name);
        json_write_value(writer, json);
    }
}

static Error write_body(const Ask *ask, bool is_passed, Str *ret_body)
{
    Buf buf = buf_in(ask->arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    write_selectors(&writer, ask->query);
    if (is_passed) {
        write_said(ask, &writer, STR("attrs"));
        write_said(ask, &writer, STR("metadata"));
    } else {
        write_list(&writer, STR("attrs"), ORION_ATTRIBUTES);
        write_list(&writer, STR("metadata"), ORION_METADATA);
    }
    TRY(write_expression(ask, &writer));
    json_write_end_object(&writer);
    TRY(json_write_finish(&writer, ret_body));
    ENSURE(ret_body->n <= BODY_BYTES_MAX, BUDGET_EXCEEDED, NULL);
    return OK;
}

static Error add_number(Arena *arena, OrionTarget *target, Str name, int64_t number)
{
    Buf buf = buf_in(arena);
    Str text;
    buf_add_int(&buf, number);
    TRY(buf_finish(&buf, &text));
    orion_target_param(target, name, text);
    return OK;
}

static Error make_query(const Ask *ask, bool is_passed, OrionRequest *ret_request)
{
    static const char *const kept[] = {"limit", "offset", "options", NULL};
    OrionTarget target = orion_target(ask->arena);
    OrionRequest request = {.method = "POST",
                            .content_type = STR("application/json"),
                            .accept =
                                is_passed ? ask->call->asked->accept : STR("application/json"),
                            .is_repeatable = true};
    orion_target_segment(&target, STR("v2"));
    orion_target_segment(&target, STR("op"));
    orion_target_segment(&target, STR("query"));
    orion_target_param(&target, STR("orderBy"), ask->order);
    if (is_passed) {
        orion_target_params(&target, ask->call->asked, kept);
    } else {
        TRY(add_number(ask->arena, &target, STR("limit"), ask->query->limit));
        TRY(add_number(ask->arena, &target, STR("offset"), ask->query->offset));
        orion_target_param(&target, STR("options"),
                           ask->query->is_count_wanted ? STR("count") : STR_EMPTY);
    }
    TRY(write_body(ask, is_passed, &request.body));
    TRY(orion_target_finish(&target, &request.target));
    *ret_request = request;
    return OK;
}

/* --- entities --------------------------------------------------------------------------------- */

static Error draw_keys(const Ask *ask, EntityPage *page)
{
    CLEANUP(geo_matcher_free) GeoMatcher *place = NULL;
    CLEANUP(arena_free) Arena *scratch = arena_new_sensitive(SCRATCH_BYTES);
    ENSURE(scratch != NULL, OUT_OF_MEMORY, NULL);
    const EntitySortKey **keys = ARENA_MANY(ask->arena, const EntitySortKey *, page->count);
    ENSURE_ALLOC(keys, ask->arena);
    if (ask->query->place != NULL) {
        TRY(geo_matcher_new(ask->query->place, &place));
    }
    for (size_t i = 0; i < page->count; i++) {
        EntitySortKey *key = NULL;
        TRY(entity_sort_key_in(ask->arena, scratch, ask->query, place, &page->entities[i], &key));
        keys[i] = key;
        arena_reset(scratch);
    }
    page->keys = keys;
    return OK;
}

static Error read_page(const Ask *ask, const HttpAnswer *answer, EntityPage *ret_page)
{
    EntityPage page = {.count = 0};
    TRY(orion_read_entities(ask->arena, answer->body, &page.entities, &page.count));
    ENSURE((int64_t)page.count <= ask->query->limit, UPSTREAM_ANSWER, "more than was asked for");
    if (ask->query->is_count_wanted) {
        Str total = http_answer_field(answer, STR("Fiware-Total-Count"));
        ENSURE(str_to_uint(total, &page.total), UPSTREAM_ANSWER, "no count");
    }
    if (ask->query->order_count > 0) {
        TRY(draw_keys(ask, &page));
    }
    *ret_page = page;
    return OK;
}

static Error ask_entities(const Ask *ask, BrokerCall *call, EntityPage *ret_page)
{
    OrionRequest request;
    HttpAnswer answer;
    TRY(make_query(ask, false, &request));
    TRY(orion_send(ask->half, call, &request, &answer));
    return orion_is_success(&answer) ? read_page(ask, &answer, ret_page)
                                     : orion_refused(call, &answer);
}

Error orion_query(Broker *broker, BrokerCall *call, const EntityQuery *query, EntityPage *ret_page)
{
    const OrionHalf *half = (const OrionHalf *)(void *)broker;
    bool may_pass = false;
    Ask ask;
    TRY(read_ask(half, call, query, &ask));
    TRY(may_tell_shown(&ask, &may_pass));
    if (call->raw == NULL || !may_pass) {
        return ask_entities(&ask, call, ret_page);
    }
    if (!ask.has_body) {
        return pass_list(&ask, call);
    }
    OrionRequest request;
    TRY(make_query(&ask, true, &request));
    return orion_pass(half, call, &request);
}
