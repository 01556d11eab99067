#include "finder_table.h"

#include <stdlib.h>
#include <string.h>

#include "leaf.h"

/* Twice as many slots as an epoch has leaves: probing stays short and the table never fills. */
#define SLOTS ((size_t)2 * LEAF_EPOCH_LEAVES)

typedef struct KeyCount {
    uint8_t subject[SUBJECT_ID_BYTES];
    uint32_t generation; /* 0: free slot; generations begin at 1 */
    uint32_t next_k;
} KeyCount;

struct FinderTable {
    uint64_t epoch;
    KeyCount *slots;
    size_t used_slots;
    uint64_t *learnt; /* finders of this epoch found at start */
    size_t learnt_count;
    bool is_sorted;
};

Error finder_table_new(FinderTable **ret_table)
{
    CLEANUP(finder_table_free) FinderTable *table = calloc(1, sizeof *table);
    ENSURE(table != NULL, OUT_OF_MEMORY, NULL);
    table->slots = calloc(SLOTS, sizeof *table->slots);
    ENSURE(table->slots != NULL, OUT_OF_MEMORY, NULL);
    *ret_table = TAKE(table);
    return OK;
}

FinderTable *finder_table_free(FinderTable *table)
{
    if (table != NULL) {
        free(table->slots);
        free(table->learnt);
        free(table);
    }
    return NULL;
}

static void enter_epoch(FinderTable *table, uint64_t epoch)
{
    if (table->epoch == epoch) {
        return;
    }
    memset(table->slots, 0, SLOTS * sizeof *table->slots);
    free(table->learnt);
    table->used_slots = 0;
    table->learnt = NULL;
    table->learnt_count = 0;
    table->epoch = epoch;
}

static uint64_t as_number(const uint8_t finder[SEAL_FINDER_BYTES])
{
    uint64_t number = 0;
    memcpy(&number, finder, sizeof number);
    return number;
}

Error finder_table_learn(FinderTable *table, uint64_t epoch,
                         const uint8_t finder[SEAL_FINDER_BYTES])
{
    enter_epoch(table, epoch);
    if (table->learnt == NULL) {
        table->learnt = calloc(LEAF_EPOCH_LEAVES, sizeof *table->learnt);
        ENSURE(table->learnt != NULL, OUT_OF_MEMORY, NULL);
    }
    ENSURE(table->learnt_count < LEAF_EPOCH_LEAVES, LOG_CORRUPT, "at most 65536 leaves an epoch");
    table->learnt[table->learnt_count++] = as_number(finder);
    table->is_sorted = false;
    return OK;
}

static int compare_finders(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static bool is_learnt(FinderTable *table, const uint8_t finder[SEAL_FINDER_BYTES])
{
    if (!table->is_sorted) {
        qsort(table->learnt, table->learnt_count, sizeof *table->learnt, compare_finders);
        table->is_sorted = true;
    }
    uint64_t wanted = as_number(finder);
    return bsearch(&wanted, table->learnt, table->learnt_count, sizeof *table->learnt,
                   compare_finders) != NULL;
}

static Error was_used(FinderTable *table, SubjectKey *key, Str node, uint64_t k, bool *ret_was_used)
{
    uint8_t finder[SEAL_FINDER_BYTES];
    TRY(seal_log_finder(key, node, table->epoch, k, finder));
    *ret_was_used = is_learnt(table, finder);
    return OK;
}

/* How many finders of this key the epoch held at start. Used ones have no gap, so doubling and
 * halving finds the end. */
static Error count_learnt(FinderTable *table, SubjectKey *key, Str node, uint32_t *ret_count)
{
    uint64_t used = 0; /* all k below are used */
    uint64_t unused = 1;
    bool is_used = table->learnt_count > 0;
    while (is_used) {
        TRY(was_used(table, key, node, unused - 1, &is_used));
        used = is_used ? unused : used;
        unused = is_used ? unused * 2 : unused;
    }
    if (table->learnt_count == 0) {
        *ret_count = 0;
        return OK;
    }
    unused--; /* the first k seen to be missing */
    while (used < unused) {
        uint64_t middle = used + (unused - used) / 2;
        TRY(was_used(table, key, node, middle, &is_used));
        used = is_used ? middle + 1 : used;
        unused = is_used ? unused : middle;
    }
    *ret_count = (uint32_t)used;
    return OK;
}

/* The slot of a key, or the free one that it may have. Subject ids are keyed hashes: their first
 * bytes spread well. */
static size_t find_slot(const FinderTable *table, const uint8_t *subject, uint32_t generation)
{
    size_t slot = as_number(subject) % SLOTS;
    for (;;) {
        const KeyCount *entry = &table->slots[slot];
        if (entry->generation == 0 || (entry->generation == generation &&
                                       memcmp(entry->subject, subject, SUBJECT_ID_BYTES) == 0)) {
            return slot;
        }
        slot = (slot + 1) % SLOTS;
    }
}

Error finder_table_next(FinderTable *table, SubjectKey *key, Str node, uint64_t epoch,
                        uint8_t ret_finder[SEAL_FINDER_BYTES], size_t *ret_slot)
{
    enter_epoch(table, epoch);
    uint32_t generation = subject_key_generation(key);
    size_t slot = find_slot(table, subject_key_subject(key), generation);
    KeyCount *entry = &table->slots[slot];
    if (entry->generation == 0) {
        ENSURE(table->used_slots < SLOTS / 2 + LEAF_EPOCH_LEAVES / 2, LOG_MISUSE,
               "more keys than leaves");
        uint32_t count = 0;
        TRY(count_learnt(table, key, node, &count));
        memcpy(entry->subject, subject_key_subject(key), SUBJECT_ID_BYTES);
        entry->generation = generation;
        entry->next_k = count;
        table->used_slots++;
    }
    TRY(seal_log_finder(key, node, epoch, entry->next_k, ret_finder));
    *ret_slot = slot;
    return OK;
}

void finder_table_use(FinderTable *table, size_t slot)
{
    table->slots[slot].next_k++;
}
