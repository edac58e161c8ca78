/* Patterns of sparse matrices, and products with such matrices. */
#include "program/sparsity.h"

#include "base/memory.h"

#include <string.h>

/* ---- life --------------------------------------------------------------------------- */

ad_sparsity *ad_sparsity_take(size_t rows, size_t columns, size_t entries,
                              const ad_allocator *allocator, ad_error *error)
{
    size_t numbers = ad_size_add(ad_size_add(rows, 1), entries);
    size_t bytes = ad_size_add(sizeof(ad_sparsity), ad_size_mul(numbers, sizeof(size_t)));
    ad_sparsity *s = ad_memory_take(allocator, bytes);
    if (!s) {
        ad_fail(error, AD_MEMORY, "sparsity: memory ran out: %zu rows, %zu entries", rows, entries);
        return NULL;
    }
    *s = (ad_sparsity){.rows = rows,
                       .columns = columns,
                       .entries = entries,
                       .row_begin = ad_sparsity_begins(s),
                       .allocator = allocator,
                       .bytes = bytes};
    s->column = ad_sparsity_columns(s);
    return s;
}

void ad_sparsity_free(ad_sparsity *s)
{
    if (s)
        ad_memory_give(s->allocator, s, s->bytes);
}

/* ---- from lists --------------------------------------------------------------------- */

static ad_status refuse_row(size_t row, const char *reason, ad_error *error)
{
    return ad_fail(error, AD_MISUSE, "sparsity_new: row %zu %s", row, reason);
}

static ad_status check_row(size_t columns, const size_t *row_begin, const size_t *column,
                           size_t row, ad_error *error)
{
    if (row_begin[row] > row_begin[row + 1])
        return refuse_row(row, "ends before it begins", error);
    for (size_t e = row_begin[row]; e < row_begin[row + 1]; e++) {
        if (!column || column[e] >= columns)
            return refuse_row(row, "has a column that is not there", error);
        if (e > row_begin[row] && column[e] <= column[e - 1])
            return refuse_row(row, "has columns that do not ascend", error);
    }
    return AD_OK;
}

static ad_status check_lists(size_t rows, size_t columns, const size_t *row_begin,
                             const size_t *column, ad_error *error)
{
    if (!row_begin || row_begin[0] != 0)
        return ad_fail(error, AD_MISUSE, "sparsity_new: row_begin is NULL, or begins without 0");
    for (size_t row = 0; row < rows; row++)
        if (check_row(columns, row_begin, column, row, error) != AD_OK)
            return AD_MISUSE;
    return AD_OK;
}

ad_sparsity *ad_sparsity_new(size_t rows, size_t columns, const size_t *row_begin,
                             const size_t *column, const ad_allocator *allocator, ad_error *error)
{
    if (check_lists(rows, columns, row_begin, column, error) != AD_OK)
        return NULL;
    ad_sparsity *s = ad_sparsity_take(rows, columns, row_begin[rows], allocator, error);
    if (!s)
        return NULL;
    memcpy(ad_sparsity_begins(s), row_begin, (rows + 1) * sizeof *row_begin);
    if (s->entries)
        memcpy(ad_sparsity_columns(s), column, s->entries * sizeof *column);
    return s;
}

/* ---- other orders ------------------------------------------------------------------- */

bool ad_sparsity_given(const ad_sparsity *s, const char *name, ad_error *error)
{
    if (!s && (!error || error->status == AD_OK))
        ad_fail(error, AD_MISUSE, "%s: the pattern is NULL", name);
    return s;
}

ad_sparsity *ad_sparsity_transpose(const ad_sparsity *s, size_t *from, ad_error *error)
{
    if (!ad_sparsity_given(s, "sparsity_transpose", error))
        return NULL;
    ad_sparsity *t = ad_sparsity_take(s->columns, s->rows, s->entries, s->allocator, error);
    if (!t)
        return NULL;
    size_t *begin = ad_sparsity_begins(t), *column = ad_sparsity_columns(t);
    memset(begin, 0, (t->rows + 1) * sizeof *begin);
    for (size_t e = 0; e < s->entries; e++)
        begin[s->column[e] + 1]++;
    ad_sparsity_add_up(t->rows, begin);
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++) {
            size_t to = begin[s->column[e] + 1]++;
            column[to] = i;
            if (from)
                from[to] = e;
        }
    return t;
}

bool ad_sparsity_is_lower(const ad_sparsity *s, const char *name, ad_error *error)
{
    bool lower = s->rows == s->columns;
    for (size_t i = 0; lower && i < s->rows; i++)
        lower = s->row_begin[i] == s->row_begin[i + 1] || s->column[s->row_begin[i + 1] - 1] <= i;
    if (!lower)
        ad_fail(error, AD_MISUSE, "%s: the pattern is no lower triangle", name);
    return lower;
}

static size_t entries_on_diagonal(const ad_sparsity *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->rows; i++)
        count += s->row_begin[i] < s->row_begin[i + 1] && s->column[s->row_begin[i + 1] - 1] == i;
    return count;
}

/* Puts entry e in the next place of row i. */
static void put(ad_sparsity *s, size_t i, size_t j, size_t e, size_t *from)
{
    size_t to = ad_sparsity_begins(s)[i + 1]++;
    ad_sparsity_columns(s)[to] = j;
    if (from)
        from[to] = e;
}

/* Rows get their own half first, then, row after row of the other half, what is right of the diagonal. */
static void fill_mirror(const ad_sparsity *s, ad_sparsity *all, size_t *from)
{
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++) {
            put(all, i, s->column[e], e, from);
            if (s->column[e] != i)
                put(all, s->column[e], i, e, from);
        }
}

ad_sparsity *ad_sparsity_mirror(const ad_sparsity *s, size_t *from, ad_error *error)
{
    if (!ad_sparsity_given(s, "sparsity_mirror", error) ||
        !ad_sparsity_is_lower(s, "sparsity_mirror", error))
        return NULL;
    size_t entries = ad_size_add(s->entries, s->entries - entries_on_diagonal(s));
    ad_sparsity *all = ad_sparsity_take(s->rows, s->rows, entries, s->allocator, error);
    if (!all)
        return NULL;
    size_t *begin = ad_sparsity_begins(all);
    memset(begin, 0, (s->rows + 1) * sizeof *begin);
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++) {
            begin[i + 1]++;
            begin[s->column[e] + 1] += s->column[e] != i;
        }
    ad_sparsity_add_up(s->rows, begin);
    fill_mirror(s, all, from);
    return all;
}

/* ---- products ----------------------------------------------------------------------- */

/* Whether there is all that a product of a matrix of n columns and m rows needs. */
static bool is_complete(const ad_sparsity *s, const double *value, size_t n, const double *x,
                        size_t m, const double *y)
{
    return (!s->entries || value) && (!n || x) && (!m || y);
}

ad_status ad_sparse_times(const ad_sparsity *s, const double *value, const double *x, double *y)
{
    if (!s || !is_complete(s, value, s->columns, x, s->rows, y))
        return AD_MISUSE;
    for (size_t i = 0; i < s->rows; i++) {
        double sum = 0;
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++)
            sum += value[e] * x[s->column[e]];
        y[i] = sum;
    }
    return AD_OK;
}

ad_status ad_sparse_transposed_times(const ad_sparsity *s, const double *value, const double *x,
                                     double *y)
{
    if (!s || !is_complete(s, value, s->rows, x, s->columns, y))
        return AD_MISUSE;
    for (size_t j = 0; j < s->columns; j++)
        y[j] = 0;
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++)
            y[s->column[e]] += value[e] * x[i];
    return AD_OK;
}

ad_status ad_sparse_symmetric_times(const ad_sparsity *s, const double *value, const double *x,
                                    double *y)
{
    if (!s || s->rows != s->columns || !is_complete(s, value, s->columns, x, s->rows, y))
        return AD_MISUSE;
    for (size_t i = 0; i < s->rows; i++)
        y[i] = 0;
    for (size_t i = 0; i < s->rows; i++)
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++) {
            y[i] += value[e] * x[s->column[e]];
            if (s->column[e] != i)
                y[s->column[e]] += value[e] * x[i];
        }
    return AD_OK;
}

ad_status ad_sparse_to_dense(const ad_sparsity *s, const double *value, double *a)
{
    if (!s || (s->entries && !value) || (s->rows && s->columns && !a))
        return AD_MISUSE;
    for (size_t i = 0; i < s->rows; i++) {
        double *row = a + i * s->columns;
        for (size_t j = 0; j < s->columns; j++)
            row[j] = 0;
        for (size_t e = s->row_begin[i]; e < s->row_begin[i + 1]; e++)
            row[s->column[e]] = value[e];
    }
    return AD_OK;
}
