/* Leaves: the exact line, the commitments that only the salt opens, refusal of every other form. */
#include <stdio.h>
#include <string.h>

#include "access_line.h"
#include "audit_fixture.h"
#include "encode.h"

static const uint8_t FINDER[SEAL_FINDER_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

typedef struct Made {
    Str line;
    Str detail;
    PreparedLeaf prepared;
} Made;

static Made make(AuditFixture *fixture, const LeafDraft *draft, uint64_t seq)
{
    Made made = {0};
    assert_ok(
        leaf_prepare(&fixture->fake.ports, fixture->arena, fixture->node, draft, &made.prepared));
    assert_ok(leaf_place(&made.prepared, fixture->arena, seq, 1775001600123, FINDER, &made.line,
                         &made.detail));
    return made;
}

static void exact_line_without_detail(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 61);
    LeafDraft draft = {.act = LEAF_CONSENT_GRANT,
                       .is_denied = true,
                       .why = STR("SCOPE"),
                       .client = STR("line-\"portal\"\\"),
                       .operator_id = STR("\xe5\x8a\xa0\xe8\xa5\xbf\xf0\x9f\x97\xbb"),
                       .purpose = STR("p\n"),
                       .entity_type = STR("\xff"),
                       .attribute_count = 7,
                       .request_id = STR("r1"),
                       .policy = STR("p1")};
    Made made = make(&fixture, &draft, 12);
    assert_str(
        made.line,
        "{\"v\":1,\"seq\":12,\"t\":1775001600123,\"act\":\"consent.grant\",\"dec\":\"deny\","
        "\"why\":\"SCOPE\","
        "\"cl\":\"line-\\u0022portal\\u0022\\u005c\",\"op\":\"\\u52a0\\u897f\\ud83d\\uddfb\","
        "\"pur\":\"p\\u000a\",\"con\":\"\",\"s\":\"\",\"et\":\"\\ufffd\",\"n\":7,\"d\":\"\",\"rq\":"
        "\"r1\","
        "\"pol\":\"p1\"}");
    assert_int_equal(made.detail.n, 0);
    audit_fixture_done(&fixture);
}

static Str base64_of(Arena *arena, const uint8_t hash[SHA256_BYTES])
{
    Buf buf = buf_in(arena);
    encode_base64(&buf, str_bytes(hash, SHA256_BYTES));
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

/* Whoever holds the opened detail can recompute both commitments and the detail hash. */
static void commitments_open_with_the_salt(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 62);
    SubjectKey *key = audit_subject(&fixture, 1);
    char request[AUDIT_REQUEST_BYTES];
    LeafDraft draft = audit_draft(key, 5, request);
    Made made = make(&fixture, &draft, 3);
    Leaf leaf;
    assert_ok(leaf_parse(fixture.arena, made.line, &leaf));
    Str plaintext;
    assert_ok(open_log_detail(key, fixture.node,
                              str_slice(made.detail, SEAL_FINDER_BYTES, made.detail.n),
                              fixture.arena, &plaintext));
    const uint8_t *salt = NULL;
    const uint8_t *subject = NULL;
    LeafDetail detail;
    assert_ok(leaf_detail_decode_in(fixture.arena, plaintext, &salt, &subject, &detail));
    uint8_t commitment[SHA256_BYTES];
    commitment_make(0x02, salt, str_bytes(subject, SUBJECT_ID_BYTES), commitment);
    assert_str_eq(leaf.subject, base64_of(fixture.arena, commitment));
    commitment_make(0x03, salt, STR("grant-1@3"), commitment);
    assert_str_eq(leaf.consent, base64_of(fixture.arena, commitment));
    bool is_right = false;
    assert_ok(leaf_detail_matches(fixture.arena, &leaf, made.detail, &is_right));
    assert_true(is_right);
    for (size_t at = 0; at < made.detail.n; at++) {
        char *changed = str_z(fixture.arena, made.detail);
        changed[at] ^= 1;
        assert_ok(leaf_detail_matches(fixture.arena, &leaf, str_bytes(changed, made.detail.n),
                                      &is_right));
        assert_false(is_right);
    }
    (void)subject_key_unref(key);
    audit_fixture_done(&fixture);
}

/* L-2: two leaves of one citizen have nothing in common but what the log says in clear. */
static void leaves_of_one_citizen_are_unlinkable(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 63);
    SubjectKey *key = audit_subject(&fixture, 1);
    char request[AUDIT_REQUEST_BYTES];
    LeafDraft draft = audit_draft(key, 5, request);
    Leaf leaves[2];
    Made made[2];
    for (size_t i = 0; i < 2; i++) {
        made[i] = make(&fixture, &draft, i);
        assert_ok(leaf_parse(fixture.arena, made[i].line, &leaves[i]));
    }
    assert_false(str_eq(leaves[0].subject, leaves[1].subject));
    assert_false(str_eq(leaves[0].consent, leaves[1].consent));
    assert_false(str_eq(leaves[0].detail_hash, leaves[1].detail_hash));
    assert_int_equal(made[0].detail.n, made[1].detail.n);
    assert_null(memmem(made[0].line.p, made[0].line.n, "grant-1", 7));
    assert_null(memmem(made[0].line.p, made[0].line.n, "192.0.2.7", 9));
    assert_null(memmem(made[0].line.p, made[0].line.n, "urn:", 4));
    (void)subject_key_unref(key);
    audit_fixture_done(&fixture);
}

static void every_act_has_a_name(void **state)
{
    (void)state;
    for (unsigned act = 0; act < LEAF_ACT_COUNT_; act++) {
        LeafAct back = LEAF_ACT_COUNT_;
        assert_true(leaf_act_parse(str_from(leaf_act_name((LeafAct)act)), &back));
        assert_int_equal(back, act);
    }
    LeafAct none;
    assert_false(leaf_act_parse(STR(""), &none));
    assert_false(leaf_act_parse(STR("Read"), &none));
}

static void length_limits(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 64);
    SubjectKey *key = audit_subject(&fixture, 1);
    static char text[40000];
    memset(text, 'x', sizeof text);
    char request[AUDIT_REQUEST_BYTES];
    PreparedLeaf prepared;
    LeafDraft draft = audit_draft(key, 1, request);
    size_t longest = 0;
    for (size_t n = 0; n < 5000; n += 11) {
        draft.client = str_bytes(text, n);
        Error error =
            leaf_prepare(&fixture.fake.ports, fixture.arena, fixture.node, &draft, &prepared);
        if (FAILED(error)) {
            assert_int_equal(error.reason, REASON_LOG_LEAF_TOO_LARGE);
            break;
        }
        longest = n;
        Made made = make(&fixture, &draft, INT64_MAX);
        assert_true(made.line.n <= LEAF_BYTES_MAX);
    }
    assert_true(longest > 3000);
    draft = audit_draft(key, 1, request);
    draft.detail.query = str_bytes(text, 30000);
    assert_ok(leaf_prepare(&fixture.fake.ports, fixture.arena, fixture.node, &draft, &prepared));
    draft.detail.query = str_bytes(text, 33000);
    assert_fails(leaf_prepare(&fixture.fake.ports, fixture.arena, fixture.node, &draft, &prepared),
                 LOG_LEAF_TOO_LARGE);
    (void)subject_key_unref(key);
    audit_fixture_done(&fixture);
}

/* Cuts, repetitions and exchanges of whole members, and single changed bytes in their names. */
static void parser_refuses_other_forms(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)64 << 20);
    static const char *const WRONG[] = {
        "",
        "{}",
        "[]",
        "1",
        "{\"v\":1}",
        "{\"v\":1,\"seq\":1}\n",
        /* v */
        "{\"v\":2,\"seq\":1,\"t\":1,\"act\":\"read\",\"dec\":\"permit\",\"why\":\"\",\"cl\":\"\","
        "\"op\":\"\",\"pur\":\"\","
        "\"con\":\"\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\"}",
        /* order */
        "{\"seq\":1,\"v\":1,\"t\":1,\"act\":\"read\",\"dec\":\"permit\",\"why\":\"\",\"cl\":\"\","
        "\"op\":\"\",\"pur\":\"\","
        "\"con\":\"\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\"}",
        /* number */
        "{\"v\":1,\"seq\":1.0,\"t\":1,\"act\":\"read\",\"dec\":\"permit\",\"why\":\"\",\"cl\":\"\","
        "\"op\":\"\",\"pur\":\"\","
        "\"con\":\"\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\"}",
        /* act */
        "{\"v\":1,\"seq\":1,\"t\":1,\"act\":\"peek\",\"dec\":\"permit\",\"why\":\"\",\"cl\":\"\","
        "\"op\":\"\",\"pur\":\"\","
        "\"con\":\"\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\"}",
        /* dec */
        "{\"v\":1,\"seq\":1,\"t\":1,\"act\":\"read\",\"dec\":\"maybe\",\"why\":\"\",\"cl\":\"\","
        "\"op\":\"\",\"pur\":\"\","
        "\"con\":\"\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\"}",
        /* hash */
        "{\"v\":1,\"seq\":1,\"t\":1,\"act\":\"read\",\"dec\":\"permit\",\"why\":\"\",\"cl\":\"\","
        "\"op\":\"\",\"pur\":\"\","
        "\"con\":\"AAAA\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\"}",
        /* surplus */
        "{\"v\":1,\"seq\":1,\"t\":1,\"act\":\"read\",\"dec\":\"permit\",\"why\":\"\",\"cl\":\"\","
        "\"op\":\"\",\"pur\":\"\","
        "\"con\":\"\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\",\"x\":1}",
    };
    Leaf leaf;
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_fails(leaf_parse(arena, str_from(WRONG[i]), &leaf), LOG_CORRUPT);
    }
    Str right =
        STR("{\"v\":1,\"seq\":1,\"t\":1,\"act\":\"read\",\"dec\":\"permit\",\"why\":\"\",\"cl\":"
            "\"\",\"op\":\"\",\"pur\":\"\","
            "\"con\":\"\",\"s\":\"\",\"et\":\"\",\"n\":0,\"d\":\"\",\"rq\":\"\",\"pol\":\"\"}");
    assert_ok(leaf_parse(arena, right, &leaf));
    for (size_t cut = 0; cut < right.n; cut++) {
        assert_fails(leaf_parse(arena, str_slice(right, 0, cut), &leaf), LOG_CORRUPT);
    }
}

/* Every cut of a detail or a line, and every foreign format number, is refused and read within
 * bounds. */
static void lines_round_trip_and_refuse_cuts(void **state)
{
    (void)state;
    AuditFixture fixture;
    audit_fixture_init(&fixture, 65);
    SubjectKey *key = audit_subject(&fixture, 1);
    char request[AUDIT_REQUEST_BYTES];
    LeafDraft draft = audit_draft(key, 5, request);
    static const Str FILTERED[] = {STR_INIT("address")};
    draft.detail.filtered = FILTERED;
    draft.detail.filtered_count = 1;
    Made made = make(&fixture, &draft, 9);
    Leaf leaf;
    assert_ok(leaf_parse(fixture.arena, made.line, &leaf));
    Str plaintext;
    assert_ok(open_log_detail(key, fixture.node,
                              str_slice(made.detail, SEAL_FINDER_BYTES, made.detail.n),
                              fixture.arena, &plaintext));
    assert_int_equal(plaintext.n, leaf_detail_bytes(draft.subject, &draft.detail));
    Str encoded;
    assert_ok(access_line_encode_in(fixture.arena, fixture.node, &leaf, plaintext, &encoded));
    AccessLine line;
    assert_ok(access_line_decode_in(fixture.arena, encoded, &line));
    assert_int_equal(line.seq, 9);
    assert_int_equal(line.at_ms, 1775001600123);
    assert_str(line.node, "node-a");
    assert_str(line.request_id, "rq-5");
    assert_str(line.detail.filtered[0], "address");
    assert_memory_equal(line.subject, subject_key_subject(key), SUBJECT_ID_BYTES);
    for (size_t cut = 0; cut < encoded.n; cut++) {
        assert_true(
            FAILED(access_line_decode_in(fixture.arena, str_slice(encoded, 0, cut), &line)));
    }
    char *newer = str_z(fixture.arena, encoded);
    newer[0] = 2;
    assert_fails(access_line_decode_in(fixture.arena, str_bytes(newer, encoded.n), &line),
                 LOG_NEWER);
    (void)subject_key_unref(key);
    audit_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_line_without_detail),
        cmocka_unit_test(commitments_open_with_the_salt),
        cmocka_unit_test(leaves_of_one_citizen_are_unlinkable),
        cmocka_unit_test(every_act_has_a_name),
        cmocka_unit_test(length_limits),
        cmocka_unit_test(parser_refuses_other_forms),
        cmocka_unit_test(lines_round_trip_and_refuse_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
