/* store_worker kind location count: raises the document "counter" of the meta collection count
 * times, by reading, replacing and trying again when somebody else was faster. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "contract_store.h"

/* One try; false when somebody else was faster. */
static bool raise_once(Store *store)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    StoreDoc doc = contract_get(store, arena, STORE_META, "counter");
    int64_t n = 0;
    MUST(doc_get_int(doc.body, "n", &n));
    StoreBatch *batch = store_batch_in(arena);
    store_batch_replace(batch, STORE_META, STR("counter"), doc.version,
                        contract_body(arena, n + 1));
    Error error = store_commit(store, batch, contract_deadline(), NULL);
    if (error.reason == REASON_STORE_CONFLICT) {
        return false;
    }
    contract_must(error, "raise");
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: store_worker kind location count\n");
        return 2;
    }
    Store *store = contract_open_at(argv[1], argv[2]);
    for (long done = 0; done < strtol(argv[3], NULL, 10);) {
        if (!raise_once(store)) {
            continue;
        }
        done++;
        /* The test at the other end counts what was acknowledged. */
        if (write(STDOUT_FILENO, "+", 1) != 1) {
            return 1;
        }
    }
    (void)store_close(store);
    return 0;
}
