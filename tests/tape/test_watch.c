/* The checks that a tape can be asked for: leaves that are not reached, borrowed numbers that
 * change, and two threads on one tape. Those of numbers are in test_numbers.c. */
#define _POSIX_C_SOURCE 200809L
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <pthread.h>
#include <string.h>

static const double some[] = {1, 4, 0, 2};

static ad_tape *tape_with(unsigned checks)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = checks});
    ck_assert_ptr_nonnull(t);
    return t;
}

static void expect_error(ad_tape *t, ad_status status, const char *message)
{
    ck_assert_str_eq(ad_tape_error(t), message);
    ck_assert_int_eq(ad_tape_status(t), status);
}

/* ---- reach ------------------------------------------------------------------------- */

/* A root that depends on its leaves in every way. */
typedef struct ways {
    ad_tensor reached, independent, stopped, severed, both, late, root;
} ways;

static ways record_ways(ad_tape *t)
{
    ways w;
    w.reached = ad_label(ad_watch(t, AD_VIEW(some, 4)), "reached");
    w.independent = ad_label(ad_watch(t, AD_VIEW(some, 4)), "alone");
    w.stopped = ad_label(ad_watch(t, AD_VIEW(some, 4)), "stopped");
    w.severed = ad_watch(t, AD_VIEW(some, 4));
    w.both = ad_label(ad_watch(t, AD_VIEW(some, 4)), "both");
    ad_exp(w.independent);
    ad_less(w.severed, 1); /* leads nowhere */
    ad_tensor unequal = ad_cast(ad_not_equal(w.stopped, 2), AD_F64);
    ad_tensor away = ad_equal(ad_stop_gradient(w.severed), ad_stop_gradient(unequal));
    ad_tensor mask = ad_greater(ad_exp(w.severed), ad_cast(away, AD_F64));
    ad_tensor y = ad_where(mask, ad_mul(w.reached, w.both), ad_stop_gradient(w.both));
    w.root = ad_sum(y);
    w.late = ad_label(ad_watch(t, AD_VIEW(some, 4)), "late");
    return w;
}

START_TEST(a_root_reaches_its_leaves_in_four_ways)
{
    ad_tape *t = tape_with(0), *other = tape_with(0);
    for (int failed = 0; failed < 2; failed++) {
        ways w = record_ways(t);
        if (failed)
            ck_assert_int_eq(ad_backward(w.root), AD_NO_DERIVATIVE);
        ck_assert_int_eq(ad_reach_of(w.root, w.reached), AD_REACHED);
        ck_assert_int_eq(ad_reach_of(w.root, w.independent), AD_INDEPENDENT);
        ck_assert_int_eq(ad_reach_of(w.root, w.stopped), AD_STOPPED);
        ck_assert_int_eq(ad_reach_of(w.root, w.severed), AD_SEVERED);
        ck_assert_int_eq(ad_reach_of(w.root, w.both), AD_REACHED);
        ck_assert_int_eq(ad_reach_of(w.root, w.late), AD_INDEPENDENT);
        ck_assert_int_eq(ad_reach_of(w.root, w.root), AD_REACH_UNKNOWN);
        ck_assert_int_eq(ad_reach_of(w.reached, w.both), AD_INDEPENDENT);
        ck_assert_int_eq(ad_reach_of(w.reached, w.reached), AD_REACHED);
        ck_assert_int_eq(ad_reach_of(w.root, ad_watch(other, AD_VIEW(some, 4))), AD_REACH_UNKNOWN);
        ad_tape_reset(t);
        ck_assert_int_eq(ad_reach_of(w.root, w.reached), AD_REACH_UNKNOWN);
    }
    ad_tape_free(t);
    ad_tape_free(other);
}
END_TEST

typedef struct listing {
    int count;
    const char *label[8], *op[8], *source_line[8], *op_source_line[8];
    ad_reach reach[8];
} listing;

static void list(void *user, const ad_unreached *leaf)
{
    listing *l = user;
    l->label[l->count] = leaf->label;
    l->source_line[l->count] = leaf->source_line;
    l->op[l->count] = leaf->op;
    l->op_source_line[l->count] = leaf->op_source_line;
    l->reach[l->count++] = leaf->reach;
    ck_assert_int_eq(ad_tape_status(leaf->leaf.tape), AD_OK);
    ck_assert(ad_is_tracked(leaf->leaf));
}

START_TEST(unreached_leaves_are_listed_by_name_with_what_cuts_them_off)
{
    listing l = {0};
    ad_tape *t = tape_with(0);
    ways w = record_ways(t);
    ck_assert_uint_eq(ad_tape_unreached(w.root, list, &l), 4);
    ck_assert_uint_eq(ad_tape_unreached(w.root, NULL, NULL), 4);
    ck_assert_int_eq(l.count, 4);
    ck_assert_str_eq(l.label[0], "alone");
    ck_assert_str_eq(l.label[1], "stopped");
    ck_assert_ptr_null(l.label[2]);
    ck_assert_str_eq(l.label[3], "late");
    ck_assert_ptr_null(l.op[0]);
    ck_assert_str_eq(l.op[1], "stop_gradient");
    ck_assert_str_eq(l.op[2], "greater");
    ck_assert_ptr_nonnull(strstr(l.source_line[2], "test_watch.c:"));
    ck_assert_ptr_null(l.op_source_line[0]);
    ck_assert_ptr_nonnull(strstr(l.op_source_line[2], "test_watch.c:"));
    ck_assert_str_ne(l.op_source_line[2], l.source_line[2]);
    ck_assert_int_eq(l.reach[0], AD_INDEPENDENT);
    ck_assert_int_eq(l.reach[1], AD_STOPPED);
    ck_assert_int_eq(l.reach[2], AD_SEVERED);
    ck_assert_int_eq(l.reach[3], AD_INDEPENDENT);
    ad_tape_free(t);
}
END_TEST

AD_MODEL(pair, used, unused);

START_TEST(on_request_unreached_leaves_are_errors_of_the_sweep)
{
    pair m = {ad_zeros(AD_F64, AD_SHAPE(3)), ad_zeros(AD_F64, AD_SHAPE(2))}, g = {0};
    ad_tape *t = tape_with(AD_CHECK_REACHED);
    pair_tensors x = pair_watch(t, &m);
    ck_assert_int_eq(pair_gradient(ad_sum(x.used), &x, &g), AD_UNREACHED);
    expect_error(t, AD_UNREACHED, "backward: the root does not reach \"unused\" (independent)");
    ck_assert_ptr_null(g.used.data);
    ad_tape_reset(t);
    x = pair_watch(t, &m);
    ad_tensor y = ad_add(ad_sum(x.used), ad_sum(x.unused));
    ck_assert_int_eq(pair_gradient(y, &x, &g), AD_OK);
    ad_tape_reset(t);
    ad_push_tangents(record_ways(t).root);
    ck_assert_int_eq(ad_tape_status(t), AD_UNREACHED);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(t), ", a leaf at "));
    ck_assert_ptr_nonnull(strstr(ad_tape_error(t), " (severed by greater at "));
    ck_assert_ptr_nonnull(strstr(
        message_of(t), "does not reach \"alone\" (independent), \"stopped\" (stopped by "
                       "stop_gradient), a leaf (severed by greater), \"late\" (independent)"));
    ad_tape_free(t);
    pair_free(&m);
    pair_free(&g);
}
END_TEST

/* ---- borrowed numbers -------------------------------------------------------------- */

typedef ad_tensor borrower(ad_tape *t, ad_view v);

/* One number of a borrowed array changes; of many types and strides, at every place. */
static void expect_change(ad_view v, void *number, size_t size)
{
    static const double one = 1;
    unsigned char kept[8];
    ad_tape *t = tape_with(AD_CHECK_BORROWED);
    for (int changed = 0; changed < 2; changed++) {
        ad_tensor x = ad_watch(t, AD_VIEW_SCALAR(&one));
        ad_label(ad_freeze(t, v), "guest");
        ad_tensor y = ad_square(x);
        memcpy(kept, number, size);
        if (changed)
            ((unsigned char *)number)[size - 1] ^= v.type == AD_BOOL ? 1 : 0x80;
        ck_assert_int_eq(ad_backward(y), changed ? AD_CHANGED : AD_OK);
        ck_assert(!changed == (ad_grad(x).data != NULL));
        if (changed)
            ck_assert_ptr_nonnull(strstr(ad_tape_error(t), "\"guest\" at "));
        memcpy(number, kept, size);
        ad_tape_reset(t);
    }
    ad_tape_free(t);
}

START_TEST(a_changed_number_is_found_at_every_place)
{
    static double numbers[160];
    static bool flags[90];
    for (int i = 0; i < 90; i++) {
        expect_change(AD_VIEW(numbers, 90), &numbers[i], sizeof *numbers);
        expect_change(AD_VIEW(flags, 90), &flags[i], sizeof *flags);
    }
    ad_view every_other = AD_VIEW(numbers, 80);
    every_other.stride[0] = 2;
    for (int i = 0; i < 80; i++)
        expect_change(every_other, &numbers[2 * i], sizeof *numbers);
    ad_view columns = AD_VIEW(numbers, 3, 30);
    columns.stride[0] = 1;
    columns.stride[1] = 3;
    for (int i = 0; i < 90; i++)
        expect_change(columns, &numbers[i], sizeof *numbers);
}
END_TEST

START_TEST(numbers_that_change_are_named_before_a_gradient_is_wrong)
{
    double numbers[] = {1, 2, 3};
    ad_tape *t = tape_with(AD_CHECK_BORROWED);
    int line = __LINE__ + 1;
    ad_tensor x = ad_label(ad_watch(t, AD_VIEW(numbers, 3)), "w");
    ad_tensor y = ad_sum(ad_square(x));
    ck_assert_int_eq(ad_backward(y), AD_OK);
    numbers[1] = 5;
    int sweep = __LINE__ + 1;
    ck_assert_int_eq(ad_backward(y), AD_CHANGED);
    char message[256];
    snprintf(message, sizeof message,
             "backward at %s:%d: borrowed numbers were changed: watch([3]) \"w\" at %s:%d",
             __FILE__, sweep, __FILE__, line);
    expect_error(t, AD_CHANGED, message);
    ad_tape_free(t);
}
END_TEST

/* Two signs that change at once, in one lane: what a weak hash does not see. */
START_TEST(changes_of_sign_do_not_cancel)
{
    double numbers[64];
    ad_tape *t = tape_with(AD_CHECK_BORROWED);
    for (int i = 0; i < 64; i++)
        numbers[i] = 1 + i;
    ad_tensor y = ad_sum(ad_watch(t, AD_VIEW(numbers, 64)));
    for (int i = 0; i < 64; i++)
        numbers[i] = -numbers[i];
    ck_assert_int_eq(ad_backward(y), AD_CHANGED);
    ad_tape_free(t);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------- */

enum { TURNS = 20000, LENGTH = 1024 };

typedef struct visit {
    ad_tape *tape;
    ad_tensor x;
    pthread_barrier_t *start;
    bool met; /* the other thread */
} visit;

static void *use(void *user)
{
    visit *v = user;
    pthread_barrier_wait(v->start);
    for (int i = 0; i < TURNS && !v->met; i++) {
        ad_sin(v->x);
        v->met = ad_tape_status(v->tape) == AD_BUSY;
    }
    return NULL;
}

START_TEST(a_tape_in_two_threads_at_once_is_busy_until_it_is_reset)
{
    static double numbers[LENGTH];
    pthread_barrier_t start;
    pthread_t thread;
    ad_tape *t = tape_with(AD_CHECK_THREADS);
    ad_tensor x = ad_freeze(t, AD_VIEW(numbers, LENGTH));
    visit here = {t, x, &start, false}, there = here;
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, use, &there), 0);
    use(&here);
    pthread_join(thread, NULL);
    ck_assert(here.met && there.met);
    ck_assert_int_eq(ad_tape_status(t), AD_BUSY);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(t), "sin: the tape is in use by another thread"));
    ad_tensor y = ad_sin(x);
    ck_assert_ptr_null(ad_read(y).data);
    ck_assert_int_eq(ad_backward(y), AD_BUSY);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    x = ad_watch(t, AD_VIEW(numbers, LENGTH));
    ck_assert_int_eq(ad_backward(ad_sum(ad_sin(x))), AD_OK);
    ad_tape_free(t);
    pthread_barrier_destroy(&start);
}
END_TEST

static void *take_turn(void *user)
{
    visit *v = user;
    ad_tensor x = ad_watch(v->tape, AD_VIEW(some, 4));
    v->met = ad_backward(ad_sum(ad_square(x))) != AD_OK;
    ad_tape_reset(v->tape);
    return NULL;
}

START_TEST(a_tape_may_go_from_thread_to_thread)
{
    visit v = {.tape = tape_with(AD_CHECK_THREADS | AD_CHECK_NUMBERS)};
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, take_turn, &v), 0);
        pthread_join(thread, NULL);
        ck_assert(!v.met);
        take_turn(&v);
        ck_assert(!v.met);
    }
    ad_tape_free(v.tape);
}
END_TEST

/* A kernel that uses its own tape is another matter, and stays one. */
static ad_tensor within;

static void re_enter(const ad_forward_args *c)
{
    memcpy(c->y.data, c->x[0].data, ad_array_count(&c->y) * sizeof(double));
    ad_sin(within);
}

START_TEST(a_kernel_that_enters_its_tape_is_told_so)
{
    static const ad_op op = {.size = sizeof(ad_op),
                             .name = "greedy",
                             .arity = 1,
                             .flags = AD_OP_NO_DERIVATIVE,
                             .shape = ad_shape_first,
                             .forward = re_enter};
    ad_tape *t = tape_with(AD_CHECK_THREADS);
    within = ad_freeze(t, AD_VIEW(some, 4));
    ad_apply(&op, &within, NULL);
    ck_assert_int_eq(ad_tape_status(t), AD_BUSY);
    ck_assert_str_eq(message_of(t), "sin: the tape is in use by a kernel of greedy");
    ad_tape_reset(t);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
}
END_TEST

static void *reset_from_afar(void *t)
{
    ad_tape_reset(t);
    return NULL;
}

static void let_another_reset(const ad_forward_args *c)
{
    pthread_t thread;
    memcpy(c->y.data, c->x[0].data, ad_array_count(&c->y) * sizeof(double));
    ck_assert_int_eq(pthread_create(&thread, NULL, reset_from_afar, within.tape), 0);
    pthread_join(thread, NULL);
}

START_TEST(a_reset_from_another_thread_disturbs_no_kernel)
{
    static const ad_op op = {.size = sizeof(ad_op),
                             .name = "patient",
                             .arity = 1,
                             .flags = AD_OP_NO_DERIVATIVE,
                             .shape = ad_shape_first,
                             .forward = let_another_reset};
    ad_tape *t = tape_with(AD_CHECK_THREADS);
    within = ad_freeze(t, AD_VIEW(some, 4));
    ck_assert_ptr_nonnull(ad_read(ad_apply(&op, &within, NULL)).data);
    expect_error(t, AD_BUSY, "reset: the tape is in use by another thread, for patient");
    ad_tape_free(t);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("checks");
    TCase *reach = tcase_create("reach");
    TCase *borrowed = tcase_create("borrowed"), *threads = tcase_create("threads");
    tcase_add_test(reach, a_root_reaches_its_leaves_in_four_ways);
    tcase_add_test(reach, unreached_leaves_are_listed_by_name_with_what_cuts_them_off);
    tcase_add_test(reach, on_request_unreached_leaves_are_errors_of_the_sweep);
    tcase_add_test(borrowed, a_changed_number_is_found_at_every_place);
    tcase_add_test(borrowed, numbers_that_change_are_named_before_a_gradient_is_wrong);
    tcase_add_test(borrowed, changes_of_sign_do_not_cancel);
    tcase_add_test(threads, a_tape_in_two_threads_at_once_is_busy_until_it_is_reset);
    tcase_add_test(threads, a_tape_may_go_from_thread_to_thread);
    tcase_add_test(threads, a_kernel_that_enters_its_tape_is_told_so);
    tcase_add_test(threads, a_reset_from_another_thread_disturbs_no_kernel);
    suite_add_tcase(suite, reach);
    suite_add_tcase(suite, borrowed);
    suite_add_tcase(suite, threads);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
