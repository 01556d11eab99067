/* json_oracle.h — jansson as a second opinion on what is JSON; apart, because its header and ours
 * share names.
 *
 * Must never be linked into a program that serves anybody.
 *
 * Layer: tests/unit/base. Thread-safe: pure. */
#ifndef MUSUBI_JSON_ORACLE_H
#define MUSUBI_JSON_ORACLE_H

#include <stdio.h>

#include "str.h"

typedef enum OracleVerdict {
    ORACLE_ACCEPTS,
    ORACLE_REFUSES,
    ORACLE_HAS_NO_NUMBER /* JSON, but a number in it fits no double */
} OracleVerdict;

/* Judges text and, when it accepts, writes what it means: `{key value …}`, `[value …]`, texts as
 * hex, numbers as the hexadecimal double, literals as t, f and n. */
OracleVerdict oracle_judge(Str text, FILE *meaning);

#endif
