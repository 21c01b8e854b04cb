/* Real FFTs of FFT_LENGTH points, a batch of LANES of them at once: one sequence per vector lane, so no pass shuffles
   within a vector. Libraries (PocketFFT, KissFFT, pffft) vectorise within one transform and need those shuffles.

   N real points are transformed as N / 2 complex ones [Sorensen et al., IEEE Trans. ASSP 35, 1987] by Stockham's
   autosort algorithm: radix-4 passes and a last one of radix 2. */

#ifndef STEMOTECA_FFT_H
#define STEMOTECA_FFT_H

#include "vector.h"

enum { FFT_LENGTH = 4096, FFT_HALF = FFT_LENGTH / 2 /* 2 * 4^n: only the last pass is of radix 2 */ };

typedef struct {
    vec re, im;
} complex_vec;

typedef struct {
    float re, im;
} complex_float;

static complex_float twiddles[3 * FFT_LENGTH / 4]; /* e^(-2 pi i k / FFT_LENGTH) */

__attribute__((constructor)) static void fill_twiddles(void)
{
    for (int k = 0; k < 3 * FFT_LENGTH / 4; k++) {
        const double angle = -2 * 3.14159265358979323846 * k / FFT_LENGTH;
        twiddles[k] = (complex_float){(float)__builtin_cos(angle), (float)__builtin_sin(angle)};
    }
}

INLINE complex_vec complex_multiply(complex_vec z, complex_float by)
{
    return (complex_vec){z.re * by.re - z.im * by.im, z.re * by.im + z.im * by.re};
}

/* One pass: `stride` interleaved sequences of `length` points -> 4 * stride of length / 4. */
INLINE void radix4_pass(int length, int stride, const complex_vec *from, complex_vec *to)
{
    const int next = length / 4 * stride;
    for (int p = 0; p < length / 4; p++) {
        const int step = FFT_LENGTH / length * p;
        const complex_float one = twiddles[step], two = twiddles[2 * step], three = twiddles[3 * step];
        for (int q = 0; q < stride; q++) {
            const complex_vec *in = from + p * stride + q;
            complex_vec *out = to + 4 * p * stride + q;
            const complex_vec a = in[0], b = in[next], c = in[2 * next], d = in[3 * next];
            const complex_vec ac = {a.re + c.re, a.im + c.im}, bd = {b.re + d.re, b.im + d.im};
            const complex_vec a_c = {a.re - c.re, a.im - c.im}, b_d = {d.im - b.im, b.re - d.re}; /* b_d times i */
            out[0] = (complex_vec){ac.re + bd.re, ac.im + bd.im};
            out[stride] = complex_multiply((complex_vec){a_c.re - b_d.re, a_c.im - b_d.im}, one);
            out[2 * stride] = complex_multiply((complex_vec){ac.re - bd.re, ac.im - bd.im}, two);
            out[3 * stride] = complex_multiply((complex_vec){a_c.re + b_d.re, a_c.im + b_d.im}, three);
        }
    }
}

/* Complex FFT of z [FFT_HALF]. Overwrites both arrays; returns the one that holds the result. */
static complex_vec *fft(complex_vec *z, complex_vec *other)
{
    int stride = 1;
    for (int length = FFT_HALF; length > 2; length /= 4, stride *= 4) {
        radix4_pass(length, stride, z, other);
        complex_vec *swapped = z;
        z = other;
        other = swapped;
    }
    for (int q = 0; q < FFT_HALF / 2; q++) {
        const complex_vec a = z[q], b = z[q + FFT_HALF / 2];
        z[q] = (complex_vec){a.re + b.re, a.im + b.im};
        z[q + FFT_HALF / 2] = (complex_vec){a.re - b.re, a.im - b.im};
    }
    return z;
}

/* z: the FFT of real points taken in pairs as complex ones -> twice bin k and twice bin FFT_HALF - k of the real FFT. */
INLINE void split_real(const complex_vec *z, int k, complex_vec *bin, complex_vec *mirrored)
{
    const complex_vec a = z[k], b = z[k ? FFT_HALF - k : 0];
    const complex_vec sum = {a.re + b.re, a.im - b.im};
    const complex_vec rest = complex_multiply((complex_vec){a.im + b.im, b.re - a.re}, twiddles[k]);
    *bin = (complex_vec){sum.re + rest.re, sum.im + rest.im};
    *mirrored = (complex_vec){sum.re - rest.re, rest.im - sum.im};
}

/* The inverse of split_real, for z[k] and z[FFT_HALF - k]. Real and imaginary parts are exchanged, so that `fft` computes
   the inverse transform, FFT_LENGTH times as large and exchanged again. */
INLINE void merge_real(complex_vec bin, complex_vec mirrored, int k, complex_vec *z)
{
    const complex_float back = {twiddles[k].re, -twiddles[k].im};
    const complex_vec sum = {bin.re + mirrored.re, bin.im - mirrored.im};
    const complex_vec rest = complex_multiply((complex_vec){-(bin.im + mirrored.im), bin.re - mirrored.re}, back);
    z[k] = (complex_vec){sum.im + rest.im, sum.re + rest.re};
    if (k)
        z[FFT_HALF - k] = (complex_vec){rest.im - sum.im, sum.re - rest.re};
}

#endif
