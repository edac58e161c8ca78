/* A mixture of Gaussians (problems.h): the gradient of its log-likelihood by 1650 parameters.
 *
 * What a Gaussian says of a point x, -|L (x - m)|^2 / 2 and a weight, is linear in 1, x[i] and x[i]
 * x[j]. So its coefficients are computed once for each Gaussian, and then a point costs one
 * statement for each.
 *
 * A point's likelihood depends on all parameters. So points have a recorder of their own, whose inputs
 * are the coefficients. They are recorded block by block in the same place, in the cache: after each
 * block its gradient is added up, and the recorder goes back to a mark. In the end one sweep carries the
 * sum on to the parameters. */
#include "bench.h"
#include "objectives.h"

#include <stdlib.h>

enum {
    ROWS = GMM_D * (GMM_D + 1) / 2, /* elements of a triangular matrix */
    TERMS = 1 + GMM_D + ROWS,       /* coefficients of a Gaussian: by 1, x[i], x[i] x[j <= i] */
    PREPARED = GMM_K * TERMS,
    BLOCK = 16 /* points */
};

typedef struct gmm {
    size_t points;
    double *x, *p;
    ad_recorder *recorder, *of_points;
    double value, bare;
    double *gradient, *of_block, *sum;
    double *coefficients; /* the values of those prepared */
    ad_real *parameters, *prepared, *inputs;
} gmm;

/* ---- by adze ------------------------------------------------------------------------ */

/* The columns of L, each from the diagonal down. */
static void columns_of(const ad_real *factor, ad_real column[GMM_D][GMM_D])
{
    for (int i = 0; i < GMM_D; i++) {
        column[i][0] = ad_exp(factor[i]);
        for (int j = 0; j < i; j++)
            column[j][i - j] = factor[GMM_D + i * (i - 1) / 2 + j];
    }
}

/* The coefficients of -|L (x - m)|^2 / 2 + weight: with v = L m, weight - |v|^2 / 2, then L^T v,
 * then the products of the columns of L. They are neighbours in the record, which makes sweeps
 * fast. */
static void coefficients_of(ad_real weight, const ad_real *mean, ad_real column[GMM_D][GMM_D],
                            ad_real *c)
{
    ad_real v[GMM_D], *product = c + 1 + GMM_D;
    for (int i = 0; i < GMM_D; i++) {
        ad_real row[GMM_D];
        for (int j = 0; j <= i; j++)
            row[j] = column[j][i - j];
        v[i] = ad_dot_reals((size_t)i + 1, row, mean);
    }
    c[0] = ad_sub(weight, ad_mul(0.5, ad_squared_norm_reals(GMM_D, v)));
    for (int i = 0; i < GMM_D; i++)
        c[1 + i] = ad_dot_reals((size_t)(GMM_D - i), column[i], v + i);
    for (int i = 0; i < GMM_D; i++)
        for (int j = 0; j <= i; j++)
            *product++ = ad_dot_reals((size_t)(GMM_D - i), column[i], column[j] + (i - j));
}

/* Sets the coefficients of all Gaussians. Returns what does not depend on the points. */
static ad_real prepare(size_t points, const ad_real *p, ad_real *coefficients)
{
    const ad_real *mean = p + GMM_K, *factor = mean + GMM_K * GMM_D;
    ad_real sum = ad_mul(-(double)points, ad_logsumexp_reals(GMM_K, p));
    for (int k = 0; k < GMM_K; k++, factor += GMM_FACTOR, mean += GMM_D, coefficients += TERMS) {
        ad_real column[GMM_D][GMM_D], logs = ad_sum_reals(GMM_D, factor);
        ad_real size = ad_squared_norm_reals(GMM_BELOW, factor + GMM_D);
        columns_of(factor, column);
        coefficients_of(ad_add(p[k], logs), mean, column, coefficients);
        for (int i = 0; i < GMM_D; i++)
            size = ad_add(size, ad_square(column[i][0]));
        sum = ad_add(sum, ad_sub(ad_mul(0.5 * GMM_GAMMA * GMM_GAMMA, size), ad_mul(GMM_M, logs)));
    }
    return ad_add(sum, gmm_constant(points));
}

static ad_real point_term(const ad_real *coefficients, const double *x)
{
    double by[TERMS] = {1}, *product = by + 1 + GMM_D;
    ad_real term[GMM_K];
    for (int i = 0; i < GMM_D; i++) {
        by[1 + i] = x[i];
        for (int j = 0; j <= i; j++)
            *product++ = j < i ? -x[i] * x[j] : -0.5 * x[i] * x[j];
    }
    for (int k = 0; k < GMM_K; k++)
        term[k] = ad_weighted_sum_reals(TERMS, by, coefficients + k * TERMS);
    return ad_logsumexp_reals(GMM_K, term);
}

/* Adds the gradient of some points' likelihood, and returns its value. */
static double add_block(gmm *g, size_t first, size_t count)
{
    ad_real term[BLOCK];
    ad_recorder_mark mark = ad_recorder_here(g->of_points);
    for (size_t i = 0; i < count; i++)
        term[i] = point_term(g->inputs, g->x + (first + i) * GMM_D);
    ad_real y = ad_sum_reals(count, term);
    ad_real_gradient(y, PREPARED, g->inputs, g->of_block);
    for (int i = 0; i < PREPARED; i++)
        g->sum[i] += g->of_block[i];
    ad_recorder_rewind(mark);
    return y.value;
}

static void gmm_adze(void *state)
{
    gmm *g = state;
    ad_recorder_reset(g->recorder);
    ad_recorder_reset(g->of_points);
    ad_real_inputs(g->recorder, GMM_PARAMETERS, g->p, g->parameters);
    ad_real rest = g->prepared[PREPARED] = prepare(g->points, g->parameters, g->prepared);
    for (int i = 0; i < PREPARED; i++)
        g->coefficients[i] = g->prepared[i].value;
    ad_real_inputs(g->of_points, PREPARED, g->coefficients, g->inputs);
    g->value = rest.value;
    for (int i = 0; i <= PREPARED; i++)
        g->sum[i] = i == PREPARED;
    for (size_t n = 0; n < g->points; n += BLOCK)
        g->value += add_block(g, n, g->points - n < BLOCK ? g->points - n : BLOCK);
    ad_real_vjp(PREPARED + 1, g->prepared, g->sum, GMM_PARAMETERS, g->parameters, g->gradient);
    check_recorder(g->of_points);
    check_recorder(g->recorder);
}

/* ---- the value ---------------------------------------------------------------------- */

static void value_of(const void *env, const double *p, double *y)
{
    const gmm *g = env;
    const double *factor = p + GMM_K * (1 + GMM_D);
    *y = gmm_constant(g->points) - (double)g->points * gmm_logsumexp(p);
    for (int k = 0; k < GMM_K; k++, factor += GMM_FACTOR) {
        double size = 0, logs = 0;
        for (int i = 0; i < GMM_FACTOR; i++) {
            double e = i < GMM_D ? exp(factor[i]) : factor[i];
            logs += i < GMM_D ? factor[i] : 0;
            size += e * e;
        }
        *y += 0.5 * GMM_GAMMA * GMM_GAMMA * size - GMM_M * logs;
    }
    *y += gmm_points_value(g->points, g->x, p);
}

static void gmm_bare(void *state)
{
    gmm *g = state;
    value_of(g, g->p, &g->bare);
}

/* ---- setup -------------------------------------------------------------------------- */

static void slope_along(const void *env, const double *d, double *slope)
{
    const gmm *g = env;
    *slope = 0;
    for (int i = 0; i < GMM_PARAMETERS; i++)
        *slope += g->gradient[i] * d[i];
}

static double gmm_difference(void *state)
{
    gmm *g = state;
    return fmax(values_difference(1, &g->value, &g->bare),
                slopes_difference(value_of, slope_along, g, GMM_PARAMETERS, g->p, 1));
}

static bench_work gmm_setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    gmm *g = take(1, sizeof *g);
    g->points = s->smoke ? GMM_POINTS_SMOKE : GMM_POINTS;
    g->x = take(g->points * GMM_D, sizeof(double));
    g->p = take(GMM_PARAMETERS, sizeof(double));
    g->gradient = take(GMM_PARAMETERS, sizeof(double));
    g->of_block = take(PREPARED, sizeof(double));
    g->sum = take(PREPARED + 1, sizeof(double));
    g->parameters = take(GMM_PARAMETERS, sizeof(ad_real));
    g->prepared = take(PREPARED + 1, sizeof(ad_real));
    g->coefficients = take(PREPARED, sizeof(double));
    g->inputs = take(PREPARED, sizeof(ad_real));
    g->recorder = bench_recorder(0);
    g->of_points = bench_recorder(0);
    gmm_fill(g->points, g->p, g->x);
    double terms = (double)g->points * GMM_K * (ROWS + 2 * GMM_D);
    return (bench_work){g, NULL, 1, 6 * terms, 8 * sizeof(double) * terms, g->recorder};
}

static void gmm_teardown(void *state)
{
    gmm *g = state;
    ad_recorder_free(g->recorder);
    ad_recorder_free(g->of_points);
    free(g->coefficients);
    free(g->inputs);
    free(g->x);
    free(g->p);
    free(g->gradient);
    free(g->of_block);
    free(g->sum);
    free(g->parameters);
    free(g->prepared);
    free(g);
}

static const bench_kind gmm_kind = {.setup = gmm_setup,
                                    .adze = gmm_adze,
                                    .bare = gmm_bare,
                                    .difference = gmm_difference,
                                    .teardown = gmm_teardown};

static const bench_case cases[] = {
    {"gmm_1k_d10_k25", "a mixture of 25 Gaussians, 1000 points: gradient by 1650 parameters",
     &gmm_kind, NULL},
};

const bench_table gmm_table = BENCH_TABLE(cases);
