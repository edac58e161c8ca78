/* safetensors: files of the safetensors library are read, and written byte for byte; views are what arrays are. */
#define _POSIX_C_SOURCE 200809L
#include "adze/io.h"

#include "allocator.h"
#include "safetensors_bytes.h"
#include "saving.h"
#include "suite.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- files of the safetensors library ----------------------------------------------------- */

/* corpus/fuzz_safetensors/python* were made by safetensors 0.8.0. */
typedef struct expected {
    const char *file, *name, *stored;
    ad_type type; /* AD_TYPE_COUNT: none of adze's */
    ad_shape shape;
    double numbers[6];
    ad_status as_f64; /* of read_as */
} expected;

static const float matrix[] = {1, 2, 3, 4, 5, 6};
static const double doubles[] = {1e10, 1.00048828125}, halves[] = {1.5, -65504, INFINITY};
static const char odd_name[] = "\xc3\xa9\"\\\n\x01/";

static const expected arrays[] = {
    {"python", "one", "I64", AD_I64, {0, {0}}, {-5}, AD_OK},
    {"python", odd_name, "F64", AD_F64, {1, {2}}, {1e10, 1.00048828125}, AD_OK},
    {"python", "a", "F32", AD_F32, {2, {3, 2}}, {1, 4, 2, 5, 3, 6}, AD_OK},
    {"python", "b", "F32", AD_F32, {2, {2, 3}}, {1, 2, 3, 4, 5, 6}, AD_OK},
    {"python", "none", "F32", AD_F32, {2, {0, 3}}, {0}, AD_OK},
    {"python", "i32", "I32", AD_I32, {1, {2}}, {-2147483648.0, 7}, AD_OK},
    {"python", "brain", "BF16", AD_TYPE_COUNT, {1, {6}}, {1, 2, 3, 4, 5, 6}, AD_OK},
    {"python", "half", "F16", AD_TYPE_COUNT, {1, {3}}, {1.5, -65504, INFINITY}, AD_OK},
    {"python", "u8", "U8", AD_U8, {1, {2}}, {0, 255}, AD_OK},
    {"python", "mask", "BOOL", AD_BOOL, {1, {3}}, {1, 0, 1}, AD_OK},
    {"python_more", "far", "U64", AD_TYPE_COUNT, {1, {2}}, {0}, AD_DOMAIN},
    {"python_more", "u64", "U64", AD_TYPE_COUNT, {1, {2}}, {0x1p63, 5}, AD_OK},
    {"python_more", "c64", "C64", AD_TYPE_COUNT, {1, {1}}, {0}, AD_BAD_TYPE},
    {"python_more", "u32", "U32", AD_TYPE_COUNT, {1, {1}}, {4294967295.0}, AD_OK},
    {"python_more", "u16", "U16", AD_TYPE_COUNT, {1, {1}}, {65535}, AD_OK},
    {"python_more", "i16", "I16", AD_TYPE_COUNT, {1, {2}}, {-32768, 32767}, AD_OK},
    {"python_more", "e8m0", "F8_E8M0", AD_TYPE_COUNT, {1, {1}}, {0}, AD_BAD_TYPE},
    {"python_more",
     "e4m3",
     "F8_E4M3",
     AD_TYPE_COUNT,
     {1, {6}},
     {1, -2, 0x1p-9, 448, NAN, -0.0},
     AD_OK},
    {"python_more",
     "e5m2",
     "F8_E5M2",
     AD_TYPE_COUNT,
     {1, {6}},
     {1, -2, 0x1p-16, 57344, INFINITY, NAN},
     AD_OK},
    {"python_more", "i8", "I8", AD_TYPE_COUNT, {1, {2}}, {-128, 127}, AD_OK},
    {"misaligned", "a", "U8", AD_U8, {1, {1}}, {7}, AD_OK},
    {"misaligned", "b", "F64", AD_F64, {1, {1}}, {2.5}, AD_OK},
    {"f4", "a", "F4", AD_TYPE_COUNT, {2, {3, 2}}, {0}, AD_BAD_TYPE},
};
enum { ARRAYS = sizeof arrays / sizeof *arrays };

static ad_safetensors *open_corpus(const char *name, bool from_file, const ad_allocator *allocator)
{
    blob b;
    ad_error error = {0};
    blob_of_corpus(&b, name);
    static blob kept; /* as long as it is open */
    kept = b;
    ad_safetensors *f = open_blob(&kept, from_file, allocator, &error);
    ck_assert_msg(f != NULL, "%s", error.text);
    return f;
}

static void expect_numbers(const expected *x, const ad_view *v)
{
    ck_assert(ad_shape_equal(&v->shape, &x->shape));
    size_t n;
    ck_assert_int_eq(ad_shape_count(&v->shape, &n), AD_OK);
    for (size_t i = 0; i < n; i++) {
        double got = ad_view_get(v, i), wanted = x->numbers[i];
        ck_assert_msg(wanted == wanted ? got == wanted && !signbit(got) == !signbit(wanted)
                                       : got != got,
                      "%s[%zu] = %g, not %g", x->name, i, got, wanted);
    }
}

/* The place of the row in its file. */
static int place_of(const expected *x)
{
    int place = 0;
    while (arrays + place != x)
        place++;
    int first = 0;
    while (strcmp(arrays[first].file, x->file) != 0)
        first++;
    return place - first;
}

START_TEST(an_array_of_a_file_is_as_expected)
{
    const expected *x = &arrays[_i / 2];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_safetensors *f = open_corpus(x->file, _i % 2, &memory.base);
    int i = place_of(x);
    ck_assert_str_eq(ad_safetensors_name(f, i), x->name);
    ck_assert_int_eq(ad_safetensors_find(f, x->name), i);
    ck_assert_str_eq(ad_safetensors_stored(f, i), x->stored);
    ck_assert_int_eq(ad_safetensors_type(f, i), x->type);
    ad_shape shape = ad_safetensors_shape(f, i);
    ck_assert(ad_shape_equal(&shape, &x->shape));
    ad_error error = {0};
    ad_array a = {0};
    ck_assert_int_eq(ad_safetensors_read_as(f, i, AD_F64, &memory.base, &a, &error), x->as_f64);
    ck_assert_int_eq(error.status, x->as_f64);
    ad_view v = ad_array_view(a);
    if (x->as_f64 == AD_OK)
        expect_numbers(x, &v);
    ad_array_free(&a);
    error = (ad_error){0};
    bool own = x->type != AD_TYPE_COUNT;
    ck_assert_int_eq(ad_safetensors_read(f, i, &memory.base, &a, &error),
                     own ? AD_OK : AD_BAD_TYPE);
    v = ad_array_view(a);
    if (own)
        expect_numbers(x, &v);
    ck_assert_int_eq(own || a.data == NULL, true);
    ad_array_free(&a);
    ad_safetensors_close(f);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(views_are_given_where_numbers_lie_as_in_memory)
{
    const expected *x = &arrays[_i];
    ad_safetensors *f = open_corpus(x->file, true, NULL);
    ad_view v = ad_safetensors_view(f, place_of(x));
    bool misaligned = strcmp(x->file, "misaligned") == 0 && x->type == AD_F64;
    ck_assert_int_eq(v.type, x->type);
    ck_assert_int_eq(v.data != NULL, x->type != AD_TYPE_COUNT && !misaligned);
    if (v.data)
        expect_numbers(x, &v);
    ad_safetensors_close(f);
}
END_TEST

START_TEST(a_bool_that_is_neither_0_nor_1_is_refused)
{
    ad_error error = {0};
    ad_array a = {0};
    ad_safetensors *f = open_corpus("bool2", _i, NULL);
    ck_assert_int_eq(ad_safetensors_read(f, 0, NULL, &a, &error), AD_FORMAT);
    ck_assert_ptr_nonnull(
        strstr(error.text, "byte 65: array `a` has a bool that is neither 0 nor 1"));
    ck_assert_ptr_null(a.data);
    ck_assert_ptr_null(ad_safetensors_view(f, 0).data);
    ad_safetensors_close(f);
}
END_TEST

START_TEST(messages_say_what_adze_does_not_have)
{
    ad_error error = {0};
    ad_array a = {0};
    ad_safetensors *f = open_corpus("python", false, NULL);
    int i = ad_safetensors_find(f, "brain");
    ck_assert_int_eq(ad_safetensors_read(f, i, NULL, &a, &error), AD_BAD_TYPE);
    ck_assert_str_eq(error.text, "x: array `brain` is of BF16, which adze does not have; "
                                 "safetensors_read_as converts it");
    ad_safetensors_close(f);
    f = open_corpus("python_more", false, NULL);
    error = (ad_error){0};
    i = ad_safetensors_find(f, "far");
    ck_assert_int_eq(ad_safetensors_read_as(f, i, AD_I64, NULL, &a, &error), AD_DOMAIN);
    ck_assert_str_eq(error.text, "x: byte 600: array `far` has a number beyond those of i64");
    ad_safetensors_close(f);
}
END_TEST

/* ---- writing ------------------------------------------------------------------------------ */

static size_t bytes_in(const char *path, unsigned char *bytes, size_t most)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(bytes, 1, most, file);
    fclose(file);
    return n;
}

static void expect_file(const char *path, const char *corpus)
{
    static unsigned char bytes[1 << 16];
    blob b;
    blob_of_corpus(&b, corpus);
    ck_assert_uint_eq(bytes_in(path, bytes, sizeof bytes), b.size);
    ck_assert_mem_eq(bytes, b.data, b.size);
}

START_TEST(a_file_is_that_of_the_safetensors_library)
{
    const bool mask[] = {true, false, true};
    const uint8_t u8[] = {0, 255};
    const int32_t i32[] = {INT32_MIN, 7};
    const int64_t one = -5;
    const ad_view turned = {matrix, AD_F32, AD_SHAPE(3, 2), {1, 3}};
    const ad_named_view all[] = {
        {"b", AD_VIEW(matrix, 2, 3), AD_FULL},   {"a", turned, AD_FULL},
        {odd_name, AD_VECTOR(doubles), AD_FULL}, {"half", AD_VECTOR(halves), AD_F16},
        {"brain", AD_VECTOR(matrix), AD_BF16},   {"one", AD_VIEW_SCALAR(&one), AD_FULL},
        {"mask", AD_VECTOR(mask), AD_BF16},      {"none", AD_VIEW(matrix, 0, 3), AD_FULL},
        {"u8", AD_VECTOR(u8), AD_F16},           {"i32", AD_VECTOR(i32), AD_F16},
    };
    saving s = saving_begin();
    ad_error error = {0};
    ck_assert_msg(ad_safetensors_write(s.path, 10, all, 1, &(ad_metadata){"format", "np"}, NULL,
                                       &error) == AD_OK,
                  "%s", error.text);
    expect_file(s.path, "python");
    ck_assert_int_eq(ad_safetensors_write(s.path, 0, NULL, 0, NULL, NULL, NULL), AD_OK);
    expect_file(s.path, "python_empty");
    saving_end(&s);
}
END_TEST

/* Numbers 0, 1, 2, ... of a type, and views of them. */
enum { MANY = 6000 };
typedef union numbers {
    double aligned;
    unsigned char bytes[8 * MANY];
} numbers;

static void count_up(ad_type type, numbers *x)
{
    ad_array a = ad_array_of(type, x->bytes, AD_SHAPE(MANY));
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(ad_array_set(&a, (size_t)i, type == AD_BOOL ? i % 3 == 0 : i % 251),
                         AD_OK);
}

static const ad_view layouts[] = {
    {.shape = {0, {0}}},
    {.shape = {1, {MANY}}, .stride = {1}},
    {.shape = {1, {MANY}}, .stride = {0}},
    {.shape = {1, {0}}, .stride = {1}},
    {.shape = {2, {2000, 3}}, .stride = {1, 2000}},
    {.shape = {2, {3, 2000}}, .stride = {1, 3}},
    {.shape = {2, {50, 60}}, .stride = {120, 2}},
    {.shape = {3, {4, 0, 5}}, .stride = {5, 5, 1}},
    {.shape = {3, {2, 3, 4}}, .stride = {0, 100, 0}},
    {.shape = {8, {1, 2, 1, 3, 2, 1, 2, 1}}, .stride = {9, 12, 7, 4, 2, 5, 1, 3}},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static void expect_same(const ad_view *a, const ad_view *b)
{
    ck_assert(ad_shape_equal(&a->shape, &b->shape));
    for (size_t i = 0; i < ad_view_count(b); i++)
        ck_assert_msg(ad_view_get(a, i) == ad_view_get(b, i), "number %zu", i);
}

START_TEST(views_are_written_row_by_row)
{
    static numbers x;
    ad_type type = (ad_type)(_i / LAYOUTS);
    count_up(type, &x);
    ad_view v = layouts[_i % LAYOUTS];
    v.type = type;
    v.data = x.bytes;
    ad_named_view backwards = {"backwards", v, AD_FULL};
    for (int k = 0; k < v.shape.rank; k++)
        if (v.shape.dim[k] > 0) {
            backwards.view.data = (const char *)backwards.view.data +
                                  (v.shape.dim[k] - 1) * v.stride[k] * (int64_t)ad_type_size(type);
            backwards.view.stride[k] = -v.stride[k];
        }
    saving s = saving_begin();
    const ad_named_view both[] = {{"v", v, AD_FULL}, backwards};
    ck_assert_int_eq(ad_safetensors_write(s.path, 2, both, 0, NULL, NULL, NULL), AD_OK);
    ad_safetensors *f = ad_safetensors_open(s.path, NULL, NULL);
    ck_assert_int_eq(ad_safetensors_count(f), 2);
    for (int k = 0; k < 2; k++) {
        ad_view seen = ad_safetensors_view(f, ad_safetensors_find(f, both[k].name));
        expect_same(&seen, &both[k].view);
    }
    ad_array a;
    ck_assert_int_eq(ad_safetensors_read_as(f, 0, AD_F64, NULL, &a, NULL), AD_OK);
    ad_view read = ad_array_view(a);
    expect_same(&read, &both[1].view);
    ad_array_free(&a);
    ad_safetensors_close(f);
    saving_end(&s);
}
END_TEST

START_TEST(a_file_may_have_many_arrays_and_much_metadata)
{
    enum { N = 1000 };
    static char names[N][16], values[N][16];
    static ad_named_view all[N];
    static ad_metadata pairs[N];
    int32_t number[N];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof *names, "w%d", i * 7919 % N);
        snprintf(values[i], sizeof *values, "%d", i);
        number[i] = i;
        all[i] = (ad_named_view){names[i], AD_VIEW_SCALAR(&number[i]), AD_FULL};
        pairs[i] = (ad_metadata){names[i], values[i]};
    }
    saving s = saving_begin();
    ck_assert_int_eq(ad_safetensors_write(s.path, N, all, N, pairs, NULL, NULL), AD_OK);
    ad_safetensors *f = ad_safetensors_open(s.path, NULL, NULL);
    for (int i = 0; i < N; i++) {
        ad_view v = ad_safetensors_view(f, ad_safetensors_find(f, names[i]));
        ck_assert(ad_view_get(&v, 0) == i);
        ck_assert_str_eq(ad_safetensors_metadata(f, names[i]), values[i]);
        ck_assert(i == 0 ||
                  strcmp(ad_safetensors_pair(f, i - 1).key, ad_safetensors_pair(f, i).key) < 0);
    }
    ad_safetensors_close(f);
    saving_end(&s);
}
END_TEST

/* ---- open files --------------------------------------------------------------------------- */

START_TEST(an_open_file_stays_when_it_is_replaced)
{
    saving s = saving_begin();
    ad_named_view one = {"x", AD_VECTOR(doubles), AD_FULL}, two = {"y", AD_VECTOR(matrix), AD_FULL};
    ck_assert_int_eq(ad_safetensors_write(s.path, 1, &one, 0, NULL, NULL, NULL), AD_OK);
    ad_safetensors *f = ad_safetensors_open(s.path, NULL, NULL);
    ck_assert_int_eq(ad_safetensors_write(s.path, 1, &two, 0, NULL, NULL, NULL), AD_OK);
    ad_view v = ad_safetensors_view(f, 0);
    expect_same(&v, &one.view);
    ad_safetensors_close(f);
    saving_end(&s);
}
END_TEST

START_TEST(a_file_that_is_cut_while_it_is_open_is_an_error)
{
    saving s = saving_begin();
    ad_named_view one = {"x", AD_VECTOR(doubles), AD_FULL};
    ad_array a = {0};
    ad_error error = {0};
    ck_assert_int_eq(ad_safetensors_write(s.path, 1, &one, 0, NULL, NULL, NULL), AD_OK);
    ad_safetensors *f = ad_safetensors_open(s.path, NULL, NULL);
    ck_assert_int_eq(truncate(s.path, 70), 0);
    ck_assert_int_eq(ad_safetensors_read(f, 0, NULL, &a, &error), AD_FILE);
    ck_assert_ptr_nonnull(strstr(error.text, "it has been cut to 70 bytes since it was opened"));
    ck_assert_ptr_null(a.data);
    ck_assert_int_eq(ad_safetensors_read_as(f, 0, AD_F32, NULL, &a, NULL), AD_FILE);
    ad_safetensors_close(f);
    saving_end(&s);
}
END_TEST

START_TEST(memory_may_run_out_at_any_time)
{
    test_allocator memory;
    test_allocator_init(&memory);
    blob b;
    blob_of_corpus(&b, "python");
    for (size_t at = 1;; at++) {
        ad_error error = {0};
        ad_array a = {0};
        memory.calls = 0;
        memory.fail_at = at;
        ad_safetensors *f = open_blob(&b, _i, &memory.base, &error);
        ad_status status =
            f ? ad_safetensors_read_as(f, 1, AD_F32, &memory.base, &a, &error) : error.status;
        ck_assert_int_eq(status, error.status);
        ck_assert_int_eq(status, memory.calls < at ? AD_OK : AD_MEMORY);
        ck_assert_int_eq(a.data != NULL, status == AD_OK);
        ad_array_free(&a);
        ad_safetensors_close(f);
        ck_assert_uint_eq(memory.live_blocks, 0);
        if (status == AD_OK)
            break;
    }
    memory.fail_at = 0;
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_an_error)
{
    ad_error error = {0};
    ck_assert_ptr_null(ad_safetensors_open("/nowhere/x", NULL, &error));
    ck_assert_str_eq(error.text, "/nowhere/x: No such file or directory");
    error = (ad_error){0};
    ck_assert_ptr_null(ad_safetensors_open("/", NULL, &error));
    ck_assert_str_eq(error.text, "/: is a directory, not a file");
    error = (ad_error){0};
    ck_assert_ptr_null(ad_safetensors_open("/dev/null", NULL, &error));
    ck_assert_str_eq(error.text, "/dev/null: is not a regular file");
}
END_TEST

static const char *array_name(int i)
{
    return arrays[i].name;
}

int main(void)
{
    Suite *suite = suite_create("safetensors");
    TCase *all = tcase_create("safetensors");
    tcase_add_loop_test(all, an_array_of_a_file_is_as_expected, 0, 2 * ARRAYS);
    add_row_tests(all, views_are_given_where_numbers_lie_as_in_memory, ARRAYS, array_name);
    tcase_add_loop_test(all, a_bool_that_is_neither_0_nor_1_is_refused, 0, 2);
    tcase_add_test(all, messages_say_what_adze_does_not_have);
    tcase_add_test(all, a_file_is_that_of_the_safetensors_library);
    tcase_add_loop_test(all, views_are_written_row_by_row, 0, AD_TYPE_COUNT * LAYOUTS);
    tcase_add_test(all, a_file_may_have_many_arrays_and_much_metadata);
    tcase_add_test(all, an_open_file_stays_when_it_is_replaced);
    tcase_add_test(all, a_file_that_is_cut_while_it_is_open_is_an_error);
    tcase_add_loop_test(all, memory_may_run_out_at_any_time, 0, 2);
    tcase_add_test(all, a_file_that_cannot_be_opened_is_an_error);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
