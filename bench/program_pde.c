/* Sparse derivatives of programs: the residual of a boundary value problem at 10000 points, the
 * pattern of its Jacobian, and the Jacobian with three entries in a row; and the Hessian of an
 * energy, with three, too. The bare form is the value alone in plain doubles; the other is a run
 * of the value's program. */
#include "bench.h"
#include "memory.h"
#include "objectives.h"

#include <stdlib.h>

typedef struct pde {
    size_t points;
    ad_program *value, *derivatives; /* the latter: values, a gradient for a Hessian, entries */
    ad_sparsity *pattern;
    double *u, *work, *result, *residual, *bare;
} pde;

/* ---- by adze ------------------------------------------------------------------------ */

static void residual_of(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)m, (void)env;
    pde_residual(n, x, y);
}

static void energy_of(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)m, (void)env;
    y[0] = pde_energy(n, x);
}

static void find_pattern(void *state)
{
    pde *d = state;
    ad_error error = {AD_OK, ""};
    ad_sparsity_free(d->pattern);
    d->pattern = ad_program_jacobian_sparsity(d->value, d->points, NULL, &error);
    check_error(&error);
}

static void run(const pde *d, const ad_program *p, const double *u, double *y)
{
    ad_error error = {AD_OK, ""};
    ad_program_run(p, u, y, d->work, &error);
    check_error(&error);
}

static void run_derivatives(void *state)
{
    pde *d = state;
    run(d, d->derivatives, d->u, d->result);
}

static void run_value(void *state)
{
    pde *d = state;
    run(d, d->value, d->u, d->residual);
}

/* ---- by hand ------------------------------------------------------------------------ */

static void bare(void *state)
{
    pde *d = state;
    pde_value(d->points, d->u, d->bare);
}

static void bare_energy(void *state)
{
    pde *d = state;
    *d->bare = pde_energy_value(d->points, d->u);
}

/* Whether each row has its neighbours, where there are any. */
static double pattern_difference(void *state)
{
    const pde *d = state;
    const ad_sparsity *s = d->pattern;
    size_t wrong = s->rows != d->points || s->entries != 3 * d->points - 2;
    for (size_t i = 0; i < d->points && !wrong; i++) {
        size_t first = i ? i - 1 : 0, last = i + 1 < d->points ? i + 1 : i;
        wrong = s->row_begin[i + 1] - s->row_begin[i] != last - first + 1;
        for (size_t j = first; j <= last && !wrong; j++)
            wrong = s->column[s->row_begin[i] + j - first] != j;
    }
    return wrong ? (double)INFINITY : 0;
}

static void value_of(const void *env, const double *x, double *y)
{
    const pde *d = env;
    pde_value(d->points, x, y);
}

static void slope_along(const void *env, const double *direction, double *slope)
{
    const pde *d = env;
    ad_sparse_times(d->pattern, d->result + d->points, direction, slope);
}

static double jacobian_difference(void *state)
{
    const pde *d = state;
    return fmax(fmax(values_difference(d->points, d->result, d->bare),
                     values_difference(d->points, d->residual, d->bare)),
                slopes_difference(value_of, slope_along, d, d->points, d->u, d->points));
}

static void energy_value_of(const void *env, const double *x, double *y)
{
    const pde *d = env;
    *y = pde_energy_value(d->points, x);
}

static void energy_slope_along(const void *env, const double *direction, double *slope)
{
    const pde *d = env;
    *slope = 0;
    for (size_t i = 0; i < d->points; i++)
        *slope += d->result[1 + i] * direction[i];
}

/* The gradient, by the program itself. */
static void gradient_of(const void *env, const double *x, double *y)
{
    const pde *d = env;
    double *all = take(ad_program_outputs(d->derivatives), sizeof *all);
    run(d, d->derivatives, x, all);
    memcpy(y, all + 1, d->points * sizeof *y);
    free(all);
}

static void bend_along(const void *env, const double *direction, double *bend)
{
    const pde *d = env;
    ad_sparse_symmetric_times(d->pattern, d->result + 1 + d->points, direction, bend);
}

static double hessian_difference(void *state)
{
    const pde *d = state;
    const double worst =
        fmax(values_difference(1, d->result, d->bare), values_difference(1, d->residual, d->bare));
    return fmax(worst,
                fmax(slopes_difference(energy_value_of, energy_slope_along, d, d->points, d->u, 1),
                     slopes_difference(gradient_of, bend_along, d, d->points, d->u, d->points)));
}

/* ---- cases -------------------------------------------------------------------------- */

static pde *take_pde(const bench_setting *s)
{
    pde *d = take(1, sizeof *d);
    d->points = s->smoke ? PDE_POINTS_SMOKE : PDE_POINTS;
    d->u = take(d->points, sizeof(double));
    pde_fill(d->points, d->u);
    return d;
}

static bench_work work_of(pde *d)
{
    size_t value = ad_program_work(d->value), derivatives = ad_program_work(d->derivatives);
    d->work = take(value > derivatives ? value : derivatives, sizeof(double));
    d->result = take(ad_program_outputs(d->derivatives), sizeof(double));
    d->residual = take(d->points, sizeof(double));
    d->bare = take(d->points, sizeof(double));
    double points = (double)d->points;
    return (bench_work){
        .state = d, .units = 1, .flops = 20 * points, .bytes = 5 * sizeof(double) * points};
}

static const ad_program_options options = {.size = sizeof options,
                                           .allocator = &counting_allocator};

static bench_work setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    ad_error error = {AD_OK, ""};
    pde *d = take_pde(s);
    d->value = ad_program_of(residual_of, d->points, d->u, d->points, NULL, &options, &error);
    d->derivatives = ad_program_sparse_jacobian(d->value, d->points, NULL, &d->pattern, &error);
    check_error(&error);
    return work_of(d);
}

static bench_work setup_energy(const bench_case *this, const bench_setting *s)
{
    (void)this;
    ad_error error = {AD_OK, ""};
    pde *d = take_pde(s);
    d->value = ad_program_of(energy_of, d->points, d->u, 1, NULL, &options, &error);
    d->derivatives = ad_program_sparse_hessian(d->value, d->points, NULL, &d->pattern, &error);
    check_error(&error);
    return work_of(d);
}

static void teardown(void *state)
{
    pde *d = state;
    ad_program_free(d->value);
    ad_program_free(d->derivatives);
    ad_sparsity_free(d->pattern);
    free(d->u);
    free(d->work);
    free(d->result);
    free(d->residual);
    free(d->bare);
    free(d);
}

static const bench_kind pattern_kind = {.setup = setup,
                                        .adze = find_pattern,
                                        .bare = bare,
                                        .difference = pattern_difference,
                                        .teardown = teardown,
                                        .on_one_thread = true};
static const bench_kind jacobian_kind = {.setup = setup,
                                         .adze = run_derivatives,
                                         .bare = bare,
                                         .same_kernels = run_value,
                                         .difference = jacobian_difference,
                                         .teardown = teardown,
                                         .on_one_thread = true};
static const bench_kind hessian_kind = {.setup = setup_energy,
                                        .adze = run_derivatives,
                                        .bare = bare_energy,
                                        .same_kernels = run_value,
                                        .difference = hessian_difference,
                                        .teardown = teardown,
                                        .on_one_thread = true};

static const bench_case cases[] = {
    {"program_pde_pattern", "the pattern of a Jacobian by 10000 numbers", &pattern_kind, NULL},
    {"program_pde", "its 29998 entries, beside a run of the value's program", &jacobian_kind, NULL},
    {"program_pde_hessian", "an energy's gradient, and 19999 entries of its Hessian", &hessian_kind,
     NULL},
};

const bench_table program_pde_table = BENCH_TABLE(cases);
