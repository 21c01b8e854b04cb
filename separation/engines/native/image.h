/* Images between layers: rows of pixels, a pixel's channels side by side, zeros around them as convolutions want. */

#ifndef STEMOTECA_IMAGE_H
#define STEMOTECA_IMAGE_H

#include "vector.h"

enum { TAPS = 5 }; /* of a kernel, along each axis */
enum { BEFORE = 1, AFTER = 2 }; /* pixels of zeros */

typedef struct {
    float *origin; /* pixel (0, 0) */
    int height, width, channels;
} image;

INLINE ptrdiff_t pitch(image of) { return (ptrdiff_t)(BEFORE + of.width + AFTER) * of.channels; }

INLINE float *pixel(image of, int y, int x) { return of.origin + y * pitch(of) + (ptrdiff_t)x * of.channels; }

/* What a layer does with its sums. `raw` and `into` may be parts of wider images, from a channel on. */
typedef struct {
    const float *kernel; /* packed */
    const float *bias, *scale, *shift;
    int columns; /* channels of the result, whole vectors */
    enum activation activation;
    image raw;  /* encoder: sums with bias, for the decoder */
    image into; /* what the next layer sees */
} layer;

/* Decoder: activated first, then normalised. */
INLINE vec finished_up(const layer *layer, int n, vec sum)
{
    return activated(layer->activation, sum + load(layer->bias + n)) * load(layer->scale + n) + load(layer->shift + n);
}

/* Encoder: the decoder gets what the convolution gave, the next layer sees it normalised and activated. */
INLINE void finish_down(const layer *layer, int y, int x, int n, vec sum)
{
    sum += load(layer->bias + n);
    store(pixel(layer->raw, y, x) + n, sum);
    if (layer->into.origin) {
        sum = sum * load(layer->scale + n) + load(layer->shift + n);
        store(pixel(layer->into, y, x) + n, activated(layer->activation, sum));
    }
}

#endif
