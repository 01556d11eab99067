/* Whatever an administrator of the database may put in place of what we stored: envelopes, wrapped
 * keys, platform key documents, service ids, tokens. Nothing that wasn't sealed here may open, and
 * no input may crash.
 *
 * First byte: which reader; next bytes: how the context differs from the one of the genuine
 * envelope; the rest: a patch (offset, byte) … on the genuine bytes, or the bytes themselves. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto_init.h"
#include "keyring.h"
#include "pseudonym.h"
#include "seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

typedef struct Bench {
    Keyring *ring;
    SubjectKey *key;
    Arena *arena;
    Str platform;
    Str wrapped;
    Str envelope;
    char service_id[SERVICE_ID_TEXT_BYTES];
} Bench;

static const uint8_t SUBJECT[16] = {1};

static SealContext bench_context(const Bench *bench)
{
    SealContext context = seal_context(bench->key, SEAL_VALUE, NULL, STR("Person"), STR("name"));
    context.version = 7;
    return context;
}

static KekProvider *make_provider(Arena *arena)
{
    char folder[] = "/tmp/musubi-fuzz-XXXXXX";
    char path[64];
    KekProvider *provider = NULL;
    require(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/kek", folder);
    require(!FAILED(kek_file_create(ports_system(), arena, path)));
    require(!FAILED(kek_file_new(ports_system(), path, 1, &provider)));
    require(!FAILED(provider->open(provider)));
    require(unlink(path) == 0 && rmdir(folder) == 0);
    return provider;
}

static void make_bench(Bench *bench)
{
    require(!FAILED(crypto_init()));
    bench->arena = arena_new((size_t)16 << 20);
    require(bench->arena != NULL);
    const KeyringOptions options = {
        .provider = make_provider(bench->arena), .environment = STR("fuzz"), .slots = 16};
    require(!FAILED(keyring_open(&options, &bench->ring)));
    require(!FAILED(keyring_new_platform_keys(bench->ring, bench->arena, &bench->platform)));
    require(!FAILED(keyring_new_subject_key(bench->ring, STR("t"), SUBJECT, 1, bench->arena,
                                            &bench->wrapped, &bench->key)));
    const SealContext context = bench_context(bench);
    require(!FAILED(seal_value(bench->key, &context, PADDING_NATURAL, STR("a name"), bench->arena,
                               &bench->envelope)));
    require(
        !FAILED(service_id_seal(bench->ring, STR("t"), STR("s"), 1, SUBJECT, bench->service_id)));
}

/* Keys are made once; each input starts from the same genuine bytes. */
static const Bench *bench_borrow(void)
{
    static Bench bench;
    if (bench.ring == NULL) {
        make_bench(&bench);
    }
    return &bench;
}

typedef struct Input {
    Str bytes;
    bool is_genuine; /* byte for byte what was stored */
} Input;

/* Even first byte: the rest replaces the genuine bytes; odd: it is a list of (offset u16, byte)
 * patches. */
static Input shape_input(Arena *arena, Str genuine, const uint8_t *data, size_t size)
{
    Input input = {.bytes = str_bytes(data, size)};
    if (size > 0 && data[0] % 2 == 1) {
        char *copy = arena_alloc(arena, genuine.n);
        require(copy != NULL);
        memcpy(copy, genuine.p, genuine.n);
        for (size_t at = 1; at + 2 < size; at += 3) {
            copy[((size_t)data[at] << 8 | data[at + 1]) % genuine.n] = (char)data[at + 2];
        }
        input.bytes = str_bytes(copy, genuine.n);
    } else if (size > 0) {
        input.bytes = str_bytes(data + 1, size - 1);
    }
    input.is_genuine = str_eq(input.bytes, genuine);
    return input;
}

static void read_envelope(const Bench *bench, Arena *arena, const uint8_t *data, size_t size)
{
    if (size < 4) {
        return;
    }
    SealContext context = bench_context(bench);
    bool is_same = data[0] == 0 && data[1] == 0 && data[2] == 0;
    context.kind = (SealKind)(data[0] % SEAL_KIND_COUNT_);
    context.version ^= data[1];
    context.dataset = str_bytes("dddddddd", data[2] % 8);
    is_same =
        is_same || (context.kind == SEAL_VALUE && context.version == 7 && context.dataset.n == 0);
    Input input = shape_input(arena, bench->envelope, data + 3, size - 3);
    Str text;
    uint32_t generation = 0;
    Error error = open_value(bench->key, &context, input.bytes, arena, &text);
    require(FAILED(error) != (is_same && input.is_genuine));
    require(!FAILED(error) || error.reason == REASON_CRYPTO_OPEN);
    require(FAILED(error) || str_eq(text, STR("a name")));
    require(FAILED(error) || seal_envelope_generation(input.bytes, &generation));
    (void)seal_envelope_generation(input.bytes, &generation);
    require(FAILED(seal_mac_verify(bench->key, STR("label"), STR("message"), input.bytes)));
}

static void read_wrapped_key(const Bench *bench, Arena *arena, const uint8_t *data, size_t size)
{
    SubjectKey *key = NULL;
    Input input = shape_input(arena, bench->wrapped, data, size);
    Error error = keyring_borrow_subject_key(bench->ring, STR("t"), SUBJECT, 1, input.bytes, &key);
    require(FAILED(error) != input.is_genuine);
    (void)subject_key_unref(key);
}

static void read_platform_keys(const Bench *bench, Arena *arena, const uint8_t *data, size_t size)
{
    static Keyring *empty;
    if (empty == NULL) {
        const KeyringOptions options = {
            .provider = make_provider(bench->arena), .environment = STR("fuzz"), .slots = 1};
        require(!FAILED(keyring_open(&options, &empty)));
    }
    /* Another KEK: nothing at all may load. */
    Input input = shape_input(arena, bench->platform, data, size);
    require(FAILED(keyring_load_platform_keys(empty, input.bytes)));
    require(keyring_is_sealed(empty));
}

static void read_texts(const Bench *bench, Arena *arena, const uint8_t *data, size_t size)
{
    ServiceId id;
    uint8_t token[16];
    Input input = shape_input(arena, str_from(bench->service_id), data, size);
    require(!FAILED(service_id_open(bench->ring, STR("t"), STR("s"), input.bytes, &id)));
    require(id.is_known == input.is_genuine);
    if (pseudonym_parse_16(input.bytes, token)) {
        char text[PSEUDONYM_TEXT_16_BYTES];
        pseudonym_text_16(token, text);
        require(str_eq(input.bytes, str_from(text)));
    }
    if (pseudonym_parse_8(input.bytes, token)) {
        char text[PSEUDONYM_TEXT_8_BYTES];
        pseudonym_text_8(token, text);
        require(str_eq(input.bytes, str_from(text)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const READERS[])(const Bench *, Arena *, const uint8_t *, size_t) = {
        read_envelope, read_wrapped_key, read_platform_keys, read_texts};
    const Bench *bench = bench_borrow();
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive((size_t)16 << 20);
    require(arena != NULL);
    if (size > 0) {
        READERS[data[0] % 4](bench, arena, data + 1, size - 1);
    }
    return 0;
}
