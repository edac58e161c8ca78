/* Newton's method for a partial differential equation, with a sparse Jacobian that is a program.
 *
 * Bratu's problem is heat that a reaction makes and the walls take away: u'' + lambda exp(u) = 0 inside, u = 0 at
 * the ends of an interval or the sides of a square. On a grid, each equation knows its neighbours alone: of n^2
 * derivatives 3 n or 5 n are not 0. The residual is recorded once. A program of its derivatives computes these
 * and no others, for about twice the residual's time, however large the grid.
 *
 * On the interval, the solution is known: u = -2 log(cosh((x - 1/2) theta / 2) / cosh(theta / 4)), with
 * theta = sqrt(2 lambda) cosh(theta / 4). */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 20 };

typedef struct grid {
    size_t across, down; /* inner points; down is 1 on an interval */
    double lambda;
} grid;

static void *room_for(size_t count)
{
    void *memory = calloc(count ? count : 1, sizeof(double));
    if (!memory)
        fail("memory ran out");
    return memory;
}

static void expect_ok(const ad_error *error)
{
    if (error->status != AD_OK)
        fail("%s", error->text);
}

/* ---- the equation -------------------------------------------------------------------- */

static ad_real at(const grid *g, const ad_real *u, size_t i, size_t j)
{
    bool inside = i < g->across && j < g->down; /* -1 is large */
    return inside ? u[j * g->across + i] : ad_real_constant(0);
}

/* h^2 (u_xx + u_yy + lambda exp(u)) = 0 at each point. */
static void residual(size_t n, const ad_real *u, size_t m, ad_real *r, const void *env)
{
    const grid *g = env;
    const double h = 1 / (double)(g->across + 1);
    (void)n, (void)m;
    for (size_t j = 0; j < g->down; j++)
        for (size_t i = 0; i < g->across; i++) {
            ad_real here = at(g, u, i, j), heat = ad_mul(g->lambda * h * h, ad_exp(here));
            ad_real sum = ad_add(at(g, u, i - 1, j), at(g, u, i + 1, j));
            if (g->down > 1)
                sum = ad_add(sum, ad_add(at(g, u, i, j - 1), at(g, u, i, j + 1)));
            ad_real bend = ad_sub(sum, ad_mul(g->down > 1 ? 4 : 2, here));
            r[j * g->across + i] = ad_add(bend, heat);
        }
}

/* ---- linear equations ---------------------------------------------------------------- */

/* How far entries are from the diagonal. */
static size_t half_band(const ad_sparsity *s)
{
    size_t most = 0;
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++) {
            size_t j = s->column[e], far = i < j ? j - i : i - j;
            most = far > most ? far : most;
        }
    return most;
}

/* Sets b to A^-1 b, by elimination inside the band. Rows need not be exchanged here: below the critical lambda
 * -A is positive definite. band has room for [rows, 2 half + 1]. */
static void solve_band(const ad_sparsity *s, const double *value, size_t half, double *band,
                       double *b)
{
    const size_t n = s->rows, width = 2 * half + 1;
    memset(band, 0, n * width * sizeof *band);
    for (size_t i = 0; i < n; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++)
            band[i * width + half + s->column[e] - i] = value[e];
    for (size_t k = 0; k < n; k++) {
        const double *pivot = band + k * width + half; /* (k, k), and what is right of it */
        for (size_t i = k + 1; i < n && i <= k + half; i++) {
            double *row = band + i * width + half + k - i, factor = row[0] / pivot[0];
            for (size_t j = 0; factor != 0 && j <= half; j++)
                row[j] -= factor * pivot[j];
            b[i] -= factor * b[k];
        }
    }
    for (size_t k = n; k-- > 0;) {
        const double *pivot = band + k * width + half;
        for (size_t j = 1; j <= half && k + j < n; j++)
            b[k] -= pivot[j] * b[k + j];
        b[k] /= pivot[0];
    }
}

/* ---- Newton -------------------------------------------------------------------------- */

static double largest_of(size_t n, const double *v)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i]));
    return most;
}

/* Steps until the residual is 0 to rounding. jacobian: a program of the residual and the entries of s. */
static void iterate(const ad_program *jacobian, const ad_sparsity *s, double *u, ad_error *error)
{
    const size_t n = s->rows, half = half_band(s);
    double *y = room_for(n + s->entries), *work = room_for(ad_program_work(jacobian));
    double *band = room_for(n * (2 * half + 1));
    for (int step = 0;; step++) {
        ad_program_run(jacobian, u, y, work, error);
        expect_ok(error);
        double size = largest_of(n, y);
        printf("step %d   largest residual %.1e   largest u %.12f\n", step, size, largest_of(n, u));
        if (size < 1e-15)
            break;
        if (step == MOST_STEPS)
            fail("Newton's method does not converge");
        solve_band(s, y + n, half, band, y);
        for (size_t i = 0; i < n; i++)
            u[i] -= y[i];
    }
    free(band);
    free(work);
    free(y);
}

/* The other way to the same entries: tangents of all columns of a colour together. */
static void check_by_colours(const ad_program *p, const ad_program *jacobian, const ad_sparsity *s,
                             const double *u, ad_error *error)
{
    const size_t n = s->rows;
    ad_colouring *c = ad_colouring_new(s, AD_COLOUR_COLUMNS, error);
    ad_program *jvp = c ? ad_program_jvp(p, n, NULL, c->colours, error) : NULL;
    expect_ok(error);
    double *in = room_for(n + c->colours * n), *out = room_for(n + c->colours * n);
    double *y = room_for(n + s->entries), *value = room_for(s->entries);
    memcpy(in, u, n * sizeof *in);
    ad_colouring_seeds(c, in + n);
    ad_program_run(jvp, in, out, NULL, error);
    ad_program_run(jacobian, u, y, NULL, error);
    expect_ok(error);
    ad_colouring_recover(c, out + n, value);
    for (size_t e = 0; e < s->entries; e++)
        value[e] -= y[n + e];
    printf("by %zu tangents, one for each colour of columns: the same to %.0e\n", c->colours,
           largest_of(s->entries, value));
    if (largest_of(s->entries, value) > 1e-14)
        fail("the entries differ");
    free(value);
    free(y);
    free(out);
    free(in);
    ad_program_free(jvp);
    ad_colouring_free(c);
}

/* The solution at all points; yours to free. */
static double *solve_on(const grid *g)
{
    const size_t n = g->across * g->down;
    double *u = room_for(n);
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = NULL;
    ad_program *p = ad_program_of(residual, n, u, n, g, NULL, &error);
    ad_program *jacobian = ad_program_sparse_jacobian(p, n, NULL, &s, &error);
    expect_ok(&error);
    printf("%zu unknowns, %zu entries of the Jacobian, of %.0f\n", n, s->entries,
           (double)n * (double)n);
    iterate(jacobian, s, u, &error);
    check_by_colours(p, jacobian, s, u, &error);
    ad_program_free(jacobian);
    ad_program_free(p);
    ad_sparsity_free(s);
    return u;
}

/* ---- results ------------------------------------------------------------------------- */

/* Beside the formula: on a grid of step h it is met to h^2. */
static void compare(const grid *g, const double *u)
{
    double theta = 1, worst = 0, h = 1 / (double)(g->across + 1);
    for (int i = 0; i < 100; i++)
        theta = sqrt(2 * g->lambda) * cosh(theta / 4);
    for (size_t i = 0; i < g->across; i++) {
        double x = (double)(i + 1) * h;
        double exact = -2 * log(cosh((x - 0.5) * theta / 2) / cosh(theta / 4));
        worst = fmax(worst, fabs(u[i] - exact));
    }
    printf("largest error beside the formula: %.1e, in squares of the grid's step: %.3f\n", worst,
           worst / (h * h));
    if (!(worst < h * h))
        fail("this is not the solution");
}

static void draw(const grid *g, const double *u)
{
    static const char shades[] = " .:-=+*#%@";
    const double top = largest_of(g->across * g->down, u);
    for (size_t j = 1; j < g->down; j += 2) { /* letters are twice as high as wide */
        for (size_t i = 0; i < g->across; i++)
            putchar(shades[(int)(9.999 * u[j * g->across + i] / top)]);
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    settings none = {0};
    const grid interval = {1000, 1, 2}, square = {39, 39, 6};
    read_options(argc, argv, "", &none);
    printf("an interval, lambda = %g\n", interval.lambda);
    double *u = solve_on(&interval);
    compare(&interval, u);
    free(u);
    printf("a square, lambda = %g\n", square.lambda);
    u = solve_on(&square);
    draw(&square, u);
    free(u);
    return 0;
}
