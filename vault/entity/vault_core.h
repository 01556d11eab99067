/* vault_core.h — what every room above entity needs to touch stored personal data, and one call's
 * view of it.
 *
 * VaultCore lives as long as the process and is shared; a VaultCall lives as long as one request
 * (or one job) and carries its arena, snapshot, tenant, time and deadline, so that all rooms of one
 * request see one moment. Must never grow behaviour: it is a pair of structs.
 *
 * Layer: vault/entity. Thread-safe: VaultCore yes (its parts are); VaultCall single-owner. */
#ifndef MUSUBI_VAULT_CORE_H
#define MUSUBI_VAULT_CORE_H

#include "arena.h"
#include "clock.h"
#include "str.h"
#include "type_registry.h"

/* Named only, so that rooms which may not see crypto or store can carry a VaultCall. Who uses them
 * includes keyring.h or store.h. */
typedef struct Keyring Keyring;
typedef struct Store Store;
typedef struct StoreSnapshot StoreSnapshot;

typedef struct VaultCore {
    Store *store;
    Keyring *keyring;
    const TypeRegistry *types;
    const Ports *ports;
} VaultCore;

typedef struct VaultCall {
    const VaultCore *core;
    Arena *arena; /* sensitive */
    StoreSnapshot *snapshot;
    Str tenant;     /* Fiware-Service, lower case; "" is the default tenant */
    int64_t now_us; /* UTC microseconds, read once per call */
    Deadline deadline;
} VaultCall;

#endif
