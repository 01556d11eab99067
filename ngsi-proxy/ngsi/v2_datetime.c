#include "v2_datetime.h"

#include "moment.h"

bool v2_datetime_is_type(Str ngsi_type)
{
    return moment_is_type(ngsi_type);
}

bool v2_datetime_from_json(Str json, int64_t *ret_at_us)
{
    return moment_from_json(json, ret_at_us);
}
