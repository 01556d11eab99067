#include "entity_operator.h"

bool entity_operator_is(Arena *scratch, Str value)
{
    (void)scratch;
    (void)value;
    return false;
}

Error entity_operator_apply(Arena *arena, Str value, const OperatorGround *ground, Str *ret_value,
                            bool *ret_is_nothing)
{
    (void)arena;
    (void)value;
    (void)ret_value;
    (void)ret_is_nothing;
    return FAIL(OPERATOR_VALUE, ground->attribute.p);
}
