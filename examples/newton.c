/* Newton's method with exact Hessians: a step is -H^-1 g, and near the minimum each doubles the right
 * digits.
 *
 * First the valley of Rosenbrock (1960), from where he started. Then a fit by maximum likelihood: did cold
 * damage the O-rings of the space shuttle? On 23 flights before the Challenger's, y tells whether any
 * was in thermal distress, at the joint's temperature in degrees Fahrenheit (Dalal, Fowlkes and
 * Hoadley 1989, "Risk analysis of the space shuttle: pre-Challenger prediction of failure"). The
 * logistic model says P(y = 1) = 1 / (1 + exp(-(intercept + slope temperature))). At the fit
 * the inverse of the Hessian of -log likelihood is the estimate of the parameters' covariance. */
#include "common.h"

#include <math.h>
#include <stdio.h>

enum { MOST_STEPS = 30 };

static double norm(int n, const double *v)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sqrt(sum);
}

static void factor_hessian(int n, double *h)
{
    if (!factor(n, h))
        fail("the Hessian is not positive definite: start nearer to a minimum");
}

/* ---- Rosenbrock ---------------------------------------------------------------------- */

/* The sum of 100 (v[i+1] - v[i]^2)^2 + (1 - v[i])^2. */
static ad_tensor rosenbrock(ad_tape *t, const ad_tensor *v, const void *env)
{
    (void)t, (void)env;
    ad_tensor x = ad_slice(v[0], 0, 0, -1), y = ad_slice(v[0], 0, 1, ad_shape_of(v[0]).dim[0]);
    ad_tensor valley = ad_square(ad_sub(y, ad_square(x)));
    return ad_sum(ad_add(ad_mul(100, valley), ad_square(ad_sub(1, x))));
}

static void minimise(ad_tape *tape, int n, double *v)
{
    double value;
    ad_array g = {0}, h = {0};
    printf("Rosenbrock in %d dimensions\n", n);
    for (int step = 0; step <= MOST_STEPS; step++) {
        ad_view x = AD_VIEW((const double *)v, n);
        if (ad_value_with_hessian(tape, rosenbrock, 1, &x, NULL, &value, &g, &h) != AD_OK)
            fail("%s", ad_tape_error(tape));
        double slope = norm(n, g.data);
        printf("step %2d   f %.6e   |gradient| %.1e\n", step, value, slope);
        if (slope < 1e-10)
            break;
        factor_hessian(n, h.data);
        solve(n, h.data, g.data);
        for (int i = 0; i < n; i++)
            v[i] -= ((const double *)g.data)[i];
    }
    printf("minimum at (");
    for (int i = 0; i < n; i++)
        printf("%s%.12f", i ? ", " : "", v[i]);
    printf("), known: all 1\n");
    ad_array_free(&g);
    ad_array_free(&h);
}

/* ---- a logistic model ---------------------------------------------------------------- */

AD_MODEL(logistic, intercept, slope); /* two numbers */
AD_MODEL_DERIVATIVES(logistic);

enum { FLIGHTS = 23 };

static const double temperature[FLIGHTS] = {66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78,
                                            67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58};
static const double distress[FLIGHTS] = {0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0,
                                         0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1};

/* -log likelihood = the sum of log(1 + exp(z)) - y z, with z = intercept + slope temperature. */
static ad_tensor surprise(ad_tape *t, const logistic_tensors *m, const void *env)
{
    (void)env;
    ad_tensor x = ad_freeze(t, AD_VIEW(temperature, FLIGHTS));
    ad_tensor y = ad_freeze(t, AD_VIEW(distress, FLIGHTS));
    ad_tensor z = ad_add(m->intercept, ad_mul(m->slope, x));
    return ad_sum(ad_sub(ad_softplus(z), ad_mul(y, z)));
}

static void print_fit(const logistic *model, double surprise_at_fit, const double *l)
{
    const char *const names[] = {"intercept", "slope"}, *const published[] = {"15.0429 (7.3786)",
                                                                              "-0.2322 (0.1082)"};
    const double fit[] = {*(const double *)model->intercept.data,
                          *(const double *)model->slope.data};
    for (int i = 0; i < 2; i++) {
        double column[2] = {i == 0, i == 1}; /* of the identity, then of the covariance */
        solve(2, l, column);
        printf("%-9s %9.4f (standard error %.4f), published: %s\n", names[i], fit[i],
               sqrt(column[i]), published[i]);
    }
    printf("deviance  %9.3f, published: 20.315\n", 2 * surprise_at_fit);
    printf("at 31 degrees, as on the last morning: P(distress) = %.4f\n",
           1 / (1 + exp(-(fit[0] + 31 * fit[1]))));
}

static void fit(ad_tape *tape)
{
    double value;
    ad_array g = {0}, h = {0};
    logistic model = {ad_zeros(AD_F64, AD_SCALAR), ad_zeros(AD_F64, AD_SCALAR)};
    logistic gradient = {0}, newton = {0};
    ad_error error = {0};
    printf("O-rings: a logistic model of %d flights\n", FLIGHTS);
    for (int step = 0;; step++) {
        if (logistic_value_with_hessian(tape, surprise, &model, NULL, &value, &gradient, &h) !=
            AD_OK)
            fail("%s", ad_tape_error(tape));
        if (logistic_flatten(&gradient, &g, &error) != AD_OK ||
            logistic_like(&model, &newton, &error) != AD_OK)
            fail("%s", error.text);
        double slope = norm(2, g.data);
        printf("step %2d   -log likelihood %.9f   |gradient| %.1e\n", step, value, slope);
        factor_hessian(2, h.data);
        if (slope < 1e-8 || step == MOST_STEPS)
            break;
        solve(2, h.data, g.data);
        if (logistic_unflatten(ad_array_view(g), &newton, &error) != AD_OK ||
            logistic_axpy(-1, &newton, &model, &error) != AD_OK)
            fail("%s", error.text);
    }
    print_fit(&model, value, h.data);
    logistic_free(&model);
    logistic_free(&gradient);
    logistic_free(&newton);
    ad_array_free(&g);
    ad_array_free(&h);
}

int main(int argc, char **argv)
{
    settings none = {0};
    read_options(argc, argv, "", &none);
    ad_tape *tape = ad_tape_new(NULL);
    check(tape);
    minimise(tape, 2, (double[]){-1.2, 1});
    fit(tape);
    ad_tape_free(tape);
    return 0;
}
