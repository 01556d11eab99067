#include "counter.h"

#define FORMAT 1

Error counter_document_in(Arena *arena, Str name, int64_t next, Str *ret_key, DocBody *ret_body)
{
    ENSURE(name.n >= 1 && name.n <= COUNTER_NAME_BYTES_MAX, STORE_MISUSE, "counter");
    Str parts[] = {STR("counter/"), name};
    Str key = STR_EMPTY;
    TRY(str_join_in(arena, parts, 2, &key));
    DocWriter *writer = doc_writer_in(arena, FORMAT);
    ENSURE_ALLOC(writer, arena);
    doc_put_int(writer, "n", next);
    TRY(doc_finish(writer, ret_body));
    *ret_key = key;
    return OK;
}

static Error next_read(const StoreDoc *doc, int64_t *ret_next)
{
    int32_t format = 0;
    int64_t next = 0;
    TRY(doc_format(doc->body, &format));
    ENSURE(format == FORMAT, STORE_NEWER, "counter");
    TRY(doc_get_int(doc->body, "n", &next));
    ENSURE(next >= 1, STORE_CORRUPT, "counter");
    *ret_next = next;
    return OK;
}

Error counter_draw(StoreSnapshot *snapshot, Arena *arena, StoreBatch *batch, Str name,
                   int64_t count, int64_t *ret_first)
{
    Str key = STR_EMPTY;
    DocBody body = {STR_EMPTY};
    StoreDoc doc;
    int64_t first = 1;
    int64_t next = 0;
    ENSURE(count >= 1, STORE_MISUSE, "counter");
    TRY(counter_document_in(arena, name, 1, &key, &body));
    TRY(store_get(snapshot, arena, STORE_META, key, &doc));
    if (doc.version != 0) {
        TRY(next_read(&doc, &first));
    }
    ENSURE(!__builtin_add_overflow(first, count, &next), STORE_CORRUPT, "counter");
    TRY(counter_document_in(arena, name, next, &key, &body));
    if (doc.version == 0) {
        store_batch_insert(batch, STORE_META, key, body);
    } else {
        store_batch_replace(batch, STORE_META, key, doc.version, body);
    }
    *ret_first = first;
    return OK;
}
