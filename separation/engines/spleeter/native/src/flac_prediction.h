/* Fixed and linear prediction of one channel of a FLAC frame, and partitioned Rice codes for its residual. */

#ifndef STEMOTECA_FLAC_PREDICTION_H
#define STEMOTECA_FLAC_PREDICTION_H

#include "flac_bits.h"

enum {
    FRAME_SAMPLES = 4096,
    SAMPLE_BITS = 16,        /* a difference of two channels has one bit more */
    MAX_ORDER = 12,          /* of linear prediction: the limit of FLAC's streamable subset */
    PRECISION = 12,          /* bits of a coefficient: sums of MAX_ORDER products with samples stay below 2^31 */
    MAX_FIXED_ORDER = 4,
    MAX_PARTITION_ORDER = 6, /* a residual is coded in up to 2^MAX_PARTITION_ORDER partitions */
    MAX_RICE_PARAMETER = 14, /* of four bits; 15 is an escape code */
    MARGIN = 16              /* zeros before a channel's first sample, read by products with coefficients of zero */
};

/* The Rice code of one residual. */
typedef struct {
    int depth; /* 2^depth partitions */
    int64_t bits;
    int parameters[1 << MAX_PARTITION_ORDER];
} rice_code;

typedef struct {
    int order;  /* also the number of warm-up samples, stored verbatim */
    int linear; /* 1: linear prediction, 0: fixed */
    int shift;
    int32_t coefficients[MAX_ORDER]; /* zero from `order` on */
    rice_code code;
    uint32_t folded[FRAME_SAMPLES + LANES]; /* the residual, zigzag-encoded */
} prediction;

/* Estimated bits of `count` values that add up to `sum`, with Rice parameter k. */
INLINE int64_t rice_bits(int64_t count, int64_t sum, int k)
{
    return count * (k + 1) + (k ? (sum >> k) - count / 2 : sum);
}

static int rice_parameter(int64_t count, int64_t sum, int64_t *bits)
{
    int k = 0;
    while (k < MAX_RICE_PARAMETER && count << (k + 1) < sum)
        k++;
    *bits = rice_bits(count, sum, k);
    const int64_t lower = k ? rice_bits(count, sum, k - 1) : *bits;
    if (lower >= *bits)
        return k;
    *bits = lower;
    return k - 1;
}

static void choose_code(const uint32_t *folded, int count, int order, rice_code *code)
{
    int depth = MAX_PARTITION_ORDER;
    while (depth && (count & ((1 << depth) - 1) || count >> depth <= order))
        depth--;
    int64_t sums[1 << MAX_PARTITION_ORDER];
    const int most = depth, length = count >> most;
    for (int n = 0; n < 1 << most; n++) {
        uint64_t sum = 0;
        for (int i = n ? 0 : order; i < length; i++)
            sum += folded[n * length + i];
        sums[n] = (int64_t)sum;
    }
    code->bits = INT64_MAX;
    int best[1 << MAX_PARTITION_ORDER];
    for (; depth >= 0; depth--) {
        int64_t total = 0;
        for (int n = 0; n < 1 << depth; n++) {
            int64_t bits;
            best[n] = rice_parameter((count >> depth) - (n ? 0 : order), sums[n], &bits);
            total += bits + 4;
        }
        if (total < code->bits) {
            code->bits = total;
            code->depth = depth;
            __builtin_memcpy(code->parameters, best, sizeof best);
        }
        for (int n = 0; n < 1 << depth >> 1; n++)
            sums[n] = sums[2 * n] + sums[2 * n + 1];
    }
    const int each = count >> code->depth;
    code->bits = 6;
    for (int n = 0; n < 1 << code->depth; n++) {
        const int k = code->parameters[n];
        uint64_t sum = 0;
        for (int i = n ? 0 : order; i < each; i++)
            sum += folded[n * each + i] >> k;
        code->bits += 4 + (int64_t)sum + (int64_t)(k + 1) * (each - (n ? 0 : order));
    }
}

static void put_residual(bit_writer *w, const prediction *from, int count)
{
    put_bits(w, 0, 2);
    put_bits(w, (uint64_t)from->code.depth, 4);
    const int each = count >> from->code.depth;
    bit_writer here = *w;
    for (int n = 0; n < 1 << from->code.depth; n++) {
        const int k = from->code.parameters[n];
        const uint32_t stop = 1u << k, mask = stop - 1;
        put_bits(&here, (uint64_t)k, 4);
        for (int i = n ? 0 : from->order; i < each; i++) {
            const uint32_t value = from->folded[n * each + i];
            uint32_t zeros = value >> k;
            for (; __builtin_expect(zeros + k + 1 > 32, 0); zeros -= zeros < 32 ? zeros : 32)
                put_bits(&here, 0, zeros < 32 ? (int)zeros : 32);
            put_bits(&here, stop | (value & mask), (int)zeros + k + 1);
        }
    }
    *w = here;
}

static const int32_t fixed_coefficients[MAX_FIXED_ORDER + 1][MAX_FIXED_ORDER] = {{0}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}};

INLINE void predict_with(int order, const int32_t *x, int count, prediction *p)
{
    ints factors[MAX_ORDER];
    for (int n = 0; n < order; n++)
        factors[n] = (ints)p->coefficients[n];
    const int shift = p->shift;
    for (int i = p->order; i < count; i += LANES) {
        ints sum = (ints)0;
#pragma clang loop unroll(full)
        for (int n = 0; n < order; n++)
            sum += factors[n] * load_ints(x + i - 1 - n);
        const ints rest = load_ints(x + i) - (sum >> shift);
        store_ints((int32_t *)p->folded + i, rest << 1 ^ rest >> 31);
    }
}

static void predict(const int32_t *x, int count, prediction *p)
{
    if (p->order <= 4)
        predict_with(4, x, count, p);
    else if (p->order <= 8)
        predict_with(8, x, count, p);
    else
        predict_with(MAX_ORDER, x, count, p);
    choose_code(p->folded, count, p->order, &p->code);
}

/* Fixed prediction of the order with the smallest sum of absolute residuals. */
static void predict_fixed(const int32_t *x, int count, prediction *p)
{
    uint32_t sums[MAX_FIXED_ORDER + 1] = {0}; /* less than 2^12 values below 2^20: no overflow */
    for (int i = MAX_FIXED_ORDER; i < count; i++) {
        const int32_t a = x[i] - x[i - 1], b = x[i - 1] - x[i - 2], c = x[i - 2] - x[i - 3], d = x[i - 3] - x[i - 4];
        const int32_t e = a - b, f = b - c, g = c - d;
        sums[0] += (uint32_t)__builtin_abs(x[i]);
        sums[1] += (uint32_t)__builtin_abs(a);
        sums[2] += (uint32_t)__builtin_abs(e);
        sums[3] += (uint32_t)__builtin_abs(e - f);
        sums[4] += (uint32_t)__builtin_abs(e - 2 * f + g);
    }
    p->linear = p->shift = p->order = 0;
    for (int order = 1; order <= MAX_FIXED_ORDER; order++)
        if (sums[order] < sums[p->order])
            p->order = order;
    for (int n = 0; n < MAX_ORDER; n++)
        p->coefficients[n] = n < MAX_FIXED_ORDER ? fixed_coefficients[p->order][n] : 0;
    predict(x, count, p);
}

/* Autocorrelation of a channel under a Welch window, at lags 0 to MAX_ORDER. */
static void autocorrelate(const int32_t *x, int count, double *found)
{
    float under[MARGIN + FRAME_SAMPLES + LANES] = {0};
    const float middle = 0.5f * (float)(count - 1), scale = 2.0f / (float)(count + 1);
    for (int i = 0; i < count; i++) {
        const float at = ((float)i - middle) * scale;
        under[MARGIN + i] = (float)x[i] * (1.0f - at * at);
    }
    for (int lag = 0; lag <= MAX_ORDER; lag++)
        found[lag] = 0;
    for (int start = 0; start < count; start += 512) { /* 512 samples in float32, their sums in double */
        vec part[MAX_ORDER + 1];
        for (int lag = 0; lag <= MAX_ORDER; lag++)
            part[lag] = splat(0);
        for (int i = start; i < start + 512 && i < count; i += LANES) {
            const vec here = load(under + MARGIN + i);
#pragma clang loop unroll(full)
            for (int lag = 0; lag <= MAX_ORDER; lag++)
                part[lag] += here * load(under + MARGIN + i - lag);
        }
        for (int lag = 0; lag <= MAX_ORDER; lag++)
            for (int n = 0; n < LANES; n++)
                found[lag] += part[lag][n];
    }
}

/* Levinson-Durbin recursion [Durbin, 1960]: coefficients of the order with the fewest estimated bits; returns it, or 0. */
static int levinson_durbin(const double *correlation, int count, int width, double *chosen)
{
    double now[MAX_ORDER], error = correlation[0], fewest = 0;
    int order = 0;
    for (int n = 0; n < MAX_ORDER && n + 1 < count && error > 0; n++) {
        double reflection = correlation[n + 1], next[MAX_ORDER];
        for (int i = 0; i < n; i++)
            reflection -= now[i] * correlation[n - i];
        reflection /= error;
        for (int i = 0; i < n; i++)
            next[i] = now[i] - reflection * now[n - 1 - i];
        next[n] = reflection;
        for (int i = 0; i <= n; i++)
            now[i] = next[i];
        error *= 1 - reflection * reflection;
        const double bits = 0.5 * __builtin_log2(error) * (count - n - 1) + (n + 1) * (PRECISION + width);
        if (error > 0 && (!order || bits < fewest)) {
            fewest = bits;
            order = n + 1;
            for (int i = 0; i <= n; i++)
                chosen[i] = now[i];
        }
    }
    return order;
}

/* Linear prediction; returns 0 where none is usable. */
static int predict_linear(const int32_t *x, int count, int width, prediction *p)
{
    double correlation[MAX_ORDER + 1], exact[MAX_ORDER], largest = 0, rest = 0;
    autocorrelate(x, count, correlation);
    p->order = levinson_durbin(correlation, count, width, exact);
    for (int n = 0; n < p->order; n++)
        largest = __builtin_fmax(largest, __builtin_fabs(exact[n]));
    const int exponent = (int)(__builtin_bit_cast(uint64_t, largest) >> 52) - 1022; /* largest < 2^exponent */
    const int shift = PRECISION - 1 - exponent, limit = 1 << (PRECISION - 1);
    if (!p->order || shift < 0)
        return 0;
    p->linear = 1;
    p->shift = shift < 15 ? shift : 15;
    for (int n = 0; n < MAX_ORDER; n++) {
        /* Carry the rounding error to the next coefficient. */
        rest = n < p->order ? rest + exact[n] * (1 << p->shift) : 0;
        const double rounded = __builtin_fmin(__builtin_fmax(__builtin_rint(rest), -limit), limit - 1);
        rest -= rounded;
        p->coefficients[n] = (int32_t)rounded;
    }
    predict(x, count, p);
    return 1;
}

#endif
