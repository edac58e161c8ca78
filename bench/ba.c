/* Bundle adjustment (problems.h): the errors of 31843 observations, and for each of them the block
 * of the Jacobian that is not 0: three errors by camera, point and weight. Each is recorded by
 * itself. */
#include "bench.h"
#include "objectives.h"

#include <stdlib.h>

enum { BLOCK = BA_ERRORS * BA_INPUTS };

typedef struct ba {
    size_t cameras, points, seen;
    double *x; /* all cameras, then all points, then all weights */
    size_t inputs;
    ba_seen *observation;
    ad_recorder *recorder;
    double *error, *bare, *block;
} ba;

/* Where the inputs of an observation are in x. */
static void inputs_of(const ba *b, const double *x, size_t i, double in[BA_INPUTS])
{
    const ba_seen *o = &b->observation[i];
    const double *point = x + b->cameras * BA_CAMERA, *weight = point + 3 * b->points;
    memcpy(in, x + o->camera * (size_t)BA_CAMERA, BA_CAMERA * sizeof *in);
    memcpy(in + BA_CAMERA, point + 3 * (size_t)o->point, 3 * sizeof *in);
    in[BA_INPUTS - 1] = weight[i];
}

/* ---- by adze ------------------------------------------------------------------------ */

static void errors_of(const ad_real in[BA_INPUTS], const double at[2], ad_real error[BA_ERRORS])
{
    const ad_real weight = in[BA_INPUTS - 1];
    ad_real place[2];
    ba_place(in, ad_norm_reals(3, in), place);
    for (int i = 0; i < 2; i++)
        error[i] = ad_mul(weight, ad_sub(place[i], at[i]));
    error[2] = ad_sub(1, ad_square(weight));
}

static void ba_adze(void *state)
{
    ba *b = state;
    for (size_t i = 0; i < b->seen; i++) {
        double in[BA_INPUTS];
        ad_real x[BA_INPUTS], error[BA_ERRORS];
        ad_recorder_reset(b->recorder);
        inputs_of(b, b->x, i, in);
        ad_real_inputs(b->recorder, BA_INPUTS, in, x);
        errors_of(x, b->observation[i].at, error);
        ad_real_jacobian(BA_ERRORS, error, BA_INPUTS, x, b->block + i * BLOCK);
        for (int j = 0; j < BA_ERRORS; j++)
            b->error[i * BA_ERRORS + (size_t)j] = error[j].value;
        check_recorder(b->recorder);
    }
}

/* ---- the value ---------------------------------------------------------------------- */

static void value_of(const void *env, const double *x, double *y)
{
    const ba *b = env;
    for (size_t i = 0; i < b->seen; i++, y += BA_ERRORS) {
        double in[BA_INPUTS];
        inputs_of(b, x, i, in);
        ba_residual_value(in, b->observation[i].at, y);
        y[2] = 1 - in[BA_INPUTS - 1] * in[BA_INPUTS - 1];
    }
}

static void ba_bare(void *state)
{
    ba *b = state;
    value_of(b, b->x, b->bare);
}

/* ---- setup -------------------------------------------------------------------------- */

/* Block by block. */
static void slope_along(const void *env, const double *d, double *slope)
{
    const ba *b = env;
    for (size_t i = 0; i < b->seen; i++)
        for (size_t j = 0; j < BA_ERRORS; j++) {
            double in[BA_INPUTS], sum = 0;
            inputs_of(b, d, i, in);
            for (size_t k = 0; k < BA_INPUTS; k++)
                sum += b->block[i * BLOCK + j * BA_INPUTS + k] * in[k];
            slope[i * BA_ERRORS + j] = sum;
        }
}

static double ba_difference(void *state)
{
    ba *b = state;
    size_t m = b->seen * BA_ERRORS;
    return fmax(values_difference(m, b->error, b->bare),
                slopes_difference(value_of, slope_along, b, b->inputs, b->x, m));
}

static bench_work ba_setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    ba *b = take(1, sizeof *b);
    b->cameras = s->smoke ? BA_CAMERAS_SMOKE : BA_CAMERAS;
    b->points = s->smoke ? BA_POINTS_SMOKE : BA_POINTS;
    b->seen = s->smoke ? BA_SEEN_SMOKE : BA_SEEN;
    b->inputs = b->cameras * BA_CAMERA + 3 * b->points + b->seen;
    b->x = take(b->inputs, sizeof(double));
    b->observation = take(b->seen, sizeof(ba_seen));
    b->error = take(b->seen * BA_ERRORS, sizeof(double));
    b->bare = take(b->seen * BA_ERRORS, sizeof(double));
    b->block = take(b->seen * BLOCK, sizeof(double));
    b->recorder = bench_recorder(0);
    double *point = b->x + b->cameras * BA_CAMERA, *weight = point + 3 * b->points;
    ba_fill(b->cameras, b->x, b->points, point, b->seen, b->observation, weight);
    return (bench_work){b,          NULL, 1, 300.0 * (double)b->seen, 8.0 * BLOCK * (double)b->seen,
                        b->recorder};
}

static void ba_teardown(void *state)
{
    ba *b = state;
    ad_recorder_free(b->recorder);
    free(b->x);
    free(b->observation);
    free(b->error);
    free(b->bare);
    free(b->block);
    free(b);
}

static const bench_kind ba_kind = {.setup = ba_setup,
                                   .adze = ba_adze,
                                   .bare = ba_bare,
                                   .difference = ba_difference,
                                   .teardown = ba_teardown};

static const bench_case cases[] = {
    {"ba1", "bundle adjustment, 31843 observations: errors and Jacobian", &ba_kind, NULL},
};

const bench_table ba_table = BENCH_TABLE(cases);
