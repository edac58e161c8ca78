/* L-BFGS: minimises a function of a model, whose value and gradient it asks for as often as it needs to. For functions
 * that are the same at each call: a fit to all data, not to one batch after another.
 *
 *     AD_MODEL_LBFGS(curve);                          at file scope: declares curve_lbfgs
 *
 *     ad_lbfgs how = ad_lbfgs_new();
 *     ad_lbfgs_memory memory = {0};
 *     ad_lbfgs_report report;
 *     curve_lbfgs(tape, loss, &data, &how, &memory, &model, &report, &error);
 *     ad_lbfgs_free(&memory);
 *
 * An iteration goes along -H g, where H is the inverse Hessian that the last `history` steps s and changes of the
 * gradient y tell of (two-loop recursion, from H = s^T y / y^T y), to a point that fulfils the strong Wolfe
 * conditions
 *
 *     f(x + a d) <= f(x) + decrease a d^T g(x)  and  |d^T g(x + a d)| <= curvature |d^T g(x)|
 *
 * a = 1 comes first; without a history min(1, 1 / |g|); cubic interpolation finds others. (Nocedal and Wright 2006,
 * algorithms 7.4, 7.5, 3.5 and 3.6.) Vectors are in f64, whatever the types of the model's arrays. A value that is
 * not finite is as good as a very high one, so a function may have an edge. */
#ifndef ADZE_LBFGS_H
#define ADZE_LBFGS_H

#include "adze/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AD_MAX_HISTORY = 100 };

typedef struct ad_lbfgs {
    int history;        /* 1 to AD_MAX_HISTORY */
    int64_t iterations; /* at most; 0 only evaluates */
    double tolerance;   /* not negative: where no |g| is larger, the minimum is found */
    double decrease;    /* 0 < decrease < curvature < 1 */
    double curvature;
} ad_lbfgs;

/* The usual settings: a history of 10, 1000 iterations, tolerance 1e-6, decrease 1e-4, curvature 0.9. */
static inline AD_UNUSED ad_lbfgs ad_lbfgs_new(void)
{
    ad_lbfgs o = {10, 1000, 1e-6, 1e-4, 0.9};
    return o;
}

/* The history, which goes on from call to call: ten calls of one iteration are as good as one of ten. Starts as
 * {0}, and anew where the history's length or the number of parameters changes. End it with
 * ad_lbfgs_free. */
typedef struct ad_lbfgs_memory {
    int pairs;     /* how many are kept */
    int next;      /* the place of the next one */
    ad_array room; /* f64: the steps, then the changes, [2 history, parameters] */
} ad_lbfgs_memory;

AD_API void ad_lbfgs_free(ad_lbfgs_memory *memory);

/* How it ended. Neither converged nor out of iterations: no lower point was found, mostly since the value's
 * rounding hides it. */
typedef struct ad_lbfgs_report {
    bool converged;
    double value;    /* of the function at the model */
    double greatest; /* of all |g| there */
    int64_t iterations, evaluations;
} ad_lbfgs_report;

/* Computes the value of a function of a model, and its gradient, whose arrays are there. */
typedef ad_status ad_objective(const void *user, const void *model, double *value, void *gradient,
                               ad_error *error);

/* Minimises f from the model on, into the model. If f fails, so does this: then the model is at the last point that an
 * iteration came to. AD_DOMAIN for settings out of their range; AD_NOT_FINITE if value or gradient at the first
 * point are not finite; AD_BAD_TYPE, naming the field; AD_MISUSE if an argument is NULL, but report may be; AD_MEMORY. */
AD_API ad_status ad_model_lbfgs(const ad_tree *tree, ad_objective *f, const void *user,
                                const ad_lbfgs *how, ad_lbfgs_memory *memory, void *model,
                                ad_lbfgs_report *report, ad_error *error);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* Declares m_lbfgs, for a function on a tape. */
#define AD_MODEL_LBFGS(m)                                                                  \
    typedef struct m##_lbfgs_call {                                                        \
        ad_tape *tape;                                                                     \
        m##_function *f;                                                                   \
        const void *env;                                                                   \
    } m##_lbfgs_call;                                                                      \
    static inline AD_UNUSED ad_status m##_objective(const void *call, const void *model,   \
                                                    double *value, void *gradient, ad_error *error) \
    {                                                                                      \
        const m##_lbfgs_call *c = (const m##_lbfgs_call *)call;                            \
        ad_status status = m##_value_with_gradient(c->tape, c->f, (const m *)model, c->env, value, \
                                                   (m *)gradient);                         \
        return status == AD_OK ? status                                                    \
                               : ad_fail(error, status, "%s", ad_tape_error(c->tape));     \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_lbfgs(                                           \
        ad_tape *t, m##_function *f, const void *env, const ad_lbfgs *how,                 \
        ad_lbfgs_memory *memory, m *model, ad_lbfgs_report *report, ad_error *error)       \
    {                                                                                      \
        m##_lbfgs_call c = {t, f, env};                                                    \
        return ad_model_lbfgs(&m##_tree, m##_objective, &c, how, memory, model, report, error); \
    }                                                                                      \
    struct m##_lbfgs_call

#endif
