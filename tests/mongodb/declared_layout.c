/* declared_layout: prints what store_schema.c declares, a line each, for the comparison with
 * mongo-init/: collection NAME member NAME int|text index NAME MEMBER… declared_layout open URI
 * DATABASE: opens the store and prints OK, or the reason and its argument. */
#include <stdio.h>
#include <string.h>

#include "store_backend.h"
#include "store_mongo.h"

static void print_collection(StoreCollection collection)
{
    const StoreCollectionSpec *spec = store_collection_spec(collection);
    StoreColumn columns[STORE_COLUMNS_MAX];
    size_t count = store_collection_columns(collection, columns);
    printf("collection %s\n", spec->name);
    for (size_t i = 0; i < count; i++) {
        printf("member %s %s\n", columns[i].name,
               columns[i].kind == STORE_MEMBER_INT ? "int" : "text");
    }
    for (size_t i = 0; i < spec->index_count; i++) {
        printf("index %s", spec->indexes[i].name);
        for (size_t m = 0; m < spec->indexes[i].member_count; m++) {
            printf(" %s", spec->indexes[i].members[m].name);
        }
        printf("\n");
    }
}

static int open_store(const char *uri, const char *database)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    Store *store = NULL;
    StoreMongoOptions options = {
        .uri = uri, .database = database, .ports = ports_system(), .arena = arena};
    Error error = store_mongo_open(&options, &store);
    if (FAILED(error)) {
        printf("%s %s\n", error_words(error.reason)->name,
               error.argument == NULL ? "" : error.argument);
        return 0;
    }
    (void)store_close(store);
    printf("OK\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "open") == 0) {
        return open_store(argv[2], argv[3]);
    }
    for (unsigned i = 0; i < STORE_COLLECTION_COUNT_; i++) {
        print_collection((StoreCollection)i);
    }
    return 0;
}
