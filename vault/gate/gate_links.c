#include "gate_links.h"

static Error links_read(GateLinks *links, GateCaller *caller)
{
    VaultCall reading = *caller->call;
    reading.arena = links->arena;
    Str *keys = ARENA_MANY(links->arena, Str, links->count);
    ENSURE_ALLOC(keys, links->arena);
    StoreDoc *docs = ARENA_MANY(links->arena, StoreDoc, links->count);
    ENSURE_ALLOC(docs, links->arena);
    for (size_t i = 0; i < links->count; i++) {
        TRY(id_link_key_of_subject(&reading, links->subjects[i], caller->principal->client,
                                   &keys[i]));
    }
    TRY(store_get_many(reading.snapshot, links->arena, STORE_LINKS, keys, links->count, docs));
    links->docs = docs;
    return OK;
}

Error gate_links_open(GateLinks *links, GateCaller *caller, size_t at, const Subject *subject,
                      IdLink *ret_link, bool *ret_is_active)
{
    if (links->docs == NULL) {
        TRY(links_read(links, caller));
    }
    *ret_is_active = false;
    if (links->docs[at].version == 0) {
        return OK;
    }
    IdLink link;
    TRY(id_link_open(caller->call, subject, &links->docs[at], &link));
    *ret_link = link;
    *ret_is_active = link.state == LINK_ACTIVE;
    return OK;
}
