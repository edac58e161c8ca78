/* Looking for squares that leave the range, and gradients whose squares would. */
#include "models/optimisers/optimisers.h"

#define FIT(isa, name, T, limit)                                                               \
    AD_TARGET_##isa static bool name##_##isa(size_t n, const T *g, const T *s)                 \
    {                                                                                          \
        int outside = 0;                                                                       \
        for (size_t i = 0; i < n; i++)                                                         \
            outside |= (g[i] > limit) | (g[i] < -limit) | (s[i] < 0) | (s[i] > limit * limit); \
        return !outside;                                                                       \
    }
AD_EACH_ISA(FIT, fit_f32, float, AD_F32_LIMIT)
AD_EACH_ISA(FIT, fit_f64, double, AD_F64_LIMIT)
#undef FIT

bool ad_squares_fit_f32(size_t n, const float *g, const float *s)
{
    static bool (*const fit[])(size_t n, const float *g, const float *s) = AD_ALL(fit_f32);
    return fit[ad_cpu_isa()](n, g, s);
}

bool ad_squares_fit_f64(size_t n, const double *g, const double *s)
{
    static bool (*const fit[])(size_t n, const double *g, const double *s) = AD_ALL(fit_f64);
    return fit[ad_cpu_isa()](n, g, s);
}
