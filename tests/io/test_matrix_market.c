/* Matrix Market: what can be read, as a dense matrix and as triplets; what is refused, with which
 * message; what is written. */
#define _POSIX_C_SOURCE 200809L
#include "adze/io/matrix_market.h"

#include "suite.h"
#include "text_files.h"

#include <math.h>
#include <string.h>

#define NOT_A ((double)NAN)
#define INF   ((double)INFINITY)
#define MM    "%%MatrixMarket matrix "

/* So many columns take years to count, where addresses have 64 bits; with 32 bits no shape may have
 * more. */
#if SIZE_MAX > UINT32_MAX
#define COLUMNS 900000000000000000
#else
#define COLUMNS 200000000
#endif
#define TEXT_OF(number) TEXT(number)
#define TEXT(number)    #number

/* ---- reading ------------------------------------------------------------------------- */

enum { MOST = 9 };

typedef struct entry {
    int64_t i, j;
    double value;
} entry;

typedef struct matrix {
    const char *text;
    int64_t rows, columns;
    double numbers[MOST];
    int entries; /* -1: an array */
    entry list[MOST];
} matrix;

static const matrix matrices[] = {
    /* scipy.io.mmwrite, SciPy 1.17.1, of [[1, 1/3], [nan, -inf], [1e300, -0.0]] */
    {MM "array real general\n%\n3 2\n1\nNaN\n1E300\n3.333333333333333E-1\n-Infinity\n-0\n",
     3,
     2,
     {1, 0.3333333333333333, NOT_A, -INF, 1e300, -0.0},
     -1,
     {{0}}},
    {MM "array real symmetric\n%\n2 2\n1\n2\n4\n", 2, 2, {1, 2, 2, 4}, -1, {{0}}},
    {MM "array integer skew-symmetric\n3 3\n1\n-2\n3\n",
     3,
     3,
     {0, -1, 2, 1, 0, -3, -2, 3, 0},
     -1,
     {{0}}},
    {MM "array real hermitian\n2 2\n1 2 4", 2, 2, {1, 2, 2, 4}, -1, {{0}}},
    {MM "array unsigned-integer general\n1 1\n7", 1, 1, {7}, -1, {{0}}},
    {"%%matrixmarket MATRIX Array Real GENERAL\r\n% a\r\n%% b\r\n\r\n 1\t2 \r\n% c\r\n.5 1e1\r\n",
     1,
     2,
     {0.5, 10},
     -1,
     {{0}}},
    {MM "array real general\n0 3\n", 0, 3, {0}, -1, {{0}}},
    {MM "array real general\n0 " TEXT_OF(COLUMNS) "\n", 0, COLUMNS, {0}, -1, {{0}}},
    {MM "array real skew-symmetric\n1 1\n", 1, 1, {0}, -1, {{0}}},
    {MM "coordinate real general\n2 3 3\n1 1 1.5\n2 3 -2\n1 2 0\n",
     2,
     3,
     {1.5, 0, 0, 0, 0, -2},
     3,
     {{0, 0, 1.5}, {1, 2, -2}, {0, 1, 0}}},
    {MM "coordinate real general\n%\n2 2 4\n1 1 1\n2 2 5\n1 1 2\n1 1 -4\n",
     2,
     2,
     {-1, 0, 0, 5},
     4,
     {{0, 0, 1}, {1, 1, 5}, {0, 0, 2}, {0, 0, -4}}},
    {MM "coordinate integer symmetric\n2 2 2\n1 1 1\n2 1 2\n",
     2,
     2,
     {1, 2, 2, 0},
     3,
     {{0, 0, 1}, {1, 0, 2}, {0, 1, 2}}},
    {MM "coordinate real skew-symmetric\n2 2 2\n2 1 2\n2 2 0\n",
     2,
     2,
     {0, -2, 2, 0},
     3,
     {{1, 0, 2}, {0, 1, -2}, {1, 1, 0}}},
    {MM "coordinate pattern symmetric\n3 3 2\n3 1\n2 2\n",
     3,
     3,
     {0, 0, 1, 0, 1, 0, 1, 0, 0},
     3,
     {{2, 0, 1}, {0, 2, 1}, {1, 1, 1}}},
    {MM "coordinate pattern general\n1 2 1\n1 2", 1, 2, {0, 1}, 1, {{0, 1, 1}}},
    {MM "coordinate real general\n2 0 0\n", 2, 0, {0}, 0, {{0}}},
    {MM "coordinate integer general\n1 1 1\n1 1 9007199254740994",
     1,
     1,
     {9007199254740994},
     1,
     {{0, 0, 9007199254740994}}},
};
enum { MATRICES = sizeof matrices / sizeof *matrices };

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static ad_status read_dense(int way, const blob *b, ad_type type, size_t most,
                            test_allocator *memory, ad_array *a, ad_error *error)
{
    text_file file;
    ad_status status;
    open_text_file(&file, way, b);
    if (way & FROM_FILE)
        status = ad_matrix_market_read(file.path, type, most, &memory->base, a, error);
    else
        status = ad_matrix_market_parse(file.bytes, file.size, file_in_messages, type, most,
                                        &memory->base, a, error);
    close_text_file(&file);
    return status;
}

static ad_status read_triplets(int way, const blob *b, test_allocator *memory, ad_triplets *t,
                               ad_error *error)
{
    text_file file;
    ad_status status;
    open_text_file(&file, way, b);
    if (way & FROM_FILE)
        status = ad_matrix_market_read_triplets(file.path, &memory->base, t, error);
    else
        status = ad_matrix_market_parse_triplets(file.bytes, file.size, file_in_messages,
                                                 &memory->base, t, error);
    close_text_file(&file);
    return status;
}

START_TEST(matrices_are_read_every_way)
{
    const matrix *m = &matrices[_i / WAYS];
    ad_shape shape = AD_SHAPE(m->rows, m->columns);
    blob b;
    blob_text(&b, m->text, strlen(m->text));
    ad_array a = {0};
    ad_error error = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    ad_status status = read_dense(_i % WAYS, &b, AD_F64, 0, &memory, &a, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    ck_assert_int_eq(a.type, AD_F64);
    ck_assert(ad_shape_equal(&a.shape, &shape));
    for (int i = 0; i < m->rows * m->columns; i++)
        ck_assert_msg(same(((double *)a.data)[i], m->numbers[i]), "%s: number %d is %g", m->text, i,
                      ((double *)a.data)[i]);
    ad_array_free(&a);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(triplets_are_read_every_way)
{
    const matrix *m = &matrices[_i / WAYS];
    ad_shape shape = AD_SHAPE(m->rows, m->columns);
    blob b;
    blob_text(&b, m->text, strlen(m->text));
    ad_triplets t = {0};
    ad_error error = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    ad_status status = read_triplets(_i % WAYS, &b, &memory, &t, &error);
    if (m->entries < 0) {
        ck_assert_int_eq(status, AD_FORMAT);
        ck_assert_ptr_nonnull(strstr(error.text, "it is an array, not coordinates"));
        ck_assert_uint_eq(memory.live_blocks, 0);
        return;
    }
    ck_assert_msg(status == AD_OK, "%s", error.text);
    ck_assert(ad_shape_equal(&t.shape, &shape));
    ck_assert_int_eq(t.rows.type, AD_I64);
    ck_assert_int_eq(t.columns.type, AD_I64);
    ck_assert_int_eq(t.values.type, AD_F64);
    const ad_array *lists[] = {&t.rows, &t.columns, &t.values};
    for (int k = 0; k < 3; k++)
        ck_assert(lists[k]->shape.rank == 1 && lists[k]->shape.dim[0] == m->entries);
    for (int k = 0; k < m->entries; k++) {
        ck_assert_int_eq(((int64_t *)t.rows.data)[k], m->list[k].i);
        ck_assert_int_eq(((int64_t *)t.columns.data)[k], m->list[k].j);
        ck_assert(same(((double *)t.values.data)[k], m->list[k].value));
    }
    ad_triplets_free(&t);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(f32_is_read_and_added_as_f32)
{
    static const char text[] = MM "coordinate real general\n1 2 3\n1 1 0.1\n1 2 16777216\n1 2 1\n";
    blob b;
    ad_array a = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    blob_text(&b, text, strlen(text));
    ck_assert_int_eq(read_dense(0, &b, AD_F32, 0, &memory, &a, NULL), AD_OK);
    ck_assert_float_eq(((float *)a.data)[0], 0.1F);
    ck_assert_float_eq(((float *)a.data)[1], 16777216);
    ad_array_free(&a);
}
END_TEST

/* ---- refusals ------------------------------------------------------------------------ */

typedef struct refusal {
    const char *text, *message; /* behind the name of the file */
    ad_status status;
} refusal;

#define ARRAY   MM "array real general\n"
#define SPARSE  MM "coordinate real general\n"
#define HALF    MM "coordinate real symmetric\n"
#define SKEW    MM "coordinate real skew-symmetric\n"
#define PATTERN MM "coordinate pattern general\n"
#define WHOLE   MM "coordinate integer general\n"

static const refusal refusals[] = {
    {"", ": line 1: there is nothing to read", AD_FORMAT},
    {"1 2\n", ": line 1, field 1: '1' is not %%MatrixMarket, with which a file begins", AD_FORMAT},
    {"%%MatrixMarket", ": line 1, field 2: '' is no object of Matrix Market", AD_FORMAT},
    {"%%MatrixMarket vector array real general\n", ": line 1, field 2: 'vector' is no object",
     AD_FORMAT},
    {MM "dense real general\n", ": line 1, field 3: 'dense' is no format", AD_FORMAT},
    {MM "array float general\n", ": line 1, field 4: 'float' is no field", AD_FORMAT},
    {MM "array complex general\n", ": line 1, field 4: 'complex' numbers cannot be read",
     AD_BAD_TYPE},
    {MM "coordinate complex hermitian\n", ": line 1, field 4: 'complex' numbers cannot be read",
     AD_BAD_TYPE},
    {MM "array pattern general\n", ": line 1, field 4: 'pattern' is a field of coordinates alone",
     AD_FORMAT},
    {MM "array real lower\n", ": line 1, field 5: 'lower' is no symmetry", AD_FORMAT},
    {MM "coordinate pattern skew-symmetric\n", ": line 1, field 5: 'skew-symmetric' needs numbers",
     AD_FORMAT},
    {MM "array real general x\n", ": line 1, field 6: 'x' is more than a banner has", AD_FORMAT},
    {ARRAY "% a\n", ": line 3: the line of sizes is missing", AD_FORMAT},
    {ARRAY "2\n", ": line 2, field 2: '' is not an integer", AD_FORMAT},
    {ARRAY "2 2 4\n", ": line 2, field 3: '4' is more than a line of sizes has", AD_FORMAT},
    {ARRAY "-2 2\n", ": line 2, field 1: '-2' is not from 0 to 9223372036854775807", AD_FORMAT},
    {ARRAY "9223372036854775808 1\n", ": line 2, field 1: '9223372036854775808' is not from 0 to",
     AD_FORMAT},
    {ARRAY "9223372036854775807 9223372036854775807\n1\n",
     ": line 2: 9223372036854775807 x 9223372036854775807 numbers are more than a file of",
     AD_FORMAT},
    {ARRAY "100 100\n1\n", ": line 2: 100 x 100 numbers are more than a file of 51 bytes can hold",
     AD_FORMAT},
    {MM "array real symmetric\n100 100\n1\n", ": line 2: 100 x 100 numbers are more than",
     AD_FORMAT},
    {MM "array real symmetric\n2 3\n1\n", ": line 2: a matrix of 2 x 3 cannot be symmetric",
     AD_FORMAT},
    {ARRAY "2 2\n1\n2\nx\n4\n", ": line 5, field 1: 'x' is not a number", AD_FORMAT},
    {ARRAY "2 2\n1\n2\n1e400\n4\n", ": line 5, field 1: '1e400' is too large for f64", AD_FORMAT},
    {ARRAY "2 2\n1\n2\n3\n", ": line 6: the file ends after 3 of 4 numbers", AD_FORMAT},
    {MM "array real symmetric\n2 2\n1\n2\n", ": line 5: the file ends after 2 of 3 numbers",
     AD_FORMAT},
    {MM "array real skew-symmetric\n3 3\n1\n", ": line 4: the file ends after 1 of 3 numbers",
     AD_FORMAT},
    {ARRAY "1 1\n1\n\n2\n", ": line 5, field 1: '2' comes after all 1 numbers", AD_FORMAT},
    {ARRAY "1 1\n1 2\n", ": line 3, field 2: '2' comes after all 1 numbers", AD_FORMAT},
    {MM "array integer general\n1 1\n1.5\n", ": line 3, field 1: '1.5' is not an integer",
     AD_FORMAT},
    {MM "array integer general\n1 1\ninf\n", ": line 3, field 1: 'inf' is not an integer",
     AD_FORMAT},
    {MM "array integer general\n1 1\n9007199254740993\n",
     ": line 3, field 1: '9007199254740993' is an integer that f64 cannot hold", AD_FORMAT},
    {MM "array unsigned-integer general\n1 1\n-1\n",
     ": line 3, field 1: '-1' is negative in a file of unsigned", AD_FORMAT},
    {SPARSE "2 2\n", ": line 2, field 3: '' is not an integer", AD_FORMAT},
    {SPARSE "2 2 1000000000\n1 1 1\n",
     ": line 2: 1000000000 entries are more than a file of 67 bytes can hold", AD_FORMAT},
    {SPARSE "2 2 9223372036854775807\n", ": line 2: 9223372036854775807 entries are more than",
     AD_FORMAT},
    {SPARSE "2 2 2\n1 1 1\n", ": line 4: the file ends after 1 of 2 entries", AD_FORMAT},
    {SPARSE "2 2 1\n0 1 1\n", ": line 3, field 1: '0' is not from 1 to 2", AD_FORMAT},
    {SPARSE "2 2 1\n3 1 1\n", ": line 3, field 1: '3' is not from 1 to 2", AD_FORMAT},
    {SPARSE "2 2 1\n1 -1 1\n", ": line 3, field 2: '-1' is not from 1 to 2", AD_FORMAT},
    {SPARSE "2 0 1\n1 1 1\n", ": line 3, field 2: '1' is not from 1 to 0", AD_FORMAT},
    {SPARSE "2 2 1\n1.0 1 1\n", ": line 3, field 1: '1.0' is not an integer", AD_FORMAT},
    {SPARSE "2 2 1\n1 1\n", ": line 3, field 3: '' is not a number", AD_FORMAT},
    {SPARSE "2 2 1\n1 1 1 1\n", ": line 3, field 4: '1' is more than an entry has", AD_FORMAT},
    {PATTERN "2 2 1\n1 1 1\n", ": line 3, field 3: '1' is more than an entry has", AD_FORMAT},
    {SPARSE "2 2 1\n1 1 1\n2 2 2\n", ": line 4, field 1: '2' comes after all 1 entries", AD_FORMAT},
    {WHOLE "1 1 1\n1 1 1e3\n", ": line 3, field 3: '1e3' is not an integer", AD_FORMAT},
    {HALF "2 2 1\n1 2 1\n", ": line 3, field 2: '2' is above the diagonal of a symmetric matrix",
     AD_FORMAT},
    {SKEW "2 2 1\n2 2 1\n", ": line 3, field 3: '1' is on the diagonal of a skew-symmetric matrix",
     AD_FORMAT},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

/* Reads a dense matrix and, if they are coordinates, triplets; nothing is written, and nothing
 * left. */
static void expect_refusal(int way, const blob *b, ad_status expected, const char *message)
{
    int marker;
    char whole[512];
    test_allocator memory;
    test_allocator_init(&memory);
    snprintf(whole, sizeof whole, "%s%s", file_in_messages, message);
    bool coordinates = strstr((const char *)b->data, "coordinate") != NULL;
    for (int k = 0; k < 1 + coordinates; k++) {
        ad_error error = {0};
        ad_array a = {.data = &marker};
        ad_triplets t = {.rows = {.data = &marker}};
        ad_status status = k ? read_triplets(way, b, &memory, &t, &error)
                             : read_dense(way, b, AD_F64, 0, &memory, &a, &error);
        ck_assert_msg(status == expected, "%s: %d, %s", message, status, error.text);
        ck_assert_msg(strstr(error.text, whole) != NULL, "%s", error.text);
        ck_assert(a.data == &marker && t.rows.data == &marker);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}

START_TEST(malformed_matrices_are_refused_with_line_field_and_text)
{
    const refusal *r = &refusals[_i];
    blob b;
    blob_text(&b, r->text, strlen(r->text) + 1);
    b.size--;
    expect_refusal(0, &b, r->status, r->message);
    expect_refusal(FROM_FILE, &b, r->status, r->message);
}
END_TEST

START_TEST(a_few_coordinates_do_not_claim_all_memory)
{
    static const char text[] = SPARSE "100000 100000 1\n100000 100000 1\n";
    blob b;
    ad_array a = {0};
    ad_triplets t = {0};
    ad_error error = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    blob_text(&b, text, strlen(text));
    ck_assert_int_eq(read_dense(_i, &b, AD_F64, 0, &memory, &a, &error), AD_TOO_LARGE);
    ck_assert_msg(strstr(error.text, "would be a dense matrix of 100000 x 100000, and 1048576 "
                                     "numbers are allowed; triplets need less memory"),
                  "%s", error.text);
    if (!(_i & GZIP))
        ck_assert_uint_eq(memory.calls, 0);
    ck_assert_int_eq(read_triplets(_i, &b, &memory, &t, NULL), AD_OK);
    ck_assert_uint_le(memory.peak_bytes, 1 << 16);
    ck_assert_int_eq(((int64_t *)t.rows.data)[0], 99999);
    ad_triplets_free(&t);
}
END_TEST

START_TEST(the_limit_of_dense_matrices_is_the_callers)
{
    static const char text[] = SPARSE "10 20 1\n10 20 1\n";
    blob b;
    ad_array a = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    blob_text(&b, text, strlen(text));
    ck_assert_int_eq(read_dense(0, &b, AD_F64, 199, &memory, &a, NULL), AD_TOO_LARGE);
    ck_assert_int_eq(read_dense(0, &b, AD_F64, 200, &memory, &a, NULL), AD_OK);
    ad_array_free(&a);
    memset(b.data + b.size, '\n', 200); /* a file of as many bytes */
    b.size += 200;
    ck_assert_int_eq(read_dense(0, &b, AD_F64, 1, &memory, &a, NULL), AD_OK);
    ad_array_free(&a);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(memory_is_bounded_by_the_text)
{
    enum { N = 5000 };
    blob b = {.size = 0};
    ad_triplets t = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    b.size =
        (size_t)sprintf((char *)b.data, "%%" MM "coordinate pattern symmetric\n9 9 %d\n", N + 1);
    for (int i = 0; i < N; i++)
        b.size += (size_t)sprintf((char *)b.data + b.size, "2 1\n");
    b.size += (size_t)sprintf((char *)b.data + b.size, "1 1\n");
    ad_error error = {0};
    ck_assert_msg(read_triplets(0, &b, &memory, &t, &error) == AD_OK, "%s", error.text);
    ck_assert_int_eq(t.values.shape.dim[0], 2 * N + 1);
    ck_assert_uint_le(memory.peak_bytes, 24 * b.size);
    ad_triplets_free(&t);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    static const char text[] = HALF "2 2 2\n1 1 1\n2 1 2\n";
    blob b;
    blob_text(&b, text, strlen(text));
    for (int triplets = 0; triplets < 2; triplets++)
        for (size_t n = 1;; n++) {
            ad_array a = {0};
            ad_triplets t = {0};
            test_allocator memory;
            test_allocator_init(&memory);
            memory.fail_at = n;
            ad_status status = triplets ? read_triplets(_i, &b, &memory, &t, NULL)
                                        : read_dense(_i, &b, AD_F64, 0, &memory, &a, NULL);
            bool failed = memory.calls >= n;
            ck_assert_int_eq(status, failed ? AD_MEMORY : AD_OK);
            ck_assert(!failed || (!a.data && !t.rows.data));
            ad_array_free(&a);
            ad_triplets_free(&t);
            ck_assert_uint_eq(memory.live_blocks, 0);
            if (!failed) {
                ck_assert_uint_gt(n, triplets ? 6 : 1);
                break;
            }
        }
}
END_TEST

/* ---- writing ------------------------------------------------------------------------- */

typedef struct writing {
    ad_symmetry symmetry;
    double numbers[4]; /* 2 x 2 */
    const char *text;
} writing;

static const writing writings[] = {
    {AD_GENERAL, {1, 0.1, -0.0, 1e300}, MM "array real general\n2 2\n1\n-0\n0.1\n1e300\n"},
    {AD_GENERAL,
     {INF, -INF, NOT_A, 5e-324},
     MM "array real general\n2 2\nInf\nNaN\n-Inf\n5e-324\n"},
    {AD_SYMMETRIC, {1, 2, 2, 4}, MM "array real symmetric\n2 2\n1\n2\n4\n"},
    {AD_SYMMETRIC, {NOT_A, NOT_A, NOT_A, 4}, MM "array real symmetric\n2 2\nNaN\nNaN\n4\n"},
    {AD_SKEW_SYMMETRIC, {0, -2, 2, 0}, MM "array real skew-symmetric\n2 2\n2\n"},
};
enum { WRITINGS = sizeof writings / sizeof *writings };

START_TEST(matrices_are_written_and_read_back)
{
    const writing *w = &writings[_i];
    text_target target;
    blob b;
    ad_error error = {0};
    open_text_target(&target);
    ad_status status =
        ad_matrix_market_write(target.path, AD_VIEW(w->numbers, 2, 2), w->symmetry, NULL, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    close_text_target(&target, &b);
    ck_assert_uint_eq(b.size, strlen(w->text));
    ck_assert_mem_eq(b.data, w->text, b.size);
    ad_array a = {0};
    test_allocator memory;
    test_allocator_init(&memory);
    ck_assert_int_eq(read_dense(0, &b, AD_F64, 0, &memory, &a, NULL), AD_OK);
    for (int i = 0; i < 4; i++)
        ck_assert(same(((double *)a.data)[i], w->numbers[i]));
    ad_array_free(&a);
}
END_TEST

static const double unequal[] = {1, 2, 3, 4}, square[] = {1, 2, 2, 4}, undefined[] = {NOT_A};

START_TEST(what_is_not_symmetric_is_not_written_so)
{
    text_target target;
    blob b;
    ad_error error = {0};
    ad_view v = AD_VIEW(unequal, 2, 2);
    open_text_target(&target);
    ck_assert_int_eq(ad_matrix_market_write(target.path, v, AD_GENERAL, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_matrix_market_write(target.path, v, AD_SYMMETRIC, NULL, &error), AD_DOMAIN);
    ck_assert_str_eq(error.text,
                     "matrix_market_write: not symmetric: 3 at (1, 0), and 2 at (0, 1)");
    error = (ad_error){0};
    v = AD_VIEW(square, 2, 2);
    ck_assert_int_eq(ad_matrix_market_write(target.path, v, AD_SKEW_SYMMETRIC, NULL, &error),
                     AD_DOMAIN);
    ck_assert_str_eq(error.text,
                     "matrix_market_write: not skew-symmetric: 1 at (0, 0), and 1 at (0, 0)");
    v = AD_VIEW(undefined, 1, 1);
    ck_assert_int_eq(ad_matrix_market_write(target.path, v, AD_SKEW_SYMMETRIC, NULL, NULL),
                     AD_DOMAIN);
    v = AD_VIEW(square, 4, 1);
    ck_assert_int_eq(ad_matrix_market_write(target.path, v, AD_SYMMETRIC, NULL, NULL),
                     AD_BAD_SHAPE);
    close_text_target(&target, &b);
    ck_assert_uint_eq(b.size, strlen(ARRAY "2 2\n1\n3\n2\n4\n")); /* the old file */
}
END_TEST

/* Each row of errors differs from right triplets in one thing. */
START_TEST(triplets_are_written_or_refused)
{
    int64_t rows[] = {0, 1, 1}, columns[] = {2, 0, 0};
    double values[] = {0.1, -3, 1e-5};
    const ad_triplets good = {AD_SHAPE(2, 3), AD_ARRAY(rows, 3), AD_ARRAY(columns, 3),
                              AD_ARRAY(values, 3)};
    text_target target;
    blob b;
    ad_error error = {0};
    open_text_target(&target);
    ck_assert_int_eq(ad_matrix_market_write_triplets(target.path, &good, NULL, &error), AD_OK);
    ad_triplets bad[5] = {good, good, good, good, good};
    const ad_status expected[] = {AD_BAD_SHAPE, AD_DOMAIN, AD_DOMAIN, AD_BAD_TYPE, AD_BAD_TYPE};
    bad[0].shape = AD_SHAPE(6);
    bad[1].shape = AD_SHAPE(1, 3);
    bad[2].shape = AD_SHAPE(2, 2);
    bad[3].values.shape = AD_SHAPE(2);
    bad[4].rows = bad[4].values;
    for (int k = 0; k < 5; k++)
        ck_assert_int_eq(ad_matrix_market_write_triplets(target.path, &bad[k], NULL, NULL),
                         expected[k]);
    close_text_target(&target, &b);
    static const char text[] = SPARSE "2 3 3\n1 3 0.1\n2 1 -3\n2 1 1e-5\n";
    ck_assert_uint_eq(b.size, strlen(text));
    ck_assert_mem_eq(b.data, text, b.size);
}
END_TEST

START_TEST(a_matrix_without_numbers_is_written_at_once)
{
    text_target target;
    blob b;
    static const char text[] = ARRAY "0 " TEXT_OF(COLUMNS) "\n";
    open_text_target(&target);
    ad_view v = AD_VIEW(unequal, 0, COLUMNS);
    ck_assert_int_eq(ad_matrix_market_write(target.path, v, AD_GENERAL, NULL, NULL), AD_OK);
    close_text_target(&target, &b);
    ck_assert_uint_eq(b.size, strlen(text));
    ck_assert_mem_eq(b.data, text, b.size);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("matrix_market");
    TCase *all = tcase_create("matrix_market");
    tcase_add_loop_test(all, matrices_are_read_every_way, 0, MATRICES * WAYS);
    tcase_add_loop_test(all, triplets_are_read_every_way, 0, MATRICES * WAYS);
    tcase_add_test(all, f32_is_read_and_added_as_f32);
    tcase_add_loop_test(all, malformed_matrices_are_refused_with_line_field_and_text, 0, REFUSALS);
    tcase_add_loop_test(all, a_few_coordinates_do_not_claim_all_memory, 0, WAYS);
    tcase_add_test(all, the_limit_of_dense_matrices_is_the_callers);
    tcase_add_test(all, memory_is_bounded_by_the_text);
    tcase_add_loop_test(all, every_allocation_may_fail, 0, WAYS);
    tcase_add_loop_test(all, matrices_are_written_and_read_back, 0, WRITINGS);
    tcase_add_test(all, what_is_not_symmetric_is_not_written_so);
    tcase_add_test(all, a_matrix_without_numbers_is_written_at_once);
    tcase_add_test(all, triplets_are_written_or_refused);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
