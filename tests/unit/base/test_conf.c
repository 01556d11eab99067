/* Configuration: precedence, kinds, and sentences that name the place and the nearest known key. */
#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static const ConfKey KEYS[] = {
    {.name = "listen", .kind = CONF_TEXT, .default_text = "127.0.0.1:8026"},
    {.name = "store", .kind = CONF_TEXT, .default_text = "sqlite", .choices = "sqlite|mongodb"},
    {.name = "store_path", .kind = CONF_PATH, .default_text = "store.db"},
    {.name = "workers", .kind = CONF_INT, .default_text = "8", .min = 1, .max = 64},
    {.name = "offset", .kind = CONF_INT, .default_text = "-3"},
    {.name = "open", .kind = CONF_BOOL, .default_text = "no"},
    {.name = "deadline", .kind = CONF_DURATION, .default_text = "2500ms"},
};
#define KEY_COUNT (sizeof KEYS / sizeof KEYS[0])

typedef struct Fixture {
    Arena *arena;
    char folder[64];
    char path[80];
} Fixture;

static int setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new(ARENA_REQUEST_BYTES);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/musubi-conf-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL) {
        return 1;
    }
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/musubi.conf", fixture->folder);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    (void)unlink(fixture->path);
    (void)rmdir(fixture->folder);
    (void)arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static Error load(Fixture *fixture, ConfSources sources, const Conf **ret_conf)
{
    return conf_load(fixture->arena, ports_system()->file, KEYS, KEY_COUNT, sources, ret_conf);
}

static Error load_file(Fixture *fixture, Str text, const Conf **ret_conf)
{
    assert_ok(file_write_durable(ports_system()->file, fixture->path, 0600, text));
    return load(fixture, (ConfSources){.file = fixture->path}, ret_conf);
}

static Error load_flag(Fixture *fixture, const char *flag, const Conf **ret_conf)
{
    const char *const flags[] = {flag, NULL};
    return load(fixture, (ConfSources){.flags = flags}, ret_conf);
}

/* --- what is read --- */

static void test_defaults(void **state)
{
    const Conf *conf = NULL;
    assert_ok(load(*state, (ConfSources){0}, &conf));
    assert_str(conf_text(conf, "listen"), "127.0.0.1:8026");
    assert_string_equal(conf_path(conf, "store_path"), "store.db");
    assert_int_equal(conf_int(conf, "workers"), 8);
    assert_int_equal(conf_int(conf, "offset"), -3);
    assert_false(conf_bool(conf, "open"));
    assert_int_equal(conf_duration_us(conf, "deadline"), 2500000);
}

static void test_file_with_sections_comments_and_blanks(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    assert_ok(load_file(fixture,
                        STR("# comment\n"
                            "; comment\n"
                            "\n"
                            "listen = [::1]:80 ; why\r\n"
                            "workers=12\n"
                            "[store]\n"
                            "path = \"a b\"/x\n"
                            "[]\n"
                            "open = yes"),
                        &conf));
    assert_str(conf_text(conf, "listen"), "[::1]:80");
    assert_int_equal(conf_int(conf, "workers"), 12);
    assert_true(conf_bool(conf, "open"));
    assert_true(str_ends_with(str_from(conf_path(conf, "store_path")), STR("/\"a b\"/x")));
}

static void test_paths_in_a_file_count_from_its_folder(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    char wanted[100];
    (void)snprintf(wanted, sizeof wanted, "%s/db/vault.db", fixture->folder);
    assert_ok(load_file(fixture, STR("store_path = db/vault.db\n"), &conf));
    assert_string_equal(conf_path(conf, "store_path"), wanted);
    assert_ok(load_file(fixture, STR("store_path = /var/lib/vault.db\n"), &conf));
    assert_string_equal(conf_path(conf, "store_path"), "/var/lib/vault.db");
    assert_ok(load_flag(fixture, "--store-path=db/vault.db", &conf));
    assert_string_equal(conf_path(conf, "store_path"), "db/vault.db");
}

static void test_later_sources_win(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    const char *const environment[] = {"HOME=/x", "MUSUBI_WORKERS=20", "MUSUBI_DEADLINE=1s", NULL};
    const char *const flags[] = {"--deadline=3s", NULL};
    assert_ok(file_write_durable(ports_system()->file, fixture->path, 0600,
                                 STR("listen=x\nworkers=10\ndeadline=4s\n")));
    assert_ok(load(fixture,
                   (ConfSources){.file = fixture->path, .environment = environment, .flags = flags},
                   &conf));
    assert_str(conf_text(conf, "listen"), "x");
    assert_int_equal(conf_int(conf, "workers"), 20);
    assert_int_equal(conf_duration_us(conf, "deadline"), 3000000);
}

static void test_doctor_sees_where_values_come_from(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    const char *const environment[] = {"MUSUBI_STORE=mongodb", NULL};
    const char *const flags[] = {"--open", NULL};
    assert_ok(file_write_durable(ports_system()->file, fixture->path, 0600, STR("\nlisten=x\n")));
    assert_ok(load(fixture,
                   (ConfSources){.file = fixture->path, .environment = environment, .flags = flags},
                   &conf));
    static const struct {
        size_t at;
        ConfSource source;
        const char *value;
        const char *place;
    } CASES[] = {{0, CONF_FROM_FILE, "x", "/musubi.conf line 2"},
                 {1, CONF_FROM_ENVIRONMENT, "mongodb", "MUSUBI_STORE"},
                 {3, CONF_FROM_DEFAULT, "8", "default"},
                 {5, CONF_FROM_FLAG, "true", "--open"}};
    assert_int_equal(conf_count(conf), KEY_COUNT);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        ConfEntry entry = conf_describe(conf, CASES[i].at);
        assert_ptr_equal(entry.key, &KEYS[CASES[i].at]);
        assert_int_equal(entry.source, CASES[i].source);
        assert_str(entry.value, CASES[i].value);
        assert_true(str_ends_with(entry.place, str_from(CASES[i].place)));
    }
}

static void test_variables_that_are_no_settings_can_be_named(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    const char *const environment[] = {"MUSUBI_URL=http://x", NULL};
    const char *const not_settings[] = {"MUSUBI_RUN", "MUSUBI_URL", NULL};
    assert_fails(load(fixture, (ConfSources){.environment = environment}, &conf), CONF_UNKNOWN_KEY);
    assert_ok(load(fixture, (ConfSources){.environment = environment, .not_settings = not_settings},
                   &conf));
}

/* --- what is refused, and how it is said --- */

static void assert_says(Error error, ErrorReason reason, const char *sentence_end)
{
    if (error.reason != reason ||
        !str_ends_with(str_from(error.argument), str_from(sentence_end))) {
        fail_msg("got %s: %s", error_words(error.reason)->name,
                 error.argument == NULL ? "" : error.argument);
    }
}

static void test_unknown_keys_name_the_nearest(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    assert_says(load_file(fixture, STR("listen = x\nworker = 3\n"), &conf), REASON_CONF_UNKNOWN_KEY,
                "/musubi.conf line 2: there is no setting \"worker\"; the nearest is \"workers\"");
    assert_says(load_file(fixture, STR("[store]\npaht = x\n"), &conf), REASON_CONF_UNKNOWN_KEY,
                "line 2: there is no setting \"store_paht\"; the nearest is \"store_path\"");
    assert_says(load_flag(fixture, "--lisen=x", &conf), REASON_CONF_UNKNOWN_KEY,
                "--lisen: there is no setting \"lisen\"; the nearest is \"listen\"");
    assert_says(load_flag(fixture, "--something-else=x", &conf), REASON_CONF_UNKNOWN_KEY,
                "there is no setting \"something_else\"; vaultctl doctor lists all settings");
    const char *const environment[] = {"MUSUBI_DEADLIN=1s", NULL};
    assert_says(load(fixture, (ConfSources){.environment = environment}, &conf),
                REASON_CONF_UNKNOWN_KEY,
                "MUSUBI_DEADLIN: there is no setting \"deadlin\"; the nearest is \"deadline\"");
    assert_null(conf);
}

static void test_nearest_key(void **state)
{
    (void)state;
    assert_string_equal(conf_nearest(KEYS, KEY_COUNT, STR("listen")), "listen");
    assert_string_equal(conf_nearest(KEYS, KEY_COUNT, STR("listne")), "listen");
    assert_string_equal(conf_nearest(KEYS, KEY_COUNT, STR("stor")), "store");
    assert_string_equal(conf_nearest(KEYS, KEY_COUNT, STR("storepath")), "store_path");
    assert_null(conf_nearest(KEYS, KEY_COUNT, STR("")));
    assert_null(conf_nearest(KEYS, KEY_COUNT, STR("xy")));
    assert_null(conf_nearest(KEYS, KEY_COUNT, STR("completely_different")));
    char long_name[300];
    memset(long_name, 'a', sizeof long_name);
    assert_null(conf_nearest(KEYS, KEY_COUNT, str_bytes(long_name, sizeof long_name)));
}

static void test_bad_values_say_what_is_wanted(void **state)
{
    static const char *const CASES[][2] = {
        {"--workers=0", "--workers: \"workers\" must be a whole number from 1 to 64"},
        {"--workers=65", "must be a whole number from 1 to 64"},
        {"--workers=", "must be a whole number from 1 to 64"},
        {"--workers=8x", "must be a whole number from 1 to 64"},
        {"--workers=99999999999999999999", "must be a whole number from 1 to 64"},
        {"--offset=--3", "\"offset\" must be a whole number"},
        {"--offset=-", "\"offset\" must be a whole number"},
        {"--open=maybe", "\"open\" must be true or false"},
        {"--deadline=5", "must be a number with ms, s, m, h or d, such as 250ms"},
        {"--deadline=s", "must be a number with ms, s, m, h or d, such as 250ms"},
        {"--deadline=1.5s", "must be a number with ms, s, m, h or d, such as 250ms"},
        {"--deadline=999999999999999d", "must be a number with ms, s, m, h or d, such as 250ms"},
        {"--store=oracle", "\"store\" must be one of sqlite, mongodb"},
        {"--store=", "\"store\" must be one of sqlite, mongodb"},
        {"--listen", "--listen: a value is missing, write --listen=value"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const Conf *conf = NULL;
        assert_says(load_flag(*state, CASES[i][0], &conf), REASON_CONF_BAD_VALUE, CASES[i][1]);
        assert_null(conf);
    }
}

static void test_durations(void **state)
{
    static const struct {
        const char *flag;
        int64_t us;
    } CASES[] = {{"--deadline=0s", 0},          {"--deadline=250ms", 250000},
                 {"--deadline=2s", 2000000},    {"--deadline=10m", 600000000},
                 {"--deadline=1h", 3600000000}, {"--deadline=7d", 604800000000}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const Conf *conf = NULL;
        assert_ok(load_flag(*state, CASES[i].flag, &conf));
        assert_int_equal(conf_duration_us(conf, "deadline"), CASES[i].us);
    }
}

static void test_values_are_not_repeated_in_sentences(void **state)
{
    const Conf *conf = NULL;
    Error error = load_flag(*state, "--workers=hunter2", &conf);
    assert_null(strstr(error.argument, "hunter2"));
}

static void test_arguments_that_are_no_flags(void **state)
{
    static const char *const CASES[] = {"listen=x", "-l", "--", "", "run"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const Conf *conf = NULL;
        assert_says(load_flag(*state, CASES[i], &conf), REASON_CONF_UNKNOWN_KEY,
                    "is not of the form --setting=value");
    }
}

static void test_one_source_gives_a_value_once(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    Error error = load_file(fixture, STR("workers=1\n[store]\npath=a\n[]\nworkers=2\n"), &conf);
    assert_says(error, REASON_CONF_BAD_VALUE, "/musubi.conf line 1");
    assert_non_null(strstr(error.argument, "line 5: \"workers\" was given before, at "));
    assert_fails(load_file(fixture, STR("listen = a\n  b\n"), &conf), CONF_BAD_VALUE);
}

static void test_lines_that_are_no_settings(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    assert_says(load_file(fixture, STR("listen = x\nnonsense\nworkers = 3\n"), &conf),
                REASON_CONF_BAD_VALUE, "line 2: neither [section] nor name = value");
    assert_says(load_file(fixture, STR("[store\n"), &conf), REASON_CONF_BAD_VALUE,
                "line 1: neither [section] nor name = value");
    assert_says(load_file(fixture, STR("listen = a\0b\n"), &conf), REASON_CONF_BAD_VALUE,
                "line 1: the line is too long or holds a NUL");
}

/* libinih would read the tail of an overlong line as a line of its own. */
static void test_overlong_line_is_refused_not_split(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    for (size_t n = 150; n < 260; n++) {
        Buf buf = buf_in(fixture->arena);
        Str text;
        buf_add(&buf, STR("listen = "));
        memset(buf_extend(&buf, n), 'x', n);
        buf_add(&buf, STR("\nworkers = 3\n"));
        assert_ok(buf_finish(&buf, &text));
        Error error = load_file(fixture, text, &conf);
        if (FAILED(error)) {
            assert_says(error, REASON_CONF_BAD_VALUE,
                        "line 1: the line is too long or holds a NUL");
        } else {
            assert_int_equal(conf_text(conf, "listen").n, n);
            assert_int_equal(conf_int(conf, "workers"), 3);
        }
        assert_int_equal(FAILED(error), n > 189);
    }
}

static void test_missing_file(void **state)
{
    Fixture *fixture = *state;
    const Conf *conf = NULL;
    assert_fails(load(fixture, (ConfSources){.file = fixture->path}, &conf), FILE_MISSING);
}

static void test_short_memory_is_told(void **state)
{
    Fixture *fixture = *state;
    const char *const flags[] = {"--worker=3", "--listen=x", NULL};
    assert_ok(file_write_durable(ports_system()->file, fixture->path, 0600, STR("store_path=x\n")));
    ConfSources sources = {.file = fixture->path, .flags = flags};
    ErrorReason reason = REASON_NONE;
    size_t refused = 0;
    for (size_t budget = 0; reason != REASON_CONF_UNKNOWN_KEY; budget += 16) {
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        const Conf *conf = NULL;
        reason = conf_load(arena, ports_system()->file, KEYS, KEY_COUNT, sources, &conf).reason;
        assert_true(reason == REASON_BUDGET_EXCEEDED || reason == REASON_CONF_UNKNOWN_KEY);
        refused += reason == REASON_BUDGET_EXCEEDED;
    }
    assert_true(refused > 5);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_file_with_sections_comments_and_blanks),
        TEST(test_paths_in_a_file_count_from_its_folder),
        TEST(test_later_sources_win),
        TEST(test_doctor_sees_where_values_come_from),
        TEST(test_variables_that_are_no_settings_can_be_named),
        TEST(test_unknown_keys_name_the_nearest),
        TEST(test_nearest_key),
        TEST(test_bad_values_say_what_is_wanted),
        TEST(test_durations),
        TEST(test_values_are_not_repeated_in_sentences),
        TEST(test_arguments_that_are_no_flags),
        TEST(test_one_source_gives_a_value_once),
        TEST(test_lines_that_are_no_settings),
        TEST(test_overlong_line_is_refused_not_split),
        TEST(test_missing_file),
        TEST(test_short_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
