/* vaultctl_commands.h — the commands of vaultctl, and the split of its command line into options
 * and settings.
 *
 * Must never print a personal value, with one exception: citizen-token prints a token, and only in
 * the environment "demo". service add-open prints the new client's secret, once.
 *
 * Layer: vault/tool. Thread-safe: single-owner. */
#ifndef MUSUBI_VAULTCTL_COMMANDS_H
#define MUSUBI_VAULTCTL_COMMANDS_H

#include <stddef.h>

#include "arena.h"
#include "conf.h"
#include "error.h"
#include "str.h"

#define COMMAND_FLAGS_MAX 64

typedef struct CommandLine {
    Arena *arena;
    const char *usage; /* of the command: names its own options */
    const char
        *options[COMMAND_FLAGS_MAX + 1]; /* --name=value, the command's own; NULL-terminated */
    size_t option_count;
    const char *settings[COMMAND_FLAGS_MAX + 1]; /* all others */
    size_t setting_count;
    const Conf *conf;
    int exit_status; /* what a command that ran tells its caller, 0 = good */
} CommandLine;

/* Sorts the arguments: those that usage names are options, the rest settings, which are loaded at
 * once. Errors: CONF_BAD_VALUE (not a flag, too many), those of settings_load. */
Error command_line_split(CommandLine *line, int argc, char **argv) MUST_USE;
/* The value of an option, or NULL. */
const char *command_option(const CommandLine *line, const char *name);
/* The same, demanded. Errors: CONF_BAD_VALUE. */
Error command_option_needed(const CommandLine *line, const char *name, const char **ret_value)
    MUST_USE;
/* A whole number. Errors: CONF_BAD_VALUE. */
Error command_option_int(const CommandLine *line, const char *name, int64_t fallback,
                         int64_t *ret_value) MUST_USE;

/* One function a command; what each does stands in vaultctl's help. Errors: those of the rooms they
 * call. */
Error command_init(CommandLine *line) MUST_USE;
Error command_doctor(CommandLine *line) MUST_USE;
Error command_service_add(CommandLine *line) MUST_USE;
Error command_service_add_open(CommandLine *line) MUST_USE;
Error command_service_allow(CommandLine *line) MUST_USE;
Error command_service_list(CommandLine *line) MUST_USE;
Error command_service_suspend(CommandLine *line) MUST_USE;
Error command_service_revive(CommandLine *line) MUST_USE;
Error command_audit_key(CommandLine *line) MUST_USE;
Error command_audit_verify(CommandLine *line) MUST_USE;
Error command_audit_rebuild(CommandLine *line) MUST_USE;
Error command_demo(CommandLine *line) MUST_USE;
Error command_citizen_token(CommandLine *line) MUST_USE;

#endif
