/* crc32c.h — the checksum that tells a torn or rotten record from a whole one.
 *
 * Castagnoli polynomial, reflected, as in RFC 3720 §12.1; the processor's instruction where there
 * is one. Must never stand for proof: whoever can change a record can change its checksum too.
 * Proof is the signed root.
 *
 * Layer: vault/audit. Thread-safe: pure. Requirement: L-4. */
#ifndef MUSUBI_CRC32C_H
#define MUSUBI_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define CRC32C_BYTES 4

/* CRC32C of n bytes; "123456789" gives 0xe3069283. Cannot fail. */
uint32_t crc32c(const void *bytes, size_t n);
/* The same by table alone, for the test that compares both ways. */
uint32_t crc32c_by_table(const void *bytes, size_t n);

#endif
