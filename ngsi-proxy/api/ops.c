#include "ops.h"

#include "json_write.h"
#include "metrics.h"

/* Whose NGSIv2 is spoken here: the version of the broker whose answers were recorded. */
#define ORION_VERSION "4.7.0"

/* Orion's answer to the letter: clients compare it. */
Error ops_entry_point(ApiCall *call, Response *response)
{
    (void)call;
    response_json(response, 200,
                  STR("{\"entities_url\":\"/v2/entities\",\"types_url\":\"/v2/types\","
                      "\"subscriptions_url\":\"/v2/subscriptions\",\"registrations_url\":\"/v2/"
                      "registrations\"}"));
    return OK;
}

/* "0 d, 2 h, 5 m, 13 s", as Orion writes it. */
static void add_uptime(Buf *buf, int64_t seconds)
{
    buf_add_int(buf, seconds / 86400);
    buf_add(buf, STR(" d, "));
    buf_add_int(buf, seconds / 3600 % 24);
    buf_add(buf, STR(" h, "));
    buf_add_int(buf, seconds / 60 % 60);
    buf_add(buf, STR(" m, "));
    buf_add_int(buf, seconds % 60);
    buf_add(buf, STR(" s"));
}

static void write_version(JsonWriter *writer, const Api *api, Str orion_version, Str uptime)
{
    json_write_begin_object(writer);
    json_write_key(writer, STR("musubi"));
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("version"), api->version);
    json_write_member_string(writer, STR("build"), api->build);
    json_write_member_string(writer, STR("uptime"), uptime);
    json_write_end_object(writer);
    json_write_key(writer, STR("orion"));
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("version"), orion_version);
    json_write_member_string(writer, STR("uptime"), uptime);
    json_write_member_string(writer, STR("doc"),
                             STR("NGSIv2 as Orion " ORION_VERSION " speaks it, served by Musubi"));
    json_write_end_object(writer);
    json_write_end_object(writer);
}

Error ops_version(ApiCall *call, Response *response)
{
    const Api *api = call->api;
    const Str version[] = {STR(ORION_VERSION "-musubi-"), api->version};
    Buf uptime_buf = buf_in(call->request->arena);
    Buf buf = buf_in(call->request->arena);
    JsonWriter writer = json_writer(&buf);
    Str orion_version;
    Str uptime;
    Str json;
    add_uptime(&uptime_buf, (call->broker.vault.now_us - api->started_us) / CLOCK_SECOND_US);
    TRY(buf_finish(&uptime_buf, &uptime));
    TRY(str_join_in(call->request->arena, version, 2, &orion_version));
    write_version(&writer, api, orion_version, uptime);
    TRY(json_write_finish(&writer, &json));
    response_json(response, 200, json);
    return OK;
}

Error ops_healthz(ApiCall *call, Response *response)
{
    (void)call;
    response_json(response, 200, STR("{\"alive\":true}"));
    return OK;
}

Error ops_readyz(ApiCall *call, Response *response)
{
    ApiReadiness reasons[API_READINESS_MAX];
    const Api *api = call->api;
    size_t count = api->readiness(api->readiness_context, call->request->arena,
                                  call->request->deadline, reasons);
    Buf buf = buf_in(call->request->arena);
    JsonWriter writer = json_writer(&buf);
    Str json;
    json_write_begin_object(&writer);
    json_write_member_bool(&writer, STR("ready"), count == 0);
    json_write_key(&writer, STR("reasons"));
    json_write_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_begin_object(&writer);
        json_write_member_string(&writer, STR("part"), reasons[i].part);
        json_write_member_string(&writer, STR("reason"), reasons[i].reason);
        json_write_member_string(&writer, STR("remedy"), reasons[i].remedy);
        json_write_end_object(&writer);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    TRY(json_write_finish(&writer, &json));
    response_json(response, count == 0 ? 200 : 503, json);
    return OK;
}

Error ops_metrics(ApiCall *call, Response *response)
{
    Buf buf = buf_in(call->request->arena);
    Str text;
    if (call->api->metrics != NULL) {
        metrics_write(call->api->metrics, &buf);
    }
    TRY(buf_finish(&buf, &text));
    response->status = 200;
    response->content_type = STR("text/plain; version=0.0.4; charset=utf-8");
    response->body = text;
    return OK;
}
