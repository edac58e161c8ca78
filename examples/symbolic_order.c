/* Derivatives of fourth order: a derivative of a program is a program, and so has derivatives.
 *
 * First functions of one number, order by order, beside what is known of them. Then cumulants: the derivatives of
 * log E exp(t X) at t = 0 are the mean, the variance, and what skewness and kurtosis are made of. At last the
 * moments of four normal variables: E[x1 x2 x3 x4] is a mixed derivative of exp(t' C t / 2), and by Isserlis
 * (1918) c12 c34 + c13 c24 + c14 c23.
 *
 * Each line is checked. The listing in between shows that nothing is expanded but what a derivative needs. */
#include "common.h"

#include <math.h>
#include <stdio.h>

enum { ORDERS = 5 }; /* 0, 1, ..., 4 */

/* p becomes its derivative by an input. */
static ad_program *differentiate(ad_program *p, size_t by)
{
    ad_error error = {AD_OK, ""};
    ad_program *both = ad_program_gradient(p, 1, &by, &error);
    ad_program *derivative = ad_program_choose(both, 1, (size_t[]){1}, &error);
    if (!derivative)
        fail("%s", error.text);
    ad_program_free(both);
    ad_program_free(p);
    return derivative;
}

static ad_program *record(ad_real_function *f, size_t n, const double *x, const void *env)
{
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_of(f, n, x, 1, env, NULL, &error);
    if (!p)
        fail("%s", error.text);
    return p;
}

static double value(const ad_program *p, const double *x)
{
    ad_error error = {AD_OK, ""};
    double y;
    if (ad_program_run(p, x, &y, NULL, &error) != AD_OK)
        fail("%s", error.text);
    return y;
}

/* Prints a number beside the one that is known, and fails where they differ. */
static void expect(const char *name, double found, double known)
{
    printf("%-22s %20.13g  %20.13g\n", name, found + 0, known); /* + 0: a zero without a sign */
    if (!(fabs(found - known) <= 1e-12 * fmax(1, fabs(known))))
        fail("%s is %.17g, known is %.17g", name, found, known);
}

/* ---- functions of one number --------------------------------------------------------- */

typedef struct known_function {
    const char *name;
    ad_real (*f)(ad_real x);
    double x, derivative[ORDERS];
} known_function;

static ad_real bell(ad_real x)
{
    return ad_exp(ad_mul(-0.5, ad_square(x)));
}

static ad_real wave(ad_real x)
{
    return ad_exp(ad_sin(x));
}

static ad_real tangent(ad_real x)
{
    return ad_tanh(x);
}

static ad_real factorial(ad_real x)
{
    return ad_lgamma(x);
}

#define BELL 0.60653065971263342 /* exp(-1/2), times Hermite's polynomials at 1: 1, 1, 0, -2, -2 */

static const known_function functions[] = {
    {"exp(-x^2 / 2) at 1", bell, 1, {BELL, -BELL, 0, 2 * BELL, -2 * BELL}},
    {"exp(sin x) at 0", wave, 0, {1, 1, 1, 0, -3}},
    {"tanh x at 0", tangent, 0, {0, 1, 0, -2, 0}},
    {"log gamma(x) at 1", /* Euler's constant, and zeta of 2, 3 and 4 */
     factorial,
     1,
     {0, -0.57721566490153286, 1.6449340668482264, -2.4041138063191886, 6.4939394022668291}},
};

static void apply(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m;
    y[0] = ((const known_function *)env)->f(x[0]);
}

static void show_function(const known_function *f)
{
    ad_program *p = record(apply, 1, &f->x, f);
    for (int order = 0; order < ORDERS; order++) {
        char name[64];
        snprintf(name, sizeof name, "  order %d", order);
        expect(order ? name : f->name, value(p, &f->x), f->derivative[order]);
        p = differentiate(p, 0);
    }
    ad_program_free(p);
}

/* ---- cumulants ----------------------------------------------------------------------- */

enum { RATE = 3, SHAPE = 2 };
static const double scale = 0.5;

/* log E exp(t X) of X = a Poisson number with mean RATE, and a gamma number. */
static void generator(size_t n, const ad_real *t, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ad_real poisson = ad_mul(RATE, ad_expm1(t[0]));
    ad_real gamma = ad_mul(-SHAPE, ad_log1p(ad_mul(-scale, t[0])));
    y[0] = ad_add(poisson, gamma);
}

static void show_cumulants(void)
{
    static const char *const names[] = {"", "mean", "variance", "third cumulant",
                                        "fourth cumulant"};
    const double zero = 0;
    double power = 1; /* (order - 1)! scale^order */
    ad_program *p = record(generator, 1, &zero, NULL);
    for (int order = 1; order < ORDERS; order++) {
        p = differentiate(p, 0);
        power *= order > 1 ? scale * (order - 1) : scale;
        expect(names[order], value(p, &zero), RATE + SHAPE * power);
    }
    printf("\nthe fourth derivative, %zu operations:\n", ad_program_count(p, NULL));
    if (ad_program_print(p, stdout) != AD_OK)
        fail("cannot print the program");
    ad_program_free(p);
}

/* ---- moments ------------------------------------------------------------------------- */

enum { VARIABLES = 4 };

static const double covariance[VARIABLES][VARIABLES] = {
    {2, 0.5, -0.25, 1}, {0.5, 1, 0.75, 0.125}, {-0.25, 0.75, 3, -1}, {1, 0.125, -1, 1.5}};

/* exp(t' C t / 2) */
static void moments(size_t n, const ad_real *t, size_t m, ad_real *y, const void *env)
{
    ad_real sum = ad_real_constant(0);
    (void)m, (void)env;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            sum = ad_add(sum, ad_mul(covariance[i][j], ad_mul(t[i], t[j])));
    y[0] = ad_exp(ad_mul(0.5, sum));
}

static void show_moment(const int *of)
{
    const double zero[VARIABLES] = {0};
    char name[64];
    double known = covariance[of[0]][of[1]] * covariance[of[2]][of[3]] +
                   covariance[of[0]][of[2]] * covariance[of[1]][of[3]] +
                   covariance[of[0]][of[3]] * covariance[of[1]][of[2]];
    ad_program *p = record(moments, VARIABLES, zero, NULL);
    for (int k = 0; k < 4; k++)
        p = differentiate(p, (size_t)of[k]);
    snprintf(name, sizeof name, "E[x%d x%d x%d x%d]", of[0] + 1, of[1] + 1, of[2] + 1, of[3] + 1);
    expect(name, value(p, zero), known);
    ad_program_free(p);
}

int main(int argc, char **argv)
{
    static const int pairs[][4] = {{0, 1, 2, 3}, {0, 0, 1, 2}, {1, 1, 3, 3}, {2, 2, 2, 2}};
    settings none = {0};
    read_options(argc, argv, "", &none);
    printf("%-22s %20s  %20s\n", "derivative", "program", "known");
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        show_function(&functions[i]);
    printf("\na Poisson number and a gamma number together\n");
    show_cumulants();
    printf("\nfour normal variables\n");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        show_moment(pairs[i]);
    return 0;
}
