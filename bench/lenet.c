/* A training step of LeNet-5 (LeCun et al. 1998) on random images: 5x5 filters to 6 channels, relu, means of 2x2, 5x5
 * to 16, relu, means, 120, 84, 10; cross entropy, gradient descent. In bare form, which has one thread, images go one
 * by one through the filters, all at once through the matrices. */
#include "bare_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, CLASSES = 10, FILTERS = 2, MATRICES = 3, LAYERS = FILTERS + MATRICES };
static const int64_t WIDTH[MATRICES + 1] = {400, 120, 84, CLASSES};
static const double RATE = 1e-7; /* so that the numbers stay in their range */

AD_MODEL(lenet_layer, w, b);
AD_MODEL(lenet, (lenet_layer, layer, LAYERS));

typedef struct work {
    int64_t batch;
    /* adze */
    ad_tape *tape;
    ad_pool *pool;
    lenet model, gradient;
    ad_sgd how;
    ad_states states;
    ad_view images, labels;
    /* bare */
    bare_layer filters[FILTERS];
    float *pooled[FILTERS], *slope[FILTERS]; /* means; what comes back to them */
    float *w[LAYERS], *b[LAYERS], *dw[LAYERS], *db[LAYERS];
    float *h[MATRICES], *dh[MATRICES]; /* results of matrices */
    int32_t *label;
} work;

/* ---- adze ------------------------------------------------------------------------------- */

static ad_tensor apply(const lenet_tensors *m, ad_tensor x)
{
    const lenet_layer_tensors *l = m->layer;
    ad_pooling halves = {.window = {2, 2}};
    ad_convolution same = {.before = {2, 2}, .after = {2, 2}}, valid = {0};
    x = ad_mean_pool(ad_convolve_layer(x, l[0].w, l[0].b, AD_RELU, same), halves);
    x = ad_mean_pool(ad_convolve_layer(x, l[1].w, l[1].b, AD_RELU, valid), halves);
    x = ad_reshape(x, AD_SHAPE(-1, WIDTH[0]));
    x = ad_dense(x, l[2].w, l[2].b, AD_RELU);
    x = ad_dense(x, l[3].w, l[3].b, AD_RELU);
    return ad_dense(x, l[4].w, l[4].b, AD_IDENTITY);
}

static void step_adze(void *state)
{
    work *s = state;
    ad_tape_reset(s->tape);
    lenet_tensors m = lenet_watch(s->tape, &s->model);
    ad_tensor y = apply(&m, ad_freeze(s->tape, s->images));
    ad_tensor loss = ad_softmax_cross_entropy(y, ad_freeze(s->tape, s->labels));
    if (lenet_gradient(loss, &m, &s->gradient) != AD_OK)
        check(s->tape);
    ad_method sgd = ad_sgd_method(&s->how);
    sgd.pool = s->pool;
    if (lenet_step(sgd, &s->gradient, &s->states, &s->model, NULL) != AD_OK)
        fail("sgd refuses a step");
}

/* ---- bare: filters ------------------------------------------------------------------------ */

static void add_bias_and_relu(float *restrict y, const float *restrict b, int64_t rows, int64_t n)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < n; k++)
            y[i * n + k] = fmaxf(y[i * n + k] + b[k], 0);
}

/* The means of an image's squares of 2 by 2. */
static void halve(const float *restrict y, int64_t side, int64_t n, float *restrict to)
{
    for (int64_t i = 0; i < side / 2; i++)
        for (int64_t j = 0; j < side / 2; j++)
            for (int64_t k = 0; k < n; k++) {
                const float *from = y + (2 * i * side + 2 * j) * n + k;
                to[(i * side / 2 + j) * n + k] =
                    (from[0] + from[n] + from[side * n] + from[(side + 1) * n]) / 4;
            }
}

/* Back through means and relu; adds to db. */
static void halve_back(const float *restrict y, const float *restrict slope, int64_t side,
                       int64_t n, float *restrict dy, float *restrict db)
{
    for (int64_t i = 0; i < side; i++)
        for (int64_t j = 0; j < side; j++)
            for (int64_t k = 0; k < n; k++) {
                int64_t at = (i * side + j) * n + k;
                float g = slope[(i / 2 * side / 2 + j / 2) * n + k] / 4;
                dy[at] = y[at] > 0 ? g : 0;
                db[k] += dy[at];
            }
}

static int64_t pooled_of(const bare_layer *l)
{
    return bare_result_of(l) / 4;
}

static void filters_forward(work *s, int64_t image)
{
    for (int k = 0; k < FILTERS; k++) {
        bare_layer *l = &s->filters[k];
        float *y = l->y + image * bare_result_of(l);
        bare_layer_forward(l, image, 0);
        add_bias_and_relu(y, s->b[k], l->to * l->to, l->spec.out);
        halve(y, l->to, l->spec.out, s->pooled[k] + image * pooled_of(l));
    }
}

static void filters_back(work *s, int64_t image)
{
    for (int k = FILTERS - 1; k >= 0; k--) {
        bare_layer *l = &s->filters[k];
        int64_t at = image * bare_result_of(l);
        halve_back(l->y + at, s->slope[k] + image * pooled_of(l), l->to, l->spec.out, l->dy + at,
                   s->db[k]);
        bare_layer_back(l, image, 0, k > 0);
    }
}

/* ---- bare: matrices ------------------------------------------------------------------------ */

static void matrices_forward(work *s)
{
    const float *x = s->pooled[FILTERS - 1];
    for (int k = 0; k < MATRICES; x = s->h[k++]) {
        float *b = s->b[FILTERS + k], *y = s->h[k];
        bare_product(bare_rows(x, s->batch, WIDTH[k]),
                     bare_rows(s->w[FILTERS + k], WIDTH[k], WIDTH[k + 1]), y);
        if (k + 1 < MATRICES)
            add_bias_and_relu(y, b, s->batch, WIDTH[k + 1]);
        for (int64_t i = 0; k + 1 == MATRICES && i < s->batch * CLASSES; i++)
            y[i] += b[i % CLASSES];
    }
}

static void softmax_back(const work *s)
{
    for (int64_t i = 0; i < s->batch; i++) {
        const float *y = s->h[MATRICES - 1] + i * CLASSES;
        float *g = s->dh[MATRICES - 1] + i * CLASSES, most = y[0], sum = 0;
        for (int k = 1; k < CLASSES; k++)
            most = fmaxf(most, y[k]);
        for (int k = 0; k < CLASSES; k++)
            sum += g[k] = expf(y[k] - most);
        for (int k = 0; k < CLASSES; k++)
            g[k] = (g[k] / sum - (k == s->label[i] ? 1.F : 0.F)) / (float)s->batch;
    }
}

static void matrices_back(work *s)
{
    softmax_back(s);
    for (int k = MATRICES - 1; k >= 0; k--) {
        const float *x = k ? s->h[k - 1] : s->pooled[FILTERS - 1];
        float *g = s->dh[k], *dx = k ? s->dh[k - 1] : s->slope[FILTERS - 1], *db;
        db = s->db[FILTERS + k];
        memset(db, 0, (size_t)WIDTH[k + 1] * sizeof *db);
        for (int64_t i = 0; i < s->batch; i++)
            for (int64_t j = 0; j < WIDTH[k + 1]; j++)
                db[j] += g[i * WIDTH[k + 1] + j];
        bare_product(bare_transposed(bare_rows(x, s->batch, WIDTH[k])),
                     bare_rows(g, s->batch, WIDTH[k + 1]), s->dw[FILTERS + k]);
        bare_product(bare_rows(g, s->batch, WIDTH[k + 1]),
                     bare_transposed(bare_rows(s->w[FILTERS + k], WIDTH[k], WIDTH[k + 1])), dx);
        for (int64_t i = 0; k && i < s->batch * WIDTH[k]; i++)
            dx[i] = x[i] > 0 ? dx[i] : 0;
    }
}

/* ---- bare: the step ------------------------------------------------------------------------ */

static size_t count_of(const ad_array *a)
{
    return ad_array_count(a);
}

static void descend(float *restrict x, const float *restrict g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] -= (float)RATE * g[i];
}

static void step_bare(void *state)
{
    work *s = state;
    for (int k = 0; k < FILTERS; k++) {
        bare_layer_begin(&s->filters[k], 0);
        memset(s->db[k], 0, count_of(&s->model.layer[k].b) * sizeof(float));
    }
    for (int64_t i = 0; i < s->batch; i++)
        filters_forward(s, i);
    matrices_forward(s);
    matrices_back(s);
    for (int64_t i = 0; i < s->batch; i++)
        filters_back(s, i);
    for (int k = 0; k < FILTERS; k++)
        bare_layer_add_parts(&s->filters[k]);
    for (int k = 0; k < LAYERS; k++) {
        descend(s->w[k], s->dw[k], count_of(&s->model.layer[k].w));
        descend(s->b[k], s->db[k], count_of(&s->model.layer[k].b));
    }
}

static double step_difference(void *state)
{
    const work *s = state;
    double worst = 0;
    for (int k = 0; k < LAYERS; k++) {
        worst = fmax(worst, difference(ad_array_view(s->gradient.layer[k].w), s->dw[k]));
        worst = fmax(worst, difference(ad_array_view(s->gradient.layer[k].b), s->db[k]));
    }
    return worst;
}

/* ---- setup -------------------------------------------------------------------------- */

/* Weights for both: adze's are a copy. */
static void set_layer(work *s, int k, ad_shape shape, float *w, uint64_t stream)
{
    lenet_layer *l = &s->model.layer[k];
    int64_t outputs = shape.dim[shape.rank - 1];
    l->w = ad_zeros(AD_F32, shape);
    l->b = ad_zeros(AD_F32, AD_SHAPE(outputs));
    if (!l->w.data || !l->b.data)
        fail("no memory for the weights");
    fill(AD_F32, w, count_of(&l->w), stream, -0.2, 0.2);
    memcpy(l->w.data, w, count_of(&l->w) * sizeof *w);
    s->w[k] = w;
    s->b[k] = take((size_t)outputs, sizeof(float));
    s->db[k] = take((size_t)outputs, sizeof(float));
}

static void set_filters(work *s)
{
    static const bare_layer_spec spec[FILTERS] = {
        {.side = SIDE, .in = 1, .taps = 5, .out = 6, .stride = 1, .padding = 2},
        {.side = SIDE / 2, .in = 6, .taps = 5, .out = 16, .stride = 1}};
    for (int k = 0; k < FILTERS; k++) {
        bare_layer_spec how = spec[k];
        how.n = s->batch;
        s->filters[k] = bare_layer_new(how, 1);
        set_layer(s, k, AD_SHAPE(how.taps, how.taps, how.in, how.out), s->filters[k].filters,
                  (uint64_t)k);
        s->dw[k] = s->filters[k].dfilters;
    }
    s->pooled[0] = s->filters[1].x;
    s->slope[0] = s->filters[1].dx;
    s->pooled[1] = take((size_t)(s->batch * WIDTH[0]), sizeof(float));
    s->slope[1] = take((size_t)(s->batch * WIDTH[0]), sizeof(float));
}

static void set_matrices(work *s)
{
    for (int k = 0; k < MATRICES; k++) {
        size_t weights = (size_t)(WIDTH[k] * WIDTH[k + 1]);
        size_t results = (size_t)(s->batch * WIDTH[k + 1]);
        set_layer(s, FILTERS + k, AD_SHAPE(WIDTH[k], WIDTH[k + 1]), take(weights, sizeof(float)),
                  (uint64_t)(FILTERS + k));
        s->dw[FILTERS + k] = take(weights, sizeof(float));
        s->h[k] = take(results, sizeof(float));
        s->dh[k] = take(results, sizeof(float));
    }
}

static bench_work step_setup(const bench_case *this, const bench_setting *setting)
{
    enum { STEP_FLOPS = 6 * (SIDE * SIDE * 25 * 6 + 100 * 150 * 16 + 400 * 120 + 120 * 84 + 840) };
    /* Results and what comes back to them; filters and matrices, their gradients, and what they become. */
    enum { RESULTS = 784 + 2 * (4704 + 1176 + 1600 + 400 + 120 + 84 + CLASSES), WEIGHTS = 61706 };
    work *s = take(1, sizeof *s);
    s->batch = *(const int64_t *)this->spec;
    double bytes = (double)RESULTS * (double)s->batch + 3.0 * WEIGHTS;
    s->pool = setting->pool;
    s->tape = bench_tape(setting->pool);
    s->how = (ad_sgd){.rate = RATE};
    set_filters(s);
    set_matrices(s);
    s->label = take((size_t)s->batch, sizeof *s->label);
    for (int64_t i = 0; i < s->batch; i++)
        s->label[i] = (int32_t)(i % CLASSES);
    s->images = ad_view_of(AD_F32, s->filters[0].x, AD_SHAPE(s->batch, SIDE, SIDE, 1));
    s->labels = ad_view_of(AD_I32, s->label, AD_SHAPE(s->batch));
    return (bench_work){
        s, s->tape, 1, (double)STEP_FLOPS * (double)s->batch, bytes * sizeof(float), NULL};
}

static void step_teardown(void *state)
{
    work *s = state;
    ad_tape_free(s->tape);
    lenet_free(&s->model);
    lenet_free(&s->gradient);
    ad_states_free(&s->states);
    for (int k = 0; k < FILTERS; k++)
        bare_layer_free(&s->filters[k]);
    free(s->pooled[1]);
    free(s->slope[1]);
    for (int k = 0; k < LAYERS; k++) {
        free(s->b[k]);
        free(s->db[k]);
    }
    for (int k = 0; k < MATRICES; k++) {
        free(s->w[FILTERS + k]);
        free(s->dw[FILTERS + k]);
        free(s->h[k]);
        free(s->dh[k]);
    }
    free(s->label);
    free(s);
}

static const bench_kind step_kind = {.setup = step_setup,
                                     .adze = step_adze,
                                     .bare = step_bare,
                                     .difference = step_difference,
                                     .teardown = step_teardown};

static const bench_case cases[] = {
    {"lenet_b64", "a training step of LeNet-5 on 64 images", &step_kind, &(const int64_t){64}},
    {"lenet_b1", "a training step of LeNet-5 on 1 image", &step_kind, &(const int64_t){1}},
};

const bench_table lenet_table = BENCH_TABLE(cases);
