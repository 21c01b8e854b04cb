/* The last decoder layer: a transposed convolution of 5x5 with stride 2 to a single channel, at full size.

   One channel is too little for vectors of channels. So each pixel of the input is multiplied with all 25 taps at once,
   as a product of matrices, and what belongs to the same pixel of the result is added up, in vectors of pixels. */

#ifndef STEMOTECA_LAST_H
#define STEMOTECA_LAST_H

#include "image.h"
#include "product.h"

enum { COLUMNS = 32 /* taps, and zeros up to whole panels */, ROWS_KEPT = 3, SQUARE = TAPS * TAPS };

INLINE ptrdiff_t taps_pitch(int width) { return LANES + width + LANES; } /* with zeros before and after */

static size_t last_floats(int width) { return (size_t)width * COLUMNS + ROWS_KEPT * SQUARE * taps_pitch(width); }

/* [width, COLUMNS] -> [SQUARE][width] */
static void by_tap(const float *products, int width, float *taps)
{
    for (int x = 0; x < width; x += LANES)
        for (int tap = 0; tap < SQUARE; tap += LANES) {
            vec square[LANES];
            for (int n = 0; n < LANES; n++)
                square[n] = load(products + (ptrdiff_t)(x + n) * COLUMNS + tap);
            transpose(square);
            for (int n = 0; n < LANES && tap + n < SQUARE; n++)
                store(taps + (tap + n) * taps_pitch(width) + x, square[n]);
        }
}

/* Row o of the result takes row i of the input with tap o + 1 - 2 i: an even one tap 1 of its own and 3 of the row
   before, an odd one tap 0 of the row after, 2 of its own, 4 of the row before. Columns likewise. */
INLINE void finish_row(const layer *layer, int odd, int width, const float *const near[ROWS_KEPT], float *to)
{
    const vec bias = all(*layer->bias), scale = all(*layer->scale), shift = all(*layer->shift);
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

/* -> `plane`, [2 * height, 2 * width], `pitch` apart. */
static void last_up(image in, const layer *layer, float *plane, ptrdiff_t plane_pitch, float *work)
{
    const ptrdiff_t size = SQUARE * taps_pitch(in.width);
    float *products = work, *taps = work + (ptrdiff_t)in.width * COLUMNS;
    __builtin_memset(taps, 0, ROWS_KEPT * size * sizeof(float));
    for (int y = 0; y <= in.height; y++) {
        float *own = taps + y % ROWS_KEPT * size;
        if (y < in.height) {
            product(pixel(in, y, 0), in.channels, layer->kernel, in.width, in.channels, COLUMNS, products);
            by_tap(products, in.width, own + LANES);
        } else
            __builtin_memset(own, 0, size * sizeof(float));
        if (y == 0)
            continue;
        const float *near[ROWS_KEPT]; /* the row after, this one, the one before */
        for (int n = 0; n < ROWS_KEPT; n++)
            near[n] = taps + (y + ROWS_KEPT - n) % ROWS_KEPT * size + LANES;
        finish_row(layer, 0, in.width, near, plane + 2 * (y - 1) * plane_pitch);
        finish_row(layer, 1, in.width, near, plane + (2 * y - 1) * plane_pitch);
    }
}

#endif
