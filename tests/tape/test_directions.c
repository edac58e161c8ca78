/* Several tangents in one pass and several cotangents in one sweep: each comes out to the last bit as it does
 * alone, and all that holds for one holds for many. */
#include "adze/op.h"

#include "allocator.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

enum { ROWS = 2, COLUMNS = 3, SIZE = ROWS * COLUMNS, MANY = 5 };

static ad_tape *tape;

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

/* ---- what is differentiated -------------------------------------------------------- */

typedef struct leaves {
    ad_tensor a, b, c;
} leaves;

static const double a_numbers[SIZE] = {.5, -1, .25, 1.5, -.75, 1.25};
static const double b_numbers[COLUMNS] = {.3, .8, -.6};
static const double c_number = 1.5;

static double numbers[MANY][SIZE];
static float narrow[MANY][SIZE];
static float a_narrow[SIZE], b_narrow[COLUMNS], c_narrow = 1.5f;

static void fill_numbers(void)
{
    ad_random r = ad_random_new(7, 0);
    for (int i = 0; i < MANY; i++)
        for (int j = 0; j < SIZE; j++)
            narrow[i][j] = (float)(numbers[i][j] = ad_random_normal(&r));
    for (int j = 0; j < SIZE; j++)
        a_narrow[j] = (float)a_numbers[j];
    for (int j = 0; j < COLUMNS; j++)
        b_narrow[j] = (float)b_numbers[j];
}

/* A tangent or cotangent of a's shape, of b's, or a number. */
static ad_view like_a(ad_type type, int i)
{
    return type == AD_F64 ? AD_VIEW(numbers[i], ROWS, COLUMNS) : AD_VIEW(narrow[i], ROWS, COLUMNS);
}

static ad_view like_b(ad_type type, int i)
{
    return type == AD_F64 ? AD_VIEW(numbers[i] + 1, COLUMNS) : AD_VIEW(narrow[i] + 1, COLUMNS);
}

static leaves watch(ad_type type)
{
    bool wide = type == AD_F64;
    fill_numbers();
    return (leaves){
        ad_watch(tape, wide ? AD_VIEW(a_numbers, ROWS, COLUMNS) : AD_VIEW(a_narrow, ROWS, COLUMNS)),
        ad_watch(tape, wide ? AD_VIEW(b_numbers, COLUMNS) : AD_VIEW(b_narrow, COLUMNS)),
        ad_watch(tape, wide ? AD_VIEW_SCALAR(&c_number) : AD_VIEW_SCALAR(&c_narrow)),
    };
}

/* Broadcast, repeated, viewed, and more operands than a frame holds at first. [2, 3]; not of c. */
static ad_tensor entangled(const leaves *x)
{
    ad_tensor h = ad_tanh(ad_mul(x->a, x->b));
    ad_tensor p[] = {h,
                     ad_exp(h),
                     ad_mul(h, h),
                     ad_transpose(ad_reshape(x->a, AD_SHAPE(3, 2))),
                     ad_add(h, ad_cos(x->b)),
                     h};
    ad_tensor joined = ad_concat(6, p, 0);
    return ad_add(ad_softmax(ad_matmul(x->a, ad_slice(ad_transpose(joined), 1, 3, 6)), -1),
                  ad_slice(joined, 0, 1, 3));
}

static void expect_bits(const char *what, int i, ad_view many, ad_view alone)
{
    ck_assert_msg(many.data && alone.data, "%s %d: there is nothing", what, i);
    ck_assert(ad_shape_equal(&many.shape, &alone.shape) && many.type == alone.type);
    size_t bytes = ad_view_count(&many) * ad_type_size(many.type);
    ck_assert_msg(!memcmp(many.data, alone.data, bytes), "%s %d: not what it is alone", what, i);
}

static const ad_type types[] = {AD_F64, AD_F32};

/* ---- the same as alone ------------------------------------------------------------- */

/* Copies that outlive the next sweep. */
static ad_view keep(ad_view v)
{
    size_t bytes = ad_view_count(&v) * ad_type_size(v.type);
    void *copy = ad_tape_memory(tape, bytes);
    ck_assert(v.data && copy);
    memcpy(copy, v.data, bytes);
    v.data = copy;
    return v;
}

START_TEST(many_cotangents_give_the_gradients_of_each)
{
    ad_view dy[MANY], da[MANY], db[MANY];
    leaves x = watch(types[_i]);
    ad_tensor y = entangled(&x);
    for (int i = 0; i < MANY; i++)
        dy[i] = like_a(types[_i], i);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(ad_backward_from(y, dy[i]), AD_OK);
        da[i] = keep(ad_grad(x.a));
        db[i] = keep(ad_grad(x.b));
    }
    for (int round = 0; round < 2; round++)
        ck_assert_int_eq(ad_backward_many(y, MANY, dy), AD_OK);
    for (int i = 0; i < MANY; i++) {
        expect_bits("da", i, ad_grad_at(x.a, i), da[i]);
        expect_bits("db", i, ad_grad_at(x.b, i), db[i]);
        ck_assert_double_eq(
            ad_view_get(&(ad_view){ad_grad_at(x.c, i).data, types[_i], {0}, {0}}, 0), 0);
    }
    ck_assert(ad_reached(x.a) && !ad_reached(x.c));
    ck_assert_ptr_eq(ad_grad(x.a).data, ad_grad_at(x.a, 0).data);
}
END_TEST

static void set(const leaves *x, ad_type type, int count, int first)
{
    ad_view ta[MANY], tb[MANY];
    for (int i = 0; i < count; i++) {
        ta[i] = like_a(type, first + i);
        tb[i] = like_b(type, first + i);
    }
    ck_assert_int_eq(ad_set_tangent_many(x->a, count, ta), AD_OK);
    ck_assert_int_eq(ad_set_tangent_many(x->b, count, tb), AD_OK);
}

START_TEST(many_tangents_give_the_jvp_of_each)
{
    ad_view ty[MANY];
    leaves x = watch(types[_i]);
    ad_tensor y = entangled(&x);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(ad_set_tangent(x.a, like_a(types[_i], i)), AD_OK);
        ck_assert_int_eq(ad_set_tangent(x.b, like_b(types[_i], i)), AD_OK);
        ck_assert_int_eq(ad_push_tangents(y), AD_OK);
        ty[i] = keep(ad_tangent(y));
    }
    set(&x, types[_i], MANY, 0);
    for (int round = 0; round < 2; round++)
        ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    for (int i = 0; i < MANY; i++)
        expect_bits("ty", i, ad_tangent_at(y, i), ty[i]);
    ck_assert_ptr_eq(ad_tangent(y).data, ad_tangent_at(y, 0).data);
}
END_TEST

START_TEST(many_tangents_give_the_hessian_product_of_each)
{
    ad_view ha[MANY], hb[MANY];
    leaves x = watch(types[_i]);
    ad_tensor y = ad_sum(ad_mul(entangled(&x), x.c));
    for (int i = 0; i < MANY; i++) {
        set(&x, types[_i], 1, i);
        ck_assert_int_eq(ad_push_tangents(y), AD_OK);
        ck_assert_int_eq(ad_backward_tangents(y), AD_OK);
        ha[i] = keep(ad_grad_tangent(x.a));
        hb[i] = keep(ad_grad_tangent(x.b));
    }
    ad_view gradient = keep(ad_grad(x.a));
    set(&x, types[_i], MANY, 0);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    for (int round = 0; round < 2; round++)
        ck_assert_int_eq(ad_backward_tangents(y), AD_OK);
    for (int i = 0; i < MANY; i++) {
        expect_bits("ha", i, ad_grad_tangent_at(x.a, i), ha[i]);
        expect_bits("hb", i, ad_grad_tangent_at(x.b, i), hb[i]);
    }
    expect_bits("gradient", 0, ad_grad(x.a), gradient);
    ck_assert_ptr_null(ad_grad_at(x.a, 1).data);
    ck_assert_ptr_eq(ad_grad_tangent(x.a).data, ad_grad_tangent_at(x.a, 0).data);
}
END_TEST

/* ---- numbers of them --------------------------------------------------------------- */

START_TEST(only_as_many_can_be_read_as_there_are)
{
    leaves x = watch(AD_F64);
    ad_tensor y = entangled(&x);
    ad_view dy[] = {like_a(AD_F64, 0), like_a(AD_F64, 1)};
    ck_assert_int_eq(ad_backward_many(y, 2, dy), AD_OK);
    set(&x, AD_F64, 2, 0);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert(ad_grad_at(x.a, 1).data && !ad_grad_at(x.a, 2).data && !ad_grad_at(x.a, -1).data);
    ck_assert(ad_tangent_at(y, 1).data && !ad_tangent_at(y, 2).data && !ad_tangent_at(y, -1).data);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ck_assert(ad_grad_at(x.a, 0).data && !ad_grad_at(x.a, 1).data);
}
END_TEST

START_TEST(sweeps_of_different_numbers_follow_each_other)
{
    leaves x = watch(AD_F64);
    ad_tensor y = entangled(&x);
    ad_view dy[MANY];
    for (int i = 0; i < MANY; i++)
        dy[i] = like_a(AD_F64, i);
    ck_assert_int_eq(ad_backward_from(y, dy[3]), AD_OK);
    ad_view alone = keep(ad_grad(x.a));
    for (int count = MANY; count > 0; count--) {
        ck_assert_int_eq(ad_backward_many(y, count, dy + MANY - count), AD_OK);
        if (count >= 2)
            expect_bits("da", count, ad_grad_at(x.a, count - 2), alone);
    }
    ck_assert_int_eq(ad_sweep_begin_from(y, dy[3]), AD_OK);
    while (ad_sweep_step(tape, 1))
        ck_assert_ptr_null(ad_grad_at(x.a, 0).data);
    expect_bits("in slices", 0, ad_grad(x.a), alone);
    ck_assert_int_eq(ad_sweep_begin_from(y, dy[3]), AD_OK);
    ck_assert_int_eq(ad_backward_many(y, 2, dy + 2), AD_OK); /* ends the one in slices */
    expect_bits("after slices", 0, ad_grad_at(x.a, 1), alone);
}
END_TEST

START_TEST(cotangents_may_be_gradients_of_the_last_sweep)
{
    leaves x = watch(AD_F64);
    ad_tensor y = ad_mul(x.a, 3);
    ad_view dy[] = {like_a(AD_F64, 0), like_a(AD_F64, 1)};
    ck_assert_int_eq(ad_backward_many(y, 2, dy), AD_OK);
    ad_view again[] = {ad_grad_at(x.a, 1), ad_grad_at(x.a, 0), ad_grad_at(x.a, 1)};
    ck_assert_int_eq(ad_backward_many(y, 3, again), AD_OK);
    for (int i = 0; i < 3; i++) {
        ad_view got = ad_grad_at(x.a, i);
        for (size_t j = 0; j < SIZE; j++)
            ck_assert_double_eq(ad_view_get(&got, j),
                                (double)(3 * (double)(3 * numbers[i != 1][j])));
    }
}
END_TEST

START_TEST(no_numbers_in_a_direction_are_zeros)
{
    leaves x = watch(AD_F64);
    ad_tensor y = ad_add(ad_square(x.a), x.b);
    ad_view ta[] = {{0}, like_a(AD_F64, 0)}, tb[] = {like_b(AD_F64, 0), {0}}, none[2] = {{0}, {0}};
    ad_set_tangent_many(x.a, 2, ta);
    ad_set_tangent_many(x.b, 2, tb);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    for (int i = 0; i < SIZE; i++) {
        ad_view ty[] = {ad_tangent_at(y, 0), ad_tangent_at(y, 1)};
        ck_assert_double_eq(ad_view_get(&ty[0], (size_t)i), numbers[0][1 + i % COLUMNS]);
        ck_assert_double_eq(ad_view_get(&ty[1], (size_t)i), 2 * a_numbers[i] * numbers[0][i]);
    }
    ad_set_tangent_many(x.a, 2, none);
    ad_set_tangent_many(x.b, 2, none);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert_ptr_null(ad_tangent(y).data);
}
END_TEST

START_TEST(another_number_of_directions_starts_all_leaves_anew)
{
    leaves x = watch(AD_F64);
    ad_tensor y = ad_mul(x.a, x.b);
    set(&x, AD_F64, 3, 0);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert_int_eq(ad_set_tangent(x.b, like_b(AD_F64, 0)), AD_OK);
    ck_assert_ptr_null(ad_tangent(x.a).data);
    ck_assert_ptr_null(ad_tangent(y).data);
    ck_assert_int_eq(ad_backward_tangents(ad_sum(y)), AD_MISUSE); /* nothing is pushed now */
}
END_TEST

/* ---- what can go wrong ------------------------------------------------------------- */

START_TEST(a_bad_number_in_one_of_many_is_found)
{
    double bad[SIZE] = {0};
    ad_tape_options o = {.size = sizeof o, .checks = AD_CHECK_NUMBERS};
    teardown();
    tape = ad_tape_new(&o);
    leaves x = watch(AD_F64);
    ad_tensor y = ad_exp(x.a);
    bad[4] = INFINITY;
    ad_view t[] = {like_a(AD_F64, 0), AD_VIEW(bad, ROWS, COLUMNS), like_a(AD_F64, 1)};
    ck_assert_int_eq(ad_backward_many(y, 3, t), AD_NOT_FINITE);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), "pullback of exp"));
    ck_assert_ptr_null(ad_grad(x.a).data);
    ad_tape_reset(tape);
    x = watch(AD_F64);
    y = ad_exp(x.a);
    ck_assert_int_eq(ad_set_tangent_many(x.a, 3, t), AD_OK);
    ck_assert_int_eq(ad_push_tangents(y), AD_NOT_FINITE);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), "jvp of exp"));
}
END_TEST

START_TEST(a_tangent_of_the_cotangent_is_of_a_single_direction)
{
    leaves x = watch(AD_F64);
    ad_tensor y = ad_exp(x.a);
    set(&x, AD_F64, 2, 0);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert_int_eq(ad_backward_tangents_from(y, like_a(AD_F64, 0), (ad_view){0}), AD_OK);
    ck_assert_ptr_nonnull(ad_grad_tangent_at(x.a, 1).data);
    ck_assert_int_eq(ad_backward_tangents_from(y, like_a(AD_F64, 0), like_a(AD_F64, 1)), AD_MISUSE);
}
END_TEST

/* ---- steady state ------------------------------------------------------------------ */

START_TEST(passes_and_sweeps_after_the_first_take_no_memory)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_tape_options o = {.size = sizeof o, .allocator = &memory.base};
    size_t calls = 0;
    teardown();
    tape = ad_tape_new(&o);
    for (int step = 0; step < 5; step++) {
        leaves x = watch(AD_F64);
        ad_tensor y = entangled(&x), s = ad_sum(y);
        ad_view dy[MANY];
        for (int i = 0; i < MANY; i++)
            dy[i] = like_a(AD_F64, i);
        set(&x, AD_F64, MANY, 0);
        ck_assert(ad_backward_many(y, MANY, dy) == AD_OK && ad_push_tangents(s) == AD_OK &&
                  ad_backward_tangents(s) == AD_OK);
        ad_tape_reset(tape);
        ck_assert(step < 2 || memory.calls == calls);
        calls = memory.calls;
    }
    ad_tape_free(tape);
    tape = NULL;
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("directions");
    TCase *all = tcase_create("directions");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, many_cotangents_give_the_gradients_of_each, 0, 2);
    tcase_add_loop_test(all, many_tangents_give_the_jvp_of_each, 0, 2);
    tcase_add_loop_test(all, many_tangents_give_the_hessian_product_of_each, 0, 2);
    tcase_add_test(all, only_as_many_can_be_read_as_there_are);
    tcase_add_test(all, sweeps_of_different_numbers_follow_each_other);
    tcase_add_test(all, cotangents_may_be_gradients_of_the_last_sweep);
    tcase_add_test(all, no_numbers_in_a_direction_are_zeros);
    tcase_add_test(all, another_number_of_directions_starts_all_leaves_anew);
    tcase_add_test(all, a_bad_number_in_one_of_many_is_found);
    tcase_add_test(all, a_tangent_of_the_cotangent_is_of_a_single_direction);
    tcase_add_test(all, passes_and_sweeps_after_the_first_take_no_memory);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
