/* Where the rows of a mean are cut: rows into slices, slices into groups, and groups into a
 * tree, in which their gradients are added up. All this depends on the number of rows, the size
 * of a row and the options alone. So it does not matter who takes a group. */
#ifndef ADZE_DERIVATIVES_CUTTING_H
#define ADZE_DERIVATIVES_CUTTING_H

#include "adze/model.h"

typedef struct ad_cutting {
    const ad_view *data; /* [inputs] */
    int inputs;
    int64_t first;      /* what the whole calls the first row of the data */
    int64_t begin, end; /* the groups that are taken: a sum of the tree */
    bool sum, parallel;
    ad_rows_cut of;
} ad_cutting;

/* Cuts the rows of c->data. The message begins with the name; nothing to end. */
ad_status ad_cutting_begin(ad_cutting *c, const char *name, const ad_rows_options *o,
                           ad_error *error);

/* The first row of a slice, and the first slice of a group; of those after the last the end. */
int64_t ad_slice_row(const ad_cutting *c, int64_t slice);
int64_t ad_group_slice(const ad_cutting *c, int64_t group);

/* How many sums of the tree end with a group: so often what the stack of sums has on its top is
 * added to what lies below. */
int ad_sums_ending(const ad_cutting *c, int64_t group);

/* Where the sum ends that begins with a group, so many levels down the tree; a single group is
 * at all further levels, too. */
int64_t ad_sum_end(const ad_cutting *c, int64_t group, int level);

/* How many sums the stack holds, at most. */
int ad_sums_most(const ad_cutting *c);

/* Rows of one of the data, numbered as in the whole. */
ad_view ad_cutting_rows(const ad_cutting *c, int input, int64_t first, int64_t count);

#endif
