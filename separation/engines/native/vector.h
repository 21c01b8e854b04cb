/* A processor's vectors of float32, in the compiler's own terms: the same source for AVX2, AVX-512 and NEON. */

#ifndef STEMOTECA_VECTOR_H
#define STEMOTECA_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 16
#define ROWS 12 /* rows of a product that registers hold at once, two vectors wide */
#else
#define LANES 8
#define ROWS 6
#endif

#define INLINE static inline __attribute__((always_inline))
#define EXPORT __attribute__((visibility("default")))

typedef float vec __attribute__((ext_vector_type(LANES)));
typedef int32_t ints __attribute__((ext_vector_type(LANES)));
typedef vec loose __attribute__((aligned(4), may_alias));

INLINE vec load(const float *from) { return *(const loose *)from; }
INLINE void store(float *to, vec value) { *(loose *)to = value; }
typedef ints loose_ints __attribute__((aligned(4), may_alias));

INLINE ints load_ints(const int32_t *from) { return *(const loose_ints *)from; }
INLINE void store_ints(int32_t *to, ints value) { *(loose_ints *)to = value; }
INLINE vec all(float value) { return (vec)value; }
INLINE vec larger(vec a, vec b) { return __builtin_elementwise_max(a, b); }
INLINE vec smaller(vec a, vec b) { return __builtin_elementwise_min(a, b); }

/* Two vectors, number by number in turn. */
typedef float pairs __attribute__((ext_vector_type(2 * LANES)));
typedef pairs loose_pairs __attribute__((aligned(4), may_alias));

INLINE void store_pairs(float *to, pairs values) { *(loose_pairs *)to = values; }

/* Of a square of numbers. Each round puts rows of the first half between those of the second. */
INLINE void transpose(vec rows[LANES])
{
#pragma clang loop unroll(full)
    for (int round = 1; round < LANES; round *= 2) {
        vec half[LANES / 2];
        for (int n = 0; n < LANES / 2; n++)
            half[n] = rows[n];
        for (int n = 0; n < LANES / 2; n++) {
            pairs both;
            both.even = half[n];
            both.odd = rows[n + LANES / 2];
            rows[2 * n] = both.lo;
            rows[2 * n + 1] = both.hi;
        }
    }
}

/* `count` rounded up to whole vectors. */
INLINE int padded(int count) { return (count + LANES - 1) / LANES * LANES; }

/* e^x to 2 units in the last place, by the range reduction of Cody and Waite and a polynomial of degree 7 (Cephes). */
INLINE vec exponential(vec x)
{
    const vec shift = all(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer and keeps that in the low bits */
    x = smaller(larger(x, all(-87.0f)), all(88.0f));
    vec power = x * 1.44269504088896341f + shift;
    const ints exponent = __builtin_bit_cast(ints, power);
    power -= shift;
    vec rest = x - power * 0.693359375f;
    rest -= power * -2.12194440e-4f;
    vec y = rest * 1.9875691500e-4f + 1.3981999507e-3f;
    y = y * rest + 8.3334519073e-3f;
    y = y * rest + 4.1665795894e-2f;
    y = y * rest + 1.6666665459e-1f;
    y = y * rest + 5.0000001201e-1f;
    y = y * rest * rest + rest + 1.0f;
    return __builtin_bit_cast(vec, __builtin_bit_cast(ints, y) + (exponent << 23));
}

enum activation { RELU, LEAKY_RELU, ELU };

INLINE vec activated(enum activation kind, vec x)
{
    switch (kind) {
    case RELU:
        return larger(x, all(0));
    case LEAKY_RELU:
        return larger(x, 0.2f * x);
    default:
        return larger(x, all(0)) + (exponential(smaller(x, all(0))) - 1.0f);
    }
}

#endif
