/* test_vault.h — a whole vault in a temporary folder: stopped clock, real store, real log, the
 * schemas of the tree; and the few words in which tests of the gate speak: citizens, links, grants,
 * reads, writes.
 *
 * Whatever goes wrong in a helper that can't be refused fails the running test; calls that a test
 * wants refused return their Error. Must never be linked outside tests.
 *
 * Layer: tests. Thread-safe: calls on different arenas yes (each opens its own VaultCall); the
 * struct single- owner. */
#ifndef MUSUBI_TEST_VAULT_H
#define MUSUBI_TEST_VAULT_H

#include "access_log.h"
#include "check.h"
#include "fake_ports.h"
#include "gate.h"
#include "gate_citizen.h"
#include "id_link.h"
#include "log_projection.h"
#include "platform.h"
#include "purpose.h"
#include "seal.h"
#include "store_backend.h"
#include "vault_call.h"

#define TEST_PATH_BYTES 160
#define TEST_PERSON "urn:ngsi-ld:Person:"
#define TEST_ACCOUNT "urn:ngsi-ld:PointAccount:"
#define HEALTH "health-promotion"
#define EXCHANGE "point-exchange"

/* What happens to a commit of this thread; see test_commit_fail. */
typedef struct TestCommitFault {
    int countdown; /* 0: nothing is ordered */
    ErrorReason reason;
    bool is_after;
    bool has_failed;
} TestCommitFault;

typedef struct TestVault {
    char root[TEST_PATH_BYTES];
    char log_folder[TEST_PATH_BYTES];
    FakePorts fake;
    KekProvider *kek;
    Keyring *ring;
    Store *store;
    const StoreBackend *real_backend;
    StoreBackend backend; /* the real one with a commit that can fail */
    TypeRegistry *types;
    PurposeRegistry *purposes;
    AccessLog *log;
    LogProjection *projection;
    VaultCore core;
    Gate gate;
    Arena *arena; /* of everything a test keeps */
} TestVault;

/* On the store that MUSUBI_TEST_STORE names (contract_store.h). With services line-portal, kenko,
 * neppi-pay, sdgs and tourist-passport, each with the purposes that the registry gives it, and no
 * citizens. */
void test_vault_init(TestVault *vault, uint64_t seed);
void test_vault_done(TestVault *vault);

/* A call with a snapshot of its own; its results live in the vault's arena. Close with
 * vault_call_close. */
VaultCall test_call(TestVault *vault);
/* The same with an arena of the caller's. */
VaultCall test_call_in(TestVault *vault, Arena *arena);
Principal test_service(const char *client, const char *purpose);
Principal test_citizen_principal(const uint8_t subject[16]);

/* --- people ----------------------------------------------------------------------------------- */

typedef struct TestCitizen {
    uint8_t subject[16];
} TestCitizen;

/* A new citizen. links: "kenko=walker-1 neppi-pay=np-1"; "" for none. */
TestCitizen test_citizen(TestVault *vault, const char *links);
void test_link(TestVault *vault, TestCitizen citizen, const char *service, const char *user_id);
void test_unlink(TestVault *vault, TestCitizen citizen, const char *service, LinkState state);
/* Stores attributes of the citizen's Person, around the gate: "familyName=Kita postalCode=675".
 * Values become JSON strings; the writer is kenko. Replaces what is there. */
void test_person(TestVault *vault, TestCitizen citizen, const char *attributes);
/* The same for another personal type, with the id as `writer` wrote it; refPerson is added. */
void test_entity(TestVault *vault, TestCitizen citizen, const char *writer, const char *type,
                 const char *id, const char *attributes);
/* Destroys the citizen's key. */
void test_erase(TestVault *vault, TestCitizen citizen);

/* --- consent ---------------------------------------------------------------------------------- */

/* Gives through gate_citizen; attributes "a,b"; operations "read,write". Returns the grant's id. */
Str test_give(TestVault *vault, TestCitizen citizen, const char *service, const char *purpose,
              const char *type, const char *attributes, const char *operations);
/* The same until a moment. */
Str test_give_until(TestVault *vault, TestCitizen citizen, const char *service, const char *purpose,
                    const char *type, const char *attributes, const char *operations,
                    int64_t until_us);
void test_withdraw(TestVault *vault, TestCitizen citizen, Str grant_id);
/* The request behind test_give, for tests that send it themselves. */
GrantRequest test_request(TestVault *vault, const char *service, const char *purpose,
                          const char *type, const char *attributes, const char *operations);

/* --- asking ----------------------------------------------------------------------------------- */

/* What came back as text, "ID TYPE name=value name=value\n" per entity, values as JSON; in the
 * vault's arena. */
Str test_text(TestVault *vault, const Entity *entities, size_t count);
Error test_read(TestVault *vault, const char *client, const char *purpose, const char *id,
                const char *type, const char *attributes, Str *ret_text);
/* ret_total may be NULL. */
Error test_query(TestVault *vault, const char *client, const char *purpose,
                 const EntityQuery *query, Str *ret_text, int64_t *ret_total);
/* types, ids: comma separated, "" for none. ret_total may be NULL (then no count is asked for). */
Error test_list(TestVault *vault, const char *client, const char *purpose, const char *types,
                const char *ids, int64_t limit, int64_t offset, Str *ret_text, int64_t *ret_total);
/* attributes "name=text name:=JSON", the type Text but for refPerson. In the vault's arena. */
EntityWrite test_write_of(TestVault *vault, EntityWriteKind kind, const char *id, const char *type,
                          const char *attributes);
/* One write, through a call of the test's or of its own: refused as a whole, or what became of it
 * in words. */
Error test_write_in(TestVault *vault, VaultCall *call, const Principal *principal,
                    const EntityWrite *write);
Error test_write(TestVault *vault, const char *client, const char *purpose,
                 const EntityWrite *write);
/* Several in one batch call; an Error when they are refused as a whole. */
Error test_write_batch(TestVault *vault, const char *client, const char *purpose,
                       const EntityWrite *writes, size_t count, EntityOutcome *ret_outcomes);
/* Of test_write_of, a creation and an update. */
Error test_create(TestVault *vault, const char *client, const char *purpose, const char *id,
                  const char *type, const char *attributes);
Error test_update(TestVault *vault, const char *client, const char *purpose, const char *id,
                  const char *type, const char *attributes);
/* The read must work; its text. */
const char *test_must_read(TestVault *vault, const char *client, const char *purpose,
                           const char *id);
const char *test_must_list(TestVault *vault, const char *client, const char *purpose,
                           const char *types);

/* --- looking behind --------------------------------------------------------------------------- */

/* The citizen's history as text, newest first: "ACT DECISION why client purpose type [names]
 * grant\n", with "filter [names] " before the grant where values decided; waits for the projection.
 * Grants are shown as yes or no. */
const char *test_history(TestVault *vault, TestCitizen citizen);
/* All documents of a collection: keys, versions, bodies as hex. */
Str test_dump(TestVault *vault, StoreCollection collection);
/* The nth commit of this thread from now fails with this reason; is_after: it happens, but its
 * answer is lost. */
void test_commit_fail(int nth, ErrorReason reason, bool is_after);
/* Whether the ordered failure was met. */
bool test_commit_failed(void);
/* From now on every write of the log fails; false: no more. */
void test_log_fail(TestVault *vault, bool is_down);

/* "a,b" as a list in the vault's arena. */
StrList test_list_of(TestVault *vault, const char *comma_separated);

#endif
