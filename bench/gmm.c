/* A mixture of Gaussians (problems.h): the gradient of its log-likelihood by 1650 parameters.
 *
 * A point's likelihood depends on all parameters, and each point has some thousand partials. So the points are
 * recorded one after another in the same place, in the cache: what a point needs of the parameters is
 * computed once, before a mark; after each point its gradient by these is added up, and the recorder goes back
 * to the mark. In the end one sweep carries the sum on to the parameters. */
#include "bench.h"
#include "problems.h"

#include <stdlib.h>

/* What the points need of the parameters, in one array. */
enum { ROWS = GMM_D * (GMM_D + 1) / 2, PREPARED = GMM_K * (1 + GMM_D + ROWS) };

typedef struct gmm {
    size_t points;
    double *x, *p;
    ad_recorder *recorder;
    double value, bare;
    double *gradient, *of_point, *sum;
    ad_real *parameters, *prepared;
} gmm;

/* Rows of lower triangular matrices, one after another, the diagonal last in each. */
static size_t row_at(int i)
{
    return (size_t)(i * (i + 1) / 2);
}

/* ---- by adze ------------------------------------------------------------------------ */

/* Weight, mean and rows of each Gaussian. */
static void prepare(const ad_real *p, ad_real *prepared)
{
    const ad_real *alpha = p, *mean = alpha + GMM_K, *factor = mean + GMM_K * GMM_D;
    ad_real *weight = prepared, *means = weight + GMM_K, *row = means + GMM_K * GMM_D;
    for (int k = 0; k < GMM_K; k++, factor += GMM_FACTOR, row += ROWS) {
        weight[k] = ad_add(alpha[k], ad_sum_reals(GMM_D, factor));
        for (int i = 0; i < GMM_D; i++) {
            means[k * GMM_D + i] = mean[k * GMM_D + i];
            row[row_at(i) + (size_t)i] = ad_exp(factor[i]);
            for (int j = 0; j < i; j++)
                row[row_at(i) + (size_t)j] = factor[GMM_D + i * (i - 1) / 2 + j];
        }
    }
}

static ad_real point_term(const ad_real *prepared, const double *x)
{
    const ad_real *weight = prepared, *mean = weight + GMM_K, *row = mean + GMM_K * GMM_D;
    ad_real term[GMM_K], centred[GMM_D], turned[GMM_D];
    for (int k = 0; k < GMM_K; k++, mean += GMM_D, row += ROWS) {
        for (int i = 0; i < GMM_D; i++)
            centred[i] = ad_sub(x[i], mean[i]);
        for (int i = 0; i < GMM_D; i++)
            turned[i] = ad_dot_reals((size_t)i + 1, row + row_at(i), centred);
        term[k] = ad_sub(weight[k], ad_mul(0.5, ad_squared_norm_reals(GMM_D, turned)));
    }
    return ad_logsumexp_reals(GMM_K, term);
}

/* What does not depend on the points. */
static ad_real prior(size_t points, const ad_real *p, const ad_real *prepared)
{
    const ad_real *factor = p + GMM_K * (1 + GMM_D), *row = prepared + GMM_K * (1 + GMM_D);
    ad_real sum = ad_mul(-(double)points, ad_logsumexp_reals(GMM_K, p));
    for (int k = 0; k < GMM_K; k++, factor += GMM_FACTOR, row += ROWS) {
        ad_real size = ad_squared_norm_reals(ROWS, row), logs = ad_sum_reals(GMM_D, factor);
        sum = ad_add(sum, ad_sub(ad_mul(0.5 * GMM_GAMMA * GMM_GAMMA, size), ad_mul(GMM_M, logs)));
    }
    return ad_add(sum, gmm_constant(points));
}

static void gmm_adze(void *state)
{
    gmm *g = state;
    ad_real *p = g->parameters, *prepared = g->prepared;
    ad_recorder_reset(g->recorder);
    ad_real_inputs(g->recorder, GMM_PARAMETERS, g->p, p);
    prepare(p, prepared);
    ad_real rest = prior(g->points, p, prepared);
    prepared[PREPARED] = rest;
    g->value = rest.value;
    for (int i = 0; i <= PREPARED; i++)
        g->sum[i] = i == PREPARED;
    ad_recorder_mark mark = ad_recorder_here(g->recorder);
    for (size_t n = 0; n < g->points; n++) {
        ad_real y = point_term(prepared, g->x + n * GMM_D);
        g->value += y.value;
        ad_real_gradient(y, PREPARED, prepared, g->of_point);
        for (int i = 0; i < PREPARED; i++)
            g->sum[i] += g->of_point[i];
        ad_recorder_rewind(mark);
    }
    ad_real_vjp(PREPARED + 1, prepared, g->sum, GMM_PARAMETERS, p, g->gradient);
    check_recorder(g->recorder);
}

/* ---- the value ---------------------------------------------------------------------- */

static double logsumexp(const double *x)
{
    double most = x[0], sum = 0;
    for (int k = 1; k < GMM_K; k++)
        most = fmax(most, x[k]);
    for (int k = 0; k < GMM_K; k++)
        sum += exp(x[k] - most);
    return log(sum) + most;
}

/* What a Gaussian says of a point, but for its weight. */
static double form(const double *x, const double *mean, const double *diagonal, const double *below)
{
    double centred[GMM_D], sum = 0;
    for (int i = 0; i < GMM_D; i++)
        centred[i] = x[i] - mean[i];
    for (int i = 0; i < GMM_D; below += i++) {
        double turned = diagonal[i] * centred[i];
        for (int j = 0; j < i; j++)
            turned += below[j] * centred[j];
        sum += turned * turned;
    }
    return -0.5 * sum;
}

static void value_of(const void *env, const double *p, double *y)
{
    const gmm *g = env;
    const double *mean = p + GMM_K, *factor = mean + GMM_K * GMM_D;
    double weight[GMM_K], diagonal[GMM_K][GMM_D], term[GMM_K];
    double sum = gmm_constant(g->points) - (double)g->points * logsumexp(p);
    for (int k = 0; k < GMM_K; k++) {
        const double *f = factor + k * GMM_FACTOR;
        double size = 0, logs = 0;
        for (int i = 0; i < GMM_FACTOR; i++) {
            double e = i < GMM_D ? diagonal[k][i] = exp(f[i]) : f[i];
            logs += i < GMM_D ? f[i] : 0;
            size += e * e;
        }
        weight[k] = p[k] + logs;
        sum += 0.5 * GMM_GAMMA * GMM_GAMMA * size - GMM_M * logs;
    }
    for (size_t n = 0; n < g->points; n++) {
        for (int k = 0; k < GMM_K; k++)
            term[k] = weight[k] + form(g->x + n * GMM_D, mean + k * GMM_D, diagonal[k],
                                       factor + k * GMM_FACTOR + GMM_D);
        sum += logsumexp(term);
    }
    *y = sum;
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
    g->of_point = take(PREPARED, sizeof(double));
    g->sum = take(PREPARED + 1, sizeof(double));
    g->parameters = take(GMM_PARAMETERS, sizeof(ad_real));
    g->prepared = take(PREPARED + 1, sizeof(ad_real));
    g->recorder = bench_recorder(0);
    gmm_fill(g->points, g->p, g->x);
    double terms = (double)g->points * GMM_K * (ROWS + 2 * GMM_D);
    return (bench_work){g, NULL, 1, 6 * terms, 8 * sizeof(double) * terms, g->recorder};
}

static void gmm_teardown(void *state)
{
    gmm *g = state;
    ad_recorder_free(g->recorder);
    free(g->x);
    free(g->p);
    free(g->gradient);
    free(g->of_point);
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
