#include "json_oracle.h"

#include <jansson.h>

static void write_text(FILE *meaning, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(meaning, "%02x", (unsigned char)text[i]);
    }
    (void)fputc(' ', meaning);
}

static void write_value(FILE *meaning, json_t *value);

static void write_object(FILE *meaning, json_t *object)
{
    (void)fputc('{', meaning);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        write_text(meaning, json_object_iter_key(at), json_object_iter_key_len(at));
        write_value(meaning, json_object_iter_value(at));
    }
    (void)fputc('}', meaning);
}

static void write_array(FILE *meaning, const json_t *array)
{
    (void)fputc('[', meaning);
    for (size_t i = 0; i < json_array_size(array); i++) {
        write_value(meaning, json_array_get(array, i));
    }
    (void)fputc(']', meaning);
}

static void write_value(FILE *meaning, json_t *value)
{
    if (json_is_object(value)) {
        write_object(meaning, value);
    } else if (json_is_array(value)) {
        write_array(meaning, value);
    } else if (json_is_string(value)) {
        write_text(meaning, json_string_value(value), json_string_length(value));
    } else if (json_is_number(value)) {
        (void)fprintf(meaning, "%a ", json_number_value(value));
    } else {
        (void)fputc(json_is_null(value) ? 'n' : json_is_true(value) ? 't' : 'f', meaning);
    }
}

OracleVerdict oracle_judge(Str text, FILE *meaning)
{
    json_error_t error;
    json_t *root = json_loadb(
        text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
    if (root == NULL) {
        return json_error_code(&error) == json_error_numeric_overflow ? ORACLE_HAS_NO_NUMBER
                                                                      : ORACLE_REFUSES;
    }
    write_value(meaning, root);
    json_decref(root);
    return ORACLE_ACCEPTS;
}
