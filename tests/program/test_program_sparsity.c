/* Sparsity patterns by themselves: their orders and products, and colourings of random and of known ones. */
#include "programs.h"

enum { MOST = 24, GRAPHS = 500 };

/* ---- patterns ------------------------------------------------------------------------ */

typedef struct bit_matrix {
    size_t rows, columns;
    bool is[MOST][MOST];
} bit_matrix;

static size_t draw(uint64_t *state, size_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(*state >> 33) % below;
}

/* A random matrix, sparse or full. */
static bit_matrix random_bits(uint64_t seed)
{
    uint64_t state = seed * 7919 + 5;
    bit_matrix b = {1 + draw(&state, MOST), 1 + draw(&state, MOST), {{false}}};
    const size_t one_in = 1 + draw(&state, 9);
    for (size_t i = 0; i < b.rows; i++)
        for (size_t j = 0; j < b.columns; j++)
            b.is[i][j] = draw(&state, one_in) == 0;
    return b;
}

/* The lower triangle of a random symmetric matrix. */
static bit_matrix random_triangle(uint64_t seed)
{
    bit_matrix b = random_bits(seed);
    b.columns = b.rows;
    for (size_t i = 0; i < MOST; i++)
        for (size_t j = 0; j < MOST; j++)
            b.is[i][j] = b.is[i][j] && j <= i;
    return b;
}

static ad_sparsity *pattern_in(const bit_matrix *b, const ad_allocator *allocator, ad_error *error)
{
    size_t begin[MOST + 1] = {0}, column[MOST * MOST], count = 0;
    for (size_t i = 0; i < b->rows; i++) {
        for (size_t j = 0; j < b->columns; j++)
            if (b->is[i][j])
                column[count++] = j;
        begin[i + 1] = count;
    }
    return ad_sparsity_new(b->rows, b->columns, begin, column, allocator, error);
}

static ad_sparsity *pattern_of(const bit_matrix *b)
{
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = pattern_in(b, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_ptr_nonnull(s);
    return s;
}

/* The values of entries: their places, so that all differ. */
static void fill(const ad_sparsity *s, double *value)
{
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++)
            value[e] = (double)(100 * i + s->column[e] + 1);
}

START_TEST(the_transposed_pattern_is_that_of_columns)
{
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        const bit_matrix b = random_bits(seed);
        size_t from[MOST * MOST];
        double value[MOST * MOST];
        ad_error error = {AD_OK, ""};
        ad_sparsity *s = pattern_of(&b), *t = ad_sparsity_transpose(s, from, &error);
        ck_assert(t && t->rows == b.columns && t->columns == b.rows && t->entries == s->entries);
        fill(s, value);
        for (size_t j = 0; j < t->rows; j++)
            for (size_t e = t->row_begin[j]; e < t->row_begin[j + 1]; e++) {
                ck_assert(b.is[t->column[e]][j]);
                ck_assert(e == t->row_begin[j] || t->column[e - 1] < t->column[e]);
                expect_same(value[from[e]], (double)(100 * t->column[e] + j + 1), "from");
            }
        ad_sparsity_free(t);
        ad_sparsity_free(s);
    }
}
END_TEST

START_TEST(a_mirrored_triangle_is_the_whole_matrix)
{
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        const bit_matrix b = random_triangle(seed);
        size_t from[2 * MOST * MOST], found = 0, expected = 0;
        double value[MOST * MOST];
        ad_error error = {AD_OK, ""};
        ad_sparsity *s = pattern_of(&b), *all = ad_sparsity_mirror(s, from, &error);
        fill(s, value);
        for (size_t i = 0; i < all->rows; i++)
            for (size_t e = all->row_begin[i]; e < all->row_begin[i + 1]; e++, found++) {
                size_t j = all->column[e], low = j < i ? j : i, high = j < i ? i : j;
                ck_assert(b.is[high][low]);
                ck_assert(e == all->row_begin[i] || all->column[e - 1] < j);
                expect_same(value[from[e]], (double)(100 * high + low + 1), "from");
            }
        for (size_t i = 0; i < b.rows; i++)
            for (size_t j = 0; j < b.rows; j++)
                expected += b.is[i][j] || b.is[j][i];
        ck_assert_uint_eq(found, expected);
        ck_assert_uint_eq(all->entries, expected);
        ad_sparsity_free(all);
        ad_sparsity_free(s);
    }
}
END_TEST

START_TEST(products_are_those_of_dense_matrices)
{
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        const bit_matrix b = random_bits(seed), c = random_triangle(seed);
        double value[MOST * MOST], a[MOST * MOST], x[MOST], y[MOST], z[MOST], h[MOST];
        ad_sparsity *s = pattern_of(&b), *lower = pattern_of(&c);
        for (size_t i = 0; i < MOST; i++)
            x[i] = (double)(i * i % 7) - 3;
        fill(s, value);
        ck_assert_int_eq(ad_sparse_to_dense(s, value, a), AD_OK);
        ck_assert_int_eq(ad_sparse_times(s, value, x, y), AD_OK);
        ck_assert_int_eq(ad_sparse_transposed_times(s, value, x, z), AD_OK);
        for (size_t i = 0; i < b.rows; i++)
            for (size_t j = 0; j < b.columns; j++) {
                expect_same(a[i * b.columns + j], b.is[i][j] ? (double)(100 * i + j + 1) : 0, "a");
                y[i] -= a[i * b.columns + j] * x[j];
                z[j] -= a[i * b.columns + j] * x[i];
            }
        fill(lower, value);
        ck_assert_int_eq(ad_sparse_symmetric_times(lower, value, x, h), AD_OK);
        for (size_t i = 0; i < c.rows; i++)
            for (size_t j = 0; j <= i; j++) {
                double entry = c.is[i][j] ? (double)(100 * i + j + 1) : 0;
                h[i] -= entry * x[j];
                h[j] -= i == j ? 0 : entry * x[i];
            }
        for (size_t i = 0; i < MOST; i++) /* all numbers are integers: sums are exact */
            ck_assert((i >= b.rows || y[i] == 0) && (i >= b.columns || z[i] == 0) &&
                      (i >= c.rows || h[i] == 0));
        ad_sparsity_free(lower);
        ad_sparsity_free(s);
    }
}
END_TEST

/* ---- colourings of random patterns --------------------------------------------------- */

static ad_colouring *colours_of(const ad_sparsity *s, ad_colour kind)
{
    ad_error error = {AD_OK, ""};
    ad_colouring *c = ad_colouring_new(s, kind, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(c->entries, s->entries);
    bool good = true;
    for (size_t i = 0; i < c->count; i++)
        good = good && c->colour[i] < c->colours;
    ck_assert(good);
    return c;
}

/* Whether column j has a row in common with another column of its colour, and row i a column with another row. */
static bool clashes(const bit_matrix *b, size_t i, size_t j, const ad_colouring *columns,
                    const ad_colouring *rows)
{
    for (size_t k = 0; k < b->columns; k++)
        if (k != j && b->is[i][k] && columns->colour[j] == columns->colour[k])
            return true;
    for (size_t k = 0; k < b->rows; k++)
        if (k != i && b->is[k][j] && rows->colour[i] == rows->colour[k])
            return true;
    return false;
}

START_TEST(columns_or_rows_of_one_colour_have_nothing_in_common)
{
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        const bit_matrix b = random_bits(seed);
        ad_sparsity *s = pattern_of(&b);
        ad_colouring *columns = colours_of(s, AD_COLOUR_COLUMNS),
                     *rows = colours_of(s, AD_COLOUR_ROWS);
        size_t clash = 0;
        for (size_t i = 0; i < b.rows; i++)
            for (size_t j = 0; j < b.columns; j++)
                clash += b.is[i][j] && clashes(&b, i, j, columns, rows);
        ck_assert_uint_eq(clash, 0);
        ad_colouring_free(rows);
        ad_colouring_free(columns);
        ad_sparsity_free(s);
    }
}
END_TEST

/* Whether two vertices are neighbours. */
static bool meet(const bit_matrix *b, size_t i, size_t j)
{
    return i != j && (b->is[i][j] || b->is[j][i]);
}

/* Whether all paths i j k l have more than two colours. */
static bool has_good_paths(const bit_matrix *b, const size_t *colour, size_t i, size_t j)
{
    for (size_t k = 0; k < b->rows; k++)
        for (size_t l = 0; l < b->rows && k != i && meet(b, j, k); l++)
            if (l != j && l != i && meet(b, k, l) && colour[i] == colour[k] &&
                colour[j] == colour[l])
                return false;
    return true;
}

START_TEST(star_colourings_have_no_path_of_two_colours)
{
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        const bit_matrix b = random_triangle(seed);
        ad_sparsity *s = pattern_of(&b);
        ad_colouring *c = colours_of(s, AD_COLOUR_STAR);
        size_t bad = 0;
        for (size_t i = 0; i < b.rows; i++)
            for (size_t j = 0; j < b.rows; j++)
                bad += meet(&b, i, j) &&
                       (c->colour[i] == c->colour[j] || !has_good_paths(&b, c->colour, i, j));
        ck_assert_uint_eq(bad, 0);
        ad_colouring_free(c);
        ad_sparsity_free(s);
    }
}
END_TEST

/* The products of the dense matrix with the seeds, [colours, length]; of its transpose for rows. */
static void multiply_seeds(const ad_colouring *c, const double *a, size_t rows, size_t columns,
                           double *products)
{
    double seeds[MOST * MOST];
    ck_assert_int_eq(ad_colouring_seeds(c, seeds), AD_OK);
    memset(products, 0, c->colours * c->length * sizeof *products);
    for (size_t k = 0; k < c->colours; k++)
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                if (c->kind == AD_COLOUR_ROWS)
                    products[k * c->length + j] += a[i * columns + j] * seeds[k * c->count + i];
                else
                    products[k * c->length + i] += a[i * columns + j] * seeds[k * c->count + j];
}

static void expect_recovery(const ad_sparsity *s, ad_colour kind, bool symmetric)
{
    double value[MOST * MOST], found[MOST * MOST], a[MOST * MOST], products[MOST * MOST];
    ad_colouring *c = colours_of(s, kind);
    fill(s, value);
    ad_sparse_to_dense(s, value, a);
    for (size_t i = 0; symmetric && i < s->rows; i++)
        for (size_t j = 0; j < i; j++)
            a[j * s->columns + i] = a[i * s->columns + j];
    multiply_seeds(c, a, s->rows, s->columns, products);
    ck_assert_int_eq(ad_colouring_recover(c, products, found), AD_OK);
    for (size_t e = 0; e < s->entries; e++)
        expect_same(found[e], value[e], "entry");
    ad_colouring_free(c);
}

START_TEST(entries_are_recovered_from_products_with_seeds)
{
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        const bit_matrix b = random_bits(seed), t = random_triangle(seed);
        ad_sparsity *s = pattern_of(&b), *lower = pattern_of(&t);
        expect_recovery(s, AD_COLOUR_COLUMNS, false);
        expect_recovery(s, AD_COLOUR_ROWS, false);
        expect_recovery(lower, AD_COLOUR_STAR, true);
        ad_sparsity_free(lower);
        ad_sparsity_free(s);
    }
}
END_TEST

/* ---- colourings of known patterns ---------------------------------------------------- */

typedef struct known {
    const char *name;
    size_t rows, columns;
    bool (*is)(size_t i, size_t j);
    ad_colour kind;
    size_t colours;
} known;

static bool is_diagonal(size_t i, size_t j)
{
    return i == j;
}

static bool is_tridiagonal(size_t i, size_t j)
{
    return i <= j + 1 && j <= i + 1;
}

static bool is_path(size_t i, size_t j) /* the lower triangle of it */
{
    return i == j || i == j + 1;
}

static bool is_full(size_t i, size_t j)
{
    return i + 1 > j || j > i;
}

static bool is_full_triangle(size_t i, size_t j)
{
    return j <= i;
}

static bool is_empty(size_t i, size_t j)
{
    return i > MOST && j > MOST;
}

static bool has_full_row(size_t i, size_t j)
{
    return i == 3 || i == j;
}

static bool has_full_last_row(size_t i, size_t j)
{
    return i == MOST - 1 || i == j;
}

static bool has_full_first_column(size_t i, size_t j)
{
    return j == 0 || i == j;
}

static bool is_pairs(size_t i, size_t j) /* blocks of two by two */
{
    return i / 2 == j / 2;
}

static const known known_patterns[] = {
    {"a diagonal", MOST, MOST, is_diagonal, AD_COLOUR_COLUMNS, 1},
    {"a diagonal's rows", MOST, MOST, is_diagonal, AD_COLOUR_ROWS, 1},
    {"a diagonal's star", MOST, MOST, is_diagonal, AD_COLOUR_STAR, 1},
    {"a tridiagonal matrix", MOST, MOST, is_tridiagonal, AD_COLOUR_COLUMNS, 3},
    {"a tridiagonal matrix's rows", MOST, MOST, is_tridiagonal, AD_COLOUR_ROWS, 3},
    {"a path", MOST, MOST, is_path, AD_COLOUR_STAR, 3},
    {"a full matrix", 5, MOST, is_full, AD_COLOUR_COLUMNS, MOST},
    {"a full matrix's rows", 5, MOST, is_full, AD_COLOUR_ROWS, 5},
    {"a full triangle", MOST, MOST, is_full_triangle, AD_COLOUR_STAR, MOST},
    {"an empty matrix", 5, MOST, is_empty, AD_COLOUR_COLUMNS, 1},
    {"no columns", 5, 0, is_empty, AD_COLOUR_COLUMNS, 0},
    {"no rows", 0, 5, is_empty, AD_COLOUR_ROWS, 0},
    {"no rows, by columns", 0, 5, is_empty, AD_COLOUR_COLUMNS, 1},
    {"nothing", 0, 0, is_empty, AD_COLOUR_STAR, 0},
    {"a full row", MOST, MOST, has_full_row, AD_COLOUR_COLUMNS, MOST},
    {"a full row's rows", MOST, MOST, has_full_row, AD_COLOUR_ROWS, 2},
    {"an arrow up", MOST, MOST, has_full_first_column, AD_COLOUR_STAR, 2},
    {"an arrow down", MOST, MOST, has_full_last_row, AD_COLOUR_STAR, 2},
    {"pairs", MOST, MOST, is_pairs, AD_COLOUR_COLUMNS, 2},
};
enum { KNOWN = sizeof known_patterns / sizeof *known_patterns };

static const char *known_name(int row)
{
    return known_patterns[row].name;
}

START_TEST(known_patterns_take_as_few_colours_as_they_must)
{
    const known *k = &known_patterns[_i];
    bit_matrix b = {k->rows, k->columns, {{false}}};
    for (size_t i = 0; i < k->rows; i++)
        for (size_t j = 0; j < k->columns; j++)
            b.is[i][j] = k->is(i, j);
    ad_sparsity *s = pattern_of(&b);
    ad_colouring *c = colours_of(s, k->kind);
    ck_assert_uint_eq(c->colours, k->colours);
    ad_colouring_free(c);
    ad_sparsity_free(s);
}
END_TEST

/* ---- large patterns ------------------------------------------------------------------ */

enum { LARGE = 200000 };

/* The pattern of an arrow: a full last row, or a full first column, and the diagonal. */
static ad_sparsity *arrow(bool row)
{
    size_t *begin = malloc((LARGE + 1) * sizeof *begin),
           *column = malloc((size_t)2 * LARGE * sizeof *column), count = 0;
    for (size_t i = 0; i < LARGE; i++) {
        begin[i] = count;
        for (size_t j = 0; row && i == LARGE - 1 && j < i; j++)
            column[count++] = j;
        if (!row && i)
            column[count++] = 0;
        column[count++] = i;
    }
    begin[LARGE] = count;
    ad_error error = {AD_OK, ""};
    ad_sparsity *s = ad_sparsity_new(LARGE, LARGE, begin, column, NULL, &error);
    ck_assert_str_eq(error.text, "");
    free(column);
    free(begin);
    return s;
}

START_TEST(a_full_row_or_column_takes_no_quadratic_time)
{
    for (int row = 0; row < 2; row++) {
        ad_sparsity *s = arrow(row);
        ad_colouring *star = colours_of(s, AD_COLOUR_STAR),
                     *columns = colours_of(s, AD_COLOUR_COLUMNS),
                     *rows = colours_of(s, AD_COLOUR_ROWS);
        ck_assert_uint_eq(star->colours, 2);
        ck_assert_uint_eq(columns->colours, row ? LARGE : 2);
        ck_assert_uint_eq(rows->colours, row ? 2 : LARGE);
        ad_colouring_free(star);
        ad_colouring_free(columns);
        ad_colouring_free(rows);
        ad_sparsity_free(s);
    }
}
END_TEST

/* ---- misuse -------------------------------------------------------------------------- */

typedef struct wrong {
    const char *name;
    size_t rows, columns;
    const size_t *begin, *column;
} wrong;

static const wrong wrong_lists[] = {
    {"no begin", 1, 1, NULL, (const size_t[]){0}},
    {"begins late", 1, 2, (const size_t[]){1, 2}, (const size_t[]){0, 1}},
    {"descends", 2, 2, (const size_t[]){0, 2, 1}, (const size_t[]){0, 1}},
    {"no columns", 1, 1, (const size_t[]){0, 1}, NULL},
    {"a column too far", 1, 2, (const size_t[]){0, 1}, (const size_t[]){2}},
    {"columns descend", 1, 2, (const size_t[]){0, 2}, (const size_t[]){1, 0}},
    {"a column twice", 1, 2, (const size_t[]){0, 2}, (const size_t[]){1, 1}},
};
enum { WRONG = sizeof wrong_lists / sizeof *wrong_lists };

static const char *wrong_name(int row)
{
    return wrong_lists[row].name;
}

START_TEST(lists_that_are_no_pattern_are_refused)
{
    const wrong *w = &wrong_lists[_i];
    ad_error error = {AD_OK, ""};
    ck_assert_ptr_null(ad_sparsity_new(w->rows, w->columns, w->begin, w->column, NULL, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ck_assert_ptr_null(ad_sparsity_new(w->rows, w->columns, w->begin, w->column, NULL, NULL));
}
END_TEST

START_TEST(patterns_that_are_no_triangle_have_no_mirror_and_no_star)
{
    const bit_matrix wide = {1, 2, {{true, false}}}, upper = {2, 2, {{true, true}}};
    const bit_matrix *all[] = {&wide, &upper};
    for (int i = 0; i < 2; i++) {
        ad_sparsity *s = pattern_of(all[i]);
        ad_error first = {AD_OK, ""}, second = {AD_OK, ""};
        ck_assert_ptr_null(ad_sparsity_mirror(s, NULL, &first));
        ck_assert_ptr_null(ad_colouring_new(s, AD_COLOUR_STAR, &second));
        ck_assert(first.status == AD_MISUSE && second.status == AD_MISUSE);
        ad_sparsity_free(s);
    }
}
END_TEST

START_TEST(what_is_missing_is_misuse)
{
    const bit_matrix b = {1, 2, {{true, true}}};
    ad_sparsity *s = pattern_of(&b);
    ad_colouring *c = colours_of(s, AD_COLOUR_COLUMNS);
    ad_error error = {AD_OK, ""};
    double v[4] = {0};
    ck_assert_ptr_null(ad_sparsity_transpose(NULL, NULL, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ad_error kept = {AD_MEMORY, "first"};
    ck_assert_ptr_null(ad_colouring_new(NULL, AD_COLOUR_ROWS, &kept));
    ck_assert_str_eq(kept.text, "first");
    error = (ad_error){AD_OK, ""};
    ck_assert_ptr_null(ad_colouring_new(s, (ad_colour)7, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ck_assert_int_eq(ad_sparse_times(NULL, v, v, v), AD_MISUSE);
    ck_assert_int_eq(ad_sparse_times(s, NULL, v, v), AD_MISUSE);
    ck_assert_int_eq(ad_sparse_times(s, v, NULL, v), AD_MISUSE);
    ck_assert_int_eq(ad_sparse_transposed_times(s, v, v, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_sparse_symmetric_times(s, v, v, v), AD_MISUSE);
    ck_assert_int_eq(ad_sparse_to_dense(s, v, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_colouring_seeds(c, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_colouring_recover(c, v, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_colouring_recover(NULL, v, v), AD_MISUSE);
    ad_colouring_free(NULL);
    ad_sparsity_free(NULL);
    ad_colouring_free(c);
    ad_sparsity_free(s);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("patterns");
    tcase_add_test(tests, the_transposed_pattern_is_that_of_columns);
    tcase_add_test(tests, a_mirrored_triangle_is_the_whole_matrix);
    tcase_add_test(tests, products_are_those_of_dense_matrices);
    tcase_add_test(tests, columns_or_rows_of_one_colour_have_nothing_in_common);
    tcase_add_test(tests, star_colourings_have_no_path_of_two_colours);
    tcase_add_test(tests, entries_are_recovered_from_products_with_seeds);
    tcase_add_test(tests, a_full_row_or_column_takes_no_quadratic_time);
    tcase_add_test(tests, patterns_that_are_no_triangle_have_no_mirror_and_no_star);
    tcase_add_test(tests, what_is_missing_is_misuse);
    add_row_tests(tests, known_patterns_take_as_few_colours_as_they_must, KNOWN, known_name);
    add_row_tests(tests, lists_that_are_no_pattern_are_refused, WRONG, wrong_name);
    Suite *suite = suite_create("program sparsity");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
