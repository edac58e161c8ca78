/* ad_check_op with operands whose numbers must have an order. */
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

/* The logarithms of the gaps between knots, weighted: w [n], knots [n], which must increase. */
static void gaps_check(const ad_forward_args *c)
{
    for (size_t i = 1; i < ad_view_count(&c->x[1]); i++)
        if (!(ad_view_get(&c->x[1], i) > ad_view_get(&c->x[1], i - 1)))
            ad_reject(c->work, AD_DOMAIN, "knots must increase");
}

static void gaps_forward(const ad_forward_args *c)
{
    double sum = 0;
    for (size_t i = 1; i < ad_view_count(&c->x[1]); i++)
        sum +=
            ad_view_get(&c->x[0], i) * log(ad_view_get(&c->x[1], i) - ad_view_get(&c->x[1], i - 1));
    ad_array y = c->y;
    ad_array_set(&y, 0, sum);
}

static void grow(const ad_pullback_args *c, int k, size_t i, double by)
{
    ad_array a = c->dx[k];
    ad_view v = ad_array_view(a);
    if (c->wanted[k])
        ad_array_set(&a, i, ad_view_get(&v, i) + by);
}

static void gaps_pullback(const ad_pullback_args *c)
{
    double dy = ad_view_get(&c->dy, 0);
    for (size_t i = 1; i < ad_view_count(&c->x[1]); i++) {
        double gap = ad_view_get(&c->x[1], i) - ad_view_get(&c->x[1], i - 1);
        double slope = dy * ad_view_get(&c->x[0], i) / gap;
        grow(c, 0, i, dy * log(gap));
        grow(c, 1, i, slope);
        grow(c, 1, i - 1, -slope);
    }
}

static const char *gaps_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = AD_SCALAR;
    return x[0].rank == 1 && ad_shape_equal(&x[0], &x[1]) ? NULL : "two vectors of one length";
}

/* Sorts the knots: each comes at least 0.5 after the one before. */
static void increasing(void *user, ad_random *r, size_t trial, int i, ad_array *numbers)
{
    double knot = 0, *x = numbers->data;
    (void)user, (void)r, (void)trial;
    ck_assert_int_eq(numbers->type, AD_F64);
    for (size_t k = 0; i == 1 && k < ad_array_count(numbers); k++)
        x[k] = knot += 0.5 + fabs(x[k]);
}

START_TEST(a_filler_changes_the_numbers)
{
    ad_error error = {0};
    ad_check_options o = {.size = sizeof o, .filler = increasing};
    const ad_op gaps_op = {.size = sizeof(ad_op),
                           .name = "gaps",
                           .arity = 2,
                           .flags = AD_OP_STRIDED,
                           .shape = gaps_shape,
                           .check = gaps_check,
                           .forward = gaps_forward,
                           .pullback = gaps_pullback};
    ck_assert_msg(ad_check_op(&gaps_op, NULL, &o, &error) == AD_OK, "%s", error.text);
    o.filler = NULL;
    ck_assert_int_eq(ad_check_op(&gaps_op, NULL, &o, &error), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(error.text, "knots must increase"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check_filler");
    TCase *all = tcase_create("check_filler");
    tcase_add_test(all, a_filler_changes_the_numbers);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
