#include "platform.h"

#include "pseudonym.h"
#include "vault_call.h"

#define PLATFORM_KEY STR("platform")
#define PLATFORM_FORMAT 1

static Error platform_id(const VaultCore *core, uint8_t ret_id[SUBJECT_ID_BYTES])
{
    Str name = PLATFORM_KEY;
    return pseudonym_16(core->keyring, STR_EMPTY, STR("subject"), &name, 1, ret_id);
}

static Error platform_load(VaultCall *call, bool *ret_exists)
{
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_KEYS, PLATFORM_KEY, &doc));
    if (doc.version == 0) {
        *ret_exists = false;
        return OK;
    }
    int32_t format;
    Str wrapped;
    TRY(doc_format(doc.body, &format));
    ENSURE(format == PLATFORM_FORMAT, STORE_CORRUPT, "platform keys");
    TRY(doc_get_bytes(doc.body, "w", &wrapped));
    TRY(keyring_load_platform_keys(call->core->keyring, wrapped));
    *ret_exists = true;
    return OK;
}

static Error platform_keys_add(VaultCall *call, StoreBatch *batch)
{
    Str wrapped;
    TRY(keyring_new_platform_keys(call->core->keyring, call->arena, &wrapped));
    DocWriter *writer = doc_writer_in(call->arena, PLATFORM_FORMAT);
    ENSURE_ALLOC(writer, call->arena);
    doc_put_int(writer, "g", 1);
    doc_put_bytes(writer, "w", wrapped);
    DocBody body;
    TRY(doc_finish(writer, &body));
    store_batch_insert(batch, STORE_KEYS, PLATFORM_KEY, body);
    return OK;
}

/* Either both the platform keys and the platform subject are stored, or the keyring forgets what it
 * made. */
static Error platform_create(VaultCall *call)
{
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    TRY(platform_keys_add(call, batch));
    uint8_t id[SUBJECT_ID_BYTES];
    TRY(platform_id(call->core, id));
    CLEANUP(subject_done) Subject subject = {0};
    TRY(subject_create(call, STR_EMPTY, id, batch, &subject));
    return store_commit(call->core->store, batch, call->deadline, NULL);
}

static Error platform_try(const VaultCore *core, Arena *arena, Deadline deadline, bool may_create)
{
    VaultCall call;
    TRY(vault_call_open(core, arena, STR_EMPTY, deadline, &call));
    bool exists = false;
    Error error = platform_load(&call, &exists);
    if (!FAILED(error) && !exists) {
        error = may_create ? platform_create(&call) : FAIL(PLATFORM_KEYS_MISSING, NULL);
    }
    vault_call_close(&call);
    return error;
}

Error platform_init(const VaultCore *core, Arena *arena, Deadline deadline, bool may_create)
{
    if (!keyring_is_sealed(core->keyring)) {
        return OK;
    }
    TRY(keyring_unseal(core->keyring));
    Error error = platform_try(core, arena, deadline, may_create);
    if (!FAILED(error)) {
        return OK;
    }
    /* Keys that were made but not stored must not be used by anybody. */
    keyring_seal(core->keyring);
    if (error.reason != REASON_STORE_EXISTS && error.reason != REASON_STORE_CONFLICT) {
        return error;
    }
    TRY(keyring_unseal(core->keyring));
    error = platform_try(core, arena, deadline, false);
    if (FAILED(error)) {
        keyring_seal(core->keyring);
    }
    return error;
}

Error platform_subject_load(VaultCall *call, Subject *ret_subject)
{
    uint8_t id[SUBJECT_ID_BYTES];
    TRY(platform_id(call->core, id));
    Error error = subject_load_of(call, STR_EMPTY, id, ret_subject);
    if (FAILED(error) && error.reason == REASON_SUBJECT_UNKNOWN) {
        return FAIL(PLATFORM_KEYS_MISSING, NULL);
    }
    return error;
}
