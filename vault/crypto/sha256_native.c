#include "sha256_native.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define NATIVE __attribute__((target("sha,sse4.1,ssse3")))
#define WORDS_BIG_ENDIAN _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL)

static const uint32_t ROUND_CONSTANTS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

bool sha256_native_is_there(void)
{
    static _Atomic int answer; /* 0: not asked yet, 1: no, 2: yes; every thread finds the same */
    int known = answer;
    if (known == 0) {
        unsigned a = 0;
        unsigned b = 0;
        unsigned c = 0;
        unsigned d = 0;
        bool has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
        bool has_sse =
            __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
        known = has_sha && has_sse ? 2 : 1;
        answer = known;
    }
    return known == 2;
}

NATIVE static __m128i load_words(const void *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

/* The next four words of the message schedule from the sixteen before them. */
NATIVE static __m128i next_words(const __m128i w[4], size_t group)
{
    __m128i oldest = w[group & 3];
    __m128i last = w[(group + 3) & 3];
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(oldest, w[(group + 1) & 3]),
                                _mm_alignr_epi8(last, w[(group + 2) & 3], 4));
    return _mm_sha256msg2_epu32(sum, last);
}

/* 64 rounds, four at a time. The instructions want the state as ABEF and CDGH. */
NATIVE static void take_block(__m128i *abef, __m128i *cdgh, const uint8_t *block)
{
    __m128i w[4];
    __m128i first = *abef;
    __m128i second = *cdgh;
#pragma GCC unroll 16
    for (size_t group = 0; group < 16; group++) {
        w[group & 3] = group < 4
                           ? _mm_shuffle_epi8(load_words(block + 16 * group), WORDS_BIG_ENDIAN)
                           : next_words(w, group);
        __m128i message = _mm_add_epi32(w[group & 3], load_words(ROUND_CONSTANTS + 4 * group));
        second = _mm_sha256rnds2_epu32(second, first, message);
        first = _mm_sha256rnds2_epu32(first, second, _mm_shuffle_epi32(message, 0x0e));
    }
    *abef = _mm_add_epi32(*abef, first);
    *cdgh = _mm_add_epi32(*cdgh, second);
}

NATIVE void sha256_native_blocks(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    __m128i low = _mm_shuffle_epi32(load_words(state), 0xb1);      /* CDAB */
    __m128i high = _mm_shuffle_epi32(load_words(state + 4), 0x1b); /* EFGH */
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (size_t i = 0; i < count; i++) {
        take_block(&abef, &cdgh, blocks + SHA256_BLOCK_BYTES * i);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);  /* FEBA */
    high = _mm_shuffle_epi32(cdgh, 0xb1); /* DCHG */
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

#else

bool sha256_native_is_there(void)
{
    return false;
}

void sha256_native_blocks(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    (void)state;
    (void)blocks;
    (void)count;
}

#endif
