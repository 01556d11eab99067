/* orion_stage.h — orion_half before a scripted broker, and a client's request put together by hand.
 *
 * Every call is made for the tenant "kasai" and the path "/parks", alone (call.raw is set) unless a
 * test says otherwise. Must never judge: tests look at what went up and what came back.
 *
 * Layer: tests. Thread-safe: single-owner. */
#ifndef MUSUBI_ORION_STAGE_H
#define MUSUBI_ORION_STAGE_H

#include "check.h"
#include "orion_half.h"
#include "scripted_upstream.h"

#define JSON_FIELD "Content-Type: application/json\r\n"

typedef struct Fixture {
    Arena *arena;
    TypeRegistry *types;
    ScriptedUpstream *upstream;
    HttpClient *client;
    Broker *half;
    UpstreamAsk asked;
    RawAnswer raw;
    BrokerCall call;
    Principal principal;
} Fixture;

/* For cmocka: *state is the Fixture; the broker answers [] to everything. */
int orion_stage_setup(void **state);
int orion_stage_teardown(void **state);

/* What the client sent from now on: "a/b" as decoded segments, "n=v&n=v" as decoded parameters. */
void said(Fixture *fixture, const char *method, const char *path, const char *query);
/* What the broker answers from now on. status: "200 OK"; fields: lines with their ends. */
void play(Fixture *fixture, const char *status, const char *fields, const char *body);

/* The last request that went up, its first line, its body. */
Str last_request(Fixture *fixture);
Str line_of(Str request);
Str body_of(Str request);
bool has(Str text, const char *part);

/* A list with one selector: "A,B" each, "" = none; a page of 20. */
EntityQuery list_query(Fixture *fixture, const char *ids, const char *types);
/* Asks the half; the client's own query is this one unless the test has set another. */
Error ask(Fixture *fixture, const EntityQuery *query, EntityPage *ret_page) MUST_USE;

#endif
