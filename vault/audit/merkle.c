#include "merkle.h"

#include <string.h>

#include "hash.h"

static void hash_node(const MerkleHash *left, const MerkleHash *right, MerkleHash *ret_node)
{
    uint8_t input[1 + 2 * MERKLE_HASH_BYTES] = {0x01};
    memcpy(input + 1, left->bytes, MERKLE_HASH_BYTES);
    memcpy(input + 1 + MERKLE_HASH_BYTES, right->bytes, MERKLE_HASH_BYTES);
    const Str part = str_bytes(input, sizeof input);
    sha256_of(&part, 1, ret_node->bytes);
}

void merkle_hash_leaf(Str leaf, MerkleHash *ret_hash)
{
    const Str parts[] = {STR("\0"), leaf};
    sha256_of(parts, 2, ret_hash->bytes);
}

size_t merkle_frontier_count(uint64_t size)
{
    return (size_t)__builtin_popcountll(size);
}

void merkle_append(MerkleFrontier *frontier, const MerkleHash *leaf_hash)
{
    size_t count = merkle_frontier_count(frontier->size);
    MerkleHash node = *leaf_hash;
    for (uint64_t carry = frontier->size; (carry & 1) != 0; carry >>= 1) {
        count--;
        hash_node(&frontier->hashes[count], &node, &node);
    }
    frontier->hashes[count] = node;
    frontier->size++;
}

void merkle_root(const MerkleFrontier *frontier, MerkleHash *ret_root)
{
    size_t count = merkle_frontier_count(frontier->size);
    if (count == 0) {
        sha256_of(NULL, 0, ret_root->bytes);
        return;
    }
    MerkleHash node = frontier->hashes[count - 1];
    for (size_t i = count - 1; i > 0; i--) {
        hash_node(&frontier->hashes[i - 1], &node, &node);
    }
    *ret_root = node;
}
