/* What the optimisers share: kernels for both float types and the machine's vectors, checks of settings, and
 * squares that leave the range of their type. */
#ifndef ADZE_MODELS_OPTIMISERS_H
#define ADZE_MODELS_OPTIMISERS_H

#include "adze/optimisers.h"
#include "base/cpu.h"

#include <math.h>
#include <string.h>

/* ---- settings ----------------------------------------------------------------------- */

typedef enum ad_range { AD_FINITE, AD_NOT_NEGATIVE, AD_POSITIVE, AD_DECAYS } ad_range;

typedef struct ad_setting {
    const char *name;
    double value;
    ad_range range; /* finite; finite and >= 0; finite and > 0; in [0, 1) */
} ad_setting;

/* AD_DOMAIN, naming the first setting that is out of its range. */
ad_status ad_check_settings(const char *optimiser, size_t count, const ad_setting *settings,
                            ad_error *error);
#define AD_CHECK_SETTINGS(optimiser, error, ...)                                           \
    ad_check_settings(optimiser, sizeof((ad_setting[]){__VA_ARGS__}) / sizeof(ad_setting), \
                      (const ad_setting[]){__VA_ARGS__}, error)

/* ---- kernels ------------------------------------------------------------------------ */

typedef struct ad_step_kernels {
    void (*of[AD_ISA_COUNT])(const ad_step_args *c);
} ad_step_kernels;

/* Defines `name`, the step of an optimiser: LOOP(T) is the body of a function that sees c. A rare one has a
 * single kernel for all instruction sets. */
#define AD_STEP(name, LOOP)                             \
    AD_EACH_ISA(AD_STEP_LOOP, name##_f32, float, LOOP)  \
    AD_EACH_ISA(AD_STEP_LOOP, name##_f64, double, LOOP) \
    AD_STEP_CALL(name, {AD_ALL(name##_f32)}, {AD_ALL(name##_f64)})
#define AD_RARE_STEP(name, LOOP)                 \
    AD_STEP_LOOP(base, name##_f32, float, LOOP)  \
    AD_STEP_LOOP(base, name##_f64, double, LOOP) \
    AD_STEP_CALL(name, {AD_ALL_SAME(name##_f32_base)}, {AD_ALL_SAME(name##_f64_base)})
#define AD_STEP_LOOP(isa, name, T, LOOP)                            \
    AD_TARGET_##isa static void name##_##isa(const ad_step_args *c) \
    {                                                               \
        LOOP(T)                                                     \
    }
#define AD_STEP_CALL(name, ...)                                 \
    static void name(const ad_step_args *c)                     \
    {                                                           \
        static const ad_step_kernels of_type[] = {__VA_ARGS__}; \
        of_type[c->type].of[ad_cpu_isa()](c);                   \
    }

/* ---- squares ------------------------------------------------------------------------ */

/* The same for a step that keeps sums or means of squares. NAMES(T) declares what the loop uses, among it the
 * gradient g, the squares s, and kept, which is 0 where nothing is left over of them, else 1. NUMBER(T, root) takes
 * the step of number i: it brings si, the square, up to date with gi, the gradient, which are both counted in units;
 * the unit is 1 as long as nothing is near the end of the range. Where it is, -s / far^2 stands for s, a negative
 * number: far is so large that this is small, and that s is out of the range or nearly so. */
#define AD_STEP_OF_SQUARES(name, NAMES, NUMBER)                                               \
    AD_SQUARES_FAR(name, NAMES, NUMBER)                                                       \
    AD_EACH_ISA(AD_SQUARES_LOOP, name##_f32, float, sqrtf, ad_squares_fit_f32, NAMES, NUMBER) \
    AD_EACH_ISA(AD_SQUARES_LOOP, name##_f64, double, sqrt, ad_squares_fit_f64, NAMES, NUMBER) \
    AD_STEP_CALL(name, {AD_ALL(name##_f32)}, {AD_ALL(name##_f64)})
#define AD_RARE_STEP_OF_SQUARES(name, NAMES, NUMBER)                                   \
    AD_SQUARES_FAR(name, NAMES, NUMBER)                                                \
    AD_SQUARES_LOOP(base, name##_f32, float, sqrtf, ad_squares_fit_f32, NAMES, NUMBER) \
    AD_SQUARES_LOOP(base, name##_f64, double, sqrt, ad_squares_fit_f64, NAMES, NUMBER) \
    AD_STEP_CALL(name, {AD_ALL_SAME(name##_f32_base)}, {AD_ALL_SAME(name##_f64_base)})

enum { AD_STEP_PIECE = 1 << 10 }; /* numbers that stay in the first-level cache */

#define AD_F32_LIMIT 0x1p63f
#define AD_F64_LIMIT 0x1p511

/* Whether gradients and squares are so far within the range that plain loops will do. */
bool ad_squares_fit_f32(size_t n, const float *g, const float *s);
bool ad_squares_fit_f64(size_t n, const double *g, const double *s);

#define AD_SQUARES_LOOP(isa, name, T, root, fit, NAMES, NUMBER)          \
    AD_TARGET_##isa static void name##_##isa(const ad_step_args *c)      \
    {                                                                    \
        const T unit = 1;                                                \
        NAMES(T)                                                         \
        for (size_t at = 0, end; at < c->n; at = end) {                  \
            end = c->n - at < AD_STEP_PIECE ? c->n : at + AD_STEP_PIECE; \
            if (!fit(end - at, g + at, s + at)) {                        \
                name##_far(c, at, end);                                  \
                continue;                                                \
            }                                                            \
            for (size_t i = at; i < end; i++) {                          \
                const T gi = g[i];                                       \
                T si = kept * s[i];                                      \
                NUMBER(T, root)                                          \
                s[i] = si;                                               \
            }                                                            \
        }                                                                \
    }

#define AD_SQUARES_FAR(name, NAMES, NUMBER)                                      \
    AD_SQUARES_FAR_OF(name##_f32_far, float, sqrtf, AD_F32_LIMIT, NAMES, NUMBER) \
    AD_SQUARES_FAR_OF(name##_f64_far, double, sqrt, AD_F64_LIMIT, NAMES, NUMBER)
#define AD_SQUARES_FAR_OF(name, T, root, limit, NAMES, NUMBER)                                \
    static void name(const ad_step_args *c, size_t at, size_t end)                            \
    {                                                                                         \
        const T far = limit * 0x1p17f;                                                        \
        NAMES(T)                                                                              \
        for (size_t i = at; i < end; i++) {                                                   \
            const T before = kept > 0 ? s[i] : 0;                                             \
            bool out = g[i] > limit || g[i] < -limit || before < 0 || before > limit * limit; \
            const T unit = out ? far : 1, gi = g[i] / unit;                                   \
            T si = before < 0 ? -before : before / unit / unit;                               \
            NUMBER(T, root)                                                                   \
            s[i] = !out || si < 0x1p-34f ? si * unit * unit : -si;                            \
        }                                                                                     \
    }

#endif
