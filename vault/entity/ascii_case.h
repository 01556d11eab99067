/* ascii_case.h — comparison of names without regard to ASCII case: URN schemes, media types,
 * look-alike type names.
 *
 * Must never be used where case carries meaning: NGSI ids, types and names are compared byte for
 * byte.
 *
 * Layer: vault/entity. Thread-safe: pure. */
#ifndef MUSUBI_ASCII_CASE_H
#define MUSUBI_ASCII_CASE_H

#include <stdbool.h>

#include "str.h"

/* Equal but for the case of A–Z. */
bool ascii_eq_any_case(Str a, Str b);

#endif
