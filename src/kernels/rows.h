/* Work on rows whose numbers lie together: those along the last axis.
 *
 * An operation on rows is a value: a step, which sees some rows at once and composes what it needs of the folds and
 * maps of row_kernel.h. */
#ifndef ADZE_KERNELS_ROWS_H
#define ADZE_KERNELS_ROWS_H

#include "base/workspace.h"
#include "kernels/lanes.h"
#include "kernels/row_kernel.h"

enum { AD_ROW_HOT = 1 << 13 }; /* bytes of rows that stay in the first-level cache, with others */

/* Some rows. */
typedef struct ad_row_set {
    const ad_row_kernel *kernel;
    ad_row_extent extent;
    ad_row_data in[2], out; /* out.rows is NULL where there are none */
    bool add;
    const void *env; /* what the caller has, for the numbers that belong to rows */
    size_t first;    /* which row of all */
} ad_row_set;

/* False, and nothing added to `out`, where one of the rows is not as usual: rows are then tried one by one, and those
 * that are not as usual go apart. */
typedef bool ad_row_step(const ad_row_set *r);

typedef struct ad_row_op {
    ad_row_step *step;
    int inputs;
    bool once; /* goes through the numbers once. Else rows at once are one, or fit AD_ROW_HOT */
    int late; /* so many of the last operands are seen by `sum` or `dot` before other folds and maps */
    double fill[2];          /* what fills up the last tile of a row of each operand */
    ad_lane_block *apart[2]; /* [AD_F32], [AD_F64]: for a row that is not as usual, or NULL */
} ad_row_op;

const ad_row_kernel *ad_row_kernel_for(ad_type type, ad_isa isa);

/* Runs it over `count` rows of `length` numbers. */
void ad_rows_run(ad_workspace *work, const ad_row_op *op, ad_type type, size_t count, size_t length,
                 const void *const *in, void *out, bool add, const void *env);

#endif
