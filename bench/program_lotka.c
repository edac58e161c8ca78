/* Programs of the equations of Lotka and Volterra: replays of the loss and its gradient, warm
 * and cold, and how long it takes to make the program. The bare form is the value alone in plain
 * doubles. */
#include "bench.h"
#include "memory.h"
#include "objectives.h"

#include <stdlib.h>

typedef struct lotka {
    int steps;
    double seen[LV_SEEN][2];
    ad_program *gradient;
    double *work;
    double result[1 + LV_PARAMETERS]; /* the loss, then its gradient */
    double bare;
} lotka;

/* ---- by adze ------------------------------------------------------------------------ */

static void loss_of(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    lotka *l = (lotka *)env;
    (void)n, (void)m;
    y[0] = lotka_loss(l->steps, l->seen, x);
}

static ad_program *gradient_of(const lotka *l)
{
    ad_error error = {AD_OK, ""};
    const ad_program_options options = {.size = sizeof options, .allocator = &counting_allocator};
    ad_program *loss = ad_program_of(loss_of, LV_PARAMETERS, lv_parameters, 1, l, &options, &error);
    ad_program *gradient = ad_program_gradient(loss, LV_PARAMETERS, NULL, &error);
    ad_program_free(loss);
    check_error(&error);
    return gradient;
}

static void replay(void *state)
{
    lotka *l = state;
    ad_error error = {AD_OK, ""};
    ad_program_run(l->gradient, lv_parameters, l->result, l->work, &error);
    check_error(&error);
}

static void make(void *state)
{
    lotka *l = state;
    ad_program_free(l->gradient);
    l->gradient = gradient_of(l);
}

/* ---- by hand ------------------------------------------------------------------------ */

static void bare(void *state)
{
    lotka *l = state;
    l->bare = lotka_value(l->steps, l->seen, lv_parameters);
}

static double lotka_difference(void *state)
{
    lotka *l = state;
    double slope[LV_PARAMETERS];
    lotka_slope(l->steps, l->seen, lv_parameters, slope);
    replay(l);
    return fmax(values_difference(1, l->result, &l->bare),
                values_difference(LV_PARAMETERS, l->result + 1, slope));
}

/* ---- cases -------------------------------------------------------------------------- */

static bench_work setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    lotka *l = take(1, sizeof *l);
    l->steps = s->smoke ? LV_STEPS_SMOKE : LV_STEPS;
    lv_fill(l->seen);
    l->gradient = gradient_of(l);
    l->work = take(ad_program_work(l->gradient), sizeof *l->work);
    double operations = 42.0 * l->steps;
    return (bench_work){
        .state = l, .units = 1, .flops = 4 * operations, .bytes = 8 * sizeof(double) * operations};
}

static void teardown(void *state)
{
    lotka *l = state;
    ad_program_free(l->gradient);
    free(l->work);
    free(l);
}

static const bench_kind warm_kind = {.setup = setup,
                                     .adze = replay,
                                     .bare = bare,
                                     .difference = lotka_difference,
                                     .teardown = teardown,
                                     .on_one_thread = true};
static const bench_kind cold_kind = {.setup = setup,
                                     .adze = replay,
                                     .bare = bare,
                                     .difference = lotka_difference,
                                     .teardown = teardown,
                                     .on_one_thread = true,
                                     .cold = true};
static const bench_kind made_kind = {.setup = setup,
                                     .adze = make,
                                     .bare = bare,
                                     .difference = lotka_difference,
                                     .teardown = teardown,
                                     .on_one_thread = true};

static const bench_case cases[] = {
    {"program_lv", "a program of 1000 steps of Runge and Kutta: value and gradient", &warm_kind,
     NULL},
    {"program_lv_cold", "the same, when the caches hold something else", &cold_kind, NULL},
    {"program_lv_made", "recording it, and making its gradient a program", &made_kind, NULL},
};

const bench_table program_lotka_table = BENCH_TABLE(cases);
