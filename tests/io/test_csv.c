/* CSV: what can be read and how, what is refused and with which message, and what is written. */
#define _POSIX_C_SOURCE 200809L
#include "adze/io/csv.h"

#include "suite.h"
#include "text_files.h"

#include <math.h>
#include <string.h>

#define NOT_A ((double)NAN)
#define INF   ((double)INFINITY)
#define OPT(...)                                    \
    {                                               \
        .size = sizeof(ad_csv_options), __VA_ARGS__ \
    }

/* ---- reading ------------------------------------------------------------------------- */

enum { MOST = 6 };

typedef struct table {
    const char *text;
    ad_csv_options how;
    int64_t rows, columns;
    double numbers[MOST];
    const char *names[MOST];
} table;

static const table tables[] = {
    {"1,2,3\n4,5,6\n", OPT(0), 2, 3, {1, 2, 3, 4, 5, 6}, {0}},
    {"1", OPT(0), 1, 1, {1}, {0}},
    {"1\n", OPT(0), 1, 1, {1}, {0}},
    {" 1 ,\t2\t\n\n  \n3, 4", OPT(0), 2, 2, {1, 2, 3, 4}, {0}},
    {"1,2\r\n3,4\r\n", OPT(0), 2, 2, {1, 2, 3, 4}, {0}},
    {"1,2\r3,4\r", OPT(0), 2, 2, {1, 2, 3, 4}, {0}},
    {"\xef\xbb\xbf"
     "1,2\n",
     OPT(0),
     1,
     2,
     {1, 2},
     {0}},
    {"1.5e3,-.5,+7.,nan\n", OPT(0), 1, 4, {1500, -0.5, 7, NOT_A}, {0}},
    {"inf,-Inf,INFINITY,-0\n", OPT(0), 1, 4, {INF, -INF, INF, -0.0}, {0}},
    {"\"1\",\" 2 \"\n", OPT(.header = true), 0, 2, {0}, {"1", " 2 "}},
    {"\"1\" , \"-2\"\n", OPT(0), 1, 2, {1, -2}, {0}},
    {"1;2\n", OPT(.delimiter = ';'), 1, 2, {1, 2}, {0}},
    {"1,5;2\n", OPT(.delimiter = ';', .decimal = ','), 1, 2, {1.5, 2}, {0}},
    {"1|2\n", OPT(.delimiter = '|'), 1, 2, {1, 2}, {0}},
    {"1 \t 2\n", OPT(.delimiter = '\t'), 1, 2, {1, 2}, {0}},
    {"  1 2\t \t3  \n4 5 6", OPT(.delimiter = ' '), 2, 3, {1, 2, 3, 4, 5, 6}, {0}},
    {"a b \"c d\"\n1 2 3\n",
     OPT(.delimiter = ' ', .header = true),
     1,
     3,
     {1, 2, 3},
     {"a", "b", "c d"}},
    {"x,y\n1,2\n", OPT(.header = true), 1, 2, {1, 2}, {"x", "y"}},
    {"x , \"y \"\"z\"\",\r\nw\"\n1,2\n", OPT(.header = true), 1, 2, {1, 2}, {"x", "y \"z\",\r\nw"}},
    {",\n1,2\n", OPT(.header = true), 1, 2, {1, 2}, {"", ""}},
    {"gr\xc3\xb6\xc3\x9f"
     "e\n1\n",
     OPT(.header = true),
     1,
     1,
     {1},
     {"gr\xc3\xb6\xc3\x9f"
      "e"}},
    {"# a\n\n1,2\n#3,4\n5,6\n# end", OPT(.comment = '#'), 2, 2, {1, 2, 5, 6}, {0}},
    {"%a\nx\n1\n", OPT(.comment = '%', .header = true), 1, 1, {1}, {"x"}},
    {"1,,NA\n", OPT(.missing_as_nan = true), 1, 3, {1, NOT_A, NOT_A}, {0}},
    {",\n\"\",3\n", OPT(.missing_as_nan = true), 2, 2, {NOT_A, NOT_A, NOT_A, 3}, {0}},
    {"\t1\n", OPT(.delimiter = '\t', .missing_as_nan = true), 1, 2, {NOT_A, 1}, {0}},
    {"1e-400,5e-324\n", OPT(0), 1, 2, {0, 0x1p-1074}, {0}},
};
enum { TABLES = sizeof tables / sizeof *tables };

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static ad_status read_csv(int way, const blob *b, ad_type type, const ad_csv_options *how,
                          test_allocator *memory, ad_array *a, ad_csv_names *names, ad_error *error)
{
    text_file file;
    ad_status status;
    open_text_file(&file, way, b);
    if (way & FROM_FILE)
        status = ad_csv_read(file.path, type, how, &memory->base, a, names, error);
    else
        status = ad_csv_parse(file.bytes, file.size, file_in_messages, type, how, &memory->base, a,
                              names, error);
    close_text_file(&file);
    return status;
}

static void expect_table(const table *t, ad_type type, ad_array a, const ad_csv_names *names)
{
    ad_view v = ad_array_view(a);
    ad_shape shape = AD_SHAPE(t->rows, t->columns);
    ck_assert_int_eq(a.type, type);
    ck_assert_msg(ad_shape_equal(&a.shape, &shape), "%s: %lld x %lld", t->text,
                  (long long)a.shape.dim[0], (long long)a.shape.dim[1]);
    for (size_t i = 0; i < (size_t)(t->rows * t->columns); i++) {
        double expected = type == AD_F32 ? (double)(float)t->numbers[i] : t->numbers[i];
        ck_assert_msg(same(ad_view_get(&v, i), expected), "%s: number %zu is %g", t->text, i,
                      ad_view_get(&v, i));
    }
    ck_assert_uint_eq(names->count, t->how.header ? (size_t)t->columns : 0);
    for (size_t j = 0; j < names->count; j++)
        ck_assert_str_eq(names->name[j], t->names[j]);
}

START_TEST(tables_are_read_every_way)
{
    const table *t = &tables[_i / WAYS];
    test_allocator memory;
    blob b;
    blob_text(&b, t->text, strlen(t->text));
    for (int k = 0; k < 2; k++) {
        ad_array a = {0};
        ad_error error = {0};
        ad_csv_names names = {0};
        test_allocator_init(&memory);
        ad_type type = k ? AD_F32 : AD_F64;
        ad_status status = read_csv(_i % WAYS, &b, type, &t->how, &memory, &a, &names, &error);
        ck_assert_msg(status == AD_OK, "%s", error.text);
        expect_table(t, type, a, &names);
        ad_array_free(&a);
        ad_csv_names_free(&names);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* Beyond the blocks in which text is read, and the memory that grows. */
START_TEST(long_files_and_long_lines_are_read)
{
    test_allocator memory;
    test_allocator_init(&memory);
    blob b = {.size = 0};
    int n = 0;
    for (; b.size < sizeof b.data - 16; n++)
        b.size += (size_t)sprintf((char *)b.data + b.size, "%d%c", n, _i && n % 4 < 3 ? ',' : '\n');
    n -= _i ? n % 4 : 0;
    while (_i && b.data[b.size - 1] != '\n')
        b.size--;
    ad_array a = {0};
    ad_error error = {0};
    ad_status status = read_csv(FROM_FILE, &b, AD_F64, NULL, &memory, &a, NULL, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    ck_assert_int_eq(a.shape.dim[0], _i ? n / 4 : n);
    for (int i = 0; i < n; i++)
        ck_assert_double_eq(((double *)a.data)[i], i);
    ad_array_free(&a);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* ---- refusals ------------------------------------------------------------------------ */

typedef struct refusal {
    const char *text;
    ad_csv_options how;
    const char *message; /* behind the name of the file */
} refusal;

#define NUMBER_OF_45 "123456789012345678901234567890123456789012345x"

static const refusal refusals[] = {
    {"", OPT(0), ": line 1: there is nothing to read"},
    {"\n\n", OPT(0), ": line 3: there is nothing to read"},
    {"# a\n", OPT(.comment = '#'), ": line 2: there is nothing to read"},
    {"1,2\n3\n", OPT(0), ": line 2: there are 1 fields, but 2 in line 1"},
    {"\n1\n\n3,4\n", OPT(0), ": line 4: there are 2 fields, but 1 in line 2"},
    {"x,y\n1,2,3\n", OPT(.header = true), ": line 2: there are 3 fields, but 2 in line 1"},
    {"x,y\n", OPT(0),
     ": line 1, field 1: 'x' is not a number; .header takes the first line for names"},
    {"caf\xe9,y\n1,2\n", OPT(.header = true),
     ": line 1, field 1: 'caf\\xe9' is a name that is not UTF-8"},
    {"1,2\n3,4 5\n", OPT(0), ": line 2, field 2: '4 5' is not a number"},
    {"1;2\n", OPT(0), ": line 1, field 1: '1;2' is not a number; .delimiter says"},
    {"1.5,2\n", OPT(.delimiter = ';', .decimal = ','),
     ": line 1, field 1: '1.5,2' is not a number"},
    {"1.5\n", OPT(.delimiter = ';', .decimal = ','), ": line 1, field 1: '1.5' is not a number"},
    {"0x10\n", OPT(0), ": line 1, field 1: '0x10' is not a number"},
    {"1,1_000\n", OPT(0), ": line 1, field 2: '1_000' is not a number"},
    {"1e400\n", OPT(0), ": line 1, field 1: '1e400' is too large for f64"},
    {"1,\n", OPT(0), ": line 1, field 2: '' is a missing number, which .missing_as_nan allows"},
    {"NA\n", OPT(0), ": line 1, field 1: 'NA' is a missing number"},
    {"na\n", OPT(.missing_as_nan = true), ": line 1, field 1: 'na' is not a number"},
    {"1\r\n2\r\nx\r\n", OPT(0), ": line 3, field 1: 'x' is not a number"},
    {"1\r2\rx\r", OPT(0), ": line 3, field 1: 'x' is not a number"},
    {"\"x\ny\",z\n1,a\n", OPT(.header = true), ": line 3, field 2: 'a' is not a number"},
    {"\"1\n2\n", OPT(0),
     ": line 1, field 1: '1\\x0a2\\x0a' begins with a quote that is not closed"},
    {"\"1\"2,3\n", OPT(0), ": line 1, field 1: '1' in quotes is followed by more than a delimiter"},
    {"\"1\"2\n", OPT(.delimiter = ' '),
     ": line 1, field 1: '1' in quotes is followed by more than"},
    {"1\"2\"\n", OPT(0), ": line 1, field 1: '1\"2\"' is not a number"},
    {"#1\n", OPT(0), ": line 1, field 1: '#1' is not a number"},
    {"1 #1\n", OPT(.comment = '#'), ": line 1, field 1: '1 #1' is not a number"},
    {"\x1b[31m\xc3\xa9\x7f\n", OPT(0),
     ": line 1, field 1: '\\x1b[31m\\xc3\\xa9\\x7f' is not a number"},
    {NUMBER_OF_45, OPT(0),
     ": line 1, field 1: '1234567890123456789012345678901234567890...' is not a number"},
    {"\xff\xfe"
     "1",
     OPT(0), ": the text is UTF-16; UTF-8 can be read"},
    {"\xfe\xff"
     "1",
     OPT(0), ": the text is UTF-16; UTF-8 can be read"},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

/* Reads, and checks what holds for every failure: nothing is written and nothing left. */
static void expect_refusal(int way, const blob *b, ad_type type, const ad_csv_options *how,
                           ad_status expected, const char *message)
{
    int marker;
    char whole[512];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_error error = {0};
    ad_array a = {.data = &marker};
    ad_csv_names names = {.count = 77};
    ad_status status = read_csv(way, b, type, how, &memory, &a, &names, &error);
    ck_assert_msg(status == expected, "%s: %d", message, status);
    snprintf(whole, sizeof whole, "%s%s", file_in_messages, message);
    ck_assert_msg(strstr(error.text, whole) != NULL, "%s", error.text);
    ck_assert_ptr_eq(a.data, &marker);
    ck_assert_uint_eq(names.count, 77);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

START_TEST(malformed_tables_are_refused_with_line_field_and_text)
{
    const refusal *r = &refusals[_i / WAYS];
    blob b;
    blob_text(&b, r->text, strlen(r->text));
    expect_refusal(_i % WAYS, &b, AD_F64, &r->how, AD_FORMAT, r->message);
}
END_TEST

START_TEST(what_f32_cannot_hold_is_refused)
{
    blob b;
    blob_text(&b, "1e39", 4);
    expect_refusal(0, &b, AD_F32, NULL, AD_FORMAT,
                   ": line 1, field 1: '1e39' is too large for f32");
}
END_TEST

START_TEST(names_with_a_zero_byte_and_fields_without_an_end_are_refused)
{
    blob b;
    ad_csv_options how = OPT(.header = true);
    blob_text(&b, "a,b\0c\n", 6);
    expect_refusal(0, &b, AD_F64, &how, AD_FORMAT,
                   ": line 1, field 2: 'b\\x00c' is a name with a zero byte in it");
    memset(b.data, '1', sizeof b.data);
    b.size = sizeof b.data;
    expect_refusal(0, &b, AD_F64, NULL, AD_FORMAT,
                   ": line 1, field 1: '1111111111111111111111111111111111111111...' has more than "
                   "4000 bytes");
    b.data[0] = '"';
    expect_refusal(0, &b, AD_F64, &how, AD_FORMAT, ": line 1, field 1: '11");
}
END_TEST

START_TEST(gzip_that_is_cut_short_is_refused)
{
    blob b, packed;
    blob_text(&b, "1,2\n3,4\n", 8);
    blob_gzip(&packed, b.data, b.size);
    while (--packed.size > 2)
        expect_refusal(0, &packed, AD_F64, NULL, AD_FORMAT, ": gzip is cut short");
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    blob b;
    ad_csv_options how = OPT(.header = true);
    static const char text[] = "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n";
    blob_text(&b, text, strlen(text));
    for (size_t n = 1;; n++) {
        ad_array a = {0};
        ad_error error = {0};
        ad_csv_names names = {0};
        test_allocator memory;
        test_allocator_init(&memory);
        memory.fail_at = n;
        ad_status status = read_csv(_i, &b, AD_F64, &how, &memory, &a, &names, &error);
        bool failed = memory.calls >= n;
        ck_assert_int_eq(status, failed ? AD_MEMORY : AD_OK);
        ck_assert(!failed || (!a.data && !names.name && strstr(error.text, file_in_messages)));
        ad_array_free(&a);
        ad_csv_names_free(&names);
        ck_assert_uint_eq(memory.live_blocks, 0);
        if (!failed) {
            ck_assert_uint_gt(n, 4);
            break;
        }
    }
}
END_TEST

/* The worst is a delimiter for a number. */
START_TEST(memory_is_bounded_by_the_text)
{
    blob b;
    ad_array a = {0};
    ad_error error = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    ad_csv_options how = OPT(.missing_as_nan = true);
    b.size = sizeof b.data;
    memset(b.data, ',', b.size);
    ck_assert_int_eq(read_csv(0, &b, AD_F64, &how, &memory, &a, NULL, &error), AD_OK);
    ck_assert_uint_le(memory.peak_bytes, 24 * b.size + 1024);
    ad_array_free(&a);
}
END_TEST

/* ---- writing ------------------------------------------------------------------------- */

typedef struct writing {
    ad_csv_options how;
    ad_type type;
    const char *names[3]; /* none: no header */
    const char *text;     /* of the numbers 1, -0.5, 0.1, inf, nan, 1e300 (f32: 1e30) in two rows */
} writing;

static const writing writings[] = {
    {OPT(0), AD_F64, {0}, "1,-0.5,0.1\nInf,NaN,1e300\n"},
    {OPT(0), AD_F32, {0}, "1,-0.5,0.1\nInf,NaN,1e30\n"},
    {OPT(.delimiter = ';', .decimal = ','), AD_F64, {0}, "1;-0,5;0,1\nInf;NaN;1e300\n"},
    {OPT(.delimiter = '\t'),
     AD_F64,
     {"a", "b_2", "c.d"},
     "a\tb_2\tc.d\n1\t-0.5\t0.1\nInf\tNaN\t1e300\n"},
    {OPT(0),
     AD_F64,
     {"", "b \"c\"", "d,e\r\n"},
     "\"\",\"b \"\"c\"\"\",\"d,e\r\n\"\n1,-0.5,0.1\nInf,NaN,1e300\n"},
    {OPT(.delimiter = ' '),
     AD_F64,
     {"#a", "\xef\xbb\xbf", "c"},
     "\"#a\" \"\xef\xbb\xbf\" c\n1 -0.5 0.1\nInf NaN 1e300\n"},
};
enum { WRITINGS = sizeof writings / sizeof *writings };

START_TEST(tables_are_written_and_read_back)
{
    const writing *w = &writings[_i];
    const double wide[] = {1, -0.5, 0.1, INF, NOT_A, 1e300};
    const float narrow[] = {1, -0.5F, 0.1F, INFINITY, NAN, 1e30F};
    ad_view v = w->type == AD_F64 ? AD_VIEW(wide, 2, 3) : AD_VIEW(narrow, 2, 3);
    const char *const *names = w->names[0] ? w->names : NULL;
    text_target target;
    blob b;
    ad_error error = {0};
    open_text_target(&target);
    ad_status status = ad_csv_write(target.path, v, names, &w->how, NULL, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    close_text_target(&target, &b);
    ck_assert_uint_eq(b.size, strlen(w->text));
    ck_assert_mem_eq(b.data, w->text, b.size);

    test_allocator memory;
    test_allocator_init(&memory);
    ad_array a = {0};
    ad_csv_names read = {0};
    ad_csv_options how = w->how;
    how.header = names != NULL;
    ck_assert_int_eq(read_csv(0, &b, w->type, &how, &memory, &a, &read, &error), AD_OK);
    for (size_t i = 0; i < 6; i++) {
        ad_view back = ad_array_view(a);
        ck_assert(same(ad_view_get(&back, i), ad_view_get(&v, i)));
    }
    for (size_t j = 0; j < read.count; j++)
        ck_assert_str_eq(read.name[j], w->names[j]);
    ad_array_free(&a);
    ad_csv_names_free(&read);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(strided_views_are_written_row_by_row)
{
    const double numbers[] = {1, 2, 3, 4, 5, 6};
    ad_view v = AD_VIEW(numbers, 3, 2);
    v.shape = AD_SHAPE(2, 3);
    v.stride[0] = 1;
    v.stride[1] = 2;
    text_target target;
    blob b;
    open_text_target(&target);
    ck_assert_int_eq(ad_csv_write(target.path, v, NULL, NULL, NULL, NULL), AD_OK);
    close_text_target(&target, &b);
    ck_assert_uint_eq(b.size, 12);
    ck_assert_mem_eq(b.data, "1,3,5\n2,4,6\n", 12);
}
END_TEST

static bool count_calls(void *user, uint64_t written, uint64_t all)
{
    uint64_t *seen = user;
    seen[0]++;
    seen[1] = written;
    ck_assert(!seen[2] || seen[2] == all);
    seen[2] = all;
    return seen[0] != seen[3];
}

START_TEST(progress_knows_all_bytes_and_may_cancel)
{
    text_target target;
    uint64_t seen[4] = {0};
    const double numbers[] = {1, 0.5};
    ad_write_options options = {.size = sizeof options, .progress = count_calls, .user = seen};
    open_text_target(&target);
    ck_assert_int_eq(ad_csv_write(target.path, AD_VIEW(numbers, 1, 2), NULL, NULL, &options, NULL),
                     AD_OK);
    ck_assert_uint_eq(seen[1], 6);
    ck_assert_uint_eq(seen[2], 6);
    seen[3] = seen[0] + 1;
    ck_assert_int_eq(ad_csv_write(target.path, AD_VIEW(numbers, 2, 1), NULL, NULL, &options, NULL),
                     AD_CANCELLED);
    blob b;
    close_text_target(&target, &b);
    ck_assert_uint_eq(b.size, 6);
    ck_assert_mem_eq(b.data, "1,0.5\n", 6); /* the old file */
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("csv");
    TCase *all = tcase_create("csv");
    tcase_add_loop_test(all, tables_are_read_every_way, 0, TABLES * WAYS);
    tcase_add_loop_test(all, long_files_and_long_lines_are_read, 0, 2);
    tcase_add_loop_test(all, malformed_tables_are_refused_with_line_field_and_text, 0,
                        REFUSALS * WAYS);
    tcase_add_test(all, what_f32_cannot_hold_is_refused);
    tcase_add_test(all, names_with_a_zero_byte_and_fields_without_an_end_are_refused);
    tcase_add_test(all, gzip_that_is_cut_short_is_refused);
    tcase_add_loop_test(all, every_allocation_may_fail, 0, WAYS);
    tcase_add_test(all, memory_is_bounded_by_the_text);
    tcase_add_loop_test(all, tables_are_written_and_read_back, 0, WRITINGS);
    tcase_add_test(all, strided_views_are_written_row_by_row);
    tcase_add_test(all, progress_knows_all_bytes_and_may_cancel);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
