/* Operations on lists of numbers, where operations are kept: those of one to three numbers that they are made
 * of, in the same order. */
#include "numbers/operations.h"

#include "kernels/elementary.h"

#include <math.h>

/* ---- operations --------------------------------------------------------------------- */

/* On numbers of r and constants; on constants alone nothing is written. */
static ad_real write_two(ad_reals *r, const char *name, double value, ad_real a, ad_real b)
{
    return a.on || b.on ? ad_reals_operation(r, name, value, 2, (ad_real[]){a, b})
                        : ad_real_constant(value);
}

static ad_real write_one(ad_reals *r, const char *name, double value, ad_real x)
{
    return x.on ? ad_reals_operation(r, name, value, 1, &x) : ad_real_constant(value);
}

static ad_real plus(ad_reals *r, ad_real a, ad_real b)
{
    return write_two(r, "add", a.value + b.value, a, b);
}

static ad_real minus(ad_reals *r, ad_real a, ad_real b)
{
    return write_two(r, "sub", a.value - b.value, a, b);
}

static ad_real times(ad_reals *r, ad_real a, ad_real b)
{
    return write_two(r, "mul", a.value * b.value, a, b);
}

/* The line belongs to the list. */
static ad_real end_list(ad_reals *r, ad_real y)
{
    r->head.source_line = NULL;
    return r->error.status == AD_OK ? y : ad_reals_nan(r);
}

/* ---- lists -------------------------------------------------------------------------- */

/* The first term opens a sum: one with 0 would be an operation more. */
ad_real ad_operations_weigh(ad_reals *r, size_t n, const ad_real *x, const double *w, double factor)
{
    ad_real sum = ad_real_constant(0);
    for (size_t i = 0; i < n; i++) {
        ad_real term = w ? times(r, ad_real_constant(w[i]), x[i]) : x[i];
        sum = i ? plus(r, sum, term) : term;
    }
    return end_list(r, factor == 1 ? sum : times(r, sum, ad_real_constant(factor)));
}

ad_real ad_operations_product(ad_reals *r, size_t n, const ad_real *x)
{
    ad_real product = n ? x[0] : ad_real_constant(1);
    for (size_t i = 1; i < n; i++)
        product = times(r, product, x[i]);
    return end_list(r, product);
}

ad_real ad_operations_dot(ad_reals *r, size_t n, const ad_real *x, const ad_real *y)
{
    ad_real sum = ad_real_constant(0);
    for (size_t i = 0; i < n; i++) {
        ad_real term = times(r, x[i], y[i]);
        sum = i ? plus(r, sum, term) : term;
    }
    return end_list(r, sum);
}

/* By hypot, which neither over- nor underflows. */
ad_real ad_operations_length(ad_reals *r, size_t n, const ad_real *x, const ad_real *y)
{
    ad_real sum = ad_real_constant(0);
    for (size_t i = 0; i < n; i++) {
        ad_real d = y ? minus(r, x[i], y[i]) : x[i];
        sum = i ? write_two(r, "hypot", hypot(sum.value, d.value), sum, d)
                : write_one(r, "abs", fabs(d.value), d);
    }
    return end_list(r, sum);
}

ad_real ad_operations_polynomial(ad_reals *r, size_t n, const ad_real *c, ad_real x)
{
    ad_real y = n ? c[n - 1] : ad_real_constant(0);
    for (size_t k = n; k-- > 1;)
        y = plus(r, times(r, y, x), c[k - 1]);
    return end_list(r, y);
}

/* The shift by the greatest is no part of the derivative. */
ad_real ad_operations_logsumexp(ad_reals *r, size_t n, const ad_real *x)
{
    ad_real most = ad_real_constant(-(double)INFINITY), sum = ad_real_constant(0);
    for (size_t i = 0; i < n; i++) {
        double greater = most.value >= x[i].value ? most.value : x[i].value;
        most = i ? write_two(r, "maximum", greater, most, x[i]) : x[i];
    }
    most = write_one(r, "finite_shift", isfinite(most.value) ? most.value : 0, most);
    for (size_t i = 0; i < n; i++) {
        ad_real d = minus(r, x[i], most), e = write_one(r, "exp", AD_EXP(d.value), d);
        sum = i ? plus(r, sum, e) : e;
    }
    ad_real log = write_one(r, "log", AD_LOG(sum.value), sum);
    return end_list(r, n ? plus(r, most, log) : ad_real_constant(-(double)INFINITY));
}
