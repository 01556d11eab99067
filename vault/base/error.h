/* error.h — the one error type of Musubi and the one table that words it for every surface.
 *
 * An Error says who must act (code), what happened (reason) and which field, row or name is meant
 * (argument). Nothing else in the program chooses a status or writes an error sentence: rooms
 * return reasons, surfaces ask error_words(). Must never hold a personal value in `argument` unless
 * the reason's row says it is safe: unsafe arguments go to the process log as a request id only.
 *
 * Layer: vault/base. Thread-safe: pure. */
#ifndef MUSUBI_ERROR_H
#define MUSUBI_ERROR_H

#include <stdbool.h>

#include "error_reasons.h"

/* Who must act. The partition decides how a caller may react; the reason decides the words. */
typedef enum ErrorCode {
    ERROR_OK = 0,
    /* the caller */
    ERROR_BAD_INPUT,
    ERROR_UNAUTHENTICATED,
    ERROR_FORBIDDEN,
    ERROR_CONSENT, /* refused by a grant; surfaces may not tell it from NOT_FOUND unless the row
                      says so */
    ERROR_NOT_FOUND,
    ERROR_EXISTS,
    ERROR_CONFLICT, /* somebody else was faster: read again and retry */
    ERROR_TOO_LARGE,
    ERROR_UNSUPPORTED,
    ERROR_RATE,
    /* the other side */
    ERROR_UPSTREAM,
    ERROR_TIMEOUT,
    ERROR_BUSY,
    /* us */
    ERROR_NOMEM,
    ERROR_CORRUPT, /* stored bytes are not what we wrote */
    ERROR_CRYPTO,  /* uniform for wrong key, wrong context, truncation, unknown version (C-15) */
    ERROR_INTERNAL,
    ERROR_CODE_COUNT_
} ErrorCode;

typedef enum ErrorReason {
#define REASON(name, code, status, v2_name, text, oauth, key, level, safe) REASON_##name,
    ERROR_REASONS(REASON)
#undef REASON
        REASON_COUNT_
} ErrorReason;

/* By value. `argument` is NULL or NUL-terminated text that lives as long as the request's arena or
 * is static. `site` is "file.c:line" of the place that failed, for the process log. */
typedef struct Error {
    ErrorCode code;
    ErrorReason reason;
    const char *argument;
    const char *site;
} Error;

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERROR } LogLevel;

/* How a reason speaks on each surface. All pointers are static. `text` holds at most one "%s",
 * which stands for the argument; it is a template for error_text(), never a printf format. */
typedef struct ErrorWords {
    const char *name; /* the reason's own name, for the process log */
    ErrorCode code;
    int http_status;
    const char *v2_error;    /* NGSIv2 "error" member */
    const char *text;        /* NGSIv2 "description"; also the RFC 9457 "detail" */
    const char *oauth_error; /* RFC 6749 §5.2, "" where the surface never answers with it */
    const char *message_key; /* key of the sentence in ja / en / easy Japanese */
    LogLevel level;
    bool is_argument_safe;
} ErrorWords;

#define MUST_USE __attribute__((warn_unused_result))

/* The words of a reason. Cannot fail; an out-of-range reason gives the row of INTERNAL. */
const ErrorWords *error_words(ErrorReason reason);

/* Fills the reason's text with the argument into out (always NUL-terminated, cut at out_bytes
 * between characters). An unsafe argument is left out. Returns the length written. out_bytes ≥ 1.
 */
unsigned error_text(Error error, char *out, unsigned out_bytes);

/* Builds an Error; use the macros below. */
Error error_make(ErrorReason reason, const char *argument, const char *site);

#define ERROR_STRINGIFY_(x) #x
#define ERROR_STRINGIFY(x) ERROR_STRINGIFY_(x)
#define ERROR_SITE __FILE_NAME__ ":" ERROR_STRINGIFY(__LINE__)

#define OK ((Error){.code = ERROR_OK})
#define FAIL(reason_, argument_) error_make(REASON_##reason_, (argument_), ERROR_SITE)
#define FAILED(error_) ((error_).code != ERROR_OK)

/* Evaluate once; return the Error to the caller if it is not OK. */
#define TRY(expr_)                                                                                 \
    do {                                                                                           \
        Error try_error_ = (expr_);                                                                \
        if (FAILED(try_error_)) {                                                                  \
            return try_error_;                                                                     \
        }                                                                                          \
    } while (0)

/* Guard clause: leave with FAIL(reason, argument) unless the condition holds. */
#define ENSURE(condition_, reason_, argument_)                                                     \
    do {                                                                                           \
        if (!(condition_)) {                                                                       \
            return FAIL(reason_, (argument_));                                                     \
        }                                                                                          \
    } while (0)

#endif
