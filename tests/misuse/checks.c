/* Sweeps in slices, reach, digests, and checks of derivatives: each with every pointer NULL and with
 * arguments that make no sense. */
#include "misuse.h"

#include <math.h>
#include <string.h>

static const double reals[] = {1, 2, 3, 4, 5, 6};

/* ---- sweeps in slices, reach, digests ------------------------------------------------------ */

static ad_status begin_from(ad_tensor y)
{
    return ad_sweep_begin_from(y, AD_VIEW(reals, 6));
}

/* A root that is nothing, a number, or stale. */
static void refuse_begin(ad_status (*begin)(ad_tensor))
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(reals, 6));
    ck_assert_int_eq(begin((ad_tensor){0}), AD_MISUSE);
    ck_assert_int_eq(begin(ad_number(2)), AD_MISUSE);
    ad_tape_reset(t);
    ck_assert_int_eq(begin(x), AD_STALE);
    ck_assert(!ad_sweep_step(t, 1));
    ad_tape_free(t);
}
static void run_sweep_begin(void)
{
    refuse_begin(ad_sweep_begin);
}
static void run_sweep_begin_from(void)
{
    ad_tape *t = ad_tape_new(NULL);
    refuse_begin(begin_from);
    ck_assert_int_eq(ad_sweep_begin_from(ad_watch(t, AD_VIEW(reals, 6)), (ad_view){0}), AD_MISUSE);
    ad_tape_free(t);
}
static void run_sweep_step(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert(!ad_sweep_step(NULL, 1) && !ad_sweep_step(t, 1) && !ad_sweep_step(t, 0));
    ad_tape_free(t);
}
static void run_sweep_cancel(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_sweep_cancel(NULL);
    ad_sweep_cancel(t);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
}
static void run_tape_poll(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tape_poll(NULL, NULL, NULL);
    ad_tape_poll(t, NULL, NULL);
    ck_assert_int_eq(ad_backward(ad_sum(ad_watch(t, AD_VIEW(reals, 6)))), AD_OK);
    ad_tape_free(t);
}
static void run_reach_of(void)
{
    ad_tape *t = ad_tape_new(NULL), *other = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(reals, 6)), y = ad_sum(x), none = {0};
    ck_assert_int_ne(ad_reach_of(none, x), AD_REACHED);
    ck_assert_int_ne(ad_reach_of(y, none), AD_REACHED);
    ck_assert_int_ne(ad_reach_of(ad_watch(other, AD_VIEW(reals, 6)), x), AD_REACHED);
    ad_tape_reset(t);
    ck_assert_int_ne(ad_reach_of(y, x), AD_REACHED);
    ad_tape_free(t);
    ad_tape_free(other);
}
static void run_tape_unreached(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(reals, 6));
    ck_assert_uint_eq(ad_tape_unreached((ad_tensor){0}, NULL, NULL), 0);
    ck_assert_uint_eq(ad_tape_unreached(x, NULL, NULL), 0);
    ad_tape_reset(t);
    ck_assert_uint_eq(ad_tape_unreached(x, NULL, NULL), 0);
    ad_tape_free(t);
}
static void run_tape_describe(void)
{
    char text[6] = "....";
    ad_tape *t = ad_tape_new(NULL);
    ad_watch(t, AD_VIEW(reals, 6));
    ck_assert_ptr_null(ad_tape_describe(t, 0, NULL, 6));
    ck_assert_str_eq(ad_tape_describe(t, 0, text, 0), "....");
    ck_assert_ptr_eq(ad_tape_describe(t, 0, text, sizeof text), text);
    ck_assert_ptr_eq(ad_tape_describe(t, SIZE_MAX, text, sizeof text), text);
    ck_assert_ptr_eq(ad_tape_describe(NULL, 0, text, sizeof text), text);
    ad_tape_free(t);
}
static void run_tape_digest(void)
{
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_uint_eq(ad_tape_digest(t, 0), ad_tape_digest(t, SIZE_MAX));
    ad_tape_digest(NULL, 5);
    ad_tape_free(t);
}
static void run_tape_digests(void)
{
    uint64_t digests[2];
    ad_tape *t = ad_tape_new(NULL);
    ad_watch(t, AD_VIEW(reals, 6));
    ck_assert_uint_eq(ad_tape_digests(NULL, 2, digests), 0);
    ck_assert_uint_eq(ad_tape_digests(t, 2, NULL), 0);
    ck_assert_uint_eq(ad_tape_digests(t, 2, digests), 1);
    ad_tape_free(t);
}
static void run_digest_difference(void)
{
    const uint64_t a[2] = {1, 2}, b[2] = {1, 3};
    ck_assert_uint_eq(ad_digest_difference(0, NULL, NULL), 0);
    ck_assert_uint_eq(ad_digest_difference(2, a, b), 1);
    ck_assert_uint_eq(ad_digest_difference(2, NULL, b), 0);
    ck_assert_uint_eq(ad_digest_difference(2, a, NULL), 0);
}

/* ---- checks of derivatives ----------------------------------------------------------------- */

AD_MODEL(pair, w, b);

static ad_tensor sum_of_squares(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(x[0]));
}
static ad_tensor sum_of_pair(ad_tape *t, const void *tensors, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(((const pair_tensors *)tensors)->w));
}
/* Options, reports and options of tapes whose size nobody has set. */
enum { WAYS = 3 };
static const char *const unset[WAYS] = {"size of the options", "size of the report",
                                        "size of the tape's options"};
static ad_check_options no_size(int way, ad_check_report *report)
{
    static const ad_tape_options tape = {0};
    ad_check_options o = {.size = way ? sizeof o : 0,
                          .report = way == 1 ? report : NULL,
                          .tape = way == 2 ? &tape : NULL};
    *report = (ad_check_report){0};
    return o;
}
static void run_check_gradient(void)
{
    ad_error e = {0};
    ad_view x = AD_VIEW(reals, 6), none = {0};
    ck_assert_int_eq(ad_check_gradient(NULL, 1, &x, NULL, NULL, &e), AD_MISUSE);
    ck_assert_int_eq(ad_check_gradient(sum_of_squares, 1, NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_check_gradient(sum_of_squares, 0, &x, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_ne(ad_check_gradient(sum_of_squares, 1, &none, NULL, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_check_gradient(sum_of_squares, 1, &x, NULL, NULL, NULL), AD_OK);
    for (int way = 0; way < WAYS; way++) {
        ad_check_report report;
        ad_check_options o = no_size(way, &report);
        ad_error why = {0};
        ck_assert_int_eq(ad_check_gradient(sum_of_squares, 1, &x, NULL, &o, &why), AD_MISUSE);
        ck_assert_ptr_nonnull(strstr(why.text, unset[way]));
    }
    ck_assert_int_eq(e.status, AD_MISUSE);
}
static void run_check_op(void)
{
    ad_op half = {.size = sizeof(ad_op), .name = "half", .arity = 1};
    ck_assert_int_eq(ad_check_op(NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_ne(ad_check_op(&half, NULL, NULL, NULL), AD_OK);
    ck_assert_int_ne(ad_check_op(&(ad_op){0}, NULL, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_check_op(ad_builtin_op_named("square"), NULL, NULL, NULL), AD_OK);
    for (int way = 0; way < WAYS; way++) {
        ad_check_report report;
        ad_check_options o = no_size(way, &report);
        ck_assert_int_eq(ad_check_op(ad_builtin_op_named("square"), NULL, &o, NULL), AD_MISUSE);
    }
}
static void run_model_check_gradient(void)
{
    pair m = {ad_zeros(AD_F64, AD_SHAPE(2)), ad_zeros(AD_F64, AD_SHAPE(2))}, empty = {{0}, {0}};
    const ad_tree *d = &pair_tree;
    ck_assert_int_eq(ad_model_check_gradient(NULL, sum_of_pair, &m, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_check_gradient(d, NULL, &m, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_check_gradient(d, sum_of_pair, NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_ne(ad_model_check_gradient(d, sum_of_pair, &empty, NULL, NULL, NULL), AD_OK);
    for (int way = 0; way < WAYS; way++) {
        ad_check_report report;
        ad_check_options o = no_size(way, &report);
        ck_assert_int_eq(ad_model_check_gradient(d, sum_of_pair, &m, NULL, &o, NULL), AD_MISUSE);
    }
    pair_free(&m);
}
static void run_model_check_step(void)
{
    ad_tape *t = ad_tape_new(NULL);
    pair m = {ad_zeros(AD_F64, AD_SHAPE(2)), ad_zeros(AD_F64, AD_SHAPE(2))}, g = {{0}, {0}};
    pair_like(&m, &g, NULL);
    for (int way = 0; way < 5; way++)
        ck_assert_int_eq(ad_model_check_step(way == 0 ? NULL : &pair_tree, way == 1 ? NULL : t,
                                             way == 2 ? NULL : sum_of_pair, way == 3 ? NULL : &m,
                                             way == 4 ? NULL : &g, 0, NULL, NULL, NULL),
                         AD_MISUSE);
    for (int way = 0; way < WAYS; way++) {
        ad_check_report report;
        ad_check_options o = no_size(way, &report);
        ck_assert_int_eq(ad_model_check_step(&pair_tree, t, sum_of_pair, &m, &g, 0, NULL, &o, NULL),
                         AD_MISUSE);
    }
    pair_free(&m);
    pair_free(&g);
    ad_tape_free(t);
}
static void run_model_collect(void)
{
    pair m = {ad_zeros(AD_F64, AD_SHAPE(2)), ad_zeros(AD_F64, AD_SHAPE(2))}, g = {{0}, {0}};
    for (int way = 0; way < 5; way++) { /* the last: no sweep has come to its end */
        ad_tape *t = ad_tape_new(NULL);
        pair_tensors x = pair_watch(t, &m);
        ck_assert_int_eq(ad_model_collect(way == 0 ? NULL : &pair_tree, way == 1 ? NULL : t,
                                          way == 2 ? NULL : &x, way == 3 ? NULL : &g),
                         AD_MISUSE);
        ck_assert_ptr_null(g.w.data);
        ad_tape_free(t);
    }
    pair_free(&m);
}

/* clang-format off */
#define CHECK_ROWS(ROW) \
    ROW(sweep_begin) ROW(sweep_begin_from) ROW(sweep_step) ROW(sweep_cancel) ROW(tape_poll) \
    ROW(reach_of) ROW(tape_unreached) ROW(tape_describe) ROW(tape_digest) ROW(tape_digests) \
    ROW(digest_difference) ROW(check_gradient) ROW(check_op) ROW(model_check_gradient) \
    ROW(model_check_step) ROW(model_collect)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row check_rows[] = {CHECK_ROWS(ROW_OF)};
const size_t check_row_count = sizeof check_rows / sizeof *check_rows;
