/* Functions inside functions: a function of tensors as one operation in the middle of a formula.
 *
 * Each makes values on the tape that x is on. f is evaluated on a tape of its own: once now, and
 * once more in every sweep. So its result must depend on its operands and env only. Pass other
 * tensors of the outer tape as further operands; freeze plain numbers reached through env on the
 * tape that f is given. env is borrowed until the tape is reset, with all that f reads there;
 * ad_tape_memory has room for one. If f gives another value in a sweep than before, the sweep fails
 * with AD_CHANGED. If f fails, the message is that of the operation in f, under the name of the
 * function below. */
#ifndef ADZE_FUNCTIONS_H
#define ADZE_FUNCTIONS_H

#include "adze/derivatives.h"
#include "adze/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- derivatives -------------------------------------------------------------------- */

/* f(x), of one element, as a rank-0 value, and gradient[i] = df / dx[i] for the first `wrt` of n
 * operands, differentiable in all of them: what flows back is a Hessian-vector product,
 *
 *     dx[j] += sum over i of (d2f / dx[j] dx[i]) dgradient[i] + (df / dx[j]) dvalue
 *
 * This serves penalties on gradients and steps of training inside a function (MAML). Float operands
 * and f have one float type; operands beyond the first `wrt` may be of other types. gradient may be
 * x itself. Calls may be nested. Where a dgradient[i] is all zeros, no second derivatives are
 * taken. A sweep over an operation without second derivatives fails with AD_NO_DERIVATIVE and its
 * name; so does a second-order sweep, which would need third derivatives. */
AD_API ad_tensor ad_gradient_node(ad_function *f, int n, const ad_tensor *x, int wrt,
                                  const void *env, ad_tensor *gradient);

/* f(x) with another derivative: pullback sets dx[i], of x[i]'s type and shape, for the cotangent dy
 * of the value y = f(x). It computes with tensors, as f does, and should be linear in dy.
 * ad_number(0) stands for zeros; the dx of an operand that is not a float is ignored. The jvp and
 * the second derivatives are those of the pullback, if its operations have them. (JAX's
 * custom_vjp.) */
typedef void ad_pullback_function(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                                  const void *env, ad_tensor *dx);

AD_API ad_tensor ad_with_derivative(ad_function *f, ad_pullback_function *pullback, int n,
                                    const ad_tensor *x, const void *env);

/* ---- checkpoints: less memory for more time ------------------------------------------ */

/* A checkpoint keeps the result of f and nothing that f computed on the way. A sweep evaluates f
 * again, so the tape holds one checkpoint's values at a time. Random operations draw the same
 * numbers again. All checkpoints of a tape share the memory of its inner tape; a sweep in slices
 * takes each of them as one operation. docs/checkpointing.md has figures. */

/* f(x), of any shape and float type, of n operands. It costs one more evaluation of f in the sweep.
 * Checkpoints may be nested. The gradients are those of f itself; they are added up for each
 * operand before others are added to them. If f's value depends on an operand only through
 * operations without a derivative, a sweep fails with AD_NO_DERIVATIVE; stop its gradient
 * (ad_stop_gradient) if that is meant. */
AD_API ad_tensor ad_checkpoint(ad_function *f, int n, const ad_tensor *x, const void *env);

/* A step of a loop: sets next[k], of state[k]'s type and shape, to the states after step i. x are
 * the operands that are the same in all steps. */
typedef void ad_step_function(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                              const void *env, ad_tensor *next);

/* The states after so many steps of a loop from x[0], ..., x[states - 1], which have one float
 * type; the other operands, x[states], ..., x[n - 1], are given to each step. result[k], unless
 * result is NULL, becomes state k (it may be x itself); returns state 0.
 *
 * Keeps the operands and the states before up to `snapshots` of the steps, and nothing else: a
 * sweep takes steps again between them, as few as possible (Griewank and Walther 2000, "Algorithm
 * 799: revolve"). With s snapshots no step of (s + 1 + r)! / ((s + 1)! r!) is taken more than r
 * times before it is swept. A second sweep takes a loop's worth of steps more, a second-order one
 * takes as much memory again while it lasts.
 *
 * A loss of all states is a state that they are added to. Data that a step reads, row i of a
 * sequence, is best frozen there from what env leads to: the gradient of an operand is as large as
 * the operand in every step. Failures name the step. AD_MISUSE: negative numbers, no states. */
AD_API ad_tensor ad_checkpoint_loop(ad_step_function *step, int n, const ad_tensor *x, int states,
                                    int64_t steps, int64_t snapshots, const void *env,
                                    ad_tensor *result);

/* ---- of models ---------------------------------------------------------------------- */

/* The same for a model's tensors (model.h), which are on the tape. `bytes` of env are copied to the
 * tape; with 0 env is borrowed until the tape is reset. Whatever env points to is borrowed anyway.
 * AD_MODEL_FUNCTIONS(mlp) declares these functions, typed: mlp_gradient_node, .... */
typedef ad_tensor ad_model_map(ad_tape *t, const void *tensors, const ad_tensor *x,
                               const void *env);

/* f(tensors), of one element, as a rank-0 value, and its gradient as tensors. */
AD_API ad_tensor ad_model_gradient_node(const ad_tree *tree, ad_model_function *f,
                                        const void *tensors, const void *env, size_t bytes,
                                        void *gradient);

/* The same by the n inputs x of a model. */
AD_API ad_tensor ad_model_input_gradient_node(const ad_tree *tree, ad_model_map *map,
                                              const void *tensors, int n, const ad_tensor *x,
                                              const void *env, size_t bytes, ad_tensor *gradient);

/* A model's value at inputs, of any shape, as a checkpoint. */
AD_API ad_tensor ad_model_checkpoint(const ad_tree *tree, ad_model_map *map, const void *tensors,
                                     int n, const ad_tensor *x, const void *env, size_t bytes);

/* sum = y + alpha x, all of them structs of tensors: a step of training inside a function. */
AD_API void ad_model_tensors_axpy(const ad_tree *tree, double alpha, const void *x, const void *y,
                                  void *sum);

#ifdef __cplusplus
}
#endif

/* Declares, for a model m, m_map, a function of a model and inputs, and the functions above. */
#define AD_MODEL_FUNCTIONS(m)                                                              \
    typedef ad_tensor m##_map(ad_tape *t, const m##_tensors *model, const ad_tensor *x,    \
                              const void *env);                                            \
    typedef struct m##_map_call {                                                          \
        m##_map *f;                                                                        \
        const void *env;                                                                   \
    } m##_map_call;                                                                        \
    static inline AD_UNUSED ad_tensor m##_call_map(ad_tape *t, const void *model,          \
                                                   const ad_tensor *x, const void *call)   \
    {                                                                                      \
        const m##_map_call *c = (const m##_map_call *)call;                                \
        return c->f(t, (const m##_tensors *)model, x, c->env);                             \
    }                                                                                      \
    static inline AD_UNUSED ad_tensor m##_gradient_node(                                   \
        m##_function *f, const m##_tensors *x, const void *env, m##_tensors *gradient)     \
    {                                                                                      \
        m##_call c = {f, env};                                                             \
        return ad_model_gradient_node(&m##_tree, f ? m##_call_function : NULL, x, &c, sizeof c, \
                                      gradient);                                           \
    }                                                                                      \
    static inline AD_UNUSED ad_tensor m##_input_gradient_node(                             \
        m##_map *f, const m##_tensors *model, int n, const ad_tensor *x, const void *env,  \
        ad_tensor *gradient)                                                               \
    {                                                                                      \
        m##_map_call c = {f, env};                                                         \
        return ad_model_input_gradient_node(&m##_tree, f ? m##_call_map : NULL, model, n, x, &c, \
                                            sizeof c, gradient);                           \
    }                                                                                      \
    static inline AD_UNUSED ad_tensor m##_checkpoint(                                      \
        m##_map *f, const m##_tensors *model, int n, const ad_tensor *x, const void *env)  \
    {                                                                                      \
        m##_map_call c = {f, env};                                                         \
        return ad_model_checkpoint(&m##_tree, f ? m##_call_map : NULL, model, n, x, &c, sizeof c); \
    }                                                                                      \
    static inline AD_UNUSED m##_tensors m##_tensors_axpy(double alpha, const m##_tensors *x, \
                                                         const m##_tensors *y)             \
    {                                                                                      \
        m##_tensors sum;                                                                   \
        ad_model_tensors_axpy(&m##_tree, alpha, x, y, &sum);                               \
        return sum;                                                                        \
    }                                                                                      \
    struct m##_map_call

#if !defined(__cplusplus) && !defined(AD_NO_SOURCE_LINES)
static inline AD_UNUSED ad_tensor ad_gradient_node_at_line(const char *source_line, ad_function *f,
                                                           int n, const ad_tensor *x, int wrt,
                                                           const void *env, ad_tensor *gradient)
{
    return ad_gradient_node(f, n, ad_tensors_at_line(x, n, source_line), wrt, env, gradient);
}
static inline AD_UNUSED ad_tensor ad_with_derivative_at_line(const char *source_line,
                                                             ad_function *f,
                                                             ad_pullback_function *pullback, int n,
                                                             const ad_tensor *x, const void *env)
{
    return ad_with_derivative(f, pullback, n, ad_tensors_at_line(x, n, source_line), env);
}
static inline AD_UNUSED ad_tensor ad_checkpoint_at_line(const char *source_line, ad_function *f,
                                                        int n, const ad_tensor *x, const void *env)
{
    return ad_checkpoint(f, n, ad_tensors_at_line(x, n, source_line), env);
}
static inline AD_UNUSED ad_tensor ad_checkpoint_loop_at_line(
    const char *source_line, ad_step_function *step, int n, const ad_tensor *x, int states,
    int64_t steps, int64_t snapshots, const void *env, ad_tensor *result)
{
    return ad_checkpoint_loop(step, n, ad_tensors_at_line(x, n, source_line), states, steps,
                              snapshots, env, result);
}
#define ad_gradient_node(...) ad_gradient_node_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_with_derivative(...) ad_with_derivative_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_checkpoint(...) ad_checkpoint_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_checkpoint_loop(...) ad_checkpoint_loop_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#endif

#endif
