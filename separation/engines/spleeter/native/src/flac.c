/* FLAC frames [RFC 9639] of 16-bit stereo: fixed and linear prediction, joint stereo, partitioned Rice codes.

   libFLAC took a fifth of the time of a separation. This encoder searches what libFLAC does at its middle levels, in
   frames of one size, with loops laid out for SIMD: residuals and their sizes are computed without branches, and only the
   codes are written one by one. Called by separator/encoder.py through binding.py. */

#include "flac_prediction.h"

enum { MAX_FRAME_BYTES = FRAME_SAMPLES * (2 * SAMPLE_BITS + 1) / 8 + 64 };

static int64_t subframe_bits(const prediction *p, int width)
{
    return p->code.bits + (int64_t)p->order * (width + p->linear * PRECISION) + p->linear * 9;
}

static void put_subframe(bit_writer *w, const int32_t *x, int count, int width)
{
    int32_t different = 0;
    for (int i = 1; i < count; i++)
        different |= x[i] ^ x[0];
    if (!different) {
        put_bits(w, 0, 8);
        put_signed_bits(w, x[0], width);
        return;
    }
    prediction by_fixed, by_linear;
    const prediction *best = &by_fixed;
    predict_fixed(x, count, &by_fixed);
    if (predict_linear(x, count, width, &by_linear) && subframe_bits(&by_linear, width) < subframe_bits(best, width))
        best = &by_linear;
    if (subframe_bits(best, width) >= (int64_t)count * width) {
        put_bits(w, 1 << 1, 8);
        for (int i = 0; i < count; i++)
            put_signed_bits(w, x[i], width);
        return;
    }
    put_bits(w, (uint64_t)(best->linear ? 32 + best->order - 1 : 8 + best->order) << 1, 8);
    for (int i = 0; i < best->order; i++)
        put_signed_bits(w, x[i], width);
    if (best->linear) {
        put_bits(w, PRECISION - 1, 4);
        put_signed_bits(w, best->shift, 5);
        for (int i = 0; i < best->order; i++)
            put_signed_bits(w, best->coefficients[i], PRECISION);
    }
    put_residual(w, best, count);
}

/* Sum of absolute second differences: a cheap estimate of a channel's size. */
static int64_t roughness(const int32_t *x, int count)
{
    int32_t sum = 0; /* at most 2^12 values below 2^18: no overflow */
    for (int i = 2; i < count; i++)
        sum += __builtin_abs(x[i] - 2 * x[i - 1] + x[i - 2]);
    return sum;
}

static void put_frame_number(bit_writer *w, uint32_t number)
{
    if (number < 0x80) {
        put_bits(w, number, 8);
        return;
    }
    int more = 1; /* continuation bytes of six bits */
    while (number >> (6 * more + 6 - more))
        more++;
    put_bits(w, (0xff00u >> (more + 1) & 0xff) | number >> 6 * more, 8);
    while (more--)
        put_bits(w, 0x80 | (number >> 6 * more & 0x3f), 8);
}

static uint8_t *put_frame(const int16_t *samples, int count, uint32_t number, uint8_t *to)
{
    enum { LEFT, RIGHT, MID, SIDE };
    int32_t rows[4][MARGIN + FRAME_SAMPLES + LANES];
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
    bit_writer w = {to, 0, 0};
    put_bits(&w, 0xfff8, 16);
    put_bits(&w, count == FRAME_SAMPLES ? 0xc9 : 0x79, 8);
    put_bits(&w, (uint64_t)ways[way].code << 4 | 4 << 1, 8);
    put_frame_number(&w, number);
    if (count != FRAME_SAMPLES)
        put_bits(&w, (uint64_t)count - 1, 16);
    align_to_byte(&w);
    *w.to = crc8(to, w.to);
    w.to++;
    put_subframe(&w, channels[ways[way].first], count, SAMPLE_BITS + (ways[way].first == SIDE));
    put_subframe(&w, channels[ways[way].second], count, SAMPLE_BITS + (ways[way].second == SIDE));
    align_to_byte(&w);
    const uint16_t sum = crc16(to, w.to);
    *w.to++ = (uint8_t)(sum >> 8);
    *w.to++ = (uint8_t)sum;
    return w.to;
}

/* Upper bound for the frames of `count` samples, in bytes. */
EXPORT size_t flac_bytes(size_t count) { return (count + FRAME_SAMPLES - 1) / FRAME_SAMPLES * MAX_FRAME_BYTES; }

/* Encode samples [count, 2] -> frames numbered from `number`, and the size of each; only the last frame may be short.
   Returns the total size in bytes, or 0 without writing anything if `capacity` (bytes) or `frames` is too small. */
EXPORT size_t flac_frames(const int16_t *samples, size_t count, uint32_t number, uint8_t *to, size_t capacity,
                          uint32_t *sizes, size_t frames)
{
    if (flac_bytes(count) > capacity || (count + FRAME_SAMPLES - 1) / FRAME_SAMPLES > frames)
        return 0;
    uint8_t *end = to;
    for (size_t start = 0; start < count; start += FRAME_SAMPLES) {
        const size_t left = count - start;
        uint8_t *begin = end;
        end = put_frame(samples + 2 * start, left < FRAME_SAMPLES ? (int)left : FRAME_SAMPLES, number++, begin);
        *sizes++ = (uint32_t)(end - begin);
    }
    return (size_t)(end - to);
}
