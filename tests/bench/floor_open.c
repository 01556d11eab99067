/* floor_open — what answers about open data are compared with: a bare libmicrohttpd program with
 * the same thread model over the same SQLite file. Ends on SIGTERM.
 *
 *   floor_open --port-file=F --store=FILE --type=T
 *
 *       GET /page/LIMIT   the bodies of the type's first LIMIT entities, as they are stored
 *       GET /count        how many entities of the type there are
 *       GET /scan         reads every byte of every entity of the type; answers how many there are
 *
 * No routing, no decoding, no filter, no rendering: what is left is the walk and the answer. */
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_BYTES ((size_t)256 << 10)
#define CONNECTION_BYTES ((size_t)256 << 10)
#define SCOPE "/" /* of the default tenant */

typedef enum Question { QUESTION_PAGE, QUESTION_COUNT, QUESTION_SCAN, QUESTION_COUNT_ } Question;

static const char *const STATEMENTS[QUESTION_COUNT_] = {
    [QUESTION_PAGE] = "SELECT key, version, sum, body FROM c_public_entities"
                      " INDEXED BY i_public_entities_by_type"
                      " WHERE m_p IS NOT NULL AND m_y IS NOT NULL AND m_n IS NOT NULL AND m_p = ?1"
                      " AND m_y = ?2 ORDER BY m_n, key LIMIT ?3",
    [QUESTION_COUNT] = "SELECT count(*) FROM c_public_entities INDEXED BY i_public_entities_by_type"
                       " WHERE m_p IS NOT NULL AND m_y IS NOT NULL AND m_n IS NOT NULL"
                       " AND m_p = ?1 AND m_y = ?2",
};

typedef struct Floor {
    const char *store;
    const char *port_file;
    const char *type;
} Floor;

/* Of one thread, for its life. */
typedef struct Handle {
    sqlite3 *db;
    sqlite3_stmt *statements[QUESTION_COUNT_];
} Handle;

typedef struct Answer {
    char *bytes;
    size_t n;
    size_t capacity;
} Answer;

static pthread_key_t handle_key;

static void die(const char *what)
{
    fprintf(stderr, "floor_open: %s\n", what);
    exit(1);
}

static void close_handle(void *memory)
{
    Handle *handle = memory;
    for (int i = 0; i < QUESTION_COUNT_; i++) {
        sqlite3_finalize(handle->statements[i]);
    }
    sqlite3_close(handle->db);
    free(handle);
}

static Handle *handle_of(const Floor *floor)
{
    Handle *handle = pthread_getspecific(handle_key);
    if (handle != NULL) {
        return handle;
    }
    handle = calloc(1, sizeof *handle);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (handle == NULL || sqlite3_open_v2(floor->store, &handle->db, flags, NULL) != SQLITE_OK ||
        sqlite3_exec(handle->db, "PRAGMA cache_size = -4096", NULL, NULL, NULL) != SQLITE_OK) {
        die("the store can't be opened");
    }
    for (int i = 0; i < QUESTION_COUNT_; i++) {
        const char *sql = STATEMENTS[i == QUESTION_SCAN ? QUESTION_PAGE : i];
        if (sqlite3_prepare_v2(handle->db, sql, -1, &handle->statements[i], NULL) != SQLITE_OK) {
            die(sqlite3_errmsg(handle->db));
        }
    }
    (void)pthread_setspecific(handle_key, handle);
    return handle;
}

static void add(Answer *answer, const void *bytes, size_t n)
{
    if (answer->capacity - answer->n < n) {
        answer->capacity = (answer->capacity + n) * 2;
        answer->bytes = realloc(answer->bytes, answer->capacity);
        if (answer->bytes == NULL) {
            die("no memory");
        }
    }
    memcpy(answer->bytes + answer->n, bytes, n);
    answer->n += n;
}

static void add_number(Answer *answer, int64_t number)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lld", (long long)number);
    add(answer, text, (size_t)n);
}

/* Every byte is looked at, as whoever checks or decodes a body must. */
static uint64_t touch(const unsigned char *bytes, size_t n)
{
    uint64_t sum = 0;
    for (size_t at = 0; at + 8 <= n; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, sizeof word);
        sum = (sum ^ word) * 0xff51afd7ed558ccdu;
    }
    return sum;
}

static void answer_rows(Handle *handle, sqlite3_stmt *statement, bool is_scan, Answer *answer)
{
    uint64_t sum = 0;
    int64_t rows = 0;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *body = sqlite3_column_blob(statement, 3);
        size_t n = (size_t)sqlite3_column_bytes(statement, 3);
        if (is_scan) {
            sum ^= touch(body, n);
        } else {
            add(answer, body, n);
        }
        rows++;
    }
    if (code != SQLITE_DONE) {
        die(sqlite3_errmsg(handle->db));
    }
    if (is_scan) {
        add_number(answer, rows);
        add(answer, "\n", 1);
        add_number(answer, (int64_t)(sum >> 1)); /* or nobody would have looked */
    }
}

static void answer_question(const Floor *floor, Question question, int64_t limit, Answer *answer)
{
    Handle *handle = handle_of(floor);
    sqlite3_stmt *statement = handle->statements[question];
    sqlite3_bind_text(statement, 1, SCOPE, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, floor->type, -1, SQLITE_STATIC);
    if (question == QUESTION_COUNT) {
        if (sqlite3_step(statement) != SQLITE_ROW) {
            die(sqlite3_errmsg(handle->db));
        }
        add_number(answer, sqlite3_column_int64(statement, 0));
    } else {
        sqlite3_bind_int64(statement, 3, limit);
        answer_rows(handle, statement, question == QUESTION_SCAN, answer);
    }
    sqlite3_reset(statement);
}

static void answer_url(const Floor *floor, const char *url, Answer *answer)
{
    if (strncmp(url, "/page/", 6) == 0) {
        answer_question(floor, QUESTION_PAGE, strtoll(url + 6, NULL, 10), answer);
    } else if (strcmp(url, "/count") == 0) {
        answer_question(floor, QUESTION_COUNT, 0, answer);
    } else {
        answer_question(floor, QUESTION_SCAN, INT64_MAX, answer);
    }
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    Floor *floor = context;
    (void)method, (void)version, (void)data, (void)data_size;
    if (*state == NULL) { /* an answer before the end of the request would close the connection */
        *state = floor;
        return MHD_YES;
    }
    Answer answer = {0};
    answer_url(floor, url, &answer);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer.n, answer.bytes, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result queued = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return queued;
}

static void read_options(int argc, char **argv, Floor *floor)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--store=", 8) == 0) {
            floor->store = argv[i] + 8;
        } else if (strncmp(argv[i], "--port-file=", 12) == 0) {
            floor->port_file = argv[i] + 12;
        } else if (strncmp(argv[i], "--type=", 7) == 0) {
            floor->type = argv[i] + 7;
        }
    }
    if (floor->store == NULL || floor->port_file == NULL || floor->type == NULL) {
        die("usage: floor_open --port-file=F --store=FILE --type=T");
    }
}

static void tell_port(const Floor *floor, struct MHD_Daemon *daemon)
{
    FILE *file = fopen(floor->port_file, "w");
    if (file == NULL) {
        die("the port can't be told");
    }
    (void)fprintf(file, "%u", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fclose(file);
}

int main(int argc, char **argv)
{
    static Floor floor;
    sigset_t signals;
    int received = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)pthread_key_create(&handle_key, close_handle);
    read_options(argc, argv, &floor);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                             MHD_USE_POLL | MHD_USE_ITC,
                         0, NULL, NULL, on_request, &floor, MHD_OPTION_CONNECTION_LIMIT, 512,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
                         MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, MHD_OPTION_END);
    if (daemon == NULL) {
        die("no daemon");
    }
    tell_port(&floor, daemon);
    (void)sigwait(&signals, &received);
    MHD_stop_daemon(daemon);
    return 0;
}
