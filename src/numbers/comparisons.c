/* Operations that only a recorder of operations keeps: comparisons, and choices by them. */
#include "numbers/operations.h"

ad_real ad_reals_by_operation(const char *name, double value, size_t n, const ad_real *x,
                              const char *source_line)
{
    ad_reals *r = ad_reals_of_all(name, n, x, source_line);
    if (!r)
        return ad_real_constant(value);
    ad_real y =
        r->error.status == AD_OK ? ad_reals_operation(r, name, value, n, x) : ad_reals_nan(r);
    r->head.source_line = NULL;
    return y;
}

/* ---- comparisons -------------------------------------------------------------------- */

bool ad_recorder_compared(const char *name, ad_real a, ad_real b, bool outcome,
                          const char *source_line)
{
    const ad_real x[] = {a, b};
    ad_reals *r = ad_reals_of_all(name + 3, 2, x, source_line);
    if (!r || r->error.status != AD_OK || !ad_reals_keeps_operations(r))
        return outcome;
    ad_real y = ad_reals_operation(r, name + 3, outcome, 2, x);
    if (r->error.status == AD_OK)
        ad_reals_operation_guard(r, y, outcome);
    r->head.source_line = NULL;
    return outcome;
}

ad_real ad_where_less_real(ad_real a, ad_real b, ad_real x, ad_real y)
{
    const bool less = a.value < b.value;
    const ad_real all[] = {a, b, x, y};
    ad_reals *r = ad_reals_of_all("where_less", 4, all, NULL);
    if (!r || !ad_reals_keeps_operations(r) || r->error.status != AD_OK) {
        if (!r || r->error.status == AD_OK)
            return less ? x : y;
        return ad_reals_nan(r);
    }
    ad_real mask = ad_real_constant(less);
    if (a.on || b.on)
        mask = ad_reals_operation(r, "less", less, 2, all);
    ad_real chosen =
        ad_reals_operation(r, "where", less ? x.value : y.value, 3, (ad_real[]){mask, x, y});
    r->head.source_line = NULL;
    return chosen;
}
