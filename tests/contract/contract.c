#include "contract.h"

#include <inttypes.h>
#include <stdarg.h>

#define HEX_BYTES_MAX 80

void contract_say(Contract *contract, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(contract->out, format, arguments);
    va_end(arguments);
}

void contract_check(Contract *contract, bool holds, const char *what)
{
    contract_say(contract, "%s: %s\n", what, holds ? "yes" : "NO");
}

void contract_result(Contract *contract, const char *what, Error error)
{
    contract_say(contract, "%s: %s\n", what,
                 FAILED(error) ? error_words(error.reason)->name : "OK");
}

void contract_commit(Contract *contract, const char *what, const StoreBatch *batch)
{
    size_t failed = SIZE_MAX;
    Error error = store_commit(contract->store, batch, contract_deadline(), &failed);
    contract_say(contract, "%s: %s", what, FAILED(error) ? error_words(error.reason)->name : "OK");
    if (failed != SIZE_MAX) {
        contract_say(contract, " at %zu", failed);
    }
    contract_say(contract, "\n");
}

static uint64_t bytes_sum(Str bytes)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < bytes.n; i++) {
        sum = (sum ^ (uint8_t)bytes.p[i]) * 1099511628211u;
    }
    return sum;
}

void contract_doc(Contract *contract, const StoreDoc *doc)
{
    if (doc->version == 0) {
        contract_say(contract, "  none\n");
        return;
    }
    contract_say(contract, "  %.*s v%" PRIu64 " ", STR_FORMAT(doc->key), doc->version);
    Str bytes = doc->body.bytes;
    if (bytes.n > HEX_BYTES_MAX) {
        contract_say(contract, "%zu bytes, sum %016" PRIx64 "\n", bytes.n, bytes_sum(bytes));
        return;
    }
    for (size_t i = 0; i < bytes.n; i++) {
        contract_say(contract, "%02x", (unsigned)(uint8_t)bytes.p[i]);
    }
    contract_say(contract, "\n");
}

void contract_dump(Contract *contract, StoreCollection collection)
{
    StoreFind find = {.collection = collection, .limit = STORE_FIND_LIMIT_MAX};
    StoreSnapshot *snapshot = NULL;
    StoreDoc *docs = NULL;
    size_t count = 0;
    MUST(store_snapshot_open(contract->store, contract_deadline(), &snapshot));
    MUST(store_find(snapshot, contract->arena, &find, &docs, &count));
    (void)store_snapshot_close(snapshot);
    for (size_t i = 0; i < count; i++) {
        contract_doc(contract, &docs[i]);
    }
    contract_say(contract, "  %zu documents\n", count);
}

StoreBatch *contract_batch(Contract *contract)
{
    StoreBatch *batch = store_batch_in(contract->arena);
    if (batch == NULL) {
        contract_must(arena_failure(contract->arena), "batch");
    }
    return batch;
}

void contract_insert(Contract *contract, StoreCollection collection, const char *key, DocBody body)
{
    StoreBatch *batch = contract_batch(contract);
    store_batch_insert(batch, collection, str_from(key), body);
    MUST(store_commit(contract->store, batch, contract_deadline(), NULL));
}
