/* Walks along indexes: equality, ranges, both directions, pages, ties, documents outside the index,
 * projection. */
#include "contract.h"

#include <inttypes.h>

/* Writes down the keys that a walk meets. */
static void say_find(Contract *contract, StoreSnapshot *snapshot, const char *what,
                     const StoreFind *find)
{
    StoreDoc *docs = NULL;
    size_t count = 0;
    contract_say(contract, "%s:", what);
    Error error = store_find(snapshot, contract->arena, find, &docs, &count);
    if (FAILED(error)) {
        contract_say(contract, " %s\n", error_words(error.reason)->name);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        contract_say(contract, " %.*s", STR_FORMAT(docs[i].key));
    }
    contract_say(contract, "\n");
}

static void say_count(Contract *contract, StoreSnapshot *snapshot, const char *what,
                      const StoreFind *find)
{
    int64_t count = 0;
    Error error = store_count(snapshot, find, &count);
    contract_say(contract, "%s: ", what);
    if (FAILED(error)) {
        contract_say(contract, "%s\n", error_words(error.reason)->name);
    } else {
        contract_say(contract, "%" PRId64 "\n", count);
    }
}

static StoreSnapshot *open_view(Contract *contract)
{
    StoreSnapshot *snapshot = NULL;
    MUST(store_snapshot_open(contract->store, contract_deadline(), &snapshot));
    return snapshot;
}

/* Grants of two subjects with equal, negative and huge order numbers, in no order, and some without
 * a member. */
static void grants_make(Contract *contract)
{
    static const struct {
        const char *key;
        const char *subject;
        int64_t n;
    } GRANTS[] = {{"g7", "ann", 3},         {"g1", "ann", 3}, {"g4", "ann", -5}, {"g2", "bob", 1},
                  {"g9", "ann", INT64_MAX}, {"g3", "ann", 0}, {"g8", "bob", -1}, {"g5", "ann", 3},
                  {"g6", "ann", INT64_MIN}, {"g0", "an", 2},  {"gA", "annn", 2}, {"gB", "", 2}};
    for (size_t i = 0; i < sizeof GRANTS / sizeof GRANTS[0]; i++) {
        DocBody body = contract_body_text(contract->arena, "s", GRANTS[i].subject, GRANTS[i].n);
        contract_insert(contract, STORE_GRANTS, GRANTS[i].key, body);
    }
    contract_insert(contract, STORE_GRANTS, "no-subject", contract_body(contract->arena, 3));
    DocWriter *writer = doc_writer_in(contract->arena, 1);
    DocBody body = {STR_EMPTY};
    doc_put_text(writer, "s", STR("ann"));
    MUST(doc_finish(writer, &body));
    contract_insert(contract, STORE_GRANTS, "no-number", body);
}

static StoreFind grants_of(const char *subject)
{
    StoreFind find = {
        .collection = STORE_GRANTS, .index = "by_subject", .equal_count = 1, .limit = 100};
    find.equal[0] = STORE_TEXT(str_from(subject));
    return find;
}

static void equality_and_range(Contract *contract)
{
    grants_make(contract);
    StoreSnapshot *view = open_view(contract);
    const char *const subjects[] = {"ann", "bob", "an", "annn", "", "nobody"};
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        StoreFind find = grants_of(subjects[i]);
        contract_say(contract, "[%s]\n", subjects[i]);
        say_find(contract, view, "up", &find);
        find.is_descending = true;
        say_find(contract, view, "down", &find);
        say_count(contract, view, "count", &find);
    }
    const int64_t ends[] = {INT64_MIN, -5, 0, 1, 3, INT64_MAX};
    for (size_t i = 0; i < 36; i++) {
        StoreValue from = STORE_INT(ends[i / 6]);
        StoreValue to = STORE_INT(ends[i % 6]);
        StoreFind find = grants_of("ann");
        find.from = &from;
        find.to = &to;
        find.is_descending = i % 2 == 1;
        contract_say(contract, "[%" PRId64 ", %" PRId64 "]\n", from.number, to.number);
        say_find(contract, view, find.is_descending ? "down" : "up", &find);
        say_count(contract, view, "count", &find);
        find.from = i % 2 == 0 ? NULL : &from;
        find.to = i % 2 == 0 ? &to : NULL;
        say_find(contract, view, i % 2 == 0 ? "open from" : "open to", &find);
    }
    (void)store_snapshot_close(view);
}

static void whole_index_and_text_range(Contract *contract)
{
    grants_make(contract);
    StoreSnapshot *view = open_view(contract);
    StoreFind find = {.collection = STORE_GRANTS, .index = "by_subject", .limit = 100};
    say_find(contract, view, "all", &find);
    say_count(contract, view, "count", &find);
    find.is_descending = true;
    say_find(contract, view, "all down", &find);
    StoreValue from = STORE_TEXT(STR("an"));
    StoreValue to = STORE_TEXT(STR("ann"));
    find.from = &from;
    find.to = &to;
    say_find(contract, view, "an to ann, down", &find);
    find.is_descending = false;
    say_find(contract, view, "an to ann, up", &find);
    find.to = NULL;
    say_find(contract, view, "from an", &find);
    StoreFind exact = grants_of("ann");
    exact.equal_count = 2;
    exact.equal[1] = STORE_INT(3);
    say_find(contract, view, "ann and 3", &exact);
    exact.is_descending = true;
    say_find(contract, view, "ann and 3, down", &exact);
    say_count(contract, view, "count", &exact);
    (void)store_snapshot_close(view);
}

/* Walks page by page with each page size, in both directions; the pages must add up to the whole.
 */
static void pages_of(Contract *contract, StoreSnapshot *view, StoreFind find)
{
    for (size_t limit = 1; limit <= 4; limit++) {
        for (int down = 0; down < 2; down++) {
            StoreDoc last;
            contract_say(contract, "pages of %zu%s:", limit, down == 1 ? ", down" : "");
            find.limit = limit;
            find.is_descending = down == 1;
            find.after = NULL;
            for (;;) {
                StoreDoc *docs = NULL;
                size_t count = 0;
                MUST(store_find(view, contract->arena, &find, &docs, &count));
                for (size_t i = 0; i < count; i++) {
                    contract_say(contract, " %.*s", STR_FORMAT(docs[i].key));
                }
                contract_say(contract, " |");
                if (count < limit) {
                    break;
                }
                last = docs[count - 1];
                find.after = &last;
            }
            contract_say(contract, "\n");
        }
    }
}

static void pages(Contract *contract)
{
    grants_make(contract);
    StoreSnapshot *view = open_view(contract);
    StoreValue from = STORE_INT(0);
    StoreValue to = STORE_INT(3);
    StoreFind find = grants_of("ann");
    pages_of(contract, view, find);
    find.from = &from;
    pages_of(contract, view, find);
    find.to = &to;
    pages_of(contract, view, find);
    find.equal_count = 2;
    find.equal[1] = STORE_INT(3);
    find.from = NULL;
    find.to = NULL;
    pages_of(contract, view, find);
    StoreFind all = {.collection = STORE_GRANTS, .index = "by_subject"};
    pages_of(contract, view, all);
    (void)store_snapshot_close(view);
}

/* A page may resume behind a document that is gone, or that lies before the range. */
static void resume_behind_nothing(Contract *contract)
{
    grants_make(contract);
    StoreSnapshot *view = open_view(contract);
    StoreValue from = STORE_INT(0);
    StoreValue to = STORE_INT(3);
    StoreFind find = grants_of("ann");
    StoreDoc gone = {.key = STR("g2"), .version = 1};
    const int64_t places[] = {INT64_MIN, -6, 0, 2, 3, 4, INT64_MAX};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        gone.body = contract_body_text(contract->arena, "s", "ann", places[i]);
        find.after = &gone;
        contract_say(contract, "[after %" PRId64 "]\n", places[i]);
        for (int form = 0; form < 8; form++) {
            find.is_descending = (form & 1) != 0;
            find.from = (form & 2) != 0 ? &from : NULL;
            find.to = (form & 4) != 0 ? &to : NULL;
            say_find(contract, view, find.is_descending ? "down" : "up", &find);
        }
    }
    (void)store_snapshot_close(view);
}

static void key_order(Contract *contract)
{
    const char *const keys[] = {"b", "a", "B", "a!", "a~", "aa", "~", "!", "0", "ab/c", "ab:c"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        contract_insert(contract, STORE_KEYS, keys[i], contract_body(contract->arena, (int64_t)i));
    }
    StoreSnapshot *view = open_view(contract);
    StoreFind find = {.collection = STORE_KEYS, .limit = 100};
    StoreValue from = STORE_TEXT(STR("a"));
    StoreValue to = STORE_TEXT(STR("ab~"));
    say_find(contract, view, "all", &find);
    say_count(contract, view, "count", &find);
    find.is_descending = true;
    say_find(contract, view, "all, down", &find);
    pages_of(contract, view, find);
    find.from = &from;
    find.to = &to;
    say_find(contract, view, "a to ab~, down", &find);
    say_count(contract, view, "count", &find);
    find.is_descending = false;
    say_find(contract, view, "a to ab~", &find);
    pages_of(contract, view, find);
    (void)store_snapshot_close(view);
}

/* Members of all kinds; a projection keeps the stored order whatever order it names them in. */
static DocBody rich_body(Arena *arena, int64_t n)
{
    DocWriter *writer = doc_writer_in(arena, 7);
    DocBody body = {STR_EMPTY};
    doc_put_text(writer, "p", STR("/"));
    doc_put_bytes(writer, "z", str_bytes("\0\1\2\377", 4));
    doc_put_int(writer, "n", n);
    doc_open_list(writer, "a");
    for (int i = 0; i < 2; i++) {
        doc_next_item(writer);
        doc_put_text(writer, "k", STR("\xe5\x8a\xa0\xe8\xa5\xbf"));
        doc_put_int(writer, "v", i);
    }
    doc_close_list(writer);
    doc_put_text(writer, "y", STR("Museum"));
    doc_put_text(writer, "i", STR("urn:1"));
    MUST(doc_finish(writer, &body));
    return body;
}

/* An index of as many members as there may be, walked from each of them on. */
static void four_members(Contract *contract)
{
    static const char *const ROWS[][3] = {{"e1", "/a", "X"},   {"e2", "/a", "Y"}, {"e3", "/b", "X"},
                                          {"e4", "/a/b", "X"}, {"e5", "/a", "X"}, {"e6", "", "X"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        DocWriter *writer = doc_writer_in(contract->arena, 1);
        DocBody body = {STR_EMPTY};
        doc_put_text(writer, "p", STR("/t"));
        doc_put_text(writer, "s", str_from(ROWS[i][1]));
        doc_put_text(writer, "y", str_from(ROWS[i][2]));
        doc_put_int(writer, "n", (int64_t)(9 - i));
        MUST(doc_finish(writer, &body));
        contract_insert(contract, STORE_PUBLIC_ENTITIES, ROWS[i][0], body);
    }
    StoreSnapshot *view = open_view(contract);
    StoreFind find = {.collection = STORE_PUBLIC_ENTITIES, .index = "by_path", .limit = 10};
    StoreValue from[] = {STORE_TEXT(STR("/")), STORE_TEXT(STR("/a\x01")), STORE_TEXT(STR("X\x01")),
                         STORE_INT(6)};
    const StoreValue equal[] = {STORE_TEXT(STR("/t")), STORE_TEXT(STR("/a")), STORE_TEXT(STR("X")),
                                STORE_INT(9)};
    for (size_t i = 0; i <= 4; i++) {
        find.equal_count = i;
        find.from = i < 4 ? &from[i] : NULL;
        say_find(contract, view, "from", &find);
        say_count(contract, view, "count", &find);
        find.from = NULL;
        say_find(contract, view, "all", &find);
        say_count(contract, view, "count", &find);
        find.equal[i < 4 ? i : 3] = equal[i < 4 ? i : 3];
    }
    (void)store_snapshot_close(view);
}

static void say_docs(Contract *contract, StoreSnapshot *view, const StoreFind *find)
{
    StoreDoc *docs = NULL;
    size_t count = 0;
    MUST(store_find(view, contract->arena, find, &docs, &count));
    for (size_t i = 0; i < count; i++) {
        contract_doc(contract, &docs[i]);
    }
}

static void projection(Contract *contract)
{
    static const char *const SETS[][4] = {
        {NULL}, {"z", NULL}, {"a", "z", NULL}, {"none", NULL}, {"y", "f", "a", NULL}};
    static const char *const INDEXES[] = {"by_order", "by_type", "by_id", NULL};
    contract_insert(contract, STORE_PUBLIC_ENTITIES, "e1", rich_body(contract->arena, 1));
    StoreSnapshot *view = open_view(contract);
    StoreFind find = {.collection = STORE_PUBLIC_ENTITIES, .limit = 10};
    for (size_t index = 0; index < 4; index++) {
        find.index = INDEXES[index];
        contract_say(contract, "[%s]\n", INDEXES[index] == NULL ? "key" : INDEXES[index]);
        find.members = NULL;
        say_docs(contract, view, &find);
        for (size_t set = 0; set < sizeof SETS / sizeof SETS[0]; set++) {
            find.members = SETS[set];
            say_docs(contract, view, &find);
        }
    }
    (void)store_snapshot_close(view);
}

/* A document moves in its index with a replace and leaves it when the member goes. */
static void index_follows(Contract *contract)
{
    StoreFind find = grants_of("ann");
    DocBody bodies[] = {contract_body_text(contract->arena, "s", "ann", 1),
                        contract_body_text(contract->arena, "s", "bob", 1),
                        contract_body_text(contract->arena, "s", "ann", 9),
                        contract_body(contract->arena, 9),
                        contract_body_text(contract->arena, "s", "ann", 2)};
    contract_insert(contract, STORE_GRANTS, "still",
                    contract_body_text(contract->arena, "s", "ann", 5));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        StoreBatch *batch = contract_batch(contract);
        if (i == 0) {
            store_batch_insert(batch, STORE_GRANTS, STR("moves"), bodies[i]);
        } else {
            store_batch_replace(batch, STORE_GRANTS, STR("moves"), i, bodies[i]);
        }
        MUST(store_commit(contract->store, batch, contract_deadline(), NULL));
        StoreSnapshot *view = open_view(contract);
        say_find(contract, view, "ann", &find);
        say_count(contract, view, "count", &find);
        (void)store_snapshot_close(view);
    }
}

static void get_many(Contract *contract)
{
    const Str keys[] = {STR("b"), STR("none"), STR("a"), STR("b"), STR("c")};
    StoreDoc docs[5];
    contract_insert(contract, STORE_KEYS, "a", contract_body(contract->arena, 1));
    contract_insert(contract, STORE_KEYS, "b", contract_body(contract->arena, 2));
    StoreSnapshot *view = open_view(contract);
    MUST(store_get_many(view, contract->arena, STORE_KEYS, keys, 5, docs));
    for (size_t i = 0; i < 5; i++) {
        contract_doc(contract, &docs[i]);
    }
    MUST(store_get_many(view, contract->arena, STORE_KEYS, keys, 0, docs));
    (void)store_snapshot_close(view);
}

/* A visit writes down what it is shown, and reads on meanwhile. */
typedef struct Visited {
    Contract *contract;
    StoreSnapshot *view;
    size_t stop_at;
} Visited;

static Error visit_one(void *context, size_t index, const StoreDoc *doc)
{
    Visited *visited = context;
    StoreDoc other;
    ENSURE(index != visited->stop_at, STORE_CONFLICT, NULL);
    TRY(store_get(visited->view, visited->contract->arena, STORE_PERSONS, STR("p"), &other));
    contract_check(visited->contract, other.version == 1, "reads on");
    contract_doc(visited->contract, doc);
    return OK;
}

/* As many as by key, one after the other; an error of the visit ends it. */
static void visit_many(Contract *contract)
{
    const Str keys[] = {STR("b"), STR("none"), STR("a"), STR("b")};
    contract_insert(contract, STORE_KEYS, "a", contract_body(contract->arena, 1));
    contract_insert(contract, STORE_KEYS, "b", contract_body(contract->arena, 2));
    contract_insert(contract, STORE_PERSONS, "p", contract_body(contract->arena, 3));
    StoreSnapshot *view = open_view(contract);
    Visited visited = {.contract = contract, .view = view, .stop_at = 4};
    MUST(store_visit_many(view, STORE_KEYS, keys, 4, visit_one, &visited));
    visited.stop_at = 2;
    contract_result(contract, "stopped",
                    store_visit_many(view, STORE_KEYS, keys, 4, visit_one, &visited));
    MUST(store_visit_many(view, STORE_KEYS, keys, 0, visit_one, &visited));
    (void)store_snapshot_close(view);
}

const ContractCase CASES_FIND[] = {
    {"equality and range", equality_and_range},
    {"whole index and text range", whole_index_and_text_range},
    {"pages", pages},
    {"resuming behind nothing", resume_behind_nothing},
    {"key order", key_order},
    {"projection", projection},
    {"an index follows its documents", index_follows},
    {"four members", four_members},
    {"many by key", get_many},
    {"many visited", visit_many},
    {NULL, NULL},
};
