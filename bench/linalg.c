/* Linear algebra in f64: values and gradients of Cholesky's factor, of many small systems and eigenvalues, and of the
 * likelihood of a Gaussian process. The bare form is plain loops for one matrix after another. */
#include "bench.h"

#include "bare_linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct linalg linalg;

typedef struct linalg_spec {
    int64_t count, n, smoke;
    ad_tensor (*root)(linalg *l);
    void (*bare)(linalg *l); /* its gradient, in l->gradient */
    double flops;            /* over n^3, for a matrix */
} linalg_spec;

struct linalg {
    linalg_spec spec;
    int64_t numbers; /* of all matrices */
    ad_tape *tape;
    ad_tensor leaf;
    double *a, *b, *weights;    /* [count, n, n], [count, n], [count, n, n] */
    double *gradient, *room[3]; /* of the bare form, each [count, n, n] */
};

static ad_view matrices(const linalg *l, const double *numbers)
{
    return ad_view_of(AD_F64, numbers, AD_SHAPE(l->spec.count, l->spec.n, l->spec.n));
}

static ad_tensor weighted(const linalg *l, ad_tensor y)
{
    return ad_sum(ad_mul(y, ad_freeze(l->tape, matrices(l, l->weights))));
}

/* ---- Cholesky's factor ---------------------------------------------------------------- */

static ad_tensor cholesky_root(linalg *l)
{
    l->leaf = ad_watch(l->tape, matrices(l, l->a));
    return weighted(l, ad_cholesky(l->leaf));
}

static void cholesky_bare(linalg *l)
{
    int64_t n = l->spec.n;
    size_t bytes = (size_t)l->numbers * sizeof *l->a;
    memcpy(l->room[0], l->a, bytes);
    memcpy(l->gradient, l->weights, bytes);
    for (int64_t at = 0; at < l->numbers; at += n * n) {
        bare_cholesky(n, l->room[0] + at);
        bare_cholesky_back(n, l->room[0] + at, l->gradient + at);
    }
}

/* ---- systems --------------------------------------------------------------------------- */

static ad_tensor solve_root(linalg *l)
{
    ad_shape columns = AD_SHAPE(l->spec.count, l->spec.n, 1);
    l->leaf = ad_watch(l->tape, matrices(l, l->a));
    ad_tensor b = ad_watch(l->tape, ad_view_of(AD_F64, l->b, columns));
    ad_tensor w = ad_freeze(l->tape, ad_view_of(AD_F64, l->weights, columns));
    return ad_sum(ad_mul(ad_solve(l->leaf, b), w));
}

static void solve_bare(linalg *l)
{
    int64_t n = l->spec.n, order[64];
    double x[64], db[64];
    memcpy(l->room[0], l->a, (size_t)l->numbers * sizeof *l->a);
    for (int64_t k = 0; k < l->spec.count; k++) {
        double *a = l->room[0] + k * n * n, *da = l->gradient + k * n * n;
        memcpy(x, l->b + k * n, (size_t)n * sizeof *x);
        bare_solve(n, a, order, x);
        bare_solve_back(n, a, order, l->weights + k * n, db);
        for (int64_t i = 0; i < n * n; i++)
            da[i] = -db[i / n] * x[i % n];
    }
}

/* ---- eigenvalues ------------------------------------------------------------------------ */

/* Squares of the vectors, weighted by rows, and by the values: it does not depend on their order or sign. */
static ad_tensor eigh_root(linalg *l)
{
    l->leaf = ad_watch(l->tape, matrices(l, l->a));
    ad_eigen e = ad_eigh(l->leaf);
    ad_tensor squares = ad_mul(ad_square(e.vectors), ad_freeze(l->tape, matrices(l, l->weights)));
    return ad_sum(ad_mul(ad_sum_over(squares, AD_AXES(-2)), e.values));
}

/* c = a b, or a^T b, or a b^T. */
static void multiply(int64_t n, const double *a, const double *b, double *c, bool a_turns,
                     bool b_turns)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < n; k++)
                sum += a[a_turns ? k * n + i : i * n + k] * b[b_turns ? j * n + k : k * n + j];
            c[i * n + j] = sum;
        }
}

static void eigh_bare_one(int64_t n, const double *weights, double *a, double *v, double *g,
                          double *to)
{
    double values[64];
    bare_eigh(n, a, v);
    for (int64_t i = 0; i < n; i++)
        values[i] = a[i * (n + 1)];
    for (int64_t i = 0; i < n * n; i++)
        g[i] = 2 * weights[i] * values[i % n] * v[i];
    multiply(n, v, g, a, true, false);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (i != j)
                a[i * n + j] /= values[j] - values[i];
    for (int64_t i = 0; i < n; i++) {
        a[i * (n + 1)] = 0;
        for (int64_t k = 0; k < n; k++)
            a[i * (n + 1)] += weights[k * n + i] * v[k * n + i] * v[k * n + i];
    }
    multiply(n, v, a, g, false, false);
    multiply(n, g, v, to, false, true);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            to[i * n + j] = to[j * n + i] = 0.5 * (to[i * n + j] + to[j * n + i]);
}

static void eigh_bare(linalg *l)
{
    int64_t size = l->spec.n * l->spec.n;
    memcpy(l->room[0], l->a, (size_t)l->numbers * sizeof *l->a);
    for (int64_t at = 0; at < l->numbers; at += size)
        eigh_bare_one(l->spec.n, l->weights + at, l->room[0] + at, l->room[1] + at, l->room[2] + at,
                      l->gradient + at);
}

/* ---- a Gaussian process ----------------------------------------------------------------- */

enum {
    PARAMETERS = 3
}; /* logarithms of the length, the amplitude and the noise: b's first numbers */

/* -log p(y), but for a constant, with k(x, x') = exp(2 p1 - (x - x')^2 exp(-2 p0) / 2) and noise exp(2 p2). a has
 * the squares of distances, the first row of the weights the observations. */
static ad_tensor process_root(linalg *l)
{
    int64_t n = l->spec.n;
    l->leaf = ad_watch(l->tape, ad_view_of(AD_F64, l->b, AD_SHAPE(PARAMETERS)));
    ad_tensor p[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++)
        p[i] = ad_mul(ad_reshape(ad_slice(l->leaf, 0, i, i + 1), AD_SCALAR), 2);
    ad_tensor squares = ad_freeze(l->tape, ad_view_of(AD_F64, l->a, AD_SHAPE(n, n)));
    ad_tensor k = ad_exp(ad_add(ad_mul(squares, ad_mul(ad_exp(ad_neg(p[0])), -0.5)), p[1]));
    k = ad_add(k, ad_diag(ad_broadcast_to(ad_exp(p[2]), AD_SHAPE(n)), 0));
    ad_tensor y = ad_freeze(l->tape, ad_view_of(AD_F64, l->weights, AD_SHAPE(n, 1)));
    ad_tensor factor = ad_cholesky(k), z = ad_triangular_solve(factor, y, 0);
    return ad_add(ad_mul(ad_sum(ad_square(z)), 0.5), ad_sum(ad_log(ad_diagonal(factor, 0))));
}

/* By the formula: the trace of (k^-1 - k^-1 y y^T k^-1) dk, halved. */
static void process_bare(linalg *l)
{
    int64_t n = l->spec.n;
    double *k = l->room[0], *factor = l->room[1], *inverse = l->room[2], *alpha = l->gradient + n;
    const double *p = l->b;
    double scale = 0.5 * exp(-2 * p[0]), noise = exp(2 * p[2]);
    for (int64_t i = 0; i < n * n; i++)
        factor[i] = k[i] = exp(2 * p[1] - scale * l->a[i]);
    for (int64_t i = 0; i < n; i++)
        factor[i * (n + 1)] += noise;
    bare_cholesky(n, factor);
    memcpy(alpha, l->weights, (size_t)n * sizeof *alpha);
    bare_lower(n, factor, alpha);
    bare_lower_back(n, factor, alpha);
    memset(l->gradient, 0, PARAMETERS * sizeof *l->gradient);
    for (int64_t j = 0; j < n; j++) { /* a row of the inverse after another */
        memset(inverse, 0, (size_t)n * sizeof *inverse);
        inverse[j] = 1;
        bare_lower(n, factor, inverse);
        bare_lower_back(n, factor, inverse);
        for (int64_t i = 0; i < n; i++) {
            double half = 0.5 * (inverse[i] - alpha[i] * alpha[j]), own = k[j * n + i];
            l->gradient[0] += half * own * 2 * scale * l->a[j * n + i];
            l->gradient[1] += half * own * 2;
            l->gradient[2] += i == j ? half * 2 * noise : 0;
        }
    }
}

/* ---- a case -------------------------------------------------------------------------------- */

static void run_adze(void *state)
{
    linalg *l = state;
    ad_tape_reset(l->tape);
    ad_backward(l->spec.root(l));
    check(l->tape);
}

static void run_bare(void *state)
{
    linalg *l = state;
    l->spec.bare(l);
}

static double linalg_difference(void *state)
{
    linalg *l = state;
    return difference(ad_grad(l->leaf), l->gradient);
}

/* Symmetric and positive definite, with eigenvalues that are far from each other. */
static void make_matrices(linalg *l)
{
    int64_t n = l->spec.n;
    fill(AD_F64, l->a, (size_t)l->numbers, 1, -1, 1);
    for (int64_t k = 0; k < l->spec.count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++) {
                double *a = l->a + k * n * n;
                a[j * n + i] = a[i * n + j] += i == j ? (double)(n + 2 * i) : 0;
            }
}

static void make_process(linalg *l)
{
    int64_t n = l->spec.n;
    double *x = l->room[0];
    fill(AD_F64, x, (size_t)n, 1, 0, 10);
    for (int64_t i = 0; i < n * n; i++)
        l->a[i] = (x[i / n] - x[i % n]) * (x[i / n] - x[i % n]);
    for (int64_t i = 0; i < n; i++)
        l->weights[i] += sin(x[i]);
    memcpy(l->b, (double[]){0.1, 0.2, -1}, PARAMETERS * sizeof *l->b);
}

static bench_work linalg_setup(const bench_case *this, const bench_setting *setting)
{
    linalg *l = take(1, sizeof *l);
    l->spec = *(const linalg_spec *)this->spec;
    if (setting->smoke && l->spec.count == 1)
        l->spec.n = l->spec.smoke;
    else if (setting->smoke)
        l->spec.count = l->spec.smoke;
    l->numbers = l->spec.count * l->spec.n * l->spec.n;
    l->tape = bench_tape(setting->pool);
    l->a = take((size_t)l->numbers, sizeof *l->a);
    l->b = take((size_t)(l->spec.count * l->spec.n), sizeof *l->b);
    l->weights = take((size_t)l->numbers, sizeof *l->weights);
    l->gradient = take((size_t)l->numbers, sizeof *l->gradient);
    for (int i = 0; i < 3; i++)
        l->room[i] = take((size_t)l->numbers, sizeof *l->a);
    fill(AD_F64, l->weights, (size_t)l->numbers, 2, -1, 1);
    fill(AD_F64, l->b, (size_t)(l->spec.count * l->spec.n), 3, -1, 1);
    for (int64_t i = 0; l->spec.root == eigh_root && i < l->numbers; i++)
        l->weights[i] = l->weights[i / l->spec.n * l->spec.n];
    if (l->spec.root == process_root)
        make_process(l);
    else
        make_matrices(l);
    double n = (double)l->spec.n;
    return (bench_work){
        l,   l->tape, (double)l->spec.count, l->spec.flops * n * n * n, 4 * n * n * sizeof(double),
        NULL};
}

static void linalg_teardown(void *state)
{
    linalg *l = state;
    ad_tape_free(l->tape);
    free(l->a);
    free(l->b);
    free(l->weights);
    free(l->gradient);
    for (int i = 0; i < 3; i++)
        free(l->room[i]);
    free(l);
}

static const bench_kind linalg_kind = {.setup = linalg_setup,
                                       .adze = run_adze,
                                       .bare = run_bare,
                                       .difference = linalg_difference,
                                       .teardown = linalg_teardown};

#define CASE(name, what, ...)                          \
    {                                                  \
        name, what, &linalg_kind, &(const linalg_spec) \
        {                                              \
            __VA_ARGS__                                \
        }                                              \
    }

static const bench_case cases[] = {
    CASE("cholesky_32", "Cholesky's factor of [32, 32], and its gradient", 1, 32, 8, cholesky_root,
         cholesky_bare, 1),
    CASE("cholesky_128", "Cholesky's factor of [128, 128], and its gradient", 1, 128, 40,
         cholesky_root, cholesky_bare, 1),
    CASE("cholesky_512", "Cholesky's factor of [512, 512], and its gradient", 1, 512, 70,
         cholesky_root, cholesky_bare, 1),
    CASE("cholesky_6x6_1000", "Cholesky's factors of 1000 matrices [6, 6], and their gradients",
         1000, 6, 20, cholesky_root, cholesky_bare, 1),
    CASE("solve_6x6_1000", "1000 systems [6, 6], and their gradients", 1000, 6, 20, solve_root,
         solve_bare, 2.0 / 3),
    CASE("eigh_6x6_1000", "eigenvalues and vectors of 1000 matrices [6, 6], and a gradient", 1000,
         6, 20, eigh_root, eigh_bare, 50),
    CASE("gp_500",
         "a Gaussian process of 500 observations: likelihood, and gradient by 3 parameters", 1, 500,
         60, process_root, process_bare, 1),
};

const bench_table linalg_table = BENCH_TABLE(cases);
