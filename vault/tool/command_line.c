#include <string.h>

#include "settings.h"
#include "vaultctl_commands.h"

/* Whether usage holds "--name=" for this flag. */
static bool is_own_option(const char *usage, const char *flag)
{
    const char *equals = strchr(flag, '=');
    size_t n = equals == NULL ? strlen(flag) : (size_t)(equals - flag);
    for (const char *at = strstr(usage, "--"); at != NULL; at = strstr(at + 2, "--")) {
        if (strncmp(at, flag, n) == 0 && at[n] == '=') {
            return true;
        }
    }
    return false;
}

Error command_line_split(CommandLine *line, int argc, char **argv)
{
    ENSURE(argc <= COMMAND_FLAGS_MAX, CONF_BAD_VALUE, "too many arguments");
    for (int i = 0; i < argc; i++) {
        ENSURE(strncmp(argv[i], "--", 2) == 0, CONF_BAD_VALUE,
               str_argument(line->arena, str_from(argv[i])));
        if (is_own_option(line->usage, argv[i])) {
            line->options[line->option_count++] = argv[i];
        } else {
            line->settings[line->setting_count++] = argv[i];
        }
    }
    return settings_load(line->arena, line->settings, &line->conf);
}

const char *command_option(const CommandLine *line, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < line->option_count; i++) {
        const char *text = line->options[i] + 2;
        if (strncmp(text, name, n) == 0 && text[n] == '=') {
            return text + n + 1;
        }
    }
    return NULL;
}

static const char *option_sentence(const CommandLine *line, const char *name, const char *what)
{
    Str sentence = STR_EMPTY;
    const Str parts[] = {STR("--"), str_from(name), STR(" "), str_from(what)};
    Error joined = str_join_in(line->arena, parts, 4, &sentence);
    return FAILED(joined) ? name : str_argument(line->arena, sentence);
}

Error command_option_needed(const CommandLine *line, const char *name, const char **ret_value)
{
    const char *value = command_option(line, name);
    ENSURE(value != NULL && value[0] != '\0', CONF_BAD_VALUE,
           option_sentence(line, name, "is needed"));
    *ret_value = value;
    return OK;
}

Error command_option_int(const CommandLine *line, const char *name, int64_t fallback,
                         int64_t *ret_value)
{
    const char *text = command_option(line, name);
    if (text == NULL) {
        *ret_value = fallback;
        return OK;
    }
    int64_t value = 0;
    ENSURE(str_to_uint(str_from(text), &value), CONF_BAD_VALUE,
           option_sentence(line, name, "must be a whole number"));
    *ret_value = value;
    return OK;
}
