/* The equations of Lotka and Volterra, number by number: the gradient of a loss by six parameters,
 * their six directions forward, and the Hessian. The bare form is the value alone; the other, where
 * there is one, is the reverse sweep over the same record, or one gradient. */
#include "bench.h"
#include "problems.h"

#include <complex.h>
#include <stdlib.h>

typedef struct lotka {
    int steps;
    double seen[LV_SEEN][2];
    ad_recorder *recorder, *plain; /* plain: without second derivatives */
    ad_real x[LV_PARAMETERS], loss;
    double value, bare;
    double gradient[LV_PARAMETERS], tangent[LV_PARAMETERS], hessian[LV_PARAMETERS * LV_PARAMETERS];
} lotka;

/* ---- by adze ------------------------------------------------------------------------ */

static void rates(const ad_real *p, const ad_real u[2], ad_real rate[2])
{
    ad_real met = ad_mul(u[0], u[1]);
    rate[0] = ad_sub(ad_mul(p[0], u[0]), ad_mul(p[1], met));
    rate[1] = ad_sub(ad_mul(p[2], met), ad_mul(p[3], u[1]));
}

static void go(const ad_real u[2], const ad_real rate[2], double time, ad_real to[2])
{
    for (int i = 0; i < 2; i++)
        to[i] = ad_muladd(rate[i], time, u[i]);
}

static void step(const ad_real *p, ad_real u[2])
{
    ad_real k[4][2], v[2];
    rates(p, u, k[0]);
    go(u, k[0], LV_STEP / 2, v);
    rates(p, v, k[1]);
    go(u, k[1], LV_STEP / 2, v);
    rates(p, v, k[2]);
    go(u, k[2], LV_STEP, v);
    rates(p, v, k[3]);
    for (int i = 0; i < 2; i++) {
        ad_real outer = ad_add(k[0][i], k[3][i]), inner = ad_add(k[1][i], k[2][i]);
        u[i] = ad_muladd(ad_muladd(inner, 2, outer), LV_STEP / 6, u[i]);
    }
}

static ad_real loss_of(const lotka *l, const ad_real *p)
{
    ad_real u[2] = {p[4], p[5]}, loss = ad_real_constant(0);
    for (int i = 1; i <= l->steps; i++) {
        step(p, u);
        for (int j = 0; j < 2 && i % LV_EVERY == 0; j++)
            loss = ad_add(loss, ad_square(ad_sub(u[j], l->seen[i / LV_EVERY - 1][j])));
    }
    return loss;
}

static void record(lotka *l, ad_recorder *r)
{
    ad_recorder_reset(r);
    ad_real_inputs(r, LV_PARAMETERS, lv_parameters, l->x);
    l->loss = loss_of(l, l->x);
    l->value = l->loss.value;
}

static void sweep(void *state)
{
    lotka *l = state;
    ad_real_gradient(l->loss, LV_PARAMETERS, l->x, l->gradient);
    check_recorder(l->loss.on);
}

static void gradient(void *state)
{
    lotka *l = state;
    record(l, l->plain);
    sweep(l);
}

/* Over what was recorded in the setup. */
static void forward(void *state)
{
    static const double unit[LV_PARAMETERS * LV_PARAMETERS] = {
        [0] = 1, [7] = 1, [14] = 1, [21] = 1, [28] = 1, [35] = 1};
    lotka *l = state;
    ad_real_jvp(LV_PARAMETERS, l->x, LV_PARAMETERS, unit, 1, &l->loss, l->tangent);
    check_recorder(l->loss.on);
}

static void hessian(void *state)
{
    lotka *l = state;
    record(l, l->recorder);
    ad_real_hessian(l->loss, LV_PARAMETERS, l->x, l->hessian);
    check_recorder(l->recorder);
}

/* ---- by hand ------------------------------------------------------------------------ */

#define LOTKA_OF(type, name)                                                       \
    static void name##_rates(const type *p, const type u[2], type rate[2])         \
    {                                                                              \
        type met = u[0] * u[1];                                                    \
        rate[0] = p[0] * u[0] - p[1] * met;                                        \
        rate[1] = p[2] * met - p[3] * u[1];                                        \
    }                                                                              \
    static void name##_step(const type *p, type u[2])                              \
    {                                                                              \
        static const double part[4] = {0, LV_STEP / 2, LV_STEP / 2, LV_STEP};      \
        type k[4][2], v[2] = {u[0], u[1]};                                         \
        for (int j = 0; j < 4; j++) {                                              \
            for (int i = 0; i < 2 && j; i++)                                       \
                v[i] = u[i] + k[j - 1][i] * part[j];                               \
            name##_rates(p, v, k[j]);                                              \
        }                                                                          \
        for (int i = 0; i < 2; i++)                                                \
            u[i] += (k[0][i] + k[3][i] + 2 * (k[1][i] + k[2][i])) * (LV_STEP / 6); \
    }                                                                              \
    static type name##_loss(const lotka *l, const type *p)                         \
    {                                                                              \
        type u[2] = {p[4], p[5]}, loss = 0;                                        \
        for (int i = 1; i <= l->steps; i++) {                                      \
            name##_step(p, u);                                                     \
            for (int j = 0; j < 2 && i % LV_EVERY == 0; j++) {                     \
                type off = u[j] - l->seen[i / LV_EVERY - 1][j];                    \
                loss += off * off;                                                 \
            }                                                                      \
        }                                                                          \
        return loss;                                                               \
    }
LOTKA_OF(double, plain)
LOTKA_OF(double complex, complex)

static void bare(void *state)
{
    lotka *l = state;
    l->bare = plain_loss(l, lv_parameters);
}

/* By steps into the complex plane, exact to rounding. */
static void complex_gradient(const lotka *l, const double *at, double *slope)
{
    const double step = 1e-30;
    for (int i = 0; i < LV_PARAMETERS; i++) {
        double complex p[LV_PARAMETERS];
        for (int j = 0; j < LV_PARAMETERS; j++)
            p[j] = at[j] + (i == j) * step * I;
        slope[i] = cimag(complex_loss(l, p)) / step;
    }
}

static double slope_difference(const lotka *l, const double *adze)
{
    double slope[LV_PARAMETERS];
    complex_gradient(l, lv_parameters, slope);
    return fmax(values_difference(LV_PARAMETERS, adze, slope),
                values_difference(1, &l->value, &l->bare));
}

static double gradient_difference(void *state)
{
    lotka *l = state;
    return slope_difference(l, l->gradient);
}

static double forward_difference(void *state)
{
    lotka *l = state;
    return slope_difference(l, l->tangent);
}

/* Against differences of gradients. */
static double hessian_difference(void *state)
{
    lotka *l = state;
    const double step = 1e-5;
    double bend[LV_PARAMETERS * LV_PARAMETERS], before[LV_PARAMETERS], after[LV_PARAMETERS];
    for (int i = 0; i < LV_PARAMETERS; i++) {
        double p[LV_PARAMETERS];
        for (int j = 0; j < LV_PARAMETERS; j++)
            p[j] = lv_parameters[j] + (i == j) * step;
        complex_gradient(l, p, after);
        p[i] -= 2 * step;
        complex_gradient(l, p, before);
        for (int j = 0; j < LV_PARAMETERS; j++)
            bend[i * LV_PARAMETERS + j] = (after[j] - before[j]) / (2 * step);
    }
    return values_difference(LV_PARAMETERS * LV_PARAMETERS, l->hessian, bend);
}

/* ---- cases -------------------------------------------------------------------------- */

static bench_work setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    lotka *l = take(1, sizeof *l);
    l->steps = s->smoke ? LV_STEPS_SMOKE : LV_STEPS;
    lv_fill(l->seen);
    l->plain = bench_recorder(0);
    l->recorder = bench_recorder(AD_KEEP_SECOND);
    record(l, l->plain);
    double statements = 42.0 * l->steps;
    return (bench_work){l,
                        NULL,
                        1,
                        5 * statements,
                        8 * sizeof(double) * statements,
                        this->kind->adze == hessian ? l->recorder : l->plain};
}

static void teardown(void *state)
{
    lotka *l = state;
    ad_recorder_free(l->plain);
    ad_recorder_free(l->recorder);
    free(l);
}

static const bench_kind gradient_kind = {.setup = setup,
                                         .adze = gradient,
                                         .bare = bare,
                                         .difference = gradient_difference,
                                         .teardown = teardown};
static const bench_kind forward_kind = {.setup = setup,
                                        .adze = forward,
                                        .bare = bare,
                                        .same_kernels = sweep,
                                        .difference = forward_difference,
                                        .teardown = teardown};
static const bench_kind hessian_kind = {.setup = setup,
                                        .adze = hessian,
                                        .bare = bare,
                                        .same_kernels = gradient,
                                        .difference = hessian_difference,
                                        .teardown = teardown};

static const bench_case cases[] = {
    {"lotka_volterra", "1000 steps of Runge and Kutta: gradient by 6 parameters", &gradient_kind,
     NULL},
    {"lotka_volterra_forward6", "6 directions forward over the record", &forward_kind, NULL},
    {"lotka_volterra_hessian", "the Hessian, beside a gradient", &hessian_kind, NULL},
};

const bench_table lotka_table = BENCH_TABLE(cases);
