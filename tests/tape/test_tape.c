/* The tape: lifetimes, errors that stick, sweeps, marks, what is lost on the way, tracing. */
#include "measured.h"
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

static const float six[] = {1, 2, 3, 4, 5, 6};
static ad_tape *tape;

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static ad_tensor watched(void)
{
    return ad_watch(tape, AD_VIEW(six, 2, 3));
}

static void expect(ad_status status, const char *text)
{
    ck_assert_int_eq(ad_tape_status(tape), status);
    ck_assert_str_eq(message_of(tape), text);
    ad_tape_reset(tape);
}

/* ---- errors ------------------------------------------------------------------------ */

START_TEST(the_seed_of_a_sweep_may_be_a_gradient_of_the_one_before)
{
    const double numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(numbers, 9)), y = ad_mul(x, x);
    ck_assert_int_eq(ad_backward_from(y, AD_VIEW(numbers, 9)), AD_OK);
    ck_assert_int_eq(ad_backward_from(y, ad_grad(x)), AD_OK);
    ad_view g = ad_grad(x);
    for (size_t i = 0; i < 9; i++)
        ck_assert_double_eq(ad_view_get(&g, i), 4 * pow(numbers[i], 3));
    ad_tape_free(t);
}
END_TEST

START_TEST(first_error_sticks_and_names_the_shapes)
{
    ad_tensor x = watched();
    ad_tensor y = ad_matmul(x, x);
    ad_tensor z = ad_sum(ad_add(y, ad_matmul(x, x)));
    ck_assert_ptr_null(ad_read(z).data);
    ck_assert(isnan(ad_item(z)));
    ck_assert_int_eq(ad_backward(z), AD_BAD_SHAPE);
    expect(AD_BAD_SHAPE,
           "matmul([2, 3], [2, 3]): columns of the left must equal rows of the right");
    ck_assert_int_eq(ad_backward(ad_sum(watched())), AD_OK);
}
END_TEST

START_TEST(a_reset_ends_tensors_with_a_message)
{
    ad_tensor x = watched();
    ad_tape_reset(tape);
    ck_assert_ptr_null(ad_read(x).data);
    ad_neg(x);
    expect(AD_STALE, "neg: operand 0 is gone: a reset or rewind ended it");
    watched();
    ad_backward(x);
    expect(AD_STALE, "backward: the root is gone: a reset or rewind ended it");
}
END_TEST

START_TEST(tensors_of_two_tapes_do_not_mix)
{
    ad_tape *other = ad_tape_new(NULL);
    ad_add(watched(), ad_freeze(other, AD_VIEW(six, 3)));
    ad_tape_free(other);
    expect(AD_FOREIGN, "add: operand 1 belongs to another tape");
}
END_TEST

START_TEST(number_types_do_not_mix)
{
    double d = 1;
    int32_t i = 1;
    ad_mul(watched(), ad_freeze(tape, AD_VIEW_SCALAR(&d)));
    expect(AD_BAD_TYPE, "mul([2, 3], []): operands must have one type, not f32 and f64 "
                        "(ad_cast converts)");
    ad_exp(ad_freeze(tape, AD_VIEW_SCALAR(&i)));
    expect(AD_BAD_TYPE, "exp([]): operands must be f32 or f64 (ad_cast converts)");
    ad_watch(tape, AD_VIEW_SCALAR(&i));
    expect(AD_BAD_TYPE, "watch: numbers of type i32 have no derivative; freeze them");
}
END_TEST

START_TEST(bad_views_are_refused)
{
    ad_view v = AD_VIEW(six, 2, 3);
    v.shape.dim[0] = -1;
    ad_watch(tape, v);
    expect(AD_BAD_SHAPE, "watch([-1, 3]): extent -1 is negative");
    v.shape.dim[0] = INT64_MAX / 2;
    ad_freeze(tape, v);
    ck_assert_int_eq(ad_tape_status(tape), AD_TOO_LARGE);
    ad_tape_reset(tape);
    v = AD_VIEW(six, 2, 3);
    v.stride[0] = INT64_MIN;
    ad_freeze(tape, v);
    ck_assert_int_eq(ad_tape_status(tape), AD_TOO_LARGE);
    ad_tape_reset(tape);
    v = AD_VIEW(six, 2, 3);
    v.data = NULL;
    ad_freeze(tape, v);
    expect(AD_MISUSE, "freeze([2, 3]): there are no numbers, data is NULL");
    v.data = six;
    v.type = AD_TYPE_COUNT;
    ad_freeze(tape, v);
    ck_assert_int_eq(ad_tape_status(tape), AD_BAD_TYPE);
}
END_TEST

START_TEST(a_view_of_a_bad_shape_is_refused_for_its_shape)
{
    const struct {
        ad_view v;
        ad_status status;
        const char *message;
    } rows[] = {
        {AD_VIEW(six, -3), AD_BAD_SHAPE, "freeze([-3]): extent -3 is negative"},
        {AD_VIEW(six, 2, -1), AD_BAD_SHAPE, "freeze([2, -1]): extent -1 is negative"},
        {AD_VIEW(six, INT64_MAX, 8), AD_TOO_LARGE,
         "freeze([9223372036854775807, 8]): so many elements do not fit the address space"},
        {ad_view_of(AD_F32, six, (ad_shape){9, {1}}), AD_BAD_SHAPE,
         "freeze([]): rank 9 is not 0 to 8"},
        {ad_view_of(AD_F32, six, (ad_shape){-1, {1}}), AD_BAD_SHAPE,
         "freeze(): rank -1 is not 0 to 8"},
        {ad_view_of((ad_type)77, six, AD_SHAPE(6)), AD_BAD_TYPE, "freeze: 77 is not a number type"},
        {AD_SHAPED(AD_SHAPE(2, 2), six), AD_BAD_SHAPE,
         "freeze([2, 2]): 6 numbers do not fill [2, 2]"},
        {AD_SHAPED(AD_SHAPE(0, 2), six), AD_BAD_SHAPE,
         "freeze([0, 2]): 6 numbers do not fill [0, 2]"},
        {AD_SHAPED(AD_SCALAR, six), AD_BAD_SHAPE, "freeze([]): 6 numbers do not fill []"},
        {AD_SHAPED(AD_SHAPE(-2, 3), six), AD_BAD_SHAPE, "freeze([-2, 3]): extent -2 is negative"},
        {ad_array_view(AD_ARRAY((float *)NULL, 6)), AD_MISUSE,
         "freeze([6]): there are no numbers, data is NULL"},
        {ad_array_view(ad_zeros(AD_F32, AD_SHAPE(-3))), AD_BAD_SHAPE,
         "freeze([-3]): extent -3 is negative"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_ptr_null(rows[i].v.data);
        (ad_freeze)(tape, rows[i].v);
        expect(rows[i].status, rows[i].message);
    }
}
END_TEST

START_TEST(wrong_options_fail_from_the_start)
{
    const char *size = "tape: the options need .size = sizeof(ad_tape_options)";
    const struct {
        ad_tape_options options;
        const char *message;
    } rows[] = {
        {{.checks = AD_CHECK_BOUNDS}, size},
        {{.size = sizeof(ad_tape_options) - 1}, size},
        {{.size = SIZE_MAX / 2}, size},
        {{.size = sizeof(ad_tape_options), .checks = 64 | AD_CHECK_NUMBERS},
         "tape: there is no check 0x40"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ad_tape *t = ad_tape_new(&rows[i].options);
        for (int round = 0; round < 2; round++) {
            ad_tensor x = ad_watch(t, AD_VIEW(six, 6));
            ck_assert_int_eq(ad_backward(ad_sum(x)), AD_MISUSE);
            ck_assert_str_eq(ad_tape_error(t), rows[i].message);
            ad_tape_reset(t);
        }
        ad_tape_free(t);
    }
}
END_TEST

START_TEST(a_forgotten_watch_is_found_if_one_asks)
{
    ad_tape *t = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .checks = AD_CHECK_REACHED});
    ck_assert_int_eq(ad_backward(ad_sum(ad_freeze(t, AD_VIEW(six, 6)))), AD_UNREACHED);
    ck_assert_str_eq(message_of(t), "backward: nothing on the tape is watched (ad_watch)");
    ad_tape_free(t);
    ck_assert_int_eq(ad_backward(ad_sum(ad_freeze(tape, AD_VIEW(six, 6)))), AD_OK);
}
END_TEST

START_TEST(a_root_must_be_one_float)
{
    ad_backward(ad_neg(watched()));
    expect(AD_BAD_SHAPE, "backward: the root must have one element, neg gave [2, 3] (reduce it, or "
                         "use ad_backward_from)");
    ad_backward(ad_greater(ad_sum(watched()), 1));
    expect(AD_BAD_TYPE, "backward: the root greater[] is of type bool, which has no derivative");
    ad_backward_from(ad_neg(watched()), AD_VIEW(six, 3, 2));
    expect(AD_BAD_SHAPE, "backward: the cotangent has shape [3, 2], the root has [2, 3]");
}
END_TEST

START_TEST(nothing_is_not_a_crash)
{
    ad_tensor none = {0};
    ad_view nothing = {0};
    ck_assert_int_eq(ad_tape_status(NULL), AD_MISUSE);
    ck_assert_int_eq(ad_backward(none), AD_MISUSE);
    ck_assert_int_eq(ad_backward_from(none, nothing), AD_MISUSE);
    ck_assert_int_eq(ad_set_tangent(none, nothing), AD_MISUSE);
    ck_assert_int_eq(ad_push_tangents(none), AD_MISUSE);
    ck_assert_int_eq(ad_backward_tangents(none), AD_MISUSE);
    ck_assert_int_eq(ad_tape_rewind((ad_mark){0}), AD_MISUSE);
    ck_assert_int_eq(ad_tape_fail(NULL, AD_FAILED, "x"), AD_MISUSE);
    ck_assert_int_eq(ad_tape_print(NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_tape_dot(NULL, NULL), AD_MISUSE);
    ck_assert_ptr_null(ad_tape_memory(NULL, 1));
    ck_assert_ptr_null((ad_watch)(NULL, nothing).tape);
    ck_assert_ptr_null((ad_freeze)(NULL, nothing).tape);
    ck_assert_ptr_null(ad_constant(NULL, AD_F32, 1).tape);
    ck_assert_ptr_null(ad_read(none).data);
    ck_assert_ptr_null(ad_grad(none).data);
    ck_assert_ptr_null(ad_tangent(none).data);
    ck_assert_ptr_null(ad_grad_tangent(none).data);
    ck_assert(ad_item(none) == 0 && !ad_reached(none) && !ad_is_tracked(none));
    ck_assert(isnan(ad_item(ad_add(1, 2))));
    ck_assert_ptr_null(ad_apply(NULL, NULL, NULL).tape);
    ad_label(none, "x");
    ad_tape_reset(NULL);
    ad_tape_trim(NULL);
    ad_tape_free(NULL);
    ad_tape_trace(NULL, NULL, NULL);
    ad_apply(NULL, &(ad_tensor){.tape = tape}, NULL);
    expect(AD_MISUSE, "apply: there is no op, or its arity is not a number (ad_apply_n)");
}
END_TEST

/* ---- sweeps ------------------------------------------------------------------------ */

static void expect_grad(ad_tensor x, const double *wanted)
{
    ad_view g = ad_grad(x);
    ck_assert_ptr_nonnull(g.data);
    for (size_t i = 0; i < ad_view_count(&g); i++)
        ck_assert_double_eq(ad_view_get(&g, i), wanted[i]);
}

START_TEST(gradients_flow_to_watched_leaves_only)
{
    ad_tensor x = watched(), c = ad_freeze(tape, AD_VIEW(six, 3)), unused = watched();
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(ad_mul(x, x), c))), AD_OK);
    expect_grad(x, (double[]){2, 8, 18, 8, 20, 36});
    ck_assert_ptr_null(ad_grad(c).data);
    ck_assert(ad_reached(x) && !ad_reached(unused));
    expect_grad(unused, (double[6]){0});
}
END_TEST

START_TEST(a_sweep_may_be_repeated_with_other_cotangents)
{
    const float first[] = {1, 0, 0, 0, 0, 0}, second[] = {0, 0, 0, 0, 0, 2};
    ad_tensor x = watched(), y = ad_square(x);
    ck_assert_int_eq(ad_backward_from(y, AD_VIEW(first, 2, 3)), AD_OK);
    expect_grad(x, (double[]){2, 0, 0, 0, 0, 0});
    ck_assert_int_eq(ad_backward_from(y, AD_VIEW(second, 2, 3)), AD_OK);
    expect_grad(x, (double[]){0, 0, 0, 0, 0, 24});
    size_t used = measured(tape).bytes_reserved;
    for (int i = 0; i < 1000; i++)
        ad_backward_from(y, AD_VIEW(second, 2, 3));
    ck_assert_uint_eq(measured(tape).bytes_reserved, used);
}
END_TEST

START_TEST(a_watched_leaf_can_be_the_root)
{
    float one = 3;
    ad_tensor x = ad_watch(tape, AD_VIEW_SCALAR(&one));
    ck_assert_int_eq(ad_backward(x), AD_OK);
    expect_grad(x, (double[]){1});
}
END_TEST

START_TEST(nothing_is_recorded_downstream_of_frozen_leaves)
{
    ad_tensor y = ad_exp(ad_freeze(tape, AD_VIEW(six, 2, 3)));
    ck_assert(!ad_is_tracked(y));
    ck_assert(ad_is_tracked(ad_mul(y, watched())));
}
END_TEST

START_TEST(a_path_lost_to_an_op_without_derivative_is_an_error)
{
    ad_tensor x = ad_label(watched(), "weights");
    ad_tensor mask = ad_greater(x, 2);
    ad_backward(ad_sum(ad_where(mask, ad_constant(tape, AD_F32, 1), 0)));
    expect(AD_NO_DERIVATIVE, "backward: the root depends on the watched leaf weights only through "
                             "greater, which has no derivative");
}
END_TEST

START_TEST(a_path_beside_an_op_without_derivative_is_fine)
{
    ad_tensor x = watched(), y = ad_where(ad_greater(x, 2), x, 0);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    expect_grad(x, (double[]){0, 0, 1, 1, 1, 1});
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(ad_stop_gradient(x), x))), AD_OK);
    expect_grad(x, (double[]){1, 2, 3, 4, 5, 6});
    ad_tensor stopped = ad_sum(ad_stop_gradient(x));
    ck_assert_int_eq(ad_backward(stopped), AD_OK);
    ck_assert(!ad_reached(x));
}
END_TEST

/* ---- marks ------------------------------------------------------------------------- */

START_TEST(rewinding_keeps_what_came_before)
{
    ad_tensor x = watched(), y = ad_square(x);
    ad_mark mark = ad_tape_mark(tape);
    size_t used = measured(tape).bytes_used;
    ad_tensor z = ad_exp(y);
    for (int i = 0; i < 1000; i++) {
        ad_backward(ad_sum(ad_exp(ad_add(y, watched()))));
        ck_assert_int_eq(ad_tape_rewind(mark), AD_OK);
        ck_assert_uint_eq(measured(tape).nodes, 2);
    }
    ck_assert_ptr_null(ad_read(z).data);
    ck_assert_double_eq(ad_view_get(&(ad_view){ad_read(y).data, AD_F32, AD_SHAPE(6), {1}}, 5), 36);
    ad_backward(ad_sum(y));
    ck_assert_int_eq(ad_tape_rewind(mark), AD_OK);
    ck_assert_uint_le(measured(tape).bytes_used, used + 64);
}
END_TEST

/* Nodes of ops that save bytes or have several results, and leaves that are watched for changes, begin
 * before their heads. */
START_TEST(rewinding_gives_back_all_bytes_of_values)
{
    const unsigned checks[] = {0, AD_CHECK_BORROWED, AD_CHECK_BOUNDS,
                               AD_CHECK_BORROWED | AD_CHECK_BOUNDS};
    const int32_t labels[] = {2, 0};
    ad_tape *t =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = checks[_i]});
    ad_tensor x = ad_watch(t, AD_VIEW(six, 2, 3)), label = ad_freeze(t, AD_VIEW(labels, 2));
    ad_mark mark = ad_tape_mark(t);
    size_t used = measured(t).bytes_used;
    for (int i = 0; i < 300; i++) {
        if (i % 3 == 0)
            ad_softmax_cross_entropy(x, label);
        else if (i % 3 == 1)
            ad_sort(x, 0, false);
        ad_watch(t, AD_VIEW(six, 6));
        ck_assert_int_eq(ad_tape_rewind(mark), AD_OK);
    }
    ck_assert_uint_le(measured(t).bytes_used, used + 64);
    ad_tape_free(t);
}
END_TEST

START_TEST(a_mark_below_a_rewind_is_stale)
{
    watched();
    ad_mark low = ad_tape_mark(tape);
    watched();
    ad_mark high = ad_tape_mark(tape);
    ck_assert_int_eq(ad_tape_rewind(low), AD_OK);
    watched();
    ck_assert_int_eq(ad_tape_rewind(high), AD_STALE);
    expect(AD_STALE, "rewind: the mark is no longer on the tape");
    ck_assert_int_eq(ad_tape_rewind(low), AD_STALE);
}
END_TEST

START_TEST(memory_on_the_tape_ends_with_a_rewind)
{
    ad_mark mark = ad_tape_mark(tape);
    size_t reserved = 0;
    for (int i = 0; i < 1000; i++) {
        char *memory = ad_tape_memory(tape, 1000);
        ck_assert_ptr_nonnull(memory);
        memset(memory, 1, 1000);
        ad_tape_rewind(mark);
        reserved = reserved ? reserved : measured(tape).bytes_reserved;
    }
    ck_assert_uint_eq(measured(tape).bytes_reserved, reserved);
    ck_assert_ptr_null(ad_tape_memory(tape, SIZE_MAX));
    ck_assert_int_eq(ad_tape_status(tape), AD_MEMORY);
}
END_TEST

START_TEST(trimming_gives_memory_back)
{
    ad_backward(ad_sum(watched()));
    ad_tape_reset(tape);
    ad_tape_trim(tape);
    ck_assert_uint_eq(measured(tape).bytes_reserved, 0);
    ck_assert_int_eq(ad_backward(ad_sum(watched())), AD_OK);
}
END_TEST

/* ---- looking on -------------------------------------------------------------------- */

static void append(void *user, const ad_event *event)
{
    char line[128];
    strcat(strcat(user, ad_event_print(event, line, sizeof line)), "\n");
}

START_TEST(a_tracer_sees_each_op_and_each_pullback)
{
    char seen[512] = "";
    ad_tape_trace(tape, append, seen);
    const float x[] = {1, 2, 3, 4};
    ad_backward(ad_mean(ad_square(ad_watch(tape, AD_VIEW(x, 4)))));
    ck_assert_str_eq(seen, "square([4]) -> [4]\nmean([4]) -> []\n"
                           "pullback of mean([4]) -> []\npullback of square([4]) -> [4]\n");
}
END_TEST

static void meddle(void *user, const ad_event *event)
{
    (void)event;
    ad_neg(*(ad_tensor *)user);
}

START_TEST(a_tracer_must_not_use_the_tape)
{
    ad_tensor x = watched();
    ad_tape_trace(tape, meddle, &x);
    ad_square(x);
    expect(AD_BUSY, "neg: the tape is in use by a kernel of the tracer");
}
END_TEST

static void written_to(char *text, size_t size, ad_status (*write)(const ad_tape *, FILE *))
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(write(tape, file), AD_OK);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

START_TEST(a_tape_can_be_listed_and_drawn)
{
    char text[2048];
    ad_mul(ad_label(watched(), "a \"b\"\nc"), 2);
    written_to(text, sizeof text, ad_tape_print);
    ck_assert_ptr_nonnull(strstr(text, "watched   watch -> f32 [2, 3]  a \"b\""));
    ck_assert_ptr_nonnull(strstr(text, "tracked   mul(0, 1) -> f32 [2, 3]"));
    written_to(text, sizeof text, ad_tape_dot);
    ck_assert_ptr_nonnull(strstr(text, "label=\"a \\\"b\\\"\\nc\\nf32 [2, 3]\""));
    ck_assert_ptr_nonnull(strstr(text, "n0 -> n2;"));
}
END_TEST

START_TEST(what_is_reserved_covers_what_is_used)
{
    const double numbers[] = {1, 2, 3};
    for (unsigned checks = 0; checks <= AD_CHECK_BOUNDS; checks++) {
        ad_tape *t =
            ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = checks});
        ad_tensor x = ad_watch(t, AD_VIEW(numbers, 3)), y = ad_sum(ad_exp(x));
        ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(numbers, 3)), AD_OK);
        ck_assert_int_eq(ad_push_tangents(y), AD_OK);
        ck_assert_int_eq(ad_backward_tangents(y), AD_OK);
        ck_assert_uint_ge(measured(t).bytes_reserved, measured(t).bytes_used);
        ad_tape_reset(t);
        ad_tape_trim(t);
        ck_assert_uint_eq(measured(t).bytes_used, 0);
        ck_assert_uint_eq(measured(t).bytes_reserved, 0);
        ad_tape_free(t);
    }
}
END_TEST

/* An axis of one element, or none, may claim any stride: it leads nowhere. */
START_TEST(strides_that_lead_nowhere_may_be_anything)
{
    static const int64_t wild[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, -1};
    const double numbers[] = {1, 2, 3}, zeros[3] = {0};
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        ad_view row = AD_VIEW(numbers, 1, 3), none = AD_VIEW(numbers, 0, 1),
                dy = AD_VIEW(zeros, 1, 3);
        row.stride[0] = none.stride[0] = none.stride[1] = dy.stride[0] = wild[i];
        ad_tensor x = ad_watch(tape, row), y = ad_flip(x, AD_AXES());
        ck_assert_double_eq(((const double *)ad_read(y).data)[0], 3);
        ck_assert_int_eq(ad_backward_from(y, dy), AD_OK);
        ck_assert_int_eq(ad_set_tangent(x, dy), AD_OK);
        y = ad_slice_step(ad_transpose(ad_flip(x, AD_AXES(0))), 0, AD_OPEN, AD_OPEN, -2);
        ck_assert_double_eq(ad_item(ad_sum(ad_diagonal(ad_matmul(x, ad_transpose(x)), 0))), 14);
        ck_assert_double_eq(ad_item(ad_sum(y)), 4);
        ck_assert_double_eq(ad_item(ad_sum(ad_flip(ad_freeze(tape, none), AD_AXES()))), 0);
        ck_assert_int_eq(ad_tape_status(tape), AD_OK);
        ad_tape_reset(tape);
    }
}
END_TEST

START_TEST(a_tangent_may_be_set_from_itself)
{
    const double numbers[] = {1, 2, 3, 4}, backwards[] = {4, 3, 2, 1};
    ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4));
    ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(numbers, 4)), AD_OK);
    ck_assert_int_eq(ad_set_tangent(x, ad_tangent(x)), AD_OK);
    ck_assert_mem_eq(ad_tangent(x).data, numbers, sizeof numbers);
    ad_view from = ad_tangent(x);
    from.data = (const double *)from.data + 3, from.stride[0] = -1;
    ck_assert_int_eq(ad_set_tangent(x, from), AD_OK);
    ck_assert_mem_eq(ad_tangent(x).data, backwards, sizeof backwards);
    ck_assert_int_eq(ad_set_tangent_many(x, 2, (ad_view[]){ad_tangent(x), AD_VIEW(numbers, 4)}),
                     AD_OK);
    ck_assert_mem_eq(ad_tangent(x).data, backwards, sizeof backwards);
    ck_assert_mem_eq(ad_tangent_at(x, 1).data, numbers, sizeof numbers);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("tape");
    TCase *all = tcase_create("tape");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, first_error_sticks_and_names_the_shapes);
    tcase_add_test(all, a_reset_ends_tensors_with_a_message);
    tcase_add_test(all, tensors_of_two_tapes_do_not_mix);
    tcase_add_test(all, number_types_do_not_mix);
    tcase_add_test(all, bad_views_are_refused);
    tcase_add_test(all, a_view_of_a_bad_shape_is_refused_for_its_shape);
    tcase_add_test(all, wrong_options_fail_from_the_start);
    tcase_add_test(all, a_forgotten_watch_is_found_if_one_asks);
    tcase_add_test(all, a_root_must_be_one_float);
    tcase_add_test(all, nothing_is_not_a_crash);
    tcase_add_test(all, gradients_flow_to_watched_leaves_only);
    tcase_add_test(all, a_sweep_may_be_repeated_with_other_cotangents);
    tcase_add_test(all, the_seed_of_a_sweep_may_be_a_gradient_of_the_one_before);
    tcase_add_test(all, a_watched_leaf_can_be_the_root);
    tcase_add_test(all, nothing_is_recorded_downstream_of_frozen_leaves);
    tcase_add_test(all, a_path_lost_to_an_op_without_derivative_is_an_error);
    tcase_add_test(all, a_path_beside_an_op_without_derivative_is_fine);
    tcase_add_test(all, rewinding_keeps_what_came_before);
    tcase_add_loop_test(all, rewinding_gives_back_all_bytes_of_values, 0, 4);
    tcase_add_test(all, a_mark_below_a_rewind_is_stale);
    tcase_add_test(all, memory_on_the_tape_ends_with_a_rewind);
    tcase_add_test(all, what_is_reserved_covers_what_is_used);
    tcase_add_test(all, strides_that_lead_nowhere_may_be_anything);
    tcase_add_test(all, a_tangent_may_be_set_from_itself);
    tcase_add_test(all, trimming_gives_memory_back);
    tcase_add_test(all, a_tracer_sees_each_op_and_each_pullback);
    tcase_add_test(all, a_tracer_must_not_use_the_tape);
    tcase_add_test(all, a_tape_can_be_listed_and_drawn);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
