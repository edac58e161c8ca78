/* What tests of Jacobians and Hessians share: functions, and looks at results. */
#ifndef ADZE_TESTS_DERIVATIVES_H
#define ADZE_TESTS_DERIVATIVES_H

#include <adze.h>
#include <check.h>

static inline void free_all(int n, ad_array *a)
{
    for (int i = 0; i < n; i++)
        ad_array_free(&a[i]);
}

static inline void expect_shape(const ad_array *a, ad_type type, ad_shape shape)
{
    char text[2][64];
    ck_assert_int_eq(a->type, type);
    ck_assert_msg(ad_shape_equal(&a->shape, &shape), "%s, not %s",
                  ad_shape_print(&a->shape, text[0], sizeof text[0]),
                  ad_shape_print(&shape, text[1], sizeof text[1]));
}

static inline double at(const ad_array *a, size_t i)
{
    ad_view v = ad_array_view(*a);
    return ad_view_get(&v, i);
}

/* ---- functions --------------------------------------------------------------------- */

AD_UNUSED static const double points[] = {.5, -1, .25, 1.5, -.75, 1.25, .3, .8, -.6, 1.1, -.2, .7};
AD_UNUSED static const float narrow[] = {.5f, -1, .25f, 1.5f, -.75f, 1.25f};

/* [2, 3] of a [2, 3], b [3] and a number: broadcast, repeated, viewed. */
static inline ad_tensor entangled(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_tanh(ad_mul(x[0], x[1]));
    ad_tensor flipped = ad_reshape(ad_transpose(x[0]), AD_SHAPE(2, 3));
    return ad_add(ad_mul(ad_softmax(h, -1), flipped), ad_mul(ad_exp(ad_mul(h, x[2])), x[1]));
}

AD_UNUSED static const ad_view entangled_at[] = {{points, AD_F64, {2, {2, 3}}, {3, 1}},
                                                 {points + 6, AD_F64, {1, {3}}, {1}},
                                                 {points + 9, AD_F64, {0, {0}}, {0}}};

static inline ad_tensor total(ad_tape *t, const ad_tensor *x, const void *env)
{
    return ad_sum(entangled(t, x, env));
}

/* sum of a_i b_i^2 + a_i^3 */
static inline ad_tensor cubes(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_add(ad_mul(x[0], ad_square(x[1])), ad_pow(x[0], 3)));
}

/* a x^2, elementwise. */
static inline ad_tensor scaled_squares(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(ad_square(x[0]), x[1]);
}

static inline ad_tensor first(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return x[0];
}

#endif
