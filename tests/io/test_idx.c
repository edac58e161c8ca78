/* Reading IDX files, every way: plain and gzip, from memory and from a file. Malformed ones have
 * tests of their own. */
#define _POSIX_C_SOURCE 200809L
#include "adze/io.h"

#include "allocator.h"
#include "idx_bytes.h"
#include "suite.h"

#include <fcntl.h>
#include <float.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what can be read -------------------------------------------------------------- */

typedef struct kind {
    int code, width;
    ad_type type;
    uint64_t bits[6];
    double value[6];
} kind;

static const kind kinds[] = {
    {0x08, 1, AD_U8, {0, 1, 2, 127, 128, 255}, {0, 1, 2, 127, 128, 255}},
    {0x09, 1, AD_I32, {0, 1, 0x7f, 0x80, 0x81, 0xff}, {0, 1, 127, -128, -127, -1}},
    {0x0B, 2, AD_I32, {0, 1, 0x1234, 0x7fff, 0x8000, 0xffff}, {0, 1, 4660, 32767, -32768, -1}},
    {0x0C,
     4,
     AD_I32,
     {0, 1, 0x12345678, 0x7fffffff, 0x80000000, 0xffffffff},
     {0, 1, 305419896, 2147483647, -2147483648.0, -1}},
    {0x0D,
     4,
     AD_F32,
     {0, 0x3f800000, 0xbfc00000, 0x7f7fffff, 0x00800000, 0x40490fdb},
     {0, 1, -1.5, FLT_MAX, FLT_MIN, 3.14159274101257324}},
    {0x0E,
     8,
     AD_F64,
     {0, 0x3ff0000000000000, 0xc004000000000000, 0x7fefffffffffffff, 1, 0x400921fb54442d18},
     {0, 1, -2.5, DBL_MAX, 0x1p-1074, 3.14159265358979312}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

START_TEST(every_type_is_read_every_way)
{
    const kind *k = &kinds[_i / WAYS];
    static const ad_shape shape = {2, {2, 3}};
    test_allocator memory;
    test_allocator_init(&memory);
    blob b;
    blob_idx(&b, k->code, shape);
    for (int i = 0; i < 6; i++)
        blob_put(&b, k->bits[i], k->width);
    ad_array a;
    ad_error error = {AD_OK, ""};
    ck_assert_msg(load(_i % WAYS, &b, &memory, &a, &error) == AD_OK, "%s", error.text);
    ck_assert_int_eq(a.type, k->type);
    ck_assert(ad_shape_equal(&a.shape, &shape));
    ck_assert_ptr_eq(a.allocator, &memory.base);
    ad_view v = ad_array_view(a);
    for (size_t i = 0; i < 6; i++)
        ck_assert_msg(ad_view_get(&v, i) == k->value[i], "number %zu is %.17g, not %.17g", i,
                      ad_view_get(&v, i), k->value[i]);
    ad_array_free(&a);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(numbers_beyond_the_buffer_arrive_in_order)
{
    enum { COUNT = 30000 };
    test_allocator memory;
    test_allocator_init(&memory);
    blob b;
    blob_idx(&b, 0x0B, AD_SHAPE(COUNT));
    for (int i = 0; i < COUNT; i++)
        blob_put(&b, (uint64_t)(i * 7919 % 60000 - 30000), 2);
    ad_array a;
    ck_assert_int_eq(load(_i, &b, &memory, &a, NULL), AD_OK);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(((int32_t *)a.data)[i], i * 7919 % 60000 - 30000);
    ad_array_free(&a);
}
END_TEST

/* As gzip itself reads them, and as Python does: members follow one another. Cut anywhere, also where there is
 * nothing left for the second. */
START_TEST(gzip_of_several_members_is_one_file)
{
    test_allocator memory;
    ad_error error = {0};
    blob whole, first, second;
    blob_small(&whole);
    for (size_t cut = 0; cut <= whole.size; cut++) {
        test_allocator_init(&memory);
        ad_array a = {0};
        ad_view v;
        blob_gzip(&first, whole.data, cut);
        blob_gzip(&second, whole.data + cut, whole.size - cut);
        memcpy(first.data + first.size, second.data, second.size);
        first.size += second.size;
        ck_assert_msg(load(_i ? FROM_FILE : 0, &first, &memory, &a, &error) == AD_OK, "%zu: %s",
                      cut, error.text);
        v = ad_array_view(a);
        for (size_t i = 0; i < 6; i++)
            ck_assert_double_eq(ad_view_get(&v, i), 0x0102 * (double)i);
        ad_array_free(&a);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

START_TEST(extents_may_be_zero_and_rank_eight)
{
    test_allocator memory;
    test_allocator_init(&memory);
    blob b;
    ad_array a;
    blob_idx(&b, 0x0D, AD_SHAPE(3, 0, 5));
    ck_assert_int_eq(load(_i, &b, &memory, &a, NULL), AD_OK);
    ck_assert_ptr_nonnull(a.data);
    ck_assert_uint_eq(ad_array_count(&a), 0);
    ck_assert_int_eq(a.shape.dim[2], 5);
    ad_array_free(&a);
    blob_idx(&b, 0x08, AD_SHAPE(1, 1, 2, 1, 1, 1, 1, 1));
    blob_put(&b, 0x0607, 2);
    ck_assert_int_eq(load(_i, &b, &memory, &a, NULL), AD_OK);
    ck_assert_int_eq(a.shape.rank, 8);
    ck_assert_int_eq(((uint8_t *)a.data)[1], 7);
    ad_array_free(&a);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* ---- files, memory, arguments ------------------------------------------------------ */

static void expect_no_file(const char *path, const char *text)
{
    ad_array a;
    ad_error error = {AD_OK, ""};
    ck_assert_int_eq(ad_idx_read(path, NULL, &a, &error), AD_FILE);
    ck_assert_msg(strstr(error.text, text) != NULL, "%s", error.text);
    ck_assert_int_eq(ad_idx_read(path, NULL, &a, NULL), AD_FILE);
}

START_TEST(only_regular_files_are_read)
{
    char directory[PATH_SIZE], path[PATH_SIZE + 8];
    make_directory(directory);
    expect_no_file(directory, "is a directory");
    snprintf(path, sizeof path, "%s/no", directory);
    expect_no_file(path, "/no: No such file");
    expect_no_file("", "No such file");
    snprintf(path, sizeof path, "%s/fifo", directory);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_no_file(path, "fifo: is not a regular file");
    expect_no_file("/dev/zero", "is not a regular file");
    if (access("/proc/self/mem", R_OK) == 0) /* regular, but its first byte cannot be read */
        expect_no_file("/proc/self/mem", "mem: Input/output error");
    remove_directory(directory);
}
END_TEST

START_TEST(a_long_path_does_not_hide_the_reason)
{
    char path[3000];
    memset(path, 'a', sizeof path);
    memcpy(path + sizeof path - 5, "/end", 5);
    expect_no_file(path, "/end: File name too long");
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    int way = _i / 2, failures = 0;
    test_allocator memory;
    ad_error error;
    blob b;
    blob_small(&b);
    for (size_t k = 1;; k++, failures++) {
        test_allocator_init(&memory);
        memory.fail_at = k;
        memory.sticky = _i % 2;
        if (load_safely(way, &b, &memory, &error) == AD_OK)
            break;
        ck_assert_int_eq(error.status, AD_MEMORY);
    }
    ck_assert_int_ge(failures, way & GZIP ? 3 : 1); /* zlib's state, its window, the array */
}
END_TEST

START_TEST(no_descriptor_stays_open)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error;
    blob b, cut;
    blob_small(&b);
    blob_small(&cut);
    cut.size--;
    int before = open("/dev/null", O_RDONLY);
    for (int way = FROM_FILE; way < WAYS; way++) {
        load_safely(way, &b, &memory, &error);
        load_safely(way, &cut, &memory, &error);
    }
    expect_no_file("/", "is a directory");
    int after = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(after, before + 1);
    close(before);
    close(after);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    ad_array a;
    ad_error error = {AD_OK, ""};
    ck_assert_int_eq(ad_idx_read(NULL, NULL, &a, &error), AD_MISUSE);
    ck_assert_str_eq(error.text, "idx_read: the path is NULL");
    ck_assert_int_eq(ad_idx_read("/", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_idx_parse(NULL, 1, "x", NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_idx_parse("x", 1, NULL, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_idx_parse("x", 1, "x", NULL, NULL, NULL), AD_MISUSE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("data");
    TCase *tests = tcase_create("idx");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_type_is_read_every_way, 0, KINDS * WAYS);
    tcase_add_loop_test(tests, numbers_beyond_the_buffer_arrive_in_order, 0, WAYS);
    tcase_add_loop_test(tests, gzip_of_several_members_is_one_file, 0, 2);
    tcase_add_loop_test(tests, extents_may_be_zero_and_rank_eight, 0, WAYS);
    tcase_add_test(tests, only_regular_files_are_read);
    tcase_add_test(tests, a_long_path_does_not_hide_the_reason);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2 * WAYS);
    tcase_add_test(tests, no_descriptor_stays_open);
    tcase_add_test(tests, missing_arguments_are_misuse);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
