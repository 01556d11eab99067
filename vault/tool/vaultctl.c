/* vaultctl — keys, store, services, log verification and the demo city, from the command line. */
#include <stdio.h>
#include <string.h>

#include "crypto_init.h"
#include "log_line.h"
#include "settings.h"
#include "vaultctl_commands.h"

#define ARENA_BYTES ((size_t)64 << 20)

typedef struct Command {
    const char *words; /* one or two */
    Error (*run)(CommandLine *line);
    const char *usage;
    const char *help;
} Command;

static const Command COMMANDS[] = {
    {"init", command_init, "",
     "make the key file (if missing), the SQLite store and the platform keys"},
    {"doctor", command_doctor, "", "print what is configured, from where, and what is missing"},
    {"service add", command_service_add,
     "--id=ID --name=NAME --jwks=FILE --purposes=A,B [--allow-from=CIDR,…]",
     "register a service: an OAuth client with its public keys, and the addresses from where it "
     "may "
     "ask for personal data (nowhere, if none is given)"},
    {"service add-open", command_service_add_open, "--id=ID --name=NAME",
     "register a client for open data alone and print its secret, this once"},
    {"service allow", command_service_allow, "--id=ID --allow-from=CIDR,…",
     "replace the addresses from where a service may ask for personal data: 192.0.2.0/24, "
     "2001:db8::/32, unix; empty: nowhere"},
    {"service list", command_service_list, "", "print the registered services"},
    {"service suspend", command_service_suspend, "--id=ID",
     "refuse a service from now on and revoke its tokens"},
    {"service revive", command_service_revive, "--id=ID", "let a suspended service in again"},
    {"audit key", command_audit_key, "",
     "print the log's verifier key, for whoever verifies elsewhere"},
    {"audit verify", command_audit_verify,
     "[--folder=DIR] [--key=VERIFIER-KEY] [--checkpoint=FILE]",
     "replay this node's log offline and name the first bad place; an older checkpoint, kept "
     "elsewhere, shows a log that was cut short"},
    {"audit rebuild", command_audit_rebuild, "",
     "stop all nodes first: wipe the histories of accesses and build this node's part from its "
     "segments alone; the other nodes add theirs when they start"},
    {"demo", command_demo,
     "--service-keys=DIR [--citizens=N] [--seed=N] [--consenting=N] [--truth-file=FILE]",
     "load the demo city of invented citizens into an empty store"},
    {"citizen-token", command_citizen_token, "--service=ID --user=USER",
     "demo environment only: print an access token of the citizen behind a service's user id"},
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static void print_help(FILE *out)
{
    fprintf(out, "usage: vaultctl COMMAND [--config=FILE] [--SETTING=VALUE…] [options]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %s %s\n      %s\n", COMMANDS[i].words, COMMANDS[i].usage, COMMANDS[i].help);
    }
    fprintf(out, "\nSettings and where they come from: vaultctl doctor.\n");
}

/* How many of the arguments the command's words take; 0 when it is another command. */
static int words_matched(const char *words, int argc, char **argv)
{
    Str rest = str_from(words);
    Str word = STR_EMPTY;
    int matched = 0;
    while (str_split(&rest, ' ', &word)) {
        if (1 + matched >= argc || !str_eq(word, str_from(argv[1 + matched]))) {
            return 0;
        }
        matched++;
    }
    return matched;
}

static int fail(Error error)
{
    char text[512];
    (void)error_text(error, text, sizeof text);
    fprintf(stderr, "vaultctl: %s", text);
    if (error.argument != NULL && strstr(text, error.argument) == NULL) {
        fprintf(stderr, ": %s", error.argument);
    }
    fprintf(stderr, " [%s, %s]\n", error_words(error.reason)->name,
            error.site == NULL ? "?" : error.site);
    return 1;
}

static int run(const Command *command, int argc, char **argv, int first)
{
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(ARENA_BYTES);
    if (arena == NULL) {
        return fail(FAIL(OUT_OF_MEMORY, NULL));
    }
    CommandLine line = {.arena = arena, .usage = command->usage};
    Error outcome = command_line_split(&line, argc - first, argv + first);
    if (!FAILED(outcome)) {
        outcome = command->run(&line);
    }
    return FAILED(outcome) ? fail(outcome) : line.exit_status;
}

int main(int argc, char **argv)
{
    bool asks_help =
        argc > 1 && (strcmp(argv[1], "help") == 0 || strcmp(argv[argc - 1], "--help") == 0);
    if (argc < 2 || asks_help) {
        print_help(asks_help ? stdout : stderr);
        return asks_help ? 0 : 2;
    }
    Error ready = crypto_init();
    if (FAILED(ready)) {
        return fail(ready);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        int matched = words_matched(COMMANDS[i].words, argc, argv);
        if (matched > 0) {
            return run(&COMMANDS[i], argc, argv, 1 + matched);
        }
    }
    fprintf(stderr, "vaultctl: unknown command '%s'\n", argv[1]);
    print_help(stderr);
    return 2;
}
