/* Results are written whole or not at all: whatever fails, in whichever function, the caller's
 * structs and numbers are byte for byte what they were, and the tape serves again after a reset.
 *
 * Every way to fail meets every way to differentiate, with results that hold arrays and with
 * empty ones. */
#include "allocator.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

AD_MODEL(pair, a, b);
AD_MODEL_DERIVATIVES(pair);

/* ---- ways to fail ------------------------------------------------------------------ */

typedef enum fault {
    NONE,
    MEMORY,
    FORWARD,
    RULE, /* the pullback or the jvp */
    BAD_FORWARD,
    BAD_RULE,
    CHANGED,
    UNREACHED,
    SEVERED,
    CANCELLED,
    OWN,
    ELSEWHERE,
    NOT_ONE,
    MISFIT,
    FAULTS
} fault;

static const struct {
    const char *name;
    ad_status status;
    unsigned checks;
} faults[] = {
    [NONE] = {"nothing fails", AD_OK, 0},
    [MEMORY] = {"an allocation fails", AD_MEMORY, AD_CHECK_BOUNDS | AD_CHECK_BORROWED},
    [FORWARD] = {"a forward kernel fails", AD_DOMAIN, 0},
    [RULE] = {"a pullback or jvp fails", AD_FAILED, 0},
    [BAD_FORWARD] = {"a result is not finite", AD_NOT_FINITE, AD_CHECK_NUMBERS},
    [BAD_RULE] = {"a derivative is not finite", AD_NOT_FINITE, AD_CHECK_NUMBERS},
    [CHANGED] = {"borrowed numbers change", AD_CHANGED, AD_CHECK_BORROWED},
    [UNREACHED] = {"a leaf is not reached", AD_UNREACHED, AD_CHECK_REACHED},
    [SEVERED] = {"a leaf is severed", AD_NO_DERIVATIVE, 0},
    [CANCELLED] = {"the sweep is cancelled", AD_CANCELLED, 0},
    [OWN] = {"the function fails by itself", AD_FORMAT, 0},
    [ELSEWHERE] = {"the result is on another tape", AD_FOREIGN, 0},
    [NOT_ONE] = {"the root has many elements", AD_BAD_SHAPE, 0},
    [MISFIT] = {"a result does not fit", AD_BAD_SHAPE, 0},
};

static fault planted;
static double numbers[2][3];
static ad_tape *elsewhere;

/* y = x x x, unless it is at fault. */
static void cube_forward(const ad_forward_args *c)
{
    const double *x = c->x[0].data;
    double *y = c->y.data;
    for (size_t i = 0; i < c->run; i++)
        y[i] = x[i] * x[i] * x[i];
    if (planted == FORWARD)
        ad_reject(c->work, AD_DOMAIN, "planted");
    if (planted == BAD_FORWARD)
        y[1] = NAN;
}

static void go_wrong(ad_workspace *work, ad_array d)
{
    if (planted == RULE)
        ad_reject(work, AD_FAILED, "planted");
    if (planted == BAD_RULE)
        ((double *)d.data)[1] = INFINITY;
}

static void cube_pullback(const ad_pullback_args *c)
{
    const double *x = c->x[0].data, *dy = c->dy.data;
    for (size_t i = 0; i < c->run; i++)
        ((double *)c->dx[0].data)[i] += dy[i] * 3 * x[i] * x[i];
    go_wrong(c->work, c->dx[0]);
}

static void cube_jvp(const ad_jvp_args *c)
{
    const double *x = c->x[0].data, *tx = c->tx[0].data;
    for (size_t i = 0; i < ad_array_count(&c->ty); i++)
        ((double *)c->ty.data)[i] = 3 * x[i] * x[i] * tx[i];
    go_wrong(c->work, c->ty);
}

static void cube_curvature(const ad_curvature_args *c)
{
    const double *x = c->x[0].data, *tx = c->tx[0].data, *dy = c->dy.data;
    for (size_t i = 0; i < ad_array_count(&c->tdx[0]); i++)
        ((double *)c->tdx[0].data)[i] += dy[i] * 6 * x[i] * tx[i];
}

static const ad_op cube_op = {
    .size = sizeof(ad_op),
    .name = "cube",
    .arity = 1,
    .shape = ad_shape_first,
    .forward = cube_forward,
    .pullback = cube_pullback,
    .jvp = cube_jvp,
    .curvature = cube_curvature,
};

/* What is differentiated: the sum of cube(a) b. */
static ad_tensor formula(ad_tape *t, ad_tensor a, ad_tensor b)
{
    ad_tensor y = ad_apply(&cube_op, &a, NULL);
    if (planted == UNREACHED)
        b = ad_stop_gradient(b);
    if (planted == SEVERED)
        b = ad_sub(ad_cast(ad_greater(b, 0), AD_F64), 1);
    if (planted == CHANGED)
        numbers[1][2] += 1;
    if (planted == OWN)
        ad_tape_fail(t, AD_FORMAT, "planted");
    y = ad_mul(y, b);
    if (planted == ELSEWHERE)
        return ad_freeze(elsewhere, AD_VIEW_SCALAR(numbers[0]));
    return planted == NOT_ONE ? y : ad_sum(y);
}

static bool refuse(void *user, size_t left)
{
    (void)user, (void)left;
    return false;
}

/* ---- ways to differentiate --------------------------------------------------------- */

typedef struct results {
    double value;
    ad_array arrays[2];
} results;

static const ad_view x[] = {{numbers[0], AD_F64, {1, {3}}, {1}},
                            {numbers[1], AD_F64, {1, {3}}, {1}}};

static ad_tensor function(ad_tape *t, const ad_tensor *leaves, const void *env)
{
    (void)env;
    return formula(t, leaves[0], leaves[1]);
}

static ad_tensor model_function(ad_tape *t, const pair_tensors *m, const void *env)
{
    (void)env;
    return formula(t, m->a, m->b);
}

static const pair model = {{numbers[0], AD_F64, {1, {3}}, NULL},
                           {numbers[1], AD_F64, {1, {3}}, NULL}};

static pair *as_pair(results *r)
{
    return (pair *)(void *)r->arrays;
}

static ad_status gradient(ad_tape *t, results *r)
{
    return ad_gradient(t, function, 2, x, NULL, r->arrays);
}

static ad_status value_with_gradient(ad_tape *t, results *r)
{
    return ad_value_with_gradient(t, function, 2, x, NULL, &r->value, r->arrays);
}

/* All slices have the same value. */
static const double blank[4];
static const ad_view data = {blank, AD_F64, {1, {4}}, {1}};
static const ad_rows_options halves = {.size = sizeof halves, .slice = 2};

static ad_status over_rows(ad_tape *t, results *r)
{
    return ad_value_with_gradient_over_rows(t, function, 2, x, 1, &data, &halves, NULL, &r->value,
                                            r->arrays);
}

static ad_tensor model_map(ad_tape *t, const pair_tensors *m, const ad_tensor *rows,
                           const void *env)
{
    (void)rows;
    return model_function(t, m, env);
}

static ad_status model_over_rows(ad_tape *t, results *r)
{
    return pair_value_with_gradient_over_rows(t, model_map, &model, 1, &data, &halves, NULL,
                                              &r->value, as_pair(r));
}

static ad_status pull(ad_tape *t, results *r)
{
    static const double one = 1;
    ad_pullback p;
    ad_status status = ad_value_with_pullback(t, function, 2, x, NULL, &p);
    return status == AD_OK ? ad_pull(&p, AD_VIEW_SCALAR(&one), r->arrays) : status;
}

static ad_status jvp(ad_tape *t, results *r)
{
    return ad_jvp(t, function, 2, x, x, NULL, &r->arrays[0], &r->arrays[1]);
}

static ad_status jvp_of_zeros(ad_tape *t, results *r)
{
    static const ad_view nothing[2];
    return ad_jvp(t, function, 2, x, nothing, NULL, &r->arrays[0], &r->arrays[1]);
}

static ad_status hvp(ad_tape *t, results *r)
{
    return ad_hvp(t, function, 2, x, x, NULL, r->arrays);
}

static ad_status model_gradient(ad_tape *t, results *r)
{
    pair_tensors m = pair_watch(t, &model);
    ad_tensor y = formula(t, m.a, m.b);
    return pair_gradient(y, &m, as_pair(r));
}

static ad_status model_value(ad_tape *t, results *r)
{
    return pair_value_with_gradient(t, model_function, &model, NULL, &r->value, as_pair(r));
}

static ad_status model_pull(ad_tape *t, results *r)
{
    static const double one = 1;
    pair_pullback p;
    ad_status status = pair_value_with_pullback(t, model_function, &model, NULL, &p);
    return status == AD_OK ? pair_pull(&p, AD_VIEW_SCALAR(&one), as_pair(r)) : status;
}

static ad_status slices(ad_tape *t, results *r)
{
    pair_tensors m = pair_watch(t, &model);
    ad_tensor y = formula(t, m.a, m.b);
    ad_sweep_begin(y);
    while (ad_sweep_step(y.tape, 1))
        continue;
    return pair_collect(y.tape, &m, as_pair(r));
}

static const struct {
    const char *name;
    ad_status (*run)(ad_tape *t, results *r);
    bool scalar; /* results of one element */
} ways[] = {
    {"ad_gradient", gradient, false},
    {"ad_value_with_gradient", value_with_gradient, false},
    {"ad_value_with_gradient_over_rows", over_rows, false},
    {"ad_pull", pull, false},
    {"ad_jvp", jvp, true},
    {"ad_jvp of zeros", jvp_of_zeros, true},
    {"ad_hvp", hvp, false},
    {"m_gradient", model_gradient, false},
    {"m_value_with_gradient", model_value, false},
    {"m_value_with_gradient_over_rows", model_over_rows, false},
    {"m_pull", model_pull, false},
    {"m_collect", slices, false},
};

enum { WAYS = sizeof ways / sizeof *ways };

/* ---- before and after -------------------------------------------------------------- */

typedef struct bytes {
    results structs;
    unsigned char numbers[2][64];
} bytes;

static bytes bytes_of(const results *r)
{
    bytes b;
    memset(&b, 0, sizeof b);
    memcpy(&b.structs, r, sizeof *r);
    for (int i = 0; i < 2; i++)
        if (r->arrays[i].data)
            memcpy(b.numbers[i], r->arrays[i].data, ad_array_count(&r->arrays[i]) * sizeof(double));
    return b;
}

/* Results that hold arrays of another number, or nothing. */
static results prepare(test_allocator *memory, ad_shape shape, bool full)
{
    results r;
    memset(&r, 0, sizeof r);
    r.value = 42;
    for (int i = 0; i < 2; i++) {
        r.arrays[i] = (ad_array){.type = AD_U8, .shape = AD_SHAPE(7, i)};
        if (full)
            r.arrays[i] = ad_array_new(&memory->base, AD_F64, shape);
        for (size_t k = 0; full && k < ad_array_count(&r.arrays[i]); k++)
            ((double *)r.arrays[i].data)[k] = -7;
        r.arrays[i].allocator = &memory->base;
    }
    return r;
}

static void set_numbers(void)
{
    for (int i = 0; i < 6; i++)
        numbers[i / 3][i % 3] = 1 + i;
}

static void expect_success(int way, ad_tape *t, results *r)
{
    static const double wanted[][2][3] = {{{12, 60, 162}, {1, 8, 27}}, /* gradients */
                                          {{206}, {824}},
                                          {{36, 180, 486}, {3, 24, 81}}, /* Hessian times (a, b) */
                                          {{206}, {0}}};
    int row = ways[way].run == jvp            ? 1
              : ways[way].run == hvp          ? 2
              : ways[way].run == jvp_of_zeros ? 3
                                              : 0;
    set_numbers();
    planted = NONE;
    ck_assert_msg(ways[way].run(t, r) == AD_OK, "%s again: %s", ways[way].name, ad_tape_error(t));
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < ad_array_count(&r->arrays[i]); k++)
            ck_assert_double_eq(((double *)r->arrays[i].data)[k], wanted[row][i][k]);
}

/* The given fault, in one of the ways. False once the allocation that should fail is not made. */
static bool fail_once(int way, fault f, bool full, size_t fail_at)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_shape shape = ways[way].scalar ? AD_SCALAR : AD_SHAPE(3);
    results r = prepare(&memory, f == MISFIT ? AD_SHAPE(2) : shape, full);
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory.base, .checks = faults[f].checks});
    ad_tape_poll(t, f == CANCELLED ? refuse : NULL, NULL);
    set_numbers();
    planted = f;
    memory.fail_at = fail_at ? memory.calls + fail_at : 0;
    memory.sticky = fail_at % 2;
    bytes before = bytes_of(&r), after;
    ad_status status = ways[way].run(t, &r);
    bool failed = !fail_at || memory.calls >= memory.fail_at;
    memory.fail_at = 0;
    after = bytes_of(&r);
    if (failed) {
        ck_assert_msg(status == faults[f].status, "%s, %s: %s", ways[way].name, faults[f].name,
                      ad_status_text(status));
        ck_assert_msg(memcmp(&before, &after, sizeof before) == 0,
                      "%s, %s: results were half written", ways[way].name, faults[f].name);
        ad_tape_poll(t, NULL, NULL);
        ad_tape_reset(t);
        if (f != MISFIT)
            expect_success(way, t, &r);
    }
    for (int i = 0; i < 2; i++)
        ad_array_free(&r.arrays[i]);
    ad_tape_free(t);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return failed;
}

/* A jvp takes a root of any shape, and has no sweep that could be cancelled; an array that does not
 * fit has to be there. */
static bool makes_sense(int way, fault f, bool full)
{
    bool forward = ways[way].scalar;
    if (ways[way].run == jvp_of_zeros && (f == RULE || f == BAD_RULE))
        return false;
    return !(forward && (f == CANCELLED || f == NOT_ONE)) && !(f == MISFIT && !full);
}

START_TEST(a_failure_leaves_the_results_as_they_were)
{
    int way = _i % WAYS;
    fault f = (fault)(_i / WAYS);
    elsewhere = ad_tape_new(NULL);
    for (int full = 0; full < 2; full++) {
        size_t k = f == MEMORY ? 1 : 0;
        if (f == NONE || !makes_sense(way, f, full))
            continue;
        while (fail_once(way, f, full, k) && k)
            k++;
        ck_assert_msg(f != MEMORY || k > 2, "%s: no allocation failed", ways[way].name);
    }
    ad_tape_free(elsewhere);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("transactions");
    TCase *all = tcase_create("transactions");
    tcase_add_loop_test(all, a_failure_leaves_the_results_as_they_were, 0, WAYS * FAULTS);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
