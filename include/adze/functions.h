/* Functions inside functions: a function of tensors as one operation in the middle of a
 * formula.
 *
 * Each function here makes values on the tape of its operands x. f is evaluated on a tape of
 * its own: once now, and once more in every sweep. So its result must depend on its operands
 * and env only. Pass other tensors of the outer tape as further operands; freeze plain numbers
 * reached through env on the tape that f is given. env, and all data that f reaches through it, is
 * borrowed until the tape is reset; ad_tape_memory has room for it. If f gives another value in a
 * sweep than before, the sweep fails with AD_CHANGED. If f fails, the message names the operation
 * in f, and before it the function below that called f. Functions that call each other more than 100
 * deep fail with AD_MISUSE. */
#ifndef ADZE_FUNCTIONS_H
#define ADZE_FUNCTIONS_H

#include "adze/derivatives.h"
#include "adze/model.h"
#include "adze/number.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- derivatives -------------------------------------------------------------------- */

/* Returns f(x), of one element, as a rank-0 value. Sets gradient[i] to the tensor df / dx[i] for
 * the first `wrt` of n operands. All these results can be differentiated by all operands; the
 * pullback is a Hessian-vector product,
 *
 *     dx[j] += sum over i of (d2f / dx[j] dx[i]) dgradient[i] + (df / dx[j]) dvalue
 *
 * Use it for penalties on gradients, and for steps of training inside a function (MAML).
 * The first `wrt` operands are f32 or f64, f has the type of x[0], and each gradient that of
 * its operand. gradient may be x itself. Calls may be nested. Second derivatives are not taken
 * if every dgradient[i] is zero or not there. A sweep over an operation without second derivatives
 * fails with AD_NO_DERIVATIVE and its name. So does a second-order sweep, which would need
 * third derivatives. */
AD_API ad_tensor ad_gradient_node(ad_function *f, int n, const ad_tensor *x, int wrt,
                                  const void *env, ad_tensor *gradient);

/* Returns f(x), with another derivative. pullback sets dx[i], of x[i]'s type and shape, for the
 * cotangent dy of y = f(x). It computes with tensors, as f does, and should be linear in dy.
 * ad_number(0) stands for zeros; the dx of an operand that is not a float is ignored.
 * The jvp and the second derivatives are derived from the pullback, if its operations have them.
 * (JAX: custom_vjp.) */
typedef void ad_pullback_function(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                                  const void *env, ad_tensor *dx);

AD_API ad_tensor ad_with_derivative(ad_function *f, ad_pullback_function *pullback, int n,
                                    const ad_tensor *x, const void *env);

/* ---- checkpoints: less memory for more time ------------------------------------------ */

/* A checkpoint keeps the result of f and nothing that f computed on the way. A sweep evaluates
 * f again, so it holds the values of one checkpoint at a time. Random operations draw the same
 * numbers again. All checkpoints of a tape share the memory of its inner tape. A sweep in slices
 * takes each of them as one operation. docs/checkpointing.md has figures. */

/* Returns f(x), of any shape and float type, as a checkpoint. It costs one more evaluation of f in
 * the sweep. Checkpoints may be nested. Gradients equal those of f itself to rounding: the terms
 * inside f are summed first, then added to those outside. If f depends on an operand only through
 * operations without a derivative, a sweep fails with AD_NO_DERIVATIVE. Stop that operand's
 * gradient (ad_stop_gradient) if this is what you want. */
AD_API ad_tensor ad_checkpoint(ad_function *f, int n, const ad_tensor *x, const void *env);

/* A step of a loop: sets next[k], of state[k]'s type and shape, to the states after step i. x has
 * the operands that stay the same in all steps. */
typedef void ad_step_function(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                              const void *env, ad_tensor *next);

/* Takes `steps` steps of a loop from the states x[0], ..., x[states - 1], which have one float
 * type. The other operands, x[states], ..., x[n - 1], are passed to every step. Sets result[k] to
 * state k after the last step and returns state 0. result may be NULL, or x itself.
 *
 * The tape keeps the operands, and the states before up to `snapshots` of the steps. Between
 * them a sweep takes steps again, as few as possible (Griewank and Walther 2000, "Algorithm 799:
 * revolve"). With s snapshots, a loop of up to (s + 1 + r)! / ((s + 1)! r!) steps takes no step
 * more than r times before it is swept. A second sweep takes another loop's worth of steps. A
 * second-order sweep takes as much memory again while it lasts.
 *
 * To sum a loss over all steps, make the sum one of the states. A step should freeze its data,
 * such as row i of a sequence, from env: if the sequence were an operand, every step would make
 * a gradient of the whole sequence. Failures name the step. AD_MISUSE if a number is negative or
 * there are no states. */
AD_API ad_tensor ad_checkpoint_loop(ad_step_function *step, int n, const ad_tensor *x, int states,
                                    int64_t steps, int64_t snapshots, const void *env,
                                    ad_tensor *result);

/* ---- functions of single numbers ------------------------------------------------------ */

/* Returns the tensor of this shape whose elements are f of the elements of all operands, which have
 * one float type: f(k, x, m, y, env) with all k elements x, row by row and one operand after
 * another, and the m elements y of the result. It is one value of the tape for however many
 * operations of f, each of which costs a statement of a recorder (number.h). Elements of operands
 * that are not tracked are constants. f must set all of y, and must not use the tape, reset its
 * recorder or keep its numbers. A second-order sweep evaluates f again (AD_CHANGED if it gives
 * other numbers). With AD_CHECK_NUMBERS, f fails at its first statement that is infinite or NaN.
 * Messages name the statement's operation and source line. AD_MISUSE if f is NULL; AD_BAD_SHAPE if
 * the shape makes no sense. */
AD_API ad_tensor ad_by_numbers(ad_real_function *f, int n, const ad_tensor *x, ad_shape shape,
                               const void *env);

/* ---- of models ---------------------------------------------------------------------- */

/* These functions take a model's tensors (model.h), which are on the tape. `bytes` of env are
 * copied to the tape; with 0, env is borrowed until the tape is reset. Data that env points to is
 * borrowed in any case. AD_MODEL_FUNCTIONS(mlp) declares these functions, typed:
 * mlp_gradient_node, .... */

/* Returns f(tensors), of one element, as a rank-0 value, and its gradient as tensors. */
AD_API ad_tensor ad_model_gradient_node(const ad_tree *tree, ad_model_function *f,
                                        const void *tensors, const void *env, size_t bytes,
                                        void *gradient);

/* Returns map(tensors, x), of one element, as a rank-0 value, and its gradient by the n
 * inputs x as tensors. */
AD_API ad_tensor ad_model_input_gradient_node(const ad_tree *tree, ad_model_map *map,
                                              const void *tensors, int n, const ad_tensor *x,
                                              const void *env, size_t bytes, ad_tensor *gradient);

/* Returns map(tensors, x), of any shape, as a checkpoint. */
AD_API ad_tensor ad_model_checkpoint(const ad_tree *tree, ad_model_map *map, const void *tensors,
                                     int n, const ad_tensor *x, const void *env, size_t bytes);

/* sum = y + alpha x, for structs of tensors: a step of training inside a function. */
AD_API void ad_model_tensors_axpy(const ad_tree *tree, double alpha, const void *x, const void *y,
                                  void *sum);

#ifdef __cplusplus
}
#endif

/* Declares these functions for a model m. */
#define AD_MODEL_FUNCTIONS(m)                                                              \
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
static inline AD_UNUSED ad_tensor ad_by_numbers_at_line(const char *source_line,
                                                        ad_real_function *f, int n,
                                                        const ad_tensor *x, ad_shape shape,
                                                        const void *env)
{
    return ad_by_numbers(f, n, ad_tensors_at_line(x, n, source_line), shape, env);
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
#define ad_by_numbers(...) ad_by_numbers_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_checkpoint_loop(...) ad_checkpoint_loop_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#endif

#endif
