#include "error.h"

#include <string.h>

static const ErrorWords WORDS[] = {
#define REASON(name_, code_, status_, v2_, text_, oauth_, key_, level_, safe_)                     \
    [REASON_##name_] = {#name_, ERROR_##code_, status_, v2_, text_, oauth_, key_, level_, safe_},
    ERROR_REASONS(REASON)
#undef REASON
};

_Static_assert(sizeof WORDS / sizeof WORDS[0] == REASON_COUNT_, "one row of words for each reason");

const ErrorWords *error_words(ErrorReason reason)
{
    unsigned row = (unsigned)reason;
    return row < REASON_COUNT_ ? &WORDS[row] : &WORDS[REASON_INTERNAL];
}

static unsigned append(char *out, unsigned used, unsigned out_bytes, const char *text, size_t n)
{
    size_t room = out_bytes - 1 - used;
    size_t take = n < room ? n : room;
    while (take < n && take > 0 && ((unsigned char)text[take] & 0xc0) == 0x80) {
        take--; /* never half a character: the text goes into JSON */
    }
    memcpy(out + used, text, take);
    return used + (unsigned)take;
}

unsigned error_text(Error error, char *out, unsigned out_bytes)
{
    const ErrorWords *words = error_words(error.reason);
    const char *hole = strstr(words->text, "%s");
    unsigned used = 0;
    if (hole == NULL) {
        used = append(out, used, out_bytes, words->text, strlen(words->text));
    } else {
        const char *argument =
            words->is_argument_safe && error.argument != NULL ? error.argument : "";
        used = append(out, used, out_bytes, words->text, (size_t)(hole - words->text));
        used = append(out, used, out_bytes, argument, strlen(argument));
        used = append(out, used, out_bytes, hole + 2, strlen(hole + 2));
    }
    out[used] = '\0';
    return used;
}

Error error_make(ErrorReason reason, const char *argument, const char *site)
{
    return (Error){
        .code = error_words(reason)->code, .reason = reason, .argument = argument, .site = site};
}
