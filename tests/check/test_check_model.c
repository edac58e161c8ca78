/* T_check_gradient, and T_check_step in a training run. */
#include "allocator.h"
#include "flawed.h"
#include "suite.h"

#include <adze.h>
#include <string.h>

static ad_error found;

static void setup(void)
{
    found = (ad_error){0};
}

/* ---- models -------------------------------------------------------------------------------- */

AD_MODEL(dense, w, b);
AD_MODEL(net, (dense, layer, 2), scale);
AD_MODEL_CHECKS(net);

enum { ROWS = 16, INPUTS = 5, HIDDEN = 7 };

typedef struct batch {
    ad_view x, y;
    bool flawed;
} batch;

static ad_tensor loss(ad_tape *t, const net_tensors *m, const void *env)
{
    const batch *b = env;
    ad_tensor h = ad_add(ad_matmul(ad_freeze(t, b->x), m->layer[0].w), m->layer[0].b);
    h = ad_mul(b->flawed ? flawed_tanh(h) : ad_relu(h), m->scale);
    h = ad_add(ad_matmul(h, m->layer[1].w), m->layer[1].b);
    return ad_mse(h, ad_freeze(t, b->y));
}

typedef struct training {
    net model, gradient;
    ad_array x, y;
    batch batch;
    ad_tape *tape;
} training;

static training begin(ad_type type)
{
    ad_random r = ad_random_new(3, 0);
    training run = {
        .model = {{{ad_zeros(type, AD_SHAPE(INPUTS, HIDDEN)), ad_zeros(type, AD_SHAPE(HIDDEN))},
                   {ad_zeros(type, AD_SHAPE(HIDDEN, 1)), ad_zeros(type, AD_SHAPE(1))}},
                  ad_zeros(type, AD_SCALAR)},
        .x = ad_zeros(type, AD_SHAPE(ROWS, INPUTS)),
        .y = ad_zeros(type, AD_SHAPE(ROWS, 1)),
        .tape = ad_tape_new(NULL),
    };
    ad_array *fill[] = {&run.model.layer[0].w,
                        &run.model.layer[0].b,
                        &run.model.layer[1].w,
                        &run.model.scale,
                        &run.x,
                        &run.y};
    for (size_t i = 0; i < sizeof fill / sizeof *fill; i++)
        ck_assert_int_eq(ad_fill_normal(fill[i], &r, 0.3, 1), AD_OK);
    run.batch = (batch){ad_array_view(run.x), ad_array_view(run.y), false};
    return run;
}

static void end(training *run)
{
    net_free(&run->model);
    net_free(&run->gradient);
    ad_array_free(&run->x);
    ad_array_free(&run->y);
    ad_tape_free(run->tape);
}

static void differentiate(training *run)
{
    ad_status status =
        net_value_with_gradient(run->tape, loss, &run->model, &run->batch, NULL, &run->gradient);
    ck_assert_msg(status == AD_OK, "%s", ad_tape_error(run->tape));
}

START_TEST(the_gradient_of_a_model_is_checked)
{
    training run = begin(_i ? AD_F32 : AD_F64);
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    ad_status status = net_check_gradient(loss, &run.model, &run.batch, &o, &found);
    ck_assert_msg(status == AD_OK, "%s", found.text);
    ck_assert_uint_eq(report.numbers, INPUTS * HIDDEN + HIDDEN + HIDDEN + 1 + 1);
    ck_assert_uint_gt(report.settled, report.numbers / 2);
    run.batch.flawed = true;
    ck_assert_int_eq(net_check_gradient(loss, &run.model, &run.batch, &o, &found), AD_DIFFERENT);
    ck_assert_msg(strstr(found.text, "check_gradient: layer[0]."), "%s", found.text);
    end(&run);
}
END_TEST

START_TEST(a_model_that_holds_nothing_is_an_error_by_name)
{
    training run = begin(AD_F32);
    ad_array_free(&run.model.scale);
    ck_assert_int_eq(net_check_gradient(loss, &run.model, &run.batch, NULL, &found), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(found.text, "scale holds no numbers"));
    ck_assert_int_eq(net_check_gradient(NULL, &run.model, &run.batch, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(net_check_gradient(loss, NULL, &run.batch, NULL, NULL), AD_MISUSE);
    end(&run);
}
END_TEST

/* ---- in a training run ------------------------------------------------------------------------ */

START_TEST(a_right_gradient_passes_at_every_step)
{
    training run = begin(_i ? AD_F32 : AD_F64);
    size_t settled = 0;
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .every = 1, .elements = 4, .report = &report};
    for (int step = 0; step < 200; step++) {
        differentiate(&run);
        ad_status status =
            net_check_step(run.tape, loss, &run.model, &run.gradient, step, &run.batch, &o, &found);
        ck_assert_msg(status == AD_OK, "step %d: %s", step, found.text);
        ck_assert_uint_eq(report.numbers, 4);
        settled += report.settled;
        net_axpy(-0.01, &run.gradient, &run.model, NULL);
    }
    ck_assert_uint_gt(settled, 400);
    end(&run);
}
END_TEST

START_TEST(a_wrong_gradient_is_found_in_training)
{
    training run = begin(_i ? AD_F32 : AD_F64);
    ad_status status = AD_OK;
    run.batch.flawed = true;
    ad_check_options o = {.size = sizeof o, .every = 5};
    int64_t step = 0;
    for (; status == AD_OK && step < 500; step++) {
        differentiate(&run);
        status =
            net_check_step(run.tape, loss, &run.model, &run.gradient, step, &run.batch, &o, &found);
    }
    ck_assert_int_eq(status, AD_DIFFERENT);
    ck_assert_int_eq((step - 1) % 5, 0);
    ck_assert_msg(strstr(found.text, "check_step: layer[0]."), "%s", found.text);
    ck_assert_int_eq(ad_tape_status(run.tape), AD_OK);
    end(&run);
}
END_TEST

START_TEST(checks_allocate_nothing_once_the_tape_has_grown)
{
    test_allocator memory;
    training run = begin(AD_F32);
    test_allocator_init(&memory);
    ad_check_options o = {.size = sizeof o, .every = 1};
    ad_tape *t =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &memory.base});
    differentiate(&run);
    size_t before = 0;
    for (int step = 0; step < 60; step++) {
        ck_assert_int_eq(
            net_check_step(t, loss, &run.model, &run.gradient, step, &run.batch, &o, &found),
            AD_OK);
        before = step < 20 ? memory.calls : before;
    }
    ck_assert_uint_eq(memory.calls, before);
    ad_tape_free(t);
    end(&run);
}
END_TEST

START_TEST(a_gradient_that_is_not_the_functions_is_found)
{
    training run = begin(_i ? AD_F32 : AD_F64);
    ad_check_options o = {.size = sizeof o, .every = 1};
    differentiate(&run);
    net_axpy(1, &run.gradient, &run.gradient, NULL); /* twice what it should be */
    ck_assert_int_eq(
        net_check_step(run.tape, loss, &run.model, &run.gradient, 0, &run.batch, &o, &found),
        AD_DIFFERENT);
    ck_assert_msg(strstr(found.text, "check_step: layer[0].w: between this gradient and one in f64 "
                                     "lie 1 of its norm"),
                  "%s", found.text);
    end(&run);
}
END_TEST

static const double fixed[] = {0.5, -1.5, 2, 0.25};

AD_MODEL(line, slope, offset);
AD_MODEL_CHECKS(line);

static ad_tensor line_loss(ad_tape *t, const line_tensors *m, const void *env)
{
    return ad_mse(ad_tanh(ad_add(ad_mul(ad_freeze(t, AD_VIEW(fixed, 4)), m->slope), m->offset)),
                  ad_freeze(t, *(const ad_view *)env));
}

/* Which may well lie in memory that cannot be written. */
static ad_array array_at(const double *numbers, ad_shape shape)
{
    ad_array a = {.type = AD_F64, .shape = shape};
    memcpy(&a.data, &numbers, sizeof numbers);
    return a;
}

START_TEST(the_model_is_not_touched)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_view y = AD_VIEW(fixed, 4);
    line gradient = {0}, model = {array_at(fixed, AD_SHAPE(4)), array_at(fixed + 1, AD_SCALAR)};
    ad_check_options o = {.size = sizeof o, .every = 1, .elements = 8};
    ck_assert_int_eq(line_value_with_gradient(t, line_loss, &model, &y, NULL, &gradient), AD_OK);
    ad_status status = line_check_step(t, line_loss, &model, &gradient, 0, &y, &o, &found);
    ck_assert_msg(status == AD_OK, "%s", found.text);
    ck_assert_int_eq(line_check_gradient(line_loss, &model, &y, NULL, &found), AD_OK);
    line_free(&gradient);
    ad_tape_free(t);
}
END_TEST

START_TEST(other_steps_are_left_alone)
{
    training run = begin(AD_F64);
    ad_check_report report = {sizeof report, 7, 7, 7};
    ad_check_options o = {.size = sizeof o, .every = 10, .report = &report};
    differentiate(&run);
    ad_tensor x = ad_constant(run.tape, AD_F64, 5);
    ck_assert_int_eq(
        net_check_step(run.tape, loss, &run.model, &run.gradient, 9, &run.batch, &o, &found),
        AD_OK);
    ck_assert_uint_eq(report.numbers, 0);
    ck_assert_double_eq(ad_item(x), 5); /* the tape is not reset */
    end(&run);
}
END_TEST

START_TEST(a_gradient_of_another_model_is_refused)
{
    training run = begin(AD_F64);
    net other = {0};
    ad_check_options o = {.size = sizeof o, .every = 1};
    ck_assert_int_eq(net_check_step(run.tape, loss, &run.model, &other, 0, &run.batch, &o, &found),
                     AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(found.text, "layer[0].w and its gradient"));
    ck_assert_int_eq(net_check_step(NULL, loss, &run.model, &other, 0, &run.batch, &o, NULL),
                     AD_MISUSE);
    ck_assert_int_eq(net_check_step(run.tape, NULL, &run.model, &other, 0, &run.batch, &o, NULL),
                     AD_MISUSE);
    end(&run);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("check_model");
    TCase *all = tcase_create("check_model");
    tcase_add_checked_fixture(all, setup, NULL);
    tcase_add_loop_test(all, the_gradient_of_a_model_is_checked, 0, 2);
    tcase_add_test(all, a_model_that_holds_nothing_is_an_error_by_name);
    tcase_add_loop_test(all, a_right_gradient_passes_at_every_step, 0, 2);
    tcase_add_loop_test(all, a_wrong_gradient_is_found_in_training, 0, 2);
    tcase_add_loop_test(all, a_gradient_that_is_not_the_functions_is_found, 0, 2);
    tcase_add_test(all, checks_allocate_nothing_once_the_tape_has_grown);
    tcase_add_test(all, the_model_is_not_touched);
    tcase_add_test(all, other_steps_are_left_alone);
    tcase_add_test(all, a_gradient_of_another_model_is_refused);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
