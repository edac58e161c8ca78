/* A convolution without a tape. */
#include "bare_layer.h"

#include <stdlib.h>
#include <string.h>

static float *random_numbers(int64_t n, uint64_t stream)
{
    float *x = take((size_t)n, sizeof *x);
    fill(AD_F32, x, (size_t)n, stream, -0.5, 0.5);
    return x;
}

bare_layer bare_layer_new(bare_layer_spec spec, int parts)
{
    bare_layer l = {.spec = spec, .parts = parts < BARE_PARTS ? parts : BARE_PARTS};
    l.to = (spec.side + 2 * spec.padding - spec.taps) / spec.stride + 1;
    l.patch = spec.taps * spec.taps * spec.in;
    l.x = random_numbers(spec.n * bare_image_of(&l), 1);
    l.filters = random_numbers(bare_filters_of(&l), 2);
    l.y = take((size_t)(spec.n * bare_result_of(&l)), sizeof(float));
    l.dy = random_numbers(spec.n * bare_result_of(&l), 3);
    l.dx = take((size_t)(spec.n * bare_image_of(&l)), sizeof(float));
    l.dfilters = take((size_t)bare_filters_of(&l), sizeof(float));
    l.patches = take((size_t)(l.parts * l.to * l.to * l.patch), sizeof(float));
    l.sums = take((size_t)(2 * l.parts * bare_filters_of(&l)), sizeof(float));
    return l;
}

void bare_layer_free(bare_layer *l)
{
    float *all[] = {l->x, l->filters, l->y, l->dy, l->dx, l->dfilters, l->patches, l->sums};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* Calls `with` for each tap of each result: where it looks in the image, -1 for padding. */
typedef void visit(const bare_layer *l, int64_t result, int64_t tap, int64_t pixel, float *image,
                   float *other);

static void for_each_tap(const bare_layer *l, visit *with, float *image, float *other)
{
    const bare_layer_spec *s = &l->spec;
    for (int64_t i = 0; i < l->to * l->to; i++)
        for (int64_t k = 0; k < s->taps * s->taps; k++) {
            int64_t row = i / l->to * s->stride + k / s->taps - s->padding;
            int64_t column = i % l->to * s->stride + k % s->taps - s->padding;
            bool inside = row >= 0 && row < s->side && column >= 0 && column < s->side;
            with(l, i, k, inside ? row * s->side + column : -1, image, other);
        }
}

static void copy_tap(const bare_layer *l, int64_t result, int64_t tap, int64_t pixel, float *image,
                     float *patches)
{
    float *to = patches + result * l->patch + tap * l->spec.in;
    if (pixel < 0)
        memset(to, 0, (size_t)l->spec.in * sizeof *to);
    else
        memcpy(to, image + pixel * l->spec.in, (size_t)l->spec.in * sizeof *to);
}

static void add_tap(const bare_layer *l, int64_t result, int64_t tap, int64_t pixel, float *image,
                    float *patches)
{
    const float *from = patches + result * l->patch + tap * l->spec.in;
    for (int64_t c = 0; pixel >= 0 && c < l->spec.in; c++)
        image[pixel * l->spec.in + c] += from[c];
}

static void depthwise_tap(const bare_layer *l, int64_t result, int64_t tap, int64_t pixel,
                          float *image, float *y)
{
    int64_t n = l->spec.in;
    const float *restrict x = image + pixel * n, *restrict w = l->filters + tap * n;
    for (int64_t c = 0; pixel >= 0 && c < n; c++)
        y[result * n + c] += x[c] * w[c];
}

/* image is that of x; its numbers' gradients lie as far from dx. */
static void depthwise_tap_back(const bare_layer *l, int64_t result, int64_t tap, int64_t pixel,
                               float *image, float *sums)
{
    int64_t n = l->spec.in, first = image - l->x;
    const float *restrict dy = l->dy + first / bare_image_of(l) * bare_result_of(l) + result * n;
    for (int64_t c = 0; pixel >= 0 && c < n; c++) {
        l->dx[first + pixel * n + c] += dy[c] * l->filters[tap * n + c];
        sums[tap * n + c] += dy[c] * image[pixel * n + c];
    }
}

void bare_layer_forward(const bare_layer *l, int64_t image, int part)
{
    float *x = l->x + image * bare_image_of(l), *y = l->y + image * bare_result_of(l);
    float *patches = l->patches + part * l->to * l->to * l->patch;
    if (l->spec.depthwise) {
        memset(y, 0, (size_t)bare_result_of(l) * sizeof *y);
        for_each_tap(l, depthwise_tap, x, y);
        return;
    }
    for_each_tap(l, copy_tap, x, patches);
    bare_product(bare_rows(patches, l->to * l->to, l->patch),
                 bare_rows(l->filters, l->patch, l->spec.out), y);
}

/* Adds to the part's sums of dfilters; dx only where it is wanted. */
void bare_layer_back(const bare_layer *l, int64_t image, int part, bool wants_dx)
{
    float *x = l->x + image * bare_image_of(l), *dx = l->dx + image * bare_image_of(l);
    const float *dy = l->dy + image * bare_result_of(l);
    float *patches = l->patches + part * l->to * l->to * l->patch;
    float *sums = l->sums + 2 * part * bare_filters_of(l), *product = sums + bare_filters_of(l);
    if (wants_dx)
        memset(dx, 0, (size_t)bare_image_of(l) * sizeof *dx);
    if (l->spec.depthwise) {
        for_each_tap(l, depthwise_tap_back, x, sums);
        return;
    }
    bare_matrix g = bare_rows(dy, l->to * l->to, l->spec.out);
    for_each_tap(l, copy_tap, x, patches);
    bare_product(bare_transposed(bare_rows(patches, l->to * l->to, l->patch)), g, product);
    for (int64_t i = 0; i < bare_filters_of(l); i++)
        sums[i] += product[i];
    if (!wants_dx)
        return;
    bare_product(g, bare_transposed(bare_rows(l->filters, l->patch, l->spec.out)), patches);
    for_each_tap(l, add_tap, dx, patches);
}

void bare_layer_begin(const bare_layer *l, int part)
{
    memset(l->sums + 2 * part * bare_filters_of(l), 0, (size_t)bare_filters_of(l) * sizeof(float));
}

void bare_layer_add_parts(const bare_layer *l)
{
    memcpy(l->dfilters, l->sums, (size_t)bare_filters_of(l) * sizeof(float));
    for (int part = 1; part < l->parts; part++)
        for (int64_t i = 0; i < bare_filters_of(l); i++)
            l->dfilters[i] += l->sums[2 * part * bare_filters_of(l) + i];
}
