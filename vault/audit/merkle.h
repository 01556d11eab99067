/* merkle.h — the Merkle tree of RFC 6962, grown leaf by leaf from its frontier.
 *
 * The frontier holds the roots of the complete subtrees that the size's binary digits name, largest
 * first: all that appending and the root need. Nothing here is home-made: leaf hash 0x00, node hash
 * 0x01, SHA-256, RFC 6962 §2.1. Must never grow a proof structure of its own.
 *
 * Layer: vault/audit. Thread-safe: pure. Requirement: L-4. Standard: RFC 6962 §2.1. */
#ifndef MUSUBI_MERKLE_H
#define MUSUBI_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define MERKLE_HASH_BYTES 32
#define MERKLE_FRONTIER_MAX 64

typedef struct MerkleHash {
    uint8_t bytes[MERKLE_HASH_BYTES];
} MerkleHash;

/* By value: copying it is taking a picture of the tree. {0} is the empty tree. */
typedef struct MerkleFrontier {
    uint64_t size;                          /* leaves */
    MerkleHash hashes[MERKLE_FRONTIER_MAX]; /* popcount(size) of them count */
} MerkleFrontier;

/* SHA-256(0x00 ‖ leaf). Cannot fail. */
void merkle_hash_leaf(Str leaf, MerkleHash *ret_hash);
/* Adds one leaf by its hash; at most 2⁶³ leaves. Amortised one node hash. */
void merkle_append(MerkleFrontier *frontier, const MerkleHash *leaf_hash);
/* Root of the tree; of the empty tree SHA-256 of nothing. */
void merkle_root(const MerkleFrontier *frontier, MerkleHash *ret_root);
/* How many hashes a frontier of this size holds. */
size_t merkle_frontier_count(uint64_t size);

#endif
