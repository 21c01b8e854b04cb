/* Fourier transforms of real sequences, one on each lane of the vectors, so that nothing is shuffled within them.

   N real numbers are transformed as N / 2 complex ones [Sorensen et al., IEEE Trans. ASSP 35, 1987], those by Stockham's
   algorithm in passes of radix 4 and a last one of radix 2. */

#ifndef STEMOTECA_FOURIER_H
#define STEMOTECA_FOURIER_H

#include "vector.h"

enum { LENGTH = 4096, HALF = LENGTH / 2 /* twice a power of 4 */ };

typedef struct {
    vec re, im;
} numbers;

typedef struct {
    float re, im;
} number;

static number turns[3 * LENGTH / 4]; /* e^(-2 pi i k / LENGTH) */

__attribute__((constructor)) static void fill_turns(void)
{
    for (int k = 0; k < 3 * LENGTH / 4; k++) {
        const double angle = -2 * 3.14159265358979323846 * k / LENGTH;
        turns[k] = (number){(float)__builtin_cos(angle), (float)__builtin_sin(angle)};
    }
}

INLINE numbers turned(numbers z, number by)
{
    return (numbers){z.re * by.re - z.im * by.im, z.re * by.im + z.im * by.re};
}

/* Radix 4: sequences of `length`, `stride` of them interleaved -> four times as many of a quarter of the length. */
INLINE void quarter(int length, int stride, const numbers *from, numbers *to)
{
    const int next = length / 4 * stride;
    for (int p = 0; p < length / 4; p++) {
        const int step = LENGTH / length * p;
        const number one = turns[step], two = turns[2 * step], three = turns[3 * step];
        for (int q = 0; q < stride; q++) {
            const numbers *in = from + p * stride + q;
            numbers *out = to + 4 * p * stride + q;
            const numbers a = in[0], b = in[next], c = in[2 * next], d = in[3 * next];
            const numbers ac = {a.re + c.re, a.im + c.im}, bd = {b.re + d.re, b.im + d.im};
            const numbers a_c = {a.re - c.re, a.im - c.im}, b_d = {d.im - b.im, b.re - d.re}; /* the latter times i */
            out[0] = (numbers){ac.re + bd.re, ac.im + bd.im};
            out[stride] = turned((numbers){a_c.re - b_d.re, a_c.im - b_d.im}, one);
            out[2 * stride] = turned((numbers){ac.re - bd.re, ac.im - bd.im}, two);
            out[3 * stride] = turned((numbers){a_c.re + b_d.re, a_c.im + b_d.im}, three);
        }
    }
}

/* The transform of z [HALF]; both arrays are used, and the result is in the one that is returned. */
static numbers *transformed(numbers *z, numbers *other)
{
    int stride = 1;
    for (int length = HALF; length > 2; length /= 4, stride *= 4) {
        quarter(length, stride, z, other);
        numbers *swapped = z;
        z = other;
        other = swapped;
    }
    for (int q = 0; q < HALF / 2; q++) {
        const numbers a = z[q], b = z[q + HALF / 2];
        z[q] = (numbers){a.re + b.re, a.im + b.im};
        z[q + HALF / 2] = (numbers){a.re - b.re, a.im - b.im};
    }
    return z;
}

/* z [HALF], pairs of real numbers as complex ones, transformed -> twice their spectrum's bin k, and its mirror
   image's, HALF - k. */
INLINE void as_real(const numbers *z, int k, numbers *bin, numbers *mirrored)
{
    const numbers a = z[k], b = z[k ? HALF - k : 0];
    const numbers sum = {a.re + b.re, a.im - b.im}, rest = turned((numbers){a.im + b.im, b.re - a.re}, turns[k]);
    *bin = (numbers){sum.re + rest.re, sum.im + rest.im};
    *mirrored = (numbers){sum.re - rest.re, rest.im - sum.im};
}

/* The way back: a bin and its mirror image -> z at both places, to be transformed, LENGTH times as large, with the real
   and the imaginary part exchanged, which makes of a transform its inverse. */
INLINE void as_pairs(numbers bin, numbers mirrored, int k, numbers *z)
{
    const number back = {turns[k].re, -turns[k].im};
    const numbers sum = {bin.re + mirrored.re, bin.im - mirrored.im};
    const numbers rest = turned((numbers){-(bin.im + mirrored.im), bin.re - mirrored.re}, back);
    z[k] = (numbers){sum.im + rest.im, sum.re + rest.re};
    if (k)
        z[HALF - k] = (numbers){rest.im - sum.im, sum.re - rest.re};
}

#endif
