/* Random batches and walks against a model in memory of a few lines: same results, same refusals,
 * same index of the refused operation; views opened earlier still show the model as it was then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "fake_ports.h"

#define KEYS 14
#define VIEWS 3
#define OPS_MAX 6
#define ABSENT 0

/* Sorted as the store sorts them. */
static const char *const SUBJECTS[] = {"", "a", "ab", "b"};
#define SUBJECT_COUNT 4
static const StoreCollection COLLECTIONS[] = {STORE_GRANTS, STORE_KEYS};

typedef struct ModelDoc {
    uint64_t version; /* ABSENT: no document */
    bool has_s;
    bool has_n;
    int s;
    int64_t n;
} ModelDoc;

typedef struct Model {
    ModelDoc docs[2][KEYS];
} Model;

/* An operation as the model sees it. kind: 0 insert, 1 replace, 2 delete, 3 require, 4 require
 * absent. */
typedef struct Op {
    int kind;
    int collection;
    int key;
    uint64_t version;
    ModelDoc doc;
} Op;

typedef struct Run {
    Store *store;
    Arena *arena; /* of one round */
    uint64_t random;
    Model now;
    StoreSnapshot *views[VIEWS];
    Model views_saw[VIEWS];
} Run;

static uint64_t below(Run *run, uint64_t n)
{
    return fake_random_below(&run->random, n);
}

static Str key_text(Run *run, int key)
{
    char text[16];
    Str copy = STR_EMPTY;
    (void)snprintf(text, sizeof text, "k%02d", key);
    assert_ok(str_copy_in(run->arena, str_from(text), &copy));
    return copy;
}

static DocBody body_of(Run *run, const ModelDoc *doc)
{
    DocWriter *writer = doc_writer_in(run->arena, 1);
    DocBody body = {STR_EMPTY};
    if (doc->has_n) {
        doc_put_int(writer, "n", doc->n);
    }
    if (doc->has_s) {
        doc_put_text(writer, "s", str_from(SUBJECTS[doc->s]));
    }
    doc_put_int(writer, "x", doc->s * 1000 + doc->n);
    assert_ok(doc_finish(writer, &body));
    return body;
}

static Op op_make(Run *run, int key)
{
    Op op = {.kind = (int)below(run, 5), .collection = (int)below(run, 2), .key = key};
    uint64_t version = run->now.docs[op.collection][key].version;
    /* Mostly what fits, so that whole batches work now and then. */
    if (below(run, 8) != 0) {
        op.kind = version == ABSENT ? (below(run, 3) == 0 ? 4 : 0) : 1 + (int)below(run, 3);
    }
    op.version = version == ABSENT || below(run, 10) == 0 ? 1 + below(run, 3) : version;
    op.doc = (ModelDoc){.has_s = below(run, 6) != 0, .has_n = below(run, 6) != 0};
    op.doc.s = (int)below(run, SUBJECT_COUNT);
    op.doc.n = (int64_t)below(run, 6) - 2;
    return op;
}

/* What the operation does to the model, or why not. */
static ErrorReason op_apply(Model *model, const Op *op)
{
    ModelDoc *doc = &model->docs[op->collection][op->key];
    bool wants_absent = op->kind == 0 || op->kind == 4;
    if (wants_absent && doc->version != ABSENT) {
        return REASON_STORE_EXISTS;
    }
    if (!wants_absent && doc->version != op->version) {
        return REASON_STORE_CONFLICT;
    }
    uint64_t version = doc->version;
    if (op->kind == 0 || op->kind == 1) {
        *doc = op->doc;
        doc->version = version + 1;
    } else if (op->kind == 2) {
        *doc = (ModelDoc){.version = ABSENT};
    }
    return REASON_NONE;
}

static void op_add(Run *run, StoreBatch *batch, const Op *op)
{
    StoreCollection collection = COLLECTIONS[op->collection];
    Str key = key_text(run, op->key);
    switch (op->kind) {
    case 0:
        store_batch_insert(batch, collection, key, body_of(run, &op->doc));
        break;
    case 1:
        store_batch_replace(batch, collection, key, op->version, body_of(run, &op->doc));
        break;
    case 2:
        store_batch_delete(batch, collection, key, op->version);
        break;
    case 3:
        store_batch_require(batch, collection, key, op->version);
        break;
    default:
        store_batch_require_absent(batch, collection, key);
        break;
    }
}

static void random_batch(Run *run)
{
    StoreBatch *batch = store_batch_in(run->arena);
    Model after = run->now;
    ErrorReason wanted = REASON_NONE;
    size_t wanted_at = SIZE_MAX;
    size_t failed_at = SIZE_MAX;
    int count = 1 + (int)below(run, OPS_MAX);
    int first = (int)below(run, KEYS);
    for (int i = 0; i < count; i++) {
        Op op = op_make(run, (first + i * 3) % KEYS);
        op_add(run, batch, &op);
        if (wanted == REASON_NONE) {
            wanted = op_apply(&after, &op);
            wanted_at = wanted == REASON_NONE ? SIZE_MAX : (size_t)i;
        }
    }
    Error error = store_commit(run->store, batch, contract_deadline(), &failed_at);
    assert_int_equal(error.reason, wanted);
    assert_int_equal(failed_at, wanted_at);
    if (wanted == REASON_NONE) {
        run->now = after;
    }
}

static void compare_documents(Run *run, StoreSnapshot *view, const Model *model)
{
    for (int collection = 0; collection < 2; collection++) {
        Str keys[KEYS];
        StoreDoc docs[KEYS];
        for (int key = 0; key < KEYS; key++) {
            keys[key] = key_text(run, key);
        }
        assert_ok(store_get_many(view, run->arena, COLLECTIONS[collection], keys, KEYS, docs));
        for (int key = 0; key < KEYS; key++) {
            const ModelDoc *wanted = &model->docs[collection][key];
            assert_int_equal(docs[key].version, wanted->version);
            if (wanted->version != ABSENT) {
                assert_str_eq(docs[key].body.bytes, body_of(run, wanted).bytes);
            }
        }
    }
}

/* A walk over the grants of one subject or of all, as the model does it. */
typedef struct Walk {
    int subject; /* -1: all */
    int64_t from;
    int64_t to;
    bool is_descending;
    size_t limit;
} Walk;

static const Model *sorting; /* qsort has no context */

static int key_compare(const void *a, const void *b)
{
    int left = *(const int *)a;
    int right = *(const int *)b;
    const ModelDoc *x = &sorting->docs[0][left];
    const ModelDoc *y = &sorting->docs[0][right];
    if (x->s != y->s) {
        return x->s - y->s;
    }
    if (x->n != y->n) {
        return x->n < y->n ? -1 : 1;
    }
    return left - right;
}

static size_t model_walk(const Model *model, const Walk *walk, int keys[KEYS])
{
    size_t count = 0;
    for (int key = 0; key < KEYS; key++) {
        const ModelDoc *doc = &model->docs[0][key];
        bool is_in = doc->version != ABSENT && doc->has_s && doc->has_n;
        bool is_met = walk->subject < 0 ||
                      (doc->s == walk->subject && doc->n >= walk->from && doc->n <= walk->to);
        if (is_in && is_met) {
            keys[count++] = key;
        }
    }
    sorting = model;
    qsort(keys, count, sizeof keys[0], key_compare);
    for (size_t i = 0; walk->is_descending && i < count / 2; i++) {
        int other = keys[i];
        keys[i] = keys[count - 1 - i];
        keys[count - 1 - i] = other;
    }
    return count;
}

static void compare_walk(Run *run, StoreSnapshot *view, const Model *model, const Walk *walk)
{
    int keys[KEYS];
    size_t wanted = model_walk(model, walk, keys);
    StoreValue from = STORE_INT(walk->from);
    StoreValue to = STORE_INT(walk->to);
    StoreFind find = {.collection = STORE_GRANTS, .index = "by_subject", .limit = walk->limit};
    StoreDoc last;
    size_t met = 0;
    size_t count = 0;
    int64_t counted = 0;
    find.is_descending = walk->is_descending;
    if (walk->subject >= 0) {
        find.equal[0] = STORE_TEXT(str_from(SUBJECTS[walk->subject]));
        find.equal_count = 1;
        find.from = &from;
        find.to = &to;
    }
    do {
        StoreDoc *docs = NULL;
        assert_ok(store_find(view, run->arena, &find, &docs, &count));
        for (size_t i = 0; i < count; i++) {
            assert_true(met < wanted);
            assert_str_eq(docs[i].key, key_text(run, keys[met]));
            assert_int_equal(docs[i].version, model->docs[0][keys[met]].version);
            met++;
        }
        last = count > 0 ? docs[count - 1] : last;
        find.after = &last;
    } while (count == walk->limit);
    assert_int_equal(met, wanted);
    assert_ok(store_count(view, &find, &counted));
    assert_int_equal(counted, wanted);
}

static void compare(Run *run, StoreSnapshot *view, const Model *model)
{
    compare_documents(run, view, model);
    for (int i = 0; i < 3; i++) {
        Walk walk = {.subject = (int)below(run, SUBJECT_COUNT + 1) - 1};
        walk.from = (int64_t)below(run, 6) - 3;
        walk.to = walk.from + (int64_t)below(run, 6) - 1;
        walk.is_descending = below(run, 2) == 1;
        walk.limit = 1 + below(run, 5);
        compare_walk(run, view, model, &walk);
    }
}

/* Looks through an old view, then replaces it by a new one. */
static void turn_view(Run *run)
{
    size_t at = below(run, VIEWS);
    if (run->views[at] != NULL) {
        compare(run, run->views[at], &run->views_saw[at]);
        run->views[at] = store_snapshot_close(run->views[at]);
    }
    assert_ok(store_snapshot_open(run->store, contract_deadline(), &run->views[at]));
    run->views_saw[at] = run->now;
}

static void close_views(Run *run)
{
    for (size_t i = 0; i < VIEWS; i++) {
        run->views[i] = store_snapshot_close(run->views[i]);
    }
}

static void one_round(Run *run)
{
    run->arena = arena_new(ARENA_REQUEST_BYTES);
    assert_non_null(run->arena);
    random_batch(run);
    if (below(run, 4) == 0) {
        turn_view(run);
    }
    if (below(run, 4) == 0) {
        StoreSnapshot *view = NULL;
        assert_ok(store_snapshot_open(run->store, contract_deadline(), &view));
        compare(run, view, &run->now);
        (void)store_snapshot_close(view);
    }
    if (below(run, 100) == 0) {
        close_views(run);
        run->store = store_close(run->store);
        run->store = contract_reopen(contract_kind(), "model");
    }
    run->arena = arena_free(run->arena);
}

static void store_equals_model(void **state)
{
    (void)state;
    bool is_sqlite = strcmp(contract_kind(), "sqlite") == 0;
    int rounds = is_sqlite ? 4000 : 200;
    Run run = {.random = fake_seed("store_equals_model")};
    run.store = contract_open(contract_kind(), "model");
    for (int round = 0; round < rounds; round++) {
        one_round(&run);
    }
    close_views(&run);
    run.store = store_close(run.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(store_equals_model)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_cleanup();
    return failed;
}
