/* C-12, provider `file`: what is refused and what the refusal says; creation; wrapping. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto_fixture.h"
#include "fake_ports.h"

/* One folder with one key file, whose provider is not open. */
static int set_up(void **state)
{
    static Vault vault;
    vault_open_sealed(&vault);
    vault_write_kek(&vault);
    *state = &vault;
    return 0;
}

static int tear_down(void **state)
{
    vault_done(*state);
    return 0;
}

/* The check refuses the file with a sentence that starts with its path and holds `says`; the
 * provider and the keyring refuse it alike. */
static void assert_refused(Vault *vault, const char *says)
{
    Error error = kek_file_check(&vault->ports, vault->arena, vault->kek_path);
    assert_fails(error, KEY_FILE);
    assert_true(str_starts_with(str_from(error.argument), str_from(vault->kek_path)));
    if (strstr(error.argument, says) == NULL) {
        fail_msg("\"%s\" doesn't say \"%s\"", error.argument, says);
    }
    Error opened = keyring_unseal(vault->ring);
    assert_fails(opened, KEY_FILE);
    assert_string_equal(opened.argument, error.argument);
    assert_string_equal(keyring_seal_reason(vault->ring).argument, error.argument);
    assert_true(keyring_is_sealed(vault->ring));
}

static void a_good_file_opens(void **state)
{
    Vault *vault = *state;
    assert_ok(kek_file_check(&vault->ports, vault->arena, vault->kek_path));
    assert_ok(keyring_unseal(vault->ring));
    assert_ok(keyring_unseal(vault->ring));
    assert_ok(keyring_kek_health(vault->ring));
}

static void every_other_mode_is_refused(void **state)
{
    Vault *vault = *state;
    unsigned refused = 0;
    for (mode_t mode = 0; mode <= 07777; mode++) {
        if (mode == 0400 || (mode & 0400) == 0) {
            continue; /* unreadable ones are refused by the system unless root asks; see below */
        }
        assert_int_equal(chmod(vault->kek_path, mode), 0);
        assert_fails(kek_file_check(&vault->ports, vault->arena, vault->kek_path), KEY_FILE);
        refused++;
    }
    assert_int_equal(refused, 2047);
    assert_int_equal(chmod(vault->kek_path, 0600), 0);
    assert_refused(vault, "has mode 0600, must have 0400; run: chmod 0400 ");
    assert_int_equal(chmod(vault->kek_path, 0440), 0);
    assert_refused(vault, "has mode 0440");
    assert_int_equal(chmod(vault->kek_path, 0), 0);
    assert_refused(vault, "run: ");
}

static void another_owner_is_refused(void **state)
{
    Vault *vault = *state;
    if (chown(vault->kek_path, 65534, 65534) != 0) {
        print_message("skipped: only root can give a file away\n");
        skip();
    }
    assert_refused(vault, "belongs to user id 65534 but the service runs as ");
    assert_refused(vault, "run: chown ");
}

static void a_symbolic_link_is_refused(void **state)
{
    Vault *vault = *state;
    char real[128];
    (void)snprintf(real, sizeof real, "%s/real", vault->folder);
    assert_int_equal(rename(vault->kek_path, real), 0);
    assert_int_equal(symlink(real, vault->kek_path), 0);
    assert_refused(vault, "is a symbolic link");
    assert_int_equal(unlink(real), 0);
    assert_refused(vault, "is a symbolic link"); /* dangling too */
}

static void write_length(Vault *vault, size_t n)
{
    char bytes[128];
    memset(bytes, 7, sizeof bytes);
    assert_int_equal(unlink(vault->kek_path), 0);
    int fd = open(vault->kek_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    assert_int_equal(close(fd), 0);
}

static void every_other_length_is_refused(void **state)
{
    Vault *vault = *state;
    for (size_t n = 0; n <= 65; n++) {
        if (n != 32) {
            write_length(vault, n);
            assert_refused(vault, "must hold exactly 32 raw bytes");
        }
    }
    write_length(vault, 32);
    assert_ok(keyring_unseal(vault->ring));
}

static void zeros_are_no_key(void **state)
{
    Vault *vault = *state;
    assert_int_equal(chmod(vault->kek_path, 0600), 0);
    assert_int_equal(truncate(vault->kek_path, 0), 0);
    assert_int_equal(truncate(vault->kek_path, 32), 0);
    assert_int_equal(chmod(vault->kek_path, 0400), 0);
    assert_refused(vault, "holds zero bytes only");
}

static void what_is_not_a_file_is_refused(void **state)
{
    Vault *vault = *state;
    assert_int_equal(unlink(vault->kek_path), 0);
    assert_int_equal(mkdir(vault->kek_path, 0400), 0);
    assert_refused(vault, "is not a regular file");
    assert_int_equal(rmdir(vault->kek_path), 0);
    assert_int_equal(mkfifo(vault->kek_path, 0400), 0); /* must not wait for a writer */
    assert_refused(vault, "is not a regular file");
}

static void a_missing_file_is_refused_and_found_again(void **state)
{
    Vault *vault = *state;
    assert_int_equal(unlink(vault->kek_path), 0);
    assert_refused(vault, "the key file is missing");
    vault_write_kek(vault);
    assert_ok(keyring_unseal(vault->ring));
    assert_int_equal(unlink(vault->kek_path), 0);
    assert_fails(keyring_kek_health(vault->ring), KEY_FILE);
    assert_ok(keyring_unseal(vault->ring)); /* still held */
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    Vault *vault = *state;
    char path[PATH_MAX + 100];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_fails(kek_file_check(&vault->ports, vault->arena, path), KEY_FILE);
}

static void creation_makes_a_file_that_passes_and_keeps_what_exists(void **state)
{
    Vault *vault = *state;
    struct stat status;
    Error error = kek_file_create(&vault->ports, vault->arena, vault->kek_path);
    assert_fails(error, KEY_FILE);
    assert_non_null(strstr(error.argument, "exists already"));
    assert_int_equal(unlink(vault->kek_path), 0);
    mode_t before = umask(0777);
    assert_ok(kek_file_create(&vault->ports, vault->arena, vault->kek_path));
    (void)umask(before);
    assert_int_equal(stat(vault->kek_path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0400);
    assert_ok(kek_file_check(&vault->ports, vault->arena, vault->kek_path));
    assert_int_equal(unlink(vault->kek_path), 0);
    assert_int_equal(symlink("elsewhere", vault->kek_path), 0);
    assert_fails(kek_file_create(&vault->ports, vault->arena, vault->kek_path), KEY_FILE);
    assert_fails(kek_file_create(&vault->ports, vault->arena, "/nowhere/at/all/kek"), KEY_FILE);
}

static void creation_needs_entropy(void **state)
{
    Vault *vault = *state;
    assert_int_equal(unlink(vault->kek_path), 0);
    vault->entropy.fails_at = vault->entropy.calls + 1;
    assert_fails(kek_file_create(&vault->ports, vault->arena, vault->kek_path), INTERNAL);
    assert_int_equal(access(vault->kek_path, F_OK), -1);
}

/* Each file call of the creation fails once: never a file that is there but wrong. */
static void a_failing_disk_leaves_no_half_file(void **state)
{
    Vault *vault = *state;
    FakePorts fake;
    fake_ports_init(&fake, 1);
    assert_int_equal(unlink(vault->kek_path), 0);
    bool is_clean = false;
    for (uint64_t nth = 1; !is_clean; nth++) {
        assert_true(nth < 100);
        fake_ports_fail(&fake, (FakeFault){.call = FAKE_ANY, .nth = nth});
        Error error = kek_file_create(&fake.ports, vault->arena, vault->kek_path);
        is_clean = !FAILED(error);
        assert_true(is_clean || error.reason == REASON_KEY_FILE);
        assert_int_equal(access(vault->kek_path, F_OK), is_clean ? 0 : -1);
    }
    assert_int_equal(fake_file_calls(&fake, FAKE_FDATASYNC), 2); /* the file, then its folder */
    assert_ok(kek_file_check(&vault->ports, vault->arena, vault->kek_path));
    fake_ports_done(&fake);
}

static void short_writes_and_reads_are_continued(void **state)
{
    Vault *vault = *state;
    FakePorts fake;
    fake_ports_init(&fake, 2);
    assert_int_equal(unlink(vault->kek_path), 0);
    fake_ports_fail(&fake, (FakeFault){.call = FAKE_WRITE, .nth = 1, .is_short_write = true});
    assert_ok(kek_file_create(&fake.ports, vault->arena, vault->kek_path));
    fake_ports_fail(&fake, (FakeFault){.call = FAKE_PREAD, .nth = 1, .errno_value = EINTR});
    assert_ok(kek_file_check(&fake.ports, vault->arena, vault->kek_path));
    fake_ports_fail(&fake, (FakeFault){.call = FAKE_PREAD, .nth = 1});
    assert_fails(kek_file_check(&fake.ports, vault->arena, vault->kek_path), KEY_FILE);
    fake_ports_done(&fake);
}

static void wraps_belong_to_their_context_alone(void **state)
{
    Vault *vault = *state;
    const Id subject = id_of(1);
    const Id other = id_of(2);
    const WrapContext context = {STR("test"), STR("kasai"), subject.bytes, 3};
    const WrapContext wrong[] = {
        {STR("prod"), STR("kasai"), subject.bytes, 3},
        {STR("test"), STR("kobe"), subject.bytes, 3},
        {STR("test"), STR("kasai"), other.bytes, 3},
        {STR("test"), STR("kasai"), subject.bytes, 4},
        {STR("testk"), STR("asai"), subject.bytes, 3},
    };
    const uint8_t key[32] = {1, 2, 3};
    const uint8_t zeros[32] = {0};
    uint8_t wrapped[KEK_WRAPPED_BYTES_MAX];
    uint8_t back[32];
    size_t n = 0;
    KekProvider *provider = vault->provider;
    assert_fails(provider->wrap(provider, &context, key, wrapped, &n), VAULT_SEALED);
    assert_fails(provider->unwrap(provider, &context, STR("x"), back), VAULT_SEALED);
    assert_ok(provider->open(provider));
    assert_int_equal(provider->generation(provider), 1);
    assert_ok(provider->wrap(provider, &context, key, wrapped, &n));
    assert_int_equal(n, 112);
    assert_ok(provider->unwrap(provider, &context, str_bytes(wrapped, n), back));
    assert_memory_equal(back, key, sizeof key);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_fails(provider->unwrap(provider, &wrong[i], str_bytes(wrapped, n), back),
                     CRYPTO_OPEN);
        assert_memory_equal(back, zeros, sizeof zeros);
    }
    for (size_t bit = 0; bit < n * 8; bit++) {
        wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_fails(provider->unwrap(provider, &context, str_bytes(wrapped, n), back),
                     CRYPTO_OPEN);
        wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t length = 0; length < n; length++) {
        memset(back, 0x55, sizeof back);
        assert_fails(provider->unwrap(provider, &context, str_bytes(wrapped, length), back),
                     CRYPTO_OPEN);
        assert_memory_equal(back, zeros, sizeof zeros);
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_file_opens),
        TEST(every_other_mode_is_refused),
        TEST(another_owner_is_refused),
        TEST(a_symbolic_link_is_refused),
        TEST(every_other_length_is_refused),
        TEST(zeros_are_no_key),
        TEST(what_is_not_a_file_is_refused),
        TEST(a_missing_file_is_refused_and_found_again),
        TEST(a_path_that_is_too_long_is_refused),
        TEST(creation_makes_a_file_that_passes_and_keeps_what_exists),
        TEST(creation_needs_entropy),
        TEST(a_failing_disk_leaves_no_half_file),
        TEST(short_writes_and_reads_are_continued),
        TEST(wraps_belong_to_their_context_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
