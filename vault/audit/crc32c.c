#include "crc32c.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* bit-reversed 0x1edc6f41 */

static uint32_t table[256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ ((value & 1) != 0 ? POLYNOMIAL : 0);
        }
        table[i] = value;
    }
}

uint32_t crc32c_by_table(const void *bytes, size_t n)
{
    (void)pthread_once(&table_once, table_fill); /* cannot fail with a static control */
    const uint8_t *at = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc = (crc >> 8) ^ table[(crc ^ at[i]) & 0xff];
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_by_instruction(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    uint64_t crc = UINT32_MAX;
    while (n >= sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, at, sizeof word);
        crc = __builtin_ia32_crc32di(crc, word);
        at += sizeof word;
        n -= sizeof word;
    }
    uint32_t rest = (uint32_t)crc;
    for (size_t i = 0; i < n; i++) {
        rest = __builtin_ia32_crc32qi(rest, at[i]);
    }
    return ~rest;
}
#endif

uint32_t crc32c(const void *bytes, size_t n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return crc32c_by_instruction(bytes, n);
    }
#endif
    return crc32c_by_table(bytes, n);
}
