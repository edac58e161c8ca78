/* The memory that a rule reads and must not write to. */
#ifndef ADZE_CHECK_SNAPSHOT_H
#define ADZE_CHECK_SNAPSHOT_H

#include "adze/op.h"

/* A copy of the numbers of a view, row by row. NULL, with an error recorded, if memory ran out. */
double *ad_check_numbers_of(ad_workspace *work, const ad_view *v);
bool ad_check_same_bits(const double *a, const double *b, size_t n);

typedef struct ad_snapshot {
    ad_workspace *work;
    const char *rule;
    int arity;
    int results;                 /* 0 where the rule is given none, */
    const ad_view *x, *ys, *dys; /* or no cotangents, dys being NULL */
    const void *saved;
    size_t saved_bytes;
    double **numbers; /* of operands, results, cotangents */
    void *saved_copy;
} ad_snapshot;

/* Copies what it says. Without memory nothing is compared: the failure is already recorded. */
void ad_snapshot_take(ad_snapshot *s);

/* Rejects with AD_DIFFERENT, naming the rule and the memory, if anything has changed since. */
void ad_snapshot_expect(const ad_snapshot *s);

#endif
