#include "log_line.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "timestamp.h"
#include "utf8.h"

static atomic_int threshold = LOG_INFO;
static atomic_int line_fd = STDERR_FILENO;
static _Atomic(const Clock *) line_clock = NULL;

static const char *const LEVEL_NAMES[] = {"debug", "info", "notice", "warning", "error"};
#define LEVEL_COUNT (sizeof LEVEL_NAMES / sizeof LEVEL_NAMES[0])

LogField log_str(const char *key, Str text)
{
    return (LogField){.key = key, .kind = LOG_FIELD_TEXT, .text = text};
}

LogField log_z(const char *key, const char *text)
{
    return log_str(key, str_from(text));
}

LogField log_int(const char *key, int64_t number)
{
    return (LogField){.key = key, .kind = LOG_FIELD_INT, .number = number};
}

LogField log_error(Error error)
{
    return (LogField){.key = "error", .kind = LOG_FIELD_ERROR, .error = error};
}

void log_set_level(LogLevel level)
{
    atomic_store(&threshold, (int)level);
}

bool log_level_from(Str name, LogLevel *ret_level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (str_eq(name, str_from(LEVEL_NAMES[i]))) {
            *ret_level = (LogLevel)i;
            return true;
        }
    }
    return false;
}

void log_set_fd(int fd)
{
    atomic_store(&line_fd, fd);
}

void log_set_clock(const Clock *clock)
{
    atomic_store(&line_clock, clock);
}

/* --- one line, on the stack: logging must work when memory does not --- */

#define LINE_END ",\"cut\":true}\n"
#define LINE_ROOM (LOG_LINE_BYTES - sizeof LINE_END)

typedef struct Line {
    char p[LOG_LINE_BYTES];
    size_t n;
    bool is_full;
} Line;

static void put(Line *line, Str text)
{
    if (text.n > LINE_ROOM - line->n) {
        line->is_full = true;
        return;
    }
    if (text.n > 0) {
        memcpy(line->p + line->n, text.p, text.n);
    }
    line->n += text.n;
}

static void put_z(Line *line, const char *text)
{
    put(line, str_from(text));
}

static void put_int(Line *line, int64_t number)
{
    char digits[21];
    size_t at = sizeof digits;
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    put_z(line, number < 0 ? "-" : "");
    put(line, str_bytes(digits + at, sizeof digits - at));
}

static void put_escape(Line *line, uint32_t point)
{
    static const char HEX[] = "0123456789abcdef";
    const char escape[6] = {'\\', 'u', '0', '0', HEX[point >> 4 & 15], HEX[point & 15]};
    put(line, str_bytes(escape, sizeof escape));
}

/* C1 controls are escaped too: terminals obey them. */
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f);
}

static void put_quoted(Line *line, Str text)
{
    Str rest = str_slice(text, 0, LOG_VALUE_BYTES);
    put_z(line, "\"");
    while (rest.n > 0) {
        uint32_t point = 0;
        size_t n = utf8_decode(rest, &point);
        if (n == 0 || point == 0) {
            put_z(line, "\xef\xbf\xbd");
        } else if (is_control(point)) {
            put_escape(line, point);
        } else {
            put_z(line, point == '"' || point == '\\' ? "\\" : "");
            put(line, str_slice(rest, 0, n));
        }
        rest = str_slice(rest, n == 0 ? 1 : n, rest.n);
    }
    put_z(line, text.n > LOG_VALUE_BYTES ? "…\"" : "\"");
}

static void put_member(Line *line, const char *key, Str text)
{
    put_z(line, ",");
    put_quoted(line, str_from(key));
    put_z(line, ":");
    put_quoted(line, text);
}

static void put_error(Line *line, Error error)
{
    const ErrorWords *words = error_words(error.reason);
    put_member(line, "reason", str_from(words->name));
    put_member(line, "site", str_from(error.site));
    /* What a caller must mend names what the caller sent: ids and attributes. Those are the
     * caller's to see, not ours. */
    if (words->is_argument_safe && words->http_status >= 500 && error.argument != NULL) {
        put_member(line, "argument", str_from(error.argument));
    }
}

/* A field that does not fit goes as a whole. */
static void put_field(Line *line, const LogField *field)
{
    size_t before = line->n;
    if (field->kind == LOG_FIELD_ERROR) {
        put_error(line, field->error);
    } else if (field->kind == LOG_FIELD_TEXT) {
        put_member(line, field->key, field->text);
    } else {
        put_z(line, ",");
        put_quoted(line, str_from(field->key));
        put_z(line, ":");
        put_int(line, field->number);
    }
    if (line->is_full) {
        line->n = before;
    }
}

static void put_head(Line *line, LogLevel level, const char *event)
{
    const Clock *clock = atomic_load(&line_clock);
    clock = clock == NULL ? ports_system()->clock : clock;
    char time[TIMESTAMP_TEXT_BYTES];
    timestamp_text(clock->now_us(clock), time);
    put_z(line, "{\"time\":\"");
    put_z(line, time);
    put_z(line, "\"");
    put_member(line, "level",
               str_from((unsigned)level < LEVEL_COUNT ? LEVEL_NAMES[level] : "error"));
    put_member(line, "event", str_from(event));
}

void log_write(LogLevel level, const char *event, const LogField *fields, size_t count)
{
    if ((int)level < atomic_load(&threshold)) {
        return;
    }
    Line line = {.n = 0};
    put_head(&line, level, event);
    for (size_t i = 0; i < count && !line.is_full; i++) {
        put_field(&line, &fields[i]);
    }
    Str end = line.is_full ? STR(LINE_END) : STR("}\n");
    memcpy(line.p + line.n, end.p, end.n); /* LINE_ROOM keeps its place */
    line.n += end.n;
    ssize_t wrote = 0;
    do {
        wrote = write(atomic_load(&line_fd), line.p, line.n);
    } while (wrote < 0 && errno == EINTR); /* else there is nobody left to tell */
}
