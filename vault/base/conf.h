/* conf.h — configuration by table: defaults < file < environment < flags.
 *
 * A program declares its keys once; everything else is refused with a full sentence that names the
 * place and the nearest known key. File: INI; `[store]` + `path = x` is the key `store_path`, as is
 * `store_path = x` before any section. Environment: MUSUBI_STORE_PATH. Flag: --store-path=x. A
 * relative path from the file counts from the file's folder. Must never hold a secret: secrets come
 * from files that keys name.
 *
 * Layer: vault/base. Thread-safe: pure once loaded. */
#ifndef MUSUBI_CONF_H
#define MUSUBI_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "str.h"

typedef enum ConfKind {
    CONF_TEXT,
    CONF_INT,      /* decimal, with sign */
    CONF_BOOL,     /* true, false, yes, no, on, off */
    CONF_DURATION, /* decimal and unit: 250ms, 2s, 10m, 1h, 7d */
    CONF_PATH
} ConfKind;

typedef struct ConfKey {
    const char *name; /* lower-case words joined by _ */
    ConfKind kind;
    const char *default_text; /* must be a good value */
    const char *help;         /* one line for doctor */
    const char *choices;      /* "sqlite|mongodb" for a text, NULL: any */
    int64_t min;              /* of an int; min = max = 0: any */
    int64_t max;
} ConfKey;

typedef enum ConfSource {
    CONF_FROM_DEFAULT,
    CONF_FROM_FILE,
    CONF_FROM_ENVIRONMENT,
    CONF_FROM_FLAG
} ConfSource;

/* Where values may come from; NULL members are left out. All lists are NULL-terminated. */
typedef struct ConfSources {
    const char *file;               /* path of an INI file, which must exist */
    const char *const *environment; /* environ; only names that begin with MUSUBI_ count */
    const char *const *flags;       /* each --key=value, or --key for a true bool */
    const char *const
        *not_settings; /* MUSUBI_* names that mean something else, e.g. "MUSUBI_URL" */
} ConfSources;

typedef struct Conf Conf;

/* What is effective for one key, for doctor. */
typedef struct ConfEntry {
    const ConfKey *key;
    Str value; /* as text */
    ConfSource source;
    Str place; /* "musubi.conf line 3", "MUSUBI_STORE_PATH", "--store-path", "default" */
} ConfEntry;

/* Reads all sources in the order above. keys must outlive the result; it lives in the arena.
 * Errors: CONF_UNKNOWN_KEY, CONF_BAD_VALUE (arguments are whole sentences), FILE_MISSING, FILE_IO,
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error conf_load(Arena *arena, const FilePort *file_port, const ConfKey *keys, size_t count,
                ConfSources sources, const Conf **ret_conf) MUST_USE;

/* Getters: the key must be in the table and of that kind (programmer error otherwise). Texts live
 * in the arena. */
Str conf_text(const Conf *conf, const char *name);
/* The path as NUL-terminated text; "" when empty. */
const char *conf_path(const Conf *conf, const char *name);
/* An int. */
int64_t conf_int(const Conf *conf, const char *name);
/* A bool. */
bool conf_bool(const Conf *conf, const char *name);
/* A duration in microseconds. */
int64_t conf_duration_us(const Conf *conf, const char *name);

/* Number of keys. */
size_t conf_count(const Conf *conf);
/* The i-th key of the table with its value and where that came from. */
ConfEntry conf_describe(const Conf *conf, size_t i);

/* The table's name nearest to an unknown one (edit distance ≤ a third of its length), NULL when
 * none is near. */
const char *conf_nearest(const ConfKey *keys, size_t count, Str name);

#endif
