/* Misuse of what passes arrays to other libraries. Malformed tensors are in io/test_dlpack_import.c. */
#include "io/dlpack.h"
#include "misuse.h"

/* A tensor that counts how often it is deleted. */
typedef struct counted {
    struct DLManagedTensorVersioned versioned;
    struct DLManagedTensor unversioned;
    int deleted;
} counted;

static void delete_versioned(struct DLManagedTensorVersioned *self)
{
    ((counted *)self->manager_ctx)->deleted++;
}
static void delete_unversioned(struct DLManagedTensor *self)
{
    ((counted *)self->manager_ctx)->deleted++;
}

/* Good, but for what is missing beside it. */
static void make_counted(counted *c)
{
    static double number = 1;
    ad_dl_tensor t = {&number, AD_DL_CPU, 0, 0, AD_DL_FLOAT, 64, 1, NULL, NULL, 0};
    *c = (counted){.versioned = {1, 0, c, delete_versioned, 0, t},
                   .unversioned = {t, c, delete_unversioned}};
}

static void run_dlpack_import(void)
{
    counted c;
    ad_borrowed b = {.writable = true};
    ad_error e = {0};
    make_counted(&c);
    ck_assert_int_eq(ad_dlpack_import(NULL, &b, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_import(&c.versioned, NULL, &e), AD_MISUSE);
    ck_assert_str_eq(e.text, "dlpack_import: borrowed is NULL");
    ck_assert(c.deleted == 1 && b.writable);
}
static void run_dlpack_import_unversioned(void)
{
    counted c;
    ad_borrowed b = {.writable = true};
    ad_error e = {0};
    make_counted(&c);
    ck_assert_int_eq(ad_dlpack_import_unversioned(NULL, &b, &e), AD_MISUSE);
    ck_assert_str_eq(e.text, "dlpack_import: managed is NULL");
    ck_assert_int_eq(ad_dlpack_import_unversioned(&c.unversioned, NULL, NULL), AD_MISUSE);
    ck_assert(c.deleted == 1 && b.writable);
}
static void run_dlpack_import_copy(void)
{
    counted c;
    ad_array a = {.data = &a};
    make_counted(&c);
    ck_assert_int_eq(ad_dlpack_import_copy(NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_import_copy(NULL, &c.versioned, NULL, NULL), AD_MISUSE);
    ck_assert(c.deleted == 1 && a.data == &a);
}
static void run_dlpack_import_copy_unversioned(void)
{
    counted c;
    ad_array a = {.data = &a};
    make_counted(&c);
    ck_assert_int_eq(ad_dlpack_import_copy_unversioned(NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_import_copy_unversioned(NULL, &c.unversioned, NULL, NULL),
                     AD_MISUSE);
    ck_assert(c.deleted == 1 && a.data == &a);
}
static void run_dlpack_release(void)
{
    ad_borrowed none = {0};
    ad_dlpack_release(NULL);
    ad_dlpack_release(&none);
}

static void run_dlpack_export(void)
{
    struct DLManagedTensorVersioned *managed = NULL;
    ad_array a = ad_zeros(AD_F32, AD_SHAPE(2)), none = {0};
    ad_error e = {0};
    ck_assert_int_eq(ad_dlpack_export(NULL, 0, &managed, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_export(&none, 0, &managed, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_export(&a, 0, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_export(&a, 6, &managed, &e), AD_MISUSE);
    ck_assert_str_eq(e.text, "dlpack_export: there are no flags 0x6");
    ck_assert(a.data && !managed);
    ad_array_free(&a);
}
static void run_dlpack_export_unversioned(void)
{
    struct DLManagedTensor *managed = NULL;
    ad_array a = ad_zeros(AD_F32, AD_SHAPE(2));
    ck_assert_int_eq(ad_dlpack_export_unversioned(NULL, &managed, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_export_unversioned(&a, NULL, NULL), AD_MISUSE);
    ck_assert(a.data && !managed);
    ad_array_free(&a);
}
static void run_dlpack_export_copy(void)
{
    const double number = 1;
    struct DLManagedTensorVersioned *managed = NULL;
    ad_view v = AD_VIEW_SCALAR(&number), none = {0};
    ck_assert_int_eq(ad_dlpack_export_copy(NULL, none, &managed, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_export_copy(NULL, v, NULL, NULL), AD_MISUSE);
    v.type = AD_TYPE_COUNT;
    ck_assert_int_eq(ad_dlpack_export_copy(NULL, v, &managed, NULL), AD_BAD_TYPE);
    ck_assert_ptr_null(managed);
}
static void run_dlpack_export_copy_unversioned(void)
{
    const double number = 1;
    struct DLManagedTensor *managed = NULL;
    ad_view v = AD_VIEW_SCALAR(&number), none = {0};
    ck_assert_int_eq(ad_dlpack_export_copy_unversioned(NULL, none, &managed, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dlpack_export_copy_unversioned(NULL, v, NULL, NULL), AD_MISUSE);
    ck_assert_ptr_null(managed);
}

/* clang-format off */
#define DLPACK_ROWS(ROW) \
    ROW(dlpack_import) ROW(dlpack_import_unversioned) ROW(dlpack_import_copy) ROW(dlpack_import_copy_unversioned) \
    ROW(dlpack_release) ROW(dlpack_export) ROW(dlpack_export_unversioned) ROW(dlpack_export_copy) \
    ROW(dlpack_export_copy_unversioned)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row dlpack_rows[] = {DLPACK_ROWS(ROW_OF)};
const size_t dlpack_row_count = sizeof dlpack_rows / sizeof *dlpack_rows;
