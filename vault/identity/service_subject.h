/* service_subject.h — the key of a service as a subject of its own: it seals what the access log
 * says about the service and no citizen (scans, denials of unknown ids).
 *
 * Must never seal anything about a citizen.
 *
 * Layer: vault/identity. Thread-safe: yes. Requirement: C-1, L-2. */
#ifndef MUSUBI_SERVICE_SUBJECT_H
#define MUSUBI_SERVICE_SUBJECT_H

#include "subject.h"

/* Puts the key of a new service into the batch. Give back with subject_done. Errors: as
 * subject_create. */
Error service_subject_create(VaultCall *call, Str client_id, StoreBatch *batch,
                             Subject *ret_subject) MUST_USE;
/* Errors: SUBJECT_UNKNOWN (no such service), VAULT_SEALED, store errors. */
Error service_subject_load(VaultCall *call, Str client_id, Subject *ret_subject) MUST_USE;

#endif
