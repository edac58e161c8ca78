/* Powers with integers, by repeated squaring: exact wherever the products are.
 *
 *     y = x^n    dy/dx = n x^(n-1)    d2y/dx2 = n (n - 1) x^(n-2)
 *
 * Each rounding of a base is multiplied by what is left of the exponent, so that n units in the last place
 * are lost. From SHORT on they are made good: f32 is computed in f64; in f64, each product's rounding is
 * known exactly (Dekker 1971), and the relative errors of base and result are carried along.
 *
 * The exponent is a stream of one number for the kernels: the same for all of a run. The loop over its
 * bits is around loops over a few bases, which so become vector instructions. */
#include "adze/op.h"
#include "kernels/kernel.h"
#include "numbers/operations.h"
#include "ops/elementwise/expressions.h"
#include "ops/elementwise/values.h"
#include "ops/families.h"

#include "adze/ops.h"

enum {
    GROUP = 64, /* numbers */
    SHORT = 8   /* the largest exponent whose roundings stay */
};

/* out[i] = x[i]^n, for i < count; x^-n as (1 / x^a) / x^b with a + b = n, where x^n may be below the normal range
 * or beyond the largest number and x^-n within it. */
#define RAISE(isa, s, T)                                                                        \
    AD_TARGET_##isa static AD_APART void raise_##s##_##isa(size_t count, const T *x, int64_t n, \
                                                           T *restrict out)                     \
    {                                                                                           \
        T base[GROUP];                                                                          \
        const bool odd = n & 1;                                                                 \
        for (size_t i = 0; i < count; i++) {                                                    \
            base[i] = x[i];                                                                     \
            out[i] = 1;                                                                         \
        }                                                                                       \
        for (uint64_t bits = (uint64_t)(n < 0 ? -n / 2 : n); bits; bits >>= 1) {                \
            for (size_t i = 0; i < count && bits & 1; i++)                                      \
                out[i] *= base[i];                                                              \
            for (size_t i = 0; i < count && bits > 1; i++)                                      \
                base[i] *= base[i];                                                             \
        }                                                                                       \
        for (size_t i = 0; i < count && n < 0; i++)                                             \
            out[i] = 1 / out[i] / (odd ? out[i] * x[i] : out[i]);                               \
    }

/* What the rounding of p = a b lost, relative to p; 0 where that cannot be told, near the ends of the range. */
AD_INLINE double lost(double a, double b, double p)
{
    const double split = 0x1p27 + 1;
    double a1 = a * split - (a * split - a), a2 = a - a1;
    double b1 = b * split - (b * split - b), b2 = b - b1;
    double rest = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;
    return fabs(p) > 0x1p-960 && fabs(p) < 0x1p960 ? rest / p : 0;
}

/* The same of p = 1 / a: of a p, relative to 1. */
AD_INLINE double lost_to_division(double a, double p)
{
    double scale = fabs(a) < 1 ? 0x1p200 : 0x1p-200, missing = -lost(a * scale, p / scale, 1);
    return missing == missing ? missing : 0;
}

/* The same for long exponents, times a factor. */
#define RAISE_FAR_f32(isa, T)                                                                     \
    AD_TARGET_##isa static AD_APART void raise_far_f32_##isa(size_t count, const T *x, int64_t n, \
                                                             double factor, T *restrict out)      \
    {                                                                                             \
        double base[GROUP] = {0}, powers[GROUP];                                                  \
        for (size_t i = 0; i < count; i++)                                                        \
            base[i] = n < 0 ? 1 / (double)x[i] : (double)x[i];                                    \
        raise_f64_##isa(count, base, n < 0 ? -n : n, powers);                                     \
        for (size_t i = 0; i < count; i++)                                                        \
            out[i] = (T)(factor * powers[i]);                                                     \
    }
#define RAISE_FAR_f64(isa, T)                                                                     \
    AD_TARGET_##isa static AD_APART void raise_far_f64_##isa(size_t count, const T *x, int64_t n, \
                                                             double factor, T *restrict out)      \
    {                                                                                             \
        double base[GROUP], base_error[GROUP] = {0}, error[GROUP] = {0};                          \
        for (size_t i = 0; i < count; i++) {                                                      \
            base[i] = n < 0 ? 1 / x[i] : x[i];                                                    \
            base_error[i] = n < 0 ? lost_to_division(x[i], base[i]) : 0;                          \
            out[i] = 1;                                                                           \
        }                                                                                         \
        for (uint64_t bits = (uint64_t)(n < 0 ? -n : n); bits; bits >>= 1) {                      \
            for (size_t i = 0; i < count && bits & 1; i++) {                                      \
                double p = out[i] * base[i];                                                      \
                error[i] += base_error[i] + lost(out[i], base[i], p);                             \
                out[i] = p;                                                                       \
            }                                                                                     \
            for (size_t i = 0; i < count && bits > 1; i++) {                                      \
                double p = base[i] * base[i];                                                     \
                base_error[i] = 2 * base_error[i] + lost(base[i], base[i], p);                    \
                base[i] = p;                                                                      \
            }                                                                                     \
        }                                                                                         \
        for (size_t i = 0; i < count; i++)                                                        \
            out[i] =                                                                              \
                factor * (fabs(out[i]) < (double)INFINITY ? out[i] + out[i] * error[i] : out[i]); \
    }

/* A loop over groups, with `power` the element's, raised to the exponent e less `less`, and `scale` what it is
 * still to be multiplied by. The streams are the exponent, x, and what follows. */
#define BY_GROUPS(isa, name, s, T, less, factor, result)                                         \
    AD_TARGET_##isa static void name##_##s##_##isa(size_t from, size_t n, const void *const *in, \
                                                   void *to)                                     \
    {                                                                                            \
        T *restrict out = to, powers[GROUP];                                                     \
        const int64_t exponent = *(const int32_t *)in[0], rest = exponent - less;                \
        const double e = (double)exponent;                                                       \
        const bool far = rest > SHORT || rest < -SHORT;                                          \
        const T scale = far ? 1 : (T)(factor);                                                   \
        (void)e, (void)scale;                                                                    \
        for (size_t at = 0, some; at < n; at += some) {                                          \
            some = n - at < GROUP ? n - at : GROUP;                                              \
            const T *x = (const T *)in[1] + from + at;                                           \
            if (far)                                                                             \
                raise_far_##s##_##isa(some, x, rest, factor, powers);                            \
            else                                                                                 \
                raise_##s##_##isa(some, x, rest, powers);                                        \
            for (size_t k = 0, i = at; k < some; k++, i++) {                                     \
                const T power = powers[k];                                                       \
                out[i] = (result);                                                               \
            }                                                                                    \
        }                                                                                        \
    }

/* n -> x^n;  n, x, t -> t y';  n, x, g, t -> g y'' t */
#define POWER_KERNELS(isa, s, T)                                           \
    BY_GROUPS(isa, power, s, T, 0, 1, power)                               \
    BY_GROUPS(isa, slope, s, T, 1, e, AD_TIMES(scale, AD_IN(T, 2), power)) \
    BY_GROUPS(isa, bend, s, T, 2, e *(e - 1),                              \
              AD_TIMES(ad_times_##s(scale, AD_IN(T, 2)), power, AD_IN(T, 3)))
AD_EACH_ISA(RAISE, f32, float)
AD_EACH_ISA(RAISE, f64, double)
AD_EACH_ISA(RAISE_FAR_f32, float)
AD_EACH_ISA(RAISE_FAR_f64, double)
AD_EACH_ISA(POWER_KERNELS, f32, float)
AD_EACH_ISA(POWER_KERNELS, f64, double)
static const ad_blocks power = AD_BLOCKS(power);
static const ad_blocks slope = AD_BLOCKS(slope);
static const ad_blocks bend = AD_BLOCKS(bend);

static ad_view exponent(const void *attr)
{
    return ad_view_of(AD_I32, attr, AD_SCALAR);
}

static void powi_forward(const ad_forward_args *c)
{
    ad_array y = c->y;
    ad_map_into(c->work, &c->y.shape, &power, 2, (ad_view[]){exponent(c->attr), c->x[0]}, &y,
                false);
}

static void powi_pullback(const ad_pullback_args *c)
{
    ad_view in[] = {exponent(c->attr), c->x[0], c->dy};
    ad_map_into(c->work, &c->y.shape, &slope, 3, in, &c->dx[0], !c->assign[0]);
}

static void powi_jvp(const ad_jvp_args *c)
{
    ad_view in[] = {exponent(c->attr), c->x[0], c->tx[0]};
    ad_map_into(c->work, &c->y.shape, &slope, 3, in, &c->ty, false);
}

static void powi_curvature(const ad_curvature_args *c)
{
    ad_view in[] = {exponent(c->attr), c->x[0], c->dy, c->tx[0]};
    ad_map_into(c->work, &c->y.shape, &bend, 4, in, &c->tdx[0], true);
}

static const ad_op powi_op = {
    .size = sizeof(ad_op),
    .name = "powi",
    .arity = 1,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .attr_size = sizeof(int32_t),
    .shape = ad_shape_first,
    .forward = powi_forward,
    .pullback = powi_pullback,
    .jvp = powi_jvp,
    .curvature = powi_curvature,
    .derivative = "dx = g n x^(n-1)",
};

ad_tensor(ad_powi)(ad_tensor x, int n)
{
    return ad_apply(&powi_op, &x, &(int32_t){n});
}

const ad_kernel *ad_powi_kernel(void)
{
    return &power.of[AD_F64];
}

double ad_powi_value(double x, int n)
{
    const int32_t exponent = n;
    double y;
    power_f64_base(0, 1, (const void *[]){&exponent, &x}, &y);
    return y;
}

/* The same kernels for a single number. */
ad_real_result ad_powi_real_parts(AD_REAL_PARTS(x), int n, const char *source_line)
{
    const ad_real of_x = {on_x, x, place_x};
    const int32_t exponent = n;
    const double one = 1;
    const bool second = on_x && ad_reals_second(ad_reals_of(on_x));
    double y = ad_powi_value(x, n), dy = 0, d2y = 0;
    if (on_x && on_x->keep & AD_KEEP_OPERATIONS)
        return ad_result_of(
            ad_reals_by_operation("powi", y, 2, (ad_real[]){of_x, {NULL, n, 0}}, source_line));
    if (on_x)
        slope_f64_base(0, 1, (const void *[]){&exponent, &x, &one}, &dy);
    if (second)
        bend_f64_base(0, 1, (const void *[]){&exponent, &x, &one, &one}, &d2y);
    return ad_result_of(ad_reals_statement("powi", y, 1, &of_x, &dy, &d2y, source_line));
}

const ad_op *const ad_power_ops[] = {&powi_op, NULL};
