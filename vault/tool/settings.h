/* settings.h — the one table of configuration keys, shared by ngsi-proxy and vaultctl, since both
 * read one file.
 *
 * Must never hold a secret or act on a value: it declares and loads.
 *
 * Layer: vault/tool. Thread-safe: pure once loaded. */
#ifndef MUSUBI_SETTINGS_H
#define MUSUBI_SETTINGS_H

#include "arena.h"
#include "conf.h"
#include "error.h"

/* Loads defaults < --config=FILE < MUSUBI_* < --key=value. flags: NULL-terminated, without the
 * program's name; the flag --config names the file (optional). Result in the arena. Errors: those
 * of conf_load. */
Error settings_load(Arena *arena, const char *const *flags, const Conf **ret_conf) MUST_USE;

/* Prints every key with its effective value, where it came from and what it means, for doctor. */
void settings_print(const Conf *conf);

#endif
