/* Numbers one by one in C++: operators and the names of <cmath> for ad_real (number.h), so that code
 * written for double, as a template, runs on it.
 *
 *     template <class T> T wave(const T *x)
 *     {
 *         using std::sin;                       // as is usual: sin(x) then finds both
 *         return x[0] * sin(x[1]) + 1;
 *     }
 *     ad_real x[2], y;
 *     double gradient[2], at[] = {2, 0.5};
 *     ad_real_inputs(r, 2, at, x);
 *     y = wave(x);
 *     if (ad_real_gradient(y, 2, x, gradient) != AD_OK)
 *         std::puts(ad_recorder_error(r));
 *
 * ad_real lives in the global namespace, and so does all of this: argument-dependent lookup finds it
 * from everywhere. A call that names the namespace, std::sin(x), takes plain numbers only; std::max,
 * std::min and std::clamp take any type. A plain number becomes a constant by itself. The other way is
 * x.value: there is no conversion, since it would lose the derivative.
 *
 * Values are those of <cmath> but for the last digits; derivatives at kinks and poles are those of the
 * operations of ops.h (docs/semantics.md). Comparisons compare values. */
#ifndef ADZE_NUMBER_HPP
#define ADZE_NUMBER_HPP

#include "adze.h"

#include <cmath>
#include <limits>
#include <type_traits>

static_assert(std::is_trivial<ad_real>::value && std::is_standard_layout<ad_real>::value,
              "C and C++ pass an ad_real in the same way");

namespace adze
{
using real = ::ad_real;
}

/* As for double. The functions return plain numbers. */
template <> class std::numeric_limits<ad_real> : public std::numeric_limits<double>
{
};

/* ---- operators ---------------------------------------------------------------------- */

AD_IN_PLACE ad_real operator+(ad_real x) { return x; }
AD_IN_PLACE ad_real operator-(ad_real x) { return ad_neg_real_here(x, nullptr); }

AD_IN_PLACE ad_real operator+(ad_real a, ad_real b) { return ad_add_real_here(a, b, nullptr); }
AD_IN_PLACE ad_real operator-(ad_real a, ad_real b) { return ad_sub_real_here(a, b, nullptr); }
AD_IN_PLACE ad_real operator*(ad_real a, ad_real b) { return ad_mul_real_here(a, b, nullptr); }
AD_IN_PLACE ad_real operator/(ad_real a, ad_real b) { return ad_div_real_here(a, b, nullptr); }

AD_IN_PLACE ad_real &operator+=(ad_real &a, ad_real b) { return a = a + b; }
AD_IN_PLACE ad_real &operator-=(ad_real &a, ad_real b) { return a = a - b; }
AD_IN_PLACE ad_real &operator*=(ad_real &a, ad_real b) { return a = a * b; }
AD_IN_PLACE ad_real &operator/=(ad_real &a, ad_real b) { return a = a / b; }

inline bool operator==(ad_real a, ad_real b) { return a.value == b.value; }
inline bool operator!=(ad_real a, ad_real b) { return a.value != b.value; }
inline bool operator<(ad_real a, ad_real b) { return a.value < b.value; }
inline bool operator<=(ad_real a, ad_real b) { return a.value <= b.value; }
inline bool operator>(ad_real a, ad_real b) { return a.value > b.value; }
inline bool operator>=(ad_real a, ad_real b) { return a.value >= b.value; }

/* ---- one operand -------------------------------------------------------------------- */

inline ad_real abs(ad_real x) { return ad_abs_real(x); }
inline ad_real fabs(ad_real x) { return ad_abs_real(x); }
inline ad_real sqrt(ad_real x) { return ad_sqrt_real(x); }
inline ad_real cbrt(ad_real x) { return ad_cbrt_real(x); }

inline ad_real exp(ad_real x) { return ad_exp_real(x); }
inline ad_real exp2(ad_real x) { return ad_exp2_real(x); }
inline ad_real expm1(ad_real x) { return ad_expm1_real(x); }
inline ad_real log(ad_real x) { return ad_log_real(x); }
inline ad_real log2(ad_real x) { return ad_log2_real(x); }
inline ad_real log10(ad_real x) { return ad_log10_real(x); }
inline ad_real log1p(ad_real x) { return ad_log1p_real(x); }

inline ad_real sin(ad_real x) { return ad_sin_real(x); }
inline ad_real cos(ad_real x) { return ad_cos_real(x); }
inline ad_real tan(ad_real x) { return ad_tan_real(x); }
inline ad_real asin(ad_real x) { return ad_asin_real(x); }
inline ad_real acos(ad_real x) { return ad_acos_real(x); }
inline ad_real atan(ad_real x) { return ad_atan_real(x); }
inline ad_real sinh(ad_real x) { return ad_sinh_real(x); }
inline ad_real cosh(ad_real x) { return ad_cosh_real(x); }
inline ad_real tanh(ad_real x) { return ad_tanh_real(x); }
inline ad_real asinh(ad_real x) { return ad_asinh_real(x); }
inline ad_real acosh(ad_real x) { return ad_acosh_real(x); }
inline ad_real atanh(ad_real x) { return ad_atanh_real(x); }

inline ad_real erf(ad_real x) { return ad_erf_real(x); }
inline ad_real erfc(ad_real x) { return ad_erfc_real(x); }
inline ad_real lgamma(ad_real x) { return ad_lgamma_real(x); }

inline ad_real floor(ad_real x) { return ad_floor_real(x); }
inline ad_real ceil(ad_real x) { return ad_ceil_real(x); }
inline ad_real trunc(ad_real x) { return ad_trunc_real(x); }
inline ad_real rint(ad_real x) { return ad_round_real(x); }
inline ad_real nearbyint(ad_real x) { return ad_round_real(x); }

/* Halves go away from 0, as in <cmath>; ad_round takes the even neighbour. A constant. */
inline ad_real round(ad_real x) { return std::round(x.value); }

inline bool isfinite(ad_real x) { return std::isfinite(x.value); }
inline bool isinf(ad_real x) { return std::isinf(x.value); }
inline bool isnan(ad_real x) { return std::isnan(x.value); }
inline bool isnormal(ad_real x) { return std::isnormal(x.value); }
inline bool signbit(ad_real x) { return std::signbit(x.value); }

/* ---- two operands and three --------------------------------------------------------- */

inline ad_real pow(ad_real a, ad_real b) { return ad_pow_real(a, b); }
inline ad_real atan2(ad_real a, ad_real b) { return ad_atan2_real(a, b); }
inline ad_real fmod(ad_real a, ad_real b) { return ad_fmod_real(a, b); }
inline ad_real hypot(ad_real a, ad_real b) { return ad_hypot_real(a, b); }
inline ad_real hypot(ad_real a, ad_real b, ad_real c)
{
    const ad_real x[] = {a, b, c};
    return ad_norm_reals(3, x);
}

/* Rounded after the product, too. */
inline ad_real fma(ad_real a, ad_real b, ad_real c) { return ad_muladd_real(a, b, c); }

/* One of the two, itself: nothing is recorded. Where they are equal that is a. */
inline ad_real max(ad_real a, ad_real b) { return a < b ? b : a; }
inline ad_real min(ad_real a, ad_real b) { return b < a ? b : a; }

/* The same, and if one is NaN, the other. */
inline ad_real fmax(ad_real a, ad_real b) { return a < b || isnan(a) ? b : a; }
inline ad_real fmin(ad_real a, ad_real b) { return b < a || isnan(a) ? b : a; }

inline ad_real fdim(ad_real a, ad_real b) { return a <= b ? ad_real(0) : a - b; }
inline ad_real copysign(ad_real a, ad_real b) { return signbit(a) == signbit(b) ? a : -a; }

#endif
