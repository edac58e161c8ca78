/* Tests of numbers that report the worst element. */
#include "adze/check.h"

#include <math.h>

ad_status ad_test_near_zero(ad_view a, double tolerance, ad_error *error)
{
    size_t worst = 0, n = ad_view_count(&a);
    double most = 0;
    if (!a.data)
        return ad_fail(error, AD_MISUSE, "near zero: there are no numbers");
    for (size_t i = 0; i < n && most == most; i++) {
        double size = fabs(ad_view_get(&a, i));
        if (size > most || size != size) {
            most = size;
            worst = i;
        }
    }
    if (n == 0 || most < tolerance)
        return AD_OK;
    char shape[256];
    return ad_fail(error, AD_DIFFERENT, "near zero: element %zu of %s is %g, tolerance %g", worst,
                   ad_shape_print(&a.shape, shape, sizeof shape), ad_view_get(&a, worst),
                   tolerance);
}

ad_status ad_test_same(ad_view a, ad_view b, double tolerance, ad_error *error)
{
    char left[256], right[256];
    if (!a.data || !b.data)
        return ad_fail(error, AD_MISUSE, "same: there are no numbers");
    ad_shape_print(&a.shape, left, sizeof left);
    ad_shape_print(&b.shape, right, sizeof right);
    if (a.type != b.type)
        return ad_fail(error, AD_DIFFERENT, "same: %s%s against %s%s", ad_type_text(a.type), left,
                       ad_type_text(b.type), right);
    if (!ad_shape_equal(&a.shape, &b.shape))
        return ad_fail(error, AD_DIFFERENT, "same: shape %s against %s", left, right);
    size_t worst = 0, n = ad_view_count(&a);
    double most = -1;
    for (size_t i = 0; i < n && most == most; i++) {
        double x = ad_view_get(&a, i), y = ad_view_get(&b, i), gap = x == y ? 0 : fabs(x - y);
        if (gap > most || gap != gap) {
            most = gap;
            worst = i;
        }
    }
    if (n == 0 || most < tolerance)
        return AD_OK;
    return ad_fail(error, AD_DIFFERENT,
                   "same: element %zu of %s is %.9g against %.9g, tolerance %g", worst, left,
                   ad_view_get(&a, worst), ad_view_get(&b, worst), tolerance);
}
