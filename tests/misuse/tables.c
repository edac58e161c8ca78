/* Misuse of what reads and writes tables and matrices as text. */
#include "misuse.h"

#include "adze/io.h"

static const double reals[] = {1, 2};

/* ---- CSV ----------------------------------------------------------------------------------- */

static void run_csv_read(void)
{
    ad_array a = {.data = &a};
    ad_csv_names n = {.count = 7};
    ad_csv_options no_size = {0}, letter = {.size = sizeof letter, .delimiter = 'x'},
                   twice = {.size = sizeof twice, .decimal = ','},
                   sign = {.size = sizeof sign, .comment = '-'};
    ck_assert_int_eq(ad_csv_read(NULL, AD_F64, NULL, NULL, &a, &n, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_read("x", AD_F64, NULL, NULL, NULL, &n, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_read("x", AD_F64, &no_size, NULL, &a, &n, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_read("x", AD_F64, &letter, NULL, &a, &n, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_read("x", AD_F64, &twice, NULL, &a, &n, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_read("x", AD_F64, &sign, NULL, &a, &n, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_read("x", AD_I32, NULL, NULL, &a, &n, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_csv_read("/no/such/file", AD_F64, NULL, NULL, &a, &n, NULL), AD_FILE);
    ck_assert_int_eq(ad_csv_read("/dev/null", AD_F64, NULL, NULL, &a, &n, NULL), AD_FILE);
    ck_assert(a.data == &a && n.count == 7);
}
static void run_csv_parse(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_csv_parse(NULL, 1, "x", AD_F64, NULL, NULL, &a, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_parse("1", 1, NULL, AD_F64, NULL, NULL, &a, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_parse("1", 1, "x", AD_F64, NULL, NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_parse("1", 1, "x", (ad_type)77, NULL, NULL, &a, NULL, NULL),
                     AD_BAD_TYPE);
    ck_assert_ptr_eq(a.data, &a);
}
static void run_csv_write(void)
{
    const char *names[] = {"a", NULL}, *latin[] = {"a", "\xe9"};
    const ad_view v = AD_VIEW(reals, 1, 2);
    ad_view wrong = v;
    ad_csv_options no_size = {0}, header = {.size = sizeof header, .header = true};
    ad_write_options no_write_size = {0};
    wrong.data = NULL;
    ck_assert_int_eq(ad_csv_write(NULL, v, NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_write("/no/x", wrong, NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_write("/no/x", v, names, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_write("/no/x", v, latin, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_write("/no/x", v, NULL, &header, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_write("/no/x", v, NULL, &no_size, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_write("/no/x", v, NULL, NULL, &no_write_size, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_csv_write("/no/such/folder/x", v, NULL, NULL, NULL, NULL), AD_FILE);
    ck_assert_int_eq(ad_csv_write("/no/x", AD_VIEW(reals, 2), NULL, NULL, NULL, NULL),
                     AD_BAD_SHAPE);
    ck_assert_int_eq(ad_csv_write("/no/x", AD_VIEW(reals, 2, 0), NULL, NULL, NULL, NULL),
                     AD_BAD_SHAPE);
    wrong.type = AD_U8;
    ck_assert_int_eq(ad_csv_write("/no/x", wrong, NULL, NULL, NULL, NULL), AD_BAD_TYPE);
}
static void run_csv_names_free(void)
{
    ad_csv_names n = {.count = 0};
    ad_csv_names_free(NULL);
    ad_csv_names_free(&n);
}

/* ---- Matrix Market ------------------------------------------------------------------------- */

static void run_matrix_market_read(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_matrix_market_read(NULL, AD_F64, 0, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_read("x", AD_F64, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_read("x", AD_BOOL, 0, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_matrix_market_read("/no/such/file", AD_F64, 0, NULL, &a, NULL), AD_FILE);
    ck_assert_int_eq(ad_matrix_market_read("/dev/null", AD_F64, 0, NULL, &a, NULL), AD_FILE);
    ck_assert_ptr_eq(a.data, &a);
}
static void run_matrix_market_parse(void)
{
    ad_array a = {.data = &a};
    ck_assert_int_eq(ad_matrix_market_parse(NULL, 1, "x", AD_F64, 0, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_parse("1", 1, NULL, AD_F64, 0, NULL, &a, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_parse("1", 1, "x", AD_F64, 0, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_parse("1", 1, "x", AD_I64, 0, NULL, &a, NULL), AD_BAD_TYPE);
    ck_assert_ptr_eq(a.data, &a);
}
static void run_matrix_market_write(void)
{
    const ad_view v = AD_VIEW(reals, 1, 2);
    ck_assert_int_eq(ad_matrix_market_write(NULL, v, AD_GENERAL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_write("/no/x", v, (ad_symmetry)3, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_write("/no/x", v, AD_SYMMETRIC, NULL, NULL), AD_BAD_SHAPE);
    ck_assert_int_eq(ad_matrix_market_write("/no/x", (ad_view){0}, AD_GENERAL, NULL, NULL),
                     AD_BAD_SHAPE);
    ck_assert_int_eq(ad_matrix_market_write("/no/such/folder/x", v, AD_GENERAL, NULL, NULL),
                     AD_FILE);
}
static void run_triplets_free(void)
{
    ad_triplets t = {.shape = {.rank = 0}};
    ad_triplets_free(NULL);
    ad_triplets_free(&t);
}
static void run_matrix_market_read_triplets(void)
{
    ad_triplets t = {.rows = {.data = &t}};
    ck_assert_int_eq(ad_matrix_market_read_triplets(NULL, NULL, &t, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_read_triplets("x", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_read_triplets("/no/such/file", NULL, &t, NULL), AD_FILE);
    ck_assert_ptr_eq(t.rows.data, &t);
}
static void run_matrix_market_parse_triplets(void)
{
    ad_triplets t = {.rows = {.data = &t}};
    ck_assert_int_eq(ad_matrix_market_parse_triplets(NULL, 1, "x", NULL, &t, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_parse_triplets("1", 1, NULL, NULL, &t, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_parse_triplets("1", 1, "x", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_ptr_eq(t.rows.data, &t);
}
static void run_matrix_market_write_triplets(void)
{
    const ad_triplets nothing = {.shape = {.rank = 0}};
    ck_assert_int_eq(ad_matrix_market_write_triplets(NULL, &nothing, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_write_triplets("/no/x", NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_matrix_market_write_triplets("/no/x", &nothing, NULL, NULL), AD_BAD_SHAPE);
}

/* clang-format off */
#define TABLE_ROWS(ROW) \
    ROW(csv_read) ROW(csv_parse) ROW(csv_write) ROW(csv_names_free) \
    ROW(matrix_market_read) ROW(matrix_market_parse) ROW(matrix_market_write) ROW(triplets_free) \
    ROW(matrix_market_read_triplets) ROW(matrix_market_parse_triplets) ROW(matrix_market_write_triplets)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row table_rows[] = {TABLE_ROWS(ROW_OF)};
const size_t table_row_count = sizeof table_rows / sizeof *table_rows;
