/* Mean and variance at once: two operations, under one name where something is wrong. */
#include "ops/axes.h"
#include "ops/reduce/reduce.h"
#include "tape/apply.h"

AD_FORM(moments, 1, NULL, ad_shape_first)

static bool fits(ad_tensor x, ad_axes axes, int ddof)
{
    unsigned mask;
    return ad_fits(&moments, &x, NULL) && ad_ddof_fits(moments.name, x, ddof) &&
           ad_axes_fix(moments.name, x, &axes, &mask);
}

static ad_moments_pair nothing(ad_tensor x)
{
    return (ad_moments_pair){ad_dead(x), ad_dead(x)};
}

ad_moments_pair ad_moments_over(ad_tensor x, ad_axes axes, int ddof)
{
    if (!fits(x, axes, ddof))
        return nothing(x);
    return (ad_moments_pair){ad_mean_over(x, axes), ad_variance_over(x, axes, ddof)};
}

ad_moments_pair ad_moments(ad_tensor x)
{
    return ad_moments_over(x, AD_AXES(), 0);
}
