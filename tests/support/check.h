/* check.h — cmocka with Musubi's own types: assertions on Error and Str.
 *
 * Brings cmocka's prerequisites along, so a test includes this and nothing of cmocka. Must never be
 * included outside tests.
 *
 * Layer: tests/support. Thread-safe: as cmocka (asserts only in the thread that runs the test). */
#ifndef MUSUBI_CHECK_H
#define MUSUBI_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "error.h"
#include "str.h"

/* Fails the test, with the error's reason and argument, unless error is OK. */
static inline void check_ok_at(Error error, const char *file, int line)
{
    if (FAILED(error)) {
        print_error("%s (%s) from %s\n", error_words(error.reason)->name,
                    error.argument == NULL ? "" : error.argument, error.site);
        _fail(file, line);
    }
}

/* Fails the test unless error has this reason. */
static inline void check_fails_at(Error error, ErrorReason reason, const char *file, int line)
{
    if (!FAILED(error) || error.reason != reason) {
        print_error("got %s (%s), wanted %s\n", error_words(error.reason)->name,
                    error.argument == NULL ? "" : error.argument, error_words(reason)->name);
        _fail(file, line);
    }
}

/* Fails the test unless the bytes are equal. */
static inline void check_str_at(Str actual, Str wanted, const char *file, int line)
{
    if (!str_eq(actual, wanted)) {
        print_error("got    \"%.*s\"\nwanted \"%.*s\"\n", STR_FORMAT(actual), STR_FORMAT(wanted));
        _fail(file, line);
    }
}

#define assert_ok(error_) check_ok_at((error_), __FILE__, __LINE__)
#define assert_fails(error_, reason_) check_fails_at((error_), REASON_##reason_, __FILE__, __LINE__)
/* wanted_z is NUL-terminated text. */
#define assert_str(actual_, wanted_z_)                                                             \
    check_str_at((actual_), str_from(wanted_z_), __FILE__, __LINE__)
#define assert_str_eq(actual_, wanted_) check_str_at((actual_), (wanted_), __FILE__, __LINE__)

#endif
