/* 16-bit stereo as FLAC frames [RFC 9639]: fixed and linear prediction, joint stereo, partitioned Rice codes.

   What libFLAC looks for at its middle levels, in frames of one size, with the work laid out for vectors: residuals,
   their sums and sizes come from loops without branches, and only the codes are written number by number. Called by
   separator/encoder.py. */

#include "vector.h"

enum {
    FRAME = 4096,
    WIDTH = 16,     /* bits of a sample; a difference of two channels has one more */
    ORDERS = 12,    /* of linear prediction at most, as many as FLAC's streamable subset allows */
    PRECISION = 12, /* bits of a coefficient: ORDERS products with samples add up to less than 2^31 */
    FIXED = 4,      /* the highest order of fixed prediction */
    DEPTHS = 6,     /* residuals are coded in up to 2^DEPTHS partitions */
    LARGEST = 14,   /* Rice parameter in four bits; 15 has another meaning */
    MARGIN = 16,    /* numbers before a channel's first, where products with zero may look; behind its last are LANES */
    FRAME_BYTES = FRAME * (2 * WIDTH + 1) / 8 + 64 /* no frame is larger */
};

/* Bits ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *to;
    uint64_t held;
    int count; /* of bits held, less than 32 */
} writer;

/* The lowest `count` <= 32 bits of `value`, which has no others. */
INLINE void put(writer *w, uint64_t value, int count)
{
    w->held = w->held << count | value;
    w->count += count;
    if (w->count >= 32) {
        w->count -= 32;
        const uint32_t word = __builtin_bswap32((uint32_t)(w->held >> w->count));
        __builtin_memcpy(w->to, &word, 4);
        w->to += 4;
    }
}

INLINE void put_signed(writer *w, int32_t value, int count)
{
    put(w, (uint32_t)value & (uint32_t)((1ull << count) - 1), count);
}

/* To the next whole byte. */
INLINE void align(writer *w)
{
    for (put(w, 0, -w->count & 7); w->count; w->count -= 8)
        *w->to++ = (uint8_t)(w->held >> (w->count - 8));
    w->held = 0;
}

/* Checksums ----------------------------------------------------------------------------------------------------- */

static uint8_t crc8_of[256];
static uint16_t crc16_of[8][256]; /* of a byte that so many bytes follow */

static int remainder_of(int value, int width, int polynomial)
{
    for (int bit = 0; bit < 8; bit++)
        value = value << 1 ^ (value >> (width - 1) & 1 ? polynomial : 0);
    return value;
}

__attribute__((constructor)) static void fill_tables(void)
{
    for (int byte = 0; byte < 256; byte++) {
        crc8_of[byte] = (uint8_t)remainder_of(byte, 8, 0x107);
        crc16_of[0][byte] = (uint16_t)remainder_of(byte << 8, 16, 0x18005);
    }
    for (int more = 1; more < 8; more++)
        for (int byte = 0; byte < 256; byte++) {
            const uint16_t before = crc16_of[more - 1][byte];
            crc16_of[more][byte] = (uint16_t)(before << 8) ^ crc16_of[0][before >> 8];
        }
}

static uint8_t crc8(const uint8_t *from, const uint8_t *end)
{
    uint8_t value = 0;
    while (from < end)
        value = crc8_of[value ^ *from++];
    return value;
}

static uint16_t crc16(const uint8_t *from, const uint8_t *end)
{
    uint16_t value = 0;
    for (; end - from >= 8; from += 8)
        value = crc16_of[7][from[0] ^ value >> 8] ^ crc16_of[6][from[1] ^ (value & 255)] ^ crc16_of[5][from[2]]
              ^ crc16_of[4][from[3]] ^ crc16_of[3][from[4]] ^ crc16_of[2][from[5]] ^ crc16_of[1][from[6]]
              ^ crc16_of[0][from[7]];
    while (from < end)
        value = (uint16_t)(value << 8) ^ crc16_of[0][value >> 8 ^ *from++];
    return value;
}

/* Residuals ----------------------------------------------------------------------------------------------------- */

/* How a channel's residual is coded. */
typedef struct {
    int depth; /* 2^depth partitions */
    int64_t bits;
    int parameters[1 << DEPTHS];
} code;

typedef struct {
    int order;  /* samples that are written as they are, before the residual */
    int linear; /* or fixed */
    int shift;
    int32_t coefficients[ORDERS]; /* zeros from `order` on */
    code code;
    uint32_t folded[FRAME + LANES]; /* the residual, signs in the lowest bit */
} prediction;

/* Bits of `count` numbers of that sum with parameter k, as if they were spread evenly. */
INLINE int64_t expected(int64_t count, int64_t sum, int k)
{
    return count * (k + 1) + (k ? (sum >> k) - count / 2 : sum);
}

static int parameter_for(int64_t count, int64_t sum, int64_t *bits)
{
    int k = 0;
    while (k < LARGEST && count << (k + 1) < sum)
        k++;
    *bits = expected(count, sum, k);
    const int64_t lower = k ? expected(count, sum, k - 1) : *bits;
    if (lower >= *bits)
        return k;
    *bits = lower;
    return k - 1;
}

static void choose_code(const uint32_t *folded, int count, int order, code *code)
{
    int depth = DEPTHS;
    while (depth && (count & ((1 << depth) - 1) || count >> depth <= order))
        depth--;
    int64_t sums[1 << DEPTHS];
    const int most = depth, length = count >> most;
    for (int n = 0; n < 1 << most; n++) {
        uint64_t sum = 0;
        for (int i = n ? 0 : order; i < length; i++)
            sum += folded[n * length + i];
        sums[n] = (int64_t)sum;
    }
    code->bits = INT64_MAX;
    int best[1 << DEPTHS];
    for (; depth >= 0; depth--) {
        int64_t total = 0;
        for (int n = 0; n < 1 << depth; n++) {
            int64_t bits;
            best[n] = parameter_for((count >> depth) - (n ? 0 : order), sums[n], &bits);
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

static void put_residual(writer *w, const prediction *from, int count)
{
    put(w, 0, 2);
    put(w, (uint64_t)from->code.depth, 4);
    const int each = count >> from->code.depth;
    writer here = *w;
    for (int n = 0; n < 1 << from->code.depth; n++) {
        const int k = from->code.parameters[n];
        const uint32_t stop = 1u << k, mask = stop - 1;
        put(&here, (uint64_t)k, 4);
        for (int i = n ? 0 : from->order; i < each; i++) {
            const uint32_t value = from->folded[n * each + i];
            uint32_t zeros = value >> k;
            for (; __builtin_expect(zeros + k + 1 > 32, 0); zeros -= zeros < 32 ? zeros : 32)
                put(&here, 0, zeros < 32 ? (int)zeros : 32);
            put(&here, stop | (value & mask), (int)zeros + k + 1);
        }
    }
    *w = here;
}

/* Prediction ---------------------------------------------------------------------------------------------------- */

static const int32_t fixed_coefficients[FIXED + 1][FIXED] = {{0}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}};

INLINE void predict_with(int order, const int32_t *x, int count, prediction *p)
{
    ints factors[ORDERS];
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
        predict_with(ORDERS, x, count, p);
    choose_code(p->folded, count, p->order, &p->code);
}

/* The fixed prediction whose residual has the least sum. */
static void fixed(const int32_t *x, int count, prediction *p)
{
    uint32_t sums[FIXED + 1] = {0}; /* of less than 2^12 times 2^20 */
    for (int i = FIXED; i < count; i++) {
        const int32_t a = x[i] - x[i - 1], b = x[i - 1] - x[i - 2], c = x[i - 2] - x[i - 3], d = x[i - 3] - x[i - 4];
        const int32_t e = a - b, f = b - c, g = c - d;
        sums[0] += (uint32_t)__builtin_abs(x[i]);
        sums[1] += (uint32_t)__builtin_abs(a);
        sums[2] += (uint32_t)__builtin_abs(e);
        sums[3] += (uint32_t)__builtin_abs(e - f);
        sums[4] += (uint32_t)__builtin_abs(e - 2 * f + g);
    }
    p->linear = p->shift = p->order = 0;
    for (int order = 1; order <= FIXED; order++)
        if (sums[order] < sums[p->order])
            p->order = order;
    for (int n = 0; n < ORDERS; n++)
        p->coefficients[n] = n < FIXED ? fixed_coefficients[p->order][n] : 0;
    predict(x, count, p);
}

/* Autocorrelation of a channel under Welch's window, at lags 0 to ORDERS. */
static void correlate(const int32_t *x, int count, double *found)
{
    float under[MARGIN + FRAME + LANES] = {0};
    const float middle = 0.5f * (float)(count - 1), scale = 2.0f / (float)(count + 1);
    for (int i = 0; i < count; i++) {
        const float at = ((float)i - middle) * scale;
        under[MARGIN + i] = (float)x[i] * (1.0f - at * at);
    }
    for (int lag = 0; lag <= ORDERS; lag++)
        found[lag] = 0;
    for (int start = 0; start < count; start += 512) { /* so much in float32, then in double */
        vec part[ORDERS + 1];
        for (int lag = 0; lag <= ORDERS; lag++)
            part[lag] = all(0);
        for (int i = start; i < start + 512 && i < count; i += LANES) {
            const vec here = load(under + MARGIN + i);
#pragma clang loop unroll(full)
            for (int lag = 0; lag <= ORDERS; lag++)
                part[lag] += here * load(under + MARGIN + i - lag);
        }
        for (int lag = 0; lag <= ORDERS; lag++)
            for (int n = 0; n < LANES; n++)
                found[lag] += part[lag][n];
    }
}

/* Coefficients of the order that promises fewest bits [Durbin 1960], or 0. */
static int solved(const double *correlation, int count, int width, double *chosen)
{
    double now[ORDERS], error = correlation[0], fewest = 0;
    int order = 0;
    for (int n = 0; n < ORDERS && n + 1 < count && error > 0; n++) {
        double reflection = correlation[n + 1], next[ORDERS];
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

/* Linear prediction; returns whether there is one. */
static int linear(const int32_t *x, int count, int width, prediction *p)
{
    double correlation[ORDERS + 1], exact[ORDERS], largest = 0, rest = 0;
    correlate(x, count, correlation);
    p->order = solved(correlation, count, width, exact);
    for (int n = 0; n < p->order; n++)
        largest = __builtin_fmax(largest, __builtin_fabs(exact[n]));
    int exponent;
    __builtin_frexp(largest, &exponent);
    const int shift = PRECISION - 1 - exponent, limit = 1 << (PRECISION - 1);
    if (!p->order || shift < 0)
        return 0;
    p->linear = 1;
    p->shift = shift < 15 ? shift : 15;
    for (int n = 0; n < ORDERS; n++) {
        /* What rounding leaves goes on to the next. */
        rest = n < p->order ? rest + __builtin_ldexp(exact[n], p->shift) : 0;
        const double rounded = __builtin_fmin(__builtin_fmax(__builtin_rint(rest), -limit), limit - 1);
        rest -= rounded;
        p->coefficients[n] = (int32_t)rounded;
    }
    predict(x, count, p);
    return 1;
}

/* Frames -------------------------------------------------------------------------------------------------------- */

static int64_t size_of(const prediction *p, int width)
{
    return p->code.bits + (int64_t)p->order * (width + p->linear * PRECISION) + p->linear * 9;
}

static void put_channel(writer *w, const int32_t *x, int count, int width)
{
    int32_t different = 0;
    for (int i = 1; i < count; i++)
        different |= x[i] ^ x[0];
    if (!different) {
        put(w, 0, 8);
        put_signed(w, x[0], width);
        return;
    }
    prediction by_fixed, by_linear;
    const prediction *best = &by_fixed;
    fixed(x, count, &by_fixed);
    if (linear(x, count, width, &by_linear) && size_of(&by_linear, width) < size_of(best, width))
        best = &by_linear;
    if (size_of(best, width) >= (int64_t)count * width) {
        put(w, 1 << 1, 8);
        for (int i = 0; i < count; i++)
            put_signed(w, x[i], width);
        return;
    }
    put(w, (uint64_t)(best->linear ? 32 + best->order - 1 : 8 + best->order) << 1, 8);
    for (int i = 0; i < best->order; i++)
        put_signed(w, x[i], width);
    if (best->linear) {
        put(w, PRECISION - 1, 4);
        put_signed(w, best->shift, 5);
        for (int i = 0; i < best->order; i++)
            put_signed(w, best->coefficients[i], PRECISION);
    }
    put_residual(w, best, count);
}

/* Of the residual of second order: a cheap guess at what a channel costs. */
static int64_t roughness(const int32_t *x, int count)
{
    int32_t sum = 0; /* of at most 2^12 times 2^18 */
    for (int i = 2; i < count; i++)
        sum += __builtin_abs(x[i] - 2 * x[i - 1] + x[i - 2]);
    return sum;
}

static void put_number(writer *w, uint32_t number)
{
    if (number < 0x80) {
        put(w, number, 8);
        return;
    }
    int more = 1; /* bytes of six bits each */
    while (number >> (6 * more + 6 - more))
        more++;
    put(w, (0xff00u >> (more + 1) & 0xff) | number >> 6 * more, 8);
    while (more--)
        put(w, 0x80 | (number >> 6 * more & 0x3f), 8);
}

static uint8_t *put_frame(const int16_t *samples, int count, uint32_t number, uint8_t *to)
{
    enum { LEFT, RIGHT, MID, SIDE };
    int32_t rows[4][MARGIN + FRAME + LANES];
    int32_t *channels[4];
    for (int n = 0; n < 4; n++) {
        channels[n] = rows[n] + MARGIN;
        for (int i = 0; i < MARGIN; i++)
            rows[n][i] = 0;
        for (int i = 0; i < LANES; i++)
            channels[n][count + i] = 0;
    }
    for (int i = 0; i < count; i++) {
        const int32_t left = samples[2 * i], right = samples[2 * i + 1];
        channels[LEFT][i] = left;
        channels[RIGHT][i] = right;
        channels[MID][i] = (left + right) >> 1;
        channels[SIDE][i] = left - right;
    }
    static const struct { uint8_t code, first, second; } ways[4] = {
        {1, LEFT, RIGHT}, {8, LEFT, SIDE}, {9, SIDE, RIGHT}, {10, MID, SIDE}};
    int64_t rough[4];
    for (int n = 0; n < 4; n++)
        rough[n] = roughness(channels[n], count);
    int way = 0;
    for (int n = 1; n < 4; n++)
        if (rough[ways[n].first] + rough[ways[n].second] < rough[ways[way].first] + rough[ways[way].second])
            way = n;
    writer w = {to, 0, 0};
    put(&w, 0xfff8, 16);
    put(&w, count == FRAME ? 0xc9 : 0x79, 8);
    put(&w, (uint64_t)ways[way].code << 4 | 4 << 1, 8);
    put_number(&w, number);
    if (count != FRAME)
        put(&w, (uint64_t)count - 1, 16);
    align(&w);
    *w.to = crc8(to, w.to);
    w.to++;
    put_channel(&w, channels[ways[way].first], count, WIDTH + (ways[way].first == SIDE));
    put_channel(&w, channels[ways[way].second], count, WIDTH + (ways[way].second == SIDE));
    align(&w);
    const uint16_t sum = crc16(to, w.to);
    *w.to++ = (uint8_t)(sum >> 8);
    *w.to++ = (uint8_t)sum;
    return w.to;
}

/* The most bytes that `count` samples may take. */
EXPORT size_t flac_bytes(size_t count) { return (count + FRAME - 1) / FRAME * FRAME_BYTES; }

/* int16 samples [count, 2] -> frames from `number` on, their `sizes`; returns all bytes. Only the last may be short. */
EXPORT size_t flac_frames(const int16_t *samples, size_t count, uint32_t number, uint8_t *to, uint32_t *sizes)
{
    uint8_t *end = to;
    for (size_t start = 0; start < count; start += FRAME) {
        const size_t left = count - start;
        uint8_t *begin = end;
        end = put_frame(samples + 2 * start, left < FRAME ? (int)left : FRAME, number++, begin);
        *sizes++ = (uint32_t)(end - begin);
    }
    return (size_t)(end - to);
}
