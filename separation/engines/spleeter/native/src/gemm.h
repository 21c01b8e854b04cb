/* Matrix products for convolutions: right factor packed in panels, sums kept in registers. A BLAS is slower at these sizes
   (tens to hundreds of rows) and cannot be told how the factors lie in memory. */

#ifndef STEMOTECA_GEMM_H
#define STEMOTECA_GEMM_H

#include "vector.h"

/* Layout of a right factor with `columns` (a multiple of LANES) columns: panels two vectors wide, one after the other, each
   row-major; the last panel may be one vector wide. */
#define PANEL (2 * LANES)

/* c [rows, wide * LANES] = a [rows, depth] b, or += with `add`. */
INLINE void gemm_tile(int rows, int wide, int add, const float *a, ptrdiff_t a_pitch, const float *b, int depth,
                         float *c, ptrdiff_t c_pitch)
{
    vec sums[ROWS][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int n = 0; n < wide; n++)
            sums[r][n] = add ? load(c + r * c_pitch + n * LANES) : splat(0);
    for (int k = 0; k < depth; k++, b += wide * LANES) {
        vec right[2];
        for (int n = 0; n < wide; n++)
            right[n] = load(b + n * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const vec left = splat(a[r * a_pitch + k]);
            for (int n = 0; n < wide; n++)
                sums[r][n] += left * right[n];
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int n = 0; n < wide; n++)
            store(c + r * c_pitch + n * LANES, sums[r][n]);
}

INLINE void gemm_panel(int wide, int add, const float *a, ptrdiff_t a_pitch, const float *b, int rows, int depth,
                          float *c, ptrdiff_t c_pitch)
{
    int r = 0;
#define ROWS_AT_ONCE(count, end)                                                                                          \
    for (; r + (count) <= end; r += (count))                                                                           \
    gemm_tile(count, wide, add, a + r * a_pitch, a_pitch, b, depth, c + r * c_pitch, c_pitch)
    const int last = rows % ROWS == 2 ? rows - ROWS : rows; /* 4 + 4 is faster than 6 + 2 */
    ROWS_AT_ONCE(ROWS, last);
    ROWS_AT_ONCE(4, rows);
    ROWS_AT_ONCE(2, rows);
    ROWS_AT_ONCE(1, rows);
#undef ROWS_AT_ONCE
}

/* c [rows, columns] = a [rows, depth] b [depth, columns], with b in panels. */
static void gemm(const float *a, ptrdiff_t a_pitch, const float *b, int rows, int depth, int columns, float *c)
{
    int n = 0;
    for (; n + PANEL <= columns; n += PANEL, b += PANEL * depth)
        gemm_panel(2, 0, a, a_pitch, b, rows, depth, c + n, columns);
    if (n < columns)
        gemm_panel(1, 0, a, a_pitch, b, rows, depth, c + n, columns);
}

/* Index of element (row, column) of a right factor [depth, columns] in its panels. */
INLINE size_t panel_index(int depth, int columns, int row, int column)
{
    const int panel = column / PANEL, left = columns - panel * PANEL, wide = left < PANEL ? left : PANEL;
    return (size_t)panel * PANEL * depth + (size_t)row * wide + column % PANEL;
}

#endif
