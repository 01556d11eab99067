#include "sqlite_read.h"

#include "doc_select.h"
#include "sqlite_layout.h"

static void write_get(sqlite3_str *sql, const void *what)
{
    const StoreCollectionSpec *spec = what;
    sqlite3_str_appendf(sql, "SELECT key, version, sum, body FROM c_%s WHERE key = ?1", spec->name);
}

/* The row key, version, sum, body as views that live until the statement moves on. */
static Error row_view(sqlite3_stmt *row, StoreDoc *ret_doc)
{
    StoreDoc doc = {.version = (uint64_t)sqlite3_column_int64(row, 1)};
    const unsigned char *key = sqlite3_column_text(row, 0);
    const void *body = sqlite3_column_blob(row, 3);
    ENSURE(key != NULL && body != NULL && doc.version >= 1, STORE_CORRUPT, "row");
    doc.key = str_bytes(key, (size_t)sqlite3_column_bytes(row, 0));
    doc.body.bytes = str_bytes(body, (size_t)sqlite3_column_bytes(row, 3));
    *ret_doc = doc;
    return OK;
}

static Error sum_check(sqlite3_stmt *row, StoreCollection collection, const StoreDoc *doc)
{
    int64_t sum = sqlite_row_sum(collection, doc->key, doc->version, doc->body.bytes);
    ENSURE(sum == sqlite3_column_int64(row, 2), STORE_CORRUPT, "row");
    return OK;
}

static int value_compare(const StoreValue *a, const StoreValue *b)
{
    if (a->kind == STORE_MEMBER_INT) {
        return (a->number > b->number) - (a->number < b->number);
    }
    return str_compare(a->text, b->text);
}

/* A damaged index may lead to a sound row that does not belong on the walk. */
static Error walk_check(const StoreWalk *walk, DocBody body)
{
    for (size_t i = 0; i < walk->find->equal_count; i++) {
        const StoreValue *wanted = &walk->find->equal[i];
        StoreColumn column = {walk->index->members[i].name, wanted->kind};
        StoreValue value;
        bool is_there = false;
        TRY(store_column_read(body, column, &value, &is_there));
        ENSURE(is_there && value_compare(&value, wanted) == 0, STORE_CORRUPT, "row");
    }
    return OK;
}

/* A row of a walk, cut to the projection before it is copied: large bodies cost no arena when few
 * members are asked for. */
static Error row_select(sqlite3_stmt *row, Arena *arena, const StoreWalk *walk, StoreDoc *ret_doc)
{
    StoreDoc doc;
    TRY(row_view(row, &doc));
    TRY(sum_check(row, walk->find->collection, &doc));
    TRY(walk_check(walk, doc.body));
    TRY(str_copy_in(arena, doc.key, &doc.key));
    if (walk->find->members == NULL) {
        TRY(str_copy_in(arena, doc.body.bytes, &doc.body.bytes));
    } else {
        const char *names[STORE_PROJECTION_MAX];
        size_t count = store_projection(walk->find, walk->index, names);
        TRY(doc_select_in(arena, doc.body, names, count, &doc.body));
    }
    *ret_doc = doc;
    return OK;
}

/* Documents by key, one after the other. */
typedef struct KeyVisit {
    SqliteConn *conn;
    StoreCollection collection;
    bool needs_sums; /* large bodies that prove themselves are spared: summing would take as long as
                        reading */
    StoreVisit visit;
    void *context;
} KeyVisit;

/* The row of a key as a view; version 0: there is none. */
static Error get_view(const KeyVisit *by_key, sqlite3_stmt *get, Str key, StoreDoc *ret_doc)
{
    int code = sqlite_bind_text(get, 1, key);
    code = code != SQLITE_OK ? code : sqlite3_step(get);
    if (code != SQLITE_ROW) {
        *ret_doc = (StoreDoc){.version = 0};
        return code == SQLITE_DONE ? OK : sqlite_conn_error(by_key->conn, code);
    }
    StoreDoc doc;
    TRY(row_view(get, &doc));
    TRY(by_key->needs_sums ? sum_check(get, by_key->collection, &doc) : OK);
    /* A damaged index may lead to a sound row of another document. */
    ENSURE(str_eq(doc.key, key), STORE_CORRUPT, "row");
    *ret_doc = doc;
    return OK;
}

static Error visit_keys(const KeyVisit *by_key, const Str *keys, size_t count)
{
    SqliteConn *conn = by_key->conn;
    sqlite3_stmt *get = NULL;
    TRY(sqlite_conn_statement(conn, SQLITE_SHAPE(SQLITE_FAMILY_GET, by_key->collection), write_get,
                              store_collection_spec(by_key->collection), &get));
    Error error = OK;
    conn->visits++;
    for (size_t i = 0; i < count && !FAILED(error); i++) {
        StoreDoc doc;
        error = get_view(by_key, get, keys[i], &doc);
        error = FAILED(error) ? error : by_key->visit(by_key->context, i, &doc);
        sqlite_conn_done(get);
    }
    conn->visits--;
    return error;
}

Error sqlite_visit_many(SqliteConn *conn, StoreCollection collection, const Str *keys, size_t count,
                        StoreVisit visit, void *context)
{
    KeyVisit by_key = {conn, collection, false, visit, context};
    return visit_keys(&by_key, keys, count);
}

typedef struct Copies {
    Arena *arena;
    StoreDoc *docs;
} Copies;

static Error copy_one(void *context, size_t index, const StoreDoc *doc)
{
    Copies *copies = context;
    StoreDoc copy = *doc;
    if (doc->version > 0) {
        TRY(str_copy_in(copies->arena, doc->key, &copy.key));
        TRY(str_copy_in(copies->arena, doc->body.bytes, &copy.body.bytes));
        copies->docs[index] = copy;
    }
    return OK;
}

Error sqlite_read_many(SqliteConn *conn, Arena *arena, StoreCollection collection, const Str *keys,
                       size_t count, StoreDoc *ret_docs)
{
    Copies copies = {.arena = arena, .docs = ret_docs};
    KeyVisit by_key = {conn, collection, true, copy_one, &copies};
    return visit_keys(&by_key, keys, count);
}

/* What a walk's statement looks like. Of a bound and the resume place on the same side, the further
 * one serves: SQLite would pick either to start from and could read all that lies between. */
typedef struct WalkForm {
    const StoreWalk *walk;
    bool is_count;
    bool has_from;
    bool has_to;
    bool has_resume;
} WalkForm;

static WalkForm walk_form(const StoreWalk *walk, bool is_count)
{
    const StoreFind *find = walk->find;
    WalkForm form = {.walk = walk, .is_count = is_count};
    form.has_from = find->from != NULL;
    form.has_to = find->to != NULL;
    form.has_resume = walk->has_resume && !is_count;
    const StoreValue *start = find->is_descending ? find->to : find->from;
    if (!form.has_resume || start == NULL) {
        return form;
    }
    StoreValue key = STORE_TEXT(walk->resume_key);
    const StoreValue *resume = walk->index == NULL ? &key : &walk->resume[find->equal_count];
    int order = value_compare(resume, start);
    bool resumes_inside = find->is_descending ? order <= 0 : order >= 0;
    form.has_resume = resumes_inside;
    bool *start_flag = find->is_descending ? &form.has_to : &form.has_from;
    *start_flag = !resumes_inside;
    return form;
}

static uint32_t form_shape(const WalkForm *form)
{
    const StoreFind *find = form->walk->find;
    const StoreCollectionSpec *spec = store_collection_spec(find->collection);
    size_t index = form->walk->index == NULL ? 0 : (size_t)(form->walk->index - spec->indexes) + 1;
    uint32_t family = form->is_count ? SQLITE_FAMILY_COUNT : SQLITE_FAMILY_FIND;
    return SQLITE_SHAPE(family, find->collection) | (uint32_t)index << 8 |
           (uint32_t)find->equal_count << 4 | (uint32_t)form->has_from << 3 |
           (uint32_t)form->has_to << 2 | (uint32_t)form->has_resume << 1 |
           (uint32_t)(find->is_descending && !form->is_count);
}

/* Column names of the walk from member `first` on, with the key at the end. */
static void append_order(sqlite3_str *sql, const StoreWalk *walk, size_t first, const char *after)
{
    for (size_t i = first; walk->index != NULL && i < walk->index->member_count; i++) {
        sqlite3_str_appendf(sql, "m_%s%s, ", walk->index->members[i].name, after);
    }
    sqlite3_str_appendf(sql, "key%s", after);
}

static void append_resume(sqlite3_str *sql, const StoreWalk *walk)
{
    size_t first = walk->find->equal_count;
    sqlite3_str_appendall(sql, " AND (");
    append_order(sql, walk, first, "");
    sqlite3_str_appendall(sql, walk->find->is_descending ? ") < (" : ") > (");
    for (size_t i = first; walk->index != NULL && i < walk->index->member_count; i++) {
        sqlite3_str_appendall(sql, "?, ");
    }
    sqlite3_str_appendall(sql, "?)");
}

static void append_where(sqlite3_str *sql, const WalkForm *form)
{
    const StoreWalk *walk = form->walk;
    sqlite3_str_appendall(sql, " WHERE 1");
    for (size_t i = 0; walk->index != NULL && i < walk->index->member_count; i++) {
        sqlite3_str_appendf(sql, " AND m_%s IS NOT NULL", walk->index->members[i].name);
    }
    for (size_t i = 0; i < walk->find->equal_count; i++) {
        sqlite3_str_appendf(sql, " AND m_%s = ?", walk->index->members[i].name);
    }
    const char *prefix = walk->index == NULL ? "" : "m_";
    const char *ranged = "key";
    if (walk->index != NULL && (form->has_from || form->has_to)) {
        ranged = walk->index->members[walk->find->equal_count].name;
    }
    if (form->has_from) {
        sqlite3_str_appendf(sql, " AND %s%s >= ?", prefix, ranged);
    }
    if (form->has_to) {
        sqlite3_str_appendf(sql, " AND %s%s <= ?", prefix, ranged);
    }
    if (form->has_resume) {
        append_resume(sql, walk);
    }
}

static void write_walk(sqlite3_str *sql, const void *what)
{
    const WalkForm *form = what;
    const StoreWalk *walk = form->walk;
    const char *name = store_collection_spec(walk->find->collection)->name;
    sqlite3_str_appendf(sql, "SELECT %s FROM c_%s",
                        form->is_count ? "count(*)" : "key, version, sum, body", name);
    if (walk->index != NULL) {
        sqlite3_str_appendf(sql, " INDEXED BY i_%s_%s", name, walk->index->name);
    }
    append_where(sql, form);
    if (!form->is_count) {
        sqlite3_str_appendall(sql, " ORDER BY ");
        append_order(sql, walk, walk->find->equal_count, walk->find->is_descending ? " DESC" : "");
        sqlite3_str_appendall(sql, " LIMIT ?");
    }
}

/* Binds in the order in which append_where writes its marks; returns the next free place, 0 on
 * failure. */
static int walk_bind(sqlite3_stmt *statement, const WalkForm *form)
{
    const StoreWalk *walk = form->walk;
    const StoreFind *find = walk->find;
    int at = 1;
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < find->equal_count; i++) {
        code = sqlite_bind_value(statement, at++, &find->equal[i]);
    }
    if (code == SQLITE_OK && form->has_from) {
        code = sqlite_bind_value(statement, at++, find->from);
    }
    if (code == SQLITE_OK && form->has_to) {
        code = sqlite_bind_value(statement, at++, find->to);
    }
    if (code == SQLITE_OK && form->has_resume) {
        size_t members = walk->index == NULL ? 0 : walk->index->member_count;
        for (size_t i = find->equal_count; code == SQLITE_OK && i < members; i++) {
            code = sqlite_bind_value(statement, at++, &walk->resume[i]);
        }
        code = code != SQLITE_OK ? code : sqlite_bind_text(statement, at++, walk->resume_key);
    }
    return code == SQLITE_OK ? at : 0;
}

static Error walk_begin(SqliteConn *conn, const WalkForm *form, sqlite3_stmt **ret_statement)
{
    sqlite3_stmt *statement = NULL;
    TRY(sqlite_conn_statement(conn, form_shape(form), write_walk, form, &statement));
    int at = walk_bind(statement, form);
    bool is_bound = at > 0;
    if (is_bound && !form->is_count) {
        int64_t limit = (int64_t)form->walk->find->limit;
        is_bound = sqlite3_bind_int64(statement, at, limit) == SQLITE_OK;
    }
    if (!is_bound) {
        sqlite_conn_done(statement);
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    *ret_statement = statement;
    return OK;
}

static Error walk_run(SqliteConn *conn, sqlite3_stmt *statement, Arena *arena,
                      const StoreWalk *walk, StoreDoc *docs, size_t *ret_count)
{
    size_t count = 0;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        TRY(row_select(statement, arena, walk, &docs[count]));
        count++;
    }
    *ret_count = count;
    return code == SQLITE_DONE ? OK : sqlite_conn_error(conn, code);
}

Error sqlite_read_find(SqliteConn *conn, Arena *arena, const StoreWalk *walk, StoreDoc **ret_docs,
                       size_t *ret_count)
{
    WalkForm form = walk_form(walk, false);
    sqlite3_stmt *statement = NULL;
    StoreDoc *docs = ARENA_MANY(arena, StoreDoc, walk->find->limit);
    ENSURE_ALLOC(docs, arena);
    TRY(walk_begin(conn, &form, &statement));
    Error error = walk_run(conn, statement, arena, walk, docs, ret_count);
    sqlite_conn_done(statement);
    TRY(error);
    *ret_docs = docs;
    return OK;
}

Error sqlite_read_count(SqliteConn *conn, const StoreWalk *walk, int64_t *ret_count)
{
    WalkForm form = walk_form(walk, true);
    sqlite3_stmt *statement = NULL;
    TRY(walk_begin(conn, &form, &statement));
    int code = sqlite3_step(statement);
    int64_t count = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite_conn_done(statement);
    if (code != SQLITE_ROW) {
        return sqlite_conn_error(conn, code);
    }
    *ret_count = count;
    return OK;
}
