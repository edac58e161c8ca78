/* What is done to cotangents on their way back: scaled, clipped, sent straight through, shown to a hook,
 * kept of intermediate values. */
#include "measured.h"
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

static ad_tape *tape;
static const double two[] = {3, -4}, along[] = {1, 2}, weights[] = {0.5, 2};
static const float two_f32[] = {3, -4};

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static void expect_pair(ad_view got, double first, double second)
{
    ck_assert_ptr_nonnull(got.data);
    ck_assert_uint_eq(ad_view_count(&got), 2);
    ck_assert_double_eq_tol(ad_view_get(&got, 0), first, 1e-15 + 1e-14 * fabs(first));
    ck_assert_double_eq_tol(ad_view_get(&got, 1), second, 1e-15 + 1e-14 * fabs(second));
}

static void expect_failure(ad_status status, const char *text)
{
    ck_assert_int_eq(ad_tape_status(tape), status);
    ck_assert_msg(strstr(message_of(tape), text) != NULL, "%s", message_of(tape));
    ad_tape_reset(tape);
}

static ad_tensor leaf(void)
{
    return ad_watch(tape, AD_VIEW(two, 2));
}

/* ---- other derivatives --------------------------------------------------------------------- */

START_TEST(values_pass_as_they_are_and_take_no_memory)
{
    ad_tensor x = leaf(), y[] = {ad_scale_gradient(x, -1), ad_clip_gradient(x, 0, 0),
                                 ad_clip_gradient_norm(x, 0), ad_straight_through(leaf(), x)};
    for (int i = 0; i < 4; i++)
        ck_assert_ptr_eq(ad_read(y[i]).data, two);
}
END_TEST

START_TEST(a_scaled_gradient_is_so_many_times_the_gradient)
{
    ad_tensor x = leaf(), f = ad_watch(tape, AD_VIEW(two_f32, 2));
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_scale_gradient(x, -0.25)))), AD_OK);
    expect_pair(ad_grad(x), -1.5, 2);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_scale_gradient(f, -1)))), AD_OK);
    expect_pair(ad_grad(f), -6, 8);
}
END_TEST

START_TEST(the_scale_is_that_of_tangents_too)
{
    ad_tensor x = leaf(), y = ad_scale_gradient(x, -2);
    ad_set_tangent(x, AD_VIEW(along, 2));
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    expect_pair(ad_tangent(y), -2, -4);
    ad_tensor l = ad_sum(ad_square(y)); /* second derivatives: (-2)^2 2 */
    ad_push_tangents(l);
    ck_assert_int_eq(ad_backward_tangents(l), AD_OK);
    expect_pair(ad_grad(x), -12, 16);
    expect_pair(ad_grad_tangent(x), 8, 16);
}
END_TEST

START_TEST(straight_through_has_one_value_and_the_others_derivative)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(weights, 2)), z = leaf();
    ad_tensor y = ad_straight_through(x, ad_mul(z, ad_round(x)));
    ad_set_tangent(x, AD_VIEW(along, 2));
    ad_set_tangent(z, AD_VIEW(along, 2));
    ad_tensor l = ad_sum(ad_mul(ad_square(y), 0.5));
    ck_assert_int_eq(ad_push_tangents(l), AD_OK);
    expect_pair(ad_read(y), 0, -8);
    expect_pair(ad_tangent(y), 1, 2);
    ck_assert_int_eq(ad_backward_tangents(l), AD_OK);
    expect_pair(ad_grad(x), 0, -8);
    expect_pair(ad_grad_tangent(x), 1, 2);
    expect_pair(ad_grad(z), 0, 0);
    ck_assert(!ad_reached(z));
    ck_assert_int_eq(ad_reach_of(l, z), AD_STOPPED);
}
END_TEST

START_TEST(straight_through_passes_what_has_no_derivative)
{
    ad_tensor x = leaf(), y = ad_straight_through(x, ad_cast(ad_greater(x, 0), AD_F64));
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(y, x))), AD_OK);
    expect_pair(ad_grad(x), 4, -4);
}
END_TEST

/* ---- clipping ------------------------------------------------------------------------------ */

START_TEST(a_clipped_gradient_is_within_the_bounds)
{
    ad_tensor x = leaf(), f = ad_watch(tape, AD_VIEW(two_f32, 2));
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_clip_gradient(x, -1, 10)))), AD_OK);
    expect_pair(ad_grad(x), 6, -1);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_clip_gradient(f, -INFINITY, 2)))), AD_OK);
    expect_pair(ad_grad(f), 2, -8);
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(ad_clip_gradient(x, 1, 1), NAN))), AD_OK);
    expect_pair(ad_grad(f), 0, 0);
    ck_assert(isnan(((const double *)ad_grad(x).data)[0]));
}
END_TEST

START_TEST(a_clipped_norm_keeps_the_direction)
{
    static const double scales[] = {1, 1e-200, 1e200};
    for (int i = 0; i < 3; i++) { /* the gradient is (3, -4) of the unit */
        double s = scales[i];
        ad_tensor x = leaf(), l = ad_sum(ad_mul(ad_clip_gradient_norm(x, s), ad_mul(leaf(), s)));
        ck_assert_int_eq(ad_backward(l), AD_OK);
        ad_view g = ad_grad(x);
        ck_assert_double_eq_tol(ad_view_get(&g, 0) / s, 0.6, 1e-15);
        ck_assert_double_eq_tol(ad_view_get(&g, 1) / s, -0.8, 1e-15);
    }
}
END_TEST

START_TEST(a_norm_within_the_bound_is_left_as_it_is)
{
    ad_tensor x = leaf(), f = ad_watch(tape, AD_VIEW(two_f32, 2));
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_clip_gradient_norm(x, 10)))), AD_OK);
    expect_pair(ad_grad(x), 6, -8);
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(ad_clip_gradient_norm(x, 0), 0))), AD_OK);
    expect_pair(ad_grad(x), 0, 0);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_clip_gradient_norm(f, 5)))), AD_OK);
    expect_pair(ad_grad(f), 3, -4);
    ad_tensor none = ad_watch(tape, ad_view_of(AD_F64, NULL, AD_SHAPE(0)));
    ck_assert_int_eq(ad_backward(ad_sum(ad_clip_gradient_norm(none, 1))), AD_OK);
}
END_TEST

START_TEST(a_norm_that_is_not_finite_makes_all_nan)
{
    static const double dy[][2] = {{NAN, 0}, {0, NAN}, {NAN, 1}, {INFINITY, 1}, {-INFINITY, 0}};
    for (size_t i = 0; i < sizeof dy / sizeof *dy; i++) {
        ad_tensor x = leaf();
        ck_assert_int_eq(ad_backward_from(ad_clip_gradient_norm(x, 5), AD_VIEW(dy[i], 2)), AD_OK);
        const double *g = ad_grad(x).data;
        ck_assert_msg(isnan(g[0]) && isnan(g[1]), "row %zu: %g, %g", i, g[0], g[1]);
    }
}
END_TEST

/* L = sum(w x^2 / 2) with what is clipped in between: the derivative of the clipped gradient. */
static void second_of_clipped(ad_tensor (*clip)(ad_tensor), double first, double second)
{
    ad_tensor x = leaf(), w = ad_watch(tape, AD_VIEW(weights, 2));
    ad_tensor l = ad_sum(ad_mul(ad_mul(ad_square(clip(x)), w), 0.5));
    ad_set_tangent(x, AD_VIEW(along, 2));
    ck_assert_int_eq(ad_push_tangents(l), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(l), AD_OK);
    expect_pair(ad_grad_tangent(x), first, second);
}

/* The gradient is (1.5, -8), its derivative (0.5, 4). */
static ad_tensor within_2(ad_tensor x)
{
    return ad_clip_gradient(x, -2, 2);
}

static ad_tensor as_long_as_1(ad_tensor x)
{
    return ad_clip_gradient_norm(x, 1);
}

static ad_tensor as_long_as_9(ad_tensor x)
{
    return ad_clip_gradient_norm(x, 9);
}

START_TEST(second_derivatives_are_those_of_the_clipped_gradient)
{
    double square = 66.25, inner = 1.5 * 0.5 - 8 * 4, factor = 1 / sqrt(square);
    second_of_clipped(within_2, 0.5, 0);
    second_of_clipped(as_long_as_9, 0.5, 4);
    second_of_clipped(as_long_as_1, factor * (0.5 - 1.5 * inner / square),
                      factor * (4 + 8 * inner / square));
}
END_TEST

START_TEST(second_derivatives_are_right_where_only_the_cotangent_has_a_tangent)
{
    ad_tensor x = leaf(), w = ad_watch(tape, AD_VIEW(weights, 2));
    ad_tensor l = ad_sum(ad_mul(ad_clip_gradient(x, -1, 1), ad_square(w)));
    ad_set_tangent(w, AD_VIEW(along, 2)); /* dx = clip(w^2) = (0.25, 1), along (1, 8) */
    ck_assert_int_eq(ad_push_tangents(l), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(l), AD_OK);
    expect_pair(ad_grad(x), 0.25, 1);
    expect_pair(ad_grad_tangent(x), 1, 0);
}
END_TEST

START_TEST(tangents_are_not_clipped)
{
    ad_tensor x = leaf(), y = ad_clip_gradient_norm(ad_clip_gradient(x, 0, 0), 0);
    ad_set_tangent(x, AD_VIEW(along, 2));
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    expect_pair(ad_tangent(y), 1, 2);
}
END_TEST

/* ---- hooks --------------------------------------------------------------------------------- */

typedef struct heard {
    int calls;
    char order[16];
    double dx[2], of[2];
    double factor; /* 0: only looks */
    ad_status status;
} heard;

static ad_status listen_to(void *user, const ad_cotangent *c)
{
    heard *h = user;
    double *dx = c->dx.data;
    h->order[h->calls++] = c->cotangent.data ? 't' : 'c';
    memcpy(h->dx, dx, sizeof h->dx);
    if (c->cotangent.data)
        memcpy(h->of, c->cotangent.data, sizeof h->of);
    ck_assert_double_eq(ad_view_get(&c->x, 0), 3);
    for (int i = 0; i < 2 && h->factor != 0; i++)
        dx[i] *= h->factor;
    return h->status;
}

START_TEST(a_hook_sees_the_whole_cotangent_once_a_sweep)
{
    heard h = {0};
    ad_tensor x = leaf(), y = ad_on_cotangent(x, listen_to, &h);
    ad_tensor l = ad_sum(ad_add(ad_square(y), ad_mul(y, 3)));
    for (int sweep = 1; sweep < 4; sweep++) {
        ck_assert_int_eq(ad_backward(l), AD_OK);
        ck_assert_int_eq(h.calls, sweep);
        ck_assert(h.dx[0] == 9 && h.dx[1] == -5);
        expect_pair(ad_grad(x), 9, -5);
    }
    ck_assert_int_eq(ad_backward(ad_sum(x)), AD_OK); /* nothing flows back to y */
    ck_assert_int_eq(h.calls, 3);
}
END_TEST

START_TEST(a_hook_may_change_the_cotangent)
{
    heard h = {.factor = 0.5}, after = {.factor = 0};
    ad_tensor x = leaf(), y = ad_on_cotangent(ad_on_cotangent(x, listen_to, &after), listen_to, &h);
    ad_retain(y); /* what is kept is what came */
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(y))), AD_OK);
    expect_pair(ad_grad(x), 3, -4);
    expect_pair(ad_grad(y), 6, -8);
    ck_assert(h.dx[0] == 6 && after.dx[0] == 3);
}
END_TEST

START_TEST(in_second_order_a_hook_is_called_with_the_derivative_as_well)
{
    heard h = {.factor = 0.5};
    ad_tensor x = leaf(), l = ad_sum(ad_square(ad_on_cotangent(x, listen_to, &h)));
    ad_set_tangent(x, AD_VIEW(along, 2));
    ck_assert_int_eq(ad_push_tangents(l), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(l), AD_OK);
    ck_assert_str_eq(h.order, "ct");
    ck_assert(h.of[0] == 6 && h.of[1] == -8 && h.dx[0] == 2 && h.dx[1] == 4);
    expect_pair(ad_grad(x), 3, -4);
    expect_pair(ad_grad_tangent(x), 1, 2);
}
END_TEST

START_TEST(a_hook_that_refuses_fails_the_sweep)
{
    heard h = {.status = AD_CANCELLED};
    ad_tensor x = leaf(), l = ad_sum(ad_square(ad_on_cotangent(x, listen_to, &h)));
    ck_assert_int_eq(ad_backward(l), AD_CANCELLED);
    ck_assert_ptr_null(ad_grad(x).data);
    expect_failure(AD_CANCELLED, "pullback of on_cotangent([2]): the hook on the cotangent says: ");
    x = ad_on_cotangent(leaf(), NULL, NULL);
    ck_assert_ptr_null(ad_read(x).data);
    expect_failure(AD_MISUSE, "on_cotangent([2]): the hook is NULL");
}
END_TEST

static ad_status use_the_tape(void *user, const ad_cotangent *c)
{
    (void)c;
    ck_assert_ptr_null(ad_read(ad_square(*(ad_tensor *)user)).data);
    return AD_OK;
}

START_TEST(a_hook_that_uses_the_tape_is_an_error)
{
    ad_tensor x = leaf();
    ck_assert_int_eq(ad_backward(ad_sum(ad_on_cotangent(x, use_the_tape, &x))), AD_BUSY);
}
END_TEST

static ad_status count_calls(void *user, const ad_cotangent *c)
{
    *(int *)user += ad_array_count(&c->dx) == 0;
    return AD_OK;
}

START_TEST(an_empty_cotangent_is_shown_as_well)
{
    int calls = 0;
    ad_tensor x = ad_watch(tape, ad_view_of(AD_F64, NULL, AD_SHAPE(0, 3)));
    ck_assert_int_eq(ad_backward(ad_sum(ad_on_cotangent(x, count_calls, &calls))), AD_OK);
    ck_assert_int_eq(calls, 1);
}
END_TEST

/* ---- intermediate values ------------------------------------------------------------------- */

START_TEST(a_retained_value_has_a_gradient_like_a_leaf)
{
    ad_tensor x = leaf(), y = ad_retain(ad_square(x)), z = ad_retain(ad_mul(y, 2)),
              plain = ad_neg(z);
    ad_tensor l = ad_sum(ad_square(plain));
    ck_assert_int_eq(ad_backward(l), AD_OK);
    expect_pair(ad_grad(z), 36, 64);
    expect_pair(ad_grad(y), 72, 128);
    expect_pair(ad_grad(x), 432, -1024);
    ck_assert_ptr_null(ad_grad(plain).data);
    ck_assert(ad_reached(y) && ad_reached(z) && !ad_reached(plain));
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK); /* the last sweep's are discarded */
    expect_pair(ad_grad(y), 1, 1);
    expect_pair(ad_grad(z), 0, 0);
    ck_assert(ad_reached(y) && !ad_reached(z));
}
END_TEST

START_TEST(the_order_of_retaining_does_not_matter)
{
    ad_tensor x = leaf(), y = ad_square(x), w = leaf(), z = ad_mul(y, w), l = ad_sum(z);
    ad_retain(ad_retain(l));
    ad_retain(y);
    ad_retain(z);
    ck_assert_int_eq(ad_backward(l), AD_OK);
    ck_assert_double_eq(((const double *)ad_grad(l).data)[0], 1);
    expect_pair(ad_grad(z), 1, 1);
    expect_pair(ad_grad(y), 3, -4);
    expect_pair(ad_grad(w), 9, 16);
    expect_pair(ad_grad(x), 18, 32);
}
END_TEST

START_TEST(retained_values_have_second_derivatives)
{
    ad_tensor x = leaf(), y = ad_retain(ad_square(x)), l = ad_sum(ad_square(y));
    ad_retain(ad_neg(x));
    ad_set_tangent(x, AD_VIEW(along, 2));
    ck_assert_int_eq(ad_push_tangents(l), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(l), AD_OK);
    expect_pair(ad_grad(y), 18, 32);
    expect_pair(ad_grad_tangent(y), 12, -32); /* 2 ty = 4 x tx */
    expect_pair(ad_grad_tangent(x), 108, 384);
}
END_TEST

START_TEST(what_is_retained_is_given_back)
{
    ad_tensor x = leaf();
    ad_mark mark = ad_tape_mark(tape);
    ad_tensor y = ad_square(x), l = ad_sum(ad_square(y));
    ad_backward(l);
    size_t plain = measured(tape).bytes_used;
    ad_retain(y);
    ad_backward(l);
    ck_assert_uint_gt(measured(tape).bytes_used, plain);
    ck_assert_int_eq(ad_tape_rewind(mark), AD_OK);
    size_t rewound = measured(tape).bytes_used;
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_square(x)))), AD_OK);
    expect_pair(ad_grad(x), 108, -256);
    ad_tape_rewind(mark);
    ck_assert_uint_eq(measured(tape).bytes_used, rewound);
    ad_retain(y);
    expect_failure(AD_STALE, "retain: the value is gone");
    ck_assert_uint_eq(measured(tape).bytes_used, 0);
}
END_TEST

START_TEST(a_rewind_forgets_what_was_retained_after_the_mark_in_any_order)
{
    ad_tensor x = leaf(), y = ad_square(x);
    ad_mark mark = ad_tape_mark(tape);
    size_t before = measured(tape).bytes_used, rewound[2];
    for (int i = 0; i < 2; i++) {
        ad_tensor z = ad_square(y);
        if (i)
            ad_retain(z);
        ad_retain(y);
        ck_assert_int_eq(ad_backward(ad_sum(z)), AD_OK);
        ad_tape_rewind(mark);
        expect_pair(ad_grad(y), 18, 32);
        rewound[i] = measured(tape).bytes_used;
        ck_assert_uint_gt(rewound[i], before);
        ad_tape_reset(tape);
        x = leaf();
        y = ad_square(x);
        mark = ad_tape_mark(tape);
    }
    ck_assert_uint_eq(rewound[0], rewound[1]);
}
END_TEST

START_TEST(a_value_without_derivative_is_not_retained)
{
    ad_tensor frozen = ad_square(ad_freeze(tape, AD_VIEW(two, 2))), x = leaf();
    ad_retain(x);
    ad_retain(frozen);
    ad_retain(ad_greater(x, 0));
    ad_retain(ad_number(3));
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(x, frozen))), AD_OK);
    ck_assert_ptr_null(ad_grad(frozen).data);
    expect_pair(ad_grad(x), 9, 16);
}
END_TEST

START_TEST(a_failed_sweep_leaves_nothing_of_retained_values)
{
    heard h = {.status = AD_DOMAIN};
    ad_tensor x = leaf(), y = ad_on_cotangent(x, listen_to, &h), z = ad_retain(ad_square(y));
    ck_assert_int_eq(ad_backward(ad_sum(z)), AD_DOMAIN);
    ck_assert_ptr_null(ad_grad(z).data);
}
END_TEST

START_TEST(a_sweep_in_slices_retains_what_it_has_yet_to_pass)
{
    ad_tensor x = leaf(), y = ad_square(x), z = ad_square(y), l = ad_sum(z);
    ck_assert_int_eq(ad_sweep_begin(l), AD_OK);
    ck_assert(ad_sweep_step(tape, 2)); /* the sum and the square before it */
    ad_tensor later = ad_retain(ad_neg(x));
    ad_retain(y);
    ck_assert_ptr_null(ad_grad(y).data);
    while (ad_sweep_step(tape, 1))
        ;
    expect_pair(ad_grad(y), 18, 32);
    expect_pair(ad_grad(later), 0, 0);
    ad_sweep_begin(l);
    ad_sweep_step(tape, 2);
    ad_retain(z);
    expect_failure(AD_MISUSE, "retain: the current sweep has already passed this value");
}
END_TEST

START_TEST(pullbacks_do_not_spoil_what_is_retained)
{
    enum { N = 700 };
    double *many = ad_tape_memory(tape, N * sizeof *many);
    for (int i = 0; i < N; i++)
        many[i] = i / 100.0;
    ad_tensor w = ad_watch(tape, ad_view_of(AD_F64, many, AD_SHAPE(7, 100)));
    ad_tensor b = ad_watch(tape, ad_view_of(AD_F64, many, AD_SHAPE(100)));
    ad_tensor x = ad_watch(tape, ad_view_of(AD_F64, many, AD_SHAPE(3, 7)));
    ad_tensor y = ad_retain(ad_dense(x, w, b, AD_TANH));
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(y, 2))), AD_OK);
    ad_view g = ad_grad(y);
    for (size_t i = 0; i < 300; i++)
        ck_assert_double_eq(ad_view_get(&g, i), 2);
}
END_TEST

/* ---- misuse -------------------------------------------------------------------------------- */

START_TEST(senseless_bounds_are_refused)
{
    ad_clip_gradient(leaf(), 1, 0);
    expect_failure(AD_MISUSE,
                   "clip_gradient([2]): the lower bound, 1, must not be above the upper one, 0");
    ad_clip_gradient(leaf(), NAN, 0);
    expect_failure(AD_MISUSE, "clip_gradient([2])");
    ad_clip_gradient_norm(leaf(), -1);
    expect_failure(AD_MISUSE, "clip_gradient_norm([2]): max_norm must not be negative");
    ad_clip_gradient_norm(leaf(), NAN);
    expect_failure(AD_MISUSE, "clip_gradient_norm([2])");
    ad_straight_through(leaf(), ad_sum(leaf()));
    expect_failure(AD_BAD_SHAPE,
                   "straight_through([], [2]): both operands must have the same shape");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cotangents");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, values_pass_as_they_are_and_take_no_memory);
    tcase_add_test(all, a_scaled_gradient_is_so_many_times_the_gradient);
    tcase_add_test(all, the_scale_is_that_of_tangents_too);
    tcase_add_test(all, straight_through_has_one_value_and_the_others_derivative);
    tcase_add_test(all, straight_through_passes_what_has_no_derivative);
    tcase_add_test(all, a_clipped_gradient_is_within_the_bounds);
    tcase_add_test(all, a_clipped_norm_keeps_the_direction);
    tcase_add_test(all, a_norm_within_the_bound_is_left_as_it_is);
    tcase_add_test(all, a_norm_that_is_not_finite_makes_all_nan);
    tcase_add_test(all, second_derivatives_are_those_of_the_clipped_gradient);
    tcase_add_test(all, second_derivatives_are_right_where_only_the_cotangent_has_a_tangent);
    tcase_add_test(all, tangents_are_not_clipped);
    tcase_add_test(all, a_hook_sees_the_whole_cotangent_once_a_sweep);
    tcase_add_test(all, a_hook_may_change_the_cotangent);
    tcase_add_test(all, in_second_order_a_hook_is_called_with_the_derivative_as_well);
    tcase_add_test(all, a_hook_that_refuses_fails_the_sweep);
    tcase_add_test(all, a_hook_that_uses_the_tape_is_an_error);
    tcase_add_test(all, an_empty_cotangent_is_shown_as_well);
    tcase_add_test(all, a_retained_value_has_a_gradient_like_a_leaf);
    tcase_add_test(all, the_order_of_retaining_does_not_matter);
    tcase_add_test(all, retained_values_have_second_derivatives);
    tcase_add_test(all, what_is_retained_is_given_back);
    tcase_add_test(all, a_rewind_forgets_what_was_retained_after_the_mark_in_any_order);
    tcase_add_test(all, a_value_without_derivative_is_not_retained);
    tcase_add_test(all, a_failed_sweep_leaves_nothing_of_retained_values);
    tcase_add_test(all, a_sweep_in_slices_retains_what_it_has_yet_to_pass);
    tcase_add_test(all, pullbacks_do_not_spoil_what_is_retained);
    tcase_add_test(all, senseless_bounds_are_refused);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
