/* What binding.py tells about a model: the shape of its networks, and how their output becomes masks. */

#ifndef STEMOTECA_MODEL_H
#define STEMOTECA_MODEL_H

#include "stft.h"

enum { DEPTH = 6, MAX_STEMS = 8 };

typedef struct {
    int frames, bins; /* multiples of 64 */
    int widths[DEPTH];
    int encoder, decoder; /* enum activation */
    int softmax, exponent, networks, stems;
    int average; /* masks above the network's bins: the mean of its masks if set, else 0 */
} model;

/* Whether the arrays on the stack and the layouts above hold for a model. */
static int is_supported(const model *model)
{
    for (int n = 0; n < DEPTH; n++)
        if (model->widths[n] < 1)
            return 0;
    return model->frames > 0 && model->frames % 64 == 0 && model->bins > 0 && model->bins % 64 == 0 && model->bins < BINS
        && model->stems >= 2 && model->stems <= MAX_STEMS
        && (model->networks == model->stems || (model->networks == 1 && model->stems == 2 && !model->softmax))
        && (model->exponent == 1 || model->exponent == 2);
}

#endif
