/* Bundle adjustment (problems.h): the errors of 31843 observations, and for each of them the block
 * of the Jacobian that is not 0: three errors by camera, point and weight. Each is recorded by
 * itself. */
#include "bench.h"
#include "problems.h"

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

static ad_real cross(const ad_real a[3], const ad_real b[3], int i)
{
    int j = (i + 1) % 3, k = (i + 2) % 3;
    return ad_sub(ad_mul(a[j], b[k]), ad_mul(a[k], b[j]));
}

/* Rodrigues: a point turned about an axis by an angle, r = angle times axis. */
static void rotate(const ad_real r[3], const ad_real x[3], ad_real y[3])
{
    ad_real angle = ad_norm_reals(3, r);
    if (angle.value == 0) {
        for (int i = 0; i < 3; i++)
            y[i] = ad_add(x[i], cross(r, x, i));
        return;
    }
    ad_real c = ad_cos(angle), s = ad_sin(angle), axis[3];
    for (int i = 0; i < 3; i++)
        axis[i] = ad_div(r[i], angle);
    ad_real along = ad_mul(ad_dot_reals(3, axis, x), ad_sub(1, c));
    for (int i = 0; i < 3; i++)
        y[i] = ad_muladd(axis[i], along, ad_muladd(x[i], c, ad_mul(cross(axis, x, i), s)));
}

static void errors_of(const ad_real in[BA_INPUTS], const double at[2], ad_real error[BA_ERRORS])
{
    const ad_real *centre = in + 3, *focus = in + 6, *middle = in + 7, *bend = in + 9;
    const ad_real *point = in + BA_CAMERA, weight = in[BA_INPUTS - 1];
    ad_real from[3], seen[3], flat[2];
    for (int i = 0; i < 3; i++)
        from[i] = ad_sub(point[i], centre[i]);
    rotate(in, from, seen);
    for (int i = 0; i < 2; i++)
        flat[i] = ad_div(seen[i], seen[2]);
    ad_real square = ad_squared_norm_reals(2, flat);
    ad_real scale = ad_add(ad_mul(ad_muladd(bend[1], square, bend[0]), square), 1);
    ad_real far = ad_mul(scale, focus[0]);
    for (int i = 0; i < 2; i++)
        error[i] = ad_mul(weight, ad_sub(ad_muladd(flat[i], far, middle[i]), at[i]));
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

static void rotate_plain(const double r[3], const double x[3], double y[3])
{
    double angle = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), c = cos(angle), s = sin(angle);
    double axis[3], along = 0;
    for (int i = 0; i < 3; i++) {
        axis[i] = angle > 0 ? r[i] / angle : 0;
        along += axis[i] * x[i];
    }
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        y[i] = x[i] * c + (axis[j] * x[k] - axis[k] * x[j]) * s + axis[i] * along * (1 - c);
    }
}

static void value_of(const void *env, const double *x, double *y)
{
    const ba *b = env;
    for (size_t i = 0; i < b->seen; i++, y += BA_ERRORS) {
        double in[BA_INPUTS], from[3], seen[3];
        inputs_of(b, x, i, in);
        for (int j = 0; j < 3; j++)
            from[j] = in[BA_CAMERA + j] - in[3 + j];
        rotate_plain(in, from, seen);
        double u = seen[0] / seen[2], v = seen[1] / seen[2], square = u * u + v * v;
        double scale = in[6] * (1 + (in[9] + in[10] * square) * square), weight = in[BA_INPUTS - 1];
        y[0] = weight * (u * scale + in[7] - b->observation[i].at[0]);
        y[1] = weight * (v * scale + in[8] - b->observation[i].at[1]);
        y[2] = 1 - weight * weight;
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
