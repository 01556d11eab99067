/* view_asks.h — requests made up at random over all NGSIv2 routes of entities and types, sent to
 * both worlds of a ViewCity.
 *
 * The generator names what the view has, what it hides, what does not exist, and sometimes what is
 * not even valid: both worlds must say the same of all of it. Writes come with what the grants say
 * about them, so that the test knows which must be refused and what the plain broker is to be told
 * instead. Must never look at answers.
 *
 * Layer: tests. Thread-safe: single-owner. */
#ifndef MUSUBI_VIEW_ASKS_H
#define MUSUBI_VIEW_ASKS_H

#include "view_city.h"

typedef struct ViewAsk {
    HttpMethod method;
    Str target; /* path and query, percent-encoded */
    Str body;
    Str content_type; /* "" = none */
    Str accept;       /* "" = none */
    Str service_path; /* "" = none */
} ViewAsk;

/* An answer as it goes out: all that a caller can tell apart. */
typedef struct ViewAnswer {
    int status;
    Str text; /* status, headers, body */
} ViewAnswer;

/* A read. is_dated: may use builtin dates. */
ViewAsk view_ask_read(ViewCity *city, bool is_dated);

typedef enum ViewExpect {
    VIEW_SAME,    /* the plain broker is sent the same, and answers the same */
    VIEW_REFUSED, /* 403, and nothing happens */
    VIEW_UNKNOWN, /* 404, and nothing happens: nobody may be created by knowing an id */
    VIEW_ECHO /* the plain broker is sent `echoes` instead, in this order: several work, one does
                 as the write does */
} ViewExpect;

#define VIEW_ECHOES_MAX 12

typedef struct ViewWrite {
    ViewAsk ask;
    ViewExpect expect;
    ViewAsk echoes[VIEW_ECHOES_MAX];
    size_t echo_count;
    bool is_mirrored;   /* the one echo is the write itself without what is hidden */
    size_t created_for; /* citizen of an entity that may come to be; VIEW_CITIZENS_MAX: none */
    Str created_id;
} ViewWrite;

/* A write, judged by the grants and by what the reference holds. */
ViewWrite view_ask_write(ViewCity *city);

/* Sends it to Musubi as kenko, and to the plain broker without a token. Answers live in the vault's
 * arena. */
ViewAnswer view_send_musubi(ViewCity *city, const ViewAsk *ask);
ViewAnswer view_send_plain(ViewCity *city, const ViewAsk *ask);

/* One line for people: "PATCH /v2/… {…}". */
Str view_ask_text(ViewCity *city, const ViewAsk *ask);

#endif
