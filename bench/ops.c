/* Small operations in long chains: the cost of recording one, with its share of the sweep.
 *
 * Products and sums alternate, x a and x + b, with a and b watched, so each pullback computes both
 * sides. a is 1 and b small, so nothing grows or vanishes in a long chain. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>

enum { WIDE = 8 }; /* numbers in a vector of op8 */

typedef struct chain_spec {
    ad_type type;
    int64_t numbers; /* in each value; 0: a single number */
    int64_t ops;
} chain_spec;

typedef struct chain {
    chain_spec spec;
    ad_tape *tape;
    ad_view x, a, b, seed;
    void *leaf[4], *value; /* those four's numbers; [ops + 1, numbers], for the bare form */
    double slope[3];       /* of x, a and b, by the bare form */
    float slopes[3][WIDE];
} chain;

/* ---- by adze ------------------------------------------------------------------------ */

static void sweep(const chain *c, ad_tensor leaf[3])
{
    leaf[0] = ad_watch(c->tape, c->x);
    leaf[1] = ad_watch(c->tape, c->a);
    leaf[2] = ad_watch(c->tape, c->b);
    ad_tensor x = leaf[0], a = leaf[1], b = leaf[2];
    for (int64_t i = 0; i < c->spec.ops; i += 2) {
        x = ad_mul(x, a);
        x = ad_add(x, b);
    }
    if (ad_backward_from(x, c->seed) != AD_OK)
        check(c->tape);
}

static void chain_adze(void *state)
{
    const chain *c = state;
    ad_tensor leaf[3];
    sweep(c, leaf);
    ad_tape_reset(c->tape);
}

/* ---- bare --------------------------------------------------------------------------- */

/* From  y = x a + b:  da += x dy,  db += dy,  dx = a dy. */
static void numbers_bare(chain *c)
{
    const double a = *(const double *)c->a.data, b = *(const double *)c->b.data;
    double *v = c->value;
    v[0] = *(const double *)c->x.data;
    for (int64_t i = 0; i < c->spec.ops; i += 2) {
        v[i + 1] = v[i] * a;
        v[i + 2] = v[i + 1] + b;
    }
    double dx = *(const double *)c->seed.data, da = 0, db = 0;
    for (int64_t i = c->spec.ops - 2; i >= 0; i -= 2) {
        db += dx;
        da += v[i] * dx;
        dx *= a;
    }
    c->slope[0] = dx;
    c->slope[1] = da;
    c->slope[2] = db;
}

static void vectors_bare(chain *c)
{
    const float *a = c->a.data, *b = c->b.data, *x = c->x.data, *seed = c->seed.data;
    float(*v)[WIDE] = c->value, dx[WIDE], da[WIDE] = {0}, db[WIDE] = {0};
    for (int j = 0; j < WIDE; j++)
        v[0][j] = x[j];
    for (int64_t i = 0; i < c->spec.ops; i += 2) {
        for (int j = 0; j < WIDE; j++)
            v[i + 1][j] = v[i][j] * a[j];
        for (int j = 0; j < WIDE; j++)
            v[i + 2][j] = v[i + 1][j] + b[j];
    }
    for (int j = 0; j < WIDE; j++)
        dx[j] = seed[j];
    for (int64_t i = c->spec.ops - 2; i >= 0; i -= 2)
        for (int j = 0; j < WIDE; j++) {
            db[j] += dx[j];
            da[j] += v[i][j] * dx[j];
            dx[j] *= a[j];
        }
    for (int j = 0; j < WIDE; j++) {
        c->slopes[0][j] = dx[j];
        c->slopes[1][j] = da[j];
        c->slopes[2][j] = db[j];
    }
}

static void chain_bare(void *state)
{
    chain *c = state;
    if (c->spec.type == AD_F64)
        numbers_bare(c);
    else
        vectors_bare(c);
}

/* adze's gradients end with the tape's reset, so this records the chain once more. */
static double chain_difference(void *state)
{
    chain *c = state;
    ad_tensor leaf[3];
    double worst = 0;
    sweep(c, leaf);
    for (int i = 0; i < 3; i++) {
        const void *bare = c->spec.type == AD_F64 ? (void *)&c->slope[i] : (void *)c->slopes[i];
        worst = fmax(worst, difference(ad_grad(leaf[i]), bare));
    }
    ad_tape_reset(c->tape);
    return worst;
}

/* ---- setup -------------------------------------------------------------------------- */

static ad_view leaf(chain *c, int i, double value)
{
    size_t n = c->spec.numbers ? (size_t)c->spec.numbers : 1;
    c->leaf[i] = take(n, ad_type_size(c->spec.type));
    for (size_t j = 0; j < n; j++)
        if (c->spec.type == AD_F64)
            ((double *)c->leaf[i])[j] = value;
        else
            ((float *)c->leaf[i])[j] = (float)value;
    return ad_view_of(c->spec.type, c->leaf[i],
                      c->spec.numbers ? AD_SHAPE(c->spec.numbers) : AD_SCALAR);
}

static bench_work chain_setup(const bench_case *this, const bench_setting *s)
{
    chain *c = take(1, sizeof *c);
    c->spec = *(const chain_spec *)this->spec;
    c->x = leaf(c, 0, 0.5);
    c->a = leaf(c, 1, 1);
    c->b = leaf(c, 2, 1e-6);
    c->seed = leaf(c, 3, 1);
    size_t width = c->spec.numbers ? (size_t)c->spec.numbers : 1;
    size_t bytes = width * ad_type_size(c->spec.type);
    c->value = take((size_t)c->spec.ops + 1, bytes);
    c->tape = bench_tape(s->pool);
    /* For a product 1 forward, 4 backward; for a sum 1 and 2. Forward an operand of its own, the
     * last value and the result, backward the cotangent, an operand and what is added to. */
    return (bench_work){c,   c->tape, (double)c->spec.ops, 4 * (double)width, 6 * (double)bytes,
                        NULL};
}

static void chain_teardown(void *state)
{
    chain *c = state;
    ad_tape_free(c->tape);
    for (int i = 0; i < 4; i++)
        free(c->leaf[i]);
    free(c->value);
    free(c);
}

static const bench_kind chain_kind = {.setup = chain_setup,
                                      .adze = chain_adze,
                                      .bare = chain_bare,
                                      .difference = chain_difference,
                                      .teardown = chain_teardown};

#define CHAIN(name, what, ...)                       \
    {                                                \
        name, what, &chain_kind, &(const chain_spec) \
        {                                            \
            __VA_ARGS__                              \
        }                                            \
    }

static const bench_case cases[] = {
    CHAIN("op8_f32", "an operation on 8 numbers, in a chain of 1000", AD_F32, WIDE, 1000),
    CHAIN("op0_f64", "an operation on a single number, in a chain of 1000", AD_F64, 0, 1000),
    CHAIN("chain_1e1", "an operation on a single number, in a chain of 10", AD_F64, 0, 10),
    CHAIN("chain_1e2", "the same, of 100", AD_F64, 0, 100),
    CHAIN("chain_1e3", "the same, of 1000", AD_F64, 0, 1000),
    CHAIN("chain_1e4", "the same, of 10000", AD_F64, 0, 10000),
    CHAIN("chain_1e5", "the same, of 100000", AD_F64, 0, 100000),
    CHAIN("chain_1e6", "the same, of 1000000", AD_F64, 0, 1000000),
};

const bench_table ops_table = BENCH_TABLE(cases);
