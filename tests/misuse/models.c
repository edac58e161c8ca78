/* Models, optimisers, random numbers, data: each with every pointer NULL and with arguments that make no
 * sense. */
#include "misuse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double reals[] = {1, 2, 3, 4, 5, 6};

#define RUN(name, call)          \
    static void run_##name(void) \
    {                            \
        call;                    \
    }

/* ---- models -------------------------------------------------------------------------------- */

AD_MODEL(pair, w, b);

static pair a_pair(void)
{
    pair m = {ad_zeros(AD_F64, AD_SHAPE(2, 3)), ad_zeros(AD_F64, AD_SHAPE(3))};
    return m;
}

/* Whatever is wrong with a leaf of a model: it must be an error on the tape, and no tensor. */
static void refuse_leaves(void (*leaves)(const ad_tree *, ad_tape *, const void *, void *))
{
    pair m = a_pair(), empty = {{0}, {0}};
    pair_tensors x;
    for (int way = 0; way < 4; way++) {
        ad_tape *t = ad_tape_new(NULL);
        memset(&x, 0, sizeof x);
        leaves(way == 0 ? NULL : &pair_tree, t,
               way == 1   ? NULL
               : way == 2 ? &empty
                          : &m,
               way == 3 ? NULL : &x);
        ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
        ck_assert_ptr_null(ad_read(x.w).data);
        ad_tape_free(t);
    }
    leaves(&pair_tree, NULL, &m, &x);
    ck_assert_ptr_null(x.w.tape);
    pair_free(&m);
}
RUN(model_watch, refuse_leaves(ad_model_watch))
RUN(model_freeze, refuse_leaves(ad_model_freeze))
static void run_model_gradient(void)
{
    pair m = a_pair(), g = {{0}, {0}};
    for (int way = 0; way < 5; way++) {
        ad_tape *t = ad_tape_new(NULL);
        pair_tensors x = way == 4 ? pair_freeze(t, &m) : pair_watch(t, &m);
        ad_tensor y = way == 3 ? ad_number(1) : ad_sum(ad_square(x.w));
        ad_status status = ad_model_gradient(way == 0 ? NULL : &pair_tree, y, NULL,
                                             way == 1 ? NULL : &x, way == 2 ? NULL : &g);
        ck_assert_int_eq(status, AD_MISUSE);
        ck_assert(!g.w.data && !g.b.data);
        ad_tape_free(t);
    }
    pair_free(&m);
}

/* NULL for each pointer in turn; then structs that hold nothing. */
static void refuse_two(ad_status (*call)(const ad_tree *, const void *, void *, ad_error *))
{
    pair m = a_pair(), out = {{0}, {0}}, empty = {{0}, {0}};
    ad_error e = {0};
    ck_assert_int_eq(call(NULL, &m, &out, &e), AD_MISUSE);
    ck_assert_int_eq(call(&pair_tree, NULL, &out, NULL), AD_MISUSE);
    ck_assert_int_eq(call(&pair_tree, &m, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(call(&pair_tree, &empty, &out, NULL), AD_MISUSE);
    ck_assert(!out.w.data && !out.b.data);
    ck_assert_int_eq(e.status, AD_MISUSE);
    pair_free(&m);
}
RUN(model_like, refuse_two(ad_model_like))
RUN(model_copy, refuse_two(ad_model_copy))
static ad_status axpy(const ad_tree *d, const void *x, void *y, ad_error *error)
{
    return ad_model_axpy(d, 2, x, y, error);
}
RUN(model_axpy, refuse_two(axpy))

static ad_status clip(const ad_tree *d, const void *model, void *gradient, ad_error *error)
{
    double norm = 7;
    ad_status status = ad_model_clip_global_norm(d, model ? gradient : NULL, 1, &norm, error);
    ck_assert_double_eq(norm, 7);
    return status;
}
RUN(model_clip_global_norm, refuse_two(clip))
static ad_status clip_norm(const ad_tree *d, const void *model, void *gradient, ad_error *error)
{
    return ad_model_clip_norm(d, model ? gradient : NULL, 1, error);
}
RUN(model_clip_norm, refuse_two(clip_norm))
static ad_status clip_value(const ad_tree *d, const void *model, void *gradient, ad_error *error)
{
    return ad_model_clip_value(d, model ? gradient : NULL, 1, error);
}
RUN(model_clip_value, refuse_two(clip_value))
static ad_status average(const ad_tree *d, const void *x, void *mean, ad_error *error)
{
    return ad_model_average(d, 0.5, x, mean, error);
}
RUN(model_average, refuse_two(average))
static void run_clip_global_norm(void)
{
    ad_array nothing = {0}, a = ad_zeros(AD_F64, AD_SHAPE(3));
    ck_assert_int_eq(ad_clip_global_norm(1, NULL, 1, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_clip_global_norm(0, &a, 1, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_clip_global_norm(-1, &a, 1, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_clip_global_norm(1, &nothing, 1, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_clip_global_norm(1, &a, -1, NULL, NULL), AD_MISUSE);
    ad_array_free(&a);
}

/* ---- optimisers ---------------------------------------------------------------------------- */

static const ad_sgd sgd = {.rate = 1, .momentum = 0.9};

static ad_status step(const ad_tree *d, const void *gradient, void *model, ad_error *error)
{
    ad_states states = {0};
    ad_method method = ad_sgd_method(&sgd);
    ad_status status = ad_model_step(d, &method, gradient, &states, model, error);
    ck_assert_ptr_null(states.room.data);
    return status;
}
static ad_status make_states(const ad_tree *d, const void *model, void *states, ad_error *error)
{
    ad_method method = ad_sgd_method(&sgd);
    ad_states none = {0};
    ad_status status = ad_model_states(d, &method, model, states ? &none : NULL, error);
    ck_assert_ptr_null(none.room.data);
    return status;
}
static void run_model_step(void)
{
    pair m = a_pair(), g = a_pair();
    ad_states states = {0};
    ad_method method = ad_sgd_method(NULL), nothing = {0};
    refuse_two(step);
    ck_assert_int_eq(ad_model_step(&pair_tree, NULL, &g, &states, &m, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_step(&pair_tree, &nothing, &g, &states, &m, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_step(&pair_tree, &method, &g, &states, &m, NULL), AD_MISUSE);
    method = ad_sgd_method(&sgd);
    ck_assert_int_eq(ad_model_step(&pair_tree, &method, &g, NULL, &m, NULL), AD_MISUSE);
    ck_assert(states.steps == 0 && !states.room.data);
    pair_free(&m);
    pair_free(&g);
}
static void run_model_states(void)
{
    pair m = a_pair();
    ad_states states = {0};
    refuse_two(make_states);
    ck_assert_int_eq(ad_model_states(&pair_tree, NULL, &m, &states, NULL), AD_MISUSE);
    ck_assert_ptr_null(states.room.data);
    pair_free(&m);
}
static void run_states_at(void)
{
    ad_states states = {0};
    ck_assert_ptr_null(ad_states_at(NULL, 0));
    ck_assert_ptr_null(ad_states_at(&states, 0));
    ck_assert_ptr_null(ad_states_at(&states, -1));
}
static void run_states_free(void)
{
    ad_states states = {0};
    ad_states_free(NULL);
    ad_states_free(&states);
    ad_states_free(&states);
}
static void run_optimiser_named(void)
{
    ck_assert_ptr_null(ad_optimiser_named(NULL));
    ck_assert_ptr_null(ad_optimiser_named(""));
    ck_assert_ptr_null(ad_optimiser_named("sgd "));
}

/* ---- minimising ---------------------------------------------------------------------------- */

static ad_status nothing_to_do(const void *user, const void *model, double *value, void *gradient,
                               ad_error *error)
{
    (void)user, (void)model, (void)gradient, (void)error;
    *value = 0;
    return AD_OK;
}
static void run_model_lbfgs(void)
{
    pair m = a_pair(), empty = {{0}, {0}};
    ad_lbfgs how = ad_lbfgs_new();
    ad_lbfgs_memory memory = {0};
    for (int way = 0; way < 6; way++)
        ck_assert_int_eq(ad_model_lbfgs(way == 0 ? NULL : &pair_tree,
                                        way == 1 ? NULL : nothing_to_do, NULL,
                                        way == 2 ? NULL : &how, way == 3 ? NULL : &memory,
                                        way == 4   ? NULL
                                        : way == 5 ? &empty
                                                   : &m,
                                        NULL, NULL),
                         AD_MISUSE);
    ck_assert_ptr_null(memory.room.data);
    pair_free(&m);
}
static void run_lbfgs_free(void)
{
    ad_lbfgs_memory memory = {0};
    ad_lbfgs_free(NULL);
    ad_lbfgs_free(&memory);
    ad_lbfgs_free(&memory);
}

/* ---- schedules ----------------------------------------------------------------------------- */

static void run_cut_rows(void)
{
    const ad_view data = AD_VIEW(reals, 6), number = AD_VIEW_SCALAR(reals);
    ad_rows_cut cut = {.groups = 42};
    const ad_rows_options unset = {.size = 0}, fewer = {.size = sizeof fewer, .groups = -1},
                          more = {.size = sizeof more, .groups = INT64_MAX};
    ck_assert_int_eq(ad_cut_rows(1, NULL, NULL, &cut, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_cut_rows(0, &data, NULL, &cut, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_cut_rows(1, &data, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_cut_rows(1, &data, &unset, &cut, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_cut_rows(1, &data, &fewer, &cut, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_cut_rows(1, &data, &more, &cut, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_cut_rows(1, &number, NULL, &cut, NULL), AD_BAD_SHAPE);
    ck_assert_int_eq(cut.groups, 42);
}
static void run_rows_before(void)
{
    const ad_rows_cut cut = {INT64_MAX, INT64_MAX, 1 << 20}, none = {-1, 0, INT64_MIN},
                      many = {INT64_MAX, INT64_MAX, INT64_MAX};
    ck_assert_int_eq(ad_rows_before(NULL, 1), 0);
    ck_assert_int_eq(ad_rows_before(&none, 1), 0);
    ck_assert_int_eq(ad_rows_before(&many, 2), 0);
    ck_assert_int_eq(ad_rows_before(&cut, INT64_MIN), 0);
    ck_assert_int_eq(ad_rows_before(&cut, INT64_MAX), INT64_MAX);
    ck_assert_int_eq(ad_rows_before(&cut, 1), INT64_MAX >> 20);
}
RUN(schedule_steps, ck_assert_double_nan(ad_schedule_steps(INT64_MIN, INT64_MIN, NAN)))
RUN(schedule_exponential, ck_assert_double_nan(ad_schedule_exponential(INT64_MAX, 0, 1)))
RUN(schedule_cosine, ck_assert_double_nan(ad_schedule_cosine(INT64_MIN, INT64_MIN, 1)))
RUN(schedule_polynomial, ck_assert_double_nan(ad_schedule_polynomial(0, INT64_MIN, 1, 1)))
RUN(schedule_warm_up, ck_assert_double_nan(ad_schedule_warm_up(INT64_MAX, INT64_MIN)))
RUN(schedule_one_cycle, ck_assert_double_nan(ad_schedule_one_cycle(0, 1, INT64_MAX, 1, 1)))
RUN(schedule_plateau, ck_assert_double_nan(ad_schedule_plateau(NULL, 1)))

/* ---- all fields ---------------------------------------------------------------------------- */

static void run_model_free(void)
{
    pair m = a_pair();
    ad_model_free(NULL, &m);
    ad_model_free(&pair_tree, NULL);
    ad_model_free(&pair_tree, &m);
    ad_model_free(&pair_tree, &m);
    ck_assert_ptr_null(m.w.data);
}
static ad_status visit(void *user, const char *path, ad_array *a)
{
    (void)user, (void)path, (void)a;
    return AD_DOMAIN;
}
static void run_model_visit(void)
{
    pair m = {{0}, {0}};
    ck_assert_int_eq(ad_model_visit(NULL, &m, visit, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_visit(&pair_tree, NULL, visit, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_visit(&pair_tree, &m, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_visit(&pair_tree, &m, visit, NULL), AD_DOMAIN);
}

/* ---- random numbers ------------------------------------------------------------------------ */

static void run_random_new(void)
{
    ck_assert_uint_eq(ad_random_new(UINT64_MAX, UINT64_MAX).position, 0);
}
static void run_philox(void)
{
    uint32_t four[4] = {1, 2, 3, 4}, two[2] = {0};
    ad_philox(NULL, two, four);
    ad_philox(four, NULL, four);
    ad_philox(four, two, NULL);
    ck_assert_uint_eq(four[3], 4);
}
static void run_random_bits(void)
{
    ck_assert_uint_eq(ad_random_bits(NULL), 0);
}
static void run_random_uniform(void)
{
    ck_assert_double_eq(ad_random_uniform(NULL), 0);
}
static void run_random_normal(void)
{
    ck_assert_double_eq(ad_random_normal(NULL), 0);
}
static void run_random_below(void)
{
    ad_random r = ad_random_new(1, 1);
    ck_assert_uint_eq(ad_random_below(NULL, 5), 0);
    ck_assert_uint_eq(ad_random_below(&r, 0), 0);
    ck_assert_uint_lt(ad_random_below(&r, UINT64_MAX), UINT64_MAX);
}
static void run_random_shuffle(void)
{
    int64_t order[2] = {7, 8};
    ad_random r = ad_random_new(1, 1);
    ad_random_shuffle(NULL, order, 2);
    ad_random_shuffle(&r, NULL, 2);
    ad_random_shuffle(&r, order, 0);
    ck_assert(order[0] == 7 && order[1] == 8);
}

typedef ad_status fill_function(ad_array *a, ad_random *r);

static ad_status uniform(ad_array *a, ad_random *r)
{
    return ad_fill_uniform(a, r, 0, 1);
}
static ad_status normal(ad_array *a, ad_random *r)
{
    return ad_fill_normal(a, r, 0, 1);
}
static void refuse_fill(fill_function *fill, bool matrix)
{
    ad_random r = ad_random_new(1, 1);
    ad_array a = ad_zeros(AD_F32, AD_SHAPE(3)), n = ad_zeros(AD_I32, AD_SHAPE(2, 2)), none = {0};
    ck_assert_int_eq(fill(NULL, &r), AD_MISUSE);
    ck_assert_int_eq(fill(&a, NULL), AD_MISUSE);
    ck_assert_int_eq(fill(&none, &r), AD_MISUSE);
    ck_assert_int_eq(fill(&n, &r), AD_BAD_TYPE);
    if (matrix)
        ck_assert_int_eq(fill(&a, &r), AD_BAD_SHAPE);
    ck_assert_uint_eq(r.position, 0);
    ad_array_free(&a);
    ad_array_free(&n);
}
RUN(fill_uniform, refuse_fill(uniform, false))
RUN(fill_normal, refuse_fill(normal, false))
RUN(fill_kaiming, refuse_fill(ad_fill_kaiming, true))
RUN(fill_glorot, refuse_fill(ad_fill_glorot, true))
RUN(fill_kaiming_uniform, refuse_fill(ad_fill_kaiming_uniform, true))
RUN(fill_lecun, refuse_fill(ad_fill_lecun, true))
RUN(fill_lecun_uniform, refuse_fill(ad_fill_lecun_uniform, true))
RUN(fill_pytorch, refuse_fill(ad_fill_pytorch, true))
static ad_status truncated(ad_array *a, ad_random *r)
{
    return ad_fill_truncated_normal(a, r, 0, 1);
}
static ad_status orthogonal(ad_array *a, ad_random *r)
{
    return ad_fill_orthogonal(a, r, 1);
}
RUN(fill_truncated_normal, refuse_fill(truncated, false))
RUN(fill_orthogonal, refuse_fill(orthogonal, true))

/* clang-format off */
#define MODEL_ROWS(ROW) \
    ROW(model_watch) ROW(model_freeze) \
    ROW(model_gradient) ROW(model_like) ROW(model_copy) ROW(model_axpy) ROW(model_average) \
    ROW(model_clip_global_norm) ROW(clip_global_norm) ROW(model_clip_norm) ROW(model_clip_value) ROW(model_step) \
    ROW(model_lbfgs) ROW(lbfgs_free) ROW(cut_rows) ROW(rows_before) ROW(schedule_steps) ROW(schedule_exponential) ROW(schedule_cosine) ROW(schedule_polynomial) \
    ROW(schedule_warm_up) ROW(schedule_one_cycle) ROW(schedule_plateau) \
    ROW(model_states) ROW(states_at) ROW(states_free) ROW(optimiser_named) ROW(model_free) ROW(model_visit) ROW(random_new) ROW(philox) ROW(random_bits) \
    ROW(random_uniform) ROW(random_normal) ROW(random_below) ROW(random_shuffle) \
    ROW(fill_uniform) ROW(fill_normal) ROW(fill_kaiming) ROW(fill_glorot) ROW(fill_kaiming_uniform) \
    ROW(fill_lecun) ROW(fill_lecun_uniform) ROW(fill_pytorch) ROW(fill_truncated_normal) ROW(fill_orthogonal)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row model_rows[] = {MODEL_ROWS(ROW_OF)};
const size_t model_row_count = sizeof model_rows / sizeof *model_rows;
