/* What the rows of a family of operations say is checked against central differences, complex step, f32,
 * strided, repeated, shared and frozen operands, forward mode and second order (probe_gradient.h).
 *
 *     test_ops FAMILY        the rows are those of tests/ops/FAMILY.c; without FAMILY, of all */
#include "rows.h"
#include "suite.h"

op_table the_table;

int main(int argc, char **argv)
{
    the_table = table_of(argc > 1 ? argv[1] : NULL);
    return run_suite(table_suite());
}
