/* exact_number.h — JSON numbers to calculate with: integers stay exact as long as an int64 holds
 * them, the rest is double precision.
 *
 * Must never turn a number that nobody calculated with into another text.
 *
 * Layer: vault/entity. Thread-safe: pure. */
#ifndef MUSUBI_EXACT_NUMBER_H
#define MUSUBI_EXACT_NUMBER_H

#include "json.h"

typedef struct ExactNumber {
    bool is_exact;   /* `integer` is the number */
    int64_t integer; /* valid when is_exact */
    double real;     /* the nearest double */
} ExactNumber;

/* False when the value is no number or too large for a double. */
bool exact_number_of(JsonValue value, ExactNumber *ret_number);
ExactNumber exact_number_add(ExactNumber left, ExactNumber right);
ExactNumber exact_number_multiply(ExactNumber left, ExactNumber right);
/* <0, 0, >0. */
int exact_number_compare(ExactNumber left, ExactNumber right);
/* Whether a result is a number that JSON can say. */
bool exact_number_is_finite(ExactNumber number);
/* The shortest JSON text that reads as the same number; in arena. Errors: BUDGET_EXCEEDED,
 * OUT_OF_MEMORY. */
Error exact_number_text_in(Arena *arena, ExactNumber number, Str *ret_text) MUST_USE;

#endif
