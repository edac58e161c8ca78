/* A surface of option prices: one formula at many spots and expiries, with all Greeks, in lanes and on threads.
 *
 * The price of a down-and-out call (Merton 1973), which is worth nothing once its spot has fallen to a barrier, is
 * written for single numbers and recorded as a program. Its gradient is a program, and so is the derivative of
 * the gradient's first entry, gamma. Spots and expiries are rows of numbers; strike, volatility and rate
 * are shared, and what depends on them alone is computed once.
 *
 * Three checks: at each point the Greeks satisfy the equation of Black and Scholes (1973),
 *
 *     theta + volatility^2 spot^2 gamma / 2 + rate spot delta - rate price = 0;
 *
 * bits do not depend on threads; and the book, the sum over all points, is the same when the map adds it up. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPOTS = 400, EXPIRIES = 250, POINTS = SPOTS * EXPIRIES };
enum { SPOT, TIME, STRIKE, VOLATILITY, RATE, INPUTS };
enum { PRICE, DELTA, GAMMA, VEGA, THETA, RHO, GREEKS };

static const double strike = 105, barrier = 90, volatility = 0.2, rate = 0.03;

/* ---- the formula --------------------------------------------------------------------- */

static ad_real normal(ad_real x)
{
    return ad_mul(0.5, ad_erfc(ad_mul(-sqrt(0.5), x)));
}

static ad_real call_at(ad_real spot, const ad_real *x)
{
    ad_real deviation = ad_mul(x[VOLATILITY], ad_sqrt(x[TIME]));
    ad_real discounted = ad_mul(x[STRIKE], ad_exp(ad_neg(ad_mul(x[RATE], x[TIME]))));
    ad_real d = ad_div(ad_log(ad_div(spot, discounted)), deviation), half = ad_mul(0.5, deviation);
    return ad_sub(ad_mul(spot, normal(ad_add(d, half))),
                  ad_mul(discounted, normal(ad_sub(d, half))));
}

/* Without what paths that touch the barrier, which is below the strike, are worth: by reflection. */
static void down_and_out(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ad_real power = ad_sub(ad_div(ad_mul(2, x[RATE]), ad_square(x[VOLATILITY])), 1);
    ad_real image = ad_div(barrier * barrier, x[SPOT]);
    ad_real touching = ad_mul(ad_pow(ad_div(barrier, x[SPOT]), power), call_at(image, x));
    y[0] = ad_sub(call_at(x[SPOT], x), touching);
}

/* Price and Greeks, in the order of the names above; theta without its sign. */
static ad_program *greeks_of(const ad_program *price)
{
    ad_error error = {AD_OK, ""};
    const size_t by_spot[] = {SPOT};
    ad_program *gradient = ad_program_gradient(price, INPUTS, NULL, &error);
    ad_program *all = ad_program_jacobian(gradient, 1, by_spot, &error);
    const size_t slope = 1,
                 bends = 1 + INPUTS; /* where the outputs' derivatives by the spot begin */
    ad_program *greeks = ad_program_choose(all, GREEKS,
                                           (size_t[]){[PRICE] = 0,
                                                      [DELTA] = slope + SPOT,
                                                      [GAMMA] = bends + slope + SPOT,
                                                      [VEGA] = slope + VOLATILITY,
                                                      [THETA] = slope + TIME,
                                                      [RHO] = slope + RATE},
                                           &error);
    if (!greeks)
        fail("%s", error.text);
    ad_program_free(gradient);
    ad_program_free(all);
    return greeks;
}

/* ---- the surface --------------------------------------------------------------------- */

typedef struct surface {
    double spot[POINTS], time[POINTS];
    double greek[GREEKS][POINTS];
} surface;

static surface *new_surface(void)
{
    surface *s = malloc(sizeof *s);
    if (!s)
        fail("memory ran out for the surface");
    for (size_t i = 0; i < POINTS; i++) {
        s->spot[i] = barrier + 0.125 * (double)(1 + i % SPOTS);
        s->time[i] = 0.02 * (double)(1 + i / SPOTS);
    }
    return s;
}

/* Prices and Greeks at all points, or, where there is a book, their sums. */
static void fill(const ad_program *greeks, ad_pool *pool, surface *s, double *book)
{
    ad_error error = {AD_OK, ""};
    const ad_map_input in[INPUTS] = {[SPOT] = {s->spot, 1},
                                     [TIME] = {s->time, 1},
                                     [STRIKE] = {&strike, 0},
                                     [VOLATILITY] = {&volatility, 0},
                                     [RATE] = {&rate, 0}};
    ad_map_output out[GREEKS];
    for (int k = 0; k < GREEKS; k++)
        out[k] = book ? (ad_map_output){&book[k], 0} : (ad_map_output){s->greek[k], 1};
    ad_map_options options = {.size = sizeof options, .pool = pool};
    if (ad_program_map(greeks, POINTS, in, out, &options, &error) != AD_OK)
        fail("%s", error.text);
}

/* ---- what is shown ------------------------------------------------------------------- */

static void show_sizes(const ad_program *price, const ad_program *greeks)
{
    printf("a call, strike %g, out at %g: %d spots, %d expiries\n", strike, barrier, SPOTS,
           EXPIRIES);
    printf("price: %zu operations; with 5 Greeks %zu, %.1f x the cost\n",
           ad_program_count(price, NULL), ad_program_count(greeks, NULL),
           ad_program_cost(greeks) / ad_program_cost(price));
}

static void show_table(const surface *s, int k, const char *name)
{
    static const int columns[] = {15, 39, 79, 119, 199, 319}, lines[] = {0, 4, 12, 49, 99, 249};
    printf("\n%s\n%9s", name, "");
    for (int j = 0; j < 6; j++)
        printf("%9.4g", s->spot[columns[j]]);
    for (int i = 0; i < 6; i++) {
        printf("\n%9.4g", s->time[lines[i] * SPOTS]);
        for (int j = 0; j < 6; j++)
            printf("%9.4f", s->greek[k][lines[i] * SPOTS + columns[j]]);
    }
    printf("\n");
}

/* By how much the equation is missed, at most. */
static double residual(const surface *s)
{
    double worst = 0;
    for (size_t i = 0; i < POINTS; i++) {
        double spot = s->spot[i], moved = volatility * spot;
        double sum = -s->greek[THETA][i] + moved * moved * s->greek[GAMMA][i] / 2 +
                     rate * spot * s->greek[DELTA][i] - rate * s->greek[PRICE][i];
        worst = fmax(worst, fabs(sum));
    }
    return worst;
}

static void check_book(const ad_program *greeks, ad_pool *pool, surface *s)
{
    double book[GREEKS], by_hand[GREEKS] = {0};
    fill(greeks, pool, s, book);
    for (int k = 0; k < GREEKS; k++)
        for (size_t i = 0; i < POINTS; i++)
            by_hand[k] += s->greek[k][i];
    printf("one option of each: worth %.4f, delta %.4f, vega %.4f\n", book[PRICE], book[DELTA],
           book[VEGA]);
    for (int k = 0; k < GREEKS; k++)
        if (!(fabs(book[k] - by_hand[k]) <= 1e-9 * fabs(by_hand[k])))
            fail("the book's sum %d is %.17g, by hand %.17g", k, book[k], by_hand[k]);
}

static double nanoseconds(const ad_program *greeks, ad_pool *pool, surface *s)
{
    double best = INFINITY;
    for (int i = 0; i < 5; i++) {
        double begin = now();
        fill(greeks, pool, s, NULL);
        best = fmin(best, now() - begin);
    }
    return 1e9 * best / POINTS;
}

int main(int argc, char **argv)
{
    settings s = {.threads = 2};
    read_options(argc, argv, "threads", &s);
    ad_error error = {AD_OK, ""};
    const double at[INPUTS] = {100, 1, strike, volatility, rate};
    ad_program *price = ad_program_of(down_and_out, INPUTS, at, 1, NULL, NULL, &error);
    if (!price)
        fail("%s", error.text);
    ad_program *greeks = greeks_of(price);
    ad_pool *pool = s.threads > 1 ? ad_pool_new(NULL, (int)s.threads) : NULL;
    surface *alone = new_surface(), *shared = new_surface();
    show_sizes(price, greeks);
    printf("price and Greeks of a point: %.0f ns alone", nanoseconds(greeks, NULL, alone));
    printf(", %.0f ns with %d threads\n", nanoseconds(greeks, pool, shared), ad_pool_threads(pool));
    if (memcmp(alone->greek, shared->greek, sizeof alone->greek) != 0)
        fail("threads change bits");
    printf("the equation of Black and Scholes holds to %.1e\n", residual(alone));
    if (!(residual(alone) < 1e-9))
        fail("it should hold to 1e-9");
    check_book(greeks, pool, alone);
    show_table(alone, PRICE, "price, by expiry and spot");
    show_table(alone, DELTA, "delta");
    show_table(alone, GAMMA, "gamma");
    ad_pool_free(pool);
    ad_program_free(greeks);
    ad_program_free(price);
    free(alone);
    free(shared);
    return 0;
}
