/* What linear algebra means at its edges. */
#include "probe_edges.h"
#include "suite.h"

#define SQUARE(x) ad_reshape(x, AD_SHAPE(2, 2))

/* clang-format off */
#define EDGES_OF_ONE(ROW) \
    SAYS("cholesky of a matrix that is not symmetric", \
        "the lower triangle is read; the gradient is symmetric") \
    ROW(cholesky_reads_the_lower_triangle, ad_cholesky(SQUARE(a)), L(4, NAN, 2, 5), L(0, 0, 2, 0), \
        L(2, 0, 1, 2), L(-0.25, 0.5, 0.5, 0))

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

int main(void)
{
    Suite *suite = suite_create("edges of linear algebra");
    suite_add_tcase(suite, edge_rows());
    return run_suite(suite);
}
