/* The optimisers: each is a value, with kernels for both float types and the machine's vectors. */
#include "adze/optimisers.h"

#include "base/cpu.h"

#include <math.h>
#include <string.h>

typedef void kernel(const ad_step_args *c);

/* Of f32, then of f64, which is how they are numbered. */
typedef struct kernels {
    kernel *of[AD_ISA_COUNT];
} kernels;

static void run(const kernels *k, const ad_step_args *c)
{
    k[c->type].of[ad_cpu_isa()](c);
}

static bool decays(double beta)
{
    return beta >= 0 && beta < 1;
}

/* ---- stochastic gradient descent ---------------------------------------------------- */

#define SGD(isa, name, T)                                           \
    AD_TARGET_##isa static void name##_##isa(const ad_step_args *c) \
    {                                                               \
        const ad_sgd *o = c->plan;                                  \
        const T *restrict g = c->g;                                 \
        T *restrict v = c->state[0], *restrict x = c->x;            \
        T rate = (T)o->rate, momentum = (T)o->momentum;             \
        if (!v)                                                     \
            for (size_t i = 0; i < c->n; i++)                       \
                x[i] -= rate * g[i];                                \
        else if (o->nesterov)                                       \
            for (size_t i = 0; i < c->n; i++) {                     \
                T gi = g[i], vi = v[i] = momentum * v[i] + gi;      \
                x[i] -= rate * (momentum * vi + gi);                \
            }                                                       \
        else                                                        \
            for (size_t i = 0; i < c->n; i++) {                     \
                T vi = v[i] = momentum * v[i] + g[i];               \
                x[i] -= rate * vi;                                  \
            }                                                       \
    }
AD_EACH_ISA(SGD, sgd_f32, float)
AD_EACH_ISA(SGD, sgd_f64, double)
#undef SGD

static void sgd_step(const ad_step_args *c)
{
    static const kernels sgd_kernels[] = {{AD_ALL(sgd_f32)}, {AD_ALL(sgd_f64)}};
    run(sgd_kernels, c);
}

static ad_status sgd_prepare(const void *settings, int64_t step, void *plan, ad_error *error)
{
    const ad_sgd *o = settings;
    (void)step;
    if (!isfinite(o->rate))
        return ad_fail(error, AD_DOMAIN, "sgd: rate %g is not finite", o->rate);
    if (!decays(o->momentum))
        return ad_fail(error, AD_DOMAIN, "sgd: momentum %g is not in [0, 1)", o->momentum);
    memcpy(plan, o, sizeof *o);
    return AD_OK;
}

static int sgd_needs(const void *settings)
{
    return ((const ad_sgd *)settings)->momentum != 0;
}

static const ad_optimiser sgd = {
    .size = sizeof sgd,
    .name = "sgd",
    .states = 1,
    .state = {"the velocity"},
    .settings_size = sizeof(ad_sgd),
    .prepare = sgd_prepare,
    .needs = sgd_needs,
    .step = sgd_step,
    .by_numbers = true,
};

/* ---- Adam --------------------------------------------------------------------------- */

/* m += (1 - beta1) (g - m), s += (1 - beta2) (g^2 - s), both from 0 and therefore too small by the
 * factors 1 - beta^step: x -= rate m/(1 - beta1^step) / (sqrt(s/(1 - beta2^step)) + epsilon). */
typedef struct adam_plan {
    double rate, beta1, beta2, epsilon;
    double bias1, bias2; /* 1 - beta^step */
    double kept1, kept2; /* 0 where beta is 0, and so nothing of m or s is left over; else 1 */
} adam_plan;

/* Where s is out of the range, -s / far^2 stands for it, a negative number. far is so large that this is
 * small, and that it is not where s is within the range. */
#define ADAM_FAR(name, T, root, far, limit)                                                 \
    static void name##_far(const adam_plan *o, size_t n, const T *g, T *m, T *s, T *x)      \
    {                                                                                       \
        for (size_t i = 0; i < n; i++) {                                                    \
            T unit = g[i] > limit || g[i] < -limit || s[i] < 0 ? far : 1, gi = g[i] / unit; \
            T si = (T)o->kept2 * (s[i] < 0 ? -s[i] : s[i] / unit / unit);                   \
            T mi = (T)o->kept1 * m[i];                                                      \
            m[i] = mi += (T)(1 - o->beta1) * (g[i] - mi);                                   \
            si += (T)(1 - o->beta2) * (gi * gi - si);                                       \
            T whole = root(si * (T)(1 / o->bias2)) * unit, size = whole + (T)o->epsilon;    \
            T rate = (T)(o->rate / o->bias1);                                               \
            x[i] -= unit == 1 ? rate * mi / size : rate * (mi / size);                      \
            bool within = unit == 1 || whole < limit;                                       \
            s[i] = within ? si * unit * unit : -si;                                         \
        }                                                                                   \
    }
ADAM_FAR(adam_f32, float, sqrtf, 0x1p65f, 0x1p63f)
ADAM_FAR(adam_f64, double, sqrt, 0x1p520, 0x1p511)
#undef ADAM_FAR

enum { PIECE = 1 << 10 }; /* numbers that stay in the first-level cache */

#define ADAM(isa, name, T, root, limit)                                                  \
    AD_TARGET_##isa static void name##_##isa(const ad_step_args *c)                      \
    {                                                                                    \
        const adam_plan *o = c->plan;                                                    \
        T take1 = (T)(1 - o->beta1), rate = (T)(o->rate / o->bias1);                     \
        T kept1 = (T)o->kept1, kept2 = (T)o->kept2;                                      \
        T take2 = (T)(1 - o->beta2), scale = (T)(1 / o->bias2), epsilon = (T)o->epsilon; \
        for (size_t at = 0, n; at < c->n; at += n) {                                     \
            const T *restrict g = (const T *)c->g + at;                                  \
            T *restrict m = (T *)c->state[0] + at, *restrict s = (T *)c->state[1] + at;  \
            T *restrict x = (T *)c->x + at;                                              \
            int outside = 0;                                                             \
            n = c->n - at < PIECE ? c->n - at : PIECE;                                   \
            for (size_t i = 0; i < n; i++)                                               \
                outside |= (g[i] > limit) | (g[i] < -limit) | (s[i] < 0);                \
            if (outside) {                                                               \
                name##_far(o, n, g, m, s, x);                                            \
                continue;                                                                \
            }                                                                            \
            for (size_t i = 0; i < n; i++) {                                             \
                T gi = g[i], mi = kept1 * m[i], si = kept2 * s[i];                       \
                m[i] = mi += take1 * (gi - mi);                                          \
                s[i] = si += take2 * (gi * gi - si);                                     \
                x[i] -= rate * mi / (root(si * scale) + epsilon);                        \
            }                                                                            \
        }                                                                                \
    }
AD_EACH_ISA(ADAM, adam_f32, float, sqrtf, 0x1p63f)
AD_EACH_ISA(ADAM, adam_f64, double, sqrt, 0x1p511)
#undef ADAM

static void adam_step(const ad_step_args *c)
{
    static const kernels adam_kernels[] = {{AD_ALL(adam_f32)}, {AD_ALL(adam_f64)}};
    run(adam_kernels, c);
}

static ad_status adam_prepare(const void *settings, int64_t step, void *plan, ad_error *error)
{
    const ad_adam *o = settings;
    adam_plan p = {.rate = o->rate,
                   .beta1 = o->beta1,
                   .beta2 = o->beta2,
                   .epsilon = o->epsilon,
                   .kept1 = o->beta1 != 0,
                   .kept2 = o->beta2 != 0};
    if (!isfinite(p.rate))
        return ad_fail(error, AD_DOMAIN, "adam: rate %g is not finite", p.rate);
    if (!decays(p.beta1) || !decays(p.beta2))
        return ad_fail(error, AD_DOMAIN, "adam: beta1 %g or beta2 %g is not in [0, 1)", p.beta1,
                       p.beta2);
    if (!(p.epsilon > 0))
        return ad_fail(error, AD_DOMAIN,
                       "adam: epsilon %g is not positive (ad_adam_new has the usual settings)",
                       p.epsilon);
    p.bias1 = 1 - pow(p.beta1, (double)step);
    p.bias2 = 1 - pow(p.beta2, (double)step);
    memcpy(plan, &p, sizeof p);
    return AD_OK;
}

static const ad_optimiser adam = {
    .size = sizeof adam,
    .name = "adam",
    .states = 2,
    .state = {"the mean", "the square"},
    .settings_size = sizeof(ad_adam),
    .prepare = adam_prepare,
    .step = adam_step,
    .by_numbers = true,
};

/* ---- all of them -------------------------------------------------------------------- */

static const ad_optimiser *const optimisers[] = {&sgd, &adam};

const ad_optimiser *ad_optimiser_named(const char *name)
{
    for (size_t i = 0; name && i < sizeof optimisers / sizeof *optimisers; i++)
        if (strcmp(optimisers[i]->name, name) == 0)
            return optimisers[i];
    return NULL;
}
