/* Batches: all or nothing over citizens and types, one write after the other in what it sees, and
 * two writers at once. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "test_vault.h"

#define PAY "neppi-pay", EXCHANGE
#define ONE TEST_ACCOUNT "one"
#define TWO TEST_ACCOUNT "two"
#define FIRST "refPerson=" TEST_PERSON "np-1"
#define SECOND "refPerson=" TEST_PERSON "np-2"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 13);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static EntityWrite account(EntityWriteKind kind, const char *id, const char *attributes)
{
    return test_write_of(&vault, kind, id, "PointAccount", attributes);
}

static Error write_all(const EntityWrite *writes, size_t count, EntityOutcome *ret_outcomes)
{
    return test_write_batch(&vault, PAY, writes, count, ret_outcomes);
}

static TestCitizen holder(const char *links)
{
    TestCitizen citizen = test_citizen(&vault, links);
    test_give(&vault, citizen, PAY, "PointAccount", "refPerson,balance,status", "read,write");
    test_give(&vault, citizen, PAY, "Person", "givenName", "read,write");
    return citizen;
}

/* Two citizens with an account each. */
static void two_accounts(TestCitizen *ret_first, TestCitizen *ret_second)
{
    *ret_first = holder("neppi-pay=np-1");
    *ret_second = holder("neppi-pay=np-2");
    const EntityWrite writes[] = {account(ENTITY_CREATE, ONE, FIRST " balance:=10"),
                                  account(ENTITY_CREATE, TWO, SECOND " balance:=20")};
    EntityOutcome outcomes[2];
    assert_ok(write_all(writes, 2, outcomes));
}

static const char *accounts(void)
{
    return test_must_list(&vault, PAY, "PointAccount");
}

#define SHOWN(one_, two_)                                                                          \
    ONE " PointAccount balance=" one_ " refPerson=\"" TEST_PERSON "np-1\"\n" TWO                   \
        " PointAccount balance=" two_ " refPerson=\"" TEST_PERSON "np-2\"\n"

/* --- all of it -------------------------------------------------------------------------------- */

static void one_commit_for_citizens_and_types(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const EntityWrite writes[] = {
        account(ENTITY_UPDATE, TWO, "balance:=21"),
        test_write_of(&vault, ENTITY_UPSERT, TEST_PERSON "np-1", "Person", "givenName=Hana"),
        account(ENTITY_UPSERT, TEST_ACCOUNT "three", FIRST " balance:=30"),
        account(ENTITY_DELETE, ONE, "")};
    EntityOutcome outcomes[4];
    uint64_t leaves = access_log_size(vault.log);
    SealCounts before = seal_counts(vault.ring);
    assert_ok(write_all(writes, 4, outcomes));
    SealCounts after = seal_counts(vault.ring);
    assert_int_equal(access_log_size(vault.log) - leaves, 4);
    assert_int_equal(after.opens[SEAL_VALUE] - before.opens[SEAL_VALUE], 1 + 2);
    assert_int_equal(after.seals[SEAL_VALUE] - before.seals[SEAL_VALUE], 1 + 1 + 2);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(outcomes[i].refusal);
        assert_true(outcomes[i].is_applied);
        assert_int_equal(outcomes[i].was_there, i == 0 || i == 3);
    }
    assert_string_equal(accounts(), TEST_ACCOUNT
                        "three PointAccount balance=30 refPerson=\"" TEST_PERSON "np-1\"\n" TWO
                        " PointAccount balance=21 refPerson=\"" TEST_PERSON "np-2\"\n");
    assert_non_null(strstr(test_must_read(&vault, PAY, TEST_PERSON "np-1"), "givenName=\"Hana\""));
    assert_non_null(strstr(test_history(&vault, first),
                           "delete permit CONSENT_OK neppi-pay point-exchange PointAccount "
                           "[balance,refPerson] yes\n"));
    assert_non_null(strstr(test_history(&vault, second),
                           "write permit CONSENT_OK neppi-pay point-exchange PointAccount "
                           "[balance] yes\n"));
}

static void an_empty_batch_does_nothing(void **state)
{
    (void)state;
    uint64_t leaves = access_log_size(vault.log);
    assert_ok(write_all(NULL, 0, NULL));
    assert_int_equal(access_log_size(vault.log), leaves);
}

/* What the view lacks is an outcome among others, and logged as refused. */
static void what_is_not_there_stops_nobody(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const EntityWrite writes[] = {
        account(ENTITY_UPDATE, TEST_ACCOUNT "none", "balance:=1"),
        account(ENTITY_CREATE, TEST_ACCOUNT "x", "refPerson=" TEST_PERSON "nobody balance:=1"),
        account(ENTITY_UPDATE, ONE, "status=open balance:=11"),
        account(ENTITY_CREATE, TWO, SECOND " balance:=1"),
        account(ENTITY_UPSERT_STRICT, TWO, "balance:=1 status=open")};
    EntityOutcome outcomes[5];
    assert_ok(write_all(writes, 5, outcomes));
    assert_fails(outcomes[0].refusal, ENTITY_NOT_FOUND);
    assert_fails(outcomes[1].refusal, ENTITY_NOT_FOUND);
    assert_fails(outcomes[2].refusal, ATTRIBUTES_MISSING);
    assert_str(outcomes[2].names.items[0], "status");
    assert_true(outcomes[2].is_applied);
    assert_fails(outcomes[3].refusal, ENTITY_EXISTS);
    assert_fails(outcomes[4].refusal, ATTRIBUTES_EXIST);
    assert_str(outcomes[4].names.items[0], "balance");
    const char *seen = accounts();
    assert_non_null(strstr(seen, ONE " PointAccount balance=11 ref"));
    assert_non_null(strstr(seen, TWO " PointAccount balance=20 ref"));
    assert_non_null(strstr(seen, "status=\"open\""));
    assert_non_null(strstr(test_history(&vault, second), "write deny EXISTS neppi-pay"));
}

/* --- nothing of it ---------------------------------------------------------------------------- */

static void one_refusal_refuses_all(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const Str before = test_dump(&vault, STORE_ENTITIES);
    const EntityWrite writes[] = {
        account(ENTITY_UPDATE, ONE, "balance:=11"),
        account(ENTITY_CREATE, TWO, SECOND " balance:=1"),
        account(ENTITY_UPSERT, ONE, "identifier=x balance:=1"),
        account(ENTITY_UPDATE, TEST_ACCOUNT "none", "currency=yen"),
        test_write_of(&vault, ENTITY_UPSERT, TEST_PERSON "np-2", "Person", "familyName=x")};
    EntityOutcome outcomes[5];
    uint64_t leaves = access_log_size(vault.log);
    Error error = write_all(writes, 5, outcomes);
    assert_fails(error, WRITE_NOT_GRANTED);
    assert_string_equal(error.argument, "identifier, familyName");
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
    assert_int_equal(access_log_size(vault.log) - leaves, 2);
    assert_non_null(strstr(test_history(&vault, first),
                           "write deny NO_CONSENT neppi-pay point-exchange PointAccount "
                           "[identifier,balance] no\n"));
    assert_non_null(strstr(test_history(&vault, second),
                           "write deny NO_CONSENT neppi-pay point-exchange Person "
                           "[familyName] no\n"));
}

static void one_fault_refuses_all(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const Str before = test_dump(&vault, STORE_ENTITIES);
    const struct {
        EntityWrite write;
        ErrorReason reason;
    } faults[] = {
        {account(ENTITY_UPDATE, TWO, FIRST), REASON_ENTITY_SUBJECT},
        {account(ENTITY_UPDATE, TWO, "balance:={\"$push\":1}"), REASON_OPERATOR_VALUE},
        {account(ENTITY_CREATE, TEST_ACCOUNT "x", ""), REASON_ENTITY_INVALID},
        {account(ENTITY_CREATE, TEST_ACCOUNT "x", "balance:=1"), REASON_ENTITY_SUBJECT},
        {test_write_of(&vault, ENTITY_CREATE, "x", "AED", "name=x"), REASON_ENTITY_INVALID}};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const EntityWrite writes[] = {account(ENTITY_UPDATE, ONE, "balance:=11"), faults[i].write,
                                      account(ENTITY_DELETE, ONE, "")};
        EntityOutcome outcomes[3];
        Error error = write_all(writes, 3, outcomes);
        assert_int_equal(error.reason, faults[i].reason);
        assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
    }
}

#define FULL ((size_t)STORE_BATCH_DOCS_MAX - 3) /* key, consent and link are required too */

/* Found out before anything is in the log. */
static void more_than_a_commit_holds_is_refused(void **state)
{
    (void)state;
    static EntityWrite writes[FULL + 1];
    static EntityOutcome outcomes[FULL + 1];
    (void)holder("neppi-pay=np-1");
    for (size_t i = 0; i <= FULL; i++) {
        char *id = arena_alloc(vault.arena, 64);
        assert_non_null(id);
        (void)snprintf(id, 64, TEST_ACCOUNT "many-%zu", i);
        writes[i] = account(ENTITY_CREATE, id, FIRST " balance:=1");
    }
    uint64_t leaves = access_log_size(vault.log);
    assert_fails(write_all(writes, FULL + 1, outcomes), STORE_LIMIT);
    assert_int_equal(access_log_size(vault.log), leaves);
    assert_int_equal(test_dump(&vault, STORE_ENTITIES).n, 0);
    assert_ok(write_all(writes, FULL, outcomes));
    assert_int_equal(access_log_size(vault.log) - leaves, FULL);
    assert_fails(write_all(writes, ENTITY_BATCH_MAX + 1, outcomes), STORE_LIMIT);
}

static const EntityWrite *three_writes(void)
{
    static EntityWrite writes[3];
    writes[0] = account(ENTITY_DELETE, ONE, "");
    writes[1] = account(ENTITY_UPDATE, TWO, "balance:={\"$inc\":1}");
    writes[2] = account(ENTITY_CREATE, TEST_ACCOUNT "new", FIRST " balance:=1");
    return writes;
}

static void a_failing_log_leaves_nothing(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    EntityOutcome outcomes[3];
    two_accounts(&first, &second);
    const Str before = test_dump(&vault, STORE_ENTITIES);
    test_log_fail(&vault, true);
    assert_fails(write_all(three_writes(), 3, outcomes), LOG_UNAVAILABLE);
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
}

static void a_failing_commit_leaves_all_or_nothing(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    EntityOutcome outcomes[3];
    two_accounts(&first, &second);
    const Str before = test_dump(&vault, STORE_ENTITIES);
    test_commit_fail(1, REASON_STORE_UNAVAILABLE, false);
    assert_fails(write_all(three_writes(), 3, outcomes), STORE_UNAVAILABLE);
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
    test_commit_fail(1, REASON_STORE_UNSETTLED, true);
    assert_fails(write_all(three_writes(), 3, outcomes), STORE_UNSETTLED);
    const char *seen = accounts();
    assert_null(strstr(seen, ONE));
    assert_non_null(strstr(seen, TWO " PointAccount balance=21"));
    assert_non_null(strstr(seen, TEST_ACCOUNT "new PointAccount balance=1 "));
}

/* Every call for randomness on the way, one after the other. */
static void the_nth_failure_leaves_all_or_nothing(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    EntityOutcome outcomes[3];
    two_accounts(&first, &second);
    const Str before = test_dump(&vault, STORE_ENTITIES);
    Error error = OK;
    unsigned nth = 0;
    do {
        fake_entropy_fail(&vault.fake, ++nth);
        error = write_all(three_writes(), 3, outcomes);
        if (FAILED(error)) {
            assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
        }
    } while (FAILED(error) && nth < 1000);
    fake_entropy_fail(&vault.fake, 0);
    assert_true(nth > 1);
    assert_ok(error);
    assert_non_null(strstr(accounts(), "balance=21"));
}

/* --- one after the other ---------------------------------------------------------------------- */

static void a_later_write_sees_what_an_earlier_one_did(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const EntityWrite writes[] = {account(ENTITY_UPDATE, ONE, "balance:={\"$inc\":1}"),
                                  account(ENTITY_UPDATE, ONE, "balance:={\"$mul\":2}"),
                                  account(ENTITY_APPEND_STRICT, ONE, "status=open"),
                                  account(ENTITY_APPEND_STRICT, ONE, "status=shut"),
                                  account(ENTITY_DELETE, TWO, ""),
                                  account(ENTITY_UPDATE, TWO, "balance:=1"),
                                  account(ENTITY_CREATE, TWO, SECOND " balance:=5"),
                                  account(ENTITY_CREATE, TWO, SECOND " balance:=6"),
                                  account(ENTITY_CREATE, TEST_ACCOUNT "brief", FIRST " balance:=1"),
                                  account(ENTITY_UPDATE, TEST_ACCOUNT "brief", "balance:=2"),
                                  account(ENTITY_DELETE, TEST_ACCOUNT "brief", "")};
    const ErrorReason reasons[] = {REASON_NONE, REASON_NONE,
                                   REASON_NONE, REASON_ATTRIBUTES_EXIST,
                                   REASON_NONE, REASON_ENTITY_NOT_FOUND,
                                   REASON_NONE, REASON_ENTITY_EXISTS,
                                   REASON_NONE, REASON_NONE,
                                   REASON_NONE};
    const size_t count = sizeof writes / sizeof writes[0];
    EntityOutcome outcomes[sizeof writes / sizeof writes[0]];
    assert_ok(write_all(writes, count, outcomes));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(outcomes[i].refusal.reason, reasons[i]);
    }
    assert_string_equal(accounts(),
                        ONE " PointAccount balance=22 refPerson=\"" TEST_PERSON
                            "np-1\" status=\"open\"\n" TWO
                            " PointAccount balance=5 refPerson=\"" TEST_PERSON "np-2\"\n");
    assert_null(strstr(accounts(), "brief"));
}

/* An id that one batch takes from one citizen and gives to another. */
static void an_id_may_change_its_owner(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const EntityWrite writes[] = {account(ENTITY_DELETE, ONE, ""),
                                  account(ENTITY_UPSERT, ONE, SECOND " balance:=7")};
    EntityOutcome outcomes[2];
    assert_ok(write_all(writes, 2, outcomes));
    assert_string_equal(test_must_read(&vault, PAY, ONE),
                        ONE " PointAccount balance=7 refPerson=\"" TEST_PERSON "np-2\"\n");
    assert_ok(test_update(&vault, PAY, ONE, "", "balance:=8"));
}

/* Found in the state that an earlier write made; decided by the grants of its citizen. */
static void consent_of_the_new_owner_decides(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    (void)test_citizen(&vault, "neppi-pay=np-3");
    const Str before = test_dump(&vault, STORE_ENTITIES);
    const EntityWrite writes[] = {
        account(ENTITY_DELETE, ONE, ""),
        account(ENTITY_CREATE, ONE, "refPerson=" TEST_PERSON "np-3 balance:=7")};
    EntityOutcome outcomes[2];
    Error error = write_all(writes, 2, outcomes);
    assert_fails(error, WRITE_NOT_GRANTED);
    assert_string_equal(error.argument, "refPerson, balance");
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
}

/* --- from an older view ----------------------------------------------------------------------- */

static Error write_from(VaultCall *early, const EntityWrite *writes, size_t count)
{
    static EntityOutcome outcomes[8];
    Principal principal = test_service(PAY);
    EntityBatch batch = {.writes = writes, .count = count, .is_batch_call = true};
    Error error = gate_write(&vault.gate, early, &principal, &batch, outcomes);
    vault_call_close(early);
    return error;
}

static void a_batch_does_not_outrun_one_withdrawal(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    TestCitizen third = test_citizen(&vault, "neppi-pay=np-3");
    Str grant = test_give(&vault, third, PAY, "PointAccount", "refPerson,balance", "write");
    const EntityWrite writes[] = {
        account(ENTITY_UPDATE, ONE, "balance:={\"$inc\":1}"),
        account(ENTITY_UPSERT, TEST_ACCOUNT "three", "refPerson=" TEST_PERSON "np-3 balance:=1")};
    VaultCall early = test_call(&vault);
    test_withdraw(&vault, third, grant);
    const Str before = test_dump(&vault, STORE_ENTITIES);
    assert_fails(write_from(&early, writes, 2), WRITE_NOT_GRANTED);
    assert_str_eq(test_dump(&vault, STORE_ENTITIES), before);
}

static void somebody_faster_is_taken_in(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const EntityWrite writes[] = {account(ENTITY_UPDATE, ONE, "balance:={\"$inc\":1}"),
                                  account(ENTITY_UPDATE, TWO, "balance:={\"$inc\":1}")};
    VaultCall early = test_call(&vault);
    assert_ok(test_update(&vault, PAY, TWO, "", "balance:=100"));
    assert_ok(write_from(&early, writes, 2));
    assert_string_equal(accounts(), SHOWN("11", "101"));
}

/* The same documents, nothing changed in them: the intent stands, and is not logged again. */
static void a_touched_batch_is_committed_again(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    EntityOutcome outcomes[3];
    two_accounts(&first, &second);
    uint64_t leaves = access_log_size(vault.log);
    test_commit_fail(1, REASON_STORE_CONFLICT, false);
    assert_ok(write_all(three_writes(), 3, outcomes));
    assert_true(test_commit_failed());
    assert_int_equal(access_log_size(vault.log) - leaves, 3);
}

/* --- several at once -------------------------------------------------------------------------- */

#define WRITERS 4
#define ROUNDS 12

typedef struct Writer {
    const EntityWrite *writes;
    Error error;
} Writer;

static void *writer_run(void *context)
{
    Writer *writer = context;
    for (unsigned round = 0; round < ROUNDS && !FAILED(writer->error); round++) {
        Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
        VaultCall call = test_call_in(&vault, arena);
        Principal principal = test_service(PAY);
        EntityBatch batch = {.writes = writer->writes, .count = 2, .is_batch_call = true};
        EntityOutcome outcomes[2];
        writer->error = gate_write(&vault.gate, &call, &principal, &batch, outcomes);
        vault_call_close(&call);
        (void)arena_free(arena);
    }
    return NULL;
}

/* Half of them name the accounts in the other order. */
static void overlapping_batches_lose_nothing_and_never_wait_for_each_other(void **state)
{
    (void)state;
    TestCitizen first;
    TestCitizen second;
    two_accounts(&first, &second);
    const EntityWrite up[] = {account(ENTITY_UPDATE, ONE, "balance:={\"$inc\":1}"),
                              account(ENTITY_UPDATE, TWO, "balance:={\"$inc\":1}")};
    const EntityWrite down[] = {up[1], up[0]};
    Writer writers[WRITERS];
    pthread_t threads[WRITERS];
    unsigned started = 0;
    for (; started < WRITERS; started++) {
        writers[started] = (Writer){.writes = started % 2 == 0 ? up : down};
        if (pthread_create(&threads[started], NULL, writer_run, &writers[started]) != 0) {
            break;
        }
    }
    for (unsigned i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(started, WRITERS);
    for (unsigned i = 0; i < started; i++) {
        assert_ok(writers[i].error);
    }
    char one[128];
    char two[128];
    (void)snprintf(one, sizeof one, ONE " PointAccount balance=%d ", 10 + WRITERS * ROUNDS);
    (void)snprintf(two, sizeof two, TWO " PointAccount balance=%d ", 20 + WRITERS * ROUNDS);
    const char *seen = accounts();
    assert_non_null(strstr(seen, one));
    assert_non_null(strstr(seen, two));
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(one_commit_for_citizens_and_types),
        CASE(an_empty_batch_does_nothing),
        CASE(what_is_not_there_stops_nobody),
        CASE(one_refusal_refuses_all),
        CASE(one_fault_refuses_all),
        CASE(more_than_a_commit_holds_is_refused),
        CASE(a_failing_log_leaves_nothing),
        CASE(a_failing_commit_leaves_all_or_nothing),
        CASE(the_nth_failure_leaves_all_or_nothing),
        CASE(a_later_write_sees_what_an_earlier_one_did),
        CASE(an_id_may_change_its_owner),
        CASE(consent_of_the_new_owner_decides),
        CASE(a_batch_does_not_outrun_one_withdrawal),
        CASE(somebody_faster_is_taken_in),
        CASE(a_touched_batch_is_committed_again),
        CASE(overlapping_batches_lose_nothing_and_never_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
