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

typedef struct Room {
    char *out;
    unsigned used;
    unsigned bytes;
} Room;

/* False when the text had to be cut: nothing may follow then. */
static bool append(Room *room, const char *text, size_t n)
{
    size_t left = room->bytes - 1 - room->used;
    size_t take = n < left ? n : left;
    while (take < n && take > 0 && ((unsigned char)text[take] & 0xc0) == 0x80) {
        take--; /* never half a character: the text goes into JSON */
    }
    memcpy(room->out + room->used, text, take);
    room->used += (unsigned)take;
    return take == n;
}

unsigned error_text(Error error, char *out, unsigned out_bytes)
{
    const ErrorWords *words = error_words(error.reason);
    const char *hole = strstr(words->text, "%s");
    Room room = {.out = out, .bytes = out_bytes};
    if (hole == NULL) {
        (void)append(&room, words->text, strlen(words->text));
    } else {
        bool is_shown = words->is_argument_safe && error.argument != NULL;
        const char *argument = is_shown ? error.argument : "";
        (void)(append(&room, words->text, (size_t)(hole - words->text)) &&
               append(&room, argument, strlen(argument)) &&
               append(&room, hole + 2, strlen(hole + 2)));
    }
    out[room.used] = '\0';
    return room.used;
}

Error error_make(ErrorReason reason, const char *argument, const char *site)
{
    return (Error){
        .code = error_words(reason)->code, .reason = reason, .argument = argument, .site = site};
}
