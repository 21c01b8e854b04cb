/* Bit bit_writer and checksums of FLAC frames. */

#ifndef STEMOTECA_FLAC_BITS_H
#define STEMOTECA_FLAC_BITS_H

#include "vector.h"

typedef struct {
    uint8_t *to;
    uint64_t held;
    int count; /* of bits held, below 32 */
} bit_writer;

/* Append the lowest `count` <= 32 bits of `value`; its other bits must be zero. */
INLINE void put_bits(bit_writer *w, uint64_t value, int count)
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

INLINE void put_signed_bits(bit_writer *w, int32_t value, int count)
{
    put_bits(w, (uint32_t)value & (uint32_t)((1ull << count) - 1), count);
}

/* Pad with zeros to a whole byte, and flush. */
INLINE void align_to_byte(bit_writer *w)
{
    for (put_bits(w, 0, -w->count & 7); w->count; w->count -= 8)
        *w->to++ = (uint8_t)(w->held >> (w->count - 8));
    w->held = 0;
}

static uint8_t crc8_of[256];
static uint16_t crc16_of[8][256]; /* [n]: of a byte followed by n bytes */

static int crc_of_byte(int value, int width, int polynomial)
{
    for (int bit = 0; bit < 8; bit++)
        value = value << 1 ^ (value >> (width - 1) & 1 ? polynomial : 0);
    return value;
}

__attribute__((constructor)) static void fill_tables(void)
{
    for (int byte = 0; byte < 256; byte++) {
        crc8_of[byte] = (uint8_t)crc_of_byte(byte, 8, 0x107);
        crc16_of[0][byte] = (uint16_t)crc_of_byte(byte << 8, 16, 0x18005);
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

#endif
