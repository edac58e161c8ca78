/* Misuse of what reads and writes files. */
#include "misuse.h"

static const double reals[] = {1, 2, 3};

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

static void run_npy_write(void)
{
    ad_view bad = {.type = (ad_type)-1};
    ck_assert_int_eq(ad_npy_write(NULL, AD_VECTOR(reals), NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_write("/dev/null", bad, NULL, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_npy_write("/dev/null", AD_VECTOR(reals), &(ad_write_options){0}, NULL),
                     AD_MISUSE);
    ck_assert_int_eq(ad_npy_write("/no/such/folder/x", AD_VECTOR(reals), NULL, NULL), AD_FILE);
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
    ad_named_view one = {"x", AD_VECTOR(reals), AD_FULL},
                  nameless = {NULL, AD_VECTOR(reals), AD_FULL};
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

/* ---- safetensors --------------------------------------------------------------------------- */

static const char header[] = "\x38\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F64\",\"shape\":[0],"
                             "\"data_offsets\":[0,0]}}  ";

static ad_safetensors *small_file(void)
{
    ad_safetensors *f = ad_safetensors_parse(header, sizeof header - 1, "x", NULL, NULL);
    ck_assert_ptr_nonnull(f);
    return f;
}

static void run_safetensors_write(void)
{
    ad_error e = {0};
    ad_named_view a = {"a", AD_VECTOR(reals), AD_FULL}, none = {"a", {0}, AD_FULL};
    ad_metadata pair = {"k", NULL};
    ad_write_options no_size = {0};
    ck_assert_int_eq(ad_safetensors_write(NULL, 1, &a, 0, NULL, NULL, &e), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_write("/no/x", -1, &a, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_write("/no/x", 1, NULL, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_write("/no/x", 1, &none, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_write("/no/x", 1, &a, 1, &pair, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_write("/no/x", 1, &a, 0, NULL, &no_size, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_write("/no/x", 1, &a, 0, NULL, NULL, NULL), AD_FILE);
    ck_assert_int_eq(ad_safetensors_write("/dev/null", 1, &a, 0, NULL, NULL, NULL), AD_FILE);
}
static void run_safetensors_open(void)
{
    ad_error e = {0};
    ck_assert_ptr_null(ad_safetensors_open(NULL, NULL, &e));
    ck_assert_int_eq(e.status, AD_MISUSE);
    ck_assert_ptr_null(ad_safetensors_open("/no/x", NULL, NULL));
    ck_assert_ptr_null(ad_safetensors_open("/dev/null", NULL, NULL));
}
static void run_safetensors_parse(void)
{
    ad_error e = {0};
    ck_assert_ptr_null(ad_safetensors_parse(NULL, 8, "x", NULL, &e));
    ck_assert_int_eq(e.status, AD_MISUSE);
    ck_assert_ptr_null(ad_safetensors_parse(header, 8, NULL, NULL, NULL));
    ck_assert_ptr_null(ad_safetensors_parse(header, 0, "x", NULL, NULL));
}
static void run_safetensors_close(void)
{
    ad_safetensors_close(NULL);
}

/* The functions that return one thing about an array, for no file and for no array. */
#define RUN_LOOK(name, type, none)                               \
    static void run_safetensors_##name(void)                     \
    {                                                            \
        ad_safetensors *f = small_file();                        \
        ck_assert((ad_safetensors_##name(NULL, 0))type == none); \
        ck_assert((ad_safetensors_##name(f, -1))type == none);   \
        ck_assert((ad_safetensors_##name(f, 1))type == none);    \
        ad_safetensors_close(f);                                 \
    }
RUN_LOOK(name, , NULL)
RUN_LOOK(shape, .rank, 0)
RUN_LOOK(stored, , NULL)
RUN_LOOK(type, , AD_TYPE_COUNT)
RUN_LOOK(view, .data, NULL)
RUN_LOOK(pair, .key, NULL)

static void run_safetensors_count(void)
{
    ck_assert_int_eq(ad_safetensors_count(NULL), 0);
}
static void run_safetensors_find(void)
{
    ad_safetensors *f = small_file();
    ck_assert_int_eq(ad_safetensors_find(NULL, "a"), -1);
    ck_assert_int_eq(ad_safetensors_find(f, NULL), -1);
    ck_assert_int_eq(ad_safetensors_find(f, "b"), -1);
    ad_safetensors_close(f);
}
static void run_safetensors_metadata(void)
{
    ad_safetensors *f = small_file();
    ck_assert_ptr_null(ad_safetensors_metadata(NULL, "a"));
    ck_assert_ptr_null(ad_safetensors_metadata(f, NULL));
    ck_assert_ptr_null(ad_safetensors_metadata(f, "a"));
    ad_safetensors_close(f);
}
static void run_safetensors_read(void)
{
    ad_safetensors *f = small_file();
    ad_array a = {.data = &a};
    ad_error e = {0};
    ck_assert_int_eq(ad_safetensors_read(NULL, 0, NULL, &a, &e), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_read(f, 1, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_read(f, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_ptr_eq(a.data, &a);
    ad_safetensors_close(f);
}
static void run_safetensors_read_as(void)
{
    ad_safetensors *f = small_file();
    ad_array a = {.data = &a};
    ad_error e = {0};
    ck_assert_int_eq(ad_safetensors_read_as(NULL, 0, AD_F32, NULL, &a, &e), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_read_as(f, -1, AD_F32, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_read_as(f, 0, AD_F32, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_read_as(f, 0, AD_TYPE_COUNT, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_ptr_eq(a.data, &a);
    ad_safetensors_close(f);
}

/* clang-format off */
#define FILE_ROWS(ROW) \
    ROW(idx_read) ROW(idx_parse) ROW(dataset_read) ROW(dataset_read_with) ROW(dataset_free) \
    ROW(npy_write) ROW(npy_read) ROW(npy_read_as) ROW(npy_parse) ROW(npy_parse_as) \
    ROW(npz_write) ROW(npz_write_deflated) ROW(npz_open) ROW(npz_parse) ROW(npz_close) \
    ROW(npz_count) ROW(npz_find) ROW(npz_name) ROW(npz_read) ROW(npz_read_as) \
    ROW(safetensors_write) ROW(safetensors_open) ROW(safetensors_parse) ROW(safetensors_close) ROW(safetensors_count) \
    ROW(safetensors_find) ROW(safetensors_name) ROW(safetensors_shape) ROW(safetensors_stored) ROW(safetensors_type) \
    ROW(safetensors_view) ROW(safetensors_metadata) ROW(safetensors_pair) ROW(safetensors_read) ROW(safetensors_read_as)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row file_rows[] = {FILE_ROWS(ROW_OF)};
const size_t file_row_count = sizeof file_rows / sizeof *file_rows;
