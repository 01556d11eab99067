#include <inttypes.h>
#include <stdio.h>

#include "access_token.h"
#include "demo.h"
#include "hash.h"
#include "id_link.h"
#include "service_account.h"
#include "settings.h"
#include "subject.h"
#include "vault_call.h"
#include "vault_open.h"
#include "vaultctl_commands.h"

#define COMMAND_TIMEOUT_US (60 * CLOCK_SECOND_US)

static Error open_unsealed(const CommandLine *line, OpenVault *ret_vault)
{
    TRY(vault_open(line->arena, line->conf, (VaultOpenOptions){0}, ret_vault));
    if (FAILED(ret_vault->sealed)) {
        vault_open_close(ret_vault);
        return ret_vault->sealed;
    }
    return OK;
}

/* Opens vault and call in one, for the commands that do one thing. */
static Error begin(const CommandLine *line, OpenVault *vault, VaultCall *ret_call)
{
    TRY(open_unsealed(line, vault));
    Deadline deadline = deadline_in(vault->core.ports->clock, COMMAND_TIMEOUT_US);
    Error outcome = vault_call_open(&vault->core, line->arena, STR(""), deadline, ret_call);
    if (FAILED(outcome)) {
        vault_open_close(vault);
    }
    return outcome;
}

static void end(OpenVault *vault, VaultCall *call)
{
    vault_call_close(call);
    vault_open_close(vault);
}

Error command_init(CommandLine *line)
{
    const char *key_file = conf_path(line->conf, "key_file");
    Error checked = kek_file_check(ports_system(), line->arena, key_file);
    if (FAILED(checked)) {
        TRY(kek_file_create(ports_system(), line->arena, key_file));
        printf("made the key file %s\nkeep a copy of it where the data is not: without it nothing "
               "can be read\n",
               key_file);
    }
    OpenVault vault = {0};
    TRY(vault_open(line->arena, line->conf, (VaultOpenOptions){.may_create = true}, &vault));
    Error sealed = vault.sealed;
    if (!FAILED(sealed)) {
        printf("the store (%s) and the platform keys are ready\n", store_kind(vault.store));
    }
    vault_open_close(&vault);
    return sealed;
}

Error command_doctor(CommandLine *line)
{
    settings_print(line->conf);
    OpenVault vault = {0};
    Error outcome = vault_open(line->arena, line->conf, (VaultOpenOptions){0}, &vault);
    if (FAILED(outcome)) {
        return outcome;
    }
    Error sealed = vault.sealed;
    vault_open_close(&vault);
    if (FAILED(sealed)) {
        return sealed;
    }
    printf("\nnothing is missing: the store opens and the key fits\n");
    return OK;
}

/* "A,B" as a list; no text gives no items. */
static Error split_list(Arena *arena, const char *text, StrList *ret_list)
{
    Str rest = str_from(text);
    size_t count = rest.n > 0 ? 1 : 0;
    for (size_t i = 0; i < rest.n; i++) {
        count += rest.p[i] == ',';
    }
    Str *items = ARENA_MANY(arena, Str, count);
    ENSURE_ALLOC(items, arena);
    size_t filled = 0;
    while (filled < count && str_split(&rest, ',', &items[filled])) {
        filled++;
    }
    *ret_list = (StrList){.items = items, .count = filled};
    return OK;
}

static Error check_purposes(const OpenVault *vault, StrList purposes, Arena *arena)
{
    for (size_t i = 0; i < purposes.count; i++) {
        ENSURE(purpose_find(vault->purposes, purposes.items[i]) != NULL, PURPOSE_UNKNOWN,
               str_argument(arena, purposes.items[i]));
    }
    return OK;
}

Error command_service_add(CommandLine *line)
{
    const char *id = NULL;
    const char *name = NULL;
    const char *jwks = NULL;
    const char *purposes = NULL;
    TRY(command_option_needed(line, "id", &id));
    TRY(command_option_needed(line, "name", &name));
    TRY(command_option_needed(line, "jwks", &jwks));
    TRY(command_option_needed(line, "purposes", &purposes));
    ServiceAccount account = {.client_id = str_from(id), .name_ja = str_from(name)};
    TRY(file_read_in(ports_system()->file, line->arena, jwks, 65536, &account.jwks));
    TRY(split_list(line->arena, purposes, &account.purposes));
    TRY(split_list(line->arena, command_option(line, "allow-from"), &account.allow_from));
    OpenVault vault = {0};
    VaultCall call = {0};
    TRY(begin(line, &vault, &call));
    Error outcome = check_purposes(&vault, account.purposes, line->arena);
    if (!FAILED(outcome)) {
        outcome = service_account_create(&call, &account);
    }
    end(&vault, &call);
    return outcome;
}

Error command_service_add_open(CommandLine *line)
{
    const char *id = NULL;
    const char *name = NULL;
    char secret[SERVICE_SECRET_TEXT_BYTES] = "";
    TRY(command_option_needed(line, "id", &id));
    TRY(command_option_needed(line, "name", &name));
    ServiceAccount account = {
        .client_id = str_from(id), .name_ja = str_from(name), .jwks = STR("{\"keys\":[]}")};
    OpenVault vault = {0};
    VaultCall call = {0};
    TRY(begin(line, &vault, &call));
    Error outcome = service_account_make_secret(&call, &account, secret);
    if (!FAILED(outcome)) {
        outcome = service_account_create(&call, &account);
    }
    end(&vault, &call);
    if (!FAILED(outcome)) {
        printf("%s\n", secret);
    }
    crypto_wipe(secret, sizeof secret);
    return outcome;
}

Error command_service_allow(CommandLine *line)
{
    const char *id = NULL;
    StrList rules = {0};
    TRY(command_option_needed(line, "id", &id));
    TRY(split_list(line->arena, command_option(line, "allow-from"), &rules));
    OpenVault vault = {0};
    VaultCall call = {0};
    TRY(begin(line, &vault, &call));
    ServiceAccount account = {0};
    Error outcome = service_account_find(&call, str_from(id), &account);
    if (!FAILED(outcome)) {
        account.allow_from = rules;
        outcome = service_account_update(&call, &account);
    }
    end(&vault, &call);
    return outcome;
}

static void print_account(const ServiceAccount *account)
{
    printf("%-20.*s %-10s %.*s%s", STR_FORMAT(account->client_id),
           account->state == SERVICE_ACTIVE ? "active" : "suspended", STR_FORMAT(account->name_ja),
           account->has_secret ? "  open data only" : "  from");
    for (size_t i = 0; i < account->allow_from.count; i++) {
        printf(" %.*s", STR_FORMAT(account->allow_from.items[i]));
    }
    printf("%s\n", account->has_secret || account->allow_from.count > 0 ? "" : " nowhere");
}

Error command_service_list(CommandLine *line)
{
    OpenVault vault = {0};
    VaultCall call = {0};
    TRY(begin(line, &vault, &call));
    ServiceAccount *accounts = NULL;
    size_t count = 0;
    Error outcome = service_account_list(&call, &accounts, &count);
    for (size_t i = 0; i < count; i++) {
        print_account(&accounts[i]);
    }
    end(&vault, &call);
    return outcome;
}

static Error set_state(const CommandLine *line, ServiceState state)
{
    const char *id = NULL;
    TRY(command_option_needed(line, "id", &id));
    OpenVault vault = {0};
    VaultCall call = {0};
    TRY(begin(line, &vault, &call));
    Error outcome = service_account_set_state(&call, str_from(id), state);
    end(&vault, &call);
    return outcome;
}

Error command_service_suspend(CommandLine *line)
{
    return set_state(line, SERVICE_SUSPENDED);
}

Error command_service_revive(CommandLine *line)
{
    return set_state(line, SERVICE_ACTIVE);
}

/* Keys, tokens and ids are bound to the environment's name, so no other store opens under the name
 * "demo". */
static Error require_demo(const CommandLine *line)
{
    ENSURE(str_eq(conf_text(line->conf, "environment"), STR("demo")), CONF_BAD_VALUE,
           "this command works in the environment \"demo\" only");
    return OK;
}

Error command_demo(CommandLine *line)
{
    TRY(require_demo(line));
    DemoOptions options = {.consenting = -1, .truth_path = command_option(line, "truth-file")};
    int64_t seed = 0;
    TRY(command_option_needed(line, "service-keys", &options.service_keys_folder));
    TRY(command_option_int(line, "citizens", 300, &options.citizens));
    TRY(command_option_int(line, "consenting", -1, &options.consenting));
    TRY(command_option_int(line, "seed", 1, &seed));
    options.seed = (uint64_t)seed;
    options.truth_path = options.truth_path == NULL ? "" : options.truth_path;
    OpenVault vault = {0};
    TRY(open_unsealed(line, &vault));
    Error outcome = demo_load(&vault.core, vault.purposes, &options);
    vault_open_close(&vault);
    if (!FAILED(outcome)) {
        printf("%" PRId64 " invented citizens, five services\n", options.citizens);
    }
    return outcome;
}

static Error issue_citizen_token(VaultCall *call, Str service, Str user, Str *ret_token)
{
    CLEANUP(subject_done) Subject subject = {0};
    IdLink link = {0};
    TRY(id_link_find(call, service, user, &subject, &link));
    AccessToken wanted = {.kind = TOKEN_CITIZEN, .client = STR("portal"), .scope = STR("citizen")};
    for (size_t i = 0; i < sizeof wanted.subject; i++) {
        wanted.subject[i] = subject.id[i];
    }
    return access_token_issue(call, &wanted, ret_token);
}

Error command_citizen_token(CommandLine *line)
{
    const char *service = NULL;
    const char *user = NULL;
    TRY(require_demo(line));
    TRY(command_option_needed(line, "service", &service));
    TRY(command_option_needed(line, "user", &user));
    OpenVault vault = {0};
    VaultCall call = {0};
    TRY(begin(line, &vault, &call));
    Str token = STR_EMPTY;
    Error outcome = issue_citizen_token(&call, str_from(service), str_from(user), &token);
    if (!FAILED(outcome)) {
        printf("%.*s\n", STR_FORMAT(token));
    }
    end(&vault, &call);
    return outcome;
}
