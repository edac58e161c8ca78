/* Operations of several results: one call of their rules makes them all, and takes back the cotangents of
 * all, whichever of them a sweep has visited. */
#include "allocator.h"
#include "measured.h"
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 3, RESULTS = 3 };

static const double a_numbers[N] = {0.5, -1.25, 2}, b_numbers[N] = {3, 1.5, -0.75};
static const double ones[N] = {1, 1, 1};

/* ---- an op of two operands [n] and three results of all kinds -------------------------------- */

/* whole: i64 [n], a towards zero; inner: [], sum a b; mixed: [n], a^2 b. Saves a^2. */
typedef struct counts {
    int forward, pullback, jvp, curvature; /* calls */
    bool flowed[RESULTS];                  /* into which, at the last pullback */
} counts;

enum { WHOLE, INNER, MIXED };

static counts *counted(const void *attr)
{
    return *(counts *const *)attr;
}

static const char *trio_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    y[WHOLE] = AD_I64;
    y[INNER] = y[MIXED] = x[0];
    return x[0] == AD_F64 && x[1] == AD_F64 ? NULL : "operands must be f64";
}

static const char *trio_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    y[WHOLE] = y[MIXED] = x[0];
    y[INNER] = AD_SCALAR;
    return x[0].rank == 1 && ad_shape_equal(&x[0], &x[1]) ? NULL : "operands must have one shape";
}

static size_t trio_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type, (void)attr;
    return (size_t)x[0].dim[0] * sizeof(double);
}

static void trio_forward(const ad_forward_args *c)
{
    const double *a = c->x[0].data, *b = c->x[1].data;
    double *inner = c->ys[INNER].data, *mixed = c->ys[MIXED].data, *saved = c->saved;
    ck_assert(c->results == RESULTS && c->ys[0].data == c->y.data && c->run == 0);
    *inner = 0;
    for (int64_t i = 0; i < c->x[0].shape.dim[0]; i++) {
        saved[i] = a[i] * a[i];
        ((int64_t *)c->ys[WHOLE].data)[i] = fabs(a[i]) < 1e18 ? (int64_t)a[i] : 0;
        *inner += a[i] * b[i];
        mixed[i] = saved[i] * b[i];
    }
    counted(c->attr)->forward++;
}

static double number(const ad_view *v, int64_t i)
{
    return v->data ? ((const double *)v->data)[i] : 0;
}

static void add(const ad_array *dx, const bool *wanted, int k, int64_t i, double number)
{
    if (wanted[k])
        ((double *)dx[k].data)[i] += number;
}

static void trio_pullback(const ad_pullback_args *c)
{
    const double *saved = c->saved;
    ck_assert(c->results == RESULTS && !c->spare && c->dys[0].data == c->dy.data);
    ck_assert(c->ys[0].data == c->y.data && c->ys[MIXED].shape.rank == 1);
    for (int k = 0; k < RESULTS; k++)
        counted(c->attr)->flowed[k] = c->dys[k].data;
    for (int64_t i = 0; i < c->x[0].shape.dim[0]; i++) {
        double a = number(&c->x[0], i), b = number(&c->x[1], i);
        double inner = number(&c->dys[INNER], 0), mixed = number(&c->dys[MIXED], i);
        add(c->dx, c->wanted, 0, i, inner * b + mixed * 2 * a * b);
        add(c->dx, c->wanted, 1, i, inner * a + mixed * saved[i]);
    }
    counted(c->attr)->pullback++;
}

static void trio_jvp(const ad_jvp_args *c)
{
    double *inner = c->tys[INNER].data, *mixed = c->tys[MIXED].data;
    ck_assert(c->results == RESULTS && !c->ty.data && !c->tys[WHOLE].data);
    *inner = 0;
    for (int64_t i = 0; i < c->x[0].shape.dim[0]; i++) {
        double a = number(&c->x[0], i), b = number(&c->x[1], i);
        double ta = number(&c->tx[0], i), tb = number(&c->tx[1], i);
        *inner += ta * b + a * tb;
        mixed[i] = 2 * a * b * ta + a * a * tb;
    }
    counted(c->attr)->jvp++;
}

static void trio_curvature(const ad_curvature_args *c)
{
    for (int64_t i = 0; i < c->x[0].shape.dim[0]; i++) {
        double a = number(&c->x[0], i), b = number(&c->x[1], i);
        double ta = number(&c->tx[0], i), tb = number(&c->tx[1], i);
        double inner = number(&c->dys[INNER], 0), mixed = number(&c->dys[MIXED], i);
        add(c->tdx, c->wanted, 0, i, inner * tb + mixed * 2 * (ta * b + a * tb));
        add(c->tdx, c->wanted, 1, i, inner * ta + mixed * 2 * a * ta);
    }
    counted(c->attr)->curvature++;
}

static const ad_op trio_op = {
    .size = sizeof(ad_op),
    .name = "trio",
    .arity = 2,
    .results = RESULTS,
    .attr_size = sizeof(counts *),
    .type = trio_type,
    .shape = trio_shape,
    .saved = trio_saved,
    .forward = trio_forward,
    .pullback = trio_pullback,
    .jvp = trio_jvp,
    .curvature = trio_curvature,
};

/* ---- the same as a formula ------------------------------------------------------------------- */

static counts seen;
static ad_tape *tape;
static ad_tensor x[2], y[RESULTS];

static void trio(ad_tensor a, ad_tensor b, ad_tensor *results)
{
    counts *c = &seen;
    ad_apply_results(&trio_op, 2, (ad_tensor[]){a, b}, &c, RESULTS, results);
}

static void formula(ad_tensor a, ad_tensor b, ad_tensor *results)
{
    results[WHOLE] = ad_cast(a, AD_I64);
    results[INNER] = ad_sum(ad_mul(a, b));
    results[MIXED] = ad_mul(ad_mul(a, a), b);
}

/* A function of one number of some of the results, both operands of which are x[0] and x[1]. */
typedef void maker(ad_tensor a, ad_tensor b, ad_tensor *results);

static ad_tensor loss_of(maker *make, unsigned uses)
{
    ad_tensor loss = ad_constant(tape, AD_F64, 0);
    make(x[0], x[1], y);
    if (uses & 1 << INNER)
        loss = ad_add(loss, ad_square(y[INNER]));
    if (uses & 1 << MIXED)
        loss = ad_add(loss, ad_sum(ad_exp(ad_mul(y[MIXED], 0.25))));
    return loss;
}

static void watch(void)
{
    x[0] = ad_watch(tape, AD_VIEW(a_numbers, N));
    x[1] = ad_watch(tape, AD_VIEW(b_numbers, N));
}

static void setup_with(unsigned checks)
{
    seen = (counts){0};
    tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = checks});
    watch();
}

static void setup(void)
{
    setup_with(0);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static void expect(ad_status status, const char *text)
{
    ck_assert_int_eq(ad_tape_status(tape), status);
    ck_assert_str_eq(message_of(tape), text);
}

static void keep_numbers(ad_view v, double *to)
{
    ck_assert_ptr_nonnull(v.data);
    for (size_t i = 0; i < ad_view_count(&v); i++)
        to[i] = ad_view_get(&v, i);
}

static void expect_near(ad_view v, const double *wanted)
{
    ck_assert_ptr_nonnull(v.data);
    for (size_t i = 0; i < ad_view_count(&v); i++)
        ck_assert_double_eq_tol(ad_view_get(&v, i), wanted[i], 1e-12);
}

/* ---- values ---------------------------------------------------------------------------------- */

START_TEST(one_call_makes_all_results)
{
    trio(x[0], x[1], y);
    const double whole[] = {0, -1, 2}, inner = 0.5 * 3 - 1.25 * 1.5 - 2 * 0.75;
    ck_assert_int_eq(seen.forward, 1);
    ck_assert_uint_eq(measured(tape).nodes, 2 + RESULTS);
    expect_near(ad_read(y[WHOLE]), whole);
    ck_assert_double_eq(ad_item(y[INNER]), inner);
    ck_assert_double_eq(ad_view_get(&(ad_view[]){ad_read(y[MIXED])}[0], 2), 4 * -0.75);
    ck_assert(!ad_is_tracked(y[WHOLE]) && ad_is_tracked(y[INNER]) && ad_is_tracked(y[MIXED]));
}
END_TEST

START_TEST(nothing_is_saved_for_constants)
{
    ad_tape_reset(tape);
    ad_tensor a = ad_freeze(tape, AD_VIEW(a_numbers, N)),
              b = ad_freeze(tape, AD_VIEW(b_numbers, N));
    trio(a, b, y);
    ck_assert(!ad_is_tracked(y[INNER]) && ad_read(y[MIXED]).data);
}
END_TEST

START_TEST(apply_gives_the_first)
{
    counts *c = &seen;
    ad_tensor first = ad_apply(&trio_op, x, &c);
    ck_assert_int_eq(ad_read(first).type, AD_I64);
    ck_assert_uint_eq(measured(tape).nodes, 2 + RESULTS);
}
END_TEST

/* ---- sweeps ---------------------------------------------------------------------------------- */

/* Bits: which results the loss depends on. */
static const unsigned uses[] = {1 << INNER, 1 << MIXED, 1 << INNER | 1 << MIXED};
enum { WAYS = sizeof uses / sizeof *uses };

START_TEST(a_sweep_pulls_back_once_what_flowed_into_any_of_them)
{
    double wanted[2][N];
    ad_backward(loss_of(formula, uses[_i]));
    for (int i = 0; i < 2; i++)
        keep_numbers(ad_grad(x[i]), wanted[i]);
    ck_assert_int_eq(ad_backward(loss_of(trio, uses[_i])), AD_OK);
    for (int i = 0; i < 2; i++)
        expect_near(ad_grad(x[i]), wanted[i]);
    ck_assert_int_eq(seen.pullback, 1);
    for (int k = 0; k < RESULTS; k++)
        ck_assert_int_eq(seen.flowed[k], (uses[_i] >> k) & 1);
}
END_TEST

START_TEST(the_root_may_be_any_of_them)
{
    const double dy[] = {1, -2, 3};
    double wanted[2][N];
    ad_view seed = _i == INNER ? AD_VIEW_SCALAR(&dy[1]) : AD_VIEW(dy, N);
    formula(x[0], x[1], y);
    ck_assert_int_eq(ad_backward_from(y[_i], seed), AD_OK);
    for (int i = 0; i < 2; i++)
        keep_numbers(ad_grad(x[i]), wanted[i]);
    trio(x[0], x[1], y);
    ck_assert_int_eq(ad_backward_from(y[_i], seed), AD_OK);
    for (int i = 0; i < 2; i++)
        expect_near(ad_grad(x[i]), wanted[i]);
    for (int k = 0; k < RESULTS; k++)
        ck_assert_int_eq(seen.flowed[k], k == _i);
}
END_TEST

START_TEST(many_cotangents_are_pulled_back_one_by_one)
{
    const double dy[2][N] = {{1, -2, 3}, {0.5, 4, -1}};
    const ad_view seeds[] = {AD_VIEW(dy[0], N), AD_VIEW(dy[1], N)};
    double wanted[2][N];
    trio(x[0], x[1], y);
    ad_tensor z = ad_mul(y[MIXED], y[INNER]);
    for (int i = 0; i < 2; i++) {
        ad_backward_from(z, seeds[i]);
        keep_numbers(ad_grad(x[0]), wanted[i]);
    }
    seen.pullback = 0;
    ck_assert_int_eq(ad_backward_many(z, 2, seeds), AD_OK);
    ck_assert_int_eq(seen.pullback, 2);
    for (int i = 0; i < 2; i++)
        expect_near(ad_grad_at(x[0], i), wanted[i]);
}
END_TEST

START_TEST(slices_count_the_op_once)
{
    ad_tensor loss = loss_of(trio, uses[2]);
    int steps = 0;
    double wanted[N];
    ad_backward(loss);
    keep_numbers(ad_grad(x[0]), wanted);
    ck_assert_int_eq(ad_sweep_begin(loss), AD_OK);
    while (ad_sweep_step(tape, 1)) {
        steps++;
        if (seen.pullback == 1) /* its turn in this sweep is yet to come */
            ad_retain(y[INNER]);
    }
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
    ck_assert_int_eq(
        steps, 7); /* add, sum, exp, mul, add, square; the op ends the sweep or leaves leaves */
    expect_near(ad_grad(x[0]), wanted);
}
END_TEST

START_TEST(retained_results_keep_their_cotangents)
{
    double wanted[N], inner;
    formula(x[0], x[1], y);
    ad_retain(y[MIXED]), ad_retain(y[INNER]);
    ad_backward(ad_sum(ad_mul(ad_square(y[MIXED]), y[INNER])));
    keep_numbers(ad_grad(y[MIXED]), wanted);
    inner = ad_item(ad_freeze(tape, ad_grad(y[INNER])));
    trio(x[0], x[1], y);
    for (int again = 0; again < 2; again++) {
        ad_retain(y[MIXED]), ad_retain(y[INNER]), ad_retain(y[WHOLE]);
        ck_assert_int_eq(ad_backward(ad_sum(ad_mul(ad_square(y[MIXED]), y[INNER]))), AD_OK);
        expect_near(ad_grad(y[MIXED]), wanted);
        expect_near(ad_grad(y[INNER]), &inner);
        ck_assert_ptr_null(ad_grad(y[WHOLE]).data);
    }
}
END_TEST

/* ---- tangents -------------------------------------------------------------------------------- */

static void set_tangents(int count)
{
    static const double ta[2][N] = {{1, 2, -1}, {0.5, 0, 3}}, tb[2][N] = {{-1, 1, 4}, {2, 2, 0}};
    const ad_view a[] = {AD_VIEW(ta[0], N), AD_VIEW(ta[1], N)},
                  b[] = {AD_VIEW(tb[0], N), AD_VIEW(tb[1], N)};
    ck_assert_int_eq(ad_set_tangent_many(x[0], count, a), AD_OK);
    ck_assert_int_eq(ad_set_tangent_many(x[1], count, b), AD_OK);
}

START_TEST(tangents_are_carried_to_all_results)
{
    double wanted[2][2][N];
    for (int way = 0; way < 2; way++) {
        (way ? trio : formula)(x[0], x[1], y);
        set_tangents(2);
        ck_assert_int_eq(ad_push_tangents(ad_mul(y[MIXED], y[INNER])), AD_OK);
        for (int i = 0; i < 2; i++)
            for (int k = 0; k < 2; k++)
                if (way)
                    expect_near(ad_tangent_at(y[INNER + k], i), wanted[i][k]);
                else
                    keep_numbers(ad_tangent_at(y[INNER + k], i), wanted[i][k]);
    }
    ck_assert_int_eq(seen.jvp, 2); /* directions */
    ck_assert_ptr_null(ad_tangent(y[WHOLE]).data);
}
END_TEST

START_TEST(a_push_may_end_at_any_result)
{
    const double wanted = 1 * 3 + 2 * 1.5 + 1 * 0.75 - 0.5 - 1.25 + 2 * 4;
    trio(x[0], x[1], y);
    for (int again = 0; again < 2; again++) {
        set_tangents(1);
        ck_assert_int_eq(ad_push_tangents(y[INNER]), AD_OK);
        expect_near(ad_tangent(y[INNER]), &wanted);
        ck_assert_ptr_nonnull(ad_tangent(y[MIXED]).data); /* the rule gives all */
    }
}
END_TEST

START_TEST(second_derivatives_are_those_of_the_formula)
{
    double wanted[2][2][N];
    for (int way = 0; way < 2; way++) {
        ad_tensor loss = loss_of(way ? trio : formula, uses[_i]);
        set_tangents(2);
        ck_assert_int_eq(ad_push_tangents(loss), AD_OK);
        ck_assert_int_eq(ad_backward_tangents(loss), AD_OK);
        for (int i = 0; i < 2; i++)
            for (int k = 0; k < 2; k++)
                if (way)
                    expect_near(ad_grad_tangent_at(x[k], i), wanted[i][k]);
                else
                    keep_numbers(ad_grad_tangent_at(x[k], i), wanted[i][k]);
    }
    ck_assert_int_eq(seen.curvature, 2);
    ck_assert_int_eq(seen.pullback, 3); /* of the cotangent, and of its two derivatives */
}
END_TEST

/* ---- reach ----------------------------------------------------------------------------------- */

START_TEST(a_result_without_derivative_severs_and_the_others_do_not)
{
    trio(x[0], x[1], y);
    ck_assert_int_eq(ad_reach_of(y[INNER], x[0]), AD_REACHED);
    ck_assert_int_eq(ad_reach_of(y[WHOLE], x[0]), AD_SEVERED);
    ad_tensor both = ad_sum(ad_mul(ad_cast(y[WHOLE], AD_F64), y[INNER]));
    ck_assert_int_eq(ad_reach_of(both, x[0]), AD_REACHED);
    ck_assert_int_eq(ad_backward(both), AD_OK);
    ad_backward(ad_sum(ad_cast(y[WHOLE], AD_F64)));
    expect(AD_NO_DERIVATIVE, "backward: the root depends on a watched leaf only through trio, "
                             "which has no derivative");
}
END_TEST

START_TEST(an_op_that_stops_stops_at_every_result)
{
    ad_op op = trio_op;
    counts *c = &seen;
    op.flags |= AD_OP_STOPS;
    ad_apply_results(&op, 2, x, &c, RESULTS, y);
    ck_assert_int_eq(ad_reach_of(y[MIXED], x[1]), AD_STOPPED);
    ck_assert(!ad_is_tracked(y[INNER]) && !ad_is_tracked(y[MIXED]));
}
END_TEST

/* ---- rewinding, errors, memory --------------------------------------------------------------- */

START_TEST(a_rewind_ends_all_results_or_none)
{
    ad_mark before = ad_tape_mark(tape);
    for (int again = 0; again < 3; again++) {
        trio(x[0], x[1], y);
        ad_mark after = ad_tape_mark(tape);
        ad_backward(ad_sum(y[MIXED]));
        ck_assert_int_eq(ad_tape_rewind(after), AD_OK);
        ck_assert(ad_read(y[WHOLE]).data && ad_read(y[MIXED]).data);
        ck_assert_int_eq(ad_tape_rewind(before), AD_OK);
        ck_assert(!ad_read(y[WHOLE]).data && !ad_read(y[MIXED]).data);
        ck_assert_uint_eq(measured(tape).nodes, 2);
    }
}
END_TEST

static void rejecting_forward(const ad_forward_args *c)
{
    trio_forward(c);
    ad_reject(c->work, AD_DOMAIN, "no luck");
}

START_TEST(a_failed_forward_leaves_none)
{
    ad_op op = trio_op;
    counts *c = &seen;
    op.forward = rejecting_forward;
    ad_apply_results(&op, 2, x, &c, RESULTS, y);
    expect(AD_DOMAIN, "trio([3], [3]): no luck");
    ck_assert_uint_eq(measured(tape).nodes, 2);
    for (int k = 0; k < RESULTS; k++)
        ck_assert(y[k].tape == tape && !ad_read(y[k]).data);
}
END_TEST

/* A row: the results that an op says it has, those that the call wants, and what is said of that. */
static const struct {
    int declared, wanted;
    bool views;
    const char *why;
} wrong_calls[] = {
    {RESULTS, 2, false, "trio: the call asks for 2 results, but the op has 3"},
    {RESULTS, 4, false, "trio: the call asks for 4 results, but the op has 3"},
    {RESULTS, 1, false, "trio: the call asks for 1 result, but the op has 3"},
    {RESULTS, 0, false, "apply: the call asks for 0 results"},
    {RESULTS, -1, false, "apply: the call asks for -1 results"},
    {0, 3, false, "trio: the call asks for 3 results, but the op has 1"},
    {-2, 3, false, "trio: the call asks for 3 results, but the op has -2"},
    {RESULTS, 3, true, "trio: an op with a view rule has one result"},
};

static bool sees_itself(const ad_view *a, const void *attr, ad_view *v)
{
    (void)attr;
    *v = *a;
    return true;
}

START_TEST(a_result_that_the_rules_forget_is_named)
{
    counts *c = &seen;
    ad_tensor results[RESULTS];
    ad_op op = trio_op;
    op.shape = ad_shape_first; /* sets the first result alone */
    ad_apply_results(&op, 2, x, &c, RESULTS, results);
    expect(AD_MISUSE,
           "trio([3], [3]): the op's rules do not set the shape or the type of result 1");
}
END_TEST

START_TEST(a_result_too_many_is_named)
{
    counts *c = &seen;
    ad_tensor results[RESULTS];
    ad_op op = trio_op;
    op.results = 2;
    ad_apply_results(&op, 2, x, &c, 2, results);
    expect(AD_MISUSE,
           "trio([3], [3]): the op's rules set result 2, but the op has 2 results (.results)");
}
END_TEST

START_TEST(a_call_that_makes_no_sense_is_refused)
{
    ad_tensor results[4];
    counts *c = &seen;
    ad_op op = trio_op;
    op.results = wrong_calls[_i].declared;
    op.view = wrong_calls[_i].views ? sees_itself : NULL;
    ad_apply_results(&op, 2, x, &c, wrong_calls[_i].wanted, results);
    expect(AD_MISUSE, wrong_calls[_i].why);
    for (int k = 0; k < wrong_calls[_i].wanted; k++)
        ck_assert(results[k].tape == tape && !ad_read(results[k]).data);
}
END_TEST

START_TEST(memory_that_runs_out_leaves_nothing_behind)
{
    ad_status status = AD_MEMORY;
    ad_tape_free(tape);
    for (size_t k = 1; status == AD_MEMORY; k++) {
        test_allocator memory;
        test_allocator_init(&memory);
        memory.fail_at = k;
        tape = ad_tape_new(&(ad_tape_options){
            .size = sizeof(ad_tape_options), .allocator = &memory.base, .checks = AD_CHECK_BOUNDS});
        if (tape) {
            watch();
            ad_tensor loss = loss_of(trio, uses[2]);
            ad_set_tangent(x[0], AD_VIEW(ones, N));
            ad_push_tangents(loss);
            status = ad_backward_tangents(loss);
            ad_tape_free(tape);
        }
        ck_assert_uint_eq(memory.live_blocks, 0);
        ck_assert_uint_lt(k, 1000);
    }
    ck_assert_int_eq(status, AD_OK);
    tape = NULL;
}
END_TEST

/* ---- any number of results ------------------------------------------------------------------- */

/* x [n] cut into its numbers: as many results as x has elements, each [1]. */
enum { MANY = 300 }; /* more than the room for nodes that a tape begins with */

static const char *cut_type(const ad_type *a, const void *attr, ad_type *types)
{
    for (int i = 0; i < *(const int *)attr; i++)
        types[i] = a[0];
    return NULL;
}

static const char *cut_shape(const ad_shape *a, const void *attr, ad_shape *shapes)
{
    for (int i = 0; i < *(const int *)attr; i++)
        shapes[i] = AD_SHAPE(1);
    return a[0].rank == 1 && a[0].dim[0] == *(const int *)attr ? NULL : "the extent does not fit";
}

static void cut_forward(const ad_forward_args *c)
{
    for (int i = 0; i < c->results; i++)
        ((double *)c->ys[i].data)[0] = number(&c->x[0], i);
}

static void cut_pullback(const ad_pullback_args *c)
{
    for (int i = 0; i < c->results; i++)
        add(c->dx, c->wanted, 0, i, number(&c->dys[i], 0));
}

static const ad_op cut_op = {
    .size = sizeof(ad_op),
    .name = "cut",
    .arity = 1,
    .results = AD_VARIADIC,
    .attr_size = sizeof(int),
    .type = cut_type,
    .shape = cut_shape,
    .forward = cut_forward,
    .pullback = cut_pullback,
};

START_TEST(an_op_may_have_any_number_of_results)
{
    int count = _i;
    double numbers[MANY];
    ad_tensor parts[MANY];
    for (int i = 0; i < count; i++)
        numbers[i] = i;
    ad_tensor all = ad_watch(tape, ad_view_of(AD_F64, numbers, AD_SHAPE(count)));
    ad_apply_results(&cut_op, 1, &all, &count, count, parts);
    ad_tensor loss = ad_sum(ad_square(ad_concat(count, parts, 0)));
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    for (int i = 0; i < count; i++)
        ck_assert(ad_view_get(&(ad_view[]){ad_grad(all)}[0], (size_t)i) == 2 * i &&
                  ad_item(parts[i]) == i);
}
END_TEST

/* ---- looking on ------------------------------------------------------------------------------ */

START_TEST(the_first_bad_result_is_named)
{
    const double huge[] = {1e200, 1, 1};
    ad_tensor a = ad_watch(tape, AD_VIEW(huge, N));
    counts *c = &seen;
    (ad_apply_results)(&trio_op, 2, (ad_tensor[]){a, x[1]}, &c, RESULTS, y);
    expect(AD_NOT_FINITE, "trio([3], [3]): the value of result 2 at [0] is inf; x[0] there is "
                          "1e+200; x[1] there is 3");
}
END_TEST

static void spoiling_pullback(const ad_pullback_args *c)
{
    ((double *)c->dx[1].data)[1] = NAN;
}

START_TEST(a_bad_cotangent_is_reported_with_those_of_the_results)
{
    ad_op op = trio_op;
    counts *c = &seen;
    op.pullback = spoiling_pullback;
    (ad_apply_results)(&op, 2, x, &c, RESULTS, y);
    ad_backward_from(y[MIXED], AD_VIEW(ones, N));
    expect(AD_NOT_FINITE, "pullback of trio([3], [3]): the cotangent of x[1] at [1] is nan; x[0] "
                          "there is -1.25; x[1] there is 1.5; dy[2] there is 1");
}
END_TEST

static void spoiling_jvp(const ad_jvp_args *c)
{
    trio_jvp(c);
    *(double *)c->tys[INNER].data = INFINITY;
}

START_TEST(a_bad_tangent_is_reported_with_its_result)
{
    ad_op op = trio_op;
    counts *c = &seen;
    op.jvp = spoiling_jvp;
    (ad_apply_results)(&op, 2, x, &c, RESULTS, y);
    ad_set_tangent(x[0], AD_VIEW(ones, N));
    ad_push_tangents(y[MIXED]);
    ck_assert_int_eq(ad_tape_status(tape), AD_NOT_FINITE);
    ck_assert_ptr_nonnull(strstr(message_of(tape), "the tangent of result 1 at [] is inf"));
}
END_TEST

static void setup_numbers(void)
{
    setup_with(AD_CHECK_NUMBERS);
}

static void print_events(void *user, const ad_event *event)
{
    char text[128], *all = user;
    if (strcmp(event->op, "trio") == 0) {
        strcat(strcat(all, ad_event_print(event, text, sizeof text)), "\n");
        ck_assert(event->results == RESULTS && event->type[WHOLE] == AD_I64);
        ck_assert(event->type[MIXED] == AD_F64 && event->result[INNER].rank == 0);
    }
}

START_TEST(one_event_tells_of_all_results)
{
    char text[256] = "";
    ad_tape_trace(tape, print_events, text);
    trio(x[0], x[1], y);
    ad_backward(y[INNER]);
    ck_assert_str_eq(text, "trio([3], [3]) -> [3], [], [3]\n"
                           "pullback of trio([3], [3]) -> [3], [], [3]\n");
}
END_TEST

START_TEST(a_result_is_described_by_its_number)
{
    char text[128];
    counts *c = &seen;
    (ad_apply_results)(&trio_op, 2, x, &c, RESULTS, y);
    ad_label(y[MIXED], "m");
    ck_assert_str_eq(ad_tape_describe(tape, 2, text, sizeof text), "result 0 of trio([3], [3])");
    ck_assert_str_eq(ad_tape_describe(tape, 4, text, sizeof text),
                     "result 2 of trio([3], [3]) \"m\"");
}
END_TEST

/* The text that a printer writes, at most. */
static const char *printed(ad_status (*print)(const ad_tape *, FILE *), char *text, size_t size)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(print(tape, file), AD_OK);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(a_listing_and_a_drawing_show_which_results_belong_together)
{
    char text[4096];
    trio(x[0], x[1], y);
    ad_label(y[MIXED], "m");
    ck_assert_ptr_nonnull(strstr(printed(ad_tape_print, text, sizeof text),
                                 "     2  severed   trio(0, 1) -> i64 [3]\n"
                                 "     3  tracked   trio, result 1 of 2 -> f64 []\n"
                                 "     4  tracked   trio, result 2 of 2 -> f64 [3]  m\n"));
    printed(ad_tape_dot, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "    n0 -> n2"));
    ck_assert_ptr_null(strstr(text, "n0 -> n3"));
    ck_assert_ptr_nonnull(strstr(text, "    n2 -> n4 [style=dotted, arrowhead=none, "
                                       "label=\"result 2\"];\n"));
}
END_TEST

START_TEST(each_result_has_a_digest)
{
    uint64_t once[8], again[8];
    for (int way = 0; way < 2; way++) {
        ad_tape_reset(tape);
        watch();
        trio(x[0], x[1], y);
        ad_backward(y[INNER]);
        ck_assert_uint_eq(ad_tape_digests(tape, SIZE_MAX, way ? again : once), 5);
    }
    ck_assert_uint_eq(ad_digest_difference(5, once, again), 5);
    ck_assert(once[2] != once[3] && once[3] != once[4]);
}
END_TEST

START_TEST(results_share_the_source_line)
{
    char text[128];
    trio(x[0], x[1], y);
    for (size_t i = 2; i < 5; i++)
        ck_assert_ptr_nonnull(
            strstr(ad_tape_describe(tape, i, text, sizeof text), "tests/tape/test_results.c:"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("results");
    TCase *all = tcase_create("results"), *numbers = tcase_create("numbers");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_checked_fixture(numbers, setup_numbers, teardown);
    tcase_add_test(all, one_call_makes_all_results);
    tcase_add_test(all, nothing_is_saved_for_constants);
    tcase_add_test(all, apply_gives_the_first);
    tcase_add_loop_test(all, a_sweep_pulls_back_once_what_flowed_into_any_of_them, 0, WAYS);
    tcase_add_loop_test(all, the_root_may_be_any_of_them, INNER, RESULTS);
    tcase_add_test(all, many_cotangents_are_pulled_back_one_by_one);
    tcase_add_test(all, slices_count_the_op_once);
    tcase_add_test(all, retained_results_keep_their_cotangents);
    tcase_add_test(all, tangents_are_carried_to_all_results);
    tcase_add_test(all, a_push_may_end_at_any_result);
    tcase_add_loop_test(all, second_derivatives_are_those_of_the_formula, 0, WAYS);
    tcase_add_test(all, a_result_without_derivative_severs_and_the_others_do_not);
    tcase_add_test(all, an_op_that_stops_stops_at_every_result);
    tcase_add_test(all, a_rewind_ends_all_results_or_none);
    tcase_add_test(all, a_failed_forward_leaves_none);
    tcase_add_test(all, a_result_that_the_rules_forget_is_named);
    tcase_add_test(all, a_result_too_many_is_named);
    tcase_add_loop_test(all, a_call_that_makes_no_sense_is_refused, 0,
                        (int)(sizeof wrong_calls / sizeof *wrong_calls));
    tcase_add_test(all, memory_that_runs_out_leaves_nothing_behind);
    tcase_add_loop_test(all, an_op_may_have_any_number_of_results, 1, 4);
    tcase_add_loop_test(all, an_op_may_have_any_number_of_results, MANY, MANY + 1);
    tcase_add_test(numbers, the_first_bad_result_is_named);
    tcase_add_test(numbers, a_bad_cotangent_is_reported_with_those_of_the_results);
    tcase_add_test(numbers, a_bad_tangent_is_reported_with_its_result);
    tcase_add_test(all, one_event_tells_of_all_results);
    tcase_add_test(all, a_result_is_described_by_its_number);
    tcase_add_test(all, a_listing_and_a_drawing_show_which_results_belong_together);
    tcase_add_test(all, each_result_has_a_digest);
    tcase_add_test(all, results_share_the_source_line);
    suite_add_tcase(suite, all);
    suite_add_tcase(suite, numbers);
    return run_suite(suite);
}
