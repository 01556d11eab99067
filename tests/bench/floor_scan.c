/* floor_scan — what a query over all who consent is compared with: a bare loop over the same rows.
 *
 *   floor_scan --service=S --purpose=P --type=T --config=…
 *
 * For each citizen in the list of view rows: steps to the row along its index, reads the key's row
 * and the entity's row by key (prepared statements, nothing copied), and opens two records of the
 * lengths at hand (the row's rules, one value) as the stored format demands: two keyed BLAKE2b for
 * key and commitment, one XChaCha20-Poly1305, the padding off. No parsing, no consent, no checks,
 * no filter. Prints the number of citizens; then, for each empty line that it reads, makes one
 * round and prints its milliseconds and those of them on the processor. */
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto_init.h"
#include "sealed_entity.h"
#include "vault_call.h"
#include "vault_open.h"
#include "vaultctl_commands.h"
#include "view_row.h"

#define VALUE_BYTES 512 /* a padded record of most attributes */
#define KEY_TEXT_BYTES 24
#define AAD_BYTES 200

typedef struct Citizen {
    char subject[KEY_TEXT_BYTES];
    char entity[KEY_TEXT_BYTES];
    size_t rules_bytes; /* of the row's plaintext */
} Citizen;

typedef struct Scan {
    sqlite3 *db;
    sqlite3_stmt *rows;
    sqlite3_stmt *key;
    sqlite3_stmt *entity;
    Citizen *citizens;
    size_t count;
    size_t capacity;
    char list[KEY_TEXT_BYTES];
    uint8_t text[16384];
    uint8_t sealed[16384 + crypto_aead_xchacha20poly1305_ietf_ABYTES];
    uint8_t aad[AAD_BYTES];
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    uint8_t subject_key[32];
} Scan;

static void die(const char *what)
{
    fprintf(stderr, "floor_scan: %s\n", what);
    exit(1);
}

/* --- what is scanned -------------------------------------------------------------------------- */

static Error citizen_add(VaultCall *call, const ViewRow *row, Scan *scan)
{
    if (scan->count == scan->capacity) {
        scan->capacity = scan->capacity * 2 + 1024;
        scan->citizens = realloc(scan->citizens, scan->capacity * sizeof *scan->citizens);
        ENSURE(scan->citizens != NULL, OUT_OF_MEMORY, NULL);
    }
    Citizen *citizen = &scan->citizens[scan->count++];
    uint8_t id[SEALED_ID_BYTES];
    Str envelope;
    TRY(sealed_entity_id_of_subject(call, row->subject, id));
    TRY(doc_get_bytes(row->doc.body, "r", &envelope));
    pseudonym_text_16(row->subject, citizen->subject);
    pseudonym_text_16(id, citizen->entity);
    citizen->rules_bytes = envelope.n - SEAL_OVERHEAD_BYTES;
    ENSURE(citizen->rules_bytes <= sizeof scan->text, INTERNAL, "a row is larger than expected");
    return OK;
}

static Error list_load(const VaultCore *core, const ViewList *list, Scan *scan)
{
    ViewRow last = {.doc = {.version = 0}};
    size_t count = 1;
    while (count > 0) {
        CLEANUP(arena_free) Arena *arena = arena_new_sensitive((size_t)64 << 20);
        ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
        VaultCall call;
        ViewRow *rows;
        Deadline deadline = deadline_in(core->ports->clock, 60 * CLOCK_SECOND_US);
        TRY(vault_call_open(core, arena, STR(""), deadline, &call));
        Error error =
            view_row_walk(&call, list, last.doc.version == 0 ? NULL : &last, 500, &rows, &count);
        for (size_t i = 0; !FAILED(error) && i < count; i++) {
            error = citizen_add(&call, &rows[i], scan);
        }
        vault_call_close(&call);
        TRY(error);
        /* The last row leads on; its bytes must outlive the arena. */
        static char body[65536];
        static char key[64];
        if (count > 0) {
            Str name;
            last = rows[count - 1];
            ENSURE(last.doc.body.bytes.n <= sizeof body, INTERNAL, "a row");
            memcpy(body, last.doc.body.bytes.p, last.doc.body.bytes.n);
            memcpy(key, last.doc.key.p, last.doc.key.n);
            last.doc.body.bytes.p = body;
            last.doc.key.p = key;
            TRY(doc_get_text(last.doc.body, "l", &name));
            (void)snprintf(scan->list, sizeof scan->list, "%.*s", STR_FORMAT(name));
        }
    }
    return OK;
}

static sqlite3_stmt *prepare(Scan *scan, const char *query)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(scan->db, query, -1, &statement, NULL) != SQLITE_OK) {
        die("the store can't be read");
    }
    return statement;
}

static void scan_open(Scan *scan, const char *path)
{
    if (sqlite3_open_v2(path, &scan->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(scan->db, "PRAGMA cache_size = -4096", NULL, NULL, NULL) != SQLITE_OK) {
        die("the store can't be read");
    }
    scan->rows = prepare(scan, "SELECT key, version, body FROM c_view_rows INDEXED BY "
                               "i_view_rows_by_list WHERE m_l = ?1 AND m_n IS NOT NULL "
                               "ORDER BY m_n, key");
    scan->key = prepare(scan, "SELECT version, body FROM c_keys WHERE key = ?1");
    scan->entity = prepare(scan, "SELECT version, body FROM c_entities WHERE key = ?1");
    randombytes_buf(scan->subject_key, sizeof scan->subject_key);
    randombytes_buf(scan->nonce, sizeof scan->nonce);
    randombytes_buf(scan->aad, sizeof scan->aad);
}

/* --- one round -------------------------------------------------------------------------------- */

static void row_get(sqlite3_stmt *statement, const char *key)
{
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_blob(statement, 1) == NULL) {
        die("a row is missing");
    }
    sqlite3_reset(statement);
}

static void derive(const Scan *scan, const char *personal, uint8_t ret_key[32])
{
    static const uint8_t salt[16] = {0};
    crypto_generichash_blake2b_state state;
    (void)crypto_generichash_blake2b_init_salt_personal(
        &state, scan->subject_key, sizeof scan->subject_key, 32, salt, (const uint8_t *)personal);
    (void)crypto_generichash_blake2b_update(&state, scan->aad, 40);
    (void)crypto_generichash_blake2b_final(&state, ret_key, 32);
}

static void record_open(Scan *scan, size_t bytes)
{
    uint8_t key[32];
    uint8_t commitment[32];
    derive(scan, "musubi/floor/enc", key);
    derive(scan, "musubi/floor/cmt", commitment);
    /* Sealing does the same work as opening, and needs nobody's key. */
    unsigned char mac[crypto_aead_xchacha20poly1305_ietf_ABYTES];
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
        scan->text, mac, NULL, scan->sealed, bytes, scan->aad, AAD_BYTES, NULL, scan->nonce, key);
    size_t unpadded = 0;
    scan->text[bytes - 1] = 0x80;
    (void)sodium_unpad(&unpadded, scan->text, bytes, bytes);
    sodium_memzero(key, sizeof key);
}

static int64_t processor_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * CLOCK_SECOND_US + now.tv_nsec / 1000;
}

static void scan_round(Scan *scan)
{
    sqlite3_exec(scan->db, "BEGIN", NULL, NULL, NULL);
    sqlite3_bind_text(scan->rows, 1, scan->list, -1, SQLITE_STATIC);
    size_t met = 0;
    while (sqlite3_step(scan->rows) == SQLITE_ROW && met < scan->count) {
        if (sqlite3_column_blob(scan->rows, 2) == NULL) {
            die("a row is missing");
        }
        const Citizen *citizen = &scan->citizens[met++];
        row_get(scan->key, citizen->subject);
        row_get(scan->entity, citizen->entity);
        record_open(scan, citizen->rules_bytes);
        record_open(scan, VALUE_BYTES);
    }
    sqlite3_reset(scan->rows);
    sqlite3_exec(scan->db, "COMMIT", NULL, NULL, NULL);
    if (met != scan->count) {
        die("rows are missing");
    }
}

static void round_print(Scan *scan)
{
    const Clock *clock = ports_system()->clock;
    int64_t start_us = clock->monotonic_us(clock);
    int64_t start_processor_us = processor_us();
    scan_round(scan);
    printf("round %lld %lld\n", (long long)(clock->monotonic_us(clock) - start_us) / 1000,
           (long long)(processor_us() - start_processor_us) / 1000);
    (void)fflush(stdout);
}

static Error run(const CommandLine *line, Scan *scan)
{
    const char *service = NULL;
    const char *purpose = NULL;
    const char *type = NULL;
    TRY(command_option_needed(line, "service", &service));
    TRY(command_option_needed(line, "purpose", &purpose));
    TRY(command_option_needed(line, "type", &type));
    OpenVault vault = {0};
    TRY(vault_open(line->arena, line->conf, (VaultOpenOptions){.needs_log = false}, &vault));
    ViewList list = {
        .recipient = str_from(service), .purpose = str_from(purpose), .type = str_from(type)};
    Error error = FAILED(vault.sealed) ? vault.sealed : list_load(&vault.core, &list, scan);
    vault_open_close(&vault);
    TRY(error);
    scan_open(scan, conf_path(line->conf, "store_path"));
    printf("citizens %zu\n", scan->count);
    (void)fflush(stdout);
    while (getchar() == '\n') {
        round_print(scan);
    }
    return OK;
}

int main(int argc, char **argv)
{
    static Scan scan;
    CommandLine line = {.arena = arena_new_sensitive(ARENA_REQUEST_BYTES),
                        .usage = "--service= --purpose= --type="};
    Error outcome = crypto_init();
    if (!FAILED(outcome)) {
        outcome = command_line_split(&line, argc - 1, argv + 1);
    }
    if (!FAILED(outcome)) {
        outcome = run(&line, &scan);
    }
    if (FAILED(outcome)) {
        die(outcome.argument == NULL ? outcome.site : outcome.argument);
    }
    free(scan.citizens);
    (void)arena_free(line.arena);
    return 0;
}
