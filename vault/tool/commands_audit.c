#include <inttypes.h>
#include <stdio.h>

#include "log_projection.h"
#include "log_verify.h"
#include "subject_walk.h"
#include "vault_open.h"
#include "vaultctl_commands.h"
#include "verifier_key.h"

/* The key from the vault itself: needs the store and the KEK, but not the log. */
static Error key_of_vault(const CommandLine *line, Str *ret_origin, LogKey *ret_key)
{
    OpenVault vault = {0};
    TRY(vault_open(line->arena, line->conf, (VaultOpenOptions){0}, &vault));
    Error outcome = vault.sealed;
    SigningKey key = {0};
    if (!FAILED(outcome)) {
        outcome = signing_key_borrow(vault.keyring, SIGNING_LOG, &key);
    }
    vault_open_close(&vault);
    TRY(outcome);
    TRY(checkpoint_origin_in(line->arena, conf_text(line->conf, "environment"),
                             conf_text(line->conf, "node"), ret_origin));
    for (size_t i = 0; i < sizeof ret_key->bytes; i++) {
        ret_key->bytes[i] = key.public_key[i];
    }
    return OK;
}

Error command_audit_key(CommandLine *line)
{
    Str origin = STR_EMPTY;
    LogKey key = {0};
    Str text = STR_EMPTY;
    TRY(key_of_vault(line, &origin, &key));
    TRY(verifier_key_write(line->arena, origin, key.bytes, &text));
    printf("%.*s\n", STR_FORMAT(text));
    return OK;
}

Error command_audit_verify(CommandLine *line)
{
    Str origin = STR_EMPTY;
    LogKey key = {0};
    const char *key_text = command_option(line, "key");
    TRY(key_text != NULL ? verifier_key_read(line->arena, str_from(key_text), &origin, &key)
                         : key_of_vault(line, &origin, &key));
    const char *folder = command_option(line, "folder");
    if (folder == NULL) {
        TRY(vault_log_folder(line->arena, line->conf, &folder));
    }
    LogPolicy policy = {.origin = origin, .keys = &key, .key_count = 1};
    LogReport report = {0};
    Str older_note = STR_EMPTY;
    const char *checkpoint = command_option(line, "checkpoint");
    if (checkpoint != NULL) {
        TRY(file_read_in(ports_system()->file, line->arena, checkpoint, LOG_VERIFY_NOTE_BYTES,
                         &older_note));
        while (str_ends_with(older_note, STR("\n\n"))) {
            older_note
                .n--; /* a note copied from the terminal brings the blank line after it along */
        }
    }
    TRY(log_verify_folder(ports_system()->file, folder, &policy, older_note, &report));
    Str text = STR_EMPTY;
    TRY(log_verify_text_in(line->arena, &report, &text));
    printf("%.*s", STR_FORMAT(text));
    /* A flaw is the verifier's finding, not its failure: the words are printed, the status tells
     * the script. */
    line->exit_status = report.is_genuine ? 0 : 1;
    return OK;
}

static Error each_subject(void *context, LogSubjectVisit visit, void *visitor)
{
    return subject_walk(context, visit, visitor);
}

#define REBUILD_TIMEOUT_US (INT64_C(3600) * CLOCK_SECOND_US)

static Error rebuild(OpenVault *vault)
{
    Deadline deadline = deadline_in(vault->core.ports->clock, REBUILD_TIMEOUT_US);
    LogSubjects subjects = {.each = each_subject, .context = &vault->core};
    TRY(log_projection_wipe(vault->store, deadline));
    CLEANUP(log_projection_stop) LogProjection *projection = NULL;
    TRY(log_projection_start(vault->log, vault->store, &subjects, &projection));
    return log_projection_wait(projection, access_log_size(vault->log), deadline);
}

Error command_audit_rebuild(CommandLine *line)
{
    OpenVault vault = {0};
    TRY(vault_open(line->arena, line->conf, (VaultOpenOptions){.needs_log = true}, &vault));
    Error outcome = FAILED(vault.sealed) ? vault.sealed : rebuild(&vault);
    if (!FAILED(outcome)) {
        printf("the history of accesses stands again: %" PRIu64 " entries of this node\n",
               access_log_size(vault.log));
    }
    vault_open_close(&vault);
    return outcome;
}
