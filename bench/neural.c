/* Layers of neural networks, forward and back: normalisation, gelu, attention; and a step of a small transformer.
 *
 * The bare layers are plain loops. The bare transformer is adze, too, with the single operations that its layers were made
 * of before there were operations for them. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPERANDS = 3, SMOKE = 32 };

typedef struct layer layer;

typedef struct layer_spec {
    ad_tensor (*apply)(const ad_tensor *x);
    void (*bare)(const layer *l); /* sets y and dx[0] */
    int operands;
    int64_t heads, rows,
        columns; /* heads: of attention, whose operands have one shape; else 0, and those after
                                     the first are [columns] */
} layer_spec;

struct layer {
    layer_spec spec;
    ad_tape *tape;
    ad_view x[OPERANDS], dy;
    float *numbers[OPERANDS], *cotangent;
    float *y, *dx, *room; /* of the bare form */
};

/* ---- by adze ------------------------------------------------------------------------ */

static const double epsilon = 1e-5;

static ad_tensor layer_norm_of(const ad_tensor *x)
{
    return ad_layer_norm(x[0], x[1], x[2], epsilon);
}

static ad_tensor rms_norm_of(const ad_tensor *x)
{
    return ad_rms_norm(x[0], x[1], epsilon);
}

static ad_tensor batch_norm_of(const ad_tensor *x)
{
    return ad_batch_norm(x[0], x[1], x[2], epsilon).y;
}

static ad_tensor gelu_of(const ad_tensor *x)
{
    return ad_gelu(x[0]);
}

static ad_tensor attention_of(const ad_tensor *x)
{
    return ad_attention(x[0], x[1], x[2], (ad_attention_options){.causal = true});
}

static ad_tensor sweep(const layer *l)
{
    ad_tensor leaf[OPERANDS];
    for (int i = 0; i < l->spec.operands; i++)
        leaf[i] = ad_watch(l->tape, l->x[i]);
    if (ad_backward_from(l->spec.apply(leaf), l->dy) != AD_OK)
        check(l->tape);
    return leaf[0];
}

static void layer_adze(void *state)
{
    const layer *l = state;
    sweep(l);
    ad_tape_reset(l->tape);
}

/* ---- bare --------------------------------------------------------------------------- */

/* n numbers `step` apart, as many gains and biases `gain_step` apart. */
typedef struct set {
    int64_t n, step, gain_step;
    const float *x, *gain, *bias, *dy;
    float *y, *dx;
    bool centred;
} set;

static void normalise(const set *s)
{
    double mean = 0, square = 0, level = 0, along = 0;
    for (int64_t i = 0; i < s->n && s->centred; i++)
        mean += s->x[i * s->step];
    mean /= (double)s->n;
    for (int64_t i = 0; i < s->n; i++)
        square += (s->x[i * s->step] - mean) * (s->x[i * s->step] - mean);
    float m = (float)mean, r = (float)(1 / sqrt(square / (double)s->n + epsilon));
    for (int64_t i = 0; i < s->n; i++) {
        float xh = (s->x[i * s->step] - m) * r, gain = s->gain[i * s->gain_step];
        float h = s->dy[i * s->step] * gain;
        s->y[i * s->step] = xh * gain + (s->bias ? s->bias[i * s->gain_step] : 0);
        level += h;
        along += h * xh;
    }
    float a = s->centred ? (float)(level / (double)s->n) : 0, b = (float)(along / (double)s->n);
    for (int64_t i = 0; i < s->n; i++) {
        float xh = (s->x[i * s->step] - m) * r;
        s->dx[i * s->step] = r * (s->dy[i * s->step] * s->gain[i * s->gain_step] - a - xh * b);
    }
}

static void normalise_rows(const layer *l, bool centred)
{
    int64_t n = l->spec.columns;
    for (int64_t i = 0; i < l->spec.rows; i++)
        normalise(&(set){n, 1, 1, l->numbers[0] + i * n, l->numbers[1],
                         centred ? l->numbers[2] : NULL, l->cotangent + i * n, l->y + i * n,
                         l->dx + i * n, centred});
}

static void layer_norm_bare(const layer *l)
{
    normalise_rows(l, true);
}

static void rms_norm_bare(const layer *l)
{
    normalise_rows(l, false);
}

static void batch_norm_bare(const layer *l)
{
    for (int64_t i = 0; i < l->spec.columns; i++)
        normalise(&(set){l->spec.rows, l->spec.columns, 0, l->numbers[0] + i, l->numbers[1] + i,
                         l->numbers[2] + i, l->cotangent + i, l->y + i, l->dx + i, true});
}

static void gelu_bare(const layer *l)
{
    const float c = 0.7978845608f, d = 0.044715f;
    for (int64_t i = 0; i < l->spec.rows * l->spec.columns; i++) {
        float x = l->numbers[0][i], t = tanhf(c * (x + d * x * x * x));
        l->y[i] = 0.5f * x * (1 + t);
        l->dx[i] =
            l->cotangent[i] * (0.5f * (1 + t) + 0.5f * x * (1 - t * t) * c * (1 + 3 * d * x * x));
    }
}

static float dot(int64_t n, const float *a, const float *b)
{
    float sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void axpy(int64_t n, float a, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

/* One query's row, with probabilities for as many keys as it sees. (Only dq is made, for want of interest in the
 * rest: it is half of the work back.) */
static void attend(const layer *l, int64_t head, int64_t row)
{
    int64_t d = l->spec.columns, first = head * l->spec.rows, at = (first + row) * d;
    const float *k = l->numbers[1] + first * d, *v = l->numbers[2] + first * d;
    const float scale = 1 / sqrtf((float)d), *dy = l->cotangent + at;
    float *p = l->room, top = -INFINITY, sum = 0;
    memset(l->y + at, 0, (size_t)d * sizeof(float));
    memset(l->dx + at, 0, (size_t)d * sizeof(float));
    for (int64_t j = 0; j <= row; j++) {
        p[j] = scale * dot(d, l->numbers[0] + at, k + j * d);
        top = p[j] > top ? p[j] : top;
    }
    for (int64_t j = 0; j <= row; j++)
        sum += p[j] = expf(p[j] - top);
    for (int64_t j = 0; j <= row; j++)
        axpy(d, p[j] /= sum, v + j * d, l->y + at);
    float level = dot(d, dy, l->y + at);
    for (int64_t j = 0; j <= row; j++)
        axpy(d, scale * p[j] * (dot(d, dy, v + j * d) - level), k + j * d, l->dx + at);
}

static void attention_bare(const layer *l)
{
    for (int64_t head = 0; head < l->spec.heads; head++)
        for (int64_t row = 0; row < l->spec.rows; row++)
            attend(l, head, row);
}

static void layer_bare(void *state)
{
    const layer *l = state;
    l->spec.bare(l);
}

static double layer_difference(void *state)
{
    const layer *l = state;
    double worst = difference(ad_grad(sweep(l)), l->dx);
    ad_tape_reset(l->tape);
    return worst;
}

/* ---- setup -------------------------------------------------------------------------- */

static ad_shape shape_of(const layer_spec *s, int operand)
{
    if (s->heads)
        return AD_SHAPE(s->heads, s->rows, s->columns);
    return operand ? AD_SHAPE(s->columns) : AD_SHAPE(s->rows, s->columns);
}

static float *filled(ad_shape shape, int stream, ad_view *view)
{
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= (size_t)shape.dim[i];
    float *x = take(count, sizeof *x);
    fill(AD_F32, x, count, (uint64_t)stream, -1, 1);
    *view = ad_view_of(AD_F32, x, shape);
    return x;
}

static bench_work layer_setup(const bench_case *this, const bench_setting *s)
{
    layer *l = take(1, sizeof *l);
    l->spec = *(const layer_spec *)this->spec;
    if (s->smoke)
        l->spec.rows = SMOKE;
    for (int i = 0; i < OPERANDS; i++)
        l->numbers[i] = filled(shape_of(&l->spec, i), i + 1, &l->x[i]);
    l->cotangent = filled(shape_of(&l->spec, 0), OPERANDS + 1, &l->dy);
    size_t count = ad_view_count(&l->dy);
    l->y = take(count, sizeof *l->y);
    l->dx = take(count, sizeof *l->dx);
    l->room = take((size_t)l->spec.rows, sizeof *l->room);
    l->tape = bench_tape(s->pool);
    /* Two products forward and five back, of half the scores; of other layers some ten operations a number. */
    double n = (double)count, work = l->spec.heads ? 7 * n * (double)l->spec.rows : 10 * n;
    return (bench_work){l, l->tape, 1, work, 5 * n * sizeof(float), NULL};
}

static void layer_teardown(void *state)
{
    layer *l = state;
    ad_tape_free(l->tape);
    for (int i = 0; i < OPERANDS; i++)
        free(l->numbers[i]);
    free(l->cotangent);
    free(l->y);
    free(l->dx);
    free(l->room);
    free(l);
}

static const bench_kind layer_kind = {.setup = layer_setup,
                                      .adze = layer_adze,
                                      .bare = layer_bare,
                                      .difference = layer_difference,
                                      .teardown = layer_teardown};

/* ---- a transformer ------------------------------------------------------------------- */

enum { TOKENS = 256, WIDTH = 64, HEADS = 4, LAYERS = 2, VOCABULARY = 64, EACH = WIDTH / HEADS };

AD_MODEL(affine, w, b);
AD_MODEL(norm, gain, bias);
AD_MODEL(block, (norm, before), (affine, qkv), (affine, joined), (norm, between), (affine, wide),
         (affine, narrow));
AD_MODEL(transformer, embedding, places, (block, layer, LAYERS), (norm, last), (affine, logits));

typedef struct trainer {
    transformer model[2], gradient[2]; /* with operations for layers, and without */
    ad_states states[2];
    ad_tape *tape[2];
    ad_adam adam;
    int32_t text[TOKENS + 1];
    double loss[2];
} trainer;

static ad_tensor normed(const norm_tensors *n, ad_tensor x, bool single)
{
    if (!single)
        return ad_layer_norm(x, n->gain, n->bias, epsilon);
    ad_moments_pair m = ad_moments_over(x, AD_KEEP(-1), 0);
    ad_tensor xh = ad_div(ad_sub(x, m.mean), ad_sqrt(ad_add(m.variance, epsilon)));
    return ad_add(ad_mul(xh, n->gain), n->bias);
}

static ad_tensor attended(ad_tensor q, ad_tensor k, ad_tensor v, bool single)
{
    if (!single)
        return ad_attention(q, k, v, (ad_attention_options){.causal = true});
    ad_tensor scores = ad_mul(ad_matmul(q, ad_transpose(k)), 1 / sqrt((double)EACH));
    ad_tensor seen = ad_tril(ad_add(ad_mul(scores, 0), 1), 0);
    return ad_matmul(ad_softmax(ad_where(ad_greater(seen, 0), scores, (double)-INFINITY), -1), v);
}

/* Rows of WIDTH numbers as heads: [HEADS, TOKENS, EACH]. */
static ad_tensor heads_of(ad_tensor qkv, int which)
{
    ad_tensor own = ad_slice(qkv, 1, which * WIDTH, (which + 1) * WIDTH);
    return ad_permute(ad_reshape(own, AD_SHAPE(TOKENS, HEADS, EACH)), AD_AXES(1, 0, 2));
}

static ad_tensor run_block(const block_tensors *b, ad_tensor x, bool single)
{
    ad_tensor qkv = ad_dense(normed(&b->before, x, single), b->qkv.w, b->qkv.b, AD_IDENTITY);
    ad_tensor y = attended(heads_of(qkv, 0), heads_of(qkv, 1), heads_of(qkv, 2), single);
    y = ad_reshape(ad_permute(y, AD_AXES(1, 0, 2)), AD_SHAPE(TOKENS, WIDTH));
    x = ad_add(x, ad_dense(y, b->joined.w, b->joined.b, AD_IDENTITY));
    y = ad_dense(normed(&b->between, x, single), b->wide.w, b->wide.b, AD_IDENTITY);
    return ad_add(x, ad_dense(ad_gelu(y), b->narrow.w, b->narrow.b, AD_IDENTITY));
}

static void train(trainer *t, bool single)
{
    ad_error error = {0};
    transformer_tensors m = transformer_watch(t->tape[single], &t->model[single]);
    ad_tensor index = ad_freeze(t->tape[single], AD_VIEW(t->text, TOKENS));
    ad_tensor next = ad_freeze(t->tape[single], AD_VIEW(t->text + 1, TOKENS));
    ad_tensor x = ad_add(ad_embedding(m.embedding, index), m.places);
    for (int i = 0; i < LAYERS; i++)
        x = run_block(&m.layer[i], x, single);
    x = ad_dense(normed(&m.last, x, single), m.logits.w, m.logits.b, AD_IDENTITY);
    ad_tensor loss = ad_softmax_cross_entropy(x, next);
    if (transformer_gradient(loss, &m, &t->gradient[single]) != AD_OK)
        check(t->tape[single]);
    t->loss[single] = ad_item(loss);
    ad_tape_reset(t->tape[single]);
    if (transformer_step(ad_adam_method(&t->adam), &t->gradient[single], &t->states[single],
                         &t->model[single], &error) != AD_OK)
        fail("%s", error.text);
}

static void transformer_adze(void *state)
{
    train(state, false);
}

static void transformer_single(void *state)
{
    train(state, true);
}

/* Of the embedding's gradient, at weights that have hardly moved. */
static double transformer_difference(void *state)
{
    trainer *t = state;
    return difference(ad_array_view(t->gradient[0].embedding), t->gradient[1].embedding.data);
}

static ad_array weights(ad_random *r, int64_t rows, int64_t columns)
{
    ad_array w = ad_zeros(AD_F32, AD_SHAPE(rows, columns));
    if (ad_fill_normal(&w, r, 0, 0.02) != AD_OK)
        fail("no memory for the weights");
    return w;
}

static affine affine_new(ad_random *r, int64_t inputs, int64_t outputs)
{
    return (affine){weights(r, inputs, outputs), ad_zeros(AD_F32, AD_SHAPE(outputs))};
}

static norm norm_new(void)
{
    return (norm){ad_full(AD_F32, AD_SHAPE(WIDTH), 1), ad_zeros(AD_F32, AD_SHAPE(WIDTH))};
}

static transformer transformer_new(void)
{
    ad_random r = ad_random_new(1, 0);
    transformer m = {.embedding = weights(&r, VOCABULARY, WIDTH),
                     .places = weights(&r, TOKENS, WIDTH),
                     .last = norm_new(),
                     .logits = affine_new(&r, WIDTH, VOCABULARY)};
    for (int i = 0; i < LAYERS; i++)
        m.layer[i] =
            (block){norm_new(), affine_new(&r, WIDTH, 3 * WIDTH), affine_new(&r, WIDTH, WIDTH),
                    norm_new(), affine_new(&r, WIDTH, 4 * WIDTH), affine_new(&r, 4 * WIDTH, WIDTH)};
    return m;
}

static bench_work transformer_setup(const bench_case *this, const bench_setting *s)
{
    trainer *t = take(1, sizeof *t);
    ad_random r = ad_random_new(2, 0);
    (void)this;
    for (int i = 0; i < 2; i++) {
        t->model[i] = transformer_new();
        t->tape[i] = bench_tape(s->pool);
    }
    for (int i = 0; i <= TOKENS; i++)
        t->text[i] = (int32_t)ad_random_below(&r, VOCABULARY);
    t->adam = ad_adam_new(1e-7); /* so that weights hardly move */
    double products = 12.0 * WIDTH * WIDTH * LAYERS + WIDTH * VOCABULARY;
    double scores = 2.0 * TOKENS / 2 * WIDTH * LAYERS;
    /* A weight is read twice by the sweep and once before it; Adam moves seven numbers for it. */
    double bytes = (3 + 7) * products * sizeof(float);
    return (bench_work){t, t->tape[0], 1, 6 * TOKENS * (products + scores), bytes, NULL};
}

static void transformer_teardown(void *state)
{
    trainer *t = state;
    for (int i = 0; i < 2; i++) {
        ad_tape_free(t->tape[i]);
        transformer_free(&t->model[i]);
        transformer_free(&t->gradient[i]);
        ad_states_free(&t->states[i]);
    }
    free(t);
}

static const bench_kind transformer_kind = {.setup = transformer_setup,
                                            .adze = transformer_adze,
                                            .bare = transformer_single,
                                            .difference = transformer_difference,
                                            .teardown = transformer_teardown};

#define LAYER(name, what, ...)                       \
    {                                                \
        name, what, &layer_kind, &(const layer_spec) \
        {                                            \
            __VA_ARGS__                              \
        }                                            \
    }

static const bench_case cases[] = {
    LAYER("attention_512", "causal attention forward and back, 8 heads of 512 by 64", attention_of,
          attention_bare, 3, 8, 512, 64),
    LAYER("attention_1024", "the same, of 1024 by 64", attention_of, attention_bare, 3, 8, 1024,
          64),
    LAYER("layer_norm_512x64", "layer norm forward and back, [512, 64]", layer_norm_of,
          layer_norm_bare, 3, 0, 512, 64),
    LAYER("layer_norm_1024x768", "the same, [1024, 768]", layer_norm_of, layer_norm_bare, 3, 0,
          1024, 768),
    LAYER("rms_norm_1024x768", "RMS norm forward and back, [1024, 768]", rms_norm_of, rms_norm_bare,
          2, 0, 1024, 768),
    LAYER("batch_norm_64", "batch norm forward and back, [512, 64]", batch_norm_of, batch_norm_bare,
          3, 0, 512, 64),
    LAYER("gelu_1024x768", "gelu (tanh) forward and back, [1024, 768]", gelu_of, gelu_bare, 1, 0,
          1024, 768),
    {"transformer_step", "2 layers, width 64, 4 heads, 256 tokens: gradient and a step of Adam",
     &transformer_kind, NULL},
};

const bench_table neural_table = BENCH_TABLE(cases);
