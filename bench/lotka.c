/* The equations of Lotka and Volterra, number by number: the gradient of a loss by six parameters,
 * their six directions forward, and the Hessian. The bare form is the value alone; the other, where
 * there is one, is the reverse sweep over the same record, or one gradient. */
#include "bench.h"
#include "objectives.h"

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

static void record(lotka *l, ad_recorder *r)
{
    ad_recorder_reset(r);
    ad_real_inputs(r, LV_PARAMETERS, lv_parameters, l->x);
    l->loss = lotka_loss(l->steps, l->seen, l->x);
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

static void bare(void *state)
{
    lotka *l = state;
    l->bare = lotka_value(l->steps, l->seen, lv_parameters);
}

static double slope_difference(lotka *l, const double *adze)
{
    double slope[LV_PARAMETERS];
    lotka_slope(l->steps, l->seen, lv_parameters, slope);
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

static double hessian_difference(void *state)
{
    lotka *l = state;
    double bend[LV_PARAMETERS * LV_PARAMETERS];
    lotka_bend(l->steps, l->seen, lv_parameters, bend);
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
