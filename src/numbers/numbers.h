/* The parts of the room that its public functions put together. */
#ifndef ADZE_NUMBERS_NUMBERS_H
#define ADZE_NUMBERS_NUMBERS_H

#include "numbers/walk.h"

#include <string.h>

/* ---- recording ---------------------------------------------------------------------- */

/* A statement without arguments. */
ad_real ad_reals_leaf(ad_reals *r, const char *name, double value);

/* The first result of the call that is added to the list of calls next, with its arguments. */
ad_real ad_reals_begin_call(ad_reals *r, const char *name, double value, size_t n,
                            const ad_real *x);

/* Neither 0, whose products are 0, nor infinite or NaN, whose products with 0 are 0. */
static inline bool ad_is_ordinary(double g)
{
    uint64_t bits;
    memcpy(&bits, &g, sizeof bits);
    return (bits << 1) - 1 < (UINT64_C(0x7ff) << 53) - 1;
}

/* ---- the reverse sweep -------------------------------------------------------------- */

/* Zeros for the adjoints of all statements up to `last`; [-1] may be read, too. NULL with an error. */
double *ad_adjoints_begin(ad_reals *r, uint32_t last);

/* Sweeps from statement `last` down to `first`, both included, over adjoints that hold those of the
 * roots. The walk goes on from where it is, and stops before `first`. */
ad_status ad_adjoints_sweep(ad_reals *r, ad_statement_walk *walk, uint32_t last, uint32_t first,
                            double *adjoint);

/* Whether a sweep may go on from statement i with this adjoint, where numbers are to be finite. False with an
 * error. */
bool ad_adjoint_passes(ad_reals *r, uint32_t i, double g);

/* ---- calls -------------------------------------------------------------------------- */

/* y = the call's results, whose name, function and rules are set. */
ad_status ad_reals_call(ad_reals *r, ad_number_call call, size_t n, const ad_real *x, size_t m,
                        ad_real *y);

/* Refuses a call that lacks something; r may be NULL. */
ad_status ad_reals_refuse_call(ad_reals *r, const char *name, const char *reason, size_t m,
                               ad_real *y);

/* Sets m numbers, unless y is NULL. */
static inline void ad_reals_set(ad_real value, size_t m, ad_real *y)
{
    for (size_t j = 0; j < m && y; j++)
        y[j] = value;
}

/* Around functions of the caller's: nothing is recorded while they run. */
static inline void ad_reals_begin_busy(ad_reals *r)
{
    r->busy = true;
    ad_reals_close(r);
}

static inline void ad_reals_end_busy(ad_reals *r)
{
    r->busy = false;
    ad_reals_open(r);
}

/* Adds to the adjoints of a call's arguments, which lie `stride` apart. `values` and `places` are those of its n
 * arguments. False with an error. */
bool ad_call_pull(ad_reals *r, const ad_number_call *call, const double *values,
                  const uint32_t *places, double *adjoint, size_t stride);

/* The derivatives of result j by the n arguments, or NULL with an error. */
const double *ad_call_row(ad_reals *r, const ad_number_call *call, uint32_t j,
                          const double *values);

#endif
