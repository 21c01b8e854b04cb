/* SIMD vectors of float32 in Clang's vector extensions: the same source for AVX2, AVX-512, NEON and
   WebAssembly. */

#ifndef STEMOTECA_VECTOR_H
#define STEMOTECA_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 16
#define ROWS 12 /* rows of a product, two vectors wide, that fit into registers */
#elif defined(__wasm__)
#define LANES 4 /* wider vectors are split in two, without fused multiplication and addition */
#define ROWS 6
#else
#define LANES 8
#define ROWS 6
#endif

#define INLINE static inline __attribute__((always_inline))
#define EXPORT __attribute__((visibility("default")))

typedef float vec __attribute__((ext_vector_type(LANES)));
typedef int32_t ints __attribute__((ext_vector_type(LANES)));
typedef vec unaligned_vec __attribute__((aligned(4), may_alias));

INLINE vec load(const float *from) { return *(const unaligned_vec *)from; }
INLINE void store(float *to, vec value) { *(unaligned_vec *)to = value; }
typedef ints unaligned_ints __attribute__((aligned(4), may_alias));

INLINE ints load_ints(const int32_t *from) { return *(const unaligned_ints *)from; }
INLINE void store_ints(int32_t *to, ints value) { *(unaligned_ints *)to = value; }
INLINE vec splat(float value) { return (vec)value; }
#if defined(__wasm__) /* f32x4.pmax and pmin; C's rule for values that are no numbers would take a call for each lane */
INLINE vec vec_max(vec a, vec b) { return a < b ? b : a; }
INLINE vec vec_min(vec a, vec b) { return b < a ? b : a; }
#else
INLINE vec vec_max(vec a, vec b) { return __builtin_elementwise_max(a, b); }
INLINE vec vec_min(vec a, vec b) { return __builtin_elementwise_min(a, b); }
#endif

/* Two interleaved vectors. */
typedef float pairs __attribute__((ext_vector_type(2 * LANES)));
typedef pairs unaligned_pairs __attribute__((aligned(4), may_alias));

INLINE void store_pairs(float *to, pairs values) { *(unaligned_pairs *)to = values; }

/* In-place transposition of [LANES, LANES]: each round interleaves the first half of the rows with the second. */
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

/* `count` rounded up to a multiple of LANES. */
INLINE int padded(int count) { return (count + LANES - 1) / LANES * LANES; }

/* e^x within 2 ulp: Cody-Waite range reduction and a polynomial of degree 7 (Cephes). */
INLINE vec exponential(vec x)
{
    const vec shift = splat(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer and keeps that in the low bits */
    x = vec_min(vec_max(x, splat(-87.0f)), splat(88.0f));
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
        return vec_max(x, splat(0));
    case LEAKY_RELU:
        return vec_max(x, 0.2f * x);
    default:
        return vec_max(x, splat(0)) + (exponential(vec_min(x, splat(0))) - 1.0f);
    }
}

#endif
