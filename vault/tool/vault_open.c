#include "vault_open.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "migrate.h"
#include "platform.h"
#include "store_mongo.h"
#include "store_sqlite.h"

#define OPEN_TIMEOUT_US (10 * CLOCK_SECOND_US)

/* The error with a sentence that says which part is meant, where, and what more is known. */
static Error with_place(Arena *arena, Error error, const char *what, const char *place)
{
    const char *more = error.argument;
    if (error.reason == REASON_FILE_IO || (more != NULL && strcmp(more, place) == 0)) {
        more = "it can't be opened: look whether the folder is there and writable";
    }
    Str sentence = STR_EMPTY;
    const Str parts[] = {str_from(what), STR(" "), str_from(place), STR(": "), str_from(more)};
    if (FAILED(str_join_in(arena, parts, more == NULL ? 3 : 5, &sentence))) {
        return error;
    }
    error.argument = str_argument(arena, sentence);
    return error;
}

static Error open_store(OpenVault *vault, const Conf *conf)
{
    Error outcome = OK;
    const char *place = NULL;
    if (str_eq(conf_text(conf, "store_kind"), STR("mongodb"))) {
        const char *database = str_z(vault->arena, conf_text(conf, "store_database"));
        place = str_z(vault->arena, conf_text(conf, "store_uri"));
        StoreMongoOptions options = {
            .uri = place, .database = database, .ports = vault->core.ports, .arena = vault->arena};
        outcome = store_mongo_open(&options, &vault->store);
        return FAILED(outcome) ? with_place(vault->arena, outcome, "MongoDB", "store_uri") : OK;
    }
    place = conf_path(conf, "store_path");
    StoreSqliteOptions options = {.path = place, .ports = vault->core.ports};
    outcome = store_sqlite_open(&options, &vault->store);
    return FAILED(outcome) ? with_place(vault->arena, outcome, "SQLite store", place) : OK;
}

static Error open_schemas(OpenVault *vault, const Conf *conf)
{
    Str folder = str_from(conf_path(conf, "schemas_folder"));
    const Str entities[] = {folder, STR("/entities")};
    const Str purposes[] = {folder, STR("/purposes")};
    Str path = STR_EMPTY;
    TRY(str_join_in(vault->arena, entities, 2, &path));
    Error outcome = type_registry_load(vault->core.ports, str_argument(vault->arena, path),
                                       vault->arena, &vault->types);
    if (FAILED(outcome)) {
        return with_place(vault->arena, outcome, "schemas_folder",
                          str_argument(vault->arena, path));
    }
    vault->core.types = vault->types;
    TRY(str_join_in(vault->arena, purposes, 2, &path));
    outcome = purpose_registry_load(vault->core.ports, str_argument(vault->arena, path),
                                    vault->types, vault->arena, &vault->purposes);
    return FAILED(outcome) ? with_place(vault->arena, outcome, "schemas_folder",
                                        str_argument(vault->arena, path))
                           : OK;
}

/* A key that can't be had seals the vault; whatever else goes wrong with keys is an error. */
static Error open_keys(OpenVault *vault, const Conf *conf, bool may_create)
{
    TRY(kek_file_new(vault->core.ports, conf_path(conf, "key_file"), 1, &vault->kek));
    KeyringOptions options = {.ports = vault->core.ports,
                              .provider = vault->kek,
                              .environment = conf_text(conf, "environment")};
    TRY(keyring_open(&options, &vault->keyring));
    vault->core.keyring = vault->keyring;
    Deadline deadline = deadline_in(vault->core.ports->clock, OPEN_TIMEOUT_US);
    vault->sealed = keyring_seal_reason(vault->keyring);
    bool has_kek = vault->sealed.code == ERROR_OK || vault->sealed.reason == REASON_VAULT_SEALED;
    if (has_kek) {
        vault->sealed = platform_init(&vault->core, vault->arena, deadline, may_create);
    }
    if (!FAILED(vault->sealed)) {
        return OK;
    }
    bool is_key_trouble = vault->sealed.reason == REASON_KEY_FILE ||
                          vault->sealed.reason == REASON_VAULT_SEALED ||
                          vault->sealed.reason == REASON_CRYPTO_OPEN ||
                          vault->sealed.reason == REASON_PLATFORM_KEYS_MISSING;
    return is_key_trouble ? OK : vault->sealed;
}

Error vault_log_folder(Arena *arena, const Conf *conf, const char **ret_folder)
{
    const Str parts[] = {str_from(conf_path(conf, "log_folder")), STR("/"),
                         conf_text(conf, "node")};
    Str folder = STR_EMPTY;
    TRY(str_join_in(arena, parts, 3, &folder));
    *ret_folder = str_argument(arena, folder);
    return OK;
}

static Error open_log(OpenVault *vault, const Conf *conf)
{
    const char *folder = NULL;
    TRY(vault_log_folder(vault->arena, conf, &folder));
    const char *parent = conf_path(conf, "log_folder");
    bool is_there = (mkdir(parent, 0700) == 0 || errno == EEXIST) &&
                    (mkdir(folder, 0700) == 0 || errno == EEXIST);
    ENSURE(is_there, LOG_UNAVAILABLE, folder);
    AccessLogOptions options = {.ports = vault->core.ports,
                                .keyring = vault->keyring,
                                .folder = folder,
                                .environment = conf_text(conf, "environment"),
                                .node = conf_text(conf, "node")};
    Error outcome = access_log_open(&options, &vault->log);
    return FAILED(outcome) ? with_place(vault->arena, outcome, "log of node", folder) : OK;
}

static Error open_parts(OpenVault *vault, const Conf *conf, VaultOpenOptions options)
{
    TRY(open_schemas(vault, conf));
    TRY(open_store(vault, conf));
    vault->core.store = vault->store;
    Deadline deadline = deadline_in(vault->core.ports->clock, OPEN_TIMEOUT_US);
    TRY(store_migrate(vault->store, deadline));
    TRY(open_keys(vault, conf, options.may_create));
    if (options.needs_log && !FAILED(vault->sealed)) {
        TRY(open_log(vault, conf));
    }
    vault->gate = (Gate){.core = &vault->core, .log = vault->log, .purposes = vault->purposes};
    return OK;
}

Error vault_open(Arena *arena, const Conf *conf, VaultOpenOptions options, OpenVault *ret_vault)
{
    *ret_vault = (OpenVault){.arena = arena, .core = {.ports = ports_system()}};
    Error outcome = open_parts(ret_vault, conf, options);
    if (FAILED(outcome)) {
        vault_open_close(ret_vault);
    }
    return outcome;
}

void vault_open_close(OpenVault *vault)
{
    vault->log = access_log_close(vault->log);
    vault->keyring = keyring_free(vault->keyring);
    vault->kek = kek_free(vault->kek);
    vault->store = store_close(vault->store);
    vault->purposes = purpose_registry_free(vault->purposes);
    vault->types = type_registry_free(vault->types);
}
