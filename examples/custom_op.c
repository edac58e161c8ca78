/* Operations with derivatives of one's own. What adze knows of an operation is one ad_op: a user's
 * is the same thing as a built-in one, and a built-in one can be had with another derivative. Every
 * number that is printed is checked. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- for all sections ---------------------------------------------------------------- */

/* Kernels see numbers of either float type. Reading and writing them one by one makes a kernel
 * short; where speed counts, write a loop for each type. */
static double get(const ad_view *v, size_t i)
{
    return ad_view_get(v, i);
}

static void put(const ad_array *a, size_t i, double value)
{
    if (a->type == AD_F32)
        ((float *)a->data)[i] = (float)value;
    else
        ((double *)a->data)[i] = value;
}

static void add(const ad_array *a, size_t i, double value)
{
    ad_view v = ad_array_view(*a);
    put(a, i, get(&v, i) + value);
}

/* Prints numbers, each of which must be the one that is wanted, to twelve digits. */
static void expect(const char *what, ad_view got, const double *want)
{
    printf("  %-10s", what);
    for (size_t i = 0; i < ad_view_count(&got); i++)
        printf(" %12.6g", get(&got, i));
    putchar('\n');
    for (size_t i = 0; i < ad_view_count(&got); i++) {
        double x = get(&got, i);
        if (x != want[i] && !(fabs(x - want[i]) <= 1e-12 * fabs(want[i])))
            fail("%s: number %zu is %.17g, not %.17g", what, i, x, want[i]);
    }
}

typedef ad_tensor unary(ad_tensor x);

/* y = f(x), and the gradient of sum(y): n numbers each. */
static void expect_all(ad_tape *t, unary *f, int64_t n, const double *x, const double *y,
                       const double *slope)
{
    ad_tensor at = ad_watch(t, AD_VIEW(x, n)), value = f(at);
    ad_backward(ad_sum(value));
    check(t);
    expect("x", ad_read(at), x);
    expect("y", ad_read(value), y);
    expect("dy/dx", ad_grad(at), slope);
    ad_tape_reset(t);
}

/* The tape must have failed, with this status and these words in its message. */
static void expect_failure(ad_tape *t, ad_status status, const char *words)
{
    printf("  %s\n", ad_tape_error(t));
    if (ad_tape_status(t) != status || !strstr(ad_tape_error(t), words))
        fail("'%s' should be in: %s", words, ad_tape_error(t));
    ad_tape_reset(t);
}

/* ---- an operation from nothing: Huber's loss ------------------------------------------ */

typedef struct huber_attr {
    double delta; /* quadratic within, linear beyond */
} huber_attr;

static void huber_forward(const ad_forward_args *c)
{
    double delta = ((const huber_attr *)c->attr)->delta;
    for (size_t i = 0; i < ad_array_count(&c->y); i++) {
        double r = fabs(get(&c->x[0], i));
        put(&c->y, i, r <= delta ? r * r / 2 : delta * (r - delta / 2));
    }
}

/* dy/dx is x within delta and +-delta beyond: x, clipped. */
static void huber_pullback(const ad_pullback_args *c)
{
    double delta = ((const huber_attr *)c->attr)->delta;
    for (size_t i = 0; i < ad_view_count(&c->y); i++)
        add(&c->dx[0], i, get(&c->dy, i) * fmax(-delta, fmin(get(&c->x[0], i), delta)));
}

static const ad_op huber_op = {
    .size = sizeof(ad_op),
    .name = "huber",
    .arity = 1,
    .attr_size = sizeof(huber_attr),
    .shape = ad_shape_first,
    .forward = huber_forward,
    .pullback = huber_pullback,
};

static ad_tensor huber(ad_tensor residual, double delta)
{
    return ad_apply(&huber_op, &residual, &(huber_attr){delta});
}

static ad_tensor huber_of_one(ad_tensor x)
{
    return huber(x, 1);
}

static void from_nothing(ad_tape *t)
{
    heading("An operation from nothing: Huber's loss, delta 1");
    expect_all(t, huber_of_one, 4, (double[]){-4, -0.5, 0.25, 3},
               (double[]){3.5, 0.125, 0.03125, 2.5}, (double[]){-1, -0.5, 0.25, 1});
}

/* ---- is it right? ------------------------------------------------------------------- */

/* Its pullback forgets that Huber's loss is linear beyond delta. */
static void square_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++)
        add(&c->dx[0], i, get(&c->dy, i) * get(&c->x[0], i));
}

static void checked(void)
{
    ad_error error = {0};
    ad_op wrong = {.size = sizeof wrong};
    ad_op_with_pullback(&huber_op, "wrong_huber", square_pullback, &wrong);
    heading("Is it right? All its rules are, for random operands; and one that is not is found");
    if (ad_check_op(&huber_op, &(huber_attr){1}, NULL, &error) != AD_OK)
        fail("%s", error.text);
    if (ad_check_op(&wrong, &(huber_attr){1}, NULL, &error) != AD_DIFFERENT)
        fail("the wrong pullback is not found");
    printf("  %s\n", error.text);
}

/* ---- a faster approximation of a derivative ------------------------------------------- */

/* sin' = cos, here up to the fourth power: within 0.0004 for |x| < 0.8, without a call of cos. */
static void quick_sin_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++) {
        double q = get(&c->x[0], i) * get(&c->x[0], i);
        add(&c->dx[0], i, get(&c->dy, i) * (1 - q / 2 + q * q / 24));
    }
}

static void faster_approximation(ad_tape *t)
{
    heading("A faster approximation: the built-in sin, with a polynomial for its derivative");
    ad_op quick_sin = {.size = sizeof quick_sin};
    ad_op_with_pullback(ad_builtin_op_named("sin"), "quick_sin", quick_sin_pullback, &quick_sin);
    const double at[] = {-0.5, 0, 0.8};
    ad_tensor x = ad_watch(t, AD_VIEW(at, 3)), y = ad_apply(&quick_sin, &x, NULL);
    ad_backward(ad_sum(y));
    check(t);
    expect("y", ad_read(y), (double[]){sin(-0.5), 0, sin(0.8)});
    expect("dy/dx", ad_grad(x), (double[]){0.87760416666666667, 1, 0.69706666666666667});
    ad_tape_reset(t);
}

/* ---- better numerics ------------------------------------------------------------------ */

static ad_tensor naive_softplus(ad_tensor x)
{
    return ad_log(ad_add(ad_exp(x), 1));
}

/* log(1 + exp(x)) without overflow, and without losing small exp(x) beside the 1. */
static void softplus_forward(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++) {
        double x = get(&c->x[0], i);
        put(&c->y, i, fmax(x, 0) + log1p(exp(-fabs(x))));
    }
}

/* dy/dx = 1 / (1 + exp(-x)) */
static void softplus_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++)
        add(&c->dx[0], i, get(&c->dy, i) / (1 + exp(-get(&c->x[0], i))));
}

static const ad_op softplus_op = {
    .size = sizeof(ad_op),
    .name = "softplus",
    .arity = 1,
    .shape = ad_shape_first,
    .forward = softplus_forward,
    .pullback = softplus_pullback,
};

static ad_tensor softplus(ad_tensor x)
{
    return ad_apply(&softplus_op, &x, NULL);
}

static void better_numerics(ad_tape *t)
{
    const double at[] = {-40, 0, 1000};
    heading("Better numerics: log(1 + exp(x)), where exp overflows and 1 + exp(x) rounds");
    ad_tensor x = ad_watch(t, AD_VIEW(at, 3)), y = naive_softplus(x);
    ad_backward(ad_sum(y));
    check(t);
    ad_view slope = ad_grad(x);
    expect("naive y", ad_read(y), (double[]){0, log(2), INFINITY});
    printf("  naive dy/dx at 1000 is %s\n", isnan(get(&slope, 2)) ? "inf / inf" : "a number");
    if (!isnan(get(&slope, 2)))
        fail("the naive derivative at 1000 is %g, not inf / inf", get(&slope, 2));
    ad_tape_reset(t);
    expect_all(t, softplus, 3, at, (double[]){4.248354255291589e-18, log(2), 1000},
               (double[]){4.248354255291589e-18, 0.5, 1});
}

/* ---- no derivative, and one put in its place ------------------------------------------- */

static void round_forward(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        put(&c->y, i, nearbyint(get(&c->x[0], i)));
}

/* Its derivative is 0 wherever there is one, which trains nothing: better to say so. */
static const ad_op round_op = {
    .size = sizeof(ad_op),
    .name = "round",
    .arity = 1,
    .flags = AD_OP_NO_DERIVATIVE,
    .shape = ad_shape_first,
    .forward = round_forward,
};

static void identity_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++)
        add(&c->dx[0], i, get(&c->dy, i));
}

/* The straight-through estimator (Bengio, Leonard, Courville 2013): as if rounding did nothing. */
static void straight_through(ad_tape *t)
{
    ad_op through = {.size = sizeof through};
    ad_op_with_pullback(&round_op, "round_through", identity_pullback, &through);
    const double at[] = {-1.25, 0.5, 2.75}, rounded[] = {-1, 0, 3}, ones[] = {1, 1, 1};
    heading("Straight through: rounding with the derivative of the identity");
    ad_tensor x = ad_watch(t, AD_VIEW(at, 3)), y = ad_apply(&through, &x, NULL);
    ad_backward(ad_sum(y));
    check(t);
    expect("y", ad_read(y), rounded);
    expect("dy/dx", ad_grad(x), ones);

    heading("The same without an operation: x + stop_gradient(round(x) - x)");
    ad_tape_reset(t);
    x = ad_watch(t, AD_VIEW(at, 3));
    y = ad_add(x, ad_stop_gradient(ad_sub(ad_apply(&round_op, &x, NULL), x)));
    ad_backward(ad_sum(y));
    check(t);
    expect("y", ad_read(y), rounded);
    expect("dy/dx", ad_grad(x), ones);
    ad_tape_reset(t);
}

static void no_derivative(ad_tape *t)
{
    const double at[] = {0.5, 2.75};
    heading("An operation that is declared to have no derivative says so when one is wanted");
    ad_tensor x = ad_watch(t, AD_VIEW(at, 2));
    ad_backward(ad_sum(ad_apply(&round_op, &x, NULL)));
    expect_failure(t, AD_NO_DERIVATIVE, "round");
}

/* ---- kernels that report failure ------------------------------------------------------- */

/* Comes before forward, which may then trust its input. */
static void acos_check(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->x[0]); i++)
        if (fabs(get(&c->x[0], i)) > 1)
            ad_reject(c->work, AD_DOMAIN, "x[%zu] is %g: no cosine", i, get(&c->x[0], i));
}

static void acos_forward(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        put(&c->y, i, acos(get(&c->x[0], i)));
}

/* dy/dx = -1 / sqrt(1 - x^2) */
static void acos_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++) {
        double x = get(&c->x[0], i), q = 1 - x * x;
        if (q == 0)
            ad_reject(c->work, AD_DOMAIN, "the slope at x[%zu] = %g is infinite", i, x);
        else
            add(&c->dx[0], i, get(&c->dy, i) * -1 / sqrt(q));
    }
}

static const ad_op acos_op = {
    .size = sizeof(ad_op),
    .name = "acos",
    .arity = 1,
    .shape = ad_shape_first,
    .check = acos_check,
    .forward = acos_forward,
    .pullback = acos_pullback,
};

static ad_tensor arc_cosine(ad_tensor x)
{
    return ad_apply(&acos_op, &x, NULL);
}

static void failing_kernels(ad_tape *t)
{
    static const double good[] = {0, 0.5}, steep[] = {0, 1}, bad[] = {0, 1.5};
    heading("Kernels that report failure: an arc cosine, its infinite slope, and no cosine at all");
    expect_all(t, arc_cosine, 2, good, (double[]){acos(0), acos(0.5)},
               (double[]){-1, -1 / sqrt(0.75)});
    ad_backward(ad_sum(arc_cosine(ad_watch(t, AD_VIEW(steep, 2)))));
    expect_failure(t, AD_DOMAIN, "the slope at x[1] = 1 is infinite");
    arc_cosine(ad_freeze(t, AD_VIEW(bad, 2)));
    expect_failure(t, AD_DOMAIN, "x[1] is 1.5: no cosine");
}

int main(int argc, char **argv)
{
    read_options(argc, argv, "", &(settings){0});
    ad_tape *tape = ad_tape_new(NULL);
    check(tape);
    puts("Operations with derivatives of one's own");
    from_nothing(tape);
    checked();
    faster_approximation(tape);
    better_numerics(tape);
    straight_through(tape);
    no_derivative(tape);
    failing_kernels(tape);
    ad_tape_free(tape);
}
