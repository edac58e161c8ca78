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
 * All of <cmath> is here but for its special functions (std::beta, std::legendre, ...). Values are
 * those of <cmath> but for the last digits; derivatives at kinks and poles are those of the
 * operations of ops.h (docs/semantics.md). Comparisons compare values. */
#ifndef ADZE_NUMBER_HPP
#define ADZE_NUMBER_HPP

#include "adze.h"

#include <cmath>
#include <iosfwd>
#include <limits>
#include <type_traits>

static_assert(std::is_trivial<ad_real>::value && std::is_standard_layout<ad_real>::value,
              "C and C++ pass an ad_real in the same way");

namespace adze
{
using real = ::ad_real;

/* Private: the derivatives of y beside a value that is rounded once. */
inline real with_value(real y, double value)
{
    if (!y.on || ad_recorder_status(y.on) == AD_OK)
        y.value = value;
    return y;
}
} // namespace adze

/* As for double. The functions return constants. */
template <> class std::numeric_limits<ad_real> : public std::numeric_limits<double>
{
    using of_double = std::numeric_limits<double>;

  public:
    static constexpr ad_real min() noexcept { return of_double::min(); }
    static constexpr ad_real max() noexcept { return of_double::max(); }
    static constexpr ad_real lowest() noexcept { return of_double::lowest(); }
    static constexpr ad_real epsilon() noexcept { return of_double::epsilon(); }
    static constexpr ad_real round_error() noexcept { return of_double::round_error(); }
    static constexpr ad_real infinity() noexcept { return of_double::infinity(); }
    static constexpr ad_real quiet_NaN() noexcept { return of_double::quiet_NaN(); }
    static constexpr ad_real signaling_NaN() noexcept { return of_double::signaling_NaN(); }
    static constexpr ad_real denorm_min() noexcept { return of_double::denorm_min(); }
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

AD_IN_PLACE ad_real &operator++(ad_real &x) { return x += 1; }
AD_IN_PLACE ad_real &operator--(ad_real &x) { return x -= 1; }
AD_IN_PLACE ad_real operator++(ad_real &x, int)
{
    const ad_real before = x;
    x += 1;
    return before;
}
AD_IN_PLACE ad_real operator--(ad_real &x, int)
{
    const ad_real before = x;
    x -= 1;
    return before;
}

inline bool operator==(ad_real a, ad_real b) { return ad_equal_real(a, b); }
inline bool operator!=(ad_real a, ad_real b) { return ad_not_equal_real(a, b); }
inline bool operator<(ad_real a, ad_real b) { return ad_less_real(a, b); }
inline bool operator<=(ad_real a, ad_real b) { return ad_less_equal_real(a, b); }
inline bool operator>(ad_real a, ad_real b) { return ad_greater_real(a, b); }
inline bool operator>=(ad_real a, ad_real b) { return ad_greater_equal_real(a, b); }

/* Its value. For streams of any kind; #include <ostream> where you use it. */
template <class C, class T>
std::basic_ostream<C, T> &operator<<(std::basic_ostream<C, T> &out, ad_real x)
{
    return out << x.value;
}

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
inline ad_real tgamma(ad_real x)
{
    const ad_real log = lgamma(x);
    const double y = std::tgamma(x.value);
    return adze::with_value(y * exp(log - log.value), y);
}

inline ad_real floor(ad_real x) { return ad_floor_real(x); }
inline ad_real ceil(ad_real x) { return ad_ceil_real(x); }
inline ad_real trunc(ad_real x) { return ad_trunc_real(x); }
inline ad_real rint(ad_real x) { return ad_round_real(x); }
inline ad_real nearbyint(ad_real x) { return ad_round_real(x); }

/* Halves go away from 0, as in <cmath>; ad_round takes the even neighbour. A constant. */
inline ad_real round(ad_real x) { return std::round(x.value); }

/* Whole numbers, which have no derivative. */
inline long lround(ad_real x) { return std::lround(x.value); }
inline long long llround(ad_real x) { return std::llround(x.value); }
inline long lrint(ad_real x) { return std::lrint(x.value); }
inline long long llrint(ad_real x) { return std::llrint(x.value); }
inline int ilogb(ad_real x) { return std::ilogb(x.value); }
inline ad_real logb(ad_real x) { return std::logb(x.value); }

/* Products with a power of 2, exact like those of double. */
inline ad_real ldexp(ad_real x, int exponent)
{
    return adze::with_value(x * std::ldexp(1.0, exponent), std::ldexp(x.value, exponent));
}
inline ad_real scalbn(ad_real x, int exponent) { return ldexp(x, exponent); }
inline ad_real scalbln(ad_real x, long exponent)
{
    return adze::with_value(x * std::scalbln(1.0, exponent), std::scalbln(x.value, exponent));
}
inline ad_real frexp(ad_real x, int *exponent)
{
    *exponent = 0;
    const double y = std::frexp(x.value, exponent);
    return adze::with_value(x * std::ldexp(1.0, -*exponent), y);
}

/* The part after the point. The one before it, *whole, is a constant. */
inline ad_real modf(ad_real x, ad_real *whole)
{
    double before;
    const double after = std::modf(x.value, &before);
    *whole = before;
    return adze::with_value(x - before, after);
}

inline int fpclassify(ad_real x) { return std::fpclassify(x.value); }
inline bool isfinite(ad_real x) { return ad_isfinite_real(x); }
inline bool isinf(ad_real x) { return ad_isinf_real(x); }
inline bool isnan(ad_real x) { return ad_isnan_real(x); }
inline bool isnormal(ad_real x) { return std::isnormal(x.value); }
inline bool signbit(ad_real x) { return std::signbit(x.value); }

/* ---- two operands and three --------------------------------------------------------- */

inline ad_real pow(ad_real a, ad_real b) { return ad_pow_real(a, b); }
inline ad_real atan2(ad_real a, ad_real b) { return ad_atan2_real(a, b); }

/* a - n b, with a whole number n that counts as a constant. */
inline ad_real fmod(ad_real a, ad_real b) { return ad_fmod_real(a, b); }
inline ad_real remainder(ad_real a, ad_real b)
{
    const double y = std::remainder(a.value, b.value);
    const ad_real near = fmod(a, b);
    const double n = std::rint((near.value - y) / b.value); /* -1, 0 or 1 */
    return adze::with_value(n == 0 ? near : near - n * b, y);
}
inline ad_real remquo(ad_real a, ad_real b, int *quotient)
{
    std::remquo(a.value, b.value, quotient);
    return remainder(a, b);
}

inline ad_real hypot(ad_real a, ad_real b) { return ad_hypot_real(a, b); }
inline ad_real hypot(ad_real a, ad_real b, ad_real c)
{
    const ad_real x[] = {a, b, c};
    return ad_norm_reals(3, x);
}

/* a + t (b - a). */
inline ad_real lerp(ad_real a, ad_real b, ad_real t) { return ad_lerp_real(a, b, t); }

/* Rounded after the product, too. */
inline ad_real fma(ad_real a, ad_real b, ad_real c) { return ad_muladd_real(a, b, c); }

/* One of the two, itself: nothing is recorded. Where they are equal that is a. */
inline ad_real max(ad_real a, ad_real b) { return a < b ? b : a; }
inline ad_real min(ad_real a, ad_real b) { return b < a ? b : a; }

inline ad_real clamp(ad_real x, ad_real low, ad_real high)
{
    return x < low ? low : high < x ? high : x;
}

/* The same, and if one is NaN, the other. */
inline ad_real fmax(ad_real a, ad_real b) { return a < b || isnan(a) ? b : a; }
inline ad_real fmin(ad_real a, ad_real b) { return b < a || isnan(a) ? b : a; }

inline ad_real fdim(ad_real a, ad_real b) { return a <= b ? ad_real(0) : a - b; }
inline ad_real copysign(ad_real a, ad_real b) { return signbit(a) == signbit(b) ? a : -a; }

/* a, and as a to derivatives. */
inline ad_real nextafter(ad_real a, ad_real b)
{
    return adze::with_value(a, std::nextafter(a.value, b.value));
}
inline ad_real nexttoward(ad_real a, long double b)
{
    return adze::with_value(a, std::nexttoward(a.value, b));
}

/* False if one is NaN, without a floating-point exception. */
inline bool isgreater(ad_real a, ad_real b) { return std::isgreater(a.value, b.value); }
inline bool isgreaterequal(ad_real a, ad_real b) { return std::isgreaterequal(a.value, b.value); }
inline bool isless(ad_real a, ad_real b) { return std::isless(a.value, b.value); }
inline bool islessequal(ad_real a, ad_real b) { return std::islessequal(a.value, b.value); }
inline bool islessgreater(ad_real a, ad_real b) { return std::islessgreater(a.value, b.value); }
inline bool isunordered(ad_real a, ad_real b) { return std::isunordered(a.value, b.value); }

#endif
