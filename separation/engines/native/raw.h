/* Products with raw kernels, for tiles of two pixels: kernels of a block of channels and a panel of columns are
   transformed, multiplied with what there is of these channels in all tiles, and forgotten. See winograd.h. */

#ifndef STEMOTECA_RAW_H
#define STEMOTECA_RAW_H

#include "image.h"
#include "product.h"

enum {
    BLOCK = 32,                /* channels */
    AT_ONCE = 64,              /* tiles */
    APART = BLOCK * PANEL + 16 /* floats from one slot's kernels to the next; powers of two would share cache lines */
};

/* Points of a tile along an axis, in phase 0 (odd) or 1 (even), and the slots of a point: one for each phase it has. */
INLINE int points(int tile, int phase) { return tile + 2 - phase; }
INLINE int phases(int tile, int point) { return point < points(tile, 1) ? 2 : 1; }
INLINE int slots(int tile, int i, int j) { return phases(tile, i) * phases(tile, j); }
INLINE int slot(int tile, int j, int r, int s) { return r * phases(tile, j) + s; }
INLINE int products(int tile) { return (2 * tile + 3) * (2 * tile + 3); } /* slots of all points */

/* The taps of one phase of a raw kernel -> values at the points of a tile of two. */
INLINE void forward_raw(int phase, const vec *taps, int step, vec *values)
{
    const vec outer = phase ? taps[0] : taps[0] + taps[2 * step];
    values[0] = -taps[0];
    values[1] = 0.5f * (outer + taps[step]);
    values[2] = 0.5f * (outer - taps[step]);
    if (!phase)
        values[3] = taps[2 * step];
}

#define UNROLLED _Pragma("clang loop unroll(full)")

/* Raw kernels [BLOCK, TAPS, TAPS, PANEL] -> [slot of all points][BLOCK, PANEL], APART. */
INLINE void forward_kernels(int up, const float *raw, float *to)
{
    for (int c = 0; c < BLOCK; c++, raw += TAPS * TAPS * PANEL)
        for (int n = 0; n < PANEL; n += LANES) {
            vec values[2][2][4][4];
            UNROLLED for (int r = 0; r < 2; r++)
                UNROLLED for (int s = 0; s < 2; s++) {
                    vec rows[3][4], taps[3], column[4];
                    UNROLLED for (int a = 0; a < 3 - r; a++) {
                        UNROLLED for (int b = 0; b < 3 - s; b++) {
                            const int y = 2 * a + r, x = 2 * b + s;
                            taps[b] = load(raw + (up ? TAPS * (4 - y) + 4 - x : TAPS * y + x) * PANEL + n);
                        }
                        forward_raw(s, taps, 1, rows[a]);
                    }
                    UNROLLED for (int j = 0; j < points(2, s); j++) {
                        forward_raw(r, &rows[0][j], 4, column);
                        UNROLLED for (int i = 0; i < points(2, r); i++)
                            values[r][s][i][j] = column[i];
                    }
                }
            float *into = to + c * PANEL + n;
            UNROLLED for (int i = 0; i < 4; i++)
                UNROLLED for (int j = 0; j < 4; j++)
                    UNROLLED for (int r = 0; r < phases(2, i); r++)
                        UNROLLED for (int s = 0; s < phases(2, j); s++, into += APART)
                            store(into, values[r][s][i][j]);
        }
}

/* The products of one block of channels and one panel of columns. An encoder layer has a row of `left` for each slot and
   sums them up at each point; a decoder layer has one for each point, and sums for each slot. */
INLINE void raw_block(int up, int add, const float *left, const float *kernels, int count, float *sums)
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            const int many = slots(2, i, j);
            for (int n = 0; n < many; n++, kernels += APART) {
                if (add || (!up && n))
                    panel_product(2, 1, left, BLOCK, kernels, count, BLOCK, sums, PANEL);
                else
                    panel_product(2, 0, left, BLOCK, kernels, count, BLOCK, sums, PANEL);
                if (up || n == many - 1)
                    sums += (ptrdiff_t)count * PANEL;
                if (!up || n == many - 1)
                    left += (ptrdiff_t)count * BLOCK;
            }
        }
}

/* Where a tile of two's number lies beside raw kernels: in blocks of channels or panels of columns, `size` each, of which
   each holds all slots or points, `many`, of all tiles. */
INLINE ptrdiff_t place_raw(int size, int many, int count, int slot, int t, int n)
{
    return ((ptrdiff_t)(n / size * many + slot) * count + t) * size + n % size;
}

/* What is used again from one step to the next stays in the cache: an encoder layer's input, a decoder layer's sums. */
INLINE void raw_products(int up, const float *left, const layer *layer, int channels, int count, float *sums)
{
    const int blocks = channels / BLOCK, panels = layer->columns / PANEL, point_count = 16;
    const int before = up ? point_count : products(2), after = up ? products(2) : point_count;
    float *kernels = sums + (ptrdiff_t)after * count * layer->columns;
    for (int step = 0; step < blocks * panels; step++) {
        const int block = up ? step % blocks : step / panels, panel = up ? step / blocks : step % panels;
        const float *from = left + (ptrdiff_t)block * before * count * BLOCK;
        float *to = sums + (ptrdiff_t)panel * after * count * PANEL;
        const float *kernel = layer->kernel + ((ptrdiff_t)panel * channels + block * BLOCK) * TAPS * TAPS * PANEL;
        forward_kernels(up, kernel, kernels);
        if (block)
            raw_block(up, 1, from, kernels, count, to);
        else
            raw_block(up, 0, from, kernels, count, to);
    }
}

#undef UNROLLED

#endif
