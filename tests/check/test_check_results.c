/* ad_check_op with operations of several results: what is wrong with one of them is found. */
#include "ops/reduce/reduce.h"

#include "faulty_op.h"
#include "suite.h"

#include <adze.h>
#include <string.h>

/* product: a b; sign: i32, of a; square: a^2; all of one shape, any strides. */
enum { PRODUCT, SIGN, SQUARE, RESULTS };

typedef enum flaw {
    RIGHT,
    GAP_IN_SIGN,          /* forward leaves one number of a later result as it was */
    NEEDS_PRODUCT,        /* the pullback does nothing where nothing flowed into the first */
    FORGETS_SQUARE,       /* nor for the last */
    TAKES_NOTHING_AS_ONE, /* where nothing flowed into the last, it takes 1 */
    SPOILS_DY,
    GAP_IN_JVP,
    WRONG_JVP,
    WRONG_CURVATURE
} flaw;

static flaw wrong_with(const void *attr)
{
    return *(const flaw *)attr;
}

static const char *trio_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    y[PRODUCT] = y[SQUARE] = x[0];
    y[SIGN] = AD_I32;
    return ad_type_is_float(x[0]) && x[0] == x[1] ? NULL : "operands must have one float type";
}

static const char *trio_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    for (int k = 0; k < RESULTS; k++)
        y[k] = x[0];
    return ad_shape_equal(&x[0], &x[1]) ? NULL : "shapes must be equal";
}

static void trio_forward(const ad_forward_args *c)
{
    int64_t n = (int64_t)ad_array_count(&c->y);
    for (int64_t i = 0; i < n; i++) {
        double a = number_at(&c->x[0], i);
        put_number(&c->ys[PRODUCT], i, a * number_at(&c->x[1], i));
        put_number(&c->ys[SQUARE], i, a * a);
        if (i > 0 || wrong_with(c->attr) != GAP_IN_SIGN)
            ((int32_t *)c->ys[SIGN].data)[i] = (a > 0) - (a < 0);
    }
}

static void add(const ad_array *dx, const bool *wanted, int k, int64_t i, double number)
{
    ad_view v = ad_array_view(dx[k]);
    if (wanted[k])
        put_number(&dx[k], i, number_at(&v, i) + number);
}

static void trio_pullback(const ad_pullback_args *c)
{
    flaw f = wrong_with(c->attr);
    const ad_view *product = &c->dys[PRODUCT], *square = &c->dys[SQUARE];
    if (f == NEEDS_PRODUCT && !product->data)
        return;
    for (int64_t i = 0; i < (int64_t)ad_view_count(&c->y); i++) {
        double a = number_at(&c->x[0], i), b = number_at(&c->x[1], i);
        double p = product->data ? number_at(product, i) : 0;
        double s = square->data ? number_at(square, i) : f == TAKES_NOTHING_AS_ONE;
        add(c->dx, c->wanted, 0, i, p * b + (f == FORGETS_SQUARE ? 0 : s * 2 * a));
        add(c->dx, c->wanted, 1, i, p * a);
    }
    if (f == SPOILS_DY && square->data && ad_view_count(square))
        memset((void *)(uintptr_t)square->data, 0, ad_type_size(square->type));
}

static void trio_jvp(const ad_jvp_args *c)
{
    flaw f = wrong_with(c->attr);
    for (int64_t i = f == GAP_IN_JVP; i < (int64_t)ad_view_count(&c->y); i++) {
        double a = number_at(&c->x[0], i), b = number_at(&c->x[1], i);
        double ta = c->tx[0].data ? number_at(&c->tx[0], i) : 0;
        double tb = c->tx[1].data ? number_at(&c->tx[1], i) : 0;
        put_number(&c->tys[PRODUCT], i, ta * b + a * tb);
        put_number(&c->tys[SQUARE], i, (f == WRONG_JVP ? 2.001 : 2) * a * ta);
    }
}

static void trio_curvature(const ad_curvature_args *c)
{
    const ad_view *product = &c->dys[PRODUCT], *square = &c->dys[SQUARE];
    for (int64_t i = 0; i < (int64_t)ad_view_count(&c->y); i++) {
        double ta = c->tx[0].data ? number_at(&c->tx[0], i) : 0;
        double tb = c->tx[1].data ? number_at(&c->tx[1], i) : 0;
        double p = product->data ? number_at(product, i) : 0;
        double s = square->data ? number_at(square, i) : 0;
        add(c->tdx, c->wanted, 0, i,
            p * tb + (wrong_with(c->attr) == WRONG_CURVATURE ? 0 : s * 2 * ta));
        add(c->tdx, c->wanted, 1, i, p * ta);
    }
}

static const ad_op trio_op = {
    .size = sizeof(ad_op),
    .name = "trio",
    .arity = 2,
    .results = RESULTS,
    .attr_size = sizeof(flaw),
    .type = trio_type,
    .shape = trio_shape,
    .forward = trio_forward,
    .pullback = trio_pullback,
    .jvp = trio_jvp,
    .curvature = trio_curvature,
};

/* A row: a flaw, and a part of the message that finds it. */
static const struct {
    flaw flaw;
    const char *why;
} flaws[] = {
    {GAP_IN_SIGN, "forward does not write number 0 of result 1"},
    {NEEDS_PRODUCT, "the pullback gives"},
    {FORGETS_SQUARE, "the pullback gives"},
    {TAKES_NOTHING_AS_ONE, "the pullback gives"},
    {SPOILS_DY, "the pullback writes to dys[2]"},
    {GAP_IN_JVP, "the jvp does not write number 0 of result 0"},
    {WRONG_JVP, "by the jvp"},
    {WRONG_CURVATURE, "by the curvature"},
};

START_TEST(an_op_of_several_results_that_is_right_passes)
{
    flaw none = RIGHT;
    ad_error error = {0};
    ck_assert_msg(ad_check_op(&trio_op, &none, NULL, &error) == AD_OK, "%s", error.text);
}
END_TEST

START_TEST(what_is_wrong_with_one_result_is_found)
{
    flaw f = flaws[_i].flaw;
    ad_error error = {0};
    ck_assert_int_eq(ad_check_op(&trio_op, &f, NULL, &error), AD_DIFFERENT);
    ck_assert_msg(strstr(error.text, flaws[_i].why), "%s", error.text);
}
END_TEST

static void two_rows_or_more(void *user, ad_random *r, size_t trial, ad_check_operands *x)
{
    (void)user, (void)trial;
    x->shape[0] = AD_SHAPE(2 + (int64_t)ad_random_below(r, 3), (int64_t)ad_random_below(r, 4));
}

START_TEST(mean_and_variance_at_once_are_right)
{
    ad_error error = {0};
    const ad_reduction rows = {.reduced = 1, .dropped = 1, .ddof = 1};
    ad_check_options o = {.size = sizeof o, .sampler = two_rows_or_more};
    ad_status status = ad_check_op(ad_builtin_op_named("moments"), &rows, &o, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
}
END_TEST

START_TEST(a_message_shows_all_results)
{
    flaw f = FORGETS_SQUARE;
    ad_error error = {0};
    int a, b, c;
    ad_check_options o = {.size = sizeof o};
    ck_assert_int_eq(ad_check_op(&trio_op, &f, &o, &error), AD_DIFFERENT);
    const char *arrow = strstr(error.text, "-> ");
    ck_assert_ptr_nonnull(arrow);
    ck_assert_msg(sscanf(arrow, "-> [%d%*[^]]], [%d%*[^]]], [%d", &a, &b, &c) == 3 ||
                      strncmp(arrow, "-> [], [], []", 13) == 0 ||
                      sscanf(arrow, "-> [%d], [%d], [%d]", &a, &b, &c) == 3,
                  "%s", error.text);
}
END_TEST

START_TEST(a_number_of_results_that_cannot_be_checked_is_an_error)
{
    flaw none = RIGHT;
    ad_error error = {0};
    ad_op op = trio_op;
    op.results = AD_VARIADIC;
    ck_assert_int_eq(ad_check_op(&op, &none, NULL, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "any number of results"));
    error = (ad_error){0};
    op.results = 1000;
    ck_assert_int_eq(ad_check_op(&op, &none, NULL, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "too many results"));
}
END_TEST

/* As where `.results` is forgotten: the rules then write where nothing is meant for them. */
START_TEST(rules_that_set_more_results_than_the_op_has_are_found)
{
    flaw none = RIGHT;
    ad_error error = {0};
    ad_op op = trio_op;
    op.results = _i;
    ck_assert_int_eq(ad_check_op(&op, &none, NULL, &error), AD_MISUSE);
    ck_assert_msg(strstr(error.text, _i == 2 ? "set result 2, but the op has 2 results (.results)"
                                             : "set result 1, but the op has 1 result (.results)"),
                  "%s", error.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check_results");
    TCase *all = tcase_create("check_results");
    tcase_add_test(all, an_op_of_several_results_that_is_right_passes);
    tcase_add_loop_test(all, what_is_wrong_with_one_result_is_found, 0,
                        (int)(sizeof flaws / sizeof *flaws));
    tcase_add_test(all, mean_and_variance_at_once_are_right);
    tcase_add_test(all, a_message_shows_all_results);
    tcase_add_test(all, a_number_of_results_that_cannot_be_checked_is_an_error);
    tcase_add_loop_test(all, rules_that_set_more_results_than_the_op_has_are_found, 0, RESULTS);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
