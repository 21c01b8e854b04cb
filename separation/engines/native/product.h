/* Products of small matrices, as convolutions need them: the right one packed, sums kept in registers. */

#ifndef STEMOTECA_PRODUCT_H
#define STEMOTECA_PRODUCT_H

#include "vector.h"

/* How a matrix of `columns` (a multiple of LANES) lies in memory when it is the right factor: panels of two vectors'
   width one after the other, row by row; the last may be one vector wide. */
#define PANEL (2 * LANES)

/* c [rows, wide vectors] = a [rows, depth] b, or += with `add`. */
INLINE void tile_product(int rows, int wide, int add, const float *a, ptrdiff_t a_pitch, const float *b, int depth,
                         float *c, ptrdiff_t c_pitch)
{
    vec sums[ROWS][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int n = 0; n < wide; n++)
            sums[r][n] = add ? load(c + r * c_pitch + n * LANES) : all(0);
    for (int k = 0; k < depth; k++, b += wide * LANES) {
        vec right[2];
        for (int n = 0; n < wide; n++)
            right[n] = load(b + n * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const vec left = all(a[r * a_pitch + k]);
            for (int n = 0; n < wide; n++)
                sums[r][n] += left * right[n];
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int n = 0; n < wide; n++)
            store(c + r * c_pitch + n * LANES, sums[r][n]);
}

INLINE void panel_product(int wide, int add, const float *a, ptrdiff_t a_pitch, const float *b, int rows, int depth,
                          float *c, ptrdiff_t c_pitch)
{
    int r = 0;
#define ROWS_AT_ONCE(count, end)                                                                                          \
    for (; r + (count) <= end; r += (count))                                                                           \
    tile_product(count, wide, add, a + r * a_pitch, a_pitch, b, depth, c + r * c_pitch, c_pitch)
    const int last = rows % ROWS == 2 ? rows - ROWS : rows; /* four and four are faster than six and two */
    ROWS_AT_ONCE(ROWS, last);
    ROWS_AT_ONCE(4, rows);
    ROWS_AT_ONCE(2, rows);
    ROWS_AT_ONCE(1, rows);
#undef ROWS_AT_ONCE
}

/* c [rows, columns] = a [rows, depth] b, with b in panels. */
static void product(const float *a, ptrdiff_t a_pitch, const float *b, int rows, int depth, int columns, float *c)
{
    int n = 0;
    for (; n + PANEL <= columns; n += PANEL, b += PANEL * depth)
        panel_product(2, 0, a, a_pitch, b, rows, depth, c + n, columns);
    if (n < columns)
        panel_product(1, 0, a, a_pitch, b, rows, depth, c + n, columns);
}

/* Where element (row, column) of a right factor [depth, columns] lies. */
INLINE size_t place_in_panels(int depth, int columns, int row, int column)
{
    const int panel = column / PANEL, left = columns - panel * PANEL, wide = left < PANEL ? left : PANEL;
    return (size_t)panel * PANEL * depth + (size_t)row * wide + column % PANEL;
}

#endif
