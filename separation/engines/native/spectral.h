/* One window's spectrogram, and from its masked spectrum back to samples. As many frames are transformed at once as
   vectors have lanes for two channels: lane 2 f is the left channel of frame f, lane 2 f + 1 the right one. */

#ifndef STEMOTECA_SPECTRAL_H
#define STEMOTECA_SPECTRAL_H

#include "fourier.h"
#include "image.h"

enum { HOP = LENGTH / 4, GROUP = LANES / 2 /* frames at once */, BINS = HALF + 1 };

/* What Spleeter multiplies frames with before, [LENGTH], and after, [LENGTH]; and how much of a window is in its frames,
   one but at its ends. */
typedef struct {
    const float *before, *after, *covered;
} tapers;

typedef struct {
    int frames, bins; /* bins that the network knows */
    int kept;         /* those and, where masks extend to them, all others */
    numbers *spectrum; /* [frames / GROUP, kept] */
    numbers *work[2];  /* [BINS] each */
} spectrogram;

INLINE ptrdiff_t samples(const spectrogram *of) { return (ptrdiff_t)of->frames * HOP + LENGTH - HOP; }

/* The pairs of numbers of `GROUP` vectors, transposed. */
INLINE void transpose_pairs(vec rows[GROUP])
{
    typedef double wide __attribute__((ext_vector_type(GROUP)));
    typedef double wider __attribute__((ext_vector_type(2 * GROUP)));
#pragma clang loop unroll(full)
    for (int round = 1; round < GROUP; round *= 2) {
        wide half[GROUP / 2];
        for (int n = 0; n < GROUP / 2; n++)
            half[n] = __builtin_bit_cast(wide, rows[n]);
        for (int n = 0; n < GROUP / 2; n++) {
            wider both;
            both.even = half[n];
            both.odd = __builtin_bit_cast(wide, rows[n + GROUP / 2]);
            const wide low = both.lo, high = both.hi;
            rows[2 * n] = __builtin_bit_cast(vec, low);
            rows[2 * n + 1] = __builtin_bit_cast(vec, high);
        }
    }
}

INLINE vec root(vec value) { return __builtin_elementwise_sqrt(value); }

/* window [2, samples] -> the spectrum, and its magnitudes [frames, bins, 2] for the network. */
static void analyse(const spectrogram *s, const float *before, const float *window, image magnitude)
{
    for (int first = 0; first < s->frames; first += GROUP) {
        numbers *z = s->work[0], *spectrum = s->spectrum + (ptrdiff_t)first / GROUP * s->kept;
        for (int n = 0; n < LENGTH; n += LANES) {
            vec rows[LANES];
            for (int lane = 0; lane < LANES; lane++)
                rows[lane] = load(window + lane % 2 * samples(s) + (ptrdiff_t)(first + lane / 2) * HOP + n);
            transpose(rows);
            for (int i = 0; i < LANES; i += 2)
                z[(n + i) / 2] = (numbers){rows[i] * (0.5f * before[n + i]), rows[i + 1] * (0.5f * before[n + i + 1])};
        }
        z = transformed(z, s->work[1]);
        for (int k = 0; k <= HALF / 2; k++) {
            numbers bin, mirrored;
            as_real(z, k, &bin, &mirrored);
            if (k < s->kept)
                spectrum[k] = bin;
            if (HALF - k < s->kept)
                spectrum[HALF - k] = mirrored;
        }
        for (int k = 0; k < s->bins; k += GROUP) {
            vec loud[GROUP];
            for (int n = 0; n < GROUP; n++)
                loud[n] = root(spectrum[k + n].re * spectrum[k + n].re + spectrum[k + n].im * spectrum[k + n].im);
            transpose_pairs(loud);
            for (int n = 0; n < GROUP; n++)
                store(pixel(magnitude, first + n, k), loud[n]);
        }
    }
}

/* Spectrum times mask, where the mask has bins, into `masked`; beyond them times its mean where that is wanted. */
INLINE void multiply(const spectrogram *s, int first, const float *mask, numbers *masked)
{
    const numbers *spectrum = s->spectrum + (ptrdiff_t)first / GROUP * s->kept;
    vec sum = all(0);
    for (int k = 0; k < s->bins; k += GROUP) {
        vec rows[GROUP];
        for (int n = 0; n < GROUP; n++)
            rows[n] = load(mask + 2 * ((ptrdiff_t)(first + n) * s->bins + k));
        transpose_pairs(rows);
        for (int n = 0; n < GROUP; n++) {
            masked[k + n] = (numbers){spectrum[k + n].re * rows[n], spectrum[k + n].im * rows[n]};
            sum += rows[n];
        }
    }
    const vec mean = sum / (float)s->bins;
    for (int k = s->bins; k < s->kept; k++)
        masked[k] = (numbers){spectrum[k].re * mean, spectrum[k].im * mean};
    for (int k = s->kept > s->bins ? s->kept : s->bins; k < BINS; k++)
        masked[k] = (numbers){all(0), all(0)};
}

/* The spectrum under a mask [frames, bins, 2] -> stem [2, samples]. */
static void synthesise(const spectrogram *s, const float *after, const float *mask, float *stem)
{
    __builtin_memset(stem, 0, 2 * (size_t)samples(s) * sizeof(float));
    for (int first = 0; first < s->frames; first += GROUP) {
        numbers *masked = s->work[1], *z = s->work[0];
        multiply(s, first, mask, masked);
        for (int k = 0; k <= HALF / 2; k++)
            as_pairs(masked[k], masked[HALF - k], k, z);
        z = transformed(z, s->work[1]);
        for (int n = 0; n < LENGTH; n += LANES) {
            vec rows[LANES];
            for (int i = 0; i < LANES; i += 2) {
                rows[i] = z[(n + i) / 2].im * (after[n + i] / LENGTH);
                rows[i + 1] = z[(n + i) / 2].re * (after[n + i + 1] / LENGTH);
            }
            transpose(rows);
            for (int lane = 0; lane < LANES; lane++) {
                float *to = stem + lane % 2 * samples(s) + (ptrdiff_t)(first + lane / 2) * HOP + n;
                store(to, load(to) + rows[lane]);
            }
        }
    }
}

/* Into the last of `stems`, each [2, samples]: what the others leave of the window. */
static void leave(const spectrogram *s, const float *covered, const float *window, int stems, float *share)
{
    const ptrdiff_t each = 2 * samples(s);
    float *last = share + (stems - 1) * each;
    for (ptrdiff_t n = 0; n < each; n++) {
        float rest = window[n] * covered[n % samples(s)];
        for (int stem = 0; stem < stems - 1; stem++)
            rest -= share[stem * each + n];
        last[n] = rest;
    }
}

#endif
