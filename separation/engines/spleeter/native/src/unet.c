/* Spleeter's separation of one chunk: STFT, U-Nets [Jansson et al., ISMIR 2017], ratio masks, inverse STFT.

   One call separates one chunk on one thread. It writes only to the caller's arrays, so calls on several threads need no
   locks. No library does this as fast: the package index has nothing that computes 5x5 convolutions with stride 2, plain
   and transposed, by fast filtering (see winograd.h). Compiled by build.py, called through binding.py. */

#include "conv_direct.h"
#include "masks.h"
#include "output_layer.h"
#include "winograd.h"

enum { LAST = 2 * DEPTH - 1 }; /* the last decoder layer */
#define NORMALISATION 1e-3 /* epsilon of the batch normalisations */

/* Channels times columns of a layer whose transformed kernels are stored, at most. Fewer save a browser 66 of 165 MB for four
   stems. */
#if defined(__wasm__)
enum { MOST_TRANSFORMED = 6000 };
#else
enum { MOST_TRANSFORMED = 16384 };
#endif

/* A layer's weights in TensorFlow's layouts; `gamma` is null where there is no batch normalisation. */
typedef struct {
    const float *kernel, *bias, *gamma, *beta, *mean, *variance;
} variables;

/* A layer's shape, and the offsets of its packed weights in floats. */
typedef struct {
    int up;
    int tile; /* output pixels of a Winograd tile along an axis; 0: no Winograd */
    int channels, columns;
    size_t kernel, bias, scale, shift;
} layer_plan;

typedef struct {
    layer_plan layers[2 * DEPTH];
    size_t mask, floats;
} network_plan;

static size_t reserve(size_t *end, size_t floats)
{
    const size_t begin = *end;
    *end += (floats + 15) / 16 * 16;
    return begin;
}

static network_plan make_plan(const model *model)
{
    network_plan all = {0};
    for (int n = 0; n < 2 * DEPTH; n++) {
        layer_plan *layer = &all.layers[n];
        layer->up = n >= DEPTH;
        if (!layer->up) {
            layer->channels = n == 0 ? 2 : padded(model->widths[n - 1]);
            layer->columns = padded(model->widths[n]);
        } else {
            const int below = LAST - n;
            layer->channels = padded(model->widths[below]) * (n == DEPTH ? 1 : 2);
            layer->columns = below ? padded(model->widths[below - 1]) : TAP_COLUMNS;
        }
        /* Tiles of two with raw kernels where weights are many and tiles few. */
        const int inner = layer->channels * layer->columns > MOST_TRANSFORMED
                       && layer->channels % BLOCK == 0 && layer->columns % PANEL == 0;
        layer->tile = n == 0 || n == LAST ? 0 : inner ? 2 : 4;
        const int taps = n == LAST ? 1 : layer->tile == 4 ? product_count(4) : TAP_COUNT;
        layer->kernel = reserve(&all.floats, (size_t)taps * layer->channels * layer->columns);
        layer->bias = reserve(&all.floats, layer->columns);
        layer->scale = reserve(&all.floats, layer->columns);
        layer->shift = reserve(&all.floats, layer->columns);
    }
    all.mask = reserve(&all.floats, MASK_TAPS * MASK_TAPS * 2 + 2);
    return all;
}

/* Size of one packed network, in floats; 0 if the model is not supported. */
EXPORT size_t packed_floats(const model *model) { return is_supported(model) ? make_plan(model).floats : 0; }

static void pack_kernel(const layer_plan *layer, const double *kernel, int channel, int column, float *packed)
{
    if (layer->tile)
        pack_winograd(layer->tile, layer->up, kernel, layer->channels, layer->columns, channel, column, packed);
    else
        pack_conv_direct(kernel, layer->channels, layer->columns, channel, column, packed);
}

static void pack_normalisation(const layer_plan *layer, const variables *from, int width, float *packed)
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

/* Pack one network: encoder layers 1..6, decoder layers 1..6 and the mask layer -> packed [packed_floats], zeros before. */
EXPORT int pack(const model *model, const variables *from, float *packed)
{
    if (!is_supported(model))
        return -1;
    const network_plan all = make_plan(model);
    for (int n = 0; n < 2 * DEPTH; n++) {
        const layer_plan *layer = &all.layers[n];
        const int below = LAST - n;
        const int half = layer->up && n > DEPTH ? model->widths[below] : 0;
        const int channels = half ? 2 * half : n == 0 ? 2 : model->widths[n <= DEPTH ? n - 1 : below];
        const int width = !layer->up ? model->widths[n] : n == LAST ? 1 : model->widths[below - 1];
        float *kernel = packed + layer->kernel;
        for (int c = 0; c < channels; c++) {
            const int channel = half && c >= half ? padded(half) + c - half : c;
            if (n == LAST) {
                for (int tap = 0; tap < TAP_COUNT; tap++)
                    kernel[panel_index(layer->channels, TAP_COLUMNS, channel, tap)] = from[n].kernel[tap * channels + c];
                continue;
            }
            for (int column = 0; column < width; column++) {
                double taps[TAP_COUNT];
                for (int tap = 0; tap < TAP_COUNT; tap++)
                    taps[tap] = from[n].kernel[layer->up ? (tap * width + column) * channels + c
                                                         : (tap * channels + c) * width + column];
                pack_kernel(layer, taps, channel, column, kernel);
            }
        }
        pack_normalisation(layer, &from[n], width, packed);
    }
    for (int n = 0; n < MASK_TAPS * MASK_TAPS * 2; n++)
        packed[all.mask + n] = from[2 * DEPTH].kernel[n];
    for (int n = 0; n < 2; n++)
        packed[all.mask + MASK_TAPS * MASK_TAPS * 2 + n] = from[2 * DEPTH].bias[n];
    return 0;
}

/* The tensors of one chunk in the caller's workspace. */
typedef struct {
    tensor magnitude;
    tensor skip[DEPTH]; /* decoder input: skip connection of encoder layer n, and the layer below's output after it */
    tensor next[DEPTH]; /* output of encoder layer n, input of layer n + 1: in the place of what comes later into skip */
    tensor plane;       /* input of the mask layer; origin and width include its padding */
    float *work, *masks;
    spectrogram spectrogram;
    size_t floats;
} workspace;

static tensor place_tensor(float *base, size_t *end, int height, int width, int channels)
{
    tensor result = {0, height, width, channels, channels};
    const size_t floats = (size_t)(PAD_BEFORE + height + PAD_AFTER) * pitch(result);
    const size_t first = reserve(end, floats) + PAD_BEFORE * pitch(result) + PAD_BEFORE * channels;
    result.origin = base ? base + first : 0; /* without a base: sizes only */
    return result;
}

static workspace workspace_layout(const model *model, float *base)
{
    const network_plan all = make_plan(model);
    workspace layout = {0};
    size_t *end = &layout.floats, most = 0;
    int height = model->frames, width = model->bins;
    layout.magnitude = place_tensor(base, end, height, width, 2);
    for (int n = 0; n < DEPTH; n++) {
        const int columns = padded(model->widths[n]), last = n == DEPTH - 1;
        height /= 2;
        width /= 2;
        layout.skip[n] = place_tensor(base, end, height, width, last ? columns : 2 * columns);
        if (!last && base)
            layout.next[n] = from_channel(layout.skip[n], columns);
    }
    /* Where the tensors were, there is room for the stems, and behind them for the masks of a single network. */
    const int is_single = model->networks == 1;
    const size_t stems = (size_t)model->stems * 2 * (model->frames * HOP + FFT_LENGTH - HOP);
    const size_t later = stems + (is_single ? mask_count(model) * mask_floats(model) : 0);
    if (*end < later)
        *end = (later + 15) / 16 * 16;
    for (int n = 0; n < 2 * DEPTH; n++) {
        const layer_plan *layer = &all.layers[n];
        const int level = n < DEPTH ? n + 1 : 2 * DEPTH - n; /* halvings of encoder output or decoder input */
        const int wide = model->bins >> level, high = model->frames >> level, tile = layer->tile;
        const int columns = layer->columns, channels = layer->channels;
        size_t floats;
        if (n == LAST)
            floats = output_layer_floats(wide);
        else if (!tile)
            floats = conv_direct_floats(wide, columns);
        else if (layer->up)
            floats = winograd_floats(tile, columns, channels, high * wide / tile / tile);
        else
            floats = winograd_floats(tile, channels, columns, high * wide / tile / tile);
        most = floats > most ? floats : most;
    }
    const int row = MASK_PADDING + model->bins + MASK_PADDING;
    const size_t plane = reserve(end, (size_t)(MASK_PADDING + model->frames + MASK_PADDING) * row);
    const size_t work = reserve(end, most);
    const size_t masks = is_single ? stems : reserve(end, mask_count(model) * mask_floats(model));
    const int kept = model->average ? BINS : model->bins;
    const int groups = KEEPS_SPECTRUM ? model->frames / FRAME_GROUP : 1;
    const size_t spectrum = reserve(end, (size_t)groups * kept * 2 * LANES);
    const size_t one = reserve(end, 2 * BINS * LANES), other = reserve(end, 2 * BINS * LANES);
    if (base) {
        layout.plane = (tensor){base + plane, model->frames, row, 1, 1};
        layout.work = base + work;
        layout.masks = base + masks;
        layout.spectrogram = (spectrogram){model->frames, model->bins, kept, (complex_vec *)(base + spectrum),
                                         {(complex_vec *)(base + one), (complex_vec *)(base + other)}};
    }
    return layout;
}

/* Size of a workspace, in floats; 0 if the model is not supported. It must be zeros at first, and serve one model only. */
EXPORT size_t workspace_floats(const model *model) { return is_supported(model) ? workspace_layout(model, 0).floats : 0; }

static layer layer_with(const layer_plan *plan, const float *packed, int activation)
{
    return (layer){packed + plan->kernel, packed + plan->bias, packed + plan->scale, packed + plan->shift,
                   plan->columns,         activation,          {0},                  {0}};
}

static void encode(const model *model, const network_plan *all, const float *packed, workspace *at)
{
    for (int n = 0; n < DEPTH; n++) {
        const layer_plan *plan = &all->layers[n];
        layer layer = layer_with(plan, packed, model->encoder);
        const tensor in = n ? at->next[n - 1] : at->magnitude;
        layer.skip = at->skip[n];
        layer.output = at->next[n];
        if (plan->tile)
            winograd_encoder(plan->tile, in, &layer, at->work);
        else
            conv_direct(in, &layer, at->work);
    }
}

static void decode(const model *model, const network_plan *all, const float *packed, workspace *at)
{
    for (int n = DEPTH; n < LAST; n++) {
        const layer_plan *plan = &all->layers[n];
        layer layer = layer_with(plan, packed, model->decoder);
        const int below = LAST - n;
        layer.output = at->skip[below - 1];
        layer.output.origin += plan->columns;
        winograd_decoder(plan->tile, at->skip[below], &layer, at->work);
    }
    const layer layer = layer_with(&all->layers[LAST], packed, model->decoder);
    const tensor plane = at->plane;
    output_layer(at->skip[0], &layer, plane.origin + MASK_PADDING * plane.width + MASK_PADDING, plane.width, at->work);
}

/* Run all networks on at->magnitude -> at->masks. */
static void run_networks(const model *model, const float *packed, workspace *at)
{
    const network_plan all = make_plan(model);
    for (int n = 0; n < model->networks; n++, packed += all.floats) {
        encode(model, &all, packed, at);
        decode(model, &all, packed, at);
        logits(model, at->plane, packed + all.mask, at->masks + n * mask_floats(model));
    }
    ratio_masks(model, at->magnitude, at->masks);
}

/* Separate chunk [2, samples] -> stems [stems, 2, samples], samples = (frames + 3) * HOP. Returns 0, or -1 without touching
   anything if the model is not supported.

   packed: [networks, packed_floats]; space: [workspace_floats], whose beginning may be the place of the stems. */
EXPORT int separate(const model *model, const stft_windows *windows, const float *packed, float *space, const float *chunk,
                    float *stems)
{
    if (!is_supported(model))
        return -1;
    workspace at = workspace_layout(model, space);
    const spectrogram *spectrogram = &at.spectrogram;
    const int masked = masked_stems(model);
    clear_padding(at.magnitude);
    for (int n = 0; n < DEPTH; n++)
        clear_padding(at.skip[n]);
    stft(spectrogram, windows->analysis, chunk, at.magnitude);
    run_networks(model, packed, &at);
    istft(spectrogram, windows, chunk, masked, at.masks, stems);
    if (masked < model->stems)
        subtract_stems(spectrogram, windows->sum, chunk, model->stems, stems);
    return 0;
}
