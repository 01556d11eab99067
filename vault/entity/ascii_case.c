#include "ascii_case.h"

#include <strings.h>

bool ascii_eq_any_case(Str a, Str b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}
