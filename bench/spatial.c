/* Convolutions with both gradients, beside patches that are copied into a matrix and multiplied by BLIS. */
#include "bare_layer.h"

#include <math.h>
#include <stdlib.h>

enum { SMOKE_IMAGES = 2 };

/* ---- a convolution and both gradients --------------------------------------------------- */

typedef struct convolution {
    bare_layer bare;
    ad_pool *pool;
    ad_tape *tape;
    ad_view x, filters, dy;
    ad_convolution options;
    ad_tensor leaf[2], result;
} convolution;

static void convolution_adze(void *state)
{
    convolution *c = state;
    ad_tape_reset(c->tape); /* at the start, so that the results can be looked at */
    c->leaf[0] = ad_watch(c->tape, c->x);
    c->leaf[1] = ad_watch(c->tape, c->filters);
    c->result = ad_convolve(c->leaf[0], c->leaf[1], c->options);
    ad_backward_from(c->result, c->dy);
    check(c->tape);
}

static void part_of_convolution(void *user, int part, int parts)
{
    const bare_layer *l = &((const convolution *)user)->bare;
    int64_t begin, end;
    bare_share(l->spec.n, part, parts, &begin, &end);
    bare_layer_begin(l, part);
    for (int64_t i = begin; i < end; i++) {
        bare_layer_forward(l, i, part);
        bare_layer_back(l, i, part, true);
    }
}

static void convolution_bare(void *state)
{
    convolution *c = state;
    bare_run(c->pool, c->bare.parts, part_of_convolution, c);
    bare_layer_add_parts(&c->bare);
}

static double convolution_difference(void *state)
{
    const convolution *c = state;
    return fmax(difference(ad_read(c->result), c->bare.y),
                fmax(difference(ad_grad(c->leaf[0]), c->bare.dx),
                     difference(ad_grad(c->leaf[1]), c->bare.dfilters)));
}

static bench_work convolution_setup(const bench_case *this, const bench_setting *s)
{
    convolution *c = take(1, sizeof *c);
    bare_layer_spec spec = *(const bare_layer_spec *)this->spec;
    spec.n = s->smoke ? SMOKE_IMAGES : spec.n;
    c->pool = s->pool;
    c->tape = bench_tape(s->pool);
    c->bare = bare_layer_new(spec, ad_pool_threads(s->pool));
    const bare_layer *l = &c->bare;
    int64_t t = spec.taps, p = spec.padding, in = spec.depthwise ? 1 : spec.in;
    c->x = ad_view_of(AD_F32, l->x, AD_SHAPE(spec.n, spec.side, spec.side, spec.in));
    c->filters = ad_view_of(AD_F32, l->filters, AD_SHAPE(t, t, in, spec.out));
    c->dy = ad_view_of(AD_F32, l->dy, AD_SHAPE(spec.n, l->to, l->to, spec.out));
    c->options = (ad_convolution){.stride = {spec.stride, spec.stride},
                                  .before = {p, p},
                                  .after = {p, p},
                                  .groups = spec.depthwise ? spec.in : 1};
    double numbers = (double)(spec.n * bare_result_of(l));
    double seen = (double)(spec.depthwise ? t * t : l->patch);
    double bytes =
        2 * (double)(spec.n * (bare_image_of(l) + bare_result_of(l)) + bare_filters_of(l));
    return (bench_work){c, c->tape, 1, 6 * numbers * seen, bytes * sizeof(float), NULL};
}

static void convolution_teardown(void *state)
{
    convolution *c = state;
    ad_tape_free(c->tape);
    bare_layer_free(&c->bare);
    free(c);
}

static const bench_kind convolution_kind = {.setup = convolution_setup,
                                            .adze = convolution_adze,
                                            .bare = convolution_bare,
                                            .difference = convolution_difference,
                                            .teardown = convolution_teardown};

#define CONVOLUTION(name, what, ...)                            \
    {                                                           \
        name, what, &convolution_kind, &(const bare_layer_spec) \
        {                                                       \
            __VA_ARGS__                                         \
        }                                                       \
    }

static const bench_case cases[] = {
    CONVOLUTION("conv3x3_64", "3x3 64 to 64 on 32 of 14x14, and gradients", 32, 14, 64, 3, 64, 1, 1,
                false),
    CONVOLUTION("conv3x3_16_32", "3x3 16 to 32 on 64 of 28x28, and gradients", 64, 28, 16, 3, 32, 1,
                1, false),
    CONVOLUTION("conv3x3_stride2", "the same by steps of two", 64, 28, 16, 3, 32, 2, 1, false),
    CONVOLUTION("conv1x1_64_256", "1x1 64 to 256 on 32 of 14x14, and gradients", 32, 14, 64, 1, 256,
                1, 0, false),
    CONVOLUTION("conv_depthwise_64", "3x3 by channel, 64 of them, on 32 of 28x28, and gradients",
                32, 28, 64, 3, 64, 1, 1, true),
};

const bench_table spatial_table = BENCH_TABLE(cases);
