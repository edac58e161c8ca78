/* Tensors of DLPack from another library. They are made by hand here, with a deleter that counts. */
#include "allocator.h"
#include "dlpack_types.h"
#include "io/dlpack.h"
#include "io/stored.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

/* ---- tensors of another library ------------------------------------------------------------- */

enum { NUMBERS = 12 };

/* Both kinds describe the same numbers. */
typedef struct made {
    union {
        float f32[NUMBERS];
        double f64[NUMBERS];
        int32_t i32[NUMBERS];
        int64_t i64[NUMBERS];
        uint8_t u8[NUMBERS];
        uint16_t half[NUMBERS];
        char bytes[8 * NUMBERS + 8];
    } numbers;
    int64_t extents[AD_MAX_RANK + 1], strides[AD_MAX_RANK + 1];
    ad_dl_tensor tensor;
    struct DLManagedTensorVersioned versioned;
    struct DLManagedTensor unversioned;
    int deleted;
} made;

static void delete_versioned(struct DLManagedTensorVersioned *self)
{
    ((made *)self->manager_ctx)->deleted++;
}

static void delete_unversioned(struct DLManagedTensor *self)
{
    ((made *)self->manager_ctx)->deleted++;
}

static double number_of(ad_type type, int i)
{
    return type == AD_BOOL ? i % 2 : i + 1;
}

/* A matrix [2, 3] of the numbers of the type, without strides. Kinds are set by versioned_of and unversioned_of. */
static void make(made *m, ad_type type)
{
    memset(m, 0, sizeof *m);
    ad_array all = ad_array_of(type, &m->numbers, AD_SHAPE(NUMBERS));
    for (int i = 0; i < NUMBERS; i++)
        ck_assert_int_eq(ad_array_set(&all, (size_t)i, number_of(type, i)), AD_OK);
    m->extents[0] = 2, m->extents[1] = 3;
    m->tensor = (ad_dl_tensor){.data = &m->numbers,
                               .device = 1,
                               .ndim = 2,
                               .code = codes[type].code,
                               .bits = codes[type].bits,
                               .lanes = 1,
                               .shape = m->extents};
    m->versioned = (struct DLManagedTensorVersioned){1, 0, m, delete_versioned, 0, {0}};
    m->unversioned = (struct DLManagedTensor){{0}, m, delete_unversioned};
}

static struct DLManagedTensorVersioned *versioned_of(made *m)
{
    m->versioned.tensor = m->tensor;
    return &m->versioned;
}

static struct DLManagedTensor *unversioned_of(made *m)
{
    m->unversioned.tensor = m->tensor;
    return &m->unversioned;
}

/* One of the two kinds, borrowed or copied. */
static ad_status borrow(made *m, bool versioned, ad_borrowed *b, ad_error *error)
{
    return versioned ? ad_dlpack_import(versioned_of(m), b, error)
                     : ad_dlpack_import_unversioned(unversioned_of(m), b, error);
}

static ad_status copy(made *m, bool versioned, const ad_allocator *allocator, ad_array *a,
                      ad_error *error)
{
    return versioned ? ad_dlpack_import_copy(allocator, versioned_of(m), a, error)
                     : ad_dlpack_import_copy_unversioned(allocator, unversioned_of(m), a, error);
}

/* ---- what is read --------------------------------------------------------------------------- */

/* A row: a layout, and which numbers it has. */
/* clang-format off */
static const struct layout {
    const char *name;
    int rank;
    int64_t extents[AD_MAX_RANK];
    bool strided;
    int64_t strides[AD_MAX_RANK];
    int first; /* by the offset */
    bool without_data;
    int count, numbers[8];
} layouts[] = {
    {"row by row, without strides", 2, {2, 3}, .count = 6, .numbers = {0, 1, 2, 3, 4, 5}},
    {"row by row", 2, {2, 3}, true, {3, 1}, .count = 6, .numbers = {0, 1, 2, 3, 4, 5}},
    {"transposed", 2, {3, 2}, true, {1, 3}, .count = 6, .numbers = {0, 3, 1, 4, 2, 5}},
    {"backwards", 1, {4}, true, {-1}, .first = 3, .count = 4, .numbers = {3, 2, 1, 0}},
    {"both ways", 2, {2, 2}, true, {3, -2}, .first = 4, .count = 4, .numbers = {4, 2, 7, 5}},
    {"repeated", 2, {2, 2}, true, {0, 1}, .count = 4, .numbers = {0, 1, 0, 1}},
    {"every second, from an offset", 1, {3}, true, {2}, .first = 1, .count = 3, .numbers = {1, 3, 5}},
    {"any stride along one number", 2, {1, 3}, true, {INT64_MIN, 1}, .count = 3, .numbers = {0, 1, 2}},
    {"one number on eight axes", 8, {1, 1, 1, 1, 1, 1, 1, 1}, true, {9, 0, INT64_MAX}, .count = 1},
    {"rank 0", 0, {0}, .first = 5, .count = 1, .numbers = {5}},
    {"empty, without data", 2, {0, 3}, true, {INT64_MIN, INT64_MAX}, .without_data = true},
    {"empty, with data", 2, {3, 0}, true, {INT64_MIN, 1}, .count = 0},
};
/* clang-format on */

static const char *layout_name(int row)
{
    return layouts[row].name;
}

static void lay_out(made *m, const struct layout *l)
{
    size_t size = m->tensor.bits / 8;
    memcpy(m->extents, l->extents, sizeof l->extents);
    memcpy(m->strides, l->strides, sizeof l->strides);
    m->tensor.ndim = l->rank;
    m->tensor.shape = l->rank ? m->extents : NULL;
    m->tensor.strides = l->strided ? m->strides : NULL;
    m->tensor.byte_offset = (uint64_t)l->first * size;
    if (l->without_data)
        m->tensor.data = NULL;
}

/* Strides that are never used are those of rows, whatever the tensor said. */
static void expect(const struct layout *l, ad_type type, ad_view v)
{
    ad_view rows = ad_view_of(type, v.data, v.shape);
    ck_assert(v.type == type && v.data && v.shape.rank == l->rank);
    ck_assert_int_eq((int)ad_view_count(&v), l->count);
    for (int i = 0; i < l->rank; i++) {
        ck_assert_int_eq(v.shape.dim[i], l->extents[i]);
        ck_assert(v.stride[i] == rows.stride[i] || (l->count && l->extents[i] > 1));
    }
    for (int i = 0; i < l->count; i++)
        ck_assert_double_eq(ad_view_get(&v, (size_t)i), number_of(type, l->numbers[i]));
}

START_TEST(a_borrowed_tensor_has_its_numbers_until_it_is_released)
{
    const struct layout *l = &layouts[_i];
    for (int i = 0; i < 2 * AD_TYPE_COUNT; i++) {
        ad_type type = (ad_type)(i / 2);
        made m;
        ad_borrowed b;
        make(&m, type);
        lay_out(&m, l);
        ck_assert_int_eq(borrow(&m, i % 2, &b, NULL), AD_OK);
        expect(l, type, b.view);
        const char *first = m.numbers.bytes + (size_t)l->first * (m.tensor.bits / 8);
        ck_assert(l->count == 0 || b.view.data == (const void *)first); /* no copy */
        ck_assert_int_eq(m.deleted, 0);
        ad_dlpack_release(&b);
        ad_dlpack_release(&b);
        ck_assert(m.deleted == 1 && !b.view.data && !b.versioned && !b.unversioned);
    }
}
END_TEST

START_TEST(a_copied_tensor_is_deleted_at_once)
{
    const struct layout *l = &layouts[_i];
    for (int i = 0; i < 2 * AD_TYPE_COUNT; i++) {
        made m;
        ad_array a;
        make(&m, (ad_type)(i / 2));
        lay_out(&m, l);
        ck_assert_int_eq(copy(&m, i % 2, NULL, &a, NULL), AD_OK);
        ck_assert_int_eq(m.deleted, 1);
        memset(&m, 0xff, sizeof m);
        expect(l, (ad_type)(i / 2), ad_array_view(a));
        ad_array_free(&a);
    }
}
END_TEST

/* Operations take what was borrowed, whatever its strides are. */
START_TEST(borrowed_tensors_are_operands)
{
    const struct layout *l = &layouts[_i];
    made m;
    ad_borrowed b;
    make(&m, AD_F64);
    lay_out(&m, l);
    ck_assert_int_eq(borrow(&m, true, &b, NULL), AD_OK);
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, b.view);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(x))), AD_OK);
    ad_view dx = ad_grad(x);
    for (int i = 0; i < l->count; i++)
        ck_assert_double_eq(ad_view_get(&dx, (size_t)i), 2 * number_of(AD_F64, l->numbers[i]));
    ad_tape_free(t);
    ad_dlpack_release(&b);
}
END_TEST

/* A row: flags of the older and of newer versions, and whether the numbers may be written to. */
static const struct {
    bool versioned;
    uint32_t minor;
    uint64_t flags;
    bool writable;
} flag_rows[] = {
    {true, 0, 0, true},  {true, 3, 0, true},         {true, 0, 1, false},  {true, 1, 2, true},
    {true, 1, 3, false}, {true, 99, 1u << 30, true}, {false, 0, 0, false},
};

START_TEST(a_tensor_says_whether_it_may_be_written_to)
{
    made m;
    ad_borrowed b;
    make(&m, AD_F32);
    m.versioned.minor = flag_rows[_i].minor;
    m.versioned.flags = flag_rows[_i].flags;
    ck_assert_int_eq(borrow(&m, flag_rows[_i].versioned, &b, NULL), AD_OK);
    ck_assert(b.writable == flag_rows[_i].writable);
    ad_dlpack_release(&b);
}
END_TEST

START_TEST(a_tensor_may_have_no_deleter)
{
    made m;
    ad_borrowed b;
    ad_array a;
    make(&m, AD_F32);
    m.versioned.deleter = NULL, m.unversioned.deleter = NULL;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(borrow(&m, i, &b, NULL), AD_OK);
        ad_dlpack_release(&b);
        ck_assert_int_eq(copy(&m, i, NULL, &a, NULL), AD_OK);
        ad_array_free(&a);
    }
}
END_TEST

START_TEST(numbers_at_any_address_are_copied_alone)
{
    for (int i = 0; i < 2 * AD_TYPE_COUNT; i++) {
        made m;
        ad_borrowed b;
        ad_array a;
        ad_error error = {0};
        make(&m, (ad_type)(i / 2));
        size_t size = m.tensor.bits / 8;
        memmove(m.numbers.bytes + 1, m.numbers.bytes, 6 * size);
        m.tensor.byte_offset = 1;
        ad_status status = borrow(&m, i % 2, &b, &error);
        ck_assert_int_eq(status, size > 1 ? AD_MISUSE : AD_OK);
        ck_assert(size == 1 || strstr(error.text, "[2, 3]): the address is no multiple of"));
        if (status == AD_OK)
            ad_dlpack_release(&b);
        ck_assert_int_eq(copy(&m, i % 2, NULL, &a, NULL), AD_OK);
        ck_assert_int_eq(m.deleted, 2);
        expect(&layouts[0], (ad_type)(i / 2), ad_array_view(a));
        ad_array_free(&a);
    }
}
END_TEST

START_TEST(a_bool_of_two_is_copied_alone_as_true)
{
    made m;
    ad_borrowed b;
    ad_array a;
    ad_error error = {0};
    make(&m, AD_BOOL);
    m.numbers.u8[4] = 2;
    ck_assert_int_eq(borrow(&m, true, &b, &error), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(error.text, "a bool is neither 0 nor 1"));
    ck_assert_int_eq(copy(&m, true, NULL, &a, NULL), AD_OK);
    ad_view v = ad_array_view(a);
    ck_assert_double_eq(ad_view_get(&v, 4), 1);
    ck_assert_int_eq(m.deleted, 2);
    ad_array_free(&a);
}
END_TEST

/* ---- floats of 16 bits ---------------------------------------------------------------------- */

/* A row: bits, and what they mean in float16 and in bfloat16. */
static const struct {
    uint16_t bits;
    double float16, bfloat16;
} halves[] = {
    {0x0000, 0, 0},
    {0x8000, -0.0, -0.0},
    {0x3c00, 1, 0x1p-7},
    {0x3f80, 1.875, 1},
    {0xc000, -2, -2},
    {0x0001, 0x1p-24, 0x1p-133},
    {0x83ff, -0x3ffp-24, -0x1.fep-120},
    {0x7bff, 65504, 0x1.fep+120},
    {0x7c00, INFINITY, 0x1p+121},
    {0xfc00, -INFINITY, -0x1p+121},
    {0x7e01, NAN, 0x1.02p+125},
    {0x7f80, NAN, INFINITY},
    {0xffff, NAN, NAN},
};

START_TEST(floats_of_16_bits_become_f32)
{
    for (int i = 0; i < 2; i++) {
        made m;
        ad_borrowed b;
        ad_array a;
        ad_error error = {0};
        double wanted = i ? halves[_i].bfloat16 : halves[_i].float16;
        make(&m, AD_F32);
        m.numbers.half[1] = halves[_i].bits;
        m.extents[0] = m.extents[1] = 1;
        m.tensor.byte_offset = 2;
        m.tensor.code = i ? 4 : 2, m.tensor.bits = 16;
        ck_assert_int_eq(borrow(&m, true, &b, &error), AD_BAD_TYPE);
        ck_assert_ptr_nonnull(strstr(error.text, "can only be copied"));
        ck_assert_int_eq(copy(&m, true, NULL, &a, NULL), AD_OK);
        ad_view v = ad_array_view(a);
        double x = ad_view_get(&v, 0);
        bool equal = isnan(wanted) ? isnan(x) : x == wanted && !signbit(x) == !signbit(wanted);
        ck_assert_msg(a.type == AD_F32 && equal, "%#x is %a instead of %a", halves[_i].bits, x,
                      wanted);
        ad_array_free(&a);
    }
}
END_TEST

START_TEST(every_finite_float16_is_its_fraction_times_a_power_of_two)
{
    for (unsigned bits = 0; bits < 0x7c00; bits++) {
        int exponent = (int)(bits >> 10);
        int fraction = (int)(bits & 1023) + (exponent ? 1024 : 0);
        double x = ldexp(fraction, (exponent ? exponent : 1) - 25);
        ck_assert_double_eq((double)ad_stored_widen(AD_STORED_F16, bits), x);
        ck_assert_double_eq((double)ad_stored_widen(AD_STORED_F16, bits | 0x8000), -x);
    }
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------ */

/* A row: what is wrong with the matrix, the status, and words of the message. */
/* clang-format off */
#define REFUSED(ROW) \
    ROW(cuda, m->tensor.device = 2, AD_MISUSE, "dlpack_import: the numbers are on a device of kind 2 (CUDA), and not in the CPU's memory") \
    ROW(pinned, m->tensor.device = 3, AD_MISUSE, "kind 3 (CUDA host)") \
    ROW(metal, m->tensor.device = 8, AD_MISUSE, "kind 8 (Metal)") \
    ROW(trainium, m->tensor.device = 18, AD_MISUSE, "kind 18 (Trainium)") \
    ROW(no_longer_a_device, m->tensor.device = 5, AD_MISUSE, "kind 5 (unknown)") \
    ROW(device_of_later, m->tensor.device = 1000, AD_MISUSE, "kind 1000 (unknown)") \
    ROW(negative_device, m->tensor.device = -1, AD_MISUSE, "kind -1 (unknown)") \
    ROW(int16, (m->tensor.code = 0, m->tensor.bits = 16), AD_BAD_TYPE, "dlpack_import: adze has no numbers of type int16") \
    ROW(uint32, (m->tensor.code = 1, m->tensor.bits = 32), AD_BAD_TYPE, "type uint32") \
    ROW(float8, (m->tensor.code = 10, m->tensor.bits = 8), AD_BAD_TYPE, "type float8_e4m3fn") \
    ROW(float4, (m->tensor.code = 17, m->tensor.bits = 4), AD_BAD_TYPE, "type float4_e2m1fn") \
    ROW(float128, m->tensor.bits = 128, AD_BAD_TYPE, "type float128") \
    ROW(complex, (m->tensor.code = 5, m->tensor.bits = 64), AD_BAD_TYPE, "type complex64") \
    ROW(bit, (m->tensor.code = 6, m->tensor.bits = 1), AD_BAD_TYPE, "type bool1") \
    ROW(type_of_later, m->tensor.code = 200, AD_BAD_TYPE, "type code 200 with 32 bits") \
    ROW(lanes, m->tensor.lanes = 4, AD_BAD_TYPE, "type float32 in 4 lanes") \
    ROW(no_lanes, m->tensor.lanes = 0, AD_BAD_TYPE, "type float32 in 0 lanes") \
    ROW(nine_axes, m->tensor.ndim = 9, AD_BAD_SHAPE, "dlpack_import: rank 9 is not 0 to 8") \
    ROW(many_axes, m->tensor.ndim = INT32_MAX, AD_BAD_SHAPE, "is not 0 to 8") \
    ROW(negative_rank, m->tensor.ndim = -1, AD_BAD_SHAPE, "rank -1 is not 0 to 8") \
    ROW(negative_extent, m->extents[1] = -3, AD_BAD_SHAPE, "dlpack_import([2, -3]): extent -3 is negative") \
    ROW(no_extents, m->tensor.shape = NULL, AD_MISUSE, "2 axes without extents") \
    ROW(no_data, m->tensor.data = NULL, AD_MISUSE, "dlpack_import([2, 3]): there are no numbers, data is NULL") \
    ROW(no_data_but_an_offset, (m->tensor.data = NULL, m->tensor.byte_offset = 64), AD_MISUSE, "data is NULL") \
    ROW(no_data_but_strides, (m->tensor.data = NULL, m->tensor.strides = m->strides, m->strides[0] = INT64_MIN), AD_MISUSE, "data is NULL") \
    ROW(huge_extents, m->extents[0] = m->extents[1] = INT64_MAX, AD_TOO_LARGE, "so many elements do not fit the address space") \
    ROW(huge_but_empty, (m->extents[0] = m->extents[1] = INT64_MAX, m->extents[2] = 0, m->tensor.ndim = 3), AD_TOO_LARGE, "so many elements") \
    ROW(huge_stride, (m->tensor.strides = m->strides, m->strides[0] = INT64_MIN), AD_TOO_LARGE, "the strides do not fit the address space") \
    ROW(huge_sum_of_strides, (m->tensor.strides = m->strides, m->strides[0] = m->strides[1] = INT64_MAX / 16), AD_TOO_LARGE, "the strides do not fit") \
    ROW(huge_offset, m->tensor.byte_offset = UINT64_MAX, AD_TOO_LARGE, "the offset does not fit")
/* clang-format on */
#define SPOIL(name, change, status, says) \
    static void spoil_##name(made *m)     \
    {                                     \
        change;                           \
    }
REFUSED(SPOIL)
#define REFUSED_ROW(name, change, status, says) {#name, spoil_##name, status, says},
static const struct {
    const char *name;
    void (*spoil)(made *m);
    ad_status status;
    const char *says;
} refused[] = {REFUSED(REFUSED_ROW)};

static const char *refused_name(int row)
{
    return refused[row].name;
}

START_TEST(what_cannot_be_read_is_refused_and_deleted)
{
    for (int i = 0; i < 4; i++) {
        made m;
        ad_error error = {0};
        ad_borrowed b = {.writable = true};
        ad_array a = {.data = &m};
        make(&m, AD_F32);
        refused[_i].spoil(&m);
        ad_status status =
            i < 2 ? borrow(&m, i % 2, &b, &error) : copy(&m, i % 2, NULL, &a, &error);
        ck_assert_int_eq(status, refused[_i].status);
        ck_assert_msg(strstr(error.text, refused[_i].says) != NULL, "%s", error.text);
        ck_assert_int_eq(m.deleted, 1);
        ck_assert(a.data == &m && b.writable && !b.versioned && !b.unversioned);
    }
}
END_TEST

/* Of another version no field behind the flags is read. */
START_TEST(other_major_versions_are_refused_unread)
{
    const uint32_t majors[] = {0, 2, UINT32_MAX};
    for (int i = 0; i < 2 * LENGTH(majors); i++) {
        made m;
        ad_error error = {0};
        ad_borrowed b;
        ad_array a;
        make(&m, AD_F32);
        memset(&m.tensor, 0xa5, sizeof m.tensor);
        m.versioned.major = majors[i / 2], m.versioned.minor = 7;
        ck_assert_int_eq(i % 2 ? borrow(&m, true, &b, &error) : copy(&m, true, NULL, &a, &error),
                         AD_MISUSE);
        ck_assert_ptr_nonnull(strstr(error.text, ".7, and adze reads 1.x"));
        ck_assert_int_eq(m.deleted, 1);
    }
}
END_TEST

START_TEST(a_copy_without_memory_is_refused_and_deleted)
{
    test_allocator memory;
    made m;
    ad_array a = {.data = &m};
    ad_error error = {0};
    test_allocator_init(&memory);
    make(&m, AD_F32);
    memory.fail_at = 1;
    ck_assert_int_eq(copy(&m, true, &memory.base, &a, &error), AD_MEMORY);
    ck_assert(m.deleted == 1 && a.data == &m && strstr(error.text, "memory ran out"));
    ck_assert_int_eq(copy(&m, true, &memory.base, &a, NULL), AD_OK);
    ck_assert_uint_eq(memory.live_blocks, 1);
    ad_array_free(&a);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dlpack_import");
    TCase *read = tcase_create("dlpack_import");
    int rows = LENGTH(layouts);
    add_row_tests(read, a_borrowed_tensor_has_its_numbers_until_it_is_released, rows, layout_name);
    add_row_tests(read, a_copied_tensor_is_deleted_at_once, rows, layout_name);
    add_row_tests(read, borrowed_tensors_are_operands, rows, layout_name);
    tcase_add_loop_test(read, a_tensor_says_whether_it_may_be_written_to, 0, LENGTH(flag_rows));
    tcase_add_test(read, a_tensor_may_have_no_deleter);
    tcase_add_test(read, numbers_at_any_address_are_copied_alone);
    tcase_add_test(read, a_bool_of_two_is_copied_alone_as_true);
    tcase_add_loop_test(read, floats_of_16_bits_become_f32, 0, LENGTH(halves));
    tcase_add_test(read, every_finite_float16_is_its_fraction_times_a_power_of_two);
    add_row_tests(read, what_cannot_be_read_is_refused_and_deleted, LENGTH(refused), refused_name);
    tcase_add_test(read, other_major_versions_are_refused_unread);
    tcase_add_test(read, a_copy_without_memory_is_refused_and_deleted);
    suite_add_tcase(suite, read);
    return run_suite(suite);
}
