/* 5x5 convolutions with stride 2, plain and transposed, by Winograd's minimal filtering: a third to a half of the products.

   Along an axis, stride 2 splits the 5 taps into a convolution of 3 taps (phase 0, "odd") and one of 2 (phase 1, "even"),
   each over every other pixel. Both use F(tile, taps) [S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin,
   S. Gray, CVPR 2016] at the same points: 0, +-P, +-Q for tiles of four pixels, 0, +-1 for tiles of two, and infinity for
   3 taps. Hence an encoder layer sums its four phases before one output transform, and a decoder layer transforms its
   input once for its four phases. P and Q were chosen for the smallest rounding errors among values exact in binary.
   Tiles of four need 121 products instead of 400, tiles of two 49 instead of 100. Libraries (oneDNN, XNNPACK) offer
   Winograd for 3x3 kernels with stride 1 only.

   Transformed kernels are 4.8 (tiles of four) or 2 times (tiles of two) as large. Those for tiles of four are stored. The
   inner layers, with tiles of two, hold most of a network's weights and few tiles: their kernels are stored raw and
   transformed again for each chunk, a few channels at a time, which costs less than reading twice as much memory. */

#ifndef STEMOTECA_WINOGRAD_H
#define STEMOTECA_WINOGRAD_H

#include "winograd_raw.h"

#define P 0.6875f
#define Q 1.5f
#define PP (P * P)
#define QQ (Q * Q)

enum {
    MAX_POINTS = 6,      /* interpolation points along an axis */
    CACHE_FLOATS = 98304 /* floats of a block of tiles: what the L2 cache holds */
};

/* Input transform (B^T d) of pixels d, `step` apart. */
INLINE void input_transform(int tile, int phase, const vec *d, int step, vec *p)
{
    const vec *d1 = d + step, *d2 = d1 + step, *d3 = d2 + step;
    if (tile == 2) {
        p[0] = *d2 - *d;
        p[1] = *d2 + *d1;
        p[2] = *d2 - *d1;
        if (phase == 0)
            p[3] = *d3 - *d1;
        return;
    }
    const vec *d4 = d3 + step, *d5 = d4 + step;
    const vec even_p = *d4 - QQ * *d2, odd_p = P * (*d3 - QQ * *d1);
    const vec even_q = *d4 - PP * *d2, odd_q = Q * (*d3 - PP * *d1);
    p[0] = *d4 - (PP + QQ) * *d2 + (PP * QQ) * *d;
    p[1] = even_p + odd_p;
    p[2] = even_p - odd_p;
    p[3] = even_q + odd_q;
    p[4] = even_q - odd_q;
    if (phase == 0)
        p[5] = *d5 - (PP + QQ) * *d3 + (PP * QQ) * *d1;
}

/* Output transform (A^T m) of products p, `step` apart -> `tile` pixels. */
INLINE void output_transform(int tile, int phase, const vec *p, int step, vec *pixels)
{
    const vec *p1 = p + step, *p2 = p1 + step, *p3 = p2 + step;
    if (tile == 2) {
        pixels[0] = *p + *p1 + *p2;
        pixels[1] = *p1 - *p2;
        if (phase == 0)
            pixels[1] += *p3;
        return;
    }
    const vec *p4 = p3 + step, *p5 = p4 + step;
    const vec even_p = *p1 + *p2, odd_p = P * (*p1 - *p2), even_q = *p3 + *p4, odd_q = Q * (*p3 - *p4);
    pixels[0] = *p + even_p + even_q;
    pixels[1] = odd_p + odd_q;
    pixels[2] = PP * even_p + QQ * even_q;
    pixels[3] = PP * odd_p + QQ * odd_q;
    if (phase == 0)
        pixels[3] += *p5;
}

/* Kernel transform (G g) of the taps of one phase, for tiles of four. */
static void kernel_transform(int phase, const double *taps, int step, double *values)
{
    const double finite[MAX_POINTS - 1] = {0, P, -P, Q, -Q};
    for (int i = 0; i < MAX_POINTS - 1; i++) {
        double value = taps[0] + finite[i] * taps[step], scale = 1;
        if (phase == 0)
            value += finite[i] * finite[i] * taps[2 * step];
        for (int j = 0; j < MAX_POINTS - 1; j++)
            scale *= j == i ? 1 : finite[i] - finite[j];
        values[i] = value / scale;
    }
    if (phase == 0)
        values[MAX_POINTS - 1] = taps[2 * step];
}

/* Two-dimensional kernel transform of one kernel [TAPS, TAPS] -> values[i][j][slot]. `up`: transposed convolution. */
static void transform_kernel(int up, const double *kernel, double values[MAX_POINTS][MAX_POINTS][4])
{
    static const int order[2][2][3] = {{{0, 2, 4}, {1, 3}}, {{4, 2, 0}, {3, 1}}};
    for (int r = 0; r < 2; r++)
        for (int s = 0; s < 2; s++) {
            double rows[3][MAX_POINTS], column[3], transformed[MAX_POINTS];
            for (int a = 0; a < 3 - r; a++) {
                for (int b = 0; b < 3 - s; b++)
                    column[b] = kernel[TAPS * order[up][r][a] + order[up][s][b]];
                kernel_transform(s, column, 1, rows[a]);
            }
            for (int j = 0; j < points(4, s); j++) {
                kernel_transform(r, &rows[0][j], MAX_POINTS, transformed);
                for (int i = 0; i < points(4, r); i++)
                    values[i][j][slot(4, j, r, s)] = transformed[i];
            }
        }
}

/* Write the kernel of one input channel and one output column to its places in `packed`. */
static void pack_winograd(int tile, int up, const double *kernel, int channels, int columns, int channel, int column,
                          float *packed)
{
    if (tile == 2) {
        for (int tap = 0; tap < TAPS * TAPS; tap++)
            packed[panel_index(channels * TAPS * TAPS, columns, channel * TAPS * TAPS + tap, column)] =
                (float)kernel[tap];
        return;
    }
    double values[MAX_POINTS][MAX_POINTS][4];
    transform_kernel(up, kernel, values);
    for (int i = 0; i < points(tile, 0); i++)
        for (int j = 0; j < points(tile, 0); j++) {
            const int count = slots(tile, i, j), depth = up ? channels : count * channels;
            const int width = up ? count * columns : columns;
            for (int n = 0; n < count; n++)
                packed[panel_index(depth, width, up ? channel : n * channels + channel,
                                       up ? n * columns + column : column)] = (float)values[i][j][n];
            packed += (size_t)count * channels * columns;
        }
}

static int tiles_at_once(int tile, int floats_each, int tiles)
{
    int count = tile == 2 ? TILES_AT_ONCE : CACHE_FLOATS / floats_each / ROWS * ROWS;
    count = count < 4 * ROWS ? 4 * ROWS : count;
    return count < tiles ? count : tiles;
}

static size_t winograd_floats(int tile, int channels, int columns, int tiles)
{
    /* For an encoder layer; for a decoder layer, channels and columns are exchanged. */
    const int each = product_count(tile) * channels + points(tile, 0) * points(tile, 0) * columns;
    return (size_t)each * tiles_at_once(tile, each, tiles) + (tile == 2 ? product_count(tile) * KERNEL_PITCH : 0);
}

/* The products of all points, for an encoder layer with tiles of four. */
static void encoder_products(const float *left, const layer *layer, int channels, int count, float *sums)
{
    const float *kernel = layer->kernel;
    for (int i = 0; i < points(4, 0); i++)
        for (int j = 0; j < points(4, 0); j++) {
            const int depth = slots(4, i, j) * channels;
            gemm(left, depth, kernel, count, depth, layer->columns, sums);
            left += (ptrdiff_t)count * depth;
            kernel += (ptrdiff_t)depth * layer->columns;
            sums += (ptrdiff_t)count * layer->columns;
        }
}

/* The same for a decoder layer. */
static void decoder_products(const float *left, const layer *layer, int channels, int count, float *sums)
{
    const float *kernel = layer->kernel;
    for (int i = 0; i < points(4, 0); i++)
        for (int j = 0; j < points(4, 0); j++) {
            const int width = slots(4, i, j) * layer->columns;
            gemm(left, channels, kernel, count, channels, width, sums);
            left += (ptrdiff_t)count * channels;
            kernel += (ptrdiff_t)channels * width;
            sums += (ptrdiff_t)count * width;
        }
}

/* Input transform of one tile, [2 * tile + 3]^2 pixels -> to[point][slot, channel], points `count` tiles apart. */
INLINE void encoder_tile_transform(int tile, tensor in, const float *from, float *to, int t, int count)
{
    const int side = 2 * tile + 3, channels = in.channels;
    for (int c = 0; c < channels; c += LANES) {
        vec half[2][MAX_POINTS][2 * MAX_POINTS - 1]; /* row phase, point, column */
        for (int x = 0; x < side; x++) {
            vec d[2 * MAX_POINTS - 1], p[MAX_POINTS];
            for (int y = 0; y < side; y++)
                d[y] = load(from + y * pitch(in) + (ptrdiff_t)x * in.stride + c);
            for (int r = 0; r < 2; r++) {
                input_transform(tile, r, d + r, 2, p);
                for (int i = 0; i < points(tile, r); i++)
                    half[r][i][x] = p[i];
            }
        }
        float *matrix = to;
        int before = 0; /* slots of preceding points */
        for (int i = 0; i < points(tile, 0); i++) {
            vec p[2][2][MAX_POINTS];
            for (int r = 0; r < phases(tile, i); r++)
                for (int s = 0; s < 2; s++)
                    input_transform(tile, s, half[r][i] + s, 2, p[r][s]);
            for (int j = 0; j < points(tile, 0); j++) {
                const int depth = slots(tile, i, j) * channels;
                float *row = matrix + (ptrdiff_t)t * depth + c;
                for (int r = 0; r < phases(tile, i); r++)
                    for (int s = 0; s < phases(tile, j); s++)
                        if (tile == 2)
                            store(to + raw_index(BLOCK, product_count(tile), count, before + slot(tile, j, r, s), t, c),
                                  p[r][s][j]);
                        else
                            store(row + slot(tile, j, r, s) * channels, p[r][s][j]);
                matrix += (ptrdiff_t)count * depth;
                before += slots(tile, i, j);
            }
        }
    }
}

INLINE void winograd_encoder_tiled(int tile, tensor in, const layer *layer, float *work)
{
    const int side = points(tile, 0), channels = in.channels, columns = layer->columns;
    const int across = in.width / 2 / tile, tiles = in.height / 2 / tile * across;
    const int at_once = tiles_at_once(tile, product_count(tile) * channels + side * side * columns, tiles);
    for (int first = 0; first < tiles; first += at_once) {
        const int count = tiles - first < at_once ? tiles - first : at_once;
        float *left = work, *sums = work + (size_t)product_count(tile) * channels * count;
        for (int t = 0; t < count; t++) {
            const int y = (first + t) / across * tile, x = (first + t) % across * tile;
            encoder_tile_transform(tile, in, pixel(in, 2 * y - PAD_BEFORE, 2 * x - PAD_BEFORE), left, t, count);
        }
        if (tile == 2)
            winograd_raw_products(0, left, layer, channels, count, sums);
        else
            encoder_products(left, layer, channels, count, sums);
        for (int t = 0; t < count; t++) {
            const int y = (first + t) / across * tile, x = (first + t) % across * tile;
            for (int n = 0; n < columns; n += LANES) {
                vec half[MAX_POINTS][4], row[4];
                for (int j = 0; j < side; j++) {
                    vec p[MAX_POINTS];
                    for (int i = 0; i < side; i++)
                        p[i] = load(sums + (tile == 2 ? raw_index(PANEL, side * side, count, i * side + j, t, n)
                                                : ((ptrdiff_t)(i * side + j) * count + t) * columns + n));
                    output_transform(tile, 0, p, 1, half[j]);
                }
                for (int i = 0; i < tile; i++) {
                    output_transform(tile, 0, &half[0][i], 4, row);
                    for (int j = 0; j < tile; j++)
                        encoder_output(layer, y + i, x + j, n, row[j]);
                }
            }
        }
    }
}

INLINE void winograd_decoder_tiled(int tile, tensor in, const layer *layer, float *work)
{
    const int side = points(tile, 0), channels = in.channels, columns = layer->columns;
    const int across = in.width / tile, tiles = in.height / tile * across;
    const int at_once = tiles_at_once(tile, product_count(tile) * columns + side * side * channels, tiles);
    for (int first = 0; first < tiles; first += at_once) {
        const int count = tiles - first < at_once ? tiles - first : at_once;
        float *left = work, *sums = work + (size_t)side * side * channels * count;
        for (int t = 0; t < count; t++) {
            const int y = (first + t) / across * tile, x = (first + t) % across * tile;
            const float *from = pixel(in, y - PAD_BEFORE, x - PAD_BEFORE);
            for (int c = 0; c < channels; c += LANES) {
                vec half[MAX_POINTS][MAX_POINTS];
                for (int column = 0; column < side; column++) {
                    vec d[MAX_POINTS], p[MAX_POINTS];
                    for (int row = 0; row < side; row++)
                        d[row] = load(from + row * pitch(in) + (ptrdiff_t)column * in.stride + c);
                    input_transform(tile, 0, d, 1, p);
                    for (int i = 0; i < side; i++)
                        half[i][column] = p[i];
                }
                for (int i = 0; i < side; i++) {
                    vec p[MAX_POINTS];
                    input_transform(tile, 0, half[i], 1, p);
                    for (int j = 0; j < side; j++)
                        store(left + (tile == 2 ? raw_index(BLOCK, side * side, count, i * side + j, t, c)
                                          : ((ptrdiff_t)(i * side + j) * count + t) * channels + c),
                              p[j]);
                }
            }
        }
        if (tile == 2)
            winograd_raw_products(1, left, layer, channels, count, sums);
        else
            decoder_products(left, layer, channels, count, sums);
        for (int t = 0; t < count; t++) {
            const int y = (first + t) / across * tile, x = (first + t) % across * tile;
            for (int n = 0; n < columns; n += LANES)
                for (int r = 0; r < 2; r++)
                    for (int s = 0; s < 2; s++) {
                        vec at[MAX_POINTS][MAX_POINTS], half[MAX_POINTS][4], row[4];
                        const float *matrix = sums;
                        int before = 0;
                        for (int i = 0; i < side; i++)
                            for (int j = 0; j < side; j++) {
                                const int width = slots(tile, i, j) * columns, here = slot(tile, j, r, s);
                                if (i < points(tile, r) && j < points(tile, s))
                                    at[i][j] = load(
                                        tile == 2 ? sums + raw_index(PANEL, product_count(tile), count, before + here, t, n)
                                                  : matrix + (ptrdiff_t)t * width + here * columns + n);
                                matrix += (ptrdiff_t)count * width;
                                before += slots(tile, i, j);
                            }
                        for (int j = 0; j < points(tile, s); j++)
                            output_transform(tile, r, &at[0][j], MAX_POINTS, half[j]);
                        for (int i = 0; i < tile; i++) {
                            output_transform(tile, s, &half[0][i], 4, row);
                            for (int j = 0; j < tile; j++)
                                store(pixel(layer->output, 2 * (y + i) + 1 - r, 2 * (x + j) + 1 - s) + n,
                                      decoder_output(layer, n, row[j]));
                        }
                    }
        }
    }
}

static void winograd_encoder(int tile, tensor in, const layer *layer, float *work)
{
    if (tile == 4)
        winograd_encoder_tiled(4, in, layer, work);
    else
        winograd_encoder_tiled(2, in, layer, work);
}

static void winograd_decoder(int tile, tensor in, const layer *layer, float *work)
{
    if (tile == 4)
        winograd_decoder_tiled(4, in, layer, work);
    else
        winograd_decoder_tiled(2, in, layer, work);
}

#undef P
#undef Q
#undef PP
#undef QQ

#endif
