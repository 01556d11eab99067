#include "crypto_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto_init.h"

static Error test_fill(const Entropy *port, void *out, size_t n)
{
    TestEntropy *entropy = (TestEntropy *)(uintptr_t)port;
    uint64_t call = atomic_fetch_add(&entropy->calls, 1) + 1;
    ENSURE(call != entropy->fails_at, INTERNAL, "entropy");
    if (!entropy->is_counting) {
        return ports_system()->entropy->fill(ports_system()->entropy, out, n);
    }
    uint64_t at = atomic_fetch_add(&entropy->at, n);
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)out)[i] = (uint8_t)(at + i);
    }
    return OK;
}

void vault_write_kek(Vault *vault)
{
    uint8_t kek[32];
    for (unsigned i = 0; i < sizeof kek; i++) {
        kek[i] = (uint8_t)(0x80 + i);
    }
    int fd = open(vault->kek_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, kek, sizeof kek), sizeof kek);
    assert_int_equal(close(fd), 0);
}

static void prepare(Vault *vault, bool is_counting)
{
    *vault = (Vault){.entropy = {.port = {.fill = test_fill}, .is_counting = is_counting}};
    assert_ok(crypto_init());
    vault->ports = *ports_system();
    vault->ports.entropy = &vault->entropy.port;
    vault->arena = arena_new_sensitive((size_t)256 << 20);
    assert_non_null(vault->arena);
    (void)snprintf(vault->folder, sizeof vault->folder, "/tmp/musubi-crypto-XXXXXX");
    assert_non_null(mkdtemp(vault->folder));
    (void)snprintf(vault->kek_path, sizeof vault->kek_path, "%s/kek", vault->folder);
    assert_ok(kek_file_new(&vault->ports, vault->kek_path, 1, &vault->provider));
}

static void open_ring(Vault *vault, uint32_t slots)
{
    const KeyringOptions options = {.ports = &vault->ports,
                                    .provider = vault->provider,
                                    .environment = STR("test"),
                                    .slots = slots == 0 ? 64 : slots};
    assert_ok(keyring_open(&options, &vault->ring));
}

void vault_open(Vault *vault, bool is_counting, uint32_t slots)
{
    prepare(vault, is_counting);
    vault_write_kek(vault);
    open_ring(vault, slots);
    assert_ok(keyring_new_platform_keys(vault->ring, vault->arena, &vault->platform));
    assert_false(keyring_is_sealed(vault->ring));
}

void vault_open_sealed(Vault *vault)
{
    prepare(vault, false);
    open_ring(vault, 0);
    assert_true(keyring_is_sealed(vault->ring));
}

void vault_done(Vault *vault)
{
    (void)keyring_free(vault->ring);
    (void)kek_free(vault->provider);
    (void)arena_free(vault->arena);
    (void)unlink(vault->kek_path); /* gone already in some tests */
    assert_int_equal(rmdir(vault->folder), 0);
}

Id id_of(uint64_t n)
{
    Id id = {{0}};
    for (unsigned i = 0; i < 8; i++) {
        id.bytes[8 + i] = (uint8_t)(n >> (56 - 8 * i));
    }
    return id;
}

SubjectKey *vault_new_key(Vault *vault, Id subject)
{
    SubjectKey *key = NULL;
    Str wrapped;
    assert_ok(keyring_new_subject_key(vault->ring, TENANT, subject.bytes, 1, vault->arena, &wrapped,
                                      &key));
    return key;
}

Str hex_of(Arena *arena, Str bytes)
{
    Buf hex = buf_in(arena);
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t byte = (uint8_t)bytes.p[i];
        buf_add_char(&hex, "0123456789abcdef"[byte >> 4]);
        buf_add_char(&hex, "0123456789abcdef"[byte & 15]);
    }
    Str text;
    assert_ok(buf_finish(&hex, &text));
    return text;
}

static unsigned digit_of(char c)
{
    const char *at = strchr("0123456789abcdef", c);
    assert_non_null(at);
    return (unsigned)(at - "0123456789abcdef");
}

Str bytes_of(Arena *arena, const char *hex)
{
    Buf bytes = buf_in(arena);
    for (; *hex != '\0'; hex += 2) {
        buf_add_char(&bytes, (char)(digit_of(hex[0]) << 4 | digit_of(hex[1])));
    }
    Str text;
    assert_ok(buf_finish(&bytes, &text));
    return text;
}

Random random_begin(const char *test)
{
    const char *given = getenv("MUSUBI_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("%s: MUSUBI_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return (Random){.state = seed * 2 + 1};
}

uint64_t random_next(Random *random)
{
    /* splitmix64 */
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
