#include "settings.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "str.h"

static const ConfKey KEYS[] = {
    {.name = "environment",
     .kind = CONF_TEXT,
     .default_text = "development",
     .help = "name of this installation (production, staging, training…); part of every key and "
             "log label"},
    {.name = "node",
     .kind = CONF_TEXT,
     .default_text = "node1",
     .help = "name of this node; each node writes its own log"},
    {.name = "store_kind",
     .kind = CONF_TEXT,
     .default_text = "sqlite",
     .choices = "sqlite|mongodb",
     .help = "where sealed documents live"},
    {.name = "store_path",
     .kind = CONF_PATH,
     .default_text = "musubi.sqlite",
     .help = "SQLite: the database file"},
    {.name = "store_uri",
     .kind = CONF_TEXT,
     .default_text = "mongodb://127.0.0.1:27017/?replicaSet=rs0",
     .help = "MongoDB: connection string"},
    {.name = "store_database",
     .kind = CONF_TEXT,
     .default_text = "musubi",
     .help = "MongoDB: database name"},
    {.name = "key_file",
     .kind = CONF_PATH,
     .default_text = "kek",
     .help = "key-encryption key: 32 bytes, mode 0400, owned by the user the service runs as"},
    {.name = "log_folder",
     .kind = CONF_PATH,
     .default_text = "log",
     .help = "access log: the node's segments are in a folder of its name below"},
    {.name = "schemas_folder",
     .kind = CONF_PATH,
     .default_text = "/usr/share/musubi/schemas",
     .help = "entity types and purposes"},
    {.name = "listen",
     .kind = CONF_TEXT,
     .default_text = "127.0.0.1:8026",
     .help = "address:port, or unix:/path for nginx; port 0 takes a free one"},
    {.name = "trusted_proxies",
     .kind = CONF_TEXT,
     .default_text = "",
     .help = "peers whose X-Forwarded-For counts: unix (nginx on the socket), ranges such as "
             "10.0.0.0/8, with commas between"},
    {.name = "issuer",
     .kind = CONF_TEXT,
     .default_text = "",
     .help = "public base URL, the audience of client assertions; empty: the listening address"},
    {.name = "orion",
     .kind = CONF_TEXT,
     .default_text = "",
     .help = "base URL of the broker that holds the open data (http://host:1026); empty: open data "
             "lives in the own store"},
    {.name = "open",
     .kind = CONF_BOOL,
     .default_text = "false",
     .help = "development, loopback only: open data without a token in any tenant, unlisted types "
             "are public"},
    {.name = "anonymous_read",
     .kind = CONF_BOOL,
     .default_text = "true",
     .help = "open data may be read without a token"},
    {.name = "requests_max",
     .kind = CONF_INT,
     .default_text = "256",
     .min = 1,
     .max = 4096,
     .help = "requests served at once; more get 503 with Retry-After"},
    {.name = "metrics_clients",
     .kind = CONF_TEXT,
     .default_text = "",
     .help = "ids of services whose tokens may read /metrics from another machine, with commas "
             "between"},
    {.name = "nodes",
     .kind = CONF_INT,
     .default_text = "1",
     .min = 1,
     .max = 1000,
     .help = "how many nodes share the limits below: each keeps to its share"},
    {.name = "rate_client",
     .kind = CONF_INT,
     .default_text = "500",
     .min = 0,
     .max = 1000000,
     .help = "requests a second of one service, all nodes together; more get 429; 0: no limit"},
    {.name = "rate_citizen",
     .kind = CONF_INT,
     .default_text = "20",
     .min = 0,
     .max = 1000000,
     .help = "the same for one citizen"},
    {.name = "rate_source",
     .kind = CONF_INT,
     .default_text = "200",
     .min = 0,
     .max = 1000000,
     .help = "the same for one IPv4 address or IPv6 /64, whoever it is; not for this machine"},
    {.name = "budget_hour",
     .kind = CONF_INT,
     .default_text = "20000",
     .min = 0,
     .max = 100000000,
     .help = "of how many different persons a service may be given data within an hour, all nodes "
             "together; more get 403; 0: no limit"},
    {.name = "budget_day",
     .kind = CONF_INT,
     .default_text = "60000",
     .min = 0,
     .max = 100000000,
     .help = "the same within a day"},
    {.name = "deadline",
     .kind = CONF_DURATION,
     .default_text = "2500ms",
     .help = "time within which a request must be answered"},
    {.name = "url_file",
     .kind = CONF_PATH,
     .default_text = "",
     .help = "file that gets the base URL once the server listens"},
    {.name = "log_level",
     .kind = CONF_TEXT,
     .default_text = "info",
     .choices = "debug|info|notice|warning|error",
     .help = "least level of the process log"},
};

/* MUSUBI_* names that the development harness uses for itself. */
static const char *const NOT_SETTINGS[] = {"MUSUBI_ROOT",
                                           "MUSUBI_URL",
                                           "MUSUBI_URLS",
                                           "MUSUBI_RUN",
                                           "MUSUBI_BUILD",
                                           "MUSUBI_CITIZEN_TOKEN",
                                           "MUSUBI_SOURCE",
                                           "MUSUBI_TEST_MONGODB_URI",
                                           "MUSUBI_TEST_MONGODB_CONTROL",
                                           "MUSUBI_TEST_MONGODB_FOLDER",
                                           NULL};

#define FLAGS_MAX 64

Error settings_load(Arena *arena, const char *const *flags, const Conf **ret_conf)
{
    const char *file = NULL;
    const char *kept[FLAGS_MAX + 1] = {0};
    size_t count = 0;
    for (size_t i = 0; flags[i] != NULL; i++) {
        Str flag = str_from(flags[i]);
        if (str_starts_with(flag, STR("--config="))) {
            file = flags[i] + STR("--config=").n;
            continue;
        }
        ENSURE(count < FLAGS_MAX, CONF_BAD_VALUE, "too many flags");
        kept[count++] = flags[i];
    }
    ConfSources sources = {.file = file,
                           .environment = (const char *const *)environ,
                           .flags = kept,
                           .not_settings = NOT_SETTINGS};
    return conf_load(arena, ports_system()->file, KEYS, sizeof KEYS / sizeof KEYS[0], sources,
                     ret_conf);
}

/* A connection string may hold a password: what stands before the host is not for terminals. */
static void print_value(const ConfEntry *entry)
{
    Str value = entry->value;
    size_t at = str_find(value, '@');
    if (str_eq(str_from(entry->key->name), STR("store_uri")) && at < value.n) {
        printf("mongodb://…@");
        value = str_slice(value, at + 1, value.n);
    }
    printf("%.*s", STR_FORMAT(value));
}

void settings_print(const Conf *conf)
{
    for (size_t i = 0; i < conf_count(conf); i++) {
        ConfEntry entry = conf_describe(conf, i);
        printf("%-16s = ", entry.key->name);
        print_value(&entry);
        printf("\n    %s (from %.*s)\n", entry.key->help, STR_FORMAT(entry.place));
    }
}
