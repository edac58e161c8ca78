/* Derivatives of functions of models beyond the gradient. They do what the functions of
 * derivatives.h do, with a model in the place of the operands. AD_MODEL_DERIVATIVES(mlp) declares
 * them, typed: mlp_jvp, mlp_hessian, .... */
#ifndef ADZE_MODEL_DERIVATIVES_H
#define ADZE_MODEL_DERIVATIVES_H

#include "adze/derivatives.h"
#include "adze/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Computes f(model), of any shape, and the model's leaves. They live on the tape until its reset,
 * or a rewind to before them. Then mlp_pull computes J^T dy, as often as you like. */
AD_API ad_status ad_model_value_with_pullback(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                              const void *model, const void *env, ad_tensor *value,
                                              void *tensors);

/* y = f(model) and ty = J tangent. The tangent is a struct of the model's own type; an empty array
 * in it stands for zeros. */
AD_API ad_status ad_model_jvp(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                              const void *model, const void *tangent, const void *env, ad_array *y,
                              ad_array *ty);

/* hvp = H tangent for an f of one element. An empty array in the tangent stands for zeros. */
AD_API ad_status ad_model_hvp(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                              const void *model, const void *tangent, const void *env, void *hvp);

/* The Jacobian of y = f(model), a struct of the model's own type: each field has the axes of y,
 * then its own. y receives f(model) and may be NULL. */
AD_API ad_status ad_model_value_with_jacobian(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                              const void *model, ad_mode mode, const void *env,
                                              ad_array *y, void *jacobian);

/* The Hessian of an f of one element by all P parameters, in the order of ad_model_flatten:
 * [P, P], symmetric to rounding. value and gradient receive f and its gradient from the same
 * evaluation; each may be NULL. AD_BAD_TYPE if the fields' types differ. */
AD_API ad_status ad_model_value_with_hessian(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                             const void *model, const void *env, double *value,
                                             void *gradient, ad_array *hessian);

/* The diagonal of the Hessian, a struct of the model's own type. Takes the time of the whole
 * Hessian, but not its memory. */
AD_API ad_status ad_model_hessian_diagonal(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                           const void *model, const void *env, void *diagonal);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* Declares these functions for a model m, and m_pullback: a value with its pullback. */
#define AD_MODEL_DERIVATIVES(m)                                                            \
    typedef struct m##_pullback {                                                          \
        ad_tensor value;                                                                   \
        m##_tensors x;                                                                     \
    } m##_pullback;                                                                        \
    static inline AD_UNUSED ad_status m##_value_with_pullback(                             \
        ad_tape *t, m##_function *f, const m *model, const void *env, m##_pullback *p)     \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_value_with_pullback(&m##_tree, t, f ? m##_call_function : NULL, model, &c, \
                                            p ? &p->value : NULL, p ? &p->x : NULL);       \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_pull(const m##_pullback *p, ad_view dy, m *dx)   \
    {                                                                                      \
        return p ? ad_model_gradient(&m##_tree, p->value, &dy, &p->x, dx) : AD_MISUSE;     \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_flatten(const m *model, ad_array *vector,        \
                                                  ad_error *error)                         \
    {                                                                                      \
        return ad_model_flatten(&m##_tree, model, vector, error);                          \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_unflatten(ad_view vector, m *model, ad_error *error) \
    {                                                                                      \
        return ad_model_unflatten(&m##_tree, vector, model, error);                        \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_jvp(ad_tape *t, m##_function *f, const m *model, \
                                              const m *tangent, const void *env,           \
                                              ad_array *y, ad_array *ty)                   \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_jvp(&m##_tree, t, f ? m##_call_function : NULL, model, tangent, &c, y, \
                            ty);                                                           \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_hvp(ad_tape *t, m##_function *f, const m *model, \
                                              const m *tangent, const void *env, m *hvp)   \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_hvp(&m##_tree, t, f ? m##_call_function : NULL, model, tangent, &c, hvp); \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_jacobian(                             \
        ad_tape *t, m##_function *f, const m *model, ad_mode mode, const void *env, ad_array *y, \
        m *jacobian)                                                                       \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_value_with_jacobian(&m##_tree, t, f ? m##_call_function : NULL, model, \
                                            mode, &c, y, jacobian);                        \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_jacobian(ad_tape *t, m##_function *f, const m *model, \
                                                   ad_mode mode, const void *env, m *jacobian) \
    {                                                                                      \
        return m##_value_with_jacobian(t, f, model, mode, env, NULL, jacobian);            \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_hessian(                              \
        ad_tape *t, m##_function *f, const m *model, const void *env, double *value, m *gradient, \
        ad_array *hessian)                                                                 \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_value_with_hessian(&m##_tree, t, f ? m##_call_function : NULL, model, &c, \
                                           value, gradient, hessian);                      \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_hessian(ad_tape *t, m##_function *f, const m *model, \
                                                  const void *env, ad_array *hessian)      \
    {                                                                                      \
        return m##_value_with_hessian(t, f, model, env, NULL, NULL, hessian);              \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_hessian_diagonal(                                \
        ad_tape *t, m##_function *f, const m *model, const void *env, m *diagonal)         \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_hessian_diagonal(&m##_tree, t, f ? m##_call_function : NULL, model, &c, \
                                         diagonal);                                        \
    }                                                                                      \
    struct m##_pullback

#endif
