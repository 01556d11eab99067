#include "audit_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto_init.h"
#include "segment_read.h"

#define ENVIRONMENT STR("test")

static void make_keys(AuditFixture *fixture)
{
    char path[AUDIT_PATH_BYTES + 8];
    (void)snprintf(path, sizeof path, "%s/kek", fixture->root);
    assert_ok(kek_file_create(ports_system(), fixture->arena, path));
    assert_ok(kek_file_new(ports_system(), path, 1, &fixture->kek));
    KeyringOptions options = {.provider = fixture->kek, .environment = ENVIRONMENT, .slots = 4096};
    assert_ok(keyring_open(&options, &fixture->ring));
    Str wrapped;
    assert_ok(keyring_new_platform_keys(fixture->ring, fixture->arena, &wrapped));
    SigningKey signer;
    assert_ok(signing_key_borrow(fixture->ring, SIGNING_LOG, &signer));
    memcpy(fixture->public_key.bytes, signer.public_key, sizeof fixture->public_key.bytes);
}

void audit_fixture_init(AuditFixture *fixture, uint64_t seed)
{
    memset(fixture, 0, sizeof *fixture);
    assert_ok(crypto_init());
    fixture->arena = arena_new((size_t)256 << 20);
    assert_non_null(fixture->arena);
    /* In memory where that can be had: what is tested is the order of the calls, and thousands of
     * syncs take time. */
    const char *below = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(fixture->root, sizeof fixture->root, "%s/musubi-audit-XXXXXX", below);
    assert_non_null(mkdtemp(fixture->root));
    int n = snprintf(fixture->folder, sizeof fixture->folder, "%.90s/log", fixture->root);
    assert_true(n > 0);
    assert_int_equal(mkdir(fixture->folder, 0700), 0);
    fake_ports_init(&fixture->fake, seed);
    fixture->node = STR("node-a");
    make_keys(fixture);
}

void audit_fixture_clear_log(AuditFixture *fixture)
{
    DIR *dir = opendir(fixture->folder);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
        }
    }
    (void)closedir(dir);
}

void audit_fixture_done(AuditFixture *fixture)
{
    audit_fixture_clear_log(fixture);
    char path[AUDIT_PATH_BYTES + 8];
    (void)snprintf(path, sizeof path, "%s/kek", fixture->root);
    (void)unlink(path);
    (void)rmdir(fixture->folder);
    (void)rmdir(fixture->root);
    (void)keyring_free(fixture->ring);
    (void)kek_free(fixture->kek);
    fake_ports_done(&fixture->fake);
    (void)arena_free(fixture->arena);
}

void audit_subject_id(uint32_t n, uint8_t ret_id[SUBJECT_ID_BYTES])
{
    const Str seed = str_bytes(&n, sizeof n);
    uint8_t hash[SHA256_BYTES];
    sha256_of(&seed, 1, hash);
    memcpy(ret_id, hash, SUBJECT_ID_BYTES);
}

SubjectKey *audit_subject_wrapped(AuditFixture *fixture, uint32_t n, Str *ret_wrapped)
{
    uint8_t id[SUBJECT_ID_BYTES];
    audit_subject_id(n, id);
    SubjectKey *key = NULL;
    assert_ok(keyring_new_subject_key(fixture->ring, STR_EMPTY, id, 1, fixture->arena, ret_wrapped,
                                      &key));
    return key;
}

SubjectKey *audit_subject(AuditFixture *fixture, uint32_t n)
{
    Str wrapped;
    return audit_subject_wrapped(fixture, n, &wrapped);
}

LeafDraft audit_draft(SubjectKey *key, uint64_t number, char request[AUDIT_REQUEST_BYTES])
{
    static const Str ATTRIBUTES[] = {STR_INIT("name"), STR_INIT("birthDate")};
    (void)snprintf(request, AUDIT_REQUEST_BYTES, "rq-%llu", (unsigned long long)number);
    return (LeafDraft){.act = LEAF_READ,
                       .why = STR("CONSENT_OK"),
                       .client = STR("kenko"),
                       .operator_id = STR_EMPTY,
                       .purpose = STR("health-promotion"),
                       .entity_type = STR("Person"),
                       .attribute_count = 2,
                       .request_id = str_from(request),
                       .policy = STR("policy-1"),
                       .key = key,
                       .subject = key == NULL ? NULL : subject_key_subject(key),
                       .detail = {.entity_id = STR("urn:ngsi-ld:Person:kenko-1"),
                                  .attributes = ATTRIBUTES,
                                  .attribute_count = 2,
                                  .grant_id = STR("grant-1"),
                                  .grant_version = 3,
                                  .address = STR("192.0.2.7"),
                                  .user_agent = STR("test"),
                                  .query = STR("type=Person"),
                                  .state_hash = STR_EMPTY}};
}

AccessLogOptions audit_options(AuditFixture *fixture)
{
    return (AccessLogOptions){.ports = &fixture->fake.ports,
                              .keyring = fixture->ring,
                              .folder = fixture->folder,
                              .environment = ENVIRONMENT,
                              .node = fixture->node,
                              .segment_bytes = fixture->segment_bytes,
                              .batch_leaves = fixture->batch_leaves,
                              .retry_us = 20000};
}

AccessLog *audit_open(AuditFixture *fixture)
{
    AccessLog *log = NULL;
    AccessLogOptions options = audit_options(fixture);
    assert_ok(access_log_open(&options, &log));
    return log;
}

Error audit_append(AccessLog *log, SubjectKey *key, uint64_t number, int seconds)
{
    char request[AUDIT_REQUEST_BYTES];
    LeafDraft draft = audit_draft(key, number, request);
    uint64_t seq = 0;
    return access_log_append(log, &draft, 1,
                             deadline_in(ports_system()->clock, seconds * CLOCK_SECOND_US), &seq);
}

LogPolicy audit_policy(AuditFixture *fixture)
{
    Str origin;
    assert_ok(checkpoint_origin_in(fixture->arena, ENVIRONMENT, fixture->node, &origin));
    return (LogPolicy){.origin = origin, .keys = &fixture->public_key, .key_count = 1};
}

LogReport audit_verify(AuditFixture *fixture, Str older_note)
{
    LogPolicy policy = audit_policy(fixture);
    LogReport report = {0};
    assert_ok(
        log_verify_folder(ports_system()->file, fixture->folder, &policy, older_note, &report));
    return report;
}

void audit_check_genuine(AuditFixture *fixture)
{
    LogReport report = audit_verify(fixture, STR_EMPTY);
    if (!report.is_genuine) {
        Str text;
        assert_ok(log_verify_text_in(fixture->arena, &report, &text));
        print_error("%.*s\n", STR_FORMAT(text));
        fail();
    }
}

typedef struct Counting {
    uint32_t *counts;
    size_t max;
    uint64_t leaves;
} Counting;

static Error count_leaf(void *context, uint64_t seq, Str line, Str detail)
{
    (void)detail;
    Counting *counting = context;
    ENSURE(seq == counting->leaves, LOG_CORRUPT, "sequences without a gap");
    counting->leaves++;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    Leaf leaf;
    TRY(leaf_parse(arena, line, &leaf));
    int64_t number = 0;
    if (str_starts_with(leaf.request_id, STR("rq-")) &&
        str_to_uint(str_slice(leaf.request_id, 3, 20), &number) && (size_t)number < counting->max) {
        counting->counts[number]++;
    }
    return OK;
}

uint64_t audit_count_requests(AuditFixture *fixture, uint32_t *counts, size_t max)
{
    memset(counts, 0, max * sizeof *counts);
    Counting counting = {.counts = counts, .max = max};
    assert_ok(
        log_verify_each_leaf(ports_system()->file, fixture->folder, 0, count_leaf, &counting));
    return counting.leaves;
}

Str audit_read_file(AuditFixture *fixture, const char *path)
{
    Str bytes;
    assert_ok(file_read_in(ports_system()->file, fixture->arena, path, (size_t)64 << 20, &bytes));
    return bytes;
}

void audit_write_file(const char *path, Str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    assert_int_equal(close(fd), 0);
}

void audit_segment_path(AuditFixture *fixture, uint32_t number,
                        char ret_path[AUDIT_PATH_BYTES + 32])
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(number, name);
    (void)snprintf(ret_path, AUDIT_PATH_BYTES + 32, "%s/%s", fixture->folder, name);
}

uint32_t audit_last_segment(AuditFixture *fixture)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    assert_ok(
        segment_list_in(ports_system()->file, fixture->arena, fixture->folder, &numbers, &count));
    return count == 0 ? 0 : numbers[count - 1];
}
