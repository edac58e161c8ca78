/* Hostile sizes: extents, ranks and strides near the limits of their types, results larger than memory, more
 * than 2^31 elements, 10^7 nodes. Big inputs are views that repeat one number, or sparse mappings, so
 * that they need little memory. Long tests carry the tag "long" (CK_EXCLUDE_TAGS=long). */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */
#include "figure.h"
#include "measured.h"
#include "suite.h"

#include <adze.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

static ad_tape *tape;
static const double one = 1;

/* A machine whose largest piece of memory is small: what it does not have it says at once. */
enum { LARGEST = 1 << 24 };

static void *take_small(void *user, size_t bytes, size_t alignment)
{
    void *memory = NULL;
    (void)user;
    return bytes > LARGEST || posix_memalign(&memory, alignment, bytes) != 0 ? NULL : memory;
}

static void give_small(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    free(memory);
}

static const ad_allocator small_machine = {NULL, take_small, give_small};

static void setup(void)
{
    tape = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &small_machine});
}

static void setup_large(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

/* ---- shapes near the limits -------------------------------------------------------------- */

#define MOST   (PTRDIFF_MAX / 8) /* elements that fit with the widest type */
#define TWO(n) ((int64_t)1 << (n))
#define BITS   (8 * (int)sizeof(size_t))
#define VAST   TWO(BITS == 64 ? 40 : 26) /* elements that fit, but not into any memory here */
#define SIDE   TWO(BITS == 64 ? 20 : 13) /* its square root */
#define S(...)                                              \
    {                                                       \
        sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
        {                                                   \
            __VA_ARGS__                                     \
        }                                                   \
    }

typedef struct shape_case {
    ad_shape shape;
    ad_status status;
} shape_case;

/* clang-format off */
static const shape_case shape_cases[] = {
    {S(MOST), AD_OK},
    {S(MOST + 1), AD_TOO_LARGE},
    {S(INT64_MAX), AD_TOO_LARGE},
    {S(-1), AD_BAD_SHAPE},
    {S(INT64_MIN), AD_BAD_SHAPE},
    {S(TWO(BITS / 2 - 2), TWO(BITS / 2 - 3)), AD_OK},
    {S(TWO(BITS / 2 - 2), TWO(BITS / 2 - 2)), AD_TOO_LARGE},
    {S(TWO(31), TWO(31)), AD_TOO_LARGE},
    {S(TWO(32), TWO(32)), AD_TOO_LARGE},
    {S(TWO(33), TWO(31)), AD_TOO_LARGE},           /* 2^64 is 0 */
    {S(TWO(32), TWO(32) + 1), AD_TOO_LARGE},       /* 2^64 + 2^32 is small */
    {S(TWO(21), TWO(21), TWO(21), 2), AD_TOO_LARGE},
    {S(2, 2, 2, 2, 2, 2, 2, MOST), AD_TOO_LARGE},
    {S(0, INT64_MAX), AD_TOO_LARGE},               /* strides would overflow */
    {S(INT64_MAX, 0), AD_TOO_LARGE},
    {S(0, MOST), AD_OK},
    {S(1, 1, 1, 1, 1, 1, 1, 1), AD_OK},
    {S(INT64_MAX, -1), AD_BAD_SHAPE},
    {{-1, {0}}, AD_BAD_SHAPE},
    {{AD_MAX_RANK + 1, {1}}, AD_BAD_SHAPE},
    {{INT_MAX, {1}}, AD_BAD_SHAPE},
    {{INT_MIN, {1}}, AD_BAD_SHAPE},
};
/* clang-format on */
enum { SHAPES = sizeof shape_cases / sizeof *shape_cases };

START_TEST(impossible_shapes_are_refused_wherever_they_come_in)
{
    const shape_case *c = &shape_cases[_i];
    size_t n = 7;
    ck_assert_int_eq(ad_shape_count(&c->shape, &n), c->status);
    ck_assert(c->status == AD_OK || n == 7);
    ad_view v = {.data = &one, .type = AD_F64, .shape = c->shape}; /* strides of 0 */
    ad_tensor x = ad_watch(tape, v);
    ck_assert_int_eq(ad_tape_status(tape), c->status);
    ck_assert_int_eq(ad_read(x).data != NULL, c->status == AD_OK);
    ad_tape_reset(tape);
    ad_broadcast_to(ad_watch(tape, AD_VIEW_SCALAR(&one)), c->shape);
    ck_assert_int_eq(ad_tape_status(tape) == AD_OK, c->status == AD_OK);
    ad_tape_reset(tape);
    ad_reshape(ad_watch(tape, AD_VIEW_SCALAR(&one)), c->shape);
    ck_assert(ad_tape_status(tape) == AD_BAD_SHAPE || ad_tape_status(tape) == AD_TOO_LARGE ||
              ad_shape_equal(&c->shape, &AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1)) ||
              ad_shape_equal(&c->shape, &AD_SHAPE(-1)));
}
END_TEST

START_TEST(impossible_arrays_are_not_made)
{
    const shape_case *c = &shape_cases[_i];
    ad_view v = {.data = &one, .type = AD_F64, .shape = c->shape};
    ck_assert(ad_view_of(AD_F64, &one, c->shape).data == (c->status == AD_OK ? &one : NULL));
    ck_assert_uint_eq(ad_view_count(&v) == 0,
                      c->status != AD_OK || ad_shape_equal(&c->shape, &AD_SHAPE(0, MOST)));
    ad_array a = ad_array_new(&small_machine, AD_U8, c->shape);
    ad_array b = ad_array_copy(&small_machine, AD_I64, v);
    ck_assert(c->status == AD_OK || (!a.data && !b.data));
    ad_array_free(&a);
    ad_array_free(&b);
    char text[64];
    ck_assert_ptr_eq(ad_shape_print(&c->shape, text, sizeof text), text);
}
END_TEST

static const int64_t strides[] = {INT64_MIN, INT64_MIN + 1, -TWO(62), TWO(62), INT64_MAX, MOST};

START_TEST(strides_that_leave_the_address_space_are_refused)
{
    ad_view v = {.data = &one, .type = AD_F64, .shape = S(3, 3), .stride = {strides[_i], 1}};
    ad_freeze(tape, v);
    ck_assert_int_eq(ad_tape_status(tape), AD_TOO_LARGE);
    ad_tape_reset(tape);
    v.shape = AD_SHAPE(1, 3); /* a stride that is never taken */
    ck_assert_ptr_nonnull(ad_read(ad_freeze(tape, v)).data);
}
END_TEST

/* ---- larger than memory -------------------------------------------------------------------- */

/* x looks at a vast many numbers, of which there is one. */
static ad_tensor fill(ad_tensor x)
{
    return ad_square(x);
}
static ad_tensor join(ad_tensor x)
{
    return ad_concat(2, (ad_tensor[]){x, x}, 0);
}
static ad_tensor copy(ad_tensor x)
{
    return ad_reshape(ad_transpose(ad_reshape(x, AD_SHAPE(SIDE, SIDE))), AD_SHAPE(-1));
}
static ad_tensor multiply(ad_tensor x)
{
    return ad_matmul(ad_expand(x, 1), ad_expand(x, 0));
}
static ad_tensor convert(ad_tensor x)
{
    return ad_cast(x, AD_F32);
}
static ad_tensor scale(ad_tensor x)
{
    return ad_softmax(x, 0);
}

static ad_tensor spread(ad_tensor x) /* extents whose sum is beyond 2^63 */
{
    const ad_convolution far = {.stride = {INT32_MAX},
                                .dilation = {INT32_MAX},
                                .before = {-INT32_MAX},
                                .after = {-INT32_MAX}};
    ad_tensor number = ad_slice(x, 0, 0, 1), none = ad_slice(x, 0, 0, 0);
    return ad_convolve_transposed(ad_broadcast_to(none, AD_SHAPE(0, INT32_MAX, 0)),
                                  ad_broadcast_to(number, AD_SHAPE(INT32_MAX, 0, 1)), far);
}
static ad_tensor resize(ad_tensor x) /* between the axes */
{
    ad_tensor none = ad_slice(x, 0, 0, 0);
    none = ad_broadcast_to(none, AD_SHAPE(1, TWO(BITS / 2 - 2), TWO(BITS / 2 - 4), 0));
    return ad_resize(ad_expand(none, 0), (ad_resizing){.extent = {INT32_MAX, 1, 1}});
}
static ad_tensor exponential(ad_tensor x) /* in f32 it fits */
{
    ad_tensor number = ad_cast(ad_slice(x, 0, 0, 1), AD_F32);
    return ad_expm(ad_broadcast_to(number, AD_SHAPE(1500, 1500)));
}

static const struct too_big {
    const char *name;
    ad_tensor (*f)(ad_tensor x);
    ad_status status;
} too_big[] = {{"square", fill, AD_MEMORY},
               {"contiguous", join, AD_MEMORY},
               {"contiguous", copy, AD_MEMORY},
               {"matmul", multiply, AD_TOO_LARGE},
               {"contiguous", convert, AD_MEMORY},
               {"contiguous", scale, AD_MEMORY},
               {"convolve_transposed", spread, AD_BAD_SHAPE},
               {"resize", resize, AD_BAD_SHAPE},
               {"cast", exponential, AD_MEMORY}};

START_TEST(results_larger_than_memory_are_errors_that_leave_the_tape_usable)
{
    const struct too_big *c = &too_big[_i];
    ad_tensor x = ad_watch(tape, AD_VIEW_SCALAR(&one));
    c->f(ad_broadcast_to(x, AD_SHAPE(VAST)));
    ck_assert_msg(ad_tape_status(tape) == c->status, "%s: %s", c->name, ad_tape_error(tape));
    ck_assert_msg(strstr(ad_tape_error(tape), c->name), "%s: %s", c->name, ad_tape_error(tape));
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_backward(ad_square(ad_watch(tape, AD_VIEW_SCALAR(&one)))), AD_OK);
}
END_TEST

START_TEST(a_cotangent_larger_than_memory_is_an_error_and_no_gradient)
{
    ad_tensor x = ad_watch(tape, AD_VIEW_SCALAR(&one));
    ad_tensor y = ad_sum(ad_slice(ad_broadcast_to(x, AD_SHAPE(VAST)), 0, 5, 8));
    ck_assert_double_eq(ad_item(y), 3);
    ck_assert_int_eq(ad_backward(y), AD_MEMORY);
    ck_assert_ptr_null(ad_grad(x).data);
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_backward(ad_square(ad_watch(tape, AD_VIEW_SCALAR(&one)))), AD_OK);
}
END_TEST

/* 32 values of 1 MiB, each with the small node of the next one behind it. */
START_TEST(large_values_take_little_more_memory_than_their_numbers)
{
    ad_view v = AD_VIEW_SCALAR(&one);
    v.shape = AD_SHAPE(1 << 17);
    v.stride[0] = 0;
    ad_tensor x = ad_watch(tape, v);
    for (int i = 0; i < 32; i++)
        x = ad_sin(x);
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
    ck_assert_uint_gt(measured(tape).bytes_reserved, (size_t)32 << 20);
    ck_assert_uint_lt(measured(tape).bytes_reserved, (size_t)36 << 20);
}
END_TEST

/* So many times what one of them takes overflows, or is more than there is. */
START_TEST(many_directions_of_numbers_that_do_not_fit_are_refused)
{
    const double two[] = {1, 2};
    ad_view wide = {&one, AD_F64, AD_SHAPE(TWO(BITS - 7)), {0}}; /* 16 times its bytes: 2^BITS */
    ad_view dy[16], tx[16] = {wide};
    for (int i = 0; i < 16; i++)
        dy[i] = AD_VIEW(two, 2);
    for (int count = 1; count <= 16; count++) {
        ad_tensor x = ad_watch(tape, wide);
        ck_assert_int_eq(ad_backward_many(ad_slice(x, 0, 0, 2), count, dy), AD_MEMORY);
        ad_tape_reset(tape);
        ad_tensor y = ad_square(ad_watch(tape, AD_VIEW(two, 2)));
        x = ad_watch(tape, wide); /* has a gradient of zeros, though it comes after the root */
        ck_assert_int_eq(ad_backward_many(y, count, dy), AD_MEMORY);
        ck_assert_ptr_null(ad_grad_at(x, count - 1).data);
        ad_tape_reset(tape);
        ck_assert_int_eq(ad_set_tangent_many(ad_watch(tape, wide), count, tx), AD_MEMORY);
        ad_tape_reset(tape);
    }
}
END_TEST

/* ---- more than 2^31 elements --------------------------------------------------------------- */

#if SIZE_MAX > UINT32_MAX /* an address space of 32 bits has no room for them */

#define MANY (TWO(31) + 7)

START_TEST(sums_run_over_more_than_2_31_elements)
{
    ad_view v = {.data = &one, .type = AD_F64, .shape = S(MANY)};
    ad_tensor x = ad_freeze(tape, v);
    ck_assert_double_eq(ad_item(ad_sum(x)), (double)MANY);
    ck_assert_double_eq(ad_view_get(&v, (size_t)MANY - 1), 1);
}
END_TEST

START_TEST(bytes_beyond_2_31_are_found_where_they_lie)
{
    size_t bytes = (size_t)MANY;
    uint8_t *sparse = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert(sparse != MAP_FAILED);
    const int64_t far[] = {MANY - 3, 0, TWO(31), MANY - 1};
    const double wanted[] = {200, 0, 0, 100};
    sparse[MANY - 3] = 200;
    sparse[MANY - 1] = 100;
    ad_tensor x = ad_freeze(tape, AD_VIEW(sparse, MANY));
    ad_view end = ad_read(ad_slice(x, 0, -3, MANY));
    ck_assert_double_eq(ad_view_get(&end, 0), 200);
    ad_view picked = ad_read(ad_gather(x, ad_freeze(tape, AD_VIEW(far, 4)), 0));
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_eq(ad_view_get(&picked, i), wanted[i]);
    ck_assert_double_eq(ad_item(ad_max(x)), 200);
    const int64_t beyond = MANY;
    ad_gather(x, ad_freeze(tape, AD_VIEW(&beyond, 1)), 0);
    ck_assert_int_eq(ad_tape_status(tape), AD_DOMAIN);
    munmap(sparse, bytes);
}
END_TEST

#endif

/* ---- many nodes ---------------------------------------------------------------------------- */

START_TEST(ten_million_nodes_are_swept_without_recursion)
{
    enum { N = 10000000 };
    double start = 1;
    ad_tensor x = ad_watch(tape, AD_VIEW_SCALAR(&start)), y = x;
    for (int i = 1; i < N; i++)
        y = ad_mul(y, x);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ad_view g = ad_grad(x);
    ck_assert_double_eq(ad_view_get(&g, 0), N);
    ad_tape_info info = measured(tape);
    ck_assert_uint_eq(info.nodes, N);
    ck_assert_int_eq(ad_backward(y), AD_OK); /* again, in the same memory */
    ck_assert_uint_eq(measured(tape).bytes_used, info.bytes_used);
    ck_assert_uint_eq(measured(tape).bytes_reserved, info.bytes_reserved);
    figure("%d nodes in %zu MB, %zu bytes each", N, info.bytes_reserved >> 20, info.bytes_used / N);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sizes");
    TCase *c = tcase_create("near the limits"), *large = tcase_create("large");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, impossible_shapes_are_refused_wherever_they_come_in, 0, SHAPES);
    tcase_add_loop_test(c, impossible_arrays_are_not_made, 0, SHAPES);
    tcase_add_loop_test(c, strides_that_leave_the_address_space_are_refused, 0,
                        sizeof strides / sizeof *strides);
    tcase_add_loop_test(c, results_larger_than_memory_are_errors_that_leave_the_tape_usable, 0,
                        sizeof too_big / sizeof *too_big);
    tcase_add_test(c, a_cotangent_larger_than_memory_is_an_error_and_no_gradient);
    tcase_add_test(c, large_values_take_little_more_memory_than_their_numbers);
    tcase_add_test(c, many_directions_of_numbers_that_do_not_fit_are_refused);
    suite_add_tcase(suite, c);
    tcase_set_tags(large, "long");
    tcase_set_timeout(large, 300);
    tcase_add_checked_fixture(large, setup_large, teardown);
#if SIZE_MAX > UINT32_MAX
    tcase_add_test(large, sums_run_over_more_than_2_31_elements);
    tcase_add_test(large, bytes_beyond_2_31_are_found_where_they_lie);
#endif
    tcase_add_test(large, ten_million_nodes_are_swept_without_recursion);
    suite_add_tcase(suite, large);
    return run_suite(suite);
}
