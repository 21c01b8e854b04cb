/* The last decoder layer: a 5x5 transposed convolution with stride 2 to a single channel at full resolution.

   One output channel cannot fill a vector. So each input pixel is multiplied with all 25 taps by one matrix product, and
   the products of each output pixel are then added up in vectors of pixels (GEMM followed by col2im). */

#ifndef STEMOTECA_OUTPUT_LAYER_H
#define STEMOTECA_OUTPUT_LAYER_H

#include "gemm.h"
#include "tensor.h"

enum { TAP_COLUMNS = 32 /* 25 taps, padded to whole panels */, ROWS_KEPT = 3, TAP_COUNT = TAPS * TAPS };

INLINE ptrdiff_t taps_pitch(int width) { return LANES + width + LANES; } /* zero-padded at both ends */

static size_t output_layer_floats(int width)
{
    return (size_t)width * TAP_COLUMNS + ROWS_KEPT * TAP_COUNT * taps_pitch(width);
}

/* [width, TAP_COLUMNS] -> [TAP_COUNT][width] */
static void transpose_by_tap(const float *products, int width, float *taps)
{
    for (int x = 0; x < width; x += LANES)
        for (int tap = 0; tap < TAP_COUNT; tap += LANES) {
            vec square[LANES];
            for (int n = 0; n < LANES; n++)
                square[n] = load(products + (ptrdiff_t)(x + n) * TAP_COLUMNS + tap);
            transpose(square);
            for (int n = 0; n < LANES && tap + n < TAP_COUNT; n++)
                store(taps + (tap + n) * taps_pitch(width) + x, square[n]);
        }
}

/* Output row o takes input row i with tap o + 1 - 2 i: an even row 2 i takes tap 1 of row i and tap 3 of row i - 1, an odd
   row 2 i + 1 tap 0 of row i + 1, tap 2 of row i and tap 4 of row i - 1. Columns likewise. */
INLINE void output_row(const layer *layer, int odd, int width, const float *const near[ROWS_KEPT], float *to)
{
    const vec bias = splat(*layer->bias), scale = splat(*layer->scale), shift = splat(*layer->shift);
    for (int x = 0; x < width; x += LANES) {
        vec sums[2] = {bias, bias};
        for (int row = odd ? 0 : 1; row < ROWS_KEPT; row++) {
            const float *taps = near[row] + (2 * row - (odd ? 0 : 1)) * TAPS * taps_pitch(width) + x;
            for (int b = 0; b < TAPS; b++)
                sums[b % 2 == 0] += load(taps + b * taps_pitch(width) + 1 - (b + 1) / 2);
        }
        pairs both;
        both.even = activated(layer->activation, sums[0]) * scale + shift;
        both.odd = activated(layer->activation, sums[1]) * scale + shift;
        store_pairs(to + 2 * x, both);
    }
}

/* in [height, width, channels] -> plane [2 * height, 2 * width], rows plane_pitch floats apart. */
static void output_layer(tensor in, const layer *layer, float *plane, ptrdiff_t plane_pitch, float *work)
{
    const ptrdiff_t size = TAP_COUNT * taps_pitch(in.width);
    float *products = work, *taps = work + (ptrdiff_t)in.width * TAP_COLUMNS;
    __builtin_memset(taps, 0, ROWS_KEPT * size * sizeof(float));
    for (int y = 0; y <= in.height; y++) {
        float *own = taps + y % ROWS_KEPT * size;
        if (y < in.height) {
            gemm(pixel(in, y, 0), in.stride, layer->kernel, in.width, in.channels, TAP_COLUMNS, products);
            transpose_by_tap(products, in.width, own + LANES);
        } else
            __builtin_memset(own, 0, size * sizeof(float));
        if (y == 0)
            continue;
        const float *near[ROWS_KEPT]; /* next row, this row, previous row */
        for (int n = 0; n < ROWS_KEPT; n++)
            near[n] = taps + (y + ROWS_KEPT - n) % ROWS_KEPT * size + LANES;
        output_row(layer, 0, in.width, near, plane + 2 * (y - 1) * plane_pitch);
        output_row(layer, 1, in.width, near, plane + (2 * y - 1) * plane_pitch);
    }
}

#endif
