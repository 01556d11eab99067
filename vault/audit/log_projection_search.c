#include <stdlib.h>
#include <string.h>

#include "log_projection_state.h"
#include "segment_read.h"

#define SEARCH_ARENA_BYTES                                                                         \
    ((size_t)1 << 30) /* a bound, not a need: about 1.5 KB a leaf of the range */

/* A finder of the epoch and the leaf that it stands at. */
typedef struct FinderPlace {
    uint64_t finder;
    uint64_t seq;
} FinderPlace;

/* One search on its way. */
typedef struct Search {
    LogProjection *projection;
    LeafRange range;
    uint64_t epoch;
    FinderPlace *places; /* of all leaves of the epoch below the end of the range, by finder */
    size_t count;
} Search;

static uint64_t as_number(const void *finder)
{
    uint64_t number = 0;
    memcpy(&number, finder, sizeof number);
    return number;
}

static int compare_places(const void *a, const void *b)
{
    const FinderPlace *left = a;
    const FinderPlace *right = b;
    return (left->finder > right->finder) - (left->finder < right->finder);
}

/* Counting begins with the epoch, so the finders before the range are needed too. */
static Error load_places(Search *search, Arena *arena, uint64_t until)
{
    uint64_t from = search->epoch * LEAF_EPOCH_LEAVES;
    search->places = ARENA_MANY(arena, FinderPlace, (size_t)(until - from));
    ENSURE_ALLOC(search->places, arena);
    CLEANUP(segment_reader_close) SegmentReader *reader = NULL;
    AccessLog *log = search->projection->log;
    TRY(segment_reader_open(access_log_ports(log)->file, access_log_folder(log), from, &reader));
    for (const SegmentBatch *batch = NULL;;) {
        TRY(segment_reader_next(reader, until, &batch));
        if (batch == NULL) {
            break;
        }
        for (size_t i = 0; i < batch->count; i++) {
            uint64_t seq = batch->first_seq + i;
            if (seq >= from && seq < until && batch->details[i].n >= SEAL_FINDER_BYTES) {
                search->places[search->count++] =
                    (FinderPlace){as_number(batch->details[i].p), seq};
            }
        }
    }
    qsort(search->places, search->count, sizeof *search->places, compare_places);
    return OK;
}

/* Counts up the finders of one key; its leaves within the range become lines. */
static Error visit_subject(void *visitor, SubjectKey *key)
{
    Search *search = visitor;
    Str node = access_log_node(search->projection->log);
    ENSURE(!log_projection_is_stopping(search->projection), LOG_UNAVAILABLE, "stopping");
    for (uint64_t k = 0;; k++) {
        uint8_t finder[SEAL_FINDER_BYTES];
        Error error = seal_log_finder(key, node, search->epoch, k, finder);
        if (error.reason == REASON_CRYPTO_OPEN) {
            return OK; /* erased meanwhile */
        }
        TRY(error);
        FinderPlace wanted = {.finder = as_number(finder)};
        const FinderPlace *place =
            bsearch(&wanted, search->places, search->count, sizeof *search->places, compare_places);
        if (place == NULL) {
            return OK;
        }
        if (place->seq >= search->range.from) {
            size_t at = (size_t)(place->seq - search->range.from);
            TRY(log_projection_add(search->projection, key, search->range.lines[at],
                                   search->range.details[at]));
        }
    }
}

Error log_projection_search(LogProjection *projection, uint64_t from, uint64_t until)
{
    CLEANUP(arena_free) Arena *arena = arena_new(SEARCH_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    Search search = {.projection = projection, .epoch = from / LEAF_EPOCH_LEAVES};
    TRY(log_projection_load(projection, arena, from, until, &search.range));
    TRY(load_places(&search, arena, until));
    if (search.count == 0) {
        return OK;
    }
    return projection->subjects.each(projection->subjects.context, visit_subject, &search);
}
