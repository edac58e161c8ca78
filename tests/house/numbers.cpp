/* Code written for double, as templates, on ad_real: the same values, and derivatives as differences give
 * them. One row is a function of two numbers. */
#include "adze/number.hpp"
#include "adze/program.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <sstream>
#include <vector>

namespace elsewhere
{

template <class T> T arithmetic(const T *x)
{
    T sum = 0, twice = x[0] + x[0];
    sum += x[0] * x[1] - 2 / x[0];
    sum -= 0.5;
    sum *= -x[1] + 3;
    sum /= +twice - 1;
    return 1 + sum;
}

template <class T> T powers(const T *x)
{
    using std::cbrt, std::pow, std::sqrt;
    return pow(x[0], x[1]) + pow(x[0], 3) + pow(x[0], 0.5f) + pow(2.0, x[1]) +
           sqrt(x[0]) * cbrt(x[1]);
}

template <class T> T exponentials(const T *x)
{
    using std::exp, std::exp2, std::expm1, std::log, std::log10, std::log1p, std::log2;
    return exp(x[0]) - exp2(x[1]) + expm1(x[0]) * log(x[0]) + log2(x[1]) +
           log10(x[0]) / log1p(x[1]);
}

template <class T> T circular(const T *x)
{
    using std::acos, std::asin, std::atan, std::atan2, std::cos, std::sin, std::tan;
    return sin(x[0]) * cos(x[1]) - tan(x[0]) + asin(x[1] / 4) * acos(x[0] / 4) + atan(x[0]) +
           atan2(x[1], x[0]);
}

template <class T> T hyperbolic(const T *x)
{
    using std::acosh, std::asinh, std::atanh, std::cosh, std::sinh, std::tanh;
    return sinh(x[0]) / cosh(x[1]) + tanh(x[0]) + asinh(x[1]) * acosh(x[0] + 1) + atanh(x[1] / 4);
}

template <class T> T special(const T *x)
{
    using std::erf, std::erfc, std::hypot, std::lgamma;
    return erf(x[0]) - erfc(x[1]) + lgamma(x[0]) * hypot(x[0], x[1]) + hypot(x[0], 2.0, x[1]);
}

template <class T> T pieces(const T *x)
{
    using std::abs, std::ceil, std::copysign, std::fabs, std::fdim, std::floor, std::fma, std::fmod,
        std::nearbyint, std::rint, std::round, std::trunc;
    T whole = floor(x[0]) + ceil(x[1]) + trunc(x[0]) + rint(x[1]) + nearbyint(x[0]) + round(x[1]);
    return whole * abs(x[0]) + fabs(-x[1]) * fabs(x[0]) + copysign(x[0], -x[1]) + fdim(x[1], x[0]) +
           fdim(x[0], x[1]) + fma(x[0], x[1], whole) + fmod(x[1], x[0]);
}

template <class T> T choices(const T *x)
{
    using std::fmax, std::fmin, std::isfinite, std::isnan, std::max, std::min;
    T least = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    for (int i = 0; i < 2; i++)
        if (isfinite(x[i]) && x[i] < least)
            least = x[i];
    return least * max(x[0], x[1]) + fmax(nan, x[0]) * fmin(x[1], nan) +
           max(x[0], T(0)) * min(x[1], T(9)) + (isnan(nan) && nan != nan ? x[0] * x[1] : least) +
           std::max(x[0], x[1]) + std::clamp(x[1], T(0), T(5));
}

double lerp(double a, double b, double t) /* std::lerp is of C++20 */
{
    return a + t * (b - a);
}

template <class T> T gammas(const T *x)
{
    using std::lgamma, std::tgamma;
    return tgamma(x[0]) + tgamma(x[0] - 2) * tgamma(-x[1]) + lgamma(x[1]);
}

template <class T> T remainders(const T *x)
{
    using std::fmod, std::remainder, std::remquo;
    int quotient = 0;
    T rest = remquo(5 * x[0], x[1], &quotient);
    return remainder(x[1], x[0]) * fmod(7 * x[1], x[0]) + remainder(5 * x[1], x[0]) +
           remainder(-2 * x[0], x[1]) + rest * T(quotient);
}

template <class T> T parts(const T *x)
{
    using std::frexp, std::ldexp, std::modf, std::nextafter, std::nexttoward, std::scalbln,
        std::scalbn;
    int exponent = 0;
    T whole, part = frexp(9 * x[0], &exponent) * modf(-3 * x[1], &whole);
    return part * exponent * whole + ldexp(x[0], 3) * scalbn(x[1], -2) + scalbln(x[0] * x[1], 4L) +
           nextafter(x[0], x[1]) + nexttoward(x[1], 0);
}

template <class T> T whole_numbers(const T *x)
{
    using std::fpclassify, std::ilogb, std::llrint, std::llround, std::logb, std::lrint,
        std::lround;
    return x[0] * T(lround(x[1]) + lrint(x[1])) + x[1] * T(llround(x[0]) + llrint(x[0])) +
           logb(6 * x[1]) * x[0] + ilogb(9 * x[0]) * x[1] + (fpclassify(x[0]) == FP_NORMAL);
}

template <class T> T comparisons(const T *x)
{
    using std::clamp, std::isgreater, std::isgreaterequal, std::isinf, std::isless,
        std::islessequal, std::islessgreater, std::isnormal, std::isunordered, std::signbit;
    using limits = std::numeric_limits<T>;
    T y = std::min(std::max(x[0], limits::lowest()), limits::max());
    y += isgreater(x[1], x[0]) && isgreaterequal(x[1], T(1)) && !isless(x[1], x[0]) ? x[0] : x[1];
    y += islessequal(x[0], x[1]) && islessgreater(x[0], x[1]) ? x[0] * x[1] : T(0);
    y += isunordered(x[0], limits::quiet_NaN()) && isinf(limits::infinity()) ? x[0] : T(9);
    y += signbit(x[0] - 2) && isnormal(limits::min()) && !isnormal(limits::denorm_min()) ? x[1] : y;
    if (1 < x[0] && x[0] < 2 && x[1] != 1 && 0 <= x[1] && x[0] + 0.3f >= 1u && !(x[0] == x[1]))
        y *= x[0];
    return clamp(y, T(0), T(100)) * clamp(x[0], T(2), T(3)) + clamp(x[1], T(0), T(1)) +
           limits::epsilon() * limits::round_error();
}

template <class T> T counting(const T *x)
{
    T y = x[0], before = y++;
    ++y;
    before -= y-- * x[1];
    return before * --y;
}

template <class T> T lists(const T *x)
{
    std::vector<T> v{x[0], x[1], x[0] * x[1], 0.5, 2};
    std::sort(v.begin(), v.end());
    T y = std::accumulate(v.begin(), v.end(), T(0)) * *std::max_element(v.begin(), v.end());
    return y + std::inner_product(v.begin(), v.end(), v.rbegin(), T(1)) +
           lerp(v[0], v[1] * x[1], x[0] - 1);
}

template <class T> T recursion(const T *x)
{
    std::vector<T> state(3);
    state[0] = x[0];
    state[1] = x[1];
    for (int step = 0; step < 9; step++) {
        state[2] += state[0] * 0.25;
        state[0] = state[0] > 1 ? state[1] - state[0] / 2 : state[0] + T(1) / 3;
        std::swap(state[0], state[1]);
    }
    return state[2] * state[0] + state[1];
}

} // namespace elsewhere

struct row {
    const char *name;
    double (*plain)(const double *x);
    adze::real (*recorded)(const adze::real *x);
};

#define ROW(name)                                                       \
    {                                                                   \
#name, elsewhere::name < double>, elsewhere::name < adze::real> \
    }

static const row rows[] = {ROW(arithmetic), ROW(powers),        ROW(exponentials), ROW(circular),
                           ROW(hyperbolic), ROW(special),       ROW(pieces),       ROW(choices),
                           ROW(gammas),     ROW(remainders),    ROW(parts),        ROW(comparisons),
                           ROW(counting),   ROW(whole_numbers), ROW(lists),        ROW(recursion)};

static bool is_near(const char *name, const char *what, double found, double wanted,
                    double tolerance)
{
    if (std::fabs(found - wanted) <= tolerance * (1 + std::fabs(wanted)) || found == wanted ||
        (std::isnan(found) && std::isnan(wanted)))
        return true;
    std::printf("%s: %s is %.17g, not %.17g\n", name, what, found, wanted);
    return false;
}

/* f'(x[i]) by differences of fourth order. */
template <class F> static double difference(const F &f, const double *at, int i)
{
    const double h = 1e-4;
    double x[2], sum = 0;
    for (int k : {1, -1, 2, -2}) {
        std::copy(at, at + 2, x);
        x[i] += k * h;
        sum += (k * k == 1 ? 8 : -1) * (k > 0 ? 1 : -1) * f(x);
    }
    return sum / (12 * h);
}

/* The value, and its derivative by x[i]. */
static double slope_of(ad_recorder *r, const row &f, const double *at, int i, double *value)
{
    double slope[2] = {0};
    adze::real x[2], y;
    ad_recorder_reset(r);
    ad_real_inputs(r, 2, at, x);
    y = f.recorded(x);
    if (ad_real_gradient(y, 2, x, slope) != AD_OK)
        std::printf("%s: %s\n", f.name, ad_recorder_error(r));
    *value = y.value;
    return slope[i];
}

static bool agrees(ad_recorder *r, const row &f, const double *at)
{
    double value, bend[4] = {0};
    bool good = true;
    for (int i = 0; i < 2; i++) {
        double slope = slope_of(r, f, at, i, &value);
        good = is_near(f.name, i ? "d1" : "d0", slope, difference(f.plain, at, i), 1e-10) && good;
        good = is_near(f.name, "the value", value, f.plain(at), 1e-14) && good;
    }
    adze::real x[2];
    ad_recorder_reset(r);
    ad_real_inputs(r, 2, at, x);
    if (ad_real_hessian(f.recorded(x), 2, x, bend) != AD_OK)
        std::printf("%s: %s\n", f.name, ad_recorder_error(r));
    for (int i = 0; i < 4; i++) {
        auto slope = [&](const double *there) { return slope_of(r, f, there, i / 2, &value); };
        good = is_near(f.name, "d2", bend[i], difference(slope, at, i % 2), 1e-9) && good;
    }
    return good;
}

/* At the ends of the range, values are those of double, and a failure stays NaN. */
static bool ends_agree(ad_recorder *r)
{
    const double ends[] = {0, -0.0, INFINITY, -INFINITY, NAN, 5e-324, 1e308, 171.6, 172, -3};
    int there = 0, here = 0;
    bool good = true;
    for (double at : ends) {
        ad_recorder_reset(r);
        const adze::real x = ad_real_input(r, at);
        good = is_near("tgamma", "its end", tgamma(x).value, std::tgamma(at), 0) && good;
        good = is_near("ldexp", "its end", ldexp(x, 2000).value, std::ldexp(at, 2000), 0) && good;
        double part = std::frexp(at, &there), whole;
        good = is_near("frexp", "its end", frexp(x, &here).value, part, 0) && good;
        good = is_near("remainder", "its end", remainder(x, INFINITY).value,
                       std::remainder(at, INFINITY), 0) &&
               good;
        adze::real before;
        part = std::modf(at, &whole);
        good = is_near("modf", "its end", modf(x, &before).value, part, 0) && good;
        good = is_near("modf", "its whole", before.value, whole, 0) && good;
        ad_recorder_fail(r, AD_FAILED, "enough");
        good = std::isnan(ldexp(x * 2, 1).value) && std::isnan(tgamma(x + 1).value) && good;
    }
    return good;
}

static bool streams_agree(ad_recorder *r)
{
    ad_recorder_reset(r);
    std::ostringstream narrow;
    std::wostringstream wide;
    narrow << ad_real_input(r, 0.5) * 3 << ';';
    wide << adze::real(2);
    return narrow.str() == "1.5;" && wide.str() == L"2";
}

static bool compares(int k, adze::real x, adze::real y)
{
    switch (k) {
    case 0:
        return x < y;
    case 1:
        return !(x > y);
    case 2:
        return x <= y;
    case 3:
        return !(x >= y);
    case 4:
        return x != y;
    case 5:
        return !(x == y);
    case 6:
        return isfinite(x);
    case 7:
        return !isnan(y);
    default:
        return !isinf(x);
    }
}
enum { COMPARISONS = 9 };

/* Operators are guards of a program: where one has another outcome, the program says so. */
static bool guards_agree(ad_recorder *r, int k)
{
    const double inside[] = {1, 2}, outside[] = {k < 4 ? 3 : k < 6 ? 2 : NAN, k == 7 ? NAN : 2};
    const double infinite[] = {INFINITY, 0};
    double out = 0;
    adze::real x[2];
    ad_error error{};
    ad_recorder_reset(r);
    ad_real_inputs(r, 2, inside, x);
    bool good = compares(k, x[0], x[1]);
    ad_program *p = ad_program_new(r, 1, x, nullptr, &error);
    good = good && ad_program_run(p, inside, &out, nullptr, &error) == AD_OK && out == 1;
    good =
        good && ad_program_run(p, k == 8 ? infinite : outside, &out, nullptr, &error) == AD_BRANCH;
    if (!good)
        std::printf("comparison %d: %s\n", k, error.text);
    ad_program_free(p);
    return good;
}

/* The same formula as a program. Those that no program can repeat are refused. */
static bool program_agrees(ad_recorder *r, const row &f, const double *at)
{
    double out = 0;
    adze::real x[2], y;
    ad_error error{};
    ad_recorder_reset(r);
    ad_real_inputs(r, 2, at, x);
    y = f.recorded(x);
    if (ad_recorder_status(r) == AD_NO_DERIVATIVE)
        return std::isnan(y.value);
    ad_program *p = ad_program_new(r, 1, &y, nullptr, &error);
    ad_status status = ad_program_run(p, at, &out, nullptr, &error);
    ad_program_free(p);
    if (status == AD_OK)
        return is_near(f.name, "the program's value", out, f.plain(at), 1e-14);
    std::printf("%s: %s\n", f.name, error.text);
    return false;
}

static bool programs_agree(const double *at)
{
    ad_recorder_options options{};
    options.size = sizeof options;
    options.keep = AD_KEEP_OPERATIONS;
    ad_recorder *r = ad_recorder_new(&options);
    bool good = r;
    for (int k = 0; k < COMPARISONS; k++)
        good = guards_agree(r, k) && good;
    for (const row &f : rows)
        good = program_agrees(r, f, at) && good;
    ad_recorder_free(r);
    return good;
}

static_assert(std::is_same<std::common_type<adze::real, double>::type, adze::real>::value, "");
static_assert(std::numeric_limits<adze::real>::max().value == std::numeric_limits<double>::max(),
              "");
static_assert(std::numeric_limits<adze::real>::signaling_NaN().on == nullptr, "");
static_assert(!std::is_convertible<adze::real, double>::value, "a derivative would be lost");

int main()
{
    ad_recorder_options options{};
    options.size = sizeof options;
    options.keep = AD_KEEP_SECOND;
    ad_recorder *r = ad_recorder_new(&options);
    const double at[] = {1.3, 1.7};
    bool good = r && ends_agree(r) && streams_agree(r) && programs_agree(at);
    for (const row &f : rows)
        good = agrees(r, f, at) && good;
    ad_recorder_free(r);
    return good ? 0 : 1;
}
