/* The same convolutions product by product, where transformed kernels would take more memory than they save time, and
   for the two channels of the first layer. */

#ifndef STEMOTECA_DIRECT_H
#define STEMOTECA_DIRECT_H

#include "image.h"
#include "product.h"

/* sums [rows, width, columns] for output rows from `first` on. A pixel of the result sees `high` x `wide` of the input,
   `step` apart; kernel: [panel][high][wide * channels][panel's columns]. */
static void direct(image in, int step, int high, int wide, const float *kernel, int columns, int first, int rows,
                   int width, float *sums)
{
    const int depth = wide * in.channels;
    for (int n = 0; n < columns; n += PANEL)
        for (int a = 0; a < high; a++) {
            const int full = n + PANEL <= columns;
            for (int y = 0; y < rows; y++) {
                const float *from = pixel(in, step * (first + y) - BEFORE + a, -BEFORE);
                float *to = sums + (ptrdiff_t)y * width * columns + n;
                const ptrdiff_t next = (ptrdiff_t)step * in.channels;
                if (full && a)
                    panel_product(2, 1, from, next, kernel, width, depth, to, columns);
                else if (full)
                    panel_product(2, 0, from, next, kernel, width, depth, to, columns);
                else if (a)
                    panel_product(1, 1, from, next, kernel, width, depth, to, columns);
                else
                    panel_product(1, 0, from, next, kernel, width, depth, to, columns);
            }
            kernel += depth * (full ? PANEL : LANES);
        }
}

/* Where the kernel's tap (a, b) of `high` x `wide` lies, for one channel of `channels` and one column of `columns`. */
static size_t place_direct(int high, int wide, int a, int b, int channels, int columns, int channel, int column)
{
    const int depth = wide * channels;
    return place_in_panels(high * depth, columns, a * depth + b * channels + channel, column);
}

/* Rows at once: all of small images, whose kernels are the larger part; one of large ones. */
static int direct_rows(int height, int width) { return height * width <= 512 ? height : 1; }

static void direct_down(image in, const layer *layer, float *work)
{
    const int height = in.height / 2, width = in.width / 2, rows = direct_rows(height, width);
    for (int first = 0; first < height; first += rows) {
        direct(in, 2, TAPS, TAPS, layer->kernel, layer->columns, first, rows, width, work);
        const float *sum = work;
        for (int y = first; y < first + rows; y++)
            for (int x = 0; x < width; x++)
                for (int n = 0; n < layer->columns; n += LANES, sum += LANES)
                    finish_down(layer, y, x, n, load(sum));
    }
}

/* Transposed: each of the four phases of the result is a convolution with 3 or 2 taps along each axis. */
static void direct_up(image in, const layer *layer, float *work)
{
    const float *kernel = layer->kernel;
    for (int r = 0; r < 2; r++)
        for (int s = 0; s < 2; s++) {
            direct(in, 1, 3 - r, 3 - s, kernel, layer->columns, 0, in.height, in.width, work);
            const float *sum = work;
            for (int y = 0; y < in.height; y++)
                for (int x = 0; x < in.width; x++)
                    for (int n = 0; n < layer->columns; n += LANES, sum += LANES)
                        store(pixel(layer->into, 2 * y + 1 - r, 2 * x + 1 - s) + n, finished_up(layer, n, load(sum)));
            kernel += (ptrdiff_t)(3 - r) * (3 - s) * in.channels * layer->columns;
        }
}

static void pack_direct(int up, const double *kernel, int channels, int columns, int channel, int column, float *packed)
{
    if (!up) {
        for (int a = 0; a < TAPS; a++)
            for (int b = 0; b < TAPS; b++)
                packed[place_direct(TAPS, TAPS, a, b, channels, columns, channel, column)] = (float)kernel[TAPS * a + b];
        return;
    }
    for (int r = 0; r < 2; r++)
        for (int s = 0; s < 2; s++) {
            for (int a = 0; a < 3 - r; a++)
                for (int b = 0; b < 3 - s; b++)
                    packed[place_direct(3 - r, 3 - s, a, b, channels, columns, channel, column)] =
                        (float)kernel[TAPS * (4 - r - 2 * a) + 4 - s - 2 * b];
            packed += (size_t)(3 - r) * (3 - s) * channels * columns;
        }
}

#endif
