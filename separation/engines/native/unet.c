/* Spleeter on a processor, window by window: spectrogram, U-Net [Jansson et al., ISMIR 2017], ratio masks, and back to
   samples.

   One call is one window on one thread; everything it writes lies in the caller's workspace, so threads need nothing
   of each other. Built on the machine that runs it, see library.py; called by engines/native.py. */

#include "direct.h"
#include "last.h"
#include "spectral.h"
#include "winograd.h"

enum {
    DEPTH = 6,
    LAST = 2 * DEPTH - 1,
    MASK = 4, /* taps along an axis */
    RIM = 3,  /* zeros around the plane that the mask layer sees */
    STEMS = 8
};
#define NORMALISATION 1e-3
#define EPSILON 1e-10f /* Spleeter's guard against a division by zero in silence */

typedef struct {
    int frames, bins; /* multiples of 64 */
    int widths[DEPTH];
    int encoder, decoder; /* enum activation */
    int softmax, exponent, networks, stems;
    int average; /* bins that the network does not know: their masks are the others' mean, or 0 */
} model;

/* A layer's weights as TensorFlow keeps them; `gamma` is null where nothing is normalised. */
typedef struct {
    const float *kernel, *bias, *gamma, *beta, *mean, *variance;
} variables;

/* A layer's shape, and where its packed weights begin. */
typedef struct {
    int up;
    int tile; /* of Winograd's filtering, if there is any */
    int channels, columns;
    size_t kernel, bias, scale, shift;
} plan;

typedef struct {
    plan layers[2 * DEPTH];
    size_t mask, floats;
} plans;

static size_t place(size_t *end, size_t floats)
{
    const size_t begin = *end;
    *end += (floats + 15) / 16 * 16;
    return begin;
}

static plans planned(const model *model)
{
    plans all = {0};
    for (int n = 0; n < 2 * DEPTH; n++) {
        plan *layer = &all.layers[n];
        layer->up = n >= DEPTH;
        if (!layer->up) {
            layer->channels = n == 0 ? 2 : padded(model->widths[n - 1]);
            layer->columns = padded(model->widths[n]);
        } else {
            const int below = LAST - n;
            layer->channels = padded(model->widths[below]) * (n == DEPTH ? 1 : 2);
            layer->columns = below ? padded(model->widths[below - 1]) : COLUMNS;
        }
        /* Tiles of two and raw kernels where weights are many and tiles few. */
        const int inner = layer->channels * layer->columns > 16384
                       && layer->channels % BLOCK == 0 && layer->columns % PANEL == 0;
        layer->tile = n == 0 || n == LAST ? 0 : inner ? 2 : 4;
        const int taps = n == LAST ? 1 : layer->tile == 4 ? products(4) : SQUARE;
        layer->kernel = place(&all.floats, (size_t)taps * layer->channels * layer->columns);
        layer->bias = place(&all.floats, layer->columns);
        layer->scale = place(&all.floats, layer->columns);
        layer->shift = place(&all.floats, layer->columns);
    }
    all.mask = place(&all.floats, MASK * MASK * 2 + 2);
    return all;
}

/* float32 that one packed network takes. */
EXPORT size_t packed_floats(const model *model) { return planned(model).floats; }

static void pack_kernel(const plan *layer, const double *kernel, int channel, int column, float *packed)
{
    if (layer->tile)
        pack_winograd(layer->tile, layer->up, kernel, layer->channels, layer->columns, channel, column, packed);
    else
        pack_direct(kernel, layer->channels, layer->columns, channel, column, packed);
}

static void pack_normalisation(const plan *layer, const variables *from, int width, float *packed)
{
    for (int n = 0; n < width; n++) {
        packed[layer->bias + n] = from->bias[n];
        if (from->gamma) {
            const double scale = from->gamma[n] / __builtin_sqrt(from->variance[n] + NORMALISATION);
            packed[layer->scale + n] = (float)scale;
            packed[layer->shift + n] = (float)(from->beta[n] - from->mean[n] * scale);
        }
    }
}

/* One network's weights, six layers of the encoder, six of the decoder, the mask layer, into `packed` (zeros). */
EXPORT void pack(const model *model, const variables *from, float *packed)
{
    const plans all = planned(model);
    for (int n = 0; n < 2 * DEPTH; n++) {
        const plan *layer = &all.layers[n];
        const int below = LAST - n;
        const int half = layer->up && n > DEPTH ? model->widths[below] : 0;
        const int channels = half ? 2 * half : n == 0 ? 2 : model->widths[n <= DEPTH ? n - 1 : below];
        const int width = !layer->up ? model->widths[n] : n == LAST ? 1 : model->widths[below - 1];
        float *kernel = packed + layer->kernel;
        for (int c = 0; c < channels; c++) {
            const int channel = half && c >= half ? padded(half) + c - half : c;
            if (n == LAST) {
                for (int tap = 0; tap < SQUARE; tap++)
                    kernel[place_in_panels(layer->channels, COLUMNS, channel, tap)] = from[n].kernel[tap * channels + c];
                continue;
            }
            for (int column = 0; column < width; column++) {
                double taps[SQUARE];
                for (int tap = 0; tap < SQUARE; tap++)
                    taps[tap] = from[n].kernel[layer->up ? (tap * width + column) * channels + c
                                                         : (tap * channels + c) * width + column];
                pack_kernel(layer, taps, channel, column, kernel);
            }
        }
        pack_normalisation(layer, &from[n], width, packed);
    }
    for (int n = 0; n < MASK * MASK * 2; n++)
        packed[all.mask + n] = from[2 * DEPTH].kernel[n];
    for (int n = 0; n < 2; n++)
        packed[all.mask + MASK * MASK * 2 + n] = from[2 * DEPTH].bias[n];
}

/* Where a window's images lie in a workspace. */
typedef struct {
    image magnitude;
    image next[DEPTH];   /* encoder layer n writes n, layer n + 1 reads it */
    image beside[DEPTH]; /* what encoder layer n gives to the decoder, and beside it what the decoder made of the rest */
    image plane;         /* the last decoder layer's, with a rim of zeros, which its origin and width count */
    float *work;
    spectrogram spectrogram;
    size_t floats;
} images;

static image laid_out(float *base, size_t *end, int height, int width, int channels)
{
    image made = {0, height, width, channels};
    const size_t floats = (size_t)(BEFORE + height + AFTER) * pitch(made);
    const size_t first = place(end, floats) + BEFORE * pitch(made) + BEFORE * channels;
    made.origin = base ? base + first : 0; /* without a base, only the sizes matter */
    return made;
}

static images laid_out_for(const model *model, float *base)
{
    const plans all = planned(model);
    images made = {0};
    size_t *end = &made.floats, most = 0;
    int height = model->frames, width = model->bins;
    made.magnitude = laid_out(base, end, height, width, 2);
    for (int n = 0; n < DEPTH; n++) {
        const int columns = padded(model->widths[n]), last = n == DEPTH - 1;
        height /= 2;
        width /= 2;
        if (!last)
            made.next[n] = laid_out(base, end, height, width, columns);
        made.beside[n] = laid_out(base, end, height, width, last ? columns : 2 * columns);
    }
    for (int n = 0; n < 2 * DEPTH; n++) {
        const plan *layer = &all.layers[n];
        const int level = n < DEPTH ? n + 1 : 2 * DEPTH - n; /* of the result, or of the decoder's input */
        const int wide = model->bins >> level, high = model->frames >> level, tile = layer->tile;
        const int columns = layer->columns, channels = layer->channels;
        size_t floats;
        if (n == LAST)
            floats = last_floats(wide);
        else if (!tile)
            floats = direct_floats(wide, columns);
        else if (layer->up)
            floats = winograd_floats(tile, columns, channels, high * wide / tile / tile);
        else
            floats = winograd_floats(tile, channels, columns, high * wide / tile / tile);
        most = floats > most ? floats : most;
    }
    const int row = RIM + model->bins + RIM;
    const size_t plane = place(end, (size_t)(RIM + model->frames + RIM) * row), work = place(end, most);
    const int kept = model->average ? BINS : model->bins;
    const size_t spectrum = place(end, (size_t)model->frames * kept * 4);
    const size_t one = place(end, 2 * BINS * LANES), other = place(end, 2 * BINS * LANES);
    if (base) {
        made.plane = (image){base + plane, model->frames, row, 1};
        made.work = base + work;
        made.spectrogram = (spectrogram){model->frames, model->bins, kept, (numbers *)(base + spectrum),
                                         {(numbers *)(base + one), (numbers *)(base + other)}};
    }
    return made;
}

/* float32 of a workspace. It begins as zeros, and is used for one model only. */
EXPORT size_t workspace_floats(const model *model) { return laid_out_for(model, 0).floats; }

static layer prepared(const plan *plan, const float *packed, int activation)
{
    return (layer){packed + plan->kernel, packed + plan->bias, packed + plan->scale, packed + plan->shift,
                   plan->columns,         activation,          {0},                  {0}};
}

static void encode(const model *model, const plans *all, const float *packed, images *at)
{
    for (int n = 0; n < DEPTH; n++) {
        const plan *plan = &all->layers[n];
        layer layer = prepared(plan, packed, model->encoder);
        const image in = n ? at->next[n - 1] : at->magnitude;
        layer.raw = at->beside[n];
        layer.into = at->next[n];
        if (plan->tile)
            winograd_down(plan->tile, in, &layer, at->work);
        else
            direct_down(in, &layer, at->work);
    }
}

static void decode(const model *model, const plans *all, const float *packed, images *at)
{
    for (int n = DEPTH; n < LAST; n++) {
        const plan *plan = &all->layers[n];
        layer layer = prepared(plan, packed, model->decoder);
        const int below = LAST - n;
        layer.into = at->beside[below - 1];
        layer.into.origin += plan->columns;
        winograd_up(plan->tile, at->beside[below], &layer, at->work);
    }
    const layer layer = prepared(&all->layers[LAST], packed, model->decoder);
    const image plane = at->plane;
    last_up(at->beside[0], &layer, plane.origin + RIM * plane.width + RIM, plane.width, at->work);
}

/* The mask layer: 4x4 with a dilation of 2, from one channel to two -> logits [frames, bins, 2]. */
static void logits(const model *model, image plane, const float *kernel, float *to)
{
    for (int y = 0; y < model->frames; y++)
        for (int x = 0; x < model->bins; x += LANES) {
            vec left = all(kernel[2 * MASK * MASK]), right = all(kernel[2 * MASK * MASK + 1]);
            for (int a = 0; a < MASK; a++)
                for (int b = 0; b < MASK; b++) {
                    const vec seen = load(plane.origin + (y + 2 * a) * (ptrdiff_t)plane.width + x + 2 * b);
                    left += seen * kernel[2 * (MASK * a + b)];
                    right += seen * kernel[2 * (MASK * a + b) + 1];
                }
            pairs both;
            both.even = left;
            both.odd = right;
            store_pairs(to + 2 * ((ptrdiff_t)y * model->bins + x), both);
        }
}

/* Logits of all networks -> each stem's share of the magnitude. One network for two stems: the other gets the rest. */
INLINE void shares(const model *model, const vec *logit, vec *share)
{
    if (!model->softmax) {
        for (int n = 0; n < model->networks; n++)
            share[n] = 1.0f / (1.0f + exponential(-logit[n]));
        if (model->networks < model->stems)
            share[1] = 1.0f / (1.0f + exponential(logit[0]));
        return;
    }
    vec most = logit[0], total = all(0);
    for (int n = 1; n < model->networks; n++)
        most = larger(most, logit[n]);
    for (int n = 0; n < model->networks; n++)
        total += share[n] = exponential(logit[n] - most);
    for (int n = 0; n < model->networks; n++)
        share[n] /= total;
}

/* Logits in `masks` -> ratio masks there. */
static void ratios(const model *model, image magnitude, float *const *masks)
{
    const int row = 2 * model->bins;
    for (int y = 0; y < model->frames; y++)
        for (int x = 0; x < row; x += LANES) {
            const vec loud = load(pixel(magnitude, y, 0) + x);
            const ptrdiff_t here = (ptrdiff_t)y * row + x;
            vec logit[STEMS], share[STEMS], total = all(0);
            for (int n = 0; n < model->networks; n++)
                logit[n] = load(masks[n] + here);
            shares(model, logit, share);
            for (int n = 0; n < model->stems; n++) {
                share[n] *= loud;
                if (model->exponent == 2)
                    share[n] *= share[n];
                total += share[n];
            }
            total += EPSILON;
            for (int n = 0; n < model->stems; n++)
                store(masks[n] + here, (share[n] + EPSILON / model->stems) / total);
        }
}

/* The masks of each stem, [frames, bins, 2], of the magnitudes in `at`. */
static void run(const model *model, const float *const *packed, images *at, float *const *masks)
{
    const plans all = planned(model);
    for (int n = 0; n < model->networks; n++) {
        encode(model, &all, packed[n], at);
        decode(model, &all, packed[n], at);
        logits(model, at->plane, packed[n] + all.mask, masks[n]);
    }
    ratios(model, at->magnitude, masks);
}

/* window [2, samples] -> share [stems, 2, samples]. `packed`: each network's weights; the workspace and the masks,
   [frames, bins, 2] for each stem, are this call's alone. */
EXPORT void separate(const model *model, const float *const *packed, const tapers *tapers, float *workspace,
                     float *const *masks, const float *window, float *share)
{
    images at = laid_out_for(model, workspace);
    const spectrogram *spectrogram = &at.spectrogram;
    const int masked = model->average ? model->stems - 1 : model->stems; /* such masks add up to one everywhere */
    analyse(spectrogram, tapers->before, window, at.magnitude);
    run(model, packed, &at, masks);
    for (int n = 0; n < masked; n++)
        synthesise(spectrogram, tapers->after, masks[n], share + n * 2 * samples(spectrogram));
    if (masked < model->stems)
        leave(spectrogram, tapers->covered, window, model->stems, share);
}
