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

/* Steps are bound by memory, or by roots and divisions, which wider vectors do not make faster. */
#if defined(__x86_64__)
#define AD_EACH_STEP_ISA(DO, ...) DO(base, __VA_ARGS__) DO(avx2, __VA_ARGS__)
#define AD_STEP_LIST(name)                        \
    {                                             \
        {                                         \
            name##_base, name##_avx2, name##_avx2 \
        }                                         \
    }
#else
#define AD_EACH_STEP_ISA(DO, ...) DO(base, __VA_ARGS__)
#define AD_STEP_LIST(name) \
    {                      \
        {                  \
            name##_base    \
        }                  \
    }
#endif

typedef struct ad_step_kernels {
    void (*of[AD_ISA_COUNT])(const ad_step_args *c);
} ad_step_kernels;

/* Defines `name`, the step of an optimiser: LOOP(T) is the body of a function that sees c. */
#define AD_STEP(name, LOOP)                                  \
    AD_EACH_STEP_ISA(AD_STEP_LOOP, name##_f32, float, LOOP)  \
    AD_EACH_STEP_ISA(AD_STEP_LOOP, name##_f64, double, LOOP) \
    AD_STEP_CALL(name)
#define AD_STEP_LOOP(isa, name, T, LOOP)                            \
    AD_TARGET_##isa static void name##_##isa(const ad_step_args *c) \
    {                                                               \
        LOOP(T)                                                     \
    }
#define AD_STEP_CALL(name)                                                   \
    static void name(const ad_step_args *c)                                  \
    {                                                                        \
        static const ad_step_kernels of_type[] = {AD_STEP_LIST(name##_f32),  \
                                                  AD_STEP_LIST(name##_f64)}; \
        of_type[c->type].of[ad_cpu_isa()](c);                                \
    }

/* ---- squares ------------------------------------------------------------------------ */

/* The same for a step that keeps sums or means of squares. NAMES(T) declares what the loop uses, among it the
 * gradient g, the squares s, and kept, which is 0 where nothing is left over of them, else 1. NUMBER(T, root) takes
 * the step of number i: it brings si, the square, up to date with gi, the gradient, which are both counted in units;
 * the unit is 1 as long as nothing is near the end of the range. Where it is, -s / far^2 stands for s, a negative
 * number: far is so large that this is small, and that s is out of the range or nearly so. */
#define AD_STEP_OF_SQUARES(name, NAMES, NUMBER)                                         \
    AD_SQUARES_FAR(name##_f32_far, float, sqrtf, 0x1p63f, NAMES, NUMBER)                \
    AD_SQUARES_FAR(name##_f64_far, double, sqrt, 0x1p511, NAMES, NUMBER)                \
    AD_EACH_STEP_ISA(AD_SQUARES_LOOP, name##_f32, float, sqrtf, 0x1p63f, NAMES, NUMBER) \
    AD_EACH_STEP_ISA(AD_SQUARES_LOOP, name##_f64, double, sqrt, 0x1p511, NAMES, NUMBER) \
    AD_STEP_CALL(name)

enum { AD_STEP_PIECE = 1 << 10 }; /* numbers that stay in the first-level cache */

#define AD_SQUARES_LOOP(isa, name, T, root, limit, NAMES, NUMBER)                                  \
    AD_TARGET_##isa static void name##_##isa(const ad_step_args *c)                                \
    {                                                                                              \
        const T unit = 1;                                                                          \
        NAMES(T)                                                                                   \
        for (size_t at = 0, end; at < c->n; at = end) {                                            \
            int outside = 0;                                                                       \
            end = c->n - at < AD_STEP_PIECE ? c->n : at + AD_STEP_PIECE;                           \
            for (size_t i = at; i < end; i++)                                                      \
                outside |= (g[i] > limit) | (g[i] < -limit) | (s[i] < 0) | (s[i] > limit * limit); \
            if (outside)                                                                           \
                name##_far(c, at, end);                                                            \
            for (size_t i = at; i < end && !outside; i++) {                                        \
                const T gi = g[i];                                                                 \
                T si = kept * s[i];                                                                \
                NUMBER(T, root)                                                                    \
                s[i] = si;                                                                         \
            }                                                                                      \
        }                                                                                          \
    }

#define AD_SQUARES_FAR(name, T, root, limit, NAMES, NUMBER)                                   \
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
