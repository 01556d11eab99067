/* How near the access log comes to the least that a signed, durable log can cost: the same bytes in
 * batches of the same size by bare write + fdatasync + sign, without queue, hash, JSON or sealing.
 * Prints the ratio of leaves per second.
 *
 * Rates, sizes and latencies are those of the last round, the ratio is the median of all.
 *
 * bench_log_append [FOLDER]: works in a new folder below FOLDER (default /tmp), removes it at the
 * end. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access_log.h"
#include "crypto_init.h"
#include "log_verify.h"

#define RUN_US CLOCK_SECOND_US
#define ROUNDS                                                                                     \
    5 /* log and floor in turn; the median ratio counts, for a machine is never quite still */
#define PATH_BYTES 200

typedef struct Bench {
    char root[PATH_BYTES];
    char folder[PATH_BYTES + 8];
    Arena *arena;
    KekProvider *kek;
    Keyring *ring;
} Bench;

typedef struct Result {
    double leaves_per_second;
    double leaves_per_batch;
    double bytes_per_batch;
    double p50_ms;
    double p99_ms;
} Result;

static void must(Error error)
{
    if (FAILED(error)) {
        fprintf(stderr, "%s (%s) from %s\n", error_words(error.reason)->name,
                error.argument == NULL ? "" : error.argument, error.site);
        exit(1);
    }
}

static int64_t now_us(void)
{
    return ports_system()->clock->monotonic_us(ports_system()->clock);
}

static void bench_init(Bench *bench, const char *below)
{
    (void)snprintf(bench->root, sizeof bench->root, "%.150s/musubi-bench-XXXXXX", below);
    if (mkdtemp(bench->root) == NULL) {
        perror(bench->root);
        exit(1);
    }
    (void)snprintf(bench->folder, sizeof bench->folder, "%s/log", bench->root);
    char key_path[PATH_BYTES + 8];
    (void)snprintf(key_path, sizeof key_path, "%s/kek", bench->root);
    bench->arena = arena_new((size_t)64 << 20);
    must(crypto_init());
    must(kek_file_create(ports_system(), bench->arena, key_path));
    must(kek_file_new(ports_system(), key_path, 1, &bench->kek));
    KeyringOptions options = {.provider = bench->kek, .environment = STR("bench"), .slots = 4096};
    must(keyring_open(&options, &bench->ring));
    Str wrapped;
    must(keyring_new_platform_keys(bench->ring, bench->arena, &wrapped));
}

static void remove_files(const char *folder)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(folder);
}

static void bench_done(Bench *bench)
{
    (void)keyring_free(bench->ring);
    (void)kek_free(bench->kek);
    (void)arena_free(bench->arena);
    remove_files(bench->folder);
    remove_files(bench->root);
}

/* --- the log --- */

typedef struct Appender {
    AccessLog *log;
    SubjectKey *key;
    int64_t until_us;
    uint64_t leaves;
    double *latencies_ms; /* of this thread */
    size_t latency_count;
} Appender;

enum { LATENCIES_MAX = 100000 };

static LeafDraft read_of(SubjectKey *key)
{
    static const Str ATTRIBUTES[] = {STR_INIT("name"), STR_INIT("birthDate"), STR_INIT("address")};
    return (LeafDraft){
        .act = LEAF_READ,
        .why = STR("CONSENT_OK"),
        .client = STR("kenko"),
        .operator_id = STR_EMPTY,
        .purpose = STR("health-promotion"),
        .entity_type = STR("Person"),
        .attribute_count = 3,
        .request_id = STR("0123456789abcdef"),
        .policy = STR("0123456789abcdef"),
        .key = key,
        .subject = subject_key_subject(key),
        .detail = {.entity_id = STR("urn:ngsi-ld:Person:01890a5d-ac96-774b-bcce-b302099a8057"),
                   .attributes = ATTRIBUTES,
                   .attribute_count = 3,
                   .grant_id = STR("01890a5d-ac96-774b-bcce-b302099a8057"),
                   .grant_version = 1,
                   .address = STR("192.0.2.7"),
                   .user_agent = STR("bench/1"),
                   .query = STR("type=Person&attrs=name,birthDate,address"),
                   .state_hash = STR_EMPTY}};
}

static void *append_until(void *argument)
{
    Appender *appender = argument;
    LeafDraft draft = read_of(appender->key);
    for (int64_t start = now_us(); start < appender->until_us;) {
        uint64_t seq = 0;
        must(access_log_append(appender->log, &draft, 1,
                               deadline_in(ports_system()->clock, 10 * CLOCK_SECOND_US), &seq));
        int64_t end = now_us();
        if (appender->latency_count < LATENCIES_MAX) {
            appender->latencies_ms[appender->latency_count++] = (double)(end - start) / 1000;
        }
        start = end;
        appender->leaves++;
    }
    return NULL;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void find_percentiles(const Appender *appenders, size_t threads, Result *result)
{
    double *all = calloc(threads * LATENCIES_MAX, sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < threads; i++) {
        memcpy(all + count, appenders[i].latencies_ms, appenders[i].latency_count * sizeof *all);
        count += appenders[i].latency_count;
    }
    qsort(all, count, sizeof *all, compare_doubles);
    result->p50_ms = all[count / 2];
    result->p99_ms = all[count * 99 / 100];
    free(all);
}

static uint64_t run_threads(AccessLog *log, Bench *bench, size_t threads, Result *result)
{
    Appender *appenders = calloc(threads, sizeof *appenders);
    pthread_t *handles = calloc(threads, sizeof *handles);
    int64_t until = now_us() + RUN_US;
    uint64_t leaves = 0;
    for (size_t i = 0; i < threads; i++) {
        uint8_t subject[SUBJECT_ID_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
        Str wrapped;
        appenders[i] = (Appender){
            .log = log, .until_us = until, .latencies_ms = calloc(LATENCIES_MAX, sizeof(double))};
        must(keyring_new_subject_key(bench->ring, STR_EMPTY, subject, 1, bench->arena, &wrapped,
                                     &appenders[i].key));
        (void)pthread_create(&handles[i], NULL, append_until, &appenders[i]);
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(handles[i], NULL);
        leaves += appenders[i].leaves;
    }
    find_percentiles(appenders, threads, result);
    for (size_t i = 0; i < threads; i++) {
        (void)subject_key_unref(appenders[i].key);
        free(appenders[i].latencies_ms);
    }
    free(appenders);
    free(handles);
    return leaves;
}

static off_t folder_bytes(const char *folder)
{
    off_t bytes = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        struct stat status;
        if (fstatat(dirfd(dir), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode)) {
            bytes += status.st_size;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return bytes;
}

static uint64_t count_batches(Bench *bench)
{
    SigningKey signer;
    LogKey key;
    must(signing_key_borrow(bench->ring, SIGNING_LOG, &signer));
    memcpy(key.bytes, signer.public_key, sizeof key.bytes);
    Str origin;
    must(checkpoint_origin_in(bench->arena, STR("bench"), STR("node"), &origin));
    LogPolicy policy = {.origin = origin, .keys = &key, .key_count = 1};
    static LogReport report;
    must(log_verify_folder(ports_system()->file, bench->folder, &policy, STR_EMPTY, &report));
    if (!report.is_genuine) {
        fprintf(stderr, "the log does not verify: %s\n", report.flaw.expected);
        exit(1);
    }
    return report.batches;
}

static Result run_log(Bench *bench, size_t threads)
{
    Result result = {0};
    AccessLog *log = NULL;
    (void)mkdir(bench->folder, 0700);
    AccessLogOptions options = {.keyring = bench->ring,
                                .folder = bench->folder,
                                .environment = STR("bench"),
                                .node = STR("node")};
    must(access_log_open(&options, &log));
    int64_t start = now_us();
    uint64_t leaves = run_threads(log, bench, threads, &result);
    double seconds = (double)(now_us() - start) / (double)CLOCK_SECOND_US;
    (void)access_log_close(log);
    uint64_t batches = count_batches(bench);
    result.leaves_per_second = (double)leaves / seconds;
    result.leaves_per_batch = (double)leaves / (double)batches;
    result.bytes_per_batch = (double)folder_bytes(bench->folder) / (double)batches;
    remove_files(bench->folder);
    return result;
}

/* --- the floor --- */

/* Batches per second of bare write + fdatasync + sign. */
static double run_floor(Bench *bench, size_t bytes)
{
    char path[PATH_BYTES + 8];
    (void)snprintf(path, sizeof path, "%s/floor", bench->root);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char *batch = calloc(1, bytes);
    SigningKey signer;
    must(signing_key_borrow(bench->ring, SIGNING_LOG, &signer));
    uint64_t batches = 0;
    int64_t start = now_us();
    while (now_us() - start < RUN_US) {
        uint8_t signature[SIGN_SIGNATURE_BYTES];
        must(sign_message(&signer, str_bytes(batch, 100), signature));
        memcpy(batch, signature, bytes < sizeof signature ? bytes : sizeof signature);
        if (write(fd, batch, bytes) != (ssize_t)bytes || fdatasync(fd) != 0) {
            perror(path);
            exit(1);
        }
        batches++;
    }
    double seconds = (double)(now_us() - start) / (double)CLOCK_SECOND_US;
    (void)close(fd);
    (void)unlink(path);
    free(batch);
    return (double)batches / seconds;
}

/* One round of both; the floor in leaves per second. */
static Result run_round(Bench *bench, size_t threads, double *ret_floor, double *ret_ratio)
{
    Result result = run_log(bench, threads);
    *ret_floor = run_floor(bench, (size_t)result.bytes_per_batch) * result.leaves_per_batch;
    *ret_ratio = result.leaves_per_second / *ret_floor;
    return result;
}

/* Prints one row; returns the median ratio. */
static double print_row(Bench *bench, size_t threads)
{
    double ratios[ROUNDS];
    double floor = 0;
    Result result = {0};
    for (size_t round = 0; round < ROUNDS; round++) {
        result = run_round(bench, threads, &floor, &ratios[round]);
    }
    qsort(ratios, ROUNDS, sizeof ratios[0], compare_doubles);
    printf("%8zu %12.0f %12.1f %12.0f %12.0f %8.2f %8.2f %8.2f\n", threads,
           result.leaves_per_second, result.leaves_per_batch, result.bytes_per_batch, floor,
           ratios[ROUNDS / 2], result.p50_ms, result.p99_ms);
    return ratios[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    static const size_t THREADS[] = {1, 16, 64, 256};
    static const size_t COUNTED = 64; /* as many as the connections of the other rows */
    double counted = 0;
    Bench bench = {0};
    bench_init(&bench, argc > 1 ? argv[1] : "/tmp");
    printf("%8s %12s %12s %12s %12s %8s %8s %8s\n", "threads", "leaves/s", "leaves/batch",
           "bytes/batch", "floor/s", "of it", "p50 ms", "p99 ms");
    for (size_t i = 0; i < sizeof THREADS / sizeof THREADS[0]; i++) {
        double ratio = print_row(&bench, THREADS[i]);
        counted = THREADS[i] == COUNTED ? ratio : counted;
    }
    printf("ratio %.2f with %zu threads\n", counted, COUNTED);
    bench_done(&bench);
    return 0;
}
