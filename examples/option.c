/* The price of an option and all its Greeks, from random paths with branches.
 *
 * A call pays max(S - strike, 0) at the end; a down-and-out call pays that if its price never fell to a
 * barrier. Between two dates a path falls that far with a known probability (a Brownian bridge), so that a path
 * above the barrier counts by how likely it stayed above. One below it ends there: a plain return.
 *
 * delta, vega, rho and theta are the gradient of each path's worth, averaged. Gamma is the second derivative by
 * the spot, and a max has none that an average would see. So the spot is a b: with a, the path stays and its
 * likelihood changes; with b, the path moves. The mixed derivative, d2/da db, is delta + spot gamma.
 *
 * Beside it stands the closed form (Black and Scholes 1973; Merton 1973), differentiated in the same way. */
#include "common.h"

#include <math.h>
#include <stdio.h>

enum { DATES = 12, PAIRS = 20000 };
enum { SPOT, MOVED, VOLATILITY, RATE, TIME, INPUTS }; /* SPOT is a, MOVED is b */
enum { PRICE, DELTA, GAMMA, VEGA, RHO, THETA, GREEKS };

typedef struct option {
    const char *name;
    double strike, barrier; /* 0: none */
} option;

/* ---- one path ------------------------------------------------------------------------ */

/* How much likelier the first step z becomes when the spot moves from its value; the value is 1. */
static ad_real likelihood(const ad_real *x, ad_real deviation, double z)
{
    ad_real u = ad_div(ad_log(ad_div(x[SPOT], x[SPOT].value)), deviation.value);
    return ad_exp(ad_mul(u, ad_sub(z, ad_mul(0.5, u))));
}

/* How likely a path stays above the barrier between two logarithms of prices that are above it. */
static ad_real survival(ad_real from, ad_real to, double barrier, ad_real variance)
{
    ad_real room = ad_mul(ad_sub(from, barrier), ad_sub(to, barrier));
    return ad_neg(ad_expm1(ad_div(ad_mul(-2, room), variance)));
}

/* What one path is worth today; z: a normal number for each step. */
static ad_real worth(const option *o, const ad_real *x, const double *z)
{
    ad_real step = ad_div(x[TIME], DATES), deviation = ad_mul(x[VOLATILITY], ad_sqrt(step));
    ad_real variance = ad_square(deviation);
    ad_real drift = ad_sub(ad_mul(x[RATE], step), ad_mul(0.5, variance));
    ad_real weight = likelihood(x, deviation, z[0]), before = ad_log(ad_mul(x[SPOT], x[MOVED]));
    ad_real at = ad_log(ad_mul(x[SPOT].value, x[MOVED])); /* the path does not know a */
    for (int i = 0; i < DATES; i++) {
        at = ad_add(at, ad_muladd(deviation, z[i], drift));
        if (o->barrier > 0 && at.value <= log(o->barrier))
            return ad_real_constant(0);
        if (o->barrier > 0)
            weight = ad_mul(weight, survival(before, at, log(o->barrier), variance));
        before = at;
    }
    ad_real gain = ad_sub(ad_exp(at), o->strike);
    if (gain.value <= 0)
        return ad_real_constant(0);
    return ad_mul(ad_mul(weight, ad_exp(ad_neg(ad_mul(x[RATE], x[TIME])))), gain);
}

/* ---- the closed form ----------------------------------------------------------------- */

static ad_real normal(ad_real x)
{
    return ad_mul(0.5, ad_erfc(ad_mul(-sqrt(0.5), x)));
}

static ad_real black_scholes(double strike, ad_real spot, const ad_real *x)
{
    ad_real deviation = ad_mul(x[VOLATILITY], ad_sqrt(x[TIME]));
    ad_real discounted = ad_mul(strike, ad_exp(ad_neg(ad_mul(x[RATE], x[TIME]))));
    ad_real d = ad_div(ad_log(ad_div(spot, discounted)), deviation), half = ad_mul(0.5, deviation);
    return ad_sub(ad_mul(spot, normal(ad_add(d, half))),
                  ad_mul(discounted, normal(ad_sub(d, half))));
}

/* Without what paths that touch the barrier (below the strike) are worth, by reflection. */
static ad_real exact(const option *o, const ad_real *x)
{
    ad_real spot = ad_mul(x[SPOT], x[MOVED]), all = black_scholes(o->strike, spot, x);
    if (o->barrier == 0)
        return all;
    ad_real power = ad_sub(ad_div(ad_mul(2, x[RATE]), ad_square(x[VOLATILITY])), 1);
    ad_real image = ad_div(o->barrier * o->barrier, spot);
    ad_real touching =
        ad_mul(ad_pow(ad_div(o->barrier, spot), power), black_scholes(o->strike, image, x));
    return ad_sub(all, touching);
}

/* ---- Greeks -------------------------------------------------------------------------- */

/* Adds those of y, which is the worth of spot a b. */
static void add_greeks(ad_recorder *r, ad_real y, const ad_real *x, double *greeks)
{
    const double spot = x[SPOT].value, move[INPUTS] = {[MOVED] = 1};
    double g[INPUTS], along[INPUTS];
    ad_real_gradient(y, INPUTS, x, g);
    if (ad_real_hvp(y, INPUTS, x, 1, move, along) != AD_OK)
        fail("%s", ad_recorder_error(r));
    greeks[PRICE] += y.value;
    greeks[DELTA] += g[MOVED] / spot;
    greeks[GAMMA] += (along[SPOT] - g[MOVED] / spot) / spot;
    greeks[VEGA] += g[VOLATILITY];
    greeks[RHO] += g[RATE];
    greeks[THETA] -= g[TIME];
}

/* Means over pairs of opposite paths, and the standard errors of the means. */
static void simulate(ad_recorder *r, const option *o, const ad_real *x, double *mean, double *error)
{
    double sum[GREEKS] = {0}, squares[GREEKS] = {0}, z[DATES];
    ad_random random = ad_random_new(1, 0);
    ad_recorder_mark inputs = ad_recorder_here(r);
    for (int i = 0; i < PAIRS; i++) {
        double both[GREEKS] = {0};
        for (int k = 0; k < DATES; k++)
            z[k] = ad_random_normal(&random);
        for (int side = 0; side < 2; side++) {
            for (int k = 0; k < DATES; k++)
                z[k] = -z[k];
            add_greeks(r, worth(o, x, z), x, both);
            ad_recorder_rewind(inputs); /* forgets the path, keeps x */
        }
        for (int k = 0; k < GREEKS; k++) {
            sum[k] += both[k] / 2;
            squares[k] += both[k] * both[k] / 4;
        }
    }
    for (int k = 0; k < GREEKS; k++) {
        mean[k] = sum[k] / PAIRS;
        error[k] = sqrt((squares[k] / PAIRS - mean[k] * mean[k]) / (PAIRS - 1));
    }
}

static void price(ad_recorder *r, const option *o, const ad_real *x)
{
    static const char *const names[] = {"price", "delta", "gamma", "vega", "rho", "theta"};
    double mean[GREEKS], error[GREEKS], closed[GREEKS] = {0};
    simulate(r, o, x, mean, error);
    add_greeks(r, exact(o, x), x, closed);
    printf("%s\n           paths    error    closed form\n", o->name);
    for (int k = 0; k < GREEKS; k++)
        printf("%-6s %9.4f   %6.4f   %9.4f\n", names[k], mean[k], error[k], closed[k]);
}

int main(int argc, char **argv)
{
    const double at[INPUTS] = {100, 1, 0.2, 0.03, 1};
    const option options[] = {{"call, strike 105", 105, 0}, {"the same, out at 90", 105, 90}};
    ad_recorder_options second = {.size = sizeof second, .keep = AD_KEEP_SECOND};
    ad_real x[INPUTS];
    settings none = {0};
    read_options(argc, argv, "", &none);
    ad_recorder *r = ad_recorder_new(&second);
    if (ad_real_inputs(r, INPUTS, at, x) != AD_OK)
        fail("%s", r ? ad_recorder_error(r) : "memory ran out for the recorder");
    printf("spot 100, volatility 0.2, rate 0.03, a year; %d paths of %d steps\n\n", 2 * PAIRS,
           DATES);
    for (int i = 0; i < 2; i++)
        price(r, &options[i], x);
    ad_recorder_free(r);
    return 0;
}
