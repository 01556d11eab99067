/* v2_datetime.h — DateTime values as NGSIv2 takes and shows them.
 *
 * Taken: a date, or a date and time to the minute, second or fraction, with Z, ±hh:mm, ±hhmm, ±hh
 * or no zone (UTC). Shown: UTC with milliseconds. Stored stays what was written; only the rendering
 * changes. Must never accept a time without a date or an impossible one.
 *
 * Layer: ngsi-proxy/ngsi. Thread-safe: pure. Standard: NGSIv2, ISO 8601. */
#ifndef MUSUBI_V2_DATETIME_H
#define MUSUBI_V2_DATETIME_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/* Whether attributes of this NGSI type hold moments: DateTime, ISO8601. */
bool v2_datetime_is_type(Str ngsi_type);
/* The moment (UTC microseconds) of a JSON string; false when the text is anything else. */
bool v2_datetime_from_json(Str json, int64_t *ret_at_us);

#endif
