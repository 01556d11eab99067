#include "subject_walk.h"

#include "pseudonym.h"
#include "store.h"
#include "subject.h"
#include "vault_call.h"

#define PAGE 500
#define PAGE_TIMEOUT_US (10 * CLOCK_SECOND_US)
#define PAGE_ARENA_BYTES ((size_t)4 << 20)

static Error visit_one(VaultCall *call, const StoreDoc *doc, SubjectVisit visit, void *context)
{
    uint8_t id[SUBJECT_ID_BYTES];
    if (!pseudonym_parse_16(doc->key, id)) {
        return OK; /* the platform's own keys */
    }
    Str tenant = STR_EMPTY;
    int64_t generation = 0;
    Str wrapped = STR_EMPTY;
    TRY(doc_get_text(doc->body, "t", &tenant));
    TRY(doc_get_int(doc->body, "g", &generation));
    TRY(doc_get_bytes(doc->body, "w", &wrapped));
    ENSURE(generation > 0 && generation <= UINT32_MAX, STORE_CORRUPT, "key document");
    CLEANUP(subject_key_unref) SubjectKey *key = NULL;
    TRY(keyring_borrow_subject_key(call->core->keyring, tenant, id, (uint32_t)generation, wrapped,
                                   &key));
    return visit(context, key);
}

static Error find_page(VaultCall *call, const char *after_key, StoreDoc **ret_docs,
                       size_t *ret_count)
{
    StoreDoc after = {.key = str_from(after_key), .version = 1};
    StoreFind find = {
        .collection = STORE_KEYS, .limit = PAGE, .after = after.key.n == 0 ? NULL : &after};
    return store_find(call->snapshot, call->arena, &find, ret_docs, ret_count);
}

/* Visits one page and keeps the key it ended with; an empty page ends the walk. */
static Error walk_page(const VaultCore *core, SubjectVisit visit, void *context,
                       char last_key[STORE_KEY_BYTES_MAX + 1], size_t *ret_count)
{
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(PAGE_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    VaultCall call = {0};
    StoreDoc *docs = NULL;
    size_t count = 0;
    TRY(vault_call_open(core, arena, STR(""), deadline_in(core->ports->clock, PAGE_TIMEOUT_US),
                        &call));
    Error outcome = find_page(&call, last_key, &docs, &count);
    vault_call_close(&call); /* visiting may take long; the documents live in the arena */
    TRY(outcome);
    for (size_t i = 0; i < count; i++) {
        TRY(visit_one(&call, &docs[i], visit, context));
    }
    for (size_t i = 0; count > 0 && i <= docs[count - 1].key.n; i++) {
        last_key[i] = i == docs[count - 1].key.n ? '\0' : docs[count - 1].key.p[i];
    }
    *ret_count = count;
    return OK;
}

Error subject_walk(const VaultCore *core, SubjectVisit visit, void *context)
{
    char last_key[STORE_KEY_BYTES_MAX + 1] = "";
    size_t count = PAGE;
    while (count == PAGE) {
        TRY(walk_page(core, visit, context, last_key, &count));
    }
    return OK;
}
