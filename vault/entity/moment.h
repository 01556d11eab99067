/* moment.h — DateTime values of entities: which texts are moments, and which.
 *
 * Taken: a date, or a date and time to the minute, second or fraction, with Z, ±hh:mm, ±hhmm, ±hh
 * or no zone (UTC). Must never accept a time without a date or an impossible one.
 *
 * Layer: vault/entity. Thread-safe: pure. Standard: NGSIv2, ISO 8601. */
#ifndef MUSUBI_MOMENT_H
#define MUSUBI_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/* Whether attributes of this NGSI type hold moments: DateTime, ISO8601. */
bool moment_is_type(Str ngsi_type);
/* The moment (UTC microseconds) of a JSON string; false when the text is anything else. */
bool moment_from_json(Str json, int64_t *ret_at_us);

#endif
