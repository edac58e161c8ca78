/* What kernels of a user's own are made of (adze/kernels.h): against the built-in
 * operations and plain loops; the same bits with any number of threads; misuse. */
#include "in_kernel.h"
#include "own_ops.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* ---- rules ------------------------------------------------------------------------- */

/* x [..., m, k], w [..., k, n] and b, which broadcasts to the product. */
static void batches(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    int64_t d[4];
    (void)user;
    for (int i = 0; i < 4; i++)
        d[i] = (int64_t)ad_random_below(r, 5) + (trial % 5 > 0);
    int64_t left = trial % 3 == 0 ? 1 : d[3], right = trial % 4 == 0 ? 1 : d[3];
    x->n = 3;
    x->shape[0] = AD_SHAPE(left, d[0], d[1]);
    x->shape[1] = AD_SHAPE(right, d[1], d[2]);
    x->shape[2] = trial % 2 ? AD_SHAPE(d[2]) : AD_SHAPE(d[0], 1);
    if (trial % 7 == 1)
        x->shape[0] = AD_SHAPE(d[0], d[1]);
    if (trial % 7 == 3)
        x->shape[1] = AD_SHAPE(d[1], d[2]);
}

START_TEST(rules_made_of_products_are_right)
{
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .sampler = batches, .trials = 60};
    ck_assert_msg(ad_check_op(&own_layer_op, NULL, &o, &error) == AD_OK, "%s", error.text);
}
END_TEST

START_TEST(rules_made_of_elementwise_work_are_right)
{
    ad_error error = {0};
    ck_assert_msg(ad_check_op(&own_times_op, NULL, NULL, &error) == AD_OK, "%s", error.text);
}
END_TEST

/* ---- the bits of built-in operations, with any number of threads -------------------------- */

enum { ROWS = 700, INNER = 90, COLUMNS = 60, BATCH = 3 };

typedef ad_tensor function(const ad_tensor *x);

static ad_tensor zero_beside(ad_tensor x)
{
    return ad_stop_gradient(ad_mul(ad_sum(x), 0));
}
static ad_tensor own_product(const ad_tensor *x)
{
    return ad_apply(&own_layer_op, (ad_tensor[]){x[0], x[1], zero_beside(x[0])}, NULL);
}
static ad_tensor built_in_product(const ad_tensor *x)
{
    return ad_add(ad_matmul(x[0], x[1]), zero_beside(x[0]));
}
static ad_tensor own_times(const ad_tensor *x)
{
    return ad_apply(&own_times_op, x, NULL);
}
static ad_tensor own_times_twice(const ad_tensor *x)
{
    const ad_tensor more[] = {own_times(x), x[0]};
    return own_times(more);
}
static ad_tensor built_in_times_twice(const ad_tensor *x)
{
    return (ad_mul)((ad_mul)(x[0], x[1]), x[0]);
}
static ad_tensor built_in_times(const ad_tensor *x)
{
    return (ad_mul)(x[0], x[1]);
}

typedef struct twin {
    const char *name;
    function *own, *built_in;
    ad_shape shape[2];
} twin;

static const twin twins[] = {
    {"one product", own_product, built_in_product, {{2, {ROWS, INNER}}, {2, {INNER, COLUMNS}}}},
    {"a tall product",
     own_product,
     built_in_product,
     {{3, {BATCH, ROWS, INNER}}, {2, {INNER, COLUMNS}}}},
    {"products of a batch",
     own_product,
     built_in_product,
     {{3, {BATCH, ROWS, INNER}}, {3, {BATCH, INNER, COLUMNS}}}},
    {"a left factor that repeats",
     own_product,
     built_in_product,
     {{2, {ROWS, INNER}}, {3, {BATCH, INNER, COLUMNS}}}},
    {"equal shapes", own_times, built_in_times, {{2, {ROWS, INNER}}, {2, {ROWS, INNER}}}},
    {"cotangents that are added",
     own_times_twice,
     built_in_times_twice,
     {{2, {ROWS, INNER}}, {2, {ROWS, INNER}}}},
    {"rows", own_times, built_in_times, {{2, {ROWS, INNER}}, {1, {INNER}}}},
    {"columns", own_times, built_in_times, {{2, {ROWS, INNER}}, {2, {ROWS, 1}}}},
    {"a number", own_times, built_in_times, {{0, {0}}, {2, {ROWS, INNER}}}},
};
enum { TWINS = sizeof twins / sizeof *twins };

typedef struct results {
    ad_array of[3]; /* y, and the gradients */
} results;

static results differentiate(function *f, const twin *w, ad_type type, int threads)
{
    results r;
    ad_pool *pool = ad_pool_new(NULL, threads);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool});
    ad_random random = ad_random_new(7, 0);
    ad_array x[2];
    ad_tensor leaf[2];
    for (int i = 0; i < 2; i++) {
        x[i] = ad_zeros(type, w->shape[i]);
        ck_assert_int_eq(ad_fill_normal(&x[i], &random, 0, 1), AD_OK);
        leaf[i] = ad_watch(t, ad_array_view(x[i]));
    }
    ad_tensor y = f(leaf);
    ad_backward(ad_sum(ad_square(y)));
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", w->name, ad_tape_error(t));
    const ad_view views[] = {ad_read(y), ad_grad(leaf[0]), ad_grad(leaf[1])};
    for (int i = 0; i < 3; i++)
        r.of[i] = ad_array_copy(NULL, type, views[i]);
    ad_tape_free(t);
    ad_pool_free(pool);
    ad_array_free(&x[0]);
    ad_array_free(&x[1]);
    return r;
}

static void expect_same_bits(const twin *w, results *a, results *b, int threads)
{
    for (int i = 0; i < 3; i++) {
        size_t bytes = ad_array_count(&a->of[i]) * ad_type_size(a->of[i].type);
        ck_assert_msg(memcmp(a->of[i].data, b->of[i].data, bytes) == 0,
                      "%s, %d threads: result %d has other bits", w->name, threads, i);
        ad_array_free(&b->of[i]);
    }
}

START_TEST(own_operations_have_the_bits_of_built_in_ones)
{
    const twin *w = &twins[_i];
    for (ad_type type = AD_F32; type <= AD_F64; type++) {
        results wanted = differentiate(w->built_in, w, type, 1);
        for (int k = 0; k < COUNTS; k++) {
            results got = differentiate(w->own, w, type, thread_counts[k]);
            expect_same_bits(w, &wanted, &got, thread_counts[k]);
        }
        for (int i = 0; i < 3; i++)
            ad_array_free(&wanted.of[i]);
    }
}
END_TEST

/* ---- what is refused ---------------------------------------------------------------- */

/* Over [2, 3], with something wrong. */
typedef struct bad_work {
    int n;
    ad_view in;
    ad_type type;
    ad_shape out;
    unsigned flags;
    ad_status status;
    const char *text;
} bad_work;

#define OVER "probe([2, 3]): ad_elementwise: "
AD_ELEMENTS_1(itself, x, x)
#define SIX                       \
    {                             \
        six, AD_F64, {2, {2, 3}}, \
        {                         \
            3, 1                  \
        }                         \
    }
static const bad_work bad_works[] = {
    {1,
     {six, AD_F64, {1, {2}}, {1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_BAD_SHAPE,
     OVER "in[0] does not broadcast to the shape"},
    {1,
     {six, AD_F64, {3, {1, 2, 3}}, {6, 3, 1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_BAD_SHAPE,
     OVER "in[0] does not broadcast to the shape"},
    {1,
     {six, (ad_type)77, {2, {2, 3}}, {3, 1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_MISUSE,
     OVER "in[0] has a bad type"},
    {1,
     {NULL, AD_F64, {2, {2, 3}}, {3, 1}},
     AD_F64,
     {2, {2, 3}},
     0,
     AD_MISUSE,
     OVER "in[0] has no data"},
    {1, SIX, AD_F64, {1, {2}}, 0, AD_BAD_SHAPE, OVER "the result does not broadcast to the shape"},
    {1, SIX, AD_I32, {1, {3}}, 0, AD_BAD_TYPE, OVER "a result of i32 cannot be summed"},
    {1, SIX, AD_I32, {2, {2, 3}}, AD_ADD, AD_BAD_TYPE, OVER "a result of i32 cannot be added to"},
    {0,
     SIX,
     AD_F64,
     {2, {2, 3}},
     0,
     AD_MISUSE,
     OVER "an argument is missing, there are not 1 to 5 operands, or a flag is unknown"},
    {1,
     SIX,
     AD_F64,
     {2, {2, 3}},
     AD_TRANSPOSE_A,
     AD_MISUSE,
     OVER "an argument is missing, there are not 1 to 5 operands, or a flag is unknown"},
};

static void map_badly(const ad_forward_args *c)
{
    const bad_work *p = user_of(c);
    double result[6] = {7, 7, 7, 7, 7, 7};
    ad_array y = {result, p->type, p->out, NULL};
    ck_assert(!ad_elementwise(c->work, &c->y.shape, p->n, &p->in, &y, p->flags, itself, NULL));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(result[i], 7);
}

START_TEST(elementwise_work_that_does_not_fit_is_refused)
{
    char text[600];
    bad_work p = bad_works[_i];
    ck_assert_int_eq(probe(map_badly, &p, 1, text, sizeof text), p.status);
    ck_assert_str_eq(text, p.text);
}
END_TEST

/* ---- other number types ------------------------------------------------------------- */

static void is_large(const void *user, ad_type type, size_t n, const void *const *in, void *out)
{
    ck_assert_int_eq(type, AD_BOOL);
    for (size_t i = 0; i < n; i++)
        ((bool *)out)[i] =
            ((const double *)in[0])[i] + ((const int32_t *)in[1])[i] > *(const double *)user;
}

static void make_a_mask(const ad_forward_args *c)
{
    static const double limit = 5;
    static const int32_t more[] = {0, 2};
    bool mask[6];
    const ad_view in[] = {c->x[0], AD_VIEW(more, 2, 1)};
    const ad_array out = {mask, AD_BOOL, AD_SHAPE(2, 3), NULL};
    ck_assert(ad_elementwise(c->work, &out.shape, 2, in, &out, AD_ASSIGN, is_large, &limit));
    ck_assert(memcmp(mask, (const bool[]){false, false, false, true, true, true}, 6) == 0);
}

static void copy_other_types(const ad_forward_args *c)
{
    float result[6];
    const ad_array out = {result, AD_F32, AD_SHAPE(2, 3), NULL};
    ad_elementwise(c->work, &out.shape, 1, c->x, &out, AD_ASSIGN, NULL, NULL);
}

/* i, user, and five operands, of both types. */
AD_ELEMENTS_5(polynomial, a, b, c, d, e,
              a + 2 * b + 3 * c + 4 * d + 5 * e + *(const double *)user * (double)(i > n))
AD_ELEMENTS_4(differences, a, b, c, d, (a - b) * (c - d))
AD_ELEMENTS_3(fused, a, b, c, a *b + c)

static void map_many(const ad_forward_args *c)
{
    static const double one = 1;
    const ad_view in[] = {c->x[0], c->x[0], AD_VIEW(six, 3), AD_VIEW(six, 2, 1), AD_VIEW(six, 1)};
    double y[6];
    const ad_array out = {y, AD_F64, AD_SHAPE(2, 3), NULL};
    ck_assert(ad_elementwise(c->work, &out.shape, 5, in, &out, AD_ASSIGN, polynomial, &one));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(y[i], 3 * six[i] + 3 * six[i % 3] + 4 * six[i / 3] + 5);
    ck_assert(ad_elementwise(c->work, &out.shape, 4, in, &out, AD_ASSIGN, differences, NULL));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(y[i], 0);
    ck_assert(ad_elementwise(c->work, &out.shape, 3, in, &out, AD_ADD, fused, NULL));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(y[i], six[i] * six[i] + six[i % 3]);
}

START_TEST(expressions_take_up_to_five_operands)
{
    ck_assert_int_eq(probe(map_many, NULL, 1, NULL, 0), AD_OK);
}
END_TEST

START_TEST(numbers_without_a_function_keep_their_type)
{
    char text[600];
    ck_assert_int_eq(probe(copy_other_types, NULL, 1, text, sizeof text), AD_BAD_TYPE);
    ck_assert_str_eq(text,
                     OVER "without a function there is one operand, of the result's float type");
}
END_TEST

START_TEST(elementwise_work_takes_numbers_of_any_type)
{
    ck_assert_int_eq(probe(make_a_mask, NULL, 2, NULL, 0), AD_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *all = tcase_create("kernels");
    tcase_add_test(all, rules_made_of_products_are_right);
    tcase_add_test(all, rules_made_of_elementwise_work_are_right);
    tcase_add_loop_test(all, own_operations_have_the_bits_of_built_in_ones, 0, TWINS);
    tcase_add_loop_test(all, elementwise_work_that_does_not_fit_is_refused, 0,
                        sizeof bad_works / sizeof *bad_works);
    tcase_add_test(all, expressions_take_up_to_five_operands);
    tcase_add_test(all, numbers_without_a_function_keep_their_type);
    tcase_add_test(all, elementwise_work_takes_numbers_of_any_type);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
