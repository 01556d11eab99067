/* vault_open.h — opens a whole vault from its settings, for ngsi-proxy and for vaultctl, and says
 * what is missing.
 *
 * A vault whose key can't be had opens SEALED: open data goes on, and `sealed` says why. A log that
 * can't be written is an error of the open when it is asked for: without it no personal value could
 * leave. Must never print; the programs do.
 *
 * Layer: vault/tool. Thread-safe: single-owner; the parts say for themselves. */
#ifndef MUSUBI_VAULT_OPEN_H
#define MUSUBI_VAULT_OPEN_H

#include <stdbool.h>

#include "access_log.h"
#include "conf.h"
#include "gate.h"
#include "kek.h"
#include "keyring.h"
#include "purpose.h"
#include "store.h"
#include "type_registry.h"
#include "vault_core.h"

typedef struct OpenVault {
    Arena *arena; /* of error texts and settings; the caller's */
    KekProvider *kek;
    Keyring *keyring;
    Store *store;
    TypeRegistry *types;
    PurposeRegistry *purposes;
    AccessLog *log; /* NULL: not asked for, or sealed */
    VaultCore core;
    Gate gate;
    Error sealed; /* OK when the vault is open; else why it is sealed (argument: what to do) */
} OpenVault;

typedef struct VaultOpenOptions {
    bool may_create; /* platform keys are made when the store has none (vaultctl init) */
    bool needs_log;  /* take this node's log for writing */
} VaultOpenOptions;

/* Opens. On an error nothing is open and *ret_vault is untouched. Errors: those of the parts; the
 * argument says which part, where, and what to do. Close with vault_open_close. */
Error vault_open(Arena *arena, const Conf *conf, VaultOpenOptions options, OpenVault *ret_vault)
    MUST_USE;
/* Closes all parts, newest first; half-open is fine. */
void vault_open_close(OpenVault *vault);
/* The folder of this node's log segments, in the arena. */
Error vault_log_folder(Arena *arena, const Conf *conf, const char **ret_folder) MUST_USE;

#endif
