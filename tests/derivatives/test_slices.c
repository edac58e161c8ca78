/* The gradient of a mean over rows, slice by slice: it is that over all rows, whatever the slices, types and
 * threads; and what goes wrong within a slice is told, with its rows, and leaves nothing behind. */
#include "adze/model_derivatives.h"
#include "adze/ops.h"
#include "adze/profile.h"

#include "allocator.h"
#include "measured.h"
#include "suite.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

AD_MODEL(dense, w, b);
AD_MODEL(net, (dense, hidden), (dense, output));

enum {
    MOST_ROWS = 2000,
    INPUTS = 5,
    HIDDEN = 4,
    PARAMETERS = INPUTS * HIDDEN + HIDDEN + HIDDEN + 1
};

/* Tanh units, and the mean of squared distances from y, weighted: x[0] is [rows, INPUTS], x[1] and x[2] [rows]. */
static ad_tensor squares(const net_tensors *m, const ad_tensor *x)
{
    ad_tensor h = ad_dense(x[0], m->hidden.w, m->hidden.b, AD_TANH);
    ad_tensor y = ad_squeeze(ad_dense(h, m->output.w, m->output.b, AD_IDENTITY), -1);
    return ad_mul(x[2], ad_square(ad_sub(y, x[1])));
}

static ad_tensor mean_loss(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(squares(m, x));
}

static ad_tensor sum_loss(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(squares(m, x));
}

/* The same for a list: the fields, then the data. */
static ad_tensor list_loss(ad_tape *t, const ad_tensor *x, const void *env)
{
    const net_tensors m = {{x[0], x[1]}, {x[2], x[3]}};
    return mean_loss(t, &m, x + 4, env);
}

/* ---- the scene ---------------------------------------------------------------------- */

typedef struct scene {
    ad_type type;
    ad_pool *pool;
    ad_tape *tape;
    ad_array data[3];
    ad_view view[3]; /* the first rows of data */
    net model;
} scene;

static ad_status fill(void *user, const char *path, ad_array *a)
{
    (void)path;
    return ad_fill_uniform(a, user, -1, 1);
}

static void open_scene(scene *s, ad_type type, int64_t rows, int threads)
{
    ad_random r = ad_random_new(5, 0);
    *s = (scene){.type = type, .pool = ad_pool_new(NULL, threads)};
    s->tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .pool = s->pool});
    for (int j = 0; j < 3; j++) {
        s->data[j] = ad_zeros(type, j == 0 ? AD_SHAPE(MOST_ROWS, INPUTS) : AD_SHAPE(MOST_ROWS));
        ck_assert_int_eq(ad_fill_uniform(&s->data[j], &r, -1, 1), AD_OK);
        s->view[j] = ad_array_view(s->data[j]);
        s->view[j].shape.dim[0] = rows;
    }
    s->model = (net){{ad_zeros(type, AD_SHAPE(INPUTS, HIDDEN)), ad_zeros(type, AD_SHAPE(HIDDEN))},
                     {ad_zeros(type, AD_SHAPE(HIDDEN, 1)), ad_zeros(type, AD_SHAPE(1))}};
    ck_assert_int_eq(net_visit(&s->model, fill, &r), AD_OK);
}

static void close_scene(scene *s)
{
    net_free(&s->model);
    for (int j = 0; j < 3; j++)
        ad_array_free(&s->data[j]);
    ad_tape_free(s->tape);
    ad_pool_free(s->pool);
}

/* A value and its gradient. */
typedef struct outcome {
    double value;
    net gradient;
} outcome;

typedef struct whole {
    net_map *map;
    const ad_view *view;
} whole;

static ad_tensor of_all_rows(ad_tape *t, const net_tensors *m, const void *env)
{
    const whole *w = env;
    ad_tensor x[3];
    for (int j = 0; j < 3; j++)
        x[j] = ad_freeze(t, w->view[j]);
    return w->map(t, m, x, NULL);
}

/* On the tape of one slice that holds all rows. */
static outcome plain(scene *s, net_map *map)
{
    outcome o = {0};
    const whole w = {map, s->view};
    ck_assert_int_eq(
        net_value_with_gradient(s->tape, of_all_rows, &s->model, &w, &o.value, &o.gradient), AD_OK);
    return o;
}

static outcome sliced(scene *s, net_map *map, ad_rows_options o)
{
    outcome out = {0};
    o.size = sizeof o;
    ad_status status = net_value_with_gradient_over_rows(s->tape, map, &s->model, 3, s->view, &o,
                                                         NULL, &out.value, &out.gradient);
    ck_assert_msg(status == AD_OK, "%s", ad_tape_error(s->tape));
    ck_assert_uint_eq(measured(s->tape).nodes, 0);
    return out;
}

static const ad_array *fields(const net *m)
{
    return &m->hidden.w;
}

/* The greatest difference, relative to the greatest number; 0 only if all bits are the same. */
static double distance(const outcome *a, const outcome *b)
{
    double gap = fabs(a->value - b->value), size = fabs(b->value);
    bool same = memcmp(&a->value, &b->value, sizeof a->value) == 0;
    for (int i = 0; i < 4; i++) {
        ad_view x = ad_array_view(fields(&a->gradient)[i]),
                y = ad_array_view(fields(&b->gradient)[i]);
        ck_assert(x.type == y.type && ad_shape_equal(&x.shape, &y.shape));
        same = same && memcmp(x.data, y.data, ad_view_count(&x) * ad_type_size(x.type)) == 0;
        for (size_t k = 0; k < ad_view_count(&x); k++) {
            gap = fmax(gap, fabs(ad_view_get(&x, k) - ad_view_get(&y, k)));
            size = fmax(size, fabs(ad_view_get(&y, k)));
        }
    }
    return same ? 0 : fmax(gap / size, 1e-300);
}

static void end_outcome(outcome *o)
{
    net_free(&o->gradient);
}

/* ---- it is the gradient over all rows ------------------------------------------------ */

typedef struct cut {
    const char *name;
    int64_t rows, slice;
} cut;

static const cut cuts[] = {
    {"one row", 1, 1},
    {"one row in a slice of many", 1, 128},
    {"as many as a slice has", 128, 128},
    {"fewer than a slice has", 100, 128},
    {"fewer than the least of slices", 100, 0},
    {"each row by itself", 7, 1},
    {"one more than a slice", 129, 128},
    {"a shorter slice at the end", 300, 128},
    {"as many slices as groups", 128, 2},
    {"more slices than groups", 500, 7},
    {"some more slices than groups", 195, 3},
    {"slices that fit", 1500, 100},
    {"slices as they come", MOST_ROWS, 0},
};
enum { CUTS = sizeof cuts / sizeof *cuts };

static const char *cut_name(int row)
{
    return cuts[row].name;
}

static const ad_type types[] = {AD_F32, AD_F64};

START_TEST(a_mean_over_slices_is_that_over_all_rows)
{
    const cut *c = &cuts[_i];
    for (int k = 0; k < 2; k++) {
        scene s;
        open_scene(&s, types[k], c->rows, 1);
        outcome wanted = plain(&s, mean_loss);
        outcome got = sliced(&s, mean_loss, (ad_rows_options){.slice = c->slice});
        bool one = c->rows <= (c->slice ? c->slice : 128);
        double tolerance = one ? 0 : types[k] == AD_F32 ? 2e-6 : 4e-15;
        ck_assert_double_le(distance(&got, &wanted), tolerance);
        end_outcome(&got);
        got = sliced(&s, sum_loss, (ad_rows_options){.slice = c->slice, .sum = true});
        end_outcome(&wanted);
        wanted = plain(&s, sum_loss);
        ck_assert_double_le(distance(&got, &wanted), tolerance);
        end_outcome(&got);
        end_outcome(&wanted);
        close_scene(&s);
    }
}
END_TEST

START_TEST(a_list_has_the_gradient_of_the_model)
{
    const cut *c = &cuts[_i];
    scene s;
    open_scene(&s, AD_F64, c->rows, 1);
    const ad_rows_options o = {.size = sizeof o, .slice = c->slice};
    outcome wanted = sliced(&s, mean_loss, o), got = {0};
    ad_view x[4];
    for (int i = 0; i < 4; i++)
        x[i] = ad_array_view(fields(&s.model)[i]);
    ck_assert_int_eq(ad_value_with_gradient_over_rows(s.tape, list_loss, 4, x, 3, s.view, &o, NULL,
                                                      &got.value, &got.gradient.hidden.w),
                     AD_OK);
    ck_assert_double_eq(distance(&got, &wanted), 0);
    end_outcome(&got);
    end_outcome(&wanted);
    close_scene(&s);
}
END_TEST

/* Alone, with threads within kernels, and with slices on 1 to 5 threads. */
START_TEST(threads_change_no_bit)
{
    const cut *c = &cuts[_i];
    for (int k = 0; k < 2; k++) {
        outcome wanted = {0};
        for (int threads = 1; threads <= 5; threads++)
            for (int parallel = 0; parallel < 2; parallel++) {
                scene s;
                open_scene(&s, types[k], c->rows, threads);
                outcome got = sliced(&s, mean_loss,
                                     (ad_rows_options){.slice = c->slice, .parallel = parallel});
                if (threads > 1 || parallel)
                    ck_assert_msg(distance(&got, &wanted) == 0, "%d threads", threads);
                end_outcome(&wanted);
                wanted = got;
                close_scene(&s);
            }
        end_outcome(&wanted);
    }
}
END_TEST

/* ---- what the function sees ---------------------------------------------------------- */

/* Of one call after another. */
typedef struct record {
    int calls;
    int64_t rows[MOST_ROWS];
    double first[MOST_ROWS]; /* number of its first row */
    bool frozen;
} record;

static ad_tensor recorded(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    record *r = *(record *const *)env;
    ad_view v = ad_read(x[0]);
    r->rows[r->calls] = v.shape.dim[0];
    r->first[r->calls++] = v.shape.dim[0] ? ad_view_get(&v, 0) : -1;
    r->frozen = !ad_is_tracked(x[0]) && ad_is_tracked(m->output.b);
    return ad_mean(ad_mul(x[0], ad_sum(m->output.b)));
    (void)t;
}

/* Rows that hold their numbers, along the axis of a matrix that lies the other way: [rows, width]. */
static record look(int64_t rows, int64_t width, int64_t slice)
{
    scene s;
    net gradient = {0};
    static record r;
    record *at = &r;
    r = (record){0};
    open_scene(&s, AD_F64, 1, 1);
    double *numbers = calloc((size_t)(rows * width + 1), sizeof *numbers);
    for (int64_t i = 0; i < rows * width; i++)
        numbers[i] = (double)(i % (rows ? rows : 1));
    ad_view v = AD_VIEW(numbers, width, rows);
    v.shape = AD_SHAPE(rows, width);
    v.stride[0] = 1;
    v.stride[1] = rows;
    const ad_rows_options o = {.size = sizeof o, .slice = slice};
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, recorded, &s.model, 1, &v, &o, &at,
                                                       NULL, &gradient),
                     AD_OK);
    double wanted = rows ? (double)(rows - 1) / 2 : 0;
    double slope = *(const double *)gradient.output.b.data;
    ck_assert_double_le(fabs(slope - wanted), 1e-12 * wanted);
    net_free(&gradient);
    free(numbers);
    close_scene(&s);
    return r;
}

START_TEST(each_slice_has_the_next_rows_frozen)
{
    record r = look(10, 3, 4);
    ck_assert(r.frozen && r.calls == 3);
    ck_assert(r.rows[0] == 4 && r.rows[1] == 3 && r.rows[2] == 3);
    ck_assert(r.first[0] == 0 && r.first[1] == 4 && r.first[2] == 7);
}
END_TEST

/* 2, 2, 3, 7 and 16 slices. */
START_TEST(slices_have_640_kB_of_data_but_128_to_1024_rows)
{
    static const int64_t sizes[][2] = {{1, 1024}, {78, 1024}, {100, 683}, {250, 293}, {1000, 128}};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(look(2048, sizes[i][0], 0).rows[0], sizes[i][1]);
}
END_TEST

START_TEST(without_rows_the_function_is_called_once_with_none)
{
    record r = look(0, 3, 0);
    ck_assert(r.calls == 1 && r.rows[0] == 0);
    scene s;
    open_scene(&s, AD_F32, 0, 2);
    outcome wanted = plain(&s, mean_loss);
    outcome got = sliced(&s, mean_loss, (ad_rows_options){.parallel = true});
    ck_assert(isnan(wanted.value) && isnan(got.value));
    got.value = wanted.value;
    ck_assert_double_eq(distance(&got, &wanted), 0);
    end_outcome(&got);
    end_outcome(&wanted);
    close_scene(&s);
}
END_TEST

/* Integers as labels, and a number that broadcasts over all rows. */
static ad_tensor labelled(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_mul(x[3], ad_gather(x[0], x[2], 0)));
}

START_TEST(data_are_of_any_type_and_layout)
{
    enum { N = 11 };
    const double table[] = {1, 2, 4}, one = 3, numbers[N] = {0};
    const int32_t label[N] = {0, 1, 2, 2, 1, 0, 0, 0, 2, 1, 1};
    ad_view repeated = {&one, AD_F64, AD_SHAPE(N), {0}};
    const ad_view x = AD_VIEW(table, 3),
                  data[] = {AD_VIEW(numbers, N), AD_VIEW(label, N), repeated};
    const ad_rows_options o = {.size = sizeof o, .slice = 2};
    ad_array gradient = {0};
    double value;
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(
        ad_value_with_gradient_over_rows(t, labelled, 1, &x, 3, data, &o, NULL, &value, &gradient),
        AD_OK);
    const double *g = gradient.data;
    ck_assert_double_eq_tol(value, 3. * (4 + 2 * 4 + 4 * 3) / N, 1e-14);
    ck_assert_double_eq_tol(g[0], 3. * 4 / N, 1e-14);
    ck_assert_double_eq_tol(g[1], 3. * 4 / N, 1e-14);
    ck_assert_double_eq_tol(g[2], 3. * 3 / N, 1e-14);
    ad_array_free(&gradient);
    ad_tape_free(t);
}
END_TEST

/* ---- the tape ------------------------------------------------------------------------ */

START_TEST(the_tape_stays_as_it_was)
{
    scene s;
    open_scene(&s, AD_F64, 300, 1);
    ad_tensor x = ad_watch(s.tape, ad_array_view(s.model.hidden.b)), y = ad_sum(ad_square(x));
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ad_view g = ad_grad(x);
    double before = ad_item(y), slope = ad_view_get(&g, 0);
    outcome o = {0};
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, 3, s.view, NULL,
                                                       NULL, NULL, &o.gradient),
                     AD_OK);
    ck_assert_uint_eq(measured(s.tape).nodes, 3);
    ck_assert_double_eq(ad_item(y), before);
    g = ad_grad(x);
    ck_assert_double_eq(ad_view_get(&g, 0), slope);
    end_outcome(&o);
    close_scene(&s);
}
END_TEST

/* Of all rows some values have HIDDEN numbers each. */
START_TEST(a_tape_holds_one_slice)
{
    test_allocator memory;
    test_allocator_init(&memory);
    scene s;
    open_scene(&s, AD_F64, MOST_ROWS, 1);
    ad_tape *usual = s.tape;
    s.tape =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &memory.base});
    outcome o = sliced(&s, mean_loss, (ad_rows_options){.slice = 16});
    size_t few = memory.peak_bytes, calls = memory.calls;
    end_outcome(&o);
    o = sliced(&s, mean_loss, (ad_rows_options){.slice = 16});
    ck_assert_uint_eq(memory.calls, calls); /* it keeps the memory */
    end_outcome(&o);
    ad_tape_free(s.tape);
    test_allocator_init(&memory);
    s.tape =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &memory.base});
    o = sliced(&s, mean_loss, (ad_rows_options){.slice = MOST_ROWS});
    ck_assert_uint_gt(memory.peak_bytes, few + 2 * MOST_ROWS * HIDDEN * sizeof(double));
    end_outcome(&o);
    ad_tape_free(s.tape);
    s.tape = usual;
    close_scene(&s);
}
END_TEST

/* Whether each call came from the thread that began, and how many there were. */
typedef struct caller {
    pthread_t thread;
    int calls;
    atomic_int others;
} caller;

static void count_call(caller *c)
{
    if (pthread_equal(pthread_self(), c->thread))
        c->calls++;
    else
        atomic_fetch_add(&c->others, 1);
}

static void trace(void *user, const ad_event *event)
{
    (void)event;
    count_call(user);
}

static bool poll(void *user, size_t left)
{
    (void)left;
    count_call(user);
    return true;
}

START_TEST(traces_polls_and_profiles_are_told_by_one_thread)
{
    for (int way = 0; way < 3; way++) {
        scene s;
        caller c = {.thread = pthread_self()};
        ad_profile *profile = way == 2 ? ad_profile_new(NULL) : NULL;
        open_scene(&s, AD_F64, 600, 4);
        ad_tape_trace(s.tape, way == 0 ? trace : NULL, &c);
        ad_tape_poll(s.tape, way == 1 ? poll : NULL, &c);
        ad_tape_profile(s.tape, profile);
        outcome o = sliced(&s, mean_loss, (ad_rows_options){.slice = 6, .parallel = true});
        ck_assert_int_eq(c.others, 0);
        ck_assert(way == 2 ? ad_profile_at(profile, 3) != NULL : c.calls >= 100 * 5);
        end_outcome(&o);
        close_scene(&s);
        ad_profile_free(profile);
    }
}
END_TEST

static ad_tensor counted(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    caller *c = *(caller *const *)env;
    if (!pthread_equal(pthread_self(), c->thread))
        atomic_fetch_add(&c->others, 1);
    for (int i = 0; i < 100000 && !atomic_load(&c->others); i++)
        continue;
    return mean_loss(t, m, x, NULL);
}

START_TEST(slices_are_shared_if_asked_for)
{
    scene s;
    outcome o = {0};
    open_scene(&s, AD_F64, MOST_ROWS, 3);
    for (int parallel = 0; parallel < 2; parallel++) {
        caller c = {.thread = pthread_self()}, *at = &c;
        const ad_rows_options way = {.size = sizeof way, .slice = 5, .parallel = parallel};
        ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, counted, &s.model, 3, s.view,
                                                           &way, &at, NULL, &o.gradient),
                         AD_OK);
        ck_assert((c.others > 0) == parallel);
    }
    end_outcome(&o);
    close_scene(&s);
}
END_TEST

/* ---- functions within functions ------------------------------------------------------ */

/* Computes with gradients on the tape that it gets, and slices again. */
static ad_tensor nested(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    const scene *s = *(const scene *const *)env;
    outcome o = {0};
    const ad_rows_options few = {.size = sizeof few, .slice = 9};
    ad_view all[3];
    for (int j = 0; j < 3; j++)
        all[j] = ad_read(x[j]);
    ad_status status = net_value_with_gradient_over_rows(t, mean_loss, &s->model, 3, all, &few,
                                                         NULL, &o.value, &o.gradient);
    ad_tensor y = ad_mul(mean_loss(t, m, x, NULL), o.value);
    end_outcome(&o);
    return status == AD_OK ? y : ad_dead(y);
}

static ad_tensor scaled(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_tensor y = mean_loss(t, m, x, env);
    return ad_mul(y, ad_item(y));
}

START_TEST(a_function_may_slice_in_its_turn)
{
    scene s;
    const scene *at = &s;
    outcome got = {0};
    open_scene(&s, AD_F64, 200, 2);
    for (int parallel = 0; parallel < 2; parallel++) {
        const ad_rows_options o = {.size = sizeof o, .slice = 50, .parallel = parallel};
        outcome wanted = sliced(&s, scaled, o);
        ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, nested, &s.model, 3, s.view, &o,
                                                           &at, &got.value, &got.gradient),
                         AD_OK);
        ck_assert_double_le(distance(&got, &wanted), 1e-14);
        end_outcome(&wanted);
    }
    end_outcome(&got);
    close_scene(&s);
}
END_TEST

/* ---- errors -------------------------------------------------------------------------- */

static ad_tensor wrong_shape(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_matmul(x[0], m->output.w));
}

static ad_tensor many(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return squares(m, x);
}

static ad_tensor whole_number(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)m, (void)x, (void)env;
    return ad_constant(t, AD_I32, 1);
}

static ad_tensor a_number(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)m, (void)x, (void)env;
    return ad_number(1);
}

static ad_tensor own_failure(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_tape_fail(t, AD_FAILED, "no more");
    return mean_loss(t, m, x, env);
}

/* Of rows with a weight below -0.99, which few have. */
static ad_tensor rarely(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_view v = ad_read(x[2]);
    for (size_t i = 0; i < ad_view_count(&v); i++)
        if (ad_view_get(&v, i) < -0.99)
            ad_tape_fail(t, AD_DOMAIN, "a weight of %g", ad_view_get(&v, i));
    return mean_loss(t, m, x, env);
}

static ad_tensor severed(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_add(ad_cast(ad_cast(m->output.b, AD_I32), AD_F64), ad_mean(x[0])));
}

static ad_tensor ended(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_mark start = ad_tape_mark(t);
    ad_tensor y = mean_loss(t, m, x, env);
    ad_tape_rewind(start);
    return y;
}

static ad_tensor resetting(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_tape_reset(t);
    return mean_loss(t, m, x, env);
}

typedef struct failure {
    const char *name;
    net_map *map;
    ad_status status;
    const char *says;
} failure;

#define HERE "gradient_over_rows: rows 0 to 99: "
static const failure failures[] = {
    {"shapes", wrong_shape, AD_BAD_SHAPE, HERE "matmul([100, 5], [4, 1])"},
    {"many elements", many, AD_BAD_SHAPE, HERE "backward: the root must have one element"},
    {"an integer", whole_number, AD_BAD_TYPE, HERE "backward: the root"},
    {"a number", a_number, AD_FOREIGN, HERE "the function's result is not on its tape"},
    {"its own", own_failure, AD_FAILED, HERE "no more"},
    {"no derivative", severed, AD_NO_DERIVATIVE, HERE "backward: "},
    {"a dead result", ended, AD_STALE, HERE "the function's result is gone"},
    {"a reset", resetting, AD_MISUSE, HERE "reset: a function is being evaluated"},
};
enum { FAILURES = sizeof failures / sizeof *failures };

static const char *failure_name(int row)
{
    return failures[row].name;
}

/* Runs a call that must fail, alone and on threads, with results that hold numbers and without. */
static void expect_failure(scene *s, net_map *map, unsigned checks, ad_status status,
                           const char *says)
{
    ad_tape_free(s->tape);
    for (int way = 0; way < 4; way++) {
        s->tape = ad_tape_new(
            &(ad_tape_options){.size = sizeof(ad_tape_options), .pool = s->pool, .checks = checks});
        const ad_rows_options o = {.size = sizeof o, .slice = 128, .parallel = way & 1};
        outcome out = {.value = 42};
        if (way & 2)
            ck_assert_int_eq(net_copy(&s->model, &out.gradient, NULL), AD_OK);
        outcome before = out;
        ad_tensor outer = ad_watch(s->tape, ad_array_view(s->model.output.b));
        ad_status got = net_value_with_gradient_over_rows(s->tape, map, &s->model, 3, s->view, &o,
                                                          &s->tape, &out.value, &out.gradient);
        ck_assert_msg(got == status &&
                          strstr(ad_tape_error(s->tape), says) == ad_tape_error(s->tape),
                      "%s, %s", ad_status_text(got), ad_tape_error(s->tape));
        ck_assert_int_eq(memcmp(&out, &before, sizeof out), 0);
        outcome model = {.value = 42, .gradient = s->model};
        ck_assert(!(way & 2) || distance(&out, &model) == 0);
        ck_assert_uint_eq(measured(s->tape).nodes, 1);
        ck_assert(ad_read(outer).data);
        end_outcome(&out);
        if (way < 3)
            ad_tape_free(s->tape);
    }
}

START_TEST(a_failure_within_a_slice_is_told_with_its_rows_and_writes_nothing)
{
    const failure *f = &failures[_i];
    scene s;
    open_scene(&s, AD_F64, 400, 2);
    expect_failure(&s, f->map, 0, f->status, f->says);
    close_scene(&s);
}
END_TEST

static ad_tensor on_the_outer_tape(ad_tape *t, const net_tensors *m, const ad_tensor *x,
                                   const void *env)
{
    ad_constant(*(ad_tape *const *)env, AD_F64, 1);
    return mean_loss(t, m, x, NULL);
}

START_TEST(the_tape_is_busy_meanwhile)
{
    scene s;
    outcome o = {0};
    open_scene(&s, AD_F64, 400, 1);
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, on_the_outer_tape, &s.model, 3,
                                                       s.view, NULL, &s.tape, NULL, &o.gradient),
                     AD_BUSY);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(s.tape), ": the tape is in use by a kernel of "
                                                        "gradient_over_rows (tensors that its "));
    ck_assert_ptr_null(o.gradient.output.b.data);
    close_scene(&s);
}
END_TEST

/* However threads meet, the first slice that fails is told of. */
START_TEST(the_first_of_several_failures_is_told)
{
    char wanted[512] = "";
    for (int again = 0; again < 20; again++) {
        scene s;
        outcome o = {0};
        const ad_rows_options way = {.size = sizeof way, .slice = 3, .parallel = again > 0};
        open_scene(&s, AD_F64, MOST_ROWS, 1 + again % 5);
        ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, rarely, &s.model, 3, s.view,
                                                           &way, NULL, NULL, &o.gradient),
                         AD_DOMAIN);
        if (again == 0)
            strcpy(wanted, ad_tape_error(s.tape));
        ck_assert_str_eq(ad_tape_error(s.tape), wanted);
        close_scene(&s);
    }
    ck_assert_ptr_nonnull(strstr(wanted, "a weight of -0.99"));
    ck_assert_ptr_null(strstr(wanted, "rows 0 to"));
}
END_TEST

/* Not all fields. */
static ad_tensor output_only(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_mul(ad_sum(m->output.b), x[1]));
}

START_TEST(checks_hold_within_slices)
{
    scene s;
    open_scene(&s, AD_F64, 400, 2);
    expect_failure(&s, output_only, AD_CHECK_REACHED, AD_UNREACHED,
                   HERE "backward: the root does not reach");
    ((double *)s.data[0].data)[200 * INPUTS] = INFINITY;
    ((double *)s.data[0].data)[200 * INPUTS + 1] = -INFINITY;
    expect_failure(&s, mean_loss, AD_CHECK_NUMBERS, AD_NOT_FINITE,
                   "gradient_over_rows: rows 200 to 299: dense(");
    close_scene(&s);
}
END_TEST

static bool stop(void *user, size_t left)
{
    (void)left;
    return --*(int *)user > 0;
}

START_TEST(a_poll_cancels_between_slices)
{
    scene s;
    outcome o = {.value = 42};
    int left = 20;
    const ad_rows_options way = {.size = sizeof way, .slice = 1};
    open_scene(&s, AD_F64, 400, 1);
    ad_tape_poll(s.tape, stop, &left);
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, 3, s.view, &way,
                                                       NULL, &o.value, &o.gradient),
                     AD_CANCELLED);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(s.tape), "backward: cancelled"));
    ck_assert_double_eq(o.value, 42);
    ck_assert_ptr_null(o.gradient.output.b.data);
    close_scene(&s);
}
END_TEST

/* ---- calls that make no sense -------------------------------------------------------- */

typedef struct misuse {
    const char *name;
    int inputs;
    ad_view second;      /* after [4, 2] */
    ad_rows_options way; /* with a size, except in one */
    ad_status status;
    const char *says;
} misuse;

static const double some[12];

#define SECOND(rows)               \
    {                              \
        some, AD_F64, {1, {rows}}, \
        {                          \
            1                      \
        }                          \
    }
static const misuse misuses[] = {
    {"no data", 0, SECOND(4), {.slice = 1}, AD_MISUSE, "there must be data"},
    {"fewer than none", -1, SECOND(4), {.slice = 1}, AD_MISUSE, "there must be data"},
    {"other rows",
     2,
     SECOND(3),
     {.slice = 1},
     AD_BAD_SHAPE,
     "data[1] is [3], data[0] [4, 2]: they differ in their rows"},
    {"a number",
     2,
     {some, AD_F64, {0, {0}}, {0}},
     {.slice = 1},
     AD_BAD_SHAPE,
     "data[1] is a number: it has no rows"},
    {"no numbers", 2, {NULL, AD_F64, {1, {4}}, {1}}, {.slice = 1}, AD_MISUSE, "data[1]: "},
    {"no type", 2, {some, (ad_type)77, {1, {4}}, {1}}, {.slice = 1}, AD_BAD_TYPE, "data[1]: "},
    {"a negative extent", 2, SECOND(-4), {.slice = 1}, AD_BAD_SHAPE, "data[1]: "},
    {"a negative slice", 2, SECOND(4), {.slice = -1}, AD_MISUSE, "a slice of -1 rows"},
    {"no size",
     2,
     SECOND(4),
     {.slice = 0},
     AD_MISUSE,
     "the options need .size = sizeof(ad_rows_options)"},
};
enum { MISUSES = sizeof misuses / sizeof *misuses };

static const char *misuse_name(int row)
{
    return misuses[row].name;
}

START_TEST(calls_that_make_no_sense_are_refused)
{
    const misuse *m = &misuses[_i];
    scene s;
    open_scene(&s, AD_F64, 4, 1);
    outcome out = {.value = 42};
    ad_rows_options way = m->way;
    way.size = m->way.slice ? sizeof way : 0;
    const ad_view data[] = {AD_VIEW(some, 4, 2), m->second};
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, m->inputs, data,
                                                       &way, NULL, &out.value, &out.gradient),
                     m->status);
    const char *says = ad_tape_error(s.tape);
    ck_assert_msg(strncmp(says, "gradient_over_rows: ", 20) == 0 && strstr(says + 20, m->says),
                  "%s", says);
    ck_assert(out.value == 42 && !out.gradient.hidden.w.data);
    ck_assert_uint_eq(measured(s.tape).nodes, 0);
    close_scene(&s);
}
END_TEST

START_TEST(a_gradient_of_another_shape_is_refused_and_stays)
{
    scene s;
    open_scene(&s, AD_F64, 300, 1);
    outcome out = {.value = 42};
    out.gradient.output.b = ad_full(AD_F64, AD_SHAPE(2), 7);
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, 3, s.view, NULL,
                                                       NULL, &out.value, &out.gradient),
                     AD_BAD_SHAPE);
    ck_assert_str_eq(ad_tape_error(s.tape),
                     "gradient_over_rows: net.output.b is [1], but [2] in the result");
    ck_assert(out.value == 42 && !out.gradient.hidden.w.data);
    ck_assert_double_eq(*(const double *)out.gradient.output.b.data, 7);
    end_outcome(&out);
    close_scene(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slices");
    TCase *c = tcase_create("slices");
    tcase_set_timeout(c, 60);
    add_row_tests(c, a_mean_over_slices_is_that_over_all_rows, CUTS, cut_name);
    add_row_tests(c, a_list_has_the_gradient_of_the_model, CUTS, cut_name);
    add_row_tests(c, threads_change_no_bit, CUTS, cut_name);
    tcase_add_test(c, each_slice_has_the_next_rows_frozen);
    tcase_add_test(c, slices_have_640_kB_of_data_but_128_to_1024_rows);
    tcase_add_test(c, without_rows_the_function_is_called_once_with_none);
    tcase_add_test(c, data_are_of_any_type_and_layout);
    tcase_add_test(c, the_tape_stays_as_it_was);
    tcase_add_test(c, a_tape_holds_one_slice);
    tcase_add_test(c, traces_polls_and_profiles_are_told_by_one_thread);
    tcase_add_test(c, slices_are_shared_if_asked_for);
    tcase_add_test(c, a_function_may_slice_in_its_turn);
    add_row_tests(c, a_failure_within_a_slice_is_told_with_its_rows_and_writes_nothing, FAILURES,
                  failure_name);
    tcase_add_test(c, the_tape_is_busy_meanwhile);
    tcase_add_test(c, the_first_of_several_failures_is_told);
    tcase_add_test(c, checks_hold_within_slices);
    tcase_add_test(c, a_poll_cancels_between_slices);
    add_row_tests(c, calls_that_make_no_sense_are_refused, MISUSES, misuse_name);
    tcase_add_test(c, a_gradient_of_another_shape_is_refused_and_stays);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
