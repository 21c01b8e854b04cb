/* From the output of the last decoder layers to ratio masks: the mask layer and Spleeter's soft masks. */

#ifndef STEMOTECA_MASKS_H
#define STEMOTECA_MASKS_H

#include "model.h"

enum {
    MASK_TAPS = 4,   /* kernel size along each axis */
    MASK_PADDING = 3 /* zeros around the mask layer's input */
};
#define EPSILON 1e-10f /* Spleeter's, against a division by zero in silence */

/* The mask layer: a 4x4 convolution with dilation 2, from one channel to two -> logits [frames, bins, 2]. */
static void logits(const model *model, tensor plane, const float *kernel, float *to)
{
    for (int y = 0; y < model->frames; y++)
        for (int x = 0; x < model->bins; x += LANES) {
            vec left = splat(kernel[2 * MASK_TAPS * MASK_TAPS]), right = splat(kernel[2 * MASK_TAPS * MASK_TAPS + 1]);
            for (int a = 0; a < MASK_TAPS; a++)
                for (int b = 0; b < MASK_TAPS; b++) {
                    const vec seen = load(plane.origin + (y + 2 * a) * (ptrdiff_t)plane.width + x + 2 * b);
                    left += seen * kernel[2 * (MASK_TAPS * a + b)];
                    right += seen * kernel[2 * (MASK_TAPS * a + b) + 1];
                }
            pairs both;
            both.even = left;
            both.odd = right;
            store_pairs(to + 2 * ((ptrdiff_t)y * model->bins + x), both);
        }
}

/* Logits of all networks -> each stem's fraction of the magnitude. One network for two stems: 1 - sigmoid for the other. */
INLINE void stem_fractions(const model *model, const vec *logit, vec *fraction)
{
    if (!model->softmax) {
        for (int n = 0; n < model->networks; n++)
            fraction[n] = 1.0f / (1.0f + exponential(-logit[n]));
        if (model->networks < model->stems)
            fraction[1] = 1.0f / (1.0f + exponential(logit[0]));
        return;
    }
    vec most = logit[0], total = splat(0);
    for (int n = 1; n < model->networks; n++)
        most = vec_max(most, logit[n]);
    for (int n = 0; n < model->networks; n++)
        total += fraction[n] = exponential(logit[n] - most);
    for (int n = 0; n < model->networks; n++)
        fraction[n] /= total;
}

/* How many stems are made with their mask: averaged ones add up to one at every bin, so the last stem is what remains. */
INLINE int masked_stems(const model *model) { return model->average ? model->stems - 1 : model->stems; }

/* How many arrays [frames, bins, 2] the logits and then the masks take. */
INLINE int mask_count(const model *model)
{
    return model->networks > masked_stems(model) ? model->networks : masked_stems(model);
}

INLINE size_t mask_floats(const model *model) { return (size_t)model->frames * model->bins * 2; }

/* Logits in `masks` [mask_count, frames, bins, 2] -> ratio masks of the masked stems, in place. */
static void ratio_masks(const model *model, tensor magnitude, float *masks)
{
    const int row = 2 * model->bins;
    const ptrdiff_t each = (ptrdiff_t)model->frames * row;
    for (int y = 0; y < model->frames; y++)
        for (int x = 0; x < row; x += LANES) {
            const vec loud = load(pixel(magnitude, y, 0) + x);
            const ptrdiff_t here = (ptrdiff_t)y * row + x;
            vec logit[MAX_STEMS], fraction[MAX_STEMS], total = splat(0);
            for (int n = 0; n < model->networks; n++)
                logit[n] = load(masks + n * each + here);
            stem_fractions(model, logit, fraction);
            for (int n = 0; n < model->stems; n++) {
                fraction[n] *= loud;
                if (model->exponent == 2)
                    fraction[n] *= fraction[n];
                total += fraction[n];
            }
            total += EPSILON;
            for (int n = 0; n < masked_stems(model); n++)
                store(masks + n * each + here, (fraction[n] + EPSILON / model->stems) / total);
        }
}

#endif
