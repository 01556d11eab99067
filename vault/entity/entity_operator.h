/* entity_operator.h — values that say how to change what is there: {"$inc": 1} and its kin.
 *
 * $inc $mul $min $max $push $addToSet $pull $pullAll $set $unset, alone, but for $set with $unset.
 * An object whose first member has another name is a value like any other. Integers stay exact as
 * long as an int64 holds them; what has a fraction is computed in double precision. Must never put
 * a stored value into an Error.
 *
 * Layer: vault/entity; used by entity_update alone. Thread-safe: pure. Standard: NGSIv2 as Orion
 * extends it. Requirement: consent rule 13. */
#ifndef MUSUBI_ENTITY_OPERATOR_H
#define MUSUBI_ENTITY_OPERATOR_H

#include <stdbool.h>

#include "arena.h"
#include "error.h"
#include "str.h"

/* What an operator meets. */
typedef struct OperatorGround {
    Str attribute; /* its name, for the refusal */
    Str type;      /* the NGSI type it will have; "" = not given */
    bool is_there; /* whether `before` is a value */
    Str before;    /* canonical JSON */
    bool is_new;   /* the entity is made or replaced: numbers start from 0, moments from 1970 */
} OperatorGround;

/* Whether a value (canonical JSON) asks for an operator. */
bool entity_operator_is(Str value);
/* What comes out, canonical JSON in the arena. *ret_is_nothing: no value (something is taken away
 * from what is not there). Errors: OPERATOR_VALUE (argument: the attribute's name),
 * BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error entity_operator_apply(Arena *arena, Str value, const OperatorGround *ground, Str *ret_value,
                            bool *ret_is_nothing) MUST_USE;

#endif
