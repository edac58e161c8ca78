/* The gradient of a mean over rows, slice by slice: it is that over all rows, whatever the slices, types and
 * threads are. */
#define _POSIX_C_SOURCE 200809L
#include "slices.h"

#include "adze/profile.h"

#include "allocator.h"
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

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

/* The same for a list: the fields, then the data. */
static ad_tensor list_loss(ad_tape *t, const ad_tensor *x, const void *env)
{
    const net_tensors m = {{x[0], x[1]}, {x[2], x[3]}};
    return mean_loss(t, &m, x + 4, env);
}

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

static ad_tensor products(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_mul(x[0], x[1]));
}

/* The sum of groups: halves are added up first, of which the first is not the smaller. */
static float tree_sum(const float *group, int lo, int hi)
{
    int middle = lo + (hi - lo + 1) / 2;
    return hi - lo == 1 ? group[lo] : tree_sum(group, lo, middle) + tree_sum(group, middle, hi);
}

/* 200 slices of one row in so many groups: of 64 each eighth has 4, the others 3. */
START_TEST(gradients_of_groups_are_added_up_as_a_tree)
{
    static const int counts[] = {64, 1, 2, 3, 5, 7, 63, 200};
    enum { N = 200 };
    float rows[N], one = 1, sum[N], straight = 0;
    ad_random r = ad_random_new(2, 0);
    for (int i = 0; i < N; i++)
        straight += rows[i] = (float)(i * ad_random_uniform(&r));
    int groups = counts[_i];
    for (int group = 0, i = 0; group < groups; group++) {
        sum[group] = rows[i];
        for (int end = (group + 1) * N / groups; ++i < end;)
            sum[group] += rows[i];
    }
    float wanted = tree_sum(sum, 0, groups);
    const ad_view x = AD_VIEW_SCALAR(&one), data = AD_VIEW(rows, N);
    const ad_rows_options o = {
        .size = sizeof o, .slice = 1, .sum = true, .groups = _i ? groups : 0};
    ad_array gradient = {0};
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(
        ad_value_with_gradient_over_rows(t, products, 1, &x, 1, &data, &o, NULL, NULL, &gradient),
        AD_OK);
    ck_assert_float_eq(*(const float *)gradient.data, wanted);
    ck_assert(groups == 64 ? wanted != straight : groups > 1 || wanted == straight);
    ad_array_free(&gradient);
    ad_tape_free(t);
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

static ad_tensor minus_zero(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return ad_mul(ad_sum(ad_square(m->output.b)), -0.0);
}

START_TEST(a_value_keeps_its_sign)
{
    for (int64_t slice = 4; slice <= 8; slice += 4) {
        scene s;
        open_scene(&s, AD_F64, 8, 1);
        outcome o = sliced(&s, minus_zero, (ad_rows_options){.slice = slice});
        ck_assert(o.value == 0 && signbit(o.value));
        end_outcome(&o);
        close_scene(&s);
    }
}
END_TEST

static ad_tensor itself(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return x[0];
}

/* On a tape that would see a buffer that is lost. */
START_TEST(an_operand_may_be_the_result)
{
    const float single = 3;
    const double number = 3, rows[256] = {0}; /* four slices a group */
    const ad_view x[] = {AD_VIEW_SCALAR(&single), AD_VIEW_SCALAR(&number)},
                  data = AD_VIEW(rows, 256);
    const ad_rows_options o = {.size = sizeof o, .slice = 1};
    test_allocator memory;
    test_allocator_init(&memory);
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory.base, .checks = AD_CHECK_BOUNDS});
    for (int i = 0; i < 2; i++) {
        double value = 0;
        ad_array gradient = {0};
        ck_assert_int_eq(ad_value_with_gradient_over_rows(t, itself, 1, &x[i], 1, &data, &o, NULL,
                                                          &value, &gradient),
                         AD_OK);
        ad_view g = ad_array_view(gradient);
        ck_assert(value == 3 && g.type == x[i].type && ad_view_get(&g, 0) == 1);
        ad_array_free(&gradient);
    }
    ad_tape_free(t);
    ck_assert_uint_eq(memory.live_blocks, 0);
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
    bool waits; /* until another thread has called */
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
    const struct timespec nap = {.tv_nsec = 1000000};
    for (int i = 0; i < 10000 && c->waits && !atomic_load(&c->others); i++)
        nanosleep(&nap, NULL);
    return mean_loss(t, m, x, NULL);
}

START_TEST(slices_are_shared_if_asked_for)
{
    scene s;
    outcome o = {0};
    size_t reserved = 0;
    open_scene(&s, AD_F64, MOST_ROWS, 3);
    for (int parallel = 0; parallel < 2; parallel++) {
        caller c = {.thread = pthread_self(), .waits = parallel}, *at = &c;
        const ad_rows_options way = {.size = sizeof way, .slice = 5, .parallel = parallel};
        ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, counted, &s.model, 3, s.view,
                                                           &way, &at, NULL, &o.gradient),
                         AD_OK);
        ck_assert((c.others > 0) == parallel);
        ck_assert_uint_gt(measured(s.tape).bytes_reserved,
                          reserved + reserved / 2); /* three tapes */
        reserved = parallel ? 0 : measured(s.tape).bytes_reserved;
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

int main(void)
{
    Suite *suite = suite_create("slices");
    TCase *c = tcase_create("slices");
    tcase_set_timeout(c, 60);
    add_row_tests(c, a_mean_over_slices_is_that_over_all_rows, CUTS, cut_name);
    add_row_tests(c, a_list_has_the_gradient_of_the_model, CUTS, cut_name);
    add_row_tests(c, threads_change_no_bit, CUTS, cut_name);
    tcase_add_loop_test(c, gradients_of_groups_are_added_up_as_a_tree, 0, 8);
    tcase_add_test(c, each_slice_has_the_next_rows_frozen);
    tcase_add_test(c, slices_have_640_kB_of_data_but_128_to_1024_rows);
    tcase_add_test(c, without_rows_the_function_is_called_once_with_none);
    tcase_add_test(c, a_value_keeps_its_sign);
    tcase_add_test(c, an_operand_may_be_the_result);
    tcase_add_test(c, data_are_of_any_type_and_layout);
    tcase_add_test(c, the_tape_stays_as_it_was);
    tcase_add_test(c, a_tape_holds_one_slice);
    tcase_add_test(c, traces_polls_and_profiles_are_told_by_one_thread);
    tcase_add_test(c, slices_are_shared_if_asked_for);
    tcase_add_test(c, a_function_may_slice_in_its_turn);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
