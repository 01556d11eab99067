#include "orion_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ScriptStep EMPTY[] = {
    {.answer = "HTTP/1.1 200 OK\r\n" JSON_FIELD "Content-Length: 2\r\n\r\n[]"}};

static TypeRegistry *shipped_types(Arena *arena)
{
    const char *source = getenv("MUSUBI_SOURCE");
    char folder[512];
    TypeRegistry *types = NULL;
    (void)snprintf(folder, sizeof folder, "%s/schemas/entities", source == NULL ? "." : source);
    assert_ok(type_registry_load(ports_system(), folder, arena, &types));
    return types;
}

static void begin(Fixture *fixture)
{
    fixture->raw = (RawAnswer){.is_given = false};
    fixture->call =
        (BrokerCall){.vault = {.arena = fixture->arena,
                               .tenant = STR("kasai"),
                               .deadline = deadline_in(ports_system()->clock, 2 * CLOCK_SECOND_US)},
                     .principal = &fixture->principal,
                     .asked = &fixture->asked,
                     .raw = &fixture->raw};
}

int orion_stage_setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new((size_t)16 << 20);
    fixture->types = shipped_types(fixture->arena);
    fixture->upstream = scripted_start(EMPTY, 1);
    const HttpClientOptions options = {.base_url = scripted_url(fixture->upstream)};
    const Classifier classifier = {.types = fixture->types};
    assert_ok(http_client_new(&options, &fixture->client));
    assert_ok(orion_half_new(fixture->client, &classifier, &fixture->half));
    begin(fixture);
    *state = fixture;
    return 0;
}

int orion_stage_teardown(void **state)
{
    Fixture *fixture = *state;
    (void)orion_half_free(fixture->half);
    (void)http_client_free(fixture->client);
    (void)scripted_stop(fixture->upstream);
    (void)type_registry_free(fixture->types);
    (void)arena_free(fixture->arena);
    free(fixture);
    return 0;
}

void said(Fixture *fixture, const char *method, const char *path, const char *query)
{
    Str *segments = ARENA_MANY(fixture->arena, Str, 16);
    UpstreamParam *params = ARENA_MANY(fixture->arena, UpstreamParam, 16);
    Str rest = str_from(path);
    Str part;
    assert_non_null(segments);
    assert_non_null(params);
    fixture->asked = (UpstreamAsk){.method = method,
                                   .segments = segments,
                                   .params = params,
                                   .body = STR_EMPTY,
                                   .content_type = STR_EMPTY,
                                   .accept = STR_EMPTY,
                                   .service_path = STR("/parks"),
                                   .correlator = STR("corr-1")};
    while (str_split(&rest, '/', &part)) {
        segments[fixture->asked.segment_count++] = part;
    }
    rest = str_from(query);
    while (rest.n > 0 && str_split(&rest, '&', &part)) {
        size_t at = str_find(part, '=');
        params[fixture->asked.param_count++] =
            (UpstreamParam){str_slice(part, 0, at), str_slice(part, at + 1, part.n)};
    }
    begin(fixture);
}

void play(Fixture *fixture, const char *status, const char *fields, const char *body)
{
    ScriptStep *step = ARENA_ONE(fixture->arena, ScriptStep);
    size_t n = strlen(status) + strlen(fields) + strlen(body) + 128;
    char *answer = arena_alloc(fixture->arena, n);
    assert_non_null(step);
    assert_non_null(answer);
    (void)snprintf(answer, n, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, fields,
                   strlen(body), body);
    step->answer = answer;
    scripted_play(fixture->upstream, step, 1);
}

Str last_request(Fixture *fixture)
{
    size_t count = scripted_requests(fixture->upstream);
    assert_int_not_equal(count, 0);
    return scripted_request(fixture->upstream, count - 1);
}

Str line_of(Str request)
{
    return str_slice(request, 0, str_find(request, '\r'));
}

Str body_of(Str request)
{
    const char *end = memmem(request.p, request.n, "\r\n\r\n", 4);
    assert_non_null(end);
    return str_slice(request, (size_t)(end - request.p) + 4, request.n);
}

bool has(Str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

EntityQuery list_query(Fixture *fixture, const char *ids, const char *types)
{
    EntitySelector *selector = ARENA_ONE(fixture->arena, EntitySelector);
    StrList *lists[] = {&selector->ids, &selector->types};
    const char *texts[] = {ids, types};
    assert_non_null(selector);
    for (size_t i = 0; i < 2; i++) {
        Str *items = ARENA_MANY(fixture->arena, Str, 8);
        Str rest = str_from(texts[i]);
        assert_non_null(items);
        lists[i]->items = items;
        while (rest.n > 0 && str_split(&rest, ',', &items[lists[i]->count])) {
            lists[i]->count++;
        }
    }
    return (EntityQuery){.selectors = selector, .selector_count = 1, .limit = 20};
}

Error ask(Fixture *fixture, const EntityQuery *query, EntityPage *ret_page)
{
    if (fixture->asked.query == NULL) {
        fixture->asked.query = query;
    }
    return fixture->half->ops->query(fixture->half, &fixture->call, query, ret_page);
}
