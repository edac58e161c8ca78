/* Misuse of what reads and writes files. */
#include "misuse.h"

static const double reals[] = {1, 2, 3};

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
    ROW(safetensors_write) ROW(safetensors_open) ROW(safetensors_parse) ROW(safetensors_close) ROW(safetensors_count) \
    ROW(safetensors_find) ROW(safetensors_name) ROW(safetensors_shape) ROW(safetensors_stored) ROW(safetensors_type) \
    ROW(safetensors_view) ROW(safetensors_metadata) ROW(safetensors_pair) ROW(safetensors_read) ROW(safetensors_read_as)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row file_rows[] = {FILE_ROWS(ROW_OF)};
const size_t file_row_count = sizeof file_rows / sizeof *file_rows;
