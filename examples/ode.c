/* Rates from data: a differential equation is solved number by number, and the gradient of its misfit leads
 * to the rates that fit.
 *
 * Hares h and lynxes l, in thousands, by Lotka (1925) and Volterra (1926):
 *
 *     dh/dt = birth h - hunting h l        dl/dt = growth h l - death l
 *
 * The data are those of a known truth, each number off by some 10 %. Six numbers are sought: four rates and two
 * populations at the start, by their logarithms, since all are positive. An evaluation is 13000 statements;
 * BFGS takes its steps by their gradient alone. From a worse start it finds a minimum of faster waves. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SOUGHT = 6, HEIGHT = 14 };
enum { YEARS = 21, A_YEAR = 3, POINTS = A_YEAR * (YEARS - 1) + 1, STEPS = 6 };

/* rate: birth, hunting, growth, death; u: hares and lynxes. */
static void change(const ad_real *rate, const ad_real *u, ad_real *du)
{
    ad_real met = ad_mul(u[0], u[1]);
    du[0] = ad_sub(ad_mul(rate[0], u[0]), ad_mul(rate[1], met));
    du[1] = ad_sub(ad_mul(rate[2], met), ad_mul(rate[3], u[1]));
}

/* One step of Runge and Kutta's method of fourth order. */
static void advance(const ad_real *rate, double h, ad_real *u)
{
    const double share[] = {1, h / 6, h / 3, h / 3, h / 6};
    ad_real v[2], k[4][2];
    change(rate, u, k[0]);
    for (int i = 1; i < 4; i++) {
        for (int s = 0; s < 2; s++)
            v[s] = ad_muladd(i < 3 ? h / 2 : h, k[i - 1][s], u[s]);
        change(rate, v, k[i]);
    }
    for (int s = 0; s < 2; s++) {
        const ad_real all[] = {u[s], k[0][s], k[1][s], k[2][s], k[3][s]};
        u[s] = ad_weighted_sum_reals(5, share, all);
    }
}

/* The populations at each third of a year. p: the rates, and the populations at the start. */
static void follow(const ad_real *p, ad_real (*u)[2])
{
    memcpy(u[0], p + 4, sizeof u[0]);
    for (int k = 1; k < POINTS; k++) {
        memcpy(u[k], u[k - 1], sizeof u[k]);
        for (int i = 0; i < STEPS; i++)
            advance(p, 1.0 / (A_YEAR * STEPS), u[k]);
    }
}

/* Half the sum of squared differences of logarithms, each over the 10 % that is expected. */
static ad_real misfit(const ad_real *logs, double (*seen)[2])
{
    ad_real p[SOUGHT], u[POINTS][2], off[YEARS * 2];
    for (int i = 0; i < SOUGHT; i++)
        p[i] = ad_exp(logs[i]);
    follow(p, u);
    for (int year = 0; year < YEARS; year++)
        for (int s = 0; s < 2; s++)
            off[2 * year + s] = ad_sub(ad_log(u[A_YEAR * year][s]), log(seen[year][s]));
    return ad_mul(0.5 / 0.01, ad_squared_norm_reals(YEARS * 2, off));
}

static double evaluate(ad_recorder *r, const double *at, double (*seen)[2], double *gradient)
{
    ad_real logs[SOUGHT], y;
    ad_recorder_reset(r); /* keeps the memory */
    ad_real_inputs(r, SOUGHT, at, logs);
    y = misfit(logs, seen);
    if (ad_real_gradient(y, SOUGHT, logs, gradient) != AD_OK)
        fail("%s", ad_recorder_error(r));
    return y.value;
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < SOUGHT; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The estimate h of the inverse Hessian learns that a step changed the gradient by so much. */
static void learn(double (*h)[SOUGHT], const double *step, const double *changed)
{
    double hc[SOUGHT], along = dot(step, changed);
    if (!(along > 0))
        return;
    for (int i = 0; i < SOUGHT; i++)
        hc[i] = dot(h[i], changed);
    double both = (1 + dot(changed, hc) / along) / along;
    for (int i = 0; i < SOUGHT; i++)
        for (int j = 0; j < SOUGHT; j++)
            h[i][j] += both * step[i] * step[j] - (hc[i] * step[j] + step[i] * hc[j]) / along;
}

/* Goes along -h g, half as far as long as that is no descent. Returns the new value; g is its gradient. */
static double descend(ad_recorder *r, double (*seen)[2], double value, double (*h)[SOUGHT],
                      double *p, double *g)
{
    double way[SOUGHT], next[SOUGHT], there[SOUGHT], changed[SOUGHT], lower = INFINITY, length = 2;
    for (int i = 0; i < SOUGHT; i++)
        way[i] = -dot(h[i], g);
    while (!(lower <= value + 1e-4 * length * dot(way, g)) && length > 1e-9) {
        length /= 2;
        for (int i = 0; i < SOUGHT; i++)
            next[i] = p[i] + length * way[i];
        lower = evaluate(r, next, seen, there);
    }
    for (int i = 0; i < SOUGHT; i++) {
        way[i] *= length;
        changed[i] = there[i] - g[i];
        p[i] = next[i];
        g[i] = there[i];
    }
    learn(h, way, changed);
    return lower;
}

static void fit(ad_recorder *r, double (*seen)[2], double *logs)
{
    double g[SOUGHT], h[SOUGHT][SOUGHT] = {{0}}, value = evaluate(r, logs, seen, g);
    for (int i = 0; i < SOUGHT; i++)
        h[i][i] = 1e-4;
    for (int step = 0; step <= 100; step++) {
        double slope = sqrt(dot(g, g));
        if (step % 3 == 0 || slope < 1e-4)
            printf("step %3d   misfit %12.6f   |gradient| %.1e\n", step, value, slope);
        if (slope < 1e-4)
            break;
        value = descend(r, seen, value, h, logs, g);
    }
}

static void follow_plain(const double *p, ad_real (*u)[2])
{
    ad_real constants[SOUGHT]; /* of these nothing is recorded */
    for (int i = 0; i < SOUGHT; i++)
        constants[i] = ad_real_constant(p[i]);
    follow(constants, u);
}

static void draw(const double *p, double (*seen)[2])
{
    char rows[HEIGHT + 1][POINTS];
    ad_real u[POINTS][2];
    memset(rows, ' ', sizeof rows);
    follow_plain(p, u);
    for (int k = 0; k < POINTS; k++)
        for (int s = 0; s < 2; s++)
            rows[(int)fmin(HEIGHT, u[k][s].value / 5 + 0.5)][k] = s ? ':' : '.';
    for (int year = 0; year < YEARS; year++)
        for (int s = 0; s < 2; s++)
            rows[(int)fmin(HEIGHT, seen[year][s] / 5 + 0.5)][A_YEAR * year] = s ? 'L' : 'H';
    for (int row = HEIGHT; row >= 0; row--)
        printf("%4d |%.*s\n", 5 * row, POINTS, rows[row]);
    printf("      0 years %*s\n", POINTS - 8, "20");
}

static void make_data(const double *truth, double (*seen)[2])
{
    ad_random random = ad_random_new(3, 0);
    ad_real u[POINTS][2];
    follow_plain(truth, u);
    for (int year = 0; year < YEARS; year++)
        for (int s = 0; s < 2; s++)
            seen[year][s] = u[A_YEAR * year][s].value * exp(0.1 * ad_random_normal(&random));
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"birth", "hunting", "growth", "death", "hares", "lynxes"};
    const double truth[] = {0.55, 0.028, 0.024, 0.80, 34, 6},
                 start[] = {0.4, 0.02, 0.03, 1, 30, 10};
    double logs[SOUGHT], p[SOUGHT], seen[YEARS][2];
    settings none = {0};
    read_options(argc, argv, "", &none);
    ad_recorder *r = ad_recorder_new(NULL);
    if (!r)
        fail("memory ran out for the recorder");
    make_data(truth, seen);
    for (int i = 0; i < SOUGHT; i++)
        logs[i] = log(start[i]);
    fit(r, seen, logs);
    printf("\n          start      fit    truth\n");
    for (int i = 0; i < SOUGHT; i++) {
        p[i] = exp(logs[i]);
        printf("%-7s %7.3f  %7.3f  %7.3f\n", names[i], start[i], p[i], truth[i]);
    }
    printf("\nH hares and L lynxes in thousands, and the fit: . :\n");
    draw(p, seen);
    ad_recorder_free(r);
    return 0;
}
