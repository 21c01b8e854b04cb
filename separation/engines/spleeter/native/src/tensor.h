/* Tensors between layers: [height, width, channels], channels innermost, with the zero padding that the convolutions of
   Spleeter's U-Net (5x5, stride 2, "same") read. */

#ifndef STEMOTECA_TENSOR_H
#define STEMOTECA_TENSOR_H

#include "vector.h"

enum { TAPS = 5 }; /* kernel size along each axis */
enum { PAD_BEFORE = 1, PAD_AFTER = 2 }; /* zero pixels along each axis */

typedef struct {
    float *origin; /* pixel (0, 0) */
    int height, width, channels;
    int stride; /* floats from a pixel to the next: more than its channels in a part of a wider tensor */
} tensor;

INLINE ptrdiff_t pitch(tensor of) { return (ptrdiff_t)(PAD_BEFORE + of.width + PAD_AFTER) * of.stride; }

INLINE float *pixel(tensor of, int y, int x) { return of.origin + y * pitch(of) + (ptrdiff_t)x * of.stride; }

/* The same pixels from a channel on. */
INLINE tensor from_channel(tensor of, int channel)
{
    return (tensor){of.origin + channel, of.height, of.width, of.channels - channel, of.stride};
}

static void clear_padding(tensor of)
{
    for (int y = -PAD_BEFORE; y < of.height + PAD_AFTER; y++) {
        const int is_outside = y < 0 || y >= of.height;
        const ptrdiff_t before = is_outside ? pitch(of) : (ptrdiff_t)PAD_BEFORE * of.stride;
        __builtin_memset(pixel(of, y, -PAD_BEFORE), 0, (size_t)before * sizeof(float));
        if (!is_outside)
            __builtin_memset(pixel(of, y, of.width), 0, (size_t)PAD_AFTER * of.stride * sizeof(float));
    }
}

/* A layer's weights, and where its results go: `skip` and `output` may be parts of wider tensors. */
typedef struct {
    const float *kernel; /* packed */
    const float *bias, *scale, *shift;
    int columns; /* output channels, padded to whole vectors */
    enum activation activation;
    tensor skip;   /* encoder: convolution and bias only, for the skip connection */
    tensor output; /* the next layer's input */
} layer;

/* Decoder: activation, then batch normalisation. */
INLINE vec decoder_output(const layer *layer, int n, vec sum)
{
    return activated(layer->activation, sum + load(layer->bias + n)) * load(layer->scale + n) + load(layer->shift + n);
}

/* Encoder: batch normalisation, then activation; the skip connection gets neither. */
INLINE void encoder_output(const layer *layer, int y, int x, int n, vec sum)
{
    sum += load(layer->bias + n);
    store(pixel(layer->skip, y, x) + n, sum);
    if (layer->output.origin) {
        sum = sum * load(layer->scale + n) + load(layer->shift + n);
        store(pixel(layer->output, y, x) + n, activated(layer->activation, sum));
    }
}

#endif
