/* floor_http — what Musubi's speed is compared with: a bare libmicrohttpd program with the same
 * thread model. Ends on SIGTERM.
 *
 *   floor_http bytes --port-file=F --body-file=F
 *
 *       answers every request with the same bytes
 *
 *   floor_http row --port-file=F --body-file=F --service=S --users=U,V,… --config=…
 *
 *       reads one row of the city's SQLite file by key, appends one leaf about one of the citizens
 *       U, V, … in turn by the access log's own batching, and answers with the same bytes: no
 *       routing, no token, no consent, no decryption, no rendering */
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access_log.h"
#include "crypto_init.h"
#include "id_link.h"
#include "vault_call.h"
#include "vault_open.h"
#include "vaultctl_commands.h"

#define STACK_BYTES ((size_t)256 << 10)
#define CONNECTION_BYTES ((size_t)256 << 10)
#define KEYS_MAX 300
#define SUBJECTS_MAX 300
#define BUSY_MS 60000 /* while 64 threads open the file at once */

typedef struct Floor {
    bool is_row;
    Str body;
    OpenVault vault;
    Subject subjects[SUBJECTS_MAX];
    unsigned subject_count;
    const char *sqlite_path;
    char keys[KEYS_MAX][STORE_KEY_BYTES_MAX + 1];
    unsigned key_count;
    atomic_uint turn;
} Floor;

static void die(const char *what)
{
    fprintf(stderr, "floor_http: %s\n", what);
    exit(1);
}

static pthread_key_t statement_key;

static void close_statement(void *statement)
{
    sqlite3 *db = sqlite3_db_handle(statement);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* One database handle and one statement a thread, for the thread's life. */
static sqlite3_stmt *row_statement(Floor *floor)
{
    sqlite3_stmt *statement = pthread_getspecific(statement_key);
    if (statement == NULL) {
        sqlite3 *db = NULL;
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
        const char *query = "SELECT version, body FROM c_entities WHERE key = ?1";
        if (sqlite3_open_v2(floor->sqlite_path, &db, flags, NULL) != SQLITE_OK ||
            sqlite3_busy_timeout(db, BUSY_MS) != SQLITE_OK ||
            sqlite3_exec(db, "PRAGMA cache_size = -4096", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_prepare_v2(db, query, -1, &statement, NULL) != SQLITE_OK) {
            die("the store can't be read");
        }
        (void)pthread_setspecific(statement_key, statement);
    }
    return statement;
}

static void read_row(Floor *floor)
{
    sqlite3_stmt *statement = row_statement(floor);
    unsigned turn = atomic_fetch_add(&floor->turn, 1) % floor->key_count;
    sqlite3_reset(statement);
    sqlite3_bind_text(statement, 1, floor->keys[turn], -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_blob(statement, 1) == NULL) {
        die("a row is missing");
    }
    sqlite3_reset(statement);
}

static void append_leaf(Floor *floor)
{
    static const Str names[] = {STR_INIT("postalCode")};
    unsigned turn = atomic_fetch_add(&floor->turn, 1);
    const Subject *subject = &floor->subjects[turn % floor->subject_count];
    LeafDraft draft = {.act = LEAF_READ,
                       .why = STR("CONSENT_OK"),
                       .client = STR("kenko"),
                       .purpose = STR("health-promotion"),
                       .entity_type = STR("Person"),
                       .attribute_count = 1,
                       .request_id = STR("00000000-0000-7000-8000-000000000000"),
                       .key = subject->key,
                       .subject = subject->id,
                       .detail = {.entity_id = STR("urn:ngsi-ld:Person:floor"),
                                  .attributes = names,
                                  .attribute_count = 1,
                                  .grant_id = STR("00000000-0000-7000-8000-000000000000"),
                                  .grant_version = 1,
                                  .address = STR("127.0.0.1")}};
    uint64_t seq = 0;
    Deadline deadline = deadline_in(floor->vault.core.ports->clock, 60 * CLOCK_SECOND_US);
    if (FAILED(access_log_append(floor->vault.log, &draft, 1, deadline, &seq))) {
        die("the log can't be written");
    }
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    Floor *floor = context;
    (void)url, (void)method, (void)version, (void)data, (void)data_size;
    if (*state == NULL) { /* an answer before the end of the request would close the connection */
        *state = floor;
        return MHD_YES;
    }
    if (floor->is_row) {
        read_row(floor);
        append_leaf(floor);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        floor->body.n, (void *)(uintptr_t)floor->body.p, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result queued = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static void load_keys(Floor *floor)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_open_v2(floor->sqlite_path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT key FROM c_entities LIMIT 300", -1, &statement, NULL) !=
            SQLITE_OK) {
        die("the store can't be read");
    }
    while (floor->key_count < KEYS_MAX && sqlite3_step(statement) == SQLITE_ROW) {
        (void)snprintf(floor->keys[floor->key_count++], STORE_KEY_BYTES_MAX + 1, "%s",
                       (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static Error load_subjects(Floor *floor, VaultCall *call, Str service, Str users)
{
    Str user = STR_EMPTY;
    while (floor->subject_count < SUBJECTS_MAX && str_split(&users, ',', &user)) {
        IdLink link = {0};
        TRY(id_link_find(call, service, user, &floor->subjects[floor->subject_count], &link));
        floor->subject_count++;
    }
    return OK;
}

static Error open_row_mode(Floor *floor, const CommandLine *line)
{
    const char *service = NULL;
    const char *users = NULL;
    TRY(command_option_needed(line, "service", &service));
    TRY(command_option_needed(line, "users", &users));
    TRY(vault_open(line->arena, line->conf, (VaultOpenOptions){.needs_log = true}, &floor->vault));
    TRY(floor->vault.sealed);
    floor->sqlite_path = conf_path(line->conf, "store_path");
    VaultCall call = {0};
    Deadline deadline = deadline_in(ports_system()->clock, 5 * CLOCK_SECOND_US);
    TRY(vault_call_open(&floor->vault.core, line->arena, STR(""), deadline, &call));
    Error found = load_subjects(floor, &call, str_from(service), str_from(users));
    vault_call_close(&call);
    load_keys(floor);
    return found;
}

static Error start(Floor *floor, const CommandLine *line, struct MHD_Daemon **ret_daemon)
{
    const char *body_file = NULL;
    TRY(command_option_needed(line, "body-file", &body_file));
    TRY(file_read_in(ports_system()->file, line->arena, body_file, 1 << 20, &floor->body));
    if (floor->is_row) {
        TRY(open_row_mode(floor, line));
    }
    *ret_daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                                       MHD_USE_POLL | MHD_USE_ITC,
                                   0, NULL, NULL, on_request, floor, MHD_OPTION_CONNECTION_LIMIT,
                                   512, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
                                   MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, MHD_OPTION_END);
    ENSURE(*ret_daemon != NULL, INTERNAL, "no daemon");
    return OK;
}

int main(int argc, char **argv)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    static Floor floor;
    (void)pthread_key_create(&statement_key, close_statement);
    struct MHD_Daemon *daemon = NULL;
    CommandLine line = {.arena = arena_new_sensitive(ARENA_REQUEST_BYTES),
                        .usage = "--port-file= --body-file= --service= --users="};
    floor.is_row = argc > 1 && strcmp(argv[1], "row") == 0;
    Error outcome = crypto_init();
    if (!FAILED(outcome)) {
        outcome = command_line_split(&line, argc - 2, argv + 2);
    }
    if (!FAILED(outcome)) {
        outcome = start(&floor, &line, &daemon);
    }
    if (FAILED(outcome)) {
        die(outcome.argument == NULL ? outcome.site : outcome.argument);
    }
    char port[16];
    (void)snprintf(port, sizeof port, "%u",
                   MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    Error told = file_write_durable(ports_system()->file, command_option(&line, "port-file"), 0644,
                                    str_from(port));
    int received = 0;
    if (!FAILED(told)) {
        (void)sigwait(&signals, &received);
    }
    MHD_stop_daemon(daemon);
    subjects_done(floor.subjects, floor.subject_count);
    vault_open_close(&floor.vault);
    (void)arena_free(line.arena);
    return 0;
}
