/* Attacks on stored envelopes: splices of every field (C-3), every flipped bit (C-3), repeated
 * nonces (C-4), and refusals that can't be told apart (C-15). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto_fixture.h"

#define PAIRS 10000
#define FIELDS 10
#define VALUES 256

/* One stored value and where it belongs; names live in the struct. */
typedef struct Stored {
    unsigned owner; /* index into keys: owner × 2 + (generation - 1), one tenant for each owner's
                       parity */
    Id entity;
    char type[16];
    char attribute[16];
    char dataset[16];
    SealContext context;
    Str envelope;
} Stored;

#define OWNERS 16

typedef struct Town {
    Vault vault;
    Keyring *other_environment;
    KekProvider *other_provider;
    Id subjects[OWNERS];
    SubjectKey *keys[OWNERS][2]; /* by generation - 1 */
    Str wrapped[OWNERS][2];
    Stored values[VALUES];
} Town;

static Str tenant_of(unsigned owner)
{
    return owner % 2 == 0 ? STR("kasai") : STR("kobe");
}

static void make_keys(Town *town)
{
    for (unsigned owner = 0; owner < OWNERS; owner++) {
        town->subjects[owner] = id_of(owner + 1);
        for (unsigned g = 0; g < 2; g++) {
            assert_ok(keyring_new_subject_key(town->vault.ring, tenant_of(owner),
                                              town->subjects[owner].bytes, g + 1, town->vault.arena,
                                              &town->wrapped[owner][g], &town->keys[owner][g]));
        }
    }
}

static SubjectKey *key_of(Town *town, const Stored *value)
{
    return town->keys[value->owner][value->context.generation - 1];
}

static Str text_of(char *out, size_t room, const char *stem, uint64_t n)
{
    int length = snprintf(out, room, "%s%u", stem, (unsigned)(n % 5));
    return str_bytes(out, (size_t)length);
}

static void make_value(Town *town, Random *random, Stored *value)
{
    value->owner = (unsigned)(random_next(random) % OWNERS);
    SubjectKey *key = town->keys[value->owner][random_next(random) % 2];
    value->entity = id_of(random_next(random) % 8);
    value->context = seal_context(
        key, SEAL_VALUE, value->entity.bytes,
        text_of(value->type, sizeof value->type, "Type", random_next(random)),
        text_of(value->attribute, sizeof value->attribute, "attr", random_next(random)));
    value->context.dataset =
        text_of(value->dataset, sizeof value->dataset, "", random_next(random));
    value->context.version = random_next(random) % 8;
    char text[200];
    memset(text, 'v', sizeof text);
    assert_ok(seal_value(key, &value->context, (PaddingClass)(random_next(random) % 4),
                         str_bytes(text, random_next(random) % sizeof text), town->vault.arena,
                         &value->envelope));
}

/* The same KEK and platform keys under another environment's name can't even be loaded, so the
 * other environment has keys of its own making over the same KEK. */
static void open_other_environment(Town *town)
{
    assert_ok(kek_file_new(&town->vault.ports, town->vault.kek_path, 1, &town->other_provider));
    const KeyringOptions options = {.ports = &town->vault.ports,
                                    .provider = town->other_provider,
                                    .environment = STR("training"),
                                    .slots = 64};
    Str wrapped;
    assert_ok(keyring_open(&options, &town->other_environment));
    assert_ok(keyring_new_platform_keys(town->other_environment, town->vault.arena, &wrapped));
}

static void town_open(Town *town, Random *random)
{
    vault_open(&town->vault, false, 0);
    make_keys(town);
    for (unsigned i = 0; i < VALUES; i++) {
        make_value(town, random, &town->values[i]);
    }
    open_other_environment(town);
}

static void town_done(Town *town)
{
    for (unsigned owner = 0; owner < OWNERS; owner++) {
        (void)subject_key_unref(town->keys[owner][0]);
        (void)subject_key_unref(town->keys[owner][1]);
    }
    (void)keyring_free(town->other_environment);
    (void)kek_free(town->other_provider);
    vault_done(&town->vault);
    free(town);
}

static bool opens(Town *town, SubjectKey *key, const SealContext *context, Str envelope)
{
    (void)town;
    char out[4096];
    Str back = STR("untouched");
    Error error = open_value_to(key, context, envelope, out, sizeof out, &back);
    if (FAILED(error)) {
        assert_int_equal(error.reason, REASON_CRYPTO_OPEN);
        assert_null(error.argument);
        assert_str(back, "untouched");
    }
    return !FAILED(error);
}

/* Sets field number `field` of a to b's. False when both are the same anyway. */
static bool splice(const Stored *a, const Stored *b, unsigned field, SealContext *context)
{
    const SealContext *from = &b->context;
    switch (field) {
    case 0:
        context->tenant = from->tenant;
        return !str_eq(a->context.tenant, from->tenant);
    case 1:
        context->subject = from->subject;
        return memcmp(a->context.subject, from->subject, 16) != 0;
    case 2:
        context->entity = from->entity;
        return memcmp(a->context.entity, from->entity, 16) != 0;
    case 3:
        context->type = from->type;
        return !str_eq(a->context.type, from->type);
    case 4:
        context->attribute = from->attribute;
        return !str_eq(a->context.attribute, from->attribute);
    case 5:
        context->dataset = from->dataset;
        return !str_eq(a->context.dataset, from->dataset);
    case 6:
        context->version = from->version;
        return a->context.version != from->version;
    default:
        context->generation = from->generation;
        return a->context.generation != from->generation;
    }
}

/* A field that two values share is changed to something that neither has, so that each try is a
 * real one. */
static void make_differ(unsigned field, SealContext *context)
{
    static const uint8_t NOBODY[16] = {0xff};
    switch (field) {
    case 0:
        context->tenant = STR("kyoto");
        break;
    case 1:
        context->subject = NOBODY;
        break;
    case 2:
        context->entity = NOBODY;
        break;
    case 3:
        context->type = STR("Type9");
        break;
    case 4:
        context->attribute = STR("attr9");
        break;
    case 5:
        context->dataset = STR("9");
        break;
    case 6:
        context->version += 1000;
        break;
    default:
        context->generation = 3;
        break;
    }
}

static bool opens_with_class(Town *town, const Stored *a, const Stored *b)
{
    uint8_t copy[4096];
    memcpy(copy, a->envelope.p, a->envelope.n);
    copy[1] =
        (uint8_t)b->envelope.p[1] != copy[1] ? (uint8_t)b->envelope.p[1] : (uint8_t)(copy[1] ^ 1);
    return opens(town, key_of(town, a), &a->context, str_bytes(copy, a->envelope.n));
}

/* The other environment's vault gets a's stored key document and envelope. */
static bool opens_elsewhere(Town *town, const Stored *a)
{
    SubjectKey *key = NULL;
    unsigned g = a->context.generation - 1;
    Error error =
        keyring_borrow_subject_key(town->other_environment, a->context.tenant, a->context.subject,
                                   a->context.generation, town->wrapped[a->owner][g], &key);
    return !FAILED(error);
}

static unsigned splice_pair(Town *town, const Stored *a, const Stored *b)
{
    unsigned opened = 0;
    for (unsigned field = 0; field < FIELDS - 2; field++) {
        SealContext context = a->context;
        if (!splice(a, b, field, &context)) {
            make_differ(field, &context);
        }
        opened += opens(town, key_of(town, a), &context, a->envelope);
    }
    opened += opens_with_class(town, a, b);
    opened += opens_elsewhere(town, a);
    return opened;
}

static void spliced_fields_never_open(void **state)
{
    (void)state;
    Random random = random_begin("splices");
    Town *town = calloc(1, sizeof *town);
    assert_non_null(town);
    town_open(town, &random);
    unsigned opened = 0;
    for (unsigned pair = 0; pair < PAIRS; pair++) {
        const Stored *a = &town->values[random_next(&random) % VALUES];
        const Stored *b = &town->values[random_next(&random) % VALUES];
        opened += splice_pair(town, a, b);
        /* The whole envelope at the other's place, unless the two places are one. */
        if (a != b) {
            opened += opens(town, key_of(town, b), &b->context, a->envelope);
        }
        assert_true(opens(town, key_of(town, a), &a->context, a->envelope));
    }
    assert_int_equal(opened, 0);
    town_done(town);
}

static void no_flipped_bit_opens(void **state)
{
    (void)state;
    Random random = random_begin("bit flips");
    Town *town = calloc(1, sizeof *town);
    assert_non_null(town);
    town_open(town, &random);
    uint8_t copy[4096];
    unsigned opened = 0;
    size_t flips = 0;
    for (unsigned i = 0; i < 200; i++) {
        const Stored *value = &town->values[i];
        memcpy(copy, value->envelope.p, value->envelope.n);
        Str damaged = str_bytes(copy, value->envelope.n);
        for (size_t bit = 0; bit < damaged.n * 8; bit++, flips++) {
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            opened += opens(town, key_of(town, value), &value->context, damaged);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(opens(town, key_of(town, value), &value->context, damaged));
    }
    print_message("%zu flips\n", flips);
    assert_int_equal(opened, 0);
    town_done(town);
}

#define NONCE_AT 8
#define NONCE_BYTES 24

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, NONCE_BYTES);
}

static void seal_nonces(SubjectKey *key, uint8_t *nonces, size_t count)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 30);
    const SealContext context = seal_context(key, SEAL_VALUE, NULL, STR("T"), STR("a"));
    assert_non_null(arena);
    for (size_t i = 0; i < count; i++) {
        Str envelope;
        assert_ok(seal_value(key, &context, PADDING_NATURAL, STR("x"), arena, &envelope));
        memcpy(nonces + i * NONCE_BYTES, envelope.p + NONCE_AT, NONCE_BYTES);
    }
}

static size_t count_repeats(uint8_t *nonces, size_t count)
{
    size_t repeats = 0;
    qsort(nonces, count, NONCE_BYTES, compare_nonces);
    for (size_t i = 1; i < count; i++) {
        repeats += compare_nonces(nonces + (i - 1) * NONCE_BYTES, nonces + i * NONCE_BYTES) == 0;
    }
    return repeats;
}

#ifdef MUSUBI_SANITIZED
#define NONCES 100000
#else
#define NONCES 1000000
#endif

static void nonces_never_repeat(void **state)
{
    (void)state;
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    uint8_t *nonces = malloc((size_t)NONCES * NONCE_BYTES);
    assert_non_null(nonces);
    seal_nonces(key, nonces, NONCES);
    assert_int_equal(count_repeats(nonces, NONCES), 0);
    free(nonces);
    (void)subject_key_unref(key);
    vault_done(&vault);
}

#define FORKED 1000

static void read_all(int fd, uint8_t *out, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, out, n);
        assert_true(got > 0);
        out += got;
        n -= (size_t)got;
    }
}

static void a_forked_child_shares_no_nonce(void **state)
{
    (void)state;
    static uint8_t nonces[2 * FORKED * NONCE_BYTES];
    Vault vault;
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    seal_nonces(key, nonces, FORKED);
    if (child == 0) {
        ssize_t wrote = write(pipes[1], nonces, sizeof nonces / 2);
        _exit(wrote == (ssize_t)(sizeof nonces / 2) ? 0 : 1);
    }
    read_all(pipes[0], nonces + sizeof nonces / 2, sizeof nonces / 2);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    assert_int_equal(count_repeats(nonces, (size_t)2 * FORKED), 0);
    (void)subject_key_unref(key);
    vault_done(&vault);
}

/* Five ways to be refused, each ready to be tried again and again. */
typedef struct Refusal {
    const char *name;
    SubjectKey *key;
    SealContext context;
    uint8_t bytes[512];
    size_t n;
} Refusal;

#define REFUSALS 5

static void make_refusals(Vault *vault, SubjectKey *key, SubjectKey *other, Refusal *refusals)
{
    static const char *const NAMES[REFUSALS] = {"wrong key", "wrong context", "truncated",
                                                "version", "tag"};
    const SealContext context = seal_context(key, SEAL_VALUE, NULL, STR("T"), STR("a"));
    Str envelope;
    assert_ok(seal_value(key, &context, PADDING_256, STR("text"), vault->arena, &envelope));
    for (unsigned i = 0; i < REFUSALS; i++) {
        refusals[i] = (Refusal){.name = NAMES[i], .key = key, .context = context, .n = envelope.n};
        memcpy(refusals[i].bytes, envelope.p, envelope.n);
    }
    refusals[0].key = other;
    refusals[0].context = seal_context(other, SEAL_VALUE, NULL, STR("T"), STR("a"));
    refusals[1].context.version = 1;
    refusals[2].n -= 1;
    refusals[3].bytes[0] = 2;
    refusals[4].bytes[envelope.n - 1] ^= 1;
}

static int64_t time_one(Refusal *refusal)
{
    char out[512];
    Str back;
    struct timespec from;
    struct timespec to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    Error error = open_value_to(refusal->key, &refusal->context,
                                str_bytes(refusal->bytes, refusal->n), out, sizeof out, &back);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    assert_int_equal(error.code, ERROR_CRYPTO);
    assert_int_equal(error.reason, REASON_CRYPTO_OPEN);
    assert_null(error.argument);
    return (to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
}

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

#define TRIES 10000

/* Largest median over the smallest, in percent above 100. */
static int64_t median_spread_percent(Refusal *refusals)
{
    static int64_t times[REFUSALS][TRIES];
    for (unsigned n = 0; n < TRIES; n++) {
        for (unsigned i = 0; i < REFUSALS; i++) {
            times[i][n] = time_one(&refusals[i]);
        }
    }
    int64_t least = INT64_MAX;
    int64_t most = 0;
    for (unsigned i = 0; i < REFUSALS; i++) {
        qsort(times[i], TRIES, sizeof times[i][0], compare_times);
        int64_t median = times[i][TRIES / 2];
        least = median < least ? median : least;
        most = median > most ? median : most;
        print_message("%s: median %lld ns\n", refusals[i].name, (long long)median);
    }
    return (most - least) * 100 / least;
}

/* Noise of the machine only ever widens the spread, so the best of a few rounds is what counts. */
static void refusals_can_not_be_told_apart(void **state)
{
    (void)state;
    Vault vault;
    static Refusal refusals[REFUSALS];
    vault_open(&vault, false, 0);
    SubjectKey *key = vault_new_key(&vault, id_of(1));
    SubjectKey *other = vault_new_key(&vault, id_of(2));
    make_refusals(&vault, key, other, refusals);
    int64_t spread = 100;
    for (unsigned round = 0; round < 8 && spread >= 5; round++) {
        spread = median_spread_percent(refusals);
    }
    (void)subject_key_unref(key);
    (void)subject_key_unref(other);
    vault_done(&vault);
    SKIP_IF_SANITIZED("times say nothing there; the errors were compared");
    assert_true(spread < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spliced_fields_never_open),
        cmocka_unit_test(no_flipped_bit_opens),
        cmocka_unit_test(nonces_never_repeat),
        cmocka_unit_test(a_forked_child_shares_no_nonce),
        cmocka_unit_test(refusals_can_not_be_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
