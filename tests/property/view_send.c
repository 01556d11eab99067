#include "target.h"
#include "view_asks.h"

#define REQUEST_ARENA_BYTES ((size_t)64 << 20)

static void add_header(HttpHeader *headers, size_t *count, const char *name, Str value)
{
    if (value.n > 0) {
        headers[(*count)++] = (HttpHeader){.name = str_from(name), .value = value};
    }
}

static void fill_request(ViewCity *city, const ViewAsk *ask, Arena *arena, Request *ret_request)
{
    Target target;
    Request request = {.arena = arena,
                       .method = ask->method,
                       .target = ask->target,
                       .id = STR("r1"),
                       .correlator = STR("r1"),
                       .peer = STR("unix"),
                       .address = STR("unix"),
                       .body = ask->body};
    assert_ok(target_decode_in(arena, ask->target, &target));
    assert_ok(query_decode_in(arena, target.query, false, &request.params, &request.param_count));
    request.segments = target.segments;
    request.segment_count = target.segment_count;
    request.surface = surface_of(target.segments[0]);
    request.reserve = arena_alloc(arena, REQUEST_RESERVE_BYTES);
    request.deadline = deadline_in(city->vault.core.ports->clock, 60 * CLOCK_SECOND_US);
    *ret_request = request;
}

static void add_line(Buf *text, Str name, Str value)
{
    buf_add(text, name);
    buf_add(text, STR(": "));
    buf_add(text, value);
    buf_add_char(text, '\n');
}

static ViewAnswer keep_answer(ViewCity *city, const Response *response)
{
    Buf text = buf_in(city->vault.arena);
    ViewAnswer answer = {.status = response->status};
    buf_add_int(&text, response->status);
    buf_add_char(&text, '\n');
    add_line(&text, STR("content-type"), response->content_type);
    for (size_t i = 0; i < response->header_count; i++) {
        add_line(&text, response->headers[i].name, response->headers[i].value);
    }
    buf_add(&text, response->body);
    assert_ok(buf_finish(&text, &answer.text));
    return answer;
}

static ViewAnswer send(ViewCity *city, const ViewAsk *ask, Api *api, Str bearer)
{
    Arena *arena = arena_new_sensitive(REQUEST_ARENA_BYTES);
    assert_non_null(arena);
    HttpHeader headers[5];
    Request request;
    Response response;
    fill_request(city, ask, arena, &request);
    add_header(headers, &request.header_count, "Authorization", bearer);
    add_header(headers, &request.header_count, "Content-Type", ask->content_type);
    add_header(headers, &request.header_count, "Accept", ask->accept);
    add_header(headers, &request.header_count, "Fiware-ServicePath", ask->service_path);
    request.headers = headers;
    response_init(&response);
    api_serve(api, &request, &response);
    ViewAnswer answer = keep_answer(city, &response);
    (void)arena_free(request.large);
    (void)arena_free(arena);
    return answer;
}

ViewAnswer view_send_musubi(ViewCity *city, const ViewAsk *ask)
{
    return send(city, ask, &city->musubi, city->bearer);
}

ViewAnswer view_send_plain(ViewCity *city, const ViewAsk *ask)
{
    return send(city, ask, &city->plain, STR_EMPTY);
}

Str view_ask_text(ViewCity *city, const ViewAsk *ask)
{
    Buf text = buf_in(city->vault.arena);
    buf_add(&text, str_from(http_method_name(ask->method)));
    buf_add_char(&text, ' ');
    buf_add(&text, ask->target);
    add_line(&text, STR(" type"), ask->content_type);
    add_line(&text, STR("accept"), ask->accept);
    add_line(&text, STR("service path"), ask->service_path);
    buf_add(&text, ask->body);
    Str line;
    assert_ok(buf_finish(&text, &line));
    return line;
}
