/* question.h — random populations and random questions about open data, and the plain answer: the
 * list of things filtered and sorted.
 *
 * Must never be used outside tests. Layer: tests. Thread-safe: no. */
#ifndef MUSUBI_QUESTION_H
#define MUSUBI_QUESTION_H

#include "filter.h"
#include "open_data.h"

#define QUESTION_THINGS_MAX 900
#define QUESTION_SELECTORS_MAX 3
#define QUESTION_LIST_MAX 3
#define QUESTION_ORDERS_MAX 2
#define QUESTION_PATH_COUNT 12

#define ITEMS(array_) (sizeof(array_) / sizeof(array_)[0])

/* Service paths that may be asked for. */
extern const char *const QUESTION_PATHS[QUESTION_PATH_COUNT];

typedef struct KnownPattern {
    const char *text;
    bool (*holds)(const char *text);
} KnownPattern;

typedef struct AskedSelector {
    char ids[QUESTION_LIST_MAX][16];
    char types[QUESTION_LIST_MAX][8];
    Str id_items[QUESTION_LIST_MAX];
    Str type_items[QUESTION_LIST_MAX];
    size_t id_count;
    size_t type_count;
    const KnownPattern *id_pattern;
    const KnownPattern *type_pattern;
} AskedSelector;

typedef enum AskedFilter {
    ASKED_NO_FILTER,
    ASKED_BELOW,   /* n < limit_n */
    ASKED_HAS_N,   /* n */
    ASKED_LACKS_T, /* !t */
    ASKED_EITHER,  /* n == limit_n | t == "x" */
    ASKED_FILTER_COUNT_
} AskedFilter;

typedef struct Asked {
    AskedSelector selectors[QUESTION_SELECTORS_MAX];
    EntitySelector real_selectors[QUESTION_SELECTORS_MAX];
    size_t selector_count;
    AskedFilter filter;
    int64_t limit_n;
    Filter terms[2];
    FilterValue values[2];
    Filter real_filter;
    EntityOrder order[QUESTION_ORDERS_MAX];
    EntityQuery query;
    const char *path;
    Arena *arena; /* of patterns */
} Asked;

/* count things of about `ids` ids, then the time at which some are past their date and some are at
 * it. */
void questions_populate(OpenData *data, uint64_t *random, size_t count, uint64_t ids);
/* A new question in place of the old one; asked->arena stays. */
void question_ask(uint64_t *random, uint64_t ids, uint64_t things, Asked *asked);
/* All things that the question means, in its order; room for QUESTION_THINGS_MAX. */
size_t question_answer(const OpenData *data, const Asked *asked, const Thing **ret_hits);
/* One term of a filter; value NULL: none. */
Filter question_term(const char *attribute, FilterTest test, const FilterValue *value);

#endif
