#include "service_subject.h"

static Error service_subject_id(VaultCall *call, Str client_id, uint8_t ret_id[SUBJECT_ID_BYTES])
{
    return pseudonym_16(call->core->keyring, call->tenant, STR("service-subject"), &client_id, 1,
                        ret_id);
}

Error service_subject_create(VaultCall *call, Str client_id, StoreBatch *batch,
                             Subject *ret_subject)
{
    uint8_t id[SUBJECT_ID_BYTES];
    TRY(service_subject_id(call, client_id, id));
    return subject_create(call, call->tenant, id, batch, ret_subject);
}

Error service_subject_load(VaultCall *call, Str client_id, Subject *ret_subject)
{
    uint8_t id[SUBJECT_ID_BYTES];
    TRY(service_subject_id(call, client_id, id));
    return subject_load(call, id, ret_subject);
}
