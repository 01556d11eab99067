/* seal.h: stored bytes against the independent vectors, round trips, contexts, padding, finders,
 * MACs, counters. */
#include <string.h>

#include "crypto_fixture.h"
#include "hash.h"
#include "vectors.h"

static Id vector_subject(void)
{
    Id id;
    for (unsigned i = 0; i < 16; i++) {
        id.bytes[i] = (uint8_t)(0x10 + i);
    }
    return id;
}

static Id vector_entity(void)
{
    Id id;
    for (unsigned i = 0; i < 16; i++) {
        id.bytes[i] = (uint8_t)(0x30 + i);
    }
    return id;
}

static SubjectKey *vector_key(Vault *vault)
{
    SubjectKey *key = NULL;
    Str wrapped;
    assert_ok(keyring_new_subject_key(vault->ring, TENANT, vector_subject().bytes, 3, vault->arena,
                                      &wrapped, &key));
    assert_hex(vault->arena, vault->platform, VECTOR_PLATFORM);
    assert_hex(vault->arena, wrapped, VECTOR_WRAPPED);
    return key;
}

static void check_record_vector(Vault *vault, SubjectKey *key)
{
    char text[1500];
    Str envelope;
    memset(text, 'x', sizeof text);
    SealContext context = seal_context(key, SEAL_RECORD, NULL, STR("Grant"), STR("body"));
    context.version = (uint64_t)1 << 40;
    assert_ok(seal_value(key, &context, PADDING_NATURAL, str_bytes(text, sizeof text), vault->arena,
                         &envelope));
    uint8_t digest[SHA256_BYTES];
    sha256_of(&envelope, 1, digest);
    assert_hex(vault->arena, str_bytes(digest, sizeof digest), VECTOR_RECORD_SHA256);
}

static void stored_bytes_match_the_vectors(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, true, 0);
    SubjectKey *key = vector_key(&vault);
    const Id entity = vector_entity();
    SealContext context =
        seal_context(key, SEAL_VALUE, entity.bytes, STR("Person"), STR("familyName"));
    context.dataset = STR("urn:d:1");
    context.version = 7;
    Str envelope;
    assert_ok(seal_value(key, &context, PADDING_64, STR("plain text"), vault.arena, &envelope));
    assert_hex(vault.arena, envelope, VECTOR_VALUE);
    check_record_vector(&vault, key);
    assert_ok(seal_log_detail(key, STR("node-1"), STR_EMPTY, vault.arena, &envelope));
    assert_hex(vault.arena, envelope, VECTOR_DETAIL);
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static void finders_and_macs_match_the_vectors(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, true, 0);
    SubjectKey *key = vector_key(&vault);
    uint8_t finder[SEAL_FINDER_BYTES];
    uint8_t mac[SEAL_MAC_BYTES];
    assert_ok(seal_log_finder(key, STR("node-1"), 2, 5, finder));
    assert_hex(vault.arena, str_bytes(finder, sizeof finder), VECTOR_FINDER);
    assert_ok(seal_mac(key, STR("versions"), STR("message"), mac));
    assert_hex(vault.arena, str_bytes(mac, sizeof mac), VECTOR_MAC);
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static SealContext plain_context(const SubjectKey *key)
{
    return seal_context(key, SEAL_VALUE, NULL, STR("Person"), STR("name"));
}

static void check_round_trip(Vault *vault, SubjectKey *key, SealKind kind, Str text)
{
    SealContext context = seal_context(key, kind, NULL, STR("T"), STR("a"));
    Str envelope;
    Str back;
    assert_ok(seal_value(key, &context, PADDING_NATURAL, text, vault->arena, &envelope));
    assert_int_equal(envelope.n, seal_envelope_bytes(text.n, PADDING_NATURAL));
    uint32_t generation = 0;
    assert_true(seal_envelope_generation(envelope, &generation));
    assert_int_equal(generation, 1);
    assert_ok(open_value(key, &context, envelope, vault->arena, &back));
    assert_int_equal(back.n, text.n);
    assert_memory_equal(back.p, text.p, text.n);
    context.kind = (SealKind)((kind + 1) % SEAL_KIND_COUNT_);
    assert_fails(open_value(key, &context, envelope, vault->arena, &back), CRYPTO_OPEN);
}

static void every_kind_and_size_comes_back_and_only_as_its_kind(void **state)
{
    (void)state;
    static char text[1u << 20];
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    memset(text, 'm', sizeof text);
    for (unsigned kind = 0; kind < SEAL_KIND_COUNT_; kind++) {
        for (size_t n = 0; n < sizeof text; n = n * 3 + 1) {
            check_round_trip(&vault, key, (SealKind)kind, str_bytes(text, n));
        }
    }
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static void what_is_too_long_is_refused(void **state)
{
    (void)state;
    static char text[SEAL_PLAINTEXT_BYTES_MAX + 1];
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SealContext context = plain_context(key);
    Str envelope = STR("untouched");
    assert_fails(seal_value(key, &context, PADDING_NATURAL, str_bytes(text, sizeof text),
                            vault.arena, &envelope),
                 BUDGET_EXCEEDED);
    context.dataset = str_bytes(text, 5000);
    assert_fails(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault.arena, &envelope),
                 BUDGET_EXCEEDED);
    assert_str(envelope, "untouched");
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static void a_context_of_another_key_is_refused_before_sealing(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    const Id other = id_of(2);
    Str envelope;
    SealContext context = plain_context(key);
    context.generation = 2;
    assert_fails(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault.arena, &envelope),
                 INTERNAL);
    context = plain_context(key);
    context.tenant = STR("other");
    assert_fails(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault.arena, &envelope),
                 INTERNAL);
    context = plain_context(key);
    context.subject = other.bytes;
    assert_fails(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault.arena, &envelope),
                 INTERNAL);
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static void a_wrapped_key_is_no_value(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, true, 0);
    SubjectKey *key = vector_key(&vault);
    SealContext context = plain_context(key);
    Str wrapped = bytes_of(vault.arena, VECTOR_WRAPPED);
    Str back;
    uint32_t generation = 0;
    assert_fails(open_value(key, &context, wrapped, vault.arena, &back), CRYPTO_OPEN);
    assert_false(seal_envelope_generation(wrapped, &generation));
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static void the_callers_buffer_must_be_large_enough(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SealContext context = plain_context(key);
    Str envelope;
    Str back;
    char out[32];
    assert_ok(seal_value(key, &context, PADDING_NATURAL, STR("text"), vault.arena, &envelope));
    assert_fails(open_value_to(key, &context, envelope, out, sizeof out - 1, &back), INTERNAL);
    assert_ok(open_value_to(key, &context, envelope, out, sizeof out, &back));
    assert_str(back, "text");
    (void)subject_key_unref(key);
    vault_done(&vault);
}

/* A record as long as one with name, metadata and times is, around a name of 2 … 40 characters. */
static Str name_record(Vault *vault, unsigned n)
{
    Buf record = buf_in(vault->arena);
    for (unsigned i = 0; i < 250; i++) {
        buf_add_char(&record, 'h');
    }
    for (unsigned i = 0; i < 2 + n % 39; i++) {
        buf_add(&record, STR("字"));
    }
    buf_add_int(&record, n);
    Str text;
    assert_ok(buf_finish(&record, &text));
    return text;
}

static void a_thousand_names_have_one_length(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SealContext context = plain_context(key);
    size_t length = seal_envelope_bytes(1, PADDING_FOR_NAME);
    for (unsigned n = 0; n < 1000; n++) {
        Str envelope;
        assert_ok(seal_value(key, &context, PADDING_FOR_NAME, name_record(&vault, n), vault.arena,
                             &envelope));
        assert_int_equal(envelope.n, length);
    }
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static void log_details_belong_to_their_place_and_subject(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SubjectKey *other = vault_new_key(&vault, id_of(2));
    Str detail;
    Str back;
    assert_ok(seal_log_detail(key, STR("node-1"), STR("who read what"), vault.arena, &detail));
    assert_ok(open_log_detail(key, STR("node-1"), detail, vault.arena, &back));
    assert_str(back, "who read what");
    assert_fails(open_log_detail(key, STR("node-2"), detail, vault.arena, &back), CRYPTO_OPEN);
    assert_fails(open_log_detail(other, STR("node-1"), detail, vault.arena, &back), CRYPTO_OPEN);
    (void)subject_key_unref(key);
    (void)subject_key_unref(other);
    vault_done(&vault);
}

static void finders_differ_by_each_input(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SubjectKey *other = vault_new_key(&vault, id_of(2));
    uint8_t finders[5][SEAL_FINDER_BYTES];
    assert_ok(seal_log_finder(key, STR("n"), 1, 1, finders[0]));
    assert_ok(seal_log_finder(key, STR("m"), 1, 1, finders[1]));
    assert_ok(seal_log_finder(key, STR("n"), 2, 1, finders[2]));
    assert_ok(seal_log_finder(key, STR("n"), 1, 2, finders[3]));
    assert_ok(seal_log_finder(other, STR("n"), 1, 1, finders[4]));
    for (unsigned a = 0; a < 5; a++) {
        for (unsigned b = 0; b < a; b++) {
            assert_memory_not_equal(finders[a], finders[b], SEAL_FINDER_BYTES);
        }
    }
    (void)subject_key_unref(key);
    (void)subject_key_unref(other);
    vault_done(&vault);
}

static void a_mac_holds_for_its_key_label_and_message_only(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SubjectKey *other = vault_new_key(&vault, id_of(2));
    uint8_t mac[SEAL_MAC_BYTES];
    Str whole = str_bytes(mac, sizeof mac);
    assert_ok(seal_mac(key, STR("versions"), STR("m"), mac));
    assert_ok(seal_mac_verify(key, STR("versions"), STR("m"), whole));
    assert_fails(seal_mac_verify(key, STR("versions"), STR("n"), whole), CRYPTO_OPEN);
    assert_fails(seal_mac_verify(key, STR("version"), STR("sm"), whole), CRYPTO_OPEN);
    assert_fails(seal_mac_verify(other, STR("versions"), STR("m"), whole), CRYPTO_OPEN);
    assert_fails(seal_mac_verify(key, STR("versions"), STR("m"), str_slice(whole, 0, 31)),
                 CRYPTO_OPEN);
    assert_fails(seal_mac_verify(key, STR("versions"), STR("m"), STR_EMPTY), CRYPTO_OPEN);
    (void)subject_key_unref(key);
    (void)subject_key_unref(other);
    vault_done(&vault);
}

static void counters_count_each_kind(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SealContext context = plain_context(key);
    Str envelope;
    Str detail;
    Str back;
    assert_ok(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault.arena, &envelope));
    assert_ok(open_value(key, &context, envelope, vault.arena, &back));
    assert_fails(open_value(key, &context, STR("short"), vault.arena, &back), CRYPTO_OPEN);
    assert_ok(seal_log_detail(key, STR("node-1"), STR("d"), vault.arena, &detail));
    SealCounts counts = seal_counts(vault.ring);
    const SealCounts wanted = {.seals = {[SEAL_VALUE] = 1, [SEAL_LOG] = 1},
                               .opens = {[SEAL_VALUE] = 2}};
    assert_memory_equal(&counts, &wanted, sizeof wanted);
    (void)subject_key_unref(key);
    vault_done(&vault);
}

static void a_failing_entropy_fails_the_seal_and_nothing_else(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SealContext context = plain_context(key);
    Str envelope = STR("untouched");
    vault.entropy.fails_at = vault.entropy.calls + 1;
    assert_fails(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault.arena, &envelope),
                 INTERNAL);
    assert_str(envelope, "untouched");
    assert_int_equal(seal_counts(vault.ring).seals[SEAL_VALUE], 0);
    assert_ok(seal_value(key, &context, PADDING_NATURAL, STR("x"), vault.arena, &envelope));
    (void)subject_key_unref(key);
    vault_done(&vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_bytes_match_the_vectors),
        cmocka_unit_test(finders_and_macs_match_the_vectors),
        cmocka_unit_test(every_kind_and_size_comes_back_and_only_as_its_kind),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(a_context_of_another_key_is_refused_before_sealing),
        cmocka_unit_test(a_wrapped_key_is_no_value),
        cmocka_unit_test(the_callers_buffer_must_be_large_enough),
        cmocka_unit_test(a_thousand_names_have_one_length),
        cmocka_unit_test(log_details_belong_to_their_place_and_subject),
        cmocka_unit_test(finders_differ_by_each_input),
        cmocka_unit_test(a_mac_holds_for_its_key_label_and_message_only),
        cmocka_unit_test(counters_count_each_kind),
        cmocka_unit_test(a_failing_entropy_fails_the_seal_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
