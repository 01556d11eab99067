#include "fault_town.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "access_token.h"
#include "embedded_half.h"
#include "service_account.h"
#include "target.h"
#include "union.h"
#include "vault_half.h"

#define REQUEST_ARENA_BYTES ((size_t)64 << 20)
#define REQUEST_TIMEOUT_US (60 * CLOCK_SECOND_US)

const char *inject_name(Inject inject)
{
    static const char *const NAMES[] = {"arena",   "malloc",        "file once",   "file lasting",
                                        "entropy", "commit before", "commit after"};
    _Static_assert(sizeof NAMES / sizeof NAMES[0] == INJECT_COUNT_, "a name for each");
    return NAMES[inject];
}

/* --- memory of this thread -------------------------------------------------------------------- */

typedef struct MemoryFault {
    bool is_armed;
    Inject inject;
    uint64_t nth; /* 0: count only */
    uint64_t calls;
} MemoryFault;

static _Thread_local MemoryFault memory;

static bool fails(Inject inject)
{
    return memory.is_armed && memory.inject == inject && ++memory.calls == memory.nth;
}

/* The linker sends the calls of our own code here, and __real_… to the real ones. */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__wrap_realloc(void *old, size_t n);
void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__real_arena_alloc(Arena *arena, size_t size);
void *__wrap_arena_alloc(Arena *arena, size_t size);
void *__real_arena_alloc_array(Arena *arena, size_t count, size_t item_bytes);
void *__wrap_arena_alloc_array(Arena *arena, size_t count, size_t item_bytes);

void *__wrap_malloc(size_t n)
{
    return fails(INJECT_MALLOC) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails(INJECT_MALLOC) ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *old, size_t n)
{
    return fails(INJECT_MALLOC) ? NULL : __real_realloc(old, n);
}

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    errno = ENOMEM;
    return fails(INJECT_MALLOC) ? MAP_FAILED : __real_mmap(at, n, protection, flags, fd, offset);
}

/* A size that no arena has: the arena says why it gave nothing, as it would. */
void *__wrap_arena_alloc(Arena *arena, size_t size)
{
    return __real_arena_alloc(arena, fails(INJECT_ARENA) ? SIZE_MAX : size);
}

void *__wrap_arena_alloc_array(Arena *arena, size_t count, size_t item_bytes)
{
    bool is_failing = fails(INJECT_ARENA);
    return __real_arena_alloc_array(arena, is_failing ? 1 : count,
                                    is_failing ? SIZE_MAX : item_bytes);
}

/* --- arming ----------------------------------------------------------------------------------- */

static void arm(Town *town, Inject inject, uint64_t n)
{
    FakePorts *fake = &town->vault.fake;
    switch (inject) {
    case INJECT_FILE_ONCE:
    case INJECT_FILE_LASTING:
        fake_ports_fail(fake, (FakeFault){.call = FAKE_ANY,
                                          .nth = n,
                                          .is_persistent = inject == INJECT_FILE_LASTING});
        break;
    case INJECT_ENTROPY:
        fake_entropy_fail(fake, n);
        break;
    case INJECT_COMMIT_BEFORE:
        test_commit_fail((int)n, REASON_STORE_UNAVAILABLE, false);
        break;
    case INJECT_COMMIT_AFTER:
        test_commit_fail((int)n, REASON_STORE_UNSETTLED, true);
        break;
    case INJECT_ARENA:
    case INJECT_MALLOC:
    case INJECT_COUNT_:
        memory = (MemoryFault){.is_armed = true, .inject = inject, .nth = n};
    }
}

static bool disarm(Town *town, Inject inject, uint64_t n)
{
    FakePorts *fake = &town->vault.fake;
    bool is_hit = n > 0 && memory.calls >= n;
    memory.is_armed = false;
    if (inject == INJECT_ENTROPY) {
        is_hit = fake->entropy_calls >= n;
    } else if (inject == INJECT_FILE_ONCE || inject == INJECT_FILE_LASTING) {
        is_hit = fake_faults_hit(fake) > 0;
    } else if (inject == INJECT_COMMIT_BEFORE || inject == INJECT_COMMIT_AFTER) {
        is_hit = test_commit_failed();
    }
    fake_ports_fail(fake, (FakeFault){0});
    fake_entropy_fail(fake, 0);
    test_commit_fail(0, REASON_NONE, false);
    return is_hit;
}

/* --- sending ---------------------------------------------------------------------------------- */

static void add_header(HttpHeader *headers, size_t *count, const char *name, Str value)
{
    if (value.n > 0) {
        headers[(*count)++] = (HttpHeader){.name = str_from(name), .value = value};
    }
}

static void fill_request(Town *town, const Ask *ask, Arena *arena, Request *ret_request)
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
    request.deadline = deadline_in(town->vault.core.ports->clock, REQUEST_TIMEOUT_US);
    *ret_request = request;
}

static void add_line(Buf *text, Str name, Str value)
{
    buf_add(text, name);
    buf_add(text, STR(": "));
    buf_add(text, value);
    buf_add_char(text, '\n');
}

static Answer keep(Town *town, const Response *response)
{
    Buf text = buf_in(town->vault.arena);
    Answer answer = {.status = response->status};
    buf_add_int(&text, response->status);
    buf_add_char(&text, '\n');
    add_line(&text, STR("content-type"), response->content_type);
    for (size_t i = 0; i < response->header_count; i++) {
        add_line(&text, response->headers[i].name, response->headers[i].value);
    }
    buf_add(&text, response->body);
    assert_ok(buf_finish(&text, &answer.text));
    assert_ok(str_copy_in(town->vault.arena, response->body, &answer.body));
    return answer;
}

static Answer send(Town *town, const Ask *ask, Inject inject, uint64_t n, bool is_armed,
                   bool *ret_is_hit)
{
    Arena *arena = arena_new_sensitive(REQUEST_ARENA_BYTES);
    assert_non_null(arena);
    HttpHeader headers[3];
    Request request;
    Response response;
    fill_request(town, ask, arena, &request);
    add_header(headers, &request.header_count, "Authorization", ask->bearer);
    add_header(headers, &request.header_count, "Content-Type", ask->content_type);
    add_header(headers, &request.header_count, "Idempotency-Key", ask->idempotency_key);
    request.headers = headers;
    response_init(&response);
    if (is_armed) {
        arm(town, inject, n);
    }
    api_serve(&town->api, &request, &response);
    *ret_is_hit = is_armed && disarm(town, inject, n);
    Answer answer = keep(town, &response);
    (void)arena_free(request.large);
    (void)arena_free(arena);
    return answer;
}

Answer town_send(Town *town, const Ask *ask)
{
    bool is_hit = false;
    return send(town, ask, INJECT_ARENA, 0, false, &is_hit);
}

Answer town_send_under(Town *town, const Ask *ask, Inject inject, uint64_t n, bool *ret_is_hit)
{
    return send(town, ask, inject, n, true, ret_is_hit);
}

uint64_t town_count(Town *town, const Ask *ask, Inject inject)
{
    bool is_hit = false;
    (void)send(town, ask, inject, 0, true, &is_hit);
    return memory.calls;
}

/* --- the state -------------------------------------------------------------------------------- */

static size_t count_of(Str text, Str part)
{
    size_t count = 0;
    for (size_t i = 0; i + part.n <= text.n; i++) {
        count += memcmp(text.p + i, part.p, part.n) == 0;
    }
    return count;
}

Str town_state(Town *town)
{
    const Ask everything = {.method = HTTP_GET,
                            .target = STR("/v2/entities?options=count&limit=1000&orderBy=id"),
                            .bearer = town->kenko};
    const Ask grants = {.method = HTTP_GET,
                        .target = STR("/api/citizen/grants?limit=100"),
                        .bearer = town->citizen};
    Answer seen = town_send(town, &everything);
    Answer given = town_send(town, &grants);
    assert_int_equal(seen.status, 200);
    assert_int_equal(given.status, 200);
    Buf text = buf_in(town->vault.arena);
    Str state;
    buf_add(&text, seen.text);
    buf_add_char(&text, '\n');
    buf_add_int(&text, (int64_t)count_of(given.body, STR("\"state\":\"active\",\"recipient\"")));
    assert_ok(buf_finish(&text, &state));
    return state;
}

/* --- the town --------------------------------------------------------------------------------- */

static Str bearer_of(Town *town, const AccessToken *wanted)
{
    Str token;
    Str bearer;
    VaultCall call = test_call(&town->vault);
    assert_ok(access_token_issue(&call, wanted, &token));
    vault_call_close(&call);
    const Str parts[] = {STR("Bearer "), token};
    assert_ok(str_join_in(town->vault.arena, parts, 2, &bearer));
    return bearer;
}

static TestCitizen make_citizen(Town *town, const char *link, const char *walk)
{
    TestVault *vault = &town->vault;
    TestCitizen citizen = test_citizen(vault, link);
    test_person(vault, citizen, "familyName=Kita givenName=Aoi postalCode=675 sex=x");
    test_entity(vault, citizen, "kenko", "HealthActivity", walk, "steps=12 remarks=a");
    (void)test_give(vault, citizen, "kenko", HEALTH, "Person", "familyName,postalCode", "read");
    (void)test_give(vault, citizen, "kenko", HEALTH, "HealthActivity", "refPerson,steps,remarks",
                    "read,write");
    return citizen;
}

static void make_tokens(Town *town)
{
    AccessToken service = {.kind = TOKEN_SERVICE,
                           .client = STR("kenko"),
                           .purpose = STR(HEALTH),
                           .scope = STR("purpose:" HEALTH)};
    AccessToken citizen = {.kind = TOKEN_CITIZEN, .client = STR("line-portal")};
    memcpy(citizen.subject, town->first.subject, sizeof citizen.subject);
    town->kenko = bearer_of(town, &service);
    town->citizen = bearer_of(town, &citizen);
}

/* A service that asks for tokens with a key of its own. */
static void make_signer(Town *town)
{
    static const Str FROM[] = {STR_INIT("unix")};
    static const Str PURPOSES[] = {STR_INIT(HEALTH)};
    town->signer = signer_new();
    ServiceAccount account = {.client_id = STR("app"),
                              .name_ja = STR("テスト"),
                              .jwks = signer_jwks(town->signer, town->vault.arena, "app-1"),
                              .purposes = {.items = PURPOSES, .count = 1},
                              .allow_from = {.items = FROM, .count = 1}};
    VaultCall call = test_call(&town->vault);
    assert_ok(service_account_create(&call, &account));
    vault_call_close(&call);
}

void town_open(Town *town, uint64_t seed)
{
    *town = (Town){.numbers = 0};
    test_vault_init(&town->vault, seed);
    const Classifier classifier = {.types = town->vault.types};
    assert_ok(embedded_half_new(town->vault.store, &town->open_half));
    assert_ok(vault_half_new(&town->vault.gate, &town->personal_half));
    assert_ok(union_new(town->open_half, town->personal_half, &classifier, &town->both));
    town->api = (Api){.core = &town->vault.core,
                      .gate = &town->vault.gate,
                      .broker = town->both,
                      .issuer = STR("http://127.0.0.1:8026"),
                      .is_anonymous_read = true,
                      .version = STR("test")};
    town->first = make_citizen(town, "kenko=walker-1", "walk-1");
    town->second = make_citizen(town, "kenko=walker-2", "walk-2");
    make_tokens(town);
    make_signer(town);
}

void town_close(Town *town)
{
    (void)signer_free(town->signer);
    (void)union_free(town->both);
    (void)vault_half_free(town->personal_half);
    (void)embedded_half_free(town->open_half);
    test_vault_done(&town->vault);
}
