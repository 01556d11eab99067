#include "conf.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "conf_value.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define NAME_BYTES_MAX 64

typedef struct Item {
    Str text;
    int64_t number;
    ConfSource source;
    Str place;
} Item;

struct Conf {
    const ConfKey *keys;
    size_t count;
    Item *items; /* one for each key */
};

typedef struct Loader {
    Arena *arena;
    Conf *conf;
    ConfSource source; /* that is being read */
} Loader;

static Error complain(Arena *arena, ErrorReason reason, const Str *parts, size_t count)
{
    Str sentence;
    TRY(str_join_in(arena, parts, count, &sentence));
    return error_make(reason, str_argument(arena, sentence), ERROR_SITE);
}

/* COMPLAIN(arena, REASON, parts…) returns the sentence that the parts make. */
#define COMPLAIN(arena_, reason_, ...)                                                             \
    return complain((arena_), REASON_##reason_, (const Str[]){__VA_ARGS__},                        \
                    sizeof((const Str[]){__VA_ARGS__}) / sizeof(Str))

/* --- names --- */

/* Edit distance (Levenshtein), one row at a time. Both at most NAME_BYTES_MAX long. */
static size_t edit_distance(Str a, Str b)
{
    size_t row[NAME_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replaced = diagonal + (a.p[i - 1] != b.p[j - 1]);
            size_t shifted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shifted ? replaced : shifted;
        }
    }
    return row[b.n];
}

const char *conf_nearest(const ConfKey *keys, size_t count, Str name)
{
    const char *nearest = NULL;
    size_t best = name.n / 3 + 1; /* must be below */
    for (size_t i = 0; i < count && name.n <= NAME_BYTES_MAX; i++) {
        Str known = str_slice(str_from(keys[i].name), 0, NAME_BYTES_MAX);
        size_t distance = edit_distance(name, known);
        if (distance < best) {
            best = distance;
            nearest = keys[i].name;
        }
    }
    return nearest;
}

static bool find_key(const Conf *conf, Str name, size_t *ret_at)
{
    for (size_t i = 0; i < conf->count; i++) {
        if (str_eq(name, str_from(conf->keys[i].name))) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* The table's spelling: "MUSUBI_STORE_PATH" (without its prefix) and "store-path" both mean
 * store_path. */
static Error table_name_in(Arena *arena, Str written, Str *ret_name)
{
    char *name = str_z(arena, written);
    ENSURE_ALLOC(name, arena);
    for (size_t i = 0; i < written.n; i++) {
        if (name[i] == '-') {
            name[i] = '_';
        } else if (name[i] >= 'A' && name[i] <= 'Z') {
            name[i] = (char)(name[i] | 0x20);
        }
    }
    *ret_name = str_bytes(name, written.n);
    return OK;
}

/* --- one setting --- */

static Error refuse_unknown(const Loader *loader, Str place, Str name)
{
    const char *nearest = conf_nearest(loader->conf->keys, loader->conf->count, name);
    if (nearest == NULL) {
        COMPLAIN(loader->arena, CONF_UNKNOWN_KEY, place, STR(": there is no setting \""), name,
                 STR("\"; vaultctl doctor lists all settings"));
    }
    COMPLAIN(loader->arena, CONF_UNKNOWN_KEY, place, STR(": there is no setting \""), name,
             STR("\"; the nearest is \""), str_from(nearest), STR("\""));
}

static Error refuse_value(const Loader *loader, Str place, const ConfKey *key)
{
    Str wanted;
    TRY(conf_value_wanted_in(loader->arena, key, &wanted));
    COMPLAIN(loader->arena, CONF_BAD_VALUE, place, STR(": \""), str_from(key->name),
             STR("\" must be "), wanted);
}

/* A value that counts; name, text and place must live as long as the arena. */
static Error set(Loader *loader, Str place, Str name, Str text)
{
    size_t at = 0;
    if (!find_key(loader->conf, name, &at)) {
        return refuse_unknown(loader, place, name);
    }
    Item *item = &loader->conf->items[at];
    if (item->source == loader->source && loader->source != CONF_FROM_DEFAULT) {
        COMPLAIN(loader->arena, CONF_BAD_VALUE, place, STR(": \""), name,
                 STR("\" was given before, at "), item->place);
    }
    Item fresh = {.text = text, .source = loader->source, .place = place};
    if (!conf_value_parse(&loader->conf->keys[at], text, &fresh.number)) {
        return refuse_value(loader, place, &loader->conf->keys[at]);
    }
    *item = fresh;
    return OK;
}

static Error load_defaults(Loader *loader)
{
    loader->source = CONF_FROM_DEFAULT;
    for (size_t i = 0; i < loader->conf->count; i++) {
        const ConfKey *key = &loader->conf->keys[i];
        TRY(set(loader, STR("default"), str_from(key->name), str_from(key->default_text)));
    }
    return OK;
}

/* --- the file --- */

typedef struct IniText {
    Loader *loader;
    const char *path;
    Str rest;
    int64_t line;
    Error error; /* the first one; libinih can't carry it */
} IniText;

static Error place_in_file(const IniText *ini, Str *ret_place)
{
    Buf buf = buf_in(ini->loader->arena);
    buf_add(&buf, str_from(ini->path));
    buf_add(&buf, STR(" line "));
    buf_add_int(&buf, ini->line);
    return buf_finish(&buf, ret_place);
}

static Error refuse_line(const IniText *ini, Str what)
{
    Str place;
    TRY(place_in_file(ini, &place));
    COMPLAIN(ini->loader->arena, CONF_BAD_VALUE, place, STR(": "), what);
}

/* fgets for libinih, which would take the tail of a line longer than its buffer for a line of its
 * own. */
static char *next_line(char *out, int out_bytes, void *context)
{
    IniText *ini = context;
    Str line;
    if (FAILED(ini->error) || ini->rest.n == 0 || !str_split(&ini->rest, '\n', &line)) {
        return NULL;
    }
    ini->line++;
    if (line.n + 1 >= (size_t)out_bytes || str_find(line, '\0') != line.n) {
        ini->error = refuse_line(ini, STR("the line is too long or holds a NUL"));
        return NULL;
    }
    memcpy(out, line.p, line.n);
    out[line.n] = '\0';
    return out;
}

static Error join_name(Arena *arena, const char *section, const char *name, Str *ret_name)
{
    Str joined;
    const Str parts[] = {str_from(section), STR("_"), str_from(name)};
    size_t skip = *section == '\0' ? 2 : 0;
    TRY(str_join_in(arena, parts + skip, 3 - skip, &joined));
    return table_name_in(arena, joined, ret_name);
}

/* Paths in a file count from the file's folder, so that a run folder can be moved as a whole. */
static Error resolve_path(const IniText *ini, Str *text)
{
    const char *slash = strrchr(ini->path, '/');
    if (text->n == 0 || str_starts_with(*text, STR("/")) || slash == NULL) {
        return OK;
    }
    const Str parts[] = {str_bytes(ini->path, (size_t)(slash + 1 - ini->path)), *text};
    Str joined;
    TRY(str_join_in(ini->loader->arena, parts, 2, &joined));
    return str_copy_in(ini->loader->arena, joined, text); /* conf_path wants its NUL */
}

static Error set_from_file(IniText *ini, const char *section, const char *name, const char *value)
{
    Arena *arena = ini->loader->arena;
    Str place;
    Str key;
    Str text;
    size_t at = 0;
    TRY(place_in_file(ini, &place));
    TRY(join_name(arena, section, name, &key));
    TRY(str_copy_in(arena, str_from(value), &text));
    if (find_key(ini->loader->conf, key, &at) && ini->loader->conf->keys[at].kind == CONF_PATH) {
        TRY(resolve_path(ini, &text));
    }
    return set(ini->loader, place, key, text);
}

static int on_ini_value(void *context, const char *section, const char *name, const char *value)
{
    IniText *ini = context;
    if (!FAILED(ini->error)) {
        ini->error = set_from_file(ini, section, name, value == NULL ? "" : value);
    }
    return !FAILED(ini->error);
}

static Error load_file(Loader *loader, const FilePort *port, const char *path)
{
    if (path == NULL) {
        return OK;
    }
    IniText ini = {.loader = loader, .path = path};
    loader->source = CONF_FROM_FILE;
    TRY(file_read_in(port, loader->arena, path, FILE_BYTES_MAX, &ini.rest));
    int bad_line = ini_parse_stream(next_line, &ini, on_ini_value, &ini);
    TRY(ini.error);
    if (bad_line < 0) {
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    if (bad_line > 0) {
        ini.line = bad_line;
        return refuse_line(&ini, STR("neither [section] nor name = value"));
    }
    return OK;
}

/* --- the environment and the flags --- */

static bool is_listed(const char *const *list, Str name)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (str_eq(name, str_from(list[i]))) {
            return true;
        }
    }
    return false;
}

static Error load_environment(Loader *loader, const char *const *environment,
                              const char *const *not_settings)
{
    loader->source = CONF_FROM_ENVIRONMENT;
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        Str entry = str_from(environment[i]);
        Str variable = str_slice(entry, 0, str_find(entry, '='));
        if (!str_starts_with(variable, STR("MUSUBI_")) || is_listed(not_settings, variable)) {
            continue;
        }
        Str place;
        Str name;
        Str text;
        TRY(str_copy_in(loader->arena, variable, &place));
        TRY(table_name_in(loader->arena, str_slice(variable, STR("MUSUBI_").n, variable.n), &name));
        TRY(str_copy_in(loader->arena, str_slice(entry, variable.n + 1, entry.n), &text));
        TRY(set(loader, place, name, text));
    }
    return OK;
}

static bool is_bool_key(const Conf *conf, Str name)
{
    size_t at = 0;
    return find_key(conf, name, &at) && conf->keys[at].kind == CONF_BOOL;
}

static Error load_flag(Loader *loader, const char *flag)
{
    Str entry;
    Str name;
    TRY(str_copy_in(loader->arena, str_from(flag), &entry));
    if (!str_starts_with(entry, STR("--")) || entry.n == 2) {
        COMPLAIN(loader->arena, CONF_UNKNOWN_KEY, STR("command line: \""), entry,
                 STR("\" is not of the form --setting=value"));
    }
    Str place = str_slice(entry, 0, str_find(entry, '='));
    TRY(table_name_in(loader->arena, str_slice(place, 2, place.n), &name));
    bool is_bare = place.n == entry.n;
    if (is_bare && !is_bool_key(loader->conf, name)) {
        size_t at = 0;
        if (!find_key(loader->conf, name, &at)) {
            return refuse_unknown(loader, place, name);
        }
        COMPLAIN(loader->arena, CONF_BAD_VALUE, place, STR(": a value is missing, write "), place,
                 STR("=value"));
    }
    return set(loader, place, name, is_bare ? STR("true") : str_slice(entry, place.n + 1, entry.n));
}

Error conf_load(Arena *arena, const FilePort *file_port, const ConfKey *keys, size_t count,
                ConfSources sources, const Conf **ret_conf)
{
    Conf *conf = ARENA_ONE(arena, Conf);
    ENSURE_ALLOC(conf, arena);
    *conf = (Conf){.keys = keys, .count = count, .items = ARENA_MANY(arena, Item, count)};
    ENSURE_ALLOC(conf->items, arena);
    Loader loader = {.arena = arena, .conf = conf};
    TRY(load_defaults(&loader));
    TRY(load_file(&loader, file_port, sources.file));
    TRY(load_environment(&loader, sources.environment, sources.not_settings));
    loader.source = CONF_FROM_FLAG;
    for (size_t i = 0; sources.flags != NULL && sources.flags[i] != NULL; i++) {
        TRY(load_flag(&loader, sources.flags[i]));
    }
    *ret_conf = conf;
    return OK;
}

/* --- reading --- */

static const Item *item_of(const Conf *conf, const char *name, ConfKind kind)
{
    size_t at = 0;
    if (!find_key(conf, str_from(name), &at) || conf->keys[at].kind != kind) {
        abort(); /* a name that the program's own table does not hold */
    }
    return &conf->items[at];
}

Str conf_text(const Conf *conf, const char *name)
{
    return item_of(conf, name, CONF_TEXT)->text;
}

const char *conf_path(const Conf *conf, const char *name)
{
    return item_of(conf, name, CONF_PATH)->text.p;
}

int64_t conf_int(const Conf *conf, const char *name)
{
    return item_of(conf, name, CONF_INT)->number;
}

bool conf_bool(const Conf *conf, const char *name)
{
    return item_of(conf, name, CONF_BOOL)->number != 0;
}

int64_t conf_duration_us(const Conf *conf, const char *name)
{
    return item_of(conf, name, CONF_DURATION)->number;
}

size_t conf_count(const Conf *conf)
{
    return conf->count;
}

ConfEntry conf_describe(const Conf *conf, size_t i)
{
    const Item *item = &conf->items[i];
    return (ConfEntry){
        .key = &conf->keys[i], .value = item->text, .source = item->source, .place = item->place};
}
