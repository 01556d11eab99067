/* Whole requests while the n-th call beneath them fails: memory, files, randomness, commits.
 * Requirement: R-T5.
 *
 * However it ends, nothing crashes and nothing leaks, the answer is the usual one or says 413, 500
 * or 503 in the words of its surface, the state is that of before or that of after, and the same
 * request works as soon as the fault is gone.
 *
 *     test_request_faults [--all]     with --all every n, else a share of the memory's */
#include <stdio.h>
#include <string.h>

#include "fault_town.h"

#define SHARE 40     /* runs of one request and one kind of memory, unless all are asked for */
#define TOWN_RUNS 40 /* then a fresh town: what runs leave behind must fit one page of grants */

/* One kind of request. make may use the town's numbers; undo leads a state of after back. */
typedef struct Scenario {
    const char *name;
    int status;      /* of the usual answer */
    bool is_varying; /* the usual answer is another one each time */
    Ask (*make)(Town *town);
    void (*undo)(Town *town, const Ask *ask, const Answer *usual); /* NULL: changes nothing */
} Scenario;

static bool does_all;

/* --- requests --------------------------------------------------------------------------------- */

static Ask get(Town *town, const char *target)
{
    return (Ask){.method = HTTP_GET, .target = str_from(target), .bearer = town->kenko};
}

static Ask send_json(Town *town, HttpMethod method, const char *target, const char *body)
{
    return (Ask){.method = method,
                 .target = str_from(target),
                 .body = str_from(body),
                 .content_type = body[0] == '\0' ? STR_EMPTY : STR("application/json"),
                 .bearer = town->kenko};
}

static void must(Town *town, Ask ask, int status)
{
    Answer answer = town_send(town, &ask);
    if (answer.status != status) {
        fail_msg("%.*s: %.*s", STR_FORMAT(ask.target), STR_FORMAT(answer.text));
    }
}

static Ask make_list(Town *town)
{
    return get(town, "/v2/entities?type=Person&q=postalCode==675&orderBy=familyName,id"
                     "&options=count&limit=5");
}

static Ask make_get(Town *town)
{
    return get(town, "/v2/entities/" TEST_PERSON "walker-1?options=keyValues");
}

static Ask make_query(Town *town)
{
    return send_json(town, HTTP_POST, "/v2/op/query",
                     "{\"entities\":[{\"idPattern\":\"walk.*\",\"type\":\"HealthActivity\"}],"
                     "\"expression\":{\"q\":\"steps;remarks=='a'\"}}");
}

static Ask make_types(Town *town)
{
    return get(town, "/v2/types?options=count");
}

static Ask make_open_list(Town *town)
{
    Ask ask = get(town, "/v2/entities?type=AED&options=count");
    ask.bearer = STR_EMPTY;
    return ask;
}

#define WALK(id_, walker_, steps_)                                                                 \
    "{\"id\":\"" id_ "\",\"type\":\"HealthActivity\",\"refPerson\":{\"type\":\"Relationship\","    \
    "\"value\":\"" TEST_PERSON walker_ "\"},\"steps\":{\"type\":\"Text\",\"value\":" steps_        \
    "},\"remarks\":{\"type\":\"Text\",\"value\":\"a\"}}"

static Ask make_create(Town *town)
{
    return send_json(town, HTTP_POST, "/v2/entities", WALK("walk-9", "walker-1", "77"));
}

static void undo_create(Town *town, const Ask *ask, const Answer *usual)
{
    (void)ask;
    (void)usual;
    must(town, send_json(town, HTTP_DELETE, "/v2/entities/walk-9?type=HealthActivity", ""), 204);
}

static Ask make_delete(Town *town)
{
    return send_json(town, HTTP_DELETE, "/v2/entities/walk-1?type=HealthActivity", "");
}

static void undo_delete(Town *town, const Ask *ask, const Answer *usual)
{
    (void)ask;
    (void)usual;
    must(town, send_json(town, HTTP_POST, "/v2/entities", WALK("walk-1", "walker-1", "\"12\"")),
         201);
}

static Ask batch(Town *town, const char *body)
{
    return send_json(town, HTTP_POST, "/v2/op/update", body);
}

static Ask make_batch(Town *town)
{
    return batch(town, "{\"actionType\":\"append\",\"entities\":[" WALK(
                           "walk-1", "walker-1", "1") "," WALK("walk-2", "walker-2", "2") "]}");
}

static void undo_batch(Town *town, const Ask *ask, const Answer *usual)
{
    (void)ask;
    (void)usual;
    must(town,
         batch(town,
               "{\"actionType\":\"append\",\"entities\":[" WALK(
                   "walk-1", "walker-1", "\"12\"") "," WALK("walk-2", "walker-2", "\"12\"") "]}"),
         204);
}

static Ask make_open_create(Town *town)
{
    return send_json(town, HTTP_POST, "/v2/entities",
                     "{\"id\":\"aed-1\",\"type\":\"AED\",\"name\":{\"value\":\"x\"}}");
}

static void undo_open_create(Town *town, const Ask *ask, const Answer *usual)
{
    (void)ask;
    (void)usual;
    must(town, send_json(town, HTTP_DELETE, "/v2/entities/aed-1?type=AED", ""), 204);
}

static Str fresh_key(Town *town)
{
    Buf buf = buf_in(town->vault.arena);
    Str key;
    buf_add(&buf, STR("key-"));
    buf_add_int(&buf, ++town->numbers);
    assert_ok(buf_finish(&buf, &key));
    return key;
}

static Ask make_give(Town *town)
{
    Ask ask = send_json(town, HTTP_POST, "/api/citizen/grants",
                        "{\"recipient\":\"kenko\",\"purpose\":\"" HEALTH
                        "\",\"type\":\"Person\",\"attributes\":[{\"name\":\"givenName\"}],"
                        "\"operations\":[\"read\"]}");
    ask.bearer = town->citizen;
    ask.idempotency_key = fresh_key(town);
    return ask;
}

/* The usual answer names the grant; a repetition of the request, with its key, is told the same. */
static void undo_give(Town *town, const Ask *ask, const Answer *usual)
{
    (void)ask;
    static const char ID[] = "\"id\":\"";
    Str id = usual->body;
    while (id.n > 0 && !str_starts_with(id, STR("\"id\":\""))) {
        id = str_slice(id, 1, id.n);
    }
    id = str_slice(id, sizeof ID - 1, id.n);
    size_t n = 0;
    while (n < id.n && id.p[n] != '"') {
        n++;
    }
    assert_true(n > 0);
    test_withdraw(&town->vault, town->first, str_slice(id, 0, n));
}

static Ask make_withdraw(Town *town)
{
    Str grant =
        test_give(&town->vault, town->first, "kenko", HEALTH, "Person", "givenName", "read");
    const Str parts[] = {STR("/api/citizen/grants/"), grant, STR("/withdraw")};
    Ask ask = send_json(town, HTTP_POST, "", "");
    assert_ok(str_join_in(town->vault.arena, parts, 3, &ask.target));
    ask.bearer = town->citizen;
    ask.idempotency_key = fresh_key(town);
    return ask;
}

static void undo_nothing(Town *town, const Ask *ask, const Answer *usual)
{
    (void)town; /* each request has a grant of its own */
    (void)ask;
    (void)usual;
}

static Ask make_accesses(Town *town)
{
    Ask ask = get(town, "/api/citizen/accesses?limit=3");
    ask.bearer = town->citizen;
    return ask;
}

static Ask make_me(Town *town)
{
    Ask ask = get(town, "/api/citizen/me");
    ask.bearer = town->citizen;
    return ask;
}

static Ask make_token(Town *town)
{
    char claims[256];
    int64_t now = town->vault.fake.now_us / CLOCK_SECOND_US;
    int n = snprintf(claims, sizeof claims,
                     "{\"iss\":\"app\",\"sub\":\"app\",\"aud\":\"http://127.0.0.1:8026/oauth2/token"
                     "\",\"iat\":%lld,\"exp\":%lld,\"jti\":\"jti-%u-0123456789abcdef\"}",
                     (long long)now, (long long)now + 60, ++town->numbers);
    assert_true(n > 0 && (size_t)n < sizeof claims);
    const Str parts[] = {
        STR("grant_type=client_credentials&scope=purpose%3A" HEALTH "&client_assertion_type="
            "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="),
        signer_sign(town->signer, town->vault.arena, "{\"alg\":\"ES256\",\"kid\":\"app-1\"}",
                    claims)};
    Ask ask = {.method = HTTP_POST,
               .target = STR("/oauth2/token"),
               .content_type = STR("application/x-www-form-urlencoded")};
    assert_ok(str_join_in(town->vault.arena, parts, 2, &ask.body));
    return ask;
}

static const Scenario SCENARIOS[] = {
    {"list with q and orderBy", 200, false, make_list, NULL},
    {"get", 200, false, make_get, NULL},
    {"op/query", 200, false, make_query, NULL},
    {"types", 200, false, make_types, NULL},
    {"open list", 200, false, make_open_list, NULL},
    {"create", 201, false, make_create, undo_create},
    {"delete", 204, false, make_delete, undo_delete},
    {"batch of two citizens", 204, false, make_batch, undo_batch},
    {"open create", 201, false, make_open_create, undo_open_create},
    {"give a grant", 201, true, make_give, undo_give},
    {"withdraw a grant", 200, true, make_withdraw, undo_nothing},
    {"accesses", 200, true, make_accesses, NULL},
    {"me", 200, false, make_me, NULL},
    {"token", 200, true, make_token, NULL},
};
enum { SCENARIO_COUNT = sizeof SCENARIOS / sizeof SCENARIOS[0] };

/* --- one run ---------------------------------------------------------------------------------- */

typedef struct Loop {
    Town *town;
    const Scenario *scenario;
    Inject inject;
    Str before;
    Str after;
    Answer usual;
    uint64_t runs;
    uint64_t hits;
    uint64_t refused; /* runs answered with 413, 500 or 503 */
} Loop;

static void complain(const Loop *loop, uint64_t n, const char *what, Str seen)
{
    fail_msg("%s, %s %llu: %s\n%.*s", loop->scenario->name, inject_name(loop->inject),
             (unsigned long long)n, what, STR_FORMAT(seen));
}

static bool has_its_form(const Scenario *scenario, const Ask *ask, const Answer *answer)
{
    (void)scenario;
    bool is_problem = str_starts_with(ask->target, STR("/api/"));
    return is_problem ? str_starts_with(answer->body, STR("{\"type\":"))
                      : str_starts_with(answer->body, STR("{\"error\":\""));
}

/* Whether the answer is the usual one. */
static bool judge_answer(Loop *loop, uint64_t n, const Ask *ask, const Answer *answer)
{
    const Scenario *scenario = loop->scenario;
    if (answer->status == scenario->status) {
        if (!scenario->is_varying && !str_eq(answer->text, loop->usual.text)) {
            complain(loop, n, "another answer", answer->text);
        }
        return true;
    }
    bool is_known = answer->status == 413 || answer->status == 500 || answer->status == 503;
    if (!is_known || !has_its_form(scenario, ask, answer)) {
        complain(loop, n, "an answer that is neither", answer->text);
    }
    loop->refused++;
    return false;
}

/* The log needs a moment after a lasting fault; else the first try must do. */
static Answer send_again(Loop *loop, uint64_t n, const Ask *ask)
{
    Deadline deadline = deadline_in(ports_system()->clock, 5 * CLOCK_SECOND_US);
    Answer answer = town_send(loop->town, ask);
    while (loop->inject == INJECT_FILE_LASTING && answer.status == 503 &&
           deadline_left_us(deadline) > 0) {
        answer = town_send(loop->town, ask);
    }
    if (answer.status != loop->scenario->status) {
        complain(loop, n, "does not work afterwards", answer.text);
    }
    return answer;
}

static Str settled_state(Loop *loop)
{
    const Ask probe = get(loop->town, "/v2/entities?type=Person&limit=1");
    Deadline deadline = deadline_in(ports_system()->clock, 5 * CLOCK_SECOND_US);
    while (town_send(loop->town, &probe).status != 200) {
        assert_true(deadline_left_us(deadline) > 0);
    }
    return town_state(loop->town);
}

/* Returns whether the fault was met. */
static bool run_once(Loop *loop, uint64_t n)
{
    const Scenario *scenario = loop->scenario;
    bool is_hit = false;
    Ask ask = scenario->make(loop->town);
    Answer answer = town_send_under(loop->town, &ask, loop->inject, n, &is_hit);
    bool is_usual = judge_answer(loop, n, &ask, &answer);
    loop->runs++;
    loop->hits += is_hit;
    if (scenario->undo == NULL) {
        ask = is_usual || ask.body.n == 0 ? ask : scenario->make(loop->town);
        (void)(is_usual ? answer : send_again(loop, n, &ask));
        return is_hit;
    }
    Str state = settled_state(loop);
    bool is_done = str_eq(state, loop->after);
    if (!is_done && (is_usual || !str_eq(state, loop->before))) {
        complain(loop, n, "half done", state);
    }
    /* With its key a repeated request is told what it did; without one it would be a second one. */
    if (!is_usual && (!is_done || ask.idempotency_key.n > 0)) {
        answer = send_again(loop, n, &ask);
        if (!str_eq(town_state(loop->town), loop->after)) {
            complain(loop, n, "not done by the repetition", town_state(loop->town));
        }
    }
    scenario->undo(loop->town, &ask, &answer);
    return is_hit;
}

/* What the request does when nothing fails; the second time, when its traces of the first are
 * there. */
static void learn(Loop *loop)
{
    const Scenario *scenario = loop->scenario;
    for (int i = 0; i < 2; i++) {
        Ask ask = scenario->make(loop->town);
        loop->before = town_state(loop->town);
        loop->usual = town_send(loop->town, &ask);
        if (loop->usual.status != scenario->status) {
            complain(loop, 0, "the usual answer", loop->usual.text);
        }
        loop->after = town_state(loop->town);
        assert_true(str_eq(loop->before, loop->after) == (scenario->undo == NULL));
        if (scenario->undo != NULL) {
            scenario->undo(loop->town, &ask, &loop->usual);
        }
    }
}

static uint64_t stride(Loop *loop)
{
    if (loop->inject > INJECT_MALLOC || does_all) {
        return 1;
    }
    Ask ask = loop->scenario->make(loop->town);
    uint64_t calls = town_count(loop->town, &ask, loop->inject);
    if (loop->scenario->undo != NULL) {
        Answer answer =
            town_send(loop->town, &ask); /* a replay, or refused; undo needs the former */
        loop->scenario->undo(loop->town, &ask, &answer);
    }
    return calls / SHARE + 1;
}

static void sweep(Town *town, uint64_t seed, const Scenario *scenario, Inject inject,
                  uint64_t *totals)
{
    town_open(town, seed);
    Loop loop = {.town = town, .scenario = scenario, .inject = inject};
    learn(&loop);
    uint64_t step = stride(&loop);
    uint64_t n = 1 + fake_random_below(&town->vault.fake.random_state, step);
    while (run_once(&loop, n)) {
        n += step;
        assert_true(n < 100000);
        if (loop.runs % TOWN_RUNS == 0) {
            town_close(town);
            town_open(town, seed);
            learn(&loop);
        }
    }
    (void)printf("%-24s %-14s %6llu runs, %6llu faults, %6llu refused\n", scenario->name,
                 inject_name(inject), (unsigned long long)loop.runs, (unsigned long long)loop.hits,
                 (unsigned long long)loop.refused);
    totals[0] += loop.runs;
    totals[1] += loop.hits;
    totals[2] += loop.refused;
    town_close(town);
}

static void every_call_beneath_a_request_may_fail(void **state)
{
    (void)state;
    static Town town;
    uint64_t totals[3] = {0};
    uint64_t seed = fake_seed("test_request_faults");
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        for (int inject = 0; inject < INJECT_COUNT_; inject++) {
            sweep(&town, seed + i, &SCENARIOS[i], (Inject)inject, totals);
        }
    }
    (void)printf("%llu runs, %llu injected failures, %llu answers of 413, 500 or 503\n",
                 (unsigned long long)totals[0], (unsigned long long)totals[1],
                 (unsigned long long)totals[2]);
    assert_true(totals[1] > 500 && totals[2] > 200);
}

int main(int argc, char **argv)
{
    does_all = argc > 1 && strcmp(argv[1], "--all") == 0;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_beneath_a_request_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
