/* Programs mapped over many points in lanes, on one thread: the gradient of a mixture's
 * likelihood, point by point and added up, and Jacobians of residuals of bundle adjustment.
 * Times are those of a point. The bare form is the value alone in plain doubles. */
#include "bench.h"
#include "memory.h"
#include "objectives.h"

#include <stdlib.h>

static const ad_program_options options = {.size = sizeof options,
                                           .allocator = &counting_allocator};

/* ---- what both have ----------------------------------------------------------------- */

typedef struct mapped {
    ad_program *program;
    size_t points;
    ad_map_input *in;
    ad_map_output *out;
    ad_map_options how;
} mapped;

static void map_take(mapped *m, ad_program *p, size_t points)
{
    m->program = p;
    m->points = points;
    m->in = take(ad_program_inputs(p), sizeof *m->in);
    m->out = take(ad_program_outputs(p), sizeof *m->out);
}

static void map_begin(mapped *m)
{
    m->how = (ad_map_options){.size = sizeof m->how};
    size_t work = ad_program_map_work(m->program, m->points, m->in, m->out, &m->how);
    if (work == 0 || work == SIZE_MAX)
        fail("a program cannot be mapped");
    m->how.work = take(work, sizeof(double));
}

static void map_run(const mapped *m)
{
    ad_error error = {AD_OK, ""};
    ad_program_map(m->program, m->points, m->in, m->out, &m->how, &error);
    check_error(&error);
}

static void map_end(mapped *m)
{
    ad_program_free(m->program);
    free(m->in);
    free(m->out);
    free(m->how.work);
}

/* ---- a mixture of Gaussians --------------------------------------------------------- */

typedef struct gmm {
    mapped map;
    double *p, *x;
    double result[1 + GMM_PARAMETERS]; /* the sum of the points' likelihoods, then its gradient */
    double bare;
} gmm;

static void point_of(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = gmm_point(x, x + GMM_PARAMETERS);
}

static ad_program *gradient_of_point(const gmm *g)
{
    enum { INPUTS = GMM_PARAMETERS + GMM_D };
    ad_error error = {AD_OK, ""};
    double at[INPUTS];
    size_t by[GMM_PARAMETERS];
    memcpy(at, g->p, GMM_PARAMETERS * sizeof *at);
    memcpy(at + GMM_PARAMETERS, g->x, GMM_D * sizeof *at);
    for (size_t i = 0; i < GMM_PARAMETERS; i++)
        by[i] = i;
    ad_program *value = ad_program_of(point_of, INPUTS, at, 1, NULL, &options, &error);
    ad_program *gradient = ad_program_gradient(value, GMM_PARAMETERS, by, &error);
    ad_program_free(value);
    check_error(&error);
    return gradient;
}

static void gmm_adze(void *state)
{
    gmm *g = state;
    map_run(&g->map);
}

static void gmm_value(const void *env, const double *p, double *y)
{
    const gmm *g = env;
    *y = gmm_points_value(g->map.points, g->x, p);
}

static void gmm_bare(void *state)
{
    gmm *g = state;
    gmm_value(g, g->p, &g->bare);
}

static void gmm_slope_along(const void *env, const double *d, double *slope)
{
    const gmm *g = env;
    *slope = 0;
    for (int i = 0; i < GMM_PARAMETERS; i++)
        *slope += g->result[1 + i] * d[i];
}

static double gmm_difference(void *state)
{
    gmm *g = state;
    return fmax(values_difference(1, g->result, &g->bare),
                slopes_difference(gmm_value, gmm_slope_along, g, GMM_PARAMETERS, g->p, 1));
}

static bench_work gmm_setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    gmm *g = take(1, sizeof *g);
    const size_t points = s->smoke ? GMM_POINTS_SMOKE : GMM_POINTS;
    g->p = take(GMM_PARAMETERS, sizeof(double));
    g->x = take(points * GMM_D, sizeof(double));
    gmm_fill(points, g->p, g->x);
    map_take(&g->map, gradient_of_point(g), points);
    for (size_t i = 0; i < GMM_PARAMETERS; i++)
        g->map.in[i] = (ad_map_input){g->p + i, 0};
    for (size_t i = 0; i < GMM_D; i++)
        g->map.in[GMM_PARAMETERS + i] = (ad_map_input){g->x + i, GMM_D};
    for (size_t i = 0; i < 1 + GMM_PARAMETERS; i++)
        g->map.out[i] = (ad_map_output){g->result + i, 0};
    map_begin(&g->map);
    double terms = GMM_K * GMM_FACTOR;
    return (bench_work){.state = g,
                        .units = (double)points,
                        .flops = 6 * terms,
                        .bytes = 8 * sizeof(double) * terms};
}

static void gmm_teardown(void *state)
{
    gmm *g = state;
    map_end(&g->map);
    free(g->p);
    free(g->x);
    free(g);
}

static const bench_kind gmm_kind = {.setup = gmm_setup,
                                    .adze = gmm_adze,
                                    .bare = gmm_bare,
                                    .difference = gmm_difference,
                                    .teardown = gmm_teardown,
                                    .on_one_thread = true};

/* ---- bundle adjustment -------------------------------------------------------------- */

enum { BA_OUTPUTS = BA_RESIDUALS * (1 + BA_INPUTS) }; /* errors, then their Jacobian */

typedef struct ba {
    mapped map;
    double *x, *y; /* by adze: [points, BA_RESIDUAL_INPUTS], [points, BA_OUTPUTS] */
    double *bare;  /* [points, BA_RESIDUALS] */
} ba;

static void residual_of(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ba_residual(x, y);
}

static ad_program *jacobian_of_residual(const double *x)
{
    ad_error error = {AD_OK, ""};
    size_t by[BA_INPUTS];
    for (size_t i = 0; i < BA_INPUTS; i++)
        by[i] = i;
    ad_program *value =
        ad_program_of(residual_of, BA_RESIDUAL_INPUTS, x, BA_RESIDUALS, NULL, &options, &error);
    ad_program *jacobian = ad_program_jacobian(value, BA_INPUTS, by, &error);
    ad_program_free(value);
    check_error(&error);
    return jacobian;
}

static void ba_adze(void *state)
{
    ba *b = state;
    map_run(&b->map);
}

static void ba_value(const void *env, const double *x, double *y)
{
    const ba *b = env;
    for (size_t i = 0; i < b->map.points; i++, x += BA_RESIDUAL_INPUTS)
        ba_residual_value(x, x + BA_INPUTS, y + i * BA_RESIDUALS);
}

static void ba_bare(void *state)
{
    ba *b = state;
    ba_value(b, b->x, b->bare);
}

/* The errors are linear in where the point was seen. */
static void ba_slope_along(const void *env, const double *d, double *slope)
{
    const ba *b = env;
    for (size_t i = 0; i < b->map.points; i++, d += BA_RESIDUAL_INPUTS)
        for (size_t j = 0; j < BA_RESIDUALS; j++, slope++) {
            const double *row = b->y + i * BA_OUTPUTS + BA_RESIDUALS + j * BA_INPUTS;
            *slope = -b->x[i * BA_RESIDUAL_INPUTS + BA_INPUTS - 1] * d[BA_INPUTS + j];
            for (size_t k = 0; k < BA_INPUTS; k++)
                *slope += row[k] * d[k];
        }
}

static double ba_difference(void *state)
{
    ba *b = state;
    const size_t n = b->map.points;
    double worst = slopes_difference(ba_value, ba_slope_along, b, n * BA_RESIDUAL_INPUTS, b->x,
                                     n * BA_RESIDUALS);
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, values_difference(BA_RESIDUALS, b->y + i * BA_OUTPUTS,
                                              b->bare + i * BA_RESIDUALS));
    return worst;
}

static bench_work ba_setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    ba *b = take(1, sizeof *b);
    const size_t points = s->smoke ? BA_SEEN_SMOKE : BA_MAPPED;
    b->x = take(points * BA_RESIDUAL_INPUTS, sizeof(double));
    b->y = take(points * BA_OUTPUTS, sizeof(double));
    b->bare = take(points * BA_RESIDUALS, sizeof(double));
    ba_fill_residuals(points, b->x);
    map_take(&b->map, jacobian_of_residual(b->x), points);
    for (size_t i = 0; i < BA_RESIDUAL_INPUTS; i++)
        b->map.in[i] = (ad_map_input){b->x + i, BA_RESIDUAL_INPUTS};
    for (size_t i = 0; i < BA_OUTPUTS; i++)
        b->map.out[i] = (ad_map_output){b->y + i, BA_OUTPUTS};
    map_begin(&b->map);
    return (bench_work){.state = b,
                        .units = (double)points,
                        .flops = 300,
                        .bytes = sizeof(double) * (BA_RESIDUAL_INPUTS + BA_OUTPUTS)};
}

static void ba_teardown(void *state)
{
    ba *b = state;
    map_end(&b->map);
    free(b->x);
    free(b->y);
    free(b->bare);
    free(b);
}

static const bench_kind ba_kind = {.setup = ba_setup,
                                   .adze = ba_adze,
                                   .bare = ba_bare,
                                   .difference = ba_difference,
                                   .teardown = ba_teardown,
                                   .on_one_thread = true};

/* ---- cases -------------------------------------------------------------------------- */

static const bench_case cases[] = {
    {"program_gmm", "a mixture's gradient by 1650 parameters, 1000 points in lanes", &gmm_kind,
     NULL},
    {"program_ba", "Jacobians of 30000 residuals of bundle adjustment in lanes", &ba_kind, NULL},
};

const bench_table program_maps_table = BENCH_TABLE(cases);
