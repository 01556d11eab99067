#include "exact_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Room for the shortest text of any double. */
#define REAL_BYTES 32

bool exact_number_of(JsonValue value, ExactNumber *ret_number)
{
    ExactNumber number = {0};
    number.is_exact = json_integer(value, &number.integer);
    if (!json_number(value, &number.real)) {
        return false;
    }
    *ret_number = number;
    return true;
}

ExactNumber exact_number_add(ExactNumber left, ExactNumber right)
{
    ExactNumber sum = {.real = left.real + right.real};
    sum.is_exact = left.is_exact && right.is_exact &&
                   !__builtin_add_overflow(left.integer, right.integer, &sum.integer);
    return sum;
}

ExactNumber exact_number_multiply(ExactNumber left, ExactNumber right)
{
    ExactNumber product = {.real = left.real * right.real};
    product.is_exact = left.is_exact && right.is_exact &&
                       !__builtin_mul_overflow(left.integer, right.integer, &product.integer);
    return product;
}

int exact_number_compare(ExactNumber left, ExactNumber right)
{
    if (left.is_exact && right.is_exact) {
        return left.integer < right.integer ? -1 : left.integer > right.integer;
    }
    return left.real < right.real ? -1 : left.real > right.real;
}

bool exact_number_is_finite(ExactNumber number)
{
    return number.is_exact || isfinite(number.real);
}

static void real_text(double real, char ret_text[REAL_BYTES])
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(ret_text, REAL_BYTES, "%.*g", digits, real);
        if (strtod(ret_text, NULL) == real) {
            return;
        }
    }
}

Error exact_number_text_in(Arena *arena, ExactNumber number, Str *ret_text)
{
    Buf text = buf_in(arena);
    if (number.is_exact) {
        buf_add_int(&text, number.integer);
    } else {
        char real[REAL_BYTES];
        real_text(number.real, real);
        buf_add(&text, str_from(real));
    }
    return buf_finish(&text, ret_text);
}
