/* Code written for double, as templates, on ad_real: the same values, and derivatives as differences give
 * them. One row is a function of two numbers. */
#include "adze/number.hpp"

#include <algorithm>
#include <cstdio>
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

static const row rows[] = {ROW(arithmetic), ROW(powers),     ROW(exponentials),
                           ROW(circular),   ROW(hyperbolic), ROW(special),
                           ROW(pieces),     ROW(choices),    ROW(recursion)};

static bool is_near(const char *name, const char *what, double found, double wanted,
                    double tolerance)
{
    if (std::fabs(found - wanted) <= tolerance * (1 + std::fabs(wanted)))
        return true;
    std::printf("%s: %s is %.17g, not %.17g\n", name, what, found, wanted);
    return false;
}

static double difference(const row &f, const double *at, int i)
{
    const double h = 1e-4;
    double x[2], sum = 0;
    for (int k : {1, -1, 2, -2}) { /* of fourth order */
        std::copy(at, at + 2, x);
        x[i] += k * h;
        sum += (k * k == 1 ? 8 : -1) * (k > 0 ? 1 : -1) * f.plain(x);
    }
    return sum / (12 * h);
}

static bool agrees(ad_recorder *r, const row &f)
{
    const double at[] = {1.3, 1.7};
    double slope[2];
    adze::real x[2], y;
    ad_recorder_reset(r);
    ad_real_inputs(r, 2, at, x);
    y = f.recorded(x);
    if (ad_real_gradient(y, 2, x, slope) != AD_OK) {
        std::printf("%s: %s\n", f.name, ad_recorder_error(r));
        return false;
    }
    bool good = is_near(f.name, "the value", y.value, f.plain(at), 1e-14);
    for (int i = 0; i < 2; i++)
        good = is_near(f.name, i ? "d1" : "d0", slope[i], difference(f, at, i), 1e-10) && good;
    return good;
}

int main()
{
    ad_recorder *r = ad_recorder_new(nullptr);
    bool good = r;
    for (const row &f : rows)
        good = agrees(r, f) && good;
    ad_recorder_free(r);
    return good ? 0 : 1;
}
