/* Checkpoints: the exact text, the policy that decides, and refusal of everything else. */
#include <string.h>

#include "check.h"
#include "checkpoint.h"

static const uint8_t SEED[SIGN_SEED_BYTES] = {7};

typedef struct Sample {
    Arena *arena;
    LogKey key;
    LogPolicy policy;
    Checkpoint checkpoint;
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    Str note;
} Sample;

static void sample_init(Sample *sample)
{
    memset(sample, 0, sizeof *sample);
    sample->arena = arena_new((size_t)16 << 20);
    sign_public_from_seed(SEED, sample->key.bytes);
    Str origin;
    assert_ok(checkpoint_origin_in(sample->arena, STR("kasai"), STR("node-1"), &origin));
    sample->policy = (LogPolicy){.origin = origin, .keys = &sample->key, .key_count = 1};
    sample->checkpoint = (Checkpoint){.origin = origin, .size = 70000};
    memset(sample->checkpoint.root.bytes, 0xab, MERKLE_HASH_BYTES);
    Str text;
    assert_ok(checkpoint_text_in(sample->arena, &sample->checkpoint, &text));
    sign_with_seed(SEED, text, sample->signature);
    assert_ok(checkpoint_note_in(sample->arena, &sample->checkpoint, sample->key.bytes,
                                 sample->signature, &sample->note));
}

static void exact_text(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    Str text;
    assert_ok(checkpoint_text_in(sample.arena, &sample.checkpoint, &text));
    assert_str(text, "musubi/kasai/node-1\n70000\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n");
    assert_true(str_starts_with(sample.note, text));
    Str rest = str_slice(sample.note, text.n, sample.note.n);
    assert_true(str_starts_with(rest, STR("\n\xe2\x80\x94 musubi/kasai/node-1 ")));
    assert_true(str_ends_with(rest, STR("\n")));
    (void)arena_free(sample.arena);
}

static void opens_what_it_wrote(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    Checkpoint opened;
    assert_ok(checkpoint_open(sample.arena, &sample.policy, sample.note, &opened));
    assert_int_equal(opened.size, 70000);
    assert_str(opened.origin, "musubi/kasai/node-1");
    assert_memory_equal(opened.root.bytes, sample.checkpoint.root.bytes, MERKLE_HASH_BYTES);
    bool is_genuine = false;
    Str signature = str_bytes(sample.signature, sizeof sample.signature);
    assert_ok(checkpoint_verify(sample.arena, &sample.policy, &sample.checkpoint, signature,
                                &is_genuine));
    assert_true(is_genuine);
    sample.checkpoint.size++;
    assert_ok(checkpoint_verify(sample.arena, &sample.policy, &sample.checkpoint, signature,
                                &is_genuine));
    assert_false(is_genuine);
    (void)arena_free(sample.arena);
}

static void refuses_any_changed_byte(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    for (size_t at = 0; at < sample.note.n; at++) {
        char *changed = str_z(sample.arena, sample.note);
        changed[at] ^= 8;
        Checkpoint opened;
        assert_fails(checkpoint_open(sample.arena, &sample.policy,
                                     str_bytes(changed, sample.note.n), &opened),
                     LOG_CHECKPOINT);
        assert_fails(
            checkpoint_open(sample.arena, &sample.policy, str_slice(sample.note, 0, at), &opened),
            LOG_CHECKPOINT);
    }
    (void)arena_free(sample.arena);
}

/* Cosignatures and keys of a rotation stand beside the log's own line; extension lines do not. */
static void other_signatures_are_ignored(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    Str witness = STR("\xe2\x80\x94 witness.example AAAAAQ==\n");
    const Str after[] = {sample.note, witness};
    Str note;
    Checkpoint opened;
    assert_ok(str_join_in(sample.arena, after, 2, &note));
    assert_ok(checkpoint_open(sample.arena, &sample.policy, note, &opened));
    Str text;
    assert_ok(checkpoint_text_in(sample.arena, &sample.checkpoint, &text));
    const Str only_witness[] = {text, STR("\n"), witness};
    assert_ok(str_join_in(sample.arena, only_witness, 3, &note));
    assert_fails(checkpoint_open(sample.arena, &sample.policy, note, &opened), LOG_CHECKPOINT);
    const Str extended[] = {text, STR("extension\n"),
                            str_slice(sample.note, text.n, sample.note.n)};
    assert_ok(str_join_in(sample.arena, extended, 3, &note));
    assert_fails(checkpoint_open(sample.arena, &sample.policy, note, &opened), LOG_CHECKPOINT);
    (void)arena_free(sample.arena);
}

static void policy_decides(void **state)
{
    (void)state;
    Sample sample;
    sample_init(&sample);
    Checkpoint opened;
    LogKey keys[2] = {{{0}}, sample.key};
    keys[0].bytes[0] = 9;
    LogPolicy rotated = {.origin = sample.policy.origin, .keys = keys, .key_count = 2};
    assert_ok(checkpoint_open(sample.arena, &rotated, sample.note, &opened));
    rotated.key_count = 1;
    assert_fails(checkpoint_open(sample.arena, &rotated, sample.note, &opened), LOG_CHECKPOINT);
    LogPolicy elsewhere = {
        .origin = STR("musubi/kasai/node-2"), .keys = &sample.key, .key_count = 1};
    assert_fails(checkpoint_open(sample.arena, &elsewhere, sample.note, &opened), LOG_CHECKPOINT);
    (void)arena_free(sample.arena);
}

static void names(void **state)
{
    (void)state;
    assert_true(checkpoint_name_is_valid(STR("node-1.city_a")));
    assert_false(checkpoint_name_is_valid(STR("")));
    assert_false(checkpoint_name_is_valid(STR("Node")));
    assert_false(checkpoint_name_is_valid(STR("a/b")));
    assert_false(checkpoint_name_is_valid(STR("a+b")));
    assert_false(checkpoint_name_is_valid(STR("a b")));
    assert_false(checkpoint_name_is_valid(STR("a\0b")));
    static char longest[CHECKPOINT_NAME_BYTES_MAX + 1];
    memset(longest, 'a', sizeof longest);
    assert_true(checkpoint_name_is_valid(str_bytes(longest, CHECKPOINT_NAME_BYTES_MAX)));
    assert_false(checkpoint_name_is_valid(str_bytes(longest, sizeof longest)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_text),
        cmocka_unit_test(opens_what_it_wrote),
        cmocka_unit_test(refuses_any_changed_byte),
        cmocka_unit_test(other_signatures_are_ignored),
        cmocka_unit_test(policy_decides),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
