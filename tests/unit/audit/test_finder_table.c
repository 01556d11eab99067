/* Finders: the holder of a key finds its leaves and nobody else does; counts survive a restart
 * without a gap. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_fixture.h"
#include "finder_table.h"

enum { PEOPLE = 5, LEAVES = 400 };

static int compare_finders(const void *a, const void *b)
{
    return memcmp(a, b, SEAL_FINDER_BYTES);
}

typedef struct Found {
    uint8_t finders[LEAVES * 4][SEAL_FINDER_BYTES];
    size_t count;
} Found;

static Error collect(void *context, uint64_t seq, Str line, Str detail)
{
    (void)seq;
    (void)line;
    Found *found = context;
    if (detail.n >= SEAL_FINDER_BYTES) {
        memcpy(found->finders[found->count++], detail.p, SEAL_FINDER_BYTES);
    }
    return OK;
}

static bool holds(const Found *found, const uint8_t finder[SEAL_FINDER_BYTES])
{
    return bsearch(finder, found->finders, found->count, SEAL_FINDER_BYTES, compare_finders) !=
           NULL;
}

/* How many leaves the holder of a key finds by counting up until one is missing. */
static size_t count_own(const Found *found, SubjectKey *key, Str node)
{
    size_t own = 0;
    uint8_t finder[SEAL_FINDER_BYTES];
    do {
        assert_ok(seal_log_finder(key, node, 0, own, finder));
        own += holds(found, finder);
    } while (holds(found, finder));
    return own;
}

static void holder_finds_all_after_restarts(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 71);
    uint64_t random = fake_seed("holder_finds_all_after_restarts");
    SubjectKey *keys[PEOPLE];
    size_t written[PEOPLE] = {0};
    for (uint32_t person = 0; person < PEOPLE; person++) {
        keys[person] = audit_subject(&fixture, person);
    }
    for (int start = 0; start < 8; start++) {
        AccessLog *log = audit_open(&fixture);
        for (int leaf = 0; leaf < LEAVES / 8; leaf++) {
            /* Person 0 is in every second leaf, the last one hardly ever. */
            size_t person =
                fake_random_below(&random, 2) == 0 ? 0 : fake_random_below(&random, PEOPLE);
            written[person]++;
            assert_ok(audit_append(log, keys[person], 1, 5));
        }
        (void)access_log_close(log);
    }
    static Found found;
    assert_ok(log_verify_each_leaf(ports_system()->file, fixture.folder, 0, collect, &found));
    assert_int_equal(found.count, LEAVES);
    qsort(found.finders, found.count, SEAL_FINDER_BYTES, compare_finders);
    for (uint32_t person = 0; person < PEOPLE; person++) {
        assert_int_equal(count_own(&found, keys[person], fixture.node), written[person]);
        assert_int_equal(count_own(&found, keys[person], STR("node-b")), 0);
        (void)subject_key_unref(keys[person]);
    }
    SubjectKey *stranger = audit_subject(&fixture, 99);
    assert_int_equal(count_own(&found, stranger, fixture.node), 0);
    (void)subject_key_unref(stranger);
    audit_fixture_done(&fixture);
}

/* The table alone: for every number of finders that a start may find, the next one is the first
 * unused. */
static void learns_every_count(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 72);
    SubjectKey *key = audit_subject(&fixture, 1);
    SubjectKey *other = audit_subject(&fixture, 2);
    for (uint64_t count = 0; count < 70; count++) {
        CLEANUP(finder_table_free) FinderTable *table = NULL;
        assert_ok(finder_table_new(&table));
        uint8_t finder[SEAL_FINDER_BYTES];
        uint8_t wanted[SEAL_FINDER_BYTES];
        assert_ok(seal_log_finder(other, fixture.node, 3, 0, finder));
        assert_ok(finder_table_learn(table, 3, finder));
        for (uint64_t k = 0; k < count; k++) {
            assert_ok(seal_log_finder(key, fixture.node, 3, k, finder));
            assert_ok(finder_table_learn(table, 3, finder));
        }
        size_t slot = 0;
        for (uint64_t more = 0; more < 3; more++) {
            assert_ok(finder_table_next(table, key, fixture.node, 3, finder, &slot));
            assert_ok(seal_log_finder(key, fixture.node, 3, count + more, wanted));
            assert_memory_equal(finder, wanted, sizeof finder);
            assert_ok(finder_table_next(table, key, fixture.node, 3, finder,
                                        &slot)); /* not used: the same again */
            assert_memory_equal(finder, wanted, sizeof finder);
            finder_table_use(table, slot);
        }
        assert_ok(finder_table_next(table, key, fixture.node, 4, finder,
                                    &slot)); /* a new epoch counts from 0 */
        assert_ok(seal_log_finder(key, fixture.node, 4, 0, wanted));
        assert_memory_equal(finder, wanted, sizeof finder);
    }
    (void)subject_key_unref(key);
    (void)subject_key_unref(other);
    audit_fixture_done(&fixture);
}

/* Two subjects whose ids begin alike share a place in the table and keep counts of their own. */
static void ids_that_begin_alike(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 73);
    SubjectKey *keys[3] = {NULL};
    CLEANUP(finder_table_free) FinderTable *table = NULL;
    assert_ok(finder_table_new(&table));
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t id[SUBJECT_ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, i};
        Str wrapped;
        assert_ok(keyring_new_subject_key(fixture.ring, STR_EMPTY, id, 1, fixture.arena, &wrapped,
                                          &keys[i]));
    }
    for (uint64_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < 3; i++) {
            uint8_t finder[SEAL_FINDER_BYTES];
            uint8_t wanted[SEAL_FINDER_BYTES];
            size_t slot = 0;
            assert_ok(finder_table_next(table, keys[i], fixture.node, 0, finder, &slot));
            finder_table_use(table, slot);
            assert_ok(seal_log_finder(keys[i], fixture.node, 0, k, wanted));
            assert_memory_equal(finder, wanted, sizeof finder);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        (void)subject_key_unref(keys[i]);
    }
    audit_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holder_finds_all_after_restarts),
        cmocka_unit_test(learns_every_count),
        cmocka_unit_test(ids_that_begin_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
