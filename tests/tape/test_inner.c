/* Inner tapes: an op whose rules evaluate a function of tensors, and what can go wrong in there. */
#include "allocator.h"
#include "measured.h"
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

/* ---- y = f(x), one node of the tape --------------------------------------------------------- */

typedef struct aside_attr {
    ad_tensor (*f)(ad_tensor x);
} aside_attr;

static ad_tensor evaluate(const aside_attr *attr, ad_workspace *work, const ad_view *x,
                          ad_tensor *leaf)
{
    ad_tape *inner = ad_inner_tape(work);
    *leaf = ad_watch(inner, *x);
    return inner ? attr->f(*leaf) : (ad_tensor){0};
}

static void pass_on(ad_workspace *work, ad_tensor y)
{
    if (y.tape && ad_tape_status(y.tape) != AD_OK)
        ad_reject(work, ad_tape_status(y.tape), "%s", message_of(y.tape));
}

static void aside_forward(const ad_forward_args *c)
{
    ad_tensor x, y = evaluate(c->attr, c->work, &c->x[0], &x);
    ad_view v = ad_read(y);
    ad_array to = c->y;
    if (v.data)
        ad_array_write(&to, v, NULL);
    pass_on(c->work, y);
}

static void add(const ad_array *to, ad_view v)
{
    for (size_t i = 0; v.data && i < ad_view_count(&v); i++)
        ((double *)to->data)[i] += ad_view_get(&v, i);
}

static void aside_pullback(const ad_pullback_args *c)
{
    ad_tensor x, y = evaluate(c->attr, c->work, &c->x[0], &x);
    if (y.tape && ad_backward_from(y, c->dy) == AD_OK)
        add(&c->dx[0], ad_grad(x));
    pass_on(c->work, y);
}

static void aside_jvp(const ad_jvp_args *c)
{
    ad_tensor x, y = evaluate(c->attr, c->work, &c->x[0], &x);
    memset(c->ty.data, 0, ad_array_count(&c->ty) * sizeof(double));
    if (y.tape && ad_set_tangent(x, c->tx[0]) == AD_OK && ad_push_tangents(y) == AD_OK)
        add(&c->ty, ad_tangent(y));
    pass_on(c->work, y);
}

static void aside_curvature(const ad_curvature_args *c)
{
    ad_tensor x, y = evaluate(c->attr, c->work, &c->x[0], &x);
    if (y.tape && ad_set_tangent(x, c->tx[0]) == AD_OK && ad_push_tangents(y) == AD_OK &&
        ad_backward_tangents_from(y, c->dy, (ad_view){0}) == AD_OK)
        add(&c->tdx[0], ad_grad_tangent(x));
    pass_on(c->work, y);
}

static const ad_op aside_op = {
    .size = sizeof(ad_op),
    .name = "aside",
    .arity = 1,
    .attr_size = sizeof(aside_attr),
    .shape = ad_shape_first,
    .forward = aside_forward,
    .pullback = aside_pullback,
    .jvp = aside_jvp,
    .curvature = aside_curvature,
};

static ad_tensor aside(ad_tensor (*f)(ad_tensor), ad_tensor x)
{
    return ad_apply(&aside_op, &x, &(aside_attr){f});
}

static ad_tensor plain(ad_tensor x)
{
    return ad_exp(ad_sin(ad_mul(x, x)));
}
static ad_tensor nested(ad_tensor x)
{
    return ad_exp(aside((ad_sin), ad_mul(x, x)));
}
static ad_tensor deeper(ad_tensor x)
{
    return aside(nested, x);
}
static ad_tensor deepest(ad_tensor x)
{
    return aside(deeper, x);
}
static ad_tensor bad_inside(ad_tensor x)
{
    return ad_mul(x, ad_sum(ad_matmul(x, x)));
}
static ad_tensor bad_far_inside(ad_tensor x)
{
    return aside(bad_inside, x);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static const double numbers[] = {0.5, -1, 0.25, 1.5}, direction[] = {1, -2, 0.5, 0.25};

static ad_tensor total(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor y = ((const aside_attr *)env)->f(x[0]);
    (void)t;
    return ad_sum(ad_square(y));
}

static double result[3][4];

/* Value and gradient, tangent, Hessian-vector product. */
static ad_status differentiate(ad_tape *t, ad_tensor (*f)(ad_tensor), double r[3][4])
{
    aside_attr env = {f};
    ad_view x = AD_VIEW(numbers, 4), tx = AD_VIEW(direction, 4);
    ad_array gradient = {r[0], AD_F64, AD_SHAPE(4), NULL}, hvp = {r[2], AD_F64, AD_SHAPE(4), NULL};
    ad_array y = {.data = &r[1][0], .type = AD_F64}, ty = {.data = &r[1][1], .type = AD_F64};
    ad_gradient(t, total, 1, &x, &env, &gradient);
    ad_jvp(t, total, 1, &x, &tx, &env, &y, &ty);
    return ad_hvp(t, total, 1, &x, &tx, &env, &hvp);
}

START_TEST(a_function_evaluated_aside_has_the_same_derivatives_however_deep)
{
    static ad_tensor (*const functions[])(ad_tensor) = {nested, deeper, deepest};
    static double wanted[3][4];
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(differentiate(t, plain, wanted), AD_OK);
    for (int i = 0; i < 3; i++) {
        memset(result, 0, sizeof result);
        ck_assert_int_eq(differentiate(t, functions[i], result), AD_OK);
        ck_assert_mem_eq(result, wanted, 2 * sizeof *wanted);
        for (int k = 0; k < 4; k++) /* the terms of second order are added in another order */
            ck_assert_double_eq_tol(result[2][k], wanted[2][k], 1e-14 * fabs(wanted[2][k]));
    }
    ad_tape_free(t);
}
END_TEST

START_TEST(a_failure_inside_names_all_ops_on_the_way)
{
    ad_tape *t = ad_tape_new(NULL);
    aside(bad_far_inside, ad_watch(t, AD_VIEW(numbers, 2, 2)));
    ck_assert_int_eq(ad_tape_status(t), AD_OK); /* 2 x 2 can be multiplied */
    aside(bad_far_inside, ad_watch(t, AD_VIEW(numbers, 1, 4)));
    ck_assert_int_eq(ad_tape_status(t), AD_BAD_SHAPE);
    ck_assert_str_eq(message_of(t), "aside([1, 4]): aside([1, 4]): matmul([1, 4], [1, 4]): "
                                    "columns of the left must equal rows of the right");
    ad_tape_free(t);
}
END_TEST

static ad_tape *owner;

static ad_tensor frees_its_tape(ad_tensor x)
{
    ad_tape_free(x.tape);
    return ad_exp(x);
}
static ad_tensor resets_its_tape(ad_tensor x)
{
    ad_tape_reset(x.tape);
    return ad_exp(x);
}
static ad_tensor uses_the_outer_tape(ad_tensor x)
{
    ad_constant(owner, AD_F64, 1);
    return ad_exp(x);
}

START_TEST(whoever_lends_an_inner_tape_keeps_it)
{
    static const struct {
        ad_tensor (*f)(ad_tensor);
        ad_status status;
    } rows[] = {
        {frees_its_tape, AD_MISUSE}, {resets_its_tape, AD_STALE}, {uses_the_outer_tape, AD_BUSY}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        owner = ad_tape_new(NULL);
        ad_tensor y = aside(rows[i].f, ad_watch(owner, AD_VIEW(numbers, 4)));
        ck_assert_int_eq(ad_tape_status(owner), rows[i].status);
        ck_assert_ptr_null(ad_read(y).data);
        ad_tape_reset(owner);
        ad_tape_free(owner);
    }
}
END_TEST

START_TEST(outside_of_kernels_the_outer_tape_is_busy_meanwhile)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tape *inner = ad_inner_begin(t, "here");
    ad_tensor y = ad_exp(ad_freeze(inner, AD_VIEW(numbers, 4)));
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ck_assert_int_eq(ad_inner_end(t), AD_OK);
    ck_assert_ptr_nonnull(ad_read(y).data); /* until the inner tape is wanted again */
    inner = ad_inner_begin(t, "there");
    ck_assert_ptr_null(ad_read(y).data);
    ad_freeze(t, AD_VIEW(numbers, 4));
    ck_assert_int_eq(ad_inner_end(t), AD_BUSY);
    ck_assert_str_eq(message_of(t), "freeze: the tape is in use by a kernel of there");
    ad_tape_reset(t);
    inner = ad_inner_begin(t, "there");
    ad_tape_fail(inner, AD_FORMAT, "the reason");
    ck_assert_int_eq(ad_inner_end(t), AD_FORMAT);
    ck_assert_str_eq(message_of(t), "there: the reason");
    ck_assert_ptr_null(ad_inner_begin(t, "nowhere"));
    ad_tape_free(t);
}
END_TEST

static bool stop(void *user, size_t left)
{
    (void)left;
    return --*(int *)user > 0;
}

static void count(void *user, const ad_event *event)
{
    *(int *)user += strcmp(event->op, "sin") == 0 && event->kind == AD_EVENT_PULLBACK;
}

/* The way of a function that calls one of its user's on the tape at hand. */
START_TEST(what_is_held_stays_until_it_is_let_go)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_mark start = ad_tape_mark(t);
    ad_tensor x = ad_watch(t, AD_VIEW(numbers, 4));
    ad_mark middle = ad_tape_mark(t);
    uint32_t held = ad_tape_hold(t);
    ad_exp(x);
    ck_assert_int_eq(ad_tape_rewind(middle), AD_OK);
    ck_assert_int_eq(ad_tape_rewind(start), AD_MISUSE);
    ad_tape_free(t);
    ck_assert_ptr_nonnull(ad_read(x).data);
    ad_tape_let_go(t, held);
    ad_tape_reset(t);
    ck_assert_ptr_null(ad_read(x).data);
    ad_tape_free(t);
}
END_TEST

START_TEST(polls_traces_and_widening_reach_inside)
{
    int polls = 4, seen = 0; /* sum, square, aside, then inside */
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(numbers, 4));
    ad_tensor y = ad_sum(ad_square(aside(plain, x)));
    ad_tape_trace(t, count, &seen);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_int_eq(seen, 1);
    ad_tape_trace(t, NULL, NULL);
    ad_tape_poll(t, stop, &polls);
    ck_assert_int_eq(ad_backward(y), AD_CANCELLED);
    ck_assert_ptr_nonnull(strstr(message_of(t), "pullback of aside([4]): backward: cancelled"));
    ad_tape_reset(t);
    ad_tape_widen(t, true);
    ad_tape *inner = ad_inner_begin(t, "wide");
    ck_assert_int_eq(ad_read(ad_constant(inner, AD_F32, 1)).type, AD_F64);
    ad_inner_end(t);
    ad_tape_free(t);
}
END_TEST

START_TEST(its_memory_is_counted_kept_and_given_back)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_tape_options o = {.size = sizeof o, .allocator = &memory.base};
    ad_tape *t = ad_tape_new(&o);
    size_t calls = 0, blocks = memory.live_blocks;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(differentiate(t, deepest, result), AD_OK);
        ck_assert(i == 0 || memory.calls == calls);
        calls = memory.calls;
    }
    size_t reserved = measured(t).bytes_reserved;
    ad_tape_reset(t);
    ck_assert_uint_eq(measured(t).bytes_used, 0);
    ck_assert_uint_gt(reserved, 4 * 65536);
    ck_assert_uint_eq(measured(t).bytes_reserved, reserved);
    ad_tape_trim(t);
    ck_assert_uint_eq(measured(t).bytes_reserved, 0);
    ck_assert_uint_eq(memory.live_blocks, blocks);
    ad_tape_free(t);
}
END_TEST

static ad_status torture(size_t k, bool sticky, size_t *calls)
{
    test_allocator memory;
    test_allocator_init(&memory);
    memory.fail_at = k;
    memory.sticky = sticky;
    ad_tape_options o = {
        .size = sizeof o, .allocator = &memory.base, .checks = AD_CHECK_BOUNDS | AD_CHECK_NUMBERS};
    ad_tape *t = ad_tape_new(&o);
    ad_status status = t ? differentiate(t, deeper, result) : AD_MEMORY;
    ad_tape_free(t);
    ck_assert_uint_eq(memory.live_blocks, 0);
    *calls = memory.calls;
    return status;
}

START_TEST(memory_that_runs_out_inside_is_an_error_outside)
{
    size_t calls = SIZE_MAX;
    for (size_t k = 1; calls >= k; k++) {
        ad_status status = torture(k, _i, &calls);
        ck_assert_int_eq(status, calls >= k ? AD_MEMORY : AD_OK);
    }
}
END_TEST

/* ---- sweeps of second order from given cotangents --------------------------------------------- */

static double number(ad_view v, size_t i)
{
    return ad_view_get(&v, i);
}

/* <dy, y> and its derivative's part <tdy, y>: linear in both. */
START_TEST(a_second_order_sweep_starts_from_any_cotangents)
{
    static const double dy[] = {2, 0.5, -1, 3}, tdy[] = {-0.5, 1, 0.25, 2};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(numbers, 4)), y = plain(x);
    ad_tensor weighted = ad_sum(ad_mul(y, ad_freeze(t, AD_VIEW(dy, 4))));
    double first[4], second[4], more[4];
    ck_assert_int_eq(ad_backward_from(y, AD_VIEW(tdy, 4)), AD_OK);
    for (size_t i = 0; i < 4; i++)
        more[i] = number(ad_grad(x), i);
    ad_set_tangent(x, AD_VIEW(direction, 4));
    ck_assert_int_eq(ad_push_tangents(weighted), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(weighted), AD_OK);
    for (size_t i = 0; i < 4; i++) {
        first[i] = number(ad_grad(x), i);
        second[i] = number(ad_grad_tangent(x), i);
    }
    for (int with = 0; with < 2; with++) {
        ad_view td = with ? AD_VIEW(tdy, 4) : (ad_view){0};
        ck_assert_int_eq(ad_backward_tangents_from(y, AD_VIEW(dy, 4), td), AD_OK);
        for (size_t i = 0; i < 4; i++) {
            ck_assert_double_eq(number(ad_grad(x), i), first[i]);
            ck_assert_double_eq_tol(number(ad_grad_tangent(x), i), second[i] + with * more[i],
                                    1e-13);
        }
    }
    ad_tape_free(t);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("inner tapes");
    TCase *all = tcase_create("inner tapes");
    tcase_add_test(all, a_function_evaluated_aside_has_the_same_derivatives_however_deep);
    tcase_add_test(all, a_failure_inside_names_all_ops_on_the_way);
    tcase_add_test(all, whoever_lends_an_inner_tape_keeps_it);
    tcase_add_test(all, outside_of_kernels_the_outer_tape_is_busy_meanwhile);
    tcase_add_test(all, what_is_held_stays_until_it_is_let_go);
    tcase_add_test(all, polls_traces_and_widening_reach_inside);
    tcase_add_test(all, its_memory_is_counted_kept_and_given_back);
    tcase_add_loop_test(all, memory_that_runs_out_inside_is_an_error_outside, 0, 2);
    tcase_add_test(all, a_second_order_sweep_starts_from_any_cotangents);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
