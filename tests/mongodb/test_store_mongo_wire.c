/* What the adapter sends: whatever text callers store, look for or resume behind, no byte of it
 * becomes a member's name or an operator of a command. Every request is caught on the wire and
 * taken apart. Run by with_mongodb.py. */
#include "check.h"

#include <bson/bson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_names.h"
#include "fault_bench.h"

#define OP_MSG 2013
#define MESSAGE_HEAD 16

/* Hostile text that is good as a stored text; those without blanks and within ASCII serve as keys
 * too. */
static const char *const CORPUS[] = {
    "$where",
    "$gt",
    "$ne",
    "$regex",
    "$expr",
    "$function",
    "$set",
    "$inc",
    "$unset",
    "$rename",
    "$merge",
    "$out",
    "{\"$gt\":\"\"}",
    "{\"$ne\":null}",
    "{\"$where\":\"sleep(9000)\"}",
    "{\"$regex\":\".*\"}",
    "[{\"$match\":{}}]",
    "{$gt:''}",
    "$",
    "$$",
    "$$ROOT",
    "$b.f",
    "a.b",
    "b.$[]",
    "b.s",
    ".",
    "..",
    "_id",
    "v",
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "'; return true; //",
    "'||'1'=='1",
    "\"",
    "\\",
    "\\u0024gt",
    "{\"a\":{\"b\":1}}",
    "true",
    "null",
    "NaN",
    "0",
    "-1",
    "9223372036854775808",
    "ObjectId('507f1f77bcf86cd799439011')",
    "\xef\xbc\x84gt",
    "\xef\xb9\xa9where",
    "\xe2\x80\xaegt$",
    "caf\xc3\xa9.$x",
    "\xf0\x9f\x92\xb8$",
    "%24gt",
    "&#36;gt",
    "../../etc/passwd",
    "admin",
    "system.users",
    "line\nfeed",
    "tab\there",
};
#define CORPUS_COUNT (sizeof CORPUS / sizeof CORPUS[0])

static const char *const NAMES[] = {COMMAND_NAMES};

typedef struct Catch {
    pthread_mutex_t lock;
    size_t messages;
    char stray[64]; /* the first name that nobody allowed */
} Catch;

static Catch caught = {.lock = PTHREAD_MUTEX_INITIALIZER};
static Bench bench;

static bool is_allowed(const char *name)
{
    if (name[strspn(name, "0123456789")] == '\0') {
        return true; /* an array's place */
    }
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(NAMES[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void walk_names(bson_iter_t *at, int depth)
{
    while (bson_iter_next(at)) {
        bson_iter_t inner;
        const char *name = bson_iter_key(at);
        if (!is_allowed(name) && caught.stray[0] == '\0') {
            (void)snprintf(caught.stray, sizeof caught.stray, "%s", name);
        }
        bool is_code =
            BSON_ITER_HOLDS_CODE(at) || BSON_ITER_HOLDS_CODEWSCOPE(at) || BSON_ITER_HOLDS_REGEX(at);
        if (is_code && caught.stray[0] == '\0') {
            (void)snprintf(caught.stray, sizeof caught.stray, "code or regex in %s", name);
        }
        bool nests = BSON_ITER_HOLDS_DOCUMENT(at) || BSON_ITER_HOLDS_ARRAY(at);
        if (nests && depth < 20 && bson_iter_recurse(at, &inner)) {
            walk_names(&inner, depth + 1);
        }
    }
}

static void see_document(const uint8_t *bytes, size_t n)
{
    bson_iter_t at;
    if (bson_iter_init_from_data(&at, bytes, n)) {
        walk_names(&at, 0);
    }
}

static uint32_t u32_at(const uint8_t *at)
{
    uint32_t value = 0;
    memcpy(&value, at, sizeof value);
    return value;
}

/* A body, and lists of documents beside it. */
static void see_sections(const uint8_t *at, const uint8_t *end)
{
    while (at + 5 < end) {
        uint8_t kind = *at++;
        uint32_t n = u32_at(at);
        if (kind == 0) {
            see_document(at, n);
        } else {
            const uint8_t *document = at + 4 + strlen((const char *)at + 4) + 1;
            while (document + 4 < at + n) {
                see_document(document, u32_at(document));
                document += u32_at(document);
            }
        }
        at += n;
    }
}

static void witness(void *context, const uint8_t *message, size_t n)
{
    (void)context;
    if (u32_at(message + 12) != OP_MSG) {
        return; /* the driver's first greeting */
    }
    (void)pthread_mutex_lock(&caught.lock);
    caught.messages++;
    see_sections(message + MESSAGE_HEAD + 4, message + n);
    (void)pthread_mutex_unlock(&caught.lock);
}

static bool is_key(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < 0x21 || *at > 0x7e) {
            return false;
        }
    }
    return true;
}

/* Stores the text as key and as members of both kinds of use, indexed and not. */
static void store_text(Arena *arena, Str key, const char *text)
{
    DocWriter *writer = doc_writer_in(arena, 1);
    DocBody body;
    doc_put_text(writer, "s", str_from(text));
    doc_put_int(writer, "n", 7);
    doc_put_text(writer, "t", str_from(text));
    assert_ok(doc_finish(writer, &body));
    StoreBatch *batch = store_batch_in(arena);
    store_batch_insert(batch, STORE_GRANTS, key, body);
    store_batch_require_absent(batch, STORE_LINKS, key);
    assert_ok(store_commit(bench.through, batch, contract_deadline(), NULL));
    batch = store_batch_in(arena);
    store_batch_replace(batch, STORE_GRANTS, key, 1, body);
    assert_ok(store_commit(bench.through, batch, contract_deadline(), NULL));
}

/* Finds it by key, by value, in a range, behind itself; exactly this document, and its text as it
 * was. */
static void find_text(Arena *arena, Str key, const char *text)
{
    StoreSnapshot *snapshot = NULL;
    StoreDoc doc;
    StoreDoc *docs = NULL;
    StoreValue bound = STORE_INT(7);
    Str stored;
    size_t count = 0;
    int64_t total = 0;
    assert_ok(store_snapshot_open(bench.through, contract_deadline(), &snapshot));
    assert_ok(store_get(snapshot, arena, STORE_GRANTS, key, &doc));
    assert_int_equal(doc.version, 2);
    assert_ok(doc_get_text(doc.body, "t", &stored));
    assert_str(stored, text);
    StoreFind find = {.collection = STORE_GRANTS,
                      .index = "by_subject",
                      .equal = {STORE_TEXT(str_from(text))},
                      .equal_count = 1,
                      .from = &bound,
                      .to = &bound,
                      .limit = 10};
    assert_ok(store_find(snapshot, arena, &find, &docs, &count));
    assert_int_equal(count, 1);
    assert_str_eq(docs[0].key, key);
    assert_ok(store_count(snapshot, &find, &total));
    assert_int_equal(total, 1);
    find.after = &docs[0];
    assert_ok(store_find(snapshot, arena, &find, &docs, &count));
    assert_int_equal(count, 0);
    (void)store_snapshot_close(snapshot);
}

static void test_no_text_becomes_an_operator(void **state)
{
    (void)state;
    for (size_t i = 0; i < CORPUS_COUNT; i++) {
        CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
        char made[16];
        (void)snprintf(made, sizeof made, "k%zu", i);
        Str key = str_from(is_key(CORPUS[i]) ? CORPUS[i] : made);
        store_text(arena, key, CORPUS[i]);
        find_text(arena, key, CORPUS[i]);
    }
    (void)pthread_mutex_lock(&caught.lock);
    print_message("%zu requests caught\n", caught.messages);
    assert_true(caught.messages > CORPUS_COUNT * 10);
    assert_string_equal(caught.stray, "");
    (void)pthread_mutex_unlock(&caught.lock);
}

/* The net has no hole: a request of another make is caught. */
static void test_the_net_catches(void **state)
{
    uint8_t message[512] = {0};
    bson_t body = BSON_INITIALIZER;
    bson_t filter;
    (void)state;
    BSON_APPEND_UTF8(&body, "find", "grants");
    BSON_APPEND_DOCUMENT_BEGIN(&body, "filter", &filter);
    BSON_APPEND_UTF8(&filter, "$where", "1");
    bson_append_document_end(&body, &filter);
    uint32_t code = OP_MSG;
    memcpy(message + 12, &code, sizeof code);
    memcpy(message + MESSAGE_HEAD + 5, bson_get_data(&body), body.len);
    witness(NULL, message, MESSAGE_HEAD + 5 + body.len);
    bson_destroy(&body);
    assert_string_equal(caught.stray, "$where");
}

static int set_up(void **state)
{
    (void)state;
    bench_start(&bench);
    fault_proxy_witness(bench.proxy, witness, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fault_proxy_witness(bench.proxy, NULL, NULL);
    bench_stop(&bench);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_text_becomes_an_operator),
        cmocka_unit_test(test_the_net_catches),
    };
    return cmocka_run_group_tests_name("store_mongo_wire", tests, set_up, tear_down);
}
