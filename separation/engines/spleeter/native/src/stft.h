/* Short-time Fourier transform of one chunk, and inverse transform of its masked spectrum with overlap-add.

   FRAME_GROUP frames of two channels are transformed at once: vector lane 2 f is the left channel of frame f, lane 2 f + 1
   the right one. */

#ifndef STEMOTECA_STFT_H
#define STEMOTECA_STFT_H

#include "fft.h"
#include "tensor.h"

enum { HOP = FFT_LENGTH / 4, FRAME_GROUP = LANES / 2 /* frames at once */, BINS = FFT_HALF + 1 };

#if defined(__wasm__)
enum { KEEPS_SPECTRUM = 0 }; /* 17 MB; to transform a chunk again takes no longer there */
#else
enum { KEEPS_SPECTRUM = 1 };
#endif

/* Spleeter's analysis and synthesis windows, [FFT_LENGTH] each, and their product, overlap-added over a chunk, [samples]:
   one, except at the ends of the chunk. */
typedef struct {
    const float *analysis, *synthesis, *sum;
} stft_windows;

typedef struct {
    int frames, bins; /* bins that the network sees */
    int kept;         /* bins kept for the synthesis: all BINS where masks extend above the network's */
    complex_vec *spectrum; /* [frames / FRAME_GROUP, kept]; of one group only where KEEPS_SPECTRUM is not set */
    complex_vec *work[2];  /* [BINS] each */
} spectrogram;

INLINE ptrdiff_t chunk_samples(const spectrogram *of) { return (ptrdiff_t)of->frames * HOP + FFT_LENGTH - HOP; }

/* In-place transposition of [FRAME_GROUP, FRAME_GROUP] pairs of floats. */
INLINE void transpose_pairs(vec rows[FRAME_GROUP])
{
    typedef double wide __attribute__((ext_vector_type(FRAME_GROUP)));
    typedef double wider __attribute__((ext_vector_type(2 * FRAME_GROUP)));
#pragma clang loop unroll(full)
    for (int round = 1; round < FRAME_GROUP; round *= 2) {
        wide half[FRAME_GROUP / 2];
        for (int n = 0; n < FRAME_GROUP / 2; n++)
            half[n] = __builtin_bit_cast(wide, rows[n]);
        for (int n = 0; n < FRAME_GROUP / 2; n++) {
            wider both;
            both.even = half[n];
            both.odd = __builtin_bit_cast(wide, rows[n + FRAME_GROUP / 2]);
            const wide low = both.lo, high = both.hi;
            rows[2 * n] = __builtin_bit_cast(vec, low);
            rows[2 * n + 1] = __builtin_bit_cast(vec, high);
        }
    }
}

INLINE vec square_root(vec value) { return __builtin_elementwise_sqrt(value); }

/* The spectrum of a group of frames of chunk [2, samples] -> [kept], in its place. */
static complex_vec *transform_group(const spectrogram *s, const float *analysis, const float *chunk, int first)
{
    complex_vec *z = s->work[0], *spectrum = s->spectrum + (KEEPS_SPECTRUM ? (ptrdiff_t)first / FRAME_GROUP * s->kept : 0);
    for (int n = 0; n < FFT_LENGTH; n += LANES) {
        vec rows[LANES];
        for (int lane = 0; lane < LANES; lane++)
            rows[lane] = load(chunk + lane % 2 * chunk_samples(s) + (ptrdiff_t)(first + lane / 2) * HOP + n);
        transpose(rows);
        for (int i = 0; i < LANES; i += 2)
            z[(n + i) / 2] = (complex_vec){rows[i] * (0.5f * analysis[n + i]),
                                       rows[i + 1] * (0.5f * analysis[n + i + 1])};
    }
    z = fft(z, s->work[1]);
    for (int k = 0; k <= FFT_HALF / 2; k++) {
        complex_vec bin, mirrored;
        split_real(z, k, &bin, &mirrored);
        if (k < s->kept)
            spectrum[k] = bin;
        if (FFT_HALF - k < s->kept)
            spectrum[FFT_HALF - k] = mirrored;
    }
    return spectrum;
}

/* chunk [2, samples] -> s->spectrum, and its magnitudes [frames, bins, 2] for the network. */
static void stft(const spectrogram *s, const float *analysis, const float *chunk, tensor magnitude)
{
    for (int first = 0; first < s->frames; first += FRAME_GROUP) {
        const complex_vec *spectrum = transform_group(s, analysis, chunk, first);
        for (int k = 0; k < s->bins; k += FRAME_GROUP) {
            vec values[FRAME_GROUP];
            for (int n = 0; n < FRAME_GROUP; n++) {
                const complex_vec bin = spectrum[k + n];
                values[n] = square_root(bin.re * bin.re + bin.im * bin.im);
            }
            transpose_pairs(values);
            for (int n = 0; n < FRAME_GROUP; n++)
                store(pixel(magnitude, first + n, k), values[n]);
        }
    }
}

/* masked = spectrum * mask; above the mask's bins spectrum * mean mask of the frame, or 0 (Spleeter's mask_extension). */
INLINE void apply_mask(const spectrogram *s, const complex_vec *spectrum, int first, const float *mask, complex_vec *masked)
{
    vec sum = splat(0);
    for (int k = 0; k < s->bins; k += FRAME_GROUP) {
        vec rows[FRAME_GROUP];
        for (int n = 0; n < FRAME_GROUP; n++)
            rows[n] = load(mask + 2 * ((ptrdiff_t)(first + n) * s->bins + k));
        transpose_pairs(rows);
        for (int n = 0; n < FRAME_GROUP; n++) {
            masked[k + n] = (complex_vec){spectrum[k + n].re * rows[n], spectrum[k + n].im * rows[n]};
            sum += rows[n];
        }
    }
    const vec mean = sum / (float)s->bins;
    for (int k = s->bins; k < s->kept; k++)
        masked[k] = (complex_vec){spectrum[k].re * mean, spectrum[k].im * mean};
    for (int k = s->kept > s->bins ? s->kept : s->bins; k < BINS; k++)
        masked[k] = (complex_vec){splat(0), splat(0)};
}

/* A group's spectrum and mask -> stem [2, samples], overlap-added. */
static void add_group(const spectrogram *s, const float *synthesis, const complex_vec *spectrum, int first, const float *mask,
                      float *stem)
{
    complex_vec *masked = s->work[1], *z = s->work[0];
    apply_mask(s, spectrum, first, mask, masked);
    for (int k = 0; k <= FFT_HALF / 2; k++)
        merge_real(masked[k], masked[FFT_HALF - k], k, z);
    z = fft(z, s->work[1]);
    for (int n = 0; n < FFT_LENGTH; n += LANES) {
        vec rows[LANES];
        for (int i = 0; i < LANES; i += 2) {
            rows[i] = z[(n + i) / 2].im * (synthesis[n + i] / FFT_LENGTH);
            rows[i + 1] = z[(n + i) / 2].re * (synthesis[n + i + 1] / FFT_LENGTH);
        }
        transpose(rows);
        for (int lane = 0; lane < LANES; lane++) {
            float *to = stem + lane % 2 * chunk_samples(s) + (ptrdiff_t)(first + lane / 2) * HOP + n;
            store(to, load(to) + rows[lane]);
        }
    }
}

/* Spectrum of chunk [2, samples] and masks [count, frames, bins, 2] -> stems [count, 2, samples]. */
static void istft(const spectrogram *s, const stft_windows *windows, const float *chunk, int count, const float *masks,
                  float *stems)
{
    const ptrdiff_t each = (ptrdiff_t)s->frames * s->bins * 2;
    __builtin_memset(stems, 0, 2 * (size_t)chunk_samples(s) * count * sizeof(float));
    for (int first = 0; first < s->frames; first += FRAME_GROUP) {
        const complex_vec *spectrum = KEEPS_SPECTRUM ? s->spectrum + (ptrdiff_t)first / FRAME_GROUP * s->kept
                                                     : transform_group(s, windows->analysis, chunk, first);
        for (int n = 0; n < count; n++)
            add_group(s, windows->synthesis, spectrum, first, masks + n * each, stems + n * 2 * chunk_samples(s));
    }
}

/* Last stem = chunk - all other stems; stems [count, 2, samples]. For masks that add up to one everywhere. */
static void subtract_stems(const spectrogram *s, const float *sum, const float *chunk, int count, float *stems)
{
    const ptrdiff_t each = 2 * chunk_samples(s);
    float *last = stems + (count - 1) * each;
    for (ptrdiff_t n = 0; n < each; n++) {
        float rest = chunk[n] * sum[n % chunk_samples(s)];
        for (int stem = 0; stem < count - 1; stem++)
            rest -= stems[stem * each + n];
        last[n] = rest;
    }
}

#endif
