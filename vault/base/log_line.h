/* log_line.h — the process log: one JSON object a line to stderr, typed fields, one write(2) each.
 *
 * Only programs log; library rooms return errors. Must never print a personal value: Pii has no
 * field constructor, so printing one does not compile (a test proves it). Control characters are
 * escaped, NUL and bytes that are no UTF-8 replaced, so no value can forge a line. A line longer
 * than LOG_LINE_BYTES loses whole fields and says so ("cut": true).
 *
 * Layer: vault/base. Thread-safe: yes (settings are atomic, each line is one write). Requirement:
 * */
#ifndef MUSUBI_LOG_LINE_H
#define MUSUBI_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "error.h"
#include "str.h"

#define LOG_LINE_BYTES 4096
#define LOG_VALUE_BYTES 1024 /* a longer value is cut */

/* A value about a person on its way through code that also logs. Deliberately without any way into
 * a LogField. */
typedef struct Pii {
    Str secret;
} Pii;

typedef enum LogFieldKind { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_ERROR } LogFieldKind;

typedef struct LogField {
    const char *key;
    LogFieldKind kind;
    Str text;
    int64_t number;
    Error error;
} LogField;

/* A text field; the text must not be personal. */
LogField log_str(const char *key, Str text);
/* The same from NUL-terminated text; NULL becomes "". */
LogField log_z(const char *key, const char *text);
/* A number. */
LogField log_int(const char *key, int64_t number);
/* An Error as the fields "reason" and "site", and "argument" where the reason's row calls it safe
 * and the fault is ours (5xx): what a caller must mend names ids and attributes of theirs, which no
 * log may keep. */
LogField log_error(Error error);

/* Writes one line: time, level, event, then the fields. event is a static name such as
 * "store.opened". */
void log_write(LogLevel level, const char *event, const LogField *fields, size_t count);

/* LOG_EVENT(LOG_INFO, "server.started", log_int("port", port), …): at least one field. */
#define LOG_EVENT(level_, event_, ...)                                                             \
    log_write((level_), (event_), (const LogField[]){__VA_ARGS__},                                 \
              sizeof((const LogField[]){__VA_ARGS__}) / sizeof(LogField))
/* The same without fields. */
#define LOG_PLAIN(level_, event_) log_write((level_), (event_), NULL, 0)

/* Lines below this level are dropped. Default LOG_INFO. */
void log_set_level(LogLevel level);
/* "debug", "info", "notice", "warning", "error". False for any other name. */
bool log_level_from(Str name, LogLevel *ret_level);
/* Where lines go; default 2 (stderr). */
void log_set_fd(int fd);
/* Whose time lines carry; NULL: the system's. The clock must outlive all logging. */
void log_set_clock(const Clock *clock);

#endif
