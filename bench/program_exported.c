/* Programs that write_programs.c wrote as C before the build, compiled by -O2: gradient and
 * Hessian of a loss of Lotka's and Volterra's equations, and Jacobians of residuals of bundle
 * adjustment, eight at a time in vectors: numbers of eight residuals lie side by side, and
 * Jacobians are written to a window that stays in the cache, where a solver would take them
 * from. They have the full size always. The bare form is the value alone in plain doubles. */
#include "bench.h"
#include "objectives.h"

#include "ba_jacobian.h"
#include "lv_gradient.h"
#include "lv_hessian.h"

#include <stdlib.h>

/* ---- Lotka and Volterra ------------------------------------------------------------- */

typedef struct lotka {
    double seen[LV_SEEN][2];
    double *work;
    double result[LV_HESSIAN_OUTPUTS]; /* the loss, its gradient, its Hessian's lower triangle */
    double bare;
} lotka;

static void gradient(void *state)
{
    lotka *l = state;
    lv_gradient(lv_parameters, l->work, l->result);
}

static void hessian(void *state)
{
    lotka *l = state;
    lv_hessian(lv_parameters, l->work, l->result);
}

static void lotka_bare(void *state)
{
    lotka *l = state;
    l->bare = lotka_value(LV_STEPS, l->seen, lv_parameters);
}

static double gradient_difference(void *state)
{
    lotka *l = state;
    double slope[LV_PARAMETERS];
    lotka_slope(LV_STEPS, l->seen, lv_parameters, slope);
    return fmax(values_difference(1, l->result, &l->bare),
                values_difference(LV_PARAMETERS, l->result + 1, slope));
}

static double hessian_difference(void *state)
{
    lotka *l = state;
    const double *triangle = l->result + 1 + LV_PARAMETERS;
    double bend[LV_PARAMETERS * LV_PARAMETERS], full[LV_PARAMETERS * LV_PARAMETERS];
    lotka_bend(LV_STEPS, l->seen, lv_parameters, bend);
    for (int i = 0; i < LV_PARAMETERS; i++)
        for (int j = 0; j <= i; j++)
            full[i * LV_PARAMETERS + j] = full[j * LV_PARAMETERS + i] = *triangle++;
    return fmax(gradient_difference(l),
                values_difference(LV_PARAMETERS * LV_PARAMETERS, full, bend));
}

static bench_work lotka_setup(const bench_case *this, const bench_setting *s)
{
    (void)this, (void)s;
    lotka *l = take(1, sizeof *l);
    lv_fill(l->seen);
    l->work = take(LV_GRADIENT_WORK + LV_HESSIAN_WORK, sizeof(double));
    double operations = 42.0 * LV_STEPS;
    return (bench_work){
        .state = l, .units = 1, .flops = 4 * operations, .bytes = 8 * sizeof(double) * operations};
}

static void lotka_teardown(void *state)
{
    lotka *l = state;
    free(l->work);
    free(l);
}

static const bench_kind gradient_kind = {.setup = lotka_setup,
                                         .adze = gradient,
                                         .bare = lotka_bare,
                                         .difference = gradient_difference,
                                         .teardown = lotka_teardown,
                                         .on_one_thread = true};
static const bench_kind hessian_kind = {.setup = lotka_setup,
                                        .adze = hessian,
                                        .bare = lotka_bare,
                                        .difference = hessian_difference,
                                        .teardown = lotka_teardown,
                                        .on_one_thread = true};

/* ---- bundle adjustment -------------------------------------------------------------- */

/* The vectors are BA_JACOBIAN_LANES wide. */
enum {
    LANES = sizeof(ba_jacobian_real) / sizeof(double),
    BLOCKS = BA_MAPPED / LANES,
    WINDOW = 50 /* blocks: 100 KB of errors and Jacobians */
};

typedef struct ba {
    double *x;    /* [points, BA_RESIDUAL_INPUTS] */
    double *bare; /* [points, BA_RESIDUALS] */
    ba_jacobian_real *in, *out, *work;
} ba;

static void run_blocks(ba *b, int window)
{
    for (int i = 0; i < BLOCKS; i++)
        if (ba_jacobian(b->in + i * BA_JACOBIAN_INPUTS, b->work,
                        b->out + i % window * BA_JACOBIAN_OUTPUTS) != 0)
            fail("a camera is not turned at all");
}

static void ba_exported(void *state)
{
    run_blocks(state, WINDOW);
}

static void ba_value(const void *env, const double *x, double *y)
{
    (void)env;
    for (int i = 0; i < BA_MAPPED; i++, x += BA_RESIDUAL_INPUTS)
        ba_residual_value(x, x + BA_INPUTS, y + i * BA_RESIDUALS);
}

static void ba_bare(void *state)
{
    ba *b = state;
    ba_value(b, b->x, b->bare);
}

/* An output of a point. */
static double output_of(const ba *b, size_t i, size_t output)
{
    const double *y = (const double *)(b->out + i / LANES * BA_JACOBIAN_OUTPUTS + output);
    return y[i % LANES];
}

/* The errors are linear in where the point was seen. */
static void ba_slope_along(const void *env, const double *d, double *slope)
{
    const ba *b = env;
    for (size_t i = 0; i < BA_MAPPED; i++, d += BA_RESIDUAL_INPUTS)
        for (size_t j = 0; j < BA_RESIDUALS; j++, slope++) {
            *slope = -b->x[i * BA_RESIDUAL_INPUTS + BA_INPUTS - 1] * d[BA_INPUTS + j];
            for (size_t k = 0; k < BA_INPUTS; k++)
                *slope += output_of(b, i, BA_RESIDUALS + j * BA_INPUTS + k) * d[k];
        }
}

static double ba_difference(void *state)
{
    ba *b = state;
    run_blocks(b, BLOCKS);
    const size_t inputs = (size_t)BA_MAPPED * BA_RESIDUAL_INPUTS;
    const size_t errors = (size_t)BA_MAPPED * BA_RESIDUALS;
    double worst = slopes_difference(ba_value, ba_slope_along, b, inputs, b->x, errors);
    for (size_t e = 0; e < errors; e++) {
        double error = output_of(b, e / BA_RESIDUALS, e % BA_RESIDUALS);
        worst = fmax(worst, values_difference(1, &error, &b->bare[e]));
    }
    return worst;
}

static bench_work ba_setup(const bench_case *this, const bench_setting *s)
{
    (void)this, (void)s;
    ba *b = take(1, sizeof *b);
    b->x = take((size_t)BA_MAPPED * BA_RESIDUAL_INPUTS, sizeof(double));
    b->bare = take((size_t)BA_MAPPED * BA_RESIDUALS, sizeof(double));
    b->in = take((size_t)BLOCKS * BA_JACOBIAN_INPUTS, sizeof *b->in);
    b->out = take((size_t)BLOCKS * BA_JACOBIAN_OUTPUTS, sizeof *b->out);
    b->work = take(BA_JACOBIAN_WORK, sizeof *b->work);
    ba_fill_residuals(BA_MAPPED, b->x);
    for (size_t i = 0; i < BA_MAPPED; i++)
        for (size_t k = 0; k < BA_RESIDUAL_INPUTS; k++)
            b->in[i / LANES * BA_RESIDUAL_INPUTS + k][i % LANES] = b->x[i * BA_RESIDUAL_INPUTS + k];
    return (bench_work){.state = b,
                        .units = BA_MAPPED,
                        .flops = 300,
                        .bytes = sizeof(double) * (BA_JACOBIAN_INPUTS + BA_JACOBIAN_OUTPUTS)};
}

static void ba_teardown(void *state)
{
    ba *b = state;
    free(b->x);
    free(b->bare);
    free(b->in);
    free(b->out);
    free(b->work);
    free(b);
}

static const bench_kind ba_kind = {.setup = ba_setup,
                                   .adze = ba_exported,
                                   .bare = ba_bare,
                                   .difference = ba_difference,
                                   .teardown = ba_teardown,
                                   .on_one_thread = true};

/* ---- cases -------------------------------------------------------------------------- */

static const bench_case cases[] = {
    {"program_lv_exported", "value and gradient of 1000 steps, as C", &gradient_kind, NULL},
    {"program_lv_hessian_exported", "their Hessian, too", &hessian_kind, NULL},
    {"program_ba_exported", "Jacobians of 30000 residuals, as C, in vectors", &ba_kind, NULL},
};

const bench_table program_exported_table = BENCH_TABLE(cases);
