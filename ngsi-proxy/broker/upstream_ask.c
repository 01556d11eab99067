#include "upstream_ask.h"

Str upstream_ask_param(const UpstreamAsk *ask, Str name)
{
    for (size_t i = 0; i < ask->param_count; i++) {
        if (str_eq(ask->params[i].name, name)) {
            return ask->params[i].value;
        }
    }
    return STR_EMPTY;
}
