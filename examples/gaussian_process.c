/* A Gaussian process: a prior over functions, in which values at x and x' vary together by
 *
 *     k(x, x') = a^2 exp(-(x - x')^2 / (2 l^2)),  and each observation has noise of deviation s
 *
 * l, a and s are fitted to observations of sin x + x / 5 by maximum likelihood,
 *
 *     -log p(y) = y^T K^-1 y / 2 + log det(K) / 2 + n log(2 pi) / 2,  K = k(x, x) + s^2
 *
 * where Cholesky's factor of K has both: with K = L L^T and L z = y they are z^T z / 2 and the sum of log L_ii. Newton's
 * steps take the exact Hessian, through the factor. The fit then predicts the function, with bands of two
 * deviations, which are wide where nothing was observed (Rasmussen and Williams 2006, algorithm 2.1). */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SEEN = 30, PARAMETERS = 3, MOST_STEPS = 40, POINTS = 61, HEIGHT = 15 };

static const double pi = 3.14159265358979323846, noise = 0.2;

typedef struct observations {
    double x[SEEN], y[SEEN];
} observations;

static double truth(double x)
{
    return sin(x) + x / 5;
}

/* None between 5.5 and 8. */
static observations observe(void)
{
    observations o;
    ad_random random = ad_random_new(7, 0);
    for (int i = 0; i < SEEN; i++) {
        double x = 7.5 * ad_random_uniform(&random);
        o.x[i] = x < 5.5 ? x : x + 2.5;
        o.y[i] = truth(o.x[i]) + noise * ad_random_normal(&random);
    }
    return o;
}

/* ---- the process ------------------------------------------------------------------------ */

/* k(x, x') for [m] and [n] numbers -> [m, n]. p holds the logarithms of l, a and s. */
static ad_tensor covariance(ad_tensor p, ad_tensor x, ad_tensor others)
{
    ad_tensor length = ad_exp(p), apart = ad_sub(ad_expand(x, 1), ad_expand(others, 0));
    ad_tensor scaled = ad_div(apart, ad_slice(length, 0, 0, 1));
    ad_tensor log_square = ad_mul(2, ad_slice(p, 0, 1, 2));
    return ad_exp(ad_sub(log_square, ad_mul(0.5, ad_square(scaled))));
}

/* L of the observations. */
static ad_tensor factor_of(ad_tensor p, ad_tensor x)
{
    ad_tensor variance = ad_exp(ad_mul(2, ad_slice(p, 0, 2, 3)));
    ad_tensor on_diagonal = ad_diag(ad_broadcast_to(variance, ad_shape_of(x)), 0);
    return ad_cholesky(ad_add(covariance(p, x, x), on_diagonal));
}

/* -log p(y) */
static ad_tensor surprise(ad_tape *t, const ad_tensor *v, const void *env)
{
    const observations *o = env;
    ad_tensor x = ad_freeze(t, AD_VECTOR(o->x)), y = ad_freeze(t, AD_VECTOR(o->y));
    ad_tensor l = factor_of(v[0], x), z = ad_triangular_solve(l, ad_expand(y, 1), 0);
    ad_tensor fit = ad_mul(0.5, ad_sum(ad_square(z)));
    return ad_add(ad_add(fit, ad_sum(ad_log(ad_diagonal(l, 0)))), 0.5 * SEEN * log(2 * pi));
}

/* ---- the fit ------------------------------------------------------------------------------ */

static double surprise_at(ad_tape *tape, const observations *o, const double *p)
{
    ad_tape_reset(tape);
    ad_tensor at = ad_freeze(tape, AD_VIEW(p, PARAMETERS)), y = surprise(tape, &at, o);
    check(tape);
    return ad_item(y);
}

/* Newton's step where the Hessian is positive definite, else down the slope; halved until it leads down. */
static void step(ad_tape *tape, const observations *o, double value, double *g, double *h,
                 double *p)
{
    double moved[PARAMETERS], scale = 1;
    if (factor(PARAMETERS, h))
        solve(PARAMETERS, h, g);
    else
        scale = 0.1;
    for (int half = 0; half < 30; half++, scale /= 2) {
        for (int i = 0; i < PARAMETERS; i++)
            moved[i] = p[i] - scale * g[i];
        if (surprise_at(tape, o, moved) <= value)
            break;
    }
    memcpy(p, moved, sizeof moved);
}

static void fit(ad_tape *tape, const observations *o, double *p)
{
    ad_array g = {0}, h = {0};
    for (int s = 0; s <= MOST_STEPS; s++) {
        double value, slope = 0;
        ad_view at = AD_VIEW((const double *)p, PARAMETERS);
        if (ad_value_with_hessian(tape, surprise, 1, &at, o, &value, &g, &h) != AD_OK)
            fail("%s", ad_tape_error(tape));
        for (int i = 0; i < PARAMETERS; i++)
            slope = fmax(slope, fabs(((double *)g.data)[i]));
        printf("step %2d   -log p %9.5f   |gradient| %.1e   l %.4f   a %.4f   s %.4f\n", s, value,
               slope, exp(p[0]), exp(p[1]), exp(p[2]));
        if (slope < 1e-6)
            break;
        step(tape, o, value, g.data, h.data, p);
    }
    ad_array_free(&g);
    ad_array_free(&h);
}

/* ---- the prediction ------------------------------------------------------------------------- */

typedef struct prediction {
    double x[POINTS], mean[POINTS], deviation[POINTS];
} prediction;

/* With k* between what is asked and what was seen: means k* K^-1 y, variances a^2 - the squares of L^-1 k*^T. */
static void predict(ad_tape *tape, const observations *o, const double *p, prediction *to)
{
    ad_tape_reset(tape);
    ad_tensor at = ad_freeze(tape, AD_VIEW(p, PARAMETERS)), x = ad_freeze(tape, AD_VECTOR(o->x));
    ad_tensor asked = ad_freeze(tape, AD_VECTOR(to->x)), y = ad_freeze(tape, AD_VECTOR(o->y));
    ad_tensor l = factor_of(at, x), beside = ad_transpose(covariance(at, asked, x));
    ad_tensor half = ad_triangular_solve(l, beside, 0);
    ad_tensor z = ad_triangular_solve(l, ad_expand(y, 1), 0);
    ad_tensor mean = ad_matmul(ad_transpose(half), z);
    ad_tensor less = ad_sum_over(ad_square(half), AD_AXES(0));
    ad_tensor deviation = ad_sqrt(ad_sub(exp(2 * p[1]), less));
    check(tape);
    memcpy(to->mean, ad_read(mean).data, sizeof to->mean);
    memcpy(to->deviation, ad_read(deviation).data, sizeof to->deviation);
}

static int row_of(double y)
{
    return (int)fmin(fmax((y + 0.75) * 4 + 0.5, 0), HEIGHT);
}

/* Bands of two deviations as dots, means as *, what was seen as o. */
static void draw(const observations *o, const prediction *p)
{
    char rows[HEIGHT + 1][POINTS];
    memset(rows, ' ', sizeof rows);
    for (int k = 0; k < POINTS; k++) {
        int top = row_of(p->mean[k] + 2 * p->deviation[k]);
        for (int row = row_of(p->mean[k] - 2 * p->deviation[k]); row <= top; row++)
            rows[row][k] = '.';
        rows[row_of(p->mean[k])][k] = '*';
    }
    for (int i = 0; i < SEEN; i++)
        rows[row_of(o->y[i])][(int)(o->x[i] * (POINTS - 1) / 10 + 0.5)] = 'o';
    for (int row = HEIGHT; row >= 0; row--)
        printf("%5.2f |%.*s\n", row / 4.0 - 0.75, POINTS, rows[row]);
    printf("       x = 0 %*s\n", POINTS - 6, "10");
}

static void judge(const prediction *p)
{
    int within = 0;
    for (int k = 0; k < POINTS; k++)
        within += fabs(truth(p->x[k]) - p->mean[k]) <= 2 * p->deviation[k];
    printf("the function itself is within two deviations at %d of %d points\n", within, POINTS);
    printf("deviation where much was seen: %.3f, in the middle of the gap: %.3f\n",
           p->deviation[12], p->deviation[41]);
}

int main(int argc, char **argv)
{
    settings none = {0};
    read_options(argc, argv, "", &none);
    ad_tape *tape = ad_tape_new(NULL);
    check(tape);
    double p[PARAMETERS] = {0, 0, -1};
    prediction asked;
    observations o = observe();
    for (int k = 0; k < POINTS; k++)
        asked.x[k] = 10.0 * k / (POINTS - 1);
    fit(tape, &o, p);
    predict(tape, &o, p, &asked);
    draw(&o, &asked);
    judge(&asked);
    ad_tape_free(tape);
    return 0;
}
