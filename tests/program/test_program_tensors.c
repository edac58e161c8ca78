/* Programs of functions of tensors: values and gradients are those of the tape. */
#include "programs.h"

enum { NUMBERS = 24 };

typedef struct row {
    const char *name;
    ad_function *f;    /* of one or two tensors */
    ad_shape shape[2]; /* rank -1: there is no second one */
    double low;        /* the least number of an operand; the greatest is low + 2 */
} row;

static const int32_t picks[] = {2, 0, 1, 2};

static ad_tensor picked(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return ad_gather(x[0], ad_freeze(t, ad_view_of(AD_I32, picks, AD_SHAPE(4))), 0);
}

#define FUNCTION(name, ...)                                                \
    static ad_tensor name(ad_tape *t, const ad_tensor *x, const void *env) \
    {                                                                      \
        (void)t, (void)env;                                                \
        return __VA_ARGS__;                                                \
    }
FUNCTION(elementwise, ad_mul(ad_sin(x[0]), ad_add(ad_exp(x[1]), 2)))
FUNCTION(broadcast, ad_div(x[0], ad_add(ad_square(x[1]), 1)))
FUNCTION(power, ad_powi(x[0], 3))
FUNCTION(chosen, ad_where(ad_greater(x[0], x[1]), ad_square(x[0]), ad_mul(x[1], 3)))
FUNCTION(moved, ad_transpose(ad_flip(ad_reshape(x[0], AD_SHAPE(4, 3)), AD_AXES(0))))
FUNCTION(joined, ad_concat(2, (ad_tensor[]){x[0], ad_slice(x[1], 0, 1, 3)}, 0))
FUNCTION(summed, ad_sum_over(ad_square(x[0]), AD_AXES(0)))
FUNCTION(averaged, ad_mean_over(x[0], AD_KEEP(1)))
FUNCTION(all_of_it, ad_mean(ad_mul(x[0], x[0])))
FUNCTION(greatest, ad_max_over(x[0], AD_AXES(1)))
FUNCTION(multiplied, ad_prod_over(x[0], AD_AXES(-1)))
FUNCTION(logarithm_of_sum, ad_logsumexp_over(x[0], AD_AXES(1)))
FUNCTION(shares, ad_softmax(x[0], 1))
FUNCTION(log_shares, ad_log_softmax(x[0], 0))
FUNCTION(product, ad_matmul(x[0], x[1]))
FUNCTION(inner, ad_dot(x[0], x[1]))
#undef FUNCTION

static ad_tensor net(ad_tape *t, const ad_tensor *x, const void *env)
{
    static const double bias[] = {0.5, -0.25};
    (void)env;
    ad_tensor h =
        ad_dense(x[0], x[1], ad_freeze(t, ad_view_of(AD_F64, bias, AD_SHAPE(2))), AD_TANH);
    return ad_mean(ad_square(ad_log_softmax(h, -1)));
}

#define NONE       \
    {              \
        .rank = -1 \
    }
static const row rows[] = {
    {"elementwise operations", elementwise, {{2, {3, 4}}, {2, {3, 4}}}, -1},
    {"broadcasting", broadcast, {{2, {3, 4}}, {2, {3, 1}}}, -1},
    {"broadcasting both", broadcast, {{1, {4}}, {2, {3, 1}}}, -1},
    {"a power", power, {{1, {5}}, NONE}, -1},
    {"where", chosen, {{2, {3, 2}}, {1, {2}}}, -1},
    {"views", moved, {{2, {2, 6}}, NONE}, -1},
    {"concat and slice", joined, {{2, {2, 2}}, {2, {4, 2}}}, -1},
    {"gather", picked, {{2, {3, 2}}, NONE}, -1},
    {"a sum over an axis", summed, {{2, {3, 4}}, NONE}, -1},
    {"a mean that keeps its axis", averaged, {{2, {3, 4}}, NONE}, -1},
    {"a mean of all", all_of_it, {{3, {2, 2, 3}}, NONE}, -1},
    {"max", greatest, {{2, {3, 4}}, NONE}, -1},
    {"prod", multiplied, {{2, {3, 4}}, NONE}, -1},
    {"logsumexp", logarithm_of_sum, {{2, {3, 4}}, NONE}, -1},
    {"softmax", shares, {{2, {3, 4}}, NONE}, -1},
    {"log_softmax", log_shares, {{2, {3, 4}}, NONE}, -1},
    {"matmul", product, {{2, {3, 4}}, {2, {4, 2}}}, -1},
    {"matmul of batches", product, {{3, {2, 2, 3}}, {3, {1, 3, 2}}}, -1},
    {"dot", inner, {{1, {5}}, {1, {5}}}, -1},
    {"a net", net, {{2, {4, 3}}, {2, {3, 2}}}, -1},
};

static const char *row_name_of(int i)
{
    return rows[i].name;
}

/* The sum of w[i] y[i], so that there is a gradient. */
typedef struct weighted {
    ad_function *f;
    const double *w;
} weighted;

static ad_tensor weigh(ad_tape *t, const ad_tensor *x, const void *env)
{
    const weighted *e = env;
    ad_tensor y = e->f(t, x, NULL);
    ad_view v = ad_read(y);
    return ad_sum(ad_mul(y, ad_freeze(t, ad_view_of(AD_F64, e->w, v.shape))));
}

static void expect_all_close(size_t n, const double *found, const double *expected,
                             const char *what)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(found[i] - expected[i]) <= 1e-14 * fmax(1, fabs(expected[i])),
                      "%s, number %zu: %.17g is not %.17g", what, i, found[i], expected[i]);
}

START_TEST(a_function_of_tensors_has_the_values_and_derivatives_of_the_tape)
{
    const row *o = &rows[_i];
    double x[2 * NUMBERS], w[NUMBERS], y[NUMBERS], value, found[1 + 2 * NUMBERS];
    ad_random random = ad_random_new(7, (uint64_t)_i);
    size_t count[2] = {0, 0}, outputs;
    ad_view in[2];
    ad_error error = {AD_OK, ""};
    const int n = o->shape[1].rank < 0 ? 1 : 2;
    for (int i = 0; i < 2 * NUMBERS; i++)
        x[i] = o->low + 2 * ad_random_uniform(&random);
    for (int i = 0; i < NUMBERS; i++)
        w[i] = ad_random_uniform(&random);
    for (int k = 0; k < n; k++) {
        ck_assert_int_eq(ad_shape_count(&o->shape[k], &count[k]), AD_OK);
        in[k] = ad_view_of(AD_F64, x + (k ? count[0] : 0), o->shape[k]);
    }
    ad_program *p = ad_program_of_tensors(o->f, n, in, NULL, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_eq(ad_program_inputs(p), count[0] + count[1]);
    outputs = ad_program_outputs(p);
    run_program(p, x, y);
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor leaf[2] = {ad_watch(t, in[0]), n > 1 ? ad_watch(t, in[1]) : (ad_tensor){0}};
    ad_view expected = ad_read(o->f(t, leaf, NULL));
    ck_assert_str_eq(ad_tape_error(t), "");
    for (size_t i = 0; i < outputs; i++)
        ck_assert(fabs(y[i] - ad_view_get(&expected, i)) <= 1e-14);
    const weighted env = {o->f, w};
    ad_array gradient[2] = {{.data = NULL}, {.data = NULL}};
    ad_program *s = ad_program_of_tensors(weigh, n, in, &env, NULL, &error);
    ad_program *g = ad_program_gradient(s, count[0] + count[1], NULL, &error);
    ck_assert_str_eq(error.text, "");
    run_program(g, x, found);
    ck_assert_int_eq(ad_value_with_gradient(t, weigh, n, in, &env, &value, gradient), AD_OK);
    expect_all_close(1, found, &value, "value");
    for (int k = 0; k < n; k++)
        expect_all_close(count[k], found + 1 + (k ? count[0] : 0), gradient[k].data, "gradient");
    for (int k = 0; k < n; k++)
        ad_array_free(&gradient[k]);
    ad_tape_free(t);
    ad_program_free(g);
    ad_program_free(s);
    ad_program_free(p);
}
END_TEST

/* ---- what it cannot ----------------------------------------------------------------- */

static ad_tensor running(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_cumsum(x[0], 0, 0);
}

static ad_tensor mismatched(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_matmul(x[0], x[0]);
}

static ad_tensor foreign(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return (ad_tensor){0};
}

START_TEST(what_cannot_be_repeated_is_refused_by_name)
{
    static const double x[] = {1, 2, 3};
    static const struct {
        ad_function *f;
        ad_status status;
        const char *text;
    } refusals[] = {{running, AD_NO_DERIVATIVE, "it cannot repeat cumsum of tensors, at "},
                    {mismatched, AD_BAD_SHAPE, "matmul"},
                    {foreign, AD_FOREIGN, "no value of its tape"},
                    {NULL, AD_MISUSE, "f or x is NULL"}};
    const ad_view in = ad_view_of(AD_F64, x, AD_SHAPE(3));
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        ad_error error = {AD_OK, ""};
        ck_assert_ptr_null(ad_program_of_tensors(refusals[i].f, 1, &in, NULL, NULL, &error));
        ck_assert_msg(error.status == refusals[i].status && strstr(error.text, refusals[i].text),
                      "%s", error.text);
    }
}
END_TEST

START_TEST(memory_that_runs_out_leaves_nothing_behind)
{
    double x[18] = {0.5};
    const ad_view in[] = {ad_view_of(AD_F64, x, AD_SHAPE(4, 3)),
                          ad_view_of(AD_F64, x + 12, AD_SHAPE(3, 2))};
    test_allocator memory;
    ad_program *p = NULL;
    for (size_t fail_at = 1; !p; fail_at++) {
        ck_assert_uint_lt(fail_at, 2000);
        ad_error error = {AD_OK, ""};
        test_allocator_init(&memory);
        memory.fail_at = fail_at;
        memory.sticky = fail_at % 2;
        const ad_program_options options = {.size = sizeof options, .allocator = &memory.base};
        p = ad_program_of_tensors(net, 2, in, NULL, &options, &error);
        ck_assert_msg(p || error.status == AD_MEMORY, "%s", error.text);
        ad_program_free(p);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

int main(void)
{
    TCase *tensors = tcase_create("tensors");
    add_row_tests(tensors, a_function_of_tensors_has_the_values_and_derivatives_of_the_tape,
                  sizeof rows / sizeof *rows, row_name_of);
    tcase_add_test(tensors, what_cannot_be_repeated_is_refused_by_name);
    tcase_add_test(tensors, memory_that_runs_out_leaves_nothing_behind);
    Suite *suite = suite_create("program tensors");
    suite_add_tcase(suite, tensors);
    return run_suite(suite);
}
