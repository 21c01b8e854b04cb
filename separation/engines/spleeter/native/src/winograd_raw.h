/* Winograd products with untransformed ("raw") kernels, for tiles of two pixels: the kernels of one block of channels and
   one panel of columns are transformed, multiplied with these channels of all tiles, and discarded. See winograd.h. */

#ifndef STEMOTECA_WINOGRAD_RAW_H
#define STEMOTECA_WINOGRAD_RAW_H

#include "gemm.h"
#include "tensor.h"

enum {
    BLOCK = 32, /* channels */
    TILES_AT_ONCE = 64,
    KERNEL_PITCH = BLOCK * PANEL + 16 /* floats between the kernels of slots; powers of two would share cache lines */
};

/* Interpolation points of a tile along an axis in polyphase component 0 (odd) or 1 (even); the phases that have a point;
   the slots of a point (i, j), one for each pair of phases that has it. */
INLINE int points(int tile, int phase) { return tile + 2 - phase; }
INLINE int phases(int tile, int point) { return point < points(tile, 1) ? 2 : 1; }
INLINE int slots(int tile, int i, int j) { return phases(tile, i) * phases(tile, j); }
INLINE int slot(int tile, int j, int r, int s) { return r * phases(tile, j) + s; }
INLINE int product_count(int tile) { return (2 * tile + 3) * (2 * tile + 3); } /* slots of all points: products per tile */

/* Kernel transform (G g) of one phase of a raw kernel, for tiles of two. */
INLINE void raw_kernel_transform(int phase, const vec *taps, int step, vec *values)
{
    const vec outer = phase ? taps[0] : taps[0] + taps[2 * step];
    values[0] = -taps[0];
    values[1] = 0.5f * (outer + taps[step]);
    values[2] = 0.5f * (outer - taps[step]);
    if (!phase)
        values[3] = taps[2 * step];
}

#define UNROLLED _Pragma("clang loop unroll(full)")

/* Raw kernels [BLOCK, TAPS, TAPS, PANEL] -> [slot of all points][BLOCK, PANEL], KERNEL_PITCH floats apart. */
INLINE void transform_raw_kernels(int up, const float *raw, float *to)
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
                        raw_kernel_transform(s, taps, 1, rows[a]);
                    }
                    UNROLLED for (int j = 0; j < points(2, s); j++) {
                        raw_kernel_transform(r, &rows[0][j], 4, column);
                        UNROLLED for (int i = 0; i < points(2, r); i++)
                            values[r][s][i][j] = column[i];
                    }
                }
            float *into = to + c * PANEL + n;
            UNROLLED for (int i = 0; i < 4; i++)
                UNROLLED for (int j = 0; j < 4; j++)
                    UNROLLED for (int r = 0; r < phases(2, i); r++)
                        UNROLLED for (int s = 0; s < phases(2, j); s++, into += KERNEL_PITCH)
                            store(into, values[r][s][i][j]);
        }
}

/* The products of one block of channels and one panel of columns. An encoder layer has a row of `left` for each slot and
   one sum for each point; a decoder layer has a row for each point and one sum for each slot. */
INLINE void winograd_raw_block(int up, int add, const float *left, const float *kernels, int count, float *sums)
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            const int many = slots(2, i, j);
            for (int n = 0; n < many; n++, kernels += KERNEL_PITCH) {
                if (add || (!up && n))
                    gemm_panel(2, 1, left, BLOCK, kernels, count, BLOCK, sums, PANEL);
                else
                    gemm_panel(2, 0, left, BLOCK, kernels, count, BLOCK, sums, PANEL);
                if (up || n == many - 1)
                    sums += (ptrdiff_t)count * PANEL;
                if (!up || n == many - 1)
                    left += (ptrdiff_t)count * BLOCK;
            }
        }
}

/* Index of channel (or column) n of tile t at a slot (or point), in [n / size][many slots or points][count tiles][size]. */
INLINE ptrdiff_t raw_index(int size, int many, int count, int slot, int t, int n)
{
    return ((ptrdiff_t)(n / size * many + slot) * count + t) * size + n % size;
}

/* Loop order: an encoder layer's input, or a decoder layer's sums, stay in the cache from one step to the next. */
INLINE void winograd_raw_products(int up, const float *left, const layer *layer, int channels, int count, float *sums)
{
    const int blocks = channels / BLOCK, panels = layer->columns / PANEL, point_count = 16;
    const int before = up ? point_count : product_count(2), after = up ? product_count(2) : point_count;
    float *kernels = sums + (ptrdiff_t)after * count * layer->columns;
    for (int step = 0; step < blocks * panels; step++) {
        const int block = up ? step % blocks : step / panels, panel = up ? step / blocks : step % panels;
        const float *from = left + (ptrdiff_t)block * before * count * BLOCK;
        float *to = sums + (ptrdiff_t)panel * after * count * PANEL;
        const float *kernel = layer->kernel + ((ptrdiff_t)panel * channels + block * BLOCK) * TAPS * TAPS * PANEL;
        transform_raw_kernels(up, kernel, kernels);
        if (block)
            winograd_raw_block(up, 1, from, kernels, count, to);
        else
            winograd_raw_block(up, 0, from, kernels, count, to);
    }
}

#undef UNROLLED

#endif
