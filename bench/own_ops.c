/* Operations written by a user with adze/kernels.h, beside built-in ones that do the same: here
 * the bare form is adze as well. Both are recorded and swept. */
#include "bench.h"

#include <adze/kernels.h>
#include <math.h>
#include <stdlib.h>

/* ---- a layer: y = relu(x w + b) -------------------------------------------------------- */

static unsigned into(bool assign)
{
    return assign ? AD_ASSIGN : AD_ADD;
}

static const char *layer_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (x[0].rank != 2 || x[1].rank != 2 || x[2].rank != 1)
        return "needs x [n, inputs], w [inputs, outputs] and b [outputs]";
    if (x[0].dim[1] != x[1].dim[0] || x[1].dim[1] != x[2].dim[0])
        return "extents differ";
    *y = AD_SHAPE(x[0].dim[0], x[1].dim[1]);
    return NULL;
}

#define RELU(x) ((x) > 0 ? (x) : 0)
AD_ELEMENTS_2(relu_slope, y, dy, y > 0 ? dy : 0)

typedef struct layer {
    float *y;
    const float *b;
    size_t columns;
} layer;

/* While these rows of the product are in the cache. */
static void finish_rows(void *user, size_t begin, size_t end)
{
    const layer *l = user;
    for (size_t i = begin; i < end; i++) {
        float *__restrict y = l->y + i * l->columns;
        for (size_t j = 0; j < l->columns; j++)
            y[j] = RELU(y[j] + l->b[j]);
    }
}

static void layer_forward(const ad_forward_args *c)
{
    layer l = {c->y.data, c->x[2].data, (size_t)c->y.shape.dim[1]};
    ad_product_then(c->work, &c->x[0], &c->x[1], &c->y, AD_ASSIGN, finish_rows, &l);
}

static void layer_pullback(const ad_pullback_args *c)
{
    ad_array dz = ad_scratch_array(c->work, c->dy.type, c->dy.shape);
    const ad_view in[] = {c->y, c->dy};
    if (!dz.data)
        return;
    ad_elementwise(c->work, &dz.shape, 2, in, &dz, AD_ASSIGN, relu_slope, NULL);
    const ad_view d = ad_array_view(dz);
    ad_product(c->work, &d, &c->x[1], &c->dx[0], into(c->assign[0]) | AD_TRANSPOSE_B);
    ad_product(c->work, &c->x[0], &d, &c->dx[1], into(c->assign[1]) | AD_TRANSPOSE_A);
    ad_elementwise(c->work, &d.shape, 1, &d, &c->dx[2], into(c->assign[2]), NULL, NULL);
}

static const ad_op layer_op = {.size = sizeof(ad_op),
                               .name = "layer",
                               .arity = 3,
                               .flags = AD_OP_ASSIGNS,
                               .shape = layer_shape,
                               .forward = layer_forward,
                               .pullback = layer_pullback};

/* ---- products of numbers ---------------------------------------------------------------- */

AD_ELEMENTS_2(times, a, b, a *b)

static void times_forward(const ad_forward_args *c)
{
    ad_elementwise(c->work, &c->y.shape, 2, c->x, &c->y, AD_ASSIGN, times, NULL);
}

static void times_pullback(const ad_pullback_args *c)
{
    for (int i = 0; i < 2; i++) {
        const ad_view in[] = {c->x[1 - i], c->dy};
        ad_elementwise(c->work, &c->y.shape, 2, in, &c->dx[i], into(c->assign[i]), times, NULL);
    }
}

static const ad_op times_op = {.size = sizeof(ad_op),
                               .name = "times",
                               .arity = 2,
                               .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
                               .shape = ad_shape_broadcast,
                               .forward = times_forward,
                               .pullback = times_pullback};

/* ---- both forms ------------------------------------------------------------------------ */

typedef ad_tensor function(const ad_tensor *x);

static ad_tensor own_layer(const ad_tensor *x)
{
    return ad_apply(&layer_op, x, NULL);
}
static ad_tensor built_in_layer(const ad_tensor *x)
{
    return ad_dense(x[0], x[1], x[2], AD_RELU);
}
static ad_tensor own_times(const ad_tensor *x)
{
    return ad_apply(&times_op, x, NULL);
}
static ad_tensor built_in_times(const ad_tensor *x)
{
    return (ad_mul)(x[0], x[1]);
}

enum { MOST = 3, SMOKE_EXTENT = 64 };

typedef struct own_spec {
    function *own, *built_in;
    int operands, watched; /* watched: from this one on */
    ad_shape x[MOST], y;
    double flops; /* for one number of y, forwards and backwards */
} own_spec;

typedef struct form {
    ad_tape *tape;
    function *apply;
    ad_tensor x[MOST], y;
} form;

typedef struct own {
    own_spec spec;
    void *numbers[MOST], *cotangent;
    form own, built_in;
} own;

static void differentiate(const own *o, form *f)
{
    ad_tape_reset(f->tape); /* at the start, so that the results can be looked at */
    for (int i = 0; i < o->spec.operands; i++) {
        ad_view v = ad_view_of(AD_F32, o->numbers[i], o->spec.x[i]);
        f->x[i] = i < o->spec.watched ? ad_freeze(f->tape, v) : ad_watch(f->tape, v);
    }
    f->y = f->apply(f->x);
    ad_backward_from(f->y, ad_view_of(AD_F32, o->cotangent, o->spec.y));
    check(f->tape);
}

static void run_own(void *state)
{
    own *o = state;
    differentiate(o, &o->own);
}

static void run_built_in(void *state)
{
    own *o = state;
    differentiate(o, &o->built_in);
}

static double own_difference(void *state)
{
    const own *o = state;
    double worst = difference(ad_read(o->own.y), ad_read(o->built_in.y).data);
    for (int i = o->spec.watched; i < o->spec.operands; i++)
        worst = fmax(worst, difference(ad_grad(o->own.x[i]), ad_grad(o->built_in.x[i]).data));
    return worst;
}

/* ---- setup ---------------------------------------------------------------------------- */

static size_t shrunk(ad_shape *s, bool smoke)
{
    size_t count = 1;
    for (int i = 0; i < s->rank; i++) {
        if (smoke && s->dim[i] > SMOKE_EXTENT)
            s->dim[i] = SMOKE_EXTENT;
        count *= (size_t)s->dim[i];
    }
    return count;
}

static float *draw(size_t n, uint64_t stream)
{
    float *x = take(n, sizeof *x);
    fill(AD_F32, x, n, stream, -1, 1);
    return x;
}

static bench_work own_setup(const bench_case *this, const bench_setting *setting)
{
    own *o = take(1, sizeof *o);
    o->spec = *(const own_spec *)this->spec;
    double bytes = 0;
    for (int i = 0; i < o->spec.operands; i++) {
        size_t n = shrunk(&o->spec.x[i], setting->smoke);
        o->numbers[i] = draw(n, (uint64_t)i);
        bytes += 2.0 * (double)n * sizeof(float);
    }
    size_t n = shrunk(&o->spec.y, setting->smoke);
    o->cotangent = draw(n, MOST);
    o->own = (form){.tape = bench_tape(setting->pool), .apply = o->spec.own};
    o->built_in = (form){.tape = bench_tape(setting->pool), .apply = o->spec.built_in};
    return (bench_work){
        o,   o->own.tape, 1, o->spec.flops * (double)n, bytes + 2.0 * (double)n * sizeof(float),
        NULL};
}

static void own_teardown(void *state)
{
    own *o = state;
    ad_tape_free(o->own.tape);
    ad_tape_free(o->built_in.tape);
    for (int i = 0; i < o->spec.operands; i++)
        free(o->numbers[i]);
    free(o->cotangent);
    free(o);
}

static const bench_kind own_kind = {.setup = own_setup,
                                    .adze = run_own,
                                    .bare = run_built_in,
                                    .difference = own_difference,
                                    .teardown = own_teardown};

/* ---- cases ---------------------------------------------------------------------------- */

#define OWN(name, what, ...)                                \
    {                                                       \
        "own_ops_" name, what, &own_kind, &(const own_spec) \
        {                                                   \
            __VA_ARGS__                                     \
        }                                                   \
    }
#define LAYER(n, inputs, outputs)                                                                \
    own_layer, built_in_layer, 3, 1, {{2, {n, inputs}}, {2, {inputs, outputs}}, {1, {outputs}}}, \
        {2, {n, outputs}}, 4.0 * inputs
#define TIMES(...) own_times, built_in_times, 2, 0, __VA_ARGS__, 3

static const bench_case cases[] = {
    OWN("layer", "a layer [10000, 784] to 50, beside ad_dense", LAYER(10000, 784, 50)),
    OWN("small_layer", "a layer [64, 32] to 32, beside ad_dense", LAYER(64, 32, 32)),
    OWN("times", "a b, [1000, 1000] each, beside ad_mul",
        TIMES({{2, {1000, 1000}}, {2, {1000, 1000}}}, {2, {1000, 1000}})),
    OWN("times_rows", "a b, [1000, 1000] by [1000], beside ad_mul",
        TIMES({{2, {1000, 1000}}, {1, {1000}}}, {2, {1000, 1000}})),
    OWN("times_columns", "a b, [1000, 1000] by [1000, 1], beside ad_mul",
        TIMES({{2, {1000, 1000}}, {2, {1000, 1}}}, {2, {1000, 1000}})),
    OWN("small_times", "a b, [32] each, beside ad_mul", TIMES({{1, {32}}, {1, {32}}}, {1, {32}})),
};

const bench_table own_ops_table = BENCH_TABLE(cases);
