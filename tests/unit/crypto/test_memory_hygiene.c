/* C-14: after use, each key lies in memory once (its locked home), and nowhere after sealing;
 * plaintext is gone with its arena. The process searches its own memory for needles that it keeps
 * masked, so that it never finds itself. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto_fixture.h"
#include "crypto_init.h"
#include "derive.h"
#include "hash.h"
#include "opaque_token.h"
#include "pseudonym.h"
#include "sign.h"

#define MASK 0xa5
#define NEEDLE_BYTES 32
#define NEEDLES_MAX 64
#define WINDOW_BYTES 65536

typedef struct Needle {
    uint8_t masked[NEEDLE_BYTES];
} Needle;

static uint8_t window[WINDOW_BYTES + NEEDLE_BYTES];

/* All random bytes of a key's length that the vault asked for, masked. */
static Needle keys[NEEDLES_MAX];
static unsigned key_count;

static Error recording_fill(const Entropy *entropy, void *out, size_t n)
{
    (void)entropy;
    TRY(ports_system()->entropy->fill(ports_system()->entropy, out, n));
    if (n == NEEDLE_BYTES && key_count < NEEDLES_MAX) {
        for (size_t i = 0; i < n; i++) {
            keys[key_count].masked[i] = ((uint8_t *)out)[i] ^ MASK;
        }
        key_count++;
    }
    return OK;
}

static bool is_at(const Needle *needle, const uint8_t *bytes)
{
    for (unsigned i = 0; i < NEEDLE_BYTES; i++) {
        if ((uint8_t)(bytes[i] ^ MASK) != needle->masked[i]) {
            return false;
        }
    }
    return true;
}

static unsigned count_in_window(const Needle *needle, size_t n)
{
    unsigned found = 0;
    for (size_t at = 0; at + NEEDLE_BYTES <= n; at++) {
        found += is_at(needle, window + at);
    }
    return found;
}

/* Needles in [from, to) of the process; what can't be read (a guard page) holds nothing of ours.
 * The window itself is left out. */
static unsigned count_in_range(int memory, const Needle *needle, uintptr_t from, uintptr_t to)
{
    unsigned found = 0;
    uintptr_t own = (uintptr_t)window;
    for (uintptr_t at = from; at < to; at += WINDOW_BYTES) {
        size_t n = to - at < sizeof window ? to - at : sizeof window;
        if (at < own + sizeof window && own < at + n) {
            n = at < own ? own - at : 0;
        }
        ssize_t got = n == 0 ? 0 : pread(memory, window, n, (off_t)at);
        found += got > 0 ? count_in_window(needle, (size_t)got) : 0;
        /* A needle whole in the overlap is in the next window too. */
        found -= got == (ssize_t)sizeof window && is_at(needle, window + WINDOW_BYTES);
    }
    crypto_wipe(window, sizeof window);
    return found;
}

/* How often the needle lies in this process's memory; -1 when the system doesn't let us look. */
static int count_in_memory(const Needle *needle)
{
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned found = 0;
    while (maps != NULL && memory >= 0 && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from = 0;
        unsigned long to = 0;
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && strstr(line, "[v") == NULL) {
            found += count_in_range(memory, needle, from, to);
        }
    }
    bool could_look = maps != NULL && memory >= 0;
    if (maps != NULL) {
        (void)fclose(maps);
    }
    if (memory >= 0) {
        (void)close(memory);
    }
    return could_look ? (int)found : -1;
}

/* One byte at a time, so that the key never lies in a buffer of ours. */
static Needle needle_of_file(const char *path)
{
    Needle needle;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (unsigned i = 0; i < NEEDLE_BYTES; i++) {
        volatile uint8_t byte = 0;
        assert_int_equal(read(fd, (void *)(uintptr_t)&byte, 1), 1);
        needle.masked[i] = byte ^ MASK;
    }
    assert_int_equal(close(fd), 0);
    return needle;
}

typedef struct Site {
    Ports ports;
    Entropy entropy;
    char folder[64];
    char path[96];
    KekProvider *provider;
    Keyring *ring;
    Needle kek;
    Needle plaintext;
} Site;

static void make_key_file(Site *site)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    assert_non_null(arena);
    (void)snprintf(site->folder, sizeof site->folder, "/tmp/musubi-memory-XXXXXX");
    assert_non_null(mkdtemp(site->folder));
    (void)snprintf(site->path, sizeof site->path, "%s/kek", site->folder);
    assert_ok(kek_file_create(&site->ports, arena, site->path));
    site->kek = needle_of_file(site->path);
    assert_memory_equal(site->kek.masked, keys[0].masked, NEEDLE_BYTES);
}

static void site_open(Site *site)
{
    key_count = 0;
    site->entropy.fill = recording_fill;
    site->ports = *ports_system();
    site->ports.entropy = &site->entropy;
    assert_ok(crypto_init());
    make_key_file(site);
    assert_ok(kek_file_new(&site->ports, site->path, 1, &site->provider));
    const KeyringOptions options = {
        .ports = &site->ports, .provider = site->provider, .environment = STR("test"), .slots = 64};
    assert_ok(keyring_open(&options, &site->ring));
    assert_ok(ports_system()->entropy->fill(ports_system()->entropy, site->plaintext.masked,
                                            NEEDLE_BYTES));
}

static void site_done(Site *site)
{
    (void)keyring_free(site->ring);
    (void)kek_free(site->provider);
    assert_int_equal(unlink(site->path), 0);
    assert_int_equal(rmdir(site->folder), 0);
}

/* Seals the unmasked plaintext and opens it again, as a request does. */
static void seal_and_open(Site *site, Arena *arena, SubjectKey *key)
{
    char *text = arena_alloc(arena, NEEDLE_BYTES);
    Str envelope;
    Str back;
    assert_non_null(text);
    for (unsigned i = 0; i < NEEDLE_BYTES; i++) {
        text[i] = (char)(site->plaintext.masked[i] ^ MASK);
    }
    const SealContext context = seal_context(key, SEAL_VALUE, NULL, STR("T"), STR("a"));
    assert_ok(seal_value(key, &context, PADDING_NATURAL, str_bytes(text, NEEDLE_BYTES), arena,
                         &envelope));
    assert_ok(open_value(key, &context, envelope, arena, &back));
    assert_int_equal(back.n, NEEDLE_BYTES);
    assert_ok(seal_log_detail(key, STR("node"), str_bytes(text, NEEDLE_BYTES), arena, &envelope));
    assert_ok(open_log_detail(key, STR("node"), envelope, arena, &back));
}

static void use_every_key(Site *site, SubjectKey *key)
{
    uint8_t bytes[SIGN_SIGNATURE_BYTES];
    char text[SERVICE_ID_TEXT_BYTES];
    SigningKey signing;
    assert_ok(pseudonym_16(site->ring, TENANT, STR("k"), NULL, 0, bytes));
    assert_ok(service_id_seal(site->ring, TENANT, STR("s"), 1, bytes, text));
    assert_ok(opaque_token_hash(site->ring, STR("k"), STR("t"), bytes));
    assert_ok(signing_key_borrow(site->ring, SIGNING_LOG, &signing));
    assert_ok(sign_message(&signing, STR("m"), bytes));
    assert_ok(signing_key_borrow(site->ring, SIGNING_TOKEN, &signing));
    assert_ok(sign_message(&signing, STR("m"), bytes));
    assert_ok(seal_mac(key, STR("l"), STR("m"), bytes));
    assert_ok(seal_log_finder(key, STR("n"), 1, 1, bytes));
}

/* A thousand requests over ten subjects, each with an arena of its own. */
static void serve_requests(Site *site)
{
    CLEANUP(arena_free) Arena *stored = arena_new((size_t)1 << 20);
    Str platform;
    Str wrapped[10];
    assert_non_null(stored);
    assert_ok(keyring_new_platform_keys(site->ring, stored, &platform));
    for (unsigned n = 0; n < 1000; n++) {
        CLEANUP(arena_free) Arena *arena = arena_new_sensitive((size_t)1 << 20);
        CLEANUP(subject_key_unref) SubjectKey *key = NULL;
        const Id subject = id_of(n % 10);
        assert_non_null(arena);
        if (n < 10) {
            assert_ok(keyring_new_subject_key(site->ring, TENANT, subject.bytes, 1, stored,
                                              &wrapped[n], &key));
        } else {
            assert_ok(keyring_borrow_subject_key(site->ring, TENANT, subject.bytes, 1,
                                                 wrapped[n % 10], &key));
        }
        seal_and_open(site, arena, key);
        use_every_key(site, key);
        if (n % 100 == 99) {
            keyring_forget_subject(site->ring,
                                   subject.bytes); /* so that unwrapping is exercised too */
        }
    }
}

/* A key derived from a recorded one, computed in place and masked at once. */
static Needle derived_needle(DerivePurpose purpose, const Needle *root, bool has_names)
{
    Needle needle;
    Derive derive;
    uint8_t bytes[NEEDLE_BYTES];
    for (unsigned i = 0; i < NEEDLE_BYTES; i++) {
        bytes[i] = root->masked[i] ^ MASK;
    }
    derive_begin(&derive, purpose, bytes);
    if (has_names) {
        derive_lp(&derive, STR("T"));
        derive_lp(&derive, STR("a"));
    }
    derive_u32(&derive, 1);
    derive_end(&derive, bytes, sizeof bytes);
    for (unsigned i = 0; i < NEEDLE_BYTES; i++) {
        needle.masked[i] = bytes[i] ^ MASK;
    }
    crypto_wipe(bytes, sizeof bytes);
    return needle;
}

/* What is derived for one operation is gone after it. */
static void check_derived_keys_are_gone(const Needle *kek)
{
    const Needle wrap_key = derived_needle(DERIVE_KEK_KEY, kek, false);
    assert_int_equal(count_in_memory(&wrap_key), 0);
    for (unsigned i = 5; i < key_count; i++) {
        const Needle value_key = derived_needle(DERIVE_VALUE_KEY, &keys[i], true);
        const Needle log_key = derived_needle(DERIVE_LOG_KEY, &keys[i], false);
        assert_int_equal(count_in_memory(&value_key), 0);
        assert_int_equal(count_in_memory(&log_key), 0);
    }
}

static void keys_have_one_home_and_none_after_sealing(void **state)
{
    (void)state;
    SKIP_IF_SANITIZED("AddressSanitizer keeps freed memory and copies of the stack");
    static Site site;
    memset(&site, 0, sizeof site);
    site_open(&site);
    if (count_in_memory(&site.kek) < 0) {
        site_done(&site);
        print_message("skipped: this user may not read its own memory\n");
        skip();
    }
    assert_int_equal(count_in_memory(&site.kek),
                     1); /* also shows that the search sees closed pages */
    serve_requests(&site);
    assert_int_equal(key_count, 1 + 4 + 10);
    assert_int_equal(count_in_memory(&site.kek), 1);
    assert_int_equal(count_in_memory(&site.plaintext), 0);
    for (unsigned i = 1; i < 5; i++) {
        assert_int_equal(count_in_memory(&keys[i]), 1);
    }
    for (unsigned i = 5; i < key_count; i++) {
        assert_in_range(count_in_memory(&keys[i]), 0, 1);
    }
    check_derived_keys_are_gone(&site.kek);
    keyring_seal(site.ring);
    for (unsigned i = 0; i < key_count; i++) {
        assert_int_equal(count_in_memory(&keys[i]), 0);
    }
    site_done(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_one_home_and_none_after_sealing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
