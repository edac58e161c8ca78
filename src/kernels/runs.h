/* Walking broadcast, strided operands in short runs of numbers that lie together. */
#ifndef ADZE_KERNELS_RUNS_H
#define ADZE_KERNELS_RUNS_H

#include "array/strided.h"
#include "kernels/map.h"

enum {
    AD_RUN = 512, /* elements of a packed run: a few of them fit the first-level cache */
    AD_LONG_RUN = 8 * AD_RUN, /* of a run of one operand alone, at most */
    AD_ENV = AD_MAX_VIEWS - 1 /* a block finds its environment at in[AD_ENV] */
};

/* How to walk over a shape, to which the operands broadcast. Further streams may be added to the
 * nest before it is started. */
typedef struct ad_run_plan {
    ad_nest nest;
    int n; /* operands, up to AD_ENV */
    const ad_shape *shape;
    const ad_view *in;
    unsigned gathered; /* bit i: operand i does not lie as the nest says, and is packed */
    int64_t longest;   /* of a run: 0 until it is set */
    const void *env;   /* for the block; NULL until it is set */
    bool widens;       /* the numbers of f32 operands become f64. Set it first, and if so, isa */
    ad_isa isa;
} ad_run_plan;

void ad_run_plan_begin(ad_run_plan *p, const ad_shape *shape, int n, const ad_view *in);

/* The same, with runs that depend on the shapes alone: they are those of copies of the operands
 * that lie row by row. */
void ad_run_plan_begin_rows(ad_run_plan *p, const ad_shape *shape, int n, const ad_view *in);

/* Begins and starts a nest of one row, for operands that have the shape and no gaps, or are single
 * numbers. False for others, and for the empty shape. */
bool ad_run_plan_row(ad_run_plan *p, const ad_shape *shape, int n, const ad_view *in);

/* Whether the numbers of v have that shape, and lie row by row. */
bool ad_rows_of(const ad_view *v, const ad_shape *shape);

/* Starts the nest. Runs are cut to AD_RUN where an operand must be packed, else to
 * `most`, which is no more than AD_LONG_RUN for one gathered operand, and than AD_RUN for several.
 * False if the shape is empty. */
bool ad_run_plan_start(ad_run_plan *p, int64_t most);

/* Where a gathered operand is read: a nest of its own, and a place in the nest's row. */
typedef struct ad_run_reader {
    ad_nest nest;
    int64_t start;
} ad_run_reader;

/* The elements from `at` on up to end, counted row by row, and the current run of them. */
typedef struct ad_runs {
    ad_run_plan plan;
    ad_run_reader reader[AD_ENV]; /* of the gathered operands */
    int64_t at, end;
    int64_t start, length; /* of the run, in its row */
    const void *run[AD_MAX_VIEWS];
    const char *row[AD_MAX_VIEWS]; /* where the operands' current row begins */
    _Alignas(64) char packed[AD_LONG_RUN / AD_RUN][AD_RUN * sizeof(double)];
} ad_runs;

void ad_runs_open(ad_runs *r, const ad_run_plan *p, int64_t begin, int64_t end);
bool ad_runs_next(ad_runs *r);

#endif
