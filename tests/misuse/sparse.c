/* Misuse of patterns, colourings, and programs of sparse derivatives. */
#include "refused.h"

#include <string.h>

static void formula(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_mul(x[j], x[0]);
}

static ad_program *program(size_t outputs)
{
    ad_program *p = ad_program_of(formula, 2, (double[]){2, 3}, outputs, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(p);
    return p;
}

static const size_t begins[] = {0, 1, 3}, columns[] = {0, 0, 1}, upper[] = {1, 0, 1};

/* [2, 2] with a lower triangle; [2, 3] with an entry above the diagonal. */
static ad_sparsity *triangle(void)
{
    ad_sparsity *s = ad_sparsity_new(2, 2, begins, columns, NULL, NULL);
    ck_assert_ptr_nonnull(s);
    return s;
}
static ad_sparsity *oblong(void)
{
    ad_sparsity *s = ad_sparsity_new(2, 3, begins, upper, NULL, NULL);
    ck_assert_ptr_nonnull(s);
    return s;
}

/* ---- patterns ------------------------------------------------------------------------------ */

static void run_sparsity_new(void)
{
    ad_error e = {AD_OK, ""};
    const size_t late[] = {1, 1, 3}, falling[] = {0, 2, 1}, far[] = {0, 0, 2}, twice[] = {0, 1, 1};
    const size_t vast[] = {0, SIZE_MAX / 8};
    refused(ad_sparsity_new(2, 2, NULL, columns, NULL, &e), &e);
    refused(ad_sparsity_new(2, 2, begins, NULL, NULL, &e), &e);
    refused(ad_sparsity_new(2, 2, late, columns, NULL, &e), &e);
    refused(ad_sparsity_new(2, 2, falling, columns, NULL, &e), &e);
    refused(ad_sparsity_new(2, 2, begins, far, NULL, &e), &e);
    refused(ad_sparsity_new(2, 2, begins, twice, NULL, &e), &e);
    refused(ad_sparsity_new(2, 2, begins, (size_t[]){0, 1, 0}, NULL, &e), &e);
    ck_assert_ptr_null(ad_sparsity_new(1, 1, vast, NULL, NULL, NULL));
}
static void run_sparsity_free(void)
{
    ad_sparsity_free(NULL);
    ad_sparsity_free(triangle());
}
static void run_sparsity_transpose(void)
{
    ad_error e = {AD_OK, ""};
    refused(ad_sparsity_transpose(NULL, NULL, &e), &e);
    ck_assert_ptr_null(ad_sparsity_transpose(NULL, NULL, NULL));
}
static void run_sparsity_mirror(void)
{
    ad_error e = {AD_OK, ""};
    ad_sparsity *wrong = oblong(), *square = ad_sparsity_new(2, 2, begins, upper, NULL, NULL);
    refused(ad_sparsity_mirror(NULL, NULL, &e), &e);
    refused(ad_sparsity_mirror(wrong, NULL, &e), &e);
    refused(ad_sparsity_mirror(square, NULL, &e), &e);
    ad_sparsity_free(square);
    ad_sparsity_free(wrong);
}

typedef ad_sparsity *pattern_function(const ad_program *p, size_t count, const size_t *by,
                                      ad_error *error);

static void refuse_inputs(pattern_function *f)
{
    ad_error e = {AD_OK, ""};
    ad_program *p = program(1);
    refused(f(NULL, 0, NULL, &e), &e);
    refused(f(p, 1, NULL, &e), &e);
    refused(f(p, 2, (size_t[]){0, 2}, &e), &e);
    refused(f(p, 2, (size_t[]){1, 1}, &e), &e);
    refused(f(p, 1, (size_t[]){SIZE_MAX}, &e), &e);
    ad_fail(&e, AD_DOMAIN, "before");
    ck_assert_ptr_null(f(NULL, 0, NULL, &e));
    ck_assert_str_eq(e.text, "before");
    ad_program_free(p);
}
static void refuse_two_outputs(pattern_function *f)
{
    ad_error e = {AD_OK, ""};
    ad_program *p = program(2), *none = program(0);
    refused(f(p, 2, NULL, &e), &e);
    refused(f(none, 2, NULL, &e), &e);
    ad_program_free(none);
    ad_program_free(p);
}
static void run_program_jacobian_sparsity(void)
{
    refuse_inputs(ad_program_jacobian_sparsity);
}
static void run_program_hessian_sparsity(void)
{
    refuse_inputs(ad_program_hessian_sparsity);
    refuse_two_outputs(ad_program_hessian_sparsity);
}

/* The pattern of a program that has been made and freed; NULL where it was not. */
static ad_sparsity *pattern_of(ad_program *p, ad_sparsity *pattern)
{
    ck_assert_int_eq(p != NULL, pattern != NULL);
    ad_program_free(p);
    return pattern;
}
static ad_sparsity *of_sparse_jacobian(const ad_program *p, size_t count, const size_t *by,
                                       ad_error *error)
{
    ad_sparsity *pattern = NULL;
    ad_program *made = ad_program_sparse_jacobian(p, count, by, &pattern, error);
    return pattern_of(made, pattern);
}
static ad_sparsity *of_sparse_hessian(const ad_program *p, size_t count, const size_t *by,
                                      ad_error *error)
{
    ad_sparsity *pattern = NULL;
    ad_program *made = ad_program_sparse_hessian(p, count, by, &pattern, error);
    return pattern_of(made, pattern);
}
static void run_program_sparse_jacobian(void)
{
    refuse_inputs(of_sparse_jacobian);
    ck_assert_ptr_null(ad_program_sparse_jacobian(NULL, 0, NULL, NULL, NULL));
}
static void run_program_sparse_hessian(void)
{
    refuse_inputs(of_sparse_hessian);
    refuse_two_outputs(of_sparse_hessian);
    ck_assert_ptr_null(ad_program_sparse_hessian(NULL, 0, NULL, NULL, NULL));
}

/* ---- colours ------------------------------------------------------------------------------- */

static void run_colouring_new(void)
{
    ad_error e = {AD_OK, ""};
    ad_sparsity *s = triangle(), *wrong = oblong();
    refused(ad_colouring_new(NULL, AD_COLOUR_COLUMNS, &e), &e);
    refused(ad_colouring_new(s, (ad_colour)77, &e), &e);
    refused(ad_colouring_new(s, (ad_colour)-1, &e), &e);
    refused(ad_colouring_new(wrong, AD_COLOUR_STAR, &e), &e);
    ck_assert_ptr_null(ad_colouring_new(NULL, AD_COLOUR_ROWS, NULL));
    ad_sparsity_free(wrong);
    ad_sparsity_free(s);
}
static ad_colouring *colouring(void)
{
    ad_sparsity *s = triangle();
    ad_colouring *c = ad_colouring_new(s, AD_COLOUR_COLUMNS, NULL);
    ck_assert_ptr_nonnull(c);
    ad_sparsity_free(s);
    return c;
}
static void run_colouring_free(void)
{
    ad_colouring_free(NULL);
    ad_colouring_free(colouring());
}
static void run_colouring_seeds(void)
{
    double seeds[4];
    ad_colouring *c = colouring();
    ck_assert_int_eq(ad_colouring_seeds(NULL, seeds), AD_MISUSE);
    ck_assert_int_eq(ad_colouring_seeds(c, NULL), AD_MISUSE);
    ad_colouring_free(c);
}
static void run_colouring_recover(void)
{
    double numbers[4] = {0};
    ad_colouring *c = colouring();
    ck_assert_int_eq(ad_colouring_recover(NULL, numbers, numbers), AD_MISUSE);
    ck_assert_int_eq(ad_colouring_recover(c, NULL, numbers), AD_MISUSE);
    ck_assert_int_eq(ad_colouring_recover(c, numbers, NULL), AD_MISUSE);
    ad_colouring_free(c);
}

/* ---- matrices ------------------------------------------------------------------------------ */

typedef ad_status times(const ad_sparsity *s, const double *value, const double *x, double *y);

static void refuse_nothing(times *f)
{
    double y[3] = {42, 42, 42};
    const double numbers[3] = {1, 2, 3};
    ad_sparsity *s = triangle();
    ck_assert_int_eq(f(NULL, numbers, numbers, y), AD_MISUSE);
    ck_assert_int_eq(f(s, NULL, numbers, y), AD_MISUSE);
    ck_assert_int_eq(f(s, numbers, NULL, y), AD_MISUSE);
    ck_assert_int_eq(f(s, numbers, numbers, NULL), AD_MISUSE);
    ck_assert(y[0] == 42 && y[1] == 42 && y[2] == 42);
    ad_sparsity_free(s);
}
static void run_sparse_times(void)
{
    refuse_nothing(ad_sparse_times);
}
static void run_sparse_transposed_times(void)
{
    refuse_nothing(ad_sparse_transposed_times);
}
static void run_sparse_symmetric_times(void)
{
    double y[3] = {42, 42, 42};
    const double numbers[3] = {1, 2, 3};
    ad_sparsity *wrong = oblong();
    refuse_nothing(ad_sparse_symmetric_times);
    ck_assert_int_eq(ad_sparse_symmetric_times(wrong, numbers, numbers, y), AD_MISUSE);
    ck_assert(y[0] == 42 && y[1] == 42 && y[2] == 42);
    ad_sparsity_free(wrong);
}
static void run_sparse_to_dense(void)
{
    double a[4];
    const double numbers[3] = {1, 2, 3};
    ad_sparsity *s = triangle();
    ck_assert_int_eq(ad_sparse_to_dense(NULL, numbers, a), AD_MISUSE);
    ck_assert_int_eq(ad_sparse_to_dense(s, NULL, a), AD_MISUSE);
    ck_assert_int_eq(ad_sparse_to_dense(s, numbers, NULL), AD_MISUSE);
    ad_sparsity_free(s);
}

/* clang-format off */
#define SPARSE_ROWS(ROW) \
    ROW(sparsity_new) ROW(sparsity_free) ROW(sparsity_transpose) ROW(sparsity_mirror) \
    ROW(program_jacobian_sparsity) ROW(program_hessian_sparsity) ROW(program_sparse_jacobian) \
    ROW(program_sparse_hessian) ROW(colouring_new) ROW(colouring_free) ROW(colouring_seeds) \
    ROW(colouring_recover) ROW(sparse_times) ROW(sparse_transposed_times) ROW(sparse_symmetric_times) \
    ROW(sparse_to_dense)
/* clang-format on */

#define ROW_OF(name) {#name, run_##name},
const call_row sparse_rows[] = {SPARSE_ROWS(ROW_OF)};
const size_t sparse_row_count = sizeof sparse_rows / sizeof *sparse_rows;
