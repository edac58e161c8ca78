/* Functions of functions, for operands and for models: each with every pointer NULL and with arguments that make
 * no sense. */
#include "misuse.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static const double reals[] = {1, 2, 3, 4, 5, 6};

#define RUN(name, call)          \
    static void run_##name(void) \
    {                            \
        call;                    \
    }

/* ---- functions of functions ---------------------------------------------------------------- */

static ad_tensor sum_of_squares(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(x[0]));
}
static ad_tensor off_the_tape(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return ad_number(1);
}

typedef struct operator_call {
    ad_tape *t;
    ad_function *f;
    int n;
    const ad_view *x, *tx;
    ad_array *out, *second;
} operator_call;

/* Whatever is missing, the status says so, and no result is written. */
static void refuse_operator(ad_status (*call)(const operator_call *))
{
    enum { WAYS = 7 };
    const ad_view x = AD_VIEW(reals, 3), bad = {0};
    for (int way = 0; way < WAYS; way++) {
        ad_array out = {0}, second = {0};
        ad_tape *t = ad_tape_new(NULL);
        operator_call c = {t, sum_of_squares, 1, &x, &x, &out, &second};
        c.t = way == 0 ? NULL : t;
        c.f = way == 1 ? NULL : way == 6 ? off_the_tape : sum_of_squares;
        c.x = way == 2 ? NULL : way == 5 ? &bad : &x;
        c.out = way == 3 ? NULL : &out;
        c.n = way == 4 ? 0 : 1;
        ad_status status = call(&c), wanted = way == 6 ? AD_FOREIGN : AD_MISUSE;
        ck_assert_msg(status == wanted, "way %d: %s", way, ad_tape_error(t));
        ck_assert(!out.data && !second.data);
        ad_tape_free(t);
    }
}

static ad_status call_gradient(const operator_call *c)
{
    return ad_gradient(c->t, c->f, c->n, c->x, NULL, c->out);
}
static ad_status call_value_with_gradient(const operator_call *c)
{
    return ad_value_with_gradient(c->t, c->f, c->n, c->x, NULL, NULL, c->out);
}
static ad_status call_value_with_gradient_over_rows(const operator_call *c)
{
    const ad_view data = AD_VIEW(reals, 3);
    return ad_value_with_gradient_over_rows(c->t, c->f, c->n, c->x, 1, &data, NULL, NULL, NULL,
                                            c->out);
}
static ad_status call_value_with_pullback(const operator_call *c)
{
    ad_pullback p;
    return ad_value_with_pullback(c->t, c->f, c->n, c->x, NULL, c->out ? &p : NULL);
}
static ad_status call_jvp(const operator_call *c)
{
    return ad_jvp(c->t, c->f, c->n, c->x, c->tx, NULL, c->out, c->second);
}
static ad_status call_hvp(const operator_call *c)
{
    return ad_hvp(c->t, c->f, c->n, c->x, c->tx, NULL, c->out);
}
RUN(gradient, refuse_operator(call_gradient))
RUN(value_with_gradient, refuse_operator(call_value_with_gradient))
RUN(value_with_gradient_over_rows, refuse_operator(call_value_with_gradient_over_rows))
RUN(value_with_pullback, refuse_operator(call_value_with_pullback))
RUN(jvp, refuse_operator(call_jvp))
RUN(hvp, refuse_operator(call_hvp))
static ad_status call_jvp_many(const operator_call *c)
{
    return ad_jvp_many(c->t, c->f, c->n, c->x, 1, c->tx, NULL, c->out, c->second);
}
static ad_status call_hvp_many(const operator_call *c)
{
    return ad_hvp_many(c->t, c->f, c->n, c->x, 1, c->tx, NULL, c->out);
}
static ad_status call_jacobian(const operator_call *c)
{
    return ad_jacobian(c->t, c->f, c->n, c->x, AD_MODE_AUTO, NULL, c->out);
}
static ad_status call_value_with_jacobian(const operator_call *c)
{
    return ad_value_with_jacobian(c->t, c->f, c->n, c->x, AD_MODE_AUTO, NULL, c->second, c->out);
}
static ad_status call_hessian(const operator_call *c)
{
    return ad_hessian(c->t, c->f, c->n, c->x, NULL, c->out);
}
static ad_status call_value_with_hessian(const operator_call *c)
{
    return ad_value_with_hessian(c->t, c->f, c->n, c->x, NULL, NULL, c->second, c->out);
}
static ad_status call_hessian_diagonal(const operator_call *c)
{
    return ad_hessian_diagonal(c->t, c->f, c->n, c->x, NULL, c->out);
}
RUN(value_with_jacobian, refuse_operator(call_value_with_jacobian))
RUN(hessian, refuse_operator(call_hessian))
RUN(value_with_hessian, refuse_operator(call_value_with_hessian))
RUN(hessian_diagonal, refuse_operator(call_hessian_diagonal))
/* Numbers of directions that are none, and more results than can be counted. */
static void refuse_counts(ad_status (*call)(const ad_view *x, int n, int count, ad_tape *t))
{
    const ad_view x = AD_VIEW(reals, 3);
    const int counts[][2] = {{1, 0}, {1, -1}, {1, INT_MAX}, {2, INT_MAX / 2}};
    for (int i = 0; i < 4; i++) {
        ad_tape *t = ad_tape_new(NULL);
        ck_assert_int_eq(call(&x, counts[i][0], counts[i][1], t), AD_MISUSE);
        ck_assert_ptr_nonnull(strstr(ad_tape_error(t), "direction"));
        ad_tape_free(t);
    }
}
static ad_status count_jvp_many(const ad_view *x, int n, int count, ad_tape *t)
{
    ad_array y = {0}, ty = {0};
    return ad_jvp_many(t, sum_of_squares, n, x, count, x, NULL, &y, &ty);
}
static ad_status count_hvp_many(const ad_view *x, int n, int count, ad_tape *t)
{
    ad_array hvp = {0};
    return ad_hvp_many(t, sum_of_squares, n, x, count, x, NULL, &hvp);
}
static void run_jvp_many(void)
{
    refuse_operator(call_jvp_many);
    refuse_counts(count_jvp_many);
}
static void run_hvp_many(void)
{
    refuse_operator(call_hvp_many);
    refuse_counts(count_hvp_many);
}
static void run_jacobian(void)
{
    ad_array out = {0};
    ad_tape *t = ad_tape_new(NULL);
    const ad_view x = AD_VIEW(reals, 3);
    refuse_operator(call_jacobian);
    ck_assert_int_eq(ad_jacobian(t, sum_of_squares, 1, &x, (ad_mode)3, NULL, &out), AD_MISUSE);
    ck_assert_str_eq(ad_tape_error(t), "jacobian: 3 is not a mode");
    ck_assert_ptr_null(out.data);
    ad_tape_free(t);
}
static void run_pull_many(void)
{
    ad_array dx = {0};
    ad_pullback p, none = {0};
    ad_tape *t = ad_tape_new(NULL);
    const ad_view x = AD_VIEW(reals, 3), one = AD_VIEW(reals, 1), number = AD_VIEW_SCALAR(reals);
    ck_assert_int_eq(ad_pull_many(NULL, 1, &one, &dx), AD_MISUSE);
    ck_assert_int_eq(ad_pull_many(&none, 1, &one, &dx), AD_MISUSE);
    for (int way = 0; way < 5; way++) {
        ck_assert_int_eq(ad_value_with_pullback(t, sum_of_squares, 1, &x, NULL, &p), AD_OK);
        ad_status status = ad_pull_many(&p,
                                        way == 2   ? 0
                                        : way == 3 ? INT_MAX
                                                   : 1,
                                        way == 0   ? NULL
                                        : way == 4 ? &one
                                                   : &number,
                                        way == 1 ? NULL : &dx);
        ck_assert_int_eq(status, way == 4 ? AD_BAD_SHAPE : AD_MISUSE);
        ad_tape_reset(t);
    }
    ck_assert_int_ne(ad_pull_many(&p, 1, &number, &dx), AD_OK); /* stale */
    ck_assert_ptr_null(dx.data);
    ad_tape_free(t);
}
static void run_pull(void)
{
    ad_array dx = {0};
    ad_pullback none = {0};
    ck_assert_int_eq(ad_pull(NULL, AD_VIEW(reals, 1), &dx), AD_MISUSE);
    ck_assert_int_eq(ad_pull(&none, AD_VIEW(reals, 1), &dx), AD_MISUSE);
    ad_tape *t = ad_tape_new(NULL);
    ad_pullback p;
    ad_view x = AD_VIEW(reals, 3);
    ck_assert_int_eq(ad_value_with_pullback(t, sum_of_squares, 1, &x, NULL, &p), AD_OK);
    ck_assert_int_eq(ad_pull(&p, AD_VIEW(reals, 1), NULL), AD_MISUSE);
    ad_tape_reset(t);
    ad_watch(t, AD_VIEW(reals, 1));
    ck_assert_int_ne(ad_pull(&(ad_pullback){p.value, &p.value, 1}, AD_VIEW(reals, 1), &dx), AD_OK);
    ck_assert_ptr_null(dx.data);
    ad_tape_free(t);
}
static void run_derivative(void)
{
    ck_assert(isnan(ad_derivative(NULL, 1, NULL)));
    ck_assert(isnan(ad_derivative(off_the_tape, 1, NULL)));
}
static void run_test_near_zero(void)
{
    ck_assert_int_eq(ad_test_near_zero((ad_view){0}, 1, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_test_near_zero(AD_VIEW(reals, 3), NAN, NULL), AD_DIFFERENT);
}
static void run_test_same(void)
{
    ck_assert_int_eq(ad_test_same((ad_view){0}, AD_VIEW(reals, 3), 1, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_test_same(AD_VIEW(reals, 3), (ad_view){0}, 1, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_test_same(AD_VIEW(reals, 3), AD_VIEW(reals, 1, 3), 9, NULL), AD_DIFFERENT);
}

/* ---- functions of models ------------------------------------------------------------------- */

AD_MODEL(point, v);

static ad_tensor of_model(ad_tape *t, const void *tensors, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(((const point_tensors *)tensors)->v));
}
static ad_tensor off_models_tape(ad_tape *t, const void *tensors, const void *env)
{
    (void)t, (void)tensors, (void)env;
    return ad_number(1);
}

/* d, t, f, model, and what else must not be NULL: the 0th of them, the first, .... */
typedef struct model_call {
    const ad_tree *d;
    ad_tape *t;
    ad_model_function *f;
    const void *model, *tangent;
    void *out, *second;
} model_call;

static void refuse_model(int pointers, ad_status (*call)(const model_call *))
{
    double v[3] = {1, 2, 3};
    point model = {{.data = v, .type = AD_F64, .shape = AD_SHAPE(3)}}, none = {{0}};
    for (int way = 0; way < pointers + 2; way++) {
        ad_array out = {0}, second = {0};
        ad_tape *t = ad_tape_new(NULL);
        model_call c = {&point_tree, t, of_model, &model, &model, &out, &second};
        c.d = way == 0 ? NULL : c.d;
        c.t = way == 1 ? NULL : c.t;
        c.f = way == 2 ? NULL : way == pointers ? off_models_tape : c.f;
        c.model = way == 3 ? NULL : way == pointers + 1 ? &none : c.model;
        c.out = way == 4 ? NULL : c.out;
        c.tangent = way == 5 ? NULL : c.tangent;
        c.second = way == 6 ? NULL : c.second;
        ad_status status = call(&c), wanted = way == pointers ? AD_FOREIGN : AD_MISUSE;
        ck_assert_msg(status == wanted, "way %d: %s", way, ad_tape_error(t));
        ck_assert(!out.data && !second.data);
        ad_tape_free(t);
    }
}
static ad_status call_model_jvp(const model_call *c)
{
    return ad_model_jvp(c->d, c->t, c->f, c->model, c->tangent, NULL, c->out, c->second);
}
static ad_status call_model_hvp(const model_call *c)
{
    return ad_model_hvp(c->d, c->t, c->f, c->model, c->tangent, NULL, c->out);
}
static ad_status call_model_jacobian(const model_call *c)
{
    return ad_model_value_with_jacobian(c->d, c->t, c->f, c->model, AD_MODE_AUTO, NULL, c->second,
                                        c->out);
}
static ad_status call_model_hessian_diagonal(const model_call *c)
{
    return ad_model_hessian_diagonal(c->d, c->t, c->f, c->model, NULL, c->out);
}
static ad_status call_model_hessian(const model_call *c)
{
    return ad_model_value_with_hessian(c->d, c->t, c->f, c->model, NULL, NULL, c->second, c->out);
}
static ad_status call_model_value_with_gradient(const model_call *c)
{
    return ad_model_value_with_gradient(c->d, c->t, c->f, c->model, NULL, NULL, c->out);
}
static ad_tensor map_of_model(ad_tape *t, const void *tensors, const ad_tensor *x, const void *env)
{
    (void)x;
    return (*(ad_model_function *const *)env)(t, tensors, NULL);
}
static ad_status call_model_value_with_gradient_over_rows(const model_call *c)
{
    const ad_view data = AD_VIEW(reals, 3);
    return ad_model_value_with_gradient_over_rows(c->d, c->t, c->f ? map_of_model : NULL, c->model,
                                                  1, c->tangent ? &data : NULL, NULL, &c->f, NULL,
                                                  c->out);
}
static ad_status call_model_value_with_pullback(const model_call *c)
{
    ad_tensor value;
    point_tensors x;
    return ad_model_value_with_pullback(c->d, c->t, c->f, c->model, NULL, c->out ? &value : NULL,
                                        &x);
}
RUN(model_value_with_gradient, refuse_model(5, call_model_value_with_gradient))
RUN(model_value_with_gradient_over_rows, refuse_model(6, call_model_value_with_gradient_over_rows))
RUN(model_value_with_pullback, refuse_model(5, call_model_value_with_pullback))
RUN(model_jvp, refuse_model(7, call_model_jvp))
RUN(model_hvp, refuse_model(6, call_model_hvp))
RUN(model_value_with_jacobian, refuse_model(5, call_model_jacobian))
RUN(model_value_with_hessian, refuse_model(5, call_model_hessian))
RUN(model_hessian_diagonal, refuse_model(5, call_model_hessian_diagonal))

static void run_model_flatten(void)
{
    double v[3] = {1, 2, 3};
    int64_t i[3] = {0};
    ad_array vector = {0};
    point model = {{.data = v, .type = AD_F64, .shape = AD_SHAPE(3)}}, none = {{0}};
    point integers = {{.data = i, .type = AD_I64, .shape = AD_SHAPE(3)}};
    ck_assert_int_eq(ad_model_flatten(NULL, &model, &vector, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_flatten(&point_tree, NULL, &vector, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_flatten(&point_tree, &model, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_flatten(&point_tree, &none, &vector, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_flatten(&point_tree, &integers, &vector, NULL), AD_BAD_TYPE);
    ck_assert_ptr_null(vector.data);
}
static void run_model_unflatten(void)
{
    double v[3] = {1, 2, 3};
    point model = {{.data = v, .type = AD_F64, .shape = AD_SHAPE(3)}}, none = {{0}};
    const ad_view vector = AD_VIEW(reals + 3, 3), nothing = {0};
    ck_assert_int_eq(ad_model_unflatten(NULL, vector, &model, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_unflatten(&point_tree, vector, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_unflatten(&point_tree, nothing, &model, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_unflatten(&point_tree, vector, &none, NULL), AD_MISUSE);
    ck_assert_double_eq(v[0], 1);
}

/* clang-format off */
#define OPERATOR_ROWS(ROW) \
    ROW(gradient) ROW(value_with_gradient) ROW(value_with_gradient_over_rows) ROW(value_with_pullback) ROW(jvp) ROW(hvp) ROW(pull) \
    ROW(jvp_many) ROW(hvp_many) ROW(pull_many) ROW(jacobian) ROW(value_with_jacobian) ROW(hessian) \
    ROW(value_with_hessian) ROW(hessian_diagonal) ROW(model_jvp) ROW(model_hvp) \
    ROW(model_value_with_gradient) ROW(model_value_with_gradient_over_rows) ROW(model_value_with_pullback) \
    ROW(model_value_with_jacobian) ROW(model_value_with_hessian) ROW(model_hessian_diagonal) ROW(model_flatten) \
    ROW(model_unflatten) ROW(derivative) ROW(test_near_zero) ROW(test_same)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row operator_rows[] = {OPERATOR_ROWS(ROW_OF)};
const size_t operator_row_count = sizeof operator_rows / sizeof *operator_rows;
