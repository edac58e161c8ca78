/* Jacobians, Hessians and products with them for functions of models: fields that are models, and arrays of
 * them. */
#include "measured.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

AD_MODEL(layer, w, b);
AD_MODEL(network, (layer, hidden, 2), (layer, output), scale);
AD_MODEL_DERIVATIVES(network);

enum { HIDDEN = 8, OUTPUT = 3, PARAMETERS = 2 * HIDDEN + OUTPUT + 1, ROWS = 3 };

static ad_tape *tape;
static network model;
static const double inputs[ROWS * 2] = {.5, -1, .25, 1.5, -.75, 1.25};

static layer new_layer(ad_type type, int64_t in, int64_t out)
{
    return (layer){ad_zeros(type, AD_SHAPE(in, out)), ad_zeros(type, AD_SHAPE(out))};
}

/* w [3, 2], of which two rows serve, and b [2], twice; w [2, 1] and b [1]; a number. */
static network new_network(ad_type type)
{
    network m = {{new_layer(type, 3, 2), new_layer(type, 3, 2)},
                 new_layer(type, 2, 1),
                 ad_zeros(type, AD_SCALAR)};
    return m;
}

static ad_status fill(void *user, const char *path, ad_array *a)
{
    (void)path;
    return ad_fill_uniform(a, user, -1, 1);
}

static void setup(void)
{
    ad_random r = ad_random_new(3, 0);
    tape = ad_tape_new(NULL);
    model = new_network(AD_F64);
    network_visit(&model, fill, &r);
}

static void teardown(void)
{
    network_free(&model);
    ad_tape_free(tape);
}

/* [3] */
static ad_tensor outputs(ad_tape *t, const network_tensors *m, const void *env)
{
    (void)env;
    ad_tensor h = ad_freeze(t, AD_VIEW(inputs, ROWS, 2));
    for (int i = 0; i < 2; i++) {
        ad_tensor w = ad_slice(m->hidden[i].w, 0, i, i + 2);
        h = ad_tanh(ad_add(ad_matmul(h, w), m->hidden[i].b));
    }
    return ad_mul(ad_squeeze(ad_add(ad_matmul(h, m->output.w), m->output.b), -1), m->scale);
}

static ad_tensor loss(ad_tape *t, const network_tensors *m, const void *env)
{
    return ad_sum(ad_square(outputs(t, m, env)));
}

static const double *numbers(const ad_array *a)
{
    return a->data;
}

/* ---- vectors ----------------------------------------------------------------------- */

START_TEST(a_vector_has_the_fields_in_order)
{
    ad_array v = {0};
    network copy = {0};
    ck_assert_int_eq(network_flatten(&model, &v, NULL), AD_OK);
    ck_assert_uint_eq(ad_array_count(&v), PARAMETERS);
    ck_assert_double_eq(numbers(&v)[0], numbers(&model.hidden[0].w)[0]);
    ck_assert_double_eq(numbers(&v)[6], numbers(&model.hidden[0].b)[0]);
    ck_assert_double_eq(numbers(&v)[HIDDEN + 1], numbers(&model.hidden[1].w)[1]);
    ck_assert_double_eq(numbers(&v)[2 * HIDDEN], numbers(&model.output.w)[0]);
    ck_assert_double_eq(numbers(&v)[PARAMETERS - 1], numbers(&model.scale)[0]);
    ck_assert_int_eq(network_unflatten(ad_array_view(v), &copy, NULL), AD_MISUSE);
    ck_assert_int_eq(network_like(&model, &copy, NULL), AD_OK);
    ck_assert_int_eq(network_unflatten(ad_array_view(v), &copy, NULL), AD_OK);
    ck_assert_int_eq(network_axpy(-1, &model, &copy, NULL), AD_OK);
    ck_assert_int_eq(network_flatten(&copy, &v, NULL), AD_OK); /* into the array that it has */
    for (int i = 0; i < PARAMETERS; i++)
        ck_assert_double_eq(numbers(&v)[i], 0);
    ad_array_free(&v);
    network_free(&copy);
}
END_TEST

START_TEST(vectors_that_do_not_fit_are_refused)
{
    ad_error e = {0};
    double few[PARAMETERS] = {0};
    const float narrow[PARAMETERS] = {0};
    ad_array v = {.data = few, .type = AD_F64, .shape = AD_SHAPE(5)};
    ad_view every_other = {few, AD_F64, AD_SHAPE(PARAMETERS), {0}};
    ck_assert_int_eq(ad_model_flatten(&network_tree, &model, &v, &e), AD_BAD_SHAPE);
    e = (ad_error){0};
    ck_assert_int_eq(ad_model_unflatten(&network_tree, AD_VIEW(few, 5), &model, &e), AD_BAD_SHAPE);
    ck_assert_str_eq(e.text, "unflatten: the vector is [5], the model has 20 numbers");
    ck_assert_int_eq(network_unflatten(AD_VIEW(narrow, PARAMETERS), &model, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(network_unflatten(every_other, &model, NULL), AD_MISUSE);
    ad_array_free(&model.scale);
    model.scale = ad_zeros(AD_F32, AD_SCALAR);
    e = (ad_error){0};
    v = (ad_array){0};
    ck_assert_int_eq(ad_model_flatten(&network_tree, &model, &v, &e), AD_BAD_TYPE);
    ck_assert_str_eq(e.text, "flatten: network.scale is f32, but fields before it are f64");
    ck_assert_ptr_null(v.data);
    ck_assert_int_eq(network_hessian(tape, loss, &model, NULL, &v), AD_BAD_TYPE);
    ck_assert_str_eq(ad_tape_error(tape),
                     "hessian: network.scale is f32, but fields before it are f64");
}
END_TEST

/* ---- derivatives ------------------------------------------------------------------- */

/* The unit vector of a parameter, as a model. */
static void set_unit(network *unit, int parameter)
{
    double v[PARAMETERS] = {0};
    v[parameter] = 1;
    ck_assert_int_eq(network_unflatten(AD_VIEW(v, PARAMETERS), unit, NULL), AD_OK);
}

START_TEST(a_hessian_is_made_of_products)
{
    network unit = {0}, product = {0}, gradient = {0}, wanted = {0}, diagonal = {0};
    ad_array h = {0}, column = {0}, d = {0};
    double value, also;
    network_like(&model, &unit, NULL);
    ck_assert_int_eq(network_value_with_hessian(tape, loss, &model, NULL, &value, &gradient, &h),
                     AD_OK);
    ck_assert(h.shape.rank == 2 && h.shape.dim[0] == PARAMETERS && h.shape.dim[1] == PARAMETERS);
    network_value_with_gradient(tape, loss, &model, NULL, &also, &wanted);
    ck_assert_double_eq(value, also);
    network_axpy(-1, &gradient, &wanted, NULL);
    network_flatten(&wanted, &d, NULL);
    for (int i = 0; i < PARAMETERS; i++)
        ck_assert_double_eq_tol(numbers(&d)[i], 0, 1e-14);
    ck_assert_int_eq(network_hessian_diagonal(tape, loss, &model, NULL, &diagonal), AD_OK);
    network_flatten(&diagonal, &d, NULL);
    for (int j = 0; j < PARAMETERS; j++) {
        set_unit(&unit, j);
        ck_assert_int_eq(network_hvp(tape, loss, &model, &unit, NULL, &product), AD_OK);
        network_flatten(&product, &column, NULL);
        ck_assert_double_eq_tol(numbers(&d)[j], numbers(&column)[j], 1e-14);
        for (int i = 0; i < PARAMETERS; i++) {
            ck_assert_double_eq_tol(numbers(&h)[i * PARAMETERS + j], numbers(&column)[i], 1e-13);
            ck_assert_double_eq_tol(numbers(&h)[j * PARAMETERS + i], numbers(&column)[i], 1e-13);
        }
    }
    ck_assert_double_ne(numbers(&h)[0], 0);
    ck_assert_uint_eq(measured(tape).nodes, 0);
    network_free(&unit), network_free(&product), network_free(&gradient), network_free(&wanted);
    network_free(&diagonal), ad_array_free(&h), ad_array_free(&column), ad_array_free(&d);
}
END_TEST

START_TEST(a_jacobian_is_made_of_tangents)
{
    network unit = {0}, j[3] = {0};
    ad_array y = {0}, ty = {0}, again = {0};
    network_like(&model, &unit, NULL);
    for (int mode = 0; mode < 3; mode++)
        ck_assert_int_eq(network_value_with_jacobian(tape, outputs, &model, (ad_mode)mode, NULL,
                                                     &again, &j[mode]),
                         AD_OK);
    ck_assert(j[0].hidden[1].w.shape.rank == 3 && j[0].hidden[1].w.shape.dim[0] == ROWS);
    ck_assert(j[0].scale.shape.rank == 1);
    set_unit(&unit, HIDDEN + 3); /* hidden[1].w[1, 1] */
    ck_assert_int_eq(network_jvp(tape, outputs, &model, &unit, NULL, &y, &ty), AD_OK);
    for (int mode = 0; mode < 3; mode++)
        for (int i = 0; i < ROWS; i++) {
            ck_assert_double_eq(numbers(&y)[i], numbers(&again)[i]);
            ck_assert_double_eq_tol(numbers(&j[mode].hidden[1].w)[6 * i + 3], numbers(&ty)[i],
                                    1e-14);
            ck_assert_double_eq_tol(numbers(&j[mode].scale)[i],
                                    numbers(&y)[i] / numbers(&model.scale)[0], 1e-14);
        }
    ck_assert_double_ne(numbers(&ty)[0], 0);
    network none = {0};
    ck_assert_int_eq(network_jvp(tape, outputs, &model, &none, NULL, &y, &ty), AD_OK);
    ck_assert_double_eq(numbers(&ty)[0], 0);
    ck_assert_int_eq(network_jacobian(tape, outputs, &model, AD_MODE_AUTO, NULL, &j[0]), AD_OK);
    for (int mode = 0; mode < 3; mode++)
        network_free(&j[mode]);
    network_free(&unit), ad_array_free(&y), ad_array_free(&ty), ad_array_free(&again);
}
END_TEST

START_TEST(nothing_is_written_unless_all_is)
{
    network gradient = {0}, bad = {0};
    ad_array h = {0}, y = {0};
    double value = 7;
    bad.scale = ad_zeros(AD_F64, AD_SHAPE(4));
    ck_assert_int_eq(network_value_with_hessian(tape, loss, &model, NULL, &value, &bad, &h),
                     AD_BAD_SHAPE);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), "scale"));
    ck_assert(!h.data && !bad.output.w.data && value == 7);
    ad_tape_reset(tape);
    h = ad_zeros(AD_F64, AD_SHAPE(2, 2));
    ck_assert_int_eq(network_value_with_hessian(tape, loss, &model, NULL, &value, &gradient, &h),
                     AD_BAD_SHAPE);
    ck_assert(!gradient.output.w.data && value == 7);
    ad_tape_reset(tape);
    ck_assert_int_eq(
        network_value_with_jacobian(tape, outputs, &model, AD_MODE_AUTO, NULL, &y, &bad),
        AD_BAD_SHAPE);
    ck_assert(!y.data && !bad.output.b.data);
    ad_tape_reset(tape);
    ck_assert_int_eq(network_hessian(tape, outputs, &model, NULL, &y), AD_BAD_SHAPE); /* of three */
    ck_assert_ptr_null(y.data);
    network_free(&bad);
    ad_array_free(&h);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model derivatives");
    TCase *all = tcase_create("model derivatives");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_vector_has_the_fields_in_order);
    tcase_add_test(all, vectors_that_do_not_fit_are_refused);
    tcase_add_test(all, a_hessian_is_made_of_products);
    tcase_add_test(all, a_jacobian_is_made_of_tangents);
    tcase_add_test(all, nothing_is_written_unless_all_is);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
