/* Random formulas: the same one on numbers, on tensors of rank 0, and in long double. */
#ifndef ADZE_TESTS_RANDOM_FORMULA_H
#define ADZE_TESTS_RANDOM_FORMULA_H

#include "numbers.h"

enum { INPUTS = 6, STEPS = 3000 };

/* An operation whose values stay small: y and its derivatives by x. */
typedef struct step_kind {
    int arity;
    ad_real (*of_reals)(const ad_real *x);
    ad_tensor (*of_tensors)(const ad_tensor *x);
    void (*exact)(const long double *x, long double *y, long double *slope);
} step_kind;

typedef struct formula {
    int steps;
    const step_kind *kind[STEPS];
    int at[STEPS][3];    /* the operands: inputs and earlier steps */
    double plain[STEPS]; /* a number instead of the second operand, or NaN */
    double x[INPUTS];
} formula;

/* An expression of a, b and c that is one on numbers and on tensors; and y with its derivatives. */
#define KIND(name, formula, value, da, db, dc)                                                     \
    static inline ad_real name##_of_reals(const ad_real *x)                                        \
    {                                                                                              \
        ad_real a = x[0], b = x[1], c = x[2];                                                      \
        (void)b, (void)c;                                                                          \
        return formula;                                                                            \
    }                                                                                              \
    static inline ad_tensor name##_of_tensors(const ad_tensor *x)                                  \
    {                                                                                              \
        ad_tensor a = x[0], b = x[1], c = x[2];                                                    \
        (void)b, (void)c;                                                                          \
        return formula;                                                                            \
    }                                                                                              \
    static inline void name##_exact(const long double *x, long double *result, long double *slope) \
    {                                                                                              \
        long double a = x[0], b = x[1], c = x[2], y = value;                                       \
        (void)a, (void)b, (void)c;                                                                 \
        *result = y;                                                                               \
        slope[0] = da;                                                                             \
        slope[1] = db;                                                                             \
        slope[2] = dc;                                                                             \
    }

KIND(add, ad_mul(ad_add(a, b), 0.625), (a + b) * 0.625L, 0.625L, 0.625L, 0)
KIND(sub, ad_sub(a, b), a - b, 1, -1, 0)
KIND(mul, ad_mul(a, b), a *b, b, a, 0)
KIND(div, ad_div(a, ad_add(b, 5)), a / (b + 5), 1 / (b + 5), -y / (b + 5), 0)
KIND(sine, ad_sin(a), sinl(a), cosl(a), 0, 0)
KIND(cosine, ad_cos(ad_mul(a, 0.5)), cosl(a / 2), -sinl(a / 2) / 2, 0, 0)
KIND(tanh, ad_tanh(a), tanhl(a), 1 - y * y, 0, 0)
KIND(exponential, ad_exp(ad_mul(a, -0.25)), expl(-a / 4), -y / 4, 0, 0)
KIND(root, ad_sqrt(ad_add(ad_square(a), 1)), sqrtl(a *a + 1), a / y, 0, 0)
KIND(logarithm, ad_log(ad_add(a, 5)), logl(a + 5), 1 / (a + 5), 0, 0)
KIND(muladd, ad_muladd(a, b, c), a *b + c, b, a, 1)
KIND(lerp, ad_lerp(a, b, ad_sigmoid(c)), a + (b - a) / (1 + expl(-c)), 1 - 1 / (1 + expl(-c)),
     1 / (1 + expl(-c)), (b - a) * expl(-c) / ((1 + expl(-c)) * (1 + expl(-c))))
KIND(angle, ad_atan2(a, ad_add(b, 5)), atan2l(a, b + 5), (b + 5) / (a * a + (b + 5) * (b + 5)),
     -a / (a * a + (b + 5) * (b + 5)), 0)
KIND(greater, ad_maximum(a, b), a >= b ? a : b, a >= b, !(a >= b), 0)
KIND(power, ad_pow(ad_add(a, 5), ad_mul(b, 0.125)), powl(a + 5, b / 8), b / 8 * y / (a + 5),
     y *logl(a + 5) / 8, 0)
KIND(cube, ad_mul(ad_powi(a, 3), 0.0625), a *a *a / 16, 3 * a * a / 16, 0, 0)
KIND(length, ad_mul(ad_hypot(a, ad_add(b, 5)), 0.25), sqrtl(a *a + (b + 5) * (b + 5)) / 4,
     a / (16 * y), (b + 5) / (16 * y), 0)
#undef KIND

#define KIND(name, arity)                                       \
    {                                                           \
        arity, name##_of_reals, name##_of_tensors, name##_exact \
    }
static const step_kind step_kinds[] = {
    KIND(sine, 1),        KIND(add, 2),     KIND(sub, 2),   KIND(mul, 2),    KIND(div, 2),
    KIND(cosine, 1),      KIND(tanh, 1),    KIND(root, 1),  KIND(muladd, 3), KIND(lerp, 3),
    KIND(exponential, 1), KIND(angle, 2),   KIND(power, 2), KIND(cube, 1),   KIND(length, 2),
    KIND(logarithm, 1),   KIND(greater, 2),
};
#undef KIND
enum { STEP_KINDS = sizeof step_kinds / sizeof *step_kinds };

static inline void exact_step(const formula *f, int i, const long double *all, long double *y,
                              long double *slope)
{
    long double x[3];
    for (int k = 0; k < 3; k++)
        x[k] = k == 1 && !isnan(f->plain[i]) ? f->plain[i] : all[f->at[i][k]];
    f->kind[i]->exact(x, y, slope);
    if (!isnan(f->plain[i]))
        slope[1] = 0;
}

/* all: the inputs, then the steps. */
static inline formula *random_formula(uint64_t seed, int steps, long double *all)
{
    ad_random random = ad_random_new(seed, 0);
    formula *f = malloc(sizeof *f);
    ck_assert_ptr_nonnull(f);
    f->steps = steps;
    for (int i = 0; i < INPUTS; i++)
        all[i] = f->x[i] = 2 * ad_random_uniform(&random) - 1;
    for (int i = 0; i < steps; i++) {
        long double *y = &all[INPUTS + i], slope[3];
        uint64_t before = (uint64_t)(INPUTS + i), near_by = before < 30 ? before : 30;
        for (int k = 0; k < 3; k++)
            f->at[i][k] =
                (int)(before - 1 -
                      ad_random_below(&random, ad_random_below(&random, 3) ? near_by : before));
        f->plain[i] = ad_random_below(&random, 8) ? NAN : ad_random_uniform(&random);
        f->kind[i] = &step_kinds[ad_random_below(&random, STEP_KINDS)];
        exact_step(f, i, all, y, slope);
        if (fabsl(*y) > 3) {
            f->kind[i] = &step_kinds[0];
            exact_step(f, i, all, y, slope);
        }
    }
    return f;
}

/* adjoint: of all. bound: the same with absolute values, for the error of the other ways. */
static inline void exact_gradient(const formula *f, const long double *all, int root,
                                  long double *adjoint, long double *bound)
{
    for (int i = 0; i < INPUTS + f->steps; i++)
        adjoint[i] = bound[i] = i == root;
    for (int i = f->steps - 1; i >= 0; i--) {
        long double y, slope[3];
        exact_step(f, i, all, &y, slope);
        for (int k = 0; k < f->kind[i]->arity; k++) {
            adjoint[f->at[i][k]] += adjoint[INPUTS + i] * slope[k];
            bound[f->at[i][k]] += bound[INPUTS + i] * fabsl(slope[k]);
        }
    }
}

/* all[0], ..., all[INPUTS - 1] are there. */
static inline void record_formula(const formula *f, ad_real *all)
{
    for (int i = 0; i < f->steps; i++) {
        ad_real x[3];
        for (int k = 0; k < 3; k++)
            x[k] = k == 1 && !isnan(f->plain[i]) ? ad_real_constant(f->plain[i]) : all[f->at[i][k]];
        all[INPUTS + i] = f->kind[i]->of_reals(x);
    }
}

/* The last step, on tensors; env is the formula. */
static inline ad_tensor formula_of_tensors(ad_tape *t, const ad_tensor *inputs, const void *env)
{
    static ad_tensor all[INPUTS + STEPS];
    const formula *f = env;
    for (int i = 0; i < INPUTS; i++)
        all[i] = inputs[i];
    for (int i = 0; i < f->steps; i++) {
        ad_tensor x[3];
        for (int k = 0; k < 3; k++)
            x[k] = k == 1 && !isnan(f->plain[i]) ? ad_constant(t, AD_F64, f->plain[i])
                                                 : all[f->at[i][k]];
        all[INPUTS + i] = f->kind[i]->of_tensors(x);
    }
    return all[INPUTS + f->steps - 1];
}

#endif
