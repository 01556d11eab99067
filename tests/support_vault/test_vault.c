#include "test_vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract_store.h"
#include "crypto_init.h"
#include "migrate.h"
#include "service_account.h"
#include "subject_walk.h"

#define ARENA_BYTES ((size_t)1 << 30)
#define ENVIRONMENT STR("test")
#define CALL_TIMEOUT_US (60 * CLOCK_SECOND_US)

/* Of the thread that ordered it: the projection commits in its own. */
static _Thread_local TestCommitFault commit_fault;

/* --- commits that fail ------------------------------------------------------------------------ */

static const StoreBackend *real_backend;

static Error commit_or_fail(Store *store, const StoreBatch *batch, Deadline deadline,
                            size_t *ret_failed)
{
    if (commit_fault.countdown == 0 || --commit_fault.countdown > 0) {
        return real_backend->commit(store, batch, deadline, ret_failed);
    }
    commit_fault.has_failed = true;
    if (commit_fault.is_after) {
        TRY(real_backend->commit(store, batch, deadline, ret_failed));
    }
    return error_make(commit_fault.reason, NULL, "ordered by the test");
}

void test_commit_fail(int nth, ErrorReason reason, bool is_after)
{
    commit_fault = (TestCommitFault){.countdown = nth, .reason = reason, .is_after = is_after};
}

bool test_commit_failed(void)
{
    return commit_fault.has_failed;
}

void test_log_fail(TestVault *vault, bool is_down)
{
    FakeFault fault = {.call = FAKE_ANY, .nth = is_down ? 1 : 0, .is_persistent = is_down};
    fake_ports_fail(&vault->fake, fault);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void make_folders(TestVault *vault)
{
    (void)snprintf(vault->root, sizeof vault->root, "/tmp/musubi-vault-XXXXXX");
    assert_non_null(mkdtemp(vault->root));
    (void)snprintf(vault->log_folder, sizeof vault->log_folder, "%.100s/log", vault->root);
    assert_int_equal(mkdir(vault->log_folder, 0700), 0);
}

static void open_keys(TestVault *vault)
{
    char path[TEST_PATH_BYTES + 8];
    (void)snprintf(path, sizeof path, "%.100s/kek", vault->root);
    assert_ok(kek_file_create(ports_system(), vault->arena, path));
    assert_ok(kek_file_new(ports_system(), path, 1, &vault->kek));
    KeyringOptions options = {.provider = vault->kek, .environment = ENVIRONMENT, .slots = 4096};
    assert_ok(keyring_open(&options, &vault->ring));
    vault->core.keyring = vault->ring;
}

static void open_store(TestVault *vault)
{
    vault->store = contract_open(contract_kind(), "vault");
    vault->backend = *vault->store->backend;
    real_backend = vault->store->backend;
    vault->backend.commit = commit_or_fail;
    vault->store->backend = &vault->backend;
    vault->core.store = vault->store;
    assert_ok(store_migrate(vault->store, deadline_in(ports_system()->clock, CALL_TIMEOUT_US)));
}

static void open_schemas(TestVault *vault)
{
    const char *source = getenv("MUSUBI_SOURCE");
    assert_non_null(source);
    char path[512];
    (void)snprintf(path, sizeof path, "%.400s/schemas/entities", source);
    assert_ok(type_registry_load(ports_system(), path, vault->arena, &vault->types));
    vault->core.types = vault->types;
    (void)snprintf(path, sizeof path, "%.400s/schemas/purposes", source);
    assert_ok(
        purpose_registry_load(ports_system(), path, vault->types, vault->arena, &vault->purposes));
}

static Error each_subject(void *context, LogSubjectVisit visit, void *visitor)
{
    return subject_walk(context, visit, visitor);
}

static void open_log(TestVault *vault)
{
    AccessLogOptions options = {.ports = &vault->fake.ports,
                                .keyring = vault->ring,
                                .folder = vault->log_folder,
                                .environment = ENVIRONMENT,
                                .node = STR("node-a"),
                                .retry_us = 1000};
    assert_ok(access_log_open(&options, &vault->log));
    LogSubjects subjects = {.each = each_subject, .context = &vault->core};
    assert_ok(log_projection_start(vault->log, vault->store, &subjects, &vault->projection));
    vault->gate = (Gate){.core = &vault->core, .log = vault->log, .purposes = vault->purposes};
}

/* Each service with every purpose that names it. */
static void make_service(TestVault *vault, const char *client)
{
    static const Str FROM[] = {STR_INIT("192.0.2.0/24"), STR_INIT("unix")};
    Str purposes[16];
    size_t count = 0;
    for (size_t i = 0; i < purpose_count(vault->purposes); i++) {
        const Purpose *purpose = purpose_at(vault->purposes, i);
        if (purpose_has_service(purpose, str_from(client))) {
            purposes[count++] = purpose->code;
        }
    }
    ServiceAccount account = {.client_id = str_from(client),
                              .name_ja = STR("テスト"),
                              .jwks = STR("{\"keys\":[]}"),
                              .purposes = {.items = purposes, .count = count},
                              .allow_from = {.items = FROM, .count = 2}};
    VaultCall call = test_call(vault);
    assert_ok(service_account_create(&call, &account));
    vault_call_close(&call);
}

void test_vault_init(TestVault *vault, uint64_t seed)
{
    static const char *const SERVICES[] = {"line-portal", "kenko", "neppi-pay", "sdgs",
                                           "tourist-passport"};
    memset(vault, 0, sizeof *vault);
    test_commit_fail(0, REASON_NONE, false);
    assert_ok(crypto_init());
    vault->arena = arena_new_sensitive(ARENA_BYTES);
    assert_non_null(vault->arena);
    make_folders(vault);
    fake_ports_init(&vault->fake, seed);
    vault->core.ports = &vault->fake.ports;
    open_keys(vault);
    open_store(vault);
    open_schemas(vault);
    assert_ok(platform_init(&vault->core, vault->arena,
                            deadline_in(&vault->fake.clock, CALL_TIMEOUT_US), true));
    open_log(vault);
    for (size_t i = 0; i < sizeof SERVICES / sizeof SERVICES[0]; i++) {
        make_service(vault, SERVICES[i]);
    }
}

void test_vault_done(TestVault *vault)
{
    test_log_fail(vault, false);
    vault->projection = log_projection_stop(vault->projection);
    vault->log = access_log_close(vault->log);
    vault->ring = keyring_free(vault->ring);
    vault->kek = kek_free(vault->kek);
    vault->store->backend = real_backend;
    vault->store = store_close(vault->store);
    vault->purposes = purpose_registry_free(vault->purposes);
    vault->types = type_registry_free(vault->types);
    fake_ports_done(&vault->fake);
    char command[TEST_PATH_BYTES + 16];
    (void)snprintf(command, sizeof command, "rm -rf '%.100s'", vault->root);
    assert_int_equal(system(command), 0);
    contract_cleanup();
    vault->arena = arena_free(vault->arena);
}

/* --- calls ------------------------------------------------------------------------------------ */

VaultCall test_call_in(TestVault *vault, Arena *arena)
{
    VaultCall call;
    assert_ok(vault_call_open(&vault->core, arena, STR_EMPTY,
                              deadline_in(&vault->fake.clock, CALL_TIMEOUT_US), &call));
    return call;
}

VaultCall test_call(TestVault *vault)
{
    return test_call_in(vault, vault->arena);
}

Principal test_service(const char *client, const char *purpose)
{
    return (Principal){.kind = ACTOR_SERVICE,
                       .tenant = STR_EMPTY,
                       .client = str_from(client),
                       .purpose = str_from(purpose),
                       .address = STR("192.0.2.7"),
                       .user_agent = STR("test"),
                       .request_id = STR("0123456789abcdef")};
}

Principal test_citizen_principal(const uint8_t subject[16])
{
    Principal principal = test_service("line-portal", "");
    principal.kind = ACTOR_CITIZEN;
    memcpy(principal.subject, subject, sizeof principal.subject);
    return principal;
}

/* --- looking behind --------------------------------------------------------------------------- */

static void add_names(Buf *buf, StrList names)
{
    for (size_t i = 0; i < names.count; i++) {
        buf_add(buf, i == 0 ? STR_EMPTY : STR(","));
        buf_add(buf, names.items[i]);
    }
}

static void add_line(Buf *buf, const CitizenAccess *access)
{
    const Str words[] = {access->act,     access->decision, access->reason,
                         access->service, access->purpose,  access->type};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        buf_add(buf, words[i].n == 0 ? STR("-") : words[i]);
        buf_add_char(buf, ' ');
    }
    buf_add_char(buf, '[');
    add_names(buf, access->attributes);
    if (access->filtered.count > 0) {
        buf_add(buf, STR("] filter ["));
        add_names(buf, access->filtered);
    }
    buf_add(buf, access->grants.n == 0 ? STR("] no\n") : STR("] yes\n"));
}

const char *test_history(TestVault *vault, TestCitizen citizen)
{
    Deadline deadline = deadline_in(ports_system()->clock, CALL_TIMEOUT_US);
    assert_ok(log_projection_wait(vault->projection, access_log_size(vault->log), deadline));
    VaultCall call = test_call(vault);
    Principal principal = test_citizen_principal(citizen.subject);
    Buf buf = buf_in(vault->arena);
    Str cursor = STR_EMPTY;
    do {
        CitizenAccessPage page;
        assert_ok(gate_citizen_accesses(&call, &principal, 3, cursor, &page));
        for (size_t i = 0; i < page.count; i++) {
            add_line(&buf, &page.accesses[i]);
        }
        cursor = page.next;
    } while (cursor.n > 0);
    vault_call_close(&call);
    buf_add_char(&buf, '\0');
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text.p;
}

static void add_hex(Buf *buf, Str bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.n; i++) {
        buf_add_char(buf, digits[(uint8_t)bytes.p[i] >> 4]);
        buf_add_char(buf, digits[(uint8_t)bytes.p[i] & 15]);
    }
}

Str test_dump(TestVault *vault, StoreCollection collection)
{
    VaultCall call = test_call(vault);
    StoreFind find = {.collection = collection, .limit = STORE_FIND_LIMIT_MAX};
    StoreDoc *docs;
    size_t count;
    assert_ok(store_find(call.snapshot, vault->arena, &find, &docs, &count));
    assert_true(count < STORE_FIND_LIMIT_MAX);
    Buf buf = buf_in(vault->arena);
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, docs[i].key);
        buf_add_char(&buf, '@');
        buf_add_int(&buf, (int64_t)docs[i].version);
        buf_add_char(&buf, ' ');
        add_hex(&buf, docs[i].body.bytes);
        buf_add_char(&buf, '\n');
    }
    vault_call_close(&call);
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

StrList test_list_of(TestVault *vault, const char *comma_separated)
{
    Str rest = str_from(comma_separated);
    if (rest.n == 0) {
        return (StrList){.items = NULL, .count = 0};
    }
    Str *items = ARENA_MANY(vault->arena, Str, rest.n + 1);
    assert_non_null(items);
    size_t count = 0;
    while (str_split(&rest, ',', &items[count])) {
        count++;
    }
    return (StrList){.items = items, .count = count};
}
