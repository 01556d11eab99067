/* audit_fixture.h — a temporary folder with a log, its keys and its fake ports, and what tests of
 * the log share.
 *
 * The log's time, randomness and files are fake ports (fake_ports.h); the keyring's are the
 * system's. Whatever goes wrong in here fails the running test. Must never be linked outside tests.
 *
 * Layer: tests. Thread-safe: drafts and appends yes; the rest single-owner. */
#ifndef MUSUBI_AUDIT_FIXTURE_H
#define MUSUBI_AUDIT_FIXTURE_H

#include "access_log.h"
#include "check.h"
#include "fake_ports.h"
#include "keyring.h"
#include "leaf.h"
#include "log_verify.h"

#define AUDIT_PATH_BYTES 128

typedef struct AuditFixture {
    char root[AUDIT_PATH_BYTES];
    char folder[AUDIT_PATH_BYTES]; /* of the log */
    FakePorts fake;
    KekProvider *kek;
    Keyring *ring;
    Arena *arena;
    LogKey public_key;
    Str node;
    size_t segment_bytes;
    size_t batch_leaves;
} AuditFixture;

void audit_fixture_init(AuditFixture *fixture, uint64_t seed);
void audit_fixture_done(AuditFixture *fixture);
/* Empties the log's folder. */
void audit_fixture_clear_log(AuditFixture *fixture);

/* A new key of subject number n and its wrapped form in the fixture's arena. */
SubjectKey *audit_subject_wrapped(AuditFixture *fixture, uint32_t n, Str *ret_wrapped);
/* A new key of subject number n; its id is made of n. Give back with subject_key_unref. */
SubjectKey *audit_subject(AuditFixture *fixture, uint32_t n);
/* The id of subject number n. */
void audit_subject_id(uint32_t n, uint8_t ret_id[SUBJECT_ID_BYTES]);

/* A read of an entity of the key's owner, marked by its request id: "rq-" and the number. */
#define AUDIT_REQUEST_BYTES 24
LeafDraft audit_draft(SubjectKey *key, uint64_t number, char request[AUDIT_REQUEST_BYTES]);

AccessLogOptions audit_options(AuditFixture *fixture);
/* Opens the log; must succeed. */
AccessLog *audit_open(AuditFixture *fixture);
/* Appends one marked read with a deadline of `seconds`. */
Error audit_append(AccessLog *log, SubjectKey *key, uint64_t number, int seconds);

LogPolicy audit_policy(AuditFixture *fixture);
/* Verifies the folder through the system's ports. */
LogReport audit_verify(AuditFixture *fixture, Str older_note);
/* Fails the test, with the report, unless the log is genuine. */
void audit_check_genuine(AuditFixture *fixture);

/* How often each request number stands in the log; counts has room for max numbers. Returns the
 * number of leaves. */
uint64_t audit_count_requests(AuditFixture *fixture, uint32_t *counts, size_t max);

/* Whole files. */
Str audit_read_file(AuditFixture *fixture, const char *path);
void audit_write_file(const char *path, Str bytes);
/* Path of a segment; static buffer per call site is the caller's. */
void audit_segment_path(AuditFixture *fixture, uint32_t number,
                        char ret_path[AUDIT_PATH_BYTES + 32]);
/* Number of the newest segment; 0: none. */
uint32_t audit_last_segment(AuditFixture *fixture);

#endif
