/* timestamp.h — UTC microseconds as ISO 8601 text and back.
 *
 * Outside, time is `2026-11-24T02:14:05.123Z`: milliseconds and Z. Read is RFC 3339 with Z or a
 * numeric offset, and ISO 8601's bare date as Orion reads it. Must never ask for the time: that is
 * the clock port's.
 *
 * Layer: vault/base. Thread-safe: pure. Standard: RFC 3339. */
#ifndef MUSUBI_TIMESTAMP_H
#define MUSUBI_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

#define TIMESTAMP_TEXT_BYTES 25 /* 24 characters and NUL */

/* The text of a moment, cut (not rounded) to milliseconds; years 0000 to 9999, moments outside are
 * clamped. */
void timestamp_text(int64_t at_us, char ret_text[TIMESTAMP_TEXT_BYTES]);
/* Appends the same. */
void timestamp_add(Buf *buf, int64_t at_us);
/* A date (`2026-11-24`: midnight UTC) or a date and time with seconds, up to 9 fraction digits (cut
 * to µs) and Z or ±hh:mm. False for anything else: impossible dates, a leap second, a missing zone.
 */
bool timestamp_parse(Str text, int64_t *ret_at_us);

#endif
