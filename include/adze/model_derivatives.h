/* Derivatives of functions of models beyond the gradient: what operators.h has for functions of tensors,
 * with models in the place of operands. AD_MODEL declares them, typed, as mlp_jvp, mlp_hessian, .... */
#ifndef ADZE_MODEL_DERIVATIVES_H
#define ADZE_MODEL_DERIVATIVES_H

#include "adze/model.h"
#include "adze/operators.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model as a vector of all its P parameters, field after field in order of declaration, each row by row.
 * All fields must be f32, or all f64: AD_BAD_TYPE, naming the field. The vector, [P], is made if it holds
 * nothing, with the allocator of the model's first array. unflatten writes to the arrays that the
 * model has; the vector's numbers lie together. error may be NULL. */
AD_API ad_status ad_model_flatten(const ad_model *d, const void *model, ad_array *vector, ad_error *error);
AD_API ad_status ad_model_unflatten(const ad_model *d, ad_view vector, void *model, ad_error *error);

/* y = f(model) and ty = J tangent, or hvp = H tangent for an f of one element. The tangent is a struct
 * of the model's own type; its arrays may hold nothing, for zeros. */
AD_API ad_status ad_model_jvp(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                              const void *model, const void *tangent, ad_array *y, ad_array *ty);
AD_API ad_status ad_model_hvp(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                              const void *model, const void *tangent, void *hvp);

/* A struct of the model's own type: each field has the axes of y = f(model), then its own. y, unless NULL,
 * receives f(model). */
AD_API ad_status ad_model_jacobian(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                                   const void *model, ad_mode mode, ad_array *y, void *jacobian);

/* For an f of one element, over all P parameters as ad_model_flatten orders them: hessian is [P, P],
 * symmetric to rounding. value and gradient receive f's at the model from the same evaluation, unless
 * NULL. AD_BAD_TYPE where the fields' types differ. */
AD_API ad_status ad_model_hessian(const ad_model *d, ad_tape *t, ad_model_function *f, const void *env,
                                  const void *model, double *value, void *gradient, ad_array *hessian);

/* Its diagonal, as a model. Takes the time of the Hessian, not its memory. */
AD_API ad_status ad_model_hessian_diagonal(const ad_model *d, ad_tape *t, ad_model_function *f,
                                           const void *env, const void *model, void *diagonal);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* The functions of a model, m, that AD_MODEL adds. */
#define AD_MODEL_DERIVATIVES(m)                                                            \
    static inline AD_UNUSED ad_status m##_flatten(const m *model, ad_array *vector)        \
    {                                                                                      \
        return ad_model_flatten(&m##_model, model, vector, NULL);                          \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_unflatten(ad_view vector, m *model)              \
    {                                                                                      \
        return ad_model_unflatten(&m##_model, vector, model, NULL);                        \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_jvp(ad_tape *t, m##_function *f, const m *model, \
                                              const void *env, const m *tangent,           \
                                              ad_array *y, ad_array *ty)                   \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_jvp(&m##_model, t, f ? m##_call_function : NULL, &c, model, tangent, y, ty); \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_hvp(ad_tape *t, m##_function *f, const m *model, \
                                              const void *env, const m *tangent, m *hvp)   \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_hvp(&m##_model, t, f ? m##_call_function : NULL, &c, model, tangent, hvp); \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_jacobian(                             \
        ad_tape *t, m##_function *f, const m *model, const void *env, ad_mode mode, ad_array *y, \
        m *jacobian)                                                                       \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_jacobian(&m##_model, t, f ? m##_call_function : NULL, &c, model, mode, y, \
                                 jacobian);                                                \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_jacobian(ad_tape *t, m##_function *f, const m *model, \
                                                   const void *env, ad_mode mode, m *jacobian) \
    {                                                                                      \
        return m##_value_with_jacobian(t, f, model, env, mode, NULL, jacobian);            \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_value_with_hessian(                              \
        ad_tape *t, m##_function *f, const m *model, const void *env, double *value, m *gradient, \
        ad_array *hessian)                                                                 \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_hessian(&m##_model, t, f ? m##_call_function : NULL, &c, model, value, \
                                gradient, hessian);                                        \
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
        return ad_model_hessian_diagonal(&m##_model, t, f ? m##_call_function : NULL, &c, model, \
                                         diagonal);                                        \
    }

#endif
