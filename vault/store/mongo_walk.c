#include <string.h>

#include "mongo_read.h"

/* "b." and the name of a declared member; the names are short constants. */
#define PATH_BYTES 72

static void path_of(const StoreWalk *walk, size_t member, char *path)
{
    if (walk->index == NULL || member == walk->index->member_count) {
        (void)snprintf(path, PATH_BYTES, "_id");
        return;
    }
    (void)snprintf(path, PATH_BYTES, "b.%s", walk->index->members[member].name);
}

static size_t member_count(const StoreWalk *walk)
{
    return walk->index == NULL ? 0 : walk->index->member_count;
}

static void append_value(bson_t *document, const char *operator, const StoreValue * value)
{
    if (value->kind == STORE_MEMBER_INT) {
        BSON_APPEND_INT64(document, operator, value->number);
        return;
    }
    /* Never appended by length -1: text ends where the caller says. */
    (void)bson_append_utf8(document, operator,(int) strlen(operator), value->text.p,
                           (int)value->text.n);
}

/* What one member of the walk must satisfy in one branch of the filter. */
typedef struct MemberTest {
    const StoreValue *equal;
    const StoreValue *from;
    const StoreValue *to;
    const StoreValue *beyond; /* strictly behind this, in the walk's direction */
} MemberTest;

static void append_test(bson_t *filter, const StoreWalk *walk, size_t member,
                        const MemberTest *test)
{
    char path[PATH_BYTES];
    bson_t terms;
    path_of(walk, member, path);
    BSON_APPEND_DOCUMENT_BEGIN(filter, path, &terms);
    if (test->equal != NULL) {
        append_value(&terms, "$eq", test->equal);
    }
    if (test->from != NULL) {
        append_value(&terms, "$gte", test->from);
    }
    if (test->to != NULL) {
        append_value(&terms, "$lte", test->to);
    }
    if (test->beyond != NULL) {
        append_value(&terms, walk->find->is_descending ? "$lt" : "$gt", test->beyond);
    }
    if (bson_empty(&terms)) {
        BSON_APPEND_BOOL(&terms, "$exists",
                         true); /* a document that lacks a member is not in the index */
    }
    bson_append_document_end(filter, &terms);
}

/* One branch: members before `split` equal the resume place's, the member at `split` lies beyond
 * it, the rest is free. split beyond the key: no resume place at all. */
static void append_branch(bson_t *filter, const StoreWalk *walk, size_t split)
{
    const StoreFind *find = walk->find;
    const StoreValue key = STORE_TEXT(walk->resume_key);
    size_t members = member_count(walk);
    for (size_t i = 0; i <= members; i++) {
        const StoreValue *resume = i < members ? &walk->resume[i] : &key;
        MemberTest test = {0};
        if (i < find->equal_count) {
            test.equal = &find->equal[i];
        } else if (split <= members && i < split) {
            test.equal = resume;
        } else if (i == split) {
            test.beyond = resume;
        }
        if (i == find->equal_count) {
            test.from = find->from;
            test.to = find->to;
        }
        /* The key is there always: it is named only when it is tested. */
        if (i < members || test.equal != NULL || test.from != NULL || test.to != NULL ||
            test.beyond != NULL) {
            append_test(filter, walk, i, &test);
        }
    }
}

void mongo_walk_filter(const StoreWalk *walk, bool is_count, bson_t *filter)
{
    size_t members = member_count(walk);
    bson_t branches;
    if (is_count || !walk->has_resume) {
        append_branch(filter, walk, members + 1);
        return;
    }
    /* Each branch whole by itself, so that the server walks the index once for each and merges in
     * order. */
    BSON_APPEND_ARRAY_BEGIN(filter, "$or", &branches);
    for (size_t split = walk->find->equal_count; split <= members; split++) {
        char name[12];
        const char *at = NULL;
        bson_t branch;
        (void)bson_uint32_to_string((uint32_t)(split - walk->find->equal_count), &at, name,
                                    sizeof name); /* fits */
        BSON_APPEND_DOCUMENT_BEGIN(&branches, at, &branch);
        append_branch(&branch, walk, split);
        bson_append_document_end(&branches, &branch);
    }
    bson_append_array_end(filter, &branches);
}

static bool is_repeated(const char *const *names, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(names[i], names[at]) == 0) {
            return true;
        }
    }
    return false;
}

static void append_projection(const StoreWalk *walk, bson_t *options)
{
    const char *names[STORE_PROJECTION_MAX];
    size_t count = store_projection(walk->find, walk->index, names);
    bson_t projection;
    BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &projection);
    BSON_APPEND_INT32(&projection, "v", 1);
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES];
        int n = snprintf(path, sizeof path, "b.%s", names[i]);
        if (n > 0 && n < (int)sizeof path && !is_repeated(names, i)) {
            BSON_APPEND_INT32(&projection, path, 1);
        }
    }
    bson_append_document_end(options, &projection);
}

void mongo_walk_options(const StoreWalk *walk, bson_t *options)
{
    const StoreFind *find = walk->find;
    int64_t limit = (int64_t)find->limit;
    bson_t sort;
    BSON_APPEND_DOCUMENT_BEGIN(options, "sort", &sort);
    for (size_t i = 0; i <= member_count(walk); i++) {
        char path[PATH_BYTES];
        path_of(walk, i, path);
        BSON_APPEND_INT32(&sort, path, find->is_descending ? -1 : 1);
    }
    bson_append_document_end(options, &sort);
    BSON_APPEND_UTF8(options, "hint", walk->index == NULL ? "_id_" : walk->index->name);
    BSON_APPEND_INT64(options, "limit", limit);
    BSON_APPEND_INT64(options, "batchSize", limit);
    if (find->members != NULL) {
        append_projection(walk, options);
    }
}
