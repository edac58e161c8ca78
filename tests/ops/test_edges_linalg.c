/* What linear algebra means at its edges. */
#include "probe_edges.h"
#include "suite.h"

#include <string.h>

#define SQUARE(x) ad_reshape(x, AD_SHAPE(2, 2))

/* clang-format off */
#define EDGES_OF_ONE(ROW) \
    SAYS("cholesky of a matrix that is not symmetric", \
        "the lower triangle is read; the gradient is symmetric") \
    ROW(cholesky_reads_the_lower_triangle, ad_cholesky(SQUARE(a)), L(4, NAN, 2, 5), L(0, 0, 2, 0), \
        L(2, 0, 1, 2), L(-0.25, 0.5, 0.5, 0)) \
    SAYS("cholesky of a matrix that is not positive definite", "AD_DOMAIN, with the pivot and its value") \
    SAYS("solve, inverse of a singular matrix; triangular_solve with 0 on the diagonal", \
        "AD_DOMAIN, with the place of the pivot") \
    SAYS("det of a singular matrix", \
        "its derivatives are the cofactors and what follows from them, for every rank") \
    ROW(det_of_rank_1, ad_det(SQUARE(a)), L(1, 2, 2, 4), L(1), L(0), L(4, -2, -2, 1)) \
    ROW(det_of_rank_0, ad_det(SQUARE(a)), L(0, 0, 0, 0), L(3), L(0), L(0, 0, 0, 0)) \
    SAYS("eigvalsh with equal eigenvalues", \
        "the gradient is V diag(g) V^T; a second derivative that couples them is AD_DOMAIN") \
    ROW(eigvalsh_of_equals, ad_eigvalsh(SQUARE(a)), L(2, 0, 0, 2), L(1, 1), L(2, 2), L(1, 0, 0, 1)) \
    SAYS("eigh with equal eigenvalues", \
        "functions of the eigenvalues have their gradient; where a cotangent or tangent turns the vectors of equal " \
        "ones, AD_DOMAIN, with the pair") \
    ROW(eigh_of_equals, ad_eigh(SQUARE(a)).values, L(2, 0, 0, 2), L(1, 10), L(2, 2), L(1, 0, 0, 10)) \
    ROW(eigh_reads_the_lower_triangle, ad_eigh(SQUARE(a)).values, L(1, 5, 0, 2), L(1, 10), L(1, 2), L(1, 0, 0, 10)) \
    SAYS("svdvals with values that are equal or 0", "the gradient is U diag(g) V^T") \
    ROW(svdvals_of_zeros, ad_svdvals(SQUARE(a)), L(0, 0, 0, 0), L(1, 10), L(0, 0), L(1, 0, 0, 10)) \
    ROW(svd_of_equals, ad_svd(SQUARE(a)).s, L(2, 0, 0, 2), L(1, 10), L(2, 2), L(1, 0, 0, 10)) \
    SAYS("svd with values that are equal, or 0 where a is not square", \
        "functions of the values have their gradient; where a cotangent or tangent turns such vectors, AD_DOMAIN") \
    SAYS("qr of columns that depend on each other", "it has values; a sweep to it is AD_DOMAIN, with the column") \
    SAYS("lstsq, pinv of columns that depend on each other", "AD_DOMAIN") \
    SAYS("qr, eigh, eigvalsh, svd, svdvals of what is not finite", "AD_DOMAIN, with the place") \
    SAYS("slogdet, logdet of a singular matrix", \
        "-inf, and a sign of 0; a sweep to it is AD_DOMAIN, unless the cotangent is 0") \
    ROW(logdet_of_a_singular_matrix, ad_logdet(SQUARE(a)), L(1, 2, 2, 4), L(0), L(-INF), L(0, 0, 0, 0)) \
    ROW(slogdet_of_a_singular_matrix, ad_slogdet(SQUARE(a)).log, L(1, 2, 2, 4), L(0), L(-INF), L(0, 0, 0, 0)) \
    ROW(sign_of_a_singular_matrix, ad_slogdet(SQUARE(a)).sign, L(1, 2, 2, 4), L(1), L(0), L(0, 0, 0, 0)) \
    ROW(sign_of_a_negative_determinant, ad_slogdet(SQUARE(a)).sign, L(0, 1, 1, 0), L(1), L(-1), L(0, 0, 0, 0)) \
    SAYS("logdet of a negative determinant", "NaN, and so is the gradient") \
    ROW(logdet_of_a_negative_determinant, ad_logdet(SQUARE(a)), L(0, 1, 1, 0), L(1), L(NAN), L(NAN, NAN, NAN, NAN))

#define EDGES_OF_TWO(ROW) \
    SAYS("triangular_solve, beyond the triangle", "not read, and its gradient is 0") \
    ROW(triangular_solve_reads_a_triangle, ad_triangular_solve(SQUARE(a), SQUARE(b), 0), \
        L(2, NAN, 1, 4), L(2, 4, 6, 8), L(0, 0, 4, 0), L(1, 2, 1.25, 1.5), L(0.5, 0, -1, -1.25), \
        L(-0.5, 0, 1, 0)) \
    ROW(triangular_solve_with_ones, ad_triangular_solve(SQUARE(a), SQUARE(b), AD_UPPER | AD_UNIT_DIAGONAL), \
        L(0, 2, INF, NAN), L(5, 6, 1, 2), L(1, 0, 0, 0), L(3, 2, 1, 2), L(0, -1, 0, 0), L(1, 0, -2, 0))
/* clang-format on */

EDGES_OF_ONE(FUNCTION)
EDGES_OF_TWO(FUNCTION)

static const edge edges[] = {EDGES_OF_ONE(ONE) EDGES_OF_TWO(TWO)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

/* ---- what has no derivative --------------------------------------------------------------- */

typedef struct bent {
    const char *name, *op, *reason;
    ad_tensor (*f)(ad_tensor a);
    double a[4];
} bent;

static ad_tensor log_of_det(ad_tensor a)
{
    return ad_slogdet(a).log;
}

static ad_tensor vectors_of(ad_tensor a)
{
    return ad_eigh(a).vectors;
}

static ad_tensor left_vectors_of(ad_tensor a)
{
    return ad_svd(a).u;
}

static ad_tensor left_vectors_of_a_column(ad_tensor a)
{
    return ad_svd(ad_slice(a, 1, 0, 1)).u;
}

static ad_tensor triangle_of(ad_tensor a)
{
    return ad_qr(a).r;
}

static const bent bends[] = {
    {"qr_of_rank_1",
     "qr([2, 2])",
     ": column 1 depends on those before it: there is no derivative",
     triangle_of,
     {1, 2, 0, 0}},
    {"svd_of_equal_values",
     "svd([2, 2])",
     ": singular values 0 and 1 are equal: there is no such derivative",
     left_vectors_of,
     {2, 0, 0, 2}},
    {"svd_of_zeros",
     "svd([2, 1])",
     ": singular value 0 is 0: there is no such derivative",
     left_vectors_of_a_column,
     {0, 1, 0, 1}},
    {"eigh_of_equal_values",
     "eigh([2, 2])",
     ": eigenvalues 0 and 1 are equal: there is no such derivative",
     vectors_of,
     {2, 0, 0, 2}},
    {"slogdet_of_a_singular_matrix",
     "slogdet([2, 2])",
     ": the logarithm has no derivative there: the matrix is singular",
     log_of_det,
     {1, 2, 2, 4}},
    {"logdet_of_a_singular_matrix",
     "logdet([2, 2])",
     ": the logarithm has no derivative there: the matrix is singular",
     (ad_logdet),
     {1, 2, 2, 4}},
};

static const char *bend_name(int row)
{
    return bends[row].name;
}

START_TEST(a_sweep_to_what_has_no_derivative_says_so)
{
    static const double ones[] = {1, 1, 1, 1};
    const bent *row = &bends[_i];
    for (int way = 0; way < 2; way++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_tensor a = ad_watch(t, AD_VIEW(row->a, 2, 2)), y = ad_sum(row->f(a));
        ck_assert_int_eq(ad_tape_status(t), AD_OK);
        ad_set_tangent(a, AD_VIEW(ones, 2, 2));
        ck_assert_int_eq(way ? ad_push_tangents(y) : ad_backward(y), AD_DOMAIN);
        ck_assert_msg(strstr(ad_tape_error(t), row->op), "%s", ad_tape_error(t));
        ck_assert_msg(strstr(ad_tape_error(t), row->reason), "%s", ad_tape_error(t));
        ad_tape_free(t);
    }
}
END_TEST

/* ---- powers -------------------------------------------------------------------------------- */

START_TEST(the_power_0_is_the_identity_and_the_power_1_the_matrix)
{
    static const double numbers[] = {NAN, 0, 0, 0, 1, 2, 3, 4}, one[] = {1, 0, 0, 1};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor a = ad_watch(t, AD_VIEW(numbers, 2, 2, 2));
    ad_view y = ad_read(ad_matrix_power(a, 0)), same = ad_read(ad_matrix_power(a, 1));
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    for (size_t i = 0; i < 8; i++)
        ck_assert(ad_view_get(&y, i) == one[i % 4]);
    for (size_t i = 1; i < 8; i++)
        ck_assert(ad_view_get(&same, i) == numbers[i]);
    ck_assert(!ad_is_tracked(ad_matrix_power(a, 0)));
    ad_tape_free(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edges of linear algebra");
    TCase *without = tcase_create("without derivative");
    add_row_tests(without, a_sweep_to_what_has_no_derivative_says_so, sizeof bends / sizeof *bends,
                  bend_name);
    tcase_add_test(without, the_power_0_is_the_identity_and_the_power_1_the_matrix);
    suite_add_tcase(suite, edge_rows());
    suite_add_tcase(suite, without);
    return run_suite(suite);
}
