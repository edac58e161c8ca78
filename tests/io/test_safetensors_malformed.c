/* safetensors files that are malformed, and arguments that make no sense. */
#include "adze/io.h"

#include "allocator.h"
#include "safetensors_bytes.h"
#include "saving.h"
#include "suite.h"

#include <string.h>

/* ---- malformed files ---------------------------------------------------------------------- */

typedef struct malformed {
    const char *header;
    size_t zeros; /* after it */
    ad_status status;
    const char *text; /* of the message */
} malformed;

#define U8_AT(range) "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" range "}"

static const malformed cases[] = {
    {"", 0, AD_FORMAT, "it ends too early"},
    {"   ", 0, AD_FORMAT, "it ends too early"},
    {"[]", 0, AD_FORMAT, "byte 8, in the header: expected '{'"},
    {"{}{", 0, AD_FORMAT, "byte 10, in the header: bytes follow the last value"},
    {"{}", 1, AD_FORMAT, "byte 10: 1 bytes follow the last array"},
    {"{\"a\":1}", 0, AD_FORMAT, "expected '{'"},
    {"{\"a\":{}}", 0, AD_FORMAT, "array `a` has no dtype"},
    {"{\"a\":{\"dtype\":\"U8\"}}", 0, AD_FORMAT, "array `a` has no shape"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 1, AD_FORMAT, "array `a` has no data_offsets"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 1, AD_FORMAT, "array `a` has two of dtype"},
    {"{\"a\":{\"dtype\":\"u8\"}}", 1, AD_FORMAT, "array `a` has the unknown dtype `u8`"},
    {"{\"a\":{\"dtype\":8}}", 1, AD_FORMAT, "expected '\"'"},
    {"{\"a\":{\"shape\":4}}", 1, AD_FORMAT, "expected '['"},
    {"{\"a\":{\"shape\":[-1]}}", 1, AD_FORMAT, "expected a whole number"},
    {"{\"a\":{\"shape\":[1.0]}}", 1, AD_FORMAT, "a whole number has no fraction and no exponent"},
    {"{\"a\":{\"shape\":[9223372036854775808]}}", 1, AD_FORMAT, "a number is too large"},
    {"{\"a\":" U8_AT("[0]") "}", 4, AD_FORMAT, "array `a` has 1 data_offsets, not 2"},
    {"{\"a\":" U8_AT("[0,4,4]") "}", 4, AD_FORMAT, "array `a` has 3 data_offsets, not 2"},
    {"{\"a\":" U8_AT("[4,0]") "}", 4, AD_FORMAT, "`a` lies from 4 to 0, but there are 4 bytes"},
    {"{\"a\":" U8_AT("[0,4]") "}", 3, AD_FORMAT, "`a` lies from 0 to 4, but there are 3 bytes"},
    {"{\"a\":" U8_AT("[0,3]") "}", 3, AD_FORMAT, "array `a` of [4] and U8 has 3 bytes"},
    {"{\"a\":" U8_AT("[0,9223372036854775807]") "}", 4, AD_FORMAT, "but there are 4 bytes"},
    {"{\"a\":" U8_AT("[0,4]") ",\"b\":" U8_AT("[4,8]") "}", 9, AD_FORMAT,
     "byte 121: 1 bytes follow the last array"},
    {"{\"a\":" U8_AT("[0,4]") ",\"b\":" U8_AT("[5,9]") "}", 9, AD_FORMAT,
     "byte 118: array `b` leaves a hole behind the one before"},
    {"{\"b\":" U8_AT("[3,7]") ",\"a\":" U8_AT("[0,4]") "}", 7, AD_FORMAT,
     "byte 116: array `b` overlaps the one before"},
    {"{\"a\":" U8_AT("[0,4]") ",\"b\":" U8_AT("[0,4]") "}", 4, AD_FORMAT, "overlaps"},
    {"{\"a\":" U8_AT("[1,5]") "}", 5, AD_FORMAT, "array `a` leaves a hole behind"},
    {"{\"a\":" U8_AT("[0,4]") ",\"\\u0061\":" U8_AT("[4,8]") "}", 8, AD_FORMAT,
     "there are two arrays `a`"},
    {"{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1, AD_FORMAT,
     "array `a` of [3] and F4 has 1 bytes"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
     AD_BAD_SHAPE, "array `a` has more than 8 axes"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0,9223372036854775807,2],\"data_offsets\":[0,0]}}", 0,
     AD_TOO_LARGE, "array `a` of [0, 9223372036854775807, 2] is more than memory can hold"},
    {"{\"__metadata__\":{\"a\":1}}", 0, AD_FORMAT, "expected '\"'"},
    {"{\"__metadata__\":null}", 0, AD_FORMAT, "expected '{'"},
    {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, AD_FORMAT, "two values of `a` in metadata"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, AD_FORMAT, "two of __metadata__"},
};
enum { CASES = sizeof cases / sizeof *cases };

/* Opens and closes it. Whatever happens, no memory is left, and a failure has a message with the name. */
static ad_status open_safely(const blob *b, bool from_file, ad_error *error)
{
    test_allocator memory;
    test_allocator_init(&memory);
    *error = (ad_error){0};
    ad_safetensors *f = open_blob(b, from_file, &memory.base, error);
    ck_assert_int_eq(f == NULL, error->status != AD_OK);
    ck_assert(f || strstr(error->text, "x: "));
    ad_safetensors_close(f);
    ck_assert_uint_eq(memory.live_blocks, 0);
    ck_assert_uint_le(memory.peak_bytes, 4000 + 16 * b->size);
    return error->status;
}

START_TEST(a_malformed_file_is_refused)
{
    const malformed *c = &cases[_i / 2];
    static blob b;
    ad_error error;
    blob_safetensors(&b, c->header, c->zeros);
    ck_assert_int_eq(open_safely(&b, _i % 2, &error), c->status);
    ck_assert_msg(strstr(error.text, c->text), "%s: %s", c->header, error.text);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    static blob b;
    ad_error error;
    blob_of_corpus(&b, "python");
    ck_assert_int_eq(open_safely(&b, _i, &error), AD_OK);
    while (b.size-- > 0)
        ck_assert_int_eq(open_safely(&b, _i, &error), AD_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.text, "ends after 0 bytes, in the length of its header"));
}
END_TEST

START_TEST(a_header_that_is_too_long_is_refused)
{
    static blob b;
    ad_error error;
    blob_safetensors(&b, "{}", 0);
    for (int i = 0; i < 8; i++) {
        blob changed = b;
        changed.data[i] = 0xff;
        ck_assert_int_eq(open_safely(&changed, false, &error), AD_FORMAT);
        ck_assert_ptr_nonnull(strstr(error.text, "this is not safetensors: the header would have"));
    }
}
END_TEST

/* A sparse file, which has the bytes that it claims. */
START_TEST(a_header_beyond_100_million_bytes_is_refused)
{
    static const unsigned char length[] = {0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0}; /* 100000001 */
    saving s = saving_begin();
    ad_error error = {0};
    FILE *file = fopen(s.path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(length, 1, sizeof length, file), sizeof length);
    ck_assert_int_eq(fseek(file, 100000100, SEEK_SET) + fputc(0, file) + fclose(file), 0);
    ck_assert_ptr_null(ad_safetensors_open(s.path, NULL, &error));
    ck_assert_ptr_nonnull(
        strstr(error.text, "the header would have 100000001 bytes; 100000093 are"));
    saving_end(&s);
}
END_TEST

/* A name may be another, and so may values of metadata. */
START_TEST(every_changed_byte_is_refused_or_harmless)
{
    static const unsigned char probes[] = {0, '"', '\\', '{', '[', ',', '0', '9', ' ', 0x80, 0xff};
    static blob b;
    ad_error error;
    int good = 0;
    blob_of_corpus(&b, "python");
    for (size_t at = 0; at < b.size; at++)
        for (size_t k = 0; k < sizeof probes; k++) {
            blob changed = b;
            changed.data[at] = probes[k];
            good += open_safely(&changed, false, &error) == AD_OK;
        }
    ck_assert_int_gt(good, 500);
    ck_assert_int_lt(good, 2500);
}
END_TEST

/* ---- arguments ---------------------------------------------------------------------------- */

static const double number = 1;

typedef struct misuse {
    const char *name;
    const char *path;
    int n;
    ad_named_view arrays[2];
    int m;
    ad_metadata metadata[2];
    ad_status status;
    const char *text;
} misuse;

#define ONE                        \
    {                              \
        &number, AD_F64, {0, {0}}, \
        {                          \
            0                      \
        }                          \
    }
#define GOOD              \
    {                     \
        "a", ONE, AD_FULL \
    }
#define SHAPED(...)                     \
    {                                   \
        &number, AD_F64, {__VA_ARGS__}, \
        {                               \
            0                           \
        }                               \
    }

static const misuse misuses[] = {
    {"no path", NULL, 1, {GOOD}, 0, {{0}}, AD_MISUSE, "the path is NULL"},
    {"negative arrays", "x", -1, {GOOD}, 0, {{0}}, AD_MISUSE, "a count is negative"},
    {"negative metadata", "x", 1, {GOOD}, -1, {{0}}, AD_MISUSE, "a count is negative"},
    {"no name",
     "x",
     2,
     {GOOD, {NULL, ONE, AD_FULL}},
     0,
     {{0}},
     AD_MISUSE,
     "name of array 1 is NULL"},
    {"not UTF-8",
     "x",
     1,
     {{"\xe9", ONE, AD_FULL}},
     0,
     {{0}},
     AD_MISUSE,
     "name of array 0 is not UTF-8"},
    {"a reserved name",
     "x",
     1,
     {{"__metadata__", ONE, AD_FULL}},
     0,
     {{0}},
     AD_MISUSE,
     "no array can be called"},
    {"a name twice", "x", 2, {GOOD, {"a", ONE, AD_F16}}, 0, {{0}}, AD_MISUSE, "two arrays `a`"},
    {"no type",
     "x",
     1,
     {{"a", {&number, AD_TYPE_COUNT, {0, {0}}, {0}}, AD_FULL}},
     0,
     {{0}},
     AD_BAD_TYPE,
     "array `a` has no type"},
    {"no precision",
     "x",
     1,
     {{"a", ONE, AD_PRECISION_COUNT}},
     0,
     {{0}},
     AD_MISUSE,
     "array `a` has no precision 3"},
    {"no numbers",
     "x",
     1,
     {{"a", {NULL, AD_F64, {0, {0}}, {0}}, AD_FULL}},
     0,
     {{0}},
     AD_MISUSE,
     "data is NULL"},
    {"a bad rank", "x", 1, {{"a", SHAPED(9, {0}), AD_FULL}}, 0, {{0}}, AD_BAD_SHAPE, "rank 9"},
    {"a negative extent",
     "x",
     1,
     {{"a", SHAPED(1, {-1}), AD_FULL}},
     0,
     {{0}},
     AD_BAD_SHAPE,
     "extent -1"},
    {"too large",
     "x",
     1,
     {{"a", SHAPED(2, {INT64_MAX, 2}), AD_FULL}},
     0,
     {{0}},
     AD_TOO_LARGE,
     "address space"},
    {"no key", "x", 0, {GOOD}, 1, {{NULL, "v"}}, AD_MISUSE, "key 0 is NULL"},
    {"no value", "x", 0, {GOOD}, 2, {{"k", "v"}, {"l", NULL}}, AD_MISUSE, "value 1 is NULL"},
    {"a key that is not UTF-8",
     "x",
     0,
     {GOOD},
     1,
     {{"\xc3", "v"}},
     AD_MISUSE,
     "key 0 is not UTF-8"},
    {"a key twice", "x", 0, {GOOD}, 2, {{"k", "v"}, {"k", "w"}}, AD_MISUSE, "two keys `k`"},
    {"no folder", "/nowhere/x", 1, {GOOD}, 0, {{0}}, AD_FILE, "/nowhere/x: No such file"},
};
enum { MISUSES = sizeof misuses / sizeof *misuses };

START_TEST(arguments_without_sense_are_refused)
{
    const misuse *x = &misuses[_i];
    ad_error error = {0};
    ck_assert_int_eq(
        ad_safetensors_write(x->path, x->n, x->arrays, x->m, x->metadata, NULL, &error), x->status);
    ck_assert_msg(strstr(error.text, x->text), "%s: %s", x->name, error.text);
}
END_TEST

START_TEST(lists_that_are_null_are_refused)
{
    ad_error error = {0};
    ck_assert_int_eq(ad_safetensors_write("x", 1, NULL, 0, NULL, NULL, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "the list of arrays is NULL"));
    error = (ad_error){0};
    ck_assert_int_eq(ad_safetensors_write("x", 0, NULL, 1, NULL, NULL, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "the list of metadata is NULL"));
}
END_TEST

START_TEST(more_than_fits_into_a_file_is_refused)
{
    enum { N = 80 };
    ad_named_view all[N];
    char names[N][8];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof *names, "%d", i);
        all[i] = (ad_named_view){names[i], SHAPED(1, {PTRDIFF_MAX / 8}), AD_FULL};
    }
    ad_error error = {0};
    if (sizeof(void *) > 4) { /* else it is only very large */
        ck_assert_int_eq(ad_safetensors_write("x", N, all, 0, NULL, NULL, &error), AD_TOO_LARGE);
        ck_assert_str_eq(error.text, "safetensors_write: so much fits into no file");
    }
}
END_TEST

START_TEST(a_header_that_no_reader_takes_is_refused)
{
    enum { LONG = 20000000 }; /* each character is written as six */
    char *value = malloc(LONG + 1);
    memset(value, 1, LONG);
    value[LONG] = '\0';
    ad_error error = {0};
    ck_assert_int_eq(
        ad_safetensors_write("x", 0, NULL, 1, &(ad_metadata){"k", value}, NULL, &error),
        AD_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(error.text, "the header has 120000"));
    free(value);
}
END_TEST

START_TEST(what_is_not_there_is_said_without_harm)
{
    ad_array a = {0};
    static blob b;
    blob_of_corpus(&b, "misaligned");
    ad_safetensors *f = open_blob(&b, false, NULL, NULL);
    for (int k = 0; k < 3; k++) {
        const ad_safetensors *file = k == 2 ? NULL : f;
        int i = k == 0 ? -1 : 2;
        ck_assert_ptr_null(ad_safetensors_name(file, i));
        ck_assert_ptr_null(ad_safetensors_stored(file, i));
        ck_assert_int_eq(ad_safetensors_type(file, i), AD_TYPE_COUNT);
        ck_assert_int_eq(ad_safetensors_shape(file, i).rank, 0);
        ck_assert_ptr_null(ad_safetensors_view(file, i).data);
        ck_assert_ptr_null(ad_safetensors_pair(file, i).key);
        ck_assert_ptr_null(ad_safetensors_metadata(file, "k"));
        ck_assert_int_eq(ad_safetensors_find(file, "c"), -1);
        ck_assert_int_eq(ad_safetensors_read(file, i, NULL, &a, NULL), AD_MISUSE);
        ck_assert_int_eq(ad_safetensors_read_as(file, i, AD_F32, NULL, &a, NULL), AD_MISUSE);
    }
    ck_assert_int_eq(ad_safetensors_count(NULL), 0);
    ck_assert_int_eq(ad_safetensors_find(f, NULL), -1);
    ck_assert_ptr_null(ad_safetensors_metadata(f, NULL));
    ck_assert_int_eq(ad_safetensors_read(f, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_safetensors_read_as(f, 0, AD_TYPE_COUNT, NULL, &a, NULL), AD_BAD_TYPE);
    ad_safetensors_close(f);
    ad_safetensors_close(NULL);
    ck_assert_ptr_null(ad_safetensors_open(NULL, NULL, NULL));
    ck_assert_ptr_null(ad_safetensors_parse(NULL, 0, "x", NULL, NULL));
    ck_assert_ptr_null(ad_safetensors_parse("", 0, NULL, NULL, NULL));
    ck_assert_ptr_null(a.data);
}
END_TEST

START_TEST(memory_may_run_out_before_anything_is_written)
{
    const ad_named_view good = GOOD;
    saving s = saving_begin();
    no_plain_memory = true;
    ad_status status = ad_safetensors_write(s.path, 1, &good, 0, NULL, NULL, NULL);
    no_plain_memory = false;
    ck_assert(status == AD_MEMORY || status == AD_OK); /* OK: nobody stands in between */
    ck_assert_str_eq(names_beside(s.folder, "file"), "");
    saving_end(&s);
}
END_TEST

static const char *misuse_name(int i)
{
    return misuses[i].name;
}

int main(void)
{
    Suite *suite = suite_create("safetensors_malformed");
    TCase *all = tcase_create("safetensors_malformed");
    tcase_add_loop_test(all, a_malformed_file_is_refused, 0, 2 * CASES);
    tcase_add_loop_test(all, every_truncation_is_refused, 0, 2);
    tcase_add_test(all, a_header_that_is_too_long_is_refused);
    tcase_add_test(all, a_header_beyond_100_million_bytes_is_refused);
    tcase_add_test(all, every_changed_byte_is_refused_or_harmless);
    add_row_tests(all, arguments_without_sense_are_refused, MISUSES, misuse_name);
    tcase_add_test(all, lists_that_are_null_are_refused);
    tcase_add_test(all, more_than_fits_into_a_file_is_refused);
    tcase_add_test(all, a_header_that_no_reader_takes_is_refused);
    tcase_add_test(all, what_is_not_there_is_said_without_harm);
    tcase_add_test(all, memory_may_run_out_before_anything_is_written);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
