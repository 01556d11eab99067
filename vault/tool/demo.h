/* demo.h — loads the demo city: invented citizens, five services, links, a spread of grants, steps
 * and balances.
 *
 * The same seed gives the same city (keys, tokens and ids drawn by the vault differ). Must never
 * touch a store that already holds citizens.
 *
 * Layer: vault/tool. Thread-safe: single-owner. */
#ifndef MUSUBI_DEMO_H
#define MUSUBI_DEMO_H

#include <stdint.h>

#include "purpose.h"
#include "vault_core.h"

typedef struct DemoOptions {
    int64_t citizens;
    int64_t consenting; /* only the first so many give grants, whole ones; < 0: the usual spread
                           over all */
    uint64_t seed;
    const char *service_keys_folder; /* SERVICE.jwks.json for each of the five */
    const char
        *truth_path; /* gets what was loaded, in clear, for tests and the welcome text; "" = none */
} DemoOptions;

/* Registers the services and loads the citizens. Errors: DEMO_NOT_EMPTY, FILE_MISSING (a key), and
 * those of the rooms it calls. */
Error demo_load(const VaultCore *core, const PurposeRegistry *purposes, const DemoOptions *options)
    MUST_USE;

#endif
