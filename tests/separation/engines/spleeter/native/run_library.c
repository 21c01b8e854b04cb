/* Run a native library without Python: separate one chunk with made-up weights, encode the first stem as FLAC.

   run_library LIBRARY: writes the stems (float32) and the FLAC frames to standard output. */

#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 13, FRAMES = 64, BINS = 64, STEMS = 2, HOP = 1024, LENGTH = 4096, SAMPLES = (FRAMES + 3) * HOP };

typedef struct { int frames, bins, widths[6], encoder, decoder, softmax, exponent, networks, stems, average; } model;
typedef struct { const float *kernel, *bias, *gamma, *beta, *mean, *variance; } variables;
typedef struct { const float *analysis, *synthesis, *sum; } windows;

static uint32_t state = 1;

static float noise(void)
{
    state = state * 1664525u + 1013904223u;
    return (float)(int32_t)state / 2147483648.0f;
}

/* Zeros, aligned for vectors. */
static float *zeros(size_t count)
{
    const size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
    return memset(aligned_alloc(64, bytes), 0, bytes);
}

static float *floats(size_t count, float scale, float offset)
{
    float *result = zeros(count);
    for (size_t n = 0; n < count; n++)
        result[n] = scale * noise() + offset;
    return result;
}

int main(int count, char **arguments)
{
    void *library = count == 2 ? dlopen(arguments[1], RTLD_NOW) : 0;
    if (!library) {
        fprintf(stderr, "%s\n", count == 2 ? dlerror() : "usage: run_library LIBRARY");
        return 1;
    }
    size_t (*packed_floats)(const model *) = (size_t(*)(const model *))dlsym(library, "packed_floats");
    size_t (*workspace_floats)(const model *) = (size_t(*)(const model *))dlsym(library, "workspace_floats");
    int (*pack)(const model *, const variables *, float *) =
        (int (*)(const model *, const variables *, float *))dlsym(library, "pack");
    int (*separate)(const model *, const windows *, const float *, float *, const float *, float *) =
        (int (*)(const model *, const windows *, const float *, float *, const float *, float *))dlsym(library, "separate");
    size_t (*flac_bytes)(size_t) = (size_t(*)(size_t))dlsym(library, "flac_bytes");
    size_t (*flac_frames)(const int16_t *, size_t, uint32_t, uint8_t *, size_t, uint32_t *, size_t) =
        (size_t(*)(const int16_t *, size_t, uint32_t, uint8_t *, size_t, uint32_t *, size_t))dlsym(library, "flac_frames");

    const model model = {FRAMES, BINS, {4, 8, 12, 16, 24, 32}, 1, 0, 0, 2, STEMS, STEMS, 0};
    const size_t each = packed_floats(&model);
    float *packed = zeros(STEMS * each);
    for (int network = 0; network < STEMS; network++) {
        variables layers[LAYERS] = {{0}};
        for (int n = 0; n < LAYERS - 1; n++) {
            const int up = n >= 6, below = 11 - n; /* the layers' widths, as in unet.c */
            const int channels = !up ? (n ? model.widths[n - 1] : 2) : model.widths[below] * (n == 6 ? 1 : 2);
            const int width = !up ? model.widths[n] : below ? model.widths[below - 1] : 1;
            const float scale = sqrtf(3.0f / (channels * (up ? 6.0f : 25.0f)));
            layers[n] = (variables){floats(25 * channels * width, scale, 0), floats(width, 0.1f, 0), floats(width, 0.2f, 1),
                                    floats(width, 0.1f, 0), floats(width, 0.1f, 0), floats(width, 0.2f, 1)};
        }
        layers[LAYERS - 1] = (variables){floats(4 * 4 * 2, 0.5f, 0), floats(2, 0.1f, 0), 0, 0, 0, 0};
        if (pack(&model, layers, packed + network * each))
            return 2;
    }

    float *window = zeros(LENGTH);
    for (int n = 0; n < LENGTH; n++)
        window[n] = 0.5f - 0.5f * (float)cos(2 * 3.14159265358979 * n / LENGTH);
    const windows windows = {window, window, floats(SAMPLES, 0, 1)};
    float *chunk = zeros(2 * SAMPLES);
    for (int n = 0; n < 2 * SAMPLES; n++)
        chunk[n] = 0.3f * (float)sin(n * 0.013) + 0.2f * noise();
    float *workspace = zeros(workspace_floats(&model));
    float *stems = zeros((size_t)STEMS * 2 * SAMPLES);
    if (separate(&model, &windows, packed, workspace, chunk, stems))
        return 3;
    fwrite(stems, sizeof(float), (size_t)STEMS * 2 * SAMPLES, stdout);

    int16_t *pcm = malloc(2 * SAMPLES * sizeof(int16_t));
    for (int n = 0; n < 2 * SAMPLES; n++)
        pcm[n] = (int16_t)(20000 * sin(n * 0.001) + 300 * noise());
    uint8_t *flac = malloc(flac_bytes(SAMPLES));
    uint32_t sizes[SAMPLES / 4096 + 1];
    const size_t size = flac_frames(pcm, SAMPLES, 0, flac, flac_bytes(SAMPLES), sizes, SAMPLES / 4096 + 1);
    if (!size)
        return 4;
    fwrite(flac, 1, size, stdout);
    return 0;
}
