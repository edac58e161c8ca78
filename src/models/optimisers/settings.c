/* Checks of the settings of optimisers. */
#include "models/optimisers/optimisers.h"

static const char *misfit(const ad_setting *s)
{
    double x = s->value;
    switch (s->range) {
    case AD_FINITE:
        return isfinite(x) ? NULL : "is not finite";
    case AD_NOT_NEGATIVE:
        return isfinite(x) && x >= 0 ? NULL : "is negative or not finite";
    case AD_POSITIVE:
        return isfinite(x) && x > 0 ? NULL : "is not positive";
    default:
        return x >= 0 && x < 1 ? NULL : "is not in [0, 1)";
    }
}

ad_status ad_check_settings(const char *optimiser, size_t count, const ad_setting *settings,
                            ad_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const ad_setting *s = &settings[i];
        const char *why = misfit(s);
        if (why && s->range == AD_POSITIVE)
            return ad_fail(error, AD_DOMAIN, "%s: %s %g %s (ad_%s_new has the usual settings)",
                           optimiser, s->name, s->value, why, optimiser);
        if (why)
            return ad_fail(error, AD_DOMAIN, "%s: %s %g %s", optimiser, s->name, s->value, why);
    }
    return AD_OK;
}
