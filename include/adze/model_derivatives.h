/* Derivatives of functions of models beyond the gradient: what derivatives.h has for functions of
 * tensors, with models in the place of operands. AD_MODEL_DERIVATIVES(mlp) declares them, typed:
 * mlp_jvp, mlp_hessian, .... */
#ifndef ADZE_MODEL_DERIVATIVES_H
#define ADZE_MODEL_DERIVATIVES_H

#include "adze/derivatives.h"
#include "adze/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* f(model), of any shape, and the model's leaves. They live on the tape, until its reset or a
 * rewind to before them; mlp_pull gives J^T dy as often as one likes. */
AD_API ad_status ad_model_value_with_pullback(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                              const void *model, const void *env, ad_tensor *value,
                                              void *tensors);

/* y = f(model) and ty = J tangent, or hvp = H tangent for an f of one element. The tangent is a
 * struct of the model's own type; its arrays may hold nothing, for zeros. */
AD_API ad_status ad_model_jvp(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                              const void *model, const void *tangent, const void *env, ad_array *y,
                              ad_array *ty);
AD_API ad_status ad_model_hvp(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                              const void *model, const void *tangent, const void *env, void *hvp);

/* A struct of the model's own type: each field has the axes of y = f(model), then its own. y,
 * unless NULL, receives f(model). */
AD_API ad_status ad_model_value_with_jacobian(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                              const void *model, ad_mode mode, const void *env,
                                              ad_array *y, void *jacobian);

/* For an f of one element, over all P parameters as ad_model_flatten orders them: hessian is [P,
 * P], symmetric to rounding. value and gradient receive f's at the model from the same evaluation,
 * unless NULL. AD_BAD_TYPE where the fields' types differ. */
AD_API ad_status ad_model_value_with_hessian(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                             const void *model, const void *env, double *value,
                                             void *gradient, ad_array *hessian);

/* Its diagonal, as a model. Takes the time of the Hessian, not its memory. */
AD_API ad_status ad_model_hessian_diagonal(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                           const void *model, const void *env, void *diagonal);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* Declares, for a model m, mlp_pullback, a value and its pullback, and the functions above. */
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
