/* Log lines: JSON whatever the values hold, one write each, never an unsafe argument. */
#include "log_line.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "fake_ports.h"
#include "json.h"

static FakePorts fake;
static int pipe_ends[2];

static int setup(void **state)
{
    (void)state;
    fake_ports_init(&fake, 1);
    if (pipe2(pipe_ends, O_NONBLOCK) != 0) {
        return 1;
    }
    log_set_fd(pipe_ends[1]);
    log_set_clock(&fake.clock);
    log_set_level(LOG_INFO);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_set_fd(STDERR_FILENO);
    log_set_clock(NULL);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
    fake_ports_done(&fake);
    return 0;
}

/* What was logged since the last call; "" when nothing was. */
static Str logged(void)
{
    static char text[65536];
    ssize_t n = read(pipe_ends[0], text, sizeof text);
    return str_bytes(text, n < 0 ? 0 : (size_t)n);
}

static JsonValue logged_json(Arena *arena)
{
    Str line = logged();
    JsonValue root;
    assert_true(line.n > 0 && line.n <= LOG_LINE_BYTES);
    assert_int_equal(str_find(line, '\n'), line.n - 1);
    assert_ok(json_parse(arena, line, JSON_LIMITS_API, &root));
    return root;
}

static void test_a_line(void **state)
{
    (void)state;
    LOG_EVENT(LOG_WARNING, "store.slow", log_str("collection", STR("grants")), log_int("ms", -12),
              log_z("node", NULL));
    assert_str(logged(),
               "{\"time\":\"2026-04-01T00:00:00.000Z\",\"level\":\"warning\","
               "\"event\":\"store.slow\",\"collection\":\"grants\",\"ms\":-12,\"node\":\"\"}\n");
    LOG_PLAIN(LOG_ERROR, "stopped");
    assert_str(logged(), "{\"time\":\"2026-04-01T00:00:00.000Z\",\"level\":\"error\","
                         "\"event\":\"stopped\"}\n");
}

static void test_values_can_not_forge_a_line(void **state)
{
    (void)state;
    LOG_EVENT(LOG_INFO, "e",
              log_str("k", STR("\",\"x\":\"\n\r\t\0\x1b[2J\\\x7f\xc2\x9b"
                               "31m\xff\xe7\xb5\x90")));
    Str line = logged();
    assert_true(
        str_ends_with(line, STR("\"k\":\"\\\",\\\"x\\\":"
                                "\\\"\\u000a\\u000d\\u0009\xef\xbf\xbd\\u001b[2J\\\\\\u007f\\u009b"
                                "31m\xef\xbf\xbd\xe7\xb5\x90\"}\n")));
}

static void test_any_bytes_make_valid_json(void **state)
{
    (void)state;
    uint64_t random = fake_seed("test_log_line");
    for (int i = 0; i < 3000; i++) {
        CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
        char bytes[2000];
        size_t n = fake_random_below(&random, sizeof bytes);
        for (size_t j = 0; j < n; j++) {
            bytes[j] = (char)fake_random(&random);
        }
        LOG_EVENT(LOG_INFO, "e", log_str("a", str_bytes(bytes, n)),
                  log_str("b", str_bytes(bytes, n / 2)), log_int("c", (int64_t)n));
        (void)logged_json(arena);
    }
}

static void test_long_values_are_cut_and_say_so(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    char bytes[5000];
    memset(bytes, 'v', sizeof bytes);
    LOG_EVENT(LOG_INFO, "e", log_str("k", str_bytes(bytes, sizeof bytes)), log_int("n", 1));
    JsonValue root = logged_json(arena);
    JsonValue value;
    assert_true(json_member(root, STR("k"), &value));
    assert_true(str_ends_with(json_text(value), STR("v…\"")));
    assert_int_equal(json_text(value).n, LOG_VALUE_BYTES + 2 + STR("…").n);
    assert_true(json_member(root, STR("n"), &value));
    assert_false(json_member(root, STR("cut"), &value));
}

static void test_fields_that_do_not_fit_go_whole(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    char bytes[1000];
    memset(bytes, 'v', sizeof bytes);
    LogField fields[8];
    for (size_t i = 0; i < 8; i++) {
        static const char *const KEYS[8] = {"f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"};
        fields[i] = log_str(KEYS[i], str_bytes(bytes, sizeof bytes));
    }
    log_write(LOG_INFO, "e", fields, 8);
    JsonValue root = logged_json(arena);
    JsonValue value;
    assert_int_equal(json_count(root), 3 + 3 + 1);
    assert_true(json_member(root, STR("f2"), &value));
    assert_int_equal(json_text(value).n, 1002);
    assert_true(json_member(root, STR("cut"), &value));
}

static void test_error_shows_its_argument_only_when_it_may(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    JsonValue value;
    LOG_EVENT(LOG_ERROR, "e", log_error(FAIL(CONF_UNKNOWN_KEY, "there is no such setting")));
    JsonValue root = logged_json(arena);
    assert_true(json_member(root, STR("reason"), &value));
    assert_str(json_text(value), "\"CONF_UNKNOWN_KEY\"");
    assert_true(json_member(root, STR("argument"), &value));
    assert_true(json_member(root, STR("site"), &value));
    LOG_EVENT(LOG_ERROR, "e", log_error(FAIL(CRYPTO_OPEN, "a stored value")));
    root = logged_json(arena);
    assert_false(json_member(root, STR("argument"), &value));
    LOG_EVENT(LOG_ERROR, "e", log_error(FAIL(BAD_ENCODING, "an id that a caller sent")));
    root = logged_json(arena);
    assert_false(json_member(root, STR("argument"), &value));
}

static void test_levels_below_the_threshold_are_dropped(void **state)
{
    (void)state;
    LOG_PLAIN(LOG_DEBUG, "e");
    assert_int_equal(logged().n, 0);
    log_set_level(LOG_ERROR);
    LOG_PLAIN(LOG_WARNING, "e");
    assert_int_equal(logged().n, 0);
    LOG_PLAIN(LOG_ERROR, "e");
    assert_true(logged().n > 0);
    log_set_level(LOG_DEBUG);
    LOG_PLAIN(LOG_DEBUG, "e");
    assert_true(logged().n > 0);
}

static void test_level_names(void **state)
{
    (void)state;
    LogLevel level = LOG_ERROR;
    assert_true(log_level_from(STR("notice"), &level));
    assert_int_equal(level, LOG_NOTICE);
    assert_false(log_level_from(STR("Notice"), &level));
    assert_false(log_level_from(STR(""), &level));
    assert_int_equal(level, LOG_NOTICE);
}

static void *log_many(void *mark)
{
    char text[200];
    memset(text, *(const char *)mark, sizeof text);
    for (int i = 0; i < 50; i++) {
        LOG_EVENT(LOG_INFO, "e", log_str("k", str_bytes(text, sizeof text)));
    }
    return NULL;
}

/* Lines of several threads follow each other whole. */
static void test_threads_do_not_mix_lines(void **state)
{
    (void)state;
    static const char MARKS[4] = "abcd";
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        char *mark = (char *)(uintptr_t)&MARKS[i];
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, mark), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    Str rest = logged();
    Str line;
    int lines = 0;
    for (; str_split(&rest, '\n', &line) && line.n > 0; lines++) {
        CLEANUP(arena_free) Arena *arena = arena_new(1 << 16);
        JsonValue root;
        JsonValue value;
        assert_ok(json_parse(arena, line, JSON_LIMITS_API, &root));
        assert_true(json_member(root, STR("k"), &value));
        assert_int_equal(json_text(value).p[1], json_text(value).p[200]);
    }
    assert_int_equal(lines, 200);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_line),
        TEST(test_values_can_not_forge_a_line),
        TEST(test_any_bytes_make_valid_json),
        TEST(test_long_values_are_cut_and_say_so),
        TEST(test_fields_that_do_not_fit_go_whole),
        TEST(test_error_shows_its_argument_only_when_it_may),
        TEST(test_levels_below_the_threshold_are_dropped),
        TEST(test_level_names),
        TEST(test_threads_do_not_mix_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
