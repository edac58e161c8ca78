/* Reading and writing .npy. The files of corpus/fuzz_npy are those of NumPy 2.4.6 and ml_dtypes 0.6.0; python2 alone
 * is made by hand. */
#define _POSIX_C_SOURCE 200809L
#include "adze/io.h"

#include "idx_bytes.h"
#include "io/npy_header.h"
#include "suite.h"

#include <string.h>
#include <unistd.h>

static ad_status read_as_f32(const char *path, const ad_allocator *allocator, ad_array *a,
                             ad_error *error)
{
    return ad_npy_read_as(path, AD_F32, allocator, a, error);
}

static ad_status parse_as_f32(const void *bytes, size_t size, const char *name,
                              const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    return ad_npy_parse_as(bytes, size, name, AD_F32, allocator, a, error);
}

static const blob_format plain = {ad_npy_read, ad_npy_parse}, as_f32 = {read_as_f32, parse_as_f32};

/* "fuzz_npy/" and the name. */
static void corpus(blob *b, const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "fuzz_npy/%s", name);
    blob_corpus(b, file);
}

/* ---- what NumPy wrote ------------------------------------------------------------------ */

typedef struct good {
    const char *name;
    ad_type type;
    ad_shape shape;
    double value[6];
    const blob_format *format;
} good;

#define HALVES                \
    {                         \
        0, .5, 1, 1.5, 2, 2.5 \
    }
#define AROUND_0            \
    {                       \
        -3, -2, -1, 0, 1, 2 \
    }
#define MATRIX   \
    {            \
        2,       \
        {        \
            2, 3 \
        }        \
    }

static const good files[] = {
    {"f64", AD_F64, MATRIX, HALVES, &plain},
    {"f32", AD_F32, MATRIX, HALVES, &plain},
    {"number", AD_F64, {0, {0}}, {-2.5}, &plain},
    {"vector", AD_F64, {1, {3}}, {1, 2, 3}, &plain},
    {"nothing", AD_F64, {3, {3, 0, 2}}, {0}, &plain},
    {"rank8", AD_U8, {8, {1, 1, 2, 1, 1, 1, 1, 1}}, {0}, &plain},
    {"columns", AD_F64, MATRIX, HALVES, &plain},
    {"columns_3d", AD_F32, {3, {2, 3, 4}}, {0, 1, 2, 3, 4, 5}, &plain},
    {"big_f64", AD_F64, MATRIX, HALVES, &plain},
    {"big_columns_i16", AD_I32, MATRIX, AROUND_0, &plain},
    {"i1", AD_I32, MATRIX, AROUND_0, &plain},
    {"i2", AD_I32, MATRIX, AROUND_0, &plain},
    {"i4", AD_I32, MATRIX, AROUND_0, &plain},
    {"i8", AD_I64, MATRIX, AROUND_0, &plain},
    {"u1", AD_U8, MATRIX, {250, 251, 252, 253, 254, 255}, &plain},
    {"u2", AD_I32, MATRIX, {65530, 65531, 65532, 65533, 65534, 65535}, &plain},
    {"u4",
     AD_I64,
     MATRIX,
     {4294967290., 4294967291., 4294967292., 4294967293., 4294967294., 4294967295.},
     &plain},
    {"u8", AD_I64, MATRIX, {0x1p63, 0x1p63, 0x1p63, 0x1p63, 0x1p63, 0x1p63}, &plain}, /* almost */
    {"bool", AD_BOOL, MATRIX, {1, 0, 1, 0, 1, 0}, &plain},
    {"version2", AD_F64, MATRIX, HALVES, &plain},
    {"version3", AD_F64, MATRIX, HALVES, &plain},
    {"python2", AD_F64, MATRIX, HALVES, &plain},
    {"f2", AD_F32, MATRIX, {-1, -.5, 0, .5, 1, 1.5}, &as_f32},
    {"bf16", AD_F32, MATRIX, {-1, -.5, 0, .5, 1, 1.5}, &as_f32},
    {"big_bf16", AD_F32, MATRIX, {-1, -.5, 0, .5, 1, 1.5}, &as_f32},
    {"f64", AD_F32, MATRIX, HALVES, &as_f32},
    {"big_columns_i16", AD_F32, MATRIX, AROUND_0, &as_f32},
    {"bool", AD_F32, MATRIX, {1, 0, 1, 0, 1, 0}, &as_f32},
};
enum { FILES = sizeof files / sizeof *files };

static const char *file_name(int row)
{
    return files[row].name;
}

START_TEST(files_of_numpy_are_read_every_way)
{
    const good *g = &files[_i];
    test_allocator memory;
    test_allocator_init(&memory);
    blob b;
    corpus(&b, g->name);
    for (int way = 0; way < WAYS; way++) {
        ad_array a;
        ad_error error = {AD_OK, ""};
        ck_assert_msg(load_as(g->format, way, &b, &memory, &a, &error) == AD_OK, "%s", error.text);
        ck_assert_int_eq(a.type, g->type);
        ck_assert(ad_shape_equal(&a.shape, &g->shape));
        ck_assert_ptr_eq(a.allocator, &memory.base);
        ad_view v = ad_array_view(a);
        for (size_t i = 0; i < 6 && i < ad_array_count(&a); i++)
            ck_assert_msg(ad_view_get(&v, i) == g->value[i], "number %zu is %.17g", i,
                          ad_view_get(&v, i));
        ad_array_free(&a);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

START_TEST(columns_become_rows)
{
    blob b;
    ad_array a;
    corpus(&b, "columns_3d");
    ck_assert_int_eq(ad_npy_parse(b.data, b.size, "x", NULL, &a, NULL), AD_OK);
    for (int i = 0; i < 24; i++)
        ck_assert_float_eq(((float *)a.data)[i], (float)i);
    ad_array_free(&a);
}
END_TEST

START_TEST(a_uint64_arrives_to_its_last_bit)
{
    blob b;
    ad_array a;
    corpus(&b, "u8");
    ck_assert_int_eq(ad_npy_parse(b.data, b.size, "x", NULL, &a, NULL), AD_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(((int64_t *)a.data)[i], INT64_MAX - 5 + i);
    ad_array_free(&a);
}
END_TEST

/* ---- what is refused ----------------------------------------------------------------- */

typedef struct bad {
    const char *name;
    ad_status status;
    const char *text;
    const blob_format *format;
} bad;

static const bad refused[] = {
    {"f2", AD_BAD_TYPE, "the numbers are float16, which adze does not have", &plain},
    {"bf16", AD_BAD_TYPE, "the numbers are bfloat16, which adze does not have", &plain},
    {"u8_too_large", AD_DOMAIN, "number 0 is 9223372036854775808, more than i64", &plain},
    {"u8_too_large", AD_DOMAIN, "number 0 is 9223372036854775808, more than i64", &as_f32},
    {"rank9", AD_BAD_SHAPE, "byte 85, in the header: there are more than 8 axes", &plain},
    {"text", AD_BAD_TYPE, "the type '<U2', texts,", &plain},
    {"struct", AD_BAD_TYPE, "the type '[...]', a struct or an array,", &plain},
    {"struct_v3", AD_BAD_TYPE, "the type '[...]', a struct or an array,", &plain},
    {"complex", AD_BAD_TYPE, "the type '<c16', complex numbers,", &plain},
    {"void", AD_BAD_TYPE, "the type '|V2', raw bytes,", &as_f32},
    {"times", AD_BAD_TYPE, "the type '<M8[s]', times,", &plain},
    {"long_double", AD_BAD_TYPE, "the type '<f16', floats of another size,", &plain},
    {"f1", AD_BAD_TYPE, "the type '<f1', floats of another size,", &as_f32},
    {"object", AD_BAD_TYPE, "the type '|O', objects of Python,", &plain},
};
enum { REFUSED = sizeof refused / sizeof *refused };

static const char *refused_name(int row)
{
    return refused[row].name;
}

static void expect_refused(const blob_format *format, const blob *b, ad_status status,
                           const char *text)
{
    for (int way = 0; way < WAYS; way++) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_error error;
        ck_assert_msg(load_safely_as(format, way, b, &memory, &error) == status, "%d: %s",
                      error.status, error.text);
        ck_assert_msg(strstr(error.text, text) != NULL, "%s", error.text);
    }
}

START_TEST(files_that_adze_cannot_hold_are_refused)
{
    const bad *r = &refused[_i];
    blob b;
    corpus(&b, r->name);
    expect_refused(r->format, &b, r->status, r->text);
}
END_TEST

/* ---- headers ------------------------------------------------------------------------- */

/* Version 1.0, the header as it is, and six bytes, 0 and 1. */
static void blob_npy(blob *b, const char *header)
{
    size_t length = strlen(header);
    b->size = 0;
    blob_put(b, 0x934e554d50590100, 8);
    blob_put(b, length & 0xff, 1);
    blob_put(b, length >> 8, 1);
    memcpy(b->data + b->size, header, length);
    b->size += length;
    blob_put(b, 0x000100010001, 6);
}

#define OF(shape) "{'descr': '|u1', 'fortran_order': False, 'shape': " shape ", }"

static const char *const headers[] = {
    OF("(6,)") "\n",
    OF("( 6 , )"),
    OF("(6L,)"),
    OF("(2, 3)"),
    OF("(2, 3,)"),
    OF("(2L, 3L)"),
    OF("(1, 1, 1, 1, 1, 1, 6, 1)"),
    " \t{\r\n'shape':(6,),\f'fortran_order' :True,'descr': \"|u1\"}\n\n ",
    "{'descr':'<u1','fortran_order':False,'shape':(6,)}",
    "{'descr':'>u1','fortran_order':False,'shape':(6,)}",
    "{'descr':'|b1','fortran_order':False,'shape':(6,)}",
};
enum { HEADERS = sizeof headers / sizeof *headers };

START_TEST(a_header_may_be_written_in_several_ways)
{
    for (int way = 0; way < WAYS; way++) {
        test_allocator memory;
        test_allocator_init(&memory);
        blob b;
        ad_array a;
        ad_error error = {0};
        blob_npy(&b, headers[_i]);
        ck_assert_msg(load_as(&plain, way, &b, &memory, &a, &error) == AD_OK, "%s", error.text);
        ck_assert_uint_eq(ad_array_count(&a), 6);
        ck_assert_int_eq(((unsigned char *)a.data)[3], 1);
        ad_array_free(&a);
    }
}
END_TEST

#define DESCR(type)  "{'descr': " type ", 'fortran_order': False, 'shape': (6,), }"
#define ORDER(order) "{'descr': '|u1', 'fortran_order': " order ", 'shape': (6,), }"

typedef struct malformed {
    const char *header;
    ad_status status;
    const char *text;
} malformed;

static const malformed malformed_headers[] = {
    {"", AD_FORMAT, "byte 10, in the header: expected '{'"},
    {"[]", AD_FORMAT, "byte 10, in the header: expected '{'"},
    {"{", AD_FORMAT, "byte 11, in the header: expected a text in quotes"},
    {"{}", AD_FORMAT, "the header does not have the key descr"},
    {"{'descr': '|u1'}", AD_FORMAT, "the header does not have the key fortran_order"},
    {"{'descr': '|u1', 'fortran_order': True}", AD_FORMAT, "does not have the key shape"},
    {"{'descr': '|u1', 'descr': '|u1'}", AD_FORMAT, "byte 34, in the header: the key before this"},
    {"{'dtype': '|u1'}", AD_FORMAT, "the key before this place is not descr, fortran_order or"},
    {"{'descr' '|u1'}", AD_FORMAT, "byte 19, in the header: expected ':'"},
    {"{'descr': '|u1' 'shape': (6,)}", AD_FORMAT, "byte 26, in the header: expected '}'"},
    {"{'descr': '|u1',, 'shape': (6,)}", AD_FORMAT, "byte 26, in the header: expected a text"},
    {OF("(6,)") "x", AD_FORMAT, "the dictionary is followed by something else"},
    {OF("(6,)") "{}", AD_FORMAT, "the dictionary is followed by something else"},
    {OF("6"), AD_FORMAT, "expected a shape, which is a tuple"},
    {OF("[6]"), AD_FORMAT, "expected a shape, which is a tuple"},
    {OF("(6)"), AD_FORMAT, "expected ',': a shape of one axis is a tuple"},
    {OF("(,)"), AD_FORMAT, "expected an extent"},
    {OF("(6,,)"), AD_FORMAT, "expected an extent"},
    {OF("(-6,)"), AD_FORMAT, "expected an extent, which is a whole number from 0 on"},
    {OF("(6.0,)"), AD_FORMAT, "expected ','"},
    {OF("(0x6,)"), AD_FORMAT, "expected ','"},
    {OF("(6l,)"), AD_FORMAT, "expected ','"},
    {OF("(True,)"), AD_FORMAT, "expected an extent"},
    {OF("(06,)"), AD_FORMAT, "an extent begins with a zero too many"},
    {OF("(6, 1"), AD_FORMAT, "expected an extent"},
    {OF("(9223372036854775808,)"), AD_FORMAT, "the extent is larger than memory can be"},
    {OF("(1, 1, 1, 1, 1, 1, 1, 1, 6)"), AD_BAD_SHAPE, "there are more than 8 axes"},
    {OF("(9223372036854775807,)"), AD_FORMAT, "more than memory can hold"},
    {OF("(4294967296, 4294967296, 0)"), AD_FORMAT, "more than memory can hold"},
    {ORDER("1"), AD_FORMAT, "byte 44, in the header: expected True or False"},
    {ORDER("true"), AD_FORMAT, "expected True or False"},
    {ORDER("Truex"), AD_FORMAT, "expected '}'"},
    {DESCR("'|u1"), AD_FORMAT, "byte 27, in the header: the type before this place is not"},
    {"{'descr': '|u1", AD_FORMAT, "the text has no end"},
    {DESCR("u'|u1'"), AD_FORMAT, "expected a text in quotes"},
    {DESCR("'|\\x75\\x31'"), AD_FORMAT, "neither a key nor a type is so written"},
    {DESCR("'|u1\n'"), AD_FORMAT, "neither a key nor a type is so written"},
    {DESCR("''"), AD_FORMAT, "the type before this place is not written as NumPy does"},
    {DESCR("'|'"), AD_FORMAT, "the type before this place is not written as NumPy does"},
    {DESCR("'u1'"), AD_FORMAT, "the type before this place is not written as NumPy does"},
    {DESCR("'=u1'"), AD_FORMAT, "the type before this place is not written as NumPy does"},
    {DESCR("'|u2'"), AD_FORMAT, "the type before this place is not written as NumPy does"},
    {DESCR("'|u3'"), AD_FORMAT, "the type before this place is not written as NumPy does"},
    {DESCR("'<V1'"), AD_BAD_TYPE, "the type '<V1', raw bytes, is none of adze's"},
    {DESCR("('|u1', (2,))"), AD_BAD_TYPE, "the type '(...)', a struct or an array"},
};
enum { MALFORMED = sizeof malformed_headers / sizeof *malformed_headers };

START_TEST(malformed_headers_are_refused_with_what_and_where)
{
    const malformed *m = &malformed_headers[_i];
    blob b;
    blob_npy(&b, m->header);
    expect_refused(&plain, &b, m->status, m->text);
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error;
    load_safely_as(&plain, 0, &b, &memory, &error);
    ck_assert_uint_eq(memory.calls, 0);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    static const char *const names[] = {"f64", "columns", "version2", "u1"};
    blob b;
    corpus(&b, names[_i / WAYS]);
    while (b.size-- > 0) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_error error;
        ck_assert_int_eq(load_safely_as(&plain, _i % WAYS, &b, &memory, &error), AD_FORMAT);
    }
}
END_TEST

typedef struct change {
    size_t at;
    unsigned char to[4];
    size_t bytes;
    const char *text;
} change;

/* Of a file with 48 bytes behind a header of 128. */
static const change changes[] = {
    {0, {0x92}, 1, "this is not .npy: it does not begin with its magic word"},
    {5, {'y'}, 1, "this is not .npy: it does not begin with its magic word"},
    {6, {0}, 1, "version 0.0 of .npy; 1.0, 2.0 and 3.0 can be read"},
    {6, {4}, 1, "version 4.0 of .npy"},
    {7, {1}, 1, "version 1.1 of .npy"},
    {8, {0xff, 0xff}, 2, "a header of 65535 bytes; up to 10000 can be read"},
    {8, {0x10, 0x27}, 2, "the file ends after 176 bytes, in its header"},
    {8, {0x20, 0}, 2, "byte 42, in the header: expected ':'"},
    {64, {'9'}, 1, "header claims 2 x 9 = 18 numbers, "},
    {64, {'2'}, 1, "header claims 2 x 2 = 4 numbers, but 16 more bytes follow"},
};
enum { CHANGES = sizeof changes / sizeof *changes };

START_TEST(changed_files_are_refused)
{
    const change *c = &changes[_i];
    blob b;
    corpus(&b, "f64");
    memcpy(b.data + c->at, c->to, c->bytes);
    for (int way = 0; way < WAYS; way += FROM_FILE) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_error error;
        ck_assert_int_eq(load_safely_as(&plain, way, &b, &memory, &error), AD_FORMAT);
        ck_assert_msg(strstr(error.text, c->text) != NULL, "%s", error.text);
        ck_assert_uint_eq(memory.calls, 0);
    }
}
END_TEST

START_TEST(a_bool_is_0_or_1)
{
    blob b;
    corpus(&b, "bool");
    b.data[b.size - 2] = 2;
    expect_refused(&plain, &b, AD_FORMAT, "number 4 is 2; a bool is 0 or 1");
}
END_TEST

/* ---- memory -------------------------------------------------------------------------- */

START_TEST(every_allocation_may_fail)
{
    int failures = 0;
    blob b;
    corpus(&b, "columns");
    for (size_t k = 1;; k++, failures++) {
        test_allocator memory;
        test_allocator_init(&memory);
        memory.fail_at = k;
        ad_error error;
        if (load_safely_as(&plain, _i, &b, &memory, &error) == AD_OK)
            break;
        ck_assert_int_eq(error.status, AD_MEMORY);
    }
    ck_assert_int_ge(failures,
                     _i & GZIP ? 4 : 2); /* zlib's state, its window, the array, its transpose */
}
END_TEST

START_TEST(gzip_takes_no_more_memory_than_it_can_fill)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error;
    blob b;
    blob_npy(&b, OF("(134217728,)"));
    ck_assert_int_eq(load_safely_as(&plain, GZIP, &b, &memory, &error), AD_FORMAT);
    ck_assert_msg(strstr(error.text, "more than") && strstr(error.text, "bytes of gzip"), "%s",
                  error.text);
    ck_assert_uint_le(memory.peak_bytes, 1 << 16);
}
END_TEST

/* ---- writing ------------------------------------------------------------------------- */

static const double halves[] = HALVES, columns[] = {0, 1.5, .5, 2, 1, 2.5};
static const float halves_f32[] = HALVES;
static const int32_t i32[] = AROUND_0;
static const int64_t i64[] = AROUND_0;
static const uint8_t u8[] = {250, 251, 252, 253, 254, 255}, zeros[2];
static const bool bools[] = {1, 0, 1, 0, 1, 0};
static const double backwards[] = {2.5, 2, 1.5, 1, .5, 0}, number = -2.5, vector[] = {1, 2, 3};

/* A view and the file of NumPy with the same numbers. */
static const struct {
    const char *name;
    ad_view view;
} written[] = {
    {"f64", {halves, AD_F64, MATRIX, {3, 1}}},
    {"f64", {columns, AD_F64, MATRIX, {1, 2}}},
    {"f64", {backwards + 5, AD_F64, MATRIX, {-3, -1}}},
    {"f32", {halves_f32, AD_F32, MATRIX, {3, 1}}},
    {"i4", {i32, AD_I32, MATRIX, {3, 1}}},
    {"i8", {i64, AD_I64, MATRIX, {3, 1}}},
    {"u1", {u8, AD_U8, MATRIX, {3, 1}}},
    {"bool", {bools, AD_BOOL, MATRIX, {3, 1}}},
    {"number", {&number, AD_F64, {0, {0}}, {0}}},
    {"vector", {vector, AD_F64, {1, {3}}, {1}}},
    {"nothing", {NULL, AD_F64, {3, {3, 0, 2}}, {0}}},
    {"rank8", {zeros, AD_U8, {8, {1, 1, 2, 1, 1, 1, 1, 1}}, {0, 0, 1, 0, 0, 0, 0, 0}}},
};
enum { WRITTEN = sizeof written / sizeof *written };

static const char *written_name(int row)
{
    return written[row].name;
}

static void read_back(const char *path, blob *b)
{
    FILE *in = fopen(path, "rb");
    ck_assert_ptr_nonnull(in);
    b->size = fread(b->data, 1, sizeof b->data, in);
    fclose(in);
}

START_TEST(files_are_those_of_numpy_byte_for_byte)
{
    char directory[PATH_SIZE], path[PATH_SIZE + 8];
    blob expected, b;
    ad_error error = {0};
    corpus(&expected, written[_i].name);
    make_directory(directory);
    snprintf(path, sizeof path, "%s/x.npy", directory);
    ad_status status = ad_npy_write(path, written[_i].view, NULL, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    read_back(path, &b);
    remove_directory(directory);
    ck_assert_uint_eq(b.size, expected.size);
    ck_assert_mem_eq(b.data, expected.data, b.size);
}
END_TEST

START_TEST(the_longest_header_has_as_many_bytes)
{
    char prefix[AD_NPY_PREFIX + 1] = "";
    static const char text[] = "{'descr': '<f8', 'fortran_order': False, 'shape': "
                               "(0, 1, 1, 1, 1, 1, 1, 1000000000000000000), }   ";
    ad_npy_prefix_print(AD_STORED_F64, &AD_SHAPE(0, 1, 1, 1, 1, 1, 1, 1000000000000000000), prefix);
    ck_assert_mem_eq(prefix, "\x93NUMPY\1\0v\0", 10);
    ck_assert_mem_eq(prefix + 10, text, sizeof text - 1);
    ck_assert_str_eq(prefix + 126, " \n");
}
END_TEST

/* Rows of a strided view come in pieces of the buffer, at whatever place of a row. */
START_TEST(large_strided_views_are_written_row_by_row)
{
    enum { ROWS = 70, COLUMNS = 37 };
    char directory[PATH_SIZE], path[PATH_SIZE + 8];
    static double x[ROWS * COLUMNS];
    ad_array a;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        x[i] = i;
    make_directory(directory);
    snprintf(path, sizeof path, "%s/x.npy", directory);
    ad_view transposed = {x, AD_F64, {2, {COLUMNS, ROWS}}, {1, COLUMNS}};
    ck_assert_int_eq(ad_npy_write(path, transposed, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_npy_read(path, NULL, &a, NULL), AD_OK);
    ad_view v = ad_array_view(a);
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        ck_assert_double_eq(ad_view_get(&v, i), ad_view_get(&transposed, i));
    ad_array_free(&a);
    remove_directory(directory);
}
END_TEST

/* ---- arguments ----------------------------------------------------------------------- */

static bool stop(void *user, uint64_t bytes, uint64_t all)
{
    (void)user;
    return bytes < all;
}

START_TEST(what_cannot_be_written_leaves_no_file)
{
    static const ad_write_options cancelled = {sizeof cancelled, stop, NULL, true}, unset = {0};
    static const struct {
        ad_view view;
        const ad_write_options *options;
        ad_status status;
        const char *text;
    } row[] = {
        {{halves, (ad_type)99, MATRIX, {3, 1}}, NULL, AD_BAD_TYPE, "npy_write([2, 3]): there is"},
        {{NULL, AD_F64, MATRIX, {3, 1}},
         NULL,
         AD_MISUSE,
         "npy_write([2, 3]): there are no numbers"},
        {{halves, AD_F64, {2, {2, -3}}, {3, 1}}, NULL, AD_BAD_SHAPE, "extent -3 is negative"},
        {{halves, AD_F64, {9, {1}}, {0}}, NULL, AD_BAD_SHAPE, "rank 9 is not 0 to 8"},
        {{halves, AD_F64, {2, {INT64_MAX, 3}}, {0}}, NULL, AD_TOO_LARGE, "do not fit"},
        {{halves, AD_F64, MATRIX, {3, 1}}, &cancelled, AD_CANCELLED, "cancelled after 176 of 176"},
        {{halves, AD_F64, MATRIX, {3, 1}}, &unset, AD_MISUSE, "npy_write: the options need"},
    };
    char directory[PATH_SIZE], path[PATH_SIZE + 8];
    make_directory(directory);
    snprintf(path, sizeof path, "%s/x.npy", directory);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ad_error error = {0};
        ck_assert_int_eq(ad_npy_write(path, row[i].view, row[i].options, &error), row[i].status);
        ck_assert_msg(strstr(error.text, row[i].text) != NULL, "%s", error.text);
        ck_assert_int_ne(access(path, F_OK), 0);
    }
    remove_directory(directory);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    ad_array a;
    ad_error error = {0};
    ck_assert_int_eq(ad_npy_read(NULL, NULL, &a, &error), AD_MISUSE);
    ck_assert_str_eq(error.text, "npy_read: the path is NULL");
    ck_assert_int_eq(ad_npy_read("/", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_read_as("/", AD_TYPE_COUNT, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_npy_parse(NULL, 1, "x", NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_parse("x", 1, NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_parse("x", 1, "x", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_parse_as("x", 1, "x", (ad_type)-1, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_npy_write(NULL, AD_VECTOR(vector), NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_npy_read("/no/such/file", NULL, &a, NULL), AD_FILE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("npy");
    TCase *tests = tcase_create("npy");
    tcase_set_timeout(tests, 60);
    add_row_tests(tests, files_of_numpy_are_read_every_way, FILES, file_name);
    tcase_add_test(tests, columns_become_rows);
    tcase_add_test(tests, a_uint64_arrives_to_its_last_bit);
    add_row_tests(tests, files_that_adze_cannot_hold_are_refused, REFUSED, refused_name);
    tcase_add_loop_test(tests, a_header_may_be_written_in_several_ways, 0, HEADERS);
    tcase_add_loop_test(tests, malformed_headers_are_refused_with_what_and_where, 0, MALFORMED);
    tcase_add_loop_test(tests, every_truncation_is_refused, 0, 4 * WAYS);
    tcase_add_loop_test(tests, changed_files_are_refused, 0, CHANGES);
    tcase_add_test(tests, a_bool_is_0_or_1);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, WAYS);
    tcase_add_test(tests, gzip_takes_no_more_memory_than_it_can_fill);
    add_row_tests(tests, files_are_those_of_numpy_byte_for_byte, WRITTEN, written_name);
    tcase_add_test(tests, the_longest_header_has_as_many_bytes);
    tcase_add_test(tests, large_strided_views_are_written_row_by_row);
    tcase_add_test(tests, what_cannot_be_written_leaves_no_file);
    tcase_add_test(tests, missing_arguments_are_misuse);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
