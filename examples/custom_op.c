/* Operations with derivatives of your own. All that adze knows of an operation is in one ad_op.
 * Yours is the same thing as a built-in one, and you can replace the derivative of a built-in one.
 * Every printed number is checked. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- for all sections ---------------------------------------------------------------- */

/* y = f(x), number by number, on all threads of the tape. */
static void map(const ad_forward_args *c, ad_elements *f)
{
    ad_elementwise(c->work, &c->y.shape, 1, c->x, &c->y, AD_ASSIGN, f, c->attr);
}

/* dx += f(x, dy), for an operation of one operand. */
static void pull(const ad_pullback_args *c, ad_elements *f)
{
    const ad_view in[] = {c->x[0], c->dy};
    ad_elementwise(c->work, &c->y.shape, 2, in, &c->dx[0], AD_ADD, f, c->attr);
}

/* Prints numbers, each of which must be the one that is wanted, to twelve digits. */
static void expect(const char *what, ad_view got, const double *want)
{
    printf("  %-10s", what);
    for (size_t i = 0; i < ad_view_count(&got); i++)
        printf(" %12.6g", ad_view_get(&got, i));
    putchar('\n');
    for (size_t i = 0; i < ad_view_count(&got); i++) {
        double x = ad_view_get(&got, i);
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

#define DELTA            ((ad_element)((const huber_attr *)user)->delta)
#define CLIPPED(x, most) ((x) < -(most) ? -(most) : (x) > (most) ? (most) : (x))

/* Both are kernels for f32 and f64: the number of x is x, that of dy is dy, and user is the attr. */
AD_ELEMENTS_1(huber_value, x, fabs(x) <= DELTA ? x * x / 2 : DELTA * (fabs(x) - DELTA / 2))
AD_ELEMENTS_2(huber_slope, x, dy, dy *CLIPPED(x, DELTA))

static void huber_forward(const ad_forward_args *c)
{
    map(c, huber_value);
}

static void huber_pullback(const ad_pullback_args *c)
{
    pull(c, huber_slope);
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

/* ---- several operands: a layer ---------------------------------------------------------- */

static const char *layer_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (x[0].rank != 2 || x[1].rank != 2 || x[2].rank != 1)
        return "needs x [n, inputs], w [inputs, outputs] and b [outputs]";
    *y = AD_SHAPE(x[0].dim[0], x[1].dim[1]);
    return x[0].dim[1] == x[1].dim[0] && x[1].dim[1] == x[2].dim[0] ? NULL : "extents differ";
}

/* y = x w + b */
static void layer_forward(const ad_forward_args *c)
{
    ad_product(c->work, &c->x[0], &c->x[1], &c->y, AD_ASSIGN);
    ad_elementwise(c->work, &c->y.shape, 1, &c->x[2], &c->y, AD_ADD, NULL, NULL);
}

/* dx += dy w^T, dw += x^T dy, db += the rows of dy; where nobody wants one, nothing happens. */
static void layer_pullback(const ad_pullback_args *c)
{
    ad_product(c->work, &c->dy, &c->x[1], &c->dx[0], AD_ADD | AD_TRANSPOSE_B);
    ad_product(c->work, &c->x[0], &c->dy, &c->dx[1], AD_ADD | AD_TRANSPOSE_A);
    ad_elementwise(c->work, &c->y.shape, 1, &c->dy, &c->dx[2], AD_ADD, NULL, NULL);
}

static const ad_op layer_op = {
    .size = sizeof(ad_op),
    .name = "layer",
    .arity = 3,
    .flags = AD_OP_STRIDED, /* all of its kernels take operands at any strides */
    .shape = layer_shape,
    .forward = layer_forward,
    .pullback = layer_pullback,
};

static void several_operands(ad_tape *t)
{
    const double x[] = {1, 2, 3, 4}, w[] = {0.5, -1, 0.25, 2}, b[] = {10, 20};
    heading("Several operands: a layer, made of the product that ad_dense is made of");
    ad_tensor leaf[] = {ad_freeze(t, AD_VIEW(x, 2, 2)), ad_watch(t, AD_VIEW(w, 2, 2)),
                        ad_watch(t, AD_VIEW(b, 2))};
    ad_tensor y = ad_apply(&layer_op, leaf, NULL);
    ad_backward(ad_sum(y));
    check(t);
    expect("y", ad_read(y), (double[]){11, 23, 12.5, 25});
    expect("dl/dw", ad_grad(leaf[1]), (double[]){4, 4, 6, 6});
    expect("dl/db", ad_grad(leaf[2]), (double[]){2, 2});
    ad_tape_reset(t);
}

/* ---- several results: polar coordinates --------------------------------------------------- */

enum { RADIUS, ANGLE, POLAR_RESULTS };

static const char *polar_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    y[RADIUS] = y[ANGLE] = x[0];
    return ad_shape_equal(&x[0], &x[1]) ? NULL : "x and y must have one shape";
}

AD_ELEMENTS_2(polar_radius, x, y, sqrt(x *x + y * y))
AD_ELEMENTS_2(polar_angle, x, y, atan2(y, x))

static void polar_forward(const ad_forward_args *c)
{
    ad_elementwise(c->work, &c->y.shape, 2, c->x, &c->ys[RADIUS], AD_ASSIGN, polar_radius, NULL);
    ad_elementwise(c->work, &c->y.shape, 2, c->x, &c->ys[ANGLE], AD_ASSIGN, polar_angle, NULL);
}

AD_ELEMENTS_3(radius_slope, x, r, dr, dr *x / r)
AD_ELEMENTS_3(angle_slope, x, r, da, da *x / (r * r))
AD_ELEMENTS_3(minus_angle_slope, y, r, da, -da *y / (r * r))

/* dx[k] += f(x, r, dy), if anybody wants it. */
static void polar_add(const ad_pullback_args *c, int k, ad_elements *f, ad_view x, ad_view dy)
{
    const ad_view in[] = {x, c->ys[RADIUS], dy};
    ad_elementwise(c->work, &c->y.shape, 3, in, &c->dx[k], AD_ADD, f, NULL);
}

/* dx += dr x / r - da y / r^2, dy += dr y / r + da x / r^2. One call for both results; the
 * cotangent of a result that the root does not depend on has no data. */
static void polar_pullback(const ad_pullback_args *c)
{
    if (c->dys[RADIUS].data) {
        polar_add(c, 0, radius_slope, c->x[0], c->dys[RADIUS]);
        polar_add(c, 1, radius_slope, c->x[1], c->dys[RADIUS]);
    }
    if (c->dys[ANGLE].data) {
        polar_add(c, 0, minus_angle_slope, c->x[1], c->dys[ANGLE]);
        polar_add(c, 1, angle_slope, c->x[0], c->dys[ANGLE]);
    }
}

static const ad_op polar_op = {
    .size = sizeof(ad_op),
    .name = "polar",
    .arity = 2,
    .results = POLAR_RESULTS,
    .shape = polar_shape,
    .forward = polar_forward,
    .pullback = polar_pullback,
};

static void several_results(ad_tape *t)
{
    const double x[] = {3, 0}, y[] = {4, 2};
    heading("Several results: polar coordinates, which share an operation and its pullback");
    ad_tensor at[] = {ad_watch(t, AD_VIEW(x, 2)), ad_watch(t, AD_VIEW(y, 2))};
    ad_tensor polar[POLAR_RESULTS];
    ad_apply_results(&polar_op, 2, at, NULL, POLAR_RESULTS, polar);
    ad_backward(ad_sum(polar[ANGLE]));
    check(t);
    expect("angle", ad_read(polar[ANGLE]), (double[]){atan2(4, 3), atan2(2, 0)});
    expect("da/dx", ad_grad(at[0]), (double[]){-0.16, -0.5});
    expect("da/dy", ad_grad(at[1]), (double[]){0.12, 0});
    ad_backward(ad_sum(ad_square(polar[RADIUS])));
    check(t);
    expect("radius", ad_read(polar[RADIUS]), (double[]){5, 2});
    expect("dr^2/dx", ad_grad(at[0]), (double[]){6, 0});
    expect("dr^2/dy", ad_grad(at[1]), (double[]){8, 4});
    ad_tape_reset(t);
}

/* ---- is it right? ------------------------------------------------------------------- */

/* Its pullback forgets that Huber's loss is linear beyond delta. */
AD_ELEMENTS_2(square_slope, x, dy, dy *x)

static void square_pullback(const ad_pullback_args *c)
{
    pull(c, square_slope);
}

static void checked(void)
{
    ad_error error = {0};
    ad_op wrong = {.size = sizeof wrong};
    const ad_check_options right_half = {.size = sizeof right_half, .low = 0.5, .high = 2};
    ad_op_with_pullback(&huber_op, "wrong_huber", square_pullback, &wrong);
    heading("Is it right? All its rules are, for random operands; and one that is not is found");
    if (ad_check_op(&huber_op, &(huber_attr){1}, NULL, &error) != AD_OK ||
        ad_check_op(&layer_op, NULL, NULL, &error) != AD_OK ||
        ad_check_op(&polar_op, NULL, &right_half, &error) != AD_OK)
        fail("%s", error.text);
    if (ad_check_op(&wrong, &(huber_attr){1}, NULL, &error) != AD_DIFFERENT)
        fail("the check does not find the wrong pullback");
    printf("  %s\n", error.text);
}

/* ---- a faster approximation of a derivative ------------------------------------------- */

/* sin' = cos, here up to the fourth power: within 0.0004 for |x| < 0.8, without a call of cos. */
AD_ELEMENTS_2(quick_cos, x, dy, dy *(1 - x * x / 2 + x * x * x * x / 24))

static void quick_sin_pullback(const ad_pullback_args *c)
{
    pull(c, quick_cos);
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
AD_ELEMENTS_1(softplus_value, x, fmax(x, 0) + log1p(exp(-fabs(x))))

/* dy/dx = 1 / (1 + exp(-x)) */
AD_ELEMENTS_2(softplus_slope, x, dy, dy / (1 + exp(-x)))

static void softplus_forward(const ad_forward_args *c)
{
    map(c, softplus_value);
}

static void softplus_pullback(const ad_pullback_args *c)
{
    pull(c, softplus_slope);
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
    expect("naive y", ad_read(y), (double[]){0, log(2), INFINITY});
    expect("naive dy/dx", ad_grad(x), (double[]){4.248354255291589e-18, 0.5, 0}); /* not 1 */
    ad_tape_reset(t);
    expect_all(t, softplus, 3, at, (double[]){4.248354255291589e-18, log(2), 1000},
               (double[]){4.248354255291589e-18, 0.5, 1});
}

/* ---- no derivative, and one put in its place ------------------------------------------- */

AD_ELEMENTS_1(nearest, x, nearbyint(x))

static void round_forward(const ad_forward_args *c)
{
    map(c, nearest);
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

/* dx += dy: numbers as they are. */
static void identity_pullback(const ad_pullback_args *c)
{
    ad_elementwise(c->work, &c->y.shape, 1, &c->dy, &c->dx[0], AD_ADD, NULL, NULL);
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
        if (fabs(ad_view_get(&c->x[0], i)) > 1)
            ad_reject(c->work, AD_DOMAIN, "x[%zu] is %g: no cosine", i, ad_view_get(&c->x[0], i));
}

AD_ELEMENTS_1(acos_value, x, acos(x))

/* dy/dx = -1 / sqrt(1 - x^2) */
AD_ELEMENTS_2(acos_slope, x, dy, -dy / sqrt(1 - x * x))

static void acos_forward(const ad_forward_args *c)
{
    map(c, acos_value);
}

static void acos_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++)
        if (fabs(ad_view_get(&c->x[0], i)) == 1)
            ad_reject(c->work, AD_DOMAIN, "the slope at x[%zu] = %g is infinite", i,
                      ad_view_get(&c->x[0], i));
    pull(c, acos_slope);
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
    several_operands(tape);
    several_results(tape);
    checked();
    faster_approximation(tape);
    better_numerics(tape);
    straight_through(tape);
    no_derivative(tape);
    failing_kernels(tape);
    ad_tape_free(tape);
}
