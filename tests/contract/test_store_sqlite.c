/* What only the SQLite adapter has: the file's safety, its tables, locks of other processes,
 * damaged bytes, what is left in the file after a deletion, a writer that is killed. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "contract_store.h"
#include "fake_ports.h"
#include "store_race.h"
#include "store_sqlite.h"

static Arena *arena;
static char path[200];

static int setup(void **state)
{
    static int number = 0;
    char name[32];
    (void)state;
    arena = arena_new((size_t)64 << 20);
    (void)snprintf(name, sizeof name, "own%d", ++number);
    (void)snprintf(path, sizeof path, "%s", contract_location("sqlite", name));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static Error try_open(const char *file, Store **ret_store)
{
    StoreSqliteOptions options = {.path = file, .ports = ports_system()};
    return store_sqlite_open(&options, ret_store);
}

static Store *open_own(void)
{
    Store *store = NULL;
    assert_ok(try_open(path, &store));
    return store;
}

/* Runs SQL on the file behind the adapter's back. */
static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void insert(Store *store, StoreCollection collection, const char *key, DocBody body)
{
    StoreBatch *batch = store_batch_in(arena);
    store_batch_insert(batch, collection, str_from(key), body);
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
}

static unsigned mode_of(const char *suffix)
{
    char name[220];
    struct stat status;
    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    assert_int_equal(stat(name, &status), 0);
    return status.st_mode & 0777;
}

static void files_are_private(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    Store *store = open_own();
    insert(store, STORE_META, "a", contract_body(arena, 1));
    assert_int_equal(mode_of(""), 0600);
    assert_int_equal(mode_of("-wal"), 0600);
    assert_int_equal(mode_of("-shm"), 0600);
    (void)store_close(store);
    (void)umask(mask);
    Store *none = NULL;
    assert_int_equal(chmod(path, 0640), 0);
    assert_fails(try_open(path, &none), FILE_UNSAFE);
    assert_int_equal(chmod(path, 0600), 0);
    char alias[220];
    (void)snprintf(alias, sizeof alias, "%s-alias", path);
    assert_int_equal(symlink(path, alias), 0);
    assert_fails(try_open(alias, &none), FILE_UNSAFE);
    assert_fails(try_open("/nonexistent/folder/x.db", &none), FILE_IO);
    assert_null(none);
}

static void odd_names_are_misuse(void **state)
{
    (void)state;
    const char *const names[] = {"", ":memory:", "file:x.db", "file::memory:?cache=shared"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        Store *store = NULL;
        assert_fails(try_open(names[i], &store), STORE_MISUSE);
    }
}

static void other_files_are_refused(void **state)
{
    (void)state;
    Store *store = NULL;
    run_sql("CREATE TABLE notes (text)");
    assert_int_equal(chmod(path, 0600), 0);
    assert_fails(try_open(path, &store), STORE_NOT_PREPARED);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        assert_true(fprintf(file, "this is no database %d\n", i) > 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_fails(try_open(path, &store), STORE_CORRUPT);
    assert_null(store);
}

static void newer_layout_is_refused(void **state)
{
    (void)state;
    Store *store = store_close(open_own());
    run_sql("PRAGMA user_version = 2");
    assert_fails(try_open(path, &store), STORE_NEWER);
    assert_null(store);
}

static int64_t count_of(Store *store, const char *subject)
{
    StoreFind find = {.collection = STORE_GRANTS, .index = "by_subject", .equal_count = 1};
    StoreSnapshot *view = NULL;
    int64_t count = -1;
    find.equal[0] = STORE_TEXT(str_from(subject));
    assert_ok(store_snapshot_open(store, contract_deadline(), &view));
    assert_ok(store_count(view, &find, &count));
    (void)store_snapshot_close(view);
    return count;
}

/* As if an earlier build had known neither index nor column, or declared the index otherwise. */
static void layout_is_brought_up_to_date(void **state)
{
    (void)state;
    const char *const older[] = {
        ("DROP INDEX i_grants_by_subject; ALTER TABLE c_grants DROP COLUMN m_n;"
         "ALTER TABLE c_grants DROP COLUMN m_s"),
        "DROP INDEX i_grants_by_subject; ALTER TABLE c_grants DROP COLUMN m_n",
        "DROP INDEX i_grants_by_subject",
        "DROP INDEX i_grants_by_subject; CREATE INDEX i_grants_by_subject ON c_grants (m_n)",
        "DROP TABLE c_tokens",
    };
    Store *store = open_own();
    insert(store, STORE_GRANTS, "a", contract_body_text(arena, "s", "ann", 1));
    insert(store, STORE_GRANTS, "b", contract_body_text(arena, "s", "ann", 2));
    insert(store, STORE_GRANTS, "c", contract_body(arena, 3));
    (void)store_close(store);
    for (size_t i = 0; i < sizeof older / sizeof older[0]; i++) {
        run_sql(older[i]);
        store = open_own();
        assert_int_equal(count_of(store, "ann"), 2);
        (void)store_close(store);
    }
}

static void views_wait_for_a_free_reader(void **state)
{
    (void)state;
    StoreSqliteOptions options = {.path = path, .ports = ports_system(), .readers_max = 2};
    Store *store = NULL;
    StoreSnapshot *views[3] = {NULL, NULL, NULL};
    assert_ok(store_sqlite_open(&options, &store));
    Deadline soon = deadline_in(ports_system()->clock, 50000);
    assert_ok(store_snapshot_open(store, contract_deadline(), &views[0]));
    assert_ok(store_snapshot_open(store, contract_deadline(), &views[1]));
    assert_fails(store_snapshot_open(store, soon, &views[2]), DEADLINE);
    insert(store, STORE_META, "while-all-are-out", contract_body(arena, 1));
    views[0] = store_snapshot_close(views[0]);
    assert_ok(store_snapshot_open(store, contract_deadline(), &views[2]));
    (void)store_snapshot_close(views[1]);
    (void)store_snapshot_close(views[2]);
    (void)store_close(store);
}

static sqlite3 *foreign_lock(void)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void foreign_writer_is_waited_for(void **state)
{
    (void)state;
    Store *store = open_own();
    sqlite3 *other = foreign_lock();
    Deadline soon = deadline_in(ports_system()->clock, 100000);
    StoreBatch *batch = store_batch_in(arena);
    store_batch_insert(batch, STORE_META, STR("a"), contract_body(arena, 1));
    assert_fails(store_commit(store, batch, soon, NULL), DEADLINE);
    assert_true(deadline_has_passed(soon));
    assert_int_equal(contract_number(store, STORE_META, "a"), -1);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(contract_number(store, STORE_META, "a"), 1);
    (void)store_close(store);
}

static void *release_soon(void *context)
{
    sqlite3 *other = context;
    struct timespec pause = {.tv_nsec = 30000000};
    (void)nanosleep(&pause, NULL); /* the other side waits for the lock, however long this takes */
    (void)sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
    return NULL;
}

static void opening_waits_for_a_foreign_writer(void **state)
{
    (void)state;
    pthread_t thread;
    Store *store = store_close(open_own());
    sqlite3 *other = foreign_lock();
    StoreSqliteOptions options = {.path = path, .ports = ports_system(), .open_timeout_us = 30000};
    assert_fails(store_sqlite_open(&options, &store), DEADLINE);
    assert_null(store);
    assert_int_equal(pthread_create(&thread, NULL, release_soon, other), 0);
    store = open_own();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    (void)store_close(store);
}

/* The place of a pattern in a file, or -1. */
static long file_find(const char *file, const char *pattern, size_t n)
{
    Str bytes = STR_EMPTY;
    CLEANUP(arena_free) Arena *own = arena_new((size_t)64 << 20);
    assert_ok(file_read_in(ports_system()->file, own, file, (size_t)32 << 20, &bytes));
    const void *at = memmem(bytes.p, bytes.n, pattern, n);
    return at == NULL ? -1 : (long)((const char *)at - bytes.p);
}

static void file_change(const char *file, long at, const void *bytes, size_t n)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), n);
    assert_int_equal(close(fd), 0);
}

static Error get_key(Store *store, StoreCollection collection, const char *key, StoreDoc *ret_doc)
{
    StoreSnapshot *view = NULL;
    TRY(store_snapshot_open(store, contract_deadline(), &view));
    Error error = store_get(view, arena, collection, str_from(key), ret_doc);
    (void)store_snapshot_close(view);
    return error;
}

static void damaged_body_is_noticed(void **state)
{
    (void)state;
    static const char MARK[] = "a-mark-to-be-found";
    Store *store = open_own();
    insert(store, STORE_META, "damaged", contract_body_text(arena, "m", MARK, 1));
    insert(store, STORE_META, "sound", contract_body(arena, 2));
    (void)store_close(store);
    long at = file_find(path, MARK, sizeof MARK - 1);
    assert_true(at > 0);
    for (size_t i = 0; i < sizeof MARK - 1; i++) {
        file_change(path, at + (long)i, "B", 1);
        StoreDoc doc;
        store = open_own();
        assert_fails(get_key(store, STORE_META, "damaged", &doc), STORE_CORRUPT);
        assert_int_equal(contract_number(store, STORE_META, "sound"), 2);
        (void)store_close(store);
        file_change(path, at + (long)i, &MARK[i], 1);
    }
    store = open_own();
    assert_int_equal(contract_number(store, STORE_META, "damaged"), 1);
    (void)store_close(store);
}

#define DAMAGE_DOCS 60

static void damage_store_make(void)
{
    char key[16];
    Store *store = open_own();
    StoreBatch *batch = store_batch_in(arena);
    for (int i = 0; i < DAMAGE_DOCS; i++) {
        (void)snprintf(key, sizeof key, "k%02d", i);
        store_batch_insert(batch, STORE_GRANTS, str_from(key),
                           contract_body_text(arena, "s", i % 2 == 0 ? "ann" : "bob", i));
    }
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
    (void)store_close(store);
}

/* What a walk gives belongs on it. */
static int damage_walk(Store *store, const char *subject)
{
    StoreFind find = {
        .collection = STORE_GRANTS, .index = "by_subject", .equal_count = 1, .limit = 100};
    StoreSnapshot *view = NULL;
    StoreDoc *docs = NULL;
    size_t count = 0;
    find.equal[0] = STORE_TEXT(str_from(subject));
    Error error = store_snapshot_open(store, contract_deadline(), &view);
    if (!FAILED(error)) {
        error = store_find(view, arena, &find, &docs, &count);
    }
    (void)store_snapshot_close(view);
    if (FAILED(error)) {
        assert_fails(error, STORE_CORRUPT);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        Str text = STR_EMPTY;
        assert_ok(doc_get_text(docs[i].body, "s", &text));
        assert_str(text, subject);
    }
    return 0;
}

/* Reads everything; what is read is what was written. Returns how many reads were refused as
 * damaged. */
static int damage_read(Store *store)
{
    char key[16];
    int refused = damage_walk(store, "ann") + damage_walk(store, "bob");
    for (int i = 0; i < DAMAGE_DOCS; i++) {
        StoreDoc doc = {.version = 0};
        (void)snprintf(key, sizeof key, "k%02d", i);
        Error error = get_key(store, STORE_GRANTS, key, &doc);
        if (FAILED(error)) {
            assert_fails(error, STORE_CORRUPT);
            refused++;
        } else if (doc.version != 0) {
            DocBody wanted = contract_body_text(arena, "s", i % 2 == 0 ? "ann" : "bob", i);
            assert_str_eq(doc.body.bytes, wanted.bytes);
            assert_int_equal(doc.version, 1);
        }
    }
    return refused;
}

/* Random bytes anywhere in the file: an error or the truth, never something else, never a crash. */
static void random_damage_never_lies(void **state)
{
    (void)state;
    uint64_t seed = fake_seed("random_damage_never_lies");
    int noticed = 0;
    Str whole = STR_EMPTY;
    CLEANUP(arena_free) Arena *own = arena_new((size_t)8 << 20);
    damage_store_make();
    assert_ok(file_read_in(ports_system()->file, own, path, (size_t)4 << 20, &whole));
    for (int round = 0; round < 150; round++) {
        Arena *kept = TAKE(arena);
        arena = arena_new((size_t)8 << 20);
        for (int i = 0; i < 4; i++) {
            char byte = (char)fake_random(&seed);
            file_change(path, (long)fake_random_below(&seed, whole.n), &byte, 1);
        }
        Store *store = NULL;
        Error error = try_open(path, &store);
        if (FAILED(error)) {
            assert_true(error.reason == REASON_STORE_CORRUPT ||
                        error.reason == REASON_STORE_NEWER ||
                        error.reason == REASON_STORE_NOT_PREPARED ||
                        error.reason == REASON_STORE_UNAVAILABLE);
        }
        noticed += FAILED(error) || damage_read(store) > 0;
        (void)store_close(store);
        char wal[220];
        (void)snprintf(wal, sizeof wal, "%s-wal", path);
        (void)remove(wal); /* a store that failed to close may leave it */
        file_change(path, 0, whole.p, whole.n);
        assert_int_equal(truncate(path, (off_t)whole.n), 0);
        (void)arena_free(arena);
        arena = kept;
    }
    print_message("  noticed %d of 150\n", noticed);
    assert_true(noticed > 0);
}

/* After a deletion and a checkpoint nothing of the document is left in any file. */
static void nothing_is_left_of_the_erased(void **state)
{
    (void)state;
    static const char MARK[] = "wrapped-key-of-the-erased";
    char wal[220];
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    Store *store = open_own();
    insert(store, STORE_KEYS, "erased", contract_body_text(arena, "m", MARK, 1));
    assert_ok(store_sqlite_checkpoint(store, contract_deadline()));
    assert_true(file_find(path, MARK, sizeof MARK - 1) > 0);
    StoreBatch *batch = store_batch_in(arena);
    store_batch_delete(batch, STORE_KEYS, STR("erased"), 1);
    assert_ok(store_commit(store, batch, contract_deadline(), NULL));
    StoreSnapshot *view = NULL;
    assert_ok(store_snapshot_open(store, contract_deadline(), &view));
    insert(store, STORE_META, "later", contract_body(arena, 1));
    Deadline soon = deadline_in(ports_system()->clock, 50000);
    assert_fails(store_sqlite_checkpoint(store, soon), DEADLINE);
    (void)store_snapshot_close(view);
    assert_ok(store_sqlite_checkpoint(store, contract_deadline()));
    assert_int_equal(file_find(path, MARK, sizeof MARK - 1), -1);
    assert_int_equal(file_find(wal, MARK, sizeof MARK - 1), -1);
    (void)store_close(store);
}

/* Commits that always have a snapshot beside them let the WAL grow; a checkpoint between them ends
 * that, through the port too. */
static void a_checkpoint_empties_what_commits_left(void **state)
{
    (void)state;
    char wal[220];
    struct stat at = {0};
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    Store *store = open_own();
    for (int i = 0; i < 20; i++) {
        StoreSnapshot *view = NULL;
        char key[16];
        (void)snprintf(key, sizeof key, "wal-%d", i);
        assert_ok(store_snapshot_open(store, contract_deadline(), &view));
        insert(store, STORE_META, key, contract_body(arena, i));
        (void)store_snapshot_close(view);
    }
    assert_int_equal(stat(wal, &at), 0);
    assert_true(at.st_size > 0);
    assert_ok(store_checkpoint(store, contract_deadline()));
    assert_int_equal(stat(wal, &at), 0);
    assert_int_equal(at.st_size, 0);
    Deadline passed = deadline_in(ports_system()->clock, -1);
    assert_fails(store_checkpoint(store, passed), DEADLINE);
    (void)store_close(store);
}

/* A process that is killed while it commits: what it acknowledged is there, and at most one more.
 */
static void killed_writer_loses_nothing(void **state)
{
    (void)state;
    uint64_t seed = fake_seed("killed_writer_loses_nothing");
    int64_t before = 0;
    Store *store = open_own();
    insert(store, STORE_META, "counter", contract_body(arena, 0));
    for (int round = 0; round < 12; round++) {
        RaceProcess worker = race_start("sqlite", path, 1000000);
        long wanted = 1 + (long)fake_random_below(&seed, 40);
        long told = race_told(worker, wanted);
        assert_int_equal(kill(worker.pid, SIGKILL), 0);
        assert_int_equal(race_wait(worker), 128 + SIGKILL);
        told += race_told(worker, -1);
        int64_t after = contract_number(store, STORE_META, "counter");
        assert_in_range(after - before, told, told + 1);
        before = after;
        race_done(worker);
    }
    (void)store_close(store);
    store = open_own();
    assert_int_equal(contract_number(store, STORE_META, "counter"), before);
    (void)store_close(store);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(files_are_private),
        TEST(odd_names_are_misuse),
        TEST(other_files_are_refused),
        TEST(newer_layout_is_refused),
        TEST(layout_is_brought_up_to_date),
        TEST(views_wait_for_a_free_reader),
        TEST(foreign_writer_is_waited_for),
        TEST(opening_waits_for_a_foreign_writer),
        TEST(damaged_body_is_noticed),
        TEST(random_damage_never_lies),
        TEST(nothing_is_left_of_the_erased),
        TEST(a_checkpoint_empties_what_commits_left),
        TEST(killed_writer_loses_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
