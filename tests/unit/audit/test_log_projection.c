/* The history of a subject in the store equals the test's own list: while following, after stops,
 * after a rebuild from the segments alone, over two nodes; and tells the store's administrator
 * nothing. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_fixture.h"
#include "log_projection.h"
#include "pseudonym.h"
#include "store_sqlite.h"

enum { PEOPLE = 12, LEAVES_MAX = 80000, CALL_LEAVES = 1000 };

/* What the test itself appended. */
typedef struct Own {
    uint32_t person;
    uint64_t number;
    int64_t at_ms;
} Own;

typedef struct City {
    AuditFixture fixture;
    char database[AUDIT_PATH_BYTES + 16];
    Store *store;
    SubjectKey *keys[PEOPLE];
    bool is_present[PEOPLE];
    Own own[LEAVES_MAX];
    size_t own_count;
    size_t walks;
    size_t failing_walks; /* so many walks fail before the next one succeeds */
} City;
static City the_city; /* one at a time */

static Deadline soon(void)
{
    return deadline_in(ports_system()->clock, 20 * CLOCK_SECOND_US);
}

static void store_key(City *city, uint32_t person, Str wrapped)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(subject_key_subject(city->keys[person]), text);
    DocWriter *writer = doc_writer_in(city->fixture.arena, 1);
    doc_put_int(writer, "g", 1);
    doc_put_bytes(writer, "w", wrapped);
    DocBody body;
    assert_ok(doc_finish(writer, &body));
    StoreBatch *batch = store_batch_in(city->fixture.arena);
    store_batch_insert(batch, STORE_KEYS, str_from(text), body);
    assert_ok(store_commit(city->store, batch, soon(), NULL));
}

static void open_store(City *city)
{
    StoreSqliteOptions options = {.path = city->database, .ports = ports_system()};
    assert_ok(store_sqlite_open(&options, &city->store));
}

static City *city_open(void)
{
    City *city = &the_city;
    memset(city, 0, sizeof *city);
    audit_fixture_init(&city->fixture, 51);
    (void)snprintf(city->database, sizeof city->database, "%.100s/db", city->fixture.root);
    open_store(city);
    for (uint32_t person = 0; person < PEOPLE; person++) {
        Str wrapped;
        city->keys[person] = audit_subject_wrapped(&city->fixture, person, &wrapped);
        city->is_present[person] = true;
        store_key(city, person, wrapped);
    }
    return city;
}

static void city_done(City *city)
{
    (void)store_close(city->store);
    static const char *const SUFFIXES[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[AUDIT_PATH_BYTES + 32];
        (void)snprintf(path, sizeof path, "%.120s%s", city->database, SUFFIXES[i]);
        (void)unlink(path);
    }
    for (uint32_t person = 0; person < PEOPLE; person++) {
        (void)subject_key_unref(city->keys[person]);
    }
    audit_fixture_done(&city->fixture);
}

static Error each_present(void *context, LogSubjectVisit visit, void *visitor)
{
    City *city = context;
    city->walks++;
    if (city->failing_walks > 0) {
        city->failing_walks--;
        return FAIL(STORE_UNAVAILABLE, NULL);
    }
    for (uint32_t person = 0; person < PEOPLE; person++) {
        if (city->is_present[person]) {
            TRY(visit(visitor, city->keys[person]));
        }
    }
    return OK;
}

static LogProjection *follow(City *city, AccessLog *log)
{
    LogSubjects subjects = {.each = each_present, .context = city};
    LogProjection *projection = NULL;
    assert_ok(log_projection_start(log, city->store, &subjects, &projection));
    return projection;
}

static void append_for(City *city, AccessLog *log, uint32_t person)
{
    uint64_t number = city->own_count;
    assert_true(number < LEAVES_MAX);
    city->own[city->own_count++] =
        (Own){.person = person, .number = number, .at_ms = city->fixture.fake.now_us / 1000};
    assert_ok(audit_append(log, city->keys[person], number, 10));
}

/* Many at once, all at one moment; person p gets every share[p]-th of them (0: none), the rest go
 * to person 0, or without a key to nobody. */
static void append_page(City *city, AccessLog *log, const size_t share[PEOPLE], bool has_rest_key)
{
    static char requests[CALL_LEAVES][AUDIT_REQUEST_BYTES];
    static LeafDraft drafts[CALL_LEAVES];
    for (size_t i = 0; i < CALL_LEAVES; i++) {
        uint64_t number = city->own_count;
        uint32_t owner = 0;
        for (uint32_t person = 1; person < PEOPLE; person++) {
            owner = share[person] > 0 && number % share[person] == 0 ? person : owner;
        }
        city->own[city->own_count++] =
            (Own){.person = owner, .number = number, .at_ms = city->fixture.fake.now_us / 1000};
        bool has_key = owner > 0 || has_rest_key;
        drafts[i] = audit_draft(has_key ? city->keys[owner] : NULL, number, requests[i]);
    }
    uint64_t first = 0;
    assert_ok(access_log_append(log, drafts, CALL_LEAVES, soon(), &first));
}

static void append_random(City *city, AccessLog *log, size_t count, uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        fake_clock_advance(&city->fixture.fake,
                           (int64_t)fake_random_below(random, 300) * CLOCK_SECOND_US);
        append_for(city, log, (uint32_t)fake_random_below(random, PEOPLE));
    }
}

static void catch_up(LogProjection *projection, AccessLog *log)
{
    assert_ok(log_projection_wait(projection, access_log_size(log), soon()));
}

/* Pages through the history of one person and compares it with the own list, newest first. */
static void check_history(City *city, uint32_t person, size_t page)
{
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    assert_ok(store_snapshot_open(city->store, soon(), &snapshot));
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive((size_t)64 << 20);
    LogCursor cursor = {0};
    const LogCursor *before = NULL;
    size_t own = city->own_count;
    bool has_more = true;
    while (has_more) {
        AccessLine *lines = NULL;
        size_t count = 0;
        assert_ok(log_projection_read(snapshot, arena, city->keys[person], before, page, &lines,
                                      &count, &has_more));
        assert_true(!has_more || count == page);
        for (size_t i = 0; i < count; i++) {
            do {
                assert_true(own > 0);
                own--;
            } while (city->own[own].person != person);
            char request[AUDIT_REQUEST_BYTES];
            (void)snprintf(request, sizeof request, "rq-%llu",
                           (unsigned long long)city->own[own].number);
            assert_str(lines[i].request_id, request);
            assert_int_equal(lines[i].at_ms, city->own[own].at_ms);
            assert_str(lines[i].client, "kenko");
            assert_str(lines[i].purpose, "health-promotion");
            assert_str(lines[i].detail.entity_id, "urn:ngsi-ld:Person:kenko-1");
            assert_str(lines[i].detail.grant_id, "grant-1");
            assert_int_equal(lines[i].detail.attribute_count, 2);
        }
        if (has_more) {
            Str text;
            assert_ok(log_cursor_text_in(arena, &lines[count - 1], &text));
            assert_true(log_cursor_parse(text, &cursor));
            before = &cursor;
        }
    }
    while (own > 0) {
        own--;
        assert_int_not_equal(city->own[own].person, person); /* nothing is missing at the end */
    }
}

static void check_everyone(City *city)
{
    for (uint32_t person = 0; person < PEOPLE; person++) {
        check_history(city, person, 7);
        check_history(city, person, LOG_PAGE_MAX);
    }
}

static void follows_and_pages(void **state)
{
    (void)state;
    City *city = city_open();
    uint64_t random = fake_seed("follows_and_pages");
    AccessLog *log = audit_open(&city->fixture);
    LogProjection *projection = follow(city, log);
    append_random(city, log, 600, &random);
    const Clock *clock = ports_system()->clock;
    int64_t start = clock->monotonic_us(clock);
    catch_up(projection, log);
    assert_true(clock->monotonic_us(clock) - start < 2 * CLOCK_SECOND_US); /* L-3 */
    check_everyone(city);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    city_done(city);
}

/* Stopped before anything was projected, half way, and again: nothing is lost and nothing doubled.
 */
static void replays_after_stops(void **state)
{
    (void)state;
    City *city = city_open();
    uint64_t random = fake_seed("replays_after_stops");
    for (int start = 0; start < 4; start++) {
        AccessLog *log = audit_open(&city->fixture);
        append_random(city, log, 40, &random); /* nobody follows */
        LogProjection *projection = follow(city, log);
        append_random(city, log, 40, &random);
        if (start % 2 == 0) {
            catch_up(projection, log);
        }
        append_random(city, log, 30, &random);
        (void)log_projection_stop(projection);
        (void)access_log_close(log);
    }
    AccessLog *log = audit_open(&city->fixture);
    LogProjection *projection = follow(city, log);
    catch_up(projection, log);
    check_everyone(city);
    assert_true(city->walks > 0);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    city_done(city);
}

static void rebuilt_from_segments_alone(void **state)
{
    (void)state;
    City *city = city_open();
    uint64_t random = fake_seed("rebuilt_from_segments_alone");
    AccessLog *log = audit_open(&city->fixture);
    LogProjection *projection = follow(city, log);
    append_random(city, log, 1500, &random); /* more lines than one commit takes */
    catch_up(projection, log);
    check_everyone(city);
    (void)log_projection_stop(projection);
    assert_ok(log_projection_wipe(city->store, soon()));
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    assert_ok(store_snapshot_open(city->store, soon(), &snapshot));
    AccessLine *lines = NULL;
    size_t count = 0;
    bool has_more = false;
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive((size_t)8 << 20);
    assert_ok(
        log_projection_read(snapshot, arena, city->keys[0], NULL, 10, &lines, &count, &has_more));
    assert_int_equal(count, 0);
    snapshot = store_snapshot_close(snapshot);
    projection = follow(city, log);
    catch_up(projection, log);
    check_everyone(city);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    city_done(city);
}

/* Two nodes write about the same citizens; each follows its own log; a history is one. */
static void two_nodes_one_history(void **state)
{
    (void)state;
    City *city = city_open();
    AuditFixture other;
    audit_fixture_init(&other, 52);
    AccessLogOptions options = audit_options(&city->fixture);
    options.folder = other.folder;
    options.node = STR("node-b");
    AccessLog *logs[2] = {audit_open(&city->fixture), NULL};
    assert_ok(access_log_open(&options, &logs[1]));
    LogProjection *projections[2] = {follow(city, logs[0]), follow(city, logs[1])};
    uint64_t random = fake_seed("two_nodes_one_history");
    for (size_t i = 0; i < 300; i++) {
        fake_clock_advance(&city->fixture.fake,
                           1000 + (int64_t)fake_random_below(&random, 40) * CLOCK_SECOND_US);
        append_for(city, logs[fake_random_below(&random, 2)],
                   (uint32_t)fake_random_below(&random, PEOPLE));
    }
    for (size_t node = 0; node < 2; node++) {
        catch_up(projections[node], logs[node]);
    }
    check_everyone(city);
    for (size_t node = 0; node < 2; node++) {
        (void)log_projection_stop(projections[node]);
        (void)access_log_close(logs[node]);
    }
    audit_fixture_done(&other);
    city_done(city);
}

/* More lines than one fetch takes, many of them of one hour and one millisecond: pages still have
 * one order. */
static void long_history(void **state)
{
    (void)state;
    City *city = city_open();
    AccessLog *log = audit_open(&city->fixture);
    LogProjection *projection = follow(city, log);
    const size_t share[PEOPLE] = {0, 2, 3, 5, 97};
    for (int page = 0; page < 4; page++) {
        append_page(city, log, share, true);
        fake_clock_advance(&city->fixture.fake,
                           1900 * CLOCK_SECOND_US); /* about two pages an hour */
    }
    catch_up(projection, log);
    for (uint32_t person = 0; person < 6; person++) {
        check_history(city, person, LOG_PAGE_MAX);
    }
    check_history(city, 3, 9);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    city_done(city);
}

/* Epochs of 65,536 leaves: counting begins anew, across a restart too, and a rebuild finds every
 * line on both sides. The committer remembers fewer owners than are waiting here, so the follower
 * has to find some of them itself. */
static void across_epochs(void **state)
{
    (void)state;
    City *city = city_open();
    const size_t share[PEOPLE] = {0, 0, 1009, 4999, 20011};
    AccessLog *log = audit_open(&city->fixture);
    access_log_follow(log);
    for (int page = 0; page < 60; page++) {
        append_page(city, log, share, page < 17); /* 17,000: more than ACCESS_LOG_OWNERS_MAX */
        fake_clock_advance(&city->fixture.fake, 3600 * CLOCK_SECOND_US);
    }
    (void)access_log_close(log); /* nobody took the owners */
    log = audit_open(&city->fixture);
    for (int page = 0; page < 10; page++) {
        append_page(city, log, share, false);
        fake_clock_advance(&city->fixture.fake, 3600 * CLOCK_SECOND_US);
    }
    assert_true(access_log_size(log) > LEAF_EPOCH_LEAVES);
    LogProjection *projection = follow(city, log);
    append_page(city, log, share, false);
    catch_up(projection, log);
    assert_int_equal(log_projection_seq(projection), access_log_size(log));
    for (uint32_t person = 1; person < 6; person++) {
        check_history(city, person, 20);
    }
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    audit_check_genuine(&city->fixture);
    city_done(city);
}

/* A walk over the subjects that fails is repeated until it succeeds. */
static void failing_walks_are_repeated(void **state)
{
    (void)state;
    City *city = city_open();
    uint64_t random = fake_seed("failing_walks_are_repeated");
    AccessLog *log = audit_open(&city->fixture);
    append_random(city, log, 50, &random);
    city->failing_walks = 3;
    LogProjection *projection = follow(city, log);
    catch_up(projection, log);
    assert_int_equal(city->failing_walks, 0);
    check_everyone(city);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    city_done(city);
}

static size_t count_lines(City *city)
{
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    assert_ok(store_snapshot_open(city->store, soon(), &snapshot));
    StoreFind find = {.collection = STORE_LOG_LINES, .limit = STORE_FIND_LIMIT_MAX};
    StoreDoc *docs = NULL;
    size_t count = 0;
    assert_ok(store_find(snapshot, city->fixture.arena, &find, &docs, &count));
    return count;
}

static void erase(City *city, uint32_t person)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(subject_key_subject(city->keys[person]), text);
    StoreBatch *batch = store_batch_in(city->fixture.arena);
    store_batch_delete(batch, STORE_KEYS, str_from(text), 1);
    assert_ok(store_commit(city->store, batch, soon(), NULL));
    keyring_forget_subject(city->fixture.ring, subject_key_subject(city->keys[person]));
    city->is_present[person] = false;
}

/* Once the key is gone no line of the erased can be found or rebuilt, and the log still verifies.
 */
static void erased_lines_are_not_found(void **state)
{
    (void)state;
    City *city = city_open();
    AccessLog *log = audit_open(&city->fixture);
    for (uint32_t i = 0; i < 60; i++) {
        append_for(city, log, i % PEOPLE);
    }
    erase(city, 3);
    LogProjection *projection = follow(city, log); /* only finders tell whose lines these are */
    catch_up(projection, log);
    assert_int_equal(count_lines(city), 60 - 60 / PEOPLE);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    assert_ok(store_snapshot_open(city->store, soon(), &snapshot));
    AccessLine *lines = NULL;
    size_t count = 0;
    bool has_more = false;
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive((size_t)8 << 20);
    Error error =
        log_projection_read(snapshot, arena, city->keys[3], NULL, 10, &lines, &count, &has_more);
    assert_true(FAILED(error) || count == 0);
    snapshot = store_snapshot_close(snapshot);
    uint8_t finder[SEAL_FINDER_BYTES];
    assert_fails(seal_log_finder(city->keys[3], STR("node-a"), 0, 0, finder), CRYPTO_OPEN);
    check_history(city, 4, 10);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    audit_check_genuine(&city->fixture);
    city_done(city);
}

/* A key document that goes between the leaf and its line: the commit leaves that line out and keeps
 * the others. */
static void erased_while_following(void **state)
{
    (void)state;
    City *city = city_open();
    AccessLog *log = audit_open(&city->fixture);
    LogProjection *projection = follow(city, log);
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t person = 0; person < PEOPLE; person++) {
            if (city->is_present[person]) {
                append_for(city, log, person);
            }
        }
        erase(city, round);
    }
    catch_up(projection, log);
    for (uint32_t person = 5; person < PEOPLE; person++) {
        check_history(city, person, 3);
    }
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    city_done(city);
}

static bool contains(Str haystack, Str needle)
{
    return memmem(haystack.p, haystack.n, needle.p, needle.n) != NULL;
}

/* C-6: the database file and the segments hold no client-side word of the details, and the store
 * not even the leaf's. */
static void nothing_in_clear(void **state)
{
    (void)state;
    City *city = city_open();
    AccessLog *log = audit_open(&city->fixture);
    LogProjection *projection = follow(city, log);
    for (uint32_t i = 0; i < 30; i++) {
        append_for(city, log, i % PEOPLE);
    }
    catch_up(projection, log);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    assert_ok(store_sqlite_checkpoint(city->store, soon()));
    Str database = audit_read_file(&city->fixture, city->database);
    char path[AUDIT_PATH_BYTES + 32];
    audit_segment_path(&city->fixture, 1, path);
    Str segment = audit_read_file(&city->fixture, path);
    static const Str SECRETS[] = {STR_INIT("birthDate"), STR_INIT("urn:ngsi-ld:Person"),
                                  STR_INIT("grant-1"), STR_INIT("192.0.2.7"),
                                  STR_INIT("type=Person")};
    for (size_t i = 0; i < sizeof SECRETS / sizeof SECRETS[0]; i++) {
        assert_false(contains(database, SECRETS[i]));
        assert_false(contains(segment, SECRETS[i]));
    }
    static const Str LEAF_WORDS[] = {STR_INIT("kenko"), STR_INIT("health-promotion"),
                                     STR_INIT("rq-7"), STR_INIT("CONSENT_OK")};
    for (size_t i = 0; i < sizeof LEAF_WORDS / sizeof LEAF_WORDS[0]; i++) {
        assert_false(contains(database, LEAF_WORDS[i]));
        assert_true(contains(segment, LEAF_WORDS[i])); /* the scan finds what is there */
    }
    city_done(city);
}

/* The administrator of the store exchanges two sealed lines of one citizen: reading notices. */
static void exchanged_lines_are_noticed(void **state)
{
    (void)state;
    City *city = city_open();
    AccessLog *log = audit_open(&city->fixture);
    LogProjection *projection = follow(city, log);
    append_for(city, log, 0);
    append_for(city, log, 0);
    catch_up(projection, log);
    (void)log_projection_stop(projection);
    (void)access_log_close(log);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    assert_ok(store_snapshot_open(city->store, soon(), &snapshot));
    StoreFind find = {.collection = STORE_LOG_LINES, .limit = 2};
    StoreDoc *docs = NULL;
    size_t count = 0;
    assert_ok(store_find(snapshot, city->fixture.arena, &find, &docs, &count));
    snapshot = store_snapshot_close(snapshot);
    assert_int_equal(count, 2);
    StoreBatch *batch = store_batch_in(city->fixture.arena);
    store_batch_replace(batch, STORE_LOG_LINES, docs[0].key, docs[0].version, docs[1].body);
    assert_ok(store_commit(city->store, batch, soon(), NULL));
    assert_ok(store_snapshot_open(city->store, soon(), &snapshot));
    AccessLine *lines = NULL;
    bool has_more = false;
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive((size_t)8 << 20);
    assert_fails(
        log_projection_read(snapshot, arena, city->keys[0], NULL, 10, &lines, &count, &has_more),
        STORE_CORRUPT);
    snapshot = store_snapshot_close(snapshot);
    city_done(city);
}

static void cursors(void **state)
{
    (void)state;
    LogCursor cursor;
    assert_true(log_cursor_parse(STR("1775001600000.17.node-a.b"), &cursor));
    assert_int_equal(cursor.at_ms, 1775001600000);
    assert_int_equal(cursor.seq, 17);
    assert_str(cursor.node, "node-a.b");
    static const char *const WRONG[] = {"",       ".",      "..",    "1.2.",  "1.2",
                                        "-1.2.a", "1.02.a", "1.2.A", "x.2.a", "1.2.a b"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_false(log_cursor_parse(str_from(WRONG[i]), &cursor));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_and_pages),
        cmocka_unit_test(replays_after_stops),
        cmocka_unit_test(rebuilt_from_segments_alone),
        cmocka_unit_test(two_nodes_one_history),
        cmocka_unit_test(long_history),
        cmocka_unit_test(across_epochs),
        cmocka_unit_test(failing_walks_are_repeated),
        cmocka_unit_test(erased_lines_are_not_found),
        cmocka_unit_test(erased_while_following),
        cmocka_unit_test(nothing_in_clear),
        cmocka_unit_test(exchanged_lines_are_noticed),
        cmocka_unit_test(cursors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
