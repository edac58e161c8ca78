/* Misuse of functions that read and write files. */
#include "misuse.h"

#include "adze/io.h"

static double reals[4];

/* ---- data ---------------------------------------------------------------------------------- */

static void run_idx_read(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_idx_read(NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_idx_read("/dev/null", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_idx_read("/dev/null", NULL, &a, NULL), AD_FILE); /* no regular file */
    ck_assert_int_eq(ad_idx_read("/no/such/file", NULL, &a, NULL), AD_FILE);
    ck_assert_int_ne(ad_idx_read("/", NULL, &a, NULL), AD_OK);
    ck_assert_ptr_eq(a.data, &a);
}
static void run_idx_parse(void)
{
    ad_error e = {0};
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_idx_parse(NULL, 4, "x", NULL, &a, &e), AD_MISUSE);
    ck_assert_int_eq(ad_idx_parse(reals, 4, "x", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_idx_parse(reals, 0, NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_ptr_eq(a.data, &a);
}
static void run_dataset_read(void)
{
    ad_dataset d = {.train_images = {.data = &d}};
    ck_assert_int_eq(ad_dataset_read(NULL, NULL, &d, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_read("/", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_read("/no/such/directory", NULL, &d, NULL), AD_FILE);
    ck_assert_ptr_eq(d.train_images.data, &d);
}
static void run_dataset_read_with(void)
{
    ad_dataset d = {.train_images = {.data = &d}};
    ad_dataset_options o = {.size = sizeof o, .name = "none"}, no_size = {0};
    ck_assert_int_eq(ad_dataset_read_with(NULL, NULL, &d, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_read_with("/", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_read_with("/", &no_size, &d, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_dataset_read_with("/", &o, &d, NULL), AD_FILE);
    ck_assert_int_eq(ad_dataset_read_with("/no/such/directory", NULL, &d, NULL), AD_FILE);
    ck_assert_ptr_eq(d.train_images.data, &d);
}
static void run_dataset_free(void)
{
    ad_dataset d = {.train_images = {.data = NULL}};
    ad_dataset_free(NULL);
    ad_dataset_free(&d);
}

/* ---- NumPy --------------------------------------------------------------------------------- */

#define GOOD AD_VECTOR(reals)

static void run_npy_write(void)
{
    ad_view bad = {.type = (ad_type)-1};
    ck_assert_int_eq(ad_npy_write(NULL, GOOD, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_write("/dev/null", bad, NULL, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_npy_write("/dev/null", GOOD, &(ad_write_options){0}, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_write("/no/such/folder/x", GOOD, NULL, NULL), AD_FILE);
}
static void run_npy_read(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_npy_read(NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_read("/dev/null", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_read("/dev/null", NULL, &a, NULL), AD_FILE); /* no regular file */
    ck_assert_ptr_eq(a.data, &a);
}
static void run_npy_read_as(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_npy_read_as(NULL, AD_F32, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_read_as("/dev/null", AD_F32, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_read_as("/dev/null", AD_TYPE_COUNT, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_ptr_eq(a.data, &a);
}
static void run_npy_parse(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_npy_parse(NULL, 4, "x", NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_parse(reals, 4, NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_parse(reals, 4, "x", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_parse(reals, 0, "x", NULL, &a, NULL), AD_FORMAT);
    ck_assert_ptr_eq(a.data, &a);
}
static void run_npy_parse_as(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_npy_parse_as(NULL, 4, "x", AD_F32, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_parse_as(reals, 4, "x", (ad_type)-1, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_npy_parse_as(reals, 4, "x", AD_F32, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_ptr_eq(a.data, &a);
}
typedef ad_status npz_writer(const char *path, int n, const ad_named_view *arrays,
                             const ad_write_options *options, ad_error *error);
static void refuse_npz(npz_writer *write)
{
    ad_named_view one = {"x", GOOD, AD_FULL}, nameless = {NULL, GOOD, AD_FULL};
    ck_assert_int_eq(write(NULL, 1, &one, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(write("/dev/null", 1, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(write("/dev/null", -1, &one, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(write("/dev/null", 1, &nameless, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(write("/no/such/folder/x", 1, &one, NULL, NULL), AD_FILE);
}
static void run_npz_write(void)
{
    refuse_npz(ad_npz_write);
}
static void run_npz_write_deflated(void)
{
    refuse_npz(ad_npz_write_deflated);
}
static void run_npz_open(void)
{
    ad_error e = {0};
    ck_assert_ptr_null(ad_npz_open(NULL, NULL, NULL));
    ck_assert_ptr_null(ad_npz_open("/dev/null", NULL, &e));
    ck_assert_int_eq(e.status, AD_FILE);
}
static void run_npz_parse(void)
{
    ad_error e = {0};
    ck_assert_ptr_null(ad_npz_parse(NULL, 4, "x", NULL, NULL));
    ck_assert_ptr_null(ad_npz_parse(reals, 4, NULL, NULL, NULL));
    ck_assert_ptr_null(ad_npz_parse(reals, 0, "x", NULL, &e));
    ck_assert_int_eq(e.status, AD_FORMAT);
}
/* The bytes of an archive without members. */
static const char nothing[22] = "PK\5\6";
static ad_npz *empty(void)
{
    ad_npz *file = ad_npz_parse(nothing, sizeof nothing, "x", NULL, NULL);
    ck_assert_ptr_nonnull(file);
    return file;
}
static void run_npz_close(void)
{
    ad_npz_close(NULL);
    ad_npz_close(empty());
}
static void run_npz_count(void)
{
    ad_npz *file = empty();
    ck_assert_int_eq(ad_npz_count(NULL), 0);
    ck_assert_int_eq(ad_npz_count(file), 0);
    ad_npz_close(file);
}
static void run_npz_find(void)
{
    ad_npz *file = empty();
    ck_assert_int_eq(ad_npz_find(NULL, "x"), -1);
    ck_assert_int_eq(ad_npz_find(file, NULL), -1);
    ck_assert_int_eq(ad_npz_find(file, "x"), -1);
    ad_npz_close(file);
}
static void run_npz_name(void)
{
    ad_npz *file = empty();
    ck_assert_ptr_null(ad_npz_name(NULL, 0));
    ck_assert_ptr_null(ad_npz_name(file, 0));
    ck_assert_ptr_null(ad_npz_name(file, -1));
    ad_npz_close(file);
}
static void run_npz_read(void)
{
    ad_npz *file = empty();
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_npz_read(NULL, 0, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npz_read(file, 0, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npz_read(file, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_ptr_eq(a.data, &a);
    ad_npz_close(file);
}
static void run_npz_read_as(void)
{
    ad_npz *file = empty();
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_npz_read_as(NULL, 0, AD_F32, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npz_read_as(file, 0, AD_F32, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npz_read_as(file, 0, AD_TYPE_COUNT, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_ptr_eq(a.data, &a);
    ad_npz_close(file);
}

/* clang-format off */
#define FILE_ROWS(ROW) \
    ROW(idx_read) ROW(idx_parse) ROW(dataset_read) ROW(dataset_read_with) ROW(dataset_free) \
    ROW(npy_write) ROW(npy_read) ROW(npy_read_as) ROW(npy_parse) ROW(npy_parse_as) \
    ROW(npz_write) ROW(npz_write_deflated) ROW(npz_open) ROW(npz_parse) ROW(npz_close) \
    ROW(npz_count) ROW(npz_find) ROW(npz_name) ROW(npz_read) ROW(npz_read_as)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row file_rows[] = {FILE_ROWS(ROW_OF)};
const size_t file_row_count = sizeof file_rows / sizeof *file_rows;
