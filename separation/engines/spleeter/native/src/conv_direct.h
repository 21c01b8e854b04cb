/* The first encoder layer: a direct 5x5 convolution with stride 2. Two input channels are too few for Winograd to pay. */

#ifndef STEMOTECA_CONV_DIRECT_H
#define STEMOTECA_CONV_DIRECT_H

#include "gemm.h"
#include "tensor.h"

static size_t conv_direct_floats(int width, int columns) { return (size_t)width * columns; }

/* One output row, [width, columns]: five matrix products, one for each kernel row. */
static void conv_direct_row(tensor in, const float *kernel, int columns, int y, int width, float *sums)
{
    const int depth = TAPS * in.stride; /* no wider tensor has its channels */
    const ptrdiff_t next = 2 * (ptrdiff_t)in.stride;
    for (int n = 0; n < columns; n += PANEL)
        for (int a = 0; a < TAPS; a++) {
            const int full = n + PANEL <= columns;
            const float *from = pixel(in, 2 * y - PAD_BEFORE + a, -PAD_BEFORE);
            if (full && a)
                gemm_panel(2, 1, from, next, kernel, width, depth, sums + n, columns);
            else if (full)
                gemm_panel(2, 0, from, next, kernel, width, depth, sums + n, columns);
            else if (a)
                gemm_panel(1, 1, from, next, kernel, width, depth, sums + n, columns);
            else
                gemm_panel(1, 0, from, next, kernel, width, depth, sums + n, columns);
            kernel += depth * (full ? PANEL : LANES);
        }
}

static void conv_direct(tensor in, const layer *layer, float *work)
{
    for (int y = 0; y < in.height / 2; y++) {
        conv_direct_row(in, layer->kernel, layer->columns, y, in.width / 2, work);
        const float *sum = work;
        for (int x = 0; x < in.width / 2; x++)
            for (int n = 0; n < layer->columns; n += LANES, sum += LANES)
                encoder_output(layer, y, x, n, load(sum));
    }
}

static void pack_conv_direct(const double *kernel, int channels, int columns, int channel, int column, float *packed)
{
    for (int tap = 0; tap < TAPS * TAPS; tap++)
        packed[panel_index(TAPS * TAPS * channels, columns, tap * channels + channel, column)] = (float)kernel[tap];
}

#endif
