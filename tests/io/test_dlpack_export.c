/* Arrays and views as tensors of DLPack. */
#include "allocator.h"
#include "base/memory.h"
#include "dlpack_types.h"
#include "io/dlpack.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

/* One of the two kinds, by moving an array or by a copy. */
typedef struct exported {
    struct DLManagedTensorVersioned *versioned;
    struct DLManagedTensor *unversioned;
} exported;

static ad_status move_out(ad_array *a, bool versioned, exported *e, ad_error *error)
{
    return versioned ? ad_dlpack_export(a, 0, &e->versioned, error)
                     : ad_dlpack_export_unversioned(a, &e->unversioned, error);
}

static ad_status copy_out(const ad_allocator *allocator, ad_view v, bool versioned, exported *e,
                          ad_error *error)
{
    return versioned ? ad_dlpack_export_copy(allocator, v, &e->versioned, error)
                     : ad_dlpack_export_copy_unversioned(allocator, v, &e->unversioned, error);
}

static const ad_dl_tensor *tensor_of(const exported *e)
{
    return e->versioned ? &e->versioned->tensor : &e->unversioned->tensor;
}

static void end(exported *e)
{
    if (e->versioned)
        e->versioned->deleter(e->versioned);
    if (e->unversioned)
        e->unversioned->deleter(e->unversioned);
    *e = (exported){0};
}

static const ad_shape shapes[] = {{0, {0}},    {1, {5}},       {2, {2, 3}},
                                  {2, {0, 3}}, {3, {2, 1, 3}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}};

static void expect_description(const ad_dl_tensor *t, ad_type type, const ad_shape *shape)
{
    ad_view v = ad_view_of(type, t->data, *shape);
    ck_assert(t->device == 1 && t->device_id == 0 && t->ndim == shape->rank && t->lanes == 1);
    ck_assert(t->code == codes[type].code && t->bits == codes[type].bits && t->byte_offset == 0);
    ck_assert(t->shape && t->strides && (uintptr_t)t->data % AD_ALIGNMENT == 0);
    for (int i = 0; i < shape->rank; i++)
        ck_assert(t->shape[i] == shape->dim[i] && t->strides[i] == v.stride[i]);
    ck_assert((t->data != NULL) == (ad_view_count(&v) > 0));
}

START_TEST(an_array_that_is_handed_over_belongs_to_the_tensor)
{
    for (int i = 0; i < 2 * AD_TYPE_COUNT; i++) {
        test_allocator memory;
        ad_type type = (ad_type)(i / 2);
        exported e = {0};
        test_allocator_init(&memory);
        ad_array a = ad_array_new(&memory.base, type, shapes[_i]);
        const void *data = a.data;
        ck_assert_int_eq(move_out(&a, i % 2, &e, NULL), AD_OK);
        ck_assert(!a.data && !a.allocator && a.shape.rank == 0);
        expect_description(tensor_of(&e), type, &shapes[_i]);
        ck_assert(!tensor_of(&e)->data || tensor_of(&e)->data == data);
        ck_assert(!e.versioned || (e.versioned->major == 1 && e.versioned->flags == 0));
        ck_assert_uint_gt(memory.live_blocks, 0);
        end(&e);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

START_TEST(a_view_is_exported_by_a_copy)
{
    const int32_t numbers[] = {0, 1, 1, 0, 1, 0}, transposed[] = {0, 0, 1, 1, 1, 0};
    for (int i = 0; i < 2 * AD_TYPE_COUNT; i++) {
        ad_type type = (ad_type)(i / 2);
        exported e = {0};
        ad_array a = ad_array_copy(NULL, type, AD_VECTOR(numbers));
        ad_view v = ad_view_of(type, a.data, AD_SHAPE(3, 2));
        v.stride[0] = 1, v.stride[1] = 3;
        ck_assert_int_eq(copy_out(NULL, v, i % 2, &e, NULL), AD_OK);
        ad_array_free(&a);
        expect_description(tensor_of(&e), type, &AD_SHAPE(3, 2));
        ck_assert(!e.versioned || e.versioned->flags == 2); /* a copy, which may be written to */
        ad_view copied = ad_view_of(type, tensor_of(&e)->data, AD_SHAPE(3, 2));
        for (size_t k = 0; k < 6; k++)
            ck_assert_double_eq(ad_view_get(&copied, k), transposed[k]);
        end(&e);
    }
}
END_TEST

START_TEST(a_view_of_nothing_is_exported)
{
    exported e = {0};
    ad_view v = {.type = AD_F64, .shape = {2, {3, 0}}};
    ck_assert_int_eq(copy_out(NULL, v, true, &e, NULL), AD_OK);
    expect_description(tensor_of(&e), AD_F64, &v.shape);
    end(&e);
}
END_TEST

START_TEST(what_a_tape_has_saved_cannot_be_changed_through_an_export)
{
    const double numbers[] = {1, 2, 3};
    exported e = {0};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VECTOR(numbers)), y = ad_exp(x);
    ck_assert_int_eq(copy_out(NULL, ad_read(y), true, &e, NULL), AD_OK);
    ((double *)tensor_of(&e)->data)[1] = 99;
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ad_view dx = ad_grad(x);
    ck_assert_double_eq_tol(ad_view_get(&dx, 1), exp(2), 1e-12);
    ad_tape_free(t);
    end(&e);
}
END_TEST

START_TEST(memory_of_the_callers_is_lent)
{
    double numbers[] = {1, 2, 3};
    for (int i = 0; i < 2; i++) {
        exported e = {0};
        ad_array a = AD_ARRAY(numbers, 3);
        ck_assert_int_eq(move_out(&a, i, &e, NULL), AD_OK);
        ck_assert(tensor_of(&e)->data == numbers && !a.data);
        end(&e);
        ck_assert(numbers[0] == 1 && numbers[2] == 3);
    }
}
END_TEST

START_TEST(an_export_can_ask_not_to_be_written_to)
{
    exported e = {0};
    ad_borrowed b;
    ad_array a = ad_zeros(AD_I32, AD_SHAPE(4));
    const void *data = a.data;
    ck_assert_int_eq(ad_dlpack_export(&a, AD_DLPACK_READ_ONLY, &e.versioned, NULL), AD_OK);
    ck_assert_uint_eq(e.versioned->flags, 1);
    ck_assert_int_eq(ad_dlpack_import(e.versioned, &b, NULL), AD_OK);
    ck_assert(b.view.data == data && !b.writable && b.view.type == AD_I32);
    ad_dlpack_release(&b);
}
END_TEST

START_TEST(an_export_without_memory_changes_nothing)
{
    for (int i = 0; i < 2; i++) {
        test_allocator memory;
        exported e = {0};
        ad_error error = {0};
        test_allocator_init(&memory);
        ad_array a = ad_array_new(&memory.base, AD_F32, AD_SHAPE(2, 3));
        const void *data = a.data;
        memory.fail_at = memory.calls + 1;
        ck_assert_int_eq(move_out(&a, i, &e, &error), AD_MEMORY);
        ck_assert(a.data == data && a.shape.rank == 2 && !e.versioned && !e.unversioned);
        ck_assert_str_eq(error.text, "dlpack_export: memory ran out");
        for (size_t failing = 1; failing <= 2; failing++) {
            memory.fail_at = memory.calls + failing;
            ck_assert_int_eq(copy_out(&memory.base, ad_array_view(a), i, &e, NULL), AD_MEMORY);
            ck_assert(memory.live_blocks == 1 && !e.versioned && !e.unversioned);
        }
        ad_array_free(&a);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* A row: an array or a view that cannot be exported. */
/* clang-format off */
static const struct {
    const char *name;
    ad_array array;
    ad_status status;
    const char *says;
} unfit[] = {
    {"no array", {0}, AD_MISUSE, "dlpack_export"},
    {"no type", {(void *)shapes, (ad_type)77, {1, {1}}, NULL}, AD_BAD_TYPE, "no type 77"},
    {"negative extent", {(void *)shapes, AD_F32, {1, {-1}}, NULL}, AD_BAD_SHAPE, "([-1]): extent"},
    {"nine axes", {(void *)shapes, AD_F32, {9, {1}}, NULL}, AD_BAD_SHAPE, "rank 9 is not 0 to 8"},
    {"too large", {(void *)shapes, AD_U8, {2, {INT64_MAX, 2}}, NULL}, AD_TOO_LARGE, "so many"},
};
/* clang-format on */

static const char *unfit_name(int row)
{
    return unfit[row].name;
}

START_TEST(what_is_no_array_is_not_exported)
{
    for (int i = 0; i < 4; i++) {
        exported e = {0};
        ad_error error = {0};
        ad_array a = unfit[_i].array;
        ad_view v = {.data = a.data, .type = a.type, .shape = a.shape};
        v.shape.rank += !a.data; /* a view of no numbers is one, a view of NULL is none */
        v.shape.dim[0] += !a.data;
        ad_status status =
            i < 2 ? move_out(&a, i % 2, &e, &error) : copy_out(NULL, v, i % 2, &e, &error);
        ck_assert_int_eq(status, unfit[_i].status);
        ck_assert_msg(strstr(error.text, unfit[_i].says) != NULL, "%s", error.text);
        ck_assert(a.data == unfit[_i].array.data && !e.versioned && !e.unversioned);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dlpack_export");
    TCase *written = tcase_create("dlpack_export");
    tcase_add_loop_test(written, an_array_that_is_handed_over_belongs_to_the_tensor, 0,
                        LENGTH(shapes));
    tcase_add_test(written, a_view_is_exported_by_a_copy);
    tcase_add_test(written, a_view_of_nothing_is_exported);
    tcase_add_test(written, what_a_tape_has_saved_cannot_be_changed_through_an_export);
    tcase_add_test(written, memory_of_the_callers_is_lent);
    tcase_add_test(written, an_export_can_ask_not_to_be_written_to);
    tcase_add_test(written, an_export_without_memory_changes_nothing);
    add_row_tests(written, what_is_no_array_is_not_exported, LENGTH(unfit), unfit_name);
    suite_add_tcase(suite, written);
    return run_suite(suite);
}
