/* The first layer: a convolution of 5x5 with stride 2 from two channels, too few for a transform to pay. */

#ifndef STEMOTECA_DIRECT_H
#define STEMOTECA_DIRECT_H

#include "image.h"
#include "product.h"

static size_t direct_floats(int width, int columns) { return (size_t)width * columns; }

/* One row of the result, [width, columns]: a pixel sees five rows of five neighbours. */
static void direct_row(image in, const float *kernel, int columns, int y, int width, float *sums)
{
    const int depth = TAPS * in.channels;
    const ptrdiff_t next = 2 * (ptrdiff_t)in.channels;
    for (int n = 0; n < columns; n += PANEL)
        for (int a = 0; a < TAPS; a++) {
            const int full = n + PANEL <= columns;
            const float *from = pixel(in, 2 * y - BEFORE + a, -BEFORE);
            if (full && a)
                panel_product(2, 1, from, next, kernel, width, depth, sums + n, columns);
            else if (full)
                panel_product(2, 0, from, next, kernel, width, depth, sums + n, columns);
            else if (a)
                panel_product(1, 1, from, next, kernel, width, depth, sums + n, columns);
            else
                panel_product(1, 0, from, next, kernel, width, depth, sums + n, columns);
            kernel += depth * (full ? PANEL : LANES);
        }
}

static void direct_down(image in, const layer *layer, float *work)
{
    for (int y = 0; y < in.height / 2; y++) {
        direct_row(in, layer->kernel, layer->columns, y, in.width / 2, work);
        const float *sum = work;
        for (int x = 0; x < in.width / 2; x++)
            for (int n = 0; n < layer->columns; n += LANES, sum += LANES)
                finish_down(layer, y, x, n, load(sum));
    }
}

static void pack_direct(const double *kernel, int channels, int columns, int channel, int column, float *packed)
{
    for (int tap = 0; tap < TAPS * TAPS; tap++)
        packed[place_in_panels(TAPS * TAPS * channels, columns, tap * channels + channel, column)] = (float)kernel[tap];
}

#endif
