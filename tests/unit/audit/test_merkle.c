/* The tree against RFC 6962: roots published with its reference implementation, and the recursive
 * definition. */
#include "check.h"
#include "encode.h"
#include "fake_ports.h"
#include "hash.h"
#include "merkle.h"

/* The eight leaves of the Certificate Transparency project's merkletree tests, and the roots of
 * their prefixes. */
static const Str KNOWN_LEAVES[] = {
    STR_INIT(""),
    STR_INIT("\x00"),
    STR_INIT("\x10"),
    STR_INIT("\x20\x21"),
    STR_INIT("\x30\x31"),
    STR_INIT("\x40\x41\x42\x43"),
    STR_INIT("\x50\x51\x52\x53\x54\x55\x56\x57"),
    STR_INIT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
};
static const char *const KNOWN_ROOTS[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void check_root(const MerkleFrontier *frontier, const char *wanted_hex)
{
    CLEANUP(arena_free) Arena *arena = arena_new(4096);
    MerkleHash root;
    merkle_root(frontier, &root);
    Buf hex = buf_in(arena);
    encode_hex(&hex, str_bytes(root.bytes, sizeof root.bytes));
    Str text;
    assert_ok(buf_finish(&hex, &text));
    assert_str(text, wanted_hex);
}

static void known_roots(void **state)
{
    (void)state;
    MerkleFrontier frontier = {0};
    check_root(&frontier, KNOWN_ROOTS[0]);
    for (size_t i = 0; i < sizeof KNOWN_LEAVES / sizeof KNOWN_LEAVES[0]; i++) {
        MerkleHash leaf;
        merkle_hash_leaf(KNOWN_LEAVES[i], &leaf);
        merkle_append(&frontier, &leaf);
        assert_int_equal(frontier.size, i + 1);
        check_root(&frontier, KNOWN_ROOTS[i + 1]);
    }
}

/* MTH of RFC 6962 §2.1, as it is written there. */
static void recursive_root(const MerkleHash *leaves, size_t n, MerkleHash *ret_root)
{
    if (n == 1) {
        *ret_root = leaves[0];
        return;
    }
    size_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    MerkleHash left;
    MerkleHash right;
    recursive_root(leaves, k, &left);
    recursive_root(leaves + k, n - k, &right);
    const Str parts[] = {STR("\x01"), str_bytes(left.bytes, sizeof left.bytes),
                         str_bytes(right.bytes, sizeof right.bytes)};
    sha256_of(parts, 3, ret_root->bytes);
}

static void equals_the_definition(void **state)
{
    (void)state;
    enum { LEAVES = 600 };
    static MerkleHash leaves[LEAVES];
    uint64_t random = fake_seed("equals_the_definition");
    MerkleFrontier frontier = {0};
    for (size_t i = 0; i < LEAVES; i++) {
        uint64_t value = fake_random(&random);
        merkle_hash_leaf(str_bytes(&value, sizeof value), &leaves[i]);
        merkle_append(&frontier, &leaves[i]);
        MerkleHash fast;
        MerkleHash slow;
        merkle_root(&frontier, &fast);
        recursive_root(leaves, i + 1, &slow);
        assert_memory_equal(fast.bytes, slow.bytes, sizeof fast.bytes);
        assert_int_equal(merkle_frontier_count(frontier.size), __builtin_popcountll(i + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_roots),
        cmocka_unit_test(equals_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
