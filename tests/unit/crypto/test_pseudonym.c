/* pseudonym.h: tokens against the vectors and by each input, text forms, service ids. */
#include <string.h>

#include "crypto_fixture.h"
#include "pseudonym.h"
#include "vectors.h"

static int set_up(void **state)
{
    static Vault vault;
    vault_open(&vault, true, 0);
    *state = &vault;
    return 0;
}

static int tear_down(void **state)
{
    vault_done(*state);
    return 0;
}

static Id entity(void)
{
    Id id;
    for (unsigned i = 0; i < 16; i++) {
        id.bytes[i] = (uint8_t)(0x30 + i);
    }
    return id;
}

static void tokens_match_the_vectors(void **state)
{
    Vault *vault = *state;
    const Str parts[] = {STR("Person"), STR("42")};
    uint8_t token[16];
    assert_ok(pseudonym_16(vault->ring, TENANT, STR("entity-id"), parts, 2, token));
    assert_hex(vault->arena, str_bytes(token, 16), VECTOR_PSEUDONYM_16);
    assert_ok(pseudonym_8(vault->ring, TENANT, STR("entity-id"), parts, 2, token));
    assert_hex(vault->arena, str_bytes(token, 8), VECTOR_PSEUDONYM_8);
}

static void tokens_differ_by_each_input_and_by_how_it_is_cut(void **state)
{
    Vault *vault = *state;
    static const struct {
        Str tenant;
        Str kind;
        Str parts[3];
        size_t count;
    } INPUTS[] = {
        {STR_INIT("a"), STR_INIT("k"), {STR_INIT("x"), STR_INIT("y")}, 2},
        {STR_INIT("b"), STR_INIT("k"), {STR_INIT("x"), STR_INIT("y")}, 2},
        {STR_INIT("a"), STR_INIT("l"), {STR_INIT("x"), STR_INIT("y")}, 2},
        {STR_INIT("a"), STR_INIT("k"), {STR_INIT("y"), STR_INIT("x")}, 2},
        {STR_INIT("a"), STR_INIT("k"), {STR_INIT("xy")}, 1},
        {STR_INIT("a"), STR_INIT("k"), {STR_INIT("x"), STR_INIT("y"), STR_INIT("")}, 3},
        {STR_INIT("a"), STR_INIT("k"), {STR_INIT("")}, 0},
        {STR_INIT("a"), STR_INIT("k"), {STR_INIT("")}, 1},
        {STR_INIT(""), STR_INIT("ak"), {STR_INIT("x"), STR_INIT("y")}, 2},
    };
    enum { COUNT = sizeof INPUTS / sizeof INPUTS[0] };
    uint8_t tokens[COUNT][16];
    for (size_t i = 0; i < COUNT; i++) {
        assert_ok(pseudonym_16(vault->ring, INPUTS[i].tenant, INPUTS[i].kind, INPUTS[i].parts,
                               INPUTS[i].count, tokens[i]));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(tokens[i], tokens[j], 16);
        }
    }
}

static void text_forms_come_back_and_only_the_canonical_ones(void **state)
{
    (void)state;
    const Id id = entity();
    char text[PSEUDONYM_TEXT_16_BYTES];
    char short_text[PSEUDONYM_TEXT_8_BYTES];
    uint8_t back[16] = {0};
    pseudonym_text_16(id.bytes, text);
    assert_string_equal(text, "MDEyMzQ1Njc4OTo7PD0-Pw");
    assert_true(pseudonym_parse_16(str_from(text), back));
    assert_memory_equal(back, id.bytes, 16);
    pseudonym_text_8(id.bytes, short_text);
    assert_string_equal(short_text, "MDEyMzQ1Njc");
    assert_true(pseudonym_parse_8(str_from(short_text), back));
    static const char *const BAD[] = {"",
                                      "MDEyMzQ1Njc4OTo7PD0-P",
                                      "MDEyMzQ1Njc4OTo7PD0-Pww",
                                      "MDEyMzQ1Njc4OTo7PD0-Px", /* bits left over */
                                      "MDEyMzQ1Njc4OTo7PD0+Pw",
                                      "MDEyMzQ1Njc4OTo7PD0-P=",
                                      " DEyMzQ1Njc4OTo7PD0-Pw",
                                      "MDEy\xbfzQ1Njc4OTo7PD0-Pw"};
    memset(back, 0x77, sizeof back);
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_false(pseudonym_parse_16(str_from(BAD[i]), back));
        assert_false(pseudonym_parse_8(str_from(BAD[i]), back));
        assert_int_equal(back[0], 0x77);
    }
}

static void service_ids_match_the_vector_and_come_back(void **state)
{
    Vault *vault = *state;
    const Id id = entity();
    char text[SERVICE_ID_TEXT_BYTES];
    char again[SERVICE_ID_TEXT_BYTES];
    ServiceId back;
    assert_ok(service_id_seal(vault->ring, TENANT, STR("kenko"), 2, id.bytes, text));
    assert_string_equal(text, VECTOR_SERVICE_ID);
    assert_ok(service_id_seal(vault->ring, TENANT, STR("kenko"), 2, id.bytes, again));
    assert_string_equal(text, again);
    assert_ok(service_id_open(vault->ring, TENANT, STR("kenko"), str_from(text), &back));
    assert_true(back.is_known);
    assert_int_equal(back.epoch, 2);
    assert_memory_equal(back.stored, id.bytes, 16);
}

static void a_service_id_is_unknown_to_everybody_else(void **state)
{
    Vault *vault = *state;
    const Id id = entity();
    char text[SERVICE_ID_TEXT_BYTES];
    ServiceId back;
    assert_ok(service_id_seal(vault->ring, TENANT, STR("kenko"), 2, id.bytes, text));
    assert_ok(service_id_open(vault->ring, TENANT, STR("bus"), str_from(text), &back));
    assert_false(back.is_known);
    assert_ok(service_id_open(vault->ring, STR("kobe"), STR("kenko"), str_from(text), &back));
    assert_false(back.is_known);
    static const char *const BAD[] = {"", "Person:1", "AQAAAAI", "urn:ngsi-ld:Person:1"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_ok(service_id_open(vault->ring, TENANT, STR("kenko"), str_from(BAD[i]), &back));
        assert_false(back.is_known);
    }
}

static void every_changed_character_makes_an_id_unknown(void **state)
{
    Vault *vault = *state;
    const Id id = entity();
    char text[SERVICE_ID_TEXT_BYTES];
    assert_ok(service_id_seal(vault->ring, TENANT, STR("kenko"), 2, id.bytes, text));
    for (size_t at = 0; text[at] != '\0'; at++) {
        char good = text[at];
        for (const char *c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+ ";
             *c != '\0'; c++) {
            static const ServiceId NOBODY = {0};
            ServiceId back = {.is_known = true};
            text[at] = *c;
            assert_ok(service_id_open(vault->ring, TENANT, STR("kenko"), str_from(text), &back));
            assert_int_equal(back.is_known, *c == good);
            assert_true(back.is_known || memcmp(back.stored, NOBODY.stored, 16) == 0);
        }
        text[at] = good;
    }
}

/* Beyond version and epoch (5 bytes: 6 characters and a part of the 7th) and before the last
 * character, which has two bits only, ids of one entity agree as rarely as random text does: in 1
 * of 64 characters. */
static void two_services_share_no_pattern(void **state)
{
    Vault *vault = *state;
    enum { IDS = 1000, FROM = 7, TO = SERVICE_ID_TEXT_BYTES - 2 };
    unsigned agreed = 0;
    for (unsigned i = 0; i < IDS; i++) {
        const Id id = id_of(i);
        char one[SERVICE_ID_TEXT_BYTES];
        char other[SERVICE_ID_TEXT_BYTES];
        assert_ok(service_id_seal(vault->ring, TENANT, STR("kenko"), 1, id.bytes, one));
        assert_ok(service_id_seal(vault->ring, TENANT, STR("bus"), 1, id.bytes, other));
        assert_string_not_equal(one + FROM, other + FROM);
        for (unsigned at = FROM; at < TO; at++) {
            agreed += one[at] == other[at];
        }
    }
    unsigned expected = IDS * (TO - FROM) / 64; /* 656; ± 6 standard deviations */
    assert_in_range(agreed, expected - 160, expected + 160);
}

static void a_new_epoch_gives_new_ids(void **state)
{
    Vault *vault = *state;
    const Id id = entity();
    char one[SERVICE_ID_TEXT_BYTES];
    char other[SERVICE_ID_TEXT_BYTES];
    ServiceId back;
    assert_ok(service_id_seal(vault->ring, TENANT, STR("kenko"), 1, id.bytes, one));
    assert_ok(service_id_seal(vault->ring, TENANT, STR("kenko"), UINT32_MAX, id.bytes, other));
    assert_string_not_equal(one + 7, other + 7);
    assert_ok(service_id_open(vault->ring, TENANT, STR("kenko"), str_from(other), &back));
    assert_true(back.is_known);
    assert_int_equal(back.epoch, UINT32_MAX);
}

static void a_sealed_ring_makes_no_tokens(void **state)
{
    Vault *vault = *state;
    const Id id = entity();
    char text[SERVICE_ID_TEXT_BYTES] = "untouched";
    uint8_t token[16] = {0};
    ServiceId back;
    keyring_seal(vault->ring);
    assert_fails(pseudonym_16(vault->ring, TENANT, STR("k"), NULL, 0, token), VAULT_SEALED);
    assert_fails(pseudonym_8(vault->ring, TENANT, STR("k"), NULL, 0, token), VAULT_SEALED);
    assert_fails(service_id_seal(vault->ring, TENANT, STR("s"), 1, id.bytes, text), VAULT_SEALED);
    assert_string_equal(text, "untouched");
    assert_fails(service_id_open(vault->ring, TENANT, STR("s"), str_from(VECTOR_SERVICE_ID), &back),
                 VAULT_SEALED);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_match_the_vectors),
        TEST(tokens_differ_by_each_input_and_by_how_it_is_cut),
        TEST(text_forms_come_back_and_only_the_canonical_ones),
        TEST(service_ids_match_the_vector_and_come_back),
        TEST(a_service_id_is_unknown_to_everybody_else),
        TEST(every_changed_character_makes_an_id_unknown),
        TEST(two_services_share_no_pattern),
        TEST(a_new_epoch_gives_new_ids),
        TEST(a_sealed_ring_makes_no_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
