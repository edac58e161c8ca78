/* Runs of 1000 steps, and schedules, against those of PyTorch and optax: tests/models/optimiser_runs has written
 * them and says how the file reads. */
#include "suite.h"

#include "adze/model.h"
#include "adze/schedules.h"

#include <math.h>
#include <string.h>

#define FILE_OF_RUNS "models/optimiser_runs.txt"
enum { NUMBERS = 6 };

/* ---- the file ----------------------------------------------------------------------- */

/* Reads on to the i-th line that begins with the key, and the name that follows. */
static FILE *open_run(const char *key, int i, char name[32])
{
    char line[256], format[32];
    FILE *file = open_test_file(FILE_OF_RUNS);
    ck_assert_ptr_nonnull(file);
    snprintf(format, sizeof format, "%s %%31s", key);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, format, name) == 1 && i-- == 0)
            return file;
    ck_abort_msg("no %s number %d", key, i);
}

/* A line of a step and what was then. */
static bool read_step(FILE *file, int *t, int count, double *numbers)
{
    if (fscanf(file, "%d", t) != 1)
        return false;
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(fscanf(file, "%lf", &numbers[i]), 1);
    return true;
}

/* ---- runs --------------------------------------------------------------------------- */

typedef struct run {
    const char *name;
    ad_method method;
} run;

static void set_gradient(const double *x, int t, double *g)
{
    static const double a[] = {1, .5, 2, .25, 1.5, .75}, b[] = {1, -1, .5, 2, 0, -.25};
    static const double c[] = {.5, -.25, .125, .25, -.5, 1};
    double total = 0;
    for (int i = 0; i < NUMBERS; i++)
        total += c[i] * x[i];
    for (int i = 0; i < NUMBERS; i++)
        g[i] = a[i] * (x[i] - b[i]) + c[i] * total + ((7 * t + 5 * i * t) % 23 - 11) / 64.;
}

/* muon_2x3 is a matrix of that shape, others are vectors. */
static ad_shape shape_of(const char *name)
{
    long long rows, columns;
    return sscanf(name, "muon_%lldx%lld", &rows, &columns) == 2 ? AD_SHAPE(rows, columns)
                                                                : AD_SHAPE(NUMBERS);
}

static ad_method method_of(const char *name)
{
    static const ad_sgd sgd = {.rate = .01, .momentum = .9, .nesterov = true, .decay = .01};
    static ad_adam adam, amsgrad;
    static ad_adamw adamw;
    static ad_nadam nadam;
    static ad_radam radam;
    static ad_adamax adamax;
    static ad_rmsprop rmsprop, centred;
    static ad_adagrad adagrad;
    static ad_adadelta adadelta;
    static ad_lion lion;
    static ad_muon muon;
    adam = amsgrad = ad_adam_new(.01), amsgrad.amsgrad = true;
    adamw = ad_adamw_new(.01, .1);
    nadam = ad_nadam_new(.01);
    radam = ad_radam_new(.01);
    adamax = ad_adamax_new(.01);
    rmsprop = ad_rmsprop_new(.01);
    centred = ad_rmsprop_new(.001), centred.momentum = .9, centred.centred = true;
    adagrad = ad_adagrad_new(.1);
    adadelta = ad_adadelta_new(1);
    lion = ad_lion_new(.003, .1);
    muon = ad_muon_new(.01, ad_adamw_new(.01, .1));
    const run runs[] = {{.name = "sgd", .method = ad_sgd_method(&sgd)},
                        {.name = "adam", .method = ad_adam_method(&adam)},
                        {.name = "amsgrad", .method = ad_adam_method(&amsgrad)},
                        {.name = "adamw", .method = ad_adamw_method(&adamw)},
                        {.name = "nadam", .method = ad_nadam_method(&nadam)},
                        {.name = "radam", .method = ad_radam_method(&radam)},
                        {.name = "adamax", .method = ad_adamax_method(&adamax)},
                        {.name = "rmsprop", .method = ad_rmsprop_method(&rmsprop)},
                        {.name = "rmsprop_centred", .method = ad_rmsprop_method(&centred)},
                        {.name = "adagrad", .method = ad_adagrad_method(&adagrad)},
                        {.name = "adadelta", .method = ad_adadelta_method(&adadelta)},
                        {.name = "lion", .method = ad_lion_method(&lion)},
                        {.name = "muon", .method = ad_muon_method(&muon)}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        if (strcmp(runs[i].name, shape_of(name).rank == 2 ? "muon" : name) == 0)
            return runs[i].method;
    ck_abort_msg("no settings for %s", name);
}

/* Where a matrix is all but singular, O(y) enlarges roundings some hundred times. */
START_TEST(a_thousand_steps_are_those_of_the_peer)
{
    char name[32];
    double x[NUMBERS] = {0, 1, -1, .5, 2, -2}, g[NUMBERS], wanted[NUMBERS];
    FILE *file = open_run("run", _i, name);
    ad_method method = method_of(name);
    ad_array model = {.data = x, .type = AD_F64, .shape = shape_of(name)};
    ad_array gradient = {.data = g, .type = AD_F64, .shape = model.shape};
    ad_states states = {0};
    double tolerance = model.shape.rank == 2 ? 1e-8 : 1e-12;
    for (int t = 0, until; read_step(file, &until, NUMBERS, wanted);) {
        while (t++ < until) {
            set_gradient(x, t, g);
            ck_assert_int_eq(
                ad_model_step(&ad_array_tree, &method, &gradient, &states, &model, NULL), AD_OK);
        }
        t--;
        for (int i = 0; i < NUMBERS; i++)
            ck_assert_msg(fabs(x[i] - wanted[i]) < tolerance,
                          "%s, step %d, x[%d]: %.17g, not %.17g", name, until, i, x[i], wanted[i]);
    }
    ck_assert_int_eq(states.steps, 1000);
    ad_states_free(&states);
    fclose(file);
}
END_TEST

/* ---- schedules ---------------------------------------------------------------------- */

static double factor_of(const char *name, int64_t t, ad_plateau *plateau)
{
    if (strcmp(name, "steps") == 0)
        return ad_schedule_steps(t, 30, .5);
    if (strcmp(name, "exponential") == 0)
        return ad_schedule_exponential(t, 1, .97);
    if (strcmp(name, "cosine") == 0)
        return ad_schedule_cosine(t, 119, .1);
    if (strcmp(name, "warm_up") == 0)
        return ad_schedule_warm_up(t, 10);
    if (strcmp(name, "polynomial") == 0)
        return ad_schedule_polynomial(t, 100, 2, 0);
    if (strcmp(name, "one_cycle") == 0)
        return ad_schedule_one_cycle(t, 119, 35, 1. / 25, 1. / 25 / 1e4);
    ck_assert_str_eq(name, "plateau");
    return ad_schedule_plateau(plateau, 4 / (1 + (double)t) + (double)(t * 7 % 5) / 8);
}

START_TEST(a_schedule_is_that_of_the_peer)
{
    char name[32];
    double wanted;
    ad_plateau plateau = ad_plateau_new(.5, 3);
    plateau.threshold = .01;
    FILE *file = open_run("schedule", _i, name);
    int steps = 0;
    for (int t; read_step(file, &t, 1, &wanted); steps++) {
        double found = factor_of(name, t, &plateau);
        ck_assert_msg(fabs(found - wanted) < 1e-14, "%s at %d: %.17g, not %.17g", name, t, found,
                      wanted);
    }
    ck_assert_int_gt(steps, 10);
    fclose(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optimiser_runs");
    TCase *c = tcase_create("runs");
    add_file_row_tests(c, a_thousand_steps_are_those_of_the_peer, FILE_OF_RUNS, "run");
    add_file_row_tests(c, a_schedule_is_that_of_the_peer, FILE_OF_RUNS, "schedule");
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
