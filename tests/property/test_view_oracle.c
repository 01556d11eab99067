/* The promise that answers depend on the view alone, as a property.
 *
 * (a) For random cities, grants and requests, Musubi answers kenko as the plain broker answers that
 * holds nothing but kenko's view: status, headers, body; after writes, the next reads too.
 * (b) Hidden values changed, hidden citizens added: the same requests get the same bytes.
 *
 *     test_view_oracle [--requests N] [--seed S] [--leak]
 *
 * --leak is for builds with a planted leak: a difference must be found, or the test fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract_store.h"
#include "view_asks.h"

#define REQUESTS_DEFAULT 2000
#define READS 10
#define WRITES 5
#define READS_AFTER_WRITE 1
#define SHOWN_MAX 5

typedef struct Run {
    ViewCity *city;
    uint64_t seed;
    size_t requests;
    size_t differences;
    size_t refused;
    size_t succeeded;
    Str last_write; /* "" before the first of a city */
} Run;

static void show(Run *run, const char *what, const ViewAsk *ask, const ViewAnswer *got,
                 const ViewAnswer *wanted)
{
    run->differences++;
    if (run->differences > SHOWN_MAX) {
        return;
    }
    (void)printf("--- %s (seed %llu, request %zu)\n%.*s\ngot    %.*s\nwanted %.*s\n", what,
                 (unsigned long long)run->seed, run->requests,
                 STR_FORMAT(view_ask_text(run->city, ask)), STR_FORMAT(got->text),
                 STR_FORMAT(wanted->text));
    (void)printf("last write: %.*s\n", STR_FORMAT(run->last_write));
}

static void note(Run *run, int status)
{
    run->requests++;
    run->succeeded += status < 300 ? 1 : 0;
}

static void compare(Run *run, const char *what, const ViewAsk *ask)
{
    ViewAnswer got = view_send_musubi(run->city, ask);
    ViewAnswer wanted = view_send_plain(run->city, ask);
    note(run, got.status);
    if (!str_eq(got.text, wanted.text)) {
        show(run, what, ask, &got, &wanted);
    }
}

/* --- writes -------------------------------------------------------------------------------------
 */

static void expect_status(Run *run, const ViewWrite *write, const ViewAnswer *got, int from, int to)
{
    if (got->status < from || got->status > to) {
        char text[64];
        (void)snprintf(text, sizeof text, "%d to %d", from, to);
        ViewAnswer wanted = {.text = str_from(text)};
        show(run, "write", &write->ask, got, &wanted);
    }
}

/* What is partly hidden may still fail for what is seen of it: then it does so in both worlds. */
static void echo(Run *run, const ViewWrite *write, const ViewAnswer *got)
{
    int status = 204;
    for (size_t i = 0; i < write->echo_count; i++) {
        status = view_send_plain(run->city, &write->echoes[i]).status;
    }
    bool is_mirrored = write->is_mirrored && write->echo_count == 1;
    expect_status(run, write, got, is_mirrored ? status : 200, is_mirrored ? status : 299);
}

static void write_one(Run *run)
{
    ViewWrite write = view_ask_write(run->city);
    ViewAnswer got = view_send_musubi(run->city, &write.ask);
    note(run, got.status);
    run->refused += got.status == 403 ? 1 : 0;
    run->last_write = view_ask_text(run->city, &write.ask);
    if (write.created_for < VIEW_CITIZENS_MAX && got.status < 300) {
        size_t type = str_starts_with(write.created_id, STR("urn:ngsi-ld:Person:")) ? 1 : 0;
        view_city_remember(run->city, write.created_for, type, write.created_id);
    }
    switch (write.expect) {
    case VIEW_SAME: {
        ViewAnswer wanted = view_send_plain(run->city, &write.ask);
        if (!str_eq(got.text, wanted.text)) {
            show(run, "write", &write.ask, &got, &wanted);
        }
        break;
    }
    case VIEW_REFUSED:
        expect_status(run, &write, &got, 403, 403);
        break;
    case VIEW_UNKNOWN:
        expect_status(run, &write, &got, 404, 404);
        break;
    case VIEW_ECHO:
        echo(run, &write, &got);
        break;
    }
    view_plain_settle(run->city);
}

static void write_and_read(Run *run)
{
    static const ViewAsk everything = {.method = HTTP_GET,
                                       .target = STR_INIT("/v2/entities?options=count&limit=100")};
    for (size_t i = 0; i < WRITES && run->differences == 0; i++) {
        write_one(run);
        compare(run, "read after write", &everything);
        for (size_t r = 0; r < READS_AFTER_WRITE; r++) {
            ViewAsk ask = view_ask_read(run->city, false);
            compare(run, "read after write", &ask);
        }
    }
}

/* --- hidden changes
 * ------------------------------------------------------------------------------- */

static void change_and_read_again(Run *run, const ViewAsk *asks, const ViewAnswer *answers,
                                  size_t count)
{
    view_city_change_hidden(run->city);
    for (size_t i = 0; i < count; i++) {
        ViewAnswer again = view_send_musubi(run->city, &asks[i]);
        note(run, again.status);
        if (!str_eq(again.text, answers[i].text)) {
            show(run, "hidden data changed", &asks[i], &again, &answers[i]);
        }
    }
}

static void one_city(Run *run)
{
    ViewAsk asks[READS];
    ViewAnswer answers[READS];
    view_city_open(run->city, run->seed);
    run->last_write = STR_EMPTY;
    for (size_t i = 0; i < READS; i++) {
        asks[i] = view_ask_read(run->city, true);
        compare(run, "read", &asks[i]);
        answers[i] = view_send_musubi(run->city, &asks[i]);
    }
    if (run->differences == 0) {
        change_and_read_again(run, asks, answers, READS);
    }
    if (run->differences == 0) {
        write_and_read(run);
    }
    view_city_close(run->city);
}

/* --- the whole
 * -------------------------------------------------------------------------------------- */

typedef struct Options {
    size_t requests;
    uint64_t seed;
    bool is_leak;
} Options;

static Options options_read(int argc, char **argv)
{
    Options options = {.requests = REQUESTS_DEFAULT, .seed = fake_seed("test_view_oracle")};
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--leak") == 0) {
            options.is_leak = true;
        } else if (strcmp(argv[i], "--requests") == 0 && has_value) {
            options.requests = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0 && has_value) {
            options.seed = strtoull(argv[++i], NULL, 10);
        } else {
            (void)fprintf(stderr, "test_view_oracle [--requests N] [--seed S] [--leak]\n");
            exit(2);
        }
    }
    return options;
}

static Options options;

static void answers_depend_on_the_view_alone(void **state)
{
    (void)state;
    static ViewCity city;
    Run run = {.city = &city, .seed = options.seed};
    size_t cities = 0;
    while (run.requests < options.requests && run.differences == 0) {
        one_city(&run);
        run.seed++;
        cities++;
    }
    (void)printf("%zu requests in %zu cities, %zu succeeded, %zu refused, %zu differences\n",
                 run.requests, cities, run.succeeded, run.refused, run.differences);
    assert_true(options.is_leak ? run.differences > 0 : run.differences == 0);
    assert_true(options.is_leak || run.succeeded * 3 > run.requests);
}

int main(int argc, char **argv)
{
    options = options_read(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_depend_on_the_view_alone)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
