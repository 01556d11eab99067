#include <string.h>

#include "store_backend.h"

#define INT_MEMBER(name_)                                                                          \
    {                                                                                              \
        name_, STORE_MEMBER_INT                                                                    \
    }
#define TEXT_MEMBER(name_)                                                                         \
    {                                                                                              \
        name_, STORE_MEMBER_TEXT                                                                   \
    }

static const StoreCollectionSpec SPECS[] = {
    [STORE_META] = {.name = "meta"},
    [STORE_COMMITS] = {.name = "commits",
                       .indexes = {{"by_time", {INT_MEMBER("x")}, 1}},
                       .index_count = 1},
    [STORE_LEASES] = {.name = "leases"},
    [STORE_KEYS] = {.name = "keys"},
    [STORE_PERSONS] = {.name = "persons",
                       .indexes = {{"by_tenant", {TEXT_MEMBER("t"), INT_MEMBER("n")}, 2}},
                       .index_count = 1},
    [STORE_LINKS] = {.name = "links",
                     .indexes = {{"by_subject", {TEXT_MEMBER("s")}, 1}},
                     .index_count = 1},
    [STORE_GRANTS] = {.name = "grants",
                      .indexes = {{"by_subject", {TEXT_MEMBER("s"), INT_MEMBER("n")}, 2}},
                      .index_count = 1},
    [STORE_VIEW_ROWS] = {.name = "view_rows",
                         .indexes = {{"by_list", {TEXT_MEMBER("l"), INT_MEMBER("n")}, 2},
                                     {"by_subject", {TEXT_MEMBER("s")}, 1}},
                         .index_count = 2},
    [STORE_ENTITIES] = {.name = "entities",
                        .indexes = {{"by_subject", {TEXT_MEMBER("s"), TEXT_MEMBER("y")}, 2}},
                        .index_count = 1},
    [STORE_LOG_LINES] = {.name = "log_lines",
                         .indexes = {{"by_subject", {TEXT_MEMBER("s"), INT_MEMBER("t")}, 2}},
                         .index_count = 1},
    [STORE_LOG_MARKS] = {.name = "log_marks"},
    [STORE_SERVICES] = {.name = "services",
                        .indexes = {{"by_tenant", {TEXT_MEMBER("t")}, 1}},
                        .index_count = 1},
    [STORE_TOKENS] = {.name = "tokens",
                      .indexes = {{"by_expiry", {INT_MEMBER("x")}, 1},
                                  {"by_owner", {TEXT_MEMBER("c")}, 1}},
                      .index_count = 2},
    [STORE_IDEMPOTENCY] = {.name = "idempotency",
                           .indexes = {{"by_expiry", {INT_MEMBER("x")}, 1}},
                           .index_count = 1},
    [STORE_PUBLIC_ENTITIES] =
        {.name = "public_entities",
         .indexes = {{"by_order", {TEXT_MEMBER("p"), INT_MEMBER("n")}, 2},
                     {"by_type", {TEXT_MEMBER("p"), TEXT_MEMBER("y"), INT_MEMBER("n")}, 3},
                     {"by_id", {TEXT_MEMBER("p"), TEXT_MEMBER("i"), INT_MEMBER("n")}, 3},
                     {"by_path",
                      {TEXT_MEMBER("p"), TEXT_MEMBER("s"), TEXT_MEMBER("y"), INT_MEMBER("n")},
                      4},
                     {"by_expiry", {INT_MEMBER("x")}, 1}},
         .index_count = 5},
};

_Static_assert(sizeof SPECS / sizeof SPECS[0] == STORE_COLLECTION_COUNT_,
               "one declaration for each collection");

const StoreCollectionSpec *store_collection_spec(StoreCollection collection)
{
    return (unsigned)collection < STORE_COLLECTION_COUNT_ ? &SPECS[collection] : NULL;
}

const StoreIndex *store_index_find(StoreCollection collection, const char *name)
{
    const StoreCollectionSpec *spec = store_collection_spec(collection);
    for (size_t i = 0; spec != NULL && i < spec->index_count; i++) {
        if (strcmp(spec->indexes[i].name, name) == 0) {
            return &spec->indexes[i];
        }
    }
    return NULL;
}

static size_t column_add(StoreColumn *columns, size_t count, StoreColumn column)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(columns[i].name, column.name) == 0) {
            return count;
        }
    }
    columns[count] = column;
    return count + 1;
}

size_t store_collection_columns(StoreCollection collection, StoreColumn *ret_columns)
{
    const StoreCollectionSpec *spec = store_collection_spec(collection);
    size_t count = 0;
    for (size_t i = 0; spec != NULL && i < spec->index_count; i++) {
        const StoreIndex *index = &spec->indexes[i];
        for (size_t m = 0; m < index->member_count; m++) {
            StoreColumn column = {index->members[m].name, index->members[m].kind};
            count = column_add(ret_columns, count, column);
        }
    }
    return count;
}

Error store_column_read(DocBody body, StoreColumn column, StoreValue *ret_value, bool *ret_is_there)
{
    if (!doc_has(body, column.name)) {
        *ret_is_there = false;
        return OK;
    }
    StoreValue value = {.kind = column.kind, .text = STR_EMPTY};
    if (column.kind == STORE_MEMBER_INT) {
        TRY(doc_get_int(body, column.name, &value.number));
    } else {
        TRY(doc_get_text(body, column.name, &value.text));
    }
    *ret_value = value;
    *ret_is_there = true;
    return OK;
}

bool store_key_is_good(Str key)
{
    if (key.n == 0 || key.n > STORE_KEY_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] < 0x21 || key.p[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

size_t store_projection(const StoreFind *find, const StoreIndex *index, const char **ret_names)
{
    size_t count = 0;
    ret_names[count++] = "f";
    for (size_t i = 0; index != NULL && i < index->member_count; i++) {
        ret_names[count++] = index->members[i].name;
    }
    for (size_t i = 0; find->members[i] != NULL; i++) {
        ret_names[count++] = find->members[i];
    }
    return count;
}
