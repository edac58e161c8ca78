/* Several directions at once: 64 tangents in one pass up a chain of small operations, 64
 * cotangents in one sweep down it, 64 Hessian-vector products. The bare form is adze as well, one
 * direction after another. The difference is the cost of a node besides its kernels. */
#include "bench.h"

#include <stdlib.h>

enum { MANY = 64, OPS = 100, SMOKE_OPS = 4 };

typedef struct directions_spec {
    int64_t numbers;
    void (*pass)(ad_tensor x, ad_tensor y, int count, const ad_view *d);
    ad_view (*read)(ad_tensor x, int i);
    bool of_leaf;
    double flops, moved; /* for one number of one operation in one direction */
} directions_spec;

typedef struct directions {
    const directions_spec *spec;
    ad_tape *tape;
    ad_tensor x, y;
    double *numbers, *tangent, *single; /* single: the last direction's, by itself */
    ad_view d[MANY];
} directions;

/* ---- passes ------------------------------------------------------------------------- */

static void push(ad_tensor x, ad_tensor y, int count, const ad_view *d)
{
    ad_set_tangent_many(x, count, d);
    ad_push_tangents(y);
}

static void pull(ad_tensor x, ad_tensor y, int count, const ad_view *d)
{
    (void)x;
    ad_backward_many(y, count, d);
}

static void hvp(ad_tensor x, ad_tensor y, int count, const ad_view *d)
{
    push(x, y, count, d);
    ad_backward_tangents(y);
}

static ad_view result(const directions *s, int i)
{
    return s->spec->read(s->spec->of_leaf ? s->x : s->y, i);
}

static void all_at_once(void *state)
{
    const directions *s = state;
    s->spec->pass(s->x, s->y, MANY, s->d);
    check(s->tape);
}

static void one_by_one(void *state)
{
    directions *s = state;
    for (int i = 0; i < MANY; i++)
        s->spec->pass(s->x, s->y, 1, &s->d[i]);
    check(s->tape);
    ad_view last = result(s, 0);
    for (int64_t i = 0; i < s->spec->numbers; i++)
        s->single[i] = ((const double *)last.data)[i];
}

static double directions_difference(void *state)
{
    directions *s = state;
    all_at_once(s);
    return difference(result(s, MANY - 1), s->single);
}

/* ---- setup -------------------------------------------------------------------------- */

static bench_work directions_setup(const bench_case *c, const bench_setting *setting)
{
    directions *s = take(1, sizeof *s);
    s->spec = c->spec;
    size_t n = (size_t)s->spec->numbers;
    int ops = setting->smoke ? SMOKE_OPS : OPS;
    s->tape = bench_tape(setting->pool);
    s->numbers = take(n, sizeof(double));
    s->single = take(n, sizeof(double));
    s->tangent = take(n * MANY, sizeof(double));
    fill(AD_F64, s->numbers, n, 1, 0.5, 1);
    fill(AD_F64, s->tangent, n * MANY, 2, 0.5, 1);
    for (int i = 0; i < MANY; i++)
        s->d[i] = AD_VIEW(s->tangent + (size_t)i * n, s->spec->numbers);
    s->y = s->x = ad_watch(s->tape, AD_VIEW(s->numbers, s->spec->numbers));
    for (int i = 0; i < ops; i += 2)
        s->y = ad_sin(ad_mul(s->y, s->x));
    check(s->tape);
    return (bench_work){
        s,   s->tape, (double)ops * MANY, s->spec->flops * (double)n, s->spec->moved * (double)n,
        NULL};
}

static void directions_teardown(void *state)
{
    directions *s = state;
    ad_tape_free(s->tape);
    free(s->numbers);
    free(s->single);
    free(s->tangent);
    free(s);
}

static const bench_kind directions_kind = {.setup = directions_setup,
                                           .adze = all_at_once,
                                           .bare = one_by_one,
                                           .difference = directions_difference,
                                           .teardown = directions_teardown};

/* The means over y' = y x and sin(y'), in operations and numbers read and written: a pass is
 * ty' = ty x + y tx and cos(y') ty'; a sweep dy = dy' x, dx += dy' y and cos(y') dy'; a product has a pass,
 * a sweep, and the curvatures dy += dy' tx, dx += dy' ty and dy' -= dy'' sin(y') ty'. */
enum { NUMBER = sizeof(double) };
static const directions_spec specs[] = {
    {1, push, ad_tangent_at, false, 2, 4 * NUMBER},
    {1000, push, ad_tangent_at, false, 2, 4 * NUMBER},
    {1, pull, ad_grad_at, true, 2, 4.5 * NUMBER},
    {1, hvp, ad_grad_tangent_at, true, 7.5, 14 * NUMBER},
};
static const bench_case cases[] = {
    {"push64_1", "64 tangents in one pass, beside 64 passes", &directions_kind, &specs[0]},
    {"push64_1000", "the same, on 1000 numbers", &directions_kind, &specs[1]},
    {"pull64_1", "64 cotangents in one sweep, beside 64 sweeps", &directions_kind, &specs[2]},
    {"hvp64_1", "64 Hessian-vector products at once", &directions_kind, &specs[3]},
};

const bench_table directions_table = BENCH_TABLE(cases);
